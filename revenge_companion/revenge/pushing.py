"""Ratings and the watchlist at a server that has learnt them.

The plans name the paths and no bodies. Here a rating is `{"rating": 4.5}`, in stars from 0.5 to 5,
and a wish is `{"media_type": "movie" | "series", "media_id": …}`; both are read back after the
first write of a session, and a server that means something else by it gets no second one.
"""

from typing import Any

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.library import SubjectKind
from revenge_companion.net.http import Answer, NotJson
from revenge_companion.revenge import fields
from revenge_companion.revenge.abilities import WATCHLIST, rating_path
from revenge_companion.revenge.client import RevengeClient
from revenge_companion.revenge.pace import Pace
from revenge_companion.revenge.session import trouble

#: Wishes read out of one answer.
_MOST_WISHES = 10_000


class NotKept(CompanionError):
    """The server took something and does not have it: it means something else by it."""


class Pusher:
    """Writes at one user's server what it did not take before."""

    def __init__(self, client: RevengeClient, pace: Pace) -> None:
        self._client = client
        self._pace = pace
        self._proven: set[str] = set()

    async def rating(self, kind: SubjectKind, media_id: str) -> float | None:
        """The user's stars for a film or show; None where there are none."""
        answer = await self._pace.read(lambda: self._client.asked(_rating(kind, media_id)))
        if answer.status == 404:
            return None
        return fields.seconds(_object(answer).get("rating")) or None

    async def rate(self, kind: SubjectKind, media_id: str, stars: float) -> None:
        """Give a film or show `stars`. Raises NotKept."""
        path = _rating(kind, media_id)
        answer = await self._pace.read(lambda: self._client.posted(path, {"rating": stars}))
        _check(answer)
        if "rating" not in self._proven:
            if await self.rating(kind, media_id) != stars:
                raise NotKept("The server does not keep ratings as the Companion sends them.")
            self._proven.add("rating")

    async def wishes(self) -> set[str]:
        """What is on the user's watchlist, by ids."""
        answer = await self._pace.read(lambda: self._client.asked(WATCHLIST))
        _check(answer)
        try:
            body: Any = answer.json()
        except NotJson:
            body = None
        rows = body.get("items") if isinstance(body, dict) else body
        listed = rows[:_MOST_WISHES] if isinstance(rows, list) else ()
        return {_wished(row) for row in listed if isinstance(row, dict)} - {""}

    async def wish(self, kind: SubjectKind, media_id: str) -> None:
        """Put a film or show on the watchlist. Raises NotKept."""
        body = {
            "media_type": "movie" if kind is SubjectKind.MOVIE else "series",
            "media_id": media_id,
        }
        answer = await self._pace.read(lambda: self._client.posted(WATCHLIST, body))
        if answer.status != 409:
            _check(answer)
        if "wish" not in self._proven:
            if media_id not in await self.wishes():
                raise NotKept("The server does not keep the watchlist as the Companion sends it.")
            self._proven.add("wish")


def _rating(kind: SubjectKind, media_id: str) -> str:
    return rating_path("movie" if kind is SubjectKind.MOVIE else "show", media_id)


def _wished(row: dict[str, Any]) -> str:
    for name in ("media_id", "content_id", "id"):
        if said := fields.text(row.get(name)):
            return said
    return ""


def _check(answer: Answer) -> None:
    if answer.status not in (200, 201, 204):
        raise trouble(answer)


def _object(answer: Answer) -> dict[str, Any]:
    _check(answer)
    try:
        body = answer.json()
    except NotJson:
        return {}
    return body if isinstance(body, dict) else {}
