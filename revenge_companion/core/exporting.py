"""What the library knows and an account does not: what of it is sent there, and why not the rest.

A `Known` is one line of the merged view with everything that is said of it; `core.judging` gives it
its verdict. Nothing depends on when it is asked but on `Terms.now`, so that asking twice, with
nothing changed in between, gives the same keys.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, tzinfo
from enum import StrEnum

from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.library import (
    Facet,
    Precision,
    Subject,
    SubjectKind,
    item_of,
    keys,
)
from revenge_companion.core.lines import Line
from revenge_companion.core.media import Ids, Kind
from revenge_companion.core.profiles import FIRST
from revenge_companion.core.scrobble import Scrobble, change_scrobble

#: The date of plays that nobody dates, where a service has a date for that.
UNDATED = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
#: How changes without a date are dated: before everything else, and always the same.
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class ExportVerdict(StrEnum):
    """What an export would do with a line; the tabs of its preview."""

    SEND = "send"
    #: The account has it, or is about to.
    THERE = "there"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class Terms:
    """What one account takes."""

    #: The account as a source of the library, such as "account:3".
    source: str
    kinds: tuple[Kind, ...]
    verbs: tuple[Verb, ...]
    #: What can be rated and listed there.
    rated: tuple[SubjectKind, ...]
    now: datetime
    #: Whose own ids it takes, besides TMDb's, IMDb's and TVDB's.
    refs: tuple[str, ...] = ()
    #: Plays older than this, in seconds, are refused; None for no limit.
    max_age_s: float | None = None
    #: The service keeps one play of each item.
    one_play: bool = False
    #: It takes plays that nobody dates.
    undated: bool = False
    #: Sources whose lines may not be sent on to this service.
    withheld: frozenset[str] = frozenset()
    #: Revenge's libraries that the account is switched on for; empty means all.
    libraries: tuple[str, ...] = ()
    #: Whose account it is: nothing of anybody else's library is sent there.
    profile: int = FIRST


@dataclass(frozen=True, slots=True)
class Known:
    """One line of the merged view, or one of the account's own that no longer counts."""

    facet: Facet
    subject: Subject
    #: Of the lines that say this, the one that is shown first; the account's own are among them.
    said: tuple[Line, ...]
    #: Which of several alike it is: plays of one thing in the same second.
    place: int = 0
    #: The account says something of the thing, if not this: another play.
    has_other: bool = False
    #: There is an earlier play of the thing, or one with a date where this has none.
    has_earlier: bool = False
    #: Who took it off a list, or took a rating back, after the account's line was made.
    taken_back: tuple[Line, ...] = ()
    #: Deliveries that carried it to the account before: what each said (`value_of`), its state.
    sent: tuple[tuple[str, str], ...] = ()
    #: The library of Revenge it was played from; "" where that is not known.
    library_id: str = ""

    @property
    def identities(self) -> tuple[tuple[str, str], ...]:
        """Which lines say it, each by its source and its name there."""
        return tuple(one.identity for one in self.said)


