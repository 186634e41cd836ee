"""The one way tables look and behave here."""

from collections.abc import Sequence

from PySide6.QtCore import QAbstractItemModel, QItemSelectionModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from revenge_companion.ui.theme import GRID


def table(
    model: QAbstractItemModel, *, name: str, widths: Sequence[int], stretch: int
) -> QTableView:
    """A quiet table of whole rows; `stretch` is the column that takes what room is left.

    `widths` are in average characters, one per column.
    """
    view = QTableView()
    view.setModel(model)
    view.setAccessibleName(name)
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
        across.resizeSection(column, width * character + 4 * GRID)
    across.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
    return view
