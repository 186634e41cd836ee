"""What several sources say of one thing, put together: each play once, and none left out.

Everything here is a function of the set of lines alone: in which order they came, how often, and
from how many imports makes no difference. Lines of one source are all real, so that two plays of a
film on one day stay two; lines of different sources are matched one to one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from revenge_companion.core.library import REVENGE, Facet, Precision, SubjectKind
from revenge_companion.core.ratings import agree

#: Clocks of two programs, in seconds: plays that differ by no more are dated alike.
SLACK_S = 120.0
#: Of what a service cuts off that keeps whole minutes.
MINUTE_S = 60.0
#: How long a thing of unknown length may be. One service dates the start of a play, another its
#: end, so that two dates of one play may be a whole runtime apart.
_LONGEST_S = {
    SubjectKind.MOVIE: 3 * 3600.0,
    SubjectKind.EPISODE: 3600.0,
    SubjectKind.PODCAST: 2 * 3600.0,
    SubjectKind.TRACK: 300.0,
}
_DAY_S = 86_400.0
#: The most plays times lines that are compared each with each.
_MOST_PAIRS = 250_000
_DATED = (Precision.SECOND, Precision.MINUTE)


@dataclass(frozen=True, slots=True)
class Line:
    """What merging has to know of one entry (`core.library.Entry`) and where it is from."""

    source: str
    line: str
    at: datetime | None = None
    precision: Precision = Precision.SECOND
    plays: int = 1
    rating: int | None = None
    steps: int = 10
    loved: bool = True
    list_name: str = ""
    removed: bool = False
    #: The user's word in a conflict: above 0 this line is right, below 0 the others are.
    preferred: int = 0

    @property
    def identity(self) -> tuple[str, str]:
        return self.source, self.line


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the merged view."""

    line: Line
    #: Plays it stands for; less than its own where dated plays account for the rest.
    plays: int = 1
    #: Lines of other sources that say the same.
    same: tuple[Line, ...] = ()


def merge(
    facet: Facet,
    lines: Iterable[Line],
    *,
    kind: SubjectKind,
    duration_s: float | None = None,
    zone: tzinfo | None = None,
    plays: Iterable[Line] = (),
) -> list[Shown]:
    """The merged view of the `lines` of one thing and facet.

    `zone` is the user's, for dates without a time (None is the system's own). `plays` is the
    thing's history, for the watchlist: what was watched since is not wanted any more.
    """
    known = _distinct(lines)
    match facet:
        case Facet.HISTORY:
            return _history(known, reach_s(kind, duration_s), zone)
        case Facet.RATINGS:
            return _rating(known)
        case Facet.WATCHLIST:
            return _watchlist(known, _distinct(plays))
        case Facet.LOVED:
            # Who no longer loves something takes back no hate.
            loved = [
                line
                for side in (True, False)
                for line in _standing([line for line in known if line.loved is side])
            ]
            return _one(_latest(loved), loved) if loved else []
        case Facet.COLLECTION:
            held = _standing(known)
            return _one(_earliest(held), held) if held else []
        case Facet.LISTS:
            return _lists(known)


def reach_s(kind: SubjectKind, duration_s: float | None) -> float:
    """How far apart, in seconds, two dates of one play may be because of its length."""
    if duration_s is not None and 0 < duration_s < _DAY_S:
        return duration_s
    # Whoever dates a book, a season or an album dates a day of the many it took.
    return _LONGEST_S.get(kind, _DAY_S)


def one_play(one: Line, other: Line, reach: float) -> bool | None:
    """Whether two lines that are all there is of a history are one play (`reach` of `reach_s`).

    None where that takes more than two dates to tell.
    """
    if not (_dated(one) and _dated(other)) or one.removed or other.removed:
        return None
    return one.source != other.source and _apart_s(one, other) <= reach + _slack_s(one, other)


def differs(one: Line, other: Line) -> bool:
    """Whether two lines that were matched do not say the same, so that the user is shown both."""
    if one.rating is not None and other.rating is not None:
        return not agree(one.rating, one.steps, other.rating, other.steps)
    if one.loved != other.loved:
        return True
    if one.at is None or other.at is None:
        return False
    if one.precision not in _DATED or other.precision not in _DATED:
        return False
    return _apart_s(one, other) > _slack_s(one, other)


