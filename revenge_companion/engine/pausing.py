"""Pausing scrobbling: for a time that outlasts the program, or until it is ended by hand."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import StoreTrouble

_PAUSED_UNTIL = "paused_until"
#: A wall clock may be set while we wait, so no wait is longer than this.
_LONGEST_WAIT_S = 600.0


class Meta(Protocol):
    """Small texts kept in the database."""

    async def get_meta(self, key: str) -> str | None: ...
    async def set_meta(self, key: str, value: str) -> None: ...
    async def drop_meta(self, key: str) -> None: ...


class Pausing:
    """One pause at a time; `begun` and `ended` are called as it begins and ends."""

    def __init__(
        self,
        clock: Clock,
        meta: Meta,
        *,
        begun: Callable[[], None],
        ended: Callable[[], None],
        chore: Callable[[Coroutine[object, object, None]], None],
        trouble: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._meta = meta
        self._begun = begun
        self._ended = ended
        self._chore = chore
        self._trouble = trouble
        self._timer: asyncio.Task[None] | None = None
        #: Aware UTC end of the pause; the last moment there is for one without an end.
        self.until: datetime | None = None

    def pause(self, until: datetime | None) -> None:
        """Pause until `until` (aware UTC), or with None until the program ends or `resume`."""
        self.close()
        self.until = until or datetime.max.replace(tzinfo=UTC)
        self._begun()
        self._chore(self._keep(until))
        if until is not None:
            self._timer = asyncio.create_task(self._resume_at(until), name="pause-timer")

    def pause_for(self, length: timedelta | None) -> None:
        """Pause for `length` from now, or without an end."""
        self.pause(None if length is None else self._clock.now() + length)

    def resume(self) -> None:
        """End the pause; harmless where there is none."""
        self.close()
        self.until = None
        self._chore(self._keep(None))
        self._ended()

    async def stay(self) -> None:
        """Go on with a pause that was not to end with the program."""
        text = await self._meta.get_meta(_PAUSED_UNTIL)
        with suppress(ValueError):
            until = datetime.fromisoformat(text or "")
            if until > self._clock.now():
                self.pause(until)

    def close(self) -> None:
        """Stop waiting for the pause's end; the pause itself stays."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _keep(self, until: datetime | None) -> None:
        """Store a pause's end, so that it outlasts the program; with None there is none."""
        try:
            if until is None:
                await self._meta.drop_meta(_PAUSED_UNTIL)
            else:
                await self._meta.set_meta(_PAUSED_UNTIL, until.isoformat())
        except StoreTrouble as error:
            self._trouble(str(error))

    async def _resume_at(self, until: datetime) -> None:
        while (left := (until - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(min(left, _LONGEST_WAIT_S))
        self._timer = None
        self.resume()
