"""Playback made of what today's servers keep: progress rows, counters and the films' history.

A row that moves is a play; one that stands still is paused, then stopped; one that leaves because
it was finished is completed. The first poll only takes stock. Every request of a poll is made
before anything is concluded, so a poll that fails is as if it had not been.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.playback import (
    POLL_SESSION,
    Device,
    EventType,
    PlaybackEvent,
    PlayState,
    Source,
)
from revenge_companion.revenge.client import RevengeClient
from revenge_companion.revenge.descriptions import Descriptions
from revenge_companion.revenge.fields import FUTURE_LIMIT
from revenge_companion.revenge.own import NoWrites, OwnWrites, Span, is_ours
from revenge_companion.revenge.rows import EpisodeRow, MovieRow, MovieStats, Watched

#: Between two polls, in seconds.
POLL_S = 60.0
#: Without a poll for longer than this, a row that moved may have moved long ago, in seconds.
GAP_S = 3 * POLL_S
#: Polls a row may stand still, paused, before its play is over.
STILL_POLLS = 5
#: Rows looked up one by one in a poll; the rest wait for the next.
LOOKUPS = 20


class _Phase(Enum):
    AT_REST = auto()
    PLAYING = auto()
    PAUSED = auto()


@dataclass(frozen=True, slots=True)
class _Row:
    """A film or episode in progress, as it was last seen."""

    item: Item
    watched: Watched
    series_id: str = ""
    phase: _Phase = _Phase.AT_REST
    still: int = 0


@dataclass(frozen=True, slots=True)
class _Look:
    """What one poll found."""

    rows: dict[str, _Row]
    stats: MovieStats | None
    #: None where the counters said that nothing was finished.
    history: list[MovieRow] | None
    #: Progress of rows that left and films that were finished; absent where there was no time.
    progress: dict[str, Watched | None]
    #: Until when the server's word on an item is what we wrote there ourselves.
    own: Mapping[str, datetime]
    #: When another Companion wrote there.
    others: Sequence[Span] = ()

    def is_ours(self, watched: Watched) -> bool:
        return is_ours(watched, self.own, self.others)


class Poller:
    """Turns the progress of one user into playback events."""

    def __init__(self, client: RevengeClient, clock: Clock, own: OwnWrites | None = None) -> None:
        self._client = client
        self._clock = clock
        self._own = own or NoWrites()
        self._rows: dict[str, _Row] = {}
        self._stats: MovieStats | None = None
        #: Finished films: the last watched time and change counter known; without a counter it was
        #: told already, and the history has yet to follow.
        self._finished: dict[str, tuple[Watched, int | None]] = {}
        self._polled_s: float | None = None
        self._episodes = Descriptions(client)

    def forget(self) -> None:
        """Let the next poll take stock again, after a time in which another source was trusted."""
        self._polled_s = None

    async def poll(self) -> list[PlaybackEvent]:
        """Ask once; what changed since the last time, as events.

        Raises SessionExpired or any error of `RevengeClient`; nothing is lost by it.
        """
        async with self._own.still():
            look = await self._look()
        now_s = self._clock.monotonic_s()
        if self._polled_s is None:
            events = []
        else:
            watched_gap = now_s - self._polled_s > GAP_S
            events = self._finishes(look) + self._moves(look, watched_gap)
        self._take_stock(look)
        self._polled_s = now_s
        return events

    async def _look(self) -> _Look:
        rows: dict[str, _Row] = {}
        for movie in await self._client.movies_in_progress():
            rows[movie.item.media_id] = _Row(movie.item, movie.watched)
        for episode in await self._client.episodes_in_progress():
            rows[episode.item.media_id] = await self._episode(episode)
        stats = await self._client.movie_stats()
        first = self._polled_s is None
        history = await self._client.movie_history() if first or stats != self._stats else None
        progress: dict[str, Watched | None] = {}
        ids = {*rows, *self._rows, *(row.item.media_id for row in history or ())}
        look = _Look(rows, stats, history, progress, await self._own.until(ids))
        if not first:
            left = [row.item for key, row in self._rows.items() if key not in rows]
            moved = any(self._has_moved(key, row) for key, row in rows.items())
            if left or moved or any(self._is_new(row, look) for row in history or ()):
                look = replace(look, others=await self._own.others())
            done = [row.item for row in history or () if self._is_new(row, look)]
            for item in (left + done)[:LOOKUPS]:
                if item.media_id not in progress:
                    progress[item.media_id] = await self._progress(item)
        return look

    def _has_moved(self, key: str, row: _Row) -> bool:
        known = self._rows.get(key)
        return known is None or known.watched != row.watched

    async def _progress(self, item: Item) -> Watched | None:
        if item.kind is Kind.MOVIE:
            return await self._client.movie_progress(item.media_id)
        return await self._client.episode_progress(item.media_id)

    async def _episode(self, row: EpisodeRow) -> _Row:
        """`row` with its ids, asked for only when it moved since they were last needed."""
        known = self._rows.get(row.item.media_id)
        item = self._episodes.known(row.item.media_id)
        if item is None and self._polled_s is not None:
            moved = known is None or known.watched != row.watched
            item = await self._episodes.of(row) if moved else None
        return _Row(item or row.item, row.watched, row.series_id)

    def _is_new(self, row: MovieRow, look: _Look) -> bool:
        """Whether a film of the history was finished since the last poll, and not by us.

        Marking a finished film again changes only its time: that is no play. A film whose counter
        was never seen is believed only when the counter over all films rose too.
        """
        if look.is_ours(row.watched):
            return False
        known = self._finished.get(row.item.media_id)
        if known is not None:
            watched, count = known
            return (
                count is not None
                and row.watched.last_watched_at > watched.last_watched_at
                and (row.watch_count or 0) > count
            )
        newest = max((seen.last_watched_at for seen, _ in self._finished.values()), default=None)
        if newest is not None and row.watched.last_watched_at <= newest:
            return False
        before = self._stats.total_watches if self._stats else 0
        return look.stats is not None and look.stats.total_watches > before

    def _finishes(self, look: _Look) -> list[PlaybackEvent]:
        """Films that were finished without having been seen in progress at the last poll."""
        events = []
        for row in look.history or ():
            media_id = row.item.media_id
            if media_id in self._rows or not self._is_new(row, look):
                continue
            watched = look.progress.get(media_id) or row.watched
            events.append(self._event(_Row(row.item, watched), EventType.COMPLETED))
        return events

    def _moves(self, look: _Look, gap: bool) -> list[PlaybackEvent]:
        events = []
        for key, row in look.rows.items():
            before = self._rows.get(key)
            if look.is_ours(row.watched):
                # What we wrote there is no play; one that went on is not seen any more.
                events += self._ends(before)
                continue
            kind, after = self._move(before, row, gap)
            look.rows[key] = after
            if kind is not None:
                events.append(self._event(after, kind))
        for key, row in self._rows.items():
            if key in look.rows:
                continue
            if key not in look.progress:
                # No time to ask about this one: it is looked at again at the next poll.
                look.rows[key] = row
                continue
            watched = look.progress[key]
            if watched is not None and look.is_ours(watched):
                events += self._ends(row)
            else:
                events += self._leaves(row, watched)
        return events

    def _ends(self, row: _Row | None) -> list[PlaybackEvent]:
        """The end of a play that was seen in progress, where it was when it was last seen."""
        if row is None or row.phase is _Phase.AT_REST:
            return []
        return [self._event(row, EventType.STOPPED)]

    def _move(self, before: _Row | None, row: _Row, gap: bool) -> tuple[EventType | None, _Row]:
        """What happened to a row in progress, and what it is now."""
        if before is None or before.phase is _Phase.AT_REST:
            moved = before is None or before.watched.progress_s != row.watched.progress_s
            newest = max(
                (seen.watched.last_watched_at for seen in self._rows.values()), default=None
            )
            if before is None and newest is not None:
                # Rows also appear because others left; a play is later than all that was known.
                moved = row.watched.last_watched_at > newest
            elif before is None:
                moved = self._is_recent(row.watched)
            if not moved or (gap and not self._is_recent(row.watched)):
                return None, row
            return EventType.STARTED, replace(row, phase=_Phase.PLAYING)
        if before.watched.progress_s != row.watched.progress_s:
            playing = replace(row, phase=_Phase.PLAYING)
            if before.phase is _Phase.PAUSED:
                return EventType.RESUMED, playing
            return EventType.PROGRESS, playing
        if before.phase is _Phase.PLAYING:
            return EventType.PAUSED, replace(row, phase=_Phase.PAUSED, still=1)
        if before.still + 1 < STILL_POLLS:
            return None, replace(row, phase=_Phase.PAUSED, still=before.still + 1)
        return EventType.STOPPED, row

    def _leaves(self, row: _Row, watched: Watched | None) -> list[PlaybackEvent]:
        """What it means that a row is no longer in progress."""
        if watched is not None and watched.completed:
            newer = watched.last_watched_at > row.watched.last_watched_at
            if newer or row.phase is not _Phase.AT_REST:
                if row.item.kind is Kind.MOVIE:
                    self._finished[row.item.media_id] = (watched, None)
                return [self._event(replace(row, watched=watched), EventType.COMPLETED)]
        return self._ends(replace(row, watched=watched or row.watched))

    def _is_recent(self, watched: Watched) -> bool:
        return abs(self._clock.now() - watched.last_watched_at) <= FUTURE_LIMIT

    def _take_stock(self, look: _Look) -> None:
        self._rows = look.rows
        self._stats = look.stats
        for row in look.history or ():
            known = self._finished.get(row.item.media_id)
            if known is None or row.watched.last_watched_at >= known[0].last_watched_at:
                self._finished[row.item.media_id] = (row.watched, row.watch_count or 0)

    def _event(self, row: _Row, kind: EventType) -> PlaybackEvent:
        return polled(row.item, row.watched, kind, self._clock)


def polled(item: Item, watched: Watched, kind: EventType, clock: Clock) -> PlaybackEvent:
    """An event told by a row of progress or history, dated by the server where that can be."""
    now = clock.now()
    at = watched.last_watched_at
    # A row that stands still was written when it last moved; playing may go on unwritten.
    if kind is EventType.STOPPED or at - now > FUTURE_LIMIT:
        at = now
    # The catalogue's runtime is another cut's as often as not; the position is one in the file.
    if watched.duration_s is not None:
        item = replace(item, duration_s=watched.duration_s)
    return PlaybackEvent(
        id="",
        type=kind,
        at=at,
        at_s=clock.monotonic_s(),
        # The server names no session; the item's own name survives a restart of ours.
        session_id=f"{POLL_SESSION}{item.media_id}",
        item=item,
        state=_STATES[kind],
        position_s=watched.progress_s,
        device=_DEVICE,
        source=Source.POLL,
    )


_DEVICE = Device()
_STATES = {
    EventType.STARTED: PlayState.PLAYING,
    EventType.PROGRESS: PlayState.PLAYING,
    EventType.RESUMED: PlayState.PLAYING,
    EventType.PAUSED: PlayState.PAUSED,
    EventType.STOPPED: PlayState.STOPPED,
    EventType.COMPLETED: PlayState.STOPPED,
}
