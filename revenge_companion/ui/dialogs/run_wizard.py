"""A wizard that follows one import, which the engine owns: closing the wizard leaves it going.

Importing is one; exporting follows one while it reads what the account has.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import QWidget

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.imports import ImportRun
from revenge_companion.core.library import Facet
from revenge_companion.engine.library_api import ImportsApi
from revenge_companion.ui.async_slot import Tasks
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.wizard import Wizard
from revenge_companion.ui.words import told


class RunWizard(Wizard):
    """Subclasses show the run that is followed, and say what is asked of it."""

    def __init__(self, parent: QWidget | None, context: Context, imports: ImportsApi) -> None:
        super().__init__(parent)
        self._context = context
        self._imports = imports
        #: What is followed, as it stood when last told of; None where nothing is.
        self._run: ImportRun | None = None
        #: It was asked to stop, and has not yet.
        self._stopping = False
        self.tasks = Tasks()
        context.bridge.import_progressed.connect(self._on_progress)

    def show_run(self, run: ImportRun) -> None:
        """Follow `run`, and show how it stands."""
        raise NotImplementedError

    async def begun(
        self,
        source: str,
        facets: Sequence[Facet],
        *,
        path: Path | None = None,
        mark_watched: bool,
    ) -> ImportRun | None:
        """A new run as it stands; None where there is none, and why not is said."""

        async def begin() -> ImportRun:
            number = await self._imports.begin(source, facets, path=path, mark_watched=mark_watched)
            return await self._imports.run(number)

        return await self._answer(begin())

    async def asked(self, do: Callable[[int], Awaitable[None]], run: ImportRun) -> ImportRun | None:
        """How the run stands after one thing was asked of it; None where it was refused."""

        async def ask() -> ImportRun:
            await do(run.id)
            return await self._imports.run(run.id)

        return await self._answer(ask())

    async def _answer(self, work: Awaitable[ImportRun]) -> ImportRun | None:
        """What comes of `work`, with the buttons off meanwhile; None where why not is said."""
        self.show_busy(True)
        try:
            return await work
        except CompanionError as error:
            self._stopping = False
            self.say(told(error))
            return None
        finally:
            self.show_busy(False)

    def _on_progress(self, run: ImportRun) -> None:
        if self._run is not None and run.id == self._run.id:
            self.show_run(run)
