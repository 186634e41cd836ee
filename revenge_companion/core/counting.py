"""Whether a play counts now, and when it will: the rules applied to one play's account.

Music counts by played time. Films, episodes and podcasts count by the position reached while
playing; who jumps past the threshold has to play on for max(60 s, 5 % of the runtime) first. A file
with several episodes is as many shares of its runtime, each with a threshold of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from revenge_companion.core.media import Item, Kind
from revenge_companion.core.observing import Span
from revenge_companion.core.reasons import Fact, Reason, minutes
from revenge_companion.core.thresholds import (
    Thresholds,
    play_on_needs_s,
    too_short,
    track_needs_s,
)

#: Positions and times come in milliseconds: half of one is rounding.
_EPSILON_S = 0.0005

#: What counts separately within a play: (rule name, index of the episode in the file).
ShareKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Share:
    """One thing that can count: a track, a film, or one episode of a file, under one rule."""

    key: ShareKey
    #: Seconds into the file where the share begins, counts and ends (inf for the last).
    begin_s: float
    threshold_s: float
    end_s: float
    #: Runtime of the share in seconds.
    length_s: float


@dataclass(slots=True)
class Progress:
    """What a play has earned so far; mutable, and private to the tracker."""

    counted: set[ShareKey] = field(default_factory=set)
    #: Content seconds played beyond a threshold that was jumped past.
    played_on_s: dict[ShareKey, float] = field(default_factory=dict)
    #: Content seconds played since the last jump, or since the start.
    since_jump_s: float = 0.0
    jumped: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A share that counts now."""

    key: ShareKey
    reason: Reason
    facts: Mapping[str, Fact]


def share_length_s(item: Item) -> float | None:
    """Seconds of runtime per episode in the file; the whole runtime for everything else."""
    if item.duration_s is None:
        return None
    return item.duration_s / len(item.episode_numbers)


_TOO_SHORT = {
    Kind.TRACK: ("a track", "0:31"),
    Kind.PODCAST: ("a podcast episode", "5:00"),
    Kind.EPISODE: ("an episode", "10:00"),
    Kind.MOVIE: ("a film", "10:00"),
}


def never_counts(item: Item, rules: Thresholds) -> tuple[Reason, dict[str, Fact]] | None:
    """Why `item` can never count under `rules`; None when it can."""
    if item.kind is Kind.PODCAST and not rules.podcasts:
        return Reason.PODCASTS_OFF, {}
    if item.kind not in _TOO_SHORT:
        return Reason.KIND_NEVER_COUNTS, {}
    length = share_length_s(item)
    if length is not None and too_short(item.kind, length):
        words, limit = _TOO_SHORT[item.kind]
        return Reason.TOO_SHORT, {"duration": minutes(length), "kind": words, "threshold": limit}
    return None


def shares_of(item: Item, rules: Mapping[str, Thresholds]) -> list[Share]:
    """Everything in `item` that can count; empty where nothing can.

    A video or podcast of unknown length has no share: it counts only by `reached_end`.
    """
    shares = []
    for name, thresholds in rules.items():
        if never_counts(item, thresholds) is not None or not _applies(name, item):
            continue
        if item.kind is Kind.TRACK:
            needs = track_needs_s(item.duration_s, thresholds)
            shares.append(Share((name, 0), 0.0, needs, float("inf"), item.duration_s or 0.0))
            continue
        ratio, length = thresholds.ratio(item.kind), share_length_s(item)
        if ratio is None or length is None:
            continue
        count = len(item.episode_numbers)
        for index in range(count):
            begin = index * length
            # The last share is open-ended: some players run past the stated runtime.
            end = begin + length if index < count - 1 else float("inf")
            shares.append(Share((name, index), begin, begin + ratio * length, end, length))
    return shares


def _applies(rule: str, item: Item) -> bool:
    """An account's own threshold is for films and episodes; everything else follows the user's."""
    return rule == "" or item.kind.is_video


def judge(
    item: Item,
    shares: Sequence[Share],
    progress: Progress,
    span: Span,
    played_s: float,
    *,
    presume: bool = False,
) -> list[Verdict]:
    """The shares that count through `span`; `played_s` is all played time including it.

    With `presume` nothing is noted: the span is what playing on would make it.
    """
    verdicts = []
    for share in shares:
        if share.key in progress.counted:
            continue
        if item.kind is Kind.TRACK:
            verdict = _judge_track(item, share, played_s)
        else:
            verdict = _judge_position(item, share, progress, span, presume=presume)
        if verdict is not None:
            verdicts.append(verdict)
    if not presume:
        progress.since_jump_s += span.played_s
        if span.jumped:
            progress.jumped, progress.since_jump_s = True, 0.0
    return verdicts


