"""What the server's history shows that nobody saw live: films by their history, episodes by what
they left behind.

A walk asks everything before it concludes anything, so one that fails is as if it had not been.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Item, Kind, episode_order
from revenge_companion.core.playback import EventType, PlaybackEvent
from revenge_companion.revenge.client import RevengeClient
from revenge_companion.revenge.descriptions import Descriptions
from revenge_companion.revenge.fields import FUTURE_LIMIT
from revenge_companion.revenge.own import NoWrites, OwnWrites, Span, is_ours
from revenge_companion.revenge.polling import polled
from revenge_companion.revenge.rows import EpisodeRow, MovieRow, Watched

_log = logging.getLogger(__name__)

#: Pages of films in one walk: 5,000 films.
PAGES = 50
#: Rows that two pages share, because a film that is begun again leaves the list meanwhile.
OVERLAP = 5
#: Requests that a walk spends on looking episodes up.
LOOKUPS = 100
#: Films and episodes remembered.
FILMS, EPISODES = 5000, 300
#: Episodes in a row that were not watched, after which a series is left.
MISSES = 2


@dataclass(frozen=True, slots=True)
class Stock:
    """What was known of a user's history after the last walk; times are the server's own."""

    #: The latest time the server has named; what is later is new. None where it named none.
    newest: datetime | None = None
    #: Finished films: when, and the server's change counter (None where it did not say).
    films: Mapping[str, tuple[datetime, int | None]] = field(default_factory=dict)
    #: Episodes in progress: their series, and when they were last watched.
    episodes: Mapping[str, tuple[str, datetime]] = field(default_factory=dict)
    #: The server's counter of watched episodes; None where it did not say.
    episodes_watched: int | None = None
    #: By how many that counter was higher through our own marks.
    own_episodes: int = 0

    def text(self) -> str:
        """The stock as text, for `stock_from_text`."""
        data = {
            "v": 1,
            "newest": _second(self.newest),
            "films": {key: [_second(at), count] for key, (at, count) in self.films.items()},
            "episodes": {key: [series, _second(at)] for key, (series, at) in self.episodes.items()},
            "episodes_watched": self.episodes_watched,
            "own_episodes": self.own_episodes,
        }
        return json.dumps(data, separators=(",", ":"))


def stock_from_text(text: str) -> Stock:
    """The stock that `text` holds; raises ValueError, KeyError or TypeError on anything else."""
    data: dict[str, Any] = json.loads(text)
    newest, watched = data["newest"], data["episodes_watched"]
    return Stock(
        newest=None if newest is None else _moment(newest),
        films={
            key: (_moment(at), None if count is None else int(count))
            for key, (at, count) in data["films"].items()
        },
        episodes={
            key: (str(series), _moment(at)) for key, (series, at) in data["episodes"].items()
        },
        episodes_watched=None if watched is None else int(watched),
        own_episodes=int(data.get("own_episodes", 0)),
    )


@dataclass(slots=True)
class _Search:
    """Episodes that were watched unseen, and what may still be spent on finding more."""

    #: Finished episodes by the counter that are not explained yet.
    unexplained: int
    lookups: int = LOOKUPS
    #: By how many the counter is higher through our own marks.
    own: int = 0
    found: dict[str, EpisodeRow] = field(default_factory=dict)
    #: Left unfinished, though no longer in the list, which names one episode per series.
    unfinished: dict[str, tuple[str, datetime]] = field(default_factory=dict)


class CatchUp:
    """Walks one user's history."""

    def __init__(self, client: RevengeClient, clock: Clock, own: OwnWrites | None = None) -> None:
        self._client = client
        self._clock = clock
        self._own = own or NoWrites()
        self._others: Sequence[Span] = ()
        self._descriptions = Descriptions(client)

    async def since(self, stock: Stock | None) -> tuple[list[PlaybackEvent], Stock]:
        """What was finished since `stock`, oldest first, and the stock of now.

        Without a stock nothing is told: what was watched before is not for us to scrobble. Raises
        SessionExpired or any error of `RevengeClient`; nothing is lost by it. What we marked there
        ourselves is no play.
        """
        async with self._own.still():
            return await self._since(stock)

    async def _since(self, stock: Stock | None) -> tuple[list[PlaybackEvent], Stock]:
        films = await self._films(stock)
        begun = await self._client.episodes_in_progress()
        watched = await self._client.episodes_watched()
        search = _Search(0, own=await self._own.episodes())
        if stock is not None:
            if watched is not None and stock.episodes_watched is not None:
                ours = search.own - stock.own_episodes
                search.unexplained = max(0, watched - stock.episodes_watched - ours)
            await self._search(stock, begun, search)
        finished: list[MovieRow | EpisodeRow] = [*search.found.values()]
        if stock is not None:
            new = [row for row in films.values() if _is_new(row, stock)]
            finished += [row for row in new if not await self._is_ours(row.watched)]
        events = [
            polled(row.item, row.watched, EventType.COMPLETED, self._clock) for row in finished
        ]
        events.sort(key=lambda event: event.at)
        return events, self._stock(stock, films, begun, search, watched)

    async def _is_ours(self, watched: Watched) -> bool:
        own = await self._own.until([watched.media_id])
        if is_ours(watched, own, self._others):
            return True
        # Asked for again for each play, and once for all that another Companion marked.
        self._others = await self._own.others()
        return is_ours(watched, own, self._others)

    def _stock(
        self,
        before: Stock | None,
        films: Mapping[str, MovieRow],
        begun: Sequence[EpisodeRow],
        search: _Search,
        watched: int | None,
    ) -> Stock:
        old = before or Stock()
        known = dict(old.films) | {
            key: (row.watched.last_watched_at, row.watch_count) for key, row in films.items()
        }
        kept = sorted(known.items(), key=lambda one: one[1][0], reverse=True)[:FILMS]
        episodes = search.unfinished | {
            row.item.media_id: (row.series_id, row.watched.last_watched_at) for row in begun
        }
        # A time from a clock that runs ahead would hide everything until it has come.
        limit = self._clock.now() + FUTURE_LIMIT
        times = [
            *(row.watched.last_watched_at for row in films.values()),
            *(row.watched.last_watched_at for row in (*begun, *search.found.values())),
            *(() if old.newest is None else (old.newest,)),
        ]
        return Stock(
            newest=max((at for at in times if at <= limit), default=None),
            films=dict(kept),
            episodes=dict(list(episodes.items())[-EPISODES:]),
            episodes_watched=watched if watched is not None else old.episodes_watched,
            own_episodes=search.own if watched is not None else old.own_episodes,
        )

    # Films

    async def _films(self, stock: Stock | None) -> dict[str, MovieRow]:
        """Finished films, back to the last one that the stock knows of."""
        rows: dict[str, MovieRow] = {}
        until = stock.newest if stock is not None else None
        offset = 0
        for _ in range(PAGES):
            page = await self._client.movie_history(offset)
            new = [row for row in page if row.item.media_id not in rows]
            rows |= {row.item.media_id: row for row in new}
            if not new or (until is not None and _oldest(new) < until):
                return rows
            offset += max(1, len(page) - OVERLAP)
        _log.info("The history is longer than %d pages; the rest of it was not read", PAGES)
        return rows

    # Episodes

    async def _search(self, stock: Stock, begun: Sequence[EpisodeRow], search: _Search) -> None:
        now = {row.item.media_id for row in begun}
        for episode_id, (series_id, at) in stock.episodes.items():
            if episode_id not in now:
                await self._look_up(episode_id, series_id, at, search)
        for series_id in dict.fromkeys(
            [series for series, _ in stock.episodes.values()] + [row.series_id for row in begun]
        ):
            if search.unexplained > 0 and search.lookups > 0 and series_id:
                await self._walk(series_id, stock, now, search)
        if search.unexplained > 0:
            _log.info("%d watched episodes could not be found", search.unexplained)

    async def _walk(
        self, series_id: str, stock: Stock, now: Iterable[str], search: _Search
    ) -> None:
        """Look at the episodes after the last one known, or before the one in progress."""
        search.lookups -= 1
        episodes = await self._client.series_episodes(series_id)
        episodes = sorted(
            episodes, key=lambda one: episode_order(one.season_number, one.episode_number)
        )
        ids = [episode.media_id for episode in episodes]
        known = [index for index, one in enumerate(ids) if one in stock.episodes]
        current = [index for index, one in enumerate(ids) if one in now]
        before = ids[: current[0]][::-1] if current else []
        order = ids[known[0] + 1 :] if known else before
        misses = 0
        for episode_id in order:
            if search.unexplained <= 0 or search.lookups <= 0 or misses == MISSES:
                return
            if episode_id in search.found or episode_id in now:
                continue
            found = await self._look_up(episode_id, series_id, stock.newest, search)
            misses = 0 if found else misses + 1

    async def _look_up(
        self, episode_id: str, series_id: str, since: datetime | None, search: _Search
    ) -> bool:
        """Whether an episode was finished after `since`; one that was is kept in `search`."""
        if search.lookups <= 0:
            if since is not None:
                search.unfinished[episode_id] = (series_id, since)
            return False
        search.lookups -= 1
        watched = await self._client.episode_progress(episode_id)
        if watched is None:
            return False
        if not watched.completed:
            search.unfinished[episode_id] = (series_id, watched.last_watched_at)
            return False
        if await self._is_ours(watched):
            # It ends no row of episodes that were watched one after the other.
            return True
        if since is not None and watched.last_watched_at <= since:
            return False
        row = EpisodeRow(Item(Kind.EPISODE, episode_id, ""), series_id, watched)
        item = await self._descriptions.described(row)
        if item is None:
            _log.debug("a watched episode is no longer in the catalogue")
            return False
        search.found[episode_id] = EpisodeRow(item, series_id, watched)
        search.unexplained -= 1
        return True


def _is_new(row: MovieRow, stock: Stock) -> bool:
    """Whether a film was finished since the stock was taken.

    Marking a finished film again changes only its time: that is no play.
    """
    at = row.watched.last_watched_at
    known = stock.films.get(row.item.media_id)
    if known is None:
        return stock.newest is None or at > stock.newest
    before, count = known
    if at <= before:
        return False
    return count is None or row.watch_count is None or row.watch_count > count


def _oldest(rows: Iterable[MovieRow]) -> datetime:
    return min(row.watched.last_watched_at for row in rows)


def _second(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _moment(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)
