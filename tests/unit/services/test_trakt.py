"""Trakt: live stop or dated history, every documented answer, reading back, linking."""

from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from typing import Any

import httpx
import pytest

from revenge_companion.core.delivery import Delivered, Refused, Unknown
from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    LaneBlocked,
    LinkExpired,
    LinkRefused,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.live import LiveAction
from revenge_companion.core.media import Ids, Item, Series
from revenge_companion.core.reasons import Reason
from revenge_companion.services.base import LinkRequest, Secret
from revenge_companion.services.trakt.client import TraktClient
from revenge_companion.services.trakt.service import Trakt
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


def added(
    movie_count: int = 0, episode_count: int = 0, **not_found: list[dict[str, Any]]
) -> httpx.Response:
    empty: dict[str, Any] = {"movies": [], "shows": [], "seasons": [], "episodes": []}
    return answer(
        201,
        {
            "added": {"movies": movie_count, "episodes": episode_count},
            "updated": {"movies": 0, "episodes": 0},
            "not_found": empty | not_found,
        },
    )


def stopped(action: str = "scrobble", number: int = 77) -> httpx.Response:
    return answer(201, {"id": number, "action": action, "progress": 80})


def a_client(answers: Answers, slot: MemorySlot | None = None) -> TraktClient:
    service = Trakt(answers.http, QuickClock(), {})
    made = service.client(an_account("trakt"), slot or MemorySlot(SECRET))
    # All plays are kept; see test_trakt_once for who wants one of each.
    made.once.learn({})
    return made


async def test_a_fresh_play_is_a_live_stop_as_documented() -> None:
    tape = cassette("trakt", "scrobble_stop_movie")
    answers = Answers(played(tape))
    outcomes = await a_client(answers).submit([a_delivery(a_movie(), ago_s=2)])
    assert outcomes == {1: Delivered("3373536619")}
    request = answers.requests[0]
    assert str(request.url) == tape["request"]["url"]
    assert answers.json() == tape["request"]["json"]
    for key, value in tape["request"]["headers"].items():
        assert request.headers[key] == value


async def test_late_plays_are_dated_history_grouped_as_documented() -> None:
    tape = cassette("trakt", "history_add")
    answers = Answers(played(tape))
    own = an_episode(5, ids=Ids(tvdb=349232))
    rows = [
        a_delivery(a_movie(), 1, ago_s=3600),
        a_delivery(an_episode(3), 2, ago_s=7200),
        a_delivery(an_episode(4), 3, ago_s=5400),
        a_delivery(an_episode(1, season=2), 4, ago_s=4500),
        a_delivery(own, 5, ago_s=10_800),
    ]
    assert set((await a_client(answers).submit(rows)).values()) == {Delivered()}
    assert answers.json() == tape["request"]["json"]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(a_delivery(a_movie(), ago_s=301), id="old"),
        pytest.param(a_delivery(a_movie(), unsure=True, ago_s=301), id="old and unsure"),
        pytest.param(a_delivery(a_movie(), progress_pct=60), id="counted at 60 %"),
    ],
)
async def test_what_trakt_would_date_or_count_wrongly_goes_to_history(row: Any) -> None:
    answers = Answers(added(1))
    assert await a_client(answers).submit([row]) == {1: Delivered()}
    assert answers.paths == ["POST /sync/history"]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(a_delivery(a_movie(), attempts=1), id="second attempt"),
        pytest.param(a_delivery(a_movie(), attempts=1, unsure=True), id="unsure"),
    ],
)
async def test_a_stop_that_was_not_answered_is_a_stop_again_which_trakt_keeps_once(
    row: Any,
) -> None:
    answers = Answers(httpx.Response(409, json={"watched_at": None, "expires_at": None}))
    outcomes = await a_client(answers).submit([row])
    assert outcomes == {1: Delivered(note=Reason.ALREADY_THERE)}
    assert answers.paths == ["POST /scrobble/stop"]


