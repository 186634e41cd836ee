"""From the outbox to the services: due, submit, settle, notify; one lane per account.

A lane claims what is due (the claim is on disk before the first byte leaves), hands it to the
service's client, and settles every row by what came back. A slow or broken service delays no other.
An unanswered request leaves rows `unsure`: they are read back first where resending could double.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from revenge_companion.core import errors
from revenge_companion.core.accounts import Account, AccountState
from revenge_companion.core.breaker import Breaker
from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import (
    Delivered,
    Delivery,
    Outcome,
    Refused,
    Settlement,
    TryLater,
    Unknown,
    settle,
    wait_s,
)
from revenge_companion.core.live import LiveNotice
from revenge_companion.core.quota import FRESH, DayQuota
from revenge_companion.core.reasons import Reason, sentence
from revenge_companion.services.base import Client, ReadsBack, ServiceSpec

_log = logging.getLogger(__name__)

#: A notice that could not be sent within this time is about the past and is dropped.
NOTICE_LIFE_S = 15.0
#: How long a lane that only the user can mend rests before it asks once more.
HELD_PROBE_S = 6 * 3600.0
#: Other hosts' answers cut a rest short at most this often: the service itself may be down.
DEAF_S = 60.0
#: A play that counted this long ago may have been delivered by another Companion of the user's, or
#: by this one before its file was damaged; a younger one is told apart by the service itself.
LATE_S = 240.0
#: Services close a lane for two days at the most.
LONGEST_HOLD = timedelta(days=3)
#: How long to wait for the request under way when the program ends.
SETTLE_LIMIT_S = 8.0


class LaneOutbox(Protocol):
    """What a lane needs of the outbox."""

    async def claim(
        self,
        account_id: int,
        limit: int,
        now: datetime,
        *,
        force: bool = False,
        fresh_from: datetime | None = None,
        fresh_only: bool = False,
    ) -> list[Delivery]: ...
    async def settle(self, items: Sequence[tuple[int, Settlement]], now: datetime) -> None: ...
    async def next_due(
        self, account_id: int, *, fresh_from: datetime | None = None
    ) -> datetime | None: ...


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
        self.quota = quota
        self._note = note
        self._wake = asyncio.Event()
        self._force = False
        self._stopping = False
        #: From before the claim until its rows are settled.
        self._sending = False
        #: Rows that are `sending` on disk.
        self._in_flight: list[Delivery] = []
        #: Failures of the service in a row, and until when (monotonic) it is left alone.
        self._failures = 0
        self._resting_until_s = 0.0
        #: The last failure was the network's; or the service itself asked for the rest.
        self._unreachable = False
        self._deaf_until_s = 0.0
        self._asked_to_rest = False
        self._notice: tuple[float, LiveNotice] | None = None
        self._notice_wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin delivering; call once, on the running loop."""
        name = f"{self.spec.key}-{self.account.id}"
        self._tasks = [
            asyncio.create_task(self._deliver(), name=f"lane-{name}"),
            asyncio.create_task(self._tell_live(), name=f"live-{name}"),
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
        await self._give_back(self._in_flight, Unknown(Reason.INTERRUPTED))

    def wake(self, *, force: bool = False) -> None:
        """There may be something to send; `force` forgets rests and due times."""
        if force:
            self._force = True
            self._failures = 0
        self._wake.set()

    def recovered(self) -> None:
        """The network is back: stop resting because of it."""
        if self._failures and not self._asked_to_rest:
            self._failures, self._resting_until_s = 0, 0.0
            self.wake(force=True)

    def heard_from(self, host: str) -> None:
        """Some host answered a request; another one proves that the network itself is back."""
        now_s = self._clock.monotonic_s()
        if self._unreachable and not self._sending and now_s >= self._deaf_until_s:
            self._deaf_until_s = now_s + DEAF_S
            _log.debug("%s answered; %s is tried again", host, self.spec.name)
            self.recovered()

    def use(self, account: Account) -> None:
        """Take the account's newer state; a lane that may send again does."""
        self.account = account
        self.wake()

    def tell(self, notice: LiveNotice) -> None:
        """Send a live notice, best effort; a newer one replaces one that has not left yet."""
        self._notice = (self._clock.monotonic_s(), notice)
        self._notice_wake.set()

    # Live

    async def _tell_live(self) -> None:
        while True:
            await self._notice_wake.wait()
            self._notice_wake.clear()
            kept, self._notice = self._notice, None
            if kept is None or self.account.state is not AccountState.LINKED:
                continue
            if self._clock.monotonic_s() - kept[0] > NOTICE_LIFE_S:
                continue
            try:
                await self.client.live(kept[1])
            except errors.CompanionError as error:
                # Never repeated: a late "now playing" is a wrong one.
                _log.debug("%s took no live notice: %s", self.spec.name, error)
            except Exception:
                _log.exception("A live notice to %s failed", self.spec.name)

    # Durable

    async def _deliver(self) -> None:
        while not self._stopping:
            try:
                busy = await self._round()
            except errors.StoreTrouble as error:
                _log.warning("The outbox of %s cannot be read: %s", self.spec.name, error)
                self._rest()
                busy = False
            except Exception:
                _log.exception("The lane of %s failed; it goes on later", self.spec.name)
                self._rest()
                await self._give_back(self._in_flight, Unknown(Reason.INTERRUPTED))
                self._in_flight = []
                busy = False
            if not busy:
                await self._until_due()

    async def _round(self) -> bool:
        """Claim and send one batch; False when nothing could be sent now."""
        force, self._force = self._force, False
        self._wake.clear()
        now = self._clock.now()
        if not self._may_send(now, force=force):
            return False
        self._sending = True
        try:
            limit, backlog = self._room(now)
            batch = await self._outbox.claim(
                self.account.id,
                limit,
                now,
                force=force,
                fresh_from=now - FRESH,
                fresh_only=not backlog,
            )
            if not batch or self._stopping:
                # A claim that is not sent is `sending` on disk: give it back at once.
                later = TryLater(Reason.INTERRUPTED, "", 0.0, counts=False)
                await self._give_back(batch, later)
                return False
            self._in_flight = batch
            if self._breaker.trips(batch):
                await self._trip(batch)
                return False
            over = await self._send(batch)
            self._in_flight = []
        finally:
            self._sending = False
        if force and over and len(batch) == limit:
            self._force = True
        return True

    def _room(self, now: datetime) -> tuple[int, bool]:
        """How many rows one request may hold now, and whether a backlog may be among them."""
        size = self.spec.batch_size
        if self.quota is None:
            return size, True
        left = self.quota.left(now)
        if left == 0:
            return size, False
        return (size if self.spec.day_counts_requests else min(size, left)), True

    async def _spend(self, rows: int) -> None:
        """Note what an answered request used of the day."""
        if self.quota is None:
            return
        self.quota.spend(1 if self.spec.day_counts_requests else rows, self._clock.now())
        if self._note is not None:
            try:
                await self._note(self.quota.text())
            except errors.StoreTrouble as error:
                _log.debug("what was used of the day cannot be kept: %s", error)

    async def _trip(self, batch: Sequence[Delivery]) -> None:
        """Stop, with everything still waiting, until the user says that it is to be sent."""
        await self._give_back(batch, TryLater(Reason.RUNAWAY, "", 0.0, counts=False))
        self._in_flight = []
        _log.warning("%s gets nothing more: nobody can have played this much", self.spec.name)
        detail = sentence(Reason.RUNAWAY, {"service": self.spec.name})
        await self._hold(AccountState.HELD, Reason.RUNAWAY, detail, None)

    def _may_send(self, now: datetime, *, force: bool) -> bool:
        account = self.account
        if not (account.switches.enabled and account.switches.scrobble):
            return False
        if account.state in (AccountState.OFF, AccountState.LINK_AGAIN):
            return False
        if account.state in (AccountState.QUOTA, AccountState.HELD):
            # Without an end it was stopped by the breaker: only the user's word about it goes on.
            asked = force and account.state is AccountState.HELD and not account.is_stopped
            return asked or (account.held_until is not None and _is_over(account.held_until, now))
        # Who flushes by hand may cut our own patience short, not what the service asked for.
        return not self._resting or (force and not self._asked_to_rest)

    @property
    def _resting(self) -> bool:
        return self._clock.monotonic_s() < self._resting_until_s

    def _rest(self, seconds: float | None = None) -> float:
        """Leave the service alone for a while; returns the seconds."""
        self._failures += 1
        self._asked_to_rest = seconds is not None
        rest = wait_s(self._failures, self._jitter())
        if seconds is not None:
            rest = max(seconds, 0.0)
        self._resting_until_s = self._clock.monotonic_s() + rest
        return rest

    async def _until_due(self) -> None:
        """Wait for a wake-up, the next due row, or the end of a rest."""
        seconds = await self._idle_s()
        if self._wake.is_set() or self._stopping:
            return
        if seconds is None:
            await self._wake.wait()
            return
        timer = asyncio.ensure_future(self._clock.sleep(seconds))
        woken = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({timer, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiting in (timer, woken):
                waiting.cancel()
            await asyncio.gather(timer, woken, return_exceptions=True)

    async def _idle_s(self) -> float | None:
        now, account = self._clock.now(), self.account
        if account.state in (AccountState.OFF, AccountState.LINK_AGAIN):
            return None
        if not (account.switches.enabled and account.switches.scrobble):
            return None
        try:
            _, backlog = self._room(now)
            due = await self._outbox.next_due(
                account.id, fresh_from=None if backlog else now - FRESH
            )
            if not backlog and self.quota is not None:
                again = self.quota.next_day(now)
                due = again if due is None else min(due, again)
        except errors.StoreTrouble:
            return max(5.0, self._resting_until_s - self._clock.monotonic_s())
        if due is None:
            return None
        wait = (due - now).total_seconds()
        if account.state in (AccountState.QUOTA, AccountState.HELD):
            if account.held_until is None:
                return None
            wait = max(wait, (account.held_until - now).total_seconds())
        wait = max(wait, self._resting_until_s - self._clock.monotonic_s())
        # Wall time may be set while we sleep, so no sleep is longer than an hour.
        return min(max(wait, 0.05), 3600.0)

    async def _send(self, batch: list[Delivery]) -> bool:
        """Submit a claimed batch and settle every row of it; False where some have to wait."""
        now = self._clock.now()
        outcomes: dict[int, Outcome] = {}
        stop: TryLater | None = None
        doubtful: Sequence[Delivery] = ()
        if not self.spec.resend_is_safe:
            doubtful = self._doubtful(batch, now)
            stop = await self._read_back(doubtful, outcomes)
        if stop is None:
            rest = [delivery for delivery in batch if delivery.id not in outcomes]
            stop = await self._submit(rest, outcomes) if rest else None
            # What an earlier attempt brought was sent by us as well, and not yet looked at.
            sent = {one.id for one in rest} | {one.id for one in doubtful if one.unsure}
            await self._confirm([one for one in doubtful if one.id in sent], outcomes)
        for delivery in batch:
            if delivery.id not in outcomes:
                # Nothing was tried with what came after the row that brought the lane to a stop.
                outcomes[delivery.id] = stop or self._later(Reason.SERVICE_DOWN)
        await self._settle(batch, outcomes, now)
        return not any(isinstance(outcome, TryLater | Unknown) for outcome in outcomes.values())

    def _doubtful(self, batch: Sequence[Delivery], now: datetime) -> list[Delivery]:
        """Rows that may be there already, sent by us or by a second Companion."""
        if isinstance(self.client, ReadsBack):
            return list(self.client.doubtful(batch))
        return [one for one in batch if one.unsure or _is_late(one, now)]

    async def _read_back(
        self, doubtful: Sequence[Delivery], outcomes: dict[int, Outcome]
    ) -> TryLater | None:
        """Look for rows that may have arrived; returns why the lane has to wait, if it has to."""
        groups = [[one] for one in doubtful]
        if isinstance(self.client, ReadsBack) and doubtful:
            groups = [list(doubtful)]
        for group in groups:
            try:
                found = await self._find(group)
            except errors.CompanionError as error:
                return await self._whole(
                    error, [one for one in doubtful if one.id not in outcomes], outcomes
                )
            except Exception:
                rest = [one for one in doubtful if one.id not in outcomes]
                return self._unplanned(rest, outcomes)
            for delivery_id, remote_id in found.items():
                outcomes[delivery_id] = Delivered(remote_id or None, Reason.ALREADY_THERE)
        return None

    async def _confirm(self, sent: Sequence[Delivery], outcomes: dict[int, Outcome]) -> None:
        """Let two Companions that sent the same at the same moment leave it there once."""
        arrived = [one for one in sent if isinstance(outcomes.get(one.id), Delivered)]
        if not arrived or not isinstance(self.client, ReadsBack):
            return
        try:
            found = await self.client.confirm(arrived)
        except errors.CompanionError as error:
            # They were accepted; that they are there once is only very likely now.
            _log.debug("%s could not be looked at: %s", self.spec.name, error)
        except Exception:
            _log.exception("Looking at %s failed in a way nobody planned for", self.spec.name)
        else:
            for one in arrived:
                before = outcomes[one.id]
                if one.id in found and isinstance(before, Delivered):
                    outcomes[one.id] = replace(before, remote_id=found[one.id] or None)

    async def _find(self, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
        if isinstance(self.client, ReadsBack):
            return await self.client.find_many(deliveries)
        found = {one.id: await self.client.find(one) for one in deliveries}
        return {key: value for key, value in found.items() if value is not None}

    async def _submit(self, rows: list[Delivery], outcomes: dict[int, Outcome]) -> TryLater | None:
        """Send rows, in halves where they are refused; returns why the lane has to wait."""
        try:
            got: Mapping[int, Outcome] = await self.client.submit(rows)
        except errors.BatchRefused as error:
            await self._spend(0)
            if len(rows) == 1:
                outcomes[rows[0].id] = Refused(Reason.INVALID, str(error))
                return None
            half = len(rows) // 2
            stop = await self._submit(rows[:half], outcomes)
            return stop or await self._submit(rows[half:], outcomes)
        except errors.CompanionError as error:
            return await self._whole(error, rows, outcomes)
        except Exception:
            return self._unplanned(rows, outcomes)
        self._failures, self._unreachable = 0, False
        await self._spend(len(rows))
        for row in rows:
            outcomes[row.id] = got.get(row.id, Unknown(Reason.UNANSWERED))
        waits = [o.after_s for o in got.values() if isinstance(o, TryLater) and o.after_s]
        if waits:
            self._resting_until_s = self._clock.monotonic_s() + max(waits)
        return None

    def _unplanned(self, rows: Sequence[Delivery], outcomes: dict[int, Outcome]) -> TryLater:
        _log.exception("Sending to %s failed in a way nobody planned for", self.spec.name)
        self._rest()
        for row in rows:
            outcomes[row.id] = Unknown(Reason.UNANSWERED)
        return self._later(Reason.SERVICE_DOWN)

    async def _whole(
        self, error: errors.CompanionError, rows: Sequence[Delivery], outcomes: dict[int, Outcome]
    ) -> TryLater:
        """A whole request failed: every row of it waits, and so does the lane.

        Returns what is to become of rows that have not been tried.
        """
        detail = str(error)
        self._unreachable = isinstance(error, errors.Unreachable)
        outcome: Outcome
        match error:
            case errors.QuotaExhausted():
                wait = error.retry_after_s or 3600.0
                await self._hold(AccountState.QUOTA, Reason.QUOTA, detail, wait)
                outcome = TryLater(Reason.QUOTA, detail, wait, counts=False)
            case errors.RateLimited():
                wait = self._rest(error.retry_after_s)
                outcome = TryLater(Reason.RATE_LIMITED, detail, wait, counts=False)
            case errors.LinkExpired():
                await self._hold(AccountState.LINK_AGAIN, Reason.LINK_AGAIN, detail, None)
                outcome = TryLater(Reason.LINK_AGAIN, detail, 0.0, counts=False)
            case errors.LaneBlocked():
                await self._hold(AccountState.HELD, error.code, detail, HELD_PROBE_S)
                outcome = TryLater(error.code, detail, 0.0, counts=False)
            case errors.Unanswered():
                self._rest()
                outcome = Unknown(Reason.UNANSWERED, detail)
            case errors.Unreachable():
                outcome = self._later(Reason.UNREACHABLE, detail)
            case _:
                outcome = self._later(Reason.SERVICE_DOWN, detail)
        for row in rows:
            outcomes[row.id] = outcome
        return outcome if isinstance(outcome, TryLater) else self._later(Reason.SERVICE_DOWN)

    def _later(self, reason: Reason, detail: str = "") -> TryLater:
        if not self._resting:
            self._rest()
        wait = max(0.0, self._resting_until_s - self._clock.monotonic_s())
        return TryLater(reason, detail, wait, counts=False)

    async def _hold(
        self, state: AccountState, code: str, detail: str, seconds: float | None
    ) -> None:
        until = None
        if seconds is not None:
            until = self._clock.now() + timedelta(seconds=seconds)
        self.account = replace(self.account, state=state, state_detail=detail, held_until=until)
        await self._report(LaneEvent(self.account.id, (), state, code, detail, until))

    async def _settle(
        self, batch: Sequence[Delivery], outcomes: Mapping[int, Outcome], now: datetime
    ) -> None:
        settled = [
            (delivery.id, settle(delivery, outcomes[delivery.id], now, self._jitter()))
            for delivery in batch
        ]
        await self._settle_surely(settled)
        delivered = tuple(d for d in batch if isinstance(outcomes[d.id], Delivered))
        if delivered:
            _log.info("%s has %d more", self.spec.name, len(delivered))
        state = None
        if delivered and self.account.state in (AccountState.QUOTA, AccountState.HELD):
            state = AccountState.LINKED
            self.account = replace(self.account, state=state, state_detail="", held_until=None)
        await self._report(LaneEvent(self.account.id, delivered, state))

    async def _settle_surely(self, settled: Sequence[tuple[int, Settlement]]) -> None:
        """Write outcomes down, waiting for a disk that is full or locked: they are facts."""
        tries = 0
        while True:
            try:
                await self._outbox.settle(settled, self._clock.now())
            except errors.StoreTrouble as error:
                tries += 1
                _log.warning("Outcomes of %s cannot be stored yet: %s", self.spec.name, error)
                if self._stopping:
                    # On disk the rows stay `sending`: the next start treats them as unsure.
                    return
                await self._clock.sleep(wait_s(tries, 1.0))
            else:
                return

    async def _give_back(self, rows: Sequence[Delivery], outcome: Outcome) -> None:
        """Settle claimed rows without having sent them, or without knowing; best effort."""
        if not rows:
            return
        now = self._clock.now()
        with suppress(errors.StoreTrouble):
            await self._outbox.settle([(d.id, settle(d, outcome, now)) for d in rows], now)


def _is_late(delivery: Delivery, now: datetime) -> bool:
    return (now - delivery.scrobble.dated_at).total_seconds() > LATE_S


def _is_over(until: datetime, now: datetime) -> bool:
    """Whether a hold has ended, or was set by a clock that was ahead: none lasts that long."""
    return now >= until or until - now > LONGEST_HOLD
