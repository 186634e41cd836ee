"""ListenBrainz: payloads, every documented answer, batches, compatible servers, linking."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
import respx

from revenge_companion.core.delivery import Delivered, Outcome, Refused, TryLater, Unknown
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
from revenge_companion.core.media import Kind, MusicIds
from revenge_companion.net.http import Http
from revenge_companion.services.base import LinkRequest, Secret
from revenge_companion.services.listenbrainz import payload
from revenge_companion.services.listenbrainz.client import ListenBrainzClient
from revenge_companion.services.listenbrainz.service import ListenBrainz
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
    answer,
    cassette,
    many_tracks,
    played,
)

OK = answer(200, {"status": "ok"})
RECORDING = "52f8f9ee-1ab2-4c52-9ac5-1c1d1f8e4f6a"


def a_client(
    answers: Answers, environ: Mapping[str, str] | None = None, **account: Any
) -> ListenBrainzClient:
    service = ListenBrainz(answers.http, QuickClock(), environ or {})
    return service.client(an_account("listenbrainz", **account), MemorySlot(Secret(TOKEN)))


@respx.mock
async def test_one_listen_is_sent_as_documented() -> None:
    tape = cassette("listenbrainz", "submit_single")
    sent = respx.post(tape["request"]["url"]).mock(return_value=played(tape))
    http = Http()
    client = ListenBrainz(http, QuickClock(), {}).client(
        an_account("listenbrainz"), MemorySlot(Secret(TOKEN))
    )
    row = a_delivery(a_track(music_ids=MusicIds(recording_mbid=RECORDING)))
    assert await client.submit([row]) == {1: Delivered()}
    request = sent.calls.last.request
    assert _json(request) == tape["request"]["json"]
    for key, value in tape["request"]["headers"].items():
        assert request.headers[key] == value
    assert request.headers["user-agent"].startswith("RevengeCompanion/")
    await http.close()


def _json(request: httpx.Request) -> Any:
    import json

    return json.loads(request.content)


async def test_ten_thousand_listens_take_ten_requests() -> None:
    answers = Answers(OK)
    client = a_client(answers)
    rows = many_tracks(10_000)
    for start in range(0, 10_000, 1000):
        outcomes = await client.submit(rows[start : start + 1000])
        assert set(outcomes.values()) == {Delivered()}
    assert len(answers.requests) == 10
    assert answers.json()["listen_type"] == "import"
    assert all(len(request.content) <= 10_240_000 for request in answers.requests)


async def test_plays_of_any_age_go_a_thousand_at_once() -> None:
    answers = Answers(OK)
    client = a_client(answers)
    rows = [a_delivery(a_track(n), n, ago_s=n * 300_000.0) for n in range(1, 2_001)]
    for start in range(0, 2_000, 1000):
        outcomes = await client.submit(rows[start : start + 1000])
        assert set(outcomes.values()) == {Delivered()}
    assert [answers.json(n)["listen_type"] for n in range(2)] == ["import"] * 2
    assert answers.json()["payload"][-1]["listened_at"] < 1_172_400_000


async def test_an_exported_play_does_not_claim_to_be_ours() -> None:
    answers = Answers(OK)
    row = a_delivery(a_track())
    await a_client(answers).submit([replace(row, scrobble=replace(row.scrobble, played_s=0.0))])
    more = answers.json()["payload"][0]["track_metadata"]["additional_info"]
    assert "media_player" not in more
    assert "duration_played" not in more
    assert more["submission_client"] == "Revenge Companion"


async def test_the_longest_names_stay_under_the_servers_size() -> None:
    answers = Answers(OK)
    long = "\N{GRINNING FACE}" * 20_000
    item = a_track(
        title=long,
        artist=long,
        album=long,
        album_artist=long,
        artists=(long,) * 500,
        music_ids=MusicIds(RECORDING, RECORDING, RECORDING, (RECORDING,) * 500),
    )
    await a_client(answers).submit([a_delivery(item)])
    assert len(answers.requests[0].content) <= 20_480


@pytest.mark.parametrize(
    ("item", "absent"),
    [
        (a_track(duration_s=None), "duration_ms"),
        (a_track(duration_s=0.0), "duration_ms"),
        (a_track(duration_s=3e9), "duration_ms"),
        (a_track(music_ids=MusicIds(recording_mbid="no")), "recording_mbid"),
        (a_track(track_number=None), "tracknumber"),
    ],
)
def test_what_would_be_refused_is_left_out(item: Any, absent: str) -> None:
    body = payload.playing_now(item)
    assert absent not in body["track_metadata"]["additional_info"]
    assert "listened_at" not in body


async def test_nul_is_never_sent() -> None:
    answers = Answers(OK)
    await a_client(answers).submit([a_delivery(a_track(title="a\0b", album="\0"))])
    metadata = answers.json()["payload"][0]["track_metadata"]
    assert metadata["track_name"] == "ab"
    assert "release_name" not in metadata


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (a_track(artist=None), "invalid"),
        (a_track(title=" "), "invalid"),
        (a_movie(), "not_taken"),
    ],
)
async def test_a_row_that_cannot_be_a_listen_is_refused_without_a_request(
    item: Any, code: str
) -> None:
    answers = Answers(OK)
    outcome = (await a_client(answers).submit([a_delivery(item)]))[1]
    assert isinstance(outcome, Refused)
    assert outcome.code == code
    assert not answers.requests


async def test_the_listen_a_refusal_names_is_parked_and_the_rest_sent_again() -> None:
    answers = Answers(played(cassette("listenbrainz", "refused_listen")), OK)
    outcomes = await a_client(answers).submit(many_tracks(3))
    assert outcomes[1] == outcomes[3] == Delivered()
    assert outcomes[2] == Refused("invalid", 'artist_mbids: "x" is not a valid UUID.')
    assert len(answers.requests) == 2
    assert len(answers.json()["payload"]) == 2


async def test_what_follows_a_named_refusal_keeps_the_refusal() -> None:
    answers = Answers(played(cassette("listenbrainz", "refused_listen")), answer(503))
    outcomes = await a_client(answers).submit(many_tracks(3))
    assert isinstance(outcomes[2], Refused)
    assert isinstance(outcomes[1], TryLater)
    assert isinstance(outcomes[3], TryLater)


async def test_a_listen_from_the_future_says_so() -> None:
    tape = cassette("listenbrainz", "refused_listen")["response"]["json"]
    tape["error"] = "Value for key listened_at is too high: timestamp in the future."
    outcomes = await a_client(Answers(answer(400, tape), OK)).submit(many_tracks(2))
    assert isinstance(outcomes[2], Refused)
    assert outcomes[2].code == "too_new"


WHOLE: list[tuple[str, httpx.Response | Exception, type[CompanionError], dict[str, Any]]] = [
    ("400 naming no row", answer(400, {"code": 400, "error": "bad"}), BatchRefused, {}),
    ("400 of a proxy", answer(400, "<html>"), ServiceTrouble, {}),
    ("401", answer(401, {"code": 401, "error": "Invalid authorization token."}), LinkExpired, {}),
    (
        "401 without a confirmed address",
        answer(401, {"code": 401, "error": "The user has not verified their email."}),
        LaneBlocked,
        {"code": "account_locked"},
    ),
    (
        "401 paused",
        answer(401, {"code": 401, "error": "User account is paused"}),
        LaneBlocked,
        {"code": "account_locked"},
    ),
    ("403", answer(403, {"code": 403, "error": "no"}), LaneBlocked, {"code": "account_locked"}),
    ("404", answer(404, "<html>"), LaneBlocked, {"code": "wrong_address"}),
    ("405", answer(405), LaneBlocked, {"code": "wrong_address"}),
    ("410", answer(410), LaneBlocked, {"code": "wrong_address"}),
    (
        "no endpoint",
        answer(409, {"error": "No endpoint matched"}),
        LaneBlocked,
        {"code": "wrong_address"},
    ),
    ("413", answer(413, "<html>"), BatchRefused, {}),
    (
        "429",
        answer(429, {"code": 429, "error": "slow"}, {"X-RateLimit-Reset-In": "4"}),
        RateLimited,
        {"retry_after_s": 4.0},
    ),
    ("429 bare", answer(429, "", {"Retry-After": "9"}), RateLimited, {"retry_after_s": 9.0}),
    ("500", answer(500, {"code": 500, "error": "x"}), ServiceTrouble, {}),
    ("503", answer(503, "<html>"), ServiceTrouble, {}),
    ("redirect", answer(302, "", {"Location": "http://portal.example/"}), ServiceTrouble, {}),
    ("portal", PORTAL, ServiceTrouble, {}),
    ("cut", CUT, ServiceTrouble, {}),
    ("other shape", answer(200, ["ok"]), ServiceTrouble, {}),
    ("empty", answer(200, ""), ServiceTrouble, {}),
    (
        "invalid method",
        answer(200, {"code": 200, "error": "Invalid Method"}),
        LaneBlocked,
        {"code": "wrong_address"},
    ),
    ("no connection", httpx.ConnectError("no"), Unreachable, {}),
    ("silence", httpx.ReadTimeout("late"), Unanswered, {}),
    ("broken", httpx.ReadError("reset"), Unanswered, {}),
]


@pytest.mark.parametrize(
    ("reply", "error", "facts"), [row[1:] for row in WHOLE], ids=[row[0] for row in WHOLE]
)
async def test_every_answer_about_the_whole_request_has_its_error(
    reply: httpx.Response | Exception, error: type[CompanionError], facts: dict[str, Any]
) -> None:
    with pytest.raises(error) as caught:
        await a_client(Answers(reply)).submit(many_tracks(2))
    for name, value in facts.items():
        assert getattr(caught.value, name) == value
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer(400, {"code": 400, "error": "bad"}), Refused("invalid", "bad")),
        (answer(409, {"error": "another play"}), Refused("invalid", "another play")),
        (
            answer(413),
            Refused("invalid", "ListenBrainz refused the size of this request."),
        ),
        (answer(200, {"status": "ok", "more": 1}), Delivered()),
    ],
)
async def test_a_refusal_of_a_single_row_is_its_own(
    reply: httpx.Response, expected: Outcome
) -> None:
    assert await a_client(Answers(reply)).submit([a_delivery(a_track())]) == {1: expected}


async def test_the_gate_obeys_the_servers_window() -> None:
    clock = QuickClock()
    answers = Answers(
        answer(200, {"status": "ok"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-In": "7"})
    )
    service = ListenBrainz(answers.http, clock, {})
    client = service.client(an_account("listenbrainz"), MemorySlot(Secret(TOKEN)))
    await client.submit([a_delivery(a_track())])
    assert not clock.slept_s
    await client.submit([a_delivery(a_track())])
    assert sum(clock.slept_s) >= 7


@pytest.mark.parametrize(
    ("typed", "submit"),
    [
        ("https://lb.example", "https://lb.example/1/submit-listens"),
        ("https://lb.example/", "https://lb.example/1/submit-listens"),
        ("https://lb.example/1/", "https://lb.example/1/submit-listens"),
        ("https://lb.example/1/submit-listens", "https://lb.example/1/submit-listens"),
        (
            "https://m.example/apis/listenbrainz",
            "https://m.example/apis/listenbrainz/1/submit-listens",
        ),
        ("https://s.example/api/listenbrainz/me", "https://s.example/api/listenbrainz/me"),
    ],
)
def test_an_address_is_taken_however_it_was_typed(typed: str, submit: str) -> None:
    assert payload.submit_url(payload.root(typed)) == submit


async def test_a_compatible_server_gets_listens_one_by_one() -> None:
    answers = Answers(OK)
    client = a_client(answers, api_url="https://m.example/apis/listenbrainz")
    outcomes = await client.submit(many_tracks(3))
    assert set(outcomes.values()) == {Delivered()}
    assert [answers.json(n)["listen_type"] for n in range(3)] == ["single"] * 3


async def test_a_server_that_takes_any_token_gets_listens_one_by_one() -> None:
    answers = Answers(answer(200, {"code": 200, "valid": True, "user_name": "x"}), OK)
    client = a_client(answers, api_url="https://s.example")
    assert set((await client.submit(many_tracks(2))).values()) == {Delivered()}
    assert len(answers.requests) == 3
    assert TOKEN not in str(answers.requests[0].headers)


async def test_an_own_listenbrainz_gets_batches() -> None:
    answers = Answers(answer(200, {"code": 200, "valid": False}), OK)
    client = a_client(answers, api_url="https://own.example")
    for _ in range(2):
        assert set((await client.submit(many_tracks(2))).values()) == {Delivered()}
    assert answers.paths == ["GET /1/validate-token", *["POST /1/submit-listens"] * 2]


async def test_an_address_from_the_environment_counts_as_the_service_itself() -> None:
    answers = Answers(OK)
    client = a_client(answers, {"REVENGE_COMPANION_LISTENBRAINZ_API_URL": "https://e.example/"})
    await client.submit(many_tracks(2))
    assert [str(request.url) for request in answers.requests] == [
        "https://e.example/1/submit-listens"
    ]


async def test_singles_keep_what_arrived_before_trouble() -> None:
    answers = Answers(OK, answer(409, {"error": "other track"}), httpx.ReadTimeout("late"))
    client = a_client(answers, api_url="https://m.example/apis/listenbrainz")
    outcomes = await client.submit(many_tracks(4))
    assert outcomes[1] == Delivered()
    assert outcomes[2] == Refused("invalid", "other track")
    assert isinstance(outcomes[3], Unknown)
    assert outcomes[4] == TryLater("", "", 0.0, counts=False)


async def test_a_long_run_of_singles_comes_back_in_parts() -> None:
    answers = Answers(OK)
    client = a_client(answers, api_url="https://m.example/apis/listenbrainz")
    outcomes = await client.submit(many_tracks(200))
    assert sum(outcome == Delivered() for outcome in outcomes.values()) == 50
    assert len(outcomes) == 200


async def test_now_playing_is_shown_at_start_only_and_undated() -> None:
    answers = Answers(OK)
    client = a_client(answers)
    for action in LiveAction:
        await client.live(a_notice(action, a_track()))
    assert len(answers.requests) == 1
    assert answers.json()["listen_type"] == "playing_now"
    assert "listened_at" not in answers.json()["payload"][0]


async def test_a_podcast_goes_by_its_shows_name() -> None:
    answers = Answers(OK)
    item = replace(a_track(artist=None), kind=Kind.PODCAST, show="Radio Lab", title="Bees")
    await a_client(answers).submit([a_delivery(item)])
    metadata = answers.json()["payload"][0]["track_metadata"]
    assert (metadata["artist_name"], metadata["track_name"]) == ("Radio Lab", "Bees")


async def test_whoami_tells_the_name_and_an_ended_link() -> None:
    valid = answer(200, {"code": 200, "valid": True, "user_name": "rob ert"})
    user = await a_client(Answers(valid)).whoami()
    assert user.profile_url == "https://listenbrainz.org/user/rob%20ert/"
    with pytest.raises(LinkExpired):
        await a_client(Answers(answer(200, {"code": 200, "valid": False}))).whoami()


async def test_a_missing_secret_is_an_ended_link() -> None:
    service = ListenBrainz(Answers(OK).http, QuickClock(), {})
    client = service.client(an_account("listenbrainz"), MemorySlot())
    with pytest.raises(LinkExpired):
        await client.submit([a_delivery(a_track())])


async def test_linking_checks_the_token() -> None:
    answers = Answers(answer(200, {"code": 200, "valid": True, "user_name": "rob"}))
    service = ListenBrainz(answers.http, QuickClock(), {})
    linked = await service.link(LinkRequest(secret=f" {TOKEN}\n"), Prompts())
    assert (linked.user.id, linked.secret.access, linked.api_url) == ("rob", TOKEN, "")
    assert answers.requests[0].headers["authorization"] == f"Token {TOKEN}"
    assert TOKEN not in repr(linked)


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        (LinkRequest(secret=TOKEN), answer(200, {"code": 200, "valid": False})),
        (LinkRequest(secret=TOKEN), answer(401, {"error": "x"})),
        (LinkRequest(secret=""), OK),
        (LinkRequest(secret="two words"), OK),
        (LinkRequest(secret="a\r\nX: y"), OK),
        (LinkRequest(secret=TOKEN, api_url="https://x.example"), answer(404, "<html>")),
        (LinkRequest(secret=TOKEN, api_url="https://x.example"), answer(200, {"a": 1})),
        (LinkRequest(secret=TOKEN, api_url="http://x.example"), OK),
    ],
)
async def test_linking_refuses_with_a_sentence(
    request_: LinkRequest, reply: httpx.Response
) -> None:
    service = ListenBrainz(Answers(reply).http, QuickClock(), {})
    with pytest.raises(LinkRefused) as caught:
        await service.link(request_, Prompts())
    assert str(caught.value).endswith(".")
    assert TOKEN not in str(caught.value)


async def test_a_web_page_is_not_linked() -> None:
    with pytest.raises(ServiceTrouble, match="web page"):
        await ListenBrainz(Answers(PORTAL).http, QuickClock(), {}).link(
            LinkRequest(secret=TOKEN), Prompts()
        )


async def test_a_complete_address_that_cannot_be_checked_is_linked_by_its_name() -> None:
    url = "https://s.example/api/listenbrainz/me"
    service = ListenBrainz(Answers(answer(405)).http, QuickClock(), {})
    linked = await service.link(LinkRequest(secret=TOKEN, api_url=url), Prompts())
    assert linked.user.id == "s.example/api/listenbrainz/me"
    assert linked.api_url == url
