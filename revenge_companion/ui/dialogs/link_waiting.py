"""What is shown while the user approves elsewhere: steps, code, QR, time left, a field to paste."""

import asyncio
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from revenge_companion.core.clock import Clock
from revenge_companion.core.reasons import minutes
from revenge_companion.services.base import LinkPrompt
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.qr import QrCode
from revenge_companion.ui.widgets.text import Text
from revenge_companion.ui.words import told


class WaitingPage(QWidget):
    """Shows one prompt at a time."""

    def __init__(self, service: str, clock: Clock, open_address: Callable[[str], None]) -> None:
        super().__init__()
        self._service = service
        self._clock = clock
        self._open_address = open_address
        self._prompt: LinkPrompt | None = None
        self._ends_at_s = 0.0
        self._pasted: asyncio.Future[str] | None = None
        #: What was pasted while nobody waited for it: the paste before is still being looked at.
        self._early = ""
        self._countdown = QTimer(self)
        self._countdown.setInterval(1000)
        self._countdown.timeout.connect(self._show_left)
        self._build()

    def _build(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(2 * GRID)
        self._steps = Text(wrap=True)
        left.addWidget(self._steps)
        self.code = QLineEdit()
        self.code.setReadOnly(True)
        self.code.setFrame(False)
        self.code.setAccessibleName(self.tr("Code"))
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(self.font().pointSizeF() * 2.2)
        font.setBold(True)
        self.code.setFont(font)
        left.addWidget(self.code)
        self.copy = QPushButton(self.tr("&Copy code"))
        self.copy.clicked.connect(self._on_copy)
        self.open_page = QPushButton(self.tr("&Open the page"))
        self.open_page.clicked.connect(self.open_it)
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        row.addWidget(self.copy)
        row.addWidget(self.open_page)
        row.addStretch(1)
        left.addLayout(row)
        self.paste = QLineEdit()
        self.paste.setEchoMode(QLineEdit.EchoMode.Password)
        self.use = QPushButton(self.tr("&Use it"))
        self.use.clicked.connect(self._on_use)
        self.paste.returnPressed.connect(self._on_use)
        self.paste.textChanged.connect(lambda text: self.use.setEnabled(bool(text.strip())))
        self._paste_row = QWidget()
        pasting = QHBoxLayout(self._paste_row)
        pasting.setContentsMargins(0, 0, 0, 0)
        pasting.setSpacing(2 * GRID)
        pasting.addWidget(self.paste, 1)
        pasting.addWidget(self.use)
        left.addWidget(self._paste_row)
        self.left = Text(tone=Tone.MUTED)
        left.addWidget(self.left)
        self.note = Text(tone=Tone.MUTED, wrap=True)
        self.apps = QPushButton(self.tr("See your &apps"))
        self.apps.clicked.connect(self._on_apps)
        left.addWidget(self.note)
        left.addWidget(self.apps, 0, Qt.AlignmentFlag.AlignLeft)
        left.addStretch(1)
        self.qr = QrCode()
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(6 * GRID)
        across.addLayout(left, 1)
        across.addWidget(self.qr, 0, Qt.AlignmentFlag.AlignTop)

    def shows(self, prompt: LinkPrompt) -> bool:
        """Whether this prompt is the one that is shown, whatever the trouble."""
        shown = self._prompt
        return shown is not None and (shown.url, shown.code) == (prompt.url, prompt.code)

    def show_prompt(self, prompt: LinkPrompt, *, paste: str = "", may_come: bool = True) -> None:
        """Show what to do; `paste` names what can be pasted here, "" where nothing can.

        `may_come` is False where the answer only comes by pasting.
        """
        self._prompt = prompt
        self._early = ""
        self._steps.setText(self._steps_text(prompt, may_come=may_come))
        self.code.setText(prompt.code)
        self.code.setVisible(bool(prompt.code))
        # Where no browser opens, the address can be taken to one.
        self.copy.setText(self.tr("&Copy code") if prompt.code else self.tr("&Copy address"))
        self._paste_row.setVisible(bool(paste))
        self.paste.setPlaceholderText(paste)
        self.paste.setAccessibleName(paste)
        self.paste.clear()
        self.use.setEnabled(False)
        self.note.setText(told(prompt.note))
        self.note.setVisible(bool(prompt.note))
        self.apps.setVisible(bool(prompt.page))
        self.qr.show_address(prompt.complete_url or prompt.url)
        # A code for a phone makes no sense where the answer has to come back to this computer.
        self.qr.setVisible(not paste)
        self._ends_at_s = self._clock.monotonic_s() + prompt.expires_in_s
        self.left.setVisible(prompt.expires_in_s > 0)
        self._show_left()
        if prompt.expires_in_s > 0:
            self._countdown.start()
        if prompt.code:
            self.copy.setFocus()
        else:
            if not may_come:
                self.paste.setFocus()
            self.open_it()

    async def pasted(self) -> str:
        """What the user pastes; waits until they do."""
        if self._early:
            early, self._early = self._early, ""
            return early
        self._pasted = asyncio.get_running_loop().create_future()
        try:
            return await self._pasted
        finally:
            self._pasted = None

    def paste_again(self) -> None:
        """What was pasted was no good: it is marked, to be pasted over."""
        self.paste.selectAll()
        self.paste.setFocus()

    def stop(self) -> None:
        """Nothing is waited for any more."""
        self._countdown.stop()
        self._prompt = None
        self._early = ""
        self.paste.clear()

    def open_it(self) -> None:
        """Open the page of the prompt in the browser."""
        if self._prompt is not None:
            self._open_address(self._prompt.complete_url or self._prompt.url)

    def _steps_text(self, prompt: LinkPrompt, *, may_come: bool) -> str:
        if prompt.code:
            return self.tr(
                "1. Open {address}, here or on your phone.\n2. Enter this code.\n"
                "3. Allow the Companion."
            ).format(address=prompt.url)
        if not may_come:
            return self.tr(
                "1. {service} opens in your browser.\n2. Allow the Companion there.\n"
                "3. Copy what the page shows and paste it here."
            ).format(service=self._service)
        return self.tr(
            "1. {service} opens in your browser.\n2. Allow the Companion there.\n"
            "3. Come back; this window closes by itself."
        ).format(service=self._service)

    def _show_left(self) -> None:
        left_s = self._ends_at_s - self._clock.monotonic_s()
        if left_s <= 0:
            self._countdown.stop()
            self.left.setText(self.tr("The time is over."))
            return
        self.left.setText(self.tr("{time} left").format(time=minutes(left_s)))

    def _on_apps(self) -> None:
        if self._prompt is not None:
            self._open_address(self._prompt.page)

    def _on_copy(self) -> None:
        prompt = self._prompt
        if prompt is None:
            return
        QGuiApplication.clipboard().setText(prompt.code or prompt.complete_url or prompt.url)
        self.copy.setText(self.tr("Copied"))

    def _on_use(self) -> None:
        text = self.paste.text().strip()
        if not text:
            return
        if self._pasted is not None and not self._pasted.done():
            self._pasted.set_result(text)
        else:
            self._early = text
        self.use.setEnabled(False)
