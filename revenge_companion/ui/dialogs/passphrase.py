"""Ask for the passphrase of the vault, where the system has no password store."""

from collections.abc import Awaitable, Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.errors import CompanionError
from revenge_companion.ui.ask import only_default
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.theme import GRID, MARGIN, Tone
from revenge_companion.ui.widgets.text import Text, buddy
from revenge_companion.ui.words import told

#: Shorter ones are guessed too soon.
SHORTEST = 8


class PassphraseDialog(QDialog):
    """Accepted once the vault is open."""

    def __init__(self, parent: QWidget | None, *, unlock: Callable[[str], Awaitable[None]]) -> None:
        super().__init__(parent)
        self._unlock = unlock
        self.tasks = Tasks()
        self.setWindowTitle(self.tr("Passphrase"))
        self.passphrase = QLineEdit()
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.passphrase.setMinimumWidth(320)
        self.passphrase.textChanged.connect(self._show_ready)
        show = QCheckBox(self.tr("&Show it"))
        show.toggled.connect(self._on_show)
        form = QFormLayout()
        form.addRow(buddy(self.tr("&Passphrase"), self.passphrase), self.passphrase)
        form.addRow("", show)
        self.message = Text(wrap=True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.message.setMinimumHeight(2 * self.fontMetrics().height())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.go = buttons.addButton(self.tr("&Unlock"), QDialogButtonBox.ButtonRole.ActionRole)
        self.go.clicked.connect(self._on_go)
        buttons.rejected.connect(self.reject)
        self.finished.connect(self.tasks.cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(3 * GRID)
        column.addWidget(
            Text(
                self.tr(
                    "Your links are kept in an encrypted file. Choose a passphrase for it, or "
                    "enter the one you chose before. It is asked for at each start, and nobody "
                    "can restore it."
                ),
                tone=Tone.MUTED,
                wrap=True,
            )
        )
        column.addLayout(form)
        column.addWidget(self.message)
        column.addWidget(buttons)
        only_default(self, self.go)
        self._show_ready()

    def _show_ready(self) -> None:
        self.go.setEnabled(len(self.passphrase.text()) >= SHORTEST and not self.tasks.busy)

    def _on_show(self, shown: bool) -> None:
        mode = QLineEdit.EchoMode
        self.passphrase.setEchoMode(mode.Normal if shown else mode.Password)

    @async_slot
    async def _on_go(self) -> None:
        self.passphrase.setEnabled(False)
        self.go.setEnabled(False)
        self.message.set_tone(Tone.MUTED)
        self.message.setText(self.tr("Opening\N{HORIZONTAL ELLIPSIS}"))
        try:
            await self._unlock(self.passphrase.text())
        except CompanionError as error:
            self.message.set_tone(Tone.BAD)
            self.message.setText(told(error))
            self.passphrase.setEnabled(True)
            self.go.setEnabled(True)
            self.passphrase.setFocus()
            self.passphrase.selectAll()
            return
        self.passphrase.clear()
        self.accept()
