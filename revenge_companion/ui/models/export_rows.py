"""Lines of a look at an export as a table."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QGuiApplication

from revenge_companion.core.exporting import ExportRow
from revenge_companion.core.ordering import Order, SortBy
from revenge_companion.ui import export_words, library_words, words
from revenge_companion.ui.models.paged import PagedModel
from revenge_companion.ui.theme import Tone, tone_colour


class ExportColumn(IntEnum):
    TITLE = 0
    FACET = 1
    SAYS = 2
    WHEN = 3
    WHY = 4


_SORTS = {
    ExportColumn.TITLE: SortBy.TITLE,
    ExportColumn.FACET: SortBy.WHAT,
    ExportColumn.SAYS: SortBy.SAYS,
    ExportColumn.WHEN: SortBy.DATE,
    ExportColumn.WHY: SortBy.WHY,
}
_QUIET = (ExportColumn.FACET, ExportColumn.WHEN)


class ExportRowsModel(PagedModel[ExportRow]):
    """Lines in the order they were found, or sorted."""

    newest_first = False
    read_sorted = True

    def __init__(self, *, sent: bool, parent: QObject | None = None) -> None:
        """`sent` for lines that are sent, whose reasons are only notes."""
        super().__init__(parent)
        self._sent = sent
        #: The service of the account, for words.
        self.service = ""

    @property
    def order(self) -> Order | None:
        """The order to read in; None for that of the library."""
        return None if self.sorted_by is None else Order(
            _SORTS[ExportColumn(self.sorted_by[0])], self.sorted_by[1]
        )  # fmt: skip

    def row_id(self, row: ExportRow) -> int:
        return row.id

    def headers(self) -> Sequence[str]:
        return (
            self.tr("Title"),
            self.tr("What"),
            self.tr("Says"),
            self.tr("Dated"),
            self.tr("Note") if self._sent else self.tr("Why"),
        )

    def cell(self, row: ExportRow, column: int, role: int) -> Any:
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return " ".join(self._text(row, column).split())
            case Qt.ItemDataRole.ToolTipRole:
                return words.flat(self._tip(row, column))
            case Qt.ItemDataRole.ForegroundRole:
                return _muted() if column in _QUIET else None
        return None

    def _text(self, row: ExportRow, column: int) -> str:
        match column:
            case ExportColumn.TITLE:
                return row.label
            case ExportColumn.FACET:
                return library_words.facet(row.facet)
            case ExportColumn.SAYS:
                return export_words.does(row)
            case ExportColumn.WHEN:
                return library_words.dated(row)
            case ExportColumn.WHY:
                return export_words.why(row, self.service)
        return ""

    def _tip(self, row: ExportRow, column: int) -> str:
        if column == ExportColumn.TITLE:
            return f"{library_words.kind(row.kind)} \N{MIDDLE DOT} {row.label}"
        return self._text(row, column)


def _muted() -> QColor:
    return tone_colour(QGuiApplication.palette(), Tone.MUTED)
