"""Marking items as watched at the server, once, so that it is not taken for a play, and undone.

Plan, send, read back: a mark is on disk before its request leaves, and is done once the server has
been seen to hold it, with the time the server gave it. What was not answered is read back before
anything is sent again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import (
    CompanionError,
    ImportRefused,
    ServiceTrouble,
    SessionExpired,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.library import SubjectKind
from revenge_companion.core.marking import (
    UNSURE,
    Mark,
    Marked,
    MarkItem,
    MarkState,
    Unmarked,
)
from revenge_companion.revenge.marking import (
    ABREAST,
    Marker,
    before_of,
    chunks,
    holds,
    is_as_far,
    is_restored,
)
from revenge_companion.revenge.notes import Notes
from revenge_companion.revenge.own import Span
from revenge_companion.revenge.pace import together
from revenge_companion.store.database import Database
from revenge_companion.store.marks import Marks

_log = logging.getLogger(__name__)

#: Items that are planned, sent and read back together; nobody looks for plays meanwhile.
CHUNK = 100
#: How often one chunk is sent where it is not answered.
TRIES = 3
#: What was not answered may still be under way, in seconds.
LATE_S = 2.0

#: Marks with what became of them, and until when the server's word on the item is ours.
_Settled = list[tuple[Mark, MarkState, datetime | None]]


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where marks are made, written down and told of."""

    marks: Marks
    marker: Marker
    notes: Notes


