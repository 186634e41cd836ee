"""Time that tests turn by hand, and bounded waiting for facts that real threads bring about."""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

_T = TypeVar("_T")

#: Where every fake clock starts unless the test says otherwise.
START = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)

#: Passes of the event loop that let woken tasks run on to their next wait.
_PASSES = 30

#: The longest that one turn may go on waking sleepers, so that a busy loop fails its test.
_MOST_WAKES = 100_000


class FakeClock:
    """A `core.clock.Clock` that stands still until the test turns it.

    `jump(seconds)` moves the wall clock alone, as a user or a time server does.
    """

    def __init__(self, now: datetime = START, monotonic_s: float = 1000.0) -> None:
        self._wall = now
        self._monotonic_s = monotonic_s
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return self._wall

    def monotonic_s(self) -> float:
        return self._monotonic_s

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic_s + seconds, next(self._order), woken))
        await woken

    @property
    def sleeping(self) -> int:
        """How many waits are open, cancelled ones left out."""
        return sum(1 for _, _, woken in self._sleepers if not woken.done())

    @property
    def next_wake_s(self) -> float | None:
        """Seconds until the next sleeper is due; None when nobody sleeps."""
        due = [at for at, _, woken in self._sleepers if not woken.done()]
        return min(due) - self._monotonic_s if due else None

    def advance(self, seconds: float) -> None:
        """Move time on at once; sleepers that came due are woken, and run when the test awaits."""
        target = self._monotonic_s + seconds
        while self._wake_next(target):
            pass
        self._move_to(target)

    async def turn(self, seconds: float = 0.0) -> None:
        """Move time on step by step: whoever wakes runs, and may sleep again, within the turn."""
        target = self._monotonic_s + seconds
        await settle()
        for _ in range(_MOST_WAKES):
            if not self._wake_next(target):
                break
            await settle()
        else:
            raise AssertionError(f"more than {_MOST_WAKES} wake-ups in {seconds} s of fake time")
        self._move_to(target)
        await settle()

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward, or back with a negative number; nobody is woken."""
        self._wall += timedelta(seconds=seconds)

    def _wake_next(self, target: float) -> bool:
        while self._sleepers and self._sleepers[0][0] <= target:
            at, _, woken = heapq.heappop(self._sleepers)
            if woken.done():
                continue
            self._move_to(max(at, self._monotonic_s))
            woken.set_result(None)
            return True
        return False

    def _move_to(self, monotonic_s: float) -> None:
        self._wall += timedelta(seconds=monotonic_s - self._monotonic_s)
        self._monotonic_s = monotonic_s


async def settle(passes: int = _PASSES) -> None:
    """Let tasks that are ready run on to their next wait; threads and sockets are not awaited."""
    for _ in range(passes):
        await asyncio.sleep(0)


async def eventually(fact: Callable[[], bool], *, within_s: float = 5.0) -> None:
    """Wait in real time until `fact()` holds; fails the test after `within_s`."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while not fact():
        if loop.time() > end:
            raise AssertionError(f"not true within {within_s} s")
        await asyncio.sleep(0.002)


async def within(awaited: Awaitable[_T], seconds: float = 5.0) -> _T:
    """What `awaited` gives; fails the test when that takes longer than `seconds` of real time."""
    return await asyncio.wait_for(awaited, seconds)
