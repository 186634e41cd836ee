"""The linked accounts and their lanes: who is sent to, what came of it, and how much waits."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import (
    CompanionError,
    LaneBlocked,
    LinkExpired,
    LinkRefused,
    RateLimited,
    StoreTrouble,
)
from revenge_companion.core.live import LiveNotice
from revenge_companion.core.profiles import FIRST, NOBODY
from revenge_companion.core.routing import hears_live
from revenge_companion.core.status import AccountStatus, OutboxCounts
from revenge_companion.engine.alarms import Alarms
from revenge_companion.engine.api import Change
from revenge_companion.engine.dispatcher import Lane, LaneEvent
from revenge_companion.engine.handoff import HandOffs
from revenge_companion.engine.hosts import is_unencrypted
from revenge_companion.engine.limits import Limits
from revenge_companion.engine.linker import Linker
from revenge_companion.engine.telling import Telling
from revenge_companion.engine.waiting import woken_within
from revenge_companion.services.base import Client, Service
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.outbox import Outbox


class Lanes:
    """One lane for each linked account that is sent to; none before `start`.

    Accounts of every profile have theirs, so that what waits for one goes out whoever is active.
    """

    def __init__(
        self,
        services: Mapping[str, Service],
        accounts: Accounts,
        outbox: Outbox,
        clock: Clock,
        *,
        linker: Linker,
        hand_offs: HandOffs,
        limits: Limits,
        alarms: Alarms,
        tell: Telling,
        environ: Mapping[str, str],
        read: Callable[[], None],
        begins: Callable[[Account], None],
    ) -> None:
        """`read` is called when `linked` is new, `begins` before an account's lane starts."""
        self._services = services
        self._accounts = accounts
        self._outbox = outbox
        self._clock = clock
        self._linker = linker
        self._hand_offs = hand_offs
        self._limits = limits
        self._alarms = alarms
        self._tell = tell
        self._environ = environ
        self._read = read
        self._begins = begins
        self._lanes: dict[int, Lane] = {}
        self._started = False
        #: The linked accounts whose services there are, of every profile.
        self.linked: tuple[Account, ...] = ()
        #: The profile that is active, or was last.
        self.profile = FIRST
        #: Accounts that the server serves instead, by the user's wish.
        self.quiet: frozenset[int] = frozenset()
        #: What the outbox holds, by account.
        self.counts: dict[int, OutboxCounts] = {}

    # Life

    @property
    def running(self) -> bool:
        """Whether accounts have their lanes."""
        return self._started

    async def start(self) -> None:
        """Give each account its lane, and each that is linked from now on. Raises StoreTrouble."""
        self._started = True
        await self.refresh()

    async def once(self, limit_s: float) -> None:
        """Send what can be sent now, for who runs nothing else; at most `limit_s` seconds."""
        # Rows that a program which was ended left behind are made sure of first.
        await self._outbox.recover(self._clock.now())
        await self.start()
        self.wake(force=True)
        done = asyncio.Event()
        watching = asyncio.create_task(self._watch_rest(done))
        await woken_within(done, self._clock, limit_s)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await self.count()

    async def _watch_rest(self, done: asyncio.Event) -> None:
        for lane in tuple(self._lanes.values()):
            await lane.at_rest.wait()
        done.set()

    async def stop(self) -> None:
        """End every lane; what is being sent may settle for a bounded time."""
        await asyncio.gather(*(lane.stop() for lane in self._lanes.values()))

    async def end(self, account_id: int) -> bool:
        """End one account's lane, until `refresh`; False where it has none."""
        lane = self._lanes.pop(account_id, None)
        if lane is not None:
            await lane.stop()
        return lane is not None

    async def refresh(self) -> None:
        """Read the accounts anew and give each its lane. Raises StoreTrouble."""
        await self.reread()
        self._read()
        await self._hand_offs.load(self.linked)
        await self._limits.load(self.linked)
        for account in self.linked if self._started else ():
            if self._hand_offs.is_hand_off(account):
                continue
            lane = self._lanes.get(account.id)
            if lane is not None:
                lane.use(account)
                continue
            lane = self._lanes[account.id] = self._lane(account)
            self._begins(account)
            lane.start()

    def _lane(self, account: Account) -> Lane:
        return Lane(
            account,
            self._services[account.service].spec,
            self._linker.client(account),
            self._outbox,
            self._clock,
            self.take,
            breaker=self._limits.breaker(account.id),
            quota=self._limits.quota(account.id),
            note=self._limits.note(account.id),
        )

    async def reread(self) -> None:
        """Read what is stored of the accounts; the lanes know it already. Raises StoreTrouble."""
        known = await self._accounts.all()
        self.linked = tuple(one for one in known if one.service in self._services)

    async def count(self) -> None:
        """Bring `counts` up to date. Raises StoreTrouble."""
        self.counts = await self._outbox.counts()

    # What the lanes hear

    def wake(self, *, force: bool = False) -> None:
        """There may be something to send; `force` forgets rests and due times."""
        for lane in self._lanes.values():
            lane.wake(force=force)

    def wake_one(self, account_id: int) -> None:
        """Let one account's lane try everything that waits now."""
        lane = self._lanes.get(account_id)
        if lane is not None:
            lane.wake(force=True)

    def tell_live(self, notice: LiveNotice, counted_rules: frozenset[str]) -> None:
        """Pass on what is happening now to the accounts that want to hear it."""
        for lane in self._lanes.values():
            if lane.account.id in self.quiet or lane.account.profile != self.profile:
                continue
            if lane.spec.live and hears_live(lane.account, notice, lane.spec.kinds, counted_rules):
                lane.tell(notice)

    def heard_from(self, host: str) -> None:
        """Some request was answered: lanes that rest because the network was gone may go on."""
        for lane in self._lanes.values():
            lane.heard_from(host)

    def recovered(self) -> None:
        """The network is back."""
        for lane in self._lanes.values():
            lane.recovered()

    # Who asks an account's service beside its lane

    def may_ask(self, account_id: int, *, force: bool) -> bool:
        """Whether an account's service may be asked for anything now; `force` is the user's word.

        False where the account is not linked any more.
        """
        lane = self._lanes.get(account_id) or self._unstarted(account_id)
        return lane is not None and lane.may_ask(force=force)

    async def refused(self, account_id: int, error: CompanionError) -> None:
        """A service said so to who asked: the account is held, as where a delivery finds it out.

        Trouble that passes by itself is none of the lane's.
        """
        lane = self._lanes.get(account_id) or self._unstarted(account_id)
        if lane is not None and isinstance(error, LinkExpired | LaneBlocked | RateLimited):
            await lane.refused(error)

    async def works(self, account_id: int) -> None:
        """A service answers again whose `refused` had held the account."""
        lane = self._lanes.get(account_id) or self._unstarted(account_id)
        if lane is not None:
            await lane.works()

    def _unstarted(self, account_id: int) -> Lane | None:
        """A lane that sends nothing, where none is running: for one command."""
        account = self._find(account_id)
        return None if account is None else self._lane(account)

    # What the lanes say

    async def take(self, event: LaneEvent) -> None:
        """A lane settled rows or changed its account's state: store it, count anew and tell."""
        if event.state is not None:
            try:
                await self._accounts.set_state(
                    event.account_id, event.state, event.detail, event.held_until
                )
            except StoreTrouble as error:
                self._tell.trouble_is(str(error))
            self._tell.warn(self.account(event.account_id), event.state, event.code)
        try:
            await self.count()
            if event.state is not None or event.delivered:
                await self.reread()
                await self._calm(event.account_id)
        except StoreTrouble as error:
            self._tell.trouble_is(str(error))
        if event.state is not None:
            self._tell.changed(Change.ACCOUNTS)
        self._tell.changed(Change.OUTBOX, Change.PLAYS, Change.STATUS)

    async def _calm(self, account_id: int) -> None:
        """A delivery, or a trouble with a name, ends the warning about an account."""
        if account_id in self._alarms.since:
            for account in await self._alarms.look(self.linked):
                self._tell.nothing_confirmed(account)
            self._tell.changed(Change.ACCOUNTS, Change.STATUS)

    # Who is linked

    def all(self) -> Sequence[Account]:
        """`linked`, as it is at the moment."""
        return self.linked

    def own(self) -> Sequence[Account]:
        """Those of `linked` that are the active profile's, and those that are nobody's yet."""
        return tuple(one for one in self.linked if one.profile in (self.profile, NOBODY))

    def others(self) -> Sequence[Account]:
        """Those of `linked` that are another profile's."""
        own = self.own()
        return tuple(one for one in self.linked if one not in own)

    def statuses(self, accounts: Sequence[Account]) -> tuple[AccountStatus, ...]:
        """How each of some linked accounts fares."""
        return tuple(
            AccountStatus(
                account,
                (counts := self.counts.get(account.id, OutboxCounts())),
                self._hand_offs.is_hand_off(account),
                self._hand_offs.written.get(account.id, 0),
                eta=self._limits.eta(account, counts.waiting),
                day=self._limits.day(account.id),
                silent_since=self._alarms.since.get(account.id),
                unencrypted=is_unencrypted(
                    account, self._services[account.service].spec, self._environ
                ),
            )
            for account in accounts
        )

    def account(self, account_id: int) -> Account:
        """A linked account. Raises LinkRefused."""
        account = self._find(account_id)
        if account is None:
            raise LinkRefused(f"There is no linked account {account_id}.")
        return account

    def client_of(self, account_id: int) -> Client | None:
        """An account's client; None where it is not linked any more."""
        lane = self._lanes.get(account_id)
        if lane is not None:
            return lane.client
        account = self._find(account_id)
        return None if account is None else self._linker.client(account)

    def names_of(self, account_id: int) -> tuple[str, str]:
        """What people call an account's service and the account; empty where it is not linked."""
        account = self._find(account_id)
        if account is None:
            return "", ""
        return self._services[account.service].spec.name, account.label

    def _find(self, account_id: int) -> Account | None:
        return next((one for one in self.linked if one.id == account_id), None)
