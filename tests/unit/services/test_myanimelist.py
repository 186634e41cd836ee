"""MyAnimeList: read, then set where behind; rewatches; renewed tokens; linking with PKCE."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from revenge_companion.core.animemap import Candidate
from revenge_companion.core.delivery import Delivered, Outcome, Refused, Skipped, TryLater
from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    LaneBlocked,
    LinkExpired,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.live import LiveAction
from revenge_companion.core.media import Item
from revenge_companion.core.watching import ListPolicy
from revenge_companion.services.animemap.map import SearchesAnime
from revenge_companion.services.base import Secret
from revenge_companion.services.myanimelist.client import AHEAD_S, MyAnimeListClient
from revenge_companion.services.myanimelist.payload import FIELDS
from revenge_companion.services.myanimelist.service import MyAnimeList
from tests.clock import START
from tests.unit.services.anime import a_mal, a_map, anime, anime_film, no_anime_film
from tests.unit.services.kit import (
    CUT,
    PORTAL,
    TOKEN,
    Answers,
    MemorySlot,
    QuickClock,
    a_delivery,
    a_notice,
    a_track,
    an_account,
    answer,
    cassette,
    played,
)

REWATCHES = ListPolicy(rewatches=True)
LONG_AGO = "2026-01-01T00:00:00+00:00"
SECRET = Secret(TOKEN, "a-refresh", START + timedelta(days=30), "an-app")


def entry(status: str, progress: int, **values: Any) -> dict[str, Any]:
    known = {
        "status": status,
        "score": 0,
        "num_episodes_watched": progress,
        "is_rewatching": False,
        "updated_at": LONG_AGO,
    }
    return known | values


def about(status: str | None, progress: int = 0, **values: Any) -> httpx.Response:
    """An answer about MyAnimeList 31240; without a status it is not on the list."""
    known: dict[str, Any] = {"id": 31240, "title": "x", "num_episodes": 25}
    for key in ("id", "num_episodes"):
        if key in values:
            known[key] = values.pop(key)
    if status is not None:
        known["my_list_status"] = entry(status, progress, **values)
    return answer(200, known)


def kept(progress: int, **values: Any) -> httpx.Response:
    return answer(200, entry("watching", progress, num_times_rewatched=0) | values)


def a_client(
    answers: Answers, folder: Path, slot: MemorySlot | None = None, **values: Any
) -> MyAnimeListClient:
    service = a_mal(answers, folder, **values)
    return service.client(an_account("myanimelist"), slot or MemorySlot(SECRET))


async def outcome_of(client: MyAnimeListClient, item: Item, **values: Any) -> Outcome:
    return (await client.submit([a_delivery(item, **values)]))[1]


async def test_an_episode_is_read_and_set_as_documented(tmp_path: Path) -> None:
    read, update = cassette("myanimelist", "anime"), cassette("myanimelist", "update")
    answers = Answers(played(read), played(update))
    assert await outcome_of(a_client(answers, tmp_path), anime(3)) == Delivered("31240")
    for request, tape in zip(answers.requests, (read, update), strict=True):
        assert request.method == tape["request"]["method"]
        assert str(request.url) == tape["request"]["url"]
        for key, value in tape["request"]["headers"].items():
            assert request.headers[key] == value
    assert dict(answers.requests[0].url.params) == {"fields": FIELDS}
    assert answers.form() == update["request"]["form"]


@pytest.mark.parametrize(
    ("item", "read", "sent"),
    [
        pytest.param(
            anime(1),
            about(None),
            {"status": "watching", "num_watched_episodes": "1", "start_date": "2026-03-01"},
            id="not on the list",
        ),
        pytest.param(
            anime(25),
            about("watching", 24),
            {"status": "completed", "num_watched_episodes": "25", "finish_date": "2026-03-01"},
            id="the last",
        ),
        pytest.param(
            anime(25),
            about("watching", 24, finish_date="2020"),
            {"status": "completed", "num_watched_episodes": "25"},
            id="the last, with a date",
        ),
        pytest.param(
            anime(25),
            about("watching", 24, num_episodes=0),
            {"status": "watching", "num_watched_episodes": "25"},
            id="total unknown",
        ),
        pytest.param(
            anime(2),
            about("plan_to_watch"),
            {"status": "watching", "num_watched_episodes": "2"},
            id="planned",
        ),
        pytest.param(
            anime(9),
            about("on_hold", 4),
            {"status": "watching", "num_watched_episodes": "9"},
            id="on hold",
        ),
        pytest.param(
            anime_film(),
            about(None, id=909, num_episodes=1),
            {
                "status": "completed",
                "num_watched_episodes": "1",
                "start_date": "2026-03-01",
                "finish_date": "2026-03-01",
            },
            id="a film",
        ),
    ],
)
async def test_an_entry_comes_forward(
    tmp_path: Path, item: Item, read: httpx.Response, sent: dict[str, str]
) -> None:
    answers = Answers(read, kept(25))
    assert isinstance(await outcome_of(a_client(answers, tmp_path), item), Delivered)
    assert answers.form() == {"is_rewatching": "false"} | sent


@pytest.mark.parametrize(
    ("number", "read", "expected"),
    [
        (3, about("watching", 3), Delivered("31240", "already_there")),
        (2, about("watching", 3), Delivered("31240", "already_there")),
        (3, about("completed", 25), Delivered("31240", "already_there")),
        (3, about("completed", 3, is_rewatching=True), Delivered("31240", "already_there")),
        (3, about("dropped", 1), Skipped("kept_dropped")),
    ],
    ids=["the same", "an earlier one", "finished", "rewatching", "dropped"],
)
async def test_what_is_not_behind_is_left_alone(
    tmp_path: Path, number: int, read: httpx.Response, expected: Outcome
) -> None:
    answers = Answers(read)
    assert await outcome_of(a_client(answers, tmp_path), anime(number)) == expected
    assert len(answers.requests) == 1


async def test_an_episode_beyond_the_end_is_no_rewatch(tmp_path: Path) -> None:
    answers = Answers(about("completed", 25))
    outcome = await outcome_of(a_client(answers, tmp_path, policy=lambda: REWATCHES), anime(26))
    assert isinstance(outcome, Refused)
    assert outcome.code == "unmapped"


@pytest.mark.parametrize(
    ("number", "read", "sent"),
    [
        (
            1,
            about("completed", 25),
            {"status": "completed", "num_watched_episodes": "1", "is_rewatching": "true"},
        ),
        (
            4,
            about("completed", 3, is_rewatching=True),
            {"status": "completed", "num_watched_episodes": "4", "is_rewatching": "true"},
        ),
        (
            25,
            about("completed", 24, is_rewatching=True, num_times_rewatched=2),
            {
                "status": "completed",
                "num_watched_episodes": "25",
                "is_rewatching": "false",
                "num_times_rewatched": "3",
            },
        ),
    ],
    ids=["begins", "goes on", "ends"],
)
async def test_a_rewatch_is_kept_where_it_is_wanted(
    tmp_path: Path, number: int, read: httpx.Response, sent: dict[str, str]
) -> None:
    answers = Answers(read, kept(number))
    client = a_client(answers, tmp_path, policy=lambda: REWATCHES)
    assert await outcome_of(client, anime(number)) == Delivered("31240")
    assert answers.form() == sent
    assert len(answers.requests) == 2


async def test_a_count_of_rewatches_that_was_not_told_comes_from_an_update(tmp_path: Path) -> None:
    answers = Answers(
        about("completed", 24, is_rewatching=True),
        kept(25, status="completed", is_rewatching=True, num_times_rewatched=4),
        kept(25, status="completed", num_times_rewatched=5),
    )
    client = a_client(answers, tmp_path, policy=lambda: REWATCHES)
    assert await outcome_of(client, anime(25)) == Delivered("31240")
    assert (answers.form(1)["is_rewatching"], "num_times_rewatched" in answers.form(1)) == (
        "true",
        False,
    )
    assert (answers.form(2)["is_rewatching"], answers.form(2)["num_times_rewatched"]) == (
        "false",
        "5",
    )


async def test_a_number_that_was_cut_is_parked(tmp_path: Path) -> None:
    answers = Answers(about("watching", 1, num_episodes=0), kept(12))
    outcome = await outcome_of(a_client(answers, tmp_path), anime(13))
    assert outcome == Refused("ignored", "MyAnimeList kept episode 12 instead of 13.")


@pytest.mark.parametrize(
    ("item", "kind", "code"),
    [
        (no_anime_film(), Skipped, "not_taken"),
        (anime(1, tvdb=81189), Skipped, "not_taken"),
        (anime(1, season=0), Skipped, "unmapped"),
        (anime(1, season=3, tvdb=900), Refused, "unmapped"),
        (anime(1, season=4, tvdb=900), Refused, "unmapped"),
        (a_track(), Refused, "not_taken"),
    ],
    ids=["no anime film", "no anime", "special", "several ids", "no id", "track"],
)
async def test_what_has_no_entry_asks_nothing(
    tmp_path: Path, item: Item, kind: type, code: str
) -> None:
    answers = Answers(about(None))
    outcome = await outcome_of(a_client(answers, tmp_path), item)
    assert isinstance(outcome, kind)
    assert getattr(outcome, "code", None) == code
    assert not answers.requests


async def test_several_ids_are_named(tmp_path: Path) -> None:
    item = anime(1, season=3, tvdb=900)
    outcome = await outcome_of(a_client(Answers(about(None)), tmp_path), item)
    assert isinstance(outcome, Refused)
    assert "903, 904" in outcome.detail


async def test_a_film_that_turns_out_a_series_is_parked(tmp_path: Path) -> None:
    outcome = await outcome_of(a_client(Answers(about(None)), tmp_path), anime_film())
    assert isinstance(outcome, Refused)
    assert outcome.code == "unmapped"


async def test_plays_wait_for_the_map(tmp_path: Path) -> None:
    answers, clock = Answers(about(None)), QuickClock()
    service = MyAnimeList(answers.http, clock, {}, a_map(tmp_path, clock=clock, body=b""))
    client = service.client(an_account("myanimelist"), MemorySlot(SECRET))
    outcome = await outcome_of(client, anime())
    assert isinstance(outcome, TryLater)
    assert outcome.code == "map_needed"
    assert not answers.requests


#: what came, the error it means, its facts, words in its sentence
WHOLE: list[tuple[str, httpx.Response | Exception, type[CompanionError], dict[str, Any], str]] = [
    (
        "400",
        answer(400, {"error": "bad_request", "message": "invalid status"}),
        BatchRefused,
        {},
        "invalid status",
    ),
    ("400 bare", answer(400, {"error": "bad_request"}), BatchRefused, {}, "bad_request"),
    ("400 page", answer(400, "<html>"), ServiceTrouble, {}, ""),
    (
        "403",
        answer(403, {"message": "", "error": "forbidden"}),
        RateLimited,
        {"retry_after_s": 1800.0},
        "forbidden",
    ),
    ("403 page", answer(403, "<html>"), RateLimited, {"retry_after_s": 1800.0}, ""),
    ("404 page", answer(404, "<html>"), LaneBlocked, {"code": "wrong_address"}, ""),
    ("405", answer(405), LaneBlocked, {"code": "wrong_address"}, ""),
    (
        "429",
        answer(429, None, {"Retry-After": "20"}),
        RateLimited,
        {"retry_after_s": 20.0},
        "",
    ),
    ("429 bare", answer(429), RateLimited, {"retry_after_s": 60.0}, ""),
    ("500", answer(500), ServiceTrouble, {}, "HTTP 500"),
    ("504", answer(504, "<html>"), ServiceTrouble, {}, ""),
    ("redirect", answer(302), ServiceTrouble, {}, ""),
    ("portal", PORTAL, ServiceTrouble, {}, ""),
    ("cut", CUT, ServiceTrouble, {}, ""),
    ("a list", answer(200, []), ServiceTrouble, {}, ""),
    ("nothing in it", answer(200, {}), ServiceTrouble, {}, ""),
    ("timeout", httpx.ReadTimeout("x"), Unanswered, {}, ""),
    ("no network", httpx.ConnectError("x"), Unreachable, {}, ""),
]


@pytest.mark.parametrize(
    ("came", "kind", "facts", "words"), [row[1:] for row in WHOLE], ids=[row[0] for row in WHOLE]
)
async def test_every_other_answer_to_a_read(
    tmp_path: Path,
    came: httpx.Response | Exception,
    kind: type[CompanionError],
    facts: dict[str, Any],
    words: str,
) -> None:
    with pytest.raises(kind) as raised:
        await outcome_of(a_client(Answers(came), tmp_path), anime(3))
    assert type(raised.value) is kind
    assert {key: getattr(raised.value, key) for key in facts} == facts
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("came", "kind"), [(row[1], row[2]) for row in WHOLE], ids=[row[0] for row in WHOLE]
)
async def test_every_other_answer_to_an_update(
    tmp_path: Path, came: httpx.Response | Exception, kind: type[CompanionError]
) -> None:
    with pytest.raises(kind):
        await outcome_of(a_client(Answers(about("watching", 1), came), tmp_path), anime(3))


@pytest.mark.parametrize("status", ["binging", None, 5])
async def test_a_status_nobody_knows_is_not_written_over(tmp_path: Path, status: Any) -> None:
    came = answer(200, {"id": 31240, "num_episodes": 25, "my_list_status": entry("x", 1)})
    with pytest.raises(ServiceTrouble):
        await outcome_of(a_client(Answers(came), tmp_path), anime(3))


GONE = answer(404, {"message": "", "error": "not_found"})


@pytest.mark.parametrize(
    "answers",
    [
        (GONE,),
        (about("watching", 1), GONE),
        (about("completed", 24, is_rewatching=True), GONE),
    ],
    ids=["reading", "setting", "ending a rewatch"],
)
async def test_an_entry_that_is_gone_is_parked(
    tmp_path: Path, answers: tuple[httpx.Response, ...]
) -> None:
    number = 25 if len(answers) > 1 and b'"is_rewatching": true' in answers[0].content else 3
    outcome = await outcome_of(a_client(Answers(*answers), tmp_path), anime(number))
    assert outcome == Refused("not_found", "The entry in the anime map is gone.")


async def test_a_lost_answer_to_an_update_is_made_sure_of_by_reading(tmp_path: Path) -> None:
    answers = Answers(about("watching", 2), httpx.ReadTimeout("x"), about("watching", 3))
    client = a_client(answers, tmp_path)
    with pytest.raises(Unanswered):
        await outcome_of(client, anime(3))
    assert await outcome_of(client, anime(3), unsure=True) == Delivered("31240", "already_there")
    assert await client.find(a_delivery(anime(3))) is None


async def test_requests_are_a_second_apart(tmp_path: Path) -> None:
    clock = QuickClock()
    client = a_client(Answers(about("watching", 9)), tmp_path, clock=clock)
    began = clock.monotonic_s()
    for _ in range(11):
        await outcome_of(client, anime(3))
    assert clock.monotonic_s() - began == pytest.approx(10.0)


async def test_whoami_live_and_revoke(tmp_path: Path) -> None:
    answers = Answers(played(cassette("myanimelist", "me")))
    client = a_client(answers, tmp_path)
    user = await client.whoami()
    assert (user.id, user.name) == ("1234567", "Somebody")
    assert user.profile_url == "https://myanimelist.net/profile/Somebody"
    await client.live(a_notice(LiveAction.START, anime(3)))
    await client.revoke()
    assert len(answers.requests) == 1


@pytest.mark.parametrize(
    ("body", "error"),
    [({}, ServiceTrouble), ({"name": "x"}, ServiceTrouble), ({"id": 1, "name": "a/../b"}, None)],
)
async def test_an_account_is_known_by_its_number(
    tmp_path: Path, body: dict[str, Any], error: type[Exception] | None
) -> None:
    client = a_client(Answers(answer(200, body)), tmp_path)
    if error is None:
        assert (await client.whoami()).profile_url == ""
        return
    with pytest.raises(error):
        await client.whoami()


async def test_a_search_finds_what_the_user_may_choose(tmp_path: Path) -> None:
    node = {
        "id": 42203,
        "title": "Re:Zero 2nd Season Part 2",
        "num_episodes": 12,
        "media_type": "tv",
        "start_date": "2021-01-06",
    }
    bare = {"id": 7, "title": "y", "num_episodes": 0}
    rows = [{"node": node}, {"node": bare}, {"node": {"id": 8}}, {}, 5]
    answers = Answers(answer(200, {"data": rows, "paging": {}}))
    client = a_client(answers, tmp_path)
    assert isinstance(client, SearchesAnime)
    assert await client.search(" re:zero ") == [
        Candidate("Re:Zero 2nd Season Part 2", None, 42203, 2021, 12, "tv"),
        Candidate("y", mal=7),
    ]
    assert answers.requests[0].url.params["q"] == "re:zero"
    # Shorter ones are refused by the service.
    assert await client.search("re") == []
    assert len(answers.requests) == 1
    for came, error in (
        (answer(400, {"error": "bad_request"}), BatchRefused),
        (PORTAL, ServiceTrouble),
    ):
        with pytest.raises(error):
            await a_client(Answers(came), tmp_path).search("re:zero")


# Tokens

TOKENS = cassette("myanimelist", "token")
EXPIRED = answer(
    401,
    {"error": "invalid_token"},
    {
        "WWW-Authenticate": 'Bearer error="invalid_token",'
        'error_description="The access token expired"'
    },
)


def renewed(access: str, refresh: str, expires_in: int = 2_678_400) -> httpx.Response:
    return answer(
        200,
        {
            "token_type": "Bearer",
            "expires_in": expires_in,
            "access_token": access,
            "refresh_token": refresh,
        },
    )


async def test_tokens_are_renewed_a_week_ahead_and_stored_before_use(tmp_path: Path) -> None:
    slot = MemorySlot(
        Secret(TOKEN, "old-refresh", START + timedelta(seconds=AHEAD_S - 1), "its-app")
    )
    answers = Answers(renewed("new", "new-refresh"), about("watching", 3))
    await outcome_of(a_client(answers, tmp_path, slot), anime(3))
    assert str(answers.requests[0].url) == TOKENS["request"]["url"]
    assert answers.form(0) == {
        "client_id": "its-app",
        "grant_type": "refresh_token",
        "refresh_token": "old-refresh",
    }
    assert slot.secret == Secret("new", "new-refresh", START + timedelta(days=31), "its-app")
    assert answers.requests[1].headers["authorization"] == "Bearer new"


async def test_a_short_lived_token_is_not_renewed_before_every_call(tmp_path: Path) -> None:
    slot = MemorySlot(Secret(TOKEN, "old", START + timedelta(minutes=20), "an-app"))
    answers = Answers(renewed("new", "new-refresh", 3600), about("watching", 3))
    client = a_client(answers, tmp_path, slot)
    for _ in range(5):
        await outcome_of(client, anime(3))
    assert len(slot.put_log) == 1


async def test_a_token_that_ended_is_renewed_and_the_request_sent_again(tmp_path: Path) -> None:
    slot = MemorySlot(SECRET)
    answers = Answers(EXPIRED, renewed("new", "newer"), about("watching", 3))
    outcome = await outcome_of(a_client(answers, tmp_path, slot), anime(3))
    assert isinstance(outcome, Delivered)
    assert [request.method for request in answers.requests] == ["GET", "POST", "GET"]


async def test_a_second_refusal_asks_to_link_again(tmp_path: Path) -> None:
    answers = Answers(EXPIRED, renewed("new", "newer"), EXPIRED)
    with pytest.raises(LinkExpired):
        await outcome_of(a_client(answers, tmp_path), anime(3))
    assert len(answers.requests) == 3


@pytest.mark.parametrize(
    ("came", "error", "words"),
    [
        (
            answer(
                401,
                {
                    "error": "invalid_request",
                    "message": "The refresh token is invalid.",
                    "hint": "Token has expired",
                },
            ),
            LinkExpired,
            "Token has expired",
        ),
        (
            answer(401, {"error": "invalid_request", "hint": "Token is not linked to client"}),
            LinkExpired,
            "not linked to client",
        ),
        (answer(400, {"error": "invalid_grant"}), LinkExpired, "invalid_grant"),
        (answer(401, {"error": "invalid_request"}), LinkExpired, "no reason given"),
        (answer(401, {"error": "invalid_client"}), LaneBlocked, "client id"),
        (answer(429, None, {"Retry-After": "9"}), RateLimited, "wait"),
        (answer(503), ServiceTrouble, "503"),
        (PORTAL, Unanswered, "without tokens"),
        (CUT, Unanswered, "without tokens"),
        (httpx.ReadTimeout("x"), Unanswered, "in time"),
    ],
)
async def test_every_answer_to_a_renewal(
    tmp_path: Path, came: httpx.Response | Exception, error: type[CompanionError], words: str
) -> None:
    slot = MemorySlot(Secret(TOKEN, "old", START - timedelta(seconds=1), "an-app"))
    with pytest.raises(error, match=words):
        await outcome_of(a_client(Answers(came), tmp_path, slot), anime(3))
    assert slot.secret is not None
    assert slot.secret.refresh == "old"


async def test_several_rows_at_once_renew_once(tmp_path: Path) -> None:
    slot = MemorySlot(Secret(TOKEN, "old", START - timedelta(seconds=1), "an-app"))
    answers = Answers(renewed("new", "newer"), about("watching", 9))
    client = a_client(answers, tmp_path, slot)
    await asyncio.gather(*(outcome_of(client, anime(3)) for _ in range(4)))
    assert len(slot.put_log) == 1


async def test_without_tokens_or_client_id_it_asks_to_link_again(tmp_path: Path) -> None:
    with pytest.raises(LinkExpired):
        await outcome_of(a_client(Answers(about(None)), tmp_path, MemorySlot()), anime(3))
    clock = QuickClock()
    service = MyAnimeList(Answers(EXPIRED).http, clock, {}, a_map(tmp_path, clock=clock))
    bare = MemorySlot(Secret(TOKEN, "old", START + timedelta(days=30)))
    with pytest.raises(LinkExpired, match="client id"):
        await outcome_of(service.client(an_account("myanimelist"), bare), anime(3))


async def test_a_time_without_zone_starts_no_rewatch(tmp_path: Path) -> None:
    read = about("completed", 25, updated_at="2026-01-01T00:00:00")
    client = a_client(Answers(read), tmp_path, policy=lambda: REWATCHES)
    assert await outcome_of(client, anime(1)) == Delivered("31240", "already_there")
