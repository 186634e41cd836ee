"""The embedded Revenge server, asked the way a stranger's client asks."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from revenge_companion.core.playback import Device, EventType
from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.server import DemoServer
from tests.clock import FakeClock, eventually, within

FILM = LIBRARY.movies[0]
EPISODE = LIBRARY.shows[0].episodes[0]
TV = Device("tv", "Living room TV", "Revenge Android TV")


@pytest.fixture
async def server(clock: FakeClock) -> AsyncIterator[DemoServer]:
    async with DemoServer(clock) as running:
        yield running


@pytest.fixture
async def http(server: DemoServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        yield client


async def sign_in(server: DemoServer, http: httpx.AsyncClient) -> dict[str, Any]:
    body = {"username": server.username, "password": server.password}
    answer = await http.post("/api/v1/auth/login", json=body)
    assert answer.status_code == 200
    http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    tokens: dict[str, Any] = answer.json()
    return tokens


def socket_of(server: DemoServer, token: str) -> connect:
    return connect(
        server.url.replace("http", "ws", 1) + "/api/v1/ws",
        additional_headers={"Authorization": f"Bearer {token}"},
        proxy=None,
    )


async def say(socket: ClientConnection, message_type: str, **data: object) -> dict[str, Any]:
    await socket.send(json.dumps({"type": message_type, "data": data}))
    return await heard(socket)


async def heard(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await within(socket.recv()))
    return message


def play(server: DemoServer, event: EventType, position_s: float = 0.0, **more: Any) -> str:
    envelope = server.play_event(
        event, more.pop("item", FILM), session_id="s1", device=TV, position_s=position_s, **more
    )
    return str(envelope["id"])


async def test_login_gives_tokens_that_open_the_account(
    server: DemoServer, http: httpx.AsyncClient
) -> None:
    tokens = await sign_in(server, http)
    assert set(tokens) == {"user", "access_token", "refresh_token", "expires_in"}
    me = (await http.get("/api/v1/users/me")).json()
    assert me["id"] == tokens["user"]["id"] == server.user_id
    assert (await http.get("/api/v1/oidc/providers")).json() == {"providers": [], "total": 0}


async def test_a_wrong_password_is_refused_in_the_servers_words(
    server: DemoServer, http: httpx.AsyncClient
) -> None:
    answer = await http.post("/api/v1/auth/login", json={"username": "demo", "password": "no"})
    assert answer.status_code == 401
    assert answer.json() == {"code": 401, "message": "Invalid username or password"}
    assert (await http.get("/api/v1/users/me")).json()["code"] == 401


async def test_five_wrong_passwords_lock_the_account_for_a_quarter_of_an_hour(
    server: DemoServer, http: httpx.AsyncClient, clock: FakeClock
) -> None:
    wrong = {"username": server.username, "password": "no"}
    right = {"username": server.username, "password": server.password}
    for _ in range(5):
        await http.post("/api/v1/auth/login", json=wrong)
    assert (await http.post("/api/v1/auth/login", json=right)).status_code == 401
    clock.advance(16 * 60)
    assert (await http.post("/api/v1/auth/login", json=right)).status_code == 200


async def test_refresh_keeps_the_refresh_token_and_ends_after_a_week(
    server: DemoServer, http: httpx.AsyncClient, clock: FakeClock
) -> None:
    refresh = {"refresh_token": (await sign_in(server, http))["refresh_token"]}
    clock.advance(86_401)
    assert (await http.get("/api/v1/users/me")).status_code == 401
    answer = await http.post("/api/v1/auth/refresh", json=refresh)
    assert set(answer.json()) == {"access_token", "expires_in"}
    http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    assert (await http.get("/api/v1/users/me")).status_code == 200
    clock.advance(7 * 86_400)
    assert (await http.post("/api/v1/auth/refresh", json=refresh)).status_code == 401


async def test_logout_ends_the_refresh_token(server: DemoServer, http: httpx.AsyncClient) -> None:
    refresh = {"refresh_token": (await sign_in(server, http))["refresh_token"]}
    assert (await http.post("/api/v1/auth/logout", json=refresh)).status_code == 204
    assert (await http.post("/api/v1/auth/refresh", json=refresh)).status_code == 401


async def test_an_api_key_opens_the_rest_and_no_stream(
    server: DemoServer, http: httpx.AsyncClient
) -> None:
    key = {"X-API-Key": server.accounts.api_key}
    assert (await http.get("/api/v1/users/me", headers=key)).status_code == 200
    answer = await http.get("/api/v1/events", headers=key)
    assert (answer.status_code, answer.text) == (401, "Unauthorized\n")


async def test_an_unknown_path_is_plain_text(server: DemoServer, http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/v1/scrobble/connections")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")


async def test_a_film_goes_from_continue_watching_to_history(
    server: DemoServer, http: httpx.AsyncClient
) -> None:
    await sign_in(server, http)
    play(server, EventType.PROGRESS, 600.5)
    (row,) = (await http.get("/api/v1/movies/continue-watching")).json()
    assert (row["id"], row["progress_seconds"], row["imdb_id"]) == (
        FILM.media_id,
        600,
        FILM.ids.imdb,
    )
    assert "progress_percent" not in row
    play(server, EventType.COMPLETED, FILM.duration_s or 0)
    assert (await http.get("/api/v1/movies/continue-watching")).json() == []
    (row,) = (await http.get("/api/v1/movies/watch-history")).json()
    assert (row["id"], row["watch_count"]) == (FILM.media_id, 2)
    assert (await http.get("/api/v1/movies/stats")).json() == {
        "watched_count": 1,
        "in_progress_count": 0,
        "total_watches": 2,
    }


async def test_a_later_write_takes_a_film_out_of_the_history(
    server: DemoServer, http: httpx.AsyncClient
) -> None:
    await sign_in(server, http)
    url = f"/api/v1/movies/{FILM.media_id}/progress"
    body = {"progress_seconds": 1440, "duration_seconds": 1440}
    assert (await http.post(url, json=body)).json()["is_completed"] is True
    body["progress_seconds"] = 100
    assert (await http.post(url, json=body)).json()["is_completed"] is False
    assert (await http.get("/api/v1/movies/watch-history")).json() == []
    assert (await http.post(url, json={**body, "progress_seconds": 1.5})).status_code == 400
    assert (await http.get("/api/v1/movies/nothing/progress")).status_code == 404


async def test_an_episode_shows_in_continue_watching_with_revenge_ids_only(
    server: DemoServer, http: httpx.AsyncClient
) -> None:
    await sign_in(server, http)
    play(server, EventType.PROGRESS, 660, item=EPISODE)
    (row,) = (await http.get("/api/v1/tvshows/continue-watching")).json()
    assert row["episode_id"] == EPISODE.media_id
    assert row["progress_percent"] == 50.0
    assert "tvdb_id" not in row
    episode = (await http.get(f"/api/v1/tvshows/episodes/{row['episode_id']}")).json()
    series = (await http.get(f"/api/v1/tvshows/{row['series_id']}")).json()
    assert episode["series_id"] == series["id"]
    assert series["tvdb_id"] == 990117
    put = {"progress_seconds": 1320, "duration_seconds": 1320}
    url = f"/api/v1/tvshows/episodes/{EPISODE.media_id}/progress"
    assert (await http.put(url, json=put)).json()["is_completed"] is True
    stats = (await http.get("/api/v1/tvshows/stats")).json()
    assert stats == {"total_series": 1, "total_episodes_watched": 1, "current_series": 0}
    watched = (await http.get(f"/api/v1/tvshows/{series['id']}/watch-stats")).json()
    assert watched["watched_episodes"] == 1


async def test_the_catalogue_is_paged(server: DemoServer, http: httpx.AsyncClient) -> None:
    await sign_in(server, http)
    first = (await http.get("/api/v1/movies?limit=4")).json()
    rest = (await http.get("/api/v1/movies?limit=4&offset=4")).json()
    assert first["total"] == len(LIBRARY.movies)
    assert {row["id"] for row in first["items"] + rest["items"]} == {
        movie.media_id for movie in LIBRARY.movies
    }
    assert (await http.get("/api/v1/movies?limit=101")).status_code == 400


async def test_the_socket_tells_a_play_from_start_to_end(
    server: DemoServer, http: httpx.AsyncClient
) -> None:
    token = (await sign_in(server, http))["access_token"]
    async with socket_of(server, token) as socket:
        told = await say(socket, "subscribe", channels=["playback"])
        assert told == {"type": "subscribed", "data": {"channels": ["playback"], "replay": False}}
        play(server, EventType.STARTED)
        play(server, EventType.PROGRESS, 10)
        play(server, EventType.STOPPED, 12)
        messages = [await heard(socket) for _ in range(3)]
    assert [message["type"] for message in messages] == [
        "playback.started",
        "playback.progress",
        "playback.stopped",
    ]
    ids = [message["id"] for message in messages]
    assert ids == sorted(set(ids))
    data = messages[1]["data"]
    assert data["user_id"] == server.user_id
    assert data["media"]["ids"] == {"tmdb": FILM.ids.tmdb, "imdb": FILM.ids.imdb, "tvdb": None}
    assert (data["position_seconds"], data["state"]) == (10, "playing")


async def test_what_was_missed_is_replayed_after_since(
    server: DemoServer, http: httpx.AsyncClient
) -> None:
    token = (await sign_in(server, http))["access_token"]
    last = play(server, EventType.STARTED)
    missed = [play(server, EventType.PROGRESS, at) for at in (10, 20)]
    async with socket_of(server, token) as socket:
        told = await say(socket, "subscribe", channels=["playback"], since=last)
        assert told["data"]["replay"] is True
        assert [(await heard(socket))["id"] for _ in missed] == missed
        unknown = await say(socket, "subscribe", channels=["playback"], since="never-seen")
        assert unknown["data"]["replay"] is False


async def test_the_socket_answers_ping_takes_ack_and_names_what_is_wrong(
    server: DemoServer, http: httpx.AsyncClient
) -> None:
    token = (await sign_in(server, http))["access_token"]
    async with socket_of(server, token) as socket:
        assert (await say(socket, "ping"))["type"] == "pong"
        await socket.send("{")
        assert (await heard(socket))["data"]["code"] == "INVALID_JSON"
        await socket.send("[]")
        assert (await heard(socket))["data"]["code"] == "INVALID_MESSAGE"
        assert (await say(socket, "dance"))["data"]["code"] == "UNKNOWN_TYPE"
        assert (await say(socket, "subscribe", channels=["server"]))["data"]["code"] == (
            "UNAUTHORIZED"
        )
        await heard(socket)
        await socket.send(json.dumps({"type": "ack", "data": {"ids": ["a", "b"]}}))
        await say(socket, "ping")
        assert server.hub.acknowledged == ["a", "b"]
        server.send_raw("junk")
        assert await within(socket.recv()) == "junk"


@pytest.mark.parametrize(
    ("options", "status"),
    [({"websocket": False}, 404), ({"require_query_token": True}, 401)],
    ids=["no-websocket", "query-token-only"],
)
async def test_an_upgrade_is_refused_with_a_status(
    clock: FakeClock, options: dict[str, Any], status: int
) -> None:
    async with (
        DemoServer(clock, **options) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False) as http,
    ):
        token = (await sign_in(server, http))["access_token"]
        with pytest.raises(InvalidStatus) as refused:
            async with socket_of(server, token):
                pass
        assert refused.value.response.status_code == status


async def test_the_token_may_come_in_the_address(clock: FakeClock) -> None:
    async with (
        DemoServer(clock, require_query_token=True) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False) as http,
    ):
        token = (await sign_in(server, http))["access_token"]
        url = server.url.replace("http", "ws", 1) + f"/api/v1/ws?token={token}"
        async with connect(url, proxy=None) as socket:
            assert (await say(socket, "ping"))["type"] == "pong"


async def test_the_server_fails_on_request(server: DemoServer, http: httpx.AsyncClient) -> None:
    token = (await sign_in(server, http))["access_token"]
    server.fail(503)
    assert (await http.get("/api/v1/users/me")).status_code == 503
    with pytest.raises(InvalidStatus, match="503"):
        async with socket_of(server, token):
            pass
    server.fail(None)
    assert (await http.get("/api/v1/users/me")).status_code == 200


async def test_a_cut_breaks_the_socket_and_refuses_until_restored(
    server: DemoServer, http: httpx.AsyncClient
) -> None:
    token = (await sign_in(server, http))["access_token"]
    async with socket_of(server, token) as socket:
        await say(socket, "ping")
        server.cut()
        with pytest.raises(ConnectionClosed):
            await within(socket.recv())
    with pytest.raises(ConnectionRefusedError):
        async with socket_of(server, token):
            pass
    await server.restore()
    async with socket_of(server, token) as socket:
        assert (await say(socket, "ping"))["type"] == "pong"


async def test_dropped_connections_may_come_back_at_once(
    server: DemoServer, http: httpx.AsyncClient
) -> None:
    token = (await sign_in(server, http))["access_token"]
    async with socket_of(server, token) as socket:
        await say(socket, "ping")
        server.drop_connections()
        with pytest.raises(ConnectionClosed):
            await within(socket.recv())
    async with socket_of(server, token) as socket:
        assert (await say(socket, "ping"))["type"] == "pong"


@pytest.mark.parametrize("carries", [True, False], ids=["a-later-server", "todays-server"])
async def test_server_sent_events_carry_playback_where_the_server_does(
    clock: FakeClock, carries: bool
) -> None:
    async with (
        DemoServer(clock, sse_playback=carries) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False) as http,
    ):
        await sign_in(server, http)
        url = "/api/v1/events?categories=playback,library"
        async with http.stream("GET", url) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.aiter_lines()
            play(server, EventType.STARTED)
            server.publish("library.scan_done", {"media_type": "movie"})
            first = await within(anext(lines))
            event = await within(anext(lines))
            data = json.loads((await within(anext(lines))).removeprefix("data: "))
            assert first == f"id: {data['id']}"
            assert event == ("event: playback.started" if carries else "event: library.scan_done")
            assert data.get("user_id") == (server.user_id if carries else None)


async def test_the_event_stream_is_kept_alive(
    server: DemoServer, http: httpx.AsyncClient, clock: FakeClock
) -> None:
    await sign_in(server, http)
    async with http.stream("GET", "/api/v1/events") as stream:
        await eventually(lambda: clock.sleeping == 1)
        clock.advance(30)
        assert await within(anext(stream.aiter_lines())) == ": keepalive"
    await eventually(lambda: not server.hub.subscribers)


async def test_stopping_with_open_streams_is_quick(clock: FakeClock) -> None:
    before = asyncio.all_tasks()
    async with (
        DemoServer(clock) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False) as http,
    ):
        token = (await sign_in(server, http))["access_token"]
        socket = await socket_of(server, token)
        await say(socket, "ping")
    with pytest.raises(ConnectionClosed):
        await within(socket.recv(), 1)
    await socket.close()
    assert asyncio.all_tasks() == before


async def test_tokens_can_be_taken_back(server: DemoServer, http: httpx.AsyncClient) -> None:
    refresh = {"refresh_token": (await sign_in(server, http))["refresh_token"]}
    server.accounts.forget_access_tokens()
    assert (await http.get("/api/v1/users/me")).status_code == 401
    assert (await http.post("/api/v1/auth/refresh", json=refresh)).status_code == 200
    server.accounts.forget_everything()
    assert (await http.post("/api/v1/auth/refresh", json=refresh)).status_code == 401


async def test_what_somebody_else_plays_is_told_and_not_written_down(
    server: DemoServer, http: httpx.AsyncClient
) -> None:
    await sign_in(server, http)
    play(server, EventType.PROGRESS, 600, user_id="somebody-else")
    assert server.hub.kept[0]["data"]["user_id"] == "somebody-else"
    assert (await http.get("/api/v1/movies/continue-watching")).json() == []
