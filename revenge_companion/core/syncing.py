"""Keeping an account and the library in step: when it is time, and when a change is too much."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from revenge_companion.core.accounts import Account, AccountState
from revenge_companion.core.library import Facet
from revenge_companion.core.switching import SYNCS

#: Removals of more than this share of what was there are asked about.
MOST_REMOVED = 0.10
#: One line is what a user removes, however short the list is.
FREELY_REMOVED = 1
#: As many of what is there may say something else from now on: what a person changes in an evening.
FREELY_CHANGED = 20
#: Lines that come at once without a question, and more for each day since the last look: three
#: devices that play tracks day and night come to some 1,200.
MOST_ADDED, MOST_ADDED_A_DAY = 1000, 1200
#: How long is waited after a look that failed, in seconds; less where the interval is shorter.
AGAIN_S = 1800.0
#: Intervals between two looks, in hours.
LEAST_HOURS, USUAL_HOURS, MOST_HOURS = 1, 24, 168
#: By how much of the interval a look comes earlier or later, so that not everybody's come at once.
_SPREAD = 0.1
#: `FacetSync.left` where only the user's word goes on, whatever the source says.
UNTIL_ASKED = "*"
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Moved:
    """What would change on one side."""

    #: Lines there were before.
    before: int
    added: int
    removed: int
    #: Days since the last look; 0 for the first one.
    days: float = 0.0
    #: Lines of those `added` that stand in place of what the side says now.
    changed: int = 0


def asks(moved: Moved) -> bool:
    """Whether so much changed that a mistake is likelier than a person: the user is asked."""
    share = moved.before * MOST_REMOVED
    if moved.removed > FREELY_REMOVED and moved.removed > share:
        return True
    if moved.changed > FREELY_CHANGED and moved.changed > share:
        return True
    return moved.added > MOST_ADDED + MOST_ADDED_A_DAY * max(moved.days, 0.0)


class Way(StrEnum):
    """Where the lines of a question go."""

    #: From the account into the library.
    TAKE = "take"
    #: From the library to the account.
    SEND = "send"


@dataclass(frozen=True, slots=True)
class Question:
    """What a sync waits for: nothing is changed until it is answered."""

    way: Way
    before: int
    added: int
    removed: int
    #: The import run that has the lines; None for SEND.
    run_id: int | None = None


@dataclass(frozen=True, slots=True)
class FacetSync:
    """How one facet of one account stands."""

    facet: Facet
    #: Aware UTC: when it was looked at, and when it was last in step.
    looked_at: datetime | None = None
    synced_at: datetime | None = None
    #: What came of the last look that changed anything.
    added: int = 0
    removed: int = 0
    sent: int = 0
    #: Lines of the last reading that said nothing that can be kept; none of them counts as gone.
    unread: int = 0
    #: Why the last look failed, a sentence; empty when it did not.
    trouble: str = ""
    question: Question | None = None
    #: The user left it as it is: nothing happens until the source says something else than this.
    left: str | None = None


@dataclass(frozen=True, slots=True)
class AccountSync:
    """How one account stands; `facets` are those that are switched on."""

    account_id: int
    name: str
    service: str
    facets: tuple[FacetSync, ...] = ()
    next_at: datetime | None = None
    running: bool = False
    #: What is never sent on from here, a sentence; empty where everything may be.
    note: str = ""


def wanted(account: Account, facets: Sequence[Facet]) -> tuple[Facet, ...]:
    """The facets, of those its service can be read for, that an account is synced by.

    Also while it waits to be linked again: what is switched on stays so.
    """
    switches = account.switches
    if not switches.enabled or account.state is AccountState.OFF:
        return ()
    return tuple(
        facet
        for name, of_switch in SYNCS.items()
        for facet in of_switch
        if facet in facets and getattr(switches, name)
    )


def interval_s(hours: int, least_s: float) -> float:
    """Seconds between two looks; a service may want them farther apart than the user."""
    return max(min(max(hours, LEAST_HOURS), MOST_HOURS) * _HOUR_S, least_s)


def next_look(now: datetime, every_s: float, jitter: float, *, failed: bool) -> datetime:
    """When to look again; `jitter` is 0 to 1."""
    wait_s = min(AGAIN_S, every_s) if failed else every_s
    # Never earlier than the service's own least interval.
    return now + timedelta(seconds=wait_s * (1 + _SPREAD * jitter))


def is_due(next_at: datetime | None, now: datetime, every_s: float) -> bool:
    """Whether it is time. A time that lies too far ahead was set by a clock that was wrong."""
    if next_at is None:
        return True
    return now >= next_at or next_at - now > timedelta(seconds=every_s * (1 + 2 * _SPREAD))


def is_left(state: FacetSync, mark: str) -> bool:
    """Whether the user left this facet as it is, and its source says nothing new since."""
    return state.left is not None and (not mark or state.left in (mark, UNTIL_ASKED))


def text_of(facets: Mapping[Facet, FacetSync], next_at: datetime | None) -> str:
    """What is kept over a restart."""
    rows = {}
    for facet, one in facets.items():
        question = one.question
        rows[facet.value] = {
            "looked": _iso(one.looked_at),
            "synced": _iso(one.synced_at),
            "added": one.added,
            "removed": one.removed,
            "sent": one.sent,
            "unread": one.unread,
            "trouble": one.trouble,
            "left": one.left,
            "question": None
            if question is None
            else [question.way.value, question.before, question.added, question.removed,
                  question.run_id],
        }  # fmt: skip
    return json.dumps({"next": _iso(next_at), "facets": rows})


def read(text: str | None) -> tuple[dict[Facet, FacetSync], datetime | None]:
    """What `text_of` wrote; nothing for anything else."""
    try:
        values = json.loads(text or "{}")
        found = {
            Facet(name): _facet(Facet(name), row) for name, row in values.get("facets", {}).items()
        }
        return found, _moment(values.get("next"))
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}, None


def _facet(facet: Facet, row: Mapping[str, Any]) -> FacetSync:
    asked = row["question"]
    one = FacetSync(
        facet,
        _moment(row["looked"]),
        _moment(row["synced"]),
        int(row["added"]),
        int(row["removed"]),
        int(row["sent"]),
        trouble=str(row["trouble"]),
        left=row["left"],
        # Not kept by older versions.
        unread=int(row.get("unread", 0)),
    )
    if asked is None:
        return one
    way, before, added, removed, run_id = asked
    return replace(one, question=Question(Way(way), before, added, removed, run_id))


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _moment(text: str | None) -> datetime | None:
    at = None if text is None else datetime.fromisoformat(text)
    return at if at is not None and at.tzinfo is not None else None
