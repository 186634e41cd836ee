"""Imports: where from, what is under way, what is past, and what found no match."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from revenge_companion.core.accounts import Account
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.imports import ImportRun, ImportSource, RunState, Verdict
from revenge_companion.engine.library_api import ImportsApi
from revenge_companion.ui import ask, import_asking
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import GAP, GRID, MARGIN, Tone
from revenge_companion.ui.widgets.card import Column, clear
from revenge_companion.ui.widgets.file_drop import FileDrop
from revenge_companion.ui.widgets.import_rows import ImportRows
from revenge_companion.ui.widgets.import_run import PastRuns, RunCard
from revenge_companion.ui.widgets.import_sources import ImportSources
from revenge_companion.ui.widgets.search_field import SearchField
from revenge_companion.ui.widgets.sync_section import SyncSection
from revenge_companion.ui.widgets.tabs import Tabs
from revenge_companion.ui.widgets.text import Text
from revenge_companion.ui.words import told

if TYPE_CHECKING:
    from revenge_companion.ui.dialogs.import_wizard import ImportWizard

#: Wait after the last key before searching.
SEARCH_AFTER_MS = 250
#: Runs that are listed.
MOST_RUNS = 200
#: Unfinished runs that get a card; further ones are in the list of past imports.
MOST_CARDS = 5

_OVER = (RunState.DONE, RunState.UNDONE)


class ImportsPage(QWidget):
    accounts_wanted = Signal()
    outbox_wanted = Signal()

    def __init__(
        self, context: Context, imports: ImportsApi, open_address: Callable[[str], None]
    ) -> None:
        super().__init__()
        self._context = context
        self._imports = imports
        self._open_address = open_address
        self._wizard: ImportWizard | None = None
        self._stale = True
        self.tasks = Tasks()
        #: By the run's id.
        self.cards: dict[int, RunCard] = {}
        self._runs: list[ImportRun] = []
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(SEARCH_AFTER_MS)
        self._typed.timeout.connect(self._read_unmatched)
        self._build()
        self._connect()

    def _build(self) -> None:
        self._first = Column(margin=0)
        self._first.setAccessibleName(self.tr("Import"))
        self._first.rows.setContentsMargins(0, 4 * GRID, 2 * GRID, 0)
        self._open_title = Text(self.tr("Under way"), scale=1.15, bold=True)
        self._open = QVBoxLayout()
        self._open.setSpacing(3 * GRID)
        self._below_open = QWidget()
        self._below_open.setFixedHeight(GRID)
        self._below_open.hide()
        self.sources = ImportSources(self._context)
        self._first.rows.addWidget(self._open_title)
        self._first.rows.addLayout(self._open)
        self._first.rows.addWidget(self._below_open)
        self._first.rows.addWidget(self.sources)
        self.syncs = SyncSection(self._context)
        self._first.rows.addSpacing(2 * GRID)
        self._first.rows.addWidget(self.syncs)
        self._first.rows.addStretch(1)
        self._open_title.hide()
        self.past = PastRuns(self._context)
        self.unmatched = ImportRows(
            self._imports,
            Verdict.UNMATCHED,
            empty=self.tr(
                "Nothing is unmatched. Lines of an import that your server has no item for show "
                "here."
            ),
        )
        self.search = SearchField(self.tr("Search titles"))
        unmatched = QWidget()
        rows = QVBoxLayout(unmatched)
        rows.setContentsMargins(0, 4 * GRID, 0, 0)
        rows.setSpacing(0)
        searching = QHBoxLayout()
        searching.addWidget(self.search, 2)
        searching.addStretch(1)
        rows.addLayout(searching)
        rows.addWidget(self.unmatched, 1)
        self.book = Tabs(self.tr("Imports"))
        self.book.addTab(self._first, self.tr("Import"))
        self.book.addTab(self.past, self.tr("Past imports"))
        self.book.addTab(unmatched, self.tr("Unmatched"))
        self.trouble = Text(tone=Tone.BAD, wrap=True)
        self.trouble.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(GAP)
        column.addWidget(self.book, 1)
        column.addWidget(self.trouble)

    def _connect(self) -> None:
        bridge = self._context.bridge
        bridge.import_progressed.connect(self._on_progress)
        bridge.accounts_changed.connect(self._on_accounts)
        self.sources.chosen.connect(lambda source: self.start(source=source))
        self.sources.file_chosen.connect(lambda path: self.start(path=path))
        self.sources.address_wanted.connect(self._open_address)
        self.sources.accounts_wanted.connect(self.accounts_wanted)
        self.syncs.outbox_wanted.connect(self.outbox_wanted)
        self.past.opened.connect(self.open_run)
        self.past.resumed.connect(self.resume)
        self.past.undo_wanted.connect(self._on_undo)
        self.past.forget_wanted.connect(self._on_forget)
        self.past.sources_wanted.connect(lambda: self.book.setCurrentIndex(0))
        self.unmatched.changed.connect(self._on_matched)
        self.search.textChanged.connect(self._typed.start)
        self.book.currentChanged.connect(self._on_tab)
        drop = FileDrop(self)
        drop.dropped.connect(lambda path: self.start(path=path))
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self._on_find)

    def shut(self) -> None:
        """End what is under way here; runs go on in the engine."""
        self._typed.stop()
        self.tasks.cancel()
        self.sources.tasks.cancel()
        self.syncs.tasks.cancel()
        self.past.model.tasks.cancel()
        self.unmatched.shut()

    def show_unmatched(self) -> None:
        """Show what found no match."""
        self.book.setCurrentIndex(2)

    @async_slot
    async def start(self, *, source: ImportSource | None = None, path: Path | None = None) -> None:
        """Open the wizard at a source or a file, or at its first step."""
        await self._open_wizard(source=source, path=path)

    @async_slot
    async def open_run(self, run_id: int) -> None:
        """Open the wizard where a run is."""
        try:
            run = await self._imports.run(run_id)
        except CompanionError as error:
            self._say(told(error))
            return
        await self._open_wizard(run=run)

    @async_slot
    async def offer(self, account: Account) -> None:
        """Offer an import to who has just linked an account; nothing is begun without a yes."""
        source = import_asking.source_of(self._imports, account)
        if source is not None and await import_asking.wants_import(self.window(), source):
            await self._open_wizard(source=source)

    @property
    def looked_at(self) -> bool:
        """Whether imports are in front of the user: in a wizard, on a card, or in the list."""
        # The list of past imports tells it, too; that of what is unmatched does not.
        wizard = self._wizard is not None or self.syncs.wizard is not None
        return wizard or (self.isVisible() and self.book.currentIndex() < 2)

    async def _open_wizard(
        self,
        *,
        source: ImportSource | None = None,
        path: Path | None = None,
        run: ImportRun | None = None,
    ) -> None:
        if self._wizard is not None:
            return
        from revenge_companion.ui.dialogs.import_wizard import ImportWizard

        wizard = ImportWizard(
            self.window(), self._context, self._imports, source=source, path=path, run=run
        )
        wizard.unmatched_wanted.connect(self.show_unmatched)
        wizard.accounts_wanted.connect(self.accounts_wanted)
        wizard.address_wanted.connect(self._open_address)
        self._wizard = wizard
        try:
            await ask.opened(wizard)
        finally:
            self._wizard = None
            wizard.deleteLater()
        self._read()

    # What is shown

    @async_slot
    async def _read(self) -> None:
        self._stale = False
        self.sources.show_sources(self._imports.sources())
        try:
            runs = await self._imports.runs(MOST_RUNS)
        except CompanionError as error:
            self._say(told(error))
            return
        self._say("")
        self._show_runs(runs)

    def _show_runs(self, runs: list[ImportRun]) -> None:
        self._runs = runs
        self.past.show_runs(runs)
        unfinished = [
            # A sync has its own place.
            run
            for run in runs
            if run.state not in _OVER and not run.sync
        ][:MOST_CARDS]
        if [run.id for run in unfinished] != list(self.cards):
            clear(self._open)
            self.cards = {run.id: self._card(run) for run in unfinished}
        for run in unfinished:
            self.cards[run.id].show_run(run)
        self._open_title.setVisible(bool(unfinished))
        self._below_open.setVisible(bool(unfinished))

    def _card(self, run: ImportRun) -> RunCard:
        card = RunCard(self._context, run)
        card.opened.connect(self.open_run)
        card.resumed.connect(self.resume)
        card.stopped.connect(self._on_stop)
        self._open.addWidget(card)
        return card

    def _on_progress(self, run: ImportRun) -> None:
        if not self.isVisible():
            self._stale = True
            return
        before = {one.id: one for one in self._runs}.get(run.id)
        if before is None:
            self._show_runs(sorted([run, *self._runs], key=lambda one: one.id, reverse=True))
        else:
            self._show_runs([run if one.id == run.id else one for one in self._runs])

    def _on_accounts(self, _status: object) -> None:
        if self.isVisible():
            self.sources.show_sources(self._imports.sources())
        else:
            self._stale = True

    def _on_tab(self, number: int) -> None:
        if number == 2:
            self._read_unmatched()

    def _read_unmatched(self) -> None:
        self.unmatched.show_unmatched(self.search.text().strip())

    def _on_find(self) -> None:
        self.show_unmatched()
        self.search.setFocus()

    def _on_matched(self) -> None:
        self._read()

    def _say(self, text: str) -> None:
        self.trouble.setText(text)
        self.trouble.setVisible(bool(text))

    # What is asked of the engine

    @async_slot
    async def resume(self, run_id: int) -> None:
        """Go on with a run that was stopped or interrupted."""
        await self._do(self._imports.resume, run_id)

    @async_slot
    async def _on_stop(self, run_id: int) -> None:
        await self._do(self._imports.cancel, run_id)

    @async_slot
    async def _on_undo(self, run: ImportRun) -> None:
        if await import_asking.sure_to_undo(self, run):
            await self._do(self._imports.undo, run.id)

    @async_slot
    async def _on_forget(self, run: ImportRun) -> None:
        if await import_asking.sure_to_forget(self, run):
            await self._do(self._imports.forget, run.id)

    async def _do(self, do: Callable[[int], Awaitable[None]], run_id: int) -> None:
        try:
            await do(run_id)
        except CompanionError as error:
            self._say(told(error))
            return
        self._read()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._read()
        if self.book.currentIndex() == 2:
            self._read_unmatched()
