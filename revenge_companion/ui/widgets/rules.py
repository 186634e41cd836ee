"""The user's rules on the settings page: a table, and buttons for all that can be done."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.rule_files import merged
from revenge_companion.core.rules import Rule
from revenge_companion.ui import amend_words, ask, words
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.rule import RuleDialog
from revenge_companion.ui.dialogs.rules_preview import RulesPreviewDialog
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.text import Text

#: Rows that are seen without scrolling.
ROWS_SEEN = 6


class RulesEditor(QWidget):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(2 * GRID)
        self.tasks = Tasks()
        self._rules: tuple[Rule, ...] = ()
        self._build()
        self._show()
        context.bridge.settings_changed.connect(self._show)

    def _build(self) -> None:
        self.column.addWidget(
            Text(
                self.tr(
                    "Rules correct what is scrobbled, or keep it from being scrobbled. They run "
                    "from top to bottom on every play that counts from now on."
                ),
                tone=Tone.MUTED,
                wrap=True,
            )
        )
        self.table = QTableWidget(0, 2)
        self.table.setAccessibleName(self.tr("Rules"))
        self.table.setHorizontalHeaderLabels([self.tr("Name"), self.tr("What it does")])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        across = self.table.horizontalHeader()
        across.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        across.setHighlightSections(False)
        across.resizeSection(0, 26 * self.table.fontMetrics().averageCharWidth())
        across.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.column.addWidget(self.table)
        self.empty = Text(self.tr("There are no rules."), tone=Tone.MUTED)
        self.column.addWidget(self.empty)
        self.add = QPushButton(self.tr("Add\N{HORIZONTAL ELLIPSIS}"))
        self.edit = QPushButton(self.tr("Edit\N{HORIZONTAL ELLIPSIS}"))
        self.remove = QPushButton(self.tr("Remove"))
        self.up = QPushButton(self.tr("Move up"))
        self.preview = QPushButton(self.tr("Preview\N{HORIZONTAL ELLIPSIS}"))
        self.read = QPushButton(self.tr("Import\N{HORIZONTAL ELLIPSIS}"))
        self.export = QPushButton(self.tr("Export\N{HORIZONTAL ELLIPSIS}"))
        for buttons in (
            (self.add, self.edit, self.remove, self.up),
            (self.preview, self.read, self.export),
        ):
            row = QHBoxLayout()
            row.setSpacing(2 * GRID)
            for button in buttons:
                row.addWidget(button)
            row.addStretch(1)
            self.column.addLayout(row)
        self.trouble = Text(tone=Tone.BAD, wrap=True)
        self.trouble.hide()
        self.column.addWidget(self.trouble)
        self.table.itemSelectionChanged.connect(self._show_buttons)
        self.table.itemChanged.connect(self._on_item_changed)
        self.table.itemDoubleClicked.connect(self._on_edit)
        self.add.clicked.connect(self._on_add)
        self.edit.clicked.connect(self._on_edit)
        self.remove.clicked.connect(self._on_remove)
        self.up.clicked.connect(self._on_up)
        self.preview.clicked.connect(self._on_preview)
        self.read.clicked.connect(self._on_import)
        self.export.clicked.connect(self._on_export)

    # Showing

    def _show(self) -> None:
        rules = self._context.engine.amending.rules
        if rules != self._rules or not self.table.rowCount():
            chosen = self.table.currentRow()
            self._rules = rules
            self.table.blockSignals(True)
            self.table.setRowCount(len(rules))
            for number, rule in enumerate(rules):
                name = QTableWidgetItem(rule.name)
                name.setFlags(name.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                on = Qt.CheckState.Checked if rule.enabled else Qt.CheckState.Unchecked
                name.setCheckState(on)
                what = QTableWidgetItem(amend_words.rule_sentence(rule))
                what.setToolTip(words.flat(what.text()))
                self.table.setItem(number, 0, name)
                self.table.setItem(number, 1, what)
            self.table.blockSignals(False)
            if 0 <= chosen < len(rules):
                self.table.selectRow(chosen)
            rows = min(max(len(rules), 1), ROWS_SEEN)
            height = self.table.verticalHeader().defaultSectionSize() * rows
            self.table.setFixedHeight(
                height + self.table.horizontalHeader().sizeHint().height() + 4
            )
        self.table.setVisible(bool(rules))
        self.empty.setVisible(not rules)
        self._show_buttons()

    def _show_buttons(self) -> None:
        chosen = self._chosen()
        for button in (self.edit, self.remove):
            button.setEnabled(chosen is not None)
        self.up.setEnabled(chosen is not None and self.table.currentRow() > 0)
        for button in (self.preview, self.export):
            button.setEnabled(bool(self._rules))

    def _chosen(self) -> Rule | None:
        rows = {index.row() for index in self.table.selectedIndexes()}
        row = min(rows, default=-1)
        return self._rules[row] if 0 <= row < len(self._rules) else None

    # Changing

    async def _keep(self, rules: Sequence[Rule]) -> None:
        await self._context.engine.amending.save_rules(rules)
        self.trouble.hide()
        self._show()

    @async_slot
    async def _on_changed(self, rules: Sequence[Rule]) -> None:
        try:
            await self._keep(rules)
        except CompanionError as error:
            self._tell(error)

    def _tell(self, error: CompanionError) -> None:
        self.trouble.setText(words.told(error))
        self.trouble.show()

    def _on_item_changed(self, item: QTableWidgetItem) -> None:
        number, on = item.row(), item.checkState() is Qt.CheckState.Checked
        if item.column() == 0 and number < len(self._rules):
            rules = list(self._rules)
            rules[number] = replace(rules[number], enabled=on)
            self._on_changed(rules)

    def _on_remove(self) -> None:
        chosen = self._chosen()
        self._on_changed([rule for rule in self._rules if rule is not chosen])

    def _on_up(self) -> None:
        number, rules = self.table.currentRow(), list(self._rules)
        rules[number - 1 : number + 1] = reversed(rules[number - 1 : number + 1])
        self.table.selectRow(number - 1)
        self._on_changed(rules)

    @async_slot
    async def _on_add(self) -> None:
        async def save(rule: Rule) -> None:
            await self._keep((*self._rules, rule))

        await self._open(RuleDialog(self.window(), save=save, try_rule=self._try))

    @async_slot
    async def _on_edit(self) -> None:
        chosen = self._chosen()
        if chosen is None:
            return

        async def save(rule: Rule) -> None:
            await self._keep([rule if one is chosen else one for one in self._rules])

        await self._open(RuleDialog(self.window(), save=save, try_rule=self._try, rule=chosen))

    async def _open(self, dialog: RuleDialog) -> None:
        try:
            await ask.opened(dialog)
        finally:
            dialog.deleteLater()

    async def _try(self, rule: Rule) -> None:
        await self._show_preview([rule])

    async def _show_preview(self, rules: Sequence[Rule], accept: str = "") -> bool:
        changed = await self._context.engine.amending.preview(rules)
        dialog = RulesPreviewDialog(self.window(), changed, accept=accept)
        try:
            return bool(await ask.opened(dialog))
        finally:
            dialog.deleteLater()

    @async_slot
    async def _on_preview(self) -> None:
        try:
            await self._show_preview(self._rules)
        except CompanionError as error:
            self._tell(error)

    @async_slot
    async def _on_import(self) -> None:
        path = await ask.open_path(
            self, title=self.tr("Import rules"), filters=self.tr("Rules (*.toml *.json)")
        )
        if path is None:
            return
        try:
            new = await self._context.engine.amending.read_rules(path)
            rules = merged(self._rules, new)
            accept = words.say("Import %n rule(s)", len(new))
            if await self._show_preview(rules, accept):
                await self._keep(rules)
        except CompanionError as error:
            self._tell(error)

    @async_slot
    async def _on_export(self) -> None:
        path = await ask.save_path(
            self,
            title=self.tr("Export rules"),
            name="rules.toml",
            filters=self.tr("TOML (*.toml);;JSON (*.json)"),
        )
        if path is None:
            return
        try:
            await self._context.engine.amending.export_rules(path)
        except CompanionError as error:
            self._tell(error)
