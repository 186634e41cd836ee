"""A table over rows that come in pages; only what was scrolled to is in memory."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from revenge_companion.core.errors import CompanionError
from revenge_companion.ui.async_slot import Tasks
from revenge_companion.ui.words import told

Index = QModelIndex | QPersistentModelIndex
NO_INDEX = QModelIndex()

#: Rows in one page.
PAGE = 200
#: Raw value of a cell, for sorting.
SORT_ROLE = Qt.ItemDataRole.UserRole + 1

Row = TypeVar("Row")
#: Reads up to `limit` rows that follow an id in the model's order (None for the first).
ReadPage = Callable[[int | None, int], Awaitable[Sequence[Row]]]


class PagedModel(QAbstractTableModel, Generic[Row]):
    """Subclasses name the columns and say what a cell holds."""

    #: Rows with higher ids stand above; otherwise below, as they were read.
    newest_first = True
    #: Pages come in the order that is wanted (`sorted_by`), since not every row may be loaded;
    #: otherwise what is loaded is sorted here.
    read_sorted = False

    #: A page arrived: how many rows are shown now.
    loaded = Signal(int)
    #: Reading failed: the sentence to show.
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tasks = Tasks()
        self._rows: list[Row] = []
        self._read: ReadPage[Row] | None = None
        self._more = False
        self._reading = False
        self._refreshing = False
        self._again = False
        #: Counts what was asked for; an answer to an older question is dropped.
        self._asked = 0
        #: Of what was asked for anew and has not arrived: what is shown does not go on with it.
        self._awaited: int | None = None
        self._sorted_by: tuple[int, bool] | None = None

    # What subclasses say

    def row_id(self, row: Row) -> int:
        raise NotImplementedError

    def headers(self) -> Sequence[str]:
        raise NotImplementedError

    def cell(self, row: Row, column: int, role: int) -> Any:
        """What Qt asked for of one cell; None for "nothing"."""
        raise NotImplementedError

    # What pages call

    def show_pages(self, read: ReadPage[Row]) -> None:
        """Show what `read` gives, from its first page on."""
        self._read = read
        self._asked += 1
        self._awaited = self._asked
        self.tasks.start(self._first(self._asked, PAGE, anew=True))

    def refresh(self) -> None:
        """Read again what is shown, after something changed; the selection stays."""
        if self._refreshing:
            # One reading at a time, however often something changes.
            self._again = True
        elif self._read is not None:
            self._refreshing = True
            self.tasks.start(self._refresh())

    def row(self, index: Index) -> Row | None:
        """The value of a row; None for an index that is not in the table."""
        if index.isValid() and index.row() < len(self._rows):
            return self._rows[index.row()]
        return None

    def index_of(self, row_id: int) -> QModelIndex:
        """Where a row is, an invalid index if it is not loaded."""
        for number, row in enumerate(self._rows):
            if self.row_id(row) == row_id:
                return self.index(number, 0)
        return QModelIndex()

    @property
    def sorted_by(self) -> tuple[int, bool] | None:
        """The column that rows are sorted by, and whether downwards; None for their own order."""
        return self._sorted_by

    def loaded_rows(self) -> Sequence[Row]:
        """The rows that were read so far, in the order they are shown."""
        return self._rows

    def set_rows(self, rows: Sequence[Row], *, more: bool = False) -> None:
        """Show `rows`, the first there are; further ones that were already read stay below them.

        A row that merely changed, or new ones above, leave the view's place and selection alone.
        """
        fresh = self._in_order(list(rows))
        above = self._new_above(fresh)
        if above is None:
            self.beginResetModel()
            self._rows, self._more = fresh, more
            self.endResetModel()
        else:
            if above:
                self.beginInsertRows(QModelIndex(), 0, above - 1)
                self._rows[:0] = fresh[:above]
                self.endInsertRows()
            if len(fresh) == len(self._rows):
                self._more = more
            last_column = self.columnCount() - 1
            for number in range(above, len(fresh)):
                if self._rows[number] != fresh[number]:
                    self._rows[number] = fresh[number]
                    self.dataChanged.emit(self.index(number, 0), self.index(number, last_column))
        self.loaded.emit(len(self._rows))

    def _new_above(self, fresh: list[Row]) -> int | None:
        """How many of `fresh` are new on top of what is shown; None where it does not join up."""
        if not self._rows or not fresh:
            return 0 if not self._rows and not fresh else None
        top = self.row_id(self._rows[0])
        ids = [self.row_id(row) for row in fresh]
        if top not in ids:
            return None
        above = ids.index(top)
        shown = [self.row_id(row) for row in self._rows[: len(fresh) - above]]
        # Fewer than before: rows have gone from the end.
        whole = len(fresh) - above >= len(self._rows) or self._more or len(fresh) >= PAGE
        return above if shown == ids[above:] and whole else None

    # Qt's side

    def rowCount(self, parent: Index = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.headers())

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.row(index)
        return None if row is None else self.cell(row, index.column(), role)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        names = self.headers() if orientation is Qt.Orientation.Horizontal else ()
        if not 0 <= section < len(names):
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return names[section]
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._header_said(section, names[section])
        return None

    def _header_said(self, section: int, name: str) -> str:
        """A header as it is read aloud: the arrow in it is only seen."""
        if self._sorted_by is None or self._sorted_by[0] != section:
            return name
        said = self.tr("{column}, sorted descending") if self._sorted_by[1] else self.tr(
            "{column}, sorted ascending"
        )  # fmt: skip
        return said.format(column=name)

    def canFetchMore(self, parent: Index) -> bool:
        waits = self._reading or self._awaited is not None
        return not parent.isValid() and self._more and not waits

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent):
            self._reading = True
            self.tasks.start(self._next(self._asked))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort the rows; a column below 0 goes back to their own order."""
        wanted = None if column < 0 else (column, order is Qt.SortOrder.DescendingOrder)
        if wanted == self._sorted_by:
            return
        self._sorted_by = wanted
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.columnCount() - 1)
        if not self.read_sorted:
            self._reorder()
        elif self._read is not None:
            self.show_pages(self._read)

    # Reading

    async def _first(self, asked: int, limit: int, *, anew: bool = False) -> None:
        try:
            rows = await self._page(None, limit, asked)
        finally:
            if anew and self._awaited == asked:
                self._awaited = None
        if rows is not None:
            if anew and len(self._rows) > len(rows):
                # What lies deeper answered another question.
                self.beginRemoveRows(QModelIndex(), len(rows), len(self._rows) - 1)
                del self._rows[len(rows) :]
                self.endRemoveRows()
            self.set_rows(rows, more=len(rows) >= limit)

    async def _refresh(self) -> None:
        try:
            while True:
                self._again = False
                # As much as is shown, within reason: what lies deeper is read when scrolled to.
                await self._first(self._asked, min(max(PAGE, len(self._rows)), 5 * PAGE))
                if not self._again:
                    return
        finally:
            self._refreshing = False

    async def _next(self, asked: int) -> None:
        try:
            rows = await self._page(self._last_id(), PAGE, asked)
        finally:
            self._reading = False
        if rows is None:
            return
        self._more = len(rows) >= PAGE
        if rows:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
            self._rows.extend(rows)
            self.endInsertRows()
            if self._sorted_by is not None and not self.read_sorted:
                self._reorder()
        self.loaded.emit(len(self._rows))

    def _last_id(self) -> int | None:
        """The row that the next page follows."""
        if self.read_sorted:
            return self.row_id(self._rows[-1]) if self._rows else None
        edge = min if self.newest_first else max
        return edge((self.row_id(row) for row in self._rows), default=None)

    async def _page(self, after_id: int | None, limit: int, asked: int) -> Sequence[Row] | None:
        """One page; None when it failed or something else was asked meanwhile."""
        if self._read is None:
            return None
        try:
            rows = await self._read(after_id, limit)
        except CompanionError as error:
            self.failed.emit(told(error))
            return None
        return rows if asked == self._asked else None

    def _in_order(self, rows: list[Row]) -> list[Row]:
        if self.read_sorted:
            return rows
        if self._sorted_by is None:
            return sorted(rows, key=self.row_id, reverse=self.newest_first)
        column, down = self._sorted_by
        return sorted(rows, key=lambda row: self.cell(row, column, SORT_ROLE), reverse=down)

    def _reorder(self) -> None:
        """Put the loaded rows in the order wanted; selections move along."""
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        ids = [self.row_id(self._rows[index.row()]) for index in kept]
        self._rows = self._in_order(self._rows)
        place = {self.row_id(row): number for number, row in enumerate(self._rows)}
        moved = [
            self.createIndex(place[row_id], index.column())
            for index, row_id in zip(kept, ids, strict=True)
        ]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()
