"""Walking through an anime list: read in chunks, once for all facets, and placed on a thread.

Lists come in numbered chunks. An entry that is removed during the walk moves all behind it forward,
so that one may slip through between two chunks: where there are several, all but the last are read
a second time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from zlib import crc32

from revenge_companion.core.animelines import ListLine, count, lines
from revenge_companion.core.animeplaces import Places
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import ServiceTrouble
from revenge_companion.core.library import Entry, Facet
from revenge_companion.services.animemap.map import AnimeMap
from revenge_companion.services.importing import ImportPage
from revenge_companion.services.reading import packed, place, unpacked

#: Lines of one page; an entry's are never cut.
PAGE_LINES = 1000
#: Chunks of one list; the longest that is known of has 22.
MOST_CHUNKS = 200
#: What was read for one facet is good for the others of the same import this long, in seconds.
GOOD_FOR_S = 600.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """One answer: entries, or a few words on one that cannot be used."""

    rows: tuple[ListLine | str, ...]
    #: There is another one.
    more: bool

    @property
    def mark(self) -> int:
        """Another number for other entries."""
        return crc32("\n".join(_key(row) for row in self.rows).encode())


#: The chunk of that number, from 1.
Fetch = Callable[[int], Awaitable[Chunk]]


class ListWalk:
    """One account's list; see `services.importing.Readable`."""

    def __init__(self, fetch: Fetch, maps: AnimeMap, clock: Clock) -> None:
        self._fetch = fetch
        self._maps = maps
        self._clock = clock
        self._lock = asyncio.Lock()
        #: What was read, by its number and whether it was for the second time.
        self._held: dict[tuple[int, bool], Chunk] = {}
        self._read_at_s = 0.0
        self._totals: dict[Facet, int] = {}

    def forget(self) -> None:
        """A new import begins: the list is read anew."""
        self._held.clear()
        self._totals.clear()

    async def page(self, facet: Facet, cursor: str) -> ImportPage:
        """The page at `cursor`; see `services.importing.Readable`."""
        at = unpacked(cursor)
        number, skip = place(at, "chunk") or 1, place(at, "skip") or 0
        #: On the second way, the number of the last chunk; that one is not read again.
        last = place(at, "last") or 0
        async with self._lock:
            if not cursor and self._clock.monotonic_s() - self._read_at_s > GOOD_FOR_S:
                self.forget()
            chunk = await self._chunk(number, last)
            if skip and place(at, "mark") != chunk.mark:
                # The program was started anew, and the list is not what it was.
                skip = 0
            places = Places(await self._maps.index(), await self._maps.overrides())
            made, reached = await asyncio.to_thread(_made, facet, chunk.rows, skip, places)
            total = await asyncio.to_thread(self._total, facet)
        if reached < len(chunk.rows):
            following = packed(chunk=number, skip=reached, mark=chunk.mark, last=last or None)
        elif last:
            going_on = chunk.more and number + 1 < last
            following = packed(chunk=number + 1, last=last) if going_on else ""
        elif chunk.more:
            following = packed(chunk=number + 1)
        else:
            following = packed(chunk=1, last=number) if number > 1 else ""
        return ImportPage(
            tuple(one for one in made if isinstance(one, Entry)),
            following,
            total,
            # They were told on the first way.
            () if last else tuple(one for one in made if isinstance(one, str)),
        )

    async def _chunk(self, number: int, last: int) -> Chunk:
        again = last > 0
        chunk = self._held.get((number, again))
        if chunk is None:
            if number > MOST_CHUNKS:
                raise ServiceTrouble("The list does not come to an end.")
            fetched = await self._fetch(number)
            chunk = await asyncio.to_thread(self._sorted, fetched, last)
            self._held[number, again] = chunk
            self._read_at_s = self._clock.monotonic_s()
        return chunk

    def _sorted(self, chunk: Chunk, last: int) -> Chunk:
        """A chunk in an order of our own, so that a page's place in it is good after a restart.

        The second way needs only what the first did not see.
        """
        first = [self._held.get((number, False)) for number in range(1, last + 1)]
        seen = {row for one in first if one is not None for row in one.rows}
        rows = (row for row in chunk.rows if row not in seen)
        return Chunk(tuple(sorted(rows, key=_key)), chunk.more)

    def _total(self, facet: Facet) -> int | None:
        """Lines in the whole list; None before all of it was read."""
        if facet not in self._totals:
            chunks = [self._held.get((number, False)) for number in range(1, len(self._held) + 1)]
            known = [chunk for chunk in chunks if chunk is not None]
            if not known or known[-1].more:
                return None
            rows = [row for chunk in known for row in chunk.rows if isinstance(row, ListLine)]
            # An entry may come with one chunk, and with another as one of a list of the user's own.
            distinct = {row.key: row for row in rows}.values()
            self._totals[facet] = (
                len({(row.key, one) for row in rows for one in row.lists})
                if facet is Facet.LISTS
                else sum(count(facet, row) for row in distinct)
            )
        return self._totals[facet]


def _made(
    facet: Facet, rows: Sequence[ListLine | str], skip: int, places: Places
) -> tuple[list[Entry | str], int]:
    """The lines of a page that begins with the row `skip`, and the row behind it."""
    made: list[Entry | str] = []
    reached = skip
    for row in rows[skip:]:
        reached += 1
        if isinstance(row, ListLine):
            made += lines(facet, row, places)
        else:
            made.append(row)
        if len(made) >= PAGE_LINES:
            break
    return made, reached


def _key(row: ListLine | str) -> str:
    return row.key if isinstance(row, ListLine) else row
