"""A WebSocket server on loopback that does what a test tells it, and a session beside it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from revenge_companion.net.http import Http
from revenge_companion.revenge.session import Session
from tests.clock import FakeClock

USER = "11111111-0000-0000-0000-000000000001"


def a_frame(number: int, kind: str = "playback.progress", **data: Any) -> dict[str, Any]:
    """A frame of our user; `number` makes its id and position."""
    return {
        "type": kind,
        "id": f"event-{number:05}",
        "timestamp": "2026-03-01T19:59:59Z",
        "data": {
            "session_id": "session-1",
            "user_id": USER,
            "media_type": "movie",
            "media_id": "movie-1",
            "state": "playing",
            "position_seconds": float(number),
            "duration_seconds": 6000.0,
            "media": {"title": "A film"},
        }
        | data,
    }


@dataclass
class Server:
    """What a test says to the client and what the client said to it."""

    port: int = 0
    #: Statuses answered to the next upgrades instead of accepting; empty accepts.
    refuse: list[int] = field(default_factory=list)
    #: Decides over one upgrade; None accepts.
    gate: Callable[[Request], int | None] = lambda _request: None
    #: Where refusals point to; empty for nowhere.
    location: str = ""
    requests: list[Request] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    connections: list[ServerConnection] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def heard_of(self, kind: str) -> list[dict[str, Any]]:
        return [said for said in self.heard if said["type"] == kind]

    async def say(self, *frames: dict[str, Any] | str | bytes) -> None:
        for frame in frames:
            await self.connections[-1].send(
                frame if isinstance(frame, str | bytes) else json.dumps(frame)
            )

    async def hang_up(self) -> None:
        await self.connections[-1].close()

    async def _handle(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        try:
            async for raw in connection:
                self.heard.append(json.loads(raw))
        except ConnectionClosed:
            pass

    def _gate(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        status = self.refuse.pop(0) if self.refuse else self.gate(request)
        if not status:
            return None
        response = connection.respond(HTTPStatus(status), "no\n")
        if self.location:
            response.headers["Location"] = self.location
        return response


@asynccontextmanager
async def a_server() -> AsyncIterator[Server]:
    """A running server."""
    server = Server()
    async with serve(
        server._handle,  # noqa: SLF001  # the server is this file's own
        "127.0.0.1",
        0,
        process_request=server._gate,  # noqa: SLF001  # the server is this file's own
        ping_interval=None,
        max_size=None,
    ) as running:
        server.port = running.sockets[0].getsockname()[1]
        yield server


class Tokens:
    """The sign-in calls of a server, over a transport that is handed to Http."""

    def __init__(self) -> None:
        self.refreshes = 0
        #: HTTP status and body of a refresh; None hands out the next token.
        self.answer: tuple[int, Any] | None = None
        self.down = False

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("down", request=request)
        assert request.url.path == "/api/v1/auth/refresh"
        self.refreshes += 1
        await asyncio.sleep(0)
        if self.answer is not None:
            status, body = self.answer
            return httpx.Response(status, json=body)
        token = f"token-{self.refreshes}"
        return httpx.Response(200, json={"access_token": token, "expires_in": 86400})


def a_session(url: str, clock: FakeClock, tokens: Tokens | None = None) -> Session:
    """A session that is signed in at `url`."""
    http = Http(transport=httpx.MockTransport(tokens or Tokens()))
    return Session(http, url, clock, refresh_token="refresh-token")
