"""The pace of many calls to one server, and what is tried again."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import (
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.net.gate import Gate

T = TypeVar("T")

#: Seconds between two calls. The server takes 50 per second of an address, which the user's own
#: players share.
INTERVAL_S = 0.04
BURST = 10
#: Before each further try, in seconds; this server never says how long to wait.
WAITS_S = (1.0, 2.0, 4.0, 8.0, 15.0)


class Pace:
    """Lets calls of the index, the reader and the marks through, together and one by one."""

    def __init__(self, clock: Clock, *, interval_s: float = INTERVAL_S, burst: int = BURST) -> None:
        self._clock = clock
        self._gate = Gate(clock, interval_s=interval_s, burst=burst)

    async def read(self, call: Callable[[], Awaitable[T]]) -> T:
        """What `call` gives; trouble that may pass is tried again for half a minute."""
        return await self._paced(call, (RateLimited, ServiceTrouble, Unanswered, Unreachable))

    async def write(self, call: Callable[[], Awaitable[T]]) -> T:
        """As `read`, but only what was certainly not taken is sent again."""
        return await self._paced(call, (RateLimited, Unreachable))

    async def _paced(
        self, call: Callable[[], Awaitable[T]], again: tuple[type[Exception], ...]
    ) -> T:
        for wait_s in WAITS_S:
            await self._gate.pass_()
            try:
                return await call()
            except again as error:
                said = error.retry_after_s if isinstance(error, RateLimited) else None
                if isinstance(error, RateLimited):
                    # Everybody waits: whoever goes on asking keeps the limit closed.
                    self._gate.hold(said or wait_s)
                await self._clock.sleep(said or wait_s)
        await self._gate.pass_()
        return await call()


async def together(calls: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """What `calls` give, made at the same time; the first that fails ends the others."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
