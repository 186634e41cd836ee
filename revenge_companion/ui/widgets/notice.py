"""A line above the pages that says one thing, with a button or two."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from revenge_companion.ui.theme import GRID, MARGIN, Tone
from revenge_companion.ui.widgets.card import Card
from revenge_companion.ui.widgets.text import Text


class Notice(QWidget):
    #: The first button, where there is one.
    acted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._text = Text(wrap=True)
        self.action = QPushButton()
        self.action.hide()
        self.action.clicked.connect(self.acted)
        self.dismiss = QPushButton(self.tr("Understood"))
        self.dismiss.clicked.connect(self.hide)
        card = Card(tone=Tone.WAITING)
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        row.addWidget(self._text, 1)
        row.addWidget(self.action)
        row.addWidget(self.dismiss)
        card.column.addLayout(row)
        column = QHBoxLayout(self)
        column.setContentsMargins(MARGIN, 4 * GRID, MARGIN, 0)
        column.addWidget(card)
        self.hide()

    def say(self, text: str, *, action: str = "", dismissable: bool = False) -> None:
        """Show `text`, or nothing for ""."""
        self._text.setText(text)
        self.action.setText(action)
        self.action.setVisible(bool(action))
        self.dismiss.setVisible(dismissable)
        self.setVisible(bool(text))
