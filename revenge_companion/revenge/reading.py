"""What the server knows of a user's watching, read as lines of a library.

Films have a history, with the time of their last viewing. Episodes have none: series by series it
is asked how many were watched, and then episode by episode when, in their order, until as many are
found. That is many requests, so a walk is cut into pages and goes on where it was left.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from revenge_companion.core.catalogue import ServerItem
from revenge_companion.core.library import Entry, Facet, Subject, SubjectKind, subject_of
from revenge_companion.core.media import episode_order
from revenge_companion.revenge.catalogue import SeriesStats
from revenge_companion.revenge.client import HISTORY_LIMIT, RevengeClient
from revenge_companion.revenge.own import OwnWrites, is_ours
from revenge_companion.revenge.pace import Pace, together
from revenge_companion.revenge.rows import Watched

#: Requests of one page of episodes.
BUDGET = 100
#: Rows that two pages of films share, because a film that is begun again leaves the list.
OVERLAP = 5
_ABREAST = 4
_SHOWS = 50

#: Shows behind an id, in the order of ids, at most so many.
Shows = Callable[[str, int], Awaitable[Sequence[ServerItem]]]
#: The episodes of a show; None where the server may not have told.
Episodes = Callable[[ServerItem], Awaitable[Sequence[ServerItem] | None]]


@dataclass(frozen=True, slots=True)
class ServerPage:
    """One page of the walk."""

    entries: tuple[Entry, ...]
    #: Where it goes on; empty after the last one.
    next_cursor: str
    #: Shows the server gave no answer about, by their titles: what is missing may be there.
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk is: among the films, or behind a show, or inside one."""

    #: Films read; None once they are through.
    films: int | None = 0
    #: The last show that is done, by its id.
    after: str = ""
    #: Episodes looked at of the show behind it, and watched ones still to find there; None where it
    #: was not begun.
    looked: int = 0
    left: int | None = None

    def text(self) -> str:
        return json.dumps([self.films, self.after, self.looked, self.left])


def _place(cursor: str) -> _Place:
    try:
        films, after, looked, left = json.loads(cursor or '[0, "", 0, null]')
        return _Place(
            None if films is None else int(films),
            str(after),
            int(looked),
            None if left is None else int(left),
        )
    except (ValueError, TypeError):
        # A cursor of another version: the walk begins anew, and brings the same lines.
        return _Place()


class ServerReading:
    """Reads one user's history; what Companions marked there themselves is left out."""

    def __init__(
        self,
        client: RevengeClient,
        pace: Pace,
        own: OwnWrites,
        *,
        shows: Shows,
        episodes: Episodes,
    ) -> None:
        self._client = client
        self._pace = pace
        self._own = own
        self._shows = shows
        self._episodes = episodes

    async def mark(self) -> str:
        """A text that changes when something was finished or forgotten; two requests.

        Raises SessionExpired or any error of `RevengeClient`, as `page` does.
        """
        films = await self._pace.read(self._client.movie_stats)
        episodes = await self._pace.read(self._client.episodes_watched)
        counts = (None, None) if films is None else (films.watched_count, films.total_watches)
        return json.dumps([*counts, episodes])

    async def page(self, cursor: str) -> ServerPage:
        """The page at `cursor`, "" for the first."""
        place = _place(cursor)
        if place.films is not None:
            return await self._films(place, place.films)
        return await self._series(place)

    async def _films(self, place: _Place, offset: int) -> ServerPage:
        rows = await self._pace.read(lambda: self._client.movie_history(offset))
        own = await self._own.until([row.item.media_id for row in rows])
        others = await self._own.others()
        entries = tuple(
            _entry(subject_of(row.item), row.watched.last_watched_at)
            for row in rows
            if not is_ours(row.watched, own, others)
        )
        over = len(rows) < HISTORY_LIMIT
        return ServerPage(
            entries, replace(place, films=None if over else offset + len(rows) - OVERLAP).text()
        )

    async def _series(self, place: _Place) -> ServerPage:
        entries: list[Entry] = []
        unread: list[str] = []
        spent = 0
        while spent < BUDGET:
            shows = await self._shows(place.after, _SHOWS)
            if not shows:
                return ServerPage(tuple(entries), "", tuple(unread))
            for show in shows:
                if spent >= BUDGET:
                    break
                if place.left is None:
                    spent += 1
                    stats = await self._stats(show.subject.media_id)
                    if stats is None:
                        unread.append(show.subject.title)
                    place = replace(place, looked=0, left=0 if stats is None else stats.watched)
                found: Sequence[Entry] = ()
                if place.left:
                    spent += 1
                    episodes = await self._episodes(show)
                    if episodes is None:
                        unread.append(show.subject.title)
                        place = replace(place, left=0)
                    else:
                        place, found, asked = await self._watched(place, episodes, BUDGET - spent)
                        spent += asked
                entries += found
                if not place.left:
                    place = replace(place, after=show.subject.media_id, looked=0, left=None)
        return ServerPage(tuple(entries), place.text(), tuple(unread))

    async def _stats(self, series_id: str) -> SeriesStats | None:
        return await self._pace.read(lambda: self._client.series_stats(series_id))

    async def _progress(self, episode_id: str) -> Watched | None:
        return await self._pace.read(lambda: self._client.episode_progress(episode_id))

    async def _watched(
        self, place: _Place, episodes: Sequence[ServerItem], budget: int
    ) -> tuple[_Place, list[Entry], int]:
        """Look episodes up until all that were watched are found or the budget is spent."""
        subjects = [one.subject for one in episodes if one.subject.kind is SubjectKind.EPISODE]
        subjects.sort(key=lambda one: episode_order(one.season_number, one.episode_number))
        entries: list[Entry] = []
        looked, left, asked = place.looked, place.left or 0, 0
        others = await self._own.others()
        while left > 0 and looked < len(subjects) and asked < max(budget, _ABREAST):
            some = subjects[looked : looked + _ABREAST]
            rows = await together([self._progress(one.media_id) for one in some])
            own = await self._own.until([one.media_id for one in some])
            for subject, row in zip(some, rows, strict=True):
                if row is not None and row.completed:
                    left -= 1
                    if not is_ours(row, own, others):
                        entries.append(_entry(subject, row.last_watched_at))
            looked += len(some)
            asked += len(some)
        if looked >= len(subjects):
            left = 0
        return replace(place, looked=looked, left=max(left, 0)), entries, asked


def _entry(subject: Subject, at: datetime) -> Entry:
    """What the server says of an item: its last viewing. There is one line for each item."""
    return Entry(Facet.HISTORY, subject, line=subject.media_id, at=at)
