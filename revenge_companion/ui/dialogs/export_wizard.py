"""Export to an account step by step: what, preview, queued.

Nothing is queued before the last button. What the account has is read first where that is not
known, by an import that the engine owns: closing the wizard leaves it going.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import IntEnum
from functools import cached_property
from typing import TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget
from shiboken6 import isValid

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.exporting import ExportTarget, ExportVerdict, Looked, takes_s
from revenge_companion.core.imports import ImportRun, RunState
from revenge_companion.core.library import Facet
from revenge_companion.engine.library_api import ExportLook, ImportsApi
from revenge_companion.services.base import ServiceSpec
from revenge_companion.ui import export_words
from revenge_companion.ui.async_slot import async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.export_end import LookPage, QueuedPage
from revenge_companion.ui.dialogs.export_preview import ExportPreviewPage
from revenge_companion.ui.dialogs.export_what import ExportWhatPage
from revenge_companion.ui.dialogs.import_end import RunPage
from revenge_companion.ui.dialogs.run_wizard import RunWizard
from revenge_companion.ui.words import told

Page = TypeVar("Page", bound=QWidget)


class Step(IntEnum):
    WHAT = 0
    PREVIEW = 1
    QUEUED = 2


class ExportWizard(RunWizard):
    #: The user wants to see the outbox.
    outbox_wanted = Signal()

    def __init__(
        self,
        parent: QWidget | None,
        context: Context,
        imports: ImportsApi,
        target: ExportTarget,
        spec: ServiceSpec,
    ) -> None:
        super().__init__(parent, context, imports)
        self._exports = context.engine.exports
        self._target = target
        self._spec = spec
        self._facets: tuple[Facet, ...] = ()
        self._look: ExportLook | None = None
        #: The import of the account that was asked to write what it read.
        self._written: int | None = None
        #: Looking or queueing, which the user can break off.
        self._doing: asyncio.Task[None] | None = None
        self._queueing = self._closing = False
        self._takes_s = 0.0
        self.setWindowTitle(self.tr("Export to {account}").format(account=target.name))
        self.what = ExportWhatPage()
        self.frame_pages(
            (self.tr("What"), self.tr("Preview"), self.tr("Queued")),
            (self.what,),
            state=self.tr("State of the export"),
        )
        self._connect()
        self.show_page(Step.WHAT, self.what)
        self._read_again()

    # Pages are built when they are first shown: with all of them, opening would take too long a
    # frame.

    @cached_property
    def run(self) -> RunPage:
        return self._added(RunPage())

    @cached_property
    def looking(self) -> LookPage:
        return self._added(LookPage())

    @cached_property
    def preview(self) -> ExportPreviewPage:
        return self._added(ExportPreviewPage())

    @cached_property
    def queued(self) -> QueuedPage:
        page = self._added(QueuedPage())
        page.outbox_wanted.connect(self._on_outbox)
        return page

    def _added(self, page: Page) -> Page:
        self.pages.addWidget(page)
        return page

    def _connect(self) -> None:
        self._context.bridge.status_changed.connect(self._on_status)
        self.what.changed.connect(self.show_footer)
        self.back.clicked.connect(self._read_again)
        self.extra.clicked.connect(self._on_extra)
        self.leave.clicked.connect(self.reject)
        self.go.clicked.connect(self._on_go)
        self.finished.connect(self._on_finished)

    # Steps

    def show_run(self, run: ImportRun) -> None:
        """Show how far reading the account is, and go on when it is through."""
        self._run = run
        if not run.running:
            self._stopping = False
        if run.state is RunState.DONE and not run.running:
            self._run = None
            self._begin_look()
            return
        self.run.show_run(run, stopping=self._stopping)
        self.show_page(Step.PREVIEW, self.run)
        if run.state is RunState.PREVIEW and not run.running and self._written != run.id:
            # The user has said yes to reading, and an import can be undone.
            self._written = run.id
            self._ask(self._imports.write, run)

    def _show_look(self, look: ExportLook) -> None:
        self._let_go()
        self._look = look
        self._takes_s = takes_s(look.preview, self._spec.play_s, self._spec.change_s)
        self.preview.show_look(look, self._spec.name)
        self.show_page(Step.PREVIEW, self.preview)

    def first_widget(self) -> QWidget | None:
        if self._step == Step.WHAT:
            boxes = (box for box in self.what.facets.values() if box.isEnabled())
            return next(boxes, self.go)
        if self._look is not None and self.pages.currentWidget() is self.preview:
            return self.preview.lines
        page = self.pages.currentWidget()
        return page.outbox if isinstance(page, QueuedPage) else None

    def enter_presses(self) -> QPushButton | None:
        # In the search or on a line it is no yes to all that the preview shows.
        at_preview = isinstance(self.pages.currentWidget(), ExportPreviewPage)
        return None if at_preview else super().enter_presses()

    def button_words(self) -> tuple[str, str, str]:
        cancel = self.tr("Cancel")
        page = self.pages.currentWidget()
        if page is self.what:
            reads = bool(self.what.unread())
            return self.tr("&Read and preview") if reads else self.tr("&Preview"), "", cancel
        if isinstance(page, RunPage) and self._run is not None:
            if self._run.running:
                return "", self.tr("&Stop"), self.tr("&Go on in the background")
            return self.tr("&Go on") if self._run.can_resume else "", "", self.tr("Close")
        if isinstance(page, LookPage):
            return "", self.tr("&Stop"), "" if self._queueing else cancel
        if isinstance(page, ExportPreviewPage) and self._look is not None:
            count = self._look.preview.count(ExportVerdict.SEND)
            return export_words.queue_them(count), "", cancel
        return "", "", self.tr("Close")

    def can_go_back(self) -> bool:
        page = self.pages.currentWidget()
        halted = self._run is not None and not self._run.running
        return isinstance(page, ExportPreviewPage) or (isinstance(page, RunPage) and halted)

    def can_go(self) -> bool:
        if self._step == Step.WHAT:
            return bool(self.what.chosen())
        page = self.pages.currentWidget()
        if isinstance(page, ExportPreviewPage) and self._look is not None:
            return bool(self._look.preview.count(ExportVerdict.SEND))
        return True

    def show_footer(self) -> None:
        super().show_footer()
        if self._stopping:
            self.extra.setEnabled(False)

    # What is asked of the engine

    @async_slot
    async def _read_again(self) -> None:
        """Show what can be sent, and when the account was last read."""
        self._run = None
        try:
            read_at = await self._exports.read_at(self._target.account_id)
        except CompanionError as error:
            self.say(told(error))
            return
        self.what.show_target(
            self._target,
            self._spec,
            self._context.engine.services,
            read_at=read_at,
            now=self._context.clock.now(),
        )
        self.show_page(Step.WHAT, self.what)

    def _on_go(self) -> None:
        if self._step == Step.WHAT:
            self._facets = self.what.chosen()
            if self.what.unread():
                self._read_account(self.what.unread())
            else:
                self._begin_look()
        elif self._run is not None:
            self._ask(self._imports.resume, self._run)
        else:
            self._begin_queue()

    @async_slot
    async def _read_account(self, facets: tuple[Facet, ...]) -> None:
        """Begin to read what the account has; it goes on by itself to the preview."""
        source = f"account:{self._target.account_id}"
        run = await self.begun(source, facets, mark_watched=False)
        if run is not None:
            self.show_run(run)

    @async_slot
    async def _ask(self, do: Callable[[int], Awaitable[None]], run: ImportRun) -> None:
        """Ask one thing about the run that reads the account, and show how it stands then."""
        shown = await self.asked(do, run)
        if shown is not None and self._run is not None and self._run.id == run.id:
            self.show_run(shown)

    def _begin_look(self) -> None:
        self.looking.begin(
            self.tr("Comparing your library with {account}").format(account=self._target.name),
            self.tr("Nothing is sent or queued by looking."),
        )
        self.show_page(Step.PREVIEW, self.looking)
        self._doing = self.tasks.start(self._look_now())

    async def _look_now(self) -> None:
        # A frame of its own for the page that will show what is found.
        await asyncio.sleep(0)
        shown, _ = self.looking.show_looking, self.preview
        try:
            look = await self._exports.look(self._target.account_id, self._facets, shown)
        except CompanionError as error:
            self._show_again(told(error))
        else:
            self._show_look(look)

    def _begin_queue(self) -> None:
        self._queueing = True
        self.looking.begin(
            self.tr("Queueing for {account}").format(account=self._target.name),
            self.tr("Each line is on disk before it is sent. What is queued stays queued."),
        )
        self.show_page(Step.QUEUED, self.looking)
        self._doing = self.tasks.start(self._queue_now())

    async def _queue_now(self) -> None:
        count, stopped, trouble = 0, False, ""

        def shown(looked: Looked) -> None:
            nonlocal count
            count = looked.lines
            self.looking.show_queueing(looked)

        assert self._look is not None, "what is queued was looked at"
        sends = max(self._look.preview.count(ExportVerdict.SEND), 1)
        unread = self._look.preview.unread
        facets = tuple(one for one in self._facets if one not in unread)
        try:
            count = await self._exports.queue(self._target.account_id, facets, shown)
        except asyncio.CancelledError:
            stopped = True
        except CompanionError as error:
            trouble = told(error)
        self._queueing = False
        if not isValid(self):
            # The window has gone meanwhile.
            return
        if self._closing:
            self.reject()
            return
        self._takes_s *= count / sends
        self.queued.show_queued(count, self._target.name, stopped=stopped)
        self._on_status()
        self.show_page(Step.QUEUED, self.queued)
        self.say(trouble)

    def _on_extra(self) -> None:
        """Stop what is under way."""
        if self._run is not None:
            self._stopping = True
            self.show_run(self._run)
            self._ask(self._imports.cancel, self._run)
        elif self._doing is not None:
            self._doing.cancel()
            if not self._queueing:
                self._show_again("")

    def _show_again(self, trouble: str) -> None:
        """Go back to the first step, and say why."""
        self.show_page(Step.WHAT, self.what)
        self.say(trouble)
        self._read_again()

    # What is told

    def _on_status(self, _status: object = None) -> None:
        """The outbox of the account moves: what was queued may be through sooner."""
        if "queued" not in vars(self):
            return
        accounts = self._context.engine.status.accounts
        mine = next((one for one in accounts if one.account.id == self._target.account_id), None)
        now = self._context.clock.now()
        self.queued.show_when(export_words.arrives(mine, self._spec, self._takes_s, now))

    def _on_outbox(self) -> None:
        self.reject()
        self.outbox_wanted.emit()

    def _let_go(self) -> None:
        if self._look is not None:
            self._look.close()
            self._look = None

    def _on_finished(self) -> None:
        if "preview" in vars(self):
            self.preview.shut()
        self.tasks.cancel()
        self._let_go()

    def reject(self) -> None:
        """Close, but for what is being queued: that comes to its end or a stop first."""
        if self._queueing and self._doing is not None:
            self._closing = True
            self._doing.cancel()
            return
        super().reject()