def _judge_track(item: Item, share: Share, played_s: float) -> Verdict | None:
    if played_s < share.threshold_s - _EPSILON_S:
        return None
    facts: dict[str, Fact] = {
        "played": minutes(played_s + _EPSILON_S),
        "threshold": minutes(share.threshold_s + _EPSILON_S),
    }
    if item.duration_s is None or share.threshold_s < item.duration_s * 0.5 - _EPSILON_S:
        return Verdict(share.key, Reason.PLAYED_CAP, facts)
    return Verdict(share.key, Reason.PLAYED_SHARE, {**facts, "duration": minutes(item.duration_s)})


def _judge_position(
    item: Item, share: Share, progress: Progress, span: Span, *, presume: bool
) -> Verdict | None:
    if span.from_s < share.threshold_s - _EPSILON_S <= span.reached_s:
        reached = min(span.reached_s, share.end_s) - share.begin_s
        percent = int(100 * reached / share.length_s + _EPSILON_S)
        needed = _needed(share)
        facts: dict[str, Fact] = {"percent": min(100, max(percent, needed)), "needed": needed}
        return Verdict(share.key, Reason.POSITION_REACHED, facts)
    inside = min(span.reached_s, share.end_s) - max(span.from_s, share.threshold_s)
    if inside <= 0.0 or span.from_s < share.threshold_s - _EPSILON_S:
        return None
    on = progress.played_on_s.get(share.key, 0.0) + inside
    if not presume:
        progress.played_on_s[share.key] = on
    if on < play_on_needs_s(share.length_s) - _EPSILON_S:
        return None
    facts = {"needed": _needed(share), "played": minutes(on + _EPSILON_S)}
    return Verdict(share.key, Reason.PLAYED_ON_AFTER_JUMP, facts)


def _needed(share: Share) -> int:
    """Percent of its length from which a share counts."""
    return round(100 * (share.threshold_s - share.begin_s) / share.length_s)


def reached_end(item: Item, rules: Mapping[str, Thresholds], progress: Progress) -> list[Verdict]:
    """The rules under which an item of unknown length counts because it was played to its end.

    Who jumped has to have played on for a minute, as everywhere.
    """
    if item.duration_s is not None or item.kind is Kind.TRACK:
        return []
    if progress.jumped and progress.since_jump_s < play_on_needs_s(0.0):
        return []
    return [
        Verdict((name, index), Reason.REACHED_END, {})
        for name, thresholds in rules.items()
        if never_counts(item, thresholds) is None and _applies(name, item)
        for index in range(len(item.episode_numbers))
        if (name, index) not in progress.counted
    ]


def reported(
    item: Item, shares: Sequence[Share], rules: Mapping[str, Thresholds], progress: Progress
) -> list[Verdict]:
    """All that counts where the server says that `item` was watched to its end."""
    verdicts = [
        Verdict(share.key, Reason.WATCHED_ON_SERVER, {})
        for share in shares
        if share.key not in progress.counted
    ]
    return verdicts or reached_end(item, rules, progress)


def seconds_until(
    item: Item, shares: Sequence[Share], progress: Progress, position_s: float, played_s: float
) -> float | None:
    """Content seconds of playing on until the next share counts; None where none will."""
    best: float | None = None
    for share in shares:
        if share.key in progress.counted:
            continue
        if item.kind is Kind.TRACK:
            wait = share.threshold_s - played_s
        elif position_s < share.threshold_s - _EPSILON_S:
            wait = share.threshold_s - position_s
        else:
            wait = play_on_needs_s(share.length_s) - progress.played_on_s.get(share.key, 0.0)
            if position_s + wait > share.end_s:
                continue
        wait = max(0.0, wait)
        if best is None or wait < best:
            best = wait
    return best


def why_not(
    item: Item, thresholds: Thresholds, progress: Progress, position_s: float, played_s: float
) -> tuple[Reason, dict[str, Fact]]:
    """Why a play that ended here did not count under the user's own rules."""
    never = never_counts(item, thresholds)
    if never is not None:
        return never
    if item.kind is Kind.TRACK:
        needs = track_needs_s(item.duration_s, thresholds)
        return Reason.PLAYED_TOO_LITTLE, {"played": minutes(played_s), "threshold": minutes(needs)}
    length, ratio = share_length_s(item), thresholds.ratio(item.kind)
    if item.duration_s is None or length is None or ratio is None:
        return Reason.LENGTH_UNKNOWN, {}
    percent = min(100, int(100 * position_s / item.duration_s))
    on = progress.played_on_s.get(("", 0), 0.0)
    if position_s >= ratio * item.duration_s:
        return Reason.SKIPPED_PAST, {
            "percent": percent,
            "played": minutes(on),
            "threshold": minutes(play_on_needs_s(length)),
        }
    return Reason.STOPPED_EARLY, {"percent": percent, "needed": round(100 * ratio)}