class Marking:
    """Marks, and what is known of them; it implements `revenge.own.OwnWrites`."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._desk: _Desk | None = None
        #: Held while something is planned, sent and read back.
        self._turn = asyncio.Lock()
        #: Whether there may be marks of which it is not known what came of them.
        self._maybe_open = True

    def use(self, profile: str, marker: Marker, notes: Notes) -> None:
        """Write at this server, as this user, from now on."""
        self._desk, self._maybe_open = _Desk(Marks(self._db, profile), marker, notes), True

    def rest(self) -> None:
        """Nobody is signed in."""
        self._desk = None

    def _signed_in(self) -> _Desk:
        if self._desk is None:
            raise Unreachable("Nobody is signed in to a server.")
        return self._desk

    # Own writes

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """While it is held nothing is written, and what was, is known as far as can be."""
        async with self._turn:
            if self._desk is not None and self._maybe_open:
                try:
                    for some in chunks(await self._desk.marks.open(), CHUNK):
                        await self._settle(self._desk, some)
                    self._maybe_open = False
                except SessionExpired:
                    raise
                except CompanionError as error:
                    _log.info("What came of some marks is not known yet: %s", error)
            yield

    async def until(self, media_ids: Iterable[str]) -> Mapping[str, datetime]:
        """See `OwnWrites`."""
        return {} if self._desk is None else await self._desk.marks.until(media_ids)

    async def others(self) -> Sequence[Span]:
        """See `OwnWrites`."""
        return () if self._desk is None else await self._desk.notes.others()

    async def episodes(self) -> int:
        """See `OwnWrites`."""
        return 0 if self._desk is None else await self._desk.marks.episodes()

    # Marking

    async def mark(self, items: Sequence[MarkItem]) -> Mapping[int, Marked]:
        """Mark items as watched; what came of each line, by its id.

        A line that was marked before is not marked again, so a call that was cut off is simply made
        again. Raises SessionExpired, StoreTrouble or any error of the server's calls; what was
        marked until then is marked.
        """
        desk = self._signed_in()
        results: dict[int, Marked] = {}
        first: dict[str, MarkItem] = {}
        for item in items:
            if item.kind not in (SubjectKind.MOVIE, SubjectKind.EPISODE):
                raise ValueError(f"a {item.kind} cannot be marked")
            first.setdefault(item.media_id, item)
        for some in chunks(list(first.values()), CHUNK):
            async with self._turn:
                results |= await self._mark(desk, some)
        for item in items:
            if item.row_id not in results:
                gone = results[first[item.media_id].row_id] is Marked.GONE
                results[item.row_id] = Marked.GONE if gone else Marked.THERE
        return results

    async def _mark(self, desk: _Desk, items: Sequence[MarkItem]) -> dict[int, Marked]:
        ids = [item.media_id for item in items]
        await self._settle(desk, await desk.marks.open(ids))
        results: dict[int, Marked] = {}
        for tries_left in reversed(range(TRIES)):
            known = await desk.marks.of_rows([item.row_id for item in items])
            for item in items:
                mark = known.get(item.row_id)
                if mark and mark.media_id == item.media_id and mark.state is MarkState.DONE:
                    results[item.row_id] = Marked.MARKED
            left = [item for item in items if item.row_id not in results]
            try:
                return results | await self._mark_once(desk, left)
            except (Unanswered, ServiceTrouble):
                if not tries_left:
                    raise
            await self._clock.sleep(LATE_S)
            await self._settle(desk, await desk.marks.open(ids))
        return results

    async def _mark_once(self, desk: _Desk, items: Sequence[MarkItem]) -> dict[int, Marked]:
        found = await desk.marker.read(items)
        results: dict[int, Marked] = {}
        planned = []
        for item in items:
            watched = found[item.media_id]
            if watched is not None and is_as_far(watched, item):
                results[item.row_id] = Marked.THERE
            else:
                planned.append((item, before_of(watched)))
        if not planned:
            return results
        self._maybe_open = True
        await desk.notes.begin()
        marks = await desk.marks.plan(planned, self._clock.now())
        by_mark = {mark.id: item for mark, (item, _) in zip(marks, planned, strict=True)}
        sent = await desk.marker.send(marks, by_mark)
        await desk.marks.drop(sent.gone)
        made = [mark for mark in marks if mark not in sent.gone]
        held = await desk.marker.held(made, all_episodes=sent.all_episodes)
        await desk.marks.settle(
            [(mark, MarkState.DONE, held[mark.id].until) for mark in made if mark.id in held]
        )
        await desk.marks.drop([mark for mark in made if mark.id not in held])
        await desk.notes.end([one.until for one in held.values() if one.until is not None])
        for mark in marks:
            is_held = Marked.MARKED if mark.id in held else Marked.GONE
            results[by_mark[mark.id].row_id] = is_held
        return results

    async def _settle(self, desk: _Desk, marks: Sequence[Mark]) -> None:
        """Find out what came of marks that were cut off; those that never came are forgotten."""
        found = await desk.marker.read(marks)
        settled: _Settled = []
        lost = []
        for mark in marks:
            watched = found[mark.media_id]
            # What the server dates long after our request is somebody's play.
            played = watched is not None and watched.last_watched_at > mark.planned_at + UNSURE
            if mark.state is MarkState.OPEN:
                if watched is not None and holds(watched, mark) and not played:
                    settled.append((mark, MarkState.DONE, watched.last_watched_at))
                else:
                    lost.append(mark)
            elif is_restored(watched, mark) and not played:
                until = mark.until if watched is None else watched.last_watched_at
                settled.append((mark, MarkState.UNDONE, until))
            else:
                # As if it had not been tried: the next undo looks at it anew.
                settled.append((mark, MarkState.DONE, mark.until))
        await desk.marks.settle(settled)
        await desk.marks.drop(lost)

    # Undoing

    async def unmark(self, row_ids: Sequence[int]) -> Mapping[int, Unmarked]:
        """Put back what the server had before these lines were marked, by line.

        What was played since stays. The server takes no dates: what was left unfinished comes back
        with the time of now. Raises what `mark` raises; the call is simply made again then. Raises
        ImportRefused where they were marked at another server or as another user.
        """
        desk = self._signed_in()
        if await desk.marks.elsewhere(row_ids):
            raise ImportRefused(
                "This was marked at another server or for another user. Sign in there to undo it."
            )
        results: dict[int, Unmarked] = {}
        for some in chunks(list(dict.fromkeys(row_ids)), CHUNK):
            async with self._turn:
                results |= await self._unmark(desk, some)
        return results

    async def _unmark(self, desk: _Desk, row_ids: Sequence[int]) -> dict[int, Unmarked]:
        known = await desk.marks.of_rows(row_ids)
        cut_off = (MarkState.OPEN, MarkState.UNDOING)
        await self._settle(desk, [mark for mark in known.values() if mark.state in cut_off])
        known = await desk.marks.of_rows(row_ids)
        done = [mark for mark in known.values() if mark.state is MarkState.DONE]
        found = await desk.marker.read(done)
        kept: list[Mark] = []
        ours: list[Mark] = []
        for mark in done:
            watched = found[mark.media_id]
            is_ours = watched is None or (
                holds(watched, mark)
                and mark.until is not None
                and watched.last_watched_at <= mark.until
            )
            (ours if is_ours else kept).append(mark)
        await desk.marks.settle([(mark, MarkState.KEPT, mark.until) for mark in kept])
        if ours:
            await self._restore(desk, ours)
        results = {}
        for row_id in row_ids:
            was = known.get(row_id)
            if was is None:
                results[row_id] = Unmarked.NOTHING
            elif was in kept or was.state is MarkState.KEPT:
                results[row_id] = Unmarked.PLAYED_SINCE
            else:
                results[row_id] = Unmarked.RESTORED
        return results

    async def _restore(self, desk: _Desk, marks: Sequence[Mark]) -> None:
        self._maybe_open = True
        await desk.notes.begin()
        await desk.marks.begin_undoing(marks, self._clock.now())
        written = []
        for some in chunks(marks, ABREAST):
            times = await together([desk.marker.restore(mark) for mark in some])
            pairs = list(zip(some, times, strict=True))
            await desk.marks.settle([(mark, MarkState.UNDONE, time) for mark, time in pairs])
            written += [time for mark, time in pairs if mark.before is not None and time]
        await desk.notes.end(written)

    async def forget_rows(self, row_ids: Sequence[int] | None = None) -> None:
        """These lines, or all, are removed from the list of imports, and can no longer be undone.

        What they marked stays known as our own writing.
        """
        await Marks(self._db, "").forget_rows(row_ids)
