"""Everything outside the program, in one object: clock, server, destinations, viewer."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Self

from revenge_companion.core.clock import Clock
from revenge_companion.demo.clock import ScaledClock
from revenge_companion.demo.destinations import Destinations
from revenge_companion.demo.report import DemoReport, Outage
from revenge_companion.demo.server import DemoServer
from revenge_companion.demo.viewer import REPORT_S, Told, Viewer

#: The most seconds of playing between two progress frames, however fast the clock runs.
_REPORT_MOST_S = 30.0
#: How long the demo's sign-in lasts: ten years.
_SIGNED_IN_S = 10 * 365 * 86_400.0


class DemoWorld:
    """A world on one clock that runs `speed` times as fast; an asynchronous context manager.

    The engine has to be given `clock` too: the server dates its frames by it, and real playing
    time is measured on it.
    """

    def __init__(
        self,
        *,
        speed: float = 1.0,
        clock: Clock | None = None,
        told: Told | None = None,
        websocket: bool = True,
        sse_playback: bool = False,
    ) -> None:
        self.clock: Clock = clock or ScaledClock(speed)
        self.server = DemoServer(
            self.clock,
            websocket=websocket,
            sse_playback=sse_playback,
            # The week that a sign-in lasts would be over in minutes here.
            refresh_token_s=_SIGNED_IN_S,
        )
        self.destinations = Destinations(self.clock)
        # A frame every 10 s of playing, but not more than about ten in a real second.
        report_s = min(max(REPORT_S, speed / 10), _REPORT_MOST_S)
        self.viewer = Viewer(self.server, self.clock, report_s=report_s, told=told)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.server)
            await stack.enter_async_context(self.destinations)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    @property
    def server_url(self) -> str:
        return self.server.url

    @property
    def username(self) -> str:
        return self.server.username

    @property
    def password(self) -> str:
        return self.server.password

    def report(self, services: Sequence[str], outage: Outage | None = None) -> DemoReport:
        """The count of what was played against what `services` hold."""
        over = [play for play in self.viewer.plays if play.ended_at is not None]
        count = self.destinations.tally(self.viewer.plays, *services)
        return DemoReport(
            plays=len(over),
            scrobbles=sum(play.must_count is True for play in over),
            delivered=count.delivered,
            lost=count.lost,
            doubled=count.doubled,
            outage=outage or Outage(),
        )
