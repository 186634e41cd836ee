"""A pasted token is looked at by itself: whose it is, or why it is nobody's."""

from collections.abc import Awaitable, Callable

from PySide6.QtCore import QObject, QTimer, Signal

from revenge_companion.core.errors import CompanionError
from revenge_companion.services.base import LinkRequest
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.dialogs.link_server import ASK_AFTER_MS
from revenge_companion.ui.dialogs.link_words import trouble_sentence
from revenge_companion.ui.theme import Tone

#: Whose a pasted token is.
Whose = Callable[[LinkRequest], Awaitable[str]]


class TokenCheck(QObject):
    """Asks a moment after the last key, while nothing else is asked; the newest answer counts."""

    #: A sentence and its tone.
    said = Signal(str, object)

    def __init__(
        self,
        parent: QObject,
        service: str,
        whose: Whose,
        request: Callable[[], LinkRequest | None],
    ) -> None:
        """`request` is what is pasted; None while there is nothing to ask about."""
        super().__init__(parent)
        self._service = service
        self._whose = whose
        self._request = request
        self.tasks = Tasks()
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(ASK_AFTER_MS)
        self._typed.timeout.connect(self._on_typed)

    def typed(self) -> None:
        """The token is another one now."""
        self.stop()
        self.said.emit("", Tone.MUTED)
        self._typed.start()

    def stop(self) -> None:
        """Ask nothing, and forget what is being asked."""
        self._typed.stop()
        self.tasks.cancel()

    @async_slot
    async def _on_typed(self) -> None:
        request = self._request()
        if request is None:
            return
        asking = self.tr("Asking {service}\N{HORIZONTAL ELLIPSIS}")
        self.said.emit(asking.format(service=self._service), Tone.MUTED)
        try:
            name = await self._whose(request)
        except CompanionError as error:
            self.said.emit(trouble_sentence(error), Tone.BAD)
            return
        known = self.tr("{service} knows you as {name}.")
        self.said.emit(known.format(service=self._service, name=name), Tone.GOOD)
