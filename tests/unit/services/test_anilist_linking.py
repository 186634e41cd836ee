"""AniList: linking by a token pasted from its page, and every way in which it ends otherwise."""

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from revenge_companion.core.errors import (
    CompanionError,
    LinkRefused,
    LinkTrouble,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.services.anilist.payload import pasted_token, token_ends_at
from revenge_companion.services.anilist.spec import SPEC
from revenge_companion.services.base import LinkRequest, Secret
from tests.clock import START
from tests.unit.services.anime import an_anilist, anilist_error
from tests.unit.services.kit import PORTAL, Answers, Prompts, answer, cassette, played


def a_jwt(**claims: Any) -> str:
    parts = ({"typ": "JWT"}, claims)
    head, body = (
        base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts
    )
    return f"{head}.{body}.not-a-signature"


JWT = a_jwt(sub="5678", exp=int(START.timestamp()) + 31_536_000)
URL = (
    f"https://anilist.co/api/v2/oauth/pin#access_token={JWT}&token_type=Bearer&expires_in=31536000"
)


@pytest.mark.parametrize(
    "text", [JWT, f"  {JWT}\n", f"{JWT[:40]}\n {JWT[40:]}", URL, f"access_token={JWT}&x=1"]
)
async def test_a_pasted_token_is_checked_and_linked(tmp_path: Path, text: str) -> None:
    answers, prompts = Answers(played(cassette("anilist", "viewer"))), Prompts()
    request = LinkRequest(secret=text, client_id=" 12345 ")
    linked = await an_anilist(answers, tmp_path).link(request, prompts)
    assert linked.user.id == "5678"
    assert linked.secret == Secret(JWT, "", START + timedelta(days=365), "12345")
    assert linked.client_id == "12345"
    assert answers.requests[0].headers["authorization"] == f"Bearer {JWT}"
    assert not prompts.shown
    assert JWT not in repr(linked)


async def test_the_page_with_the_token_is_shown_and_its_token_awaited(tmp_path: Path) -> None:
    answers, prompts = Answers(played(cassette("anilist", "viewer"))), Prompts()

    async def pasted() -> str:
        assert len(prompts.shown) == 1
        return URL

    request = LinkRequest(client_id="12345", pasted=pasted)
    linked = await an_anilist(answers, tmp_path).link(request, prompts)
    assert linked.secret.access == JWT
    assert prompts.shown[0].url == (
        "https://anilist.co/api/v2/oauth/authorize?client_id=12345&response_type=token"
    )


async def test_where_nobody_can_paste_the_page_is_named(tmp_path: Path) -> None:
    service, prompts = an_anilist(Answers(answer(200)), tmp_path), Prompts()
    with pytest.raises(LinkRefused, match=r"authorize\?client_id=1&") as caught:
        await service.link(LinkRequest(client_id="1"), prompts)
    assert caught.value.why is LinkTrouble.PASTE
    assert caught.value.page.startswith("https://anilist.co/api/v2/oauth/authorize?")
    # Nothing is waited for.
    assert prompts.shown == []


async def test_without_a_client_id_two_sentences_say_what_to_do(tmp_path: Path) -> None:
    service = an_anilist(Answers(answer(200)), tmp_path)
    with pytest.raises(LinkRefused, match=r"settings/developer.*ANILIST_CLIENT_ID") as caught:
        await service.link(LinkRequest(), Prompts())
    assert (caught.value.why, caught.value.page) == (LinkTrouble.CLIENT_ID, SPEC.help_url)


@pytest.mark.parametrize(
    ("came", "why", "words"),
    [
        (anilist_error(400, "Invalid token"), LinkTrouble.WRONG_SECRET, "does not know this token"),
        (anilist_error(400, "Invalid token", 200), LinkTrouble.WRONG_SECRET, "does not know"),
        (answer(401), LinkTrouble.WRONG_SECRET, "does not know this token"),
        (anilist_error(400, "validation"), LinkTrouble.OTHER, "did not say whose"),
        (answer(404, "<html>"), LinkTrouble.ADDRESS, "is not an AniList server"),
        (answer(403, "You are blocked"), LinkTrouble.OTHER, "You are blocked"),
    ],
)
async def test_a_token_that_is_refused_links_nothing(
    tmp_path: Path, came: httpx.Response, why: LinkTrouble, words: str
) -> None:
    with pytest.raises(LinkRefused, match=words) as caught:
        await an_anilist(Answers(came), tmp_path).link(LinkRequest(secret=JWT), Prompts())
    assert caught.value.why is why


@pytest.mark.parametrize(
    ("came", "error"),
    [
        (answer(503), ServiceTrouble),
        (PORTAL, ServiceTrouble),
        (answer(200, {"data": {"Viewer": {}}}), ServiceTrouble),
        (anilist_error(403, "The API is temporarily disabled"), ServiceTrouble),
        (answer(403, "<html>Just a moment...</html>"), ServiceTrouble),
        (answer(429), RateLimited),
        (httpx.ConnectError("x"), Unreachable),
        (httpx.ReadTimeout("x"), Unanswered),
    ],
)
async def test_trouble_while_checking_is_tried_again(
    tmp_path: Path, came: httpx.Response | Exception, error: type[CompanionError]
) -> None:
    good = played(cassette("anilist", "viewer"))
    prompts = Prompts()
    request = LinkRequest(client_id="1", pasted=pasting(JWT))
    linked = await an_anilist(Answers(came, good), tmp_path).link(request, prompts)
    assert linked.user.id == "5678"
    # It is said while it lasts, and no more once it is over.
    said = [prompt.trouble for prompt in prompts.shown]
    assert (said[0], said[-1]) == ("", "")
    assert said[1:-1]
    assert all(said[1:-1])
    request = LinkRequest(client_id="1", pasted=pasting(JWT))
    for tried in (request, LinkRequest(secret=JWT)):
        with pytest.raises(error):
            await an_anilist(Answers(came), tmp_path).link(tried, Prompts())


def pasting(*texts: str) -> Callable[[], Awaitable[str]]:
    left = list(texts)

    async def pasted() -> str:
        return left.pop(0)

    return pasted


ENDED = a_jwt(sub="5678", exp=int(START.timestamp()) - 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x" * 5000, "not an AniList token"),
        ("t\u00f6ken", "not an AniList token"),
        ("a\0b", "not an AniList token"),
        (ENDED, "has ended"),
    ],
)
async def test_what_can_be_no_token_is_not_sent(tmp_path: Path, text: str, words: str) -> None:
    answers = Answers(answer(200))
    with pytest.raises(LinkRefused, match=words):
        await an_anilist(answers, tmp_path).link(LinkRequest(secret=text), Prompts())
    assert not answers.requests