async def test_several_rows_are_one_request_even_when_fresh() -> None:
    answers = Answers(added(1, 1))
    rows = [a_delivery(a_movie(), 1), a_delivery(an_episode(), 2)]
    await a_client(answers).submit(rows)
    assert answers.paths == ["POST /sync/history"]


async def test_a_stop_that_only_paused_is_recorded_through_history() -> None:
    answers = Answers(stopped("pause"), added(1))
    assert await a_client(answers).submit([a_delivery(a_movie())]) == {1: Delivered()}
    assert answers.paths == ["POST /scrobble/stop", "POST /sync/history"]


@pytest.mark.parametrize(
    ("item", "media"),
    [
        (
            an_episode(3, ids=Ids(tvdb=349232)),
            {"episode": {"ids": {"tvdb": 349232}}},
        ),
        (
            an_episode(3, episode_number_end=4, ids=Ids(tvdb=349232)),
            {
                "show": {
                    "title": "Breaking Bad",
                    "year": 2008,
                    "ids": {"imdb": "tt0903747", "tmdb": 1396, "tvdb": 81189},
                },
                "episode": {"season": 1, "number": 3},
            },
        ),
        (
            an_episode(1, season=0, series=Series("S", None, Ids(tvdb=5))),
            {"show": {"title": "S", "ids": {"tvdb": 5}}, "episode": {"season": 0, "number": 1}},
        ),
    ],
)
async def test_an_episode_is_named_by_its_surest_ids(item: Item, media: dict[str, Any]) -> None:
    answers = Answers(stopped())
    await a_client(answers).submit([a_delivery(item)])
    assert answers.json() == media | {"progress": 80.0}


async def test_an_unknown_form_is_followed_by_the_next() -> None:
    answers = Answers(answer(404), stopped())
    outcomes = await a_client(answers).submit([a_delivery(an_episode(ids=Ids(tvdb=1)))])
    assert outcomes == {1: Delivered("77")}
    assert "show" in answers.json()


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer(409, {"watched_at": "x", "expires_at": "y"}), Delivered(note="already_there")),
        (answer(404), Refused("not_found")),
        (answer(200, {"id": 5, "action": "scrobble"}), Delivered("5")),
    ],
)
async def test_a_stops_answers(reply: httpx.Response, expected: Any) -> None:
    assert await a_client(Answers(reply)).submit([a_delivery(a_movie())]) == {1: expected}


@pytest.mark.parametrize(
    ("before_s", "requests"),
    [(30.0, 1), (3000.0, 2)],
    ids=["the same play", "an earlier watch of it"],
)
async def test_a_second_watch_within_the_hour_goes_to_history(
    before_s: float, requests: int
) -> None:
    watched = (START - timedelta(seconds=before_s)).isoformat()
    answers = Answers(answer(409, {"watched_at": watched, "expires_at": "y"}), added(1))
    outcomes = await a_client(answers).submit([a_delivery(a_movie())])
    assert isinstance(outcomes[1], Delivered)
    assert len(answers.requests) == requests


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (a_movie(ids=Ids()), "not_found"),
        (an_episode(series=None), "not_found"),
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