def _distinct(lines: Iterable[Line]) -> list[Line]:
    """Each line once, in an order that depends on nothing else; no date means none is known."""
    found: dict[tuple[str, str], Line] = {}
    for line in sorted(lines, key=_order):
        found[line.identity] = line
    return sorted(found.values(), key=_order)


def _order(line: Line) -> tuple[object, ...]:
    return (
        line.source, _second(line), line.line, line.precision, line.plays, line.rating or 0,
        line.steps, line.loved, line.list_name, line.removed, line.preferred,
    )  # fmt: skip


def _second(line: Line) -> float:
    return float("-inf") if line.at is None else line.at.timestamp()


def _dated(line: Line) -> bool:
    return line.at is not None and line.precision in _DATED


# History


class _Play:
    """One play: lines of different sources."""

    __slots__ = ("lines",)

    def __init__(self, line: Line) -> None:
        self.lines = [line]

    def has(self, source: str) -> bool:
        return any(line.source == source for line in self.lines)

    @property
    def at_s(self) -> float:
        return min(_second(line) for line in self.lines)


def _history(lines: Sequence[Line], reach: float, zone: tzinfo | None) -> list[Shown]:
    sources = sorted({line.source for line in lines})
    plays: list[_Play] = []
    # What was removed at a source joins the play it was of last: it says nothing but that.
    for gone in (False, True):
        known = [line for line in lines if line.removed is gone]
        for source in sources:
            dated = [line for line in known if line.source == source and _dated(line)]
            plays = _aligned(plays, dated, reach)
        for source in sources:
            days = [
                line
                for line in known
                if line.source == source and line.at is not None and not _dated(line)
            ]
            _place_days(plays, days, reach, zone)
    plays = [play for play in plays if not all(line.removed for line in play.lines)]
    shown = {id(play): represented(play.lines) for play in plays}
    result = [
        Shown(best, 1, tuple(line for line in play.lines if line is not best))
        for play in plays
        for best in (shown[id(play)],)
    ]
    undated = [line for line in lines if line.at is None and not line.removed]
    result += _surplus(plays, undated)
    return sorted(result, key=lambda one: (_second(one.line), one.line.identity))


def _aligned(plays: list[_Play], lines: Sequence[Line], reach: float) -> list[_Play]:
    """`plays` with the `lines` of one more source: as many as can be are matched, in order of
    time, and of the ways to do so the one that moves least.
    """
    if not plays:
        return [_Play(line) for line in lines]
    plays.sort(key=lambda play: (play.at_s, play.lines[0].identity))
    result: list[_Play] = []
    for some_plays, some_lines in _clusters(plays, lines, reach + SLACK_S + MINUTE_S):
        for play, line in _pairs(some_plays, some_lines, reach):
            if play is None and line is not None:
                play = _Play(line)
            elif play is not None and line is not None:
                play.lines.append(line)
            if play is not None:
                result.append(play)
    return result


def _clusters(
    plays: Sequence[_Play], lines: Sequence[Line], reach: float
) -> Iterable[tuple[list[_Play], list[Line]]]:
    """Both, cut where nothing on one side can be matched with anything on the other."""
    first, second = 0, 0
    while first < len(plays) or second < len(lines):
        some_plays: list[_Play] = []
        some_lines: list[Line] = []
        end = float("inf")
        while True:
            play_s = plays[first].at_s if first < len(plays) else float("inf")
            line_s = _second(lines[second]) if second < len(lines) else float("inf")
            at_s = min(play_s, line_s)
            if at_s == float("inf") or at_s > end:
                break
            if play_s <= line_s:
                # A play reaches from its first line to its last.
                at_s = max(_second(line) for line in plays[first].lines)
                some_plays.append(plays[first])
                first += 1
            else:
                some_lines.append(lines[second])
                second += 1
            end = at_s + reach if end == float("inf") else max(end, at_s + reach)
        yield some_plays, some_lines


