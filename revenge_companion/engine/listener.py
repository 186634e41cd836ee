"""From playback events to the outbox: event, decisions, written down, told.

A decision is on disk before anything is sent and before the server hears that it was recorded. When
the disk cannot take it, decisions wait in memory, in order, until it can.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.decision import Decision
from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.live import LiveNotice, NowPlaying
from revenge_companion.core.media import Kind
from revenge_companion.core.passed_over import FACT, passed_over, to_text
from revenge_companion.core.playback import PlaybackEvent
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.core.private import PrivateItems
from revenge_companion.core.profiles import Places
from revenge_companion.core.reasons import Reason
from revenge_companion.core.routing import destinations
from revenge_companion.core.rules import Rulebook
from revenge_companion.core.ruling import Ruling
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.core.settings import Settings
from revenge_companion.core.trackers import Trackers
from revenge_companion.engine.late import LateStarts
from revenge_companion.engine.private_time import Meta, PrivateTime
from revenge_companion.engine.waiting import woken_within
from revenge_companion.revenge.signals import Disconnected, Signal

_log = logging.getLogger(__name__)

#: Plays that ended this long ago are remembered when the program starts (finishing the rest).
REMEMBERED = timedelta(days=30)
_STORE_RETRY_S = 10.0
#: A timer never fires more often than this, whatever the tracker says.
_SHORTEST_TIMER_S = 0.05
#: A decision that waits for the disk is kept; beyond this many, the oldest checkpoints go first.
_MOST_UNSAVED = 10_000

#: An event of the past is one that is older than this; after one, others are expected this long.
_PAST = timedelta(seconds=30)
_REPLAY_S = 10.0

_SINCE = "last_event_id"
_PRIVATE_ITEMS = "private_items"
_ITEMS_NOTED_EVERY_S = 300.0


class PlayStore(Protocol):
    """What the listener needs of the ledger."""

    async def save(self, update: PlayUpdate) -> None: ...
    async def count(
        self,
        update: PlayUpdate,
        scrobbles: Sequence[tuple[Scrobble, Sequence[int]]],
        *,
        held_until: datetime | None = None,
    ) -> int: ...
    async def snapshots(self, since: datetime) -> list[tuple[int, str]]: ...


#: Told after decisions are written: how many deliveries are new, and the plays they are about.
Recorded = Callable[[int, Sequence[Decision]], Awaitable[None]]
#: Told of what is happening now, with the rules under which it has counted.
TellLive = Callable[[LiveNotice, frozenset[str]], None]


class Listener:
    """Feeds the tracker, writes its decisions down, and lets time decide between events.

    Only the active profile is heard; what it decides of a play goes to the accounts of the profile
    that played it, also when another is active by then.
    """

    def __init__(
        self,
        *,
        plays: PlayStore,
        meta: Meta,
        clock: Clock,
        settings: Settings,
        kinds: Mapping[str, tuple[Kind, ...]],
        recorded: Recorded,
        tell_live: TellLive,
        trouble: Callable[[str], None],
    ) -> None:
        self._plays = plays
        self._meta = meta
        self._clock = clock
        self._settings = settings
        self._kinds = kinds
        self._recorded = recorded
        self._tell_live = tell_live
        self._trouble = trouble
        self._accounts: tuple[Account, ...] = ()
        self._ruling = Ruling()
        self._tracker = Trackers(settings.counting)
        self._places = Places()
        self._late = LateStarts()
        self._unsaved: deque[Decision] = deque()
        self._private = PrivateTime(meta, clock)
        #: The stored place in the server's events is from before a pause and has to go.
        self._since_is_private = False
        self._private_items = PrivateItems()
        self._items_noted_s = float("-inf")
        #: Monotonic second of the last event of the past.
        self._past_at_s = float("-inf")
        self._turn = asyncio.Lock()
        self._rescheduled = asyncio.Event()
        self._timer: asyncio.Task[None] | None = None
        self.last_event_id = ""

    async def start(self) -> list[str]:
        """Go on from the last checkpoints. Raises StoreTrouble.

        Returns the keys of private plays that the last process did not come to erase.
        """
        now = self._clock.now()
        snapshots = await self._plays.snapshots(now - REMEMBERED)
        unread = self._tracker.restore(snapshots, at_s=self._clock.monotonic_s(), at=now)
        if unread:
            _log.warning("%d checkpoints of plays could not be read", len(unread))
        self._places = Places(await self._meta.get_meta(_SINCE) or "")
        self.last_event_id = self._places.of(self._tracker.profile)
        await self._private.read()
        self._private_items = PrivateItems(await self._meta.get_meta(_PRIVATE_ITEMS) or "")
        now_s = self._clock.monotonic_s()
        playing = self._tracker.all_playing(now_s)
        left = [one for one in playing if self._private_items.has(one.item.media_id)]
        gone = [one.play_key for one in left if self._tracker.let_go(one.play_key, now_s)]
        self._timer = asyncio.create_task(self._run_timer(), name="play-timer")
        return gone

    async def stop(self) -> None:
        """Stop deciding; what was decided and not yet stored is tried once more."""
        if self._timer is not None:
            self._timer.cancel()
            await asyncio.gather(self._timer, return_exceptions=True)
            self._timer = None
        async with self._turn:
            await self._write([])

    def use(self, settings: Settings, accounts: Sequence[Account]) -> None:
        """Take newer settings and accounts."""
        self._settings, self._accounts = settings, tuple(accounts)
        self._tracker.use(settings.counting, accounts)
        self._rescheduled.set()

    async def switch(self, profile: int) -> None:
        """Hear another profile's plays from now on; what is being recorded is recorded first.

        The plays in progress of the one before stay at their checkpoints until it is heard again.
        """
        async with self._turn:
            self._tracker.switch(profile)
            self.last_event_id = self._places.of(profile)
        self._rescheduled.set()

    async def use_rules(self, rulebook: Rulebook) -> None:
        """Take newer rules; what is playing and blocked by them is left out."""
        async with self._turn:
            decisions: list[Decision] = []
            for play_key in self._ruling.use(rulebook, self.now_playing()):
                decisions += self._tracker.leave_out(play_key, Reason.BLOCKED_BY_RULE)
            await self._write(decisions)

    def now_playing(self, *, heard: bool = False) -> tuple[NowPlaying, ...]:
        """What plays; with `heard` nothing that was only read from a checkpoint."""
        return self._tracker.now_playing(self._clock.monotonic_s(), heard=heard)

    async def take(self, signal: Signal) -> None:
        """One signal of the live source, in order; returns when what it meant is recorded."""
        if isinstance(signal, Disconnected):
            self._tracker.disconnected()
            self._rescheduled.set()
        elif isinstance(signal, PlaybackEvent):
            if self._clock.now() - signal.at > _PAST:
                self._past_at_s = self._clock.monotonic_s()
            async with self._turn:
                await self._take_event(signal)

    def is_replaying(self) -> bool:
        """Whether events of the past came in during the last seconds."""
        return self._clock.monotonic_s() - self._past_at_s < _REPLAY_S

    async def take_history(self, events: Sequence[PlaybackEvent]) -> bool:
        """Take plays of the past, oldest first; True when all of them are recorded.

        What was watched in private is left out.
        """
        for event in events:
            async with self._turn:
                if not self._private.covers_past(event):
                    await self._take_event(event)
        async with self._turn:
            if self._unsaved:
                return False
            if self._private.forget_past():
                self._rescheduled.set()
            return True

    async def _take_event(self, event: PlaybackEvent) -> None:
        if self._private.covers(event):
            # Nothing seen in private is stored, not even that it was seen.
            return
        if self._private_items.covers(event):
            if self._clock.monotonic_s() - self._items_noted_s > _ITEMS_NOTED_EVERY_S:
                await self._note_private_items()
            return
        decisions = self._tracker.tick(event.at_s)
        led_to = self._tracker.feed(event, self._ruling.left_out(event, self._settings.filters))
        decisions += self._late.heed(event, led_to)
        self._rescheduled.set()
        if decisions:
            await self._write(decisions)
            if event.id and not self._unsaved and not self._private.paused:
                await self._remember(event.id)
        going_on = self._late.caught_up(event, led_to)
        if going_on is not None:
            notice, counted = going_on
            self._tell_live(self._ruling.corrected(notice), counted)

    def pause(self) -> None:
        """Scrobble nothing from now on; plays in progress end unscrobbled.

        A server that replays its events after a restart begins after the pause.
        """
        self._private.begin()
        self._since_is_private = True
        self._places, self.last_event_id = Places(), ""
        self._rescheduled.set()

    def resume(self) -> None:
        """Scrobble again; what plays now counts from here."""
        if not self._private.paused:
            return
        self._private.end()
        self._rescheduled.set()

    async def forget_playing(self) -> bool:
        """While paused: plays in progress have ended when this returns; else False."""
        async with self._turn:
            if self._private.paused:
                await self._decide_by_time()
            return self._private.paused

    async def leave_out(self, play_key: str) -> bool:
        """Keep one play in progress private; True where nothing of it is to stay stored.

        What has counted of it stays; no more of it counts.
        """
        async with self._turn:
            gone = self._tracker.let_go(play_key, self._clock.monotonic_s())
            if gone is None:
                await self._write(self._tracker.leave_out(play_key, Reason.PRIVATE))
                return False
            session_id, decision = gone
            update = decision.update
            self._private_items.add(
                session_id, update.item.media_id, update.started_at, self._clock.now()
            )
            self._unsaved = deque(d for d in self._unsaved if d.update.play_key != play_key)
            await self._note_private_items()
            if decision.notice is not None:
                self._tell_live(decision.notice, decision.counted_rules)
        self._rescheduled.set()
        return True

    async def _note_private_items(self) -> None:
        self._items_noted_s = self._clock.monotonic_s()
        try:
            await self._meta.set_meta(_PRIVATE_ITEMS, self._private_items.text())
        except StoreTrouble as error:
            self._trouble(str(error))

    async def count_by_hand(self, update: PlayUpdate) -> bool:
        """Count a play for every account of its profile; False when it has counted already."""
        async with self._turn:
            now, now_s = self._clock.now(), self._clock.monotonic_s()
            decision = self._tracker.count_by_hand(update, now, now_s)
            if decision is not None:
                await self._write([decision])
            return decision is not None

    # Time

    async def _run_timer(self) -> None:
        while True:
            self._rescheduled.clear()
            try:
                async with self._turn:
                    await self._decide_by_time()
            except Exception:
                _log.exception("Deciding by time failed in a way nobody planned for")
            await woken_within(self._rescheduled, self._clock, self._next_s())

    async def _decide_by_time(self) -> None:
        now_s = self._clock.monotonic_s()
        if self._private.paused:
            now = self._clock.now()
            decisions = self._tracker.forget_open(Reason.PRIVATE, at=now, at_s=now_s)
        else:
            decisions = self._tracker.tick(now_s)
        if decisions or self._unsaved:
            await self._write(decisions)
        if self._since_is_private:
            await self._remember("")
        try:
            await self._private.note()
        except StoreTrouble as error:
            self._trouble(str(error))

    def _next_s(self) -> float:
        due = self._tracker.deadline_s()
        seconds = 3600.0 if due is None else due - self._clock.monotonic_s()
        if self._unsaved or self._since_is_private or not self._private.is_noted:
            seconds = min(seconds, _STORE_RETRY_S)
        return min(max(seconds, _SHORTEST_TIMER_S), 3600.0)

    # Writing down

    async def _write(self, decisions: Sequence[Decision]) -> None:
        """Write decisions in order, the ones that still wait first, then tell of them."""
        decisions = [self._explained(self._ruling.ruled(decision)) for decision in decisions]
        self._unsaved.extend(decisions)
        written: list[Decision] = []
        new = 0
        while self._unsaved:
            decision = self._unsaved[0]
            try:
                new += await self._store(decision)
            except StoreTrouble as error:
                self._trouble(str(error))
                self._trim()
                break
            written.append(self._unsaved.popleft())
        else:
            self._trouble("")
        for decision in decisions:
            # What becomes of another profile's plays is no news of the active one's.
            if decision.notice is not None and decision.update.profile == self._tracker.profile:
                self._tell_live(decision.notice, decision.counted_rules)
        if written:
            await self._recorded(new, written)

    def _explained(self, decision: Decision) -> Decision:
        """`decision` with what is said of the accounts that a play which counted did not go to."""
        if not (decision.ended and decision.counted_rules):
            return decision
        update = decision.update
        own, rules = self._settings.counting, decision.counted_rules
        found = passed_over(update, self._accounts_of(update), self._kinds, own, rules)
        facts = {**update.facts, FACT: to_text(found)}
        return replace(decision, update=replace(update, facts=facts))

    def _accounts_of(self, update: PlayUpdate) -> list[Account]:
        """The accounts of whoever played it."""
        return [one for one in self._accounts if one.profile == update.profile]

    async def _store(self, decision: Decision) -> int:
        if not decision.scrobbles:
            await self._plays.save(decision.update)
            return 0
        accounts = self._accounts_of(decision.update)
        if decision.update.reason_code == Reason.BY_HAND:
            # Counting by hand asks no account's own threshold.
            accounts = [
                replace(account, switches=replace(account.switches, threshold=None))
                for account in accounts
            ]
        routed = [
            (scrobble, destinations(scrobble, accounts, self._kinds))
            for scrobble in decision.scrobbles
        ]
        held_until = None
        if self._settings.hold_minutes:
            held_until = self._clock.now() + timedelta(minutes=self._settings.hold_minutes)
        return await self._plays.count(decision.update, routed, held_until=held_until)

    async def _remember(self, event_id: str) -> None:
        places = self._places
        places.put(self._tracker.profile, event_id)
        try:
            await self._meta.set_meta(_SINCE, places.text() if event_id else "")
        except StoreTrouble as error:
            self._trouble(str(error))
        else:
            if not event_id:
                self._since_is_private = False
            if not self._since_is_private:
                # Else a pause began while this was written: what is stored goes again.
                self.last_event_id = event_id

    def _trim(self) -> None:
        """Keep memory bounded while the disk takes nothing; scrobbles are never let go."""
        if len(self._unsaved) > _MOST_UNSAVED:
            kept = [d for d in self._unsaved if d.scrobbles or d.ended]
            self._unsaved = deque(kept)
