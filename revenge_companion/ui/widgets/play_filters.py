"""What part of the ledger is shown: words in titles, kind, outcome, account, date."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from revenge_companion.core.media import Kind
from revenge_companion.core.status import EngineStatus
from revenge_companion.ui import words
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import GRID
from revenge_companion.ui.widgets.narrow_box import NarrowBox
from revenge_companion.ui.widgets.search_field import SearchField

#: Wait after the last key before searching.
SEARCH_AFTER_MS = 250


class Span(StrEnum):
    """A stretch of days, by the user's own midnights."""

    ALWAYS = ""
    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "week"
    MONTH = "month"
    THIS_YEAR = "this_year"
    LAST_YEAR = "last_year"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be shown; the defaults show everything."""

    search: str = ""
    kind: str = ""
    counted: bool | None = None
    account_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


class PlayFilters(QWidget):
    #: What is wanted has changed, and typing has paused.
    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(SEARCH_AFTER_MS)
        self._typed.timeout.connect(self.changed)
        self.search = SearchField(self.tr("Search titles"))
        self.search.setMinimumWidth(90)
        self.search.textChanged.connect(self._typed.start)
        self.kind = self._box(self.tr("Kind"))
        self.kind.addItem(self.tr("All kinds"), "")
        for kind in Kind:
            self.kind.addItem(words.kind_plural(kind), kind.value)
        self.outcome = self._box(self.tr("Outcome"))
        self.outcome.addItem(self.tr("All outcomes"), None)
        self.outcome.addItem(self.tr("Counted"), True)
        self.outcome.addItem(self.tr("Not counted"), False)
        self.account = self._box(self.tr("Account"))
        self.date = self._box(self.tr("Date"))
        for span, text in span_words():
            self.date.addItem(text, span.value)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(self.search, 1)
        self._boxes = (self.kind, self.outcome, self.account, self.date)
        self._show_accounts(context.engine.status)
        for box in self._boxes:
            row.addWidget(box)
            box.currentIndexChanged.connect(self.changed)
        context.bridge.accounts_changed.connect(self._show_accounts)

    def wanted(self) -> Wanted:
        """What is chosen at this moment; days begin at the midnight of this computer."""
        since, until = days(Span(self.date.currentData()), self._context.clock.now())
        return Wanted(
            search=self.search.text().strip(),
            kind=self.kind.currentData(),
            counted=self.outcome.currentData(),
            account_id=self.account.currentData(),
            since=since,
            until=until,
        )

    def clear(self) -> None:
        """Show everything."""
        self.search.clear()
        for box in self._boxes:
            box.setCurrentIndex(0)

    def stop(self) -> None:
        """Search no more."""
        self._typed.stop()

    def _box(self, name: str) -> QComboBox:
        box = NarrowBox()
        box.setAccessibleName(name)
        # The bar has to fit into the smallest window; the open list is as wide as it needs.
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(9)
        return box

    def _show_accounts(self, status: EngineStatus) -> None:
        choices: list[tuple[str, int | None]] = [(self.tr("All accounts"), None)]
        for each in status.accounts:
            name = self._context.name(each.account.service)
            choices.append((f"{name} ({each.account.label})", each.account.id))
        shown = [
            (self.account.itemText(number), self.account.itemData(number))
            for number in range(self.account.count())
        ]
        if choices == shown:
            return
        before = self.account.currentData()
        self.account.blockSignals(True)
        self.account.clear()
        for text, account_id in choices:
            self.account.addItem(text, account_id)
        self.account.setCurrentIndex(max(0, self.account.findData(before)))
        self.account.blockSignals(False)
        if self.account.currentData() != before:
            self.changed.emit()


def span_words() -> tuple[tuple[Span, str], ...]:
    """Every span with what it is called, in the order to choose from."""
    return (
        (Span.ALWAYS, words.say("All dates")),
        (Span.TODAY, words.say("Today")),
        (Span.YESTERDAY, words.say("Yesterday")),
        (Span.WEEK, words.say("Last 7 days")),
        (Span.MONTH, words.say("Last 30 days")),
        (Span.THIS_YEAR, words.say("This year")),
        (Span.LAST_YEAR, words.say("Last year")),
    )


def days(span: Span, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Begin and end (left out) of a span, both aware; None where it is open."""
    today = now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    year = today.replace(month=1, day=1)
    match span:
        case Span.TODAY:
            return today, None
        case Span.YESTERDAY:
            return _midnight(today - timedelta(days=1)), today
        case Span.WEEK:
            return _midnight(today - timedelta(days=6)), None
        case Span.MONTH:
            return _midnight(today - timedelta(days=29)), None
        case Span.THIS_YEAR:
            return _midnight(year), None
        case Span.LAST_YEAR:
            return _midnight(year.replace(year=year.year - 1)), _midnight(year)
        case _:
            return None, None


def _midnight(day: datetime) -> datetime:
    """The midnight of `day` by the clock change that held then."""
    return day.replace(tzinfo=None).astimezone()
