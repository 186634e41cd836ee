"""A local ListenBrainz: tokens, listens with the real limits, its de-duplication, and feedback."""

import json
from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from revenge_companion.core.clock import Clock
from revenge_companion.core.media import Kind
from revenge_companion.demo.answers import json_body, whole_number
from revenge_companion.demo.sites.held import Received, track_names
from revenge_companion.demo.sites.past import past_plays
from revenge_companion.demo.sites.site import Site, wire_object

_MOST = 1000
_LISTEN_BYTES = 10_240
#: 2002-10-01, before which nothing was listened to.
_FIRST_S = 1_033_430_400
_FUTURE_S = 3600
#: The span in which listens are looked for first, in seconds, and how fast the next ones grow.
_SPAN_S, _GROWTH = 30 * 86_400, 3
_MBIDS = ("recording_mbid", "release_mbid", "release_group_mbid", "track_mbid")
_MBID_LISTS = ("artist_mbids", "work_mbids")


class _Refused(Exception):
    """A listen that makes the whole request a 400."""

    def __init__(self, message: str, listen: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.listen = listen


class ListenBrainzSite(Site):
    """One user, "demo-listener", with one token."""

    service = "listenbrainz"
    kinds = (Kind.TRACK,)
    user_name = "demo-listener"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.link_secret = str(uuid5(NAMESPACE_URL, "https://revenge.example/demo/listenbrainz"))
        self.token_works = True
        #: The last "playing now" as it was sent; None before the first.
        self.playing: dict[str, Any] | None = None
        self._listens: dict[tuple[int, str], dict[str, Any]] = {}
        #: Seconds and ids of the listens, the oldest first.
        self._order: list[tuple[int, str]] = []
        #: Scores by recording, the last given last.
        self._feedback: dict[str, dict[str, Any]] = {}
        #: Recordings that can be looked up, by folded artist and title, and what they are called.
        self._recordings: dict[tuple[str, str], str] = {}
        self._names: dict[str, tuple[str, str]] = {}

    def routes(self) -> Sequence[Route]:
        return [
            Route("/1/validate-token", self._validate, methods=["GET"]),
            Route("/1/submit-listens", self._submit, methods=["POST"]),
            Route("/1/delete-listen", self._delete, methods=["POST"]),
            Route("/1/user/{name}/listens", self._read, methods=["GET"]),
            Route("/1/user/{name}/listen-count", self._count, methods=["GET"]),
            Route("/1/metadata/lookup/", self._look_up, methods=["GET"]),
            Route("/1/feedback/recording-feedback", self._score, methods=["POST"]),
            Route("/1/feedback/user/{name}/get-feedback", self._scores, methods=["GET"]),
        ]

    def preload(self, plays: int, *, loved: int = 0) -> None:
        """Have listened for years: `plays` listens from before the demo, and loved recordings.

        They are no plays of the demo, so they are not in `held`.
        """
        now_s = int(self.clock.now().timestamp())
        for play in past_plays(plays, now_s):
            metadata = _metadata(play.artist, play.title, play.album)
            self._add({"listened_at": play.at_s, "track_metadata": metadata}, sort=False)
        self._order.sort()
        for play in reversed([*past_plays(loved, now_s)]):
            self._give(self._recording(play.artist, play.title), 1, play.at_s)

    def listens(self) -> list[dict[str, Any]]:
        """Every listen as readings give it, the oldest first."""
        return [self._listens[key] for key in self._order]

    def take_away(self, index: int) -> None:
        """Remove one listen, as the user does on the website; 0 is the newest."""
        key = self._order.pop(len(self._order) - 1 - index)
        del self._listens[key]

    def _known(self, request: Request) -> bool:
        word, _, token = request.headers.get("authorization", "").partition(" ")
        return self.token_works and word.lower() == "token" and token == self.link_secret

    async def _validate(self, request: Request) -> Response:
        if "authorization" not in request.headers:
            return _error(400, "You need to provide an Authorization token.")
        answer: dict[str, Any] = {"code": 200, "message": "Token invalid.", "valid": False}
        if self._known(request):
            answer |= {"message": "Token valid.", "valid": True, "user_name": self.user_name}
        return _answer(answer)

    async def _submit(self, request: Request) -> Response:
        if not self._known(request):
            return _error(401, "Invalid authorization token.")
        body = await request.body()
        try:
            message = json.loads(body)
            kind, payload = self._checked(message, len(body))
        except ValueError:
            return _error(400, "Cannot parse JSON document.")
        except _Refused as refused:
            answer = {"code": 400, "error": str(refused), **(refused.listen or {})}
            return _answer(answer, 400)
        if kind == "playing_now":
            self.playing = payload[0]
        else:
            for listen in payload:
                self._keep(listen, kind)
        return _answer({"status": "ok"})

    def _checked(self, message: Any, size: int) -> tuple[str, list[dict[str, Any]]]:
        kind = wire_object(message).get("listen_type")
        payload = wire_object(message).get("payload")
        if kind not in ("single", "playing_now", "import"):
            raise _Refused("JSON document requires a valid listen_type key.")
        if not isinstance(payload, list) or not payload:
            raise _Refused("JSON document does not contain any listens.")
        if len(payload) > _MOST:
            raise _Refused("Too many listens. You may submit up to 1000 listens per request.")
        if size > len(payload) * _LISTEN_BYTES:
            raise _Refused("JSON document is too large.")
        if kind != "import" and len(payload) != 1:
            raise _Refused("JSON document contains more than listen for a single or playing_now.")
        for listen in payload:
            self._check(listen, playing=kind == "playing_now")
        return kind, payload

    def _check(self, listen: Any, *, playing: bool) -> None:
        if not isinstance(listen, dict):
            raise _Refused("JSON document has a listen that is no object.")
        allowed = {"track_metadata"} if playing else {"track_metadata", "listened_at"}
        if set(listen) - allowed:
            raise _Refused("JSON document may not contain track_metadata extra keys.", listen)
        if not playing:
            at = listen.get("listened_at")
            if type(at) is not int:
                raise _Refused("JSON document should contain listened_at.", listen)
            if not _FIRST_S <= at < self.clock.now().timestamp() + _FUTURE_S:
                raise _Refused("Value for key listened_at is out of range.", listen)
        metadata = wire_object(listen.get("track_metadata"))
        for name in ("artist_name", "track_name"):
            value = metadata.get(name)
            if not isinstance(value, str) or not value.strip():
                raise _Refused(f"Required field {name} is missing or empty.", listen)
        if not isinstance(metadata.get("release_name", ""), str):
            raise _Refused("release_name is no string.", listen)
        self._check_more(wire_object(metadata.get("additional_info")), listen)

    def _check_more(self, more: dict[str, Any], listen: dict[str, Any]) -> None:
        if "duration" in more and "duration_ms" in more:
            raise _Refused("Only one of duration and duration_ms is allowed.", listen)
        for name, most in (("duration", 2_073_600), ("duration_ms", 2_073_600_000)):
            if name in more and not (type(more[name]) is int and 0 < more[name] <= most):
                raise _Refused(f"Value for {name} is invalid.", listen)
        mbids = [more[name] for name in _MBIDS if more.get(name)]
        for name in _MBID_LISTS:
            mbids += more.get(name) or []
        for mbid in mbids:
            try:
                UUID(str(mbid))
            except ValueError:
                raise _Refused(f"{mbid} is no valid MBID.", listen) from None

    def _keep(self, listen: dict[str, Any], how: str) -> None:
        msid = self._add(listen)
        if msid is None:
            return
        metadata = listen["track_metadata"]
        artist, title = metadata["artist_name"], metadata["track_name"]
        self.hold(
            Received(
                self.service,
                f"{artist} \N{EN DASH} {title}",
                track_names(artist, title),
                datetime.fromtimestamp(listen["listened_at"], UTC),
                how,
                msid,
            )
        )

    def _add(self, listen: dict[str, Any], *, sort: bool = True) -> str | None:
        """The id of a listen that is kept now; None for one that was there before."""
        at_s, metadata = listen["listened_at"], listen["track_metadata"]
        key = at_s, _msid(metadata)
        if key in self._listens:
            return None
        self._listens[key] = {**listen, "recording_msid": key[1], "user_name": self.user_name}
        if sort:
            insort(self._order, key)
        else:
            self._order.append(key)
        self._recording(metadata["artist_name"], metadata["track_name"])
        return key[1]

    def _recording(self, artist: str, title: str) -> str:
        """The recording that these names are found under from now on."""
        names = (artist.casefold(), title.casefold())
        if names not in self._recordings:
            mbid = str(uuid5(NAMESPACE_URL, "recording|" + "|".join(names)))
            self._recordings[names] = mbid
            self._names[mbid] = (artist, title)
        return self._recordings[names]

    async def _read(self, request: Request) -> Response:
        if request.path_params["name"] != self.user_name:
            return _error(404, "Cannot find user.")
        query = request.query_params
        count = whole_number(query.get("count"), 25, 1, 1_000_000)
        newest = whole_number(query.get("max_ts"), 1 << 40, 0, 1 << 40)
        oldest = whole_number(query.get("min_ts"), 0, 0, 1 << 40)
        if count is None or newest is None or oldest is None or newest <= oldest:
            return _error(400, "Invalid count, max_ts or min_ts.")
        most = min(count, _MOST)
        if "min_ts" in query:
            # The oldest page of the range; it is still told newest first.
            page = self._between(oldest, newest)[:most][::-1]
        else:
            page = self._back(newest if "max_ts" in query else None, most)
        payload = {
            "count": len(page),
            "user_id": self.user_name,
            "latest_listen_ts": self._order[-1][0] if self._order else 0,
            "oldest_listen_ts": self._order[0][0] if self._order else 0,
            "listens": [self._listens[key] for key in page],
        }
        return _answer({"payload": payload})

    def _between(self, after_s: int, before_s: int) -> list[tuple[int, str]]:
        """Listens between two seconds, both left out, the oldest first."""
        first = bisect_left(self._order, (after_s + 1, ""))
        return self._order[first : bisect_left(self._order, (before_s, ""))]

    def _back(self, before_s: int | None, most: int) -> list[tuple[int, str]]:
        """The newest `most` before a second, looked for in spans that grow.

        As at the real one, what lies on the second between two spans is in neither.
        """
        if not self._order:
            return []
        end_s = self._order[-1][0] + 1 if before_s is None else before_s
        found: list[tuple[int, str]] = []
        span_s = _SPAN_S
        while len(found) < most and end_s > self._order[0][0]:
            found += self._between(end_s - span_s, end_s)[::-1]
            end_s -= span_s
            span_s *= _GROWTH
        return found[:most]

    async def _delete(self, request: Request) -> Response:
        """Delete one listen: at once, where the real one waits for the full hour."""
        if not self._known(request):
            return _error(401, "Invalid authorization token.")
        body = await json_body(request) or {}
        at_s, msid = body.get("listened_at"), body.get("recording_msid")
        if type(at_s) is not int or not isinstance(msid, str):
            return _error(400, "Listen timestamp and recording MSID are required.")
        if self._listens.pop((at_s, msid), None) is not None:
            self._order.remove((at_s, msid))
            at = datetime.fromtimestamp(at_s, UTC)
            self.held[:] = [one for one in self.held if (one.at, one.remote_id) != (at, msid)]
        return _answer({"status": "ok"})

    async def _count(self, request: Request) -> Response:
        if request.path_params["name"] != self.user_name:
            return _error(404, "Cannot find user.")
        return _answer({"payload": {"count": len(self._listens)}})

    async def _look_up(self, request: Request) -> Response:
        if not self._known(request):
            return _error(401, "Invalid authorization token.")
        query = request.query_params
        artist, title = query.get("artist_name", ""), query.get("recording_name", "")
        if not (artist and title) or len(artist) + len(title) > 250:
            return _error(400, "artist_name and recording_name are invalid.")
        mbid = self._recordings.get((artist.casefold(), title.casefold()))
        if mbid is None:
            return _answer({})
        found = {"artist_credit_name": artist, "recording_name": title, "recording_mbid": mbid}
        return _answer(found)

    async def _score(self, request: Request) -> Response:
        if not self._known(request):
            return _error(401, "Invalid authorization token.")
        body = await json_body(request) or {}
        mbid, score = body.get("recording_mbid"), body.get("score")
        if set(body) - {"recording_mbid", "recording_msid", "score"} or score not in (1, 0, -1):
            return _error(400, "JSON document may only contain an id and a score.")
        try:
            UUID(str(mbid))
        except ValueError:
            return _error(400, "recording_mbid is no valid MBID.")
        self._give(str(mbid), score, int(self.clock.now().timestamp()))
        return _answer({"status": "ok"})

    def _give(self, mbid: str, score: int, at_s: int) -> None:
        self._feedback.pop(mbid, None)
        if score:
            names = self._names.get(mbid)
            self._feedback[mbid] = {
                "user_id": self.user_name,
                "recording_msid": None,
                "recording_mbid": mbid,
                "score": score,
                "created": at_s,
                "track_metadata": None if names is None else _metadata(*names, ""),
            }

    async def _scores(self, request: Request) -> Response:
        if request.path_params["name"] != self.user_name:
            return _error(404, "Cannot find user.")
        query = request.query_params
        count = whole_number(query.get("count"), 25, 1, 1_000_000)
        offset = whole_number(query.get("offset"), 0, 0, 1 << 40)
        if count is None or offset is None:
            return _error(400, "Invalid count or offset.")
        given = [*self._feedback.values()][::-1]
        page = given[offset : offset + min(count, _MOST)]
        if query.get("metadata") != "true":
            page = [one | {"track_metadata": None} for one in page]
        return _answer(
            {"feedback": page, "count": len(page), "total_count": len(given), "offset": offset}
        )


def _metadata(artist: str, title: str, album: str) -> dict[str, Any]:
    about = {"artist_name": artist, "track_name": title, "additional_info": {}}
    return about | ({"release_name": album} if album else {})


def _msid(metadata: Mapping[str, Any]) -> str:
    """The same for the same words and length, whatever their capitals."""
    more = wire_object(metadata.get("additional_info"))
    length_ms = more.get("duration_ms") or (more.get("duration") or 0) * 1000
    parts = (
        metadata["track_name"],
        metadata["artist_name"],
        metadata.get("release_name") or "",
        str(more.get("track_number") or ""),
        str(length_ms),
    )
    return str(uuid5(NAMESPACE_URL, "|".join(parts).casefold()))


def _answer(body: Mapping[str, Any], status: int = 200) -> Response:
    headers = {
        "X-RateLimit-Limit": "30",
        "X-RateLimit-Remaining": "29",
        "X-RateLimit-Reset-In": "10",
    }
    return JSONResponse(dict(body), status_code=status, headers=headers)


def _error(status: int, message: str) -> Response:
    return _answer({"code": status, "error": message}, status)
