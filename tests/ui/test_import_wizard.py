"""The wizard: step by step, nothing written unasked, and the run goes on without it."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialogButtonBox,
    QFileDialog,
    QLineEdit,
    QMessageBox,
    QTableView,
    QWidget,
)
from pytestqt.qtbot import QtBot

from revenge_companion.core.errors import ImportRefused, StoreTrouble
from revenge_companion.core.imports import Candidate, Choice, RunState, Verdict
from revenge_companion.core.library import Facet
from revenge_companion.core.ordering import Order, SortBy
from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import EngineStatus
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.import_match import MatchDialog
from revenge_companion.ui.dialogs.import_wizard import ImportWizard
from revenge_companion.ui.dialogs.unread import UnreadDialog
from revenge_companion.ui.models.paged import PAGE
from revenge_companion.ui.widgets.text import Text
from tests.clock import eventually, settle
from tests.ui.conftest import LONGEST_WORK_MS
from tests.ui.fake_engine import SIGNED_IN, FakeEngine
from tests.ui.fake_imports import HOME, LETTERBOXD_ZIP, SERVER, TRAKT, FakeImports, broken, row, run

Make = Callable[..., ImportWizard]


@pytest.fixture
def imports(engine: FakeEngine) -> FakeImports:
    made = engine.imports
    made.lines = [row(number) for number in range(1, 20)]
    made.lines += [row(number, Verdict.CONFLICT) for number in range(20, 23)]
    made.lines += [row(number, Verdict.UNMATCHED) for number in range(23, 26)]
    return made


@pytest.fixture
async def wizard(context: Context, engine: FakeEngine, imports: FakeImports) -> AsyncIterator[Make]:
    engine.status = SIGNED_IN
    made: list[ImportWizard] = []

    def make(**where: object) -> ImportWizard:
        made.append(ImportWizard(None, context, imports, **where))  # type: ignore[arg-type]
        made[-1].open()
        return made[-1]

    yield make
    for one in made:
        one.reject()
        one.deleteLater()
    await settle()


async def answer(wizard: QWidget, *, yes: bool) -> str:
    """Answer the question that is open; returns what it says."""
    await settle()
    (box,) = wizard.findChildren(QMessageBox)
    buttons = {box.buttonRole(button): button for button in box.buttons()}
    role = QMessageBox.ButtonRole.AcceptRole if yes else QMessageBox.ButtonRole.RejectRole
    said = f"{box.text()} {box.informativeText()}"
    buttons[role].click()
    await settle()
    return said


def shown_steps(wizard: ImportWizard) -> str:
    return wizard.steps.accessibleName()


async def test_an_account_is_read_previewed_imported_and_undone(
    wizard: Make, imports: FakeImports
) -> None:
    made = wizard()
    assert shown_steps(made) == "Step 1 of 5: Source"
    made.sources.cards[TRAKT.key].go.click()
    assert shown_steps(made) == "Step 2 of 5: What"
    made.what.facets[Facet.COLLECTION].setChecked(False)
    made.what.mark.setChecked(False)
    made.go.click()
    await settle()
    wanted = (Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST, Facet.LISTS)
    assert imports.calls("begin") == [(TRAKT.key, wanted, None, False)]
    assert shown_steps(made) == "Step 3 of 5: Preview"
    assert made.run.title.text() == "Reading Trakt (anna)"
    assert "Nothing is written while it is read." in made.run.told.text()

    imports.become(run(1, facets=wanted))
    await settle()
    assert made.preview.title.text() == "Nothing has been written yet."
    assert made.preview.summary.text() == (
        "3,215 lines will be added to your library. 3 conflicts will be settled as shown."
    )
    book = made.preview.book
    names = [book.tabText(n) for n in range(book.count()) if book.isTabVisible(n)]
    assert names == ["New (3,210)", "Already there (812)", "Conflicts (3)", "Unmatched (5)"]
    assert imports.calls("write") == []

    made.go.click()
    await settle()
    assert imports.calls("write") == [(1,)]
    assert shown_steps(made) == "Step 4 of 5: Run"
    imports.become(run(1, RunState.DONE, written=True, marked=12))
    assert shown_steps(made) == "Step 5 of 5: Summary"
    assert "12 items marked as watched on your server." in made.summary.lines.text()

    made.extra.click()
    said = await answer(made, yes=True)
    assert "exactly what it was before the import" in said
    assert "taken back as far as the server allows" in said
    assert imports.calls("undo") == [(1,)]
    imports.become(run(1, RunState.UNDONE, marked=12))
    assert made.summary.title.text() == "The import from Trakt (anna) is undone"
    assert made.leave.text() == "Close"
    assert not made.extra.isVisible()


async def test_thinking_better_of_an_undo_undoes_nothing(
    wizard: Make, imports: FakeImports
) -> None:
    imports.become(run(1, RunState.DONE, written=True))
    made = wizard(run=imports.known[1])
    made.extra.click()
    await answer(made, yes=False)

    assert imports.calls("undo") == []


async def test_without_a_facet_there_is_nothing_to_read(wizard: Make) -> None:
    made = wizard(source=TRAKT)
    assert made.go.isEnabled()
    for box in made.what.facets.values():
        box.setChecked(False)
    assert not made.go.isEnabled()
    made.what.facets[Facet.RATINGS].setChecked(True)
    assert made.go.isEnabled()


async def test_marking_is_offered_where_it_can_be_done(
    wizard: Make, imports: FakeImports, engine: FakeEngine
) -> None:
    made = wizard(source=TRAKT)
    assert made.what.mark.isVisible()
    assert made.what.marks
    made.what.facets[Facet.HISTORY].setChecked(False)
    assert not made.what.mark.isVisible()
    assert not made.what.marks
    for other in (HOME, SERVER):
        # Music is not marked, and the server knows its own.
        assert not wizard(source=other).what.mark.isVisible()
    engine.status = EngineStatus()
    out = wizard(source=TRAKT)
    assert not out.what.marks
    assert out.what.signed_out.isVisible()


async def test_a_file_is_recognised_and_named(wizard: Make, imports: FakeImports) -> None:
    path = Path("letterboxd-anna.zip")
    made = wizard(path=path)
    await settle()
    assert imports.calls("recognise") == [(path,)]
    assert list(made.what.facets) == list(LETTERBOXD_ZIP.facets)
    made.go.click()
    await settle()
    assert imports.calls("begin") == [
        (LETTERBOXD_ZIP.key, LETTERBOXD_ZIP.facets, path, True),
    ]


async def test_a_file_that_is_none_says_why_and_another_can_be_chosen(
    wizard: Make, imports: FakeImports
) -> None:
    imports.fails = ImportRefused("letter.txt is not an export that the Companion knows.")
    made = wizard(path=Path("letter.txt"))
    await settle()
    # At the bottom of the window: the card of files may be scrolled out of sight.
    assert made.message.isVisible()
    assert made.message.text() == f"letter.txt: {imports.fails}"
    assert shown_steps(made) == "Step 1 of 5: Source"

    imports.fails = None
    made.sources.file_chosen.emit(Path("right.zip"))
    await settle()
    assert shown_steps(made) == "Step 2 of 5: What"


async def test_a_file_is_picked_without_a_loop_of_its_own(
    wizard: Make, imports: FakeImports, tmp_path: Path
) -> None:
    file = tmp_path / "export.zip"
    file.write_bytes(b"PK")
    made = wizard()
    made.sources.pick.click()
    await eventually(lambda: bool(made.findChildren(QFileDialog)))
    (dialog,) = made.findChildren(QFileDialog)
    assert "*.csv *.jsonl *.zip" in dialog.nameFilters()[0]
    dialog.findChild(QLineEdit).setText(str(file))
    dialog.accept()
    await eventually(lambda: imports.calls("recognise") == [(file,)])


def drop(widget: QWidget, *paths: Path) -> bool:
    """Hold files over `widget` and let them go; whether it took them."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left, none = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    middle = widget.rect().center()
    entered = QDragEnterEvent(middle, copy, data, left, none)
    entered.ignore()
    QApplication.sendEvent(widget, entered)
    if entered.isAccepted():
        QApplication.sendEvent(widget, QDropEvent(QPointF(middle), copy, data, left, none))
    return entered.isAccepted()


