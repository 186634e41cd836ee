"""A local Simkl: device link of its second version, scrobbling, and a history of one date each."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Kind
from revenge_companion.demo.answers import json_body
from revenge_companion.demo.sites.grants import Grants, Polled, Tokens
from revenge_companion.demo.sites.history import History
from revenge_companion.demo.sites.past import past_titles
from revenge_companion.demo.sites.simkl_library import LONG_AGO, SimklLibrary, wire
from revenge_companion.demo.sites.site import Handler, Site, guarded, sent_date, wire_list
from revenge_companion.demo.sites.titles import Title, Titles

_WINDOW = timedelta(hours=1)
_WATCHED_PCT = 80.0
#: One scrobble call of a user within this time.
_LOCK = timedelta(seconds=20)
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_POLL_ERROR = {
    Polled.UNKNOWN: "invalid_grant",
    Polled.PENDING: "authorization_pending",
    Polled.USED: "invalid_grant",
    Polled.EXPIRED: "expired_token",
    Polled.DENIED: "access_denied",
}


class SimklSite(Site):
    """One free user, "Demo Viewer"; any client id is taken. The 20 s lock is kept if `locks`."""

    service = "simkl"
    kinds = (Kind.MOVIE, Kind.EPISODE)
    once_per_item = True
    user_name = "Demo Viewer"

    def __init__(self, clock: Clock) -> None:
        self.grants = Grants(clock, "simkl", code_s=900, access_s=604_800, rotates=False)
        self.titles = Titles(self.service)
        self.history = History(self.service, clock, minutes=False)
        self.library = SimklLibrary(self.titles, clock, self.stored)
        self.locks = True
        #: The last start or pause as it was sent; None before the first.
        self.playing: dict[str, Any] | None = None
        self._last_call: datetime | None = None
        self._scrobbled: dict[int, datetime] = {}
        super().__init__(clock)

    @property
    def client_environment(self) -> dict[str, str]:
        return {"SIMKL_CLIENT_ID": "demo-client"}

    def routes(self) -> Sequence[Route]:
        return [
            Route("/oauth2/device", self._code, methods=["POST"]),
            Route("/oauth2/token", self._token, methods=["POST"]),
            Route("/oauth2/revoke", self._revoke, methods=["POST"]),
            Route("/users/settings", self._settings, methods=["GET", "POST"]),
            Route("/scrobble/{action:str}", self._scrobble, methods=["POST"]),
            Route("/sync/history", self._add, methods=["POST"]),
            Route("/sync/history/remove", self._remove, methods=["POST"]),
            *guarded(self._refusal, self._library_routes()),
            Route("/sync/watched", self._watched_lookup, methods=["POST"]),
        ]

    def _library_routes(self) -> Sequence[tuple[str, str, Handler]]:
        library = self.library
        return (
            ("GET", "/sync/activities", library.activities),
            ("GET", "/sync/all-items/", library.read),
            ("GET", "/sync/all-items/{type}", library.read),
            ("GET", "/sync/all-items/{type}/{status}", library.read),
            ("POST", "/sync/ratings", library.post_ratings),
            ("POST", "/sync/ratings/remove", library.remove_ratings),
            ("GET", "/sync/ratings/{type}", library.read_ratings),
            ("POST", "/sync/add-to-list", library.add_to_list),
        )

    def preload(self, plays: int, *, rated: int = 0, wanted: int = 0) -> None:
        """Have watched for years: about `plays` films and episodes once each, and what comes with
        the years; a third is of what the demo's server has. They are not in `held`.

        Some were watched nobody knows when, and some are anime in two cours.
        """
        # The demo itself begins today.
        now, library = self.clock.now() - timedelta(days=1), self.library
        titles = list(dict.fromkeys(past_titles(self.titles, 2 * max(plays, rated))))
        # Every fifth of them is of anime.
        for number in range(plays):
            at = now - timedelta(hours=7 * number, seconds=number % 60)
            place = number - number // 5
            if number % 5 == 4 or place >= len(titles):
                self._past_cour(number, at)
            else:
                library.watched(titles[place], LONG_AGO if number % 50 == 48 else at)
        shows = dict.fromkeys(one for title in titles for one in (title.show or title,))
        for number, title in enumerate(list(shows)[:rated]):
            library.rate(title, 1 + number % 10, now - timedelta(days=number))
        for number in range(wanted):
            film = {"title": f"Coming Film {number + 1}", "ids": {"tmdb": 9_000_000 + number}}
            for title, _ in self.titles.of_change("movies", film):
                library.put(title, "plantowatch", now - timedelta(days=number))

    def _past_cour(self, number: int, at: datetime) -> None:
        """Watch one episode of an anime series, of which every 12 are a title of their own.

        For every third series it is not known where its episodes are at TVDB.
        """
        cour, episode = divmod(number, 12)
        series, part = divmod(cour, 2)
        ids = {"mal": 90_000 + cour, "tvdb": 7_000_000 + series}
        name = f"Past Anime {series + 1} Part {part + 1}"
        title = self.titles.of_anime({"title": name, "year": 2015, "ids": ids})
        self.library.anime.add(title.id)
        held = self.library.put(title, "watching", at)
        held.watched[1, episode + 1] = at.replace(microsecond=0)
        held.tvdb = None if series % 3 == 2 else (1, 12 * part)

    # Linking

    async def _code(self, request: Request) -> Response:
        form = await _form(request)
        if not form.get("client_id"):
            return _oauth_error("invalid_client", 401)
        code = self.grants.new_code()
        user_code, page = code[-5:].upper(), f"{self.host}/pin"
        return JSONResponse(
            {
                "device_code": code,
                "user_code": user_code,
                "verification_uri": page,
                "verification_uri_complete": f"{page}/{user_code}",
                "expires_in": 900,
                "interval": 5,
            }
        )

    async def _token(self, request: Request) -> Response:
        form = await _form(request)
        if not form.get("client_id"):
            return _oauth_error("invalid_client", 401)
        match form.get("grant_type"):
            case "refresh_token":
                tokens = self.grants.refresh(form.get("refresh_token", ""))
                return _oauth_error("invalid_grant") if tokens is None else self._tokens(tokens)
            case kind if kind == _DEVICE:
                polled = self.grants.poll(form.get("device_code", ""))
                if polled is Polled.APPROVED:
                    return self._tokens(self.grants.grant())
                return _oauth_error(_POLL_ERROR[polled])
        return _oauth_error("unsupported_grant_type")

    async def _revoke(self, request: Request) -> Response:
        self.grants.revoke((await _form(request)).get("token", ""))
        return JSONResponse({})

    def _tokens(self, tokens: Tokens) -> Response:
        return JSONResponse(
            {
                "access_token": tokens.access,
                "refresh_token": tokens.refresh,
                "token_type": "bearer",
                "expires_in": int(self.grants.access_s),
                "scope": "media:read media:write",
            }
        )

    # Everything behind a token

    def _refusal(self, request: Request) -> Response | None:
        query = request.query_params
        client_id = query.get("client_id") or request.headers.get("simkl-api-key")
        named = query.get("app-name") and query.get("app-version")
        if not (client_id and named) or self.library.suspended:
            return _error(412, "client_id_failed")
        authorization = request.headers.get("authorization", "")
        if not authorization:
            return _error(401, "user_token_required")
        return None if self.grants.good(authorization) else _error(401, "user_token_failed")

    async def _settings(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        account = {"id": 1717, "timezone": "UTC", "type": "free"}
        user = {"name": self.user_name, "joined_at": "2020-01-01T00:00:00Z"}
        return JSONResponse({"user": user, "account": account, "connections": {}})

    async def _scrobble(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        action, body = request.path_params["action"], await json_body(request)
        if action not in ("start", "pause", "stop"):
            return _error(404, "not_found")
        progress = None if body is None else body.get("progress")
        if body is None or not isinstance(progress, int | float) or isinstance(progress, bool):
            return _error(400, "wrong_parameter")
        now = self.clock.now()
        if self.locks and self._last_call is not None and now - self._last_call < _LOCK:
            return _error(400, "RATE_LIMIT")
        title = self.titles.of_scrobble(body)
        if title is None:
            return _error(404, "id_err")
        self._last_call = now
        answer = {"id": 0, "action": action, "progress": progress, **title.objects()}
        if action != "stop" or progress < _WATCHED_PCT:
            self.playing = body
            answer["action"] = "pause" if action == "stop" else action
            return JSONResponse(answer, status_code=201)
        before = self._scrobbled.get(title.id)
        if before is not None and now - before < _WINDOW:
            times = {"watched_at": wire(before), "expires_at": wire(before + _WINDOW)}
            return JSONResponse(times, status_code=409)
        self._scrobbled[title.id] = now
        self.playing = None
        self._keep(title, now, "scrobble")
        return JSONResponse({**answer, "id": title.id, "action": "scrobble"}, status_code=201)

    def _keep(self, title: Title, at: datetime, how: str) -> bool:
        """Keep a first watch; a free account has no second. What came is held in any case."""
        if self.history.has(title):
            return False
        self.hold(self.history.add(title, at, how).received)
        return self.library.watched(title, at)

    async def _add(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        body = await json_body(request) or {}
        added: dict[str, Any] = {"movies": 0, "shows": 0, "episodes": 0, "statuses": []}
        missing: dict[str, list[Any]] = {"movies": [], "shows": [], "episodes": []}
        for group in ("movies", "shows", "episodes"):
            for sent in wire_list(body.get(group)):
                found = self.titles.of_history(group, sent)
                if not found:
                    missing[group].append(sent)
                for title, watched_at in found:
                    kept = self._keep(title, sent_date(watched_at, self.clock.now()), "history")
                    added["movies" if title.type == "movie" else "episodes"] += kept
                if found:
                    kind = "movie" if group == "movies" else "tv"
                    said = {"status": "completed", "simkl_type": kind}
                    added["statuses"].append({"request": sent, "response": said})
        return JSONResponse({"added": added, "not_found": missing}, status_code=201)

    async def _remove(self, request: Request) -> Response:
        """Remove named episodes, and whole titles with all that belongs to them."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        body = await json_body(request) or {}
        deleted = {"movies": 0, "shows": 0, "episodes": 0}
        missing: dict[str, list[Any]] = {"movies": [], "shows": []}
        for group in missing:
            for sent in wire_list(body.get(group)):
                titles = [title for title, _ in self.titles.of_change(group, sent)]
                if not titles:
                    missing[group].append(sent)
                for title in titles:
                    deleted[f"{title.type}s"] += self.library.forget(title)
                    self._drop(title)
        return JSONResponse({"deleted": deleted, "not_found": missing})

    def _drop(self, title: Title) -> None:
        for row in [row for row in self.history.rows if title in (row.title, row.title.show)]:
            self.history.remove(row)
            if row.received in self.held:
                self.held.remove(row.received)

    async def _watched_lookup(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        sent = await request.json()
        answer = []
        for one in wire_list(sent):
            wanted = {str(value) for key, value in one.items() if key in ("imdb", "tmdb", "simkl")}
            rows = [row for row in self.history.rows if wanted & row.title.known_as()]
            last = max((row.watched_at for row in rows), default=None)
            found = {"result": bool(rows)}
            answer.append(found | ({} if last is None else {"last_watched_at": wire(last)}))
        return JSONResponse(answer)


async def _form(request: Request) -> Mapping[str, str]:
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def _oauth_error(code: str, status: int = 400) -> Response:
    return JSONResponse({"error": code, "error_description": code}, status_code=status)


def _error(status: int, code: str) -> Response:
    return JSONResponse({"error": code, "code": status, "message": code}, status_code=status)