def _pairs(
    plays: Sequence[_Play], lines: Sequence[Line], reach: float
) -> list[tuple[_Play | None, Line | None]]:
    """The best alignment of two ordered rows: most matches first, then least distance."""
    if len(plays) * len(lines) > _MOST_PAIRS:
        return _walked(plays, lines, reach)
    # best[i][j]: what plays[i:] and lines[j:] come to, as (matches made negative, distance).
    nothing = (0, 0.0)
    best = [[nothing] * (len(lines) + 1) for _ in range(len(plays) + 1)]
    for i in range(len(plays) - 1, -1, -1):
        for j in range(len(lines) - 1, -1, -1):
            choice = min(best[i + 1][j], best[i][j + 1])
            apart = _distance_s(plays[i], lines[j], reach)
            if apart is not None:
                count, total = best[i + 1][j + 1]
                choice = min(choice, (count - 1, total + apart))
            best[i][j] = choice
    i = j = 0
    result: list[tuple[_Play | None, Line | None]] = []
    while i < len(plays) and j < len(lines):
        apart = _distance_s(plays[i], lines[j], reach)
        if apart is not None:
            count, total = best[i + 1][j + 1]
            if best[i][j] == (count - 1, total + apart):
                result.append((plays[i], lines[j]))
                i, j = i + 1, j + 1
                continue
        if best[i][j] == best[i + 1][j]:
            result.append((plays[i], None))
            i += 1
        else:
            result.append((None, lines[j]))
            j += 1
    result += [(play, None) for play in plays[i:]]
    result += [(None, line) for line in lines[j:]]
    return result


def _walked(
    plays: Sequence[_Play], lines: Sequence[Line], reach: float
) -> list[tuple[_Play | None, Line | None]]:
    """As `_pairs`, for rows without an end (one track all night): the first that fit, in order."""
    i = j = 0
    result: list[tuple[_Play | None, Line | None]] = []
    while i < len(plays) and j < len(lines):
        if _distance_s(plays[i], lines[j], reach) is not None:
            result.append((plays[i], lines[j]))
            i, j = i + 1, j + 1
        elif plays[i].at_s <= _second(lines[j]):
            result.append((plays[i], None))
            i += 1
        else:
            result.append((None, lines[j]))
            j += 1
    result += [(play, None) for play in plays[i:]]
    result += [(None, line) for line in lines[j:]]
    return result


def _distance_s(play: _Play, line: Line, reach: float) -> float | None:
    """Seconds between a play and a line; None where they cannot be the same."""
    if play.has(line.source):
        return None
    farthest = 0.0
    for one in play.lines:
        apart = _apart_s(one, line)
        if apart > reach + _slack_s(one, line):
            return None
        farthest = max(farthest, apart)
    return farthest


def _apart_s(one: Line, other: Line) -> float:
    return abs(_second(one) - _second(other))


def _slack_s(one: Line, other: Line) -> float:
    minute = Precision.MINUTE in (one.precision, other.precision)
    return SLACK_S + (MINUTE_S if minute else 0.0)


def _place_days(
    plays: list[_Play], days: Sequence[Line], reach: float, zone: tzinfo | None
) -> None:
    """Add the lines of one source that say only the day, each to a play of that day.

    Plays that began or ended on the other side of midnight come second.
    """
    left = list(days)
    for touching in (_is_on, _reaches):
        still = []
        for line in left:
            day = _day(line)
            taken = next(
                (
                    play
                    for play in sorted(plays, key=lambda one: (one.at_s, one.lines[0].identity))
                    if not play.has(line.source) and touching(play, day, reach, zone)
                ),
                None,
            )
            if taken is None:
                still.append(line)
            else:
                taken.lines.append(line)
        left = still
    plays += [_Play(line) for line in left]


def _day(line: Line) -> date:
    assert line.at is not None
    # Written down as noon UTC of the day the user meant; no zone may move it.
    return line.at.date()


def _is_on(play: _Play, day: date, _reach: float, zone: tzinfo | None) -> bool:
    return any(_local(line, 0.0, zone) == day for line in play.lines)


def _reaches(play: _Play, day: date, reach: float, zone: tzinfo | None) -> bool:
    # No farther than to the next day: a book's reach is a day.
    return any(
        _local(line, shift, zone) == day
        for line in play.lines
        if _dated(line)
        for shift in (-reach, reach)
    )


def _local(line: Line, shift_s: float, zone: tzinfo | None) -> date:
    assert line.at is not None
    if not _dated(line):
        return line.at.date()
    try:
        return (line.at + timedelta(seconds=shift_s)).astimezone(zone).date()
    except (OverflowError, OSError, ValueError):
        return line.at.date()


