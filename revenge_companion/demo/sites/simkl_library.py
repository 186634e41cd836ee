"""The library of a local Simkl: every title on one list, with one date and perhaps a rating."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from revenge_companion.core.clock import Clock
from revenge_companion.demo.answers import json_body
from revenge_companion.demo.sites.site import sent_date, wire_list
from revenge_companion.demo.sites.titles import Title, Titles

#: The parts of a library, and what each is called in /sync/activities.
_SECTIONS = {"movies": "movies", "shows": "tv_shows", "anime": "anime"}
_STATUSES = ("plantowatch", "watching", "completed", "hold", "dropped")
#: Simkl's word for "long ago".
LONG_AGO = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
#: A season and an episode; a film has its date under this one.
_FILM = (0, 0)


@dataclass(slots=True)
class Shelved:
    """A film or show on one of the lists."""

    title: Title
    kind: str
    status: str
    added_at: datetime
    #: When anything of it last changed.
    touched: datetime
    #: The latest watch of each episode.
    watched: dict[tuple[int, int], datetime] = field(default_factory=dict)
    points: int | None = None
    rated_at: datetime | None = None
    #: Anime: where its first episode is at TVDB, as (season, episode before it).
    tvdb: tuple[int, int] | None = None


class SimklLibrary:
    """One user's library. Its handlers are for requests that were let in."""

    def __init__(self, titles: Titles, clock: Clock, stored: Callable[[], None]) -> None:
        """`stored` is called whenever something is kept or removed."""
        self._titles = titles
        self._clock = clock
        self._stored = stored
        self.shelved: dict[int, Shelved] = {}
        #: Shows that are anime, by our own id.
        self.anime: set[int] = set()
        #: The whole library was asked for before the activities: Simkl ends the app's access.
        self.suspended = False
        self._asked = False
        self._changed: dict[str, dict[str, datetime]] = {kind: {} for kind in _SECTIONS}

    def watched(self, title: Title, at: datetime) -> bool:
        """Keep a watch, and list what it is of; False for one that is kept already."""
        about = title if title.type == "movie" else title.show
        if about is None:
            return True
        place = _place(title)
        status = "completed" if title.type == "movie" else "watching"
        held = self.shelved.get(about.id)
        if held is None or held.status == "plantowatch":
            held = self.put(about, status, at)
        if place in held.watched:
            return False
        held.watched[place] = at.astimezone(UTC).replace(microsecond=0)
        self._touch(held, held.status)
        return True

    def put(self, title: Title, status: str, added_at: datetime) -> Shelved:
        """Move a title to a list. A film cannot be half watched: it is completed then."""
        kind = "anime" if title.id in self.anime else f"{title.type}s"
        if kind == "movies" and status in ("watching", "hold"):
            status = "completed"
        held = self.shelved.get(title.id)
        if held is None:
            held = Shelved(title, kind, status, added_at, self._clock.now())
            self.shelved[title.id] = held
        held.status = status
        self._touch(held, status)
        return held

    def rate(self, title: Title, points: int, at: datetime) -> None:
        """Rate a title, which also lists it."""
        held = self.shelved.get(title.id)
        if held is None:
            held = self.put(title, "completed" if title.type == "movie" else "watching", at)
        held.points, held.rated_at = points, at
        self._touch(held, "rated_at")

    def forget(self, title: Title) -> bool:
        """Remove an episode's watch, or a whole title with all that belongs to it."""
        about = title.show if title.type == "episode" else title
        held = None if about is None else self.shelved.get(about.id)
        if held is None:
            return False
        if title.type == "episode":
            if held.watched.pop(_place(title), None) is None:
                return False
            self._touch(held, held.status)
            return True
        del self.shelved[title.id]
        self._touch(held, "removed_from_list")
        return True

    # Reading

    def activities(self, request: Request) -> Response:
        self._asked = True
        names = ("rated_at", "playback", *_STATUSES, "removed_from_list")
        parts: dict[str, Any] = {}
        for kind, section in _SECTIONS.items():
            times = self._changed[kind]
            parts[section] = {
                name: wire(times[name]) if name in times else None for name in ("all", *names)
            }
        newest = max(
            (at for times in self._changed.values() for at in times.values()), default=None
        )
        settings = {"all": "2020-01-01T00:00:00Z"}
        return JSONResponse({"all": newest and wire(newest), "settings": settings, **parts})

    def read(self, request: Request) -> Response:
        """The library or a part of it, since `date_from` where that is given."""
        query, path = request.query_params, request.path_params
        if "date_from" not in query and not self._asked:
            self.suspended = True
            return JSONResponse({"error": "client_id_failed", "code": 412}, status_code=412)
        shown = [
            held
            for held in self.shelved.values()
            if path.get("type", held.kind) == held.kind
            # What is no list's name is no filter.
            and (path.get("status") not in _STATUSES or path["status"] == held.status)
            and _is_later(held.touched, query.get("date_from"))
        ]
        return _library(shown, query)

    def read_ratings(self, request: Request) -> Response:
        """Rated titles of one part, since `date_from` where that is given."""
        query = request.query_params
        shown = [
            held
            for held in self.shelved.values()
            if held.kind == request.path_params["type"]
            and held.rated_at is not None
            and _is_later(held.touched, query.get("date_from"))
        ]
        return _library(shown, query)

    # Changing

    async def post_ratings(self, request: Request) -> Response:
        counts, missing = {"movies": 0, "shows": 0}, _missing()
        for section, sent, title in await self._named(request):
            points = sent.get("rating")
            if title is None or not isinstance(points, int) or not 1 <= points <= 10:
                missing[section].append(sent)
                continue
            held = self.shelved.get(title.id)
            if held is None or held.points != points:
                self.rate(title, points, sent_date(sent.get("rated_at"), self._clock.now()))
                counts[section] += 1
        added = {**counts, "statuses": []}
        return JSONResponse({"added": added, "not_found": missing}, status_code=201)

    async def remove_ratings(self, request: Request) -> Response:
        counts, missing = {"movies": 0, "shows": 0}, _missing()
        for section, sent, title in await self._named(request):
            if title is None:
                missing[section].append(sent)
                continue
            held = self.shelved.get(title.id)
            if held is not None and held.points is not None:
                held.points = held.rated_at = None
                self._touch(held, "rated_at")
                counts[section] += 1
        return JSONResponse({"deleted": counts, "not_found": missing})

    async def add_to_list(self, request: Request) -> Response:
        named = await self._named(request)
        if any(sent.get("to") not in _STATUSES for _, sent, _ in named):
            return JSONResponse({"error": "empty_field", "code": 400}, status_code=400)
        added: dict[str, list[Any]] = {"movies": [], "shows": []}
        missing = _missing()
        for section, sent, title in named:
            if title is None:
                missing[section].append(sent)
                continue
            held = self.put(title, sent["to"], sent_date(sent.get("added_at"), self._clock.now()))
            ids = {**sent.get("ids", {}), "simkl": title.id}
            kind = {"movies": "movie", "shows": "tv", "anime": "anime"}[held.kind]
            added[section].append({"to": held.status, "ids": ids, "type": kind})
        return JSONResponse({"added": added, "not_found": missing}, status_code=201)

    async def _named(self, request: Request) -> list[tuple[str, dict[str, Any], Title | None]]:
        """What a body names, by section; anime may stand among the shows or by itself."""
        body = await json_body(request) or {}
        found = []
        for group, section in (("movies", "movies"), ("shows", "shows"), ("anime", "shows")):
            for sent in wire_list(body.get(group)):
                titles = self._titles.of_change(section, {**sent, "seasons": None})
                found.append((section, sent, titles[0][0] if titles else None))
        return found

    def _touch(self, held: Shelved, what: str) -> None:
        now = self._clock.now()
        held.touched = now
        self._stored()
        self._changed[held.kind] |= {what: now, "all": now}


