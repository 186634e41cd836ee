"""Settings: each change is kept at once."""

import asyncio
from dataclasses import replace

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from revenge_companion.core.abilities import StandDown
from revenge_companion.core.addresses import is_plain
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.media import Kind
from revenge_companion.core.settings import Settings
from revenge_companion.core.status import EngineStatus, SignInState
from revenge_companion.ui import ask, words
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.autostart import Autostart
from revenge_companion.ui.context import Context
from revenge_companion.ui.language import SYSTEM, languages, own_name
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.anime import AnimeSettings
from revenge_companion.ui.widgets.card import Card, Column
from revenge_companion.ui.widgets.counting import CountingSettings
from revenge_companion.ui.widgets.hosts import HostsText
from revenge_companion.ui.widgets.rules import RulesEditor
from revenge_companion.ui.widgets.sections import Section, SectionSearch
from revenge_companion.ui.widgets.text import Text, buddy
from revenge_companion.ui.widgets.wheel import only_with_focus
from revenge_companion.ui.widgets.who import SwitchUser

#: Wait after the last movement of a slider or key before keeping it.
KEEP_AFTER_MS = 400


class SettingsPage(Column):
    sign_in_wanted = Signal()
    #: As somebody whose sign-in is not kept.
    other_sign_in_wanted = Signal()

    def __init__(self, context: Context, autostart: Autostart) -> None:
        super().__init__(widest=720)
        self._context = context
        self._autostart = autostart
        self.tasks = Tasks()
        self._shown = context.engine.settings
        self._keep_soon = QTimer(self)
        self._keep_soon.setSingleShot(True)
        self._keep_soon.setInterval(KEEP_AFTER_MS)
        self._keep_soon.timeout.connect(self._keep)
        self.trouble = Text(tone=Tone.BAD, wrap=True)
        self.trouble.hide()
        self.search = SectionSearch()
        self.rows.addWidget(self.search)
        self.rows.addWidget(self.trouble)
        self.sections: list[Section] = []
        for title, build in (
            (self.tr("Server"), self._build_server),
            (self.tr("General"), self._build_general),
            (self.tr("Counting"), self._build_counting),
            (self.tr("Anime"), self._build_anime),
            (self.tr("Privacy"), self._build_privacy),
            (self.tr("Rules"), self._build_rules),
            (self.tr("Notifications"), self._build_notifications),
            (self.tr("Network"), self._build_network),
        ):
            section = Section(title)
            build(section.card)
            self.rows.addWidget(section)
            self.sections.append(section)
        self.rows.addStretch(1)
        self.search.take(self, self.sections)
        self._show(self._shown)
        self._show_status(context.engine.status)
        context.bridge.settings_changed.connect(self._show)
        context.bridge.status_changed.connect(self._show_status)

    def shut(self) -> None:
        """End what is under way; the page will not be shown again."""
        self._keep_soon.stop()
        self.tasks.cancel()
        self.rules.tasks.cancel()
        self.anime.tasks.cancel()
        self.switch_user.tasks.cancel()

    def show_anime(self) -> None:
        """Bring what is said of anime lists into view."""
        self.search.forget()
        if self.verticalScrollBar().maximum():
            self._scroll_to_anime()
            return
        # A page that is shown for the first time is laid out a moment later.
        self.verticalScrollBar().rangeChanged.connect(
            self._scroll_to_anime, Qt.ConnectionType.SingleShotConnection
        )

    def _scroll_to_anime(self) -> None:
        top = self.verticalScrollBar().value() + self.anime.mapTo(self, QPoint(0, 0)).y()
        # Its title stands above it.
        self.verticalScrollBar().setValue(top - 14 * GRID)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  # Qt's name
        super().hideEvent(event)
        # Whoever leaves the page means what was set, however fast they were.
        if self._keep_soon.isActive():
            self._keep_soon.stop()
            self._keep()

    # Layout

    def _build_server(self, card: Card) -> None:
        self.server = Text(wrap=True)
        self.sign_button = QPushButton()
        self.sign_button.clicked.connect(self._on_sign)
        row = QHBoxLayout()
        self.switch_user = SwitchUser(self._context)
        self.switch_user.sign_in_wanted.connect(self.other_sign_in_wanted)
        row.addWidget(self.server, 1)
        row.addWidget(self.switch_user)
        row.addWidget(self.sign_button)
        card.column.addLayout(row)
        self.source = Text(tone=Tone.MUTED, wrap=True)
        card.column.addWidget(self.source)
        self.offers = Text(tone=Tone.MUTED, wrap=True)
        card.column.addWidget(self.offers)
        self.stand_down = QComboBox()
        self.stand_down.addItem(self.tr("not decided"), StandDown.ASK)
        self.stand_down.addItem(self.tr("your server"), StandDown.YES)
        self.stand_down.addItem(self.tr("the Companion, too"), StandDown.NO)
        only_with_focus(self.stand_down)
        self.stand_down.currentIndexChanged.connect(self._keep)
        self.who_sends = QWidget()
        row = QHBoxLayout(self.who_sends)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(buddy(self.tr("&Plays are sent by"), self.stand_down))
        row.addWidget(self.stand_down)
        row.addStretch(1)
        card.column.addWidget(self.who_sends)

    def _build_general(self, card: Card) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        self.theme = QComboBox()
        self.theme.addItem(self.tr("Like the system"), "system")
        self.theme.addItem(self.tr("Light"), "light")
        self.theme.addItem(self.tr("Dark"), "dark")
        self.theme.currentIndexChanged.connect(self._keep)
        form.addRow(buddy(self.tr("&Theme"), self.theme), self.theme)
        self.language = QComboBox()
        self.language.addItem(self.tr("Like the system"), SYSTEM)
        for code in languages():
            self.language.addItem(own_name(code), code)
        only_with_focus(self.language)
        self.language.currentIndexChanged.connect(self._keep)
        form.addRow(buddy(self.tr("Lan&guage"), self.language), self.language)
        card.column.addLayout(form)
        self.autostart = self._check(card, self.tr("&Start with the computer"))
        self.start_minimised = self._check(card, self.tr("Start without opening the &window"))

    def _build_counting(self, card: Card) -> None:
        self.counting = CountingSettings()
        self.counting.moved.connect(self._on_moved)
        self.counting.chosen.connect(self._keep)
        card.column.addWidget(self.counting)

    def _build_anime(self, card: Card) -> None:
        self.anime = AnimeSettings(self._context)
        card.column.addWidget(self.anime)

    def _build_privacy(self, card: Card) -> None:
        card.column.addWidget(
            Text(self.tr("What is named here is never scrobbled."), tone=Tone.MUTED, wrap=True)
        )
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.devices = self._names_field()
        self.libraries = self._names_field()
        form.addRow(buddy(self.tr("&Devices"), self.devices), self.devices)
        form.addRow(buddy(self.tr("Li&braries"), self.libraries), self.libraries)
        self.kinds: dict[Kind, QCheckBox] = {}
        kinds = QHBoxLayout()
        kinds.setSpacing(4 * GRID)
        for kind in Kind:
            box = QCheckBox(words.kind_plural(kind))
            box.setAccessibleName(self.tr("Never scrobble {kind}").format(kind=box.text()))
            box.toggled.connect(self._keep)
            self.kinds[kind] = box
            kinds.addWidget(box)
        kinds.addStretch(1)
        form.addRow(QLabel(self.tr("Kinds")), kinds)
        card.column.addLayout(form)
        self.sync = QSpinBox()
        self.sync.setRange(1, 168)
        only_with_focus(self.sync)
        self.sync.valueChanged.connect(self._on_sync)
        synced = QHBoxLayout()
        synced.setSpacing(2 * GRID)
        synced.addWidget(buddy(self.tr("Sync accounts e&very"), self.sync))
        synced.addWidget(self.sync)
        synced.addStretch(1)
        self.hold = QSpinBox()
        self.hold.setRange(0, 10)
        self.hold.setSpecialValueText(self.tr("not at all"))
        only_with_focus(self.hold)
        self.hold.valueChanged.connect(self._on_hold)
        held = QHBoxLayout()
        held.setSpacing(2 * GRID)
        held.addWidget(buddy(self.tr("&Hold plays back before they are sent"), self.hold))
        held.addWidget(self.hold)
        held.addStretch(1)
        card.column.addLayout(synced)
        card.column.addLayout(held)
        card.column.addWidget(
            Text(
                self.tr("While a play is held back, undoing it leaves no trace at any service."),
                tone=Tone.MUTED,
                wrap=True,
            )
        )

    def _build_rules(self, card: Card) -> None:
        self.rules = RulesEditor(self._context)
        card.column.addWidget(self.rules)

    def _build_notifications(self, card: Card) -> None:
        self.account_trouble = self._check(card, self.tr("An &account needs me"))
        self.signed_out = self._check(card, self.tr("My server signed me o&ut"))
        self.scrobbled = self._check(card, self.tr("Something was s&crobbled"))
        self.hand_off = self._check(card, self.tr("Plays wait for me to import a &file"))

    def _build_network(self, card: Card) -> None:
        card.column.addWidget(HostsText(self._context))

    def _check(self, card: Card, text: str) -> QCheckBox:
        box = QCheckBox(text)
        box.toggled.connect(self._keep)
        card.column.addWidget(box)
        return box

    def _names_field(self) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText(self.tr("names, with commas between"))
        field.textEdited.connect(self._on_moved)
        return field

    # Showing

    def _show(self, settings: Settings) -> None:
        self._shown = settings
        controls = self._controls()
        for control in controls:
            control.blockSignals(True)
        self.theme.setCurrentIndex(max(0, self.theme.findData(settings.theme)))
        self.language.setCurrentIndex(max(0, self.language.findData(settings.language)))
        self.autostart.setChecked(settings.autostart)
        self.start_minimised.setChecked(settings.start_minimised)
        self.counting.show_rules(settings.counting)
        self._keep_soon.stop()
        filters = settings.filters
        if not self.devices.hasFocus():
            self.devices.setText(", ".join(filters.ignored_devices))
        if not self.libraries.hasFocus():
            self.libraries.setText(", ".join(filters.ignored_libraries))
        for kind, box in self.kinds.items():
            box.setChecked(kind in filters.ignored_kinds)
        self.account_trouble.setChecked(settings.notify.account_trouble)
        self.signed_out.setChecked(settings.notify.signed_out)
        self.scrobbled.setChecked(settings.notify.scrobbled)
        self.hand_off.setChecked(settings.notify.hand_off)
        self.hold.setValue(settings.hold_minutes)
        self.sync.setValue(settings.sync_hours)
        self.stand_down.setCurrentIndex(max(0, self.stand_down.findData(settings.stand_down)))
        self._show_hold()
        self._show_sync()
        for control in controls:
            control.blockSignals(False)

    def _controls(self) -> list[QWidget]:
        return [
            self.theme,
            self.language,
            *self.findChildren(QCheckBox),
            *(self.devices, self.libraries, self.hold, self.sync, self.stand_down),
        ]

    def _show_status(self, status: EngineStatus) -> None:
        signed_in = status.sign_in is SignInState.SIGNED_IN
        who = words.sign_in_words(status)
        said = [status.server_url, who] if signed_in else [who]
        if signed_in and is_plain(status.server_url):
            said.append(self.tr("without encryption"))
        self.server.setText(" \N{MIDDLE DOT} ".join(said))
        self.sign_button.setText(
            self.tr("Sign out\N{HORIZONTAL ELLIPSIS}")
            if signed_in
            else self.tr("Sign in\N{HORIZONTAL ELLIPSIS}")
        )
        self.switch_user.show_status(status)
        why = words.reason(status.source.reason_code)
        source = words.source_words(status.source)
        self.source.setText(f"{source}. {why}" if why else f"{source}.")
        self.source.setVisible(signed_in)
        self.offers.setText(words.offers_words(status.abilities))
        self.offers.setVisible(signed_in and status.abilities.asked_at is not None)
        decided = self._shown.stand_down is not StandDown.ASK
        self.who_sends.setVisible(signed_in and (status.abilities.scrobbles or decided))

    # Keeping

    def _wanted(self) -> Settings:
        settings = self._shown
        return replace(
            settings,
            theme=self.theme.currentData(),
            language=self.language.currentData(),
            autostart=self.autostart.isChecked(),
            start_minimised=self.start_minimised.isChecked(),
            counting=self.counting.wanted(settings.counting),
            filters=replace(
                settings.filters,
                ignored_devices=_names(self.devices.text()),
                ignored_libraries=_names(self.libraries.text()),
                ignored_kinds=tuple(k for k, box in self.kinds.items() if box.isChecked()),
            ),
            notify=replace(
                settings.notify,
                account_trouble=self.account_trouble.isChecked(),
                signed_out=self.signed_out.isChecked(),
                scrobbled=self.scrobbled.isChecked(),
                hand_off=self.hand_off.isChecked(),
            ),
            hold_minutes=self.hold.value(),
            sync_hours=self.sync.value(),
            # Qt gives back a plain text.
            stand_down=StandDown(self.stand_down.currentData()),
        )

    def _on_sync(self) -> None:
        self._show_sync()
        self._on_moved()

    def _show_sync(self) -> None:
        self.sync.setSuffix(words.say(" hour(s)", self.sync.value()))

    def _on_hold(self) -> None:
        self._show_hold()
        self._on_moved()

    def _show_hold(self) -> None:
        self.hold.setSuffix(words.say(" minute(s)", self.hold.value()))

    def _on_moved(self) -> None:
        self._keep_soon.start()

    @async_slot
    async def _keep(self) -> None:
        wanted, before = self._wanted(), self._shown
        if wanted == before:
            return
        self._shown = wanted
        try:
            if wanted.autostart != before.autostart:
                await asyncio.to_thread(self._autostart.set_enabled, wanted.autostart)
            await self._context.engine.save_settings(wanted)
        except (CompanionError, OSError) as error:
            self.trouble.setText(words.told(error))
            self.trouble.show()
            self._show(self._context.engine.settings)
        else:
            self.trouble.hide()

    @async_slot
    async def _on_sign(self) -> None:
        if self._context.engine.status.sign_in is not SignInState.SIGNED_IN:
            self.sign_in_wanted.emit()
            return
        if not await ask.confirm(
            self,
            title=self.tr("Sign out"),
            text=self.tr("Sign out of your server?"),
            details=self.tr("Waiting plays are kept and still sent. New plays are not noticed."),
            accept=self.tr("Sign out"),
        ):
            return
        try:
            await self._context.engine.sign_out()
        except CompanionError as error:
            await ask.tell(self, title=self.tr("Not signed out"), text=words.told(error))


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
