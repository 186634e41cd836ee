"""The library as a table: one row per line of what all sources together say."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QGuiApplication

from revenge_companion.core.clock import Clock
from revenge_companion.core.library import Precision
from revenge_companion.core.shown import Shown
from revenge_companion.ui import library_words, words
from revenge_companion.ui.models.paged import SORT_ROLE, PagedModel
from revenge_companion.ui.theme import Tone, tone_colour


class ShownColumn(IntEnum):
    WHEN = 0
    TITLE = 1
    KIND = 2
    VALUE = 3
    SOURCES = 4


class ShownModel(PagedModel[Shown]):
    """Lines, newest first; sources by the names people know them by."""

    def __init__(self, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self.names: Mapping[str, str] = {}

    def row_id(self, row: Shown) -> int:
        return row.place

    def headers(self) -> Sequence[str]:
        return (
            self.tr("When"),
            self.tr("Title"),
            self.tr("Kind"),
            self.tr("Detail"),
            self.tr("Known from"),
        )

    def cell(self, row: Shown, column: int, role: int) -> Any:
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return self._text(row, column)
            case Qt.ItemDataRole.ToolTipRole:
                return words.flat(self._tip(row, column))
            case Qt.ItemDataRole.ForegroundRole:
                return self._colour(column)
            case _ if role == SORT_ROLE:
                return row.place if column == ShownColumn.WHEN else self._text(row, column)
        return None

    def _text(self, row: Shown, column: int) -> str:
        match column:
            case ShownColumn.WHEN:
                return library_words.when(row, self._clock.now())
            case ShownColumn.TITLE:
                return " ".join(row.label.split())
            case ShownColumn.KIND:
                return library_words.kind(row.kind)
            case ShownColumn.VALUE:
                return library_words.value(row)
            case ShownColumn.SOURCES:
                return ", ".join(self.names.get(source, source) for source in row.sources)
        return ""

    def _tip(self, row: Shown, column: int) -> str:
        if column == ShownColumn.WHEN and row.at is not None and row.precision is not Precision.DAY:
            return words.exact(row.at)
        if column == ShownColumn.TITLE and row.note:
            return f"{row.label}\n\n{row.note}"
        return self._text(row, column)

    def _colour(self, column: int) -> QColor | None:
        if column in (ShownColumn.WHEN, ShownColumn.KIND, ShownColumn.SOURCES):
            return tone_colour(QGuiApplication.palette(), Tone.MUTED)
        return None
