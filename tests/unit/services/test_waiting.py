"""Waiting for an approval: trouble is told once, why it ended is known, and leaving ends it."""

import asyncio
from pathlib import Path

import httpx
import pytest

from revenge_companion.core.errors import (
    LaneBlocked,
    LinkExpired,
    LinkRefused,
    LinkTrouble,
    Unreachable,
)
from revenge_companion.core.reasons import Reason
from revenge_companion.services.base import LinkPrompt, LinkRequest, Service
from revenge_companion.services.catalog import build_services
from revenge_companion.services.lastfm.service import LastFm
from revenge_companion.services.linking import Waiting, approved, refusing, telling
from revenge_companion.services.listenbrainz.service import ListenBrainz
from revenge_companion.services.trakt.service import Trakt
from tests.clock import FakeClock, eventually, settle
from tests.unit.services.kit import (
    CUT,
    PORTAL,
    Answers,
    Prompts,
    QuickClock,
    answer,
    cassette,
    played,
)

CODE = answer(
    200,
    {"device_code": "d", "user_code": "ABCD", "verification_url": "https://auth.trakt.tv/activate"},
)
ID = {
    "TRAKT_CLIENT_ID": "app",
    "SIMKL_CLIENT_ID": "app",
    "LASTFM_API_KEY": "k" * 32,
    "LASTFM_API_SECRET": "s" * 32,
}


async def test_a_lost_network_is_told_once_and_its_return_too() -> None:
    said: list[str] = []
    prompts = Prompts()
    answers = iter([Unreachable("It is gone."), Unreachable("It is gone."), Waiting(), "approved"])

    async def ask() -> str | Waiting:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    await approved(
        ask,
        QuickClock(),
        interval_s=5,
        expires_in_s=600,
        service="Trakt",
        tell=telling(prompts, LinkPrompt("https://a.example", "ABCD")),
    )
    said = [prompt.trouble for prompt in prompts.shown]
    assert said == ["It is gone.", ""]
    assert {prompt.code for prompt in prompts.shown} == {"ABCD"}


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (answer(418), LinkTrouble.DENIED),
        (answer(410), LinkTrouble.ENDED),
        (answer(403), LinkTrouble.CLIENT_ID),
        (answer(420), LinkTrouble.LIMIT),
        (answer(426, headers={"X-Upgrade-URL": "https://trakt.tv/vip"}), LinkTrouble.LIMIT),
    ],
)
async def test_trakts_refusals_say_what_can_be_done(reply: httpx.Response, why: str) -> None:
    service = Trakt(Answers(CODE, reply).http, QuickClock(), ID)
    with pytest.raises(LinkRefused) as caught:
        await service.link(LinkRequest(), Prompts())

    assert caught.value.why is why
    mends = why in (LinkTrouble.CLIENT_ID, LinkTrouble.LIMIT)
    assert caught.value.page.startswith("https://app.trakt.tv/settings/apps") is mends


@pytest.mark.parametrize(
    ("service", "request_", "why"),
    [
        (Trakt, LinkRequest(), LinkTrouble.CLIENT_ID),
        (LastFm, LinkRequest(), LinkTrouble.CLIENT_ID),
        (ListenBrainz, LinkRequest(secret="two words"), LinkTrouble.WRONG_SECRET),
    ],
)
async def test_what_is_missing_is_known_before_anything_is_asked(
    service: type[Trakt | LastFm | ListenBrainz], request_: LinkRequest, why: LinkTrouble
) -> None:
    answers = Answers(answer(500))
    made: Service = service(answers.http, QuickClock(), {})
    with pytest.raises(LinkRefused) as caught:
        await made.link(request_, Prompts())

    assert caught.value.why is why
    assert caught.value.page == made.spec.help_url
    assert answers.requests == []


async def test_lastfms_approval_is_noticed_by_itself() -> None:
    answers = Answers(
        answer(200, {"token": "t" * 32}),
        answer(403, {"error": 14, "message": "Not authorised yet"}),
        httpx.ConnectError("x"),
        answer(200, {"session": {"name": "anna", "key": "s" * 32, "subscriber": 0}}),
    )
    prompts = Prompts()
    linked = await LastFm(answers.http, QuickClock(), ID).link(LinkRequest(), prompts)

    assert linked.user.name == "anna"
    assert [bool(prompt.trouble) for prompt in prompts.shown] == [False, True, False]


