"""The outbox as a table: one row per delivery that has not arrived."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QObject, Qt

from revenge_companion.core.accounts import Account, AccountState
from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.core.status import AccountStatus
from revenge_companion.engine.api import OutboxRow
from revenge_companion.ui import words
from revenge_companion.ui.models.paged import SORT_ROLE, PagedModel

_NEVER = datetime.max.replace(tzinfo=UTC)


def title(scrobble: Scrobble) -> str:
    """What is delivered: a play by its name, a change with what it says."""
    if scrobble.change is None:
        return scrobble.label
    # Loaded for rows that carry one.
    from revenge_companion.ui import library_words

    return library_words.change(scrobble.change)


class OutboxColumn(IntEnum):
    TITLE = 0
    ACCOUNT = 1
    STATE = 2
    REASON = 3
    NEXT = 4
    PLAYED = 5


def waits_for_user(account: Account) -> bool:
    """Whether nothing is sent to it before the user does something."""
    state = account.state
    if not account.switches.enabled or account.is_stopped:
        return True
    return state in (AccountState.OFF, AccountState.LINK_AGAIN)


class OutboxModel(PagedModel[OutboxRow]):
    def __init__(
        self, clock: Clock, names: Mapping[str, str], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._names = names
        #: Accounts that nothing is tried for, and until when; None is until the user acts.
        self._closed: dict[int, datetime | None] = {}

    def heed(self, accounts: Sequence[AccountStatus]) -> None:
        """Take how the accounts are doing: what is due is not tried where a lane is closed."""
        closed = {
            one.account.id: None if waits_for_user(one.account) else one.account.held_until
            for one in accounts
            if waits_for_user(one.account) or one.account.held_until is not None
        }
        if closed != self._closed:
            self._closed = closed
            if last := self.rowCount():
                column = OutboxColumn.NEXT
                self.dataChanged.emit(self.index(0, column), self.index(last - 1, column))

    def row_id(self, row: OutboxRow) -> int:
        return row.delivery.id

    def headers(self) -> Sequence[str]:
        return (
            self.tr("Title"),
            self.tr("Account"),
            self.tr("State"),
            self.tr("Reason"),
            self.tr("Next try"),
            self.tr("Played"),
        )

    def cell(self, row: OutboxRow, column: int, role: int) -> Any:
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(row, column)
            case Qt.ItemDataRole.ToolTipRole:
                return self._tip(row, column)
            case _ if role == SORT_ROLE:
                return self._raw(row, column)
        return None

    def account_name(self, row: OutboxRow) -> str:
        """The service, with the account's label where it says more."""
        name = self._names.get(row.service, row.service)
        return f"{name} ({row.account_label})" if row.account_label else name

    def why(self, row: OutboxRow) -> str:
        """The reason as a sentence, with the service's own words where it gave some."""
        delivery = row.delivery
        name = self._names.get(row.service, row.service)
        text = words.reason(delivery.reason_code, {"service": name})
        return f"{text} {words.told(delivery.detail)}".strip()

    def whys(self) -> dict[int, str]:
        """Why the rows of each account wait and when they are tried again, from those loaded.

        Accounts whose rows have met no trouble are left out.
        """
        soonest: dict[int, OutboxRow] = {}
        for row in self.loaded_rows():
            one = row.delivery
            if one.state not in (DeliveryState.PENDING, DeliveryState.UNSURE):
                continue
            before = soonest.get(one.account_id)
            if one.reason_code and (before is None or _due(row) < _due(before)):
                soonest[one.account_id] = row
        return {account_id: self._why_and_when(row) for account_id, row in soonest.items()}

    def _why_and_when(self, row: OutboxRow) -> str:
        why, due = self.why(row), row.delivery.due_at
        if due is None:
            return why
        when = self.tr("Next try {when}.").format(when=words.due(due, self._clock.now()))
        return f"{why} {when}"

    def _text(self, row: OutboxRow, column: int) -> str:
        delivery = row.delivery
        now = self._clock.now()
        match column:
            case OutboxColumn.TITLE:
                return " ".join(title(delivery.scrobble).split())
            case OutboxColumn.ACCOUNT:
                return self.account_name(row)
            case OutboxColumn.STATE:
                return words.delivery_state(delivery.state)
            case OutboxColumn.REASON:
                return " ".join(self.why(row).split())
            case OutboxColumn.NEXT:
                if delivery.state in (DeliveryState.PARKED, DeliveryState.HELD):
                    return "\N{EN DASH}"
                until = self._closed.get(delivery.account_id, now)
                if until is None:
                    return "\N{EN DASH}"
                return words.due(max(delivery.due_at or now, until), now)
            case OutboxColumn.PLAYED:
                return words.moment(delivery.scrobble.dated_at, now)
        return ""

    def _tip(self, row: OutboxRow, column: int) -> str:
        delivery = row.delivery
        match column:
            case OutboxColumn.NEXT if (
                delivery.due_at is not None and delivery.account_id not in self._closed
            ):
                return words.exact(delivery.due_at)
            case OutboxColumn.PLAYED:
                return words.exact(delivery.scrobble.dated_at)
        return words.flat(self._text(row, column))

    def _raw(self, row: OutboxRow, column: int) -> Any:
        match column:
            case OutboxColumn.NEXT:
                return _due(row)
            case OutboxColumn.PLAYED:
                return row.delivery.scrobble.dated_at
        return self._text(row, column).casefold()


def _due(row: OutboxRow) -> datetime:
    return row.delivery.due_at or _NEVER
