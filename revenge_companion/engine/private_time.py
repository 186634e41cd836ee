"""When what the server tells is private: while scrobbling is paused, and what comes late of it."""

from datetime import UTC, datetime
from typing import Protocol

from revenge_companion.core.clock import Clock
from revenge_companion.core.playback import PlaybackEvent

_FAR = datetime.max.replace(tzinfo=UTC)
_PRIVATE_UNTIL = "private_until"
#: Longer than a silent connection is kept, and than between two polls: until then, whatever a
#: server dates before the end of a pause was held up on its way.
_ON_ITS_WAY_S = 120.0
#: How far the distances of two events may differ by the server's clock and by ours.
_IN_STEP_S = 5.0


class Meta(Protocol):
    """Small texts kept beside the ledger."""

    async def get_meta(self, key: str) -> str | None: ...
    async def set_meta(self, key: str, value: str) -> None: ...
    async def drop_meta(self, key: str) -> None: ...


class PrivateTime:
    """One pause after another, and which events belong to the time of one."""

    def __init__(self, meta: Meta, clock: Clock) -> None:
        self._meta = meta
        self._clock = clock
        self.paused = False
        #: When the last pause ended: wall time and monotonic second.
        self._ended: tuple[datetime, float] | None = None
        #: The last event that was dated before it and came in long after: when it was, and came in.
        self._behind: tuple[datetime, float] | None = None
        #: Until when the server's history is private (aware UTC; far off while paused); None where
        #: it is not; and whether that is on disk.
        self._history_until: datetime | None = None
        self.is_noted = True

    def begin(self) -> None:
        """Everything from now on is private."""
        self.paused = True
        self._history_until, self.is_noted = _FAR, False

    def end(self) -> None:
        """Nothing from now on is private."""
        now = self._clock.now()
        self.paused = False
        self._history_until, self.is_noted = now, False
        self._ended, self._behind = (now, self._clock.monotonic_s()), None

    def covers(self, event: PlaybackEvent) -> bool:
        """Whether a live event, or one that is replayed, is private."""
        if self.paused:
            return True
        if self._ended is None or event.at >= self._ended[0]:
            return False
        if event.at_s - self._ended[1] < _ON_ITS_WAY_S:
            return True
        # What was held up or is replayed comes in a burst. A server whose clock is behind ours
        # still dates events so, and they keep step with our clock: it is believed from then on.
        before, self._behind = self._behind, (event.at, event.at_s)
        if before is None:
            return True
        passed_s = event.at_s - before[1]
        drift_s = (event.at - before[0]).total_seconds() - passed_s
        if passed_s < 1.0 or abs(drift_s) > _IN_STEP_S:
            return True
        self._ended = None
        return False

    def covers_past(self, event: PlaybackEvent) -> bool:
        """Whether an event of the server's history is private."""
        return self._history_until is not None and event.at < self._history_until

    def forget_past(self) -> bool:
        """The server's history has been taken up to now; True where that ends a private time."""
        if self._history_until is None or self.paused:
            return False
        self._history_until, self.is_noted = None, False
        return True

    async def read(self) -> None:
        """Go on with what is on disk. Raises StoreTrouble."""
        text = await self._meta.get_meta(_PRIVATE_UNTIL)
        if text is None:
            return
        now = self._clock.now()
        try:
            until = datetime.fromisoformat(text)
        except ValueError:
            until = now
        # A pause that was open when the program ended has no known end: all until now is private.
        self._history_until = min(until, now) if until.tzinfo is not None else now

    async def note(self) -> None:
        """Put on disk what is not there yet. Raises StoreTrouble."""
        if self.is_noted:
            return
        until = self._history_until
        if until is None:
            await self._meta.drop_meta(_PRIVATE_UNTIL)
        else:
            await self._meta.set_meta(_PRIVATE_UNTIL, until.isoformat())
        self.is_noted = until is self._history_until
