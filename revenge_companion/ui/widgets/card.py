"""A quiet box with a thin border, and a page's scrolling column."""

from PySide6.QtCore import QCoreApplication, QEvent, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from revenge_companion.ui.theme import GAP, GRID, MARGIN, Tone, tone_colour

RADIUS = 2 * GRID


class Card(QWidget):
    """A box on the page; `column` takes its contents."""

    def __init__(self, *, tone: Tone | None = None) -> None:
        super().__init__()
        self._tone = tone
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(4 * GRID, 3 * GRID, 4 * GRID, 3 * GRID)
        self.column.setSpacing(2 * GRID)

    def set_tone(self, tone: Tone | None) -> None:
        """Colour the border, for what needs attention; words say the same inside."""
        if tone is not self._tone:
            self._tone = tone
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self.palette()
        border = colours.color(QPalette.ColorRole.Mid)
        if self._tone is not None:
            border = tone_colour(colours, self._tone)
        painter.setPen(QPen(border, 1))
        painter.setBrush(colours.color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)


class Column(QScrollArea):
    """A page that scrolls up and down only; `rows` takes its contents."""

    def __init__(self, *, widest: int = 820, margin: int = MARGIN) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._inner = inner = QWidget()
        held = QWidget()
        held.setMaximumWidth(widest)
        across = QHBoxLayout(inner)
        across.setContentsMargins(margin, margin, margin, margin)
        across.addWidget(held, 1)
        across.addStretch(0)
        self.rows = QVBoxLayout(held)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setSpacing(GAP)
        self.setWidget(inner)
        # The scroll area would paint its own ground over the window's.
        inner.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # What wraps knows its height only now; the first picture would be drawn without.
        QCoreApplication.sendEvent(self._inner, QEvent(QEvent.Type.LayoutRequest))


def clear(layout: QVBoxLayout | QHBoxLayout) -> None:
    """Take every widget out of `layout` and let it go."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
