"""AniList: read, then set where behind; every documented answer."""

import json
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
from revenge_companion.services.anilist.client import AniListClient
from revenge_companion.services.anilist.service import AniList
from revenge_companion.services.anilist.wire import HOME_PAGE
from revenge_companion.services.animemap.map import SearchesAnime
from revenge_companion.services.base import Secret
from tests.clock import START
from tests.unit.services.anime import (
    a_map,
    an_anilist,
    anime,
    anime_film,
    no_anime_film,
)
from tests.unit.services.anime import anilist_error as error
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

LONG_AGO = int((START - timedelta(days=30)).timestamp())
TODAY = {"year": 2026, "month": 3, "day": 1}
REWATCHES = ListPolicy(rewatches=True)


def media(status: str | None, progress: int = 0, **values: Any) -> httpx.Response:
    """An answer about AniList 21355; without a status it is not on the list."""
    entry: dict[str, Any] | None = None
    if status is not None:
        entry = {
            "id": 4711,
            "status": status,
            "progress": progress,
            "repeat": values.pop("repeat", 0),
            "updatedAt": values.pop("updatedAt", LONG_AGO),
            "startedAt": {"year": None, "month": None, "day": None},
            "completedAt": {"year": values.pop("ended", None), "month": None, "day": None},
        }
    known = {"id": 21355, "episodes": 25, "mediaListEntry": entry}
    return answer(200, {"data": {"Media": known | values}})


def saved(progress: int) -> httpx.Response:
    entry = {"id": 4711, "status": "CURRENT", "progress": progress, "repeat": 0}
    return answer(200, {"data": {"SaveMediaListEntry": entry}})


def a_client(answers: Answers, folder: Path, **values: Any) -> AniListClient:
    service = an_anilist(answers, folder, **values)
    return service.client(an_account("anilist"), MemorySlot(Secret(TOKEN)))


async def outcome_of(client: AniListClient, item: Item, **values: Any) -> Outcome:
    return (await client.submit([a_delivery(item, **values)]))[1]


async def test_an_episode_is_read_and_set_as_documented(tmp_path: Path) -> None:
    read, save = cassette("anilist", "media"), cassette("anilist", "save")
    answers = Answers(played(read), played(save))
    assert await outcome_of(a_client(answers, tmp_path), anime(3)) == Delivered("21355")
    for request, tape in zip(answers.requests, (read, save), strict=True):
        assert str(request.url) == tape["request"]["url"]
        sent = json.loads(request.content)
        assert sent["variables"] == tape["request"]["json"]["variables"]
        for key, value in read["request"]["headers"].items():
            assert request.headers[key] == value
        assert request.headers["user-agent"].startswith("RevengeCompanion/")
    assert answers.json(0)["query"].startswith("query ($id: Int")
    assert answers.json(1)["query"].startswith("mutation ($mediaId: Int!")


@pytest.mark.parametrize(
    ("item", "read", "sent"),
    [
        pytest.param(
            anime(1),
            media(None),
            {"status": "CURRENT", "progress": 1, "startedAt": TODAY},
            id="not on the list",
        ),
        pytest.param(
            anime(25),
            media("CURRENT", 24),
            {"status": "COMPLETED", "progress": 25, "completedAt": TODAY},
            id="the last",
        ),
        pytest.param(
            anime(25),
            media("CURRENT", 24, ended=2020),
            {"status": "COMPLETED", "progress": 25},
            id="the last, with a date",
        ),
        pytest.param(
            anime(25),
            media("CURRENT", 24, episodes=None),
            {"status": "CURRENT", "progress": 25},
            id="total unknown",
        ),
        pytest.param(
            anime(2), media("PLANNING"), {"status": "CURRENT", "progress": 2}, id="planned"
        ),
        pytest.param(
            anime(9), media("PAUSED", 4), {"status": "CURRENT", "progress": 9}, id="paused"
        ),
        pytest.param(
            anime_film(),
            media(None, id=909, episodes=1),
            {
                "mediaId": 909,
                "status": "COMPLETED",
                "progress": 1,
                "startedAt": TODAY,
                "completedAt": TODAY,
            },
            id="a film",
        ),
        pytest.param(
            anime(14, season=2),
            media(None, id=119661, episodes=12),
            {"mediaId": 119661, "status": "CURRENT", "progress": 1, "startedAt": TODAY},
            id="the second cour",
        ),
    ],
)
async def test_an_entry_comes_forward(
    tmp_path: Path, item: Item, read: httpx.Response, sent: dict[str, Any]
) -> None:
    answers = Answers(read, saved(99))
    assert isinstance(await outcome_of(a_client(answers, tmp_path), item), Delivered)
    assert answers.json()["variables"] == {"mediaId": 21355} | sent


