"""Edit what one delivery says, before it is sent or after it was refused."""

from collections.abc import Awaitable, Callable, Mapping

from PySide6.QtCore import QDateTime, Qt
from PySide6.QtWidgets import (
    QDateTimeEdit,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.errors import CompanionError
from revenge_companion.ui import amend_words
from revenge_companion.ui.ask import only_default
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.theme import GRID, MARGIN, Tone
from revenge_companion.ui.widgets.text import Text, buddy
from revenge_companion.ui.words import told

#: Takes what was changed; raises CompanionError with a sentence.
Save = Callable[[Mapping[str, str]], Awaitable[None]]


class EditDialog(QDialog):
    """Accepted once the changes are kept."""

    def __init__(
        self, parent: QWidget | None, *, title: str, values: Mapping[str, str], save: Save
    ) -> None:
        super().__init__(parent)
        self._values = dict(values)
        self._save = save
        self.tasks = Tasks()
        self.setWindowTitle(self.tr("Edit"))
        self.fields: dict[str, QLineEdit] = {}
        self._date_moved = False
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for name, value in values.items():
            if name == "date":
                self.date = _date_field(value)
                self.date.dateTimeChanged.connect(self._on_date)
                form.addRow(buddy(amend_words.edited_field(name), self.date), self.date)
                continue
            field = QLineEdit(value)
            field.setMinimumWidth(360)
            field.setCursorPosition(0)
            field.textChanged.connect(self._show_ready)
            self.fields[name] = field
            form.addRow(buddy(amend_words.edited_field(name), field), field)
        self.message = Text(tone=Tone.BAD, wrap=True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.save_button = self.buttons.addButton(
            self.tr("&Save and send"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.save_button.clicked.connect(self._on_save)
        self.buttons.rejected.connect(self.reject)
        self.finished.connect(self.tasks.cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(3 * GRID)
        column.addWidget(Text(title, scale=1.15, bold=True, wrap=True))
        column.addWidget(
            Text(
                self.tr("Only this delivery is changed; other services get the play as it was."),
                tone=Tone.MUTED,
                wrap=True,
            )
        )
        column.addLayout(form)
        column.addWidget(self.message)
        column.addWidget(self.buttons)
        only_default(self, self.save_button)
        self._show_ready()

    def changes(self) -> dict[str, str]:
        """What the user made another of what there was."""
        texts = {name: field.text().strip() for name, field in self.fields.items()}
        if self._date_moved:
            texts["date"] = self.date.dateTime().toUTC().toString(Qt.DateFormat.ISODate)
        return {name: text for name, text in texts.items() if text != self._values[name].strip()}

    def _on_date(self) -> None:
        self._date_moved = True
        self._show_ready()

    def _show_ready(self) -> None:
        self.message.setText("")
        self.save_button.setEnabled(bool(self.changes()))

    @async_slot
    async def _on_save(self) -> None:
        self.save_button.setEnabled(False)
        try:
            await self._save(self.changes())
        except CompanionError as error:
            self._show_ready()
            self.message.setText(told(error))
            return
        self.accept()


def _date_field(value: str) -> QDateTimeEdit:
    """A field for a moment, shown in local time and as the user's locale writes it."""
    field = QDateTimeEdit(QDateTime.fromString(value, Qt.DateFormat.ISODate).toLocalTime())
    field.setCalendarPopup(True)
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return field
