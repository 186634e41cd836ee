"""Charts drawn by ourselves: stacked bars over time, and a short list with bars."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from revenge_companion.core.library import SubjectKind
from revenge_companion.core.statistics import Statistics, Top
from revenge_companion.ui import library_words, words
from revenge_companion.ui.theme import GRID, Tone, series_colour, tone_colour
from revenge_companion.ui.widgets.walked import WalkedChart

#: Room between two bars, as a share of a bar's place.
_GAP = 0.28


def kind_colour(of: QPalette, kind: SubjectKind) -> QColor:
    """The colour of a kind: the same one in every chart, whatever else is in it."""
    return series_colour(of, _COLOURS[kind])


_COLOURS = {
    SubjectKind.MOVIE: 0,
    SubjectKind.EPISODE: 1,
    SubjectKind.TRACK: 2,
    SubjectKind.PODCAST: 3,
    SubjectKind.BOOK: 4,
    SubjectKind.SHOW: 5,
    SubjectKind.SEASON: 5,
    SubjectKind.ALBUM: 5,
}


class BarChart(WalkedChart):
    """Plays over time, stacked by kind. The parts that are looked at are its bars."""

    def __init__(self) -> None:
        super().__init__()
        self._statistics: Statistics | None = None
        self.setAccessibleName(self.tr("Plays over time"))

    def show_statistics(self, statistics: Statistics) -> None:
        self._statistics = statistics
        self.choose(-1)
        # What is said of a bar that is gone is no longer true.
        QToolTip.hideText()
        self.setAccessibleDescription(library_words.figures(statistics))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(480, 220 + 2 * self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 160)

    # Looking at one bar

    def count(self) -> int:
        return len(self._statistics.bars) if self._statistics is not None else 0

    def text_of(self, number: int) -> str:
        statistics = self._statistics
        if statistics is None or not 0 <= number < len(statistics.bars):
            return ""
        return library_words.bar_whole(statistics.bars[number], statistics.bucket, statistics.kinds)

    def walk_to(self, number: int) -> None:
        super().walk_to(number)
        where = self._place(number).center().toPoint()
        QToolTip.showText(self.mapToGlobal(where), self.text_of(number), self)

    def number_at(self, point: QPointF) -> int:
        plot, count = self._plot(), self.count()
        if not count or not plot.left() <= point.x() < plot.right():
            return -1
        return min(int((point.x() - plot.left()) / plot.width() * count), count - 1)

    # Drawing

    def _plot(self) -> QRectF:
        """Where the bars are: beside the scale, above the days."""
        metrics = self.fontMetrics()
        left = metrics.horizontalAdvance(words.number(self._ceiling())) + 2 * GRID
        return QRectF(self.rect()).adjusted(
            left, metrics.height() / 2 + 2, -2, -(metrics.height() + 2 * GRID)
        )

    def _ceiling(self) -> int:
        most = (
            max((bar.total for bar in self._statistics.bars), default=0)
            if (self._statistics is not None)
            else 0
        )
        return nice_ceiling(most)

    def _place(self, number: int) -> QRectF:
        plot = self._plot()
        width = plot.width() / max(1, self.count())
        return QRectF(plot.left() + number * width, plot.top(), width, plot.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        statistics = self._statistics
        if statistics is None:
            return
        plot, ceiling = self._plot(), self._ceiling()
        self._paint_scale(painter, plot, ceiling)
        self._paint_axis(painter, plot)
        for number, bar in enumerate(statistics.bars):
            place = self._place(number)
            if number == self._chosen:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(self.palette().color(QPalette.ColorRole.AlternateBase))
                painter.drawRect(place)
            inset = place.width() * _GAP / 2
            bottom = plot.bottom()
            painter.setPen(Qt.PenStyle.NoPen)
            for kind in statistics.kinds:
                height = plot.height() * bar.plays.get(kind, 0) / ceiling
                if height <= 0:
                    continue
                # A single play is seen, too.
                height = max(height, 2.0)
                painter.setBrush(kind_colour(self.palette(), kind))
                painter.drawRect(
                    QRectF(place.left() + inset, bottom - height, place.width() - 2 * inset, height)
                )
                bottom -= height
        self.paint_focus(painter)

    def _paint_scale(self, painter: QPainter, plot: QRectF, ceiling: int) -> None:
        muted = tone_colour(self.palette(), Tone.MUTED)
        line = self.palette().color(QPalette.ColorRole.Mid)
        height = self.fontMetrics().height()
        for value in scale(ceiling):
            y = plot.bottom() - plot.height() * value / ceiling
            painter.setPen(QPen(line, 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(muted)
            painter.drawText(
                QRectF(0, y - height / 2, plot.left() - GRID, height),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                words.number(value),
            )

    def _paint_axis(self, painter: QPainter, plot: QRectF) -> None:
        statistics = self._statistics
        if statistics is None:
            return
        painter.setPen(tone_colour(self.palette(), Tone.MUTED))
        metrics = self.fontMetrics()
        names = [library_words.bar_short(bar, statistics.bucket) for bar in statistics.bars]
        widest = max((metrics.horizontalAdvance(name) for name in names), default=0) + 3 * GRID
        each = max(1, -int(-widest // max(self._place(0).width(), 1.0)))
        # Counted from the newest, which always has its name.
        for number in range(len(names) - 1, -1, -each):
            place = self._place(number)
            middle = min(max(place.center().x(), widest / 2 - GRID), self.width() - widest / 2)
            if number == len(names) - 1:
                middle = min(middle, plot.right() - widest / 2 + GRID)
            painter.drawText(
                QRectF(middle - widest / 2, plot.bottom() + GRID, widest, metrics.height()),
                Qt.AlignmentFlag.AlignCenter,
                names[number],
            )


def nice_ceiling(most: int) -> int:
    """The scale's end: the first of 4, 8, 12, 16, 20, 24, 32, 40, 80, … that `most` fits under."""
    step = 1
    while True:
        for one in (4, 8, 12, 16, 20, 24, 32):
            if most <= one * step:
                return one * step
        step *= 10


