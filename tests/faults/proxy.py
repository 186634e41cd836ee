"""A bad line: a proxy on loopback that breaks a share of the requests in every way there is."""

import asyncio
import random
import socket
import struct
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import Self

_PORTAL = b"<!doctype html><title>Welcome to the hotel</title><p>Please accept our terms."
#: How long a refused port stays closed, in real seconds; the client asks again at once.
_CLOSED_S = 0.004


class Fault(StrEnum):
    REFUSE = "refused"
    RESET_BEFORE = "reset before"
    RESET_AFTER = "reset after"
    DROP_REPLY = "reply dropped"
    TRUNCATE = "truncated"
    DELAY = "delayed"
    ERROR_BEFORE = "5xx before"
    ERROR_AFTER = "5xx after"
    PORTAL = "portal page"
    RATE_LIMIT = "429"


class FaultProxy:
    """Passes HTTP on to `target` (host and port), one request per connection.

    `share` of the requests meet a fault, chosen by `rng`; it may be changed at any time. `told` is
    called with "arrived" when a request is whole and "stored" when the target has answered it.
    """

    def __init__(
        self,
        target: tuple[str, int],
        rng: random.Random,
        *,
        share: float = 0.0,
        told: Callable[[str], None] | None = None,
    ) -> None:
        self._target = target
        self._rng = rng
        self._told = told
        self.share = share
        self.faults: Counter[Fault] = Counter()
        self.requests = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        for _ in range(5):
            await asyncio.sleep(0)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, limit=1 << 22
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._open.discard(writer)
            with suppress(OSError, asyncio.CancelledError):
                writer.close()
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        fault = self._fault()
        if fault is not None:
            self.faults[fault] += 1
        if fault is Fault.REFUSE:
            self._close_a_while()
        if fault in (Fault.REFUSE, Fault.RESET_BEFORE):
            _reset(writer)
            return
        request = await _whole(head, reader)
        if self._told is not None:
            self._told("arrived")
        match fault:
            case Fault.ERROR_BEFORE:
                writer.write(_answer("503 Service Unavailable", b"try again"))
            case Fault.PORTAL:
                writer.write(_answer("200 OK", _PORTAL, "Content-Type: text/html"))
            case Fault.RATE_LIMIT:
                wait = self._rng.choice((1, 2, 30))
                writer.write(_answer("429 Too Many Requests", b"{}", f"Retry-After: {wait}"))
            case _:
                await self._pass_on(request, writer, fault)

    async def _pass_on(
        self, request: bytes, writer: asyncio.StreamWriter, fault: Fault | None
    ) -> None:
        if fault is Fault.DELAY:
            await asyncio.sleep(self._rng.uniform(0.0, 0.01))
        answer = await self._asked(request)
        if self._told is not None:
            self._told("stored")
        match fault:
            case Fault.RESET_AFTER:
                _reset(writer)
            case Fault.DROP_REPLY:
                return
            case Fault.TRUNCATE:
                head, _, body = answer.partition(b"\r\n\r\n")
                writer.write(head + b"\r\n\r\n" + body[: len(body) // 2])
            case Fault.ERROR_AFTER:
                writer.write(_answer("502 Bad Gateway", b"<h1>Bad gateway</h1>"))
            case _:
                writer.write(answer)

    async def _asked(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(*self._target)
        try:
            writer.write(request)
            return await reader.read(-1)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _fault(self) -> Fault | None:
        if self._rng.random() >= self.share:
            return None
        return self._rng.choice(tuple(Fault))

    def _close_a_while(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self._server = None

        async def again() -> None:
            await asyncio.sleep(_CLOSED_S)
            await self._listen()

        task = asyncio.create_task(again())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _whole(head: bytes, reader: asyncio.StreamReader) -> bytes:
    """The request with its body, told to be the last of its connection."""
    lines = [line for line in head[:-4].split(b"\r\n") if line]
    kept, size = [lines[0]], 0
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            size = int(value)
        if name.lower() not in (b"connection", b"expect"):
            kept.append(line)
    kept.append(b"Connection: close")
    return b"\r\n".join(kept) + b"\r\n\r\n" + await reader.readexactly(size)


def _answer(status: str, body: bytes, *more: str) -> bytes:
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *more)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _reset(writer: asyncio.StreamWriter) -> None:
    """Break the connection with a reset instead of an end."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
