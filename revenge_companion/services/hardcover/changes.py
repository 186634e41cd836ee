"""Ratings and wishes at Hardcover: the shelf is looked at first, and left where it says so."""

from collections.abc import Mapping
from typing import Any, Protocol

from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import Delivered, Delivery, Outcome, Refused, Skipped
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.core.ratings import stars_of
from revenge_companion.core.reasons import Reason
from revenge_companion.services.changing import change_of
from revenge_companion.services.hardcover import payload
from revenge_companion.services.hardcover.payload import OnShelf

_THERE = Delivered(note=Reason.ALREADY_THERE)
_VERBS = (Verb.RATE, Verb.UNRATE, Verb.WANT, Verb.UNWANT)


class Line(Protocol):
    """What of an account's client is needed."""

    async def book_of(self, subject: Subject) -> int | None:
        """The book that `subject` is; None where that is not certain."""
        ...

    async def entry_of(self, book: int) -> OnShelf | None:
        """The user's own entry for a book; None where it is on no shelf."""
        ...

    async def put_on_shelf(self, book: int, values: Mapping[str, Any]) -> int:
        """Add a book, as private as the user has it; the entry's number."""
        ...

    async def say(self, query: str, variables: Mapping[str, Any]) -> int:
        """Make one change; the number of what was changed."""
        ...


async def deliver(delivery: Delivery, line: Line) -> Outcome:
    """The outcome of one row; see `services.base.TakesChanges`."""
    change = change_of(delivery)
    verb, subject = change.verb, change.subject
    if verb not in _VERBS or subject.kind is not SubjectKind.BOOK:
        return Refused(Reason.NOT_TAKEN)
    if verb is Verb.RATE and change.rating is None:
        return Refused(Reason.INVALID, "There is no rating in it.")
    book = await line.book_of(subject)
    if book is None:
        return Refused(Reason.NOT_FOUND, "No book has exactly this ISBN, or title and author.")
    entry = await line.entry_of(book)
    if verb in (Verb.RATE, Verb.UNRATE):
        return await _rate(change, entry, line)
    if verb is Verb.WANT:
        if entry is None:
            dated = {"date_added": f"{change.at:%Y-%m-%d}"} if change.at is not None else {}
            wanted = {"status_id": payload.WANTED} | dated
            return Delivered(str(await line.put_on_shelf(book, wanted)))
        # A book that is further on never becomes a wish again.
        return _THERE if entry.status == payload.WANTED else Skipped(Reason.KEPT_LISTED)
    if entry is None or entry.status != payload.WANTED:
        return _THERE
    if entry.rating or entry.reads or entry.reviewed:
        return Refused(Reason.KEPT_HISTORY)
    return Delivered(str(await line.say(payload.REMOVE_ENTRY, {"id": entry.id})))


async def _rate(change: Change, entry: OnShelf | None, line: Line) -> Outcome:
    """Set the stars, or take them away; a review stays on this computer."""
    taken = change.verb is Verb.UNRATE or change.rating is None
    stars = None if taken else stars_of(change.rating or 0)
    if (entry.rating if entry is not None else None) == stars:
        return _THERE
    if entry is None:
        return Refused(Reason.NOT_LISTED)
    changed = {"id": entry.id, "o": {"rating": stars}}
    return Delivered(str(await line.say(payload.CHANGE_ENTRY, changed)))
