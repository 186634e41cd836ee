"""The line above the pages about imports: one was cut short, or is ready while nobody looks."""

from collections.abc import Callable

from PySide6.QtCore import Signal

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.imports import ImportRun, RunState
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.widgets.notice import Notice


class ImportNotice(Notice):
    #: Ids of runs to go on with.
    resume_wanted = Signal(list)
    #: Id of the run to show.
    open_wanted = Signal(int)

    def __init__(self, context: Context, is_seen: Callable[[int], bool]) -> None:
        """`is_seen` says whether a run is in front of the user anyway."""
        super().__init__()
        self._context = context
        self._is_seen = is_seen
        self._halted: list[int] = []
        self._ready: int | None = None
        self._running: set[int] = set()
        self.tasks = Tasks()
        self.acted.connect(self._on_acted)
        context.bridge.import_progressed.connect(self._on_progress)

    @async_slot
    async def look(self) -> None:
        """Say whether imports were cut short by the program's end, and listen to those to come."""
        imports = self._context.engine.imports
        self._context.bridge.watch_imports(imports)
        try:
            runs = await imports.runs()
        except CompanionError:
            # The status carries storage trouble to the window by itself.
            return
        halted = [run for run in runs if run.interrupted]
        self._halted = [run.id for run in halted]
        if halted:
            text = self.tr("The import from {source} was interrupted.")
            self.say(
                text.format(source=halted[0].source_name),
                action=self.tr("Go on"),
                dismissable=True,
            )

    def _on_progress(self, run: ImportRun) -> None:
        if run.running:
            self._running.add(run.id)
            if run.id in (*self._halted, self._ready):
                # It goes on: what is said of it is no longer true.
                self._clear()
            return
        if run.id not in self._running:
            return
        self._running.discard(run.id)
        text = {
            RunState.PREVIEW: self.tr("{source} is read: the preview waits for you."),
            RunState.DONE: self.tr("The import from {source} is done."),
            RunState.STOPPED: self.tr("The import from {source} has stopped.")
            if run.trouble
            else "",
            RunState.UNDONE: self.tr("The import from {source} is undone."),
        }.get(run.state, "")
        if text and not self._is_seen(run.id):
            self._halted, self._ready = [], run.id
            self.say(
                text.format(source=run.source_name),
                action=self.tr("Open\N{HORIZONTAL ELLIPSIS}"),
                dismissable=True,
            )

    def _clear(self) -> None:
        self._halted, self._ready = [], None
        self.say("")

    def _on_acted(self) -> None:
        halted, ready = self._halted, self._ready
        self._clear()
        if ready is not None:
            self.open_wanted.emit(ready)
        elif halted:
            self.resume_wanted.emit(halted)
