"""Users who keep one play of each item at Trakt: what they have already is not sent again."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import Delivery
from revenge_companion.core.errors import LaneBlocked, ServiceTrouble, Unanswered, Unreachable
from revenge_companion.core.media import Ids, Item, Kind
from revenge_companion.net.http import Answer
from revenge_companion.services.answers import mapping, object_of, rows_of, whole_number
from revenge_companion.services.trakt import payload, wire

_log = logging.getLogger(__name__)

#: How long the setting is believed, in seconds.
DAY_S = 86_400.0
#: Rows of one page, and pages read of one show's history.
_PAGE, _MOST_PAGES = 250, 40

Get = Callable[[str, dict[str, str]], Awaitable[Answer]]


class WatchOnce:
    """One account's `watch_only_once`, read once a day, and what it means for plays."""

    def __init__(self, clock: Clock, get: Get) -> None:
        self._clock = clock
        self._get = get
        self._wanted = False
        self._read_at_s: float | None = None

    def learn(self, settings: Mapping[str, Any]) -> None:
        """Take the setting from an answer of /users/settings?extended=browsing."""
        self._wanted = mapping(settings.get("browsing")).get("watch_only_once") is True
        self._read_at_s = self._clock.monotonic_s()

    async def rewatches(self, rows: Sequence[Delivery]) -> set[int]:
        """The ids of those rows that the account has a play of already, or that come twice.

        None of them where the user keeps all plays. Raises what the requests raise.
        """
        await self._refresh()
        if not self._wanted:
            return set()
        unwanted: set[int] = set()
        coming: list[payload.Place] = []
        for row in rows:
            item = row.scrobble.item
            where = payload.place(item)
            if where is None:
                continue
            if where in coming or await self._has(item):
                unwanted.add(row.id)
            coming.append(where)
        return unwanted

    async def _refresh(self) -> None:
        now_s = self._clock.monotonic_s()
        if self._read_at_s is not None and now_s - self._read_at_s < DAY_S:
            return
        try:
            answer = await self._get("/users/settings", {"extended": "browsing"})
            data = object_of(answer) if answer.status == 200 else None
            if data is None:
                raise wire.trouble(answer, may_be_kept=False)
        except (Unreachable, Unanswered, ServiceTrouble, LaneBlocked) as error:
            # What is known stays; plays do not wait for a preference.
            _log.info("Trakt's settings cannot be read now: %s", error)
            return
        self.learn(data)

    async def _has(self, item: Item) -> bool:
        if item.kind is Kind.MOVIE:
            return await self._any("movies", await self._found("movie", item.ids))
        if item.series is None or not _searchable(item.series.ids):
            return await self._any("episodes", await self._found("episode", item.ids))
        show = await self._found("show", item.series.ids)
        if show is None:
            return False
        for page in range(1, _MOST_PAGES + 1):
            entries, pages = await self._history(f"shows/{show}", page, _PAGE)
            if any(payload.same_item(entry, item) for entry in entries):
                return True
            if page >= pages:
                break
        return False

    async def _any(self, kind: str, trakt_id: int | None) -> bool:
        if trakt_id is None:
            return False
        entries, _ = await self._history(f"{kind}/{trakt_id}", 1, 1)
        return bool(entries)

    async def _history(
        self, where: str, page: int, limit: int
    ) -> tuple[list[Mapping[str, Any]], int]:
        params = {"page": str(page), "limit": str(limit)}
        answer = await self._get(f"/sync/history/{where}", params)
        pages = whole_number(answer.headers.get("x-pagination-page-count")) or 1
        return _list(answer), pages

    async def _found(self, kind: str, ids: Ids) -> int | None:
        """Trakt's own id; None where it does not know the item."""
        for name, value in _searchable(ids):
            answer = await self._get(f"/search/{name}/{value}", {"type": kind})
            for entry in _list(answer):
                found = whole_number(mapping(mapping(entry.get(kind)).get("ids")).get("trakt"))
                if found:
                    return found
        return None


def _searchable(ids: Ids) -> list[tuple[str, str]]:
    named = (("tmdb", ids.tmdb), ("tvdb", ids.tvdb), ("imdb", ids.imdb))
    return [(name, str(value)) for name, value in named if value]


def _list(answer: Answer) -> list[Mapping[str, Any]]:
    """The rows of a list; none for an item Trakt does not know."""
    if answer.status == 404 and wire.unknown_item(answer):
        return []
    try:
        data = answer.json() if answer.status == 200 else None
    except ValueError:
        data = None
    if not isinstance(data, list):
        raise wire.trouble(answer, may_be_kept=False)
    return rows_of(data)
