"""Link an account: what is asked follows the service's link method, never its name."""

from collections.abc import Awaitable, Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.reasons import minutes
from revenge_companion.services.base import (
    LinkMethod,
    LinkPrompt,
    LinkRequest,
    ServiceSpec,
    ShowPrompt,
)
from revenge_companion.ui.ask import only_default
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.theme import GRID, MARGIN, Tone
from revenge_companion.ui.widgets.qr import QrCode
from revenge_companion.ui.widgets.text import Text, buddy

#: Links, with the label the user gave and a way to show what to do elsewhere.
Link = Callable[[LinkRequest, str, ShowPrompt], Awaitable[Account]]


class LinkDialog(QDialog):
    """Accepted once the account is linked; `account` is it then."""

    def __init__(
        self,
        parent: QWidget | None,
        *,
        spec: ServiceSpec,
        link: Link,
        clock: Clock,
        open_address: Callable[[str], None],
        again: Account | None = None,
    ) -> None:
        super().__init__(parent)
        self._spec = spec
        self._link = link
        self._clock = clock
        self._open_address = open_address
        self._again = again
        self._prompt: LinkPrompt | None = None
        self._ends_at_s = 0.0
        self.account: Account | None = None
        self.tasks = Tasks()
        self._countdown = QTimer(self)
        self._countdown.setInterval(1000)
        self._countdown.timeout.connect(self._show_left)
        title = self.tr("Link {service}") if again is None else self.tr("Link {service} again")
        self.setWindowTitle(title.format(service=spec.name))
        self._build()
        self._show_method()

    # Layout

    def _build(self) -> None:
        self.steps = QStackedWidget()
        self._asked = self._form()
        self.steps.addWidget(self._asked)
        self.steps.addWidget(self._waiting())
        self.message = Text(wrap=True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.go = self.buttons.addButton(
            self.tr("Co&ntinue"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.go.clicked.connect(self._on_go)
        self.buttons.rejected.connect(self.reject)
        self.finished.connect(self._on_finished)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(3 * GRID)
        column.addWidget(Text(self.windowTitle(), scale=1.25, bold=True))
        column.addWidget(self.steps, 1)
        column.addWidget(self.message)
        column.addWidget(self.buttons)
        self.setMinimumWidth(460)
        only_default(self, self.go)

    def _form(self) -> QWidget:
        spec = self._spec
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3 * GRID)
        self._what = Text(tone=Tone.MUTED, wrap=True)
        column.addWidget(self._what)
        self.help = QPushButton(self.tr("Open {service}'s page").format(service=spec.name))
        self.help.clicked.connect(self._on_help)
        column.addWidget(self.help, 0, Qt.AlignmentFlag.AlignLeft)
        self.method = QComboBox()
        for method in spec.link:
            self.method.addItem(self._method_name(method), method.value)
        self.method.currentIndexChanged.connect(self._show_method)
        self.username = QLineEdit()
        self.secret = QLineEdit()
        self.secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.label = QLineEdit(self._again.label if self._again else "")
        self.label.setPlaceholderText(self.tr("as the service calls you"))
        for field in (self.username, self.secret):
            field.textChanged.connect(self._show_ready)
        self._rows = QFormLayout()
        self._rows.addRow(buddy(self.tr("&How"), self.method), self.method)
        self._rows.addRow(buddy(self.tr("&User name"), self.username), self.username)
        self._secret_label = buddy(self.tr("&Token"), self.secret)
        self._rows.addRow(self._secret_label, self.secret)
        self._rows.addRow(buddy(self.tr("&Label"), self.label), self.label)
        column.addLayout(self._rows)
        column.addWidget(self._advanced())
        column.addStretch(1)
        self._rows.setRowVisible(self.method, len(spec.link) > 1)
        return page

    def _advanced(self) -> QWidget:
        spec, again = self._spec, self._again
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        texts = {
            (True, True): self.tr("Use my &own server or app key"),
            (True, False): self.tr("Use my &own server"),
        }
        offered = (spec.custom_server, bool(spec.client_id_env))
        self.own = QCheckBox(texts.get(offered, self.tr("Use my &own app key")))
        self.own.toggled.connect(self._on_own)
        column.addWidget(self.own)
        self._own_fields = QWidget()
        rows = QFormLayout(self._own_fields)
        rows.setContentsMargins(6 * GRID, 0, 0, 0)
        self.api_url = QLineEdit(again.api_url if again else "")
        self.api_url.setPlaceholderText(spec.default_api_url)
        self.auth_url = QLineEdit(again.auth_url if again else "")
        self.auth_url.setPlaceholderText(spec.default_auth_url)
        self.client_id = QLineEdit(again.client_id if again else "")
        self.client_secret = QLineEdit()
        self.client_secret.setEchoMode(QLineEdit.EchoMode.Password)
        rows.addRow(buddy(self.tr("Server &address"), self.api_url), self.api_url)
        rows.addRow(buddy(self.tr("S&ign-in address"), self.auth_url), self.auth_url)
        rows.addRow(buddy(self.tr("App &key"), self.client_id), self.client_id)
        rows.addRow(buddy(self.tr("App secr&et"), self.client_secret), self.client_secret)
        rows.setRowVisible(self.api_url, spec.custom_server)
        rows.setRowVisible(self.auth_url, spec.custom_server and bool(spec.default_auth_url))
        rows.setRowVisible(self.client_id, bool(spec.client_id_env))
        rows.setRowVisible(self.client_secret, bool(spec.client_secret_env))
        column.addWidget(self._own_fields)
        used = again is not None and bool(again.api_url or again.auth_url or again.client_id)
        self.own.setChecked(used)
        self._own_fields.setVisible(used)
        box.setVisible(spec.custom_server or bool(spec.client_id_env))
        return box

    def _waiting(self) -> QWidget:
        page = QWidget()
        left = QVBoxLayout()
        left.setSpacing(2 * GRID)
        self._steps_text = Text(wrap=True)
        left.addWidget(self._steps_text)
        self.code = QLineEdit()
        self.code.setReadOnly(True)
        self.code.setFrame(False)
        self.code.setAccessibleName(self.tr("Code"))
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(self.font().pointSizeF() * 2.2)
        font.setBold(True)
        self.code.setFont(font)
        left.addWidget(self.code)
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        self.copy = QPushButton(self.tr("&Copy code"))
        self.copy.clicked.connect(self._on_copy)
        self.open_page = QPushButton(self.tr("&Open the page"))
        self.open_page.clicked.connect(self._on_open_page)
        row.addWidget(self.copy)
        row.addWidget(self.open_page)
        row.addStretch(1)
        left.addLayout(row)
        self.left = Text(tone=Tone.MUTED)
        left.addWidget(self.left)
        left.addStretch(1)
        self.qr = QrCode()
        across = QHBoxLayout(page)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(6 * GRID)
        across.addLayout(left, 1)
        across.addWidget(self.qr, 0, Qt.AlignmentFlag.AlignTop)
        return page

    # What the method asks for

    @property
    def _method(self) -> LinkMethod:
        # Qt keeps it as a plain text.
        return LinkMethod(self.method.currentData())

    @property
    def _names_user(self) -> bool:
        return self._method in (LinkMethod.PASSWORD, LinkMethod.LOCAL)

    def _method_name(self, method: LinkMethod) -> str:
        return {
            LinkMethod.TOKEN: self.tr("Paste a token"),
            LinkMethod.DEVICE: self.tr("Enter a code on another device"),
            LinkMethod.BROWSER_TOKEN: self.tr("Approve in the browser"),
            LinkMethod.BROWSER: self.tr("Approve in the browser"),
            LinkMethod.PIN: self.tr("Paste a code"),
            LinkMethod.PASSWORD: self.tr("User name and password"),
            LinkMethod.LOCAL: self.tr("Files"),
        }[method]

    def _show_method(self) -> None:
        method, name = self._method, self._spec.name
        self._what.setText(
            {
                LinkMethod.TOKEN: self.tr(
                    "Copy your user token from {service}'s settings page and paste it here."
                ),
                LinkMethod.DEVICE: self.tr(
                    "You get a code to enter on {service}'s own page. Your password stays there."
                ),
                LinkMethod.BROWSER_TOKEN: self.tr(
                    "{service} opens in your browser and asks you to allow the Companion. Your "
                    "password stays there."
                ),
                LinkMethod.BROWSER: self.tr(
                    "{service} opens in your browser and asks you to allow the Companion. Your "
                    "password stays there."
                ),
                LinkMethod.PIN: self.tr(
                    "Allow the Companion on {service}'s page, then paste the code it shows here."
                ),
                LinkMethod.LOCAL: self.tr(
                    "{service} takes files: the Companion collects your plays, and you hand them "
                    "over when you like."
                ),
                LinkMethod.PASSWORD: self.tr(
                    "Your password is sent to {service} once and is not kept."
                ),
            }[method].format(service=name)
        )
        pasted = method in (LinkMethod.TOKEN, LinkMethod.PIN)
        by_hand = method is LinkMethod.LOCAL
        self._rows.setRowVisible(self.username, by_hand or method is LinkMethod.PASSWORD)
        self.username.setPlaceholderText(self.tr("may stay empty") if by_hand else "")
        self._rows.setRowVisible(self.secret, pasted or method is LinkMethod.PASSWORD)
        secret = {
            LinkMethod.PASSWORD: self.tr("&Password"),
            LinkMethod.PIN: self.tr("&Code"),
        }.get(method, self.tr("&Token"))
        self._secret_label.setText(secret)
        self.secret.setAccessibleName(secret.replace("&", ""))
        self.help.setVisible(pasted and bool(self._spec.help_url))
        self._show_ready()

    def _show_ready(self) -> None:
        method = self._method
        ready = True
        if method in (LinkMethod.TOKEN, LinkMethod.PIN):
            ready = bool(self.secret.text().strip())
        elif method is LinkMethod.PASSWORD:
            ready = bool(self.username.text().strip() and self.secret.text())
        self.go.setEnabled(ready and not self.tasks.busy)

    def _request(self) -> LinkRequest:
        method, own = self._method, self.own.isChecked()
        secret = self.secret.text() if method is LinkMethod.PASSWORD else ""
        if method in (LinkMethod.TOKEN, LinkMethod.PIN):
            secret = self.secret.text().strip()
        return LinkRequest(
            api_url=self.api_url.text().strip() if own else "",
            auth_url=self.auth_url.text().strip() if own else "",
            client_id=self.client_id.text().strip() if own else "",
            client_secret=self.client_secret.text().strip() if own else "",
            username=self.username.text().strip() if self._names_user else "",
            secret=secret,
        )

    # What happens

    @async_slot
    async def _on_go(self) -> None:
        self._busy(True)
        self._say(
            self.tr("Asking {service}\N{HORIZONTAL ELLIPSIS}").format(service=self._spec.name),
            Tone.MUTED,
        )
        try:
            self.account = await self._link(
                self._request(), self.label.text().strip(), self._show_prompt
            )
        except CompanionError as error:
            self._countdown.stop()
            self.steps.setCurrentIndex(0)
            self._busy(False)
            self.go.setText(self.tr("&Try again"))
            self._say(str(error), Tone.BAD)
            return
        self.secret.clear()
        self.client_secret.clear()
        self.accept()

    async def _show_prompt(self, prompt: LinkPrompt) -> None:
        self._prompt = prompt
        name = self._spec.name
        self.code.setVisible(bool(prompt.code))
        self.copy.setVisible(bool(prompt.code))
        if prompt.code:
            self._steps_text.setText(
                self.tr(
                    "1. Open {address}, here or on your phone.\n2. Enter this code.\n"
                    "3. Allow the Companion."
                ).format(address=prompt.url)
            )
            self.code.setText(prompt.code)
        else:
            self._steps_text.setText(
                self.tr(
                    "1. {service} opens in your browser.\n2. Allow the Companion there.\n"
                    "3. Come back; this window closes by itself."
                ).format(service=name)
            )
        self.qr.show_address(prompt.complete_url or prompt.url)
        self._ends_at_s = self._clock.monotonic_s() + prompt.expires_in_s
        self.left.setVisible(prompt.expires_in_s > 0)
        self._show_left()
        if prompt.expires_in_s > 0:
            self._countdown.start()
        self.steps.setCurrentIndex(1)
        self.go.hide()
        self._say(
            self.tr("Waiting for {service}\N{HORIZONTAL ELLIPSIS}").format(service=name), Tone.MUTED
        )
        if prompt.code:
            self.copy.setFocus()
        else:
            self._on_open_page()

    def _show_left(self) -> None:
        left_s = self._ends_at_s - self._clock.monotonic_s()
        if left_s <= 0:
            self._countdown.stop()
            self.left.setText(self.tr("The time is over."))
            return
        self.left.setText(self.tr("{time} left").format(time=minutes(left_s)))

    def _say(self, text: str, tone: Tone) -> None:
        self.message.set_tone(tone)
        self.message.setText(text)

    def _busy(self, busy: bool) -> None:
        self._asked.setEnabled(not busy)
        self.go.setVisible(True)
        self.go.setEnabled(not busy)

    def _on_own(self, own: bool) -> None:
        self._own_fields.setVisible(own)

    def _on_help(self) -> None:
        self._open_address(self._spec.help_url)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.code.text())
        self.copy.setText(self.tr("Copied"))

    def _on_open_page(self) -> None:
        if self._prompt is not None:
            self._open_address(self._prompt.complete_url or self._prompt.url)

    def _on_finished(self) -> None:
        self._countdown.stop()
        self.tasks.cancel()
