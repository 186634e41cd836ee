"""A local ListenBrainz: tokens, listens with the real limits, and its de-duplication."""

import json
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
from revenge_companion.demo.sites.site import Site, wire_object

_MOST = 1000
_LISTEN_BYTES = 10_240
#: 2002-10-01, before which nothing was listened to.
_FIRST_S = 1_033_430_400
_FUTURE_S = 3600
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

    def routes(self) -> Sequence[Route]:
        return [
            Route("/1/validate-token", self._validate, methods=["GET"]),
            Route("/1/submit-listens", self._submit, methods=["POST"]),
            Route("/1/delete-listen", self._delete, methods=["POST"]),
            Route("/1/user/{name}/listens", self._read, methods=["GET"]),
            Route("/1/user/{name}/listen-count", self._count, methods=["GET"]),
        ]

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
        at_s, metadata = listen["listened_at"], listen["track_metadata"]
        msid = _msid(metadata)
        if (at_s, msid) in self._listens:
            return
        self._listens[at_s, msid] = {**listen, "recording_msid": msid, "user_name": self.user_name}
        artist, title = metadata["artist_name"], metadata["track_name"]
        self.hold(
            Received(
                self.service,
                f"{artist} \N{EN DASH} {title}",
                track_names(artist, title),
                datetime.fromtimestamp(at_s, UTC),
                self.clock.now(),
                how,
                msid,
            )
        )

    async def _read(self, request: Request) -> Response:
        if request.path_params["name"] != self.user_name:
            return _error(404, "Cannot find user.")
        query = request.query_params
        count = whole_number(query.get("count"), 25, 1, 1_000_000)
        newest = whole_number(query.get("max_ts"), 1 << 40, 0, 1 << 40)
        oldest = whole_number(query.get("min_ts"), 0, 0, 1 << 40)
        if count is None or newest is None or oldest is None or newest <= oldest:
            return _error(400, "Invalid count, max_ts or min_ts.")
        times = [at_s for at_s, _ in self._listens]
        found = sorted(
            (one for one in self._listens.values() if oldest < one["listened_at"] < newest),
            key=lambda one: int(one["listened_at"]),
            reverse=True,
        )
        most = min(count, _MOST)
        # With min_ts alone, the oldest page; it is still told newest first.
        page = found[-most:] if "min_ts" in query and "max_ts" not in query else found[:most]
        payload = {
            "count": len(page),
            "user_id": self.user_name,
            "latest_listen_ts": max(times, default=0),
            "oldest_listen_ts": min(times, default=0),
            "listens": page,
        }
        return _answer({"payload": payload})

    async def _delete(self, request: Request) -> Response:
        """Delete one listen: at once, where the real one waits for the full hour."""
        if not self._known(request):
            return _error(401, "Invalid authorization token.")
        body = await json_body(request) or {}
        at_s, msid = body.get("listened_at"), body.get("recording_msid")
        if type(at_s) is not int or not isinstance(msid, str):
            return _error(400, "Listen timestamp and recording MSID are required.")
        if self._listens.pop((at_s, msid), None) is not None:
            at = datetime.fromtimestamp(at_s, UTC)
            self.held[:] = [one for one in self.held if (one.at, one.remote_id) != (at, msid)]
        return _answer({"status": "ok"})

    async def _count(self, request: Request) -> Response:
        if request.path_params["name"] != self.user_name:
            return _error(404, "Cannot find user.")
        return _answer({"payload": {"count": len(self._listens)}})


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
