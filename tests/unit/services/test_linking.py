"""Waiting for an approval elsewhere, and the catalogue of services."""

import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.core.accounts import Switches
from revenge_companion.core.errors import (
    CompanionError,
    LaneBlocked,
    LinkRefused,
    LinkTrouble,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.media import Kind
from revenge_companion.core.reasons import Reason
from revenge_companion.net.http import Http
from revenge_companion.services import setup
from revenge_companion.services.base import LinkMethod, LinkRequest, Secret, Service, ServiceSpec
from revenge_companion.services.catalog import SPECS, build_services
from revenge_companion.services.linking import Waiting, approved, insisting, seconds
from tests.unit.services.kit import (
    TOKEN,
    Answers,
    MemorySlot,
    Prompts,
    QuickClock,
    a_delivery,
    a_movie,
    a_track,
    an_account,
    answer,
)


def asking(*outcomes: Any) -> Callable[[], Awaitable[Any]]:
    """Gives or raises each outcome in turn; the last one for ever."""
    left = list(outcomes)

    async def ask() -> Any:
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return ask


def services(http: Http, environ: dict[str, str]) -> tuple[Service, ...]:
    folder = Path("unused")
    return build_services(http, QuickClock(), environ, cache=folder, data=folder)


async def test_trouble_ends_no_approval() -> None:
    clock = QuickClock()
    ask = asking(Unreachable("x"), Unanswered("x"), ServiceTrouble("x"), Waiting(), "approved")
    given = await approved(ask, clock, interval_s=5, expires_in_s=600, service="Trakt")
    assert given == "approved"
    assert clock.slept_s == [5] * 5


async def test_being_too_quick_makes_the_wait_longer_for_good() -> None:
    clock = QuickClock()
    ask = asking(Waiting(5.0), RateLimited("x", retry_after_s=2.0), Waiting(), "approved")
    await approved(ask, clock, interval_s=5, expires_in_s=600, service="Trakt")
    assert clock.slept_s == [5, 10, 12, 12]


async def test_an_approval_ends_with_its_code() -> None:
    clock = QuickClock()
    with pytest.raises(LinkRefused):
        await approved(asking(Waiting()), clock, interval_s=5, expires_in_s=60, service="Trakt")
    assert sum(clock.slept_s) == 60


async def test_what_follows_an_approval_is_tried_again() -> None:
    clock = QuickClock()
    assert await insisting(asking(ServiceTrouble("x"), Unreachable("x"), "me"), clock) == "me"
    with pytest.raises(ServiceTrouble):
        await insisting(asking(ServiceTrouble("x")), clock)


async def test_trouble_after_an_approval_is_told_once_and_insisted_on_for_minutes() -> None:
    clock = QuickClock()
    told: list[str] = []

    async def tell(sentence: str) -> None:
        told.append(sentence)

    waits = RateLimited("Wait.", retry_after_s=60.0)
    ask = asking(*[ServiceTrouble("Down.")] * 20, waits, waits, "me")
    assert await insisting(ask, clock, tell=tell) == "me"
    assert told == ["Down.", ""]
    assert clock.slept_s == [5.0] * 20 + [60.0] * 2
    with pytest.raises(ServiceTrouble):
        await insisting(asking(ServiceTrouble("x")), clock, tell=tell)


async def test_only_what_may_be_asked_again_is() -> None:
    ask = asking(Unreachable("x"), Unanswered("y"))
    with pytest.raises(Unanswered):
        await insisting(ask, QuickClock(), after=(Unreachable,))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(7, 7.0), ("8", 8.0), (0, 5.0), (-1, 5.0), (10**9, 60.0), (None, 5.0), (True, 5.0)],
)
def test_a_services_seconds_are_believed_within_reason(value: object, expected: float) -> None:
    assert seconds(value, 5.0, 60.0) == expected


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        ("https://simkl.com/pin", True),
        ("http://127.0.0.1:8000/activate", True),
        ("http://simkl.com/pin", False),
        ("file:///etc/passwd", False),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("https://[x", False),
        ("https://a b", False),
        (None, False),
        (5, False),
    ],
)
def test_only_safe_pages_are_opened(value: object, safe: bool) -> None:
    assert setup.page_url(value, "") == (value if safe else "")