async def test_one_file_can_be_dropped_and_several_or_a_folder_cannot(
    wizard: Make, imports: FakeImports, tmp_path: Path
) -> None:
    one, two = tmp_path / "one.zip", tmp_path / "two.zip"
    for file in (one, two):
        file.write_bytes(b"PK")
    made = wizard()
    assert not drop(made, one, two)
    assert not drop(made.sources.files, tmp_path)
    assert drop(made.sources.files, one)
    await settle()

    assert imports.calls("recognise") == [(one,)]
    assert shown_steps(made) == "Step 2 of 5: What"


async def test_a_file_dropped_on_a_run_is_not_taken_for_another_import(
    wizard: Make, imports: FakeImports, tmp_path: Path
) -> None:
    file = tmp_path / "one.zip"
    file.write_bytes(b"PK")
    imports.become(run())
    made = wizard(run=imports.known[1])
    drop(made, file)
    await settle()

    assert imports.calls("recognise") == []
    assert shown_steps(made) == "Step 3 of 5: Preview"


async def test_beginning_that_fails_says_why_and_can_be_tried_again(
    wizard: Make, imports: FakeImports
) -> None:
    made = wizard(source=TRAKT)
    imports.fails = StoreTrouble("The disk is full.")
    made.go.click()
    await settle()
    assert made.message.text() == "The disk is full."
    assert made.go.isEnabled()


