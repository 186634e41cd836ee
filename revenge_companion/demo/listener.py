"""An application on a loopback port, inside the running event loop, that can be cut off."""

import asyncio
import socket
from typing import Any, Self

import uvicorn
from uvicorn.server import ServerState

#: How long a stop waits for what is being answered, in real seconds.
_STOP_S = 2.0


class Listener:
    """One ASGI application on its own port of 127.0.0.1, with HTTP and WebSocket on that port.

    uvicorn's protocols are put on a socket of ours instead of starting its `Server`: no signal
    handlers, no ticking, and the port can be closed and opened again.
    """

    def __init__(self, app: Any) -> None:
        self._config = uvicorn.Config(
            app,
            http="h11",
            # The plain "websockets" implementation uses what websockets 14 deprecated.
            ws="websockets-sansio",
            interface="asgi3",
            ws_ping_interval=None,
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            # Idle connections of a client's pool are not ours to end.
            timeout_keep_alive=3600,
        )
        self._state = ServerState()
        self._server: asyncio.Server | None = None
        #: Bound but not listening while cut off: connections are refused and the port stays ours.
        self._reserved: socket.socket | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """The root of the application, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def listening(self) -> bool:
        return self._server is not None

    async def __aenter__(self) -> Self:
        if not self._config.loaded:
            self._config.load()
        self._reserved = self._bind(0)
        self.port = self._reserved.getsockname()[1]
        await self.restore()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.cut()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_STOP_S)
        # Aborted transports close their sockets in the next rounds of the loop.
        for _ in range(3):
            await asyncio.sleep(0)

    def cut(self) -> None:
        """Refuse new connections and break those there are; again does nothing."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._reserved = self._bind(self.port)
        self.drop()

    async def restore(self) -> None:
        """Listen again on the same port; again does nothing."""
        if self._server is not None or self._reserved is None:
            return
        reserved, self._reserved = self._reserved, None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, sock=reserved)

    def drop(self, client: tuple[str, int] | None = None) -> None:
        """Break every open connection, or the one of `client` (address and port)."""
        # Not every protocol of uvicorn is typed alike; those used here have both attributes.
        connections: list[Any] = list(self._state.connections)
        for connection in connections:
            if client in (None, connection.client):
                connection.transport.abort()

    def _protocol(self) -> asyncio.Protocol:
        protocol: Any = self._config.http_protocol_class
        made: asyncio.Protocol = protocol(
            config=self._config,
            server_state=self._state,
            app_state={},
            _loop=asyncio.get_running_loop(),
        )
        return made

    @staticmethod
    def _bind(port: int) -> socket.socket:
        # By name: asyncio sends without delay only where the protocol is named, and an answer in
        # two pieces would wait 40 ms for its second.
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setblocking(False)
        bound.bind(("127.0.0.1", port))
        return bound
