"""Signing in, staying signed in, and what is not the end of a sign-in."""

import asyncio
import json

import httpx
import pytest

from revenge_companion.core.errors import (
    CompanionError,
    NotRevenge,
    RateLimited,
    ServiceTrouble,
    SessionExpired,
    SignInRefused,
    Unreachable,
)
from revenge_companion.revenge.client import RevengeClient
from revenge_companion.revenge.rows import Me
from tests.clock import FakeClock
from tests.integration.revenge.home import Home
from tests.integration.revenge.server import USER


@pytest.fixture
def server(clock: FakeClock) -> Home:
    return Home(clock)


def answer(status: int, body: object) -> httpx.Response:
    return httpx.Response(status, json=body)


SIGNED_IN = {
    "user": {"id": USER},
    "access_token": "token-0",
    "refresh_token": "refresh-0",
    "expires_in": 1000,
}


async def test_a_sign_in_stores_the_refresh_token_and_is_used(server: Home) -> None:
    stored: list[str] = []

    async def store(token: str) -> None:
        stored.append(token)

    server.answers["/auth/login"] = answer(200, SIGNED_IN)
    session = server.session(store=store)
    await session.login("ann", "secret", "n" * 500)
    assert stored == ["refresh-0"]
    assert await session.headers() == {"Authorization": "Bearer token-0"}
    sent = json.loads(server.requests[0].content)
    assert sent == {"username": "ann", "password": "secret", "device_name": "n" * 100}
    assert server.refreshes == 0
    assert "token-0" not in repr(session)
    assert "refresh-0" not in repr(session)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(401, {"code": 401, "message": "Invalid username or password"}), SignInRefused),
        (answer(400, {"code": 400, "message": "Invalid request"}), SignInRefused),
        (answer(403, {"code": 403, "message": "MFA required"}), SignInRefused),
        (answer(200, {"requires_mfa": True, "user_id": USER}), SignInRefused),
        (answer(200, {"user": {"id": USER}}), SignInRefused),
        (answer(401, {"code": 500, "message": "boom"}), ServiceTrouble),
        (answer(500, {"code": 500, "message": "boom"}), ServiceTrouble),
        (answer(429, {"code": 429, "message": "rate limit exceeded"}), RateLimited),
        (httpx.Response(200, text="<html>"), NotRevenge),
        (httpx.Response(404, text="404 page not found"), NotRevenge),
        (answer(200, {"hello": 1}), NotRevenge),
        (answer(200, [1]), NotRevenge),
        (answer(200, SIGNED_IN | {"access_token": "two\r\nlines"}), SignInRefused),
    ],
)
async def test_a_refused_sign_in_says_why(
    server: Home, reply: httpx.Response, error: type[CompanionError]
) -> None:
    server.answers["/auth/login"] = reply
    with pytest.raises(error):
        await server.session().login("ann", "secret")


async def test_the_access_token_is_renewed_before_it_ends(server: Home, clock: FakeClock) -> None:
    server.answers["/auth/login"] = answer(200, SIGNED_IN)
    session = server.session()
    await session.login("ann", "secret")
    clock.advance(890)
    assert await session.bearer() == "token-0"
    clock.advance(20)
    assert await session.bearer() == "token-1"


async def test_a_suspended_computer_notices_by_the_wall_clock(
    server: Home, clock: FakeClock
) -> None:
    session = server.session(refresh_token="r")
    assert await session.bearer() == "token-1"
    clock.jump(86_400)
    assert await session.bearer() == "token-2"


async def test_those_who_need_a_token_together_ask_once(server: Home) -> None:
    session = server.session(refresh_token="r")
    tokens = await asyncio.gather(*(session.bearer() for _ in range(5)))
    assert set(tokens) == {"token-1"}
    assert server.refreshes == 1


async def test_a_rotated_refresh_token_is_stored_before_it_is_used(server: Home) -> None:
    stored: list[str] = []

    async def store(token: str) -> None:
        stored.append(token)

    server.answers["/auth/refresh"] = answer(
        200, {"access_token": "a", "expires_in": 60, "refresh_token": "r2"}
    )
    session = server.session(refresh_token="r1", store=store)
    await session.renewed("")
    await session.renewed("a")
    assert stored == ["r2"]
    sent = [json.loads(request.content)["refresh_token"] for request in server.requests]
    assert sent == ["r1", "r2"]


