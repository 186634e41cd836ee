"""What an export shows while it looks or queues, and its last step."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from revenge_companion.core.exporting import Looked
from revenge_companion.ui import export_words, words
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.text import Text

#: Steps of the bar: finer than it has pixels.
_WHOLE = 1000


class LookPage(QWidget):
    """How far looking or queueing has come."""

    def __init__(self) -> None:
        super().__init__()
        self.title = Text(scale=1.15, bold=True, wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, _WHOLE)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.lines = Text(wrap=True)
        self.told = Text(tone=Tone.MUTED, wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4 * GRID)
        for widget in (self.title, self.bar, self.lines, self.told):
            column.addWidget(widget)
        column.addStretch(1)

    def begin(self, title: str, told: str) -> None:
        """Something begins; `told` is what there is to know of it."""
        self.title.setText(title)
        self.told.setText(told)
        self.show_looked(0.0, "")

    def show_looked(self, share: float, lines: str) -> None:
        self.bar.setValue(round(share * _WHOLE))
        self.bar.setAccessibleDescription(words.percent(share))
        self.lines.setText(lines)

    def show_looking(self, looked: Looked) -> None:
        self.show_looked(looked.share, export_words.looking(looked.lines))

    def show_queueing(self, looked: Looked) -> None:
        self.show_looked(looked.share, words.say("%Ln line(s) queued.", looked.lines))


class QueuedPage(QWidget):
    """How much was queued, and when it will be there."""

    outbox_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.title = Text(scale=1.15, bold=True, wrap=True)
        self.stopped = Text(tone=Tone.WAITING, wrap=True)
        self.when = Text(wrap=True)
        self.when.setAccessibleName(self.tr("When it arrives"))
        told = Text(
            self.tr("The outbox shows each line and what became of it."),
            tone=Tone.MUTED,
            wrap=True,
        )
        self.outbox = QPushButton(self.tr("Show the &outbox"))
        self.outbox.clicked.connect(self.outbox_wanted)
        row = QHBoxLayout()
        row.setSpacing(3 * GRID)
        row.addWidget(told, 1)
        row.addWidget(self.outbox)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4 * GRID)
        for widget in (self.title, self.stopped, self.when):
            column.addWidget(widget)
        column.addLayout(row)
        column.addStretch(1)

    def show_queued(self, count: int, account: str, *, stopped: bool) -> None:
        """`stopped` where the user broke it off before all of it was queued."""
        self.title.setText(export_words.queued(count, account))
        self.stopped.setText(
            self.tr("You stopped before all of it was queued. Export again to queue the rest.")
            if stopped
            else ""
        )
        self.stopped.setVisible(stopped)

    def show_when(self, text: str) -> None:
        self.when.setText(text)
        self.when.setVisible(bool(text))
