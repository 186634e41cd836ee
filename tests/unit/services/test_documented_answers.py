"""What each documented refusal means when an account is tested, and when one is being linked.

One table for all services: the answer as its reference page has it, the error it is for somebody
who tests an account, and why it refuses a link. What it means for a delivery is in each service's
own tests.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    LaneBlocked,
    LinkExpired,
    LinkRefused,
    LinkTrouble,
    QuotaExhausted,
    RateLimited,
    ServiceTrouble,
)
from revenge_companion.core.reasons import Reason
from revenge_companion.services.base import LinkRequest
from revenge_companion.services.catalog import SPECS
from tests.unit.services.anime import anilist_error
from tests.unit.services.kit import (
    TOKEN,
    Answers,
    MemorySlot,
    Prompts,
    an_account,
    answer,
)
from tests.unit.services.test_any_answer import a_secret, the_service

Error = type[CompanionError]


@dataclass(frozen=True)
class Row:
    """`error` (and its facts) at a test; at a link `why`, or the same error where it is None."""

    service: str
    name: str
    reply: httpx.Response
    error: Error
    why: LinkTrouble | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    #: In the sentence for who links.
    says: str = ""

    @property
    def id(self) -> str:
        return f"{self.service} {self.name}"


def said(status: int, code: object, **more: Any) -> httpx.Response:
    return answer(status, {"error": code, "message": "prose"} | more)


def blocked(reason: Reason) -> dict[str, Any]:
    return {"code": reason}


KEY = blocked(Reason.APP_KEY_REFUSED)
PLACE = blocked(Reason.WRONG_ADDRESS)
LOCKED = blocked(Reason.ACCOUNT_LOCKED)
WHY = LinkTrouble

TRAKT = [
    # What is not about the client id at the first question is not said to be.
    Row("trakt", "403", answer(403), LaneBlocked, WHY.CLIENT_ID, KEY, "refused the client id"),
    Row("trakt", "403 edge", answer(403, "error code: 1010"), LaneBlocked, WHY.CLIENT_ID, KEY),
    Row("trakt", "404", answer(404), LaneBlocked, WHY.ADDRESS, PLACE, "not a Trakt server"),
    Row("trakt", "405", answer(405), LaneBlocked, WHY.ADDRESS, PLACE),
    Row("trakt", "412", answer(412), ServiceTrouble),
    Row(
        "trakt", "420", answer(420), LaneBlocked, WHY.LIMIT,
        blocked(Reason.ACCOUNT_LIMIT), "room for one app",
    ),
    Row("trakt", "423", answer(423), LaneBlocked, WHY.OTHER, LOCKED, "support@trakt.tv"),
    Row(
        "trakt", "426", answer(426, "", {"X-Upgrade-URL": "https://trakt.tv/vip"}), LaneBlocked,
        WHY.LIMIT, blocked(Reason.VIP_NEEDED), "paid plan",
    ),
    Row("trakt", "429", answer(429, "", {"Retry-After": "9"}), RateLimited, None,
        {"retry_after_s": 9.0}),
]  # fmt: skip

SIMKL = [
    Row("simkl", "empty field", said(400, "empty_field"), BatchRefused, WHY.OTHER),
    Row("simkl", "wrong parameter", said(400, "wrong_parameter"), BatchRefused, WHY.OTHER),
    Row("simkl", "old client", said(400, "unauthorized_client"), LaneBlocked, WHY.CLIENT_ID, KEY,
        "second version"),
    Row("simkl", "no client", said(401, "invalid_client"), LaneBlocked, WHY.CLIENT_ID, KEY),
    Row("simkl", "412", said(412, "client_id_failed"), LaneBlocked, WHY.CLIENT_ID, KEY),
    Row("simkl", "read only", said(403, "insufficient_scope"), LinkExpired, WHY.WRONG_SECRET, {},
        "may only read"),
    Row("simkl", "403", said(403, "blocked"), RateLimited, None, {"retry_after_s": 3600.0}),
    Row("simkl", "rate", said(429, "rate_limit"), RateLimited, None, {"retry_after_s": 2.0}),
    Row("simkl", "day", said(429, "user_limit_exceeded"), QuotaExhausted),
    Row("simkl", "app's day", said(429, "app_limit_exceeded"), QuotaExhausted),
]  # fmt: skip


def lastfm(code: object, status: int = 403) -> httpx.Response:
    return answer(status, {"error": code, "message": "words"})


LASTFM = [
    *[
        Row("lastfm", f"error {code}", lastfm(code), ServiceTrouble)
        for code in (1, 2, 5, 8, 11, 16, 18, 19, 20, 21, 22, 23, 24, 25, 28)
    ],
    *[
        Row("lastfm", f"error {code}", lastfm(code), LaneBlocked, WHY.ADDRESS, PLACE)
        for code in (3, 27)
    ],
    *[
        Row("lastfm", f"error {code}", lastfm(code), LinkExpired, WHY.WRONG_SECRET, {}, "not right")
        for code in (4, 9)
    ],
    *[
        Row("lastfm", f"error {code}", lastfm(code, 400), BatchRefused, WHY.WRONG_SECRET)
        for code in (6, 7)
    ],
    *[
        Row("lastfm", f"error {code}", lastfm(code), LaneBlocked, WHY.CLIENT_ID, KEY, "API key")
        for code in (10, 13, 26)
    ],
    Row("lastfm", "error 12", lastfm(12), LaneBlocked, WHY.LIMIT, blocked(Reason.VIP_NEEDED)),
    *[
        Row("lastfm", f"error {code}", lastfm(code), LinkExpired, WHY.WRONG_SECRET)
        for code in (14, 15, 17)
    ],
    Row("lastfm", "error 29", lastfm(29, 429), QuotaExhausted),
    Row("lastfm", "500 in json", lastfm(8, 500), ServiceTrouble),
]


def listenbrainz(status: int, error: str) -> httpx.Response:
    return answer(status, {"code": status, "error": error})


LISTENBRAINZ = [
    Row(
        "listenbrainz", "invalid", answer(200, {"code": 200, "valid": False}), LinkExpired,
        WHY.WRONG_SECRET, {}, "does not know this token",
    ),
    Row("listenbrainz", "401", listenbrainz(401, "Invalid token."), LinkExpired, WHY.WRONG_SECRET),
    Row("listenbrainz", "403", listenbrainz(403, "No."), LaneBlocked, WHY.OTHER, LOCKED,
        "refuses this account: No"),
    *[
        Row("listenbrainz", str(status), answer(status, "<html>"), LaneBlocked, WHY.ADDRESS, PLACE)
        for status in (404, 405, 410)
    ],
    Row("listenbrainz", "413", answer(413), ServiceTrouble),
    Row(
        "listenbrainz", "429", answer(429, "", {"X-RateLimit-Reset-In": "9"}), RateLimited, None,
        {"retry_after_s": 9.0},
    ),
]  # fmt: skip

ANILIST = [
    *[
        Row("anilist", name, reply, LinkExpired, WHY.WRONG_SECRET, {}, "does not know this token")
        for name, reply in (
            ("invalid", anilist_error(400, "Invalid token")),
            ("invalid in 200", anilist_error(400, "Invalid token", 200)),
            ("401", answer(401)),
        )
    ],
    Row("anilist", "validation", anilist_error(400, "validation"), BatchRefused, WHY.OTHER),
    Row("anilist", "query", anilist_error(400, "Cannot query field"), BatchRefused, WHY.OTHER),
    Row("anilist", "403 json", anilist_error(403, "temporarily disabled"), ServiceTrouble),
    Row("anilist", "403 html", answer(403, "<html>Just a moment..."), ServiceTrouble),
    Row("anilist", "403 block", answer(403, "Your IP is blocked"), LaneBlocked, WHY.OTHER, LOCKED,
        "Your IP is blocked"),
    Row("anilist", "404", answer(404, "<html>"), LaneBlocked, WHY.ADDRESS, PLACE),
    Row("anilist", "429 bare", answer(429), RateLimited, None, {"retry_after_s": 61.0}),
    Row("anilist", "500 in 200", anilist_error(500, "Internal", 200), ServiceTrouble),
]  # fmt: skip

MYANIMELIST = [
    # The exchange of the code is asked first when linking: other answers mean other things there.
    Row("myanimelist", "400", said(400, "bad_request"), BatchRefused, WHY.ENDED),
    Row("myanimelist", "403", said(403, "forbidden"), RateLimited, None,
        {"retry_after_s": 1800.0}),
    Row("myanimelist", "403 html", answer(403, "<html>"), RateLimited, None,
        {"retry_after_s": 1800.0}),
    Row("myanimelist", "404", said(404, "not_found"), LaneBlocked, WHY.ADDRESS, PLACE),
    Row("myanimelist", "429 bare", answer(429), RateLimited, None, {"retry_after_s": 60.0}),
]  # fmt: skip

HARDCOVER = [
    *[
        Row("hardcover", name, reply, LinkExpired, WHY.WRONG_SECRET, {}, "not accept this token")
        for name, reply in (
            ("401", answer(401, {"error": "invalid_token"})),
            ("401 words", answer(401, {"error": "Unable to verify token"})),
            (
                "jwt",
                answer(
                    200,
                    {"errors": [{"message": "No", "extensions": {"code": "invalid-jwt"}}]},
                ),
            ),
        )
    ],
    Row(
        "hardcover", "scope", answer(403, {"error": "insufficient_scope", "scope": "read:me"}),
        LinkExpired, WHY.WRONG_SECRET, {}, "scope read:me",
    ),
    Row("hardcover", "nobody", answer(200, {"data": {"me": []}}), LinkExpired, WHY.WRONG_SECRET),
    *[
        Row("hardcover", code, answer(status, {"error": code}), BatchRefused, WHY.OTHER)
        for status, code in (
            (403, "unsupported_operation"),
            (403, "top_level_limit_exceeded"),
            (400, "invalid_query"),
        )
    ],
    Row("hardcover", "403", answer(403, {"error": "banned"}), LaneBlocked, WHY.OTHER, LOCKED),
    Row("hardcover", "404", answer(404, "<html>"), LaneBlocked, WHY.ADDRESS, PLACE),
    Row("hardcover", "429", answer(429, "", {"Retry-After": "9"}), RateLimited, None,
        {"retry_after_s": 9.0}),
    Row(
        "hardcover", "429 day", answer(429, "", {"RateLimit": '"daily";r=0;t=5000'}),
        QuotaExhausted, None, {"retry_after_s": 5000.0},
    ),
]  # fmt: skip

ROWS = [*TRAKT, *SIMKL, *LASTFM, *LISTENBRAINZ, *ANILIST, *MYANIMELIST, *HARDCOVER]
BY_KEY = {spec.key: spec for spec in SPECS}


async def pasted() -> str:
    return TOKEN


def a_request(service: str) -> LinkRequest:
    if service == "lastfm":
        return LinkRequest(username="anna", secret="secret")
    return LinkRequest(secret=TOKEN, pasted=pasted)


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
async def test_an_answer_to_a_test_of_the_account(row: Row, tmp_path: Path) -> None:
    spec = BY_KEY[row.service]
    service = the_service(spec, Answers(row.reply), tmp_path)
    client = service.client(an_account(row.service), MemorySlot(a_secret()))
    with pytest.raises(row.error) as caught:
        await client.whoami()
    assert type(caught.value) is row.error
    for name, value in row.facts.items():
        assert getattr(caught.value, name) == value
    assert "this play" not in str(caught.value)


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
async def test_an_answer_to_a_link(row: Row, tmp_path: Path) -> None:
    spec, answers = BY_KEY[row.service], Answers(row.reply)
    service = the_service(spec, answers, tmp_path)
    with pytest.raises(CompanionError) as caught:
        await service.link(a_request(row.service), Prompts())
    error = caught.value
    assert row.says in str(error)
    assert "this play" not in str(error)
    if row.why is None:
        assert type(error) is row.error
        return
    assert isinstance(error, LinkRefused)
    assert error.why is row.why
    # A page is named where there is something to mend, and only there.
    mends = row.why in (LinkTrouble.CLIENT_ID, LinkTrouble.LIMIT)
    assert bool(error.page) is mends or row.why is LinkTrouble.WRONG_SECRET


@pytest.mark.parametrize("key", [spec.key for spec in SPECS if not spec.hand_off])
def test_every_service_has_its_refusals_in_the_table(key: str) -> None:
    rows = [row for row in ROWS if row.service == key]
    whys = {row.why for row in rows}
    assert {LinkTrouble.ADDRESS, None} <= whys or key == "simkl"
    assert len({row.id for row in rows}) == len(rows) >= 5
