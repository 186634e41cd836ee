"""Import step by step: source, what, preview, run, summary.

The run belongs to the engine: closing the wizard leaves it going, and opening it again shows it.
"""

from collections.abc import Awaitable, Callable
from enum import IntEnum
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.imports import ImportRun, ImportSource, RunState, Verdict
from revenge_companion.engine.library_api import ImportsApi
from revenge_companion.ui import ask, import_asking
from revenge_companion.ui.async_slot import async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.import_end import RunPage, SummaryPage
from revenge_companion.ui.dialogs.import_preview import PreviewPage
from revenge_companion.ui.dialogs.import_what import WhatPage
from revenge_companion.ui.dialogs.run_wizard import RunWizard
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.card import Column
from revenge_companion.ui.widgets.file_drop import FileDrop
from revenge_companion.ui.widgets.import_sources import ImportSources
from revenge_companion.ui.words import told


class Step(IntEnum):
    SOURCE = 0
    WHAT = 1
    PREVIEW = 2
    RUN = 3
    SUMMARY = 4


class ImportWizard(RunWizard):
    #: The user wants to see what is unmatched, an account to link, an address in the browser.
    unmatched_wanted = Signal()
    accounts_wanted = Signal()
    address_wanted = Signal(str)

    def __init__(
        self,
        parent: QWidget | None,
        context: Context,
        imports: ImportsApi,
        *,
        source: ImportSource | None = None,
        path: Path | None = None,
        run: ImportRun | None = None,
    ) -> None:
        """Begin at a source, at a file, or where a run is; with none of them, at the first step."""
        super().__init__(parent, context, imports)
        self._source: ImportSource | None = None
        self._path: Path | None = None
        self.setWindowTitle(self.tr("Import"))
        self._build()
        self._connect()
        if run is not None:
            self.show_run(run)
        elif source is not None:
            self._show_what(source, None)
        else:
            self._show_sources()
        if path is not None:
            self._on_file(path)

    @property
    def run_id(self) -> int | None:
        """The run that it shows, which goes on without it; None before one is begun."""
        return None if self._run is None else self._run.id

    # Layout

    def _build(self) -> None:
        self.sources = ImportSources(self._context)
        held = Column(widest=10_000, margin=0)
        held.setAccessibleName(self.tr("Source"))
        # Away from the scroll bar.
        held.rows.setContentsMargins(0, 0, 2 * GRID, 0)
        held.rows.addWidget(self.sources)
        held.rows.addStretch(1)
        self._held = held
        self.what = WhatPage(self._context)
        self.preview = PreviewPage(self._imports)
        self.run = RunPage()
        self.summary = SummaryPage()
        names = (
            self.tr("Source"),
            self.tr("What"),
            self.tr("Preview"),
            self.tr("Run"),
            self.tr("Summary"),
        )
        pages = (held, self.what, self.preview, self.run, self.summary)
        self.frame_pages(names, pages, state=self.tr("State of the import"))

    def _connect(self) -> None:
        self._context.bridge.accounts_changed.connect(self._on_accounts)
        self.sources.chosen.connect(lambda source: self._show_what(source, None))
        self.sources.file_chosen.connect(self._on_file)
        self.sources.address_wanted.connect(self.address_wanted)
        self.sources.accounts_wanted.connect(self._on_accounts_wanted)
        self.what.changed.connect(self.show_footer)
        self.preview.changed.connect(self._on_preview_changed)
        self.summary.unmatched_wanted.connect(self._on_unmatched_wanted)
        self.summary.unread_wanted.connect(self._on_unread_wanted)
        self.back.clicked.connect(self._show_sources)
        self.extra.clicked.connect(self._on_extra)
        self.leave.clicked.connect(self.reject)
        self.go.clicked.connect(self._on_go)
        self.finished.connect(self._on_finished)
        drop = FileDrop(self)
        drop.dropped.connect(self._on_dropped)

    # Steps

    def _show_sources(self) -> None:
        self.sources.show_sources(self._imports.sources())
        self.show_page(Step.SOURCE, self._held)

    def _show_what(self, source: ImportSource, path: Path | None) -> None:
        self._source, self._path = source, path
        self.what.show_source(source, path)
        self.show_page(Step.WHAT, self.what)

    def show_run(self, run: ImportRun) -> None:
        """Show the step that a run is at."""
        self._run = run
        if not run.running:
            self._stopping = False
        match run.state:
            case RunState.PREVIEW:
                self.preview.show_run(run)
                self.show_page(Step.PREVIEW, self.preview)
            case RunState.DONE | RunState.UNDONE:
                self.summary.show_run(run)
                self.show_page(Step.SUMMARY, self.summary)
            case _:
                self.run.show_run(run, stopping=self._stopping)
                step = Step.PREVIEW if run.stage is RunState.READING else Step.RUN
                self.show_page(step, self.run)

    def first_widget(self) -> QWidget | None:
        if self._step == Step.SOURCE:
            cards = list(self.sources.cards.values())
            return cards[0].go if cards else self.sources.pick
        if self._step == Step.WHAT:
            return next(iter(self.what.facets.values()), self.go)
        if self.pages.currentWidget() is self.preview:
            return self.preview.lines
        return None

    def enter_presses(self) -> QPushButton | None:
        # In the search or on a line it is no yes to all that the preview shows.
        at_preview = self.pages.currentWidget() is self.preview
        return None if at_preview else super().enter_presses()

    def show_footer(self) -> None:
        super().show_footer()
        if self._run is not None and self._run.running:
            self.extra.setEnabled(not self._busy and not self._stopping)

    def button_words(self) -> tuple[str, str, str]:
        run = self._run
        close = self.tr("Close")
        if self._step == Step.SOURCE:
            return "", "", self.tr("Cancel")
        if self._step == Step.WHAT or run is None:
            return self.tr("&Read and preview"), "", self.tr("Cancel")
        if run.state is RunState.PREVIEW:
            return self.tr("&Import"), self.tr("&Throw away\N{HORIZONTAL ELLIPSIS}"), close
        if run.running:
            return "", self.tr("&Stop"), self.tr("&Go on in the background")
        if run.can_resume:
            undo = self.tr("&Undo\N{HORIZONTAL ELLIPSIS}")
            away = self.tr("&Throw away\N{HORIZONTAL ELLIPSIS}")
            other = undo if run.can_undo else ("" if run.written else away)
            return self.tr("&Go on"), other, close
        return "", self.tr("&Undo\N{HORIZONTAL ELLIPSIS}") if run.can_undo else "", close

    def can_go_back(self) -> bool:
        return self._step == Step.WHAT

    def can_go(self) -> bool:
        if self._step == Step.WHAT:
            return bool(self.what.chosen())
        run = self._run
        if run is not None and run.state is RunState.PREVIEW:
            return any(run.counts.get(one) for one in Verdict if one is not Verdict.THERE)
        return True

    # What is asked of the engine

    @async_slot
    async def _on_file(self, path: Path) -> None:
        if self._busy:
            return
        # Below all pages: the card of files may be scrolled out of sight.
        looking = self.tr("Looking at {file}\N{HORIZONTAL ELLIPSIS}").format(file=path.name)
        self.say(looking, Tone.MUTED)
        try:
            source = await self._imports.recognise(path)
        except CompanionError as error:
            why = self.tr("{file}: {why}").format(file=path.name, why=error)
            self.say(why)
            return
        self.say("")
        self._show_what(source, path)

    def _on_dropped(self, path: Path) -> None:
        # What has begun is not left for a file that was dropped on it.
        if self._step in (Step.SOURCE, Step.WHAT):
            self._show_sources()
            self._on_file(path)

    def _on_go(self) -> None:
        run = self._run
        if self._step == Step.WHAT:
            self._begin()
        elif run is not None and run.state is RunState.PREVIEW:
            self._ask(self._imports.write, run)
        elif run is not None and run.can_resume:
            self._ask(self._imports.resume, run)

    @async_slot
    async def _begin(self) -> None:
        source = self._source
        if source is None or self._busy:
            return
        run = await self.begun(
            source.key, self.what.chosen(), path=self._path, mark_watched=self.what.marks
        )
        if run is not None:
            self.show_run(run)

    def _on_extra(self) -> None:
        run = self._run
        if run is None:
            return
        if run.running:
            self._stopping = True
            self.show_run(run)
            self._ask(self._imports.cancel, run)
        elif run.can_undo:
            self._undo(run)
        else:
            self._throw_away(run)

    @async_slot
    async def _ask(self, do: Callable[[int], Awaitable[None]], run: ImportRun) -> None:
        """Ask one thing about the run and show how it stands then."""
        if self._busy:
            return
        shown = await self.asked(do, run)
        if shown is not None:
            self.say("")
            self.show_run(shown)

    @async_slot
    async def _undo(self, run: ImportRun) -> None:
        if await import_asking.sure_to_undo(self, run):
            self._ask(self._imports.undo, run)

    @async_slot
    async def _throw_away(self, run: ImportRun) -> None:
        if not await import_asking.sure_to_throw_away(self, run):
            return
        try:
            await self._imports.forget(run.id)
        except CompanionError as error:
            self.say(told(error))
            return
        self._run = None
        self.reject()

    @async_slot
    async def _on_preview_changed(self) -> None:
        if self._run is None:
            return
        try:
            self.show_run(await self._imports.run(self._run.id))
        except CompanionError as error:
            self.say(told(error))

    def _on_accounts(self, _status: object) -> None:
        if self._step == Step.SOURCE:
            self.sources.show_sources(self._imports.sources())

    def _on_accounts_wanted(self) -> None:
        self.reject()
        self.accounts_wanted.emit()

    def _on_unmatched_wanted(self) -> None:
        self.reject()
        self.unmatched_wanted.emit()

    @async_slot
    async def _on_unread_wanted(self) -> None:
        from revenge_companion.ui.dialogs.unread import UnreadDialog

        if self._run is None:
            return
        dialog = UnreadDialog(self, self._imports, self._run)
        try:
            await ask.opened(dialog)
        finally:
            dialog.deleteLater()

    def _on_finished(self) -> None:
        self.preview.shut()
        self.sources.tasks.cancel()
        self.tasks.cancel()
