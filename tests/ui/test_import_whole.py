"""The real window over the real engine and the demo's Trakt: link, import, preview, run, undo."""

import gc
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QDialog, QMessageBox

from revenge_companion.core.imports import Choice, RunState, Verdict
from revenge_companion.core.library import Facet
from revenge_companion.core.shown import Asked
from revenge_companion.demo.world import DemoWorld
from revenge_companion.paths import find_paths
from revenge_companion.ui.bridge import Bridge
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.import_wizard import ImportWizard
from revenge_companion.ui.dialogs.link import LinkDialog
from revenge_companion.ui.places import Place
from revenge_companion.ui.widgets.text import Text
from revenge_companion.ui.window import Window
from tests.clock import eventually, settle
from tests.integration.engine.house import SPEED, House, Memory, engine, running
from tests.ui.conftest import LONGEST_WORK_MS

PLAYS = 3_000
RATED, WANTED = 200, 30


class Desk:
    """The window over a house whose Trakt has years of watching."""

    def __init__(self, house: House, home: Path) -> None:
        self.house = house
        self._database = find_paths(str(home)).database
        engine = house.engine
        names = {spec.key: spec.name for spec in engine.services}
        context = Context(engine, Bridge(engine), house.world.clock, names)
        self.window = Window(context, has_tray=lambda: True)
        self.window.show()

    async def opened(self, kind: type[QDialog]) -> Any:
        """The dialog of that kind that is open, or will be in a moment."""
        found: list[QDialog] = []

        def is_open() -> bool:
            found[:] = [one for one in self.window.findChildren(kind) if one.isVisible()]
            return bool(found)

        await eventually(is_open, within_s=20)
        return found[0]

    async def answer_yes(self) -> None:
        box = await self.opened(QMessageBox)
        (yes,) = (
            button
            for button in box.buttons()
            if box.buttonRole(button) is QMessageBox.ButtonRole.AcceptRole
        )
        yes.click()
        await settle()

    async def link(self) -> ImportWizard:
        """Link Trakt and take the import that is offered."""
        self.window.sidebar.choose(Place.ACCOUNTS)
        self.window.accounts.link_buttons["trakt"].click()
        linking: LinkDialog = await self.opened(LinkDialog)
        linking.go.click()
        await self.answer_yes()
        wizard: ImportWizard = await self.opened(ImportWizard)
        return wizard

    async def until(self, wizard: ImportWizard, step: str) -> None:
        def there() -> bool:
            assert not wizard.message.isVisible(), wizard.message.text()
            assert not wizard.run.trouble.text(), wizard.run.trouble.text()
            return step in wizard.steps.accessibleName()

        await eventually(there, within_s=60)

    async def leave_out_the_first(self, wizard: ImportWizard) -> None:
        """Leave the first new line out."""
        wizard.preview.book.setCurrentIndex(list(Verdict).index(Verdict.NEW))
        new = wizard.preview.tabs[Verdict.NEW]
        await eventually(lambda: new.model.rowCount() > 0)
        new.view.selectRow(0)
        new.choices[Choice.SKIP].click()
        await eventually(lambda: not new.tasks.busy)

    async def kept(self, facet: Facet = Facet.HISTORY) -> int:
        """How many lines of a facet the library shows."""
        before: int | None = None
        count = 0
        while page := await self.house.engine.library.page(Asked(facet), before=before):
            count += len(page)
            before = page[-1].place
        return count

    def library(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every line of the library's tables, as they are on disk."""
        with closing(sqlite3.connect(self._database)) as connection:
            names = [
                row[0]
                for row in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'library%' "
                    "AND name NOT LIKE '%fts%'"
                )
            ]
            assert names
            return {
                name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr)
                for name in names
            }


@asynccontextmanager
async def a_desk(home: Path) -> AsyncIterator[Desk]:
    """Not a fixture: between a test and its fixtures Qt runs events while asyncio does not."""
    async with running(home) as house:
        house.world.destinations.trakt.preload(PLAYS, rated=RATED, wanted=WANTED)
        made = Desk(house, home)
        yield made
        for dialog in made.window.findChildren(QDialog):
            dialog.reject()
        await settle()
        made.window.shut()
        made.window.deleteLater()
        await settle()


async def test_thousands_of_plays_go_the_whole_way_and_back(
    home: Path, latest_ms: Callable[[], Any]
) -> None:
    async with a_desk(home) as desk:
        wizard = await desk.link()
        before = desk.library()
        # As the program does: what is there for good is not looked through again and again.
        gc.collect()
        gc.freeze()
        async with latest_ms() as late:
            wizard.go.click()
            await eventually(lambda: wizard.pages.currentWidget() is wizard.preview, within_s=60)
            assert desk.library() == before
            (run,) = await desk.house.engine.imports.runs()
            assert run.state is RunState.PREVIEW
            assert sum(run.counts.values()) == run.total == run.processed
            # Each third play is of something that the server has.
            assert 1000 <= run.counts[Verdict.NEW] < run.counts[Verdict.UNMATCHED]
            await desk.leave_out_the_first(wizard)

            wizard.go.click()
            await desk.until(wizard, "Summary")
            assert await desk.kept() == PLAYS - 1
            assert await desk.kept(Facet.RATINGS) == run.total - PLAYS - WANTED
            assert "1 line left out." in wizard.summary.lines.text()

            wizard.extra.click()
            await desk.answer_yes()
            await eventually(lambda: "undone" in wizard.summary.title.text(), within_s=60)

        gc.unfreeze()
        assert desk.library() == before
        assert await desk.kept() == 0
        assert late.work_ms < LONGEST_WORK_MS


async def test_an_import_that_the_programs_end_cut_short_goes_on_and_is_told(home: Path) -> None:
    async with DemoWorld(speed=SPEED) as world:
        secrets = Memory()
        async with engine(world, home, secrets) as house:
            world.destinations.trakt.preload(PLAYS)
            await house.sign_in()
            (account,) = await house.link("trakt")
            imports = house.engine.imports
            seen: list[int] = []
            imports.on_progress(lambda run: seen.append(run.processed))
            number = await imports.begin(f"account:{account.id}", (Facet.HISTORY,))
            await eventually(lambda: bool(seen and seen[-1]))
        assert 0 < seen[-1] < PLAYS

        async with engine(world, home, secrets) as house:
            desk = Desk(house, home)
            notice = desk.window.notices.importing.findChildren(Text)
            ready = "Trakt (demo-viewer) is read: the preview waits for you."
            await eventually(lambda: ready in [one.text() for one in notice], within_s=60)
            run = await house.engine.imports.run(number)
            assert (run.state, run.total, run.processed) == (RunState.PREVIEW, PLAYS, PLAYS)
            desk.window.notices.importing.action.click()
            wizard = await desk.opened(ImportWizard)
            assert wizard.steps.accessibleName() == "Step 3 of 5: Preview"
            wizard.reject()
            await settle()
            desk.window.shut()
            desk.window.deleteLater()
            await settle()
