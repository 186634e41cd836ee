"""The one way tables look and behave here."""

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from revenge_companion.ui.theme import GRID
from revenge_companion.ui.widgets.sort_header import SortHeader


class WholeRows(QStyledItemDelegate):
    """Rows are chosen as a whole: the frame of one cell would only dim what stands in it."""

    def __init__(
        self, parent: QTableView, *, elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight
    ) -> None:
        """`elide` is where a text that is too long is cut."""
        super().__init__(parent)
        self._elide = elide

    def initStyleOption(  # noqa: N802  # Qt's name
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            option.state = state & ~QStyle.StateFlag.State_HasFocus
        option.textElideMode = self._elide


def table(
    model: QAbstractItemModel,
    *,
    name: str,
    widths: Sequence[int],
    stretch: int,
    sortable: bool = False,
) -> QTableView:
    """A quiet table of whole rows; `stretch` is the column that takes what room is left.

    `widths` are in average characters, one per column. In a `sortable` one a click on a header, or
    the space bar there, sorts upwards, then downwards, then not at all.
    """
    view = QTableView()
    if sortable:
        view.setHorizontalHeader(SortHeader(view, name))
    view.setModel(model)
    view.setAccessibleName(name)
    view.setItemDelegate(WholeRows(view))
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.setTabKeyNavigation(False)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setTextElideMode(Qt.TextElideMode.ElideRight)
    down = view.verticalHeader()
    down.hide()
    # Every row alike: a million of them cost nothing to lay out.
    down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    down.setDefaultSectionSize(view.fontMetrics().height() + 3 * GRID)
    across = view.horizontalHeader()
    across.setHighlightSections(False)
    # To paint itself the header would ask of every row whether it is selected: two seconds where
    # 10,000 are.
    across.setSelectionModel(QItemSelectionModel(model, across))
    across.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    across.setMinimumSectionSize(12 * GRID)
    character = view.fontMetrics().averageCharWidth()
    for column, width in enumerate(widths):
        title = model.headerData(column, Qt.Orientation.Horizontal)
        # Other languages have longer titles.
        least = across.fontMetrics().horizontalAdvance(str(title or ""))
        across.resizeSection(column, max(width * character, least) + 4 * GRID)
    across.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
    if sortable:
        # Before it is switched on: the table sorts by what the header shows then.
        across.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        view.setSortingEnabled(True)
    return view