#: status, whether it names the batch, error for history of two rows, facts
WHOLE: list[tuple[str, httpx.Response | Exception, type[CompanionError], dict[str, Any]]] = [
    ("400", answer(400), BatchRefused, {}),
    ("403", answer(403), LaneBlocked, {"code": "app_key_refused"}),
    ("403 edge", answer(403, "error code: 1010"), LaneBlocked, {"code": "app_key_refused"}),
    ("404", answer(404), LaneBlocked, {"code": "wrong_address"}),
    ("404 page", answer(404, "<html>"), ServiceTrouble, {}),
    ("405", answer(405), LaneBlocked, {"code": "wrong_address"}),
    ("412", answer(412), ServiceTrouble, {}),
    ("413", answer(413), BatchRefused, {}),
    ("420", answer(420), LaneBlocked, {"code": "account_limit"}),
    ("422", answer(422), BatchRefused, {}),
    ("423", answer(423, "", {"X-Account-Locked": "true"}), LaneBlocked, {"code": "account_locked"}),
    ("426", answer(426, "", {"X-Upgrade-URL": "https://x"}), LaneBlocked, {"code": "vip_needed"}),
    ("429", answer(429, "", {"Retry-After": "10"}), RateLimited, {"retry_after_s": 10.0}),
    ("429 edge", answer(429, "<html>"), RateLimited, {"retry_after_s": None}),
    ("409", answer(409, {}), BatchRefused, {}),
    ("302", answer(302, "", {"Location": "http://portal.example"}), ServiceTrouble, {}),
    *[(str(s), answer(s, "<html>"), Unanswered, {}) for s in (500, 502, 503, 504, 520, 521, 522)],
    ("portal", PORTAL, Unanswered, {}),
    ("cut", CUT, Unanswered, {}),
    ("other shape", answer(201, []), Unanswered, {}),
    ("no counts", answer(201, {"added": 1}), Unanswered, {}),
    ("silence", httpx.ReadTimeout("late"), Unanswered, {}),
    ("no connection", httpx.ConnectTimeout("no"), Unreachable, {}),
]


@pytest.mark.parametrize(
    ("reply", "error", "facts"), [row[1:] for row in WHOLE], ids=[row[0] for row in WHOLE]
)
async def test_every_answer_to_history_has_its_error(
    reply: httpx.Response | Exception, error: type[CompanionError], facts: dict[str, Any]
) -> None:
    rows = [a_delivery(an_episode(n), n, ago_s=LATE_S) for n in (1, 2)]
    with pytest.raises(error) as caught:
        await a_client(Answers(reply)).submit(rows)
    for name, value in facts.items():
        assert getattr(caught.value, name) == value
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("reply", [answer(500), answer(502, "<html>"), PORTAL, CUT])
async def test_a_stop_without_a_usable_answer_may_have_arrived(reply: httpx.Response) -> None:
    with pytest.raises(Unanswered):
        await a_client(Answers(reply)).submit([a_delivery(a_movie())])


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer(400), Refused("invalid", "Trakt did not accept this play.")),
        (answer(409, {}), Delivered(note="already_there")),
    ],
)
async def test_a_single_late_row_has_its_own_outcome(reply: httpx.Response, expected: Any) -> None:
    outcomes = await a_client(Answers(reply)).submit([a_delivery(a_movie(), ago_s=LATE_S)])
    assert outcomes == {1: expected}


@pytest.mark.parametrize(
    ("reply", "refused", "unknown"),
    [
        pytest.param(
            added(0, 2, movies=[{"ids": {"imdb": "tt1375666"}}]), {1}, set(), id="a movie"
        ),
        pytest.param(added(1, 0, shows=[{"ids": {"tvdb": 81189}}]), {2, 3}, set(), id="a show"),
        pytest.param(
            added(
                1,
                1,
                shows=[
                    {
                        "ids": {"tvdb": "81189"},
                        "seasons": [{"number": 1, "episodes": [{"number": 4}]}],
                    }
                ],
            ),
            {3},
            set(),
            id="an episode in its show",
        ),
        pytest.param(
            added(1, 1, episodes=[{"season": 1, "number": 3, "show": {"ids": {"tmdb": 1396}}}]),
            {2},
            set(),
            id="an episode with its show",
        ),
        pytest.param(
            added(1, 0, seasons=[{"number": 1, "ids": {"tmdb": 1396}}]),
            {2, 3},
            set(),
            id="a season",
        ),
        pytest.param(added(1, 0, episodes=[{"number": 9}]), {2, 3}, set(), id="none of a kind"),
        pytest.param(added(1, 1, episodes=[{"number": 9}]), set(), {2, 3}, id="not told apart"),
        pytest.param(added(1, 1), set(), {2, 3}, id="one too few"),
        pytest.param(added(0, 2), set(), {1}, id="not counted"),
    ],
)
async def test_a_partial_success_settles_each_row(
    reply: httpx.Response, refused: set[int], unknown: set[int]
) -> None:
    rows = [a_delivery(a_movie(), 1, ago_s=LATE_S)]
    rows += [a_delivery(an_episode(n), n - 1, ago_s=LATE_S) for n in (3, 4)]
    outcomes = await a_client(Answers(reply)).submit(rows)
    assert {row for row, o in outcomes.items() if o == Refused("not_found")} == refused
    assert {row for row, o in outcomes.items() if isinstance(o, Unknown)} == unknown
    rest = {1, 2, 3} - refused - unknown
    assert {row for row, o in outcomes.items() if o == Delivered()} == rest


