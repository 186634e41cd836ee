"""Corrections to the anime map, and the plays that want one, as two small tables."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from revenge_companion.core.animemap import Override
from revenge_companion.core.clock import Clock
from revenge_companion.engine.api import OutboxRow
from revenge_companion.ui import words
from revenge_companion.ui.words import say

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex

#: Columns of corrections before and after those of the lists.
SERIES, SEASON, EPISODES = range(3)
TITLE, PLAYED, LIST, WHY = range(4)
_NOWHERE = QModelIndex()


class _Rows(QAbstractTableModel, Generic[Row]):
    """A few rows that are always all there."""

    def __init__(self, headers: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._headers = headers
        self._shown: tuple[Row, ...] = ()

    @property
    def shown(self) -> tuple[Row, ...]:
        return self._shown

    def set_rows(self, rows: Sequence[Row]) -> None:
        self.beginResetModel()
        self._shown = tuple(rows)
        self.endResetModel()

    def text(self, row: Row, column: int) -> str:
        """What a cell says."""
        raise NotImplementedError

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._headers)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        text = self.text(self._shown[index.row()], index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return " ".join(text.split())
            case Qt.ItemDataRole.ToolTipRole:
                return words.flat(text)
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._headers[section]
        return None


class CorrectionsModel(_Rows[Override]):
    def __init__(self, lists: Mapping[str, str], parent: QObject | None = None) -> None:
        """`lists` names the anime lists by their field of `Override`."""
        headers = (say("Series or film"), say("Season"), say("Episodes"), *lists.values())
        super().__init__((*headers, say("Starts at")), parent)
        self._fields = tuple(lists)

    def text(self, row: Override, column: int) -> str:
        match column:
            case _ if column == SERIES:
                return row.title or row.key
            case _ if column == SEASON:
                return season(row)
            case _ if column == EPISODES:
                return episodes(row)
        number = column - EPISODES - 1
        if number < len(self._fields):
            entry = getattr(row, self._fields[number])
            return say("\N{EN DASH}") if entry is None else str(entry)
        if row.anilist is None and row.mal is None:
            return say("left out")
        return say("episode {number}").format(number=row.first - row.offset)


class UnmappedModel(_Rows[OutboxRow]):
    def __init__(
        self, clock: Clock, names: Mapping[str, str], parent: QObject | None = None
    ) -> None:
        super().__init__((say("Title"), say("Played"), say("List"), say("Why")), parent)
        self._clock = clock
        self._names = names

    def text(self, row: OutboxRow, column: int) -> str:
        scrobble = row.delivery.scrobble
        match column:
            case _ if column == TITLE:
                return scrobble.item.label
            case _ if column == PLAYED:
                return words.moment(scrobble.dated_at, self._clock.now())
            case _ if column == LIST:
                return self._names.get(row.service, row.service)
        name = self._names.get(row.service, row.service)
        return words.told(row.delivery.detail) or words.reason(
            row.delivery.reason_code, {"service": name}
        )


def season(row: Override) -> str:
    """The season a correction is for, in words."""
    if is_film(row.key):
        return say("\N{EN DASH}")
    return say("all") if row.season is None else str(row.season)


def episodes(row: Override) -> str:
    """The episodes a correction is for, in words."""
    if is_film(row.key):
        return say("film")
    if row.last is None:
        return say("all") if row.first <= 1 else say("{first} and on").format(first=row.first)
    return f"{row.first}\N{EN DASH}{row.last}" if row.last != row.first else str(row.first)


def is_film(key: str) -> bool:
    """Whether a key of `core.animemap.keys_of` surely names a film."""
    return key.partition(":")[0].endswith("_movie")