@pytest.mark.parametrize(
    ("number", "read", "expected"),
    [
        (3, media("CURRENT", 3), Delivered("21355", "already_there")),
        (2, media("CURRENT", 3), Delivered("21355", "already_there")),
        (3, media("COMPLETED", 25), Delivered("21355", "already_there")),
        (3, media("DROPPED", 1), Skipped("kept_dropped")),
        (
            26,
            media("CURRENT", 3),
            Refused("unmapped", "The entry has 25 episodes, so it has no episode 26."),
        ),
    ],
    ids=["the same", "an earlier one", "finished", "dropped", "beyond the end"],
)
async def test_what_is_not_behind_is_left_alone(
    tmp_path: Path, number: int, read: httpx.Response, expected: Outcome
) -> None:
    answers = Answers(read)
    assert await outcome_of(a_client(answers, tmp_path), anime(number)) == expected
    assert len(answers.requests) == 1


@pytest.mark.parametrize(
    ("number", "read", "sent"),
    [
        (1, media("COMPLETED", 25), {"status": "REPEATING", "progress": 1}),
        (4, media("REPEATING", 3), {"status": "REPEATING", "progress": 4}),
        (
            25,
            media("REPEATING", 24, repeat=2),
            {"status": "COMPLETED", "progress": 25, "repeat": 3},
        ),
    ],
    ids=["begins", "goes on", "ends"],
)
async def test_a_rewatch_is_kept_where_it_is_wanted(
    tmp_path: Path, number: int, read: httpx.Response, sent: dict[str, Any]
) -> None:
    answers = Answers(read, saved(25))
    client = a_client(answers, tmp_path, policy=lambda: REWATCHES)
    assert await outcome_of(client, anime(number)) == Delivered("21355")
    assert answers.json()["variables"] == {"mediaId": 21355} | sent


async def test_the_policy_may_change_while_running(tmp_path: Path) -> None:
    answers = Answers(media("DROPPED", 1), media("DROPPED", 1), saved(3))
    policies = [ListPolicy()]
    client = a_client(answers, tmp_path, policy=lambda: policies[-1])
    assert await outcome_of(client, anime(3)) == Skipped("kept_dropped")
    policies.append(ListPolicy(resume_dropped=True))
    assert await outcome_of(client, anime(3)) == Delivered("21355")


async def test_progress_that_got_lost_is_sent_once_more_by_itself(tmp_path: Path) -> None:
    answers = Answers(media("COMPLETED", 25), saved(0), saved(1))
    client = a_client(answers, tmp_path, policy=lambda: REWATCHES)
    assert await outcome_of(client, anime(1)) == Delivered("21355")
    assert answers.json()["variables"] == {"mediaId": 21355, "progress": 1}


async def test_progress_that_is_not_kept_is_parked(tmp_path: Path) -> None:
    answers = Answers(media("CURRENT", 1), saved(1))
    outcome = await outcome_of(a_client(answers, tmp_path), anime(3))
    assert outcome == Refused("ignored", "AniList kept episode 1 instead of 3.")
    assert len(answers.requests) == 3


async def test_an_entry_without_anilist_id_is_asked_by_its_other_id(tmp_path: Path) -> None:
    answers = Answers(media(None, id=77, episodes=12), saved(1))
    item = anime(1, season=5, tvdb=900)
    assert await outcome_of(a_client(answers, tmp_path), item) == Delivered("77")
    assert answers.json(0)["variables"] == {"idMal": 906}
    assert answers.json(1)["variables"]["mediaId"] == 77


@pytest.mark.parametrize(
    ("item", "kind", "code"),
    [
        (no_anime_film(), Skipped, "not_taken"),
        (anime(1, tvdb=81189), Skipped, "not_taken"),
        (anime(1, season=0), Skipped, "unmapped"),
        (anime(1, season=3, tvdb=78857), Refused, "unmapped"),
        (anime(1, tvdb=900), Refused, "unmapped"),
        (a_track(), Refused, "not_taken"),
    ],
)
async def test_what_has_no_entry_asks_nothing(
    tmp_path: Path, item: Item, kind: type, code: str
) -> None:
    answers = Answers(media(None))
    outcome = await outcome_of(a_client(answers, tmp_path), item)
    assert isinstance(outcome, kind)
    assert getattr(outcome, "code", None) == code
    assert not answers.requests


async def test_a_film_that_turns_out_a_series_is_parked(tmp_path: Path) -> None:
    outcome = await outcome_of(a_client(Answers(media(None)), tmp_path), anime_film())
    assert outcome == Refused("unmapped", "The entry has 25 episodes, so it is not this film.")


