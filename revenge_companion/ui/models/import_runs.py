"""Past imports as a table."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QGuiApplication

from revenge_companion.core.clock import Clock
from revenge_companion.core.imports import ImportRun
from revenge_companion.ui import import_words, words
from revenge_companion.ui.models.paged import SORT_ROLE, PagedModel
from revenge_companion.ui.theme import Tone, tone_colour


class RunColumn(IntEnum):
    WHEN = 0
    SOURCE = 1
    STATE = 2
    WHAT = 3
    COUNTS = 4


class ImportRunsModel(PagedModel[ImportRun]):
    """Runs, newest first."""

    def __init__(self, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock

    def row_id(self, row: ImportRun) -> int:
        return row.id

    def headers(self) -> Sequence[str]:
        return (
            self.tr("Begun"),
            self.tr("Source"),
            self.tr("State"),
            self.tr("What"),
            self.tr("Lines"),
        )

    def cell(self, row: ImportRun, column: int, role: int) -> Any:
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return " ".join(self._text(row, column).split())
            case Qt.ItemDataRole.ToolTipRole:
                if column == RunColumn.WHEN:
                    return words.exact(row.started_at)
                return words.flat(self._text(row, column))
            case Qt.ItemDataRole.ForegroundRole:
                return _colour(row, column)
            case _ if role == SORT_ROLE:
                return row.started_at if column == RunColumn.WHEN else self._text(row, column)
        return None

    def _text(self, row: ImportRun, column: int) -> str:
        match column:
            case RunColumn.WHEN:
                return words.moment(row.started_at, self._clock.now())
            case RunColumn.SOURCE:
                return import_words.run_name(row)
            case RunColumn.WHAT:
                return import_words.facet_names(row.facets)
            case RunColumn.STATE:
                return import_words.run_state(row)
        return import_words.run_counts(row)


def _colour(row: ImportRun, column: int) -> QColor | None:
    palette = QGuiApplication.palette()
    if column == RunColumn.STATE:
        return tone_colour(palette, import_words.run_tone(row))
    if column in (RunColumn.WHEN, RunColumn.WHAT):
        return tone_colour(palette, Tone.MUTED)
    return None
