"""The plays of several sources put together: each play once, and none left out.

Lines of one source are all real; lines of different sources are matched one to one, as many as can
be, in order of time.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta, tzinfo

from revenge_companion.core.library import REVENGE, Precision
from revenge_companion.core.lines import (
    MINUTE_S,
    SLACK_S,
    Line,
    Shown,
    apart_s,
    by_word,
    is_dated,
    second_of,
    slack_s,
)

#: The most plays times lines that are compared each with each.
_MOST_PAIRS = 250_000


class _Play:
    """One play: lines of different sources."""

    __slots__ = ("lines",)

    def __init__(self, line: Line) -> None:
        self.lines = [line]

    def has(self, source: str) -> bool:
        return any(line.source == source for line in self.lines)

    @property
    def at_s(self) -> float:
        return min(second_of(line) for line in self.lines)


def history(lines: Sequence[Line], reach: float, zone: tzinfo | None) -> list[Shown]:
    """The merged view of the distinct `lines` of one history.

    `reach` is how far apart, in seconds, two dates of one play may be because of its length.
    """
    sources = sorted({line.source for line in lines})
    plays: list[_Play] = []
    # What was removed at a source joins the play it was of last: it says nothing but that.
    for gone in (False, True):
        known = [line for line in lines if line.removed is gone]
        for source in sources:
            dated = [line for line in known if line.source == source and is_dated(line)]
            plays = _aligned(plays, dated, reach)
        for source in sources:
            days = [
                line
                for line in known
                if line.source == source and line.at is not None and not is_dated(line)
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
    return sorted(result, key=lambda one: (second_of(one.line), one.line.identity))


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
            line_s = second_of(lines[second]) if second < len(lines) else float("inf")
            at_s = min(play_s, line_s)
            if at_s == float("inf") or at_s > end:
                break
            if play_s <= line_s:
                # A play reaches from its first line to its last.
                at_s = max(second_of(line) for line in plays[first].lines)
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
        elif plays[i].at_s <= second_of(lines[j]):
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
        apart = apart_s(one, line)
        if apart > reach + slack_s(one, line):
            return None
        farthest = max(farthest, apart)
    return farthest


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
        if is_dated(line)
        for shift in (-reach, reach)
    )


def _local(line: Line, shift_s: float, zone: tzinfo | None) -> date:
    assert line.at is not None
    if not is_dated(line):
        return line.at.date()
    try:
        return (line.at + timedelta(seconds=shift_s)).astimezone(zone).date()
    except (OverflowError, OSError, ValueError):
        return line.at.date()


def represented(play: Sequence[Line]) -> Line:
    """The line of a play that is shown: the earliest, unless Revenge says that it was later.

    The user's word goes before both, and a time before a mere day.
    """
    lines = by_word([line for line in play if not line.removed])
    dated = [line for line in lines if is_dated(line)]
    ours = [line for line in dated if line.source.partition("@")[0] == REVENGE]
    others = [line for line in dated if line not in ours]
    if not others:
        return min(ours or lines, key=_by_time)
    first = min(others, key=_by_time)
    return max([first, *ours], key=lambda line: (_by_time(line)[0], line is first))


def _by_time(line: Line) -> tuple[float, float, tuple[str, str]]:
    # Of one minute, the line that knows the second.
    second = second_of(line)
    minute = second // 60 if second != float("-inf") else second
    return minute, second if line.precision is Precision.SECOND else second + 60, line.identity


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
