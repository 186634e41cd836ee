"""From the outbox to the services: due, submit, settle, notify; one lane per account.

A lane claims what is due (the claim is on disk before the first byte leaves), hands it to the
service's client, and settles every row by what came back; the next batch is claimed in the commit
that settles the last. A slow or broken service delays no other.
An unanswered request leaves rows `unsure`: they are read back first where resending could double.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from revenge_companion.core import errors
from revenge_companion.core.accounts import Account, AccountState, may_ask
from revenge_companion.core.breaker import Breaker
from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import (
    Delivered,
    Delivery,
    Outcome,
    Refused,
    TryLater,
    Unknown,
    settle,
)
from revenge_companion.core.quota import FRESH, DayQuota
from revenge_companion.core.reasons import Reason, sentence
from revenge_companion.engine.budget import Budget
from revenge_companion.engine.claims import Claims, LaneOutbox, Terms
from revenge_companion.engine.doubts import Doubts
from revenge_companion.engine.live import LiveNotices
from revenge_companion.engine.resting import Rest
from revenge_companion.engine.setbacks import Setbacks
from revenge_companion.engine.waiting import woken_within
from revenge_companion.services.base import Client, ServiceSpec, TakesChanges

_log = logging.getLogger(__name__)

#: A client's call that delivers rows: plays or changes.
Send = Callable[[Sequence[Delivery]], Awaitable[Mapping[int, Outcome]]]
#: How long to wait for the request under way when the program ends.
SETTLE_LIMIT_S = 8.0


@dataclass(frozen=True, slots=True)
class LaneEvent:
    """Something a lane reports: rows settled, or the account's state changed."""

    account_id: int
    delivered: tuple[Delivery, ...] = ()
    state: AccountState | None = None
    #: Reason code and the service's words for a new state.
    code: str = ""
    detail: str = ""
    held_until: datetime | None = None


