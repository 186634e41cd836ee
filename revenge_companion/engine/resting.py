"""How long a service is left alone after failures, and what cuts that short."""

from collections.abc import Callable

from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import wait_s

#: Other hosts' answers cut a rest short at most this often: the service itself may be down.
DEAF_S = 60.0


class Rest:
    """One lane's rest; none at first."""

    def __init__(self, clock: Clock, jitter: Callable[[], float]) -> None:
        self._clock = clock
        self._jitter = jitter
        #: Failures of the service in a row, and until when (monotonic) it is left alone.
        self._failures = 0
        self._until_s = 0.0
        #: The last failure was the network's; or the service itself asked for the rest.
        self._unreachable = False
        self._deaf_until_s = 0.0
        self._asked = False

    @property
    def left_s(self) -> float:
        """Seconds that are left of it; 0 where there is none."""
        return max(0.0, self._until_s - self._clock.monotonic_s())

    def allows(self, *, force: bool) -> bool:
        """Whether something may be sent; `force` is the user's word.

        Who flushes by hand may cut our own patience short, not what the service asked for.
        """
        return not self.left_s or (force and not self._asked)

    def begin(self, seconds: float | None = None) -> float:
        """Leave the service alone, for `seconds` where it said how long; returns the seconds."""
        self._failures += 1
        self._asked = seconds is not None
        rest = wait_s(self._failures, self._jitter())
        if seconds is not None:
            rest = max(seconds, 0.0)
        self._until_s = self._clock.monotonic_s() + rest
        return rest

    def go_on(self) -> float:
        """Begin where there is none yet; returns the seconds that are left."""
        if not self.left_s:
            self.begin()
        return self.left_s

    def failed(self, *, unreachable: bool) -> None:
        """A request failed, by the network or by the service."""
        self._unreachable = unreachable

    def answered(self, waits_s: float = 0.0) -> None:
        """A request was taken; some of its rows may have to wait for `waits_s`."""
        self._failures, self._unreachable = 0, False
        if waits_s:
            self._until_s = self._clock.monotonic_s() + waits_s

    def forgive(self) -> None:
        """Past failures make the next rest no longer."""
        self._failures = 0

    def hears(self) -> bool:
        """Whether another host's answer proves that the network, which failed, is back."""
        now_s = self._clock.monotonic_s()
        if not self._unreachable or now_s < self._deaf_until_s:
            return False
        self._deaf_until_s = now_s + DEAF_S
        return True

    def recovered(self) -> bool:
        """The network is back: True where that ended a rest."""
        if not self._failures or self._asked:
            return False
        self._failures, self._until_s = 0, 0.0
        return True