@pytest.mark.parametrize(
    ("attempts", "ends"), [(0, False), (1, False), (2, False), (3, True), (9, True)]
)
async def test_a_play_that_trakt_never_counts_is_not_sent_for_ever(
    attempts: int, ends: bool
) -> None:
    row = a_delivery(an_episode(3), ago_s=LATE_S, attempts=attempts)
    (outcome,) = (await a_client(Answers(added())).submit([row])).values()
    says = "Trakt took 0 of 1 plays."
    ignored, unsure = Refused(Reason.IGNORED, says), Unknown(Reason.UNANSWERED, says)
    assert outcome == (ignored if ends else unsure)
    # Where some were added, nobody knows which.
    rows = [row, a_delivery(an_episode(4), 2, ago_s=LATE_S)]
    outcomes = await a_client(Answers(added(0, 1))).submit(rows)
    assert {type(one) for one in outcomes.values()} == {Unknown}


async def test_reading_back_finds_the_play() -> None:
    tape = cassette("trakt", "history_read")
    answers = Answers(played(tape))
    found = await a_client(answers).find(a_delivery(a_movie(), unsure=True))
    assert found == "1982346"
    url = answers.requests[0].url
    assert url.path == "/sync/history/movies"
    assert url.params["start_at"] == "2026-03-01T19:57:00.000Z"


def a_line(at: str, action: str = "scrobble", **what: Any) -> dict[str, Any]:
    shown = {"show": {"ids": {"tvdb": 81189}}, "episode": {"season": 1, "number": 3, "ids": {}}}
    return {"id": 9, "watched_at": at, "action": action} | (what or shown)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], None),
        ([a_line("2026-03-01T20:03:00.000Z")], "9"),
        ([a_line("2026-03-01T20:00:00.000Z", "watch")], "9"),
        ([a_line("2026-03-01T20:03:00.000Z", "watch")], None),
        ([a_line("2026-03-01T20:20:00.000Z")], None),
        ([a_line("2026-03-01T20:00:00.000Z", episode={"season": 1, "number": 3})], None),
        ([a_line("x")], None),
        ([a_line("2026-03-01T20:00:00")], None),
        (["nonsense", {"id": 3}], None),
        (
            [
                a_line(
                    "2026-03-01T20:01:00Z",
                    show={"ids": {"tmdb": 1396}},
                    episode={"season": 1, "number": 4},
                )
            ],
            None,
        ),
    ],
)
async def test_reading_back_takes_only_the_same_play(lines: Any, found: str | None) -> None:
    client = a_client(Answers(answer(200, lines)))
    assert await client.find(a_delivery(an_episode(3), unsure=True)) == found


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (PORTAL, ServiceTrouble),
        (answer(200, {"a": 1}), ServiceTrouble),
        (answer(503), ServiceTrouble),
        (answer(429), RateLimited),
    ],
)
async def test_reading_back_never_takes_nonsense_for_absence(
    reply: httpx.Response, error: type[CompanionError]
) -> None:
    with pytest.raises(error):
        await a_client(Answers(reply)).find(a_delivery(a_movie(), unsure=True))


