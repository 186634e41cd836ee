"""One linked account: how it is doing, what it gets, and what can be done with it."""

from dataclasses import replace

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QWidget,
)

from revenge_companion.core.accounts import AccountState, Switches
from revenge_companion.core.media import Kind
from revenge_companion.core.status import AccountStatus
from revenge_companion.services.base import ServiceSpec
from revenge_companion.ui import words
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import GRID, Tone, svg_pixmap, tone_colour
from revenge_companion.ui.tray_state import needs_user
from revenge_companion.ui.widgets.card import Card
from revenge_companion.ui.widgets.text import OneLine, Text

#: Own thresholds to choose from; None follows the settings.
THRESHOLDS: tuple[float | None, ...] = (None, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)


def service_mark(spec: ServiceSpec | None) -> str:
    """The icon for what a service is about; nobody's logo."""
    kinds = spec.kinds if spec is not None else ()
    video = any(kind.is_video for kind in kinds)
    audio = any(not kind.is_video for kind in kinds)
    return "services/mixed" if video and audio else f"services/{'music' if audio else 'video'}"


class ServiceMark(QLabel):
    """A service's icon in the colours of the theme."""

    def __init__(self, spec: ServiceSpec | None, tone: Tone = Tone.PLAIN) -> None:
        super().__init__()
        self._name = service_mark(spec)
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
        who = OneLine(account.remote_name or account.label, tone=Tone.MUTED)
        if account.label and account.label != account.remote_name:
            who.setText(f"{account.label} \N{MIDDLE DOT} {account.remote_name}".strip(" \u00b7"))
        self.enabled = QCheckBox(self.tr("Enabled"))
        self.enabled.toggled.connect(self._on_switched)
        top = QHBoxLayout()
        top.setSpacing(2 * GRID)
        for widget in (mark, name):
            top.addWidget(widget)
        top.addWidget(who, 1)
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
        self.column.addLayout(top)
        for widget in (self._state, self._numbers, self.answer):
            self.column.addWidget(widget)
        self.column.addLayout(buttons)
        by_hand = self._spec is not None and self._spec.hand_off
        # There is no login to test or to renew where files are handed over.
        for button in (self.test, self.link) if by_hand else (self.write,):
            button.hide()
        self._details = self._build_switches()
        self._details.hide()
        self.column.addWidget(self._details)
        for control in (self.enabled, self.write, self.done, self.test, self.link, self.unlink):
            spoken = f"{control.text()}, {self._context.name(account.service)} {account.label}"
            control.setAccessibleName(spoken)

    def _build_switches(self) -> QWidget:
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, GRID, 0, 0)
        grid.setHorizontalSpacing(6 * GRID)
        grid.setVerticalSpacing(GRID)
        self.scrobble = QCheckBox(self.tr("Scrobble"))
        self.now_playing = QCheckBox(self.tr("Show what is playing now"))
        kinds = self._spec.kinds if self._spec is not None else ()
        self.now_playing.setVisible(self._spec is not None and self._spec.live)
        self.kinds: dict[Kind, QCheckBox] = {}
        for kind in kinds:
            self.kinds[kind] = QCheckBox(words.kind_plural(kind))
        self.threshold = QComboBox()
        for value in THRESHOLDS:
            text = self.tr("as in the settings") if value is None else words.percent(value)
            self.threshold.addItem(text, value)
        boxes = [self.scrobble, self.now_playing, *self.kinds.values()]
        for number, check in enumerate(boxes):
            check.toggled.connect(self._on_switched)
            grid.addWidget(check, number // 3, number % 3)
        row = grid.rowCount()
        label = QLabel(self.tr("Films and episodes count at"))
        label.setBuddy(self.threshold)
        self.threshold.setAccessibleName(label.text())
        self.threshold.currentIndexChanged.connect(self._on_switched)
        video = any(kind.is_video for kind in kinds)
        label.setVisible(video)
        self.threshold.setVisible(video)
        grid.addWidget(label, row, 0, 1, 2)
        grid.addWidget(self.threshold, row, 2)
        grid.setColumnStretch(3, 1)
        return box

    def show_status(self, status: AccountStatus) -> None:
        """Show one moment of the account; its id stays the same."""
        account = status.account
        name, now = self._context.name(account.service), self._context.clock.now()
        self._switches = account.switches
        trouble = needs_user(status) or status.silent_since is not None
        self.set_tone(Tone.BAD if trouble else None)
        self._state.set_tone(Tone.BAD if trouble else Tone.PLAIN)
        self._state.setText(words.account_sentence(status, name, now))
        self._numbers.setText(self._numbers_text(status))
        self.link.setDefault(trouble)
        self.test.setEnabled(account.state is not AccountState.LINK_AGAIN)
        self.write.setEnabled(bool(status.counts.waiting))
        self.done.setVisible(bool(status.written))
        self._show_switches(account.switches)

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

    def _show_switches(self, switches: Switches) -> None:
        boxes = [self.enabled, self.scrobble, self.now_playing, *self.kinds.values()]
        for box in (*boxes, self.threshold):
            box.blockSignals(True)
        self.enabled.setChecked(switches.enabled)
        self.scrobble.setChecked(switches.scrobble)
        self.now_playing.setChecked(switches.now_playing)
        for kind, box in self.kinds.items():
            box.setChecked(not switches.kinds or kind in switches.kinds)
        if self.threshold.findData(switches.threshold) < 0 and switches.threshold is not None:
            self.threshold.addItem(words.percent(switches.threshold), switches.threshold)
        self.threshold.setCurrentIndex(max(0, self.threshold.findData(switches.threshold)))
        for box in (*boxes, self.threshold):
            box.blockSignals(False)
        self._details.setEnabled(switches.enabled)

    def _on_switched(self) -> None:
        chosen = tuple(kind for kind, box in self.kinds.items() if box.isChecked())
        # No kind at all means nothing is scrobbled; an empty tuple would mean everything.
        nothing = bool(self.kinds) and not chosen
        self.switched.emit(
            self._id,
            replace(
                self._switches,
                enabled=self.enabled.isChecked(),
                scrobble=self.scrobble.isChecked() and not nothing,
                now_playing=self.now_playing.isChecked(),
                kinds=() if nothing or len(chosen) == len(self.kinds) else chosen,
                threshold=self.threshold.currentData(),
            ),
        )

    def _on_more(self, shown: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow
        self._more.setArrowType(arrow)
        self._details.setVisible(shown)
