"""Staged lines as they are looked at: what they say, what they are, and who decides."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import tzinfo

from revenge_companion.core.errors import CompanionError, ImportRefused
from revenge_companion.core.imports import Candidate, ImportRow, Verdict
from revenge_companion.core.library import Facet
from revenge_companion.engine.import_reading import Catalogue, Reading
from revenge_companion.engine.import_words import readable
from revenge_companion.store.import_lines import ImportLines
from revenge_companion.store.import_matches import ImportMatches

_log = logging.getLogger(__name__)

#: Things looked for at once.
_LOOKED_AT = 500


class Matching:
    """Lines of every run; see `engine.library_api.ImportsApi` for what each call does."""

    def __init__(
        self,
        lines: ImportLines,
        matches: ImportMatches,
        reading: Reading,
        *,
        catalogue: Callable[[], Catalogue | None],
        name_of: Callable[[str], str],
        changed: Callable[[], None],
        zone: tzinfo | None,
    ) -> None:
        self._lines = lines
        self._matches = matches
        self._reading = reading
        self._catalogue = catalogue
        self._name_of = name_of
        self._changed = changed
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
    ) -> list[ImportRow]:
        return await self._readable(
            await self._lines.page(
                run_id, verdict, facet=facet, search=search, limit=limit, after_id=after_id
            )
        )

    async def unmatched(
        self, *, search: str = "", limit: int = 200, after_id: int = 0
    ) -> list[ImportRow]:
        return await self._readable(
            await self._lines.unmatched(search=search, limit=limit, after_id=after_id)
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

    async def match(self, row_id: int, media_id: str) -> None:
        await self._row(row_id)
        catalogue = self._catalogue()
        if catalogue is None or media_id not in await catalogue.subjects([media_id]):
            raise ImportRefused("Your server has no such item.")
        await self._matches.match(row_id, media_id)
        self._changed()

    async def never(self, row_id: int) -> None:
        await self._row(row_id)
        await self._matches.never(row_id)

    async def _row(self, row_id: int) -> ImportRow:
        row = await self._lines.get(row_id)
        if row is None:
            raise ImportRefused(f"There is no line {row_id}.")
        return row

    async def look_again(self) -> int:
        """Look for the items of what is unmatched, after the server's have changed; how many.

        What the server does not have any more stays matched: it may be back.
        """
        found = 0
        async with self._looking:
            for run_id in (None, *await self._matches.waiting()):
                found += await self.look(run_id)
        if found:
            _log.info("%d things that matched nothing are at the server now", found)
            self._changed()
        return found

    async def look(self, run_id: int | None, reason: str = "") -> int:
        """`look_again` in the library, or in what one run has staged; of one reason or any."""
        after, count = 0, 0
        while True:
            things, after = await self._matches.unmatched(
                after, _LOOKED_AT, run_id=run_id, reason=reason
            )
            if not things:
                return count
            try:
                found = await self._reading.look([one.subject for one in things])
            except CompanionError as error:
                _log.info("What the server has could not be asked: %s", error)
                return count
            pairs = zip(things, found, strict=True)
            matches = [(one.digest, media_id) for one, media_id in pairs if media_id]
            if matches:
                await self._matches.found(matches)
            count += len(matches)
