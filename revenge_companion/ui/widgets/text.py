"""Labels in the few sizes and tones the window uses. Remote text is never read as HTML."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from revenge_companion.ui.theme import Tone, tone_colour
from revenge_companion.ui.words import flat


class Text(QLabel):
    """A label of plain text in one tone; it wraps if asked to."""

    def __init__(
        self,
        text: str = "",
        *,
        tone: Tone = Tone.PLAIN,
        scale: float = 1.0,
        bold: bool = False,
        wrap: bool = False,
    ) -> None:
        super().__init__()
        self._tone = tone
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * scale)
        font.setBold(bold)
        self.setFont(font)
        self.setText(text)
        self._colour()

    def set_tone(self, tone: Tone) -> None:
        if tone is not self._tone:
            self._tone = tone
            self._colour()

    def _colour(self) -> None:
        own = QPalette()
        if self._tone is not Tone.PLAIN:
            colour = tone_colour(self.palette(), self._tone)
            own.setColor(QPalette.ColorRole.WindowText, colour)
        # Setting it sends a palette change back here, once.
        self.setPalette(own)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._colour()


class OneLine(Text):
    """A label that shortens its end instead of widening the window; the whole is in the tip."""

    def __init__(
        self, text: str = "", *, tone: Tone = Tone.PLAIN, scale: float = 1.0, bold: bool = False
    ) -> None:
        super().__init__(text, tone=tone, scale=scale, bold=bold)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = self._shown()
        self.setToolTip("" if shown == self.text() else flat(self.text()))
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.contentsRect(), self.alignment(), shown)

    def _shown(self) -> str:
        line = " ".join(self.text().split())
        metrics = QFontMetrics(self.font())
        return metrics.elidedText(line, Qt.TextElideMode.ElideRight, self.contentsRect().width())


def buddy(text: str, of: QWidget) -> QLabel:
    """A label that names `of`: "&" in it is the shortcut, and screen readers read it."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setBuddy(of)
    # A form aligns labels to the top of taller fields.
    label.setMinimumHeight(of.sizeHint().height())
    of.setAccessibleName(text.replace("&", ""))
    return label