async def test_closing_leaves_the_run_going_and_opening_shows_it(
    wizard: Make, imports: FakeImports
) -> None:
    made = wizard(source=TRAKT)
    made.go.click()
    await settle()
    assert made.leave.text() == "&Go on in the background"
    made.leave.click()
    await settle()
    assert imports.calls("cancel") == []
    # What it is told when nobody looks any more does no harm.
    imports.become(run(1))
    again = wizard(run=imports.known[1])
    assert shown_steps(again) == "Step 3 of 5: Preview"


async def test_stopping_says_so_at_once_and_then_what_remains(
    wizard: Make, imports: FakeImports
) -> None:
    writing = run(1, RunState.WRITING, running=True, written=True, processed=1000)
    imports.become(writing)
    made = wizard(run=writing)
    imports.gate = asyncio.Event()
    made.extra.click()
    await settle()
    assert made.run.told.text() == "Stopping\N{HORIZONTAL ELLIPSIS}"
    assert not made.extra.isEnabled()
    imports.gate.set()
    await settle()

    assert imports.calls("cancel") == [(1,)]
    assert made.run.told.text() == (
        "1,000 lines imported, 3,030 still to come. Go on where it stopped, or undo what was "
        "imported."
    )
    assert made.extra.text() == "&Undo\N{HORIZONTAL ELLIPSIS}"
    made.go.click()
    await settle()
    assert imports.calls("resume") == [(1,)]


async def test_reading_that_stopped_can_go_on_or_be_thrown_away(
    wizard: Make, imports: FakeImports
) -> None:
    imports.become(
        run(1, RunState.STOPPED, processed=1000, counts={}, trouble="Trakt is not answering.")
    )
    made = wizard(run=imports.known[1])
    assert made.run.trouble.text() == "Trakt is not answering."
    assert made.run.told.text().endswith("Nothing has been written.")
    assert made.go.text() == "&Go on"
    made.extra.click()
    said = await answer(made, yes=True)
    assert "Nothing of it has been written." in said
    assert imports.calls("forget") == [(1,)]
    assert not made.isVisible()


async def test_progress_never_says_more_than_the_whole(wizard: Make, imports: FakeImports) -> None:
    imports.become(run(1, RunState.READING, running=True, total=100, processed=1330))
    made = wizard(run=imports.known[1])
    bar = made.run.progress.bar
    assert made.run.progress.numbers["total"].text() == "1,330"
    # What follows has no known end.
    assert (bar.maximum(), bar.accessibleDescription()) == (0, "")
    imports.become(run(1, RunState.READING, running=True, total=100, processed=99))
    assert (bar.value(), bar.maximum()) == (990, 1000)
    assert bar.accessibleDescription() == "99\N{NO-BREAK SPACE}%"

    imports.become(run(1, RunState.READING, running=True, total=None, processed=40))
    assert bar.maximum() == 0
    assert made.run.progress.numbers["total"].text() == "\N{EN DASH}"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (RunState.READING, "Everything is read. It is compared with your library now."),
        (
            RunState.WRITING,
            "Everything is in your library. Your server is told what was watched now: 12 marked.",
        ),
        (
            RunState.UNDOING,
            "Your library is as it was. What was marked on your server is taken back now.",
        ),
    ],
)
async def test_what_goes_on_after_the_last_line_is_said(
    wizard: Make, imports: FakeImports, state: RunState, said: str
) -> None:
    imports.become(run(1, state, running=True, marked=12, left_s=0.0))
    made = wizard(run=imports.known[1])
    assert made.run.told.text() == said
    assert made.run.progress.bar.maximum() == 0
    assert made.run.progress.numbers["left"].text() == "\N{EN DASH}"


