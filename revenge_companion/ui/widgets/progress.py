"""A slim line that shows how far a play is, with a mark where it counts."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from revenge_companion.ui.theme import GRID, Tone, tone_colour
from revenge_companion.ui.words import percent


class PlayProgress(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._share = 0.0
        self._mark: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Progress"))

    def show_progress(self, share: float, mark: float | None) -> None:
        """`share` and `mark` are 0 to 1 of the runtime; no mark where time decides."""
        if (share, mark) == (self._share, self._mark):
            return
        self._share, self._mark = min(max(share, 0.0), 1.0), mark
        self.setAccessibleDescription(percent(self._share))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, 2 * GRID)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.setBrush(self.palette().color(QPalette.ColorRole.AlternateBase))
        whole = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        half = whole.height() / 2
        painter.drawRoundedRect(whole, half, half)
        painter.setPen(self.palette().color(QPalette.ColorRole.Base))
        painter.setBrush(tone_colour(self.palette(), Tone.ACCENT))
        if self._share > 0:
            done = QRectF(whole)
            done.setWidth(max(whole.height(), whole.width() * self._share))
            painter.drawRoundedRect(done, half, half)
        if self._mark is not None and 0 < self._mark < 1:
            painter.setPen(tone_colour(self.palette(), Tone.PLAIN))
            x = whole.left() + whole.width() * self._mark
            painter.drawLine(int(x), 0, int(x), self.height())
