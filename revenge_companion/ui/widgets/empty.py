"""What a page says while it has nothing to show, with the next thing to do."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

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
