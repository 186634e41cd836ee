"""A local Trakt: device link, rotating tokens, scrobbling, and a history that doubles what it is
sent twice."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Kind
from revenge_companion.demo.answers import json_body, whole_number
from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.sites.grants import Grants, Polled, Tokens
from revenge_companion.demo.sites.site import Site, wire_list
from revenge_companion.demo.sites.titles import HistoryRow, Title, Titles

#: A stop of the same item within this time is 409.
_WINDOW = timedelta(hours=1)
_WATCHED_PCT = 80.0
#: Answers to a device code that is not approved.
_POLL_STATUS = {
    Polled.UNKNOWN: 404,
    Polled.PENDING: 400,
    Polled.USED: 409,
    Polled.EXPIRED: 410,
    Polled.DENIED: 418,
}
_Row = TypeVar("_Row")
_TYPES = {"movies": "movie", "episodes": "episode"}


class TraktSite(Site):
    """One user, "demo-viewer"; any client id is taken."""

    service = "trakt"
    kinds = (Kind.MOVIE, Kind.EPISODE)
    user_name = "demo-viewer"

    def __init__(self, clock: Clock) -> None:
        self.grants = Grants(clock, "trakt", code_s=600, access_s=604_800, rotates=True)
        self.titles = Titles(self.service, clock)
        #: The last start or pause as it was sent; None before the first.
        self.playing: dict[str, Any] | None = None
        self._scrobbled: dict[int, datetime] = {}
        #: Points from 1 to 10 and when they were given, and since when it is wanted, by title.
        self._marks: dict[int, tuple[int, datetime]] = {}
        self._wishes: dict[int, datetime] = {}
        super().__init__(clock)

    @property
    def client_environment(self) -> dict[str, str]:
        return {"TRAKT_CLIENT_ID": "demo-client"}

    def routes(self) -> Sequence[Route]:
        return [
            Route("/oauth/device/code", self._code, methods=["POST"]),
            Route("/oauth/device/token", self._device_token, methods=["POST"]),
            Route("/oauth/token", self._token, methods=["POST"]),
            Route("/oauth/revoke", self._revoke, methods=["POST"]),
            Route("/users/settings", self._settings, methods=["GET"]),
            Route("/scrobble/{action:str}", self._scrobble, methods=["POST"]),
            Route("/sync/history", self._history, methods=["GET", "POST"]),
            Route("/sync/history/remove", self._remove, methods=["POST"]),
            Route("/sync/history/{type}", self._history, methods=["GET"]),
            Route("/sync/history/{type}/{id}", self._history, methods=["GET"]),
            Route("/sync/last_activities", self._activities, methods=["GET"]),
            Route("/sync/ratings", self._ratings, methods=["GET"]),
            Route("/sync/watchlist", self._watchlist, methods=["GET"]),
            Route("/sync/collection/{type}", self._nothing, methods=["GET"]),
            Route("/users/me/lists", self._nothing, methods=["GET"]),
            Route("/search/{by}/{id}", self._search, methods=["GET"]),
        ]

    def preload(self, plays: int, *, rated: int = 0, wanted: int = 0) -> None:
        """Have watched for years: `plays` from before the demo, and marks and wishes.

        A third is of films and episodes that the demo's server has. They are no plays of the demo,
        so they are not in `held`.
        """
        now = self.clock.now()
        for number in range(plays):
            title = self._past(number)
            # Now and then two plays share a minute, as real ones do.
            at = now - timedelta(minutes=97 * (number - number % 40 // 39))
            self.titles.watched(title, at, "history")
        # Of each title one, as they are kept there.
        for number in range(rated):
            self._marks[self._past(number).id] = (1 + number % 10, now - timedelta(days=number))
        for number in range(wanted):
            title = self._past(1_000_000 + 3 * number)
            self._wishes[title.id] = now - timedelta(days=number)

    def _past(self, number: int) -> Title:
        if number % 3 == 2:
            items = [item for item in LIBRARY.items() if item.kind.is_video]
            return self.titles.of_item(items[number // 3 % len(items)])
        if number % 3:
            ids = {"tmdb": 8_000_000 + number % 900}
            film = {"title": f"Past Film {number % 900}", "year": 1960 + number % 60, "ids": ids}
            (found,) = self.titles.of_history("movies", film)
            return found[0]
        show = {"title": f"Past Series {number % 60}", "year": 2010}
        show["ids"] = {"tvdb": 6_000_000 + number % 60}
        episode = {"number": 1 + number // 60 % 12}
        season = {"number": 1 + number // 720 % 4, "episodes": [episode]}
        (found,) = self.titles.of_history("shows", {**show, "seasons": [season]})
        return found[0]

    # Linking

    async def _code(self, request: Request) -> Response:
        body = await json_body(request)
        if not (body and body.get("client_id")):
            return _oauth_error("invalid_client", "client_id is required")
        code = self.grants.new_code()
        return JSONResponse(
            {
                "device_code": code,
                "user_code": code[-8:].upper(),
                "verification_url": f"{self.host}/activate",
                "expires_in": 600,
                "interval": 5,
            }
        )

    async def _device_token(self, request: Request) -> Response:
        body = await json_body(request) or {}
        polled = self.grants.poll(str(body.get("code")))
        if polled is not Polled.APPROVED:
            return Response(status_code=_POLL_STATUS[polled])
        return self._tokens(self.grants.grant())

    async def _token(self, request: Request) -> Response:
        body = await json_body(request) or {}
        if not body.get("client_id"):
            return _oauth_error("invalid_client", "client_id is required")
        if body.get("grant_type") != "refresh_token":
            return _oauth_error("unsupported_grant_type", "only refresh_token here")
        tokens = self.grants.refresh(str(body.get("refresh_token")))
        return (
            _oauth_error("invalid_grant", "not found") if tokens is None else self._tokens(tokens)
        )

    async def _revoke(self, request: Request) -> Response:
        body = await json_body(request) or {}
        self.grants.revoke(str(body.get("token")))
        return JSONResponse({})

    def _tokens(self, tokens: Tokens) -> Response:
        return JSONResponse(
            {
                "access_token": tokens.access,
                "token_type": "bearer",
                "expires_in": int(self.grants.access_s),
                "refresh_token": tokens.refresh,
                "scope": "public",
                "created_at": int(self.clock.now().timestamp()),
            }
        )

    # Everything behind a token

    def _refusal(self, request: Request) -> Response | None:
        """What Trakt says before it looks at a request's content; None when it is welcome."""
        agent = request.headers.get("user-agent", "")
        if not agent or agent.startswith(("python-", "httpx")):
            return PlainTextResponse("error code: 1010", status_code=403)
        if request.headers.get("trakt-api-version") != "2":
            return Response(status_code=412)
        if not request.headers.get("trakt-api-key"):
            return Response(status_code=403)
        if not self.grants.good(request.headers.get("authorization", "")):
            return Response(status_code=401)
        return None

    async def _settings(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        user = {
            "username": self.user_name,
            "name": "Demo Viewer",
            "private": False,
            "vip": False,
            "ids": {"slug": self.user_name, "trakt": 17, "uuid": "demo-trakt-user"},
        }
        limits = {"watchlist": {"item_count": 250}, "list": {"count": 5, "item_count": 250}}
        account = {"timezone": "UTC"}
        return JSONResponse({"user": user, "account": account, "limits": limits})

    async def _scrobble(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        action = request.path_params["action"]
        body = await json_body(request)
        progress = None if body is None else body.get("progress")
        if action not in ("start", "pause", "stop") or body is None:
            return Response(status_code=404 if body is not None else 400)
        title = self.titles.of_scrobble(body)
        if title is None:
            return Response(status_code=404)
        if not isinstance(progress, int | float) or isinstance(progress, bool):
            return Response(status_code=422)
        if action != "start" and progress < 1:
            return Response(status_code=422)
        if action == "pause" and progress >= _WATCHED_PCT:
            return Response(status_code=422)
        answer = {"id": 0, "action": action, "progress": progress, **title.objects()}
        if action == "stop" and progress >= _WATCHED_PCT:
            return self._watched(title, answer)
        self.playing = body
        if action == "stop":
            answer["action"] = "pause"
        return JSONResponse(answer, status_code=201)

    def _watched(self, title: Title, answer: dict[str, Any]) -> Response:
        now = self.clock.now()
        before = self._scrobbled.get(title.id)
        if before is not None and now - before < _WINDOW:
            times = {"watched_at": _wire(before), "expires_at": _wire(before + _WINDOW)}
            return JSONResponse(times, status_code=409)
        self._scrobbled[title.id] = now
        self.playing = None
        row = self.titles.watched(title, now, "scrobble")
        self.hold(row.received)
        return JSONResponse({**answer, "id": row.id, "action": "scrobble"}, status_code=201)

    async def _history(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        return await self._add(request) if request.method == "POST" else self._page(request)

    async def _add(self, request: Request) -> Response:
        body = await json_body(request)
        if body is None:
            return Response(status_code=400)
        added = {"movies": 0, "episodes": 0}
        missing: dict[str, list[Any]] = {"movies": [], "shows": [], "seasons": [], "episodes": []}
        for group in ("movies", "shows", "episodes"):
            for sent in wire_list(body.get(group)):
                found = self.titles.of_history(group, sent)
                if not found:
                    missing[group].append(sent)
                for title, watched_at in found:
                    row = self.titles.watched(title, self._date(watched_at), "history")
                    self.hold(row.received)
                    added["movies" if title.type == "movie" else "episodes"] += 1
        return JSONResponse(
            {"added": added, "updated": {"movies": 0, "episodes": 0}, "not_found": missing},
            status_code=201,
        )

    def _date(self, watched_at: Any) -> datetime:
        try:
            at = datetime.fromisoformat(watched_at)
        except (TypeError, ValueError):
            return self.clock.now()
        return at if at.tzinfo is not None else self.clock.now()

    def _page(self, request: Request) -> Response:
        query, path = request.query_params, request.path_params
        rows = sorted(self.titles.rows, key=lambda row: (row.watched_at, row.id), reverse=True)
        if "type" in path:
            rows = [row for row in rows if row.title.type == _TYPES.get(path["type"])]
        if "id" in path:
            rows = [row for row in rows if path["id"] in row.title.known_as()]
        for name, keeps in (("start_at", 1), ("end_at", -1)):
            if name in query:
                edge = self._date(query[name])
                rows = [row for row in rows if (row.watched_at - edge) * keeps >= timedelta(0)]
        return _paged(request, rows, _history_line)

    async def _activities(self, request: Request) -> Response:
        """When each part of the account last changed."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        never = datetime(2020, 1, 1, tzinfo=UTC)
        rows = self.titles.rows
        watched = {
            kind: max((row.watched_at for row in rows if row.title.type == kind), default=never)
            for kind in ("movie", "episode")
        }
        rated = max((at for _, at in self._marks.values()), default=never)
        listed = max(self._wishes.values(), default=never)
        parts = {
            f"{kind}s": {
                "watched_at": _wire(watched.get(kind, never)),
                "collected_at": _wire(never),
                "rated_at": _wire(rated),
                "watchlisted_at": _wire(listed),
            }
            for kind in ("movie", "episode", "show", "season")
        }
        newest = max(*watched.values(), rated, listed)
        more = {"watchlist": {"updated_at": _wire(listed)}, "lists": {"updated_at": _wire(never)}}
        return JSONResponse({"all": _wire(newest), **parts, **more})

    async def _ratings(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        titles = {title.id: title for title in self.titles.all()}
        rows = sorted(self._marks.items(), key=lambda one: one[1][1], reverse=True)

        def line(row: tuple[int, tuple[int, datetime]]) -> dict[str, Any]:
            title, (points, at) = titles[row[0]], row[1]
            return {"rated_at": _wire(at), "rating": points, "type": title.type, **title.objects()}

        return _paged(request, rows, line)

    async def _watchlist(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        titles = {title.id: title for title in self.titles.all()}
        rows = sorted(self._wishes.items(), key=lambda one: one[1], reverse=True)

        def line(row: tuple[int, datetime]) -> dict[str, Any]:
            title = titles[row[0]]
            about = {"id": row[0], "listed_at": _wire(row[1]), "notes": None, "type": title.type}
            return {**about, **title.objects()}

        return _paged(request, rows, line)

    async def _nothing(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        return _paged(request, [], _history_line)

    async def _remove(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        body = await json_body(request) or {}
        wanted = {one for one in body.get("ids") or () if isinstance(one, int)}
        gone = [row for row in self.titles.rows if row.id in wanted]
        for row in gone:
            self.titles.rows.remove(row)
            self.held.remove(row.received)
        films = sum(row.title.type == "movie" for row in gone)
        unknown = sorted(wanted - {row.id for row in gone})
        return JSONResponse(
            {
                "deleted": {"movies": films, "episodes": len(gone) - films},
                "not_found": {
                    "movies": [],
                    "shows": [],
                    "seasons": [],
                    "episodes": [],
                    "ids": unknown,
                },
            }
        )

    async def _search(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        path, wanted = request.path_params, request.query_params.get("type", "")
        return JSONResponse(
            [
                {"type": title.type, "score": 1000, **title.objects()}
                for title in self.titles.by_id(path["by"], path["id"])
                if wanted in ("", title.type)
            ]
        )


def _paged(
    request: Request, rows: Sequence[_Row], line: Callable[[_Row], dict[str, Any]]
) -> Response:
    """One page of a list, with its length in the headers."""
    query = request.query_params
    page = whole_number(query.get("page"), 1, 1, 1_000_000) or 1
    limit = min(whole_number(query.get("limit"), 10, 1, 1_000_000) or 10, 250)
    return JSONResponse(
        [line(row) for row in rows[(page - 1) * limit : page * limit]],
        headers={
            "X-Pagination-Page": str(page),
            "X-Pagination-Limit": str(limit),
            "X-Pagination-Page-Count": str(-(-len(rows) // limit)),
            "X-Pagination-Item-Count": str(len(rows)),
        },
    )


def _history_line(row: HistoryRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "watched_at": _wire(row.watched_at),
        "action": "scrobble" if row.received.how == "scrobble" else "watch",
        "type": row.title.type,
        **row.title.objects(),
    }


def _wire(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _oauth_error(code: str, description: str) -> Response:
    return JSONResponse({"error": code, "error_description": description}, status_code=400)
