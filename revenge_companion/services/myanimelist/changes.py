"""Scores and plans at MyAnimeList: the entry is read first, and left alone where it says so."""

from collections.abc import Mapping
from typing import Any, Protocol

from revenge_companion.core.animemap import Match
from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import Delivered, Delivery, Outcome, Refused, Skipped
from revenge_companion.core.ratings import Scale, step_of
from revenge_companion.core.reasons import Reason
from revenge_companion.core.watching import Listed, ListEntry, WatchStatus
from revenge_companion.net.http import Answer
from revenge_companion.services.animemap.map import AnimeMap
from revenge_companion.services.animemap.placing import changed, doubtful
from revenge_companion.services.answers import mapping, object_of, whole_number
from revenge_companion.services.changing import change_of
from revenge_companion.services.myanimelist import payload, wire
from revenge_companion.services.myanimelist.spec import SPEC

_THERE = Delivered(note=Reason.ALREADY_THERE)
_GONE = Refused(Reason.NOT_FOUND, "The entry is gone from MyAnimeList.")
_WHAT = "this change"


class Send(Protocol):
    """The client's own way of asking."""

    async def __call__(
        self,
        method: str,
        path: str,
        params: dict[str, str] | None = None,
        *,
        form: dict[str, str] | None = None,
    ) -> Answer: ...


async def deliver(delivery: Delivery, send: Send, maps: AnimeMap) -> Outcome:
    """The outcome of one row; see `services.base.TakesChanges`."""
    change = change_of(delivery)
    match = await changed(maps, change, SPEC.name)
    if not isinstance(match, Match):
        return match
    if match.mal is None:
        return Refused(Reason.UNMAPPED, payload.no_entry(match))
    answer = await send("GET", f"/anime/{match.mal}", {"fields": payload.FIELDS})
    if wire.is_gone(answer):
        return _GONE
    data = object_of(answer) if answer.status == 200 else None
    anime = payload.read_anime(data) if data is not None else None
    if data is None or anime is None:
        raise wire.trouble(answer, what=_WHAT)
    doubt = doubtful(match, anime.episodes)
    if doubt is not None:
        return doubt
    score = whole_number(mapping(data.get("my_list_status")).get("score")) or 0
    return await _send(change, anime, score, send)


async def _send(change: Change, anime: Listed, score: int, send: Send) -> Outcome:
    entry = anime.entry
    planned = entry is not None and entry.status is WatchStatus.PLANNING
    match change.verb:
        case Verb.RATE | Verb.UNRATE:
            wanted = step_of(change.rating, Scale.TEN) if change.rating is not None else 0
            if change.verb is Verb.UNRATE:
                wanted = 0
            if score == wanted:
                return _THERE
            if entry is None:
                return Refused(Reason.NOT_LISTED)
            return await _patch(anime, {"score": str(wanted)}, send)
        case Verb.WANT if entry is None:
            return await _patch(anime, {"status": payload.PLANNED}, send)
        case Verb.WANT:
            # An entry that is further on is never taken back to a plan.
            return _THERE if planned else Skipped(Reason.KEPT_LISTED)
    if entry is None or not planned:
        return _THERE
    if score or _was_watched(entry):
        return Refused(Reason.KEPT_HISTORY)
    answer = await send("DELETE", f"/anime/{anime.id}/my_list_status")
    if answer.status != 200 and not wire.is_gone(answer):
        raise wire.trouble(answer, what=_WHAT)
    return Delivered(str(anime.id))


async def _patch(anime: Listed, form: dict[str, str], send: Send) -> Outcome:
    answer = await send("PATCH", f"/anime/{anime.id}/my_list_status", form=form)
    if wire.is_gone(answer):
        return _GONE
    data: Mapping[str, Any] | None = object_of(answer) if answer.status in (200, 201) else None
    if data is None or not all(key in data for key in form):
        raise wire.trouble(answer, what=_WHAT)
    if any(str(data[key]) != value for key, value in form.items()):
        return Refused(Reason.IGNORED, "MyAnimeList took the change and shows something else.")
    return Delivered(str(anime.id))


def _was_watched(entry: ListEntry) -> bool:
    return bool(entry.progress or entry.repeats)
