"""Ratings and the plan to watch: what is sent to Simkl, and what its answers mean.

A title is on one list of Simkl's only, and leaves it only together with its history and its rating.
So what is on another list is not moved, and what has a history or a rating is not removed: the
account's library is looked at before either.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import Delivered, Delivery, Outcome, Refused, Skipped
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
    rows_of,
    sorted_out,
    whole_number,
    words,
)
from revenge_companion.services.changing import by_verb, change_of
from revenge_companion.services.naming import share_id
from revenge_companion.services.simkl import entries, payload, wire
from revenge_companion.services.simkl.kept import Title
from revenge_companion.services.simkl.payload import Place

#: Seconds a request may take.
TIMEOUT_S = 60.0
_VERBS = (Verb.RATE, Verb.UNRATE, Verb.WANT, Verb.UNWANT)
_KINDS = {
    SubjectKind.SEASON: "Simkl rates and lists whole shows, not seasons.",
    SubjectKind.EPISODE: "Simkl rates and lists whole shows, not episodes.",
}
_THERE = Delivered(note=Reason.ALREADY_THERE)


class _NotKnown(BatchRefused):
    """An item is not in Simkl's database."""


class Post(Protocol):
    """The client's own way of sending."""

    async def __call__(
        self, path: str, body: dict[str, Any], *, live: bool = False, timeout_s: float = 30.0
    ) -> Answer: ...


class LookUp(Protocol):
    """The titles of the account's library that places may be, as Simkl says now."""

    async def __call__(self, places: Mapping[int, Place]) -> dict[int, list[Title]]: ...


class Left(Protocol):
    """Seconds until Simkl's next day."""

    def __call__(self) -> float: ...


async def deliver(
    batch: Sequence[Delivery], post: Post, look_up: LookUp, left_of_day_s: Left
) -> dict[int, Outcome]:
    """An outcome for each row; see `services.base.TakesChanges`."""
    places, outcomes = sorted_out(batch, lambda row: _placed(change_of(row)))
    rows = [row for row in batch if row.id in places]
    about = {row: (where.section, *where.ids.items()) for row, where in places.items()}
    sender = _Sender(post, look_up, left_of_day_s, places)
    return outcomes | await in_turn([group for _, group in by_verb(rows, about)], sender.send)


def _placed(change: Change) -> Place | Refused:
    kind, verb = change.subject.kind, change.verb
    if verb not in _VERBS or kind in _KINDS or kind not in (SubjectKind.MOVIE, SubjectKind.SHOW):
        return Refused(Reason.NOT_TAKEN, _KINDS.get(kind, "") if verb in _VERBS else "")
    if verb is Verb.RATE and change.rating is None:
        return Refused(Reason.INVALID, "There is no rating in it.")
    where = payload.subject_place(change.subject)
    return where or Refused(Reason.NOT_FOUND, "It has no id that Simkl knows.")


