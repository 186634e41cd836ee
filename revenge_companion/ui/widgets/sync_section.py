"""How linked accounts are kept in step, with what waits for the user, and exports to them."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.library import Facet
from revenge_companion.core.syncing import AccountSync, FacetSync
from revenge_companion.ui import ask, sync_words
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.account_card import ServiceMark
from revenge_companion.ui.widgets.card import Card, clear
from revenge_companion.ui.widgets.text import OneLine, Text
from revenge_companion.ui.words import told

if TYPE_CHECKING:
    from revenge_companion.ui.dialogs.export_wizard import ExportWizard


class SyncCard(Card):
    """One account."""

    wanted = Signal()
    export_wanted = Signal()
    #: Facet, and whether to go on.
    decided = Signal(object, bool)

    def __init__(self, context: Context, one: AccountSync) -> None:
        super().__init__()
        now = context.clock.now()
        asks = any(facet.question is not None for facet in one.facets)
        self.set_tone(Tone.WAITING if asks else None)
        about = QVBoxLayout()
        about.setSpacing(0)
        about.addWidget(OneLine(one.name, bold=True))
        about.addWidget(Text(sync_words.account(one, now), tone=Tone.MUTED, wrap=True))
        self.now = QPushButton(self.tr("Sync now"))
        self.now.setAccessibleName(self.tr("Sync {account} now").format(account=one.name))
        self.now.setEnabled(bool(one.facets) and not one.running)
        self.now.clicked.connect(self.wanted)
        self.export = QPushButton(self.tr("Export\N{HORIZONTAL ELLIPSIS}"))
        self.export.setAccessibleName(self.tr("Export to {account}").format(account=one.name))
        self.export.clicked.connect(self.export_wanted)
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        row.addWidget(ServiceMark(context.spec(one.service)))
        row.addLayout(about, 1)
        row.addWidget(self.export)
        row.addWidget(self.now)
        self.column.addLayout(row)
        #: By facet: go on, and leave.
        self.answers: dict[Facet, tuple[QPushButton, QPushButton]] = {}
        for facet in one.facets:
            self.column.addLayout(self._facet(facet, sync_words.facet(facet, now)))
        if one.note and one.facets:
            self.column.addWidget(Text(told(one.note), tone=Tone.MUTED, wrap=True))

    def _facet(self, one: FacetSync, says: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        tone = Tone.BAD if one.trouble else Tone.WAITING if one.question else Tone.PLAIN
        row.addWidget(Text(says, tone=tone, wrap=True), 1)
        if one.question is not None:
            go_on, leave = QPushButton(self.tr("Go on")), QPushButton(self.tr("Leave it"))
            self.answers[one.facet] = go_on, leave
            go_on.clicked.connect(lambda: self.decided.emit(one.facet, True))
            leave.clicked.connect(lambda: self.decided.emit(one.facet, False))
            for button in (go_on, leave):
                button.setAccessibleName(f"{button.text()}: {says}")
                row.addWidget(button)
        return row


class SyncSection(QWidget):
    """All accounts that can be synced; hidden without any."""

    #: The user wants to see what was queued.
    outbox_wanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._shown: tuple[AccountSync, ...] = ()
        self.tasks = Tasks()
        #: The export that is open.
        self.wizard: ExportWizard | None = None
        #: By the account's number.
        self.cards: dict[int, SyncCard] = {}
        self.title = Text(self.tr("Sync and export"), scale=1.15, bold=True)
        self._cards = QVBoxLayout()
        self._cards.setSpacing(3 * GRID)
        self.trouble = Text(wrap=True)
        self.trouble.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3 * GRID)
        column.addWidget(self.title)
        column.addLayout(self._cards)
        column.addWidget(self.trouble)
        self.title.hide()
        context.bridge.sync_changed.connect(self._on_changed)
        context.bridge.accounts_changed.connect(self._on_changed)

    @async_slot
    async def read(self) -> None:
        """Show how everything stands."""
        await self._read()

    async def _read(self) -> None:
        try:
            found = tuple(await self._context.engine.syncs.statuses())
        except CompanionError as error:
            self._say(told(error), Tone.BAD)
            return
        self.title.setVisible(bool(found))
        if found == self._shown:
            return
        self._shown = found
        clear(self._cards)
        self.cards = {one.account_id: self._card(one) for one in found}

    def _card(self, one: AccountSync) -> SyncCard:
        card = SyncCard(self._context, one)
        card.wanted.connect(lambda: self.sync(one.account_id))
        card.export_wanted.connect(lambda: self.export(one.account_id))
        card.decided.connect(self._deciding(one.account_id))
        self._cards.addWidget(card)
        return card

    def _deciding(self, account_id: int) -> Callable[[Facet, bool], None]:
        return lambda facet, go_on: self.decide(account_id, facet, go_on=go_on)

    @async_slot
    async def sync(self, account_id: int) -> None:
        try:
            await self._context.engine.syncs.sync_now(account_id)
        except CompanionError as error:
            self._say(told(error), Tone.BAD)
        await self._read()

    @async_slot
    async def decide(self, account_id: int, facet: Facet, *, go_on: bool) -> None:
        try:
            await self._context.engine.syncs.answer(account_id, facet, go_on=go_on)
        except CompanionError as error:
            self._say(told(error), Tone.BAD)
        await self._read()

    @async_slot
    async def export(self, account_id: int) -> None:
        """Open the wizard that exports to an account."""
        from revenge_companion.ui.dialogs.export_wizard import ExportWizard

        # What was loaded is one frame; building the wizard is the next.
        await asyncio.sleep(0)
        engine = self._context.engine
        targets = {one.account_id: one for one in engine.exports.targets()}
        target = targets.get(account_id)
        spec = None if target is None else self._context.spec(target.service)
        if target is None or spec is None:
            self._say(self.tr("Nothing can be exported to this account."), Tone.BAD)
            return
        self._say("")
        self.wizard = ExportWizard(self.window(), self._context, engine.imports, target, spec)
        self.wizard.outbox_wanted.connect(self.outbox_wanted)
        try:
            # And opening it the one after.
            await asyncio.sleep(0)
            await ask.opened(self.wizard)
        finally:
            self.wizard.tasks.cancel()
            self.wizard.deleteLater()
            self.wizard = None
        await self._read()

    def _say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        self.trouble.set_tone(tone)
        self.trouble.setText(text)
        self.trouble.setVisible(bool(text))

    def _on_changed(self, *_: object) -> None:
        if self.isVisible():
            self.read()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.read()