@pytest.mark.parametrize(
    ("text", "words"),
    [("nonsense \u00e4", "not an AniList token"), (ENDED, "has ended"), (JWT, "does not know")],
)
async def test_a_paste_that_is_no_good_is_asked_for_again(
    tmp_path: Path, text: str, words: str
) -> None:
    me = played(cassette("anilist", "viewer"))
    refused = anilist_error(400, "Invalid token")
    answers = Answers(refused, me) if text == JWT else Answers(me)
    prompts = Prompts()
    request = LinkRequest(client_id="1", pasted=pasting(text, JWT))
    linked = await an_anilist(answers, tmp_path).link(request, prompts)
    assert linked.user.id == "5678"
    first, again = prompts.shown
    assert words in again.refused
    assert replace(again, refused="") == first
    assert "https://anilist.co/api/v2/oauth/pin" in first.note
    assert first.page == SPEC.help_url


@pytest.mark.parametrize(
    ("text", "why", "words"),
    [
        ("https://x/#error=access_denied&state=", LinkTrouble.DENIED, "declined"),
        ("https://x/?error=access_denied", LinkTrouble.DENIED, "declined"),
        ('{"error":"invalid_client","message":"x"}', LinkTrouble.CLIENT_ID, "refused the client"),
        ('{"error": "unsupported_grant_type"}', LinkTrouble.CLIENT_ID, "oauth/pin"),
        ("?error=redirect_uri_mismatch", LinkTrouble.CLIENT_ID, "redirect address"),
    ],
)
async def test_what_the_page_said_instead_of_a_token_is_understood(
    tmp_path: Path, text: str, why: LinkTrouble, words: str
) -> None:
    answers = Answers(answer(200))
    for request in (
        LinkRequest(client_id="1", pasted=pasting(text)),
        LinkRequest(client_id="1", secret=text),
    ):
        with pytest.raises(LinkRefused, match=words) as caught:
            await an_anilist(answers, tmp_path).link(request, Prompts())
        assert caught.value.why is why
        assert caught.value.page == (SPEC.help_url if why is LinkTrouble.CLIENT_ID else "")
    assert not answers.requests


async def test_an_address_without_encryption_has_to_be_allowed(tmp_path: Path) -> None:
    answers, prompts = Answers(played(cassette("anilist", "viewer"))), Prompts()
    request = LinkRequest(
        api_url="http://lists.home/graphql",
        auth_url="http://lists.home",
        client_id="1",
        pasted=pasting(JWT, JWT),
    )
    for tried in (request, replace(request, secret=JWT)):
        with pytest.raises(LinkRefused, match=r"lists\.home") as caught:
            await an_anilist(answers, tmp_path).link(tried, prompts)
        assert caught.value.why is LinkTrouble.PLAIN_HTTP
    assert not prompts.shown
    assert not answers.requests
    await an_anilist(answers, tmp_path).link(replace(request, allow_http=True), prompts)
    assert prompts.shown[0].url.startswith("http://lists.home/api/v2/oauth/authorize?")
    assert answers.requests[0].url.host == "lists.home"


async def test_custom_addresses_are_used_and_kept(tmp_path: Path) -> None:
    answers, prompts = Answers(played(cassette("anilist", "viewer"))), Prompts()

    async def pasted() -> str:
        return JWT

    request = LinkRequest(
        api_url="http://127.0.0.1:8000/graphql",
        auth_url="http://127.0.0.1:8000/",
        client_id="1",
        pasted=pasted,
    )
    linked = await an_anilist(answers, tmp_path).link(request, prompts)
    assert str(answers.requests[0].url) == "http://127.0.0.1:8000/graphql"
    assert prompts.shown[0].url.startswith("http://127.0.0.1:8000/api/v2/oauth/authorize?")
    assert (linked.api_url, linked.auth_url) == (request.api_url, request.auth_url)


@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", a_jwt(), a_jwt(exp="x"), a_jwt(exp=-1), a_jwt(exp=2**60), "a.[].c"]
)
def test_a_token_that_tells_no_end_has_none(token: str) -> None:
    assert token_ends_at(token) is None


def test_a_tokens_end_is_read_from_it() -> None:
    assert token_ends_at(a_jwt(exp=1_800_000_000)) == datetime.fromtimestamp(1_800_000_000, UTC)
    assert pasted_token("  abc  ") == "abc"
