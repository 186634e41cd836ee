"""What happened while a play was followed, moment by moment, for its story.

Moments are told and never asked: nothing that is decided depends on them. A play keeps at most
`MOST`, in the order of their times; what is let go then is counted where it was.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from revenge_companion.core.counting import Share

#: How many moments a play keeps.
MOST = 60
_TENTH = timedelta(milliseconds=100)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A play may be found to count this long after its last frame, before the next one comes.
_PRESUMED = timedelta(seconds=30)
#: More characters are not the moments of one play.
_MOST_TEXT = 100_000

_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


class MomentKind(StrEnum):
    BEGAN = "began"
    PAUSED = "paused"
    WENT_ON = "went_on"
    JUMPED = "jumped"
    #: From here on nobody observed it.
    SILENT = "silent"
    #: Observed again.
    HEARD = "heard"
    RATE = "rate"
    #: The program was started anew while it went on; what it knew then is where it was.
    RESTARTED = "restarted"
    #: The threshold was jumped past: it has to be played on from here.
    PAST = "past"
    COUNTED = "counted"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened; seconds are of content, to the tenth."""

    kind: MomentKind
    #: Aware UTC, to the tenth of a second.
    at: datetime
    position_s: float
    played_s: float
    #: JUMPED: where it was before.
    from_s: float | None = None
    #: HEARD: how much of what nobody observed the position proved.
    proven_s: float | None = None
    #: RATE: content seconds per second from here on.
    rate: float | None = None
    #: COUNTED: the rule (core.thresholds) by which it did; "" is the user's own.
    rule: str = ""
    #: COUNTED and PAST: which episode of a file that holds several, from 0 on.
    part: int = 0
    #: How many moments between the one before and this one were let go.
    let_go: int = 0


@dataclass(frozen=True, slots=True)
class Course:
    """How a play went: its moments, and from where it counts by the user's own rule."""

    moments: tuple[Moment, ...] = ()
    #: Content seconds: of played time for a track, else positions, one for each episode in a file.
    counts_from_s: tuple[float, ...] = ()


#: Moments whose time may lie ahead of the next frame's: found by ourselves, between frames.
_AHEAD = (MomentKind.COUNTED, MomentKind.RESTARTED)


class Moments:
    """The moments of one play as they come; mutable, and private to the tracker."""

    __slots__ = ("_kept", "_shares", "_text", "_unread")

    def __init__(self, data: object = None) -> None:
        """Go on with what a checkpoint holds; with none where it holds none.

        It is read when it is needed: of the plays of a month that are remembered, few go on.
        """
        self._unread = data
        self._kept: list[Moment] = []
        self._shares: list[Share] | None = None
        self._text: str | None = None

    @property
    def kept(self) -> tuple[Moment, ...]:
        return tuple(self._read())

    def _read(self) -> list[Moment]:
        if self._unread is not None:
            self._kept, self._unread = list(_course(self._unread).moments), None
        return self._kept

    def note(self, moment: Moment) -> None:
        """Put `moment` where its time is; one that is told late or by a clock set back comes last.

        A second restart in a row takes the place of the first.
        """
        kept, self._text = self._read(), None
        moment = _rounded(moment)
        place = len(kept)
        while place and _is_ahead(kept[place - 1], moment):
            place -= 1
        if place and kept[place - 1].at > moment.at:
            moment = replace(moment, at=kept[place - 1].at)
        if place and moment.kind is MomentKind.RESTARTED is kept[place - 1].kind:
            kept[place - 1] = replace(moment, let_go=kept[place - 1].let_go)
            return
        kept.insert(place, moment)
        if len(kept) > MOST:
            self._thin()

    def _thin(self) -> None:
        """Let the oldest one go: not the first, and not the ones that say when it counted."""
        kept = self._kept
        spare = (n for n in range(1, MOST) if kept[n].kind is not MomentKind.COUNTED)
        gone = next(spare, 1)
        after = kept[gone + 1]
        kept[gone + 1] = replace(after, let_go=after.let_go + 1 + kept[gone].let_go)
        del kept[gone]

    def begin_earlier(self, at: datetime, position_s: float, opening_s: float) -> None:
        """Its start came late: it began at `at`, and `opening_s` were played before the first."""
        kept, self._text = self._read(), None
        if kept and kept[0].kind is MomentKind.BEGAN:
            first = replace(kept[0], at=at, position_s=position_s)
            later = [replace(one, played_s=one.played_s + opening_s) for one in kept[1:]]
            self._kept = [_rounded(one) for one in (first, *later)]

    def text(self, shares: list[Share]) -> str:
        """What `read_course` reads, as short as it is plain. All numbers but rates are tenths.

        `shares` are all that the play can count by; a list that was given before is as it was then.
        """
        if self._text is None or shares is not self._shares:
            self._shares = shares
            own = [share.threshold_s for share in shares if share.key[0] == ""]
            self._text = _ENCODE(_data(self._read(), own))
        return self._text


