"""The way a play took through time and its item, as it is drawn from its moments."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from revenge_companion.core.moments import Course, Moment, MomentKind

#: A pause takes at most this share of the time in which something happened, and at least this much.
_LONGEST_REST, _SHORTEST_REST_S = 0.2, 60.0


class Way(StrEnum):
    PLAYED = "played"
    PAUSED = "paused"
    JUMPED = "jumped"
    #: Nobody observed it, or what happened was let go.
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Point:
    """Seconds since the first moment, position and played time, all in seconds."""

    after_s: float
    position_s: float
    played_s: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """A straight piece of the way."""

    way: Way
    begin: Point
    end: Point


def stretches(course: Course, position_s: float | None = None) -> tuple[Stretch, ...]:
    """The way through `course`, in order; nothing for less than two moments of different times.

    `position_s` is where a play that goes on is now.
    """
    found = tuple(_stretches(course.moments, position_s))
    return found if found and found[-1].end.after_s > 0.0 else ()


def _stretches(moments: Sequence[Moment], position_s: float | None) -> Iterator[Stretch]:
    # What a restart knew is where the play was at its last checkpoint: no point of the way.
    seen = [one for one in moments if one.kind is not MomentKind.RESTARTED]
    if not seen:
        return
    first, last = seen[0].at, _point(seen[0], seen[0].at)
    playing, silent, rate = True, False, 1.0
    for one in seen:
        here = _point(one, first)
        come = here
        if one.kind is MomentKind.JUMPED and one.from_s is not None:
            come = Point(here.after_s, one.from_s, here.played_s)
        way = Way.PLAYED if playing else Way.PAUSED
        if come != last:
            yield Stretch(Way.UNSEEN if silent or one.let_go else way, last, come)
        if here != come:
            yield Stretch(Way.JUMPED, come, here)
        last = here
        match one.kind:
            case MomentKind.PAUSED | MomentKind.ENDED:
                playing = False
            case MomentKind.WENT_ON:
                playing = True
            case MomentKind.SILENT:
                silent = True
            case MomentKind.HEARD:
                silent = False
            case MomentKind.RATE:
                rate = one.rate or 1.0
    if position_s is not None and playing and not silent and position_s > last.position_s:
        on_s = position_s - last.position_s
        now = Point(last.after_s + on_s / rate, position_s, last.played_s + on_s)
        yield Stretch(Way.PLAYED, last, now)


def _point(one: Moment, first: datetime) -> Point:
    return Point((one.at - first) / timedelta(seconds=1), one.position_s, one.played_s)


class Timeline:
    """Where a time is drawn, 0 to 1: long rests are drawn shorter than they were."""

    def __init__(self, way: Sequence[Stretch]) -> None:
        """`way` is what `stretches` gave, and not empty."""
        busy_s = sum(_length_s(one) for one in way if not _is_rest(one))
        longest_s = max(_SHORTEST_REST_S, _LONGEST_REST * busy_s)
        #: Real and drawn seconds at each bend.
        self._bends = [(0.0, 0.0)]
        #: Middles of the rests that are drawn shorter, 0 to 1.
        self.shortened: tuple[float, ...] = ()
        middles = []
        for one in way:
            length_s = _length_s(one)
            if length_s <= 0.0:
                continue
            drawn_s = min(length_s, longest_s) if _is_rest(one) else length_s
            before_s = self._bends[-1][1]
            if drawn_s < length_s:
                middles.append(before_s + drawn_s / 2)
            self._bends.append((one.end.after_s, before_s + drawn_s))
        whole_s = self._bends[-1][1]
        self._bends = [(real, drawn / whole_s) for real, drawn in self._bends]
        self.shortened = tuple(middle / whole_s for middle in middles)

    def at(self, after_s: float) -> float:
        """Where `after_s` seconds after the first moment are drawn."""
        number = bisect_left(self._bends, (after_s, -1.0))
        if number == 0:
            return 0.0
        if number == len(self._bends):
            return 1.0
        (real_s, drawn), (next_s, next_drawn) = self._bends[number - 1 : number + 1]
        return drawn + (after_s - real_s) / (next_s - real_s) * (next_drawn - drawn)


def _is_rest(one: Stretch) -> bool:
    return one.way in (Way.PAUSED, Way.UNSEEN)


def _length_s(one: Stretch) -> float:
    return one.end.after_s - one.begin.after_s
