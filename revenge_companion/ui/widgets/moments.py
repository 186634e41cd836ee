"""The moments of a play as a list of times and sentences."""

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFocusEvent, QPainter, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from revenge_companion.core.moments import Course
from revenge_companion.core.status import PlayRecord
from revenge_companion.ui import story_words
from revenge_companion.ui.theme import GRID, Tone, tone_colour

_TIME, _SAID, _TONE = (Qt.ItemDataRole.UserRole + number for number in range(3))
_GAP = 3 * GRID


class MomentList(QListWidget):
    """As high as its lines: what is around it scrolls. Each line is read with its time."""

    def __init__(self) -> None:
        super().__init__()
        #: Width of the times; kept for the delegate, which is asked for each line.
        self.time_width = 0
        self._rows: list[int] = []
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self.setItemDelegate(_Lines(self))
        self.setAccessibleName(self.tr("Moments"))

    def show_course(self, play: PlayRecord, course: Course) -> None:
        self.clear()
        self._rows = []
        for one in course.moments:
            if one.let_go:
                said = story_words.let_go(one.let_go)
                self._add("\N{HORIZONTAL ELLIPSIS}", said, Tone.MUTED).setFlags(
                    Qt.ItemFlag.ItemIsEnabled
                )
            time = story_words.when(one.at, course.moments[0].at)
            self._rows.append(self.count())
            self._add(time, story_words.moment(one, play, course), Tone.PLAIN)
        self._fit()

    def _add(self, time: str, said: str, tone: Tone) -> QListWidgetItem:
        item = QListWidgetItem(f"{time} {said}", self)
        for role, value in ((_TIME, time), (_SAID, said), (_TONE, tone)):
            item.setData(role, value)
        return item

    def choose(self, number: int) -> None:
        """Put a light behind a moment, with -1 behind none."""
        self.setCurrentRow(self._rows[number] if 0 <= number < len(self._rows) else -1)

    @property
    def chosen(self) -> int:
        """Number of the moment that is chosen, -1 for none."""
        row = self.currentRow()
        return self._rows.index(row) if row in self._rows else -1

    def chosen_middle(self) -> QPoint | None:
        """Where the chosen moment is, in this widget."""
        if self.currentRow() < 0:
            return None
        return self.visualItemRect(self.currentItem()).center()

    def _fit(self) -> None:
        """Measure each line once, in the width there is now."""
        metrics, width = self.fontMetrics(), self.viewport().width()
        items = [self.item(row) for row in range(self.count())]
        times = {item.data(_TIME) for item in items}
        self.time_width = max(map(metrics.horizontalAdvance, times), default=0)
        room = QRect(0, 0, max(width - self.time_width - _GAP, 1), 10_000)
        whole = 0
        # Each change of a line would lay out all of them.
        self.model().blockSignals(True)
        for item in items:
            size = metrics.boundingRect(room, Qt.TextFlag.TextWordWrap, item.data(_SAID))
            whole += size.height() + GRID
            item.setSizeHint(QSize(width, size.height() + GRID))
        self.model().blockSignals(False)
        self.scheduleDelayedItemsLayout()
        self.setFixedHeight(whole)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.choose(-1)


class _Lines(QStyledItemDelegate):
    """A time, and beside it a sentence that takes as many lines as it needs."""

    def __init__(self, view: MomentList) -> None:
        super().__init__(view)
        self._view = view

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        view, place = self._view, option.rect
        colours = view.palette()
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            highlight = colours.color(QPalette.ColorRole.Highlight)
            painter.setPen(QPen(highlight, 1) if view.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(colours.color(QPalette.ColorRole.AlternateBase))
            painter.drawRoundedRect(QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5), GRID, GRID)
        line = place.adjusted(0, GRID // 2, 0, 0)
        painter.setPen(tone_colour(colours, Tone.MUTED))
        painter.drawText(line, Qt.AlignmentFlag.AlignTop, index.data(_TIME))
        painter.setPen(tone_colour(colours, Tone(index.data(_TONE))))
        painter.drawText(
            line.adjusted(view.time_width + _GAP, 0, 0, 0),
            Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap,
            index.data(_SAID),
        )
        painter.restore()
