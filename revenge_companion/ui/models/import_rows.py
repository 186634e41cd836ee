"""Lines of an import as a table; which columns there are depends on what they would change."""

from collections.abc import Collection, Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QGuiApplication

from revenge_companion.core.imports import Choice, ImportRow, Verdict
from revenge_companion.core.ordering import Order, SortBy
from revenge_companion.ui import import_words, library_words, words
from revenge_companion.ui.models.paged import PagedModel, ReadPage
from revenge_companion.ui.theme import Tone, tone_colour


class RowColumn(IntEnum):
    """What a column shows; where it stands follows from the verdict."""

    TITLE = 0
    FACET = 1
    SAYS = 2
    WHEN = 3
    OURS = 4
    MATCHED = 5
    WHY = 6
    CHOICE = 7


COLUMNS = {
    Verdict.NEW: (
        RowColumn.TITLE,
        RowColumn.FACET,
        RowColumn.SAYS,
        RowColumn.WHEN,
        RowColumn.MATCHED,
        RowColumn.CHOICE,
    ),
    Verdict.THERE: (
        RowColumn.TITLE,
        RowColumn.FACET,
        RowColumn.SAYS,
        RowColumn.WHEN,
        RowColumn.MATCHED,
    ),
    Verdict.CONFLICT: (
        RowColumn.TITLE,
        RowColumn.FACET,
        RowColumn.SAYS,
        RowColumn.OURS,
        RowColumn.CHOICE,
    ),
    Verdict.UNMATCHED: (
        RowColumn.TITLE,
        RowColumn.FACET,
        RowColumn.SAYS,
        RowColumn.WHEN,
        RowColumn.WHY,
    ),
}
_SORTS = {
    RowColumn.TITLE: SortBy.TITLE,
    RowColumn.FACET: SortBy.WHAT,
    RowColumn.SAYS: SortBy.SAYS,
    RowColumn.WHEN: SortBy.DATE,
    RowColumn.OURS: SortBy.OURS,
    RowColumn.MATCHED: SortBy.MATCHED,
    RowColumn.WHY: SortBy.WHY,
    RowColumn.CHOICE: SortBy.CHOICE,
}

_QUIET = (RowColumn.FACET, RowColumn.WHEN, RowColumn.MATCHED)


class ImportRowsModel(PagedModel[ImportRow]):
    """Lines in the order they were read, or sorted."""

    newest_first = False
    read_sorted = True

    def __init__(self, verdict: Verdict, source: str = "", parent: QObject | None = None) -> None:
        """`source` is what the lines come from, for words; empty where they come from several."""
        super().__init__(parent)
        self._columns = COLUMNS[verdict]
        self._conflicts = verdict is Verdict.CONFLICT
        self._source = source
        #: What was chosen since the lines were read, and for all of them; cheaper than new values
        #: for what may be 100,000 lines.
        self._choices: dict[int, Choice] = {}
        self._for_all: Choice | None = None

    @property
    def source(self) -> str:
        """What the lines come from, as it is called here."""
        return self._source or self.tr("the source")

    @property
    def order(self) -> Order | None:
        """The order to read in; None for that of the source."""
        if self.sorted_by is None:
            return None
        column, down = self.sorted_by
        return Order(_SORTS[self._columns[column]], down)

    def name_source(self, source: str) -> None:
        """The lines come from `source`."""
        if source != self._source:
            self._source = source
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self._columns) - 1)

    def show_pages(self, read: ReadPage[ImportRow]) -> None:
        self._choices, self._for_all = {}, None
        super().show_pages(read)

    def choose(self, row_ids: Collection[int] | None, choice: Choice) -> None:
        """Show `choice` for these lines, or with None for all, also those not yet read."""
        if row_ids is None:
            self._choices, self._for_all = {}, choice
        else:
            self._choices.update(dict.fromkeys(row_ids, choice))
        if self.rowCount():
            last = self.index(self.rowCount() - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def choice(self, row: ImportRow) -> Choice:
        """What is chosen for a line at this moment."""
        return self._choices.get(row.id, self._for_all or row.choice)

    def row_id(self, row: ImportRow) -> int:
        return row.id

    def headers(self) -> Sequence[str]:
        says = self.tr("Says")
        if self._conflicts:
            says = self.tr("{source} says").format(source=self.source)
        names = {
            RowColumn.TITLE: self.tr("Title"),
            RowColumn.FACET: self.tr("What"),
            RowColumn.SAYS: says,
            RowColumn.WHEN: self.tr("Dated"),
            RowColumn.OURS: self.tr("Your library says"),
            RowColumn.MATCHED: self.tr("On your server"),
            RowColumn.WHY: self.tr("Why"),
            RowColumn.CHOICE: self.tr("What happens"),
        }
        return [names[column] for column in self._columns]

    def cell(self, row: ImportRow, column: int, role: int) -> Any:
        what = self._columns[column]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return " ".join(self._text(row, what).split())
            case Qt.ItemDataRole.ToolTipRole:
                return words.flat(self._tip(row, what))
            case Qt.ItemDataRole.ForegroundRole:
                left_out = row.never or self.choice(row) is Choice.SKIP
                return _muted() if left_out or what in _QUIET else None
        return None

    def _text(self, row: ImportRow, what: RowColumn) -> str:
        entry = row.entry
        match what:
            case RowColumn.TITLE:
                return entry.subject.label
            case RowColumn.FACET:
                return library_words.facet(entry.facet)
            case RowColumn.SAYS:
                # The two sides of a conflict are compared as a whole.
                return (import_words.entry_says if self._conflicts else import_words.entry_value)(
                    entry
                )
            case RowColumn.WHEN:
                return library_words.dated(entry)
            case RowColumn.OURS:
                return import_words.row_ours(row)
            case RowColumn.MATCHED:
                return row.matched_label or "\N{EN DASH}"
            case RowColumn.WHY:
                return import_words.row_why(row)
            case RowColumn.CHOICE:
                choice = self.choice(row)
                if choice is Choice.DEFAULT and not self._conflicts:
                    return self.tr("Added")
                return import_words.choice_name(choice, self.source)

    def _tip(self, row: ImportRow, what: RowColumn) -> str:
        match what:
            case RowColumn.TITLE:
                subject = row.entry.subject
                kind = library_words.kind(subject.kind)
                title = subject.title if subject.title not in subject.label else ""
                return " \N{MIDDLE DOT} ".join(
                    part for part in (kind, subject.label, title) if part
                )
            case RowColumn.CHOICE if self.choice(row) is Choice.DEFAULT and row.reason_code:
                return import_words.row_why(row)
        return self._text(row, what)


def _muted() -> QColor:
    return tone_colour(QGuiApplication.palette(), Tone.MUTED)
