"""A clock that runs faster, so that a film of half an hour can be watched in half a minute."""

import asyncio
import time
from datetime import UTC, datetime, timedelta


class ScaledClock:
    """A `core.clock.Clock` on which time runs `speed` times as fast as outside.

    Wall and monotonic time and sleeping are scaled alike: the server, the viewer, the destinations
    and the engine share one, so that playing time is real playing time for all of them. Two
    processes of one machine agree when the second is given the first one's `speed`, `started_at`
    and `started_s`.
    """

    def __init__(
        self,
        speed: float = 1.0,
        *,
        started_at: datetime | None = None,
        started_s: float | None = None,
    ) -> None:
        if speed <= 0:
            raise ValueError("the speed of a clock is over 0")
        self.speed = speed
        #: Aware UTC wall time at which scaling began.
        self.started_at = started_at or datetime.fromtimestamp(time.time(), UTC)
        #: The system's monotonic seconds at which scaling began.
        self.started_s = time.monotonic() if started_s is None else started_s

    def now(self) -> datetime:
        """Aware UTC wall time; ahead of the real one once `speed` is over 1."""
        return self.started_at + timedelta(seconds=self.monotonic_s() - self.started_s)

    def monotonic_s(self) -> float:
        """Scaled seconds that never step back."""
        return self.started_s + (time.monotonic() - self.started_s) * self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait at least `seconds` of scaled time."""
        until_s = self.monotonic_s() + seconds
        left_s = seconds
        # An event loop may wake a timer a moment early.
        while True:
            await asyncio.sleep(left_s / self.speed)
            left_s = until_s - self.monotonic_s()
            if left_s <= 0:
                return
