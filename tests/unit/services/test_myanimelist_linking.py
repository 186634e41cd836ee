"""MyAnimeList: linking in the browser with PKCE, and every way in which it ends otherwise."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from revenge_companion.core.errors import (
    CompanionError,
    LinkRefused,
    LinkTrouble,
    RateLimited,
    ServiceTrouble,
)
from revenge_companion.net.loopback import Redirect
from revenge_companion.services.base import LinkPrompt, LinkRequest, Secret
from revenge_companion.services.myanimelist.service import APPROVAL_S, PORT_ENV, MyAnimeList
from revenge_companion.services.myanimelist.spec import SPEC
from tests.clock import START, FakeClock, eventually, settle, within
from tests.unit.services.anime import a_mal, a_map
from tests.unit.services.kit import (
    CUT,
    PORTAL,
    TOKEN,
    Answers,
    Prompts,
    QuickClock,
    answer,
    cassette,
    played,
)

TOKENS = cassette("myanimelist", "token")


async def visit(redirect: str, query: str) -> str:
    """What the browser is shown when it comes back to `redirect`."""
    parts = urlsplit(redirect)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET {parts.path}?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    page = (await within(reader.read())).decode()
    writer.close()
    await writer.wait_closed()
    return page


def approval(prompt: LinkPrompt) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(prompt.url).query))


async def test_the_browser_comes_back_and_the_account_is_linked(
    tmp_path: Path, clock: FakeClock
) -> None:
    answers = Answers(played(TOKENS), played(cassette("myanimelist", "me")))
    prompts = Prompts()
    linking = asyncio.ensure_future(a_mal(answers, tmp_path, clock).link(LinkRequest(), prompts))
    await eventually(lambda: bool(prompts.shown))
    asked = approval(prompts.shown[0])
    assert prompts.shown[0].url.startswith("https://myanimelist.net/v1/oauth2/authorize?")
    assert prompts.shown[0].expires_in_s == APPROVAL_S
    assert (asked["response_type"], asked["client_id"]) == ("code", "an-app")
    assert asked["code_challenge_method"] == "plain"
    assert 43 <= len(asked["code_challenge"]) <= 128
    assert asked["redirect_uri"].startswith("http://127.0.0.1:")
    assert "404" in await visit(asked["redirect_uri"], "code=stolen&state=wrong")
    assert "200 OK" in await visit(asked["redirect_uri"], f"code=a-code&state={asked['state']}")
    linked = await within(linking)
    assert answers.form(0) == {
        "client_id": "an-app",
        "grant_type": "authorization_code",
        "code": "a-code",
        "code_verifier": asked["code_challenge"],
        "redirect_uri": asked["redirect_uri"],
    }
    assert linked.user.name == "Somebody"
    assert linked.secret == Secret(
        TOKEN, "not-a-real-refresh-token", START + timedelta(days=31), "an-app"
    )
    assert TOKEN not in repr(linked)
    with pytest.raises(OSError, match=r".*"):
        await visit(asked["redirect_uri"], "")


async def test_each_attempt_has_its_own_state_and_challenge(
    tmp_path: Path, clock: FakeClock
) -> None:
    prompts = Prompts()
    service = a_mal(Answers(answer(200)), tmp_path, clock)
    for count in (1, 2):
        linking = asyncio.ensure_future(service.link(LinkRequest(), prompts))
        await eventually(lambda count=count: len(prompts.shown) == count)  # type: ignore[misc]
        linking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await linking
    one, other = map(approval, prompts.shown)
    assert one["state"] != other["state"]
    assert one["code_challenge"] != other["code_challenge"]
    # Giving up leaves no listener and no timer behind.
    assert clock.sleeping == 0


async def test_an_approval_is_not_waited_for_for_ever(tmp_path: Path, clock: FakeClock) -> None:
    prompts = Prompts()
    service = a_mal(Answers(answer(200)), tmp_path, clock)
    linking = asyncio.ensure_future(service.link(LinkRequest(), prompts))
    await eventually(lambda: bool(prompts.shown))
    await settle()
    await clock.turn(APPROVAL_S + 1)
    with pytest.raises(LinkRefused, match="in time") as caught:
        await within(linking)
    assert caught.value.why is LinkTrouble.ENDED


def pasting(text: str, prompts: Prompts) -> Callable[[], Awaitable[str]]:
    async def pasted() -> str:
        return text.replace("STATE", approval(prompts.shown[0])["state"])

    return pasted


@pytest.mark.parametrize(
    "text",
    ["http://127.0.0.1:1/callback?code=a-code&state=STATE", " a-code ", "/callback?code=a-code"],
)
async def test_the_address_may_be_pasted_instead(
    tmp_path: Path, clock: FakeClock, text: str
) -> None:
    answers = Answers(played(TOKENS), played(cassette("myanimelist", "me")))
    prompts = Prompts()
    request = LinkRequest(pasted=pasting(text, prompts))
    linked = await within(a_mal(answers, tmp_path, clock).link(request, prompts))
    assert linked.user.id == "1234567"
    assert answers.form(0)["code"] == "a-code"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http://x/?code=a-code&state=another", "another attempt"),
        ("http://x/?state=STATE", "not the address"),
        ("http://x/?" + "a=1&" * 40, "not the address"),
        ("https://myanimelist.net/v1/oauth2/authorize", "not the address"),
        ("two words", "not the address"),
        ("x" * 5000, "not the address"),
        ("", "not the address"),
    ],
)
async def test_a_paste_that_can_be_no_code_is_asked_for_again(
    tmp_path: Path, clock: FakeClock, text: str, words: str
) -> None:
    answers = Answers(played(TOKENS), played(cassette("myanimelist", "me")))
    prompts = Prompts()
    pastes = [text, "http://127.0.0.1:1/callback?code=a-code&state=STATE"]

    async def pasted() -> str:
        return await pasting(pastes.pop(0), prompts)()

    linking = a_mal(answers, tmp_path, clock).link(LinkRequest(pasted=pasted), prompts)
    assert (await within(linking)).user.id == "1234567"
    first, again = prompts.shown
    assert words in again.refused
    assert replace(again, refused="") == first
    assert answers.form(0)["code"] == "a-code"


@pytest.mark.parametrize(
    ("query", "why", "words"),
    [
        ("error=access_denied", LinkTrouble.DENIED, "declined"),
        (
            "error=invalid_client&message=Client+authentication+failed",
            LinkTrouble.CLIENT_ID,
            'type "other".*Client authentication failed',
        ),
        ("error=unauthorized_client", LinkTrouble.CLIENT_ID, "unauthorized_client"),
        (
            "error=invalid_request&hint=Check+the+redirect_uri+parameter",
            LinkTrouble.CLIENT_ID,
            r"redirect address http://127\.0\.0\.1:\d+/callback",
        ),
        ("error=server_error", LinkTrouble.ENDED, "server_error"),
    ],
)
@pytest.mark.parametrize("by_hand", [False, True])
async def test_each_refusal_of_the_page_says_what_to_do(
    tmp_path: Path, clock: FakeClock, query: str, why: LinkTrouble, words: str, by_hand: bool
) -> None:
    answers, prompts = Answers(answer(200)), Prompts()
    request = LinkRequest()
    if by_hand:
        request = LinkRequest(pasted=pasting(f"http://x/?{query}&state=STATE", prompts))
    linking = asyncio.ensure_future(a_mal(answers, tmp_path, clock).link(request, prompts))
    await eventually(lambda: bool(prompts.shown))
    if not by_hand:
        asked = approval(prompts.shown[0])
        await visit(asked["redirect_uri"], f"{query}&state={asked['state']}")
    with pytest.raises(LinkRefused, match=words) as caught:
        await within(linking)
    assert caught.value.why is why
    assert caught.value.page == (SPEC.help_url if why is LinkTrouble.CLIENT_ID else "")
    assert not answers.requests


@pytest.mark.parametrize(
    ("came", "why", "words"),
    [
        (
            answer(400, {"error": "invalid_grant", "message": "Cannot decrypt the code"}),
            LinkTrouble.ENDED,
            "Cannot decrypt the code.*Begin again",
        ),
        (
            answer(400, {"error": "invalid_grant", "hint": "Failed to verify `code_verifier`."}),
            LinkTrouble.ENDED,
            "code_verifier",
        ),
        (answer(401, {"error": "invalid_client"}), LinkTrouble.CLIENT_ID, "invalid_client"),
        (answer(400, {"error": "unauthorized_client"}), LinkTrouble.CLIENT_ID, "client id"),
        (
            answer(400, {"error": "invalid_request", "hint": "Check the `redirect_uri`"}),
            LinkTrouble.CLIENT_ID,
            "redirect address",
        ),
        (answer(404, "<html>"), LinkTrouble.ADDRESS, "is not a MyAnimeList server"),
        (httpx.ReadTimeout("x"), LinkTrouble.ENDED, "did not answer.*one time only"),
        (httpx.RemoteProtocolError("x"), LinkTrouble.ENDED, "did not answer"),
    ],
)
async def test_every_refusal_of_the_exchange_says_what_to_do(
    tmp_path: Path,
    clock: FakeClock,
    came: httpx.Response | Exception,
    why: LinkTrouble,
    words: str,
) -> None:
    answers, prompts = Answers(came), Prompts()
    request = LinkRequest(pasted=pasting("a-code", prompts))
    with pytest.raises(LinkRefused, match=words) as caught:
        await within(a_mal(answers, tmp_path, clock).link(request, prompts))
    assert caught.value.why is why
    # A code is good for one call.
    assert len(answers.requests) == 1


@pytest.mark.parametrize(
    ("came", "error", "words"),
    [
        (answer(403, "<html>"), RateLimited, "turned us away"),
        (answer(429), RateLimited, "asked to wait"),
        (answer(503), ServiceTrouble, "503"),
        (PORTAL, ServiceTrouble, "no tokens"),
        (CUT, ServiceTrouble, "no tokens"),
        (answer(200, {"token_type": "Bearer"}), ServiceTrouble, "no tokens"),
    ],
)
async def test_trouble_with_the_exchange_links_nothing(
    tmp_path: Path, clock: FakeClock, came: httpx.Response, error: type[CompanionError], words: str
) -> None:
    answers, prompts = Answers(came), Prompts()
    request = LinkRequest(pasted=pasting("a-code", prompts))
    with pytest.raises(error, match=words):
        await within(a_mal(answers, tmp_path, clock).link(request, prompts))
    assert len(answers.requests) == 1


async def test_a_network_that_is_gone_is_waited_for_and_said(tmp_path: Path) -> None:
    """What cannot have been sent is sent again; and whose account it is, too."""
    lost, me = httpx.ConnectError("x"), played(cassette("myanimelist", "me"))
    answers = Answers(lost, lost, played(TOKENS), lost, answer(503), me)
    clock, prompts = QuickClock(), Prompts()
    request = LinkRequest(pasted=pasting("a-code", prompts))
    linked = await within(a_mal(answers, tmp_path, clock).link(request, prompts))
    assert linked.user.id == "1234567"
    said = [prompt.trouble for prompt in prompts.shown]
    assert [bool(trouble) for trouble in said] == [False, True, False, True, True, False]
    assert "cannot be reached" in said[1]


async def test_an_address_without_encryption_has_to_be_allowed(
    tmp_path: Path, clock: FakeClock
) -> None:
    answers = Answers(played(TOKENS), played(cassette("myanimelist", "me")))
    prompts = Prompts()
    plain = "http://lists.home:8000"
    request = LinkRequest(
        api_url=plain, auth_url=plain, pasted=pasting("a-code", prompts), client_id="an-app"
    )
    with pytest.raises(LinkRefused, match=r"lists\.home") as caught:
        await within(a_mal(answers, tmp_path, clock).link(request, prompts))
    assert caught.value.why is LinkTrouble.PLAIN_HTTP
    assert not prompts.shown
    assert not answers.requests

    request = replace(request, allow_http=True)
    linked = await within(a_mal(answers, tmp_path, clock).link(request, prompts))
    assert linked.api_url == plain
    assert prompts.shown[0].url.startswith(f"{plain}/v1/oauth2/authorize?")
    assert {request.url.host for request in answers.requests} == {"lists.home"}


async def test_without_a_client_id_the_redirect_address_to_register_is_named(
    tmp_path: Path, clock: FakeClock
) -> None:
    service = MyAnimeList(Answers(answer(200)).http, clock, {}, a_map(tmp_path))
    named = r"127\.0\.0\.1:47613/callback.*MAL_CLIENT_ID"
    with pytest.raises(LinkRefused, match=named) as caught:
        await service.link(LinkRequest(), Prompts())
    assert (caught.value.why, caught.value.page) == (LinkTrouble.CLIENT_ID, SPEC.help_url)


@pytest.mark.parametrize("port", ["x", "70000", "-1", "999999999"])
async def test_a_port_that_is_none_is_not_used(tmp_path: Path, clock: FakeClock, port: str) -> None:
    service = MyAnimeList(Answers(answer(200)).http, clock, {PORT_ENV: port}, a_map(tmp_path))
    with pytest.raises(LinkRefused, match="47613"):
        await service.link(LinkRequest(), Prompts())


async def test_a_port_in_use_is_said(tmp_path: Path, clock: FakeClock) -> None:
    async with Redirect(clock, state="x") as taken:
        environ = {"MAL_CLIENT_ID": "an-app", PORT_ENV: str(taken.port)}
        service = MyAnimeList(Answers(answer(200)).http, clock, environ, a_map(tmp_path))
        with pytest.raises(LinkRefused, match="in use by another program"):
            await service.link(LinkRequest(), Prompts())
