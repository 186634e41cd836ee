"""A local Trakt: device link, rotating tokens, scrobbling, and a history that doubles what it is
sent twice."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Kind
from revenge_companion.demo.answers import json_body
from revenge_companion.demo.sites.grants import Grants, Polled, Tokens
from revenge_companion.demo.sites.history import History, HistoryRow
from revenge_companion.demo.sites.paging import paged
from revenge_companion.demo.sites.past import past_titles
from revenge_companion.demo.sites.site import Handler, Site, guarded, sent_date, wire_list
from revenge_companion.demo.sites.titles import Title, Titles
from revenge_companion.demo.sites.trakt_lists import TraktLists, wire

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
_TYPES = {"movies": "movie", "episodes": "episode"}


class TraktSite(Site):
    """One user, "demo-viewer"; any client id is taken."""

    service = "trakt"
    kinds = (Kind.MOVIE, Kind.EPISODE)
    user_name = "demo-viewer"

    def __init__(self, clock: Clock) -> None:
        self.grants = Grants(clock, "trakt", code_s=600, access_s=604_800, rotates=True)
        self.titles = Titles(self.service)
        self.history = History(self.service, clock, minutes=True)
        self.lists = TraktLists(self.titles, clock, self.stored)
        #: The last start or pause as it was sent; None before the first.
        self.playing: dict[str, Any] | None = None
        self._scrobbled: dict[int, datetime] = {}
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
            *self._lists(),
            Route("/search/{by}/{id}", self._search, methods=["GET"]),
        ]

    def _lists(self) -> list[Route]:
        lists = self.lists
        every: list[tuple[str, str, Handler]] = [
            ("GET", "/sync/ratings", lists.read_ratings),
            ("POST", "/sync/ratings", lists.rate),
            ("POST", "/sync/ratings/remove", lists.unrate),
            ("GET", "/sync/watchlist", lists.read_watchlist),
            ("POST", "/sync/watchlist", lists.want),
            ("POST", "/sync/watchlist/remove", lists.unwant),
            ("GET", "/sync/collection/{type}", lists.read_collection),
            ("POST", "/sync/collection", lists.collect),
            ("POST", "/sync/collection/remove", lists.uncollect),
            ("GET", "/users/me/lists", lists.read_lists),
            ("GET", "/users/me/lists/{id:int}/items", lists.read_list),
        ]
        return guarded(self._refusal, every)

    def preload(
        self,
        plays: int,
        *,
        rated: int = 0,
        wanted: int = 0,
        collected: int = 0,
        listed: int = 0,
    ) -> None:
        """Have watched for years: `plays` from before the demo, and what comes with the years.

        A third is of films and episodes that the demo's server has. They are no plays of the demo,
        so they are not in `held`.
        """
        # The demo itself begins today.
        now = self.clock.now() - timedelta(days=1)
        titles = past_titles(self.titles, max(plays, 3 * max(rated, wanted, collected, listed)))
        for number in reversed(range(plays)):
            # Now and then two plays share a minute, as real ones do.
            at = now - timedelta(minutes=97 * (number - number % 40 // 39))
            self.history.add(titles[number % len(titles)], at, "history")
        titles = list(dict.fromkeys(titles))
        days = [now - timedelta(days=number) for number in range(len(titles))]
        rest = titles[len(titles) // 2 :]
        for number, title in enumerate(titles[:rated]):
            self.lists.ratings[title.id] = (1 + number % 10, days[number])
            self.lists.note("ratings", title)
        self.lists.watchlist |= {t.id: at for t, at in zip(rest[:wanted], days, strict=False)}
        self.lists.collection |= {t.id: at for t, at in zip(titles[:collected], days, strict=False)}
        if listed:
            best = {t.id: at for t, at in zip(titles[:listed], days, strict=False)}
            self.lists.lists["The best of them"] = best

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
            times = {"watched_at": wire(before), "expires_at": wire(before + _WINDOW)}
            return JSONResponse(times, status_code=409)
        self._scrobbled[title.id] = now
        self.playing = None
        row = self.history.add(title, now, "scrobble")
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
                    row = self.history.add(
                        title, sent_date(watched_at, self.clock.now()), "history"
                    )
                    self.hold(row.received)
                    added["movies" if title.type == "movie" else "episodes"] += 1
        return JSONResponse(
            {"added": added, "updated": {"movies": 0, "episodes": 0}, "not_found": missing},
            status_code=201,
        )

    def _page(self, request: Request) -> Response:
        query, path = request.query_params, request.path_params
        start, end = (
            sent_date(query[name], self.clock.now()) if name in query else None
            for name in ("start_at", "end_at")
        )
        rows = self.history.between(start, end)
        if "type" in path:
            rows = [row for row in rows if _is_of(row.title, path["type"], path.get("id"))]
        return paged(request, rows, _history_line, newest_last=True)

    async def _activities(self, request: Request) -> Response:
        """When each part of the account last changed."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        return JSONResponse(self.lists.activities(self.history.changed))

    async def _remove(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        body = await json_body(request) or {}
        wanted = {one for one in body.get("ids") or () if isinstance(one, int)}
        gone = [row for row in self.history.rows if row.id in wanted]
        for row in gone:
            self.history.remove(row)
            if row.received in self.held:
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


def _is_of(title: Title, group: str, number: str | None) -> bool:
    """Whether a play of `title` is in the history of a group, or of one title of it."""
    if group == "shows":
        show = title.show
        return show is not None and (number is None or number in show.known_as())
    return title.type == _TYPES.get(group) and (number is None or number in title.known_as())


def _history_line(row: HistoryRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "watched_at": wire(row.watched_at),
        "action": "scrobble" if row.received.how == "scrobble" else "watch",
        "type": row.title.type,
        **row.title.objects(),
    }


def _oauth_error(code: str, description: str) -> Response:
    return JSONResponse({"error": code, "error_description": description}, status_code=400)
