"""What answers at a typed address, in the words of each kind of server."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from revenge_companion.net.http import Http
from revenge_companion.services.base import LinkMethod, ProbeResult
from revenge_companion.services.lastfm.service import LastFm
from revenge_companion.services.listenbrainz.service import ListenBrainz
from tests.unit.services.kit import PORTAL, QuickClock, answer

Handler = Callable[[httpx.Request], httpx.Response]
HOME = "https://music.example"
NOT_HERE = answer(404, "<html>Not found</html>")


def a_server(places: dict[str, httpx.Response], rest: httpx.Response = NOT_HERE) -> Handler:
    """Answers by the path, with the method of Last.fm's kind behind it."""

    def handle(request: httpx.Request) -> httpx.Response:
        form = dict(httpx.QueryParams(request.content.decode()))
        asked = request.url.path + (f" {form['method']}" if "method" in form else "")
        found = places.get(asked, rest)
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)

    return handle


async def probed(
    service: str, handler: Any, address: str = HOME, *, allow_http: bool = False
) -> ProbeResult:
    http = Http(transport=httpx.MockTransport(handler))
    kinds = {"listenbrainz": ListenBrainz, "lastfm": LastFm}
    result = await kinds[service](http, QuickClock(), {}).probe(address, allow_http=allow_http)
    assert isinstance(result, ProbeResult)
    return result


VALID = {"code": 200, "message": "Token valid.", "valid": True, "user_name": "any"}
INVALID = {"code": 200, "message": "Token invalid.", "valid": False}
APIS = "/apis/listenbrainz/1"


@pytest.mark.parametrize(
    ("places", "address", "expected"),
    [
        (
            {"/1/validate-token": answer(200, INVALID)},
            HOME,
            ProbeResult("ListenBrainz", HOME, batches=True, loves=True),
        ),
        (
            {
                f"{APIS}/validate-token": answer(401, {"error": "Bad Auth"}),
                f"{APIS}/user/nobody/listens": answer(
                    200, {"code": 200, "error": "Invalid Method"}
                ),
            },
            HOME,
            ProbeResult("Maloja", f"{HOME}/apis/listenbrainz"),
        ),
        (
            {f"{APIS}/validate-token": answer(401, {"error": "unauthorized"})},
            f"{HOME}/apis/listenbrainz/1/",
            ProbeResult("Koito", f"{HOME}/apis/listenbrainz"),
        ),
        (
            {"/1/validate-token": answer(200, VALID)},
            HOME,
            ProbeResult("multi-scrobbler", HOME),
        ),
        (
            {"/api/listenbrainz/mine": answer(405)},
            f"{HOME}/api/listenbrainz/mine",
            ProbeResult("multi-scrobbler", f"{HOME}/api/listenbrainz/mine"),
        ),
    ],
    ids=["listenbrainz", "maloja", "koito", "multi-scrobbler", "multi-scrobbler-slug"],
)
async def test_servers_like_listenbrainz_are_told_apart(
    places: dict[str, httpx.Response], address: str, expected: ProbeResult
) -> None:
    assert await probed("listenbrainz", a_server(places), address) == expected


GNU = "/2.0/"
MALOJA = "/apis/audioscrobbler/2.0"


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (
            {f"{GNU} auth.getToken": answer(403, {"error": 10, "message": "Invalid API key"})},
            ProbeResult("Last.fm", f"{HOME}/2.0", batches=True, loves=True),
        ),
        (
            {
                f"{GNU} auth.getToken": answer(200, {"token": "a" * 32}),
                f"{GNU} auth.getMobileSession": answer(200, {"error": {"#text": "x", "code": "4"}}),
            },
            ProbeResult("Libre.fm / GNU FM", f"{HOME}/2.0", batches=True, loves=True),
        ),
        (
            {
                f"{GNU} auth.getToken": answer(200, {"token": "a" * 32}),
                f"{GNU} auth.getMobileSession": answer(200, {"error": 3, "message": "x"}),
            },
            ProbeResult("ListenBrainz proxy", f"{HOME}/2.0", batches=True),
        ),
        (
            {
                f"{MALOJA} auth.getToken": answer(200, {"error": 3, "message": "Invalid method"}),
                f"{MALOJA} auth.getMobileSession": answer(403, {"error": 4, "message": "Wrong"}),
            },
            ProbeResult("Maloja", HOME + MALOJA, link=LinkMethod.PASSWORD),
        ),
        (
            {
                "/api/lastfm auth.getToken": answer(400, {"error": "Unknown method"}),
                "/api/lastfm auth.getMobileSession": answer(
                    200, {"session": {"name": "nobody", "key": "k" * 8, "subscriber": 0}}
                ),
            },
            ProbeResult("multi-scrobbler", f"{HOME}/api/lastfm", link=LinkMethod.PASSWORD),
        ),
    ],
    ids=["lastfm", "gnufm", "proxy", "maloja", "multi-scrobbler"],
)
async def test_servers_like_lastfm_are_told_apart(
    places: dict[str, httpx.Response], expected: ProbeResult
) -> None:
    assert await probed("lastfm", a_server(places)) == expected


@pytest.mark.parametrize("service", ["listenbrainz", "lastfm"])
async def test_what_is_no_such_server_is_said_in_a_sentence(service: str) -> None:
    none = await probed(service, a_server({}))
    page = await probed(service, a_server({}, PORTAL))
    broken = await probed(service, a_server({}, answer(502, "<html>Bad gateway</html>")))

    assert none.kind == page.kind == broken.kind == ""
    assert none.trouble.endswith("answers at music.example.")
    assert none.trouble.startswith("No server like")
    assert page.trouble.startswith("A web page answers at music.example")
    assert broken.trouble == "music.example has trouble (HTTP 502)."


@pytest.mark.parametrize("service", ["listenbrainz", "lastfm"])
async def test_a_server_that_cannot_be_asked_is_said_in_a_sentence(service: str) -> None:
    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("x")

    assert (await probed(service, gone)).trouble == "music.example cannot be reached."
    plain = await probed(service, a_server({}), "http://music.example")
    assert "without encryption" in plain.trouble
    allowed = await probed(service, gone, "http://music.example", allow_http=True)
    assert allowed.trouble == "music.example cannot be reached."
    typed = await probed(service, a_server({}), "music.example")
    assert typed.trouble == "An address has to begin with https:// and name a computer."
