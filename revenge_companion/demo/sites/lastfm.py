"""A local Last.fm: signed calls, a login, now playing, scrobbles in batches of fifty, and reads."""

import hashlib
import json
import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Kind
from revenge_companion.demo.answers import whole_number
from revenge_companion.demo.sites.held import Received, track_names
from revenge_companion.demo.sites.past import PastPlay, past_plays
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
        #: Everything that was played, the oldest first.
        self._plays: list[PastPlay] = []
        #: Loved tracks by their folded names, the last loved last.
        self._loved: dict[tuple[str, str], PastPlay] = {}
        #: Whether the end of a range of time is part of it; nobody ever wrote that down.
        self.ends_included = False
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

    def preload(self, plays: int, *, loved: int = 0) -> None:
        """Have listened for years: `plays` scrobbles from before the demo, and loved tracks.

        They are no plays of the demo, so they are not in `held`.
        """
        now_s = int(self.clock.now().timestamp())
        self._plays = sorted((*self._plays, *past_plays(plays, now_s)), key=_second)
        for play in reversed([*past_plays(loved, now_s)]):
            self._loved[_folded(play.artist, play.title)] = play

    def take_away(self, index: int) -> None:
        """Remove one play, as the user does on the website; 0 is the newest."""
        del self._plays[len(self._plays) - 1 - index]

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
            return JSONResponse(body, status_code={6: 400, 7: 404}.get(failed.code, 403))
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
            case "user.getrecenttracks":
                return self._recent(sent)
            case "user.getlovedtracks":
                return self._loved_page(sent)
            case "track.love" | "track.unlove" if verb == "POST":
                return self._love(sent, loved=method == "track.love")
            case "user.getinfo":
                count = str(len(self._plays))
                user = {"name": self.user_name, "playcount": count, "subscriber": "0"}
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
            insort(self._plays, PastPlay(at_s, artist, track, row.get("album", "")), key=_second)
            label = f"{artist} \N{EN DASH} {track}"
            at = datetime.fromtimestamp(at_s, UTC)
            self.hold(Received(self.service, label, track_names(artist, track), at, how))
        return _echo(row, 0)

    def _recent(self, sent: Mapping[str, str]) -> dict[str, Any]:
        limit, page = self._paging(sent)
        since_s = whole_number(sent.get("from"), 0, 0, 1 << 40)
        until_s = whole_number(sent.get("to"), 1 << 40, 0, 1 << 40)
        if since_s is None or until_s is None:
            raise _Failed(6)
        first = bisect_left(self._plays, since_s, key=_second)
        end_of = bisect_right if self.ends_included else bisect_left
        last = end_of(self._plays, until_s, key=_second)
        total = max(last - first, 0)
        begin = last - (page - 1) * limit
        found = self._plays[max(begin - limit, first) : max(begin, first)][::-1] if total else []
        rows = [_track(play) | {"date": _date(play.at_s)} for play in found]
        if self.playing is not None:
            # Above every page, beside the rows that were asked for.
            playing = PastPlay(0, self.playing["artist"], self.playing["track"], "")
            rows.insert(0, _track(playing) | {"@attr": {"nowplaying": "true"}})
        return {"recenttracks": self._listed(rows, limit, page, total)}

    def _loved_page(self, sent: Mapping[str, str]) -> dict[str, Any]:
        limit, page = self._paging(sent)
        loved = [*self._loved.values()][::-1]
        rows = [
            {
                "name": play.title,
                "mbid": "",
                "date": _date(play.at_s),
                "artist": {"name": play.artist, "mbid": ""},
            }
            for play in loved[(page - 1) * limit : page * limit]
        ]
        return {"lovedtracks": self._listed(rows, limit, page, len(loved))}

    def _paging(self, sent: Mapping[str, str]) -> tuple[int, int]:
        if sent.get("user", "").casefold() != self.user_name:
            raise _Failed(6)
        limit = whole_number(sent.get("limit"), 50, 1, 1000)
        page = whole_number(sent.get("page"), 1, 1, 1_000_000)
        if limit is None or page is None:
            raise _Failed(6)
        return limit, page

    def _listed(
        self, rows: list[dict[str, Any]], limit: int, page: int, total: int
    ) -> dict[str, Any]:
        return {
            # One row comes without its list.
            "track": rows[0] if len(rows) == 1 else rows,
            "@attr": {
                "user": self.user_name,
                "page": str(page),
                "perPage": str(limit),
                "total": str(total),
                "totalPages": str(-(-total // limit)),
            },
        }

    def _love(self, sent: Mapping[str, str], *, loved: bool) -> dict[str, Any]:
        artist, track = sent.get("artist", ""), sent.get("track", "")
        if not (artist and track):
            raise _Failed(6)
        key = _folded(artist, track)
        if not loved:
            self._loved.pop(key, None)
        elif key not in self._loved:
            self._loved[key] = PastPlay(int(self.clock.now().timestamp()), artist, track, "")
        return {}


def _second(play: PastPlay) -> int:
    return play.at_s


def _folded(artist: str, title: str) -> tuple[str, str]:
    return artist.casefold(), title.casefold()


def _date(at_s: int) -> dict[str, str]:
    text = datetime.fromtimestamp(at_s, UTC).strftime("%d %b %Y, %H:%M")
    return {"uts": str(at_s), "#text": text}


def _track(play: PastPlay) -> dict[str, Any]:
    return {
        "artist": {"mbid": "", "#text": play.artist},
        "streamable": "0",
        "mbid": "",
        "album": {"mbid": "", "#text": play.album},
        "name": play.title,
        "url": "https://www.last.fm/music/",
    }


def _echo(row: Mapping[str, str], ignored: int) -> dict[str, Any]:
    answer: dict[str, Any] = {
        name: {"corrected": "0", "#text": row.get(name, "")}
        for name in ("track", "artist", "album", "albumArtist")
    }
    if "timestamp" in row:
        answer["timestamp"] = row["timestamp"]
    return {**answer, "ignoredMessage": {"code": str(ignored), "#text": ""}}
