"""Putting the importer together, when somebody first asks for it or an import waits to go on."""

from collections.abc import Callable
from pathlib import Path

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError, LinkExpired
from revenge_companion.core.imports import ImportRun
from revenge_companion.engine.import_marks import Marker
from revenge_companion.engine.import_reading import Catalogue
from revenge_companion.engine.import_sources import Sources, account_of
from revenge_companion.engine.importer import Importer
from revenge_companion.engine.lanes import Lanes
from revenge_companion.revenge.reading import ServerReading
from revenge_companion.services.base import Service
from revenge_companion.services.file_formats import FORMATS
from revenge_companion.store.database import Database
from revenge_companion.store.library import Library


def build_importer(
    database: Database,
    clock: Clock,
    services: dict[str, Service],
    folder: Path,
    lanes: Lanes,
    *,
    catalogue: Callable[[], Catalogue | None],
    marker: Callable[[], Marker | None],
    server: Callable[[], ServerReading | None],
    changed: Callable[[], None],
) -> Importer:
    """The importer of the engine; files are copied into `folder`."""
    sources = Sources(
        services,
        folder,
        linked=lanes.all,
        own=lanes.own,
        profile=lambda: lanes.profile,
        client_of=lanes.client_of,
        server=server,
        formats=FORMATS,
    )

    async def refused(run: ImportRun, error: CompanionError) -> None:
        account_id = account_of(run.source)
        # What a user looks into may be refused by itself, such as lists that cost money.
        if account_id is not None and (run.sync or isinstance(error, LinkExpired)):
            await lanes.refused(account_id, error)

    return Importer(
        database,
        clock,
        sources,
        Library(database, clock),
        catalogue=catalogue,
        marker=marker,
        changed=changed,
        refused=refused,
        profile=lambda: lanes.profile,
    )