async def test_another_runs_progress_is_not_shown_here(wizard: Make, imports: FakeImports) -> None:
    imports.become(run(1))
    made = wizard(run=imports.known[1])
    imports.become(run(2, RunState.DONE))
    assert shown_steps(made) == "Step 3 of 5: Preview"


async def test_what_is_there_already_needs_no_import(wizard: Make, imports: FakeImports) -> None:
    imports.become(run(1, counts={Verdict.THERE: 812}))
    made = wizard(run=imports.known[1])
    assert not made.go.isEnabled()
    assert made.preview.book.currentIndex() == 1
    assert "there is nothing to import" in made.preview.summary.text()


# The preview's tables


async def preview(wizard: Make, imports: FakeImports, verdict: Verdict) -> ImportWizard:
    imports.become(run())
    made = wizard(run=imports.known[1])
    made.preview.book.setCurrentIndex(list(Verdict).index(verdict))
    await settle()
    return made


def table_of(made: ImportWizard, verdict: Verdict) -> list[list[str]]:
    model = made.preview.tabs[verdict].model
    columns = range(model.columnCount())
    return [[model.index(r, c).data() for c in columns] for r in range(model.rowCount())]


async def test_no_source_is_squeezed_in_the_first_picture(wizard: Make) -> None:
    made = wizard()
    QCoreApplication.processEvents()
    for card in made.sources.cards.values():
        assert card.height() >= card.minimumSizeHint().height()


def press(view: QTableView, column: int, qtbot: QtBot) -> None:
    """Click on a header."""
    header = view.horizontalHeader()
    place = QPoint(header.sectionViewportPosition(column) + 20, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)


async def test_a_preview_is_sorted_by_its_headers_and_stays_so(
    wizard: Make, imports: FakeImports, qtbot: QtBot
) -> None:
    made = await preview(wizard, imports, Verdict.NEW)
    rows = made.preview.tabs[Verdict.NEW]
    as_read = table_of(made, Verdict.NEW)
    assert imports.orders[-1] is None
    press(rows.view, 0, qtbot)
    await settle()
    assert imports.orders[-1] == Order(SortBy.TITLE)
    titles = [line[0] for line in table_of(made, Verdict.NEW)]
    assert titles == sorted(titles, key=str.casefold)
    assert titles != [line[0] for line in as_read]
    # Down, then not at all.
    press(rows.view, 0, qtbot)
    await settle()
    assert imports.orders[-1] == Order(SortBy.TITLE, down=True)
    press(rows.view, 0, qtbot)
    await settle()
    assert imports.orders[-1] is None
    assert table_of(made, Verdict.NEW) == as_read
    press(rows.view, 3, qtbot)
    await settle()
    assert imports.orders[-1] == Order(SortBy.DATE)

    # It outlives what the lines are narrowed by.
    made.preview.search.setText("harbour")
    made.preview.facet.setCurrentIndex(1)
    await eventually(lambda: imports.calls("rows")[-1][3] == "harbour")
    await settle()
    assert imports.orders[-1] == Order(SortBy.DATE)
    assert rows.view.horizontalHeader().sortIndicatorSection() == 3
    made.preview.search.clear()
    await eventually(lambda: imports.calls("rows")[-1][3] == "")
    assert imports.orders[-1] == Order(SortBy.DATE)


