"""Scores and plans at AniList: the entry is read first, and left alone where it says so already."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from revenge_companion.core.animemap import Match
from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import Delivered, Delivery, Outcome, Refused, Skipped
from revenge_companion.core.ratings import ANILIST, Scale, agree, rating_of_anilist
from revenge_companion.core.reasons import Reason
from revenge_companion.core.watching import WatchStatus
from revenge_companion.net.http import Answer
from revenge_companion.services.anilist import payload, wire
from revenge_companion.services.anilist.reading import score_of
from revenge_companion.services.anilist.spec import SPEC
from revenge_companion.services.animemap.map import AnimeMap
from revenge_companion.services.animemap.placing import changed, doubtful
from revenge_companion.services.answers import mapping, whole_number
from revenge_companion.services.changing import change_of

LISTED = """
query ($id: Int, $idMal: Int) { Viewer { mediaListOptions { scoreFormat } }
  Media(id: $id, idMal: $idMal, type: ANIME) { id episodes
    mediaListEntry { id status progress repeat score(format: POINT_100) native: score } } }
"""

SCORE = """
mutation ($mediaId: Int!, $scoreRaw: Int!) {
  SaveMediaListEntry(mediaId: $mediaId, scoreRaw: $scoreRaw)
  { id status score(format: POINT_100) native: score } }
"""

PLAN = """
mutation ($mediaId: Int!) { SaveMediaListEntry(mediaId: $mediaId, status: PLANNING) { id status } }
"""

DELETE = "mutation ($id: Int!) { DeleteMediaListEntry(id: $id) { deleted } }"

#: The client's own way of asking.
Ask = Callable[[str, Mapping[str, Any]], Awaitable[Answer]]

_THERE = Delivered(note=Reason.ALREADY_THERE)
_GONE = Refused(Reason.NOT_FOUND, "The entry is gone from AniList.")
_WHAT = "this change"


async def deliver(delivery: Delivery, ask: Ask, maps: AnimeMap) -> Outcome:
    """The outcome of one row; see `services.base.TakesChanges`."""
    change = change_of(delivery)
    match = await changed(maps, change, SPEC.name)
    if not isinstance(match, Match):
        return match
    variables = payload.media_variables(match)
    if variables is None:
        return Refused(Reason.UNMAPPED, "The anime map knows no AniList entry for it.")
    answer = await ask(LISTED, variables)
    if wire.is_gone(answer):
        return _GONE
    data = wire.data_of(answer, what=_WHAT)
    media = mapping(data.get("Media"))
    number, entry = whole_number(media.get("id")), media.get("mediaListEntry")
    if number is None or not (entry is None or isinstance(entry, dict)):
        raise wire.trouble(answer)
    doubt = doubtful(match, whole_number(media.get("episodes")) or None)
    if doubt is not None:
        return doubt
    options = mapping(mapping(data.get("Viewer")).get("mediaListOptions"))
    sender = _Sender(ask, number, entry, str(options.get("scoreFormat")))
    return await sender.send(change)


class _Sender:
    """Says one thing of one entry, None where it is on no list."""

    def __init__(
        self, ask: Ask, media: int, entry: Mapping[str, Any] | None, score_format: str
    ) -> None:
        self._ask = ask
        self._media = media
        self._entry = entry
        self._format = score_format

    async def send(self, change: Change) -> Outcome:
        entry = self._entry
        if entry is None:
            match change.verb:
                case Verb.WANT:
                    return await self._plan()
                case Verb.RATE:
                    return Refused(Reason.NOT_LISTED)
            return _THERE
        planned = payload.STATUSES.get(str(entry.get("status"))) is WatchStatus.PLANNING
        match change.verb:
            case Verb.RATE:
                return await self._score(change.rating or 0)
            case Verb.UNRATE:
                return await self._score(0)
            case Verb.WANT:
                # An entry that is further on is never taken back to a plan.
                return _THERE if planned else Skipped(Reason.KEPT_LISTED)
        if not planned:
            return _THERE
        if self._rating(entry) or any(map(entry.get, ("progress", "repeat"))):
            return Refused(Reason.KEPT_HISTORY)
        return await self._remove(whole_number(entry.get("id")) or 0)

    async def _score(self, rating: int) -> Outcome:
        assert self._entry is not None
        if self._says(self._entry, rating):
            return _THERE
        saved = await self._saved(SCORE, {"mediaId": self._media, "scoreRaw": rating})
        if saved is None:
            return _GONE
        if not self._says(saved, rating):
            return Refused(Reason.IGNORED, "AniList took the score and shows another one.")
        return Delivered(str(self._media))

    async def _plan(self) -> Outcome:
        saved = await self._saved(PLAN, {"mediaId": self._media})
        if saved is None:
            return _GONE
        if payload.STATUSES.get(str(saved.get("status"))) is not WatchStatus.PLANNING:
            return Refused(Reason.IGNORED, "AniList put it on another list.")
        return Delivered(str(self._media))

    async def _remove(self, entry: int) -> Outcome:
        answer = await self._ask(DELETE, {"id": entry})
        if not wire.is_gone(answer):
            done = mapping(wire.data_of(answer, what=_WHAT).get("DeleteMediaListEntry"))
            if done.get("deleted") is not True:
                raise wire.trouble(answer)
        return Delivered(str(self._media))

    async def _saved(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The entry after a save; None where there is no such anime."""
        answer = await self._ask(query, variables)
        if wire.is_gone(answer):
            return None
        saved = wire.data_of(answer, what=_WHAT).get("SaveMediaListEntry")
        if not isinstance(saved, dict):
            raise wire.trouble(answer)
        return saved

    def _says(self, entry: Mapping[str, Any], rating: int) -> bool:
        """Whether an entry's score is that already, as far as the user's format can say it.

        What is finer there is left: 83 is not written over by four stars.
        """
        theirs = self._rating(entry)
        if theirs is None or not rating:
            return theirs is None and not rating
        ours = Scale.HUNDRED if rating % 10 else Scale.TEN
        return agree(rating, ours, theirs, ANILIST.get(self._format, Scale.HUNDRED))

    def _rating(self, entry: Mapping[str, Any]) -> int | None:
        raw, native = score_of(entry.get("score")), score_of(entry.get("native"))
        return rating_of_anilist(raw, native, self._format)
