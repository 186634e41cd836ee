"""Every step of an export in every state, light and dark, as pictures to look at.

REVENGE_COMPANION_SCREENSHOTS names the folder they go to.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from revenge_companion.core.exporting import ExportTarget, ExportVerdict, LastRead
from revenge_companion.core.imports import RunState
from revenge_companion.core.library import Facet
from revenge_companion.core.reasons import Reason
from revenge_companion.services.catalog import SPECS
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.export_wizard import ExportWizard
from tests.clock import settle
from tests.ui.fake_engine import LONG, SIGNED_IN, FakeEngine
from tests.ui.fake_exports import SYNCED, TRAKT, row
from tests.ui.fake_imports import run
from tests.ui.pictures import WITH_LARGE_TEXT, Shoot

# Light, dark and large, and where the pictures go.

Make = Callable[..., ExportWizard]

pytestmark = WITH_LARGE_TEXT


@pytest.fixture
async def wizard(context: Context, engine: FakeEngine, theme: str) -> AsyncIterator[Make]:
    engine.status = SIGNED_IN
    engine.services = SPECS
    lines = [row(number) for number in range(1, 60)]
    lines[3] = replace(lines[3], label=LONG.title)
    reasons = (Reason.DATE_UNKNOWN, Reason.KEPT_TO_ITSELF, Reason.PARKED_BEFORE)
    lines += [row(number, ExportVerdict.LEFT_OUT, reasons[number % 3]) for number in range(60, 80)]
    lines += [row(number, ExportVerdict.THERE, Reason.SENT_BEFORE) for number in range(80, 99)]
    engine.exports.lines = lines
    made: list[ExportWizard] = []

    def make(target: ExportTarget = TRAKT) -> ExportWizard:
        (spec,) = (one for one in SPECS if one.key == target.service)
        made.append(ExportWizard(None, context, engine.imports, target, spec))
        made[-1].show()
        return made[-1]

    yield make
    for one in made:
        one.reject()
        one.deleteLater()
    await settle()


async def test_what(wizard: Make, engine: FakeEngine, shoot: Shoot) -> None:
    made = wizard()
    await settle()
    shoot(made, "export-1-what")
    engine.exports.read = {
        Facet.HISTORY: LastRead(None, False),
        Facet.RATINGS: LastRead(SYNCED - timedelta(days=3), False),
        Facet.WATCHLIST: LastRead(SYNCED, True),
    }
    made = wizard()
    await settle()
    shoot(made, "export-1-what-unread")
    (lastfm,) = (one for one in SPECS if one.key == "lastfm")
    made = wizard(ExportTarget(5, "Last.fm (anna)", "lastfm", lastfm.exports, lastfm.max_age_s))
    await settle()
    shoot(made, "export-1-what-music")


async def test_reading_and_preview(wizard: Make, engine: FakeEngine, shoot: Shoot) -> None:
    engine.exports.read = dict.fromkeys(TRAKT.facets, LastRead(None, False))
    made = wizard()
    await settle()
    made.go.click()
    await settle()
    reading = run(1, RunState.READING, running=True, processed=1310, matched=1290, rate=240.0,
                  left_s=11.0, counts={})  # fmt: skip
    engine.imports.become(reading)
    shoot(made, "export-2-reading")
    engine.exports.gate = asyncio.Event()
    engine.imports.become(run(1, RunState.DONE))
    await settle()
    shoot(made, "export-2-looking")
    engine.exports.gate.set()
    await settle()
    shoot(made, "export-2-preview-sent")
    for number, lines in enumerate(made.preview.tabs.values()):
        made.preview.book.setCurrentIndex(number)
        await settle()
        lines.view.selectRow(3)
        shoot(made, f"export-2-preview-{number}")
    made.preview.search.setText("nothing like it")
    made.preview._typed.timeout.emit()  # noqa: SLF001  # typing has paused
    await settle()
    shoot(made, "export-2-preview-no-match")
    engine.exports.gate = asyncio.Event()
    made.go.click()
    await settle()
    shoot(made, "export-3-queueing")
    made.extra.click()
    await settle()
    shoot(made, "export-3-stopped")


async def test_queued(wizard: Make, shoot: Shoot) -> None:
    made = wizard()
    await settle()
    made.go.click()
    await settle()
    made.go.click()
    await settle()
    picture = shoot(made, "export-3-queued")
    assert picture.width() == made.width()
    # Nothing is cut off.
    for button in (made.queued.outbox, made.leave):
        assert button.width() >= button.sizeHint().width()