async def test_lines_that_could_not_be_read_have_a_tab_of_their_own(
    wizard: Make, imports: FakeImports, qtbot: QtBot
) -> None:
    imports.broken = [broken(number) for number in range(1, 9)]
    imports.broken[0] = broken(1, Reason.LINE_QUOTE_OPEN, file="", line=1017, text="<b>x</b>")
    imports.broken[1] = broken(2, Reason.LINE_UNUSABLE, file="", line=0)
    made = await preview(wizard, imports, Verdict.NEW)
    book, unread = made.preview.book, made.preview.unread
    place = book.indexOf(unread)
    # Nobody is told of what there is none of.
    assert not book.isTabVisible(place)
    imports.become(run(failed=1200, file_name="anna.zip"))
    await settle()
    assert book.isTabVisible(place)
    assert book.tabText(place) == "Unreadable (1,200)"
    assert "1,200 lines could not be read." in made.preview.summary.text()
    assert imports.calls("unread") == []

    book.setCurrentIndex(place)
    await settle()
    model = unread.model
    assert [model.index(row, 0).data() for row in range(3)] == [
        "line 1,017",
        "\N{EN DASH}",
        "diary.csv, line 41",
    ]
    assert model.index(0, 3).data() == ("A quotation mark is opened and never closed.")
    tip = model.index(0, 2).data(Qt.ItemDataRole.ToolTipRole)
    assert "<b>" not in tip
    assert "import the file again" in unread.about.text()
    assert "The first 1,000 are listed." in unread.about.text()
    assert unread.view.accessibleName() == "Unreadable"
    unread.view.selectRow(2)
    assert unread.detail.text().startswith("diary.csv, line 41 \N{MIDDLE DOT} History")
    assert unread.detail.text().endswith("Its date is missing or cannot be read.")
    press(unread.view, 3, qtbot)
    await settle()
    assert imports.orders[-1] == Order(SortBy.WHY)

    made.preview.search.setText("e5")
    await eventually(lambda: imports.calls("unread")[-1][2] == "e5")
    await settle()
    assert (model.rowCount(), imports.orders[-1]) == (1, Order(SortBy.WHY))
    made.preview.search.setText("no such line")
    await eventually(lambda: model.rowCount() == 0)


async def test_the_first_tab_is_that_of_the_unreadable_where_nothing_else_is(
    wizard: Make, imports: FakeImports
) -> None:
    imports.broken = [broken(1)]
    imports.become(run(counts={}, failed=1))
    made = wizard(run=imports.known[1])
    await settle()
    assert made.preview.book.currentWidget() is made.preview.unread
    assert made.preview.unread.model.rowCount() == 1
    assert not made.go.isEnabled()


async def test_what_could_not_be_read_is_shown_when_all_is_done(
    wizard: Make, imports: FakeImports
) -> None:
    imports.broken = [broken(number) for number in range(1, 9)]
    imports.become(run(1, RunState.DONE, written=True))
    made = wizard(run=imports.known[1])
    assert not made.summary.unread.isVisible()
    imports.become(replace(imports.known[1], failed=8))
    assert made.summary.unread.isVisible()
    said = [one.text() for one in made.summary.findChildren(Text) if one.isVisible()]
    assert "8 lines could not be read and were left out." in said
    made.summary.unread.click()
    await settle()
    (dialog,) = made.findChildren(UnreadDialog)
    assert dialog.rows.model.rowCount() == 8
    dialog.buttons.button(QDialogButtonBox.StandardButton.Close).click()
    await settle()
    assert made.findChildren(UnreadDialog) == []
    imports.become(replace(imports.known[1], state=RunState.UNDONE))
    assert not made.summary.unread.isVisible()


async def test_both_sides_of_a_conflict_are_shown_and_one_is_chosen(
    wizard: Make, imports: FakeImports
) -> None:
    made = await preview(wizard, imports, Verdict.CONFLICT)
    rows = made.preview.tabs[Verdict.CONFLICT]
    assert list(rows.model.headers()) == [
        "Title",
        "What",
        "Trakt (anna) says",
        "Your library says",
        "What happens",
    ]
    assert [line[4] for line in table_of(made, Verdict.CONFLICT)] == ["By the rules"] * 3
    assert not rows.choices[Choice.THEIRS].isEnabled()

    rows.view.selectRow(1)
    assert "Your library: 01/02/2026 21:05" in rows.detail.text()
    rows.choices[Choice.OURS].click()
    await settle()
    assert imports.calls("choose") == [(1, [21], Choice.OURS)]
    assert [line[4] for line in table_of(made, Verdict.CONFLICT)] == [
        "By the rules",
        "Keep the library",
        "By the rules",
    ]

    rows.scope.setCurrentIndex(1)
    rows.view.clearSelection()
    rows.choices[Choice.THEIRS].click()
    await settle()
    assert imports.calls("choose")[-1] == (1, None, Choice.THEIRS)
    assert {line[4] for line in table_of(made, Verdict.CONFLICT)} == {"Take Trakt (anna)"}


