"""What several Companions of one user tell each other, in a setting that the server keeps.

One that marks items leaves a note of when, by the server's own clock: another one that finds an
item finished at that time knows that it was marked and not played. The setting is a text, since the
server loses objects; it holds times and a random name for each Companion, and nothing else. It is a
courtesy: where it cannot be read or written, each goes on by itself.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError, SessionExpired
from revenge_companion.revenge.client import RevengeClient
from revenge_companion.revenge.own import Span

_log = logging.getLogger(__name__)

KEY = "companion.marks"
#: Times kept of one Companion, and Companions.
MOST_TIMES, MOST_NAMES = 100, 10
#: Marks that follow each other this closely are noted as one time.
JOINED = timedelta(minutes=5)
#: What is being marked is noted this far around now, by our clock, until the server's is known.
BEFORE, AFTER = timedelta(minutes=2), timedelta(minutes=10)
#: Times come in whole seconds.
SLACK = timedelta(seconds=2)


class Notes:
    """This Companion's note, and those of the others."""

    def __init__(
        self, client: RevengeClient, clock: Clock, name: Callable[[], Awaitable[str]]
    ) -> None:
        """`name` tells this Companion from the others; it is random and stays the same."""
        self._client = client
        self._clock = clock
        self._name = name
        self._others: tuple[Span, ...] = ()
        #: What is noted of us, without what is under way; None before it was read.
        self._mine: list[Span] | None = None

    async def begin(self) -> None:
        """Items are about to be marked. Raises SessionExpired."""
        now = self._clock.now()
        await self._write((now - BEFORE, now + AFTER))

    async def end(self, times: Sequence[datetime]) -> None:
        """They are, at these times by the server's clock. Raises SessionExpired."""
        if self._mine is None:
            return
        if times:
            span = (min(times) - SLACK, max(times) + SLACK)
            if self._mine and abs(span[0] - self._mine[-1][1]) <= JOINED:
                last = self._mine.pop()
                span = (min(last[0], span[0]), max(last[1], span[1]))
            self._mine.append(span)
        await self._write()

    async def others(self) -> Sequence[Span]:
        """When other Companions of this user marked items; asked for anew each time.

        Whoever has seen a mark has its note, which was written first. Raises SessionExpired.
        """
        await self._read()
        return self._others

    async def _write(self, *under_way: Span) -> None:
        notes = await self._read()
        if notes is None or self._mine is None:
            return
        notes[await self._name()] = [*self._mine, *under_way]
        text = json.dumps(
            {
                name: [[begin.timestamp(), end.timestamp()] for begin, end in spans[-MOST_TIMES:]]
                for name, spans in list(notes.items())[-MOST_NAMES:]
            }
        )
        try:
            await self._client.put_setting(KEY, text)
        except SessionExpired:
            raise
        except CompanionError as error:
            _log.info("Other Companions could not be told of marks: %s", error)

    async def _read(self) -> dict[str, list[Span]] | None:
        """The notes of others by their names; None where they cannot be had now."""
        try:
            text = await self._client.setting(KEY)
        except SessionExpired:
            raise
        except CompanionError as error:
            _log.info("Notes of other Companions could not be read: %s", error)
            return None
        notes = _notes(text)
        mine = notes.pop(await self._name(), [])
        if self._mine is None:
            self._mine = mine
        self._others = tuple(span for spans in notes.values() for span in spans)
        return notes


def _notes(text: str) -> dict[str, list[Span]]:
    try:
        data: Any = json.loads(text or "{}")
        return {str(name): [_span(one) for one in spans] for name, spans in data.items()}
    except (ValueError, TypeError, AttributeError, OverflowError, OSError):
        # Somebody else's text under our name for it.
        return {}


def _span(pair: Any) -> Span:
    begin, end = pair
    return datetime.fromtimestamp(float(begin), UTC), datetime.fromtimestamp(float(end), UTC)