@pytest.mark.parametrize(
    ("action", "progress", "path", "sent"),
    [
        (LiveAction.START, 0.0, "/scrobble/start", 0.0),
        (LiveAction.START, 85.0, "/scrobble/start", 85.0),
        (LiveAction.PAUSE, 12.345, "/scrobble/pause", 12.35),
        (LiveAction.STOP, 61.0, "/scrobble/stop", 61.0),
        # The user counts from 90 %: nothing of this may reach their history.
        (LiveAction.STOP, 85.0, "/scrobble/pause", 79.9),
        (LiveAction.PAUSE, 85.0, "/scrobble/pause", 79.9),
        (LiveAction.STOP, 0.5, "", 0),
    ],
)
async def test_live_notices_never_carry_what_trakt_would_count(
    action: LiveAction, progress: float, path: str, sent: float
) -> None:
    answers = Answers(stopped("pause", 0))
    await a_client(answers).live(a_notice(action, a_movie(), progress))
    assert answers.paths == ([f"POST {path}"] if path else [])
    if path:
        assert answers.json()["progress"] == sent


@pytest.mark.parametrize("status", [404, 409, 422])
async def test_a_live_notice_that_changed_nothing_is_no_trouble(status: int) -> None:
    await a_client(Answers(answer(status))).live(a_notice(LiveAction.START, a_movie()))


async def test_writes_are_a_second_apart() -> None:
    clock = QuickClock()
    answers = Answers(added(1))
    client = Trakt(answers.http, clock, {}).client(an_account("trakt"), MemorySlot(SECRET))
    for _ in range(4):
        await client.submit([a_delivery(a_movie(), ago_s=LATE_S)])
    assert sum(clock.slept_s) == pytest.approx(3.0, abs=0.01)


async def test_a_401_is_refreshed_once_and_the_request_repeated() -> None:
    slot = MemorySlot(SECRET)
    fresh = {"access_token": "newer", "refresh_token": "next", "expires_in": 604_800}
    answers = Answers(answer(401), answer(200, fresh), added(1))
    outcomes = await a_client(answers, slot).submit([a_delivery(a_movie(), ago_s=LATE_S)])
    assert outcomes == {1: Delivered()}
    assert slot.secret == Secret("newer", "next", START + timedelta(days=7), "an-app")
    assert answers.json(1) == {
        "grant_type": "refresh_token",
        "refresh_token": "a-refresh",
        "client_id": "an-app",
        "redirect_uri": "urn:ietf:wg:oauth:2.0:oob",
    }
    assert answers.requests[1].url.host == "auth.trakt.tv"
    assert answers.requests[2].headers["authorization"] == "Bearer newer"


async def test_a_401_after_a_refresh_ends_the_link() -> None:
    fresh = {"access_token": "newer", "refresh_token": "next", "expires_in": 604_800}
    answers = Answers(answer(401), answer(200, fresh), answer(401))
    with pytest.raises(LinkExpired):
        await a_client(answers).submit([a_delivery(a_movie(), ago_s=LATE_S)])
    assert len(answers.requests) == 3


async def test_whoami_and_revoke() -> None:
    user = await a_client(Answers(played(cassette("trakt", "users_settings")))).whoami()
    assert (user.id, user.name) == ("b6589fc6ab0dc82cf12099d1c2d40ab994e8410c", "justin")
    answers = Answers(answer(200))
    await a_client(answers).revoke()
    assert str(answers.requests[0].url) == "https://auth.trakt.tv/oauth/revoke"
    assert answers.json() == {"token": TOKEN, "client_id": "an-app"}


CODE = played(cassette("trakt", "device_code"))
WHO = played(cassette("trakt", "users_settings"))
TOKENS = answer(
    200, {"access_token": TOKEN, "refresh_token": "r", "expires_in": 604_800, "scope": "public"}
)


async def _link(*replies: httpx.Response | Exception) -> tuple[Any, Answers, Prompts, QuickClock]:
    answers, prompts, clock = Answers(*replies), Prompts(), QuickClock()
    service = Trakt(answers.http, clock, {"TRAKT_CLIENT_ID": "an-app"})
    return await service.link(LinkRequest(), prompts), answers, prompts, clock


