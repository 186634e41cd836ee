"""The export wizard: the account is read first, and nothing queued before the last button."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from revenge_companion.core.errors import ImportRefused, StoreTrouble
from revenge_companion.core.exporting import ExportTarget, ExportVerdict, LastRead
from revenge_companion.core.imports import RunState
from revenge_companion.core.library import Facet
from revenge_companion.core.status import OutboxCounts
from revenge_companion.services.base import ServiceSpec
from revenge_companion.services.catalog import SPECS
from revenge_companion.ui import export_words
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.export_wizard import ExportWizard
from revenge_companion.ui.models.paged import PAGE
from tests.clock import eventually, settle
from tests.ui.conftest import LONGEST_WORK_MS
from tests.ui.fake_engine import SIGNED_IN, FakeEngine
from tests.ui.fake_exports import PREVIEW, SYNCED, TRAKT, FakeExports, row
from tests.ui.fake_imports import FakeImports, run

Make = Callable[[], ExportWizard]
TAKEN = (Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST)
SEND, THERE, LEFT_OUT = ExportVerdict.SEND, ExportVerdict.THERE, ExportVerdict.LEFT_OUT


@pytest.fixture
def exports(engine: FakeEngine) -> FakeExports:
    return engine.exports


@pytest.fixture
async def wizard(context: Context, engine: FakeEngine) -> AsyncIterator[Make]:
    engine.status = SIGNED_IN
    engine.services = SPECS
    made: list[ExportWizard] = []

    def make() -> ExportWizard:
        (spec,) = (one for one in SPECS if one.key == TRAKT.service)
        made.append(ExportWizard(None, context, engine.imports, TRAKT, spec))
        made[-1].open()
        return made[-1]

    yield make
    for one in made:
        one.reject()
        one.deleteLater()
    await settle()


def calls(exports: FakeExports, name: str) -> list[tuple[object, ...]]:
    return [asked[1:] for asked in exports.asked if asked[0] == name]


async def test_what_is_chosen_is_shown_and_only_then_queued(
    wizard: Make, exports: FakeExports
) -> None:
    made = wizard()
    await settle()
    assert made.steps.accessibleName() == "Step 1 of 3: What"
    assert list(made.what.facets) == list(Facet)
    lists = made.what.facets[Facet.LISTS]
    assert not lists.isEnabled()
    assert lists.accessibleDescription() == "The Companion cannot send this to Trakt."
    made.what.facets[Facet.WATCHLIST].setChecked(False)
    assert made.go.text() == "&Preview"
    made.go.click()
    await settle()
    wanted = (Facet.HISTORY, Facet.RATINGS)
    assert calls(exports, "look") == [(1, wanted)]
    assert made.steps.accessibleName() == "Step 2 of 3: Preview"
    assert made.preview.title.text() == "Nothing has been queued yet."
    assert made.preview.summary.text() == ("243 lines will be sent to Trakt (anna). 13 left out.")
    names = [made.preview.book.tabText(n) for n in range(made.preview.book.count())]
    assert names == ["Sent (243)", "Left out (13)", "Already there (3,870)"]
    assert made.go.text() == "&Queue 243 lines"
    assert calls(exports, "queue") == []
    made.go.click()
    await settle()
    assert calls(exports, "queue") == [(1, wanted)]
    assert made.steps.accessibleName() == "Step 3 of 3: Queued"
    assert made.queued.title.text() == "243 lines queued for Trakt (anna)"
    # 243 at a hundred to a request, one request a second.
    assert "At the pace of Trakt that takes 2 seconds." in made.queued.when.text()
    assert not made.go.isVisible()
    wants: list[bool] = []
    made.outbox_wanted.connect(lambda: wants.append(True))
    made.queued.outbox.click()
    assert wants == [True]
    assert not made.isVisible()
    await settle()
    # What it looked at is let go.
    assert [look.closed for look in exports.looks] == [True]


async def test_the_lines_of_a_tab_can_be_searched_and_tell_all_of_themselves(
    wizard: Make, exports: FakeExports
) -> None:
    made = wizard()
    await settle()
    made.go.click()
    await settle()
    sent = made.preview.tabs[SEND]
    assert sent.model.rowCount() == 12
    made.preview.facet.setCurrentIndex(made.preview.facet.findData(Facet.RATINGS.value))
    await settle()
    assert sent.model.rowCount() == 4
    sent.view.selectRow(0)
    assert "Ratings" in sent.detail.text()
    assert "3 of 10" in sent.detail.text()
    made.preview.search.setText("one week")
    made.preview._typed.timeout.emit()  # noqa: SLF001  # typing has paused
    await settle()
    assert exports.looks[0].asked[-1] == (SEND, Facet.RATINGS, "one week", 0)
    made.preview.search.setText("no such film")
    made.preview._typed.timeout.emit()  # noqa: SLF001  # typing has paused
    await settle()
    assert sent.empty.text() == "No line matches."
    made.preview.search.clear()
    made.preview.facet.setCurrentIndex(0)
    made.preview.book.setCurrentIndex(1)
    await settle()
    left = made.preview.tabs[LEFT_OUT]
    left.view.selectRow(0)
    assert "Nobody knows its date, and Trakt takes no play without one." in left.detail.text()


async def test_enter_in_the_preview_queues_nothing(
    wizard: Make, exports: FakeExports, qtbot: QtBot
) -> None:
    made = wizard()
    await settle()
    made.go.click()
    await settle()
    sent = made.preview.tabs[SEND]
    for widget in (sent.view, made.preview.search):
        qtbot.keyClick(widget, Qt.Key.Key_Return)
        await settle()
    assert calls(exports, "queue") == []
    qtbot.keyClick(made.go, Qt.Key.Key_Return)
    await settle()
    assert len(calls(exports, "queue")) == 1


async def test_an_account_that_was_not_read_lately_is_read_first(
    wizard: Make, exports: FakeExports, engine: FakeEngine, context: Context
) -> None:
    imports: FakeImports = engine.imports
    old = context.clock.now() - timedelta(days=40)
    exports.read = {
        Facet.HISTORY: LastRead(None, False),
        Facet.RATINGS: LastRead(old, False),
        Facet.WATCHLIST: LastRead(SYNCED, True),
    }
    made = wizard()
    await settle()
    said = made.what.facets[Facet.HISTORY].accessibleDescription()
    assert said.endswith("Never read there: it is read first.")
    said = made.what.facets[Facet.RATINGS].accessibleDescription()
    assert said.endswith(". It is read again first.")
    assert made.what.reads.isVisible()
    assert made.go.text() == "&Read and preview"
    made.go.click()
    await settle()
    # Nothing is marked at the server for it, and what is known is not read again.
    unread = (Facet.HISTORY, Facet.RATINGS)
    assert imports.calls("begin") == [("account:1", unread, None, False)]
    assert made.steps.accessibleName() == "Step 2 of 3: Preview"
    assert made.run.title.text() == "Reading Trakt (anna)"
    assert made.leave.text() == "&Go on in the background"
    # A run whose reading is not quite over cannot be written yet.
    imports.become(run(1, facets=unread, running=True))
    await settle()
    assert imports.calls("write") == []
    imports.become(run(1, facets=unread))
    await settle()
    imports.become(run(1, facets=unread))
    await settle()
    assert imports.calls("write") == [(1,)]
    assert calls(exports, "look") == []
    imports.become(run(1, RunState.DONE, facets=unread))
    await settle()
    assert calls(exports, "look") == [(1, TAKEN)]
    assert made.pages.currentWidget() is made.preview


async def test_reading_is_stopped_and_goes_on(wizard: Make, exports: FakeExports,
                                              engine: FakeEngine) -> None:  # fmt: skip
    imports: FakeImports = engine.imports
    exports.read = dict.fromkeys(TAKEN, LastRead(None, False))
    made = wizard()
    await settle()
    made.go.click()
    await settle()
    assert made.extra.text() == "&Stop"
    made.extra.click()
    await settle()
    assert imports.calls("cancel") == [(1,)]
    stopped = run(1, RunState.STOPPED, facets=TAKEN, trouble="Trakt is not answering.")
    imports.become(stopped)
    await settle()
    assert made.run.trouble.text() == "Trakt is not answering."
    assert made.go.text() == "&Go on"
    made.go.click()
    await settle()
    assert imports.calls("resume") == [(1,)]
    imports.become(stopped)
    made.back.click()
    await settle()
    assert made.steps.accessibleName() == "Step 1 of 3: What"
    assert calls(exports, "look") == []


async def test_an_account_that_cannot_be_read_now_says_so(
    wizard: Make, exports: FakeExports, engine: FakeEngine
) -> None:
    exports.read = dict.fromkeys(TAKEN, LastRead(None, False))
    made = wizard()
    await settle()
    engine.imports.fails = ImportRefused("An import from Trakt is under way.")
    made.go.click()
    await settle()
    assert made.message.text() == "An import from Trakt is under way."
    assert made.steps.accessibleName() == "Step 1 of 3: What"
    assert made.go.isEnabled()


async def test_looking_shows_how_far_it_is_and_can_be_stopped(
    wizard: Make, exports: FakeExports
) -> None:
    exports.gate = asyncio.Event()
    made = wizard()
    await settle()
    made.go.click()
    await settle()
    assert made.pages.currentWidget() is made.looking
    assert made.looking.bar.value() == 300
    assert made.looking.lines.text() == "1,200 lines looked at."
    made.extra.click()
    await settle()
    assert exports.ended == ["broken off"]
    assert made.steps.accessibleName() == "Step 1 of 3: What"
    # And again, to the end.
    exports.gate.set()
    made.go.click()
    await settle()
    assert made.pages.currentWidget() is made.preview


async def test_trouble_while_looking_goes_back_and_says_it(
    wizard: Make, exports: FakeExports
) -> None:
    made = wizard()
    await settle()
    exports.fails = StoreTrouble("The disk is full.")
    made.go.click()
    await settle()
    assert made.message.text() == "The disk is full."
    assert made.steps.accessibleName() == "Step 1 of 3: What"


async def test_with_nothing_to_send_nothing_can_be_queued(
    wizard: Make, exports: FakeExports
) -> None:
    exports.preview_is = replace(PREVIEW, counts={(Facet.HISTORY, THERE, ""): 9}, rows=())
    exports.lines = ()
    made = wizard()
    await settle()
    for box in made.what.facets.values():
        box.setChecked(False)
    assert not made.go.isEnabled()
    made.what.facets[Facet.HISTORY].setChecked(True)
    made.go.click()
    await settle()
    assert made.preview.summary.text() == "There is nothing to send to Trakt (anna)."
    assert not made.go.isEnabled()
    made.back.click()
    await settle()
    # What was chosen stays chosen.
    assert made.what.chosen() == (Facet.HISTORY,)


async def test_queueing_is_stopped_and_what_is_queued_stays(
    wizard: Make, exports: FakeExports
) -> None:
    made = wizard()
    await settle()
    made.go.click()
    await settle()
    exports.gate = asyncio.Event()
    made.go.click()
    await settle()
    assert made.looking.lines.text() == "1,200 lines queued."
    assert not made.leave.isVisible()
    made.extra.click()
    await settle()
    assert exports.ended == ["broken off"]
    assert made.queued.title.text() == "1,200 lines queued for Trakt (anna)"
    assert "You stopped before all of it was queued." in made.queued.stopped.text()


async def test_closing_while_it_is_queued_ends_the_queueing_first(
    wizard: Make, exports: FakeExports
) -> None:
    made = wizard()
    await settle()
    made.go.click()
    await settle()
    exports.gate = asyncio.Event()
    made.go.click()
    await settle()
    made.reject()
    assert made.isVisible()
    await settle()
    assert exports.ended == ["broken off"]
    assert not made.isVisible()


async def test_a_hundred_thousand_lines_stay_smooth(
    wizard: Make,
    exports: FakeExports,
    qapp: QApplication,
    latest_ms: Callable[[], object],
) -> None:
    exports.lines = [row(number) for number in range(1, 100_001)]
    exports.preview_is = replace(PREVIEW, counts={(Facet.HISTORY, SEND, ""): 100_000})
    made = wizard()
    await settle()
    async with latest_ms() as late:  # type: ignore[attr-defined]  # a fixture's class
        made.go.click()
        sent = made.preview.tabs[SEND]
        await eventually(lambda: sent.model.rowCount() == PAGE)
        for pages in range(2, 8):
            sent.view.scrollToBottom()
            await eventually(lambda pages=pages: sent.model.rowCount() == pages * PAGE)
        made.preview.search.setText("sherlock")
        made.preview._typed.timeout.emit()  # noqa: SLF001  # typing has paused
        await eventually(lambda: all("Sherlock" in one.label for one in sent.model.loaded_rows()))
    assert late.work_ms < LONGEST_WORK_MS, f"{late.work_ms:.0f} ms"


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.key)
def test_every_service_says_what_it_does_not_get(spec: ServiceSpec) -> None:
    target = ExportTarget(1, spec.name, spec.key, spec.exports, spec.max_age_s)
    told = "\n".join(export_words.rules(target, spec, SPECS))
    # What comes from Trakt is never sent on; the others say nothing of the kind.
    assert ("comes from Trakt" in told) is (spec.key != "trakt")
    assert ("14 days" in told) is (spec.key == "lastfm")
    assert ("without a date" in told) is (spec.key == "simkl")
    assert ("one play of each item" in told) is spec.one_play


def test_what_holds_an_account_up_is_said_instead_of_a_time() -> None:
    (trakt,) = (one for one in SPECS if one.key == "trakt")
    waits = replace(SIGNED_IN.accounts[1], counts=OutboxCounts(pending=200))
    said = export_words.arrives(waits, trakt, 2.0, SYNCED)
    assert said == "Trakt signed you out. Link again to send 200 waiting plays."
    later = replace(
        SIGNED_IN.accounts[0],
        counts=OutboxCounts(pending=90_000),
        eta=SYNCED + timedelta(days=3),
    )
    assert "done on Wednesday at this pace" in export_words.arrives(later, trakt, 2.0, SYNCED)
    assert export_words.arrives(None, trakt, 2.0, SYNCED) == ""
