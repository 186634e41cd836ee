"""What several sources say of one thing, put together: each play once, and none left out.

Everything here is a function of the set of lines alone: in which order they came, how often, and
from how many imports makes no difference. Lines of one source are all real, so that two plays of a
film on one day stay two; lines of different sources are matched one to one.
"""

from collections.abc import Iterable, Sequence
from datetime import tzinfo

from revenge_companion.core.aligning import history
from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.core.lines import (
    Line,
    Shown,
    apart_s,
    by_word,
    is_dated,
    second_of,
    slack_s,
)
from revenge_companion.core.ratings import agree

#: How long a thing of unknown length may be. One service dates the start of a play, another its
#: end, so that two dates of one play may be a whole runtime apart.
_LONGEST_S = {
    SubjectKind.MOVIE: 3 * 3600.0,
    SubjectKind.EPISODE: 3600.0,
    SubjectKind.PODCAST: 2 * 3600.0,
    SubjectKind.TRACK: 300.0,
}
_DAY_S = 86_400.0


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
            return history(known, reach_s(kind, duration_s), zone)
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
    if not (is_dated(one) and is_dated(other)) or one.removed or other.removed:
        return None
    return one.source != other.source and apart_s(one, other) <= reach + slack_s(one, other)


def differs(one: Line, other: Line) -> bool:
    """Whether two lines that were matched do not say the same, so that the user is shown both."""
    if one.rating is not None and other.rating is not None:
        return not agree(one.rating, one.steps, other.rating, other.steps)
    if one.loved != other.loved:
        return True
    if not (is_dated(one) and is_dated(other)):
        return False
    return apart_s(one, other) > slack_s(one, other)


def _distinct(lines: Iterable[Line]) -> list[Line]:
    """Each line once, in an order that depends on nothing else; no date means none is known."""
    found: dict[tuple[str, str], Line] = {}
    for line in sorted(lines, key=_order):
        found[line.identity] = line
    return sorted(found.values(), key=_order)


def _order(line: Line) -> tuple[object, ...]:
    return (
        line.source, second_of(line), line.line, line.precision, line.plays, line.rating or 0,
        line.steps, line.loved, line.list_name, line.removed, line.preferred,
    )  # fmt: skip


def _one(best: Line, lines: Sequence[Line]) -> list[Shown]:
    return [Shown(best, 1, tuple(line for line in lines if line is not best))]


def _standing(lines: Sequence[Line]) -> list[Line]:
    """Lines that nobody took back after they were written."""
    removed = [second_of(line) for line in lines if line.removed]
    gone_s = max(removed, default=None)
    return [
        line for line in lines if not line.removed and (gone_s is None or second_of(line) > gone_s)
    ]


def _latest(lines: Sequence[Line]) -> Line:
    return max(by_word(lines), key=lambda line: (second_of(line), line.identity))


def _earliest(lines: Sequence[Line]) -> Line:
    """The first of the lines that say when; any, where none does."""
    dated = [line for line in lines if line.at is not None] or list(lines)
    return min(dated, key=lambda line: (second_of(line), line.identity))


def _rating(lines: Sequence[Line]) -> list[Shown]:
    """The user's last word; where others agree with it, on the finest of their scales."""
    rated = [line for line in _standing(lines) if line.rating is not None]
    if not rated:
        return []
    last = _latest(rated)
    agreeing = [line for line in by_word(rated) if not differs(line, last)]
    best = max(agreeing, key=lambda line: (line.steps, second_of(line), line.identity))
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
        and second_of(play) + (0 if is_dated(play) else _DAY_S / 2) >= second_of(line)
        for play in plays
    )


def _lists(lines: Sequence[Line]) -> list[Shown]:
    named: dict[str, list[Line]] = {}
    for line in lines:
        named.setdefault(" ".join(line.list_name.casefold().split()), []).append(line)
    return [shown for name in sorted(named) for shown in _one(_earliest(named[name]), named[name])]
