"""Simkl: the 20-second lock, live stop or dated history, every documented answer, linking."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from revenge_companion.core.delivery import Delivered, Refused, TryLater
from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    LaneBlocked,
    LinkExpired,
    LinkRefused,
    QuotaExhausted,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.live import LiveAction
from revenge_companion.core.media import Ids, Item, Series
from revenge_companion.core.reasons import Reason
from revenge_companion.services.base import LinkRequest, Secret
from revenge_companion.services.simkl.client import SimklClient
from revenge_companion.services.simkl.service import Simkl
from tests.clock import START
from tests.unit.services.kit import (
    CUT,
    PORTAL,
    TOKEN,
    Answers,
    MemorySlot,
    Prompts,
    QuickClock,
    a_delivery,
    a_movie,
    a_notice,
    a_track,
    an_account,
    an_episode,
    answer,
    cassette,
    played,
)

SECRET = Secret(TOKEN, "a-refresh", START + timedelta(days=6), "an-app")
LATE_S = 3600.0


def error(status: int, code: str, headers: dict[str, str] | None = None) -> httpx.Response:
    return answer(status, {"error": code, "code": status, "message": "prose"}, headers)


def added(**not_found: list[dict[str, Any]]) -> httpx.Response:
    empty: dict[str, Any] = {"movies": [], "shows": [], "episodes": []}
    counts = {"movies": 0, "shows": 0, "episodes": 0}
    return answer(201, {"added": counts, "not_found": empty | not_found})


#: Where nothing is written: what accounts have is kept only when it is read.
UNUSED = Path("unused")
STOPPED = answer(201, {"id": 7, "action": "scrobble", "progress": 80})


def a_client(
    answers: Answers, clock: QuickClock | None = None, slot: MemorySlot | None = None
) -> SimklClient:
    service = Simkl(answers.http, clock or QuickClock(), {}, cache=UNUSED)
    return service.client(an_account("simkl"), slot or MemorySlot(SECRET))


async def test_several_watches_of_an_item_are_sent_once_with_the_first_date() -> None:
    # Simkl keeps one date of an item, and does not say which of two it takes.
    answers = Answers(added())
    rows = [
        a_delivery(a_movie(), 1, ago_s=86_400 * 700),
        a_delivery(an_episode(3), 2, ago_s=7200),
        a_delivery(a_movie(), 3, ago_s=86_400 * 701),
        a_delivery(an_episode(3), 4, ago_s=3600),
    ]
    outcomes = await a_client(answers).submit(rows)
    there = Delivered(note=Reason.ALREADY_THERE)
    assert outcomes == {1: there, 2: Delivered(), 3: Delivered(), 4: there}
    body = answers.json()
    assert [film["watched_at"] for film in body["movies"]] == ["2024-03-30T20:00:00Z"]
    assert body["shows"][0]["seasons"][0]["episodes"] == [
        {"number": 3, "watched_at": "2026-03-01T18:00:00Z"}
    ]


async def test_what_is_refused_is_refused_for_each_of_its_watches() -> None:
    reply = added(movies=[{"ids": {"tmdb": "27205"}}])
    rows = [a_delivery(a_movie(), n, ago_s=7200 * n) for n in (1, 2)]
    outcomes = await a_client(Answers(reply)).submit(rows)
    assert outcomes == dict.fromkeys((1, 2), Refused(Reason.NOT_FOUND))


async def test_a_fresh_play_is_a_live_stop_as_documented() -> None:
    tape = cassette("simkl", "scrobble_stop_episode")
    answers = Answers(played(tape))
    outcomes = await a_client(answers).submit([a_delivery(an_episode(3))])
    assert outcomes == {1: Delivered("9007199254740993")}
    request = answers.requests[0]
    assert (request.url.host, request.url.path) == ("api.simkl.com", tape["request"]["path"])
    assert dict(request.url.params) == tape["request"]["params"]
    assert answers.json() == tape["request"]["json"]
    for key, value in tape["request"]["headers"].items():
        assert request.headers[key] == value


async def test_late_plays_are_dated_history_as_documented() -> None:
    tape = cassette("simkl", "history_add")
    answers = Answers(played(tape))
    rows = [
        a_delivery(a_movie(), 1, ago_s=3600),
        a_delivery(an_episode(None, ids=Ids(tvdb=349232)), 2, ago_s=10_800),
        a_delivery(an_episode(3), 3, ago_s=7200),
        a_delivery(an_episode(4), 4, ago_s=5400),
    ]
    outcomes = await a_client(answers).submit(rows)
    # A count of zero is a watch that is there already.
    assert set(outcomes.values()) == {Delivered()}
    assert answers.json() == tape["request"]["json"]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(a_delivery(a_movie(), ago_s=301), id="old"),
        pytest.param(a_delivery(a_movie(), attempts=1), id="second attempt"),
        pytest.param(a_delivery(a_movie(), unsure=True), id="unsure"),
        pytest.param(a_delivery(a_movie(), progress_pct=60), id="counted at 60 %"),
    ],
)
async def test_what_simkl_would_date_or_count_wrongly_goes_to_history(row: Any) -> None:
    answers = Answers(added())
    assert await a_client(answers).submit([row]) == {1: Delivered()}
    assert answers.paths == ["POST /sync/history"]


async def test_a_stop_waits_for_the_lock_that_a_notice_began() -> None:
    clock = QuickClock()
    answers = Answers(answer(201, {"id": 0, "action": "start"}), STOPPED)
    client = a_client(answers, clock)
    await client.live(a_notice(LiveAction.START, a_movie()))
    clock.advance(5)
    outcome = (await client.submit([a_delivery(a_movie())]))[1]
    assert outcome == TryLater("rate_limited", "", 15.0, counts=False)
    assert len(answers.requests) == 1
    clock.advance(15)
    assert await client.submit([a_delivery(a_movie())]) == {1: Delivered("7")}


async def test_a_notice_inside_the_lock_is_left_out() -> None:
    clock = QuickClock()
    answers = Answers(answer(201, {"id": 0, "action": "start"}))
    client = a_client(answers, clock)
    for action in LiveAction:
        await client.live(a_notice(action, a_movie()))
    assert answers.paths == ["POST /scrobble/start"]
    clock.advance(20)
    await client.live(a_notice(LiveAction.PAUSE, a_movie()))
    assert len(answers.requests) == 2


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (error(400, "RATE_LIMIT"), TryLater("rate_limited", "", 20.0, counts=False)),
        (error(400, "empty_field"), Refused("invalid", "Simkl did not accept this play: prose")),
        (error(404, "id_err"), Refused("not_found")),
        (answer(409, {"watched_at": "x", "expires_at": "y"}), Delivered(note="already_there")),
        (answer(200, {"id": 5, "action": "scrobble"}), Delivered("5")),
    ],
)
async def test_a_stops_answers(reply: httpx.Response, expected: Any) -> None:
    assert await a_client(Answers(reply)).submit([a_delivery(a_movie())]) == {1: expected}


async def test_an_item_that_simkl_does_not_know_is_said_to_be_that() -> None:
    row = a_delivery(a_movie(), ago_s=LATE_S)
    client = a_client(Answers(error(404, "id_err")))
    assert await client.submit([row]) == {1: Refused("not_found")}


async def test_a_stop_that_only_paused_is_recorded_through_history() -> None:
    answers = Answers(answer(201, {"id": 5, "action": "pause"}), added())
    assert await a_client(answers).submit([a_delivery(a_movie())]) == {1: Delivered()}
    assert answers.paths == ["POST /scrobble/stop", "POST /sync/history"]


#: From the clock's start, 20:00 UTC, to the next day at Simkl.
DAY_LEFT_S = 9 * 3600.0

WHOLE: list[tuple[str, httpx.Response | Exception, type[CompanionError], dict[str, Any]]] = [
    ("lock", error(400, "RATE_LIMIT"), RateLimited, {"retry_after_s": 20.0}),
    ("empty field", error(400, "empty_field"), BatchRefused, {}),
    ("wrong parameter", error(400, "wrong_parameter"), BatchRefused, {}),
    ("too many", error(400, "max_items"), BatchRefused, {}),
    ("400 page", answer(400, "<html>"), ServiceTrouble, {}),
    ("no client", error(401, "invalid_client"), LaneBlocked, {"code": "app_key_refused"}),
    ("old client", error(400, "unauthorized_client"), LaneBlocked, {"code": "app_key_refused"}),
    ("read only", error(403, "insufficient_scope"), LinkExpired, {}),
    ("403", error(403, "blocked"), RateLimited, {"retry_after_s": 3600.0}),
    ("404 item", error(404, "id_err"), BatchRefused, {}),
    ("404", answer(404), LaneBlocked, {"code": "wrong_address"}),
    ("404 page", answer(404, "<html>"), ServiceTrouble, {}),
    ("412", error(412, "client_id_failed"), LaneBlocked, {"code": "app_key_refused"}),
    ("412 bare", answer(412), LaneBlocked, {"code": "app_key_refused"}),
    ("413", answer(413), BatchRefused, {}),
    ("429", error(429, "rate_limit"), RateLimited, {"retry_after_s": 2.0}),
    ("429 told", error(429, "rate_limit", {"Retry-After": "5"}), RateLimited, {"retry_after_s": 5}),
    (
        "quota",
        error(429, "user_limit_exceeded", {"Retry-After": "7200"}),
        QuotaExhausted,
        {"retry_after_s": 7200.0},
    ),
    (
        "quota untold",
        error(429, "app_limit_exceeded"),
        QuotaExhausted,
        {"retry_after_s": DAY_LEFT_S},
    ),
    ("500", answer(500), ServiceTrouble, {}),
    ("502", answer(502, "<html>"), ServiceTrouble, {}),
    ("503", error(503, "x"), ServiceTrouble, {}),
    ("302", answer(302), ServiceTrouble, {}),
    ("portal", PORTAL, ServiceTrouble, {}),
    ("cut", CUT, ServiceTrouble, {}),
    ("other shape", answer(201, []), ServiceTrouble, {}),
    ("no counts", answer(201, {"added": None}), ServiceTrouble, {}),
    ("no list", answer(201, {"added": {}, "not_found": 1}), ServiceTrouble, {}),
    ("silence", httpx.ReadTimeout("late"), Unanswered, {}),
    ("no connection", httpx.ConnectError("no"), Unreachable, {}),
]


@pytest.mark.parametrize(
    ("reply", "raised", "facts"), [row[1:] for row in WHOLE], ids=[row[0] for row in WHOLE]
)
async def test_every_answer_to_history_has_its_error(
    reply: httpx.Response | Exception, raised: type[CompanionError], facts: dict[str, Any]
) -> None:
    rows = [a_delivery(an_episode(n), n, ago_s=LATE_S) for n in (1, 2)]
    with pytest.raises(raised) as caught:
        await a_client(Answers(reply)).submit(rows)
    for name, value in facts.items():
        assert getattr(caught.value, name) == value
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("echo", "refused"),
    [
        ({"movies": [{"ids": {"tmdb": "27205"}}]}, {1}),
        ({"shows": [{"ids": {"tvdb": 81189}}]}, {2, 3}),
        (
            {
                "shows": [
                    {
                        "ids": {"tvdb": "81189"},
                        "seasons": [{"number": 1, "episodes": [{"number": 4}]}],
                    }
                ]
            },
            {3},
        ),
        ({"episodes": [{"ids": {"tmdb": 1396}, "season": 1, "number": 3}]}, {2}),
    ],
)
async def test_a_partial_success_settles_each_row(
    echo: dict[str, list[dict[str, Any]]], refused: set[int]
) -> None:
    rows = [a_delivery(a_movie(), 1, ago_s=LATE_S)]
    rows += [a_delivery(an_episode(n), n - 1, ago_s=LATE_S) for n in (3, 4)]
    outcomes = await a_client(Answers(added(**echo))).submit(rows)
    assert {row for row, o in outcomes.items() if o == Refused("not_found")} == refused
    assert {row for row, o in outcomes.items() if o == Delivered()} == {1, 2, 3} - refused


async def test_an_item_that_cannot_be_told_apart_is_found_by_splitting() -> None:
    client = a_client(Answers(added(episodes=[{"number": 99}])))
    rows = [a_delivery(an_episode(n), n, ago_s=LATE_S) for n in (3, 4)]
    with pytest.raises(BatchRefused):
        await client.submit(rows)
    assert await client.submit(rows[:1]) == {3: Refused("not_found")}


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (a_movie(ids=Ids()), "not_found"),
        (an_episode(series=Series("x")), "not_found"),
        (an_episode(None), "not_found"),
        (a_track(), "not_taken"),
    ],
)
async def test_an_item_without_ids_is_never_guessed(item: Item, code: str) -> None:
    answers = Answers(added())
    outcome = (await a_client(answers).submit([a_delivery(item)]))[1]
    assert isinstance(outcome, Refused)
    assert outcome.code == code
    assert not answers.requests


@pytest.mark.parametrize(
    ("action", "progress", "path", "sent"),
    [
        (LiveAction.START, 0.0, "/scrobble/start", 0.0),
        (LiveAction.PAUSE, 12.345, "/scrobble/pause", 12.35),
        (LiveAction.STOP, 61.0, "/scrobble/stop", 61.0),
        # The user counts from 90 %: nothing of this may reach their history.
        (LiveAction.STOP, 85.0, "/scrobble/pause", 79.9),
    ],
)
async def test_live_notices_never_carry_what_simkl_would_count(
    action: LiveAction, progress: float, path: str, sent: float
) -> None:
    answers = Answers(answer(201, {"id": 0, "action": "start"}))
    await a_client(answers).live(a_notice(action, a_movie(), progress))
    assert answers.paths == [f"POST {path}"]
    assert answers.json()["progress"] == sent


@pytest.mark.parametrize("reply", [error(404, "id_err"), answer(409), error(400, "RATE_LIMIT")])
async def test_a_live_notice_that_changed_nothing_is_no_trouble(reply: httpx.Response) -> None:
    await a_client(Answers(reply)).live(a_notice(LiveAction.START, a_movie()))


async def test_a_401_is_refreshed_once_and_the_request_repeated() -> None:
    slot = MemorySlot(SECRET)
    fresh = {"access_token": "newer", "refresh_token": "a-refresh", "expires_in": 604_800}
    answers = Answers(error(401, "user_token_failed"), answer(200, fresh), added())
    row = a_delivery(a_movie(), ago_s=LATE_S)
    assert await a_client(answers, slot=slot).submit([row]) == {1: Delivered()}
    assert slot.put_log == [Secret("newer", "a-refresh", START + timedelta(days=7), "an-app")]
    assert answers.paths[1] == "POST /oauth2/token"
    assert answers.form(1) == {
        "grant_type": "refresh_token",
        "client_id": "an-app",
        "refresh_token": "a-refresh",
    }


@pytest.mark.parametrize("code", ["user_token_failed", "user_token_required"])
async def test_a_401_after_a_refresh_ends_the_link(code: str) -> None:
    fresh = {"access_token": "newer", "expires_in": 604_800}
    answers = Answers(error(401, code), answer(200, fresh), error(401, code))
    with pytest.raises(LinkExpired):
        await a_client(answers).submit([a_delivery(a_movie(), ago_s=LATE_S)])


async def test_the_days_budget_holds_the_backlog_and_grows_with_the_plan() -> None:
    who = played(cassette("simkl", "users_settings"))
    answers = Answers(who, added())
    client = a_client(answers)
    assert (await client.whoami()).id == "25"
    for _ in range(400):
        await client.submit([a_delivery(a_movie(), ago_s=LATE_S)])
    free = a_client(Answers(added()))
    for _ in range(375):
        await free.submit([a_delivery(a_movie(), ago_s=LATE_S)])
    with pytest.raises(QuotaExhausted):
        await free.submit([a_delivery(a_movie(), ago_s=LATE_S)])


async def test_an_episode_known_by_its_own_id_alone_goes_to_history() -> None:
    answers = Answers(added())
    client = a_client(answers)
    item = an_episode(None, ids=Ids(tvdb=349232))
    await client.live(a_notice(LiveAction.START, item))
    assert await client.submit([a_delivery(item)]) == {1: Delivered()}
    assert answers.paths == ["POST /sync/history"]


async def test_revoking_ends_the_grant() -> None:
    answers = Answers(answer(200))
    await a_client(answers).revoke()
    assert answers.paths == ["POST /oauth2/revoke"]
    assert answers.form() == {"client_id": "an-app", "token": "a-refresh"}


CODE = played(cassette("simkl", "device_code"))
WHO = played(cassette("simkl", "users_settings"))
TOKENS = answer(
    200,
    {
        "access_token": TOKEN,
        "refresh_token": "r",
        "expires_in": 604_800,
        "scope": "media:read media:write",
    },
)


async def _link(*replies: httpx.Response | Exception) -> tuple[Any, Answers, Prompts, QuickClock]:
    answers, prompts, clock = Answers(*replies), Prompts(), QuickClock()
    service = Simkl(answers.http, clock, {"SIMKL_CLIENT_ID": "an-app"}, cache=UNUSED)
    return await service.link(LinkRequest(), prompts), answers, prompts, clock


async def test_linking_shows_the_code_and_waits_for_the_approval() -> None:
    linked, answers, prompts, clock = await _link(
        CODE,
        error(400, "authorization_pending"),
        error(400, "slow_down"),
        answer(503),
        httpx.ReadTimeout("late"),
        TOKENS,
        WHO,
    )
    assert answers.form(0) == cassette("simkl", "device_code")["request"]["form"]
    assert answers.form(1) == {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "client_id": "an-app",
        "device_code": "a-device",
    }
    assert all("app-name" in request.url.params for request in answers.requests)
    shown = prompts.shown[0]
    assert (shown.url, shown.code) == ("https://simkl.com/pin", "AB12C")
    assert shown.complete_url == "https://simkl.com/pin/AB12C"
    assert clock.slept_s == [5, 5, 10, 10, 10]
    assert (linked.user.id, linked.user.name) == ("25", "Andrew")


@pytest.mark.parametrize(
    "code", ["expired_token", "access_denied", "invalid_client", "unauthorized_client"]
)
async def test_an_ended_approval_refuses_the_link(code: str) -> None:
    with pytest.raises(LinkRefused):
        await _link(CODE, error(400, code))


async def test_a_grant_that_may_only_read_is_refused() -> None:
    with pytest.raises(LinkRefused, match="reading"):
        await _link(CODE, answer(200, {"access_token": TOKEN, "scope": "media:read"}))


@pytest.mark.parametrize(
    ("reply", "raised"),
    [
        (error(401, "invalid_client"), LinkRefused),
        (error(412, "client_id_failed"), LinkRefused),
        (PORTAL, ServiceTrouble),
        (answer(500), ServiceTrouble),
        (answer(200, {}), ServiceTrouble),
    ],
)
async def test_no_code_no_link(reply: httpx.Response, raised: type[CompanionError]) -> None:
    with pytest.raises(raised):
        await _link(reply)


async def test_without_a_client_id_two_sentences_say_what_to_do() -> None:
    service = Simkl(Answers(CODE).http, QuickClock(), {}, cache=UNUSED)
    with pytest.raises(LinkRefused, match="SIMKL_CLIENT_ID"):
        await service.link(LinkRequest(), Prompts())
