"""One rule: a correction, or something that is never scrobbled."""

from collections.abc import Awaitable, Callable

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.media import Kind
from revenge_companion.core.rules import CORRECTABLE, Action, Field, Match, Rule, checked
from revenge_companion.ui import amend_words, words
from revenge_companion.ui.ask import only_default
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.theme import GRID, MARGIN, Tone
from revenge_companion.ui.widgets.text import Text, buddy

#: Keeps the rule; raises CompanionError with a sentence.
SaveRule = Callable[[Rule], Awaitable[None]]
#: Shows what the rule would have made of past plays.
TryRule = Callable[[Rule], Awaitable[None]]


class RuleDialog(QDialog):
    """Accepted once the rule is kept."""

    def __init__(
        self,
        parent: QWidget | None,
        *,
        save: SaveRule,
        try_rule: TryRule,
        rule: Rule | None = None,
    ) -> None:
        super().__init__(parent)
        self._save = save
        self._try_rule = try_rule
        self._enabled = rule is None or rule.enabled
        self.tasks = Tasks()
        self.setWindowTitle(self.tr("Rule"))
        self._build()
        self._fill(rule or Rule("", Action.CORRECT, Field.TITLE, ""))
        self._connect()
        self._show_action()

    def _build(self) -> None:
        self.name = QLineEdit()
        self.name.setMinimumWidth(360)
        self.action = QComboBox()
        for action in Action:
            self.action.addItem(amend_words.rule_action(action), action)
        self.field = QComboBox()
        self.match = QComboBox()
        for match in Match:
            self.match.addItem(amend_words.rule_match(match), match)
        self.find_text = QLineEdit()
        self.replacement = QLineEdit()
        self.ignore_case = QCheckBox(self.tr("&Ignore capitals"))
        self.kinds: dict[Kind, QCheckBox] = {}
        kinds = QHBoxLayout()
        kinds.setSpacing(3 * GRID)
        for kind in Kind:
            box = QCheckBox(words.kind_plural(kind))
            self.kinds[kind] = box
            kinds.addWidget(box)
        kinds.addStretch(1)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow(buddy(self.tr("&Name"), self.name), self.name)
        form.addRow(buddy(self.tr("&What it does"), self.action), self.action)
        form.addRow(buddy(self.tr("W&here"), self.field), self.field)
        form.addRow(buddy(self.tr("H&ow"), self.match), self.match)
        form.addRow(buddy(self.tr("&Find"), self.find_text), self.find_text)
        self._replacement_label = buddy(self.tr("&Replace by"), self.replacement)
        form.addRow(self._replacement_label, self.replacement)
        form.addRow("", self.ignore_case)
        form.addRow(QLabel(self.tr("Only for")), kinds)
        self.message = Text(tone=Tone.MUTED, wrap=True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.try_button = self.buttons.addButton(
            self.tr("&Preview\N{HORIZONTAL ELLIPSIS}"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.save_button = self.buttons.addButton(
            self.tr("&Save"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(3 * GRID)
        column.addLayout(form)
        column.addWidget(self.message)
        column.addWidget(self.buttons)
        only_default(self, self.save_button)

    def _connect(self) -> None:
        self.action.currentIndexChanged.connect(self._show_action)
        for combo in (self.field, self.match):
            combo.currentIndexChanged.connect(self._show_ready)
        for line in (self.name, self.find_text, self.replacement):
            line.textChanged.connect(self._show_ready)
        self.save_button.clicked.connect(self._on_save)
        self.try_button.clicked.connect(self._on_try)
        self.buttons.rejected.connect(self.reject)
        self.finished.connect(self.tasks.cancel)

    def _fill(self, rule: Rule) -> None:
        self.action.setCurrentIndex(self.action.findData(rule.action))
        self._offer_fields(rule.field)
        self.match.setCurrentIndex(self.match.findData(rule.match))
        self.name.setText(rule.name)
        self.find_text.setText(rule.find)
        self.replacement.setText(rule.replace)
        self.ignore_case.setChecked(rule.ignore_case)
        for kind, box in self.kinds.items():
            box.setChecked(kind in rule.kinds)

    def _offer_fields(self, chosen: Field) -> None:
        blocks = self.action.currentData() == Action.BLOCK
        self.field.blockSignals(True)
        self.field.clear()
        for field in Field if blocks else CORRECTABLE:
            self.field.addItem(amend_words.rule_field(field), field)
        self.field.setCurrentIndex(max(0, self.field.findData(chosen)))
        self.field.blockSignals(False)

    def rule(self) -> Rule:
        """The rule as it stands in the dialog."""
        action = Action(self.action.currentData())
        return Rule(
            name=self.name.text().strip(),
            action=action,
            field=Field(self.field.currentData()),
            find=self.find_text.text(),
            match=Match(self.match.currentData()),
            replace=self.replacement.text() if action is Action.CORRECT else "",
            ignore_case=self.ignore_case.isChecked(),
            kinds=tuple(kind for kind, box in self.kinds.items() if box.isChecked()),
            enabled=self._enabled,
        )

    def _show_action(self) -> None:
        corrects = self.action.currentData() == Action.CORRECT
        self.replacement.setVisible(corrects)
        self._replacement_label.setVisible(corrects)
        self._offer_fields(Field(self.field.currentData()))
        self._show_ready()

    def _show_ready(self) -> None:
        # Nobody is told off before there was something to say.
        trouble, begun = "", bool(self.name.text().strip() and self.find_text.text())
        if begun:
            try:
                checked(self.rule())
            except CompanionError as error:
                trouble = words.told(error)
        self.message.set_tone(Tone.BAD)
        self.message.setText(trouble)
        for button in (self.save_button, self.try_button):
            button.setEnabled(begun and not trouble)

    @async_slot
    async def _on_try(self) -> None:
        try:
            await self._try_rule(self.rule())
        except CompanionError as error:
            self.message.setText(words.told(error))

    @async_slot
    async def _on_save(self) -> None:
        self.save_button.setEnabled(False)
        try:
            await self._save(self.rule())
        except CompanionError as error:
            self._show_ready()
            self.message.setText(words.told(error))
            return
        self.accept()
