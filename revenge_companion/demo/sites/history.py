"""The plays a destination keeps, in order, with when they last changed."""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from revenge_companion.core.clock import Clock
from revenge_companion.demo.sites.held import Received
from revenge_companion.demo.sites.titles import Title

_FIRST_ROW = 9_000_000_001


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One play, under the time it is kept."""

    id: int
    title: Title
    watched_at: datetime
    received: Received


class History:
    """One user's plays. With `minutes` they are kept under the full minute, as at Trakt."""

    def __init__(self, service: str, clock: Clock, *, minutes: bool) -> None:
        self._service = service
        self._clock = clock
        self._minutes = minutes
        #: The oldest first.
        self._rows: list[HistoryRow] = []
        #: How many plays there are of each title, by its id.
        self._times: Counter[int] = Counter()
        self._next = _FIRST_ROW
        #: When plays of a type ("movie", "episode") were last added or removed.
        self.changed: dict[str, datetime] = {}

    @property
    def rows(self) -> Sequence[HistoryRow]:
        """Every play, the oldest first."""
        return self._rows

    def has(self, title: Title) -> bool:
        """Whether there is a play of it; as quick for many plays as for few."""
        return self._times[title.id] > 0

    def add(self, title: Title, at: datetime, how: str) -> HistoryRow:
        """Keep a play; the same one twice is two."""
        now = self._clock.now()
        kept = at.astimezone(UTC).replace(microsecond=0)
        if self._minutes:
            kept = kept.replace(second=0)
        self._next += 1
        received = Received(self._service, title.label, title.names, kept, how, str(self._next))
        row = HistoryRow(self._next, title, kept, received)
        insort(self._rows, row, key=_order)
        self._times[title.id] += 1
        self.changed[title.type] = now
        return row

    def remove(self, row: HistoryRow) -> None:
        """Remove one play."""
        place = bisect_left(self._rows, _order(row), key=_order)
        assert self._rows[place] is row
        del self._rows[place]
        self._times[row.title.id] -= 1
        self.changed[row.title.type] = self._clock.now()

    def between(self, start: datetime | None, end: datetime | None) -> Sequence[HistoryRow]:
        """The plays from `start` to `end`, both included; the oldest first."""
        if start is None and end is None:
            return self._rows
        first = 0 if start is None else bisect_left(self._rows, start, key=_watched_at)
        last = len(self._rows) if end is None else bisect_right(self._rows, end, key=_watched_at)
        return self._rows[first:last]


def _order(row: HistoryRow) -> tuple[datetime, int]:
    return row.watched_at, row.id


def _watched_at(row: HistoryRow) -> datetime:
    return row.watched_at
