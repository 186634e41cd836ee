"""The embedded server has today's quirks: overlapping pages, counters, marks, settings, faults."""

from collections.abc import AsyncIterator

import httpx
import pytest

from revenge_companion.demo.large import large_library
from revenge_companion.demo.server import DemoServer
from tests.clock import FakeClock

LIBRARY = large_library(films=230, shows=120, episodes=12)
FILM, SHOW = LIBRARY.movies[0], LIBRARY.shows[0]
EPISODES = [one.media_id for one in SHOW.episodes]


@pytest.fixture
async def server(clock: FakeClock) -> AsyncIterator[DemoServer]:
    async with DemoServer(clock, library=LIBRARY) as running:
        yield running


@pytest.fixture
async def http(server: DemoServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1", trust_env=False) as client:
        body = {"username": server.username, "password": server.password}
        answer = await client.post("/auth/login", json=body)
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        server.faults.requests.clear()
        yield client


async def ids(http: httpx.AsyncClient, path: str, total: int, order_by: str) -> list[str]:
    found = []
    for offset in range(0, total, 100):
        params = {"limit": 100, "offset": offset, "order_by": order_by}
        answer = (await http.get(path, params=params)).json()
        assert answer["total"] == total
        found += [one["id"] for one in answer["items"]]
    return found


async def test_pages_overlap_where_rows_tie_and_do_not_where_none_does(
    http: httpx.AsyncClient,
) -> None:
    by_title = await ids(http, "/movies", 230, "title")
    assert set(by_title) == {film.media_id for film in LIBRARY.movies}
    ties = [len(set(await ids(http, "/movies", 230, "rating"))) for _ in range(3)]
    assert all(100 < seen < 230 for seen in ties)
    assert len(await ids(http, "/tvshows", 120, "title")) == 120


async def test_the_order_of_series_is_the_servers(http: httpx.AsyncClient) -> None:
    newest = LIBRARY.shows[-1].id
    for order in ("title", "added"):
        params = {"limit": 4, "order_by": order}
        page = (await http.get("/tvshows", params=params)).json()
        assert newest in [one["id"] for one in page["items"]]


async def test_marking_episodes_counts_at_each_call_and_skips_what_is_not_there(
    server: DemoServer, http: httpx.AsyncClient
) -> None:
    path = "/tvshows/episodes/bulk-watched"
    for count in (1, 2):
        answer = await http.post(path, json={"episode_ids": [*EPISODES[:3], "nobody"]})
        assert answer.json() == {"marked_count": 3}
        row = server.progress.read(EPISODES[0])
        assert row is not None
        assert (row.watch_count, row.completed) == (count, True)
    await http.post(f"/tvshows/episodes/{EPISODES[0]}/watched")
    row = server.progress.read(EPISODES[0])
    assert row is not None
    assert row.watch_count == 3
    assert "watch_count" not in (await http.get(f"/tvshows/episodes/{EPISODES[0]}/progress")).json()
    for refused in ({"episode_ids": []}, {"episode_ids": ["x"] * 501}, {"episode_ids": [1]}, {}):
        assert (await http.post(path, json=refused)).status_code == 400


async def test_a_films_counter_counts_changes_and_not_plays(http: httpx.AsyncClient) -> None:
    async def count() -> int:
        answer = await http.get(f"/movies/{FILM.media_id}/progress")
        return int(answer.json()["watch_count"])

    await http.post(f"/movies/{FILM.media_id}/watched")
    await http.post(f"/movies/{FILM.media_id}/watched")
    assert await count() == 1
    for progress_s in (600, 4400):
        body = {"progress_seconds": progress_s, "duration_seconds": 4500}
        await http.post(f"/movies/{FILM.media_id}/progress", json=body)
    assert await count() == 2
    far = {"progress_seconds": 45_000, "duration_seconds": 4500}
    assert (await http.post(f"/movies/{FILM.media_id}/progress", json=far)).status_code == 500
    stats = (await http.get("/movies/stats")).json()
    assert stats == {"watched_count": 1, "in_progress_count": 0, "total_watches": 2}
    assert (await http.delete(f"/movies/{FILM.media_id}/progress")).status_code == 204
    assert (await http.delete(f"/movies/{FILM.media_id}/progress")).status_code == 204
    assert (await http.get(f"/movies/{FILM.media_id}/progress")).status_code == 404


async def test_specials_are_season_zero(http: httpx.AsyncClient) -> None:
    seasons = (await http.get(f"/tvshows/{SHOW.id}/seasons")).json()
    assert [one["season_number"] for one in seasons] == [0, 1, 2]
    episodes = (await http.get(f"/tvshows/{SHOW.id}/episodes")).json()
    assert {one["season_id"] for one in episodes} == {one["id"] for one in seasons}


async def test_objects_in_settings_are_lost_and_lists_refused(http: httpx.AsyncClient) -> None:
    path = "/settings/user/companion.x"
    assert (await http.get(path)).status_code == 404
    assert (await http.put(path, json={"value": {"a": 1}})).json()["value"] == "map[]"
    assert (await http.put(path, json={"value": ["a"]})).status_code == 400
    assert (await http.put(path, json={"value": "{}"})).status_code == 200
    assert (await http.get(path)).json()["value"] == "{}"
    assert (await http.delete(path)).status_code == 204
    assert (await http.get(path)).status_code == 404


async def test_single_requests_fail_or_go_unanswered_on_request(
    server: DemoServer, http: httpx.AsyncClient
) -> None:
    server.faults.answer(429, to="GET /api/v1/movies", after=1)
    statuses = [(await http.get("/movies")) for _ in range(3)]
    assert [one.status_code for one in statuses] == [200, 429, 200]
    assert statuses[1].json() == {"code": 429, "message": "rate limit exceeded"}
    assert "retry-after" not in statuses[1].headers
    server.faults.lose(to="/watched")
    with pytest.raises(httpx.RemoteProtocolError):
        await http.post(f"/movies/{FILM.media_id}/watched")
    assert server.progress.read(FILM.media_id) is not None
    assert server.faults.requests[-1] == f"POST /api/v1/movies/{FILM.media_id}/watched"


async def test_what_it_has_not_learnt_is_not_there(
    server: DemoServer, http: httpx.AsyncClient
) -> None:
    paths = (f"/movies/{FILM.media_id}/rate", "/ux/watchlist", "/scrobble/connections")
    for path in paths:
        answer = await http.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (
            404,
            "text/plain; charset=utf-8",
        )
    server.learned.learn(["ratings", "watchlist", "scrobbles"])
    assert [(await http.get(path)).status_code for path in paths] == [404, 200, 200]
    assert (await http.post(paths[0], json={"rating": 4.3})).status_code == 400
    assert (await http.post(paths[0], json={"rating": 4.5})).json() == {"rating": 4.5}
    assert (await http.get(paths[0])).json() == {"rating": 4.5}
    assert (await http.delete(paths[0])).status_code == 204
