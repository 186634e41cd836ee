"""Local ListenBrainz and Trakt: they keep, refuse and lose as the real ones do."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from revenge_companion.demo.destinations import Destinations
from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.plays import Play
from revenge_companion.demo.sites.held import Tally
from tests.clock import START, FakeClock, eventually, within

FILM = LIBRARY.movies[0]
EPISODE = LIBRARY.shows[0].episodes[0]
TRACK = LIBRARY.albums[0].tracks[0]
NOW_S = int(START.timestamp())
AGENT = {"User-Agent": "RevengeCompanion/0 (test)"}


@pytest.fixture
async def sites(clock: FakeClock) -> AsyncIterator[Destinations]:
    async with Destinations(clock) as running:
        yield running


@pytest.fixture
async def brainz(sites: Destinations) -> AsyncIterator[httpx.AsyncClient]:
    headers = AGENT | {"Authorization": f"Token {sites.listenbrainz.link_secret}"}
    async with httpx.AsyncClient(
        base_url=sites.api_url("listenbrainz"), headers=headers, trust_env=False
    ) as client:
        yield client


@pytest.fixture
async def trakt(sites: Destinations) -> AsyncIterator[httpx.AsyncClient]:
    headers = AGENT | {
        "trakt-api-version": "2",
        "trakt-api-key": "demo-client",
        "Authorization": f"Bearer {sites.trakt.grants.grant().access}",
    }
    async with httpx.AsyncClient(
        base_url=sites.api_url("trakt"), headers=headers, trust_env=False
    ) as client:
        yield client


def listen(at_s: int = NOW_S, title: str = "Harbour Morning", **more: Any) -> dict[str, Any]:
    about = {"artist_name": "The Tin Cartographers", "track_name": title, **more}
    return {"listened_at": at_s, "track_metadata": about}


async def submit(
    http: httpx.AsyncClient, *listens: dict[str, Any], kind: str = "import"
) -> httpx.Response:
    body = {"listen_type": kind, "payload": listens}
    return await http.post("/1/submit-listens", json=body)


def movie(progress: float | None = None, **more: Any) -> dict[str, Any]:
    about = {"title": FILM.title, "ids": {"imdb": FILM.ids.imdb}}
    return {"movie": about, "progress": progress} if progress is not None else {**about, **more}


async def test_a_token_is_told_good_or_bad(sites: Destinations, brainz: httpx.AsyncClient) -> None:
    good = (await brainz.get("/1/validate-token")).json()
    assert (good["valid"], good["user_name"]) == (True, "demo-listener")
    bad = await brainz.get("/1/validate-token", headers={"Authorization": "Token no"})
    assert (bad.status_code, bad.json()["valid"]) == (200, False)
    sites.listenbrainz.token_works = False
    assert (await submit(brainz, listen())).status_code == 401


async def test_the_same_listen_is_kept_once(sites: Destinations, brainz: httpx.AsyncClient) -> None:
    for title in ("Harbour Morning", "Harbour Morning", "HARBOUR morning", "Folding Maps"):
        answer = await submit(brainz, listen(title=title))
        assert answer.json() == {"status": "ok"}
        assert "X-RateLimit-Reset-In" in answer.headers
    labels = [received.label for received in sites.held("listenbrainz")]
    assert labels == [
        "The Tin Cartographers \N{EN DASH} Harbour Morning",
        "The Tin Cartographers \N{EN DASH} Folding Maps",
    ]
    page = (await brainz.get("/1/user/demo-listener/listens?count=1")).json()["payload"]
    assert (page["count"], page["latest_listen_ts"]) == (1, NOW_S)


@pytest.mark.parametrize(
    "bad",
    [
        listen(NOW_S + 4000),
        listen(1_000_000_000),
        listen(title=" "),
        listen(additional_info={"duration_ms": 0}),
        listen(additional_info={"recording_mbid": "not-a-uuid"}),
        {**listen(), "extra": 1},
    ],
    ids=["future", "before-2002", "blank-title", "no-duration", "bad-mbid", "extra-key"],
)
async def test_one_bad_listen_refuses_the_batch_and_is_echoed(
    sites: Destinations, brainz: httpx.AsyncClient, bad: dict[str, Any]
) -> None:
    answer = await submit(brainz, listen(), bad)
    assert answer.status_code == 400
    assert answer.json()["track_metadata"] == bad["track_metadata"]
    assert sites.held("listenbrainz") == []


async def test_a_batch_is_a_thousand_listens_at_most(brainz: httpx.AsyncClient) -> None:
    assert (await submit(brainz, *[listen()] * 1001)).status_code == 400
    assert (await submit(brainz, *[listen()] * 1000)).status_code == 200
    assert (await submit(brainz, listen(), listen(), kind="single")).status_code == 400


async def test_playing_now_is_shown_and_not_kept(
    sites: Destinations, brainz: httpx.AsyncClient
) -> None:
    assert (await submit(brainz, listen(), kind="playing_now")).status_code == 400
    about = {"track_metadata": listen()["track_metadata"]}
    assert (await submit(brainz, about, kind="playing_now")).status_code == 200
    assert sites.listenbrainz.playing == about
    assert sites.held("listenbrainz") == []


async def test_a_lost_reply_is_kept_all_the_same(
    sites: Destinations, brainz: httpx.AsyncClient
) -> None:
    sites.lose_replies("listenbrainz", 1)
    now = {"track_metadata": listen()["track_metadata"]}
    assert (await submit(brainz, now, kind="playing_now")).status_code == 200
    with pytest.raises(httpx.RemoteProtocolError):
        await submit(brainz, listen())
    assert len(sites.held("listenbrainz")) == 1
    assert (await submit(brainz, listen())).status_code == 200
    assert len(sites.held("listenbrainz")) == 1


async def test_a_cut_refuses_one_service_until_it_is_restored(
    sites: Destinations, brainz: httpx.AsyncClient, trakt: httpx.AsyncClient
) -> None:
    assert (await submit(brainz, listen())).status_code == 200
    sites.cut("listenbrainz")
    with pytest.raises(httpx.TransportError):
        await submit(brainz, listen())
    with pytest.raises(httpx.ConnectError):
        await submit(brainz, listen())
    assert not sites.listenbrainz.reachable
    assert (await trakt.get("/users/settings")).status_code == 200
    await sites.restore()
    assert (await submit(brainz, listen(title="Lamps Out"))).status_code == 200
    assert len(sites.held("listenbrainz")) == 2


async def test_answers_can_be_scripted(sites: Destinations, brainz: httpx.AsyncClient) -> None:
    sites.answer("listenbrainz", 429, "slow down", {"X-RateLimit-Reset-In": "7"}, times=2)
    for _ in range(2):
        answer = await submit(brainz, listen())
        assert (answer.status_code, answer.headers["X-RateLimit-Reset-In"]) == (429, "7")
    assert (await submit(brainz, listen())).status_code == 200
    sites.answer("listenbrainz", 503, path="/1/submit")
    assert (await brainz.get("/1/validate-token")).status_code == 200
    assert (await submit(brainz, listen())).status_code == 503


async def test_a_device_code_approves_itself_and_tokens_rotate(
    sites: Destinations, clock: FakeClock, trakt: httpx.AsyncClient
) -> None:
    asked = {"client_id": "demo-client"}
    code = (await trakt.post("/oauth/device/code", json=asked)).json()
    poll = {**asked, "code": code["device_code"]}
    assert (await trakt.post("/oauth/device/token", json=poll)).status_code == 400
    first = (await trakt.post("/oauth/device/token", json=poll)).json()
    assert (await trakt.post("/oauth/device/token", json=poll)).status_code == 409
    refresh = {**asked, "grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = await trakt.post("/oauth/token", json=refresh)
    assert second.json()["refresh_token"] != first["refresh_token"]
    again = await trakt.post("/oauth/token", json=refresh)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    bearer = {"Authorization": f"Bearer {second.json()['access_token']}"}
    who = (await trakt.get("/users/settings", headers=bearer)).json()
    assert who["user"]["ids"]["uuid"] == "demo-trakt-user"
    clock.advance(604_801)
    assert (await trakt.get("/users/settings", headers=bearer)).status_code == 401


@pytest.mark.parametrize(("turn", "status"), [("unknown", 404), ("expired", 410), ("denied", 418)])
async def test_a_device_code_can_come_to_nothing(
    sites: Destinations, clock: FakeClock, trakt: httpx.AsyncClient, turn: str, status: int
) -> None:
    asked = {"client_id": "demo-client"}
    code = (await trakt.post("/oauth/device/code", json=asked)).json()["device_code"]
    if turn == "expired":
        clock.advance(601)
    sites.trakt.grants.denying = turn == "denied"
    poll = {**asked, "code": "no-such" if turn == "unknown" else code}
    assert (await trakt.post("/oauth/device/token", json=poll)).status_code == status


async def test_a_stop_at_the_end_is_watched_once_within_the_hour(
    sites: Destinations, clock: FakeClock, trakt: httpx.AsyncClient
) -> None:
    assert (await trakt.post("/scrobble/start", json=movie(0.0))).status_code == 201
    paused = await trakt.post("/scrobble/stop", json=movie(60.0))
    assert (paused.status_code, paused.json()["action"]) == (201, "pause")
    assert (await trakt.post("/scrobble/stop", json=movie(0.5))).status_code == 422
    done = await trakt.post("/scrobble/stop", json=movie(95.0))
    assert (done.json()["action"], done.json()["movie"]["ids"]["imdb"]) == (
        "scrobble",
        FILM.ids.imdb,
    )
    again = await trakt.post("/scrobble/stop", json=movie(95.0))
    assert (again.status_code, set(again.json())) == (409, {"watched_at", "expires_at"})
    clock.advance(3601)
    assert (await trakt.post("/scrobble/stop", json=movie(95.0))).status_code == 201
    assert len(sites.held("trakt")) == 2


async def test_history_is_kept_as_often_as_it_is_sent_and_read_back_in_pages(
    sites: Destinations, trakt: httpx.AsyncClient
) -> None:
    watched_at = "2026-03-01T19:30:42.000Z"
    series = {"tvdb": 990117}
    episodes = [{"number": 1, "watched_at": watched_at}]
    body = {
        "movies": [movie(watched_at=watched_at)],
        "shows": [{"ids": series, "seasons": [{"number": 1, "episodes": episodes}]}],
    }
    for _ in range(2):
        answer = (await trakt.post("/sync/history", json=body)).json()
        assert answer["added"] == {"movies": 1, "episodes": 1}
    assert len(sites.held("trakt")) == 4
    page = await trakt.get("/sync/history?limit=3")
    assert [page.headers[f"X-Pagination-{name}"] for name in ("Page-Count", "Item-Count")] == [
        "2",
        "4",
    ]
    assert {row["watched_at"] for row in page.json()} == {"2026-03-01T19:30:00.000Z"}
    films = (await trakt.get("/search/imdb/tt0008133?type=movie")).json()
    trakt_id = films[0]["movie"]["ids"]["trakt"]
    window = "start_at=2026-03-01T19:29:00Z&end_at=2026-03-01T19:31:00Z"
    rows = (await trakt.get(f"/sync/history/movies/{trakt_id}?{window}")).json()
    assert [row["type"] for row in rows] == ["movie", "movie"]
    later = "start_at=2026-03-01T19:31:00Z"
    assert (await trakt.get(f"/sync/history/movies/{trakt_id}?{later}")).json() == []
    gone = (await trakt.post("/sync/history/remove", json={"ids": [rows[0]["id"], 5]})).json()
    assert (gone["deleted"]["movies"], gone["not_found"]["ids"]) == (1, [5])
    assert len(sites.held("trakt")) == 3


async def test_what_trakt_does_not_know_is_not_found(
    sites: Destinations, trakt: httpx.AsyncClient
) -> None:
    sites.trakt.titles.unknown.add(f"movie/imdb/{FILM.ids.imdb}")
    assert (await trakt.post("/scrobble/stop", json=movie(95.0))).status_code == 404
    answer = (await trakt.post("/sync/history", json={"movies": [movie()]})).json()
    assert answer["not_found"]["movies"] == [movie()]
    assert sites.held("trakt") == []


async def test_trakt_wants_its_headers(sites: Destinations, trakt: httpx.AsyncClient) -> None:
    bare = {"User-Agent": "python-httpx/0.28"}
    answer = await trakt.get("/users/settings", headers=bare)
    assert (answer.status_code, answer.text) == (403, "error code: 1010")
    no_key = {"trakt-api-key": ""}
    assert (await trakt.get("/users/settings", headers=no_key)).status_code == 403
    sites.trakt.grants.end()
    assert (await trakt.get("/users/settings")).status_code == 401


def a_play(item: Any, *, after_s: float = 0, must_count: bool | None = True) -> Play:
    started_at = START + timedelta(seconds=after_s)
    ended_at = started_at + timedelta(seconds=item.duration_s)
    return Play(item.label, item.kind.value, item, "s", started_at, ended_at, must_count)


async def test_the_tally_tells_delivered_lost_and_doubled_apart(
    sites: Destinations, clock: FakeClock, brainz: httpx.AsyncClient, trakt: httpx.AsyncClient
) -> None:
    other = LIBRARY.albums[0].tracks[1]
    plays = [
        a_play(TRACK),
        a_play(TRACK, after_s=600),
        a_play(other, after_s=1200, must_count=False),
        a_play(FILM),
        a_play(EPISODE),
    ]
    assert sites.tally(plays, "listenbrainz", "trakt") == Tally(0, 4, 0)
    await submit(brainz, listen(NOW_S))
    await submit(brainz, listen(NOW_S + 600))
    assert sites.tally(plays, "listenbrainz") == Tally(2, 0, 0)
    await submit(brainz, listen(NOW_S + 1200, other.title))
    assert sites.tally(plays, "listenbrainz") == Tally(2, 0, 1)
    clock.advance(1440)
    await trakt.post("/scrobble/stop", json=movie(95.0))
    assert sites.tally(plays, "trakt") == Tally(1, 1, 0)
    await trakt.post("/sync/history", json={"movies": [movie()]})
    assert sites.tally(plays, "trakt") == Tally(1, 1, 1)


async def test_a_slow_service_answers_when_the_clock_says_so(
    sites: Destinations, clock: FakeClock, brainz: httpx.AsyncClient
) -> None:
    sites.slow("listenbrainz", 30)
    asking = asyncio.create_task(submit(brainz, listen()))
    await eventually(lambda: clock.sleeping == 1)
    clock.advance(30)
    assert (await within(asking)).status_code == 200


async def test_the_environment_names_every_address(sites: Destinations) -> None:
    named = sites.environment()
    assert named["REVENGE_COMPANION_TRAKT_API_URL"] == sites.api_url("trakt")
    assert named["TRAKT_CLIENT_ID"]
    assert json.dumps(named)


def signed(sites: Destinations, **sent: str) -> dict[str, str]:
    call = {"api_key": sites.lastfm.api_key, **sent}
    text = "".join(f"{name}{call[name]}" for name in sorted(call)) + sites.lastfm.api_secret
    signature = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return {**call, "api_sig": signature, "format": "json"}


async def ask_lastfm(sites: Destinations, sent: dict[str, str]) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer: dict[str, Any] = (await http.post(sites.api_url("lastfm"), data=sent)).json()
        return answer


async def test_lastfm_links_by_token_or_password_and_checks_signatures(
    sites: Destinations,
) -> None:
    token = (await ask_lastfm(sites, signed(sites, method="auth.getToken")))["token"]
    asked = signed(sites, method="auth.getSession", token=token)
    assert (await ask_lastfm(sites, asked))["error"] == 14
    assert (await ask_lastfm(sites, asked))["session"]["name"] == "demo-listener"
    assert (await ask_lastfm(sites, asked))["error"] == 4
    login = {"username": "demo-listener", "password": sites.lastfm.link_secret}
    session = await ask_lastfm(sites, signed(sites, method="auth.getMobileSession", **login))
    key = session["session"]["key"]
    who = signed(sites, method="user.getInfo", sk=key)
    assert (await ask_lastfm(sites, who))["user"]["name"] == "demo-listener"
    assert (await ask_lastfm(sites, {**who, "api_sig": "0" * 32}))["error"] == 13
    sites.lastfm.end_sessions()
    assert (await ask_lastfm(sites, who))["error"] == 9


async def test_lastfm_keeps_a_scrobble_once_and_ignores_what_is_too_old(
    sites: Destinations,
) -> None:
    login = {"username": "demo-listener", "password": sites.lastfm.link_secret}
    session = await ask_lastfm(sites, signed(sites, method="auth.getMobileSession", **login))
    rows = {
        "artist[0]": "A",
        "track[0]": "One",
        "timestamp[0]": str(NOW_S),
        "artist[1]": "A",
        "track[1]": "Two",
        "timestamp[1]": str(NOW_S - 15 * 86_400),
    }
    call = signed(sites, method="track.scrobble", sk=session["session"]["key"], **rows)
    for _ in range(2):
        answer = (await ask_lastfm(sites, call))["scrobbles"]
        assert answer["@attr"] == {"accepted": 1, "ignored": 1}
        assert [row["ignoredMessage"]["code"] for row in answer["scrobble"]] == ["0", "3"]
    assert [received.label for received in sites.held("lastfm")] == ["A \N{EN DASH} One"]
    one = {"artist": "A", "track": "Three", "timestamp": str(NOW_S)}
    call = signed(sites, method="track.scrobble", sk=session["session"]["key"], **one)
    assert isinstance((await ask_lastfm(sites, call))["scrobbles"]["scrobble"], dict)
    many = {f"{name}[{i}]": "1" for i in range(51) for name in ("artist", "track", "timestamp")}
    call = signed(sites, method="track.scrobble", sk=session["session"]["key"], **many)
    assert (await ask_lastfm(sites, call))["error"] == 6


async def test_simkl_links_locks_and_keeps_one_watch(sites: Destinations, clock: FakeClock) -> None:
    params = {"client_id": "demo-client", "app-name": "demo", "app-version": "1"}
    async with httpx.AsyncClient(base_url=sites.api_url("simkl"), trust_env=False) as http:
        code = (await http.post("/oauth2/device", data=params)).json()["device_code"]
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        poll = {"client_id": "demo-client", "grant_type": grant, "device_code": code}
        pending = await http.post("/oauth2/token", data=poll)
        assert (pending.status_code, pending.json()["error"]) == (400, "authorization_pending")
        tokens = (await http.post("/oauth2/token", data=poll)).json()
        assert tokens["scope"] == "media:read media:write"
        assert (await http.get("/users/settings")).status_code == 412
        assert (await http.get("/users/settings", params=params)).status_code == 401
        http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        http.params = http.params.merge(params)
        assert (await http.get("/users/settings")).json()["account"]["id"] == 1717
        assert (await http.post("/scrobble/start", json=movie(1.0))).status_code == 201
        locked = await http.post("/scrobble/stop", json=movie(95.0))
        assert (locked.status_code, locked.json()["error"]) == (400, "RATE_LIMIT")
        clock.advance(21)
        assert (await http.post("/scrobble/stop", json=movie(95.0))).json()["action"] == "scrobble"
        clock.advance(21)
        assert (await http.post("/scrobble/stop", json=movie(95.0))).status_code == 409
        answer = (await http.post("/sync/history", json={"movies": [movie()]})).json()
        assert answer["added"]["movies"] == 0
        watched = (await http.post("/sync/watched", json=[{"imdb": FILM.ids.imdb}])).json()
        assert watched[0]["result"] is True
        refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        renewed = (await http.post("/oauth2/token", data={**params, **refresh})).json()
        assert renewed["refresh_token"] == tokens["refresh_token"]
        assert (await http.get("/users/settings")).status_code == 401
    assert len(sites.held("simkl")) == 1
    plays = [a_play(FILM), a_play(FILM, after_s=5000)]
    assert sites.tally(plays, "simkl") == Tally(2, 0, 0)