def _place(title: Title) -> tuple[int, int]:
    if title.type == "movie":
        return _FILM
    own = title.sent["episode"]
    season, number = own.get("season"), own.get("number")
    return (season if isinstance(season, int) else 0, number if isinstance(number, int) else 0)


def wire(at: datetime) -> str:
    """A time as Simkl writes it."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _library(shown: Iterable[Shelved], query: Mapping[str, str]) -> Response:
    parts: dict[str, list[Any]] = {}
    for held in shown:
        parts.setdefault(held.kind, []).append(_shown(held, query))
    return JSONResponse(parts or None)


def _shown(held: Shelved, query: Mapping[str, str]) -> dict[str, Any]:
    """One title of an answer, as full as it was asked for."""
    own = "movie" if held.kind == "movies" else "show"
    about = held.title.objects()[held.title.type]
    extended = query.get("extended", "")
    if extended == "simkl_ids_only":
        return {own: {"ids": {"simkl": held.title.id}}}
    latest = max(held.watched.values(), default=None)
    said: dict[str, Any] = {
        "added_to_watchlist_at": wire(held.added_at),
        "last_watched_at": latest and wire(latest),
        "user_rated_at": held.rated_at and wire(held.rated_at),
        "user_rating": held.points,
        "status": held.status,
        own: {**about, "ids": {key: _text(key, one) for key, one in about["ids"].items()}},
    }
    if held.kind == "movies":
        return said
    said |= {"watched_episodes_count": len(held.watched), "total_episodes_count": 100}
    if held.kind == "anime":
        said["anime_type"] = "tv"
        if held.tvdb is not None and extended == "full_anime_seasons":
            said["mapped_tvdb_seasons"] = [held.tvdb[0]]
    lists = held.status in ("watching", "hold") or query.get("include_all_episodes") == "yes"
    if lists and extended.startswith("full") and held.watched:
        said["seasons"] = _seasons(held, query)
    return said


def _seasons(held: Shelved, query: Mapping[str, str]) -> list[dict[str, Any]]:
    seasons: dict[int, list[dict[str, Any]]] = {}
    for (season, number), at in sorted(held.watched.items()):
        episode: dict[str, Any] = {"number": number}
        if query.get("episode_watched_at") == "yes":
            episode["watched_at"] = wire(at)
        if held.tvdb is not None and query["extended"] == "full_anime_seasons":
            episode["tvdb"] = {"season": held.tvdb[0], "episode": held.tvdb[1] + number}
        seasons.setdefault(season, []).append(episode)
    return [{"number": number, "episodes": held} for number, held in seasons.items()]


def _text(key: str, value: Any) -> Any:
    """Simkl's own ids are numbers, all others texts."""
    return value if key == "simkl" else str(value)


def _is_later(at: datetime, since: str | None) -> bool:
    """Whether a change shows since then, of which the very second is no part."""
    if since is None:
        return True
    try:
        start = datetime.fromisoformat(since)
    except ValueError:
        return True
    return at.replace(microsecond=0) > start.astimezone(UTC)


def _missing() -> dict[str, list[Any]]:
    return {"movies": [], "shows": []}
