"""Every step of an import in every state, light and dark, as pictures to look at.

REVENGE_COMPANION_SCREENSHOTS names the folder they go to.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.imports import Candidate, Choice, RunState, Verdict
from revenge_companion.core.library import Facet
from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import EngineStatus, SignInState
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.import_match import MatchDialog
from revenge_companion.ui.dialogs.import_wizard import ImportWizard
from revenge_companion.ui.dialogs.unread import UnreadDialog
from revenge_companion.ui.dialogs.welcome import WelcomeDialog
from revenge_companion.ui.pages.imports import ImportsPage
from revenge_companion.ui.places import Place
from revenge_companion.ui.window import Window
from tests.clock import settle
from tests.ui.fake_engine import LONG, SIGNED_IN, FakeEngine
from tests.ui.fake_imports import LETTERBOXD_ZIP, TRAKT, FakeImports, broken, film, row, run
from tests.ui.pictures import WITH_LARGE_TEXT, Shoot

pytestmark = WITH_LARGE_TEXT


@pytest.fixture
def imports(engine: FakeEngine) -> FakeImports:
    """A run of every kind of line."""
    made = engine.imports
    made.lines = [row(number) for number in range(1, 60)]
    made.lines += [row(number, Verdict.THERE) for number in range(60, 80)]
    made.lines += [row(number, Verdict.CONFLICT) for number in range(80, 83)]
    made.lines += [row(number, Verdict.UNMATCHED) for number in range(83, 88)]
    reasons = (Reason.LINE_UNDATED, Reason.LINE_QUOTE_OPEN, Reason.LINE_NAMELESS)
    made.broken = [broken(number, reasons[number % 3]) for number in range(1, 29)]
    long = replace(made.lines[3].entry, subject=film(3, LONG.title, 1964))
    made.lines[3] = replace(made.lines[3], entry=long)
    return made


@pytest.fixture
def signed_in(engine: FakeEngine) -> EngineStatus:
    engine.status = SIGNED_IN
    return engine.status


@pytest.fixture
async def wizard(
    context: Context, imports: FakeImports, signed_in: EngineStatus, theme: str
) -> AsyncIterator[Callable[..., ImportWizard]]:
    made: list[ImportWizard] = []

    def make(**where: object) -> ImportWizard:
        made.append(ImportWizard(None, context, imports, **where))  # type: ignore[arg-type]
        made[-1].show()
        return made[-1]

    yield make
    for one in made:
        one.reject()
        one.deleteLater()
    await settle()


async def test_source(
    wizard: Callable[..., ImportWizard], shoot: Shoot, imports: FakeImports
) -> None:
    made = wizard()
    await settle()
    shoot(made, "import-1-source")
    imports.fails = ImportRefused("This is none of the files that can be imported: .csv, .zip.")
    made._on_file(Path("letter.txt"))  # noqa: SLF001  # what a chosen file does
    await settle()
    shoot(made, "import-1-source-refused")


async def test_what(wizard: Callable[..., ImportWizard], shoot: Shoot, engine: FakeEngine) -> None:
    shoot(wizard(source=TRAKT), "import-2-what")
    made = wizard(path=Path("letterboxd-anna-2026-03-01-19-40-utc.zip"))
    await settle()
    for box in made.what.facets.values():
        box.setChecked(False)
    shoot(made, "import-2-what-nothing")
    engine.status = EngineStatus()
    shoot(wizard(source=LETTERBOXD_ZIP), "import-2-what-signed-out")


async def test_reading_and_preview(
    wizard: Callable[..., ImportWizard], shoot: Shoot, imports: FakeImports
) -> None:
    reading = run(1, RunState.READING, running=True, processed=1310, matched=1290, rate=240.0,
                  left_s=11.0, counts={})  # fmt: skip
    imports.become(reading)
    made = wizard(run=reading)
    shoot(made, "import-3-reading")
    imports.become(replace(reading, total=None, left_s=None))
    shoot(made, "import-3-reading-no-total")
    imports.become(replace(reading, state=RunState.STOPPED, running=False,
                           trouble="Trakt is not answering."))  # fmt: skip
    shoot(made, "import-3-reading-stopped")
    imports.become(run())
    await settle()
    shoot(made, "import-3-preview-new")
    for number, verdict in enumerate(Verdict):
        made.preview.book.setCurrentIndex(number)
        await settle()
        if verdict is Verdict.CONFLICT:
            made.preview.tabs[verdict].view.selectRow(1)
            made.preview.tabs[verdict].choices[Choice.THEIRS].click()
            await settle()
        shoot(made, f"import-3-preview-{verdict.value}")
    imports.become(run(failed=28, file_name="letterboxd-anna-2026-03-01.zip"))
    made.preview.book.setCurrentIndex(4)
    await settle()
    made.preview.unread.view.selectRow(1)
    shoot(made, "import-3-preview-unreadable")
    made.preview.book.setCurrentIndex(0)
    view = made.preview.tabs[Verdict.NEW].view
    view.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    view.horizontalHeader().setFocus()
    await settle()
    shoot(made, "import-3-preview-sorted")
    made.preview.search.setText("nothing like it")
    made.preview._typed.timeout.emit()  # noqa: SLF001  # typing has paused
    await settle()
    shoot(made, "import-3-preview-no-match")
    imports.become(run(counts={Verdict.THERE: 812}))
    shoot(made, "import-3-preview-all-there")


async def test_running_and_summary(
    wizard: Callable[..., ImportWizard], shoot: Shoot, imports: FakeImports
) -> None:
    writing = run(1, RunState.WRITING, running=True, written=True, processed=2410, matched=2400,
                  failed=2, rate=900.0, left_s=100.0)  # fmt: skip
    imports.become(writing)
    made = wizard(run=writing)
    shoot(made, "import-4-running")
    imports.become(replace(writing, state=RunState.STOPPED, running=False))
    shoot(made, "import-4-stopped")
    imports.become(replace(writing, running=False))
    shoot(made, "import-4-interrupted")
    done = run(1, RunState.DONE, written=True, marked=2203, failed=2, left_out=12)
    imports.become(done)
    shoot(made, "import-5-summary")
    made.summary.unread.click()
    await settle()
    (dialog,) = made.findChildren(UnreadDialog)
    shoot(dialog, "import-5-unreadable")
    dialog.reject()
    await settle()
    imports.become(replace(done, state=RunState.UNDOING, running=True, processed=1000, rate=3000.0))
    shoot(made, "import-5-undoing")
    imports.become(replace(done, state=RunState.UNDONE))
    shoot(made, "import-5-undone")


async def test_match(shoot: Shoot, imports: FakeImports) -> None:
    imports.found = [
        Candidate("m1", "The Harbour Clock S01E04", 0.97),
        Candidate("m2", LONG.title, 0.62),
    ]
    dialog = MatchDialog(None, imports, imports.lines[-1])
    dialog.show()
    await settle()
    dialog.found.setCurrentRow(0)
    shoot(dialog, "import-match")
    imports.found = []
    dialog._search()  # noqa: SLF001  # typing has paused
    await settle()
    shoot(dialog, "import-match-none")
    dialog.reject()
    dialog.deleteLater()


async def test_page(
    context: Context, imports: FakeImports, signed_in: EngineStatus, shoot: Shoot
) -> None:
    page = ImportsPage(context, imports, lambda address: None)
    page.resize(820, 680)
    page.show()
    await settle()
    shoot(page, "imports")
    for number, name in ((1, "past"), (2, "unmatched")):
        page.book.setCurrentIndex(number)
        await settle()
        shoot(page, f"imports-{name}-first")
    imports.become(run(6, RunState.WRITING, running=True, written=True, processed=2410, left_s=100))
    imports.become(run(5))
    imports.become(run(4, RunState.WRITING, written=True, processed=900))
    imports.become(run(3, RunState.STOPPED, processed=900, trouble="Simkl is not answering.",
                       source_name="Simkl (anna)", counts={}))  # fmt: skip
    imports.become(run(2, RunState.UNDONE, source_name="Goodreads library",
                       file_name="goodreads_library_export.csv"))  # fmt: skip
    for number, name in ((0, "anna-2026-03-01"), (1, "anna-2025-02-11")):
        imports.become(
            run(number, RunState.DONE, written=True, facets=tuple(Facet),
                source_name=LETTERBOXD_ZIP.name, file_name=f"letterboxd-{name}-19-40-utc.zip")
        )  # fmt: skip
    page.book.setCurrentIndex(0)
    await settle()
    shoot(page, "imports-under-way")
    page.book.setCurrentIndex(1)
    page.past.view.selectRow(3)
    await settle()
    shoot(page, "imports-past")
    page.book.setCurrentIndex(2)
    page.unmatched.view.selectRow(0)
    await settle()
    shoot(page, "imports-unmatched")
    page.shut()
    page.deleteLater()


async def test_page_with_nothing(context: Context, engine: FakeEngine, shoot: Shoot) -> None:
    nothing = FakeImports()
    nothing.kinds = [one for one in nothing.kinds if one.is_file]
    page = ImportsPage(context, nothing, lambda address: None)
    page.resize(820, 680)
    page.show()
    await settle()
    shoot(page, "imports-no-account")
    for number, name in ((1, "past"), (2, "unmatched")):
        page.book.setCurrentIndex(number)
        await settle()
        shoot(page, f"imports-no-{name}")
    page.shut()
    page.deleteLater()


async def test_in_the_window(context: Context, engine: FakeEngine, shoot: Shoot) -> None:
    engine.status = SIGNED_IN
    window = Window(context, has_tray=lambda: True)
    window.show()
    await settle()
    engine.imports.become(run(2, RunState.WRITING, processed=900, written=True, running=True))
    window.sidebar.choose(Place.IMPORTS)
    await settle()
    shoot(window, "imports-window")
    window.notices.importing.say("")
    window.resize(window.minimumSize())
    await settle()
    shoot(window, "imports-window-small")
    window.imports.book.setCurrentIndex(1)
    window.imports.past.view.selectRow(0)
    await settle()
    shoot(window, "imports-window-small-past")
    window.imports.offer(SIGNED_IN.accounts[0].account)
    await settle()
    (box,) = window.findChildren(QMessageBox)
    shoot(box, "import-offer")
    box.reject()
    await settle()
    window.shut()
    window.deleteLater()


async def test_first_steps(context: Context, engine: FakeEngine, shoot: Shoot) -> None:
    welcome = WelcomeDialog(None, context, lambda address: None)
    welcome.show()
    shoot(welcome, "welcome-1")
    engine.become(sign_in=SignInState.SIGNED_IN, server_url="https://media.example.org")
    engine.become(accounts=SIGNED_IN.accounts[:1])
    await settle()
    shoot(welcome, "welcome-3-import")
    welcome.reject()
    welcome.deleteLater()
