"""Looking at the library: its lines, the figures, and the user's own copy of all of it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.library import OWN, REVENGE, Facet, source_parts
from revenge_companion.core.profiles import FIRST
from revenge_companion.core.shown import Asked, Shown
from revenge_companion.core.statistics import Bucket, Statistics, bars
from revenge_companion.services.base import ServiceSpec
from revenge_companion.store.database import Database
from revenge_companion.store.history import History
from revenge_companion.store.library import Library
from revenge_companion.store.statistics import Counts


class LibraryView:
    """Implements `engine.library_api.LibraryApi`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        accounts: Callable[[], Sequence[Account]],
        specs: Mapping[str, ServiceSpec],
        profile: Callable[[], int] = lambda: FIRST,
    ) -> None:
        """`profile` is the active one, whose library and `accounts` are shown."""
        self._history = History(database, profile)
        self._counts = Counts(database, profile)
        self._library = Library(database, clock)
        self._clock = clock
        self._accounts = accounts
        self._specs = specs

    async def page(
        self, asked: Asked, *, limit: int = 200, before: int | None = None
    ) -> list[Shown]:
        if before is None:
            # What counted meanwhile.
            await self._library.absorb()
        return await self._history.page(asked, limit=limit, before=before)

    async def sources(self) -> Mapping[str, str]:
        # What counted meanwhile may be the first line of its source.
        await self._library.absorb()
        return {source: self.name(source) for source in await self._history.sources()}

    def name(self, source: str) -> str:
        """What people call a source; an account that is gone keeps its number."""
        source, _ = source_parts(source)
        if source in _NAMES:
            return _NAMES[source]
        kind, _, number = source.partition(":")
        for account in self._accounts() if kind == "account" else ():
            if str(account.id) == number:
                spec = self._specs.get(account.service)
                service = spec.name if spec is not None else account.service
                return f"{service} ({account.label})"
        # Imported here: it is asked for by libraries that took in a file.
        from revenge_companion.services.file_formats import FORMATS

        return next((one.name for one in FORMATS if one.key == source), source)

    async def statistics(self, bucket: Bucket) -> Statistics:
        await self._library.absorb()
        empty = bars(bucket, self._clock.now(), None)
        filled = await self._counts.filled(empty)
        return Statistics(
            bucket,
            filled,
            await self._counts.top(empty),
            await self._counts.health([account.id for account in self._accounts()]),
        )

    async def export_statistics(self, path: Path, statistics: Statistics) -> int:
        from revenge_companion.engine.files import Sheet

        def write() -> int:
            sheet = Sheet(path, ("from", "until", "kind", "plays"))
            sheet.write(
                {
                    "from": bar.start.isoformat(),
                    "until": bar.end.isoformat(),
                    "kind": kind.value,
                    "plays": bar.plays.get(kind, 0),
                }
                for bar in statistics.bars
                for kind in statistics.kinds
            )
            return sheet.finish()

        return await asyncio.to_thread(write)

    async def export(self, path: Path, facets: Sequence[Facet] = ()) -> int:
        # Loaded when something is exported.
        from revenge_companion.engine.files import Sheet
        from revenge_companion.engine.library_export import COLUMNS, rows

        await self._library.absorb()
        names = await self.sources()
        sheet = await asyncio.to_thread(Sheet, path, COLUMNS)
        try:
            for facet in facets or tuple(Facet):
                before: int | None = None
                while lines := await self._history.everything(facet, before):
                    subjects = await self._history.subjects([line.id for line in lines])
                    # On a thread: a page of them takes longer than a frame.
                    await asyncio.to_thread(sheet.write, rows(lines, subjects, names))
                    before = lines[-1].place
            return await asyncio.to_thread(sheet.finish)
        except BaseException:
            await asyncio.to_thread(sheet.drop)
            raise


_NAMES = {OWN: "Revenge Companion", REVENGE: "Revenge"}
