"""The wizard's last two steps: the run under way, and what came of it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from revenge_companion.core.imports import ImportRun, RunState, Verdict
from revenge_companion.ui import import_words, words
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.import_progress import ImportProgress
from revenge_companion.ui.widgets.text import Text


class RunPage(QWidget):
    """A run that reads, writes or undoes, or has stopped on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.title = Text(scale=1.15, bold=True, wrap=True)
        self.progress = ImportProgress()
        self.told = Text(tone=Tone.MUTED, wrap=True)
        self.told.setAccessibleName(self.tr("State of the import"))
        self.trouble = Text(tone=Tone.BAD, wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4 * GRID)
        column.addWidget(self.title)
        column.addWidget(self.progress)
        column.addWidget(self.trouble)
        column.addWidget(self.told)
        column.addStretch(1)

    def show_run(self, run: ImportRun, *, stopping: bool = False) -> None:
        """`stopping` is while a stop was asked for and has not come about."""
        self.title.setText(run_title(run))
        self.progress.show_run(run)
        self.trouble.setText(words.told(run.trouble))
        self.trouble.setVisible(bool(run.trouble))
        self.told.setText(self._told(run, stopping=stopping))

    def _told(self, run: ImportRun, *, stopping: bool) -> str:
        if not run.running:
            return import_words.remains(run)
        if stopping:
            return self.tr("Stopping\N{HORIZONTAL ELLIPSIS}")
        finishing = import_words.finishing(run)
        if finishing:
            return finishing
        if run.state is RunState.READING:
            return self.tr(
                "Nothing is written while it is read. You can close this window; reading goes on, "
                "and the preview waits for you under Imports."
            )
        if run.state is RunState.UNDOING:
            return self.tr("You can close this window; undoing goes on.")
        return self.tr("You can close this window; the import goes on.")


def run_title(run: ImportRun) -> str:
    """What is going on, in a few words."""
    name = import_words.run_name(run)
    if not run.running:
        return f"{name}: {import_words.run_state(run)}"
    return {
        RunState.READING: words.say("Reading {source}"),
        RunState.UNDOING: words.say("Undoing the import from {source}"),
    }.get(run.state, words.say("Importing from {source}")).format(source=name)


class SummaryPage(QWidget):
    """What an import came to, or that it was undone."""

    unmatched_wanted = Signal()
    unread_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.title = Text(scale=1.15, bold=True, wrap=True)
        self.lines = Text(wrap=True)
        self.lines.setAccessibleName(self.tr("Summary"))
        self.trouble = Text(tone=Tone.BAD, wrap=True)
        self._left_told = Text(tone=Tone.MUTED, wrap=True)
        self.unmatched = QPushButton(self.tr("Show the un&matched"))
        self.unmatched.clicked.connect(self.unmatched_wanted)
        self._left = _beside(self._left_told, self.unmatched)
        self._unread_told = Text(tone=Tone.MUTED, wrap=True)
        self.unread = QPushButton(self.tr("Show the un&readable"))
        self.unread.clicked.connect(self.unread_wanted)
        self._unread = _beside(self._unread_told, self.unread)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4 * GRID)
        for widget in (self.title, self.lines, self.trouble, self._left, self._unread):
            column.addWidget(widget)
        column.addStretch(1)

    def show_run(self, run: ImportRun) -> None:
        undone = run.state is RunState.UNDONE
        title = (
            self.tr("The import from {source} is undone")
            if undone
            else self.tr("The import from {source} is done")
        )
        self.title.setText(title.format(source=import_words.run_name(run)))
        self.lines.setText(self._undone(run) if undone else summary_lines(run))
        self.trouble.setText(words.told(run.trouble))
        self.trouble.setVisible(bool(run.trouble))
        left = 0 if undone else run.counts.get(Verdict.UNMATCHED, 0)
        self._left_told.setText(
            words.say(
                "%Ln line(s) found no item on your server. They are kept, and you can match them "
                "at any time.",
                left,
            )
            if left
            else ""
        )
        self._left.setVisible(bool(left))
        failed = 0 if undone else run.failed
        self._unread_told.setText(
            words.say("%Ln line(s) could not be read and were left out.", failed) if failed else ""
        )
        self._unread.setVisible(bool(failed))

    def _undone(self, run: ImportRun) -> str:
        said = self.tr("Your library is as it was before the import.")
        if run.marked:
            marked = words.say(
                "%Ln item(s) had been marked as watched on your server; that was taken back as far "
                "as the server allows.",
                run.marked,
            )
            said = f"{said}\n{marked}"
        return said


def _beside(told: QWidget, button: QPushButton) -> QWidget:
    """Something that is left to do, and the button that leads there."""
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(3 * GRID)
    row.addWidget(told, 1)
    row.addWidget(button)
    return made


def summary_lines(run: ImportRun) -> str:
    """What a finished run came to, a line for each fact."""
    there, conflicts = run.counts.get(Verdict.THERE, 0), run.counts.get(Verdict.CONFLICT, 0)
    written = max(0, sum(run.counts.values()) - there - run.left_out)
    facts = (
        (written, words.say("%Ln line(s) imported into your library.", written)),
        (conflicts, words.say("%Ln conflict(s) settled as the preview showed.", conflicts)),
        (there, words.say("%Ln line(s) were there already.", there)),
        (run.left_out, words.say("%Ln line(s) left out.", run.left_out)),
        (run.marked, words.say("%Ln item(s) marked as watched on your server.", run.marked)),
    )
    said = [text for count, text in facts if count]
    return "\n".join(said) if said else words.say("There was nothing to import.")
