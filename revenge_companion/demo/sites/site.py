"""What every local destination can do: hold what arrives, and fail on demand."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from inspect import isawaitable
from typing import Any, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Kind
from revenge_companion.demo.listener import Listener
from revenge_companion.demo.sites.held import Received

#: What answers a request.
Handler = Callable[[Request], Response | Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Scripted:
    """An answer to give instead of the real one, to paths that start with `path`."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = ""


class Site(ABC):
    """One destination on a port of its own; an asynchronous context manager."""

    #: Key of the service in the catalogue.
    service: str
    #: What it keeps.
    kinds: tuple[Kind, ...]
    #: What a person would paste or type to link: a token or a password; empty for device codes.
    link_secret = ""
    #: The user's name there.
    user_name: str
    #: Whether a second play of the same item leaves no second record, as at Simkl.
    once_per_item = False
    #: What follows the host in the address that clients are given.
    root = ""
    auth_root = ""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        #: What is kept, in the order it came.
        self.held: list[Received] = []
        #: Each request as "METHOD /path", lost and refused ones too.
        self.requests: list[str] = []
        self._scripted: deque[Scripted] = deque()
        self._losing = 0
        self._slow_s = 0.0
        self._stored = 0
        self._app = Starlette(routes=[*self.routes()])
        self._listener = Listener(self._serve)

    @abstractmethod
    def routes(self) -> Sequence[Route]:
        """What this destination answers."""

    async def __aenter__(self) -> Self:
        await self._listener.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._listener.__aexit__(*exc)

    @property
    def url(self) -> str:
        """The address a client is given as the API's."""
        return self._listener.url + self.root

    @property
    def auth_url(self) -> str:
        """The address a client is given for signing in."""
        return self._listener.url + self.auth_root

    @property
    def host(self) -> str:
        """Scheme, host and port alone."""
        return self._listener.url

    @property
    def reachable(self) -> bool:
        return self._listener.listening

    @property
    def client_environment(self) -> dict[str, str]:
        """The environment variables of the client id that is used here; empty without one."""
        return {}

    def hold(self, received: Received) -> None:
        """Keep a play that arrived."""
        self.held.append(received)
        self.stored()

    def stored(self) -> None:
        """The request under way changes what is kept: its answer is one that can be lost."""
        self._stored += 1

    def cut(self) -> None:
        """Break open connections and refuse new ones until `restore`."""
        self._listener.cut()

    async def restore(self) -> None:
        """Answer again, at the same address."""
        await self._listener.restore()

    def lose_replies(self, times: int) -> None:
        """Keep what the next `times` storing requests bring, and break them without an answer."""
        self._losing = times

    def answer(
        self,
        status: int,
        body: str = "",
        headers: Mapping[str, str] | None = None,
        *,
        times: int = 1,
        path: str = "",
    ) -> None:
        """Answer the next `times` requests to paths that start with `path` so; nothing is kept."""
        self._scripted += [Scripted(status, body, headers or {}, path)] * times

    def forget_answers(self) -> None:
        """Answer truly again: what `answer` and `lose_replies` have left is dropped."""
        self._scripted.clear()
        self._losing = 0

    def slow(self, seconds: float) -> None:
        """Take `seconds` of the clock before each answer; 0 ends it."""
        self._slow_s = seconds

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.requests.append(f"{scope['method']} {scope['path']}")
        if self._slow_s:
            await self.clock.sleep(self._slow_s)
        for scripted in self._scripted:
            if scope["path"].startswith(scripted.path):
                self._scripted.remove(scripted)
                answer = Response(scripted.body, scripted.status, dict(scripted.headers))
                await answer(scope, receive, send)
                return
        if not self._losing:
            await self._app(scope, receive, send)
            return
        await self._maybe_lose(scope, receive, send)

    async def _maybe_lose(self, scope: Scope, receive: Receive, send: Send) -> None:
        stored = self._stored
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        if self._stored > stored and self._losing:
            self._losing -= 1
            host, port = scope["client"]
            self._listener.drop((host, port))
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        for message in answer:
            await send(message)


def guarded(
    refusal: Callable[[Request], Response | None], routes: Iterable[tuple[str, str, Handler]]
) -> list[Route]:
    """Routes (verb, path, what answers) for requests that `refusal` does not refuse."""

    def behind(handle: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if (refused := refusal(request)) is not None:
                return refused
            said = handle(request)
            return await said if isawaitable(said) else said

        return answer

    return [Route(path, behind(handle), methods=[verb]) for verb, path, handle in routes]


def sent_date(value: Any, now: datetime) -> datetime:
    """The date in `value`; the present for what is none with its zone."""
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return now
    return at if at.tzinfo is not None else now


def wire_object(value: Any) -> dict[str, Any]:
    """`value` where it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def wire_list(value: Any) -> list[dict[str, Any]]:
    """The objects in `value` where it is a JSON list, else none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
