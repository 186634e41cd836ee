"""Lines of a source that could not be read as a table."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from revenge_companion.core.imports import UnreadLine
from revenge_companion.core.ordering import Order, SortBy
from revenge_companion.ui import import_words, library_words, words
from revenge_companion.ui.models.paged import PagedModel
from revenge_companion.ui.theme import Tone, tone_colour


class UnreadColumn(IntEnum):
    PLACE = 0
    FACET = 1
    TEXT = 2
    WHY = 3


_SORTS = {
    UnreadColumn.PLACE: SortBy.READ,
    UnreadColumn.FACET: SortBy.WHAT,
    UnreadColumn.TEXT: SortBy.SAYS,
    UnreadColumn.WHY: SortBy.WHY,
}


class UnreadModel(PagedModel[UnreadLine]):
    """Lines in the order they were read, or sorted."""

    newest_first = False
    read_sorted = True

    @property
    def order(self) -> Order | None:
        """The order to read in; None for that of the source."""
        if self.sorted_by is None:
            return None
        column, down = self.sorted_by
        return Order(_SORTS[UnreadColumn(column)], down)

    def row_id(self, row: UnreadLine) -> int:
        return row.id

    def headers(self) -> Sequence[str]:
        return (
            self.tr("Where"),
            self.tr("What"),
            self.tr("What stands there"),
            self.tr("Why"),
        )

    def cell(self, row: UnreadLine, column: int, role: int) -> Any:
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return " ".join(self._text(row, column).split())
            case Qt.ItemDataRole.ToolTipRole:
                return words.flat(self._text(row, column))
            case Qt.ItemDataRole.ForegroundRole if column == UnreadColumn.FACET:
                return tone_colour(QGuiApplication.palette(), Tone.MUTED)
        return None

    def _text(self, row: UnreadLine, column: int) -> str:
        match column:
            case UnreadColumn.PLACE:
                return import_words.unread_place(row.unread)
            case UnreadColumn.FACET:
                return library_words.facet(row.facet)
            case UnreadColumn.TEXT:
                return row.unread.text
        return words.reason(row.unread.reason_code)
