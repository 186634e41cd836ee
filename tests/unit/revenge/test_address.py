"""Addresses as people type them."""

import socket
from collections.abc import Callable

import httpx
import pytest

from revenge_companion.core.errors import LaneBlocked, NameUnknown, NotRevenge, Unreachable
from revenge_companion.net.http import Http
from revenge_companion.revenge.address import candidates, probe


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("media.local:8096", ["https://media.local:8096", "http://media.local:8096"]),
        ("  media.local  ", ["https://media.local", "http://media.local:8096"]),
        ("https://m.example/", ["https://m.example"]),
        ("HTTPS://m.example", ["https://m.example"]),
        ("http://m.example", ["http://m.example", "http://m.example:8096"]),
        ("wss://m.example/api/v1/ws", ["https://m.example"]),
        ("https://m.example/tv/api/v1/ws?token=x", ["https://m.example/tv", "https://m.example"]),
        ("https://m.example/index.html#/a", ["https://m.example"]),
        ("::1", ["https://[::1]", "http://[::1]:8096"]),
        ("[fe80::1]:8096", ["https://[fe80::1]:8096", "http://[fe80::1]:8096"]),
        ("192.168.1.4", ["https://192.168.1.4", "http://192.168.1.4:8096"]),
    ],
)
def test_what_is_typed_loosely_is_completed(typed: str, first: list[str]) -> None:
    assert candidates(typed)[: len(first)] == first


@pytest.mark.parametrize(
    "typed",
    ["", "  ", "http://", "ftp://x", "a b", "user:secret@host", "h:99999", "h:0", "/", "?", "[::1"],
)
def test_junk_stands_for_nothing(typed: str) -> None:
    assert candidates(typed) == []


def http_of(answers: Callable[[httpx.Request], httpx.Response], *, plain: bool = True) -> Http:
    return Http(transport=httpx.MockTransport(answers)).plain(plain)


PROVIDERS = {"providers": [], "total": 0}


async def test_the_first_address_that_is_a_revenge_server_is_taken() -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/oidc/providers"
        if request.url.scheme == "https":
            raise httpx.ConnectError("no TLS here", request=request)
        return httpx.Response(200, json=PROVIDERS)

    assert await probe(http_of(answers), "media.local:8096") == "http://media.local:8096"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("media.local:8096", "No server answers there with encryption"),
        ("media.local", "No server answers there with encryption"),
        ("http://media.local:8096", "has no encryption"),
        ("ws://media.local", "has no encryption"),
    ],
)
async def test_plain_http_is_not_even_tried_before_it_is_allowed(typed: str, words: str) -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        assert request.url.scheme == "https"
        raise httpx.ConnectError("no TLS here", request=request)

    with pytest.raises(LaneBlocked, match=words) as caught:
        await probe(http_of(answers, plain=False), typed)
    assert caught.value.code == "plain_http"


async def test_a_redirect_out_of_this_computer_needs_the_permission_too() -> None:
    asked: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        there = f"http://media.local{request.url.path}"
        return httpx.Response(301, headers={"location": there})

    with pytest.raises(LaneBlocked):
        await probe(http_of(answers, plain=False), "http://127.0.0.1:8096")
    assert set(asked) == {"127.0.0.1"}


async def test_what_is_encrypted_or_here_needs_no_permission() -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=PROVIDERS)

    http = http_of(answers, plain=False)
    assert await probe(http, "media.local") == "https://media.local"
    assert await probe(http, "http://localhost:8096") == "http://localhost:8096"


async def test_a_redirect_to_https_is_followed() -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        if request.url.scheme == "http":
            there = f"https://m.example{request.url.path}"
            return httpx.Response(301, headers={"location": there})
        return httpx.Response(200, json=PROVIDERS)

    assert await probe(http_of(answers), "http://m.example") == "https://m.example"


async def test_a_redirect_away_from_https_is_not_followed() -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        if request.url.scheme == "https":
            there = f"http://m.example{request.url.path}"
            return httpx.Response(301, headers={"location": there})
        return httpx.Response(200, json=PROVIDERS)

    with pytest.raises(NotRevenge):
        await probe(http_of(answers), "https://m.example")


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200, text="<html>a web page</html>"),
        httpx.Response(200, json={"ok": True}),
        httpx.Response(200, json=[]),
        httpx.Response(404, json={"error": "not found"}),
        httpx.Response(302, headers={"location": "/login"}),
    ],
)
async def test_something_else_is_told_apart_from_a_server_that_is_down(
    reply: httpx.Response,
) -> None:
    def answers(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)

    with pytest.raises(NotRevenge):
        await probe(http_of(answers), "https://m.example")


async def test_a_server_that_is_down_or_in_trouble_is_unreachable() -> None:
    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("down", request=request)

    for answers in (down, lambda _request: httpx.Response(502, text="bad gateway")):
        with pytest.raises(Unreachable):
            await probe(http_of(answers), "m.example")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
@pytest.mark.parametrize("plain", [True, False])
async def test_a_server_in_trouble_is_not_said_to_be_silent(status: int, plain: bool) -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        if request.url.scheme == "https":
            return httpx.Response(status, text="not now")
        raise httpx.ConnectError("nobody", request=request)

    with pytest.raises(Unreachable, match=r"^The server answers, but it has trouble\."):
        await probe(http_of(answers, plain=plain), "media.local")


async def test_what_is_no_address_is_not_asked() -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError(str(request.url))

    with pytest.raises(NotRevenge):
        await probe(http_of(never), "no address")


@pytest.mark.parametrize("typed", ["mediaa.local", "mediaa.local:8096", "https://mediaa.local"])
@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("number", [socket.EAI_NONAME, socket.EAI_AGAIN])
async def test_a_mistyped_name_is_told_as_one(typed: str, plain: bool, number: int) -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        unknown = socket.gaierror(number, "not known")
        raise httpx.ConnectError("not known", request=request) from unknown

    with pytest.raises(NameUnknown, match=r"^mediaa\.local could not be found\."):
        await probe(http_of(answers, plain=plain), typed)


async def test_one_name_that_leads_nowhere_does_not_hide_a_server() -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        if request.url.scheme == "https":
            raise httpx.ConnectError("not now", request=request) from socket.gaierror(
                socket.EAI_AGAIN, "not now"
            )
        return httpx.Response(200, json=PROVIDERS)

    assert await probe(http_of(answers), "media.local") == "http://media.local:8096"