@dataclass(frozen=True, slots=True)
class Judged:
    """A line's verdict with its reason, and what is sent."""

    verdict: ExportVerdict
    reason: str = ""
    said: Line | None = None
    verb: Verb | None = None


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One line of a preview."""

    facet: Facet
    kind: SubjectKind
    #: How people write what it is about.
    label: str
    at: datetime | None
    precision: Precision
    rating: int | None
    verdict: ExportVerdict
    reason_code: str
    #: What is sent of it; empty for a play.
    verb: str = ""
    #: Orders the lines of one look.
    id: int = 0


@dataclass(frozen=True, slots=True)
class ExportTarget:
    """An account that can be exported to."""

    account_id: int
    name: str
    service: str
    facets: tuple[Facet, ...]
    #: Plays older than this, in seconds, are refused there; None for no limit.
    max_age_s: float | None = None


@dataclass(frozen=True, slots=True)
class LastRead:
    """When what an account has of a facet was last read."""

    #: Aware UTC; None for never.
    at: datetime | None
    #: Lately enough to say what is missing there.
    fresh: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """How far a look at an export has come."""

    lines: int
    #: 0 to 1 of everything there is to look at, or to queue.
    share: float


@dataclass(frozen=True, slots=True)
class ExportPreview:
    """What an export would do; nothing is queued."""

    target: ExportTarget
    facets: tuple[Facet, ...]
    #: Of those, what was not read at the account lately: nothing can be said of it.
    unread: tuple[Facet, ...] = ()
    #: Lines by facet, verdict and reason.
    counts: dict[tuple[Facet, ExportVerdict, str], int] = field(default_factory=dict)
    #: The first lines to send or left out.
    rows: tuple[ExportRow, ...] = ()

    def count(self, verdict: ExportVerdict) -> int:
        return sum(count for (_, one, _), count in self.counts.items() if one is verdict)


def takes_s(preview: ExportPreview, play_s: float, change_s: float) -> float:
    """Seconds that sending what `preview` shows takes, at these for one play and one change."""
    sent = ((one, n) for (one, what, _), n in preview.counts.items() if what is ExportVerdict.SEND)
    return sum(n * (play_s if facet is Facet.HISTORY else change_s) for facet, n in sent)


def completed(subjects: Sequence[Subject]) -> Subject:
    """The first of several descriptions of one thing, with the ids that only others give."""
    first = subjects[0]
    for other in subjects[1:]:
        if other.kind is not first.kind:
            continue
        first = replace(
            first,
            ids=_both(first.ids, other.ids),
            refs=tuple(sorted({**dict(other.refs), **dict(first.refs)}.items())),
            duration_s=first.duration_s or other.duration_s,
        )
        mine, theirs = first.series, other.series
        if mine is None:
            first = replace(first, series=theirs)
        elif theirs is not None:
            first = replace(first, series=replace(mine, ids=_both(mine.ids, theirs.ids)))
    return first


def _both(one: Ids, other: Ids) -> Ids:
    return Ids(one.tmdb or other.tmdb, one.imdb or other.imdb, one.tvdb or other.tvdb)


def scrobble_of(
    known: Known, what: Judged, queued_at: datetime, zone: tzinfo | None = None
) -> Scrobble:
    """A line as a row for the outbox; the same line always has the same key.

    What is known by its day is dated at noon of that day in `zone` (None is the system's own).
    """
    said = what.said
    assert said is not None, "only what is sent becomes a row"
    dated = _dated(said, zone)
    if what.verb is not None:
        change = Change(
            what.verb,
            known.subject,
            dated,
            said.rating if what.verb is Verb.RATE else None,
            said.note if what.verb is Verb.RATE else "",
        )
        made = change_scrobble(change, queued_at)
        key = _key(known, f"{what.verb}|{change.rating}", said.at or _LONG_AGO)
        at = dated or _LONG_AGO
        return replace(made, key=key, started_at=at, counted_at=at)
    at = dated or UNDATED
    length = known.subject.duration_s or 0.0
    return Scrobble(
        key=_key(known, f"play|{known.place}", said.at or UNDATED),
        item=item_of(known.subject),
        started_at=at,
        counted_at=at,
        played_s=length,
        position_s=length,
        progress_pct=100.0,
    )


def _dated(said: Line, zone: tzinfo | None) -> datetime | None:
    """When a line is dated for others: noon UTC, as a day is written down, is another day's
    beginning in the far east.
    """
    if said.at is None or said.precision is not Precision.DAY:
        return said.at
    try:
        return datetime.combine(said.at.date(), time(12), zone).astimezone(UTC)
    except (OverflowError, OSError, ValueError):
        # A day that no clock of this computer can show.
        return said.at


def _key(known: Known, what: str, at: datetime) -> str:
    identity = (keys(known.subject) or (known.subject.label,))[0]
    text = f"export|{what}|{identity}|{int(at.timestamp())}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def value_of(said: Line, verb: Verb | None) -> str:
    """What a row says, so that saying something else later is no repetition; "" for a play."""
    if verb is None:
        return ""
    at = "" if said.at is None else int(said.at.timestamp())
    return f"{verb}/{said.rating if verb is Verb.RATE else ''}/{at}"