#: Services that are asked over the network, with every client id and secret they look for.
ASKED = [spec for spec in SPECS if not spec.hand_off]
KEYS = {name: "x" for spec in ASKED for name in (spec.client_id_env, spec.client_secret_env)}
PLAIN = "http://media.example"


def the_service(spec: ServiceSpec, http: Http, environ: dict[str, str]) -> Service:
    return services(http, KEYS | environ)[SPECS.index(spec)]


async def pasted() -> str:
    return "something-pasted"


@pytest.mark.parametrize("in_environ", [False, True])
@pytest.mark.parametrize("spec", ASKED, ids=[spec.key for spec in ASKED])
async def test_plain_http_refuses_the_link_until_it_is_allowed_for_the_account(
    spec: ServiceSpec, in_environ: bool
) -> None:
    answers = Answers(answer(404, "<html>"))
    name = f"REVENGE_COMPANION_{spec.key.upper()}"
    environ = {f"{name}_API_URL": PLAIN, f"{name}_AUTH_URL": PLAIN} if in_environ else {}
    environ["MAL_REDIRECT_PORT"] = "0"
    service = the_service(spec, answers.http, environ)
    own = "" if in_environ else PLAIN
    request = LinkRequest(own, own, secret="a-token", pasted=pasted)
    with pytest.raises(LinkRefused, match=r"media\.example") as caught:
        await service.link(request, Prompts())
    assert caught.value.why is LinkTrouble.PLAIN_HTTP
    assert not answers.requests

    with pytest.raises(CompanionError):
        await service.link(replace(request, allow_http=True), Prompts())
    assert {request.url.host for request in answers.requests} == {"media.example"}


@pytest.mark.parametrize("spec", ASKED, ids=[spec.key for spec in ASKED])
async def test_plain_http_holds_the_lane_until_it_is_allowed_for_the_account(
    spec: ServiceSpec,
) -> None:
    answers = Answers(answer(404, "<html>"))
    service = the_service(spec, answers.http, {})
    account = an_account(spec.key, api_url=PLAIN, auth_url=PLAIN)
    slot = MemorySlot(Secret(TOKEN))
    with pytest.raises(LaneBlocked) as caught:
        await service.client(account, slot).whoami()
    assert caught.value.code == Reason.PLAIN_HTTP
    assert not answers.requests

    allowed = replace(account, switches=Switches(allow_http=True))
    with pytest.raises(CompanionError):
        await service.client(allowed, slot).whoami()
    assert {request.url.host for request in answers.requests} == {"media.example"}
    # The permission of one account is nobody else's.
    with pytest.raises(LaneBlocked):
        await service.client(account, slot).whoami()


@pytest.mark.parametrize("index", range(4), ids=[spec.key for spec in SPECS[:4]])
async def test_a_title_that_json_cannot_carry_stops_no_lane(index: int) -> None:
    answers = Answers(answer(503))
    environ = {"LASTFM_API_KEY": "x", "LASTFM_API_SECRET": "y"}
    service = services(answers.http, environ)[index]
    client = service.client(an_account(service.spec.key), MemorySlot(Secret(TOKEN)))
    broken = "half \ud83d\0 of a smile"
    item = a_movie(title=broken) if Kind.MOVIE in service.spec.kinds else a_track(title=broken)
    with pytest.raises((ServiceTrouble, Unanswered)):
        await client.submit([a_delivery(item)])
    assert sum(request.method == "POST" for request in answers.requests) == 1


def test_the_catalogue_is_in_order_and_complete() -> None:
    keys = "trakt simkl lastfm listenbrainz anilist myanimelist letterboxd goodreads hardcover"
    assert [spec.key for spec in SPECS] == keys.split()
    built = services(Http(), {})
    assert tuple(service.spec for service in built) == SPECS
    for spec in SPECS:
        assert spec.kinds
        assert spec.default_api_url.startswith("https://") is not spec.hand_off
        assert not spec.default_api_url.endswith("/")
        assert spec.help_url.startswith("https://")
        assert not spec.client_id
        assert LinkMethod.DEVICE not in spec.link or spec.client_id_env


def test_reading_the_catalogue_loads_no_http_library() -> None:
    code = (
        "import sys; from revenge_companion.services.catalog import SPECS; "
        "sys.exit(any(name in sys.modules for name in ('httpx', 'ssl', 'asyncio')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
