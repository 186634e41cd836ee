"""The page of imports: sources, what is under way, what is past, and what found no match."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from revenge_companion.core.errors import ImportRefused, StoreTrouble
from revenge_companion.core.imports import Candidate, RunState, Verdict
from revenge_companion.core.library import Facet
from revenge_companion.ui import import_words, library_words
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.import_match import MatchDialog
from revenge_companion.ui.dialogs.import_wizard import ImportWizard
from revenge_companion.ui.dialogs.link import LinkDialog
from revenge_companion.ui.models.import_runs import RunColumn
from revenge_companion.ui.pages.imports import MOST_CARDS, ImportsPage
from revenge_companion.ui.places import Place
from revenge_companion.ui.widgets.text import Text
from revenge_companion.ui.window import Window
from tests.clock import eventually, settle
from tests.ui.fake_engine import SIGNED_IN, FakeEngine, account
from tests.ui.fake_imports import (
    BEGUN,
    DAY,
    LETTERBOXD_ZIP,
    SERVER,
    SOURCES,
    TRAKT,
    UNDATED,
    FakeImports,
    row,
    run,
)


@pytest.fixture
def imports(engine: FakeEngine) -> FakeImports:
    return engine.imports


@pytest.fixture
def opened() -> list[str]:
    """Addresses that the page opened."""
    return []


@pytest.fixture
async def page(
    context: Context, engine: FakeEngine, imports: FakeImports, opened: list[str]
) -> AsyncIterator[ImportsPage]:
    engine.status = SIGNED_IN
    made = ImportsPage(context, imports, opened.append)
    made.show()
    await settle()
    yield made
    for dialog in made.findChildren(ImportWizard):
        dialog.reject()
    await settle()
    made.shut()
    made.deleteLater()
    await settle()


def wizard_of(page: QWidget) -> ImportWizard:
    (found,) = (one for one in page.findChildren(ImportWizard) if one.isVisible())
    return found


async def answer(page: QWidget, *, yes: bool) -> str:
    """Answer the question that is open; returns what it says."""
    await settle()
    (box,) = (one for one in page.findChildren(QMessageBox) if one.isVisible())
    buttons = {box.buttonRole(button): button for button in box.buttons()}
    role = QMessageBox.ButtonRole.AcceptRole if yes else QMessageBox.ButtonRole.RejectRole
    said = f"{box.text()} {box.informativeText()}"
    buttons[role].click()
    await settle()
    return said


async def test_the_server_stands_apart_from_linked_accounts(page: ImportsPage) -> None:
    title = next(one for one in page.findChildren(Text) if one.text() == "Your server")
    assert title.isVisible()
    page.sources.show_sources((SERVER, LETTERBOXD_ZIP))
    await settle()
    assert title.isVisible()
    assert page.sources.cards[SERVER.key].isVisible()
    # It is no account: those still are to be linked.
    assert page.sources.none.isVisible()
    page.sources.show_sources((TRAKT, LETTERBOXD_ZIP))
    assert not title.isVisible()


async def test_every_source_has_its_card_and_opens_the_wizard(
    page: ImportsPage, imports: FakeImports, opened: list[str]
) -> None:
    assert list(page.sources.cards) == [one.key for one in SOURCES if not one.is_file]
    assert page.sources.cards[TRAKT.key].go.accessibleName() == "Import from Trakt (anna)"
    page.sources.help[LETTERBOXD_ZIP.key].click()
    assert opened == [LETTERBOXD_ZIP.help_url]

    page.sources.cards[TRAKT.key].go.click()
    await settle()
    assert wizard_of(page).steps.accessibleName() == "Step 2 of 5: What"
    # One wizard at a time.
    page.sources.cards[TRAKT.key].go.click()
    await settle()
    assert wizard_of(page)


async def test_a_file_goes_straight_to_the_wizard(page: ImportsPage, imports: FakeImports) -> None:
    page.sources.file_chosen.emit(Path("export.zip"))
    await settle()
    assert wizard_of(page).steps.accessibleName() == "Step 2 of 5: What"
    assert imports.calls("recognise") == [(Path("export.zip"),)]


async def test_without_an_account_it_says_what_to_do(
    page: ImportsPage, imports: FakeImports, engine: FakeEngine
) -> None:
    assert not page.sources.none.isVisible()
    imports.kinds = [one for one in SOURCES if one.is_file]
    engine.become(accounts=())
    assert page.sources.none.isVisible()
    wanted: list[bool] = []
    page.accounts_wanted.connect(lambda: wanted.append(True))
    page.sources.link.click()
    assert wanted == [True]

    imports.kinds = SOURCES
    engine.become(accounts=SIGNED_IN.accounts)
    assert not page.sources.none.isVisible()


async def test_what_is_under_way_has_a_card_until_it_is_over(
    page: ImportsPage, imports: FakeImports
) -> None:
    assert not page.cards
    imports.become(run(1, RunState.READING, running=True, processed=10, left_s=30.0))
    await settle()
    assert page.cards[1].bar.isVisible()
    assert page.cards[1].stop.isVisible()
    assert not page.cards[1].resume.isVisible()
    imports.become(run(1, RunState.PREVIEW))
    assert not page.cards[1].bar.isVisible()
    page.cards[1].open.click()
    await settle()
    assert wizard_of(page).steps.accessibleName() == "Step 3 of 5: Preview"
    wizard_of(page).reject()
    await settle()
    imports.become(run(1, RunState.DONE, written=True))
    assert not page.cards
    assert page.past.model.rowCount() == 1


async def test_an_interrupted_run_is_offered_to_go_on(
    page: ImportsPage, imports: FakeImports
) -> None:
    imports.become(run(1, RunState.WRITING, processed=900, written=True))
    card = page.cards[1]
    texts = [label.text() for label in card.findChildren(type(card._state))]  # noqa: SLF001  # its words
    assert (
        "Importing was interrupted. 900 lines imported, 3,130 still to come. Go on where it "
        "stopped." in texts
    )
    card.resume.click()
    await settle()
    assert imports.calls("resume") == [(1,)]
    assert page.cards[1].stop.isVisible()
    page.cards[1].stop.click()
    await settle()
    assert imports.calls("cancel") == [(1,)]


async def test_only_some_unfinished_runs_have_cards_and_all_are_listed(
    page: ImportsPage, imports: FakeImports
) -> None:
    for number in range(1, MOST_CARDS + 4):
        imports.become(run(number))
    assert list(page.cards) == [8, 7, 6, 5, 4]
    assert page.past.model.rowCount() == 8


async def test_two_exports_of_a_kind_are_told_apart(
    page: ImportsPage, imports: FakeImports
) -> None:
    one = run(1, RunState.DONE, source_name="Letterboxd export", file_name="mine.zip", written=True)
    long = f"letterboxd-{'anna-' * 20}2026-03-01.zip"
    imports.become(one)
    imports.become(replace(one, id=2, file_name=long, started_at=BEGUN + timedelta(days=1)))
    imports.become(replace(one, id=3, source_name="Trakt (anna)", file_name=""))
    page.book.setCurrentIndex(1)
    await settle()
    shown = [
        page.past.model.index(place, RunColumn.SOURCE).data() for place in range(3)
    ]  # newest first
    assert shown[0] == "Trakt (anna)"
    assert shown[1].startswith("Letterboxd export (letterboxd-anna-")
    # What tells it from others of its kind is at its end.
    assert shown[1].endswith("2026-03-01.zip)")
    assert len(shown[1]) < 90
    assert shown[2] == "Letterboxd export (mine.zip)"
    begun = {page.past.model.index(place, RunColumn.WHEN).data() for place in (1, 2)}
    assert len(begun) == 2
    page.past.view.selectRow(2)
    page.past.undo.click()
    assert "Letterboxd export (mine.zip)" in await answer(page, yes=False)


async def test_a_past_run_is_opened_undone_and_forgotten(
    page: ImportsPage, imports: FakeImports
) -> None:
    imports.become(run(2, RunState.UNDONE))
    imports.become(run(1, RunState.DONE, written=True, facets=(Facet.HISTORY,)))
    page.book.setCurrentIndex(1)
    assert not page.past.undo.isEnabled()
    page.past.view.selectRow(1)
    assert page.past.undo.isEnabled()
    assert not page.past.resume.isEnabled()
    page.past.open.click()
    await settle()
    assert wizard_of(page).steps.accessibleName() == "Step 5 of 5: Summary"
    wizard_of(page).reject()
    await settle()

    page.past.view.selectRow(1)
    page.past.undo.click()
    assert "Undo the import from Trakt (anna)?" in await answer(page, yes=True)
    assert imports.calls("undo") == [(1,)]
    imports.become(run(1, RunState.DONE, written=True))
    page.past.view.selectRow(1)
    page.past.forget.click()
    assert "can no longer be undone" in await answer(page, yes=False)
    assert imports.calls("forget") == []
    page.past.view.selectRow(0)
    page.past.forget.click()
    assert "nothing of it is in your library" in await answer(page, yes=True)
    assert imports.calls("forget") == [(2,)]
    assert page.past.model.rowCount() == 1


async def test_trouble_is_said_and_goes_when_it_is_over(
    page: ImportsPage, imports: FakeImports
) -> None:
    imports.become(run(1, RunState.STOPPED))
    imports.fails = ImportRefused("Another import is being written.")
    page.cards[1].resume.click()
    await settle()
    assert page.trouble.text() == "Another import is being written."
    imports.fails = None
    page.cards[1].resume.click()
    await settle()
    assert not page.trouble.isVisible()


async def test_nothing_is_read_for_a_page_that_nobody_sees(
    page: ImportsPage, imports: FakeImports
) -> None:
    page.hide()
    before = len(imports.calls("runs"))
    for done in range(5):
        imports.become(run(1, RunState.READING, running=True, processed=done))
    await settle()
    assert len(imports.calls("runs")) == before
    page.show()
    await settle()
    assert len(imports.calls("runs")) == before + 1
    assert list(page.cards) == [1]


async def test_unmatched_lines_are_searched_matched_and_set_aside(
    page: ImportsPage, imports: FakeImports
) -> None:
    imports.lines = [row(number, Verdict.UNMATCHED) for number in range(1, 7)]
    page.show_unmatched()
    await settle()
    rows = page.unmatched
    assert rows.model.rowCount() == 6
    assert not rows.never.isEnabled()
    rows.view.selectRow(0)
    rows.never.click()
    await settle()
    assert imports.calls("never") == [(1,)]
    assert rows.model.rowCount() == 5

    page.search.setText("harbour")
    await eventually(lambda: imports.calls("unmatched")[-1][0] == "harbour")
    await settle()
    assert rows.model.rowCount() == 2
    imports.found = [Candidate("m9", "The Harbour Clock S01E04", 0.97)]
    rows.view.selectRow(0)
    rows.view.activated.emit(rows.view.currentIndex())
    await settle()
    (dialog,) = page.findChildren(MatchDialog)
    dialog.found.setCurrentRow(0)
    dialog.go.click()
    await settle()
    assert imports.calls("match") == [(3, "m9")]
    assert rows.model.rowCount() == 1

    page.search.setText("nothing like it")
    await eventually(lambda: not rows.model.rowCount())
    assert rows.empty.text() == "No line matches."
    page.search.clear()
    imports.lines = []
    await eventually(lambda: rows.empty.text().startswith("Nothing is unmatched."))


async def test_an_import_is_offered_after_linking_and_never_begun_unasked(
    page: ImportsPage, imports: FakeImports
) -> None:
    page.offer(account(1, "trakt"))
    said = await answer(page, yes=False)
    assert said.startswith("Import what Trakt (anna) knows about you? History, Ratings, ")
    assert not page.findChildren(ImportWizard)

    page.offer(account(1, "trakt"))
    await answer(page, yes=True)
    assert wizard_of(page).steps.accessibleName() == "Step 2 of 5: What"
    assert imports.calls("begin") == []
    wizard_of(page).reject()
    await settle()
    # Nothing can be read from this one, so nothing is offered.
    page.offer(account(77, "gone"))
    await settle()
    assert not [box for box in page.findChildren(QMessageBox) if box.isVisible()]


async def test_a_database_in_trouble_is_said(page: ImportsPage, imports: FakeImports) -> None:
    imports.fails = StoreTrouble("The database is locked.")
    page.open_run(1)
    await settle()
    assert page.trouble.text() == "The database is locked."


# Words


def test_a_day_stays_the_day_that_was_written() -> None:
    assert library_words.exact(DAY) == "29/02/2024"
    assert import_words.entry_says(DAY) == "29/02/2024"
    for hour in (0, 23):
        moved = replace(DAY, at=DAY.at and DAY.at.replace(hour=hour))
        assert library_words.exact(moved) == "29/02/2024"


def test_a_play_without_a_date_says_so() -> None:
    assert import_words.entry_says(UNDATED) == "3 times, date unknown"


@pytest.mark.parametrize(("mark", "said"), [(80, "8 of 10"), (75, "7.5 of 10"), (100, "10 of 10")])
def test_marks_are_told_out_of_ten(mark: int, said: str) -> None:
    entry = replace(row(2).entry, rating=mark, at=None)
    assert import_words.entry_says(entry) == said


@pytest.mark.parametrize("state", RunState)
@pytest.mark.parametrize("running", [True, False])
def test_every_state_has_words(state: RunState, running: bool) -> None:
    made = run(1, state, running=running)
    assert import_words.run_state(made)
    assert import_words.remains(made).endswith(".")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, ""), (0.2, "about 1 second"), (80, "about 80 seconds"), (600, "about 10 min"),
     (7200, "about 2 hours")],
)  # fmt: skip
def test_time_left_is_told_roughly(seconds: float | None, said: str) -> None:
    assert import_words.time_left(seconds) == said


# In the window


@pytest.fixture
async def window(context: Context, engine: FakeEngine) -> AsyncIterator[Window]:
    engine.status = SIGNED_IN
    made = Window(context, has_tray=lambda: True)
    yield made
    for dialog in (*made.findChildren(ImportWizard), *made.findChildren(LinkDialog)):
        dialog.reject()
    await settle()
    made.shut()
    made.deleteLater()
    await settle()


async def test_the_page_is_built_when_it_is_chosen(window: Window, engine: FakeEngine) -> None:
    window.show()
    await settle()
    assert "imports" not in vars(window)
    window.sidebar.choose(Place.IMPORTS)
    await settle()
    assert window.pages.currentWidget() is window.imports
    window.imports.sources.link.clicked.emit()
    assert window.pages.currentWidget() is window.accounts


async def test_linking_an_account_offers_its_import_and_linking_again_does_not(
    window: Window, engine: FakeEngine, imports: FakeImports
) -> None:
    window.sidebar.choose(Place.ACCOUNTS)
    window.show()
    engine.imports.kinds = (replace(TRAKT, key="account:9"),)
    for again in (False, True):
        if again:
            window.accounts.link_again(1)
        else:
            window.accounts.link_buttons["trakt"].click()
        await settle()
        (dialog,) = (one for one in window.findChildren(LinkDialog) if one.isVisible())
        dialog.go.click()
        await settle()
        boxes = [box for box in window.findChildren(QMessageBox) if box.isVisible()]
        assert len(boxes) == (0 if again else 1)
        if boxes:
            await answer(window, yes=True)
            assert wizard_of(window).steps.accessibleName() == "Step 2 of 5: What"
            wizard_of(window).reject()
            await settle()
    assert engine.imports.calls("begin") == []


async def test_nothing_of_imports_is_asked_before_somebody_looks(
    window: Window, engine: FakeEngine
) -> None:
    window.show()
    await settle()
    # What answers is large, and most days nobody imports anything.
    assert engine.imports.asked == []


async def test_an_import_that_goes_on_after_the_programs_end_is_told(
    window: Window, engine: FakeEngine
) -> None:
    window.show()
    await settle()
    engine.imports.become(run(2, RunState.WRITING, processed=900, written=True, running=True))
    texts = [one.text() for one in window.notices.importing.findChildren(Text)]
    assert "The import from Trakt (anna) is under way." in texts
    # The page has a card for it.
    window.sidebar.choose(Place.IMPORTS)
    await settle()
    assert not window.notices.importing.isVisible()
    window.sidebar.choose(Place.ACTIVITY)
    engine.imports.become(run(3, RunState.WRITING, processed=900, written=True, running=True))
    window.notices.importing.action.click()
    await settle()
    assert wizard_of(window).steps.accessibleName() == "Step 4 of 5: Run"
    assert engine.imports.calls("resume") == []


async def test_what_gets_ready_while_nobody_looks_is_told_and_opened(
    window: Window, engine: FakeEngine
) -> None:
    window.show()
    await settle()
    engine.imports.become(run(1, RunState.READING, running=True, processed=10))
    window.notices.importing.dismiss.click()
    engine.imports.become(run(1, RunState.READING, running=True, processed=20))
    assert not window.notices.importing.isVisible()
    engine.imports.become(run(1))
    texts = [one.text() for one in window.notices.importing.findChildren(Text)]
    assert "Trakt (anna) is read: the preview waits for you." in texts
    window.notices.importing.action.click()
    await settle()
    assert wizard_of(window).steps.accessibleName() == "Step 3 of 5: Preview"
    assert not window.notices.importing.isVisible()

    # Who looks at it need not be told.
    engine.imports.become(run(1, RunState.WRITING, running=True, written=True))
    engine.imports.become(run(1, RunState.DONE, written=True))
    assert not window.notices.importing.isVisible()


async def test_the_list_of_past_imports_tells_what_is_undone_by_itself(
    window: Window, engine: FakeEngine
) -> None:
    window.show()
    window.sidebar.choose(Place.IMPORTS)
    engine.imports.become(run(1, RunState.DONE, written=True))
    for tab, told in ((1, False), (2, True)):
        window.imports.book.setCurrentIndex(tab)
        await settle()
        engine.imports.become(run(1, RunState.UNDOING, running=True))
        engine.imports.become(run(1, RunState.UNDONE))
        assert window.notices.importing.isVisible() == told


async def test_an_import_that_was_stopped_by_the_user_is_not_told_of(
    window: Window, engine: FakeEngine
) -> None:
    window.show()
    await settle()
    engine.imports.become(run(1, RunState.READING, running=True))
    engine.imports.become(run(1, RunState.STOPPED))
    assert not window.notices.importing.isVisible()
    engine.imports.become(run(1, RunState.READING, running=True))
    engine.imports.become(run(1, RunState.STOPPED, trouble="Trakt is not answering."))
    texts = [one.text() for one in window.notices.importing.findChildren(Text)]
    assert "The import from Trakt (anna) has stopped." in texts


@pytest.mark.parametrize(
    ("stage", "state", "said"),
    [
        (
            RunState.READING,
            "Reading was stopped",
            "900 lines read, 3,130 still to come. Nothing has been written.",
        ),
        (
            RunState.WRITING,
            "Importing was stopped",
            "Nothing has been written yet. Go on to import what the preview showed.",
        ),
        (
            RunState.UNDOING,
            "Undoing was stopped",
            "Some of it is still in your library. Go on to take the rest back.",
        ),
    ],
)
def test_a_stopped_run_says_what_was_stopped(stage: RunState, state: str, said: str) -> None:
    stopped = run(1, RunState.STOPPED, stage=stage, processed=900)
    assert import_words.run_state(stopped) == state
    assert import_words.remains(stopped) == said


@pytest.fixture
def left_before(qapp: QApplication) -> set[QWidget]:
    """Windows that earlier tests have left for the collector."""
    return set(qapp.topLevelWidgets())


async def test_the_page_leaves_no_widget_without_a_parent(
    left_before: set[QWidget], page: ImportsPage, imports: FakeImports, qapp: QApplication
) -> None:
    for number, state in enumerate(RunState, 1):
        imports.become(run(number, state))
    await settle()
    alone = {one for one in qapp.topLevelWidgets() if one.parentWidget() is None}
    assert alone - left_before == {page}