async def test_new_lines_can_be_left_out_and_taken_in_again(
    wizard: Make, imports: FakeImports
) -> None:
    made = await preview(wizard, imports, Verdict.NEW)
    rows = made.preview.tabs[Verdict.NEW]
    rows.view.selectAll()
    rows.choices[Choice.SKIP].click()
    await settle()
    assert imports.calls("choose") == [(1, list(range(1, 20)), Choice.SKIP)]
    assert {line[5] for line in table_of(made, Verdict.NEW)} == {"Leave out"}
    rows.choices[Choice.DEFAULT].click()
    await settle()
    assert {line[5] for line in table_of(made, Verdict.NEW)} == {"Added"}


async def test_a_choice_that_is_refused_says_why_and_changes_nothing(
    wizard: Make, imports: FakeImports
) -> None:
    made = await preview(wizard, imports, Verdict.NEW)
    rows = made.preview.tabs[Verdict.NEW]
    rows.view.selectRow(0)
    imports.fails = ImportRefused("This import is being written.")
    rows.choices[Choice.SKIP].click()
    await settle()
    assert rows.trouble.text() == "This import is being written."
    assert table_of(made, Verdict.NEW)[0][5] == "Added"


async def test_lines_are_found_by_facet_and_title(wizard: Make, imports: FakeImports) -> None:
    made = await preview(wizard, imports, Verdict.NEW)
    made.preview.facet.setCurrentIndex(2)
    await settle()
    assert {line[1] for line in table_of(made, Verdict.NEW)} == {"Ratings"}
    made.preview.search.setText("harbour")
    await eventually(lambda: imports.calls("rows")[-1][3] == "harbour")
    await settle()
    assert all(line[0].startswith("The Harbour") for line in table_of(made, Verdict.NEW))
    # The other tabs are read by the same question when they are looked at, once.
    made.preview.book.setCurrentIndex(3)
    await settle()
    asked = len(imports.calls("rows"))
    assert imports.calls("rows")[-1][1:4] == (Verdict.UNMATCHED, Facet.RATINGS, "harbour")
    made.preview.book.setCurrentIndex(0)
    await settle()
    assert len(imports.calls("rows")) == asked


async def test_an_unmatched_line_is_matched_with_what_the_user_picks(
    wizard: Make, imports: FakeImports
) -> None:
    made = await preview(wizard, imports, Verdict.UNMATCHED)
    rows = made.preview.tabs[Verdict.UNMATCHED]
    assert table_of(made, Verdict.UNMATCHED)[0][4] == "Your server does not know this item."
    imports.found = [Candidate("m1", "Nosferatu (1922)", 0.9), Candidate("m2", "Other", 0.4)]
    imports.alike = 1204
    rows.view.selectRow(0)
    rows.match.click()
    await settle()
    (dialog,) = made.findChildren(MatchDialog)
    assert dialog.covers.text() == "What you choose is for all 1,204 lines about the same thing."
    # A title alone is a suggestion: nothing is chosen beforehand.
    assert not dialog.go.isEnabled()
    dialog.found.setCurrentRow(0)
    dialog.go.click()
    await settle()

    assert imports.calls("match") == [(23, "m1")]
    assert len(table_of(made, Verdict.UNMATCHED)) == 2
    # The counts were read again.
    assert imports.calls("run")[-1] == (1,)
    # The keyboard goes on with the line below.
    assert [row.id for row in rows.chosen()] == [24]
    assert made.focusWidget() is rows.view


async def test_a_matched_line_is_shown_where_it_went(wizard: Make, imports: FakeImports) -> None:
    made = await preview(wizard, imports, Verdict.NEW)
    before = len(table_of(made, Verdict.NEW))
    made.preview.book.setCurrentIndex(3)
    await settle()
    await imports.match(23, "m1")
    made.preview.tabs[Verdict.UNMATCHED].changed.emit()
    await settle()
    made.preview.book.setCurrentIndex(0)
    await settle()
    assert len(table_of(made, Verdict.NEW)) == before + 1