async def test_linking_shows_the_code_and_waits_for_the_approval() -> None:
    linked, answers, prompts, clock = await _link(
        CODE,
        answer(400),
        answer(429),
        answer(503, "<html>"),
        httpx.ReadTimeout("late"),
        TOKENS,
        answer(502),
        WHO,
    )
    assert answers.json(0) == {"client_id": "an-app"}
    assert answers.json(1) == {"code": "a-device", "client_id": "an-app"}
    shown = prompts.shown[0]
    assert (shown.url, shown.code) == ("https://auth.trakt.tv/activate", "5055CC52")
    assert shown.complete_url == "https://auth.trakt.tv/activate/5055CC52"
    assert clock.slept_s[:5] == [5, 5, 10, 10, 10]
    assert linked.user.name == "justin"
    assert linked.secret == Secret(TOKEN, "r", linked.secret.expires_at, "an-app")
    assert (linked.client_id, linked.api_url) == ("", "")


@pytest.mark.parametrize("status", [401, 403, 404, 409, 410, 418])
async def test_an_ended_approval_refuses_the_link(status: int) -> None:
    with pytest.raises(LinkRefused):
        await _link(CODE, answer(status))


async def test_a_code_nobody_typed_runs_out() -> None:
    with pytest.raises(LinkRefused, match="in time"):
        await _link(CODE, answer(400))


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(401, {"error": "invalid_client"}), LinkRefused),
        (answer(403), LinkRefused),
        (PORTAL, ServiceTrouble),
        (answer(500), ServiceTrouble),
        (answer(429), RateLimited),
        (answer(200, {"device_code": 1}), ServiceTrouble),
        (httpx.ConnectError("no"), Unreachable),
    ],
)
async def test_no_code_no_link(
    reply: httpx.Response | Exception, error: type[CompanionError]
) -> None:
    with pytest.raises(error):
        await _link(reply)


async def test_a_page_that_is_not_safe_is_never_shown() -> None:
    tape = cassette("trakt", "device_code")
    tape["response"]["json"]["verification_url"] = "file:///etc/passwd"
    _, _, prompts, _ = await _link(played(tape), TOKENS, WHO)
    assert prompts.shown[0].url == "https://auth.trakt.tv/activate"


async def test_without_a_client_id_two_sentences_say_what_to_do() -> None:
    service = Trakt(Answers(CODE).http, QuickClock(), {})
    with pytest.raises(LinkRefused, match="TRAKT_CLIENT_ID") as caught:
        await service.link(LinkRequest(), Prompts())
    assert str(caught.value).count(". ") == 1


async def test_addresses_come_from_the_account_then_the_environment() -> None:
    environ = {
        "REVENGE_COMPANION_TRAKT_API_URL": "https://api.example/",
        "REVENGE_COMPANION_TRAKT_AUTH_URL": "https://auth.example",
    }
    answers = Answers(added(1))
    service = Trakt(answers.http, QuickClock(), environ)
    own = an_account("trakt", api_url="https://own.example")
    for account in (an_account("trakt"), own):
        client = service.client(account, MemorySlot(SECRET))
        client.once.learn({})
        await client.submit([a_delivery(a_movie(), ago_s=LATE_S)])
        await client.revoke()
    hosts = [host for host, _ in groupby(request.url.host for request in answers.requests)]
    assert hosts == ["api.example", "auth.example", "own.example", "auth.example"]


async def test_a_prepared_refresh_leaves_the_row_alone() -> None:
    soon = replace(SECRET, expires_at=START + timedelta(hours=1))
    fresh = {"access_token": "newer", "refresh_token": "next", "expires_in": 604_800}
    answers = Answers(answer(200, fresh), added(1))
    await a_client(answers, MemorySlot(soon)).submit([a_delivery(a_movie(), ago_s=LATE_S)])
    assert answers.paths == ["POST /oauth/token", "POST /sync/history"]
