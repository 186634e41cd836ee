"""Sign in to a Revenge server, with a name and password or with an API key."""

from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.addresses import is_plain
from revenge_companion.core.errors import CompanionError, LaneBlocked
from revenge_companion.core.reasons import Reason
from revenge_companion.ui.ask import grow, only_default
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.theme import GRID, MARGIN, Tone
from revenge_companion.ui.widgets.allow_http import AllowHttp
from revenge_companion.ui.widgets.text import Text, buddy
from revenge_companion.ui.words import told


class SignIn(Protocol):
    """`EngineApi.sign_in`."""

    async def __call__(
        self, server: str, username: str, password: str, *, allow_http: bool = False
    ) -> None: ...


class SignInWithKey(Protocol):
    """`EngineApi.sign_in_with_key`."""

    async def __call__(self, server: str, api_key: str, *, allow_http: bool = False) -> None: ...


class SignInDialog(QDialog):
    """Accepted once the server has taken the name and password, or the key."""

    def __init__(
        self,
        parent: QWidget | None,
        *,
        sign_in: SignIn,
        sign_in_with_key: SignInWithKey,
        server: str = "",
        username: str = "",
        allow_http: bool = False,
    ) -> None:
        """`allow_http` is what was allowed for `server` before."""
        super().__init__(parent)
        self._sign_in = sign_in
        self._sign_in_with_key = sign_in_with_key
        self.tasks = Tasks()
        self.setWindowTitle(self.tr("Sign in"))
        self.allow_http = AllowHttp(
            meaning=self.tr(
                "This address has no encryption: anybody on the way there can read your password."
            ),
            permission=self.tr("&Allow http for this server"),
            allowed=allow_http,
        )
        self._build(server, username)
        self._on_server()
        self._show_ready()

    def _build(self, server: str, username: str) -> None:
        self.server = QLineEdit(server)
        self.server.setPlaceholderText("media.example.org:8096")
        self.server.setMinimumWidth(320)
        self.server.setInputMethodHints(Qt.InputMethodHint.ImhUrlCharactersOnly)
        self.username = QLineEdit(username)
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.key = QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        where = QFormLayout()
        where.addRow(buddy(self.tr("Ser&ver"), self.server), self.server)
        by_name = QWidget()
        rows = QFormLayout(by_name)
        rows.addRow(buddy(self.tr("&Name"), self.username), self.username)
        rows.addRow(buddy(self.tr("&Password"), self.password), self.password)
        by_key = QWidget()
        rows = QFormLayout(by_key)
        rows.addRow(buddy(self.tr("API &key"), self.key), self.key)
        rows.addRow(
            Text(
                self.tr(
                    "With a key the server allows no live connection: progress is checked every "
                    "minute, and short plays can be missed."
                ),
                tone=Tone.MUTED,
                wrap=True,
            )
        )
        self.ways = QTabWidget()
        self.ways.setAccessibleName(self.tr("How to sign in"))
        self.ways.addTab(by_name, self.tr("Name and password"))
        self.ways.addTab(by_key, self.tr("API key"))
        self.message = Text(wrap=True)
        self.message.setMinimumHeight(2 * self.fontMetrics().height())
        self.message.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.accept_button = self.buttons.addButton(
            self.tr("&Sign in"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.accept_button.clicked.connect(self._on_sign_in)
        self.buttons.rejected.connect(self.reject)
        for field in (self.server, self.username, self.password, self.key):
            field.textChanged.connect(self._show_ready)
        self.server.textChanged.connect(self._on_server)
        self.allow_http.changed.connect(self._show_ready)
        self.allow_http.changed.connect(lambda: grow(self))
        self.ways.currentChanged.connect(self._on_way)
        self.finished.connect(self.tasks.cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(3 * GRID)
        column.addLayout(where)
        column.addWidget(self.allow_http)
        column.addWidget(self.ways)
        column.addWidget(self.message)
        column.addWidget(self.buttons)
        only_default(self, self.accept_button)
        (self.server if not server else self.password if username else self.username).setFocus()

    @property
    def _with_key(self) -> bool:
        return self.ways.currentIndex() == 1

    def _show_ready(self) -> None:
        filled = bool(self.server.text().strip()) and (
            bool(self.key.text().strip())
            if self._with_key
            else bool(self.username.text().strip() and self.password.text())
        )
        ready = filled and not self.allow_http.missing
        self.accept_button.setEnabled(ready and not self.tasks.busy)

    def _on_server(self) -> None:
        # What was said was about another address.
        self.message.setText("")
        self.allow_http.need(is_plain(self.server.text()))

    def _on_way(self) -> None:
        # What was said was about the other way.
        self.message.setText("")
        self._show_ready()

    @async_slot
    async def _on_sign_in(self) -> None:
        self._busy(True)
        server = self.server.text().strip()
        self.message.set_tone(Tone.MUTED)
        self.message.setText(
            self.tr("Asking {server}\N{HORIZONTAL ELLIPSIS}").format(server=server)
        )
        try:
            if self._with_key:
                key = self.key.text().strip()
                await self._sign_in_with_key(server, key, allow_http=self.allow_http.allowed)
            else:
                await self._sign_in(
                    server,
                    self.username.text().strip(),
                    self.password.text(),
                    allow_http=self.allow_http.allowed,
                )
        except CompanionError as error:
            self.message.set_tone(Tone.BAD)
            self.message.setText(told(error))
            if isinstance(error, LaneBlocked) and error.code == Reason.PLAIN_HTTP:
                # What was typed may stand for an address without encryption, too.
                self.allow_http.need(True)
                self._busy(False)
                self.allow_http.box.setFocus()
                return
            self._busy(False)
            field = self.key if self._with_key else self.password
            field.setFocus()
            field.selectAll()
            return
        self.password.clear()
        self.key.clear()
        self.accept()

    def _busy(self, busy: bool) -> None:
        for widget in (self.server, self.allow_http, self.ways):
            widget.setEnabled(not busy)
        self.accept_button.setEnabled(not busy and not self.allow_http.missing)
