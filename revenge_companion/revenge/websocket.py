"""The WebSocket of the playback protocol: connect, listen, and connect again; see `run`."""

import asyncio
import json
import logging
import random
import ssl
import uuid
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import Frame, Opcode

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError, SessionExpired
from revenge_companion.core.playback import PlaybackEvent, Source
from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import SourceStatus
from revenge_companion.net.http import USER_AGENT
from revenge_companion.revenge.session import Session
from revenge_companion.revenge.signals import Disconnected, Reconnected, Tell, why_down
from revenge_companion.revenge.waiting import Nudge, reconnect_wait_s
from revenge_companion.revenge.wire import Control, Hint, Skipped, read_frame

_log = logging.getLogger(__name__)
# The library writes headers and bodies at debug: they are nobody's business.
_quiet = logging.getLogger(f"{__name__}.library")
_quiet.setLevel(logging.ERROR)

#: Between two pings of ours, in seconds.
PING_S = 30.0
#: Silence after which a connection is dead, in seconds.
DEAD_S = 90.0
#: Silence that a nudge allows, in seconds.
PROBE_S = 10.0
#: Acknowledgements wait this long for company, in seconds.
ACK_S = 1.0
#: Most ids in one acknowledgement.
ACK_LIMIT = 100
#: The library ends a connection over this, in bytes; frames over `wire.FRAME_LIMIT` are skipped.
HARD_LIMIT = 16 * 1024 * 1024
#: Event ids remembered to drop repeats.
SEEN_LIMIT = 4096
#: An event from longer than this before the connection is one of the past.
LATE = timedelta(seconds=30)
#: Seconds until an upgrade is given up.
OPEN_S = 15.0
#: Answers at the upgrade that say "try again", beside 5xx.
_TRANSIENT = frozenset({408, 425, 429})


class NoWebSocket(CompanionError):
    """The server answers and has no WebSocket."""


