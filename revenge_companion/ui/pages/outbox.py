"""Outbox: every delivery that has not arrived, why, and when it is tried next."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QItemSelection, Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.editing import EDITABLE
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.status import EngineStatus
from revenge_companion.engine.api import OutboxRow
from revenge_companion.ui import ask, words
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.models.outbox import OutboxColumn, OutboxModel
from revenge_companion.ui.theme import GAP, GRID, MARGIN
from revenge_companion.ui.widgets.card import Card
from revenge_companion.ui.widgets.empty import Listing
from revenge_companion.ui.widgets.outbox_groups import OutboxGroups
from revenge_companion.ui.widgets.table import table
from revenge_companion.ui.widgets.text import OneLine, Text

#: How often relative times are painted anew while the page is seen.
AGING_MS = 20_000


class OutboxPage(QWidget):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.tasks = Tasks()
        self._stale = False
        self._build()
        # "In 4 min" has to become "in 3 min" while somebody looks.
        self._aging = QTimer(self)
        self._aging.setInterval(AGING_MS)
        self._aging.timeout.connect(self.view.viewport().update)
        self._connect()
        self._show_accounts(context.engine.status)
        self._show_status(context.engine.status)
        self._read()

    def _build(self) -> None:
        self.model = OutboxModel(self._context.clock, self._context.names, self)
        self.summary = Text(scale=1.15, bold=True)
        self.send = QPushButton(self.tr("&Send now"))
        self.export = QPushButton(self.tr("&Export\N{HORIZONTAL ELLIPSIS}"))
        top = QHBoxLayout()
        top.setSpacing(2 * GRID)
        top.addWidget(self.summary, 1)
        top.addWidget(self.export)
        top.addWidget(self.send)
        self.groups = OutboxGroups(self._context)
        self.account = QComboBox()
        self.account.setAccessibleName(self.tr("Account"))
        self.state = QComboBox()
        self.state.setAccessibleName(self.tr("State"))
        self.state.addItem(self.tr("All states"), "")
        for state in (
            DeliveryState.PENDING,
            DeliveryState.UNSURE,
            DeliveryState.HELD,
            DeliveryState.PARKED,
        ):
            self.state.addItem(words.delivery_state(state), state.value)
        self.retry = QPushButton(self.tr("&Retry"))
        self.discard = QPushButton(self.tr("&Discard\N{HORIZONTAL ELLIPSIS}"))
        filters = QHBoxLayout()
        filters.setSpacing(2 * GRID)
        filters.addWidget(self.account)
        filters.addWidget(self.state)
        filters.addStretch(1)
        self.edit = QPushButton(self.tr("Ed&it\N{HORIZONTAL ELLIPSIS}"))
        filters.addWidget(self.edit)
        filters.addWidget(self.retry)
        filters.addWidget(self.discard)
        self.view = table(
            self.model,
            name=self.tr("Deliveries"),
            widths=(28, 24, 9, 40, 13, 11),
            stretch=OutboxColumn.REASON,
            sortable=True,
        )
        self.detail = Card()
        self._detail_title = OneLine(bold=True)
        self._detail_why = Text(wrap=True)
        self.detail.column.addWidget(self._detail_title)
        self.detail.column.addWidget(self._detail_why)
        self.detail.hide()
        self._listing = Listing(self.view)
        self.empty = self._listing.empty
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(GAP)
        column.addLayout(top)
        column.addWidget(self.groups)
        column.addLayout(filters)
        column.addWidget(self._listing, 1)
        column.addWidget(self.detail)

    def _connect(self) -> None:
        bridge = self._context.bridge
        bridge.outbox_changed.connect(self._on_outbox_changed)
        bridge.status_changed.connect(self._show_status)
        bridge.accounts_changed.connect(self._show_accounts)
        self.account.currentIndexChanged.connect(self._read)
        self.groups.chosen.connect(self._on_group)
        self.state.currentIndexChanged.connect(self._read)
        self.send.clicked.connect(self._on_send)
        self.edit.clicked.connect(self._on_edit)
        self.retry.clicked.connect(self._on_retry)
        self.discard.clicked.connect(self._on_discard)
        self.export.clicked.connect(self._on_export)
        self.view.selectionModel().selectionChanged.connect(self._on_selection)
        self.model.loaded.connect(self._on_loaded)
        self.model.failed.connect(self._listing.fail)
        delete = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.view)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self._on_discard)

    def shut(self) -> None:
        """End what is under way; the page will not be shown again."""
        self.tasks.cancel()
        self.model.tasks.cancel()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._on_outbox_changed()
        self._aging.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  # Qt's name
        super().hideEvent(event)
        self._aging.stop()

    def _on_outbox_changed(self) -> None:
        # Nothing is read for a page that nobody sees.
        self._stale = not self.isVisible()
        if not self._stale:
            self.model.refresh()

    def selected(self) -> list[OutboxRow]:
        rows = (self.model.row(index) for index in self.view.selectionModel().selectedRows())
        return [row for row in rows if row is not None]

    def _on_group(self, account_id: int | None) -> None:
        self.account.setCurrentIndex(max(0, self.account.findData(account_id)))
        self.groups.choose(account_id)

    def _read(self) -> None:
        account_id: int | None = self.account.currentData()
        self.groups.choose(account_id)
        state: str = self.state.currentData()

        async def read(before_id: int | None, limit: int) -> Sequence[OutboxRow]:
            return await self._context.engine.outbox(
                state=state, account_id=account_id, limit=limit, before_id=before_id
            )

        self.model.show_pages(read)

    def _show_accounts(self, status: EngineStatus) -> None:
        chosen = self.account.currentData()
        self.account.blockSignals(True)
        self.account.clear()
        self.account.addItem(self.tr("All accounts"), None)
        for each in status.all_accounts:
            name = self._context.name(each.account.service)
            label = each.account.label
            shown = name if label in ("", name) else f"{name} ({label})"
            self.account.addItem(shown, each.account.id)
        self.account.setCurrentIndex(max(0, self.account.findData(chosen)))
        self.account.blockSignals(False)

    def _show_status(self, status: EngineStatus) -> None:
        eta = max((one.eta for one in status.all_accounts if one.eta is not None), default=None)
        counts = words.waiting_sentence(status.outbox, eta, self._context.clock.now())
        self.summary.setText(counts or self.tr("Nothing is waiting"))
        self.groups.show_status(status)
        self.model.heed(status.all_accounts)
        self.send.setEnabled(bool(status.to_send))
        self._show_empty(status)

    def _show_empty(self, status: EngineStatus) -> None:
        if self.account.currentIndex() > 0 or self.state.currentIndex() > 0:
            self.empty.say(self.tr("No delivery matches."))
            return
        last = max(
            (each.account for each in status.all_accounts if each.account.last_delivery_at),
            key=lambda account: account.last_delivery_at or self._context.clock.now(),
            default=None,
        )
        if last is None or last.last_delivery_at is None:
            self.empty.say(self.tr("Nothing is waiting, and nothing has been sent yet."))
            return
        when = words.moment(last.last_delivery_at, self._context.clock.now())
        text = self.tr("Everything has been delivered. Last: {when}, {service}")
        self.empty.say(text.format(when=when, service=self._context.name(last.service)))

    def _on_loaded(self, rows: int) -> None:
        self._listing.show_rows(rows)
        self._show_empty(self._context.engine.status)
        self.groups.explain(self.model.whys())
        self._on_selection()

    def _on_selection(self, _on: QItemSelection | None = None) -> None:
        rows = self.selected()
        self.edit.setEnabled(len(rows) == 1 and rows[0].delivery.state in EDITABLE)
        self.retry.setEnabled(bool(rows))
        self.discard.setEnabled(bool(rows))
        self.detail.setVisible(len(rows) == 1)
        if len(rows) == 1:
            row = rows[0]
            self._detail_title.setText(
                f"{row.delivery.scrobble.label} \N{RIGHTWARDS ARROW} {self.model.account_name(row)}"
            )
            attempts = row.delivery.attempts
            tried = words.say("Tried %n time(s).", attempts) if attempts else ""
            state = words.delivery_state(row.delivery.state).capitalize()
            parts = (f"{state}.", self.model.why(row), tried)
            self._detail_why.setText(" ".join(part for part in parts if part))

    @async_slot
    async def _on_send(self) -> None:
        self.send.setEnabled(False)
        try:
            await self._context.engine.flush()
        except CompanionError as error:
            await ask.tell(self, title=self.tr("Not sent"), text=words.told(error))
        finally:
            self._show_status(self._context.engine.status)

    @async_slot
    async def _on_edit(self) -> None:
        from revenge_companion.ui.dialogs.edit import EditDialog

        rows = self.selected()
        if len(rows) != 1:
            return
        row, amending = rows[0], self._context.engine.amending
        try:
            values = await amending.editable(row.delivery.id)
        except CompanionError as error:
            await ask.tell(self, title=self.tr("Not edited"), text=words.told(error))
            return

        async def save(changes: Mapping[str, str]) -> None:
            await amending.edit(row.delivery.id, changes)

        place = self.model.account_name(row)
        title = f"{row.delivery.scrobble.label} \N{RIGHTWARDS ARROW} {place}"
        dialog = EditDialog(self, title=title, values=values, save=save)
        try:
            await ask.opened(dialog)
        finally:
            dialog.deleteLater()
        self.model.refresh()

    @async_slot
    async def _on_retry(self) -> None:
        self.retry.setEnabled(False)
        try:
            for row in self.selected():
                await self._context.engine.retry(row.delivery.id)
        except CompanionError as error:
            await ask.tell(self, title=self.tr("Not retried"), text=words.told(error))
        self.model.refresh()

    @async_slot
    async def _on_discard(self) -> None:
        rows = self.selected()
        if not rows:
            return
        text = words.say("Discard %n waiting play(s)?", len(rows))
        if len(rows) == 1:
            text = self.tr("Discard {title}?").format(title=rows[0].delivery.scrobble.label)
        details = self.tr("It will not be sent to {service}. The play stays in your activity.")
        places = ", ".join(dict.fromkeys(self.model.account_name(row) for row in rows))
        if not await ask.confirm(
            self,
            title=self.tr("Discard"),
            text=text,
            details=details.format(service=places),
            accept=self.tr("Discard"),
        ):
            return
        try:
            for row in rows:
                await self._context.engine.discard(row.delivery.id)
        except CompanionError as error:
            await ask.tell(self, title=self.tr("Not discarded"), text=words.told(error))
        self.model.refresh()

    @async_slot
    async def _on_export(self) -> None:
        from revenge_companion.ui.saving import save_table

        await save_table(
            self,
            title=self.tr("Export the outbox"),
            name="outbox.csv",
            write=self._context.engine.export_outbox,
        )
