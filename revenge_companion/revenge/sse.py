"""Server-sent events: what today's servers push. Nothing is replayed after a loss."""

import logging
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError, ServiceTrouble, SessionExpired
from revenge_companion.core.playback import PlaybackEvent, Source
from revenge_companion.net.http import Http
from revenge_companion.revenge.session import Session
from revenge_companion.revenge.signals import Tell
from revenge_companion.revenge.waiting import Nudge, reconnect_wait_s
from revenge_companion.revenge.wire import FRAME_LIMIT, Hint, Skipped, read_frame

_log = logging.getLogger(__name__)

#: The server says something every 30 s; silence over this is the end, in seconds.
SILENCE_S = 75.0
_TRANSIENT = frozenset({408, 425, 429})

#: Told True when the stream is open, False when it was lost.
Changed = Callable[[bool], Awaitable[None]]


class NoEvents(CompanionError):
    """The server answers and has no event stream for this sign-in."""


class EventStream:
    """One user's event stream from one server."""

    def __init__(
        self,
        http: Http,
        session: Session,
        clock: Clock,
        user_id: str,
        *,
        nudge: Nudge | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._http = http
        self._session = session
        self._clock = clock
        self._user_id = user_id
        self._nudge = nudge or Nudge()
        self._jitter = jitter
        #: Events that were skipped, by reason, since the start.
        self.skipped: Counter[str] = Counter()

    async def run(self, tell: Tell, changed: Changed) -> None:
        """Listen, and connect again for ever.

        Raises NoEvents when the server has no stream, SessionExpired when the sign-in is over.
        """
        failures = 0
        while True:
            try:
                if await self._listen(tell, changed):
                    failures = 0
            except (SessionExpired, NoEvents):
                raise
            except CompanionError as error:
                _log.debug("event stream: %s", error)
            await changed(False)
            failures += 1
            await self._nudge.sleep(self._clock, reconnect_wait_s(failures, self._jitter()))

    async def _listen(self, tell: Tell, changed: Changed) -> bool:
        """Read one stream until it ends; returns whether anything came."""
        token = await self._session.bearer()
        for fresh in (False, True):
            if fresh:
                token = await self._session.renewed(token)
            async with self._http.stream(
                "GET",
                f"{self._session.base_url}/api/v1/events",
                headers={"Authorization": f"Bearer {token}", "Accept": "text/event-stream"},
                params={"categories": "playback,library"},
                silence_s=SILENCE_S,
            ) as stream:
                if stream.status in (401, 403):
                    continue
                if stream.status in _TRANSIENT or (stream.status >= 500 and stream.status != 501):
                    raise ServiceTrouble(f"The server failed (HTTP {stream.status}).")
                kind = stream.headers.get("content-type", "")
                if stream.status != 200 or not kind.startswith("text/event-stream"):
                    raise NoEvents("The server has no event stream.")
                await changed(True)
                heard = False
                try:
                    async for data in _events(stream.lines()):
                        heard = True
                        await self._take(data, tell)
                except SessionExpired:
                    raise
                except CompanionError as error:
                    _log.debug("event stream lost: %s", error)
                return heard
        # Whether the sign-in is over is for the REST calls to say: their refusals have a cause.
        raise NoEvents("The server lets this sign-in listen to no events.")

    async def _take(self, data: str, tell: Tell) -> None:
        frame = read_frame(
            data,
            at_s=self._clock.monotonic_s(),
            now=self._clock.now(),
            user_id=self._user_id,
            source=Source.SSE,
        )
        if isinstance(frame, PlaybackEvent | Hint):
            await tell(frame)
        elif isinstance(frame, Skipped):
            self.skipped[frame.code] += 1


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """The data of each event; lines past the limit of a frame are left out."""
    data: list[str] = []
    size = 0
    async for line in lines:
        if line == "":
            if data:
                yield "\n".join(data)
            data, size = [], 0
        elif line.startswith("data:"):
            if size <= FRAME_LIMIT:
                data.append(line[5:].removeprefix(" "))
            size += len(line)
