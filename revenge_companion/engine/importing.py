"""Putting the importer together, when somebody first asks for it or an import waits to go on."""

from collections.abc import Callable
from pathlib import Path

from revenge_companion.core.accounts import AccountState
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import LinkExpired
from revenge_companion.core.reasons import Reason
from revenge_companion.engine.dispatcher import LaneEvent
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
        client_of=lanes.client_of,
        server=server,
        formats=FORMATS,
    )

    async def expired(source: str, error: LinkExpired) -> None:
        # As where a delivery finds it out: the lane is held, and the user told once.
        account_id = account_of(source)
        if account_id is not None:
            again = AccountState.LINK_AGAIN
            event = LaneEvent(account_id, (), again, Reason.LINK_AGAIN, str(error), None)
            await lanes.take(event)

    return Importer(
        database,
        clock,
        sources,
        Library(database, clock),
        catalogue=catalogue,
        marker=marker,
        changed=changed,
        expired=expired,
    )
