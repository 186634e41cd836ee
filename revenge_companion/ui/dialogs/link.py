"""Link an account: what is asked follows the service's link method, never its name."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
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
from revenge_companion.core.errors import CompanionError, LinkRefused, LinkTrouble
from revenge_companion.services.base import (
    LinkMethod,
    LinkPrompt,
    LinkRequest,
    ProbeResult,
    ServiceSpec,
    ShowPrompt,
)
from revenge_companion.ui import words
from revenge_companion.ui.ask import grow, only_default
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.dialogs.link_server import OwnServer, Probe
from revenge_companion.ui.dialogs.link_token import TokenCheck, Whose
from revenge_companion.ui.dialogs.link_waiting import WaitingPage
from revenge_companion.ui.dialogs.link_words import trouble_sentence
from revenge_companion.ui.theme import GRID, MARGIN, Tone
from revenge_companion.ui.widgets.allow_http import AllowHttp
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
        probe: Probe | None = None,
        whose: Whose | None = None,
    ) -> None:
        super().__init__(parent)
        self._spec = spec
        self._link = link
        self._open_address = open_address
        self._again = again
        #: Looks at a token as it is pasted; None where nobody can be asked.
        self.check: TokenCheck | None = None
        if whose is not None:
            self.check = TokenCheck(self, spec.name, whose, self._to_check)
            self.check.said.connect(self._say)
        self._mends_at = ""
        self._linking = False
        self.account: Account | None = None
        self.tasks = Tasks()
        title = self.tr("Link {service}") if again is None else self.tr("Link {service} again")
        self.setWindowTitle(title.format(service=spec.name))
        self.allow_http = AllowHttp(
            meaning=self.tr(
                "This address has no encryption: anybody on the way there can read your token."
            ),
            permission=self.tr("Allow http &for this account"),
            allowed=again is not None and again.switches.allow_http,
        )
        self.server = OwnServer(spec, again, probe if spec.custom_server else None, self.allow_http)
        self.server.changed.connect(self._show_ready)
        self.server.changed.connect(lambda: grow(self))
        self.server.found.connect(self._on_found)
        self.waiting = WaitingPage(spec.name, clock, open_address)
        self._build()
        self._show_method()
        self._first().setFocus()

    def _first(self) -> QWidget:
        """Where somebody begins who wants to be through with it."""
        if self._method is LinkMethod.TOKEN:
            return self.secret
        by_name = self._method in (LinkMethod.PASSWORD, LinkMethod.LOCAL)
        return self.username if by_name else self.go

    # Layout

    def _build(self) -> None:
        self.steps = QStackedWidget()
        self._asked = self._form()
        self.steps.addWidget(self._asked)
        self.steps.addWidget(self.waiting)
        self.message = Text(wrap=True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.message.setAccessibleName(self.tr("State of the linking"))
        self.mend = QPushButton()
        self.mend.clicked.connect(lambda: self._open_address(self._mends_at))
        self.mend.hide()
        said = QHBoxLayout()
        said.setSpacing(3 * GRID)
        said.addWidget(self.message, 1)
        said.addWidget(self.mend, 0, Qt.AlignmentFlag.AlignTop)
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
        column.addLayout(said)
        column.addWidget(self.buttons)
        self.setMinimumWidth(480)
        only_default(self, self.go)

    def _form(self) -> QWidget:
        spec = self._spec
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3 * GRID)
        self._what = Text(tone=Tone.MUTED, wrap=True)
        column.addWidget(self._what)
        self.note = Text(words.told(spec.link_note), wrap=True)
        self.note.setVisible(bool(spec.link_note))
        column.addWidget(self.note)
        self.help = QPushButton(self.tr("Open {service}'s page").format(service=spec.name))
        self.help.clicked.connect(lambda: self._open_address(spec.help_url))
        column.addWidget(self.help, 0, Qt.AlignmentFlag.AlignLeft)
        self.method = QComboBox()
        for method in spec.link:
            self.method.addItem(self._method_name(method), method.value)
        self.method.currentIndexChanged.connect(self._show_method)
        self.username = QLineEdit()
        self.secret = QLineEdit()
        self.secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.label = QLineEdit(self._again.label if self._again else "")
        for field in (self.username, self.secret):
            field.textChanged.connect(self._show_ready)
        self.secret.textChanged.connect(self._on_secret)
        self._rows = QFormLayout()
        self._rows.addRow(buddy(self.tr("&How"), self.method), self.method)
        self._rows.addRow(buddy(self.tr("&User name"), self.username), self.username)
        self._secret_label = buddy(self.tr("&Token"), self.secret)
        self._rows.addRow(self._secret_label, self.secret)
        self._rows.addRow(buddy(self.tr("&Label"), self.label), self.label)
        column.addLayout(self._rows)
        column.addWidget(self.server)
        column.addWidget(self.allow_http)
        column.addStretch(1)
        self._rows.setRowVisible(self.method, len(spec.link) > 1)
        return page

    # What the method asks for

    @property
    def _method(self) -> LinkMethod:
        # Qt keeps it as a plain text.
        return LinkMethod(self.method.currentData())

    def _method_name(self, method: LinkMethod) -> str:
        return {
            LinkMethod.TOKEN: self.tr("Paste a token"),
            LinkMethod.DEVICE: self.tr("Enter a code on another device"),
            LinkMethod.BROWSER_TOKEN: self.tr("Approve in the browser"),
            LinkMethod.BROWSER: self.tr("Approve in the browser"),
            LinkMethod.PIN: self.tr("Approve in the browser and paste a code"),
            LinkMethod.PASSWORD: self.tr("User name and password"),
            LinkMethod.LOCAL: self.tr("Files"),
        }[method]

    def _show_method(self) -> None:
        method, name = self._method, self._spec.name
        browser = self.tr(
            "{service} opens in your browser and asks you to allow the Companion. Your password "
            "stays there."
        )
        self._what.setText(
            {
                LinkMethod.TOKEN: self.tr(
                    "Copy your user token from {service}'s settings page and paste it here."
                ),
                LinkMethod.DEVICE: self.tr(
                    "You get a code to enter on {service}'s own page. Your password stays there."
                ),
                LinkMethod.BROWSER_TOKEN: browser,
                LinkMethod.BROWSER: browser,
                LinkMethod.PIN: self.tr(
                    "{service} opens in your browser, asks you to allow the Companion, and shows "
                    "a code to paste here."
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
        by_hand = method is LinkMethod.LOCAL
        self._rows.setRowVisible(self.username, by_hand or method is LinkMethod.PASSWORD)
        self.username.setPlaceholderText(self.tr("may stay empty") if by_hand else "")
        self.label.setPlaceholderText(
            self.tr("may stay empty") if by_hand else self.tr("as the service calls you")
        )
        self._rows.setRowVisible(self.secret, method in (LinkMethod.TOKEN, LinkMethod.PASSWORD))
        secret = self.tr("&Password") if method is LinkMethod.PASSWORD else self.tr("&Token")
        self._secret_label.setText(secret)
        self.secret.setAccessibleName(secret.replace("&", ""))
        self.help.setVisible(method is LinkMethod.TOKEN and bool(self._spec.help_url))
        self._show_ready()

    def _show_ready(self) -> None:
        method = self._method
        ready = True
        if method is LinkMethod.TOKEN:
            ready = bool(self.secret.text().strip())
        elif method is LinkMethod.PASSWORD:
            ready = bool(self.username.text().strip() and self.secret.text())
        self.go.setEnabled(ready and not self._linking and not self.allow_http.missing)

    def _request(self) -> LinkRequest:
        method = self._method
        secret = self.secret.text() if method is LinkMethod.PASSWORD else ""
        if method is LinkMethod.TOKEN:
            secret = self.secret.text().strip()
        named = method in (LinkMethod.PASSWORD, LinkMethod.LOCAL)
        name = self.username.text().strip() if named else ""
        request = self.server.request(username=name, secret=secret)
        if method in (LinkMethod.PIN, LinkMethod.BROWSER):
            request = replace(request, pasted=self.waiting.pasted)
        return request

    def _on_found(self, found: ProbeResult) -> None:
        """Some servers can only be linked in one way."""
        if found.link is not None and found.link in self._spec.link:
            self.method.setCurrentIndex(self.method.findData(found.link.value))

    # What happens

    def _on_secret(self) -> None:
        if self.check is not None and self._method is LinkMethod.TOKEN and not self._linking:
            self.check.typed()

    def _to_check(self) -> LinkRequest | None:
        """What a token check may ask about now."""
        pasted = self._method is LinkMethod.TOKEN and self.go.isEnabled() and not self._linking
        return self._request() if pasted else None

    def _stop_check(self) -> None:
        if self.check is not None:
            self.check.stop()

    @async_slot
    async def _on_go(self) -> None:
        self._stop_check()
        self._busy(True)
        self.mend.hide()
        self._say(
            self.tr("Asking {service}\N{HORIZONTAL ELLIPSIS}").format(service=self._spec.name),
            Tone.MUTED,
        )
        try:
            self.account = await self._link(
                self._request(), self.label.text().strip(), self._show_prompt
            )
        except CompanionError as error:
            self._refused(error)
            return
        self.secret.clear()
        self.accept()

    async def _show_prompt(self, prompt: LinkPrompt) -> None:
        if not (self.steps.currentIndex() == 1 and self.waiting.shows(prompt)):
            paste = {
                LinkMethod.PIN: self.tr("What the page shows"),
                LinkMethod.BROWSER: self.tr("Or paste the address the browser ended at"),
            }.get(self._method, "")
            self.steps.setCurrentIndex(1)
            self.waiting.show_prompt(
                prompt, paste=paste, may_come=self._method is not LinkMethod.PIN
            )
            self.go.hide()
        if prompt.refused:
            self._say(words.told(prompt.refused), Tone.BAD)
            self.waiting.paste_again()
            return
        if prompt.trouble:
            text = self.tr("{trouble} The Companion keeps asking.")
            self._say(text.format(trouble=words.whole(words.told(prompt.trouble))), Tone.WAITING)
            return
        self._say(
            self.tr("Waiting for {service}\N{HORIZONTAL ELLIPSIS}").format(service=self._spec.name),
            Tone.MUTED,
        )

    def _refused(self, error: CompanionError) -> None:
        """Say why, with the button that helps, and let the user go on from there."""
        had_code = self.steps.currentIndex() == 1 and bool(self.waiting.code.text())
        self.waiting.stop()
        self.steps.setCurrentIndex(0)
        self._busy(False)
        self._say(trouble_sentence(error), Tone.BAD)
        self.go.setText(self.tr("&Try again"))
        if not isinstance(error, LinkRefused):
            return
        self._mends_at = error.page
        self.mend.setVisible(bool(error.page))
        match error.why:
            case LinkTrouble.DENIED:
                self.go.setText(self.tr("&Ask again"))
            case LinkTrouble.ENDED:
                self.go.setText(self.tr("&New code") if had_code else self.tr("&Begin again"))
            case LinkTrouble.CLIENT_ID:
                self.mend.setText(self.tr("&Make an app key"))
                self.server.ask_key()
            case LinkTrouble.LIMIT:
                self.mend.setText(self.tr("See your &apps"))
            case LinkTrouble.WRONG_SECRET:
                # The page is offered above the field already.
                self.mend.hide()
                self.secret.selectAll()
                self.secret.setFocus()
            case LinkTrouble.PLAIN_HTTP:
                self.server.ask_http()
            case LinkTrouble.ADDRESS if self._spec.custom_server:
                self.server.ask_address()
            case _:
                self.mend.setText(self.tr("&Open the page"))

    def _say(self, text: str, tone: Tone) -> None:
        self.message.set_tone(tone)
        self.message.setText(text)
        grow(self)

    def _busy(self, busy: bool) -> None:
        self._linking = busy
        self._asked.setEnabled(not busy)
        self.go.setVisible(True)
        self.go.setEnabled(not busy)

    def _on_finished(self) -> None:
        self._stop_check()
        self.waiting.stop()
        self.server.shut()
        self.tasks.cancel()
