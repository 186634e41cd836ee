"""The first steps: sign in, link, import, done. Shown once, and left whenever the user likes."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from revenge_companion import APP_NAME
from revenge_companion.core.status import EngineStatus, SignInState
from revenge_companion.ui import ask
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import GRID, MARGIN, Tone
from revenge_companion.ui.widgets.text import Text, buddy


class WelcomeDialog(QDialog):
    """Steps that tick themselves off; accepted or not, it has been seen."""

    #: The user wants to see what an import could not match.
    unmatched_wanted = Signal()

    def __init__(
        self, parent: QWidget | None, context: Context, open_address: Callable[[str], None]
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._open_address = open_address
        self._imported = False
        self.tasks = Tasks()
        self.setWindowTitle(APP_NAME)
        self._build()
        for changed in (context.bridge.status_changed, context.bridge.accounts_changed):
            changed.connect(self._show)
        self.finished.connect(self.tasks.cancel)
        self._show(context.engine.status)

    def _build(self) -> None:
        self.sign_in = QPushButton(self.tr("&Sign in\N{HORIZONTAL ELLIPSIS}"))
        self.sign_in.clicked.connect(self._on_sign_in)
        self.service = QComboBox()
        for spec in self._context.engine.services:
            self.service.addItem(spec.name, spec.key)
        label = buddy(self.tr("Service"), self.service)
        label.hide()
        self.link = QPushButton(self.tr("&Link\N{HORIZONTAL ELLIPSIS}"))
        self.link.clicked.connect(self._on_link)
        linking = QHBoxLayout()
        linking.setSpacing(2 * GRID)
        linking.addWidget(self.service, 1)
        linking.addWidget(self.link)
        self.bring = QPushButton(self.tr("&Import\N{HORIZONTAL ELLIPSIS}"))
        self.bring.clicked.connect(self._on_import)
        self.marks = [Text(scale=1.4, bold=True) for _ in range(4)]
        self.told = [Text(tone=Tone.MUTED, wrap=True) for _ in range(4)]
        titles = (
            self.tr("Sign in to your Revenge server"),
            self.tr("Link a service"),
            self.tr("Import what you watched before"),
            self.tr("Play something"),
        )
        steps = QGridLayout()
        steps.setHorizontalSpacing(4 * GRID)
        steps.setVerticalSpacing(GRID)
        steps.setColumnStretch(1, 1)
        for number, title in enumerate(titles):
            row = 3 * number
            steps.addWidget(self.marks[number], row, 0)
            steps.addWidget(Text(title, bold=True), row, 1)
            steps.addWidget(self.told[number], row + 1, 1, 1, 2)
            steps.setRowMinimumHeight(row + 2, 3 * GRID)
        steps.addWidget(self.sign_in, 0, 2)
        steps.addLayout(linking, 3, 2)
        steps.addWidget(self.bring, 6, 2)
        self.buttons = QDialogButtonBox()
        self.leave = self.buttons.addButton(
            self.tr("S&kip"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.buttons.accepted.connect(self.accept)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(4 * GRID)
        column.addWidget(Text(self.tr("A few steps, and your plays count"), scale=1.25, bold=True))
        column.addLayout(steps)
        column.addStretch(1)
        column.addWidget(self.buttons)
        # In average characters: larger text needs more room.
        self.setMinimumWidth(94 * self.fontMetrics().averageCharWidth())

    def _show(self, status: EngineStatus) -> None:
        signed_in = status.sign_in is SignInState.SIGNED_IN
        names = [self._context.name(each.account.service) for each in status.accounts]
        done = signed_in and bool(names)
        for mark, number, ticked in zip(
            self.marks, "1234", (signed_in, bool(names), self._imported, False), strict=True
        ):
            mark.setText("\N{CHECK MARK}" if ticked else number)
            mark.set_tone(Tone.GOOD if ticked else Tone.MUTED)
        self.told[0].setText(
            self.tr("Signed in at {server}.").format(server=status.server_url)
            if signed_in
            else self.tr("The Companion hears from it what you play.")
        )
        linked = ", ".join(dict.fromkeys(names))
        self.told[1].setText(
            self.tr("Linked: {services}. You can link more.").format(services=linked)
            if names
            else self.tr("Your plays are sent there. You can link more later.")
        )
        self.told[2].setText(self._import_words())
        self.told[3].setText(
            self.tr("That is all. The Companion stays in the tray and does the rest.")
            if done
            else self.tr("Then the Companion stays in the tray and does the rest.")
        )
        self.sign_in.setVisible(not signed_in)
        self.bring.setEnabled(signed_in)
        self.leave.setText(self.tr("&Done") if done else self.tr("S&kip"))
        ask.only_default(self, self._next(signed_in=signed_in, linked=bool(names)))

    def _next(self, *, signed_in: bool, linked: bool) -> QPushButton:
        if not signed_in:
            return self.sign_in
        if not linked:
            return self.link
        return self.leave if self._imported else self.bring

    def _import_words(self) -> str:
        if self._imported:
            return self.tr("It goes on by itself. You find it under Imports.")
        return self.tr(
            "If you like: from an account or a file. You see everything before anything is "
            "written, and it can be undone."
        )

    @async_slot
    async def _on_sign_in(self) -> None:
        from revenge_companion.ui.dialogs.signin import SignInDialog

        engine = self._context.engine
        dialog = SignInDialog(
            self,
            sign_in=engine.sign_in,
            sign_in_with_key=engine.sign_in_with_key,
            server=engine.status.server_url or engine.settings.server_url,
            username=engine.status.username or engine.settings.username,
            allow_http=engine.status.allow_http,
        )
        try:
            await ask.opened(dialog)
        finally:
            dialog.deleteLater()

    @async_slot
    async def _on_link(self) -> None:
        from revenge_companion.ui.dialogs.link_account import link_account

        spec = self._context.spec(self.service.currentData())
        if spec is not None:
            await link_account(self, self._context, spec, open_address=self._open_address)

    @async_slot
    async def _on_import(self) -> None:
        from revenge_companion.ui.dialogs.import_wizard import ImportWizard

        imports = self._context.engine.imports
        accounts = [one for one in imports.sources() if one.service and not one.is_file]
        wizard = ImportWizard(
            self, self._context, imports, source=accounts[0] if len(accounts) == 1 else None
        )
        wizard.address_wanted.connect(self._open_address)
        wizard.unmatched_wanted.connect(self._on_unmatched_wanted)
        try:
            await ask.opened(wizard)
            self._imported = self._imported or wizard.run_id is not None
        finally:
            wizard.deleteLater()
        self._show(self._context.engine.status)

    def _on_unmatched_wanted(self) -> None:
        self.accept()
        self.unmatched_wanted.emit()