def represented(play: Sequence[Line]) -> Line:
    """The line of a play that is shown: the earliest, unless Revenge says that it was later.

    The user's word goes before both, and a time before a mere day.
    """
    lines = _by_word([line for line in play if not line.removed])
    dated = [line for line in lines if _dated(line)]
    ours = [line for line in dated if line.source == REVENGE]
    others = [line for line in dated if line.source != REVENGE]
    if not others:
        return min(ours or lines, key=_by_time)
    first = min(others, key=_by_time)
    return max([first, *ours], key=lambda line: (_by_time(line)[0], line is first))


def _by_time(line: Line) -> tuple[float, float, tuple[str, str]]:
    # Of one minute, the line that knows the second.
    second = _second(line)
    minute = second // 60 if second != float("-inf") else second
    return minute, second if line.precision is Precision.SECOND else second + 60, line.identity


def _by_word(lines: Sequence[Line]) -> Sequence[Line]:
    for wanted in (1, 0):
        found = [line for line in lines if (line.preferred > 0) - (line.preferred < 0) == wanted]
        if found:
            return found
    return lines


def _surplus(plays: Sequence[_Play], undated: Sequence[Line]) -> list[Shown]:
    """Plays nobody dates, as far as dated plays of other sources do not account for them.

    Of several sources that count, the one that counts most is shown.
    """
    counts: dict[str, int] = {}
    for line in undated:
        counts[line.source] = counts.get(line.source, 0) + max(line.plays, 0)
    over = {
        source: count - sum(not play.has(source) for play in plays)
        for source, count in counts.items()
    }
    if not over:
        return []
    most = min(over, key=lambda source: (-over[source], source))
    left = over[most]
    result = []
    for line in sorted((one for one in undated if one.source == most), key=lambda one: one.line):
        if left > 0:
            result.append(Shown(line, min(left, line.plays)))
            left -= line.plays
    if result:
        same = tuple(line for line in undated if line.source != most)
        result[0] = Shown(result[0].line, result[0].plays, same)
    return result


# The rest


def _one(best: Line, lines: Sequence[Line]) -> list[Shown]:
    return [Shown(best, 1, tuple(line for line in lines if line is not best))]


def _standing(lines: Sequence[Line]) -> list[Line]:
    """Lines that nobody took back after they were written."""
    removed = [_second(line) for line in lines if line.removed]
    gone_s = max(removed, default=None)
    return [
        line for line in lines if not line.removed and (gone_s is None or _second(line) > gone_s)
    ]


def _latest(lines: Sequence[Line]) -> Line:
    return max(_by_word(lines), key=lambda line: (_second(line), line.identity))


def _earliest(lines: Sequence[Line]) -> Line:
    """The first of the lines that say when; any, where none does."""
    dated = [line for line in lines if line.at is not None] or list(lines)
    return min(dated, key=lambda line: (_second(line), line.identity))


def _rating(lines: Sequence[Line]) -> list[Shown]:
    """The user's last word; where others agree with it, on the finest of their scales."""
    rated = [line for line in _standing(lines) if line.rating is not None]
    if not rated:
        return []
    last = _latest(rated)
    agreeing = [line for line in _by_word(rated) if not differs(line, last)]
    best = max(agreeing, key=lambda line: (line.steps, _second(line), line.identity))
    return _one(best, rated)


def _watchlist(lines: Sequence[Line], plays: Sequence[Line]) -> list[Shown]:
    alive = [play for play in plays if not play.removed]
    wanted = [line for line in _standing(lines) if not _watched_since(line, alive)]
    return _one(_earliest(wanted), wanted) if wanted else []


def _watched_since(line: Line, plays: Sequence[Line]) -> bool:
    """Whether it was watched after it was listed; what is not dated came first of all."""
    if line.at is None:
        return bool(plays)
    return any(
        play.at is not None
        # A day is as good as over.
        and _second(play) + (0 if _dated(play) else _DAY_S / 2) >= _second(line)
        for play in plays
    )


def _lists(lines: Sequence[Line]) -> list[Shown]:
    named: dict[str, list[Line]] = {}
    for line in lines:
        named.setdefault(" ".join(line.list_name.casefold().split()), []).append(line)
    return [shown for name in sorted(named) for shown in _one(_earliest(named[name]), named[name])]