async def test_nothing_moves_when_a_line_is_chosen(wizard: Make, imports: FakeImports) -> None:
    long = replace(imports.lines[0].entry, note="A long review.\n" * 400)
    imports.lines[0] = replace(imports.lines[0], entry=long)
    made = await preview(wizard, imports, Verdict.NEW)
    rows = made.preview.tabs[Verdict.NEW]
    before = rows.view.geometry()
    assert rows.detail.text() == "Choose a line to see all of it."
    rows.view.selectRow(1)
    await settle()
    assert rows.view.geometry() == before
    rows.view.selectRow(0)
    await settle()
    assert "A long review. A long review." in rows.detail.text()
    assert rows.view.height() > before.height() / 2


async def test_a_search_that_fails_or_is_overtaken_shows_the_last_that_was_asked(
    wizard: Make, imports: FakeImports
) -> None:
    imports.fails = StoreTrouble("The database is locked.")
    dialog = MatchDialog(None, imports, imports.lines[-1])
    dialog.open()
    await settle()
    assert dialog.message.text() == "The database is locked."

    imports.fails, imports.gate = None, asyncio.Event()
    imports.found = [Candidate("m1", "Old", 0.9)]
    dialog.search.setText("first")
    await eventually(lambda: imports.calls("candidates")[-1] == (25, "first"))
    dialog.search.setText("second")
    await eventually(lambda: imports.calls("candidates")[-1] == (25, "second"))
    imports.found = []
    imports.gate.set()
    await settle()
    assert dialog.found.count() == 0
    assert dialog.message.text() == "Nothing on your server is called like that."
    dialog.never.click()
    await settle()
    assert imports.calls("never") == [(25,)]
    assert not dialog.isVisible()
    dialog.deleteLater()


# By keyboard, by screen reader, and fast


async def test_every_control_of_every_step_has_a_name(
    wizard: Make, imports: FakeImports, engine: FakeEngine
) -> None:
    from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QTabBar

    imports.become(run(1))
    done = run(2, RunState.DONE, written=True)
    imports.become(done)
    for made in (wizard(), wizard(source=TRAKT), wizard(run=run(1)), wizard(run=done)):
        await settle()
        for kind in (QAbstractButton, QAbstractItemView, QComboBox, QLineEdit, QTabBar):
            for control in made.findChildren(kind):
                if not control.isVisible() or control.objectName().startswith("qt_"):
                    continue
                if type(control).__name__ in ("QTableCornerButton", "QToolButton", "QHeaderView"):
                    continue
                text = control.text() if isinstance(control, QAbstractButton) else ""
                assert control.accessibleName() or text, f"{control} has no name"


async def test_the_whole_way_goes_by_keyboard(
    wizard: Make, imports: FakeImports, qtbot: object
) -> None:
    made = wizard()
    focus = made.focusWidget
    assert focus() is made.sources.cards[TRAKT.key].go
    qtbot.keyClick(focus(), Qt.Key.Key_Space)  # type: ignore[attr-defined]  # pytest-qt has no types
    assert focus() is made.what.facets[Facet.HISTORY]
    qtbot.keyClick(focus(), Qt.Key.Key_Return)  # type: ignore[attr-defined]
    await settle()
    assert imports.calls("begin")
    imports.become(run(1))
    await settle()
    assert focus() is made.preview.lines
    while focus() is not made.go:
        qtbot.keyClick(focus(), Qt.Key.Key_Tab)  # type: ignore[attr-defined]
        assert focus() is not made.preview.search, "the next step is not reached by Tab"
    qtbot.keyClick(focus(), Qt.Key.Key_Return)  # type: ignore[attr-defined]
    await settle()
    assert imports.calls("write") == [(1,)]
    imports.become(run(1, RunState.DONE, written=True))
    qtbot.keyClick(focus(), Qt.Key.Key_Escape)  # type: ignore[attr-defined]
    assert not made.isVisible()


