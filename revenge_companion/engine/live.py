"""Live notices of one account: what plays now, said at once or not at all."""

import asyncio
import logging
from collections.abc import Callable

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.live import LiveNotice
from revenge_companion.services.base import Client

_log = logging.getLogger(__name__)

#: A notice that could not be sent within this time is about the past and is dropped.
NOTICE_LIFE_S = 15.0


class LiveNotices:
    """Sends the newest notice, best effort; nothing of it is stored or repeated."""

    def __init__(self, name: str, client: Client, clock: Clock, wanted: Callable[[], bool]) -> None:
        """`name` is what people call the service; `wanted` says whether it may be sent to."""
        self._name = name
        self._client = client
        self._clock = clock
        self._wanted = wanted
        self._notice: tuple[float, LiveNotice] | None = None
        self._wake = asyncio.Event()

    def tell(self, notice: LiveNotice) -> None:
        """Send `notice`; it replaces one that has not left yet."""
        self._notice = (self._clock.monotonic_s(), notice)
        self._wake.set()

    async def run(self) -> None:
        """Send what is told, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            kept, self._notice = self._notice, None
            if kept is None or not self._wanted():
                continue
            if self._clock.monotonic_s() - kept[0] > NOTICE_LIFE_S:
                continue
            try:
                await self._client.live(kept[1])
            except CompanionError as error:
                # Never repeated: a late "now playing" is a wrong one.
                _log.debug("%s took no live notice: %s", self._name, error)
            except Exception:
                _log.exception("A live notice to %s failed", self._name)
