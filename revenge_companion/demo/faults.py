"""What can go wrong with single requests to the embedded server."""

from collections import deque
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from revenge_companion.demo.answers import error
from revenge_companion.demo.listener import Listener


@dataclass(slots=True)
class _Fault:
    """What happens to requests whose "METHOD /path" holds `to`."""

    to: str
    #: Matching requests that are answered truly first.
    after: int
    status: int | None


class Faults:
    """An application that answers falsely, or not at all, where it was told to."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._faults: deque[_Fault] = deque()
        #: The last requests as "METHOD /path", in order.
        self.requests: deque[str] = deque(maxlen=20_000)
        self.listener: Listener | None = None

    def answer(self, status: int, *, to: str = "", after: int = 0, times: int = 1) -> None:
        """Answer `times` requests whose "METHOD /path" holds `to` with `status`.

        The first `after` of them are answered truly. 429 comes as today's server sends it, without
        a time to wait.
        """
        for number in range(times):
            self._faults.append(_Fault(to, after if number == 0 else 0, status))

    def lose(self, *, to: str = "", after: int = 0, times: int = 1) -> None:
        """Do what `times` such requests ask for and break the connection without an answer."""
        for number in range(times):
            self._faults.append(_Fault(to, after if number == 0 else 0, None))

    def forget(self) -> None:
        """Answer truly again."""
        self._faults.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = f"{scope['method']} {scope['path']}"
        self.requests.append(name)
        fault = next((one for one in self._faults if one.to in name), None)
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.after:
            fault.after -= 1
            await self._app(scope, receive, send)
        else:
            self._faults.remove(fault)
            if fault.status is None:
                await self._lose(scope, receive, send)
            else:
                await _false(fault.status)(scope, receive, send)

    async def _lose(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def drop(message: Message) -> None:
            """The answer goes nowhere."""

        await self._app(scope, receive, drop)
        if self.listener is not None:
            self.listener.drop(tuple(scope["client"]))
        while (await receive())["type"] != "http.disconnect":
            pass


def _false(status: int) -> Response:
    message = "rate limit exceeded" if status == 429 else "Internal server error"
    return error(status, message)
