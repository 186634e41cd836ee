"""The page a browser comes back to after an approval: a listener on 127.0.0.1 for one request.

It exists only while a link is being made. What does not carry the right `state` is answered and
forgotten, so no other page on this computer can end or fake the link. Nothing of what is received
is logged: the query holds the code.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import TypeVar
from urllib.parse import parse_qsl

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import Unreachable

_T = TypeVar("_T")

#: Longest request that is read, in bytes; codes and tokens are about 1,000.
MAX_REQUEST = 16 << 10
#: A connection that says nothing is closed after this, in seconds. Browsers open some in advance.
SILENCE_S = 10.0
#: Connections at once; more are closed unread.
MOST_CONNECTIONS = 16

_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Revenge Companion</title>"
    "<p style='font:1.2em sans-serif;margin:4em auto;max-width:30em'>{text}</p></html>"
)
_DONE = "Thank you. You can close this page and go back to Revenge Companion."
_JUNK = "Nothing to see here. This page is not part of a link that is being made."


class Redirect:
    """An open listener, while its `async with` block runs; on a free port where `port` is 0.

    `url` is the redirect address to name in the request for approval. Entering raises Unreachable
    when the port is taken.
    """

    def __init__(self, clock: Clock, *, state: str, path: str = "/callback", port: int = 0) -> None:
        self._clock = clock
        self._path = path
        self._state = state.encode()
        self._connections: set[asyncio.Task[None]] = set()
        self._came: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()
        self._server: asyncio.Server | None = None
        self.port = port

    async def __aenter__(self) -> "Redirect":
        try:
            self._server = await asyncio.start_server(
                self._connected, "127.0.0.1", self.port, limit=MAX_REQUEST
            )
        except OSError as error:
            raise Unreachable(
                f"Port {self.port} of this computer is in use by another program, so the browser "
                "could not come back. Close that program and try again."
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._came.cancel()
        if self._server is not None:
            self._server.close()
        connections = list(self._connections)
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self._path}"

    async def wait(self, timeout_s: float) -> Mapping[str, str] | None:
        """The query of the request with our `state`, without it; None after `timeout_s` seconds."""
        return await _within(self._clock, asyncio.shield(self._came), timeout_s)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MOST_CONNECTIONS:
            writer.close()
            return
        # A task of our own: the server would report the cancelling of its own as an error.
        task = asyncio.create_task(self._answered(reader, writer), name="loopback")
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # A peer that resets, floods or sends nonsense concerns nobody.
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._serve(reader, writer)
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await _within(self._clock, reader.readuntil(b"\r\n\r\n"), SILENCE_S)
        if head is None:
            return
        query = self._query(head)
        status, text = ("200 OK", _DONE) if query is not None else ("404 Not Found", _JUNK)
        body = _PAGE.format(text=text).encode()
        writer.write(
            (
                f"HTTP/1.1 {status}\r\n"
                "Content-Type: text/html; charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\n"
                "Cache-Control: no-store\r\n"
                "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
                "Referrer-Policy: no-referrer\r\n"
                "X-Content-Type-Options: nosniff\r\n"
                "Connection: close\r\n\r\n"
            ).encode()
            + body
        )
        await _within(self._clock, writer.drain(), SILENCE_S)
        if query is not None and not self._came.done():
            self._came.set_result(query)

    def _query(self, head: bytes) -> Mapping[str, str] | None:
        """The request's query where it is the awaited one."""
        line = head.split(b"\r\n", 1)[0].split(b" ")
        if len(line) != 3 or line[0] != b"GET" or not line[2].startswith(b"HTTP/1."):
            return None
        path, _, text = line[1].partition(b"?")
        if path != self._path.encode():
            return None
        try:
            query = dict(parse_qsl(text.decode("ascii"), max_num_fields=20))
        except ValueError:
            return None
        state = query.pop("state", "")
        if not hmac.compare_digest(state.encode("utf-8", "replace"), self._state):
            return None
        return query


async def _within(clock: Clock, awaited: Awaitable[_T], seconds: float) -> _T | None:
    """What `awaited` gives; None where it takes longer than `seconds`."""
    work = asyncio.ensure_future(awaited)
    limit = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({work, limit}, return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else None
    finally:
        limit.cancel()
        work.cancel()
