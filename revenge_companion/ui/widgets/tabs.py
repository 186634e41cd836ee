"""Tabs whose chosen one can be told in the dark, too."""

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QTabWidget

from revenge_companion.ui.theme import Tone, tone_colour


class Tabs(QTabWidget):
    """A book of pages; `name` is for screen readers."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setDocumentMode(True)
        self.setAccessibleName(name)
        self.tabBar().setAccessibleName(name)
        self.currentChanged.connect(self._colour)

    def _colour(self) -> None:
        bar = self.tabBar()
        for number in range(bar.count()):
            tone = Tone.ACCENT if number == self.currentIndex() else Tone.PLAIN
            bar.setTabTextColor(number, tone_colour(self.palette(), tone))

    def tabInserted(self, index: int) -> None:  # noqa: N802  # Qt's name
        super().tabInserted(index)
        self._colour()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._colour()
