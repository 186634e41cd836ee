"""Accounts: a card for each that is linked, and the services that can be."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout

from revenge_companion.core.accounts import Account, Switches
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.status import AccountStatus, EngineStatus
from revenge_companion.services.base import ServiceSpec
from revenge_companion.ui import ask, words
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.link_account import link_account
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.account_card import AccountCard, ServiceMark
from revenge_companion.ui.widgets.card import Card, Column, clear
from revenge_companion.ui.widgets.text import Text
from revenge_companion.ui.widgets.who import WhoseAccounts


class AccountsPage(Column):
    #: Account: one that was not linked before.
    linked = Signal(object)
    #: As somebody whose sign-in is not kept.
    other_sign_in_wanted = Signal()

    def __init__(self, context: Context, open_address: Callable[[str], None]) -> None:
        super().__init__()
        self._context = context
        self._open_address = open_address
        self.tasks = Tasks()
        self.cards: dict[int, AccountCard] = {}
        self.link_buttons: dict[str, QPushButton] = {}
        self._linked_title = Text(self.tr("Linked accounts"), scale=1.15, bold=True)
        self._linked = QVBoxLayout()
        self._linked.setSpacing(3 * GRID)
        self._none = Text(
            self.tr("No account is linked yet. Choose a service below to send your plays there."),
            tone=Tone.MUTED,
            wrap=True,
        )
        self.whose = WhoseAccounts(context)
        self.whose.switch.sign_in_wanted.connect(self.other_sign_in_wanted)
        self.rows.addWidget(self.whose)
        self.rows.addWidget(self._linked_title)
        self.rows.addWidget(self._none)
        self.rows.addLayout(self._linked)
        self.rows.addSpacing(3 * GRID)
        self.rows.addWidget(Text(self.tr("Add an account"), scale=1.15, bold=True))
        self._services = Card()
        self._services.column.setSpacing(4 * GRID)
        for spec in context.engine.services:
            self._services.column.addLayout(self._service_row(spec))
        self.rows.addWidget(self._services)
        self.rows.addStretch(1)
        context.bridge.accounts_changed.connect(self._show)
        context.bridge.status_changed.connect(self._show)
        self._show(context.engine.status)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # "4 min ago" was true when something last changed.
        self._show(self._context.engine.status)

    def shut(self) -> None:
        """End what is under way; the page will not be shown again."""
        self.tasks.cancel()
        self.whose.switch.tasks.cancel()

    def link_again(self, account_id: int) -> None:
        """Open the dialog that links an account anew."""
        self._on_link_again(account_id)

    def _show(self, status: EngineStatus) -> None:
        self.whose.show_status(status)
        ids = [each.account.id for each in status.accounts]
        if ids != list(self.cards):
            clear(self._linked)
            self.cards = {each.account.id: self._card(each) for each in status.accounts}
        for each in status.accounts:
            self.cards[each.account.id].show_status(each)
        self._none.setVisible(not ids)
        self._linked_title.setVisible(bool(ids))

    def _card(self, status: AccountStatus) -> AccountCard:
        card = AccountCard(self._context, status)
        card.test_wanted.connect(self._on_test)
        card.link_wanted.connect(self._on_link_again)
        card.unlink_wanted.connect(self._on_unlink)
        card.files_wanted.connect(self._on_files)
        card.imported.connect(self._on_imported)
        card.switched.connect(self._on_switched)
        card.renamed.connect(self._on_renamed)
        card.opened.connect(self._on_opened)
        card.profile_wanted.connect(self._open_address)
        self._linked.addWidget(card)
        return card

    def _service_row(self, spec: ServiceSpec) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(3 * GRID)
        mark = ServiceMark(spec, Tone.MUTED)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(Text(spec.name, bold=True))
        column.addWidget(Text(what_it_can(spec), tone=Tone.MUTED, wrap=True))
        button = QPushButton(self.tr("Link\N{HORIZONTAL ELLIPSIS}"))
        button.setAccessibleName(self.tr("Link {service}").format(service=spec.name))
        button.clicked.connect(self._linking(spec))
        self.link_buttons[spec.key] = button
        row.addWidget(mark)
        row.addLayout(column, 1)
        row.addWidget(button)
        return row

    def _linking(self, spec: ServiceSpec) -> Callable[[], None]:
        return lambda: self._on_link(spec)

    def _account(self, account_id: int) -> Account | None:
        accounts = self._context.engine.status.accounts
        return next((each.account for each in accounts if each.account.id == account_id), None)

    @async_slot
    async def _on_link(self, spec: ServiceSpec) -> None:
        await self._run_link(spec, None)

    @async_slot
    async def _on_link_again(self, account_id: int) -> None:
        account = self._account(account_id)
        spec = self._context.spec(account.service) if account is not None else None
        if spec is not None:
            await self._run_link(spec, account)

    async def _run_link(self, spec: ServiceSpec, again: Account | None) -> None:
        account = await link_account(
            self.window(), self._context, spec, open_address=self._open_address, again=again
        )
        if account is None or again is not None:
            return
        if any(one.account.id == account.id for one in self._context.engine.status.others):
            await ask.tell(
                self,
                title=self.tr("Linked for somebody else"),
                text=self.tr(
                    "This account belongs to another user of this computer: only their plays go "
                    "there. To use it for yours, let them unlink it first."
                ),
            )
            return
        self.linked.emit(account)

    @async_slot
    async def _on_test(self, account_id: int) -> None:
        card = self.cards[account_id]
        card.test.setEnabled(False)
        card.say(self.tr("Asking\N{HORIZONTAL ELLIPSIS}"))
        try:
            name = await self._context.engine.test_account(account_id)
        except CompanionError as error:
            card.say(words.told(error), Tone.BAD)
        else:
            card.say(self.tr("It works: the service knows you as {name}.").format(name=name))
        finally:
            card.test.setEnabled(True)

    @async_slot
    async def _on_renamed(self, account_id: int, label: str) -> None:
        try:
            await self._context.engine.rename(account_id, label)
        except CompanionError as error:
            self.cards[account_id].say(words.told(error), Tone.BAD)
            self._show(self._context.engine.status)

    @async_slot
    async def _on_opened(self, account_id: int) -> None:
        try:
            libraries = await self._context.engine.libraries()
        except CompanionError:
            # Their ids can still be typed.
            libraries = ()
        card = self.cards.get(account_id)
        if card is not None:
            card.switches.show_libraries(libraries)

    @async_slot
    async def _on_switched(self, account_id: int, switches: Switches) -> None:
        try:
            await self._context.engine.set_switches(account_id, switches)
        except CompanionError as error:
            self.cards[account_id].say(words.told(error), Tone.BAD)
            self._show(self._context.engine.status)

    @async_slot
    async def _on_files(self, account_id: int) -> None:
        account = self._account(account_id)
        spec = self._context.spec(account.service) if account is not None else None
        if spec is None:
            return
        folder = await ask.folder(self, title=self.tr("Write the file to"))
        if folder is None:
            return
        try:
            paths = await self._context.engine.hand_off(account_id, folder)
        except CompanionError as error:
            self._say(account_id, words.told(error), Tone.BAD)
            return
        if not paths:
            self._say(account_id, self.tr("Nothing is waiting."))
            return
        names = ", ".join(path.name for path in paths)
        text = self.tr(
            "{files} is in {folder}. Import it on {service}'s page, then mark its plays as "
            "delivered."
        ).format(files=names, folder=folder, service=spec.name)
        self._say(account_id, f"{text} {words.told(spec.upload_note)}".strip())
        self._open_address(spec.upload_url)

    @async_slot
    async def _on_imported(self, account_id: int) -> None:
        account = self._account(account_id)
        if account is None:
            return
        sure = await ask.confirm(
            self,
            title=self.tr("Mark as delivered"),
            text=self.tr("Has {service} imported the file?").format(
                service=self._context.name(account.service)
            ),
            details=self.tr("Its plays will not be in the next file."),
            accept=self.tr("Yes, mark them"),
        )
        if not sure:
            return
        try:
            done = await self._context.engine.hand_off_done(account_id)
        except CompanionError as error:
            self._say(account_id, words.told(error), Tone.BAD)
            return
        self._say(account_id, words.say("%n play(s) marked as delivered.", done))

    def _say(self, account_id: int, text: str, tone: Tone = Tone.MUTED) -> None:
        card = self.cards.get(account_id)
        if card is not None:
            card.say(text, tone)

    @async_slot
    async def _on_unlink(self, account_id: int) -> None:
        status = next(
            (s for s in self._context.engine.status.accounts if s.account.id == account_id), None
        )
        if status is None:
            return
        name = self._context.name(status.account.service)
        queued = status.counts.waiting + status.counts.parked
        details = (
            self.tr("Nothing is collected for it any more. What you imported stays there.")
            if status.hand_off
            else self.tr("The Companion forgets its access. What was delivered stays there.")
        )
        choices = [self.tr("Unlink")]
        if queued:
            asked = words.say("%n play(s) not yet delivered there: keep or discard?", queued)
            details = f"{details} {asked}"
            choices = [self.tr("Unlink and keep them"), self.tr("Unlink and discard them")]
        chosen = await ask.choose(
            self,
            title=self.tr("Unlink"),
            text=self.tr("Unlink {service} ({account})?").format(
                service=name, account=status.account.label
            ),
            details=details,
            choices=choices,
        )
        if chosen is None:
            return
        try:
            await self._context.engine.unlink(account_id, keep_queued=bool(queued) and chosen == 0)
        except CompanionError as error:
            await ask.tell(self, title=self.tr("Not unlinked"), text=words.told(error))


def what_it_can(spec: ServiceSpec) -> str:
    """What a service takes, in one line."""
    parts = [", ".join(words.kind_plural(kind) for kind in spec.kinds)]
    if spec.live:
        parts.append(words.say("shows what is playing now"))
    if spec.hand_off:
        parts.append(words.say("as files that you import there"))
    if spec.custom_server:
        parts.append(words.say("works with your own server"))
    return " \N{MIDDLE DOT} ".join(parts)
