"""The embedded Revenge server: what a real one answers today, and the WebSocket of the protocol."""

from collections.abc import Mapping
from typing import Any, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Item
from revenge_companion.core.playback import Device, EventType, PlayState
from revenge_companion.demo.accounts import Accounts
from revenge_companion.demo.answers import error
from revenge_companion.demo.faults import Faults
from revenge_companion.demo.frames import playback_object
from revenge_companion.demo.hub import EventHub
from revenge_companion.demo.learned import Learned
from revenge_companion.demo.library import LIBRARY, Catalogue, Library, demo_id
from revenge_companion.demo.listener import Listener
from revenge_companion.demo.movies import Movies
from revenge_companion.demo.progress import Progress
from revenge_companion.demo.shows import Shows
from revenge_companion.demo.streams import Streams
from revenge_companion.demo.user_settings import UserSettings

_STATES = {
    EventType.PAUSED: PlayState.PAUSED,
    EventType.STOPPED: PlayState.STOPPED,
    EventType.COMPLETED: PlayState.STOPPED,
}


class DemoServer:
    """A small Revenge on a free port of 127.0.0.1, inside the running event loop.

    `websocket=False` answers 404 at `/api/v1/ws`, as today's servers do; `sse_playback` puts
    playback events on the SSE stream, which today's servers do not; `require_query_token` accepts
    `?token=` only on streams. Use it as an asynchronous context manager.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        username: str = "demo",
        password: str = "demo-password",
        library: Library = LIBRARY,
        websocket: bool = True,
        sse_playback: bool = False,
        require_query_token: bool = False,
        access_token_s: float = 86_400.0,
        refresh_token_s: float = 7 * 86_400.0,
    ) -> None:
        self.accounts = Accounts(
            clock,
            username=username,
            password=password,
            access_token_s=access_token_s,
            refresh_token_s=refresh_token_s,
            require_query_token=require_query_token,
        )
        self._catalogue = catalogue = Catalogue(library)
        self.hub = EventHub(clock, self.accounts.user_id, sse_playback=sse_playback)
        self.progress = Progress(clock)
        self.streams = Streams(self.hub, self.accounts, clock, websocket=websocket)
        #: What it can beyond today's servers; nothing, until `learned.learn`.
        self.learned = Learned(catalogue, self.accounts)
        #: Texts it keeps for its user.
        self.settings = UserSettings(self.accounts)
        self._failing: int | None = None
        app = Starlette(
            routes=[
                *self.accounts.routes(),
                *self.learned.routes(),
                *self.settings.routes(),
                *Movies(catalogue, self.progress, self.accounts).routes(),
                *Shows(catalogue, self.progress, self.accounts).routes(),
                *self.streams.routes(),
                Route("/healthz", _healthy, methods=["GET"]),
            ]
        )
        #: What goes wrong with single requests.
        self.faults = Faults(_Failing(app, self))
        self._listener = self.faults.listener = Listener(self.faults)

    async def __aenter__(self) -> Self:
        await self._listener.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._listener.__aexit__(*exc)

    @property
    def url(self) -> str:
        """The server's address, without a trailing slash."""
        return self._listener.url

    @property
    def library(self) -> Library:
        """What it lists."""
        return self._catalogue.library

    def scan(self, library: Library) -> None:
        """Find `library` on the disks in place of what was there, and say so."""
        self._catalogue.use(library)
        for library_type in ("movie", "tvshow"):
            data = {"library_id": demo_id(f"library/{library_type}"), "library_type": library_type}
            self.hub.publish("library.scan_done", data)

    @property
    def username(self) -> str:
        return self.accounts.username

    @property
    def password(self) -> str:
        return self.accounts.password

    @property
    def user_id(self) -> str:
        return self.accounts.user_id

    @property
    def failing(self) -> int | None:
        """The status everything is answered with; None when all is well."""
        return self._failing

    def fail(self, status: int | None) -> None:
        """Answer every new request and stream with this HTTP status; None ends it."""
        self._failing = status
        self.streams.failing = status

    def drop_connections(self) -> None:
        """Break every open connection; new ones are taken."""
        self._listener.drop()

    def cut(self) -> None:
        """Break every open connection and refuse new ones until `restore`."""
        self._listener.cut()

    async def restore(self) -> None:
        """Take connections again, at the same address."""
        await self._listener.restore()

    def send_raw(self, text: str) -> None:
        """Send `text`, whatever it is, over every open WebSocket."""
        self.hub.send_raw(text)

    def publish(self, event_type: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Send any event; returns its envelope."""
        return self.hub.publish(event_type, data)

    def play_event(
        self,
        event_type: EventType,
        item: Item,
        *,
        session_id: str,
        device: Device,
        position_s: float,
        from_position_s: float | None = None,
        user_id: str | None = None,
        writes_progress: bool = True,
    ) -> dict[str, Any]:
        """Send one playback event and write the progress row a player would; returns its envelope.

        `user_id` is somebody else's where given: then nothing is written for our user.
        """
        data = playback_object(
            item,
            session_id=session_id,
            user_id=user_id or self.user_id,
            device=device,
            state=_STATES.get(event_type, PlayState.PLAYING),
            position_s=position_s,
            from_position_s=from_position_s,
        )
        ours = user_id in (None, self.user_id)
        if writes_progress and ours and item.kind.is_video and item.duration_s:
            self.progress.write(item, int(position_s), int(item.duration_s))
        return self.hub.publish(event_type.value, data)


class _Failing:
    """Answers with the server's failure status instead, where one is set."""

    def __init__(self, app: ASGIApp, server: DemoServer) -> None:
        self._app = app
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = self._server.failing
        # Streams answer for themselves: a WebSocket is refused in its own way.
        if status is not None and scope["type"] == "http":
            await error(status, "failing on request")(scope, receive, send)
            return
        await self._app(scope, receive, send)


async def _healthy(request: Request) -> Response:
    return JSONResponse({"name": "liveness", "status": "healthy", "message": "ok"})
