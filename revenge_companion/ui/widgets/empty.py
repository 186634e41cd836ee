"""What a page says while it has nothing to show, with the next thing to do."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QStackedLayout, QVBoxLayout, QWidget

from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.text import Text


class EmptyState(QWidget):
    #: The button was pressed.
    acted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._text = Text(tone=Tone.MUTED, wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.action = QPushButton()
        self.action.clicked.connect(self.acted)
        self.action.hide()
        column = QVBoxLayout(self)
        column.setSpacing(3 * GRID)
        column.addStretch(1)
        column.addWidget(self._text)
        column.addWidget(self.action, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)

    def text(self) -> str:
        return self._text.text()

    def say(self, text: str, *, action: str = "") -> None:
        self._text.setText(text)
        self.action.setText(action)
        self.action.setVisible(bool(action))


class Listing(QWidget):
    """A table, or what is said in its place while it has no rows."""

    def __init__(self, table: QWidget) -> None:
        super().__init__()
        self._table = table
        self.empty = EmptyState()
        self._pages = QStackedLayout(self)
        self._pages.addWidget(table)
        self._pages.addWidget(self.empty)

    def show_rows(self, rows: int) -> None:
        """Show the table where there are any."""
        self._pages.setCurrentWidget(self._table if rows else self.empty)

    def fail(self, sentence: str) -> None:
        """Say why there are none."""
        self.empty.say(sentence)
        self._pages.setCurrentWidget(self.empty)
