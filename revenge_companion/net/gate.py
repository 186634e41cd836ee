"""The rate gate: one per linked account, shared by live notices and backlog, live first."""

import math
from collections.abc import Mapping
from datetime import timedelta

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import QuotaExhausted, RateLimited

#: The longest wait a service's headers may impose here, in seconds. Longer ones are quotas.
LONGEST_HOLD_S = 900.0
#: The longest wait at the gate, in seconds; what would wait longer is told to come back. A live
#: notice must not be late, and a row must not stay "sending" for minutes.
LONGEST_WAIT_S = 60.0
LONGEST_LIVE_WAIT_S = 10.0


class DayBudget:
    """Requests per day of a service that counts them; kept in memory, corrected by the service.

    The last quarter is kept for live notices.
    """

    def __init__(self, clock: Clock, *, limit: int, starts_at_utc_h: int = 0) -> None:
        self._clock = clock
        self._starts = timedelta(hours=starts_at_utc_h)
        self._day = self._today()
        self._spent = 0
        self.limit = limit

    def spend(self, *, live: bool) -> None:
        """Count one request; raises QuotaExhausted, with the seconds to the next day."""
        today = self._today()
        if today != self._day:
            self._day, self._spent = today, 0
        if self._spent >= (self.limit if live else self.limit * 3 // 4):
            raise QuotaExhausted(
                "The requests of this day are used up.", retry_after_s=self.left_s()
            )
        self._spent += 1

    def left_s(self) -> float:
        """Seconds until the service's next day begins."""
        now = self._clock.now() - self._starts
        tomorrow = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return (tomorrow - now).total_seconds()

    def _today(self) -> int:
        return (self._clock.now() - self._starts).toordinal()


class Gate:
    """A token bucket: `burst` requests at once, then one per `interval_s` seconds.

    Runs on monotonic time, so a stepped wall clock neither opens nor blocks it.
    """

    def __init__(
        self, clock: Clock, *, interval_s: float, burst: int = 1, day: DayBudget | None = None
    ) -> None:
        self._clock = clock
        self._interval_s = interval_s
        self._burst = float(burst)
        self._tokens = float(burst)
        self._filled_at_s = clock.monotonic_s()
        self._closed_until_s = -math.inf
        self._live_waiting = 0
        self.day = day

    async def pass_(self, *, live: bool = False) -> None:
        """Wait until a request may be sent.

        Raises RateLimited where that would take more than a minute (10 s for live), and
        QuotaExhausted where the day's requests are used up.
        """
        longest_s = LONGEST_LIVE_WAIT_S if live else LONGEST_WAIT_S
        self._live_waiting += live
        try:
            while (wait_s := self._wait_s(live=live)) > 0:
                if wait_s > longest_s:
                    raise RateLimited("The service asked to wait.", retry_after_s=wait_s)
                # Read again after sleeping: headers may have closed the gate meanwhile.
                await self._clock.sleep(wait_s)
            self._tokens -= 1.0
        finally:
            self._live_waiting -= live
        if self.day is not None:
            self.day.spend(live=live)

    def hold(self, seconds: float) -> None:
        """Let nothing through for `seconds`, at most 15 min."""
        until = self._clock.monotonic_s() + min(max(seconds, 0.0), LONGEST_HOLD_S)
        self._closed_until_s = max(self._closed_until_s, until)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Obey an answer's `Retry-After` and `X-RateLimit-Remaining` with `-Reset-In` (seconds).

        Headers that are absent or nonsense change nothing.
        """
        if (retry_after_s := _number(headers.get("retry-after"))) is not None:
            self.hold(retry_after_s)
        remaining = _number(headers.get("x-ratelimit-remaining"))
        reset_in_s = _number(headers.get("x-ratelimit-reset-in"))
        if remaining is None or reset_in_s is None:
            return
        if remaining < 1:
            self.hold(reset_in_s)
        else:
            self._fill()
            self._tokens = min(self._tokens, remaining)

    def _wait_s(self, *, live: bool) -> float:
        self._fill()
        now_s = self._clock.monotonic_s()
        wait_s = self._closed_until_s - now_s
        if self._tokens < 1.0:
            wait_s = max(wait_s, (1.0 - self._tokens) * self._interval_s)
        if not live and self._live_waiting:
            wait_s = max(wait_s, self._interval_s)
        # Rounding must not leave a wait too short to move the clock.
        return max(wait_s, 0.001) if wait_s > 1e-9 else 0.0

    def _fill(self) -> None:
        now_s = self._clock.monotonic_s()
        passed_s = max(now_s - self._filled_at_s, 0.0)
        self._filled_at_s = now_s
        self._tokens = min(self._burst, self._tokens + passed_s / self._interval_s)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
