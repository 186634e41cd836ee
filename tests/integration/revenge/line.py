"""A client's line to an embedded server, without its own pace, on a clock that turns by itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from revenge_companion.demo.library import Library
from revenge_companion.demo.server import DemoServer
from revenge_companion.net.http import Http
from revenge_companion.revenge.client import RevengeClient
from revenge_companion.revenge.pace import Pace
from revenge_companion.revenge.session import Session
from tests.clock import FakeClock

T = TypeVar("T")
#: Turns of the clock, a second each, in which an answer has to come.
_TURNS = 600


@dataclass
class Line:
    """Somebody signed in."""

    server: DemoServer
    client: RevengeClient
    pace: Pace
    clock: FakeClock

    async def come(self, awaited: Awaitable[T]) -> T:
        """What `awaited` gives, while the clock turns for whoever waits for it."""
        task = asyncio.ensure_future(awaited)
        for _ in range(_TURNS):
            await asyncio.wait({task}, timeout=0.05)
            if task.done():
                return task.result()
            if self.clock.sleeping:
                await self.clock.turn(1.0)
        task.cancel()
        raise AssertionError("no answer came")

    def asked(self, what: str) -> int:
        """How many requests hold `what` in their "METHOD /path"."""
        return sum(what in one for one in self.server.faults.requests)


@asynccontextmanager
async def a_line(library: Library, clock: FakeClock) -> AsyncIterator[Line]:
    http = Http()
    async with DemoServer(clock, library=library, access_token_s=1e8) as server:
        session = Session(http, server.url, clock)
        await session.login(server.username, server.password)
        client = RevengeClient(http, server.url, session)
        server.faults.requests.clear()
        yield Line(server, client, Pace(clock, burst=100_000), clock)
    await http.close()