def scale(ceiling: int) -> Sequence[int]:
    """The values a line is drawn at: quarters of what `nice_ceiling` gives."""
    return tuple(ceiling * number // 4 for number in range(5))


class Legend(QWidget):
    """What the colours stand for, with words and numbers."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[tuple[SubjectKind, str]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_statistics(self, statistics: Statistics) -> None:
        self._parts = [
            (
                kind,
                f"{library_words.kinds(kind)} "
                f"{words.number(sum(bar.plays.get(kind, 0) for bar in statistics.bars))}",
            )
            for kind in statistics.kinds
        ]
        self.setAccessibleName(", ".join(text for _, text in self._parts))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height() + GRID)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics, x = self.fontMetrics(), 0.0
        box = metrics.ascent() * 0.8
        middle = self.height() / 2
        for kind, text in self._parts:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(kind_colour(self.palette(), kind))
            painter.drawRoundedRect(QRectF(x, middle - box / 2, box, box), 2, 2)
            x += box + 2 * GRID
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            width = metrics.horizontalAdvance(text)
            painter.drawText(
                QRectF(x, 0, width + 1, self.height()), Qt.AlignmentFlag.AlignVCenter, text
            )
            x += width + 6 * GRID


class TopList(QWidget):
    """What was played most: names with a bar and a number each."""

    def __init__(self, rows: Sequence[Top]) -> None:
        super().__init__()
        self._rows = tuple(rows)
        self._row_height = self.fontMetrics().height() + 3 * GRID
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(
            "\n".join(f"{row.label}: {words.number(row.plays)}" for row in self._rows)
        )

    def sizeHint(self) -> QSize:
        return QSize(220, self._row_height * len(self._rows))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self._row_height * len(self._rows))

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip:
            row = int(event.pos().y() // self._row_height)  # type: ignore[attr-defined]  # QHelpEvent
            if 0 <= row < len(self._rows):
                QToolTip.showText(
                    event.globalPos(),  # type: ignore[attr-defined]  # QHelpEvent
                    words.flat(self._rows[row].label),
                    self,
                )
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        most = max((row.plays for row in self._rows), default=1)
        metrics = self.fontMetrics()
        numbers = metrics.horizontalAdvance(words.number(most)) + 2 * GRID
        for number, row in enumerate(self._rows):
            top = number * self._row_height
            line = QRectF(0, top, self.width(), self._row_height - GRID)
            thin = QRectF(0, line.bottom() - 2, (self.width() - numbers) * row.plays / most, 3)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(kind_colour(self.palette(), row.kind))
            painter.drawRoundedRect(thin, 1.5, 1.5)
            room = int(self.width() - numbers - GRID)
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            label = metrics.elidedText(
                " ".join(row.label.split()), Qt.TextElideMode.ElideRight, room
            )
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, label)
            painter.setPen(tone_colour(self.palette(), Tone.MUTED))
            painter.drawText(
                line,
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop,
                words.number(row.plays),
            )
