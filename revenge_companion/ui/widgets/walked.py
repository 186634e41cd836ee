"""A drawing whose parts are looked at one after another."""

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget


class WalkedChart(QWidget):
    """Left and Right walk through the parts, as the mouse does; Home and End go to the ends.

    Subclasses draw the parts, and say how many there are, where, and what each is.
    """

    #: Number of the part that is looked at, -1 for none.
    looked_at = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._chosen = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def chosen(self) -> int:
        return self._chosen

    # What subclasses say

    def count(self) -> int:
        """How many parts there are."""
        raise NotImplementedError

    def number_at(self, point: QPointF) -> int:
        """The part that is meant by `point`, -1 for none."""
        raise NotImplementedError

    def text_of(self, number: int) -> str:
        """What a part says, for tips and screen readers; "" leaves to these what they have."""
        raise NotImplementedError

    # Looking at one part

    def choose(self, number: int) -> None:
        if number == self._chosen:
            return
        self._chosen = number
        self.update()
        text = self.text_of(number)
        if text:
            self.setAccessibleDescription(text.replace("\n", ", "))
        self.looked_at.emit(number)

    def walk_to(self, number: int) -> None:
        """Choose a part by keyboard."""
        self.choose(number)

    def paint_focus(self, painter: QPainter) -> None:
        """Draw around everything that this has the keyboard, where it has."""
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        number = self.number_at(event.position())
        self.choose(number)
        if number >= 0:
            QToolTip.showText(event.globalPosition().toPoint(), self.text_of(number), self)
        else:
            QToolTip.hideText()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.choose(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        count = self.count()
        step = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Home: -count,
            Qt.Key.Key_End: count,
        }.get(Qt.Key(event.key()))
        if step is None or not count:
            super().keyPressEvent(event)
            return
        start = self._chosen if self._chosen >= 0 else (count if step < 0 else -1)
        self.walk_to(min(max(start + step, 0), count - 1))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.choose(-1)
