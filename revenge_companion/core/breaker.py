"""The runaway breaker: plays that nobody can have played stop the lane, and the user is asked.

It judges by the moments plays are dated at, not by when they are sent, so a backlog after a long
outage is as slow as it was played. Whatever is queued more than a day after its date is history
(catch-up, export, import), which may share dates, and is not judged.

The numbers: one account is a person or a household, so three devices at once (television, phone,
speakers), each at up to twice the speed, the fastest that video players offer. Every device may end
one play that began before the window; so the three longest plays in it are free. Beyond those, a
minute holds at most 6 minutes of playing and an hour at most 6 hours. Music on repeat all day on
one device is at most a sixth of that. One item cannot be played more than twice at once (two rooms
in time with each other), and each time costs at least what counting it took.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from revenge_companion.core.delivery import Delivery
from revenge_companion.core.media import Kind
from revenge_companion.core.scrobble import Scrobble

DEVICES = 3
SPEED = 2.0
#: Devices that may play the same item at once.
TOGETHER = 2
WINDOWS = (timedelta(minutes=1), timedelta(hours=1))
#: Rows queued later than this after their date are history.
HISTORY_AFTER = timedelta(days=1)
#: Plays remembered. In an hour three devices at double speed cannot play this many tracks.
REMEMBERED = 2000
#: Seconds of playing that an item of unknown length takes at the least: a track of a minute; what
#: is shorter than 10 and 5 min never counts as film, episode or podcast.
_UNKNOWN_S = {Kind.TRACK: 60.0, Kind.PODCAST: 300.0}
_UNKNOWN_VIDEO_S = 600.0
#: Share of a known length without which nothing counts: the lowest threshold there is.
_LEAST_SHARE = 0.05


@dataclass(frozen=True, slots=True, order=True)
class _Passed:
    at: datetime
    key: str
    #: The item; each episode of a file with several is one.
    item: tuple[str, int]
    cost_s: float


class Breaker:
    """Watches what one account is about to be sent; mutable, one per lane."""

    def __init__(self, *, trusted_until: datetime | None = None) -> None:
        #: Rows queued until then (aware UTC) are the user's own wish; None for none.
        self.trusted_until = trusted_until
        self._passed: list[_Passed] = []

    def trips(self, batch: Sequence[Delivery]) -> bool:
        """Whether `batch`, after what passed before, is more than can have been played.

        A batch that does not trip counts as passed.
        """
        seen = list(self._passed)
        # A row that is tried again is no new play.
        known = {other.key for other in seen}
        new = [
            _passed(one.scrobble)
            for one in batch
            if one.scrobble.key not in known and self._is_judged(one)
        ]
        for one in new:
            insort(seen, one)
        if any(_is_impossible(seen, one) for one in new):
            return True
        self._passed = seen[-REMEMBERED:]
        return False

    def forgive(self, now: datetime) -> None:
        """The user wants it all sent: start anew, and let pass what is queued until `now`."""
        self.trusted_until = now
        self._passed.clear()

    def _is_judged(self, delivery: Delivery) -> bool:
        queued_at, scrobble = delivery.queued_at, delivery.scrobble
        if scrobble.change is not None:
            # Nobody played anything.
            return False
        if queued_at is None:
            return True
        if self.trusted_until is not None and queued_at <= self.trusted_until:
            return False
        return abs(queued_at - scrobble.counted_at) <= HISTORY_AFTER


def least_s(scrobble: Scrobble) -> float:
    """Seconds of playing that this play took at the least."""
    length = scrobble.item.duration_s
    if length is None:
        return max(scrobble.played_s, _UNKNOWN_S.get(scrobble.item.kind, _UNKNOWN_VIDEO_S))
    return max(min(scrobble.played_s, length), _LEAST_SHARE * length)


def _passed(scrobble: Scrobble) -> _Passed:
    item = (scrobble.item.media_id, scrobble.item.episode_number or 0)
    return _Passed(scrobble.counted_at, scrobble.key, item, least_s(scrobble))


def _is_impossible(seen: Sequence[_Passed], one: _Passed) -> bool:
    """Whether the plays of any window that ends with `one`, or begins with it, are too many."""
    for length in WINDOWS:
        for start in (one.at - length, one.at):
            low = bisect_left(seen, start, key=lambda other: other.at)
            high = bisect_right(seen, start + length, key=lambda other: other.at)
            window = seen[low:high]
            if _too_much(window, length.total_seconds()) or _too_often(window, one, length):
                return True
    return False


def _too_much(window: Sequence[_Passed], seconds: float) -> bool:
    costs = sorted(other.cost_s for other in window)
    return sum(costs[:-DEVICES]) > DEVICES * SPEED * seconds


def _too_often(window: Sequence[_Passed], one: _Passed, length: timedelta) -> bool:
    times = sum(other.item == one.item for other in window)
    possible = length.total_seconds() * SPEED / one.cost_s
    return times > TOGETHER * (1 + possible)
