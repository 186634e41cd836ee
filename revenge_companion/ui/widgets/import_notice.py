"""The line above the pages about an import that goes on, or gets ready, while nobody looks."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from revenge_companion.ui.context import Context
from revenge_companion.ui.widgets.notice import Notice

if TYPE_CHECKING:
    from revenge_companion.core.imports import ImportRun


class ImportNotice(Notice):
    #: Id of the run to show.
    open_wanted = Signal(int)

    def __init__(self, context: Context, looking: Callable[[], bool]) -> None:
        """`looking` says whether imports are in front of the user anyway."""
        super().__init__()
        self._looking = looking
        self._running: set[int] = set()
        self._told_of: int | None = None
        self.acted.connect(self._on_acted)
        context.bridge.import_progressed.connect(self._on_progress)

    def _on_progress(self, run: "ImportRun") -> None:
        # The window opens without it: there is a run only when the importer is loaded.
        from revenge_companion.core.imports import RunState

        if run.sync:
            # Nobody waits for it; what it asks is told otherwise.
            return
        if run.running:
            if run.id not in self._running:
                # Begun by a command, or gone on with after the program was ended.
                self._running.add(run.id)
                self._tell(run, self.tr("The import from {source} is under way."))
            return
        if run.id not in self._running:
            return
        self._running.discard(run.id)
        stopped = self.tr("The import from {source} has stopped.")
        text = {
            RunState.PREVIEW: self.tr("{source} is read: the preview waits for you."),
            RunState.DONE: self.tr("The import from {source} is done."),
            # Who stopped it knows.
            RunState.STOPPED: stopped if run.trouble else "",
            RunState.UNDONE: self.tr("The import from {source} is undone."),
        }.get(run.state, "")
        self._tell(run, text)

    def _tell(self, run: "ImportRun", text: str) -> None:
        """Say something of a run; what was said of it before is over in any case."""
        if text and not self._looking():
            # With the first run there is: a window without one needs none of these words.
            from revenge_companion.ui import import_words

            self._told_of = run.id
            self.say(
                text.format(source=import_words.run_name(run)),
                action=self.tr("Open\N{HORIZONTAL ELLIPSIS}"),
                dismissable=True,
            )
        elif run.id == self._told_of:
            self._told_of = None
            self.say("")

    def look(self) -> None:
        """Imports may be in front of the user now: then this line is one too many."""
        if self._told_of is not None and self._looking():
            self._told_of = None
            self.say("")

    def _on_acted(self) -> None:
        run_id, self._told_of = self._told_of, None
        self.say("")
        if run_id is not None:
            self.open_wanted.emit(run_id)
