"""A field to search in, emptied by one click."""

from PySide6.QtCore import QEvent
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QLineEdit

from revenge_companion.ui.theme import Tone, themed_icon

#: What Qt calls the button that empties a field; its own icon is drawn for light grounds.
_CLEAR = "_q_qlineeditclearaction"


class SearchField(QLineEdit):
    """`name` stands in it while it is empty, and is what screen readers call it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setPlaceholderText(name)
        self.setAccessibleName(name)
        self.setClearButtonEnabled(True)
        self._colour()

    def _colour(self) -> None:
        action = self.findChild(QAction, _CLEAR)
        if action is not None:
            # A field's own palette has the colour of its frame in the place of the window's.
            palette = QGuiApplication.palette()
            action.setIcon(themed_icon("close", palette, Tone.MUTED, 16))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._colour()