async def test_plays_wait_for_the_map(tmp_path: Path) -> None:
    answers, clock = Answers(media(None)), QuickClock()
    maps = a_map(tmp_path, clock=clock, body=b"")
    service = AniList(answers.http, clock, {}, maps)
    client = service.client(an_account("anilist"), MemorySlot(Secret(TOKEN)))
    outcome = await outcome_of(client, anime())
    assert isinstance(outcome, TryLater)
    assert outcome.code == "map_needed"
    assert not answers.requests


VALIDATION: dict[str, Any] = {"validation": {"status": ["The selected status is invalid."]}}

#: what came, the error it means, its facts, words in its sentence
WHOLE: list[tuple[str, httpx.Response | Exception, type[CompanionError], dict[str, Any], str]] = [
    ("invalid token", error(400, "Invalid token"), LinkExpired, {}, "Invalid token"),
    ("invalid token in 200", error(400, "Invalid token", 200), LinkExpired, {}, ""),
    ("401", answer(401), LinkExpired, {}, ""),
    ("401 in 200", error(401, "Unauthorized.", 200), LinkExpired, {}, ""),
    (
        "validation",
        error(400, "validation", **VALIDATION),
        BatchRefused,
        {},
        "status is invalid",
    ),
    (
        "validation text",
        error(400, "validation", validation={"a": "b"}),
        BatchRefused,
        {},
        ": b",
    ),
    (
        "validation odd",
        error(400, "validation", validation=5),
        BatchRefused,
        {},
        "validation",
    ),
    (
        "query",
        error(400, 'Cannot query field "x" on type "y".'),
        BatchRefused,
        {},
        "Cannot query",
    ),
    (
        "403 json",
        error(403, "The AniList API has been temporarily disabled"),
        ServiceTrouble,
        {},
        "temporarily disabled",
    ),
    ("403 page", answer(403, "<!DOCTYPE html><title>Just a moment..."), ServiceTrouble, {}, ""),
    (
        "403 text",
        answer(403, "Your IP was blocked, write to us"),
        LaneBlocked,
        {"code": "account_locked"},
        "Your IP was blocked",
    ),
    ("429", answer(429, None, {"Retry-After": "30"}), RateLimited, {"retry_after_s": 31.0}, ""),
    (
        "429 bare",
        answer(429, None, {"X-RateLimit-Remaining": "60"}),
        RateLimited,
        {"retry_after_s": 61.0},
        "",
    ),
    (
        "429 in 200",
        error(429, "Too Many Requests.", 200),
        RateLimited,
        {"retry_after_s": 61.0},
        "",
    ),
    ("404 page", answer(404, "<html>"), LaneBlocked, {"code": "wrong_address"}, ""),
    ("405", answer(405), LaneBlocked, {"code": "wrong_address"}, ""),
    (
        "500",
        error(500, "Internal Server Error"),
        ServiceTrouble,
        {},
        "Internal Server Error",
    ),
    ("500 in 200", error(500, "Internal Server Error", 200), ServiceTrouble, {}, ""),
    ("502", answer(502, "<html>Bad gateway</html>"), ServiceTrouble, {}, "HTTP 502"),
    ("redirect", answer(302), ServiceTrouble, {}, ""),
    ("portal", PORTAL, ServiceTrouble, {}, ""),
    ("cut", CUT, ServiceTrouble, {}, ""),
    ("a list", answer(200, []), ServiceTrouble, {}, ""),
    ("no data", answer(200, {"data": None}), ServiceTrouble, {}, ""),
    ("other data", answer(200, {"data": {"Media": {"id": "x"}}}), ServiceTrouble, {}, ""),
    ("new status", media("BINGED", 1), ServiceTrouble, {}, ""),
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
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize(
    ("came", "kind"), [(row[1], row[2]) for row in WHOLE], ids=[row[0] for row in WHOLE]
)
async def test_every_other_answer_to_a_save(
    tmp_path: Path, came: httpx.Response | Exception, kind: type[CompanionError]
) -> None:
    with pytest.raises(kind):
        await outcome_of(a_client(Answers(media("CURRENT", 1), came), tmp_path), anime(3))


async def test_an_entry_that_is_gone_is_parked(tmp_path: Path) -> None:
    gone = error(404, "Not Found.")
    first = await outcome_of(a_client(Answers(gone), tmp_path), anime(3))
    assert first == Refused("not_found", "The entry in the anime map is gone from AniList.")
    answers = Answers(media("CURRENT", 1), error(404, "Not Found.", 200))
    later = await outcome_of(a_client(answers, tmp_path), anime(3))
    assert isinstance(later, Refused)
    assert later.code == "not_found"


async def test_a_lost_answer_to_a_save_is_made_sure_of_by_reading(tmp_path: Path) -> None:
    answers = Answers(media("CURRENT", 2), httpx.ReadTimeout("x"), media("CURRENT", 3))
    client = a_client(answers, tmp_path)
    with pytest.raises(Unanswered):
        await outcome_of(client, anime(3))
    assert await outcome_of(client, anime(3), unsure=True) == Delivered("21355", "already_there")
    assert len(answers.requests) == 3
    assert await client.find(a_delivery(anime(3))) is None


async def test_what_follows_trouble_in_one_batch_waits_unsent(tmp_path: Path) -> None:
    answers = Answers(media("CURRENT", 3), answer(503), media("CURRENT", 9))
    rows = [a_delivery(anime(n), n) for n in (1, 2, 3)]
    outcomes = await a_client(answers, tmp_path).submit(rows)
    assert outcomes[1] == Delivered("21355", "already_there")
    assert [getattr(outcomes[n], "code", None) for n in (2, 3)] == ["service_down", ""]
    assert len(answers.requests) == 2


async def test_requests_keep_to_twenty_five_a_minute(tmp_path: Path) -> None:
    clock = QuickClock()
    answers = Answers(answer(200, media("CURRENT", 9).json(), {"X-RateLimit-Remaining": "80"}))
    client = a_client(answers, tmp_path, clock=clock)
    began = clock.monotonic_s()
    for _ in range(28):
        await outcome_of(client, anime(3))
    assert clock.monotonic_s() - began == pytest.approx(60.0)


async def test_accounts_share_one_pace(tmp_path: Path) -> None:
    clock = QuickClock()
    answers = Answers(answer(429), media("CURRENT", 9))
    service = an_anilist(answers, tmp_path, clock)
    one, other = (
        service.client(an_account("anilist", id=n), MemorySlot(Secret(TOKEN))) for n in (1, 2)
    )
    with pytest.raises(RateLimited):
        await outcome_of(one, anime(3))
    # The wait is longer than the gate waits itself: nothing is sent meanwhile.
    with pytest.raises(RateLimited):
        await outcome_of(other, anime(3))
    assert len(answers.requests) == 1
    clock.advance(61.0)
    assert isinstance(await outcome_of(other, anime(3)), Delivered)


async def test_a_service_switched_off_is_left_alone_for_minutes(tmp_path: Path) -> None:
    clock = QuickClock()
    answers = Answers(error(403, "temporarily disabled"), media("CURRENT", 9))
    client = a_client(answers, tmp_path, clock=clock)
    with pytest.raises(ServiceTrouble):
        await outcome_of(client, anime(3))
    with pytest.raises(RateLimited) as raised:
        await outcome_of(client, anime(3))
    assert raised.value.retry_after_s == pytest.approx(300.0)
    assert len(answers.requests) == 1


async def test_whoami_live_and_revoke(tmp_path: Path) -> None:
    tape = cassette("anilist", "viewer")
    answers = Answers(played(tape))
    client = a_client(answers, tmp_path)
    user = await client.whoami()
    assert (user.id, user.name) == ("5678", "Somebody")
    assert user.profile_url == "https://anilist.co/user/Somebody"
    assert answers.requests[0].headers["referer"] == HOME_PAGE
    await client.live(a_notice(LiveAction.START, anime(3)))
    await client.revoke()
    assert len(answers.requests) == 1


async def test_an_account_without_token_asks_to_link_again(tmp_path: Path) -> None:
    service = an_anilist(Answers(media(None)), tmp_path)
    client = service.client(an_account("anilist"), MemorySlot())
    with pytest.raises(LinkExpired):
        await client.submit([a_delivery(anime(3))])
    with pytest.raises(LinkExpired):
        await client.whoami()


async def test_a_search_finds_what_the_user_may_choose(tmp_path: Path) -> None:
    row = {
        "id": 119661,
        "idMal": 42203,
        "format": "TV",
        "episodes": 12,
        "seasonYear": 2021,
        "title": {"romaji": "Re:Zero 2nd Season Part 2", "english": None, "native": "x"},
    }
    bare = {"id": 7, "title": {"native": "y"}}
    rows = [row, bare, {"id": 8, "title": {}}, {"title": {"romaji": "z"}}, 5]
    answers = Answers(answer(200, {"data": {"Page": {"media": rows}}}))
    client = a_client(answers, tmp_path)
    assert isinstance(client, SearchesAnime)
    assert await client.search(" re:zero\0 ") == [
        Candidate("Re:Zero 2nd Season Part 2", 119661, 42203, 2021, 12, "TV"),
        Candidate("y", 7),
    ]
    assert answers.json()["variables"] == {"title": "re:zero"}
    assert await client.search("  ") == []
    assert len(answers.requests) == 1
    with pytest.raises(ServiceTrouble):
        await a_client(Answers(answer(503)), tmp_path).search("x")
