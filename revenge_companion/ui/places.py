"""The window's pages, and what each is built from: imported when it is first opened, in slices.

Importing all of a page at once takes longer than a frame.
"""

import asyncio
import sys
from collections.abc import Mapping
from enum import IntEnum
from importlib import import_module

#: Between two modules, in seconds: Qt has its turn.
TURN_S = 0.001


class Place(IntEnum):
    """Where a page stands in the sidebar; its key is Ctrl and the number after that."""

    ACTIVITY = 0
    OUTBOX = 1
    ACCOUNTS = 2
    IMPORTS = 3
    LIBRARY = 4
    STATISTICS = 5
    SETTINGS = 6


_LIBRARY = ("revenge_companion.core.merging", "revenge_companion.engine.library")

#: What a page and its part of the engine are made of; those first that others need.
MODULES: Mapping[Place, tuple[str, ...]] = {
    Place.OUTBOX: ("revenge_companion.ui.pages.outbox",),
    Place.ACCOUNTS: (
        "http.client",
        "segno",
        "revenge_companion.ui.widgets.account_card",
        "revenge_companion.ui.dialogs.link",
        "revenge_companion.ui.pages.accounts",
    ),
    Place.IMPORTS: (
        *_LIBRARY,
        "revenge_companion.engine.import_sources",
        "revenge_companion.engine.import_reading",
        "revenge_companion.engine.import_matching",
        "revenge_companion.engine.importer",
        "revenge_companion.engine.importing",
        "revenge_companion.core.exporting",
        "revenge_companion.engine.exporter",
        "revenge_companion.engine.syncer",
        "revenge_companion.ui.library_words",
        "revenge_companion.ui.import_asking",
        "revenge_companion.ui.widgets.account_card",
        "revenge_companion.ui.widgets.import_sources",
        "revenge_companion.ui.widgets.import_rows",
        "revenge_companion.ui.widgets.import_run",
        "revenge_companion.ui.widgets.sync_section",
        "revenge_companion.ui.pages.imports",
    ),
    Place.LIBRARY: (
        *_LIBRARY,
        "revenge_companion.core.exporting",
        "revenge_companion.engine.exporter",
        "revenge_companion.engine.saying",
        "revenge_companion.ui.library_words",
        "revenge_companion.ui.widgets.saying",
        "revenge_companion.ui.pages.library",
    ),
    Place.STATISTICS: (
        *_LIBRARY,
        "revenge_companion.ui.library_words",
        "revenge_companion.ui.widgets.chart",
        "revenge_companion.ui.pages.statistics",
    ),
    Place.SETTINGS: (
        "revenge_companion.services.animemap",
        "revenge_companion.ui.widgets.counting",
        "revenge_companion.ui.widgets.rules",
        "revenge_companion.ui.widgets.anime",
        "revenge_companion.ui.pages.settings",
    ),
}


def is_loaded(place: Place) -> bool:
    """Whether the page can be built at once."""
    return all(name in sys.modules for name in MODULES.get(place, ()))


async def load(place: Place) -> None:
    """Import what the page is built from, never more at once than a frame has time for."""
    for name in MODULES.get(place, ()):
        if name not in sys.modules:
            # A thread of its own would hold the interpreter's lock in the middle of a frame.
            import_module(name)
            # Not 0: what is only posted to Qt goes before the user's input.
            await asyncio.sleep(TURN_S)
