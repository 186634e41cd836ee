"""A play's position against time, drawn small."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF

from revenge_companion.core.course import Stretch, Timeline, Way, stretches
from revenge_companion.core.moments import Course, Moment, MomentKind
from revenge_companion.core.reasons import minutes
from revenge_companion.core.status import PlayRecord
from revenge_companion.ui import story_words
from revenge_companion.ui.theme import GRID, Tone, tone_colour
from revenge_companion.ui.widgets.walked import WalkedChart

#: How near the mouse has to be to a moment, in logical pixels.
_NEAR = 24


class CourseChart(WalkedChart):
    """Played stretches are solid, pauses flat and thin, jumps and what nobody saw dotted.

    Beneath lies the played time. The parts that are looked at are its moments.
    """

    def __init__(self) -> None:
        super().__init__()
        self._play: PlayRecord | None = None
        self._course = Course()
        self._way: tuple[Stretch, ...] = ()
        self._timeline: Timeline | None = None
        #: The item's length, or how far it got where that is unknown or less.
        self._ceiling_s = 1.0
        self.setAccessibleName(self.tr("Position against time"))

    def show_course(self, play: PlayRecord, course: Course) -> bool:
        """Show how `play` went; False where there is nothing to draw."""
        if self._play is None or self._play.id != play.id or course != self._course:
            self._chosen = -1
        self._play, self._course = play, course
        self._way = stretches(course, play.position_s if play.open else None)
        self._timeline = Timeline(self._way) if self._way else None
        reached = (max(one.end.position_s, one.end.played_s) for one in self._way)
        self._ceiling_s = max(play.duration_s or 0.0, *reached, 1.0)
        self.setAccessibleDescription(self.text_of(self._chosen))
        self.update()
        return bool(self._way)

    def sizeHint(self) -> QSize:
        return QSize(240, 7 * self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 5 * self.fontMetrics().height())

    # Looking at one moment

    def count(self) -> int:
        return len(self._course.moments)

    def text_of(self, number: int) -> str:
        """What a moment says; of the whole where it is none."""
        moments = self._course.moments
        if self._play is None:
            return ""
        if not 0 <= number < len(moments):
            return story_words.drawing(self._play, self._course)
        one = moments[number]
        said = story_words.moment(one, self._play, self._course)
        return f"{story_words.when(one.at, moments[0].at)} {said}"

    def number_at(self, point: QPointF) -> int:
        best, found = float(_NEAR), -1
        for number, one in enumerate(self._course.moments):
            away = (self._place(one) - point).manhattanLength()
            if away < best:
                best, found = away, number
        return found

    # Drawing

    def _plot(self) -> QRectF:
        """Where the way is: beside the positions, above the times."""
        metrics = self.fontMetrics()
        left = metrics.horizontalAdvance(minutes(self._ceiling_s)) + 2 * GRID
        return QRectF(self.rect()).adjusted(
            left, metrics.height() / 2 + 2, -2 * GRID, -(metrics.height() + 2 * GRID)
        )

    def _at(self, after_s: float, seconds: float) -> QPointF:
        plot = self._plot()
        across = self._timeline.at(after_s) if self._timeline is not None else 0.0
        up = min(max(seconds / self._ceiling_s, 0.0), 1.0)
        return QPointF(plot.left() + across * plot.width(), plot.bottom() - up * plot.height())

    def _place(self, one: Moment) -> QPointF:
        after_s = (one.at - self._course.moments[0].at).total_seconds()
        if one.kind is MomentKind.RESTARTED:
            # What it knew then is where the play was at its last checkpoint.
            return QPointF(self._at(after_s, 0.0).x(), self._plot().bottom())
        return self._at(after_s, one.position_s)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._way or self._play is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_played(painter)
        self._paint_scale(painter)
        for one in self._way:
            painter.setPen(self._pen(one.way))
            begin = self._at(one.begin.after_s, one.begin.position_s)
            painter.drawLine(begin, self._at(one.end.after_s, one.end.position_s))
        for number, moment in enumerate(self._course.moments):
            self._paint_moment(painter, moment, chosen=number == self._chosen)
        self.paint_focus(painter)

    def _pen(self, way: Way) -> QPen:
        accent = tone_colour(self.palette(), Tone.ACCENT)
        muted = tone_colour(self.palette(), Tone.MUTED)
        match way:
            case Way.PLAYED:
                return QPen(accent, 2.5, c=Qt.PenCapStyle.RoundCap)
            case Way.PAUSED:
                return QPen(muted, 1.5)
        return QPen(muted, 1.5, Qt.PenStyle.DotLine)

    def _paint_played(self, painter: QPainter) -> None:
        """Played time as the ground beneath the way."""
        ground = tone_colour(self.palette(), Tone.ACCENT)
        ground.setAlphaF(0.14)
        first = self._way[0].begin
        shape = QPolygonF([self._at(first.after_s, 0.0), self._at(first.after_s, first.played_s)])
        for one in self._way:
            shape.append(self._at(one.end.after_s, one.end.played_s))
        shape.append(self._at(self._way[-1].end.after_s, 0.0))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawPolygon(shape)

    def _paint_scale(self, painter: QPainter) -> None:
        plot, ceiling = self._plot(), self._ceiling_s
        muted = tone_colour(self.palette(), Tone.MUTED)
        rule = self.palette().color(QPalette.ColorRole.Mid)
        metrics = self.fontMetrics()
        taken: list[float] = []
        marks = [(0.0, False), *((one, True) for one in self._course.counts_from_s)]
        # Where it counts comes before the end of the item, which may lie close above it.
        for seconds, counts in (*marks, (ceiling, False)):
            y = plot.bottom() - plot.height() * min(seconds / ceiling, 1.0)
            painter.setPen(QPen(muted, 1, Qt.PenStyle.DashLine) if counts else QPen(rule, 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            if any(abs(y - other) < metrics.height() for other in taken):
                continue
            taken.append(y)
            painter.setPen(muted)
            painter.drawText(
                QRectF(0, y - metrics.height() / 2, plot.left() - GRID, metrics.height()),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                minutes(seconds),
            )
        self._paint_times(painter, plot)

    def _paint_times(self, painter: QPainter, plot: QRectF) -> None:
        first, metrics = self._course.moments[0].at, self.fontMetrics()
        painter.setPen(tone_colour(self.palette(), Tone.MUTED))
        line = QRectF(plot.left(), plot.bottom() + GRID, plot.width(), metrics.height())
        begin = story_words.when(first, first)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, begin)
        if self._play is not None and not self._play.open:
            end = story_words.when(self._course.moments[-1].at, first)
            if metrics.horizontalAdvance(begin + end) + 2 * GRID < line.width():
                painter.drawText(line, Qt.AlignmentFlag.AlignRight, end)
        if self._timeline is None:
            return
        # Two strokes through the axis where a long rest is drawn shorter.
        for share in self._timeline.shortened:
            x = plot.left() + share * plot.width()
            for shift in (-2.0, 2.0):
                low = QPointF(x + shift - 2, plot.bottom() + 4)
                painter.drawLine(low, QPointF(x + shift + 2, plot.bottom() - 4))

    def _paint_moment(self, painter: QPainter, one: Moment, *, chosen: bool) -> None:
        place = self._place(one)
        base = self.palette().color(QPalette.ColorRole.Base)
        if one.kind is MomentKind.COUNTED:
            good = tone_colour(self.palette(), Tone.GOOD)
            painter.setPen(QPen(base if not one.rule else good, 1.5))
            painter.setBrush(good if not one.rule else base)
            radius = 6.0 if not one.rule else 4.0
            painter.drawEllipse(place, radius, radius)
            if not one.rule:
                painter.setPen(QPen(base, 1.6, c=Qt.PenCapStyle.RoundCap))
                check = QPolygonF(
                    [place + QPointF(x, y) for x, y in ((-2.6, 0.2), (-0.7, 2.2), (2.8, -2.0))]
                )
                painter.drawPolyline(check)
        elif one.kind is MomentKind.RESTARTED:
            painter.setPen(QPen(tone_colour(self.palette(), Tone.WAITING), 2))
            painter.drawLine(place - QPointF(0, 6), place + QPointF(0, 3))
        if chosen:
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.WindowText), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(place, 8.0, 8.0)
