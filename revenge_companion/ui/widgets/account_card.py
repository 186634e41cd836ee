"""One linked account: how it is doing, what it gets, and what can be done with it."""

from dataclasses import replace

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
)

from revenge_companion.core.accounts import AccountState
from revenge_companion.core.media import Kind
from revenge_companion.core.status import AccountStatus
from revenge_companion.services.base import ServiceSpec
from revenge_companion.ui import words
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import GRID, Tone, svg_pixmap, tone_colour
from revenge_companion.ui.tray_state import needs_user
from revenge_companion.ui.widgets.account_switches import AccountSwitches
from revenge_companion.ui.widgets.card import Card
from revenge_companion.ui.widgets.day_budget import DayBudget
from revenge_companion.ui.widgets.text import OneLine, Text


def service_mark(spec: ServiceSpec | None) -> str:
    """The icon for what a service is about; nobody's logo. None stands for a file of its own."""
    if spec is None:
        return "services/file"
    if all(kind is Kind.AUDIOBOOK for kind in spec.kinds):
        return "services/book"
    video = any(kind.is_video for kind in spec.kinds)
    audio = any(not kind.is_video for kind in spec.kinds)
    return "services/mixed" if video and audio else f"services/{'music' if audio else 'video'}"


class ServiceMark(QLabel):
    """A service's icon in the colours of the theme."""

    def __init__(
        self, spec: ServiceSpec | None, tone: Tone = Tone.PLAIN, *, name: str = ""
    ) -> None:
        """`name` is an icon for what is no service."""
        super().__init__()
        self._name = name or service_mark(spec)
        self._tone = tone
        self._draw()

    def _draw(self) -> None:
        colour = tone_colour(self.palette(), self._tone)
        self.setPixmap(svg_pixmap(self._name, colour, 24, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._draw()


class AccountCard(Card):
    """Signals carry the account's id."""

    test_wanted = Signal(int)
    link_wanted = Signal(int)
    unlink_wanted = Signal(int)
    #: For services that take files: write what waits, and "I have imported it".
    files_wanted = Signal(int)
    imported = Signal(int)
    #: An address to open.
    profile_wanted = Signal(str)
    #: What it gets is shown; the page may know the server's libraries.
    opened = Signal(int)
    #: Account id, new label
    renamed = Signal(int, str)
    #: Account id, Switches
    switched = Signal(int, object)

    def __init__(self, context: Context, status: AccountStatus) -> None:
        super().__init__()
        self._context = context
        self._spec = context.spec(status.account.service)
        self._id = status.account.id
        self._switches = status.account.switches
        self._build(status)
        self.show_status(status)

    def _build(self, status: AccountStatus) -> None:
        account = status.account
        mark = ServiceMark(self._spec)
        name = Text(self._context.name(account.service), scale=1.15, bold=True)
        self._who = OneLine(tone=Tone.MUTED)
        self.profile = QToolButton()
        self.profile.setText(self.tr("Profile"))
        self.profile.setAutoRaise(True)
        self.profile.setToolTip(words.flat(account.profile_url))
        self.profile.setVisible(bool(account.profile_url))
        self.profile.clicked.connect(lambda: self.profile_wanted.emit(account.profile_url))
        self.enabled = QCheckBox(self.tr("Enabled"))
        self.enabled.toggled.connect(self._on_switched)
        top = QHBoxLayout()
        top.setSpacing(2 * GRID)
        for widget in (mark, name):
            top.addWidget(widget)
        top.addWidget(self._who, 1)
        top.addWidget(self.profile)
        top.addWidget(self.enabled)
        self._state = Text(wrap=True)
        self._numbers = Text(tone=Tone.MUTED, wrap=True)
        self.answer = Text(tone=Tone.MUTED, wrap=True)
        self.answer.hide()
        self.link = QPushButton(self.tr("Link again\N{HORIZONTAL ELLIPSIS}"))
        self.test = QPushButton(self.tr("Test"))
        self.unlink = QPushButton(self.tr("Unlink\N{HORIZONTAL ELLIPSIS}"))
        self.link.clicked.connect(lambda: self.link_wanted.emit(self._id))
        self.test.clicked.connect(lambda: self.test_wanted.emit(self._id))
        self.unlink.clicked.connect(lambda: self.unlink_wanted.emit(self._id))
        self.write = QPushButton(self.tr("Write the file\N{HORIZONTAL ELLIPSIS}"))
        self.done = QPushButton(self.tr("Mark as delivered\N{HORIZONTAL ELLIPSIS}"))
        self.write.clicked.connect(lambda: self.files_wanted.emit(self._id))
        self.done.clicked.connect(lambda: self.imported.emit(self._id))
        self._more = QToolButton()
        self._more.setText(self.tr("What it gets"))
        self._more.setAutoRaise(True)
        self._more.setCheckable(True)
        self._more.setArrowType(Qt.ArrowType.RightArrow)
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.toggled.connect(self._on_more)
        buttons = QHBoxLayout()
        buttons.setSpacing(2 * GRID)
        buttons.addWidget(self._more)
        buttons.addStretch(1)
        for button in (self.write, self.done, self.test, self.link, self.unlink):
            buttons.addWidget(button)
        self.day = DayBudget(self._context.clock)
        self.column.addLayout(top)
        for line in (self._state, self._numbers, self.day, self.answer):
            self.column.addWidget(line)
        self.column.addLayout(buttons)
        by_hand = self._spec is not None and self._spec.hand_off
        # There is no login to test or to renew where files are handed over.
        for button in (self.test, self.link) if by_hand else (self.write,):
            button.hide()
        self.switches = AccountSwitches(self._spec)
        self.switches.changed.connect(self._on_switched)
        self.switches.renamed.connect(lambda label: self.renamed.emit(self._id, label))
        self.switches.hide()
        self.column.addWidget(self.switches)
        named = (self.enabled, self.profile, self.write, self.done, self.test, self.link)
        for control in (*named, self.unlink):
            spoken = f"{control.text()}, {self._context.name(account.service)} {account.label}"
            control.setAccessibleName(spoken)

    def show_status(self, status: AccountStatus) -> None:
        """Show one moment of the account; its id stays the same."""
        account = status.account
        name, now = self._context.name(account.service), self._context.clock.now()
        self._switches = account.switches
        trouble = needs_user(status) or status.silent_since is not None
        self.set_tone(Tone.BAD if trouble else None)
        self._state.set_tone(Tone.BAD if trouble else Tone.PLAIN)
        self._state.setText(words.account_sentence(status, name, now))
        who = account.remote_name or account.label
        if account.label and account.label != account.remote_name:
            who = f"{account.label} \N{MIDDLE DOT} {account.remote_name}".strip(" \u00b7")
        # Who linked files without saying a name is called as the service is.
        self._who.setText("" if who == name else who)
        self._numbers.setText(self._numbers_text(status))
        self.day.show_use(status.day)
        self.link.setDefault(trouble)
        self.test.setEnabled(account.state is not AccountState.LINK_AGAIN)
        self.write.setEnabled(bool(status.counts.waiting))
        self.done.setVisible(bool(status.written))
        self.enabled.blockSignals(True)
        self.enabled.setChecked(account.switches.enabled)
        self.enabled.blockSignals(False)
        self.switches.show_account(account, unencrypted=status.unencrypted)

    def show_more(self, shown: bool) -> None:
        """Open or close what the account gets."""
        self._more.setChecked(shown)

    def say(self, text: str, tone: Tone = Tone.MUTED) -> None:
        """Show the answer to a test under the numbers."""
        self.answer.set_tone(tone)
        self.answer.setText(text)
        self.answer.setVisible(bool(text))

    def _numbers_text(self, status: AccountStatus) -> str:
        parts = []
        when = status.account.last_delivery_at
        if when is None:
            parts.append(self.tr("Nothing delivered yet"))
        else:
            last = words.ago(when, self._context.clock.now())
            parts.append(self.tr("Last delivery {when}").format(when=last))
            self._numbers.setToolTip(words.exact(when))
        waiting = words.waiting_sentence(status.counts)
        if waiting:
            parts.append(waiting)
        return " \N{MIDDLE DOT} ".join(parts)

    def _on_switched(self) -> None:
        switches = replace(self._switches, enabled=self.enabled.isChecked())
        self.switched.emit(self._id, self.switches.chosen(switches))

    def _on_more(self, shown: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow
        self._more.setArrowType(arrow)
        self.switches.setVisible(shown)
        if shown:
            self.opened.emit(self._id)
