"""Walks the server's catalogue. There is no call that finds an item by its external id.

Pages can overlap: the server sorts rows that tie in any order. A walk is whole once it has seen as
many different items as the server says there are; one that is not whole shows what is there, and
says nothing of what is not.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence

from revenge_companion.core.catalogue import ServerItem
from revenge_companion.revenge.catalogue import CataloguePage
from revenge_companion.revenge.client import PAGE_LIMIT, RevengeClient
from revenge_companion.revenge.pace import Pace

_log = logging.getLogger(__name__)

#: How films are sorted at each try: what ties in one order does not tie in another. Series are
#: always sorted alike, whatever is asked for.
ORDERS = ("title", "added", "year")
#: Pages of one try: a million items.
PAGES = 10_000

#: Takes items as they are read, with how many there are where that is known.
Keep = Callable[[Sequence[ServerItem], int | None], Awaitable[None]]
_Fetch = Callable[[int, str], Awaitable[CataloguePage]]


class CatalogueWalk:
    """Reads one user's view of a server's catalogue."""

    def __init__(self, client: RevengeClient, pace: Pace) -> None:
        self._client = client
        self._pace = pace

    async def films(self, keep: Keep) -> bool:
        """Hand every film to `keep`, some more than once; True where none can be missing.

        Raises SessionExpired or any error of `RevengeClient`.
        """
        return await self._walk("films", self._client.films_page, keep)

    async def shows(self, keep: Keep) -> bool:
        """As `films`, for shows without their episodes."""
        return await self._walk("shows", self._client.shows_page, keep)

    async def episodes(self, show: ServerItem) -> list[ServerItem] | None:
        """Every episode and season of `show`; None where the server may not have told.

        Series calls answer a failure of the database like an absence.
        """
        return await self._pace.read(lambda: self._client.show_episodes(show))

    async def _walk(self, what: str, fetch: _Fetch, keep: Keep) -> bool:
        known: set[str] = set()
        before: int | None = None
        for order in ORDERS:
            found, total = await self._try(fetch, order, keep)
            # Where the number changed meanwhile, what was seen before may be gone.
            known = known | found if total is not None and total == before else found
            if total is not None and len(known) == total:
                return True
            before = total
        _log.info("The server lists %s %s and showed %d of them", before, what, len(known))
        return False

    async def _try(self, fetch: _Fetch, order: str, keep: Keep) -> tuple[set[str], int | None]:
        """The ids of one try, and how many there are; None where that changed meanwhile."""
        found: set[str] = set()
        totals: set[int | None] = set()
        offset = 0
        for _ in range(PAGES):
            page = await self._pace.read(lambda at=offset: fetch(at, order))  # type: ignore[misc]  # a lambda's default has no type
            totals.add(page.total)
            new = [one for one in page.items if one.subject.media_id not in found]
            found.update(one.subject.media_id for one in new)
            if new:
                await keep(new, page.total)
            offset += page.rows
            over = page.rows < PAGE_LIMIT if page.total is None else offset >= page.total
            if over or page.rows == 0:
                break
        return found, totals.pop() if len(totals) == 1 else None
