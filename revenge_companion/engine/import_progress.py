"""How an import stands, told often enough to look alive and seldom enough to cost nothing."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from revenge_companion.core.clock import Clock
from revenge_companion.core.imports import ImportRun

#: Seconds between two tellings of one run.
EVERY_S = 0.1
#: The pace is that of the last so many seconds.
_WINDOW_S = 10.0

#: How long one transaction may take, in seconds: a play that counts meanwhile, and whoever stops
#: the run, wait for it. Much shorter ones would write the same pages again and again.
STEP_S = 0.25
_LEAST_LINES = 500

Told = Callable[[ImportRun], None]


class Progress:
    """The pace of one run, and who is told of it."""

    def __init__(self, clock: Clock, told: list[Told]) -> None:
        self._clock = clock
        self._told = told
        self._seen: deque[tuple[float, int]] = deque()
        self._last_s = float("-inf")
        self._waiting: asyncio.Task[None] | None = None
        self._run: ImportRun | None = None

    def begin(self) -> None:
        """A new stage: what came before says nothing of its pace."""
        self._seen.clear()

    def went(self, run: ImportRun) -> ImportRun:
        """Tell how `run` stands, now or in a moment; the run with its pace."""
        now_s = self._clock.monotonic_s()
        self._seen.append((now_s, run.processed))
        while len(self._seen) > 2 and now_s - self._seen[0][0] > _WINDOW_S:
            self._seen.popleft()
        since_s, before = self._seen[0]
        rate = left_s = None
        if now_s > since_s and run.processed > before:
            rate = (run.processed - before) / (now_s - since_s)
            if run.total is not None:
                left_s = max(0, run.total - run.processed) / rate
        self.tell(replace(run, rate=rate, left_s=left_s))
        assert self._run is not None
        return self._run

    def tell(self, run: ImportRun) -> None:
        """Tell of `run` as it is; in a moment, where somebody was told just now."""
        self._run = run
        if self._waiting is not None:
            return
        wait_s = self._last_s + EVERY_S - self._clock.monotonic_s()
        if wait_s <= 0:
            self._tell_now()
        else:
            self._waiting = asyncio.create_task(self._tell_later(wait_s))

    async def _tell_later(self, wait_s: float) -> None:
        await self._clock.sleep(wait_s)
        self._waiting = None
        self._tell_now()

    def _tell_now(self) -> None:
        self._last_s = self._clock.monotonic_s()
        if self._run is not None:
            for told in self._told:
                told(self._run)

    async def close(self) -> None:
        """Tell what was still to be told, at once."""
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.gather(self._waiting, return_exceptions=True)
            self._waiting = None
            self._tell_now()


class Steps:
    """How many lines are gone through in one transaction: `most`, or as many as the time allows."""

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._least = min(most, _LEAST_LINES)
        self._began_s = 0.0
        self.lines = most

    def begin(self) -> int:
        """A step begins; the lines it is to have."""
        self._began_s = self._clock.monotonic_s()
        return self.lines

    def end(self) -> None:
        """It is done: the next one is as long as this one should have been."""
        took_s = self._clock.monotonic_s() - self._began_s
        # Twice as many at most: one quick step says little.
        fitting = int(self.lines * STEP_S / took_s) if took_s > STEP_S / 2 else 2 * self.lines
        self.lines = max(self._least, min(fitting, self._most))
