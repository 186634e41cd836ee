"""The ledger as a table: one row per play."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QGuiApplication

from revenge_companion.core.clock import Clock
from revenge_companion.core.status import PlayRecord
from revenge_companion.ui import words
from revenge_companion.ui.models.paged import SORT_ROLE, PagedModel
from revenge_companion.ui.theme import Tone, tone_colour


class PlayColumn(IntEnum):
    WHEN = 0
    TITLE = 1
    OUTCOME = 2
    DESTINATIONS = 3


class PlaysModel(PagedModel[PlayRecord]):
    """Plays, newest first, with outcome and destinations in words."""

    def __init__(
        self, clock: Clock, names: Mapping[str, str], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._names = names

    def row_id(self, row: PlayRecord) -> int:
        return row.id

    def headers(self) -> Sequence[str]:
        return (self.tr("When"), self.tr("Title"), self.tr("Outcome"), self.tr("Destinations"))

    def cell(self, row: PlayRecord, column: int, role: int) -> Any:
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(row, column)
            case Qt.ItemDataRole.ToolTipRole:
                return self._tip(row, column)
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._spoken(row, column)
            case Qt.ItemDataRole.ForegroundRole:
                return self._colour(row, column)
            case _ if role == SORT_ROLE:
                return row.started_at if column == PlayColumn.WHEN else self._text(row, column)
        return None

    def _text(self, row: PlayRecord, column: int) -> str:
        match column:
            case PlayColumn.WHEN:
                return words.moment(row.started_at, self._clock.now())
            case PlayColumn.TITLE:
                return " ".join(row.label.split())
            case PlayColumn.OUTCOME:
                return outcome(row)
            case PlayColumn.DESTINATIONS:
                return "   ".join(
                    f"{self._names.get(fate.service, fate.service)} "
                    f"{words.delivery_sign(fate.state)}"
                    for fate in row.destinations
                )
        return ""

    def _tip(self, row: PlayRecord, column: int) -> str:
        match column:
            case PlayColumn.WHEN:
                return words.exact(row.started_at)
            case PlayColumn.TITLE:
                return words.flat(row.label)
            case PlayColumn.OUTCOME:
                return words.flat(words.reason(row.reason_code, row.facts))
        return words.flat(self._spoken(row, column))

    def _spoken(self, row: PlayRecord, column: int) -> str:
        if column != PlayColumn.DESTINATIONS:
            return self._text(row, column)
        return "\n".join(
            words.destination(fate, self._names.get(fate.service, fate.service))
            for fate in row.destinations
        )

    def _colour(self, row: PlayRecord, column: int) -> QColor | None:
        if column == PlayColumn.WHEN or (column == PlayColumn.OUTCOME and row.counted_at is None):
            return tone_colour(QGuiApplication.palette(), Tone.MUTED)
        return None


def outcome(row: PlayRecord) -> str:
    """How a play ended, in a few words."""
    if row.counted_at is not None:
        return words.say("counted {time}").format(time=words.clock_time(row.counted_at))
    if row.open:
        return words.say("playing")
    return words.reason(row.reason_code, row.facts).rstrip(".")