class _Sender:
    """Sends the groups of one batch."""

    def __init__(
        self, post: Post, look_up: LookUp, left_of_day_s: Left, places: Mapping[int, Place]
    ) -> None:
        self._post = post
        self._look_up = look_up
        self._left_of_day_s = left_of_day_s
        self._places = places

    async def send(self, rows: Sequence[Delivery]) -> dict[int, Outcome]:
        """One group of one verb."""
        send = {
            Verb.RATE: self._rate,
            Verb.UNRATE: self._unrate,
            Verb.WANT: self._want,
            Verb.UNWANT: self._unwant,
        }[change_of(rows[0]).verb]
        try:
            return await send(rows)
        except BatchRefused as error:
            if len(rows) > 1:
                raise
            code = Reason.NOT_FOUND if isinstance(error, _NotKnown) else Reason.INVALID
            return {rows[0].id: Refused(code, str(error))}

    async def _rate(self, rows: Sequence[Delivery]) -> dict[int, Outcome]:
        said = {row.id: _rating(change_of(row)) for row in rows}
        data = await self._sent("/sync/ratings", self._body(rows, said), "added")
        outcomes, rest = self._named(rows, data)
        if _count(data["added"]) >= len(rest):
            return outcomes | all_of([row.id for row in rest], Delivered())
        # The same rating again counts as nothing done.
        titles = await self._look_up({row.id: self._places[row.id] for row in rest})
        for row in rest:
            wanted = points(change_of(row))
            stands = any(entries.rating_of(title.item) == wanted for title in titles[row.id])
            outcomes[row.id] = _THERE if stands else Refused(Reason.IGNORED)
        return outcomes

    async def _unrate(self, rows: Sequence[Delivery]) -> dict[int, Outcome]:
        data = await self._sent("/sync/ratings/remove", self._body(rows, {}), "deleted")
        outcomes, rest = self._named(rows, data)
        done = Delivered() if _count(data["deleted"]) else _THERE
        return outcomes | all_of([row.id for row in rest], done)

    async def _want(self, rows: Sequence[Delivery]) -> dict[int, Outcome]:
        outcomes: dict[int, Outcome] = {}
        titles = await self._look_up({row.id: self._places[row.id] for row in rows})
        for row in rows:
            lists = {title.item.get("status") for title in titles[row.id]}
            if entries.PLAN_TO_WATCH in lists:
                outcomes[row.id] = _THERE
            elif lists:
                outcomes[row.id] = Skipped(Reason.KEPT_LISTED)
        new = [row for row in rows if row.id not in outcomes]
        if not new:
            return outcomes
        said = {row.id: _wanted(change_of(row)) for row in new}
        data = await self._sent("/sync/add-to-list", self._body(new, said), "added")
        refused, rest = self._named(new, data)
        return outcomes | refused | {row.id: self._listed(row, data["added"]) for row in rest}

    def _listed(self, row: Delivery, added: Mapping[str, Any]) -> Outcome:
        """What an answer says of one row that it did not call unknown."""
        where = self._places[row.id]
        for section in ("movies", "shows", "anime"):
            for said in rows_of(added.get(section)):
                if share_id(said.get("ids"), where.ids):
                    put = words(said.get("to"))
                    if put == entries.PLAN_TO_WATCH:
                        return Delivered()
                    return Refused(Reason.IGNORED, f"Simkl put it under \u201c{put}\u201d.")
        return Refused(Reason.IGNORED, "Simkl did not say that it listed it.")

    async def _unwant(self, rows: Sequence[Delivery]) -> dict[int, Outcome]:
        outcomes: dict[int, Outcome] = {}
        listed: dict[int, Title] = {}
        titles = await self._look_up({row.id: self._places[row.id] for row in rows})
        for row in rows:
            found = titles[row.id]
            wanted = [one for one in found if one.item.get("status") == entries.PLAN_TO_WATCH]
            if not wanted:
                outcomes[row.id] = _THERE
            elif len(found) > 1:
                # Every cour of an anime has the ids of its series.
                outcomes[row.id] = Refused(Reason.UNMAPPED)
            elif _holds_more(wanted[0]):
                outcomes[row.id] = Refused(Reason.KEPT_HISTORY)
            else:
                listed[row.id] = wanted[0]
        if not listed:
            return outcomes
        body: dict[str, Any] = {}
        for title in listed.values():
            # Anime stands among the shows where something is removed.
            section = "movies" if title.kind == entries.MOVIES else "shows"
            body.setdefault(section, []).append({"ids": {"simkl": title.id}})
        data = await self._sent("/sync/history/remove", body, "deleted")
        done = Delivered() if _count(data["deleted"]) else _THERE
        return outcomes | all_of(listed, done)

    def _body(
        self, rows: Sequence[Delivery], said: Mapping[int, Mapping[str, Any]]
    ) -> dict[str, Any]:
        body: dict[str, Any] = {}
        for row in rows:
            where = self._places[row.id]
            entry = {**said.get(row.id, {}), **where.named}
            body.setdefault(where.section, []).append(entry)
        return body

    async def _sent(self, path: str, body: dict[str, Any], key: str) -> Mapping[str, Any]:
        """The answer to one request, which has an object under `key`."""
        answer = await self._post(path, body, timeout_s=TIMEOUT_S)
        if wire.unknown_item(answer) and wire.error_code(answer) == "id_err":
            raise _NotKnown("Simkl does not know one of these items.")
        data = object_of(answer) if 200 <= answer.status < 300 else None
        if data is None or not isinstance(data.get(key), dict):
            left_s = self._left_of_day_s()
            raise wire.trouble(answer, left_of_day_s=left_s, what="this change")
        return data

    def _named(
        self, rows: Sequence[Delivery], data: Mapping[str, Any]
    ) -> tuple[dict[int, Outcome], list[Delivery]]:
        """Rows that an answer calls unknown, and the others."""
        places = {row.id: self._places[row.id] for row in rows}
        named, unexplained = payload.not_found(mapping(data.get("not_found")), places)
        if unexplained and len(rows) > 1:
            # Saying it again is harmless, so the row is found by splitting.
            raise BatchRefused("Simkl does not know one of these items.")
        if unexplained:
            named = set(places)
        outcomes: dict[int, Outcome] = dict.fromkeys(named, Refused(Reason.NOT_FOUND))
        return outcomes, [row for row in rows if row.id not in named]


def points(change: Change) -> int:
    """A rating in Simkl's steps, 1 to 10; there is no 0, which would be no rating."""
    return step_of(change.rating or 0)


def _rating(change: Change) -> dict[str, Any]:
    dated = {"rated_at": payload.timestamp(change.at)} if change.at else {}
    return {"rating": points(change)} | dated


def _wanted(change: Change) -> dict[str, Any]:
    dated = {"added_at": payload.timestamp(change.at)} if change.at else {}
    return {"to": entries.PLAN_TO_WATCH} | dated


def _holds_more(title: Title) -> bool:
    """Whether more than its place on the list would go with a title."""
    return entries.rating_of(title.item) is not None or entries.has_history(title.kind, title.item)


def _count(part: Mapping[str, Any]) -> int:
    return sum(whole_number(part.get(section)) or 0 for section in ("movies", "shows", "anime"))
