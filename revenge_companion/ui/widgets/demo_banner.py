"""The demo's own line above the window: what to look at, and a network to cut."""

from collections.abc import Awaitable, Callable

from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.theme import GAP, GRID, MARGIN
from revenge_companion.ui.widgets.text import Text


class DemoBanner(QWidget):
    def __init__(
        self,
        text: str,
        cut: Callable[[], Awaitable[None]],
        restore: Callable[[], Awaitable[None]],
        *,
        is_cut: bool = False,
    ) -> None:
        super().__init__()
        self.tasks = Tasks()
        self._cut = cut
        self._restore = restore
        self.is_cut = is_cut
        self._text = Text(text, wrap=True)
        self.button = QPushButton(self._offer())
        self.button.clicked.connect(self._on_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN, 2 * GRID, MARGIN, 2 * GRID)
        row.setSpacing(GAP)
        row.addWidget(self._text, 1)
        row.addWidget(self.button)

    @async_slot
    async def _on_clicked(self) -> None:
        self.button.setEnabled(False)
        try:
            await (self._restore() if self.is_cut else self._cut())
            self.is_cut = not self.is_cut
        finally:
            self.button.setEnabled(True)
        self.button.setText(self._offer())

    def _offer(self) -> str:
        return self.tr("Restore the &network") if self.is_cut else self.tr("Cut the &network")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Base))
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
