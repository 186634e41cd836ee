"""The user's own word about one thing, said in the Companion: a rating, a wish, a love, or no more.

It is a line of the library like what any source says, dated later than all that is known of the
thing; so it stands until somebody says otherwise still later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.library import Entry, Facet, Subject, keys
from revenge_companion.core.lines import Line
from revenge_companion.core.ratings import Scale, agree

#: What can be said of a thing; plays are the ledger's, and lists belong to their services.
SAYABLE = (Facet.RATINGS, Facet.WATCHLIST, Facet.LOVED)
_SHORTLY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Word:
    """What is said."""

    facet: Facet
    #: Nothing of it any more: no rating, off the watchlist, not loved.
    gone: bool = False
    #: RATINGS: 1 to 100.
    rating: int | None = None
    #: LOVED: True for loved, False for hated.
    loved: bool = True

    @property
    def verb(self) -> Verb:
        """The change that tells a service so."""
        match self.facet:
            case Facet.RATINGS:
                return Verb.UNRATE if self.gone else Verb.RATE
            case Facet.WATCHLIST:
                return Verb.UNWANT if self.gone else Verb.WANT
            case _ if self.gone:
                return Verb.UNLOVE
        return Verb.LOVE if self.loved else Verb.HATE

    def agrees(self, said: Line | None) -> bool:
        """Whether who says this (None for nothing) need not be told."""
        if said is None or self.gone:
            return said is None and self.gone
        if self.facet is Facet.RATINGS:
            if said.rating is None or self.rating is None:
                return False
            return agree(said.rating, said.steps, self.rating, Scale.TEN)
        return said.loved == self.loved


class Hears(StrEnum):
    """Whether an account is told."""

    TOLD = "told"
    #: Its sync of this is switched off, or the account is.
    OFF = "off"
    #: It has to be linked again; the sync tells it then.
    LATER = "later"
    #: It cannot take this, or says so already; the reason code says which.
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Hearer:
    """One account that could be told."""

    account_id: int
    name: str
    service: str
    hears: Hears
    reason_code: str = ""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word that was said; it can be taken back by its number while the program runs."""

    number: int
    label: str
    word: Word
    hearers: tuple[Hearer, ...]


def line_of(subject: Subject) -> str:
    """The name of the line that holds the user's word: one for each thing and facet."""
    return f"said:{(keys(subject) or (subject.label,))[0]}"


def entry_of(subject: Subject, word: Word, now: datetime, known: Sequence[datetime]) -> Entry:
    """The line of a word said at `now`; `known` is when others spoke of the thing."""
    # Clocks differ, and a day is dated at its noon: what is said last has to be the latest.
    at = max((now, *(one + _SHORTLY for one in known)))
    entry = Entry(word.facet, subject, line_of(subject), at, removed=word.gone)
    if word.facet is Facet.RATINGS and not word.gone:
        return replace(entry, rating=word.rating, steps=int(Scale.TEN))
    return replace(entry, loved=word.loved)


def back(facet: Facet, subject: Subject, theirs: Line | None) -> Change | None:
    """The change that makes an account say again what it said; None where it is no facet of ours.

    `theirs` is that; None where it said nothing.
    """
    at = None if theirs is None else theirs.at
    match facet:
        case Facet.RATINGS if theirs is not None and theirs.rating is not None:
            return Change(Verb.RATE, subject, at, theirs.rating, theirs.note)
        case Facet.RATINGS:
            return Change(Verb.UNRATE, subject)
        case Facet.WATCHLIST:
            return Change(Verb.UNWANT if theirs is None else Verb.WANT, subject, at)
        case Facet.LOVED if theirs is not None:
            return Change(Verb.LOVE if theirs.loved else Verb.HATE, subject, at)
        case Facet.LOVED:
            return Change(Verb.UNLOVE, subject)
    return None
