"""Which live source is used: the WebSocket, else server events with polling, else polling."""

import asyncio
import logging
import random
import ssl
from collections.abc import Callable

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError, SessionExpired
from revenge_companion.core.playback import PlaybackEvent, Source
from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import SourceStatus
from revenge_companion.net.http import Http
from revenge_companion.revenge.client import RevengeClient
from revenge_companion.revenge.own import OwnWrites
from revenge_companion.revenge.polling import POLL_S, Poller
from revenge_companion.revenge.session import Session
from revenge_companion.revenge.signals import Disconnected, Reconnected, Signal, Tell, why_down
from revenge_companion.revenge.sse import EventStream, NoEvents
from revenge_companion.revenge.waiting import Nudge, first_of
from revenge_companion.revenge.websocket import NoWebSocket, PlaybackSocket

_log = logging.getLogger(__name__)

#: Between two tries whether the server has learnt something better, in seconds.
REPROBE_S = 3600.0


class LiveSource:
    """All that one server tells of one user's playback, from whatever it offers."""

    def __init__(
        self,
        http: Http,
        session: Session,
        clock: Clock,
        user_id: str,
        *,
        last_event_id: str = "",
        own: OwnWrites | None = None,
        jitter: Callable[[], float] = random.random,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._session = session
        self._clock = clock
        self._nudge = Nudge()
        self._socket = PlaybackSocket(
            session,
            clock,
            user_id,
            nudge=self._nudge,
            last_event_id=last_event_id,
            jitter=jitter,
            tls=tls,
        )
        self._events = EventStream(http, session, clock, user_id, nudge=self._nudge, jitter=jitter)
        self._poller = Poller(RevengeClient(http, session.base_url, session), clock, own)

    @property
    def last_event_id(self) -> str:
        """The last event seen over the WebSocket; hand it to the next LiveSource."""
        return self._socket.last_event_id

    def nudge(self) -> None:
        """Try again at once, because the network may be back."""
        self._nudge()

    async def run(self, tell: Tell) -> None:
        """Tell what happens, one signal after the other, until cancelled.

        Raises SessionExpired when the sign-in is over, and whatever `tell` raises.
        """
        while True:
            if not self._session.by_key:
                try:
                    await self._socket.run(tell)
                except NoWebSocket as error:
                    _log.info("%s Using what else it offers.", error)
            await self._fall_back(tell)

    async def _fall_back(self, tell: Tell) -> None:
        """Use the event stream and polling until the server takes a WebSocket."""
        fallback = _Fallback(
            self._events, self._poller, self._clock, self._nudge, tell, self._session.by_key
        )
        self._poller.forget()
        tasks = [asyncio.create_task(fallback.keep_polling())]
        if not self._session.by_key:
            tasks.append(asyncio.create_task(fallback.keep_listening()))
            tasks.append(asyncio.create_task(self._until_offered(fallback)))
        await first_of(*tasks)

    async def _until_offered(self, fallback: "_Fallback") -> None:
        while True:
            await self._clock.sleep(REPROBE_S)
            if await self._socket.offered():
                # Not in the middle of recording something.
                await fallback.turn.acquire()
                return


class _Fallback:
    """The event stream and polling together, telling as one source."""

    def __init__(
        self,
        events: EventStream,
        poller: Poller,
        clock: Clock,
        nudge: Nudge,
        tell: Tell,
        by_key: bool,
    ) -> None:
        self._events = events
        self._poller = poller
        self._clock = clock
        self._nudge = nudge
        self._tell = tell
        self._by_key = by_key
        #: Held while something is found out and recorded.
        self.turn = asyncio.Lock()
        self._status: SourceStatus | None = None
        #: Whether the stream is open; None before the first try ended.
        self._listening: bool | None = False if by_key else None
        #: Whether the stream has carried playback since it was opened: then polling rests.
        self._carries = False
        #: Whether the last poll was answered; None before the first.
        self._polling: bool | None = None
        self._trouble = ""
        self._down = Reason.SERVER_DOWN
        self._blind = False

    async def keep_polling(self) -> None:
        """Poll for ever; raises SessionExpired."""
        while True:
            async with self.turn:
                if not self._carries:
                    await self._poll()
            await self._nudge.sleep(self._clock, POLL_S)

    async def _poll(self) -> None:
        try:
            found = await self._poller.poll()
        except SessionExpired:
            raise
        except CompanionError as error:
            self._polling, self._trouble = False, str(error)
            self._down = why_down(error)
            await self._say()
            return
        self._polling, self._trouble = True, ""
        await self._say()
        for event in found:
            await self._tell(event)

    async def keep_listening(self) -> None:
        """Listen to the event stream, and ask every hour for one that is not there."""
        while True:
            try:
                await self._events.run(self._heard, self._changed)
            except NoEvents as error:
                _log.info("%s", error)
            await self._changed(False)
            await self._clock.sleep(REPROBE_S)

    async def _heard(self, signal: Signal) -> None:
        async with self.turn:
            if isinstance(signal, PlaybackEvent) and not self._carries:
                self._carries = True
                await self._say()
            await self._tell(signal)

    async def _changed(self, listening: bool) -> None:
        async with self.turn:
            self._listening = listening
            if not listening and self._carries:
                self._carries = False
                self._poller.forget()
                if not self._blind:
                    self._blind = True
                    await self._tell(Disconnected(self._clock.monotonic_s()))
            await self._say()

    async def _say(self) -> None:
        """Tell how well this source sees, where that changed."""
        status = self._seen()
        if status.connected is False and self._polling is False and not self._blind:
            self._blind = True
            await self._tell(Disconnected(self._clock.monotonic_s()))
        elif status.connected and self._blind:
            self._blind = False
            await self._tell(Reconnected(self._clock.monotonic_s()))
        if status != self._status:
            self._status = status
            await self._tell(status)

    def _seen(self) -> SourceStatus:
        if self._carries:
            return SourceStatus(Source.SSE, True, Reason.SERVER_EVENTS)
        source = Source.SSE if self._listening else Source.POLL
        if self._polling is False:
            return SourceStatus(source, False, self._down, self._trouble)
        if self._polling is None or self._listening is None:
            return SourceStatus(None, False, Reason.CONNECTING)
        if self._by_key:
            return SourceStatus(Source.POLL, True, Reason.API_KEY_ONLY)
        reason = Reason.NO_WEBSOCKET if self._listening else Reason.NO_LIVE_EVENTS
        return SourceStatus(source, True, reason)
