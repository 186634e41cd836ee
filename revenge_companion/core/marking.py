"""Marking items as watched at the server: what is asked for, and what came of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from revenge_companion.core.library import SubjectKind

#: An unanswered write may have come to the server this much later by its clock than by ours; what
#: it dates later still is a play.
UNSURE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class MarkItem:
    """One line of an import that is to be marked at the server."""

    #: The line (`ImportRow.id`).
    row_id: int
    media_id: str
    #: MOVIE or EPISODE; nothing else can be marked.
    kind: SubjectKind
    #: Seconds into it, of something that was left unfinished; None for watched to its end.
    position_s: float | None = None
    #: Its runtime in seconds, which goes with `position_s`.
    duration_s: float | None = None


class Marked(StrEnum):
    """What came of marking one line."""

    MARKED = "marked"
    #: The server had it as watched, or as watched further, or another line has marked it.
    THERE = "there"
    #: The server does not have the item.
    GONE = "gone"


class Unmarked(StrEnum):
    """What came of taking one mark back."""

    RESTORED = "restored"
    #: It was played or marked since, which stays.
    PLAYED_SINCE = "played_since"
    #: The line had marked nothing.
    NOTHING = "nothing"


class MarkState(StrEnum):
    """Where a mark is."""

    #: Written down, and maybe sent: the server has to be asked what it has.
    OPEN = "open"
    DONE = "done"
    #: Being taken back, as OPEN.
    UNDOING = "undoing"
    UNDONE = "undone"
    #: It was to be taken back, and the item had been played since.
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Before:
    """What the server said of an item before it was marked: how far an unfinished play was."""

    progress_s: int
    duration_s: int


@dataclass(frozen=True, slots=True)
class Mark:
    """One item that was marked, or is about to be."""

    id: int
    row_id: int | None
    media_id: str
    kind: SubjectKind
    state: MarkState
    #: None where nothing was known of it.
    before: Before | None
    #: Seconds into it; None for its end.
    position_s: float | None
    #: Until when (aware UTC, the server's time) what the server says of the item is our own
    #: writing; None while that is not known.
    until: datetime | None
    #: Aware UTC, by our clock.
    planned_at: datetime