class Lane:
    """Delivers one account's rows until it is stopped."""

    def __init__(
        self,
        account: Account,
        spec: ServiceSpec,
        client: Client,
        outbox: LaneOutbox,
        clock: Clock,
        report: Callable[[LaneEvent], Awaitable[None]],
        *,
        jitter: Callable[[], float] = random.random,
        breaker: Breaker | None = None,
        quota: DayQuota | None = None,
        note: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        """`quota` is the service's day budget, None for no limit; `note` keeps what was used."""
        self.account = account
        self.spec = spec
        self.client = client
        self._outbox = outbox
        self._clock = clock
        self._report = report
        self._jitter = jitter
        self._breaker = breaker or Breaker()
        self._budget = Budget(spec, quota, note)
        self._wake = asyncio.Event()
        #: Nothing can be sent now: what waits is for later, or for the user.
        self.at_rest = asyncio.Event()
        self._force = False
        self._stopping = False
        #: From before the claim until its rows are settled.
        self._sending = False
        self._claims = Claims(outbox, account.id, spec.name, clock, lambda: self._stopping)
        self._rest = Rest(clock, jitter)
        self._setbacks = Setbacks(spec.name, self._rest, self._hold)
        self._doubts = Doubts(spec.name, client)
        self._live = LiveNotices(spec.name, client, clock, self._is_linked)
        #: Tells a live notice, best effort; a newer one replaces one that has not left yet.
        self.tell = self._live.tell
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin delivering; call once, on the running loop."""
        name = f"{self.spec.key}-{self.account.id}"
        self._tasks = [
            asyncio.create_task(self._deliver(), name=f"lane-{name}"),
            asyncio.create_task(self._live.run(), name=f"live-{name}"),
        ]

    async def stop(self) -> None:
        """End; a request under way may settle for a bounded time, then its rows become unsure."""
        self._stopping = True
        self._wake.set()
        tasks, self._tasks = self._tasks, []
        if not tasks:
            return
        tasks[1].cancel()
        if self._sending:
            limit = asyncio.ensure_future(self._clock.sleep(SETTLE_LIMIT_S))
            await asyncio.wait({tasks[0], limit}, return_when=asyncio.FIRST_COMPLETED)
            limit.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Another lane may follow this one (the account is linked again): it finds them by this.
        await self._claims.give_back(Unknown(Reason.INTERRUPTED))

    def wake(self, *, force: bool = False) -> None:
        """There may be something to send; `force` forgets rests and due times."""
        if force:
            self._force = True
            self._rest.forgive()
        self._wake.set()

    def recovered(self) -> None:
        """The network is back: stop resting because of it."""
        if self._rest.recovered():
            self.wake(force=True)

    def heard_from(self, host: str) -> None:
        """Some host answered a request; another one proves that the network itself is back."""
        if not self._sending and self._rest.hears():
            _log.debug("%s answered; %s is tried again", host, self.spec.name)
            self.recovered()

    def use(self, account: Account) -> None:
        """Take the account's newer state; a lane that may send again does."""
        self.account = account
        self.wake()

    async def refused(self, error: errors.CompanionError) -> None:
        """Something else was answered so: nothing is sent either, for as long as that lasts."""
        await self._setbacks.whole(error, (), {})
        self._wake.set()

    async def works(self) -> None:
        """Something else was answered well, which had held the lane before."""
        await self._report(LaneEvent(self.account.id, (), self._free()))
        self._wake.set()

    def _free(self) -> AccountState:
        state = AccountState.LINKED
        self.account = replace(self.account, state=state, state_detail="", held_until=None)
        return state

    def _is_linked(self) -> bool:
        return self.account.state is AccountState.LINKED

    # Due

    async def _deliver(self) -> None:
        while not self._stopping:
            try:
                busy = await self._round()
            except errors.StoreTrouble as error:
                _log.warning("The outbox of %s cannot be read: %s", self.spec.name, error)
                self._rest.begin()
                busy = False
            except Exception:
                _log.exception("The lane of %s failed; it goes on later", self.spec.name)
                self._rest.begin()
                await self._claims.give_back(Unknown(Reason.INTERRUPTED))
                busy = False
            if not busy:
                await self._until_due()

    async def _round(self) -> bool:
        """Claim and send batch after batch; True where there may be more at once."""
        terms = self._terms()
        if terms is None:
            return False
        self._sending = True
        try:
            batch = await self._claims.take(terms)
            while batch:
                if self._stopping or not self.may_ask(force=terms.force):
                    # A claim that is not sent is `sending` on disk: give it back at once.
                    later = TryLater(Reason.INTERRUPTED, "", 0.0, counts=False)
                    await self._claims.give_back(later)
                    return False
                if self._breaker.trips(batch):
                    await self._trip()
                    return False
                now = self._clock.now()
                outcomes = await self._send(batch, now)
                over = not any(isinstance(one, TryLater | Unknown) for one in outcomes.values())
                if terms.force and over and len(batch) == terms.limit:
                    self._force = True
                next_terms = await self._settle(batch, outcomes, now)
                if next_terms is None:
                    return True
                batch, terms = self._claims.rows, next_terms
        finally:
            self._sending = False
        return False

    def _terms(self) -> Terms | None:
        """What may be claimed now; None where nothing may be sent. Takes a wake-up for heard."""
        force, self._force = self._force, False
        self._wake.clear()
        now = self._clock.now()
        if self._stopping or not self.may_ask(force=force):
            return None
        limit, backlog = self._budget.room(now)
        return Terms(now, limit, force, backlog, self.account.switches.scrobble)

    def may_ask(self, *, force: bool) -> bool:
        """Whether the service may be asked now, by syncs too; `force` is the user's word."""
        # Where plays are switched off, exports and syncs go out all the same (`Terms.plays`).
        enabled, now = self.account.switches.enabled, self._clock.now()
        rested = not self._is_linked() or self._rest.allows(force=force)
        return enabled and may_ask(self.account, now, force=force) and rested

    async def _until_due(self) -> None:
        """Wait for a wake-up, the next due row, or the end of a rest."""
        seconds = await self._idle_s()
        if self._wake.is_set() or self._stopping:
            return
        self.at_rest.set()
        if seconds is None:
            await self._wake.wait()
        else:
            await woken_within(self._wake, self._clock, seconds)
        self.at_rest.clear()

    async def _idle_s(self) -> float | None:
        now, account = self._clock.now(), self.account
        if account.state in (AccountState.OFF, AccountState.LINK_AGAIN):
            return None
        if not account.switches.enabled:
            return None
        try:
            again = self._budget.reopens(now)
            due = await self._outbox.next_due(
                account.id,
                fresh_from=None if again is None else now - FRESH,
                plays=account.switches.scrobble,
            )
            if again is not None:
                due = again if due is None else min(due, again)
        except errors.StoreTrouble:
            return max(5.0, self._rest.left_s)
        if due is None:
            return None
        wait = (due - now).total_seconds()
        if account.state in (AccountState.QUOTA, AccountState.HELD):
            if account.held_until is None:
                return None
            wait = max(wait, (account.held_until - now).total_seconds())
        wait = max(wait, self._rest.left_s)
        # Wall time may be set while we sleep, so no sleep is longer than an hour.
        return min(max(wait, 0.05), 3600.0)

    # Submit

    async def _send(self, batch: list[Delivery], now: datetime) -> dict[int, Outcome]:
        """Submit a claimed batch; returns what came of every row of it."""
        outcomes: dict[int, Outcome] = {}
        stop: TryLater | None = None
        doubtful: Sequence[Delivery] = ()
        plays = [delivery for delivery in batch if delivery.scrobble.change is None]
        changes = [delivery for delivery in batch if delivery.scrobble.change is not None]
        if plays and not self.spec.resend_is_safe:
            doubtful = self._doubts.among(plays, now)
            stop = await self._read_back(doubtful, outcomes)
        if stop is None:
            rest = [delivery for delivery in plays if delivery.id not in outcomes]
            stop = await self._submit(self.client.submit, rest, outcomes) if rest else None
            # What an earlier attempt brought was sent by us as well, and not yet looked at.
            sent = {one.id for one in rest} | {one.id for one in doubtful if one.unsure}
            await self._doubts.confirm([one for one in doubtful if one.id in sent], outcomes)
        if stop is None and changes:
            # They say how something shall be: sending one twice changes nothing.
            stop = await self._submit(self._change, changes, outcomes)
        for delivery in batch:
            if delivery.id not in outcomes:
                # Nothing was tried with what came after the row that brought the lane to a stop.
                outcomes[delivery.id] = stop or self._setbacks.later(Reason.SERVICE_DOWN)
        return outcomes

    async def _read_back(
        self, doubtful: Sequence[Delivery], outcomes: dict[int, Outcome]
    ) -> TryLater | None:
        """Look for rows that may have arrived; returns why the lane has to wait, if it has to."""
        try:
            await self._doubts.look(doubtful, outcomes)
        except errors.CompanionError as error:
            rest = [one for one in doubtful if one.id not in outcomes]
            return await self._setbacks.whole(error, rest, outcomes)
        except Exception:
            return self._setbacks.unplanned(
                [one for one in doubtful if one.id not in outcomes], outcomes
            )
        return None

    async def _change(self, rows: Sequence[Delivery]) -> Mapping[int, Outcome]:
        """Send changes; a service that takes none refuses each."""
        if isinstance(self.client, TakesChanges):
            return await self.client.change(rows)
        return {row.id: Refused(Reason.NOT_TAKEN) for row in rows}

    async def _submit(
        self, send: Send, rows: list[Delivery], outcomes: dict[int, Outcome]
    ) -> TryLater | None:
        """Send rows, in halves where they are refused; returns why the lane has to wait."""
        try:
            got = await send(rows)
        except errors.BatchRefused as error:
            await self._budget.spend(0, self._clock.now())
            if len(rows) == 1:
                outcomes[rows[0].id] = Refused(Reason.INVALID, str(error))
                return None
            half = len(rows) // 2
            stop = await self._submit(send, rows[:half], outcomes)
            return stop or await self._submit(send, rows[half:], outcomes)
        except errors.CompanionError as error:
            return await self._setbacks.whole(error, rows, outcomes)
        except Exception:
            return self._setbacks.unplanned(rows, outcomes)
        waits = (one.after_s or 0.0 for one in got.values() if isinstance(one, TryLater))
        self._rest.answered(max(waits, default=0.0))
        # A day is counted in plays, where it is not in requests: a love is none.
        plays = sum(row.scrobble.change is None for row in rows)
        await self._budget.spend(plays, self._clock.now())
        for row in rows:
            outcomes[row.id] = got.get(row.id, Unknown(Reason.UNANSWERED))
        return None

    # Settle and notify

    async def _settle(
        self, batch: Sequence[Delivery], outcomes: Mapping[int, Outcome], now: datetime
    ) -> Terms | None:
        """Write down and report what came of a batch, and claim the next one along with it.

        Returns by what it was claimed; None where it was not, and the lane has to look first
        whether it may go on.
        """
        settled = [
            (delivery.id, settle(delivery, outcomes[delivery.id], now, self._jitter()))
            for delivery in batch
        ]
        terms = self._terms()
        if terms is not None:
            try:
                await self._claims.take(terms, settled)
            except errors.StoreTrouble as error:
                # Whatever hinders a claim must not keep the outcomes from the disk.
                _log.debug("Nothing more can be claimed for %s: %s", self.spec.name, error)
                self._force, terms = self._force or terms.force, None
        if terms is None:
            await self._claims.settle(settled)
        delivered = tuple(d for d in batch if isinstance(outcomes[d.id], Delivered))
        if delivered:
            _log.info("%s has %d more", self.spec.name, len(delivered))
        state = None
        if delivered and self.account.state in (AccountState.QUOTA, AccountState.HELD):
            state = self._free()
        await self._report(LaneEvent(self.account.id, delivered, state))
        return terms

    # The account

    async def _trip(self) -> None:
        """Stop, with everything still waiting, until the user says that it is to be sent."""
        await self._claims.give_back(TryLater(Reason.RUNAWAY, "", 0.0, counts=False))
        _log.warning("%s gets nothing more: nobody can have played this much", self.spec.name)
        detail = sentence(Reason.RUNAWAY, {"service": self.spec.name})
        await self._hold(AccountState.HELD, Reason.RUNAWAY, detail, None)

    async def _hold(
        self, state: AccountState, code: str, detail: str, seconds: float | None
    ) -> None:
        until = None
        if seconds is not None:
            until = self._clock.now() + timedelta(seconds=seconds)
        self.account = replace(self.account, state=state, state_detail=detail, held_until=until)
        await self._report(LaneEvent(self.account.id, (), state, code, detail, until))
