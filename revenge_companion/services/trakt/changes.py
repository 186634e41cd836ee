"""Ratings, the watchlist and the collection: what is sent to Trakt, and what its answers mean."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import Delivered, Delivery, Outcome, Refused
from revenge_companion.core.errors import BatchRefused
from revenge_companion.core.library import SubjectKind
from revenge_companion.core.ratings import step_of
from revenge_companion.core.reasons import Reason
from revenge_companion.net.http import Answer
from revenge_companion.services.answers import (
    all_of,
    in_turn,
    mapping,
    object_of,
    sorted_out,
    whole_number,
)
from revenge_companion.services.changing import by_verb, change_of
from revenge_companion.services.naming import NO_ID
from revenge_companion.services.trakt import payload, wire
from revenge_companion.services.trakt.payload import Place

#: Seconds a request may take: Trakt's time grows with the rows.
TIMEOUT_S = 60.0
_PATHS = {
    Verb.RATE: "/sync/ratings",
    Verb.UNRATE: "/sync/ratings/remove",
    Verb.WANT: "/sync/watchlist",
    Verb.UNWANT: "/sync/watchlist/remove",
    Verb.COLLECT: "/sync/collection",
}
_REMOVES = (Verb.UNRATE, Verb.UNWANT)
_SECTIONS = ("movies", "shows", "seasons", "episodes")
#: What a limit of the account is about.
_LIMITED = {
    Verb.RATE: "Trakt takes no more ratings from this account.",
    Verb.WANT: "The watchlist at Trakt is full.",
    Verb.COLLECT: "The collection at Trakt is full.",
}

#: Whether each row's rating stands there, by row; asks Trakt.
Stands = Callable[[Sequence[Delivery]], Awaitable[set[int]]]


class Post(Protocol):
    """The client's own way of sending."""

    async def __call__(
        self, path: str, body: dict[str, Any], *, live: bool = False, timeout_s: float = 30.0
    ) -> Answer: ...


async def deliver(batch: Sequence[Delivery], post: Post, stands: Stands) -> dict[int, Outcome]:
    """An outcome for each row; see `services.base.TakesChanges`."""
    places, outcomes = sorted_out(batch, lambda row: _placed(change_of(row)))
    rows = [row for row in batch if row.id in places]
    about = {row: (p.section, *p.ids.items(), p.season, p.number) for row, p in places.items()}
    sender = _Sender(post, stands, places)
    groups = [group for _, group in by_verb(rows, about)]
    return outcomes | await in_turn(groups, sender.send)


def _placed(change: Change) -> Place | Refused:
    kind, verb = change.subject.kind, change.verb
    if verb not in _PATHS or kind not in (
        SubjectKind.MOVIE,
        SubjectKind.SHOW,
        SubjectKind.SEASON,
        SubjectKind.EPISODE,
    ):
        return Refused(Reason.NOT_TAKEN)
    if verb is Verb.COLLECT and kind not in (SubjectKind.MOVIE, SubjectKind.EPISODE):
        # A show there means all of its episodes, also those nobody has.
        return Refused(Reason.NOT_TAKEN, "Trakt collects films and episodes.")
    if verb is Verb.RATE and change.rating is None:
        return Refused(Reason.INVALID, "There is no rating in it.")
    where = payload.subject_place(change.subject)
    return where or Refused(Reason.NOT_FOUND, NO_ID)


class _Sender:
    """Sends the groups of one batch."""

    def __init__(self, post: Post, stands: Stands, places: Mapping[int, Place]) -> None:
        self._post = post
        self._stands = stands
        self._places = places
        #: Verbs for which the account has no room left.
        self._full: set[Verb] = set()

    async def send(self, rows: Sequence[Delivery]) -> dict[int, Outcome]:
        """One group of one verb. Where the account has room for some only, those go."""
        verb = change_of(rows[0]).verb
        if verb in self._full:
            return self._no_room(rows, verb)
        said = [(self._places[row.id], _said(change_of(row))) for row in rows]
        answer = await self._post(_PATHS[verb], payload.body(said), timeout_s=TIMEOUT_S)
        if answer.status == 420:
            if len(rows) == 1:
                self._full.add(verb)
                return self._no_room(rows, verb)
            half = len(rows) // 2
            return await self.send(rows[:half]) | await self.send(rows[half:])
        if answer.status == 426:
            page = str(wire.trouble(answer, may_be_kept=False))
            return all_of([row.id for row in rows], Refused(Reason.VIP_NEEDED, page))
        data = object_of(answer) if 200 <= answer.status < 300 else None
        key = "deleted" if verb in _REMOVES else "added"
        if data is None or not isinstance(data.get(key), dict):
            error = wire.trouble(answer, may_be_kept=False, what="this change")
            if isinstance(error, BatchRefused) and len(rows) == 1:
                return {rows[0].id: Refused(Reason.INVALID, str(error))}
            raise error
        return await self._read(rows, verb, data)

    def _no_room(self, rows: Sequence[Delivery], verb: Verb) -> dict[int, Outcome]:
        detail = _LIMITED.get(verb, "This account has reached a limit at Trakt.")
        return all_of([row.id for row in rows], Refused(Reason.ACCOUNT_LIMIT, detail))

    async def _read(
        self, rows: Sequence[Delivery], verb: Verb, data: Mapping[str, Any]
    ) -> dict[int, Outcome]:
        """What became of each row, from an answer that may be a partial success."""
        places = {row.id: self._places[row.id] for row in rows}
        named, unexplained = payload.not_found(mapping(data.get("not_found")), places)
        if unexplained and len(rows) > 1:
            # Saying it again is harmless, so the row is found by splitting.
            raise BatchRefused("Trakt does not know one of these items.")
        if unexplained:
            named = set(places)
        outcomes: dict[int, Outcome] = dict.fromkeys(named, Refused(Reason.NOT_FOUND))
        rest = [row for row in rows if row.id not in named]
        changed = _count(data, "deleted", "added", "updated")
        already = _count(data, "existing")
        there = Delivered(note=Reason.ALREADY_THERE)
        if verb in _REMOVES:
            # What is not there need not be removed.
            done = Delivered() if changed else there
            return outcomes | all_of([row.id for row in rest], done)
        if changed + already >= len(rest):
            return outcomes | all_of([row.id for row in rest], Delivered() if changed else there)
        if verb is Verb.RATE:
            # The same rating again may count as nothing done.
            stand = await self._stands(rest)
            ignored = Refused(Reason.IGNORED, "Trakt took the rating and does not show it.")
            return outcomes | {row.id: there if row.id in stand else ignored for row in rest}
        if len(rest) > 1:
            raise BatchRefused(f"Trakt took {changed + already} of {len(rest)}.")
        return outcomes | {rest[0].id: Refused(Reason.IGNORED)}


def _said(change: Change) -> dict[str, Any]:
    """What is said beside the ids."""
    match change.verb:
        case Verb.RATE:
            said: dict[str, Any] = {"rating": points(change)}
            return said | ({"rated_at": payload.timestamp(change.at)} if change.at else {})
        case Verb.COLLECT if change.at is not None:
            return {"collected_at": payload.timestamp(change.at)}
    return {}


def points(change: Change) -> int:
    """A rating in Trakt's steps, 1 to 10; there is no 0, which would be no rating."""
    return step_of(change.rating or 0)


def _count(data: Mapping[str, Any], *keys: str) -> int:
    parts = [mapping(data.get(key)) for key in keys]
    return sum(whole_number(part.get(section)) or 0 for part in parts for section in _SECTIONS)
