"""Staged lines as they are looked at: what they say, what they are, and who decides."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import tzinfo

from revenge_companion.core.errors import CompanionError, ImportRefused
from revenge_companion.core.imports import Candidate, ImportRow, Verdict
from revenge_companion.core.library import Facet
from revenge_companion.core.matching import Match
from revenge_companion.core.ordering import Order
from revenge_companion.core.reasons import Reason
from revenge_companion.engine.import_reading import Catalogue, Reading
from revenge_companion.engine.import_words import readable
from revenge_companion.store.import_matches import ImportMatches
from revenge_companion.store.import_rows import ImportRows

_log = logging.getLogger(__name__)

#: Things looked for at once.
_LOOKED_AT = 500


class Matching:
    """Lines of every run; see `engine.library_api.ImportsApi` for what each call does."""

    def __init__(
        self,
        lines: ImportRows,
        matches: ImportMatches,
        reading: Reading,
        *,
        catalogue: Callable[[], Catalogue | None],
        name_of: Callable[[str], str],
        profile: Callable[[], int],
        compared: Callable[[int], Awaitable[None]],
        changed: Callable[[], None],
        marked: Callable[[], Awaitable[None]],
        zone: tzinfo | None,
    ) -> None:
        """`marked` marks at the server what was matched only now; `profile` is the active one, in
        whose library and imports is looked for what its server has.
        """
        self._profile = profile
        self._lines = lines
        self._matches = matches
        self._reading = reading
        self._catalogue = catalogue
        self._name_of = name_of
        self._compared = compared
        self._changed = changed
        self._marked = marked
        self._zone = zone
        self._looking = asyncio.Lock()

    async def rows(
        self,
        run_id: int,
        verdict: Verdict | None = None,
        *,
        facet: Facet | None = None,
        search: str = "",
        limit: int = 200,
        after_id: int = 0,
        order: Order | None = None,
    ) -> list[ImportRow]:
        return await self._readable(
            await self._lines.page(
                run_id,
                verdict,
                facet=facet,
                search=search,
                limit=limit,
                after_id=after_id,
                order=order,
            )
        )

    async def unmatched(
        self,
        *,
        search: str = "",
        limit: int = 200,
        after_id: int = 0,
        order: Order | None = None,
    ) -> list[ImportRow]:
        return await self._readable(
            await self._lines.unmatched(
                self._profile(), search=search, limit=limit, after_id=after_id, order=order
            )
        )

    async def _readable(self, rows: Sequence[ImportRow]) -> list[ImportRow]:
        catalogue = self._catalogue()
        found = {row.entry.subject.media_id for row in rows if row.entry.subject.media_id}
        known = {} if catalogue is None or not found else await catalogue.subjects(sorted(found))
        return [readable(row, known, self._name_of, self._zone) for row in rows]

    async def candidates(self, row_id: int, text: str = "") -> list[Candidate]:
        row = await self._row(row_id)
        catalogue = self._catalogue()
        if catalogue is None:
            raise ImportRefused("Sign in to your server first: what it has is not known.")
        return await catalogue.search(row.entry.subject, text)

    async def covered(self, row_id: int) -> int:
        await self._row(row_id)
        return await self._matches.covered(row_id)

    async def match(self, row_id: int, media_id: str) -> None:
        await self._row(row_id)
        catalogue = self._catalogue()
        if catalogue is None or media_id not in await catalogue.subjects([media_id]):
            raise ImportRefused("Your server has no such item.")
        await self._matches.match(row_id, media_id)
        await self._compared(row_id)
        self._changed()
        await self._mark()

    async def never(self, row_id: int) -> None:
        await self._row(row_id)
        await self._matches.never(row_id)

    async def _row(self, row_id: int) -> ImportRow:
        row = await self._lines.get(row_id)
        if row is None:
            raise ImportRefused(f"There is no line {row_id}.")
        return row

    async def look_again(self, *, unanswered: bool = False) -> int:
        """Look for the items of what is unmatched, after the server's have changed; how many.

        With `unanswered` of that only for which the server had not answered. What the server does
        not have any more stays matched: it may be back.
        """
        found = 0
        async with self._looking:
            if unanswered:
                found = await self.look(Reason.CATALOGUE_UNKNOWN)
            else:
                found = await self.look(in_library=True) + await self.look()
        if found:
            _log.info("%d things that matched nothing are at the server now", found)
            self._changed()
        await self._mark()
        return found

    async def _mark(self) -> None:
        """Mark what was matched; what the server does not take now, it is asked for again later."""
        try:
            await self._marked()
        except CompanionError as error:
            _log.info("What was matched later is not marked yet: %s", error)

    async def look(self, reason: str = "", *, in_library: bool = False) -> int:
        """`look_again` in the library or in what is staged; unmatched for one reason or any."""
        after, count, profile = 0, 0, self._profile()
        while True:
            things, after = await self._matches.unmatched(
                profile, after, _LOOKED_AT, reason=reason, in_library=in_library
            )
            # Another profile's server has other items.
            if not things or self._profile() != profile:
                return count
            try:
                found = await self._reading.look([one.subject for one in things])
            except CompanionError as error:
                _log.info("What the server has could not be asked: %s", error)
                return count
            pairs = [(one.digest, what) for one, what in zip(things, found, strict=True)]
            await self._matches.settle(pairs)
            count += sum(isinstance(what, Match) for what in found)
