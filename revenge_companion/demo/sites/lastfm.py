"""A local Last.fm: signed calls, a login, now playing, and scrobbles in batches of fifty."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Kind
from revenge_companion.demo.sites.held import Received, track_names
from revenge_companion.demo.sites.site import Site

_MOST = 50
_OLDEST_S = 14 * 86_400
_NEWEST_S = 86_400
_TOKEN_S = 3600
_INDEX = re.compile(r"\[(\d+)\]$")

#: Codes of the API's errors, with its words.
_ERRORS = {
    3: "Invalid Method - No method with that name in this package",
    4: "Authentication Failed - You do not have permissions to access the service",
    6: "Invalid parameters - Your request is missing a required parameter",
    9: "Invalid session key - Please re-authenticate",
    10: "Invalid API key - You must be granted a valid key by last.fm",
    13: "Invalid method signature supplied",
    14: "Unauthorized Token - This token has not been authorized",
    15: "This token has expired",
}


class _Failed(Exception):
    """An error of the API, by its code."""

    def __init__(self, code: int) -> None:
        super().__init__(_ERRORS[code])
        self.code = code


class LastFmSite(Site):
    """One user, "demo-listener"; a token is approved after it was asked about once."""

    service = "lastfm"
    kinds = (Kind.TRACK,)
    root = "/2.0"
    auth_root = "/api/auth"
    user_name = "demo-listener"
    link_secret = "demo-password"

    def __init__(self, clock: Clock) -> None:
        self.api_key = hashlib.md5(b"revenge-demo/key", usedforsecurity=False).hexdigest()
        self.api_secret = hashlib.md5(b"revenge-demo/shared", usedforsecurity=False).hexdigest()
        #: How often getSession answers "not authorised yet" before a token is good.
        self.pending_polls = 1
        #: The last now playing as it was sent; None before the first.
        self.playing: dict[str, str] | None = None
        self._made = 0
        self._tokens: dict[str, tuple[datetime, int]] = {}
        self._sessions: set[str] = set()
        self._scrobbles: set[tuple[str, str, int]] = set()
        super().__init__(clock)

    def routes(self) -> Sequence[Route]:
        return [
            Route("/2.0/", self._call, methods=["GET", "POST"]),
            Route("/2.0", self._call, methods=["GET", "POST"]),
            Route("/api/auth", self._approval_page, methods=["GET"]),
            Route("/api/auth/", self._approval_page, methods=["GET"]),
        ]

    @property
    def client_environment(self) -> dict[str, str]:
        return {"LASTFM_API_KEY": self.api_key, "LASTFM_API_SECRET": self.api_secret}

    def end_sessions(self) -> None:
        """Refuse every session key, as when the user disconnects the app."""
        self._sessions.clear()

    async def _approval_page(self, request: Request) -> Response:
        return PlainTextResponse("The demo approves by itself.")

    async def _call(self, request: Request) -> Response:
        text = (await request.body()).decode() if request.method == "POST" else request.url.query
        sent = dict(parse_qsl(text, keep_blank_values=True))
        try:
            answer = self._answer(sent, request.method)
        except _Failed as failed:
            body = {"error": failed.code, "message": str(failed)}
            return JSONResponse(body, status_code=400 if failed.code == 6 else 403)
        if sent.get("format") != "json":
            return Response('<lfm status="ok"/>', media_type="text/xml")
        return Response(json.dumps(answer), media_type="application/json")

    def _answer(self, sent: dict[str, str], verb: str) -> dict[str, Any]:
        if sent.get("api_key") != self.api_key:
            raise _Failed(10)
        method = sent.get("method", "").casefold()
        if method == "auth.gettoken":
            token = self._make("token")
            self._tokens[token] = (self.clock.now(), 0)
            return {"token": token}
        self._check_signature(sent)
        match method:
            case "auth.getsession":
                return self._session(sent.get("token", ""))
            case "auth.getmobilesession":
                right = (self.user_name, self.link_secret)
                if verb != "POST" or (sent.get("username"), sent.get("password")) != right:
                    raise _Failed(4)
                return self._new_session()
        if sent.get("sk") not in self._sessions:
            raise _Failed(9)
        match method:
            case "user.getinfo":
                user = {"name": self.user_name, "playcount": str(len(self.held)), "subscriber": "0"}
                return {"user": {**user, "url": f"{self.host}/user/{self.user_name}"}}
            case "track.updatenowplaying" if verb == "POST":
                if not (sent.get("artist") and sent.get("track")):
                    raise _Failed(6)
                self.playing = sent
                return {"nowplaying": _echo(sent, 0)}
            case "track.scrobble" if verb == "POST":
                return self._scrobble(sent)
        raise _Failed(3)

    def _check_signature(self, sent: Mapping[str, str]) -> None:
        unsigned = ("format", "callback", "api_sig")
        signed = sorted((name, value) for name, value in sent.items() if name not in unsigned)
        text = "".join(name + value for name, value in signed) + self.api_secret
        right = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        if sent.get("api_sig") != right:
            raise _Failed(13)

    def _session(self, token: str) -> dict[str, Any]:
        if token not in self._tokens:
            raise _Failed(4)
        made_at, polls = self._tokens[token]
        if (self.clock.now() - made_at).total_seconds() > _TOKEN_S:
            raise _Failed(15)
        if polls < self.pending_polls:
            self._tokens[token] = (made_at, polls + 1)
            raise _Failed(14)
        del self._tokens[token]
        return self._new_session()

    def _new_session(self) -> dict[str, Any]:
        key = self._make("session")
        self._sessions.add(key)
        return {"session": {"name": self.user_name, "key": key, "subscriber": 0}}

    def _make(self, what: str) -> str:
        self._made += 1
        text = f"revenge-demo/{what}/{self._made}".encode()
        return hashlib.md5(text, usedforsecurity=False).hexdigest()

    def _scrobble(self, sent: Mapping[str, str]) -> dict[str, Any]:
        rows: dict[int, dict[str, str]] = {}
        for name, value in sent.items():
            index = _INDEX.search(name)
            if index is not None:
                rows.setdefault(int(index[1]), {})[name[: index.start()]] = value
        if not rows:
            rows[0] = dict(sent)
        complete = all(
            row.get("artist") and row.get("track") and row.get("timestamp", "").isdigit()
            for row in rows.values()
        )
        if len(rows) > _MOST or not complete:
            raise _Failed(6)
        how = "single" if len(rows) == 1 else "import"
        answers = [self._keep(row, how) for _, row in sorted(rows.items())]
        accepted = sum(answer["ignoredMessage"]["code"] == "0" for answer in answers)
        return {
            "scrobbles": {
                "scrobble": answers[0] if len(answers) == 1 else answers,
                "@attr": {"accepted": accepted, "ignored": len(answers) - accepted},
            }
        }

    def _keep(self, row: Mapping[str, str], how: str) -> dict[str, Any]:
        at_s, now = int(row["timestamp"]), self.clock.now()
        age_s = now.timestamp() - at_s
        if age_s > _OLDEST_S or age_s < -_NEWEST_S:
            return _echo(row, 3 if age_s > 0 else 4)
        artist, track = row["artist"], row["track"]
        key = (artist.casefold(), track.casefold(), at_s)
        # A repeat is accepted and leaves nothing.
        if key not in self._scrobbles:
            self._scrobbles.add(key)
            label = f"{artist} \N{EN DASH} {track}"
            at = datetime.fromtimestamp(at_s, UTC)
            self.hold(Received(self.service, label, track_names(artist, track), at, now, how))
        return _echo(row, 0)


def _echo(row: Mapping[str, str], ignored: int) -> dict[str, Any]:
    answer: dict[str, Any] = {
        name: {"corrected": "0", "#text": row.get(name, "")}
        for name in ("track", "artist", "album", "albumArtist")
    }
    if "timestamp" in row:
        answer["timestamp"] = row["timestamp"]
    return {**answer, "ignoredMessage": {"code": str(ignored), "#text": ""}}
