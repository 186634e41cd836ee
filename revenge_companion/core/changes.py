"""Changes a delivery can carry besides a play: a rating, a place on a watchlist, a loved track.

Unlike a play, a change says how something shall be; sending it twice changes nothing more.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from revenge_companion.core.library import Facet, Subject, keys


class Verb(StrEnum):
    RATE = "rate"
    UNRATE = "unrate"
    #: Onto the watchlist, and off it.
    WANT = "want"
    UNWANT = "unwant"
    COLLECT = "collect"
    LOVE = "love"
    UNLOVE = "unlove"
    HATE = "hate"


@dataclass(frozen=True, slots=True)
class Change:
    """One change, frozen when it is queued."""

    verb: Verb
    subject: Subject
    #: Aware UTC: since when it is so; services that keep dates are told it. None where unknown.
    at: datetime | None = None
    #: RATE: 1 to 100; the client rounds it to its service's steps (core.ratings).
    rating: int | None = None
    #: RATE: a review, where the service takes one.
    note: str = ""


FACETS = {
    Verb.RATE: Facet.RATINGS,
    Verb.UNRATE: Facet.RATINGS,
    Verb.WANT: Facet.WATCHLIST,
    Verb.UNWANT: Facet.WATCHLIST,
    Verb.COLLECT: Facet.COLLECTION,
    Verb.LOVE: Facet.LOVED,
    Verb.UNLOVE: Facet.LOVED,
    Verb.HATE: Facet.LOVED,
}


def change_key(change: Change, queued_at: datetime) -> str:
    """The de-duplication key of one change: the same wish, queued in the same second, is one row.

    The second is in it because a rating may go from 8 to 9 and back to 8.
    """
    identity = (keys(change.subject) or (change.subject.label,))[0]
    text = f"{change.verb}|{identity}|{change.rating}|{int(queued_at.timestamp())}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]
