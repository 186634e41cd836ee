"""HTTP over a real loopback socket, and the addresses that are never used."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from revenge_companion.core.errors import LaneBlocked, Unanswered, Unreachable
from revenge_companion.net.http import USER_AGENT, Answer, Http, NotJson

Handler = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server that hands each request's head and body to `handler`, then closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await handler(head, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http()
    yield http
    await http.close()


def sends(*pieces: bytes) -> Handler:
    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return handler


async def test_an_answer_is_read_whole_and_its_host_is_told(http: Http) -> None:
    heads: list[bytes] = []
    told: list[str] = []
    http.on_answer = told.append

    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(b'HTTP/1.1 503 Busy\r\nX-Some: One\r\nContent-Length: 7\r\n\r\n{"a":1}')

    async with serving(handler) as url:
        answer = await http.request("GET", url, params={"q": "a b"})
    assert answer.status == 503
    assert answer.headers["x-some"] == "One"
    assert answer.json() == {"a": 1}
    assert told == [url.removeprefix("http://")]
    assert USER_AGENT.encode() in heads[0]
    assert b"python" not in heads[0]


async def test_redirects_are_not_followed_and_cookies_not_kept(http: Http) -> None:
    heads: list[bytes] = []

    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(
            b"HTTP/1.1 302 Found\r\nLocation: /x\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
        )

    async with serving(handler) as url:
        assert (await http.request("GET", url)).status == 302
        assert (await http.request("GET", url)).status == 302
    assert len(heads) == 2
    assert b"ookie" not in heads[1]


async def test_a_refused_connection_is_unreachable(http: Http) -> None:
    async with serving(sends()) as url:
        pass
    with pytest.raises(Unreachable):
        await http.request("POST", url, json={})


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param((), id="closed without an answer"),
        pytest.param((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",), id="cut body"),
        pytest.param((b"nonsense\r\n\r\n",), id="not http"),
        pytest.param(
            (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",),
            id="broken compression",
        ),
    ],
)
async def test_what_breaks_after_sending_is_unanswered(
    http: Http, pieces: tuple[bytes, ...]
) -> None:
    async with serving(sends(*pieces)) as url:
        with pytest.raises(Unanswered):
            await http.request("POST", url, json={})


async def test_silence_after_sending_is_unanswered(http: Http) -> None:
    quiet = asyncio.Event()

    async def handler(_head: bytes, _writer: asyncio.StreamWriter) -> None:
        await quiet.wait()

    async with serving(handler) as url:
        with pytest.raises(Unanswered):
            await http.request("POST", url, json={}, timeout_s=0.02)
        quiet.set()


async def test_an_endless_answer_is_not_read_to_its_end(http: Http) -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000
    async with serving(sends(body)) as url:
        with pytest.raises(Unanswered, match="too long"):
            await http.request("GET", url, max_bytes=1000)


async def test_a_stream_gives_lines_whatever_their_ends(http: Http) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    async with (
        serving(sends(head, b"data: gr\xc3", b"\xbcn\r\n", b"\nlast")) as url,
        http.stream("GET", url, headers={}, silence_s=5) as stream,
    ):
        assert stream.status == 200
        assert stream.headers["content-type"] == "text/event-stream"
        assert [line async for line in stream.lines()] == ["data: gr\u00fcn", "", "last"]


async def test_a_callers_own_error_passes_a_stream_unchanged(http: Http) -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    async with serving(sends(head)) as url:
        with pytest.raises(OSError, match="disk"):
            async with http.stream("GET", url, headers={}, silence_s=5):
                raise OSError("disk")


async def test_a_stream_ends_at_a_line_without_end(http: Http) -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    async with (
        serving(sends(head, b"x" * 1_200_000)) as url,
        http.stream("GET", url, headers={}, silence_s=5) as stream,
    ):
        with pytest.raises(Unanswered, match="too long"):
            _ = [line async for line in stream.lines()]


@pytest.mark.parametrize(
    "url",
    [
        "https://name:word@media.example/",
        "ftp://media.example/",
        "media.example",
        "https://",
        "https://[::1",
    ],
)
async def test_an_address_that_is_not_safe_is_never_asked(http: Http, url: str) -> None:
    with pytest.raises(LaneBlocked) as caught:
        await http.request("GET", url)
    assert caught.value.code == "wrong_address"
    assert "word" not in str(caught.value).replace("password", "")


class Everywhere:
    """A transport that answers for every host and keeps what was asked."""

    def __init__(self, status: int = 200, **headers: str) -> None:
        self.asked: list[str] = []
        self.status = status
        self.headers = headers

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        return httpx.Response(self.status, headers=self.headers)

    def http(self) -> Http:
        return Http(transport=httpx.MockTransport(self.answer))


async def test_plain_http_leaves_this_computer_only_where_it_is_allowed() -> None:
    everywhere = Everywhere()
    http = everywhere.http()
    with pytest.raises(LaneBlocked) as caught:
        await http.request("GET", "http://media.example/x")
    assert caught.value.code == "plain_http"
    assert "media.example" in str(caught.value)
    with pytest.raises(LaneBlocked):
        async with http.stream("GET", "http://media.example/x", headers={}, silence_s=5):
            pass
    assert everywhere.asked == []

    assert (await http.plain(True).request("GET", "http://media.example/x")).status == 200
    async with http.plain(True).stream("GET", "http://media.example/", headers={}, silence_s=5):
        pass
    assert everywhere.asked == ["http://media.example/x", "http://media.example/"]


async def test_one_permission_is_nobody_elses() -> None:
    """An account that may use plain http changes nothing for those that may not."""
    http = Everywhere().http()
    allowed = http.plain(True)
    await allowed.request("GET", "http://media.example/")
    for other in (http, http.plain(False), allowed.plain(False)):
        with pytest.raises(LaneBlocked):
            await other.request("GET", "http://media.example/")
        with pytest.raises(LaneBlocked):
            other.check("ws://media.example/")
    allowed.check("ws://media.example/")


async def test_who_may_use_plain_http_shares_the_connections_and_is_heard() -> None:
    heads: list[bytes] = []
    told: list[str] = []

    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    http = Http()
    async with serving(handler) as url:
        allowed = http.plain(True)
        http.on_answer = told.append
        await allowed.request("GET", url)
        assert told == [url.removeprefix("http://")]
        assert USER_AGENT.encode() in heads[0]
        await http.close()
        # Closed with the one client there is; it opens anew like that one does.
        await allowed.request("GET", url)
        await allowed.close()


@pytest.mark.parametrize("allowed", [False, True])
async def test_a_redirect_out_of_encryption_is_not_followed(allowed: bool) -> None:
    everywhere = Everywhere(302, location="http://media.example/x")
    answer = await everywhere.http().plain(allowed).request("GET", "https://media.example/x")
    assert answer.status == 302
    assert everywhere.asked == ["https://media.example/x"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "99999999"}, 172_800.0),
        ({"retry-after": "soon"}, None),
        (
            {
                "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT",
                "date": "Wed, 21 Oct 2026 07:28:00 GMT",
            },
            30.0,
        ),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert Answer(429, headers, b"").retry_after_s == seconds


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_not_json_says_so(body: bytes) -> None:
    with pytest.raises(NotJson):
        Answer(200, {}, body).json()


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "gopher://127.0.0.1:1"])
async def test_a_proxy_of_a_strange_kind_is_never_gone_around(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(Unreachable, match="proxy"):
        await Http().request("GET", "https://media.example/")


async def test_this_computers_own_servers_are_reached_without_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    http = Http()
    async with serving(sends(b"HTTP/1.1 204 No Content\r\n\r\n")) as url:
        assert (await http.request("GET", url)).status == 204
    await http.close()


def test_the_first_request_loads_no_command_line() -> None:
    # click and rich are here for the tools of this project.
    code = (
        "import asyncio, contextlib, sys\n"
        "from revenge_companion.core.errors import Unreachable\n"
        "from revenge_companion.net.http import Http\n"
        "with contextlib.suppress(Unreachable):\n"
        "    asyncio.run(Http().request('GET', 'http://127.0.0.1:1/'))\n"
        "print('httpx' in sys.modules, [m for m in ('click', 'rich') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True, timeout=60
    )
    assert ran.stdout.split(maxsplit=1) == ["True", "[]\n"]
