"""Refreshing tokens: once, stored before use, and never mistaken for a lost link."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from revenge_companion.core.errors import (
    CompanionError,
    LaneBlocked,
    LinkExpired,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.net.http import Answer
from revenge_companion.services.base import Secret
from revenge_companion.services.tokens import Tokens, read_refreshed, read_tokens
from tests.clock import START
from tests.unit.services.kit import MemorySlot, QuickClock, answer

WEEK = timedelta(days=7)
OLD = Secret("old", "r1", START + WEEK, "app")
NEW = Secret("new", "r2", START + WEEK, "app")


class Refreshing:
    """Gives scripted outcomes of a refresh, and notes what it was given and what was stored."""

    def __init__(self, *outcomes: Secret | Exception) -> None:
        self.outcomes = list(outcomes)
        self.given: list[Secret] = []

    async def __call__(self, secret: Secret) -> Secret:
        self.given.append(secret)
        await asyncio.sleep(0)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def some_tokens(slot: MemorySlot, refreshing: Refreshing) -> Tokens:
    return Tokens(slot, QuickClock(), refreshing, service="Trakt")


async def test_many_who_notice_refresh_once() -> None:
    slot, refreshing = MemorySlot(OLD), Refreshing(NEW)
    tokens = some_tokens(slot, refreshing)
    found = await asyncio.gather(*(tokens.renewed(OLD) for _ in range(10)))
    assert set(found) == {NEW}
    assert len(refreshing.given) == 1


async def test_two_clients_of_one_account_refresh_once() -> None:
    slot, refreshing = MemorySlot(OLD), Refreshing(NEW)
    two = [some_tokens(slot, refreshing) for _ in range(2)]
    assert await asyncio.gather(*(tokens.renewed(OLD) for tokens in two)) == [NEW, NEW]
    assert slot.put_log == [NEW]


async def test_new_tokens_are_stored_before_they_are_used() -> None:
    slot = MemorySlot(OLD)
    tokens = some_tokens(slot, Refreshing(NEW))
    stored: list[Secret | None] = []

    async def request(secret: Secret) -> Answer:
        stored.append(slot.secret)
        return Answer(401 if secret is OLD else 200, {}, b"")

    assert (await tokens.send(request)).status == 200
    assert stored == [OLD, NEW]


async def test_a_token_somebody_else_renewed_is_used_as_it_is() -> None:
    refreshing = Refreshing()
    assert await some_tokens(MemorySlot(NEW), refreshing).renewed(OLD) == NEW
    assert not refreshing.given


@pytest.mark.parametrize(("hours", "renews"), [(25, False), (23, True), (-1, True)])
async def test_tokens_are_renewed_a_day_ahead(hours: int, renews: bool) -> None:
    secret = Secret("old", "r1", START + timedelta(hours=hours))
    refreshing = Refreshing(NEW)
    assert (await some_tokens(MemorySlot(secret), refreshing).current() == NEW) is renews


async def test_short_lived_tokens_are_not_renewed_again_at_once() -> None:
    short = Secret("short", "r2", START + timedelta(hours=1))
    refreshing = Refreshing(short)
    tokens = some_tokens(MemorySlot(Secret("old", "r1", START)), refreshing)
    assert [await tokens.current() for _ in range(3)] == [short] * 3


async def test_tokens_without_an_end_are_left_alone() -> None:
    secret = Secret("key")
    assert await some_tokens(MemorySlot(secret), Refreshing()).current() == secret


async def test_trouble_while_renewing_ahead_uses_what_still_works() -> None:
    secret = Secret("old", "r1", START + timedelta(hours=1))
    tokens = some_tokens(MemorySlot(secret), Refreshing(ServiceTrouble("x")))
    assert await tokens.current() == secret


async def test_trouble_after_the_end_is_trouble_and_not_a_lost_link() -> None:
    secret = Secret("old", "r1", START - timedelta(hours=1))
    with pytest.raises(Unreachable):
        await some_tokens(MemorySlot(secret), Refreshing(Unreachable("x"))).current()


async def test_an_unheard_renewal_is_asked_again_once() -> None:
    slot = MemorySlot(OLD)
    assert await some_tokens(slot, Refreshing(Unanswered("x"), NEW)).renewed(OLD) == NEW
    gone = Refreshing(Unanswered("x"), LinkExpired("gone"))
    with pytest.raises(LinkExpired):
        await some_tokens(MemorySlot(OLD), gone).renewed(OLD)
    assert [secret.refresh for secret in gone.given] == ["r1", "r1"]


@pytest.mark.parametrize("secret", [None, Secret(""), Secret("old")])
async def test_without_anything_to_renew_the_link_is_over(secret: Secret | None) -> None:
    with pytest.raises(LinkExpired):
        await some_tokens(MemorySlot(secret), Refreshing()).renewed(secret or OLD)


async def test_a_refused_client_id_is_not_answered_with_a_refresh() -> None:
    refreshing = Refreshing()

    async def request(_secret: Secret) -> Answer:
        return Answer(401, {}, b'{"error": "invalid_client"}')

    assert (await some_tokens(MemorySlot(OLD), refreshing).send(request)).status == 401
    assert not refreshing.given


def refreshed(reply: httpx.Response) -> Secret:
    headers = {key.lower(): value for key, value in reply.headers.items()}
    return read_refreshed(
        Answer(reply.status_code, headers, reply.content), QuickClock(), OLD, service="Trakt"
    )


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(400, {"error": "invalid_grant", "error_description": "no"}), LinkExpired),
        (answer(401, {"error": "invalid_grant"}), LinkExpired),
        (answer(401, {"error": "invalid_client"}), LaneBlocked),
        (answer(400, {"error": "unauthorized_client"}), LaneBlocked),
        (answer(403, {}), LaneBlocked),
        (answer(403, "<html>"), ServiceTrouble),
        (answer(429, "", {"Retry-After": "3"}), RateLimited),
        (answer(500), ServiceTrouble),
        (answer(302), ServiceTrouble),
        (answer(200, "<html>"), Unanswered),
        (answer(200, '{"access_token": "a'), Unanswered),
        (answer(200, {"access_token": 5}), Unanswered),
        (answer(200, {"access_token": "two words"}), Unanswered),
    ],
)
def test_every_answer_to_a_refresh_has_its_error(
    reply: httpx.Response, error: type[CompanionError]
) -> None:
    with pytest.raises(error) as caught:
        refreshed(reply)
    assert type(caught.value) is error


def test_a_refresh_token_that_stays_is_kept() -> None:
    fresh = refreshed(answer(200, {"access_token": "new", "expires_in": 60}))
    assert fresh == Secret("new", "r1", START + timedelta(seconds=60), "app")


@pytest.mark.parametrize(
    ("life", "expires"),
    [
        (604_800, WEEK),
        (1e12, timedelta(days=365)),
        (0, None),
        (-1, None),
        ("soon", None),
        (True, None),
        (float("inf"), timedelta(days=365)),
    ],
)
def test_a_lifetime_is_believed_within_reason(life: Any, expires: timedelta | None) -> None:
    secret = read_tokens({"access_token": "a", "expires_in": life}, QuickClock(), client_id="c")
    assert secret is not None
    assert secret.expires_at == (expires and START + expires)


def test_secrets_never_show() -> None:
    shown = repr(Secret("first", "second", client_id="app", client_secret="third"))
    assert not any(word in shown for word in ("first", "second", "third"))
