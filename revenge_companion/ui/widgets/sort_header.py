"""A table's header that sorts by click and by keyboard, and says so to those who do not see it."""

from PySide6.QtCore import QAbstractItemModel, QRect, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPalette, QPen
from PySide6.QtWidgets import QHeaderView, QWidget

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class SortHeader(QHeaderView):
    """Tab leads to it, the arrows along it; the space bar does what a click does."""

    def __init__(self, parent: QWidget, name: str) -> None:
        """`name` is that of the table."""
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._view = parent
        self._name = name
        self._chosen = 0
        self.setAccessibleName(name)
        self.setAccessibleDescription(self.tr("Space sorts by this column, arrows choose another."))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSectionsClickable(True)
        self.setSortIndicatorClearable(True)

    @property
    def chosen(self) -> int:
        """The column that the keyboard is at."""
        return self._chosen

    def _choose(self, column: int) -> None:
        self._chosen = max(0, min(column, self.count() - 1))
        self.viewport().update()
        self._say()

    def _sort(self) -> None:
        """Sort by the chosen column: upwards, then downwards, then not at all."""
        up, down = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
        if self.sortIndicatorSection() != self._chosen:
            self.setSortIndicator(self._chosen, up)
        elif self.sortIndicatorOrder() is up:
            self.setSortIndicator(self._chosen, down)
        else:
            self.setSortIndicator(-1, up)

    def _say(self) -> None:
        """Name the chosen column, and how it is sorted, as what has the focus."""
        if self.model() is not None:
            role = Qt.ItemDataRole.AccessibleTextRole
            column = self.model().headerData(self._chosen, Qt.Orientation.Horizontal, role)
            self.setAccessibleName(f"{self._name}, {column}")

    def setModel(self, model: QAbstractItemModel | None) -> None:  # noqa: N802  # Qt's name
        super().setModel(model)
        if model is not None:
            # Behind the sorting, which is what it tells of.
            model.headerDataChanged.connect(self._say)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # Qt's name
        key = event.key()
        if key in _STEPS:
            self._choose(self._chosen + _STEPS[Qt.Key(key)])
        elif key == Qt.Key.Key_Home:
            self._choose(0)
        elif key == Qt.Key.Key_End:
            self._choose(self.count() - 1)
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._sort()
        elif key == Qt.Key.Key_Down:
            self._view.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            # To the dialog: the table below has no use for it either.
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:  # Qt's name
        super().focusInEvent(event)
        self.viewport().update()
        self._say()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # Qt's name
        super().focusOutEvent(event)
        self.viewport().update()

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:  # noqa: N802
        painter.save()
        super().paintSection(painter, rect, section)
        painter.restore()
        if self.hasFocus() and section == self._chosen:
            painter.save()
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.drawRect(rect.adjusted(1, 1, -2, -2))
            painter.restore()
