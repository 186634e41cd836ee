"""Time as it is handed in, so that tests can turn it."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall and monotonic time, and waiting; the system's own is built in the composition root."""

    def now(self) -> datetime:
        """Aware UTC wall time."""
        ...

    def monotonic_s(self) -> float:
        """Seconds on a clock that never steps back; its zero means nothing."""
        ...

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Wait at least `seconds` (not negative) of monotonic time."""
        ...
