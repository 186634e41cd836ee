"""After every connection: what was watched while nobody listened, from the server's history.

The place in the history moves only once everything before it is on disk, so a walk that fails, or
a program that ends in the middle of one, changes nothing. What was seen live and what a replay
brings is told apart from it by the tracker.
"""

import asyncio
import logging
import math
from collections.abc import Sequence
from typing import Protocol

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError, SessionExpired
from revenge_companion.core.playback import PlaybackEvent
from revenge_companion.engine.waiting import woken_within
from revenge_companion.revenge.catchup import CatchUp, Stock, stock_from_text

_log = logging.getLogger(__name__)

#: How long a connection is left to itself first: replayed events come before the history. A server
#: sends them right after it was asked; should one be slower, they count nothing again.
SETTLE_S = 4.0
#: Between two walks while connected; the place has to stay younger than what is remembered.
EVERY_S = 6 * 3600.0
#: From the end of a walk to the next one that only a hint of the server asks for: one that tells of
#: every write must not be asked all the time.
HINTED_S = 60.0
#: Between two tries of a walk that failed.
RETRY_S = 300.0


class Meta(Protocol):
    """Small texts kept in the database."""

    async def get_meta(self, key: str) -> str | None: ...
    async def set_meta(self, key: str, value: str) -> None: ...


class Takes(Protocol):
    """What the history is told to."""

    def is_replaying(self) -> bool:
        """Whether events of the past came in during the last seconds."""
        ...

    async def take_history(self, events: Sequence[PlaybackEvent]) -> bool:
        """Take plays of the past, oldest first; True when all of them are recorded."""
        ...


class CatchingUp:
    """Catches up with one user's history for as long as the sign-in lasts."""

    def __init__(self, walk: CatchUp, takes: Takes, meta: Meta, clock: Clock, profile: str) -> None:
        self._walk = walk
        self._takes = takes
        self._meta = meta
        self._clock = clock
        self._key = f"history/{profile}"
        self._wanted = asyncio.Event()
        #: Whether nothing but a hint asked for the next walk.
        self._only_hinted = True
        self._walked_s = -math.inf

    def connected(self) -> None:
        """The server can be reached again, or something else makes the history worth a look."""
        self._only_hinted = False
        self._wanted.set()

    def hinted(self) -> None:
        """The server says that its history changed."""
        self._wanted.set()

    async def run(self) -> None:
        """Walk after each connection or hint and every few hours, until cancelled or signed out."""
        await self._wanted.wait()
        while True:
            self._wanted.clear()
            due_s = self._walked_s + HINTED_S if self._only_hinted else -math.inf
            self._only_hinted = True
            await self._clock.sleep(max(SETTLE_S, due_s - self._clock.monotonic_s()))
            if self._only_hinted:
                # This walk sees what was hinted at meanwhile.
                self._wanted.clear()
            while self._takes.is_replaying():
                await self._clock.sleep(SETTLE_S)
            try:
                done = await self.once()
            except SessionExpired:
                # The live source finds out by itself and says so.
                return
            except CompanionError as error:
                _log.info("The history could not be read: %s", error)
                done = False
            except Exception:
                _log.exception("Reading the history failed in a way nobody planned for")
                done = False
            self._walked_s = self._clock.monotonic_s()
            await woken_within(self._wanted, self._clock, EVERY_S if done else RETRY_S)

    async def once(self) -> bool:
        """One walk; False where what it found could not be recorded yet.

        The first one of a profile only takes stock. Raises SessionExpired or any
        error of the server's calls; the place in the history has not moved then.
        """
        before = await self._stock()
        events, after = await self._walk.since(before)
        if events:
            _log.info("%d plays are in the server's history", len(events))
        if not await self._takes.take_history(events):
            return False
        if after != before:
            await self._meta.set_meta(self._key, after.text())
        return True

    async def _stock(self) -> Stock | None:
        text = await self._meta.get_meta(self._key)
        if text is None:
            return None
        try:
            return stock_from_text(text)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError):
            _log.warning("The place in the server's history could not be read; it begins anew")
            return None