def read_course(text: str) -> Course:
    """What `Moments.text` gave; an empty course for "" and for text that is none."""
    if not text or len(text) > _MOST_TEXT:
        return Course()
    try:
        return _course(json.loads(text))
    except (ValueError, RecursionError):
        return Course()


def _is_ahead(kept: Moment, new: Moment) -> bool:
    if kept.kind not in _AHEAD or kept.at <= new.at:
        return False
    return kept.kind is MomentKind.RESTARTED or kept.at - new.at <= _PRESUMED


def _rounded(moment: Moment) -> Moment:
    """As it is read back, so that a restart changes nothing."""
    at = moment.at
    return replace(
        moment,
        at=at.replace(microsecond=at.microsecond // 100_000 * 100_000),
        position_s=_tenths(moment.position_s) / 10,
        played_s=_tenths(moment.played_s) / 10,
        from_s=None if moment.from_s is None else _tenths(moment.from_s) / 10,
        proven_s=None if moment.proven_s is None else _tenths(moment.proven_s) / 10,
        rate=None if moment.rate is None else round(moment.rate, 3),
    )


def _tenths(seconds: float) -> int:
    return round(seconds * 10)


def _data(kept: Sequence[Moment], counts_from_s: Sequence[float]) -> dict[str, Any]:
    since = kept[0].at if kept else _EPOCH
    return {
        "at": (since - _EPOCH) // _TENTH,
        "counts": [_tenths(one) for one in counts_from_s],
        "rows": [_row(one, since) for one in kept],
    }


def _row(one: Moment, since: datetime) -> list[Any]:
    row: list[Any] = [
        one.kind,
        (one.at - since) // _TENTH,
        _tenths(one.position_s),
        _tenths(one.played_s),
    ]
    seconds = {"from": one.from_s, "proven": one.proven_s}
    more: dict[str, Any] = {
        name: _tenths(value) for name, value in seconds.items() if value is not None
    }
    rest = {"rate": one.rate, "rule": one.rule, "part": one.part, "let_go": one.let_go}
    more |= {name: value for name, value in rest.items() if value}
    return [*row, more] if more else row


def _course(data: object) -> Course:
    try:
        if not isinstance(data, Mapping):
            return Course()
        since = int(data["at"])
        moments = [_moment(row, since) for row in data["rows"][: MOST + 1]]
        return Course(tuple(moments), tuple(int(one) / 10 for one in data["counts"]))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError):
        return Course()


def _moment(row: Sequence[Any], since: int) -> Moment:
    kind, after, position, played = row[:4]
    more = row[4] if len(row) > 4 else {}
    moved, proven, rate = more.get("from"), more.get("proven"), more.get("rate")
    return Moment(
        MomentKind(kind),
        _EPOCH + (since + int(after)) * _TENTH,
        int(position) / 10,
        int(played) / 10,
        from_s=None if moved is None else int(moved) / 10,
        proven_s=None if proven is None else int(proven) / 10,
        rate=None if rate is None else float(rate),
        rule=str(more.get("rule", "")),
        part=int(more.get("part", 0)),
        let_go=int(more.get("let_go", 0)),
    )
