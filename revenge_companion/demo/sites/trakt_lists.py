"""What a local Trakt keeps beside the history: ratings, watchlist, collection and own lists."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from revenge_companion.core.clock import Clock
from revenge_companion.demo.answers import json_body
from revenge_companion.demo.sites.paging import paged
from revenge_companion.demo.sites.site import sent_date, wire_list
from revenge_companion.demo.sites.titles import Title, Titles

#: Places on the watchlist of a free account.
WATCHLIST_ROOM = 250
_GROUPS = ("movies", "shows", "seasons", "episodes")
_PLURAL = {"movie": "movies", "show": "shows", "season": "seasons", "episode": "episodes"}
#: When nothing was ever done.
NEVER = datetime(2020, 1, 1, tzinfo=UTC)

#: Says of a title what was sent of it; False where it was so before.
Say = Callable[[Title, Mapping[str, Any]], bool]


class TraktLists:
    """One user's lists. Their handlers are for requests that were let in."""

    def __init__(self, titles: Titles, clock: Clock, stored: Callable[[], None]) -> None:
        """`stored` is called whenever something is kept or removed."""
        self._titles = titles
        self._clock = clock
        self._stored = stored
        self.watchlist_room = WATCHLIST_ROOM
        #: Points from 1 to 10 and when they were given, by title.
        self.ratings: dict[int, tuple[int, datetime]] = {}
        #: Since when it is so, by title.
        self.watchlist: dict[int, datetime] = {}
        self.collection: dict[int, datetime] = {}
        #: Own lists by name; the first has the number 1.
        self.lists: dict[str, dict[int, datetime]] = {}
        #: When something last changed, by what it is and the type of the title.
        self._changed: dict[tuple[str, str], datetime] = {}

    def activities(self, watched: Mapping[str, datetime]) -> dict[str, Any]:
        """The answer of /sync/last_activities."""
        parts = {
            group: {
                "watched_at": wire(watched.get(kind, NEVER)),
                "collected_at": self._last("collection", kind),
                "rated_at": self._last("ratings", kind),
                "watchlisted_at": self._last("watchlist", kind),
            }
            for kind, group in _PLURAL.items()
        }
        lists = {
            "watchlist": {"updated_at": self._last("watchlist")},
            "lists": {"updated_at": self._last("lists")},
        }
        newest = max([*watched.values(), *self._changed.values()], default=NEVER)
        return {"all": wire(newest), **parts, **lists}

    def note(self, what: str, title: Title) -> None:
        """Something of `what` changed now."""
        self._changed[what, title.type] = self._clock.now()
        self._stored()

    # Reading

    def read_ratings(self, request: Request) -> Response:
        rows = sorted(self.ratings.items(), key=lambda one: (one[1][1], one[0]), reverse=True)

        def line(row: tuple[int, tuple[int, datetime]]) -> dict[str, Any]:
            points, at = row[1]
            return {"rated_at": wire(at), "rating": points, **self._about(row[0])}

        return paged(request, rows, line)

    def read_watchlist(self, request: Request) -> Response:
        return self._listed(request, self.watchlist)

    def read_collection(self, request: Request) -> Response:
        kind = {"movies": "movie", "episodes": "episode"}.get(request.path_params["type"])
        if kind is None:
            return Response(status_code=404)
        rows = [
            (number, at)
            for number, at in _newest(self.collection)
            if self._titles[number].type == kind
        ]

        def line(row: tuple[int, datetime]) -> dict[str, Any]:
            times = {"collected_at": wire(row[1]), "updated_at": wire(row[1])}
            return {**times, **self._about(row[0])}

        return paged(request, rows, line)

    def read_lists(self, request: Request) -> Response:
        rows = [
            {"name": name, "privacy": "private", "item_count": len(held), "ids": {"trakt": number}}
            for number, (name, held) in enumerate(self.lists.items(), 1)
        ]
        return paged(request, rows, dict)

    def read_list(self, request: Request) -> Response:
        held = dict(enumerate(self.lists.values(), 1)).get(request.path_params["id"])
        return Response(status_code=404) if held is None else self._listed(request, held)

    # Changing

    async def rate(self, request: Request) -> Response:
        body = await json_body(request)
        if body is None:
            return Response(status_code=400)
        said = [said for sent in _items(body) for _, said in self._titles.of_change(*sent)]
        points = [one.get("rating") for one in said]
        if any(not isinstance(one, int) or not 1 <= one <= 10 for one in points):
            return Response(status_code=422)

        def say(title: Title, said: Mapping[str, Any]) -> bool:
            self.ratings[title.id] = (
                said["rating"],
                sent_date(said.get("rated_at"), self._clock.now()),
            )
            self.note("ratings", title)
            return True

        added, _, missing = self._done(body, say)
        return JSONResponse({"added": added, "not_found": missing}, status_code=201)

    async def want(self, request: Request) -> Response:
        body = await json_body(request)
        if body is None:
            return Response(status_code=400)
        new = {title.id for sent in _items(body) for title, _ in self._titles.of_change(*sent)}
        if len(new | set(self.watchlist)) > self.watchlist_room:
            return Response(status_code=420)
        answer = self._put(body, self.watchlist, "watchlist")
        now = wire(self._clock.now())
        answer["list"] = {"updated_at": now, "item_count": len(self.watchlist)}
        return JSONResponse(answer, status_code=201)

    async def collect(self, request: Request) -> Response:
        body = await json_body(request)
        if body is None:
            return Response(status_code=400)
        answer = self._put(body, self.collection, "collection")
        return JSONResponse({**answer, "updated": _none()}, status_code=201)

    async def unrate(self, request: Request) -> Response:
        return await self._remove(request, self.ratings, "ratings")

    async def unwant(self, request: Request) -> Response:
        return await self._remove(request, self.watchlist, "watchlist")

    async def uncollect(self, request: Request) -> Response:
        return await self._remove(request, self.collection, "collection")

    def _put(self, body: dict[str, Any], held: dict[int, datetime], what: str) -> dict[str, Any]:
        def say(title: Title, said: Mapping[str, Any]) -> bool:
            if title.id in held:
                return False
            held[title.id] = sent_date(said.get("collected_at"), self._clock.now())
            self.note(what, title)
            return True

        added, existing, missing = self._done(body, say)
        return {"added": added, "existing": existing, "not_found": missing}

    async def _remove(self, request: Request, held: dict[int, Any], what: str) -> Response:
        body = await json_body(request)
        if body is None:
            return Response(status_code=400)

        def say(title: Title, said: Mapping[str, Any]) -> bool:
            if held.pop(title.id, None) is None:
                return False
            self.note(what, title)
            return True

        deleted, _, missing = self._done(body, say)
        return JSONResponse({"deleted": deleted, "not_found": missing})

    def _done(
        self, body: dict[str, Any], say: Say
    ) -> tuple[dict[str, int], dict[str, int], dict[str, list[Any]]]:
        """What `say` did, what was so before, and what is not known, by group."""
        done, before = _none(), _none()
        missing: dict[str, list[Any]] = {group: [] for group in _GROUPS}
        for group, sent in _items(body):
            found = self._titles.of_change(group, sent)
            if not found:
                missing[group].append(sent)
            for title, said in found:
                (done if say(title, said) else before)[_PLURAL[title.type]] += 1
        return done, before, missing

    def _listed(self, request: Request, held: Mapping[int, datetime]) -> Response:
        def line(row: tuple[int, datetime]) -> dict[str, Any]:
            return {"id": row[0], "listed_at": wire(row[1]), "notes": None, **self._about(row[0])}

        return paged(request, _newest(held), line)

    def _about(self, number: int) -> dict[str, Any]:
        title = self._titles[number]
        return {"type": title.type, **title.objects()}

    def _last(self, what: str, kind: str | None = None) -> str:
        times = [
            at
            for (changed, of), at in self._changed.items()
            if changed == what and kind in (None, of)
        ]
        return wire(max(times, default=NEVER))


def wire(at: datetime) -> str:
    """A time as Trakt writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _newest(held: Mapping[int, datetime]) -> Sequence[tuple[int, datetime]]:
    return sorted(held.items(), key=lambda one: (one[1], one[0]), reverse=True)


def _items(body: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(group, sent) for group in _GROUPS for sent in wire_list(body.get(group))]


def _none() -> dict[str, int]:
    return dict.fromkeys(_GROUPS, 0)
