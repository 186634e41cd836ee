"""The part of linking that few need: an own server, asked while it is typed, and an own app key."""

from collections.abc import Awaitable, Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from revenge_companion.core.accounts import Account
from revenge_companion.core.addresses import is_plain
from revenge_companion.core.errors import CompanionError
from revenge_companion.services.base import LinkRequest, ProbeResult, ServiceSpec
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.allow_http import AllowHttp
from revenge_companion.ui.widgets.text import Text, buddy
from revenge_companion.ui.words import told

#: Asks what answers at an address; the second tells whether it may be plain http.
Probe = Callable[[str, bool], Awaitable[ProbeResult]]
#: Wait after the last key before a server is asked.
ASK_AFTER_MS = 600


class OwnServer(QWidget):
    """Addresses and keys of the user's own, hidden until they are wanted."""

    #: The user began or stopped wanting them, or typed.
    changed = Signal()
    #: A server answered: ProbeResult
    found = Signal(object)

    def __init__(
        self,
        spec: ServiceSpec,
        again: Account | None,
        probe: Probe | None,
        allow_http: AllowHttp,
    ) -> None:
        super().__init__()
        self._spec = spec
        self._allow_http = allow_http
        #: An address was refused that is not seen here: it may be one from the environment.
        self._unseen = False
        self._probe = probe
        self._probed: tuple[str, ProbeResult] | None = None
        self.tasks = Tasks()
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(ASK_AFTER_MS)
        self._typed.timeout.connect(self._on_typed)
        texts = {
            (True, True): self.tr("Use my &own server or app key"),
            (True, False): self.tr("Use my &own server"),
        }
        offered = (spec.custom_server, bool(spec.client_id_env))
        self.own = QCheckBox(texts.get(offered, self.tr("Use my &own app key")))
        self.api_url = QLineEdit(again.api_url if again else "")
        self.api_url.setPlaceholderText(spec.default_api_url)
        self.answered = Text(tone=Tone.MUTED, wrap=True)
        # Room for two lines from the beginning: a dialog does not grow with a sentence.
        self.answered.setMinimumHeight(2 * self.answered.fontMetrics().lineSpacing())
        self.auth_url = QLineEdit(again.auth_url if again else "")
        self.auth_url.setPlaceholderText(spec.default_auth_url)
        self.client_id = QLineEdit(again.client_id if again else "")
        self.client_secret = QLineEdit()
        self.client_secret.setEchoMode(QLineEdit.EchoMode.Password)
        self._fields = QWidget()
        rows = QFormLayout(self._fields)
        rows.setContentsMargins(6 * GRID, 0, 0, 0)
        rows.addRow(buddy(self.tr("Server &address"), self.api_url), self.api_url)
        rows.addRow("", self.answered)
        rows.addRow(buddy(self.tr("S&ign-in address"), self.auth_url), self.auth_url)
        rows.addRow(buddy(self.tr("App &key"), self.client_id), self.client_id)
        rows.addRow(buddy(self.tr("App secr&et"), self.client_secret), self.client_secret)
        rows.setRowVisible(self.api_url, spec.custom_server)
        rows.setRowVisible(self.answered, spec.custom_server)
        rows.setRowVisible(self.auth_url, spec.custom_server and bool(spec.default_auth_url))
        rows.setRowVisible(self.client_id, bool(spec.client_id_env))
        rows.setRowVisible(self.client_secret, bool(spec.client_secret_env))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3 * GRID)
        column.addWidget(self.own)
        column.addWidget(self._fields)
        used = again is not None and bool(again.api_url or again.auth_url or again.client_id)
        self.own.setChecked(used)
        self._fields.setVisible(used)
        self.setVisible(spec.custom_server or bool(spec.client_id_env))
        self.own.toggled.connect(self._on_own)
        self.api_url.textChanged.connect(self._on_typing)
        self.auth_url.textChanged.connect(self._on_typing)
        allow_http.changed.connect(self._on_address)
        self._need_http()
        if used and again is not None and again.api_url and not allow_http.missing:
            self._typed.start()

    def request(self, *, username: str, secret: str) -> LinkRequest:
        """What is typed here together with name and secret; nothing of it while not wanted."""
        own = self.own.isChecked()
        return LinkRequest(
            api_url=self._address() if own else "",
            auth_url=self.auth_url.text().strip() if own else "",
            client_id=self.client_id.text().strip() if own else "",
            client_secret=self.client_secret.text().strip() if own else "",
            allow_http=self._allow_http.allowed,
            username=username,
            secret=secret,
        )

    def ask_key(self) -> None:
        """Open the fields at the app key."""
        self.own.setChecked(True)
        self.client_id.setFocus()

    def ask_address(self) -> None:
        """Open the fields at the server's address."""
        self.own.setChecked(True)
        self.api_url.setFocus()

    def shut(self) -> None:
        """End what is being asked, and forget what was secret."""
        self._typed.stop()
        self.tasks.cancel()
        self.client_secret.clear()

    def _address(self) -> str:
        """What was typed, or the longer address at which a server was found for it."""
        typed = self.api_url.text().strip()
        if self._probed is not None and self._probed[0] == typed and self._probed[1].kind:
            return self._probed[1].address
        return typed

    def _on_own(self, own: bool) -> None:
        self._fields.setVisible(own)
        self._unseen = False
        self._need_http()
        self.changed.emit()

    def ask_http(self) -> None:
        """Ask for the permission although no address without encryption was typed here."""
        self._unseen = True
        self._need_http()

    def _need_http(self) -> None:
        typed = (self.api_url.text(), self.auth_url.text()) if self.own.isChecked() else ()
        self._allow_http.need(self._unseen or any(map(is_plain, typed)))

    def _on_typing(self) -> None:
        self._unseen = False
        self._on_address()

    def _on_address(self) -> None:
        self.tasks.cancel()
        self._probed = None
        self.answered.clear()
        self._need_http()
        asks = self._probe is not None and not self._allow_http.missing
        if asks and self.api_url.text().strip():
            self._typed.start()
        else:
            self._typed.stop()
        self.changed.emit()

    @async_slot
    async def _on_typed(self) -> None:
        typed = self.api_url.text().strip()
        if self._probe is None or not typed or self._allow_http.missing:
            return
        self._say(self.tr("Asking what answers there\N{HORIZONTAL ELLIPSIS}"), Tone.MUTED)
        try:
            found = await self._probe(typed, self._allow_http.allowed)
        except CompanionError as error:
            self._say(told(error), Tone.BAD)
            return
        self._probed = (typed, found)
        if found.kind:
            self._say(self._what_answers(found), Tone.GOOD)
            self.found.emit(found)
        else:
            self._say(told(found.trouble), Tone.BAD)

    def _what_answers(self, found: ProbeResult) -> str:
        can = {
            (True, True): self.tr("{kind} answers. It takes many plays at once and keeps loves."),
            (True, False): self.tr("{kind} answers. It takes many plays at once."),
            (False, True): self.tr("{kind} answers. It takes one play at a time and keeps loves."),
            (False, False): self.tr("{kind} answers. It takes one play at a time."),
        }
        return can[found.batches, found.loves].format(kind=found.kind)

    def _say(self, text: str, tone: Tone) -> None:
        self.answered.set_tone(tone)
        self.answered.setText(text)