def the_service(key: str, answers: Answers) -> Service:
    folder = Path("unused")
    built = build_services(answers.http, QuickClock(), ID, cache=folder, data=folder)
    return next(one for one in built if one.spec.key == key)


#: What a service answers to the beginning, to a poll that is too early, and to the end.
FLOWS: dict[str, list[httpx.Response]] = {
    "trakt": [CODE, answer(400), played(cassette("trakt", "users_settings"))],
    "simkl": [
        played(cassette("simkl", "device_code")),
        answer(400, {"error": "authorization_pending"}),
        played(cassette("simkl", "users_settings")),
    ],
    "lastfm": [answer(200, {"token": "t" * 32}), answer(403, {"error": 14, "message": "Not yet"})],
}
APPROVED = {
    "lastfm": answer(200, {"session": {"name": "anna", "key": "s" * 32, "subscriber": 0}}),
}
TOKENS = answer(200, {"access_token": "a", "refresh_token": "r", "expires_in": 60})


@pytest.mark.parametrize("key", FLOWS)
@pytest.mark.parametrize(
    "down",
    [answer(503, "<html>"), answer(502), PORTAL, CUT, httpx.ReadTimeout("x")],
    ids=["503", "502", "portal", "cut", "silence"],
)
async def test_a_service_that_is_down_meanwhile_is_told_and_waited_for(
    key: str, down: httpx.Response | Exception
) -> None:
    first, early, *rest = FLOWS[key]
    answers = Answers(first, early, down, early, APPROVED.get(key, TOKENS), *rest)
    prompts = Prompts()
    linked = await the_service(key, answers).link(LinkRequest(), prompts)
    assert linked.user.name
    assert [bool(prompt.trouble) for prompt in prompts.shown] == [False, True, False]


async def test_a_day_that_is_used_up_is_told_while_waiting() -> None:
    first, early, me = FLOWS["simkl"]
    full = answer(429, {"error": "user_limit_exceeded"})
    slow = answer(429, {"error": "rate_limit"})
    answers = Answers(first, slow, full, early, TOKENS, me)
    prompts = Prompts()
    await the_service("simkl", answers).link(LinkRequest(), prompts)
    assert [prompt.trouble for prompt in prompts.shown] == [
        "",
        "Simkl takes no more requests today.",
        "",
    ]


@pytest.mark.parametrize("service", [Trakt, LastFm])
async def test_leaving_ends_the_asking_at_once(service: type[Trakt | LastFm]) -> None:
    clock = FakeClock()
    pending = answer(400) if service is Trakt else answer(403, {"error": 14, "message": "x"})
    first = CODE if service is Trakt else answer(200, {"token": "t" * 32})
    answers = Answers(first, pending)
    task = asyncio.create_task(service(answers.http, clock, ID).link(LinkRequest(), Prompts()))
    await eventually(lambda: clock.sleeping == 1)
    await clock.turn(5)
    task.cancel()
    await settle()
    asked = len(answers.requests)
    assert task.done()
    assert clock.sleeping == 0
    await clock.turn(600)
    assert len(answers.requests) == asked


@pytest.mark.parametrize(
    ("error", "why", "page"),
    [
        (LaneBlocked("x", code=Reason.ACCOUNT_LIMIT), LinkTrouble.LIMIT, "p"),
        (LaneBlocked("x", code=Reason.VIP_NEEDED), LinkTrouble.LIMIT, "p"),
        (LaneBlocked("x", code=Reason.APP_KEY_REFUSED), LinkTrouble.CLIENT_ID, "p"),
        (LaneBlocked("x", code=Reason.WRONG_ADDRESS), LinkTrouble.ADDRESS, ""),
        (LaneBlocked("x", code=Reason.ACCOUNT_LOCKED), LinkTrouble.OTHER, ""),
        (LinkExpired("x"), LinkTrouble.WRONG_SECRET, ""),
    ],
)
def test_what_would_hold_a_lane_refuses_the_link(
    error: Exception, why: LinkTrouble, page: str
) -> None:
    with pytest.raises(LinkRefused) as caught, refusing("p"):
        raise error
    assert (caught.value.why, caught.value.page) == (why, page)
