"""What waits, a line for each account: how much, why, and when it goes on."""

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QToolButton, QWidget

from revenge_companion.core.status import AccountStatus, EngineStatus
from revenge_companion.ui import words
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.tray_state import needs_user
from revenge_companion.ui.widgets.text import OneLine, Text

_NAME, _COUNTS, _WHY = range(3)


class OutboxGroups(QWidget):
    """Hidden while nothing waits; a name that is pressed leaves only that account's rows."""

    #: An account's id; None for all of them.
    chosen = Signal(object)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._chosen: int | None = None
        self._status = EngineStatus()
        self._shown: tuple[object, ...] = ()
        #: What is known of an account's waiting rows, a sentence or two.
        self._whys: dict[int, str] = {}
        #: The lines' names by account id.
        self.names: dict[int, QToolButton] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(3 * GRID)
        self._grid.setVerticalSpacing(GRID)
        self._grid.setColumnStretch(_WHY, 1)
        self.hide()

    def show_status(self, status: EngineStatus) -> None:
        """Show one moment of all accounts."""
        self._status = status
        groups = [one for one in status.all_accounts if one.counts.waiting or one.counts.parked]
        lines = tuple((one, *self._words(one)) for one in groups)
        if lines != self._shown:
            self._shown = lines
            self._build(lines)
        self.setVisible(bool(groups))

    def explain(self, whys: Mapping[int, str]) -> None:
        """Say why rows of these accounts wait, and when they are tried again."""
        self._whys |= whys
        self.show_status(self._status)

    def choose(self, account_id: int | None) -> None:
        """Show which account's rows are seen; None for all."""
        self._chosen = account_id
        for each, name in self.names.items():
            name.setChecked(each == account_id)

    def text(self, account_id: int) -> str:
        """What stands behind an account's name."""
        return self.names[account_id].accessibleDescription()

    def _words(self, status: AccountStatus) -> tuple[str, str]:
        name = self._context.name(status.account.service)
        why = self._whys.get(status.account.id, "") if status.counts.waiting else ""
        if needs_user(status) or not why or status.eta is not None:
            # What only the user can mend comes first, and then how long all of it takes.
            waits = status.counts.waiting or needs_user(status)
            why = words.account_sentence(status, name, self._context.clock.now()) if waits else ""
        return words.waiting_sentence(status.counts), why

    def _build(self, lines: tuple[tuple[AccountStatus, str, str], ...]) -> None:
        focused = next((each for each, name in self.names.items() if name.hasFocus()), None)
        self._clear()
        for row, (status, counts, why) in enumerate(lines):
            account = status.account
            service, label = self._context.name(account.service), account.label
            name = QToolButton()
            shown = service if label in ("", service) else f"{service} ({label})"
            name.setText(words.no_mnemonic(shown))
            name.setAutoRaise(True)
            name.setCheckable(True)
            name.setToolTip(self.tr("Show only these, or all again"))
            name.setAccessibleDescription(f"{counts}. {why}".strip())
            name.setChecked(account.id == self._chosen)
            name.clicked.connect(lambda on, each=account.id: self.chosen.emit(each if on else None))
            tone = Tone.BAD if needs_user(status) else Tone.MUTED
            self._grid.addWidget(name, row, _NAME)
            self._grid.addWidget(Text(counts), row, _COUNTS)
            self._grid.addWidget(OneLine(why, tone=tone), row, _WHY)
            self.names[account.id] = name
        if focused in self.names:
            self.names[focused].setFocus()

    def _clear(self) -> None:
        self.names = {}
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
