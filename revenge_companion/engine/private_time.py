"""When what the server tells is private: while scrobbling is paused, and what comes late of it."""

from datetime import UTC, datetime
from typing import Protocol

from revenge_companion.core.clock import Clock
from revenge_companion.core.playback import PlaybackEvent

_FAR = datetime.max.replace(tzinfo=UTC)
_PRIVATE_UNTIL = "private_until"
#: Seconds that a frame may be under way from the server.
_ON_ITS_WAY_S = 30.0


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
        #: When the last pause ended, and until which monotonic second its frames may come in.
        self._ended: tuple[datetime, float] | None = None
        #: Until when what is replayed after a reconnection is private.
        self._replay_until: datetime | None = None
        #: Until when the server's history is private (aware UTC; far off while paused); None where
        #: it is not; and whether that is on disk.
        self._history_until: datetime | None = None
        self.is_noted = True

    def begin(self) -> None:
        """Everything from now on is private."""
        self.paused = True
        self._history_until, self.is_noted = _FAR, False

    def end(self, *, blind: bool) -> None:
        """Nothing from now on is private; `blind` where no event can come in at present."""
        now = self._clock.now()
        self.paused = False
        self._history_until, self.is_noted = now, False
        # What is still on its way to us was played in private, too. Not for long: a server's clock
        # may be behind ours.
        self._ended = (now, self._clock.monotonic_s() + _ON_ITS_WAY_S)
        if blind:
            # The reconnection replays what was played meanwhile.
            self._replay_until = now

    def covers(self, event: PlaybackEvent) -> bool:
        """Whether a live event, or one that is replayed, is private."""
        if self.paused:
            return True
        if self._replay_until is not None and event.at < self._replay_until:
            return True
        if self._ended is None:
            return False
        ended_at, until_s = self._ended
        return event.at < ended_at and event.at_s < until_s

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
