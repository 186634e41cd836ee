"""Last.fm: signatures, every documented answer, batches, compatible servers, linking."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from revenge_companion.core.delivery import Delivered, Refused, TryLater, Unknown
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
from revenge_companion.core.media import Kind, MusicIds
from revenge_companion.services.base import LinkRequest, Secret
from revenge_companion.services.lastfm import payload
from revenge_companion.services.lastfm.client import LastFmClient
from revenge_companion.services.lastfm.service import LastFm
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

KEYS = {"LASTFM_API_KEY": "a-key", "LASTFM_API_SECRET": "a-shared-one"}
GNU = "https://fm.example/2.0"
MALOJA = "https://m.example/apis/audioscrobbler/2.0"
DAY_S = 86_400.0
FILTERS = "It filters the artist or the album, or the play was too short or too old."


def taken(*codes: int, accepted: int | None = None) -> httpx.Response:
    """The answer to as many scrobbles as there are codes."""
    rows = [{"timestamp": "1", "ignoredMessage": {"code": str(c), "#text": ""}} for c in codes]
    count = codes.count(0) if accepted is None else accepted
    attributes = {"accepted": count, "ignored": len(codes) - count}
    body = {"scrobble": rows[0] if len(rows) == 1 else rows, "@attr": attributes}
    return answer(200, {"scrobbles": body})


def failed(code: object, status: int = 200, **headers: str) -> httpx.Response:
    return answer(status, {"error": code, "message": "prose"}, headers)


def a_client(
    answers: Answers, environ: Mapping[str, str] | None = None, **account: Any
) -> LastFmClient:
    service = LastFm(answers.http, QuickClock(), KEYS if environ is None else environ)
    known = {"remote_name": "rj"} | account
    return service.client(an_account("lastfm", **known), MemorySlot(Secret(TOKEN)))


def test_a_signature_is_the_documented_one() -> None:
    parameters = {
        "api_key": "xxxxxxxxxx",
        "method": "auth.getSession",
        "token": "yyyyyy",
        "format": "json",
    }
    signed = payload.signed(parameters, "ilovecher")
    assert signed["api_sig"] == "b87d61da3cda91a8b6746c4aef55d6f8"


def test_names_are_signed_in_ascii_order() -> None:
    parameters = {"method": "track.scrobble", "api_key": "KEY", "sk": "SK", "format": "json"}
    for index in (0, 1, 10):
        parameters[f"artist[{index}]"] = f"Bj\u00f6rk{index}"
        parameters[f"track[{index}]"] = f"T{index}"
        parameters[f"timestamp[{index}]"] = str(1_700_000_000 + index)
    parameters |= {"album[0]": "Homogenic", "albumArtist[0]": "Bj\u00f6rk"}
    signed = payload.signed(parameters, "SECRET")
    assert signed["api_sig"] == "60c9625dc4fee71e52f8fef9b18052ae"


async def test_one_scrobble_is_sent_as_documented() -> None:
    tape = cassette("lastfm", "scrobble_single")
    answers = Answers(played(tape))
    assert await a_client(answers).submit([a_delivery(a_track())]) == {1: Delivered()}
    request = answers.requests[0]
    assert str(request.url) == tape["request"]["url"]
    form = answers.form()
    assert len(form.pop("api_sig")) == 32
    assert form == tape["request"]["form"]
    assert request.headers["content-type"] == tape["request"]["headers"]["content-type"]


async def test_ten_thousand_scrobbles_take_two_hundred_requests() -> None:
    answers = Answers(taken(*[0] * 50))
    client = a_client(answers)
    rows = many_tracks(10_000)
    for start in range(0, 10_000, 50):
        outcomes = await client.submit(rows[start : start + 50])
        assert set(outcomes.values()) == {Delivered()}
    assert len(answers.requests) == 200
    assert "artist[49]" in answers.form()
    assert "artist[50]" not in answers.form()


@pytest.mark.parametrize(
    ("item", "absent"),
    [
        (a_track(duration_s=None), "duration"),
        (a_track(duration_s=29.0), "duration"),
        (a_track(duration_s=4000.0), "duration"),
        (a_track(album="Unknown Album"), "album"),
        (a_track(album_artist="Various Artists"), "albumArtist"),
        (a_track(album_artist="VA"), "albumArtist"),
        (a_track(album_artist="Low"), "albumArtist"),
        (
            a_track(music_ids=MusicIds(recording_mbid="52f8f9ee-1ab2-4c52-9ac5-1c1d1f8e4f6a")),
            "mbid",
        ),
        (a_track(track_number=None), "trackNumber"),
    ],
)
def test_what_draws_a_refusal_is_left_out(item: Any, absent: str) -> None:
    fields = payload.now_playing(item)
    assert absent not in fields
    assert all(fields.values())


async def test_each_ignored_row_has_its_own_outcome() -> None:
    answers = Answers(played(cassette("lastfm", "scrobble_partly_ignored")))
    outcomes = await a_client(answers).submit(many_tracks(7))
    assert outcomes == {
        1: Delivered(),
        2: Refused("ignored", "Artist was ignored"),
        3: Refused("ignored", "It filters this track."),
        4: Refused("too_old"),
        5: Refused("too_new"),
        6: TryLater("quota", "Daily limit", 21_600.0, counts=False),
        7: Refused("ignored", "The number of its reason is 42."),
    }


async def test_a_day_that_is_full_holds_the_lane_for_hours() -> None:
    with pytest.raises(QuotaExhausted) as caught:
        await a_client(Answers(taken(5, 5))).submit(many_tracks(2))
    assert caught.value.retry_after_s is not None
    assert caught.value.retry_after_s >= 3600


async def test_a_scrobble_past_its_age_is_parked_without_a_request() -> None:
    answers = Answers(taken(0))
    rows = [a_delivery(a_track(1), 1, ago_s=14 * DAY_S), a_delivery(a_track(2), 2, ago_s=DAY_S)]
    assert await a_client(answers).submit(rows) == {1: Refused("too_old"), 2: Delivered()}
    assert len(answers.requests) == 1
    own = Answers(taken(0))
    assert await a_client(own, api_url=GNU).submit(rows[:1]) == {1: Delivered()}


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (a_track(artist=None), "invalid"),
        (a_track(title=""), "invalid"),
        (a_movie(), "not_taken"),
    ],
)
async def test_a_row_that_cannot_be_a_scrobble_is_refused_without_a_request(
    item: Any, code: str
) -> None:
    answers = Answers(taken(0))
    outcome = (await a_client(answers).submit([a_delivery(item)]))[1]
    assert isinstance(outcome, Refused)
    assert outcome.code == code
    assert not answers.requests


WHOLE: list[tuple[str, httpx.Response | Exception, type[CompanionError], dict[str, Any]]] = [
    *[(f"error {c}", failed(c), ServiceTrouble, {}) for c in (1, 2, 5, 8, 11, 16, 19, 20, 28, 99)],
    *[(f"error {c}", failed(c, 403), LinkExpired, {}) for c in (4, 9, 14, 15, 17)],
    *[
        (f"error {c}", failed(c, 403), LaneBlocked, {"code": "app_key_refused"})
        for c in (10, 13, 26)
    ],
    *[(f"error {c}", failed(c), LaneBlocked, {"code": "wrong_address"}) for c in (3, 27)],
    *[(f"error {c}", failed(c, 400), BatchRefused, {}) for c in (6, 7)],
    ("error 12", failed(12), LaneBlocked, {"code": "vip_needed"}),
    ("error 29", failed(29, 429), QuotaExhausted, {"retry_after_s": 3600.0}),
    (
        "error 29 told",
        answer(429, {"error": 29, "message": "x"}, {"Retry-After": "900"}),
        QuotaExhausted,
        {"retry_after_s": 900.0},
    ),
    ("error as text", failed("8", 500), ServiceTrouble, {}),
    ("error as object", failed({"#text": "no", "code": "9"}), LinkExpired, {}),
    ("429 bare", answer(429, "", {"Retry-After": "5"}), RateLimited, {"retry_after_s": 5.0}),
    ("413", answer(413), BatchRefused, {}),
    ("404", answer(404, "<html>"), ServiceTrouble, {}),
    ("500", answer(500, "<html>"), ServiceTrouble, {}),
    ("503", answer(503), ServiceTrouble, {}),
    ("302", answer(302), ServiceTrouble, {}),
    ("portal", PORTAL, ServiceTrouble, {}),
    ("cut", CUT, ServiceTrouble, {}),
    ("other shape", answer(200, [1]), ServiceTrouble, {}),
    ("nothing told", answer(200, {"scrobbles": {}}), ServiceTrouble, {}),
    ("too few rows", taken(0), BatchRefused, {}),
    ("fewer taken than told", taken(0, 0, accepted=1), BatchRefused, {}),
    ("silence", httpx.ReadTimeout("late"), Unanswered, {}),
    ("no connection", httpx.ConnectError("no"), Unreachable, {}),
]


@pytest.mark.parametrize(
    ("reply", "error", "facts"), [row[1:] for row in WHOLE], ids=[row[0] for row in WHOLE]
)
async def test_every_answer_about_the_whole_request_has_its_error(
    reply: httpx.Response | Exception, error: type[CompanionError], facts: dict[str, Any]
) -> None:
    with pytest.raises(error) as caught:
        await a_client(Answers(reply)).submit(many_tracks(2))
    assert type(caught.value) is error
    for name, value in facts.items():
        assert getattr(caught.value, name) == value
    assert TOKEN not in str(caught.value)
    assert "None" not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (failed(6), Refused("invalid", "prose")),
        (failed(7), Refused("invalid", "prose")),
        (taken(1), Refused("ignored", FILTERS)),
        (taken(0, accepted=0), Refused("ignored", FILTERS)),
        (answer(200, {"scrobbles": {"@attr": {"accepted": 1, "ignored": 0}}}), Delivered()),
        (
            answer(200, {"scrobbles": {"@attr": {"accepted": "0", "ignored": "1"}}}),
            Refused("ignored", FILTERS),
        ),
    ],
)
async def test_a_single_row_has_its_own_outcome(reply: httpx.Response, expected: Any) -> None:
    assert await a_client(Answers(reply)).submit([a_delivery(a_track())]) == {1: expected}


async def test_taken_without_a_word_of_why_not_is_no_delivery() -> None:
    body = {"scrobble": {"ignoredMessage": {"code": "0"}}, "@attr": {"accepted": 0, "ignored": 0}}
    with pytest.raises(ServiceTrouble):
        await a_client(Answers(answer(200, {"scrobbles": body}))).submit([a_delivery(a_track())])


async def test_maloja_gets_scrobbles_one_by_one() -> None:
    answers = Answers(answer(200, {"scrobbles": {"@attr": {"ignored": 0}}}))
    outcomes = await a_client(answers, api_url=MALOJA).submit(many_tracks(3))
    assert set(outcomes.values()) == {Delivered()}
    assert [str(request.url) for request in answers.requests] == [MALOJA] * 3
    assert "artist" in answers.form()


async def test_a_custom_server_that_fails_at_several_is_asked_for_one_next() -> None:
    answers = Answers(failed(8, 500), answer(200, {"scrobbles": {"@attr": {"ignored": 0}}}))
    client = a_client(answers, api_url="https://hidden.example/2.0")
    first = await client.submit(many_tracks(2))
    assert set(first.values()) == {TryLater("", "", 0.0, counts=False)}
    assert set((await client.submit(many_tracks(2))).values()) == {Delivered()}
    assert len(answers.requests) == 3


async def test_a_custom_server_that_tells_of_one_row_is_asked_for_one_next() -> None:
    answers = Answers(taken(0))
    client = a_client(answers, api_url="https://ms.example/2.0")
    first = await client.submit(many_tracks(2))
    assert first == {1: Delivered(), 2: TryLater("", "", 0.0, counts=False)}
    assert await client.submit(many_tracks(2)[1:]) == {2: Delivered()}


async def test_singles_keep_what_arrived_before_trouble() -> None:
    fine = answer(200, {"scrobbles": {"@attr": {"ignored": 0}}})
    answers = Answers(fine, httpx.ReadTimeout("late"))
    outcomes = await a_client(answers, api_url=MALOJA).submit(many_tracks(3))
    assert outcomes[1] == Delivered()
    assert isinstance(outcomes[2], Unknown)
    assert outcomes[3] == TryLater("", "", 0.0, counts=False)


@pytest.mark.parametrize(
    ("code", "ago_s", "expected"),
    [
        (91, 0, Delivered(note="already_there")),
        # GNU FM's codes 3 and 4 are Last.fm's the other way round.
        (3, -4000.0, Refused("too_new")),
        (4, 4000.0, Refused("too_old")),
        (3, 4000.0, Refused("too_old")),
    ],
)
async def test_gnu_fm_codes_are_read_by_the_clock(code: int, ago_s: float, expected: Any) -> None:
    client = a_client(Answers(taken(code)), api_url=GNU)
    assert await client.submit([a_delivery(a_track(), ago_s=ago_s)]) == {1: expected}


async def test_a_proxys_inlined_counts_are_read() -> None:
    rows = [{"ignoredMessage": {"code": "0"}}] * 2
    body = {"scrobbles": {"accepted": "2", "ignored": "0", "scrobble": rows}}
    outcomes = await a_client(Answers(answer(200, body)), api_url=GNU).submit(many_tracks(2))
    assert set(outcomes.values()) == {Delivered()}


async def test_a_wrong_custom_address_says_so() -> None:
    client = a_client(Answers(answer(404, "<html>")), api_url=GNU)
    with pytest.raises(LaneBlocked) as caught:
        await client.submit([a_delivery(a_track())])
    assert caught.value.code == "wrong_address"


async def test_now_playing_is_shown_at_start_only_and_undated() -> None:
    answers = Answers(answer(200, {"nowplaying": {"track": {"#text": "Words 1"}}}))
    client = a_client(answers)
    for action in LiveAction:
        await client.live(a_notice(action, a_track()))
    assert len(answers.requests) == 1
    form = answers.form()
    assert form["method"] == "track.updateNowPlaying"
    assert "timestamp" not in form


async def test_a_podcast_goes_by_its_shows_name() -> None:
    answers = Answers(taken(0))
    item = replace(a_track(artist=None), kind=Kind.PODCAST, show="Radio Lab", title="Bees")
    await a_client(answers).submit([a_delivery(item)])
    assert (answers.form()["artist"], answers.form()["track"]) == ("Radio Lab", "Bees")


async def test_a_missing_key_is_named_before_anything_is_sent() -> None:
    answers = Answers(taken(0))
    with pytest.raises(LaneBlocked, match="LASTFM_API_KEY"):
        await a_client(answers, {}).submit([a_delivery(a_track())])
    assert not answers.requests


async def test_the_users_own_key_signs_before_the_environments() -> None:
    answers = Answers(taken(0))
    service = LastFm(answers.http, QuickClock(), KEYS)
    slot = MemorySlot(Secret(TOKEN, client_id="own-key", client_secret="own"))
    client = service.client(an_account("lastfm"), slot)
    await client.submit([a_delivery(a_track())])
    form = answers.form()
    assert form["api_key"] == "own-key"
    assert form["api_sig"] == payload.signed(form, "own")["api_sig"]


async def test_whoami_asks_about_the_session_itself() -> None:
    answers = Answers(answer(200, {"user": {"name": "rj", "playcount": "3"}}))
    user = await a_client(answers).whoami()
    assert user.profile_url == "https://www.last.fm/user/rj"
    assert "user" not in answers.form()
    with pytest.raises(LinkExpired):
        await a_client(Answers(failed(9, 403))).whoami()
    silent = a_client(Answers(failed(3)), api_url=MALOJA)
    assert (await silent.whoami()).name == "rj"


SESSION = played(cassette("lastfm", "get_session"))


async def _link(
    request: LinkRequest, *replies: httpx.Response | Exception, environ: Any = None
) -> tuple[Any, Answers, Prompts, QuickClock]:
    answers, prompts, clock = Answers(*replies), Prompts(), QuickClock()
    service = LastFm(answers.http, clock, KEYS if environ is None else environ)
    return await service.link(request, prompts), answers, prompts, clock


async def test_linking_opens_a_page_and_waits_for_the_approval() -> None:
    linked, answers, prompts, clock = await _link(
        LinkRequest(),
        answer(200, {"token": "t-1"}),
        failed(14, 403),
        failed(16),
        failed(29, 429),
        answer(503, "<html>"),
        httpx.ConnectError("no"),
        SESSION,
    )
    assert prompts.shown[0].url == "https://www.last.fm/api/auth/?api_key=a-key&token=t-1"
    assert clock.slept_s[:2] == [3, 3]
    assert answers.form()["method"] == "auth.getSession"
    assert (linked.user.name, linked.secret.access) == ("rj", TOKEN)
    assert linked.secret.client_id == "a-key"
    assert linked.secret.client_secret == ""


@pytest.mark.parametrize("code", [4, 15, 10, 13, 26])
async def test_an_ended_approval_refuses_the_link(code: int) -> None:
    with pytest.raises(LinkRefused):
        await _link(LinkRequest(), answer(200, {"token": "t"}), failed(code, 403))


async def test_an_approval_that_never_comes_runs_out_after_an_hour() -> None:
    answers, clock = Answers(answer(200, {"token": "t"}), failed(14)), QuickClock()
    service = LastFm(answers.http, clock, KEYS)
    with pytest.raises(LinkRefused, match="in time"):
        await service.link(LinkRequest(), Prompts())
    assert sum(clock.slept_s) >= 3600


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (failed(10, 403), LinkRefused),
        (failed(11), ServiceTrouble),
        (PORTAL, ServiceTrouble),
        (answer(200, {"token": 5}), ServiceTrouble),
    ],
)
async def test_no_token_no_link(reply: httpx.Response, error: type[CompanionError]) -> None:
    with pytest.raises(error):
        await _link(LinkRequest(), reply)


async def test_a_name_and_a_password_make_a_session() -> None:
    linked, answers, prompts, _ = await _link(LinkRequest(username="rj", secret="pass"), SESSION)
    form = answers.form()
    assert form["method"] == "auth.getMobileSession"
    assert (form["username"], form["password"]) == ("rj", "pass")
    assert "authToken" not in form
    assert "pass" not in str(answers.requests[0].url)
    assert not prompts.shown
    assert linked.user.id == "rj"
    assert "pass" not in repr(linked)


@pytest.mark.parametrize(
    ("secret", "reply"), [("", SESSION), ("wrong", failed(4, 403)), ("wrong", failed(6, 400))]
)
async def test_a_wrong_password_refuses_with_a_sentence(secret: str, reply: httpx.Response) -> None:
    with pytest.raises(LinkRefused, match="password"):
        await _link(LinkRequest(username="rj", secret=secret), reply)


async def test_a_custom_server_needs_no_api_key_and_reads_either_password() -> None:
    request = LinkRequest(api_url="https://fm.example/", username="Rj", secret="pass")
    reply = answer(200, {"session": {"key": TOKEN}})
    linked, answers, _, _ = await _link(request, reply, environ={})
    form = answers.form()
    assert str(answers.requests[0].url) == "https://fm.example/2.0/"
    assert len(form["api_key"]) == 32
    # md5("rj" + md5("pass")), as GNU FM has it.
    assert form["authToken"] == payload.old_password_token("rj", "pass")
    assert linked.user.name == "Rj"
    assert linked.api_url == "https://fm.example/2.0"


async def test_a_custom_servers_page_is_its_own() -> None:
    request = LinkRequest(api_url="https://libre.example/2.0/")
    _, _, prompts, _ = await _link(request, answer(200, {"token": "t"}), SESSION)
    assert prompts.shown[0].url.startswith("https://libre.example/api/auth/?api_key=a-key")


@pytest.mark.parametrize("reply", [answer(404, "<html>"), PORTAL, answer(200, {"a": 1})])
async def test_a_web_page_is_not_linked(reply: httpx.Response) -> None:
    with pytest.raises(LinkRefused, match="No server like"):
        await _link(LinkRequest(api_url=GNU), reply)


async def test_without_an_api_key_two_sentences_say_what_to_do() -> None:
    with pytest.raises(LinkRefused, match="LASTFM_API_SECRET"):
        await _link(LinkRequest(), SESSION, environ={"LASTFM_API_KEY": "a-key"})


async def test_the_environments_address_counts_as_the_service_itself() -> None:
    answers = Answers(taken(0, 0))
    environ = KEYS | {"REVENGE_COMPANION_LASTFM_API_URL": "http://127.0.0.1:9/2.0/"}
    await a_client(answers, environ).submit(many_tracks(2))
    assert str(answers.requests[0].url) == "http://127.0.0.1:9/2.0/"