async def test_only_the_servers_own_refusal_is_the_end(server: Home) -> None:
    session = server.session(refresh_token="r")
    for reply in (
        answer(401, {"code": 500, "message": "database"}),
        httpx.Response(401, text="Unauthorized"),
        answer(503, {}),
        httpx.Response(200, text="<html>portal</html>"),
    ):
        server.answers["/auth/refresh"] = reply
        with pytest.raises(CompanionError) as caught:
            await session.bearer()
        assert not isinstance(caught.value, SessionExpired)
    server.down = True
    with pytest.raises(Unreachable):
        await session.bearer()
    server.down = False
    server.answers["/auth/refresh"] = answer(401, {"code": 401, "message": "Invalid or expired"})
    with pytest.raises(SessionExpired):
        await session.bearer()
    asked = len(server.requests)
    with pytest.raises(SessionExpired):
        await session.bearer()
    assert len(server.requests) == asked


async def test_a_token_that_lives_is_used_through_trouble(server: Home, clock: FakeClock) -> None:
    session = server.session(refresh_token="r")
    await session.bearer()
    server.down = True
    clock.advance(86_200)
    assert await session.bearer() == "token-1"
    clock.advance(300)
    with pytest.raises(Unreachable):
        await session.bearer()


async def test_signing_out_gives_the_refresh_token_back(server: Home) -> None:
    server.answers["/auth/logout"] = httpx.Response(204)
    session = server.session(refresh_token="r")
    await session.logout()
    assert json.loads(server.requests[-1].content) == {"refresh_token": "r"}
    assert server.requests[-1].headers["authorization"] == "Bearer token-1"
    with pytest.raises(SessionExpired):
        await session.bearer()


def a_client(server: Home, **more: str) -> RevengeClient:
    session = server.session(**(more or {"refresh_token": "r"}))
    return RevengeClient(server.http, session.base_url, session)


async def test_the_signed_in_user_is_known_by_token_and_by_key(server: Home) -> None:
    assert await a_client(server).me() == Me(USER, "ann")
    assert await a_client(server, api_key=" rv_key\n").me() == Me(USER, "ann")
    assert server.requests[-1].headers["x-api-key"] == "rv_key"
    assert "authorization" not in server.requests[-1].headers


@pytest.mark.parametrize("key", ["rv_wrong", "two words", "schlüssel"])
async def test_a_wrong_key_is_the_end_of_its_sign_in(server: Home, key: str) -> None:
    with pytest.raises(SessionExpired):
        await a_client(server, api_key=key).me()


async def test_a_token_that_is_refused_is_renewed_once(server: Home) -> None:
    client = a_client(server)
    await client.me()
    server.access = "another"
    assert await client.me() == Me(USER, "ann")
    assert server.refreshes == 2


async def test_a_fresh_token_that_is_refused_ends_the_sign_in(server: Home) -> None:
    server.answers["/users/me"] = answer(401, {"code": 401, "message": "no"})
    with pytest.raises(SessionExpired):
        await a_client(server).me()
    assert server.refreshes == 2


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(401, {"code": 500, "message": "database"}), ServiceTrouble),
        (httpx.Response(401, text="proxy"), ServiceTrouble),
        (answer(429, {"code": 429, "message": "rate limit exceeded"}), RateLimited),
        (answer(500, {"code": 500}), ServiceTrouble),
        (httpx.Response(200, text="<html>"), ServiceTrouble),
        (answer(200, {}), ServiceTrouble),
        (httpx.Response(404, text="404 page not found"), NotRevenge),
    ],
)
async def test_trouble_is_not_the_end_of_a_sign_in(
    server: Home, reply: httpx.Response, error: type[CompanionError]
) -> None:
    server.answers["/users/me"] = reply
    with pytest.raises(error):
        await a_client(server).me()
    assert server.refreshes == 1


async def test_an_id_cannot_reach_another_call(server: Home) -> None:
    assert await a_client(server).movie_progress("../../users/me?x=#") is None
    assert server.asked[-1] == "/movies/usersmex/progress"