class _Connection(ClientConnection):
    """A connection that remembers which messages were binary.

    Text is taken undecoded, since decoding ends the connection at the first broken character; then
    only the frames still know which was which.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.binary: deque[bool] = deque()

    def process_event(self, event: Any) -> None:
        if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY):
            self.binary.append(event.opcode is Opcode.BINARY)
        super().process_event(event)


class _Connect(connect):
    """Follows no redirect: whoever it named would get the token, and perhaps in the open."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class PlaybackSocket:
    """One user's WebSocket to one server."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        user_id: str,
        *,
        nudge: Nudge | None = None,
        last_event_id: str = "",
        jitter: Callable[[], float] = random.random,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._session = session
        self._clock = clock
        self._user_id = user_id
        self._nudge = nudge or Nudge()
        self._jitter = jitter
        self._tls = tls
        self._context: ssl.SSLContext | None = None
        self._url = "ws" + session.base_url.removeprefix("http") + "/api/v1/ws"
        self._by_query = False
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._to_ack: list[str] = []
        self._acks_wait = asyncio.Event()
        self._heard_s = 0.0
        self._telling = False
        #: When this connection began: by the server's clock where it said so, else by ours.
        self._began_at = clock.now()
        #: The last event seen; `since` asks for what came after it.
        self.last_event_id = last_event_id
        #: Frames that were skipped, by reason, since the start.
        self.skipped: Counter[str] = Counter()

    async def offered(self) -> bool:
        """Whether the server takes a WebSocket now; trouble counts as no.

        Raises SessionExpired.
        """
        try:
            connection = await self._open()
        except SessionExpired:
            raise
        except (CompanionError, WebSocketException, OSError, EOFError):
            return False
        await connection.close()
        return True

    async def run(self, tell: Tell) -> None:
        """Listen, and connect again for ever, telling what happens.

        Raises NoWebSocket when the server has none, SessionExpired when the sign-in is over.
        """
        failures = 0
        lost = False
        await tell(SourceStatus(None, False, Reason.CONNECTING))
        while True:
            detail, reason = "", Reason.SERVER_DOWN
            try:
                connection = await self._open()
            except (SessionExpired, NoWebSocket):
                raise
            except (CompanionError, WebSocketException, OSError, EOFError, ImportError) as error:
                detail, reason = _said(error), why_down(error)
            else:
                try:
                    self._heard_s = self._clock.monotonic_s()
                    if lost:
                        await tell(Reconnected(self._heard_s))
                    await tell(SourceStatus(Source.WEBSOCKET, True))
                    heard = await self._listen(connection, tell)
                finally:
                    connection.transport.abort()
                lost = True
                failures = 0 if heard else failures
                await tell(Disconnected(self._clock.monotonic_s()))
            failures += 1
            await tell(SourceStatus(Source.WEBSOCKET, False, reason, detail))
            wait_s = reconnect_wait_s(failures, self._jitter())
            _log.debug("WebSocket: next try in %.1f s", wait_s)
            if await self._nudge.sleep(self._clock, wait_s):
                failures = 0

    async def _open(self) -> ClientConnection:
        """Connect; raises NoWebSocket, SessionExpired, or any error of the network."""
        self._session.check()
        token = await self._session.bearer()
        for fresh in (False, True):
            if fresh:
                token = await self._session.renewed(token)
            for by_query in (True, False) if self._by_query else (False, True):
                try:
                    connection = await self._upgrade(token, by_query)
                except InvalidStatus as error:
                    status = error.response.status_code
                    if status == 401:
                        continue
                    if status == 403:
                        break
                    if status in _TRANSIENT or (status >= 500 and status != 501):
                        raise
                    raise NoWebSocket(f"The server has no WebSocket (HTTP {status}).") from None
                self._by_query = by_query
                return connection
        raise SessionExpired("The server does not accept the sign-in any more.")

    async def _upgrade(self, token: str, by_query: bool) -> ClientConnection:
        extra: dict[str, Any] = {}
        if self._url.startswith("wss:"):
            if self._context is None:
                self._context = await asyncio.to_thread(self._tls)
            extra["ssl"] = self._context
        return await _Connect(
            f"{self._url}?token={quote(token, safe='')}" if by_query else self._url,
            additional_headers=None if by_query else {"Authorization": f"Bearer {token}"},
            user_agent_header=USER_AGENT,
            open_timeout=OPEN_S,
            close_timeout=5,
            ping_interval=None,
            max_size=HARD_LIMIT,
            create_connection=_Connection,
            logger=_quiet,
            **extra,
        )

    async def _listen(self, connection: ClientConnection, tell: Tell) -> bool:
        """Read until the connection ends; returns whether anything was heard."""
        self._to_ack.clear()
        self._began_at = self._clock.now()
        data: dict[str, Any] = {"channels": ["playback", "library"]}
        if self.last_event_id:
            data["since"] = self.last_event_id
        heard = False
        beside: list[asyncio.Task[None]] = []
        try:
            await self._send(connection, "subscribe", data)
            beside = [
                asyncio.create_task(self._keep_alive(connection)),
                asyncio.create_task(self._acknowledge(connection)),
            ]
            while True:
                raw = await connection.recv(decode=False)
                heard = True
                self._heard_s = self._clock.monotonic_s()
                binary = isinstance(connection, _Connection) and connection.binary.popleft()
                if binary:
                    self.skipped["binary"] += 1
                else:
                    await self._take(raw, tell)
        except ConnectionClosed:
            return heard
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _take(self, raw: bytes, tell: Tell) -> None:
        frame = read_frame(raw, at_s=self._heard_s, now=self._clock.now(), user_id=self._user_id)
        if isinstance(frame, PlaybackEvent) and frame.at < self._began_at - LATE:
            frame = replace(frame, late=True)
        match frame:
            case Skipped(code):
                self.skipped[code] += 1
            case Control(kind, data, at):
                if kind == "subscribed" and at is not None:
                    self._began_at = at
                if kind == "error":
                    _log.debug("the server sent an error: %.60s", str(data.get("code")))
            case PlaybackEvent() | Hint():
                if frame.id and frame.id in self._seen:
                    self.skipped["repeat"] += 1
                else:
                    # While it is being recorded nobody reads, so silence says nothing.
                    self._telling = True
                    try:
                        await tell(frame)
                    finally:
                        self._telling = False
                    self._heard_s = self._clock.monotonic_s()
                    self._note(frame.id)
                if frame.id:
                    self._to_ack.append(frame.id)
                    self._acks_wait.set()

    def _note(self, event_id: str) -> None:
        if not event_id:
            return
        self.last_event_id = event_id
        self._seen[event_id] = None
        if len(self._seen) > SEEN_LIMIT:
            self._seen.popitem(last=False)

    async def _keep_alive(self, connection: ClientConnection) -> None:
        """Ping, and cut a connection that has fallen silent; the reader then sees its end."""
        asked_s: float | None = None
        while True:
            nudged = await self._nudge.sleep(self._clock, PING_S if asked_s is None else PROBE_S)
            unheard = asked_s is not None and self._heard_s < asked_s
            if not self._telling and (
                unheard or self._clock.monotonic_s() - self._heard_s >= DEAD_S
            ):
                _log.info("the server has fallen silent; connecting again")
                connection.transport.abort()
                return
            asked_s = self._clock.monotonic_s() if nudged else None
            with suppress(ConnectionClosed):
                await self._send(connection, "ping", {})

    async def _acknowledge(self, connection: ClientConnection) -> None:
        """Acknowledge what was recorded, many at once."""
        while True:
            await self._acks_wait.wait()
            await self._clock.sleep(ACK_S)
            self._acks_wait.clear()
            while self._to_ack:
                ids, self._to_ack[:ACK_LIMIT] = self._to_ack[:ACK_LIMIT], []
                with suppress(ConnectionClosed):
                    await self._send(connection, "ack", {"ids": ids})

    async def _send(self, connection: ClientConnection, kind: str, data: Mapping[str, Any]) -> None:
        envelope = {
            "type": kind,
            "id": str(uuid.uuid4()),
            "timestamp": self._clock.now().isoformat().replace("+00:00", "Z"),
            "data": data,
        }
        await connection.send(json.dumps(envelope))


def _said(error: Exception) -> str:
    """One sentence about a failed connection, without its address."""
    if isinstance(error, InvalidStatus):
        return f"The server answered with HTTP {error.response.status_code}."
    if isinstance(error, CompanionError):
        return str(error)
    if isinstance(error, ssl.SSLError):
        return "The server's certificate could not be verified."
    if isinstance(error, TimeoutError):
        return "The server did not answer in time."
    if isinstance(error, OSError):
        return "The server cannot be reached."
    return "The server did not open a WebSocket."