async def test_a_hundred_thousand_lines_leave_the_loop_on_time(
    wizard: Make, imports: FakeImports, latest_ms: object, qapp: QApplication
) -> None:
    lines = [row(number) for number in range(1, 100_001)]
    # They would be on disk.
    gc.collect()
    gc.freeze()

    async def rows(run_id: int, verdict: Verdict, **asked: object) -> list[object]:
        start, limit = int(str(asked["after_id"])), int(str(asked["limit"]))
        return list(lines[start : start + limit]) if verdict is Verdict.NEW else []

    imports.rows = rows  # type: ignore[method-assign,assignment]
    many = run(1, total=100_000, processed=100_000, counts={Verdict.NEW: 100_000})
    imports.become(many)
    made = wizard(run=many)
    view = made.preview.tabs[Verdict.NEW]
    await settle()
    async with latest_ms() as late:  # type: ignore[operator]
        for pages in range(2, 60):
            view.view.scrollToBottom()
            wanted = pages * PAGE
            await eventually(lambda wanted=wanted: view.model.rowCount() >= wanted)
            await asyncio.sleep(0.002)
        view.view.selectAll()
        await asyncio.sleep(0.002)
        view.choices[Choice.SKIP].click()
        await eventually(lambda: bool(imports.calls("choose")))
        await asyncio.sleep(0.002)

    gc.unfreeze()
    assert len(imports.calls("choose")[0][1]) >= 59 * PAGE  # type: ignore[arg-type]
    assert late.work_ms < LONGEST_WORK_MS


async def test_progress_that_is_told_often_leaves_the_loop_on_time(
    wizard: Make, imports: FakeImports, latest_ms: object
) -> None:
    imports.become(run(1, RunState.READING, running=True, processed=0, counts={}))
    made = wizard(run=imports.known[1])
    async with latest_ms() as late:  # type: ignore[operator]
        for done in range(0, 4000, 40):
            imports.become(replace(imports.known[1], processed=done, rate=3.0, left_s=done / 10))
            await asyncio.sleep(0.002)

    assert made.run.progress.numbers["processed"].text() == "3,960"
    assert late.work_ms < LONGEST_WORK_MS


async def test_nothing_outlives_the_wizard(
    context: Context, engine: FakeEngine, imports: FakeImports, qapp: QApplication
) -> None:
    def alone() -> set[QWidget]:
        return {one for one in qapp.topLevelWidgets() if one.parentWidget() is None}

    before = alone()
    imports.become(run(1))
    made = ImportWizard(None, context, imports, run=run(1))
    made.open()
    await settle()
    # A widget without a parent would stay behind, and be repainted when it is gone.
    assert alone() - before == {made}
    made.reject()
    made.deleteLater()
    await settle()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert alone() <= before


async def test_enter_in_the_preview_is_no_yes_to_all_of_it(
    wizard: Make, imports: FakeImports, qtbot: object
) -> None:
    imports.become(run(1))
    made = wizard(run=run(1))
    await settle()
    tab = made.preview.tabs[Verdict.NEW]
    # The keyboard begins at the lines: whoever presses Enter twice has begun nothing.
    assert made.focusWidget() is tab.view
    tab.view.selectRow(0)
    for place in (tab.view, made.preview.search, made.preview.facet, tab.choices[Choice.SKIP]):
        place.setFocus()
        qtbot.keyClick(place, Qt.Key.Key_Return)  # type: ignore[attr-defined]  # no types
        await settle()
    assert imports.calls("write") == []
    # A button that has the keyboard is pressed itself.
    assert [called[2] for called in imports.calls("choose")] == [Choice.SKIP]

    made.go.setFocus()
    qtbot.keyClick(made.go, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    await settle()
    assert imports.calls("write") == [(1,)]


async def test_enter_on_an_unmatched_line_only_opens_the_search(
    wizard: Make, imports: FakeImports, qtbot: object
) -> None:
    made = wizard(run=run(counts={Verdict.UNMATCHED: 3}))
    await settle()
    tab = made.preview.tabs[Verdict.UNMATCHED]
    assert made.focusWidget() is tab.view
    tab.view.selectRow(1)
    qtbot.keyClick(tab.view, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    await settle()
    (dialog,) = made.findChildren(MatchDialog)
    assert imports.calls("write") == []
    dialog.reject()
    await settle()


async def test_enter_presses_the_button_that_has_the_keyboard(
    imports: FakeImports, qtbot: object
) -> None:
    imports.found = [Candidate("m1", "Nosferatu (1922)", 0.97)]
    dialog = MatchDialog(None, imports, imports.lines[-1])
    dialog.open()
    await settle()
    dialog.found.setCurrentRow(0)
    cancel = dialog.buttons.button(dialog.buttons.StandardButton.Cancel)
    cancel.setFocus()
    qtbot.keyClick(cancel, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    await settle()
    assert not dialog.isVisible()
    assert imports.calls("match") == []
    dialog.deleteLater()
