"""What is kept of an account's limits, and when its backlog is through."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from revenge_companion.core.accounts import Account, AccountState
from revenge_companion.core.quota import DayUse
from revenge_companion.engine.limits import Limits
from revenge_companion.net.http import Http
from revenge_companion.services.base import Service
from revenge_companion.services.lastfm.service import LastFm
from revenge_companion.services.simkl.service import Simkl
from revenge_companion.services.trakt.service import Trakt
from tests.clock import START, FakeClock

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
LASTFM = Account(1, "lastfm", "me", "u1")


class Meta:
    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def get_meta(self, key: str) -> str | None:
        return self.kept.get(key)

    async def set_meta(self, key: str, value: str) -> None:
        self.kept[key] = value


@pytest.fixture
def meta() -> Meta:
    return Meta()


def limits_of(meta: Meta, clock: FakeClock) -> Limits:
    http = Http()
    made: tuple[Service, ...] = (
        LastFm(http, clock, {}),
        Simkl(http, clock, {}, cache=Path("unused")),
        Trakt(http, clock, {}),
    )
    return Limits({one.spec.key: one for one in made}, meta, clock)


@pytest.fixture
def limits(meta: Meta, clock: FakeClock) -> Limits:
    return limits_of(meta, clock)


async def test_a_backlog_at_lastfm_ends_on_a_later_day(limits: Limits) -> None:
    await limits.load([LASTFM])
    assert limits.eta(LASTFM, 600) is None
    assert limits.eta(LASTFM, 601) == MIDNIGHT
    assert limits.eta(LASTFM, 1400) == MIDNIGHT + timedelta(days=1)


async def test_simkl_counts_requests_and_begins_its_day_in_new_york(limits: Limits) -> None:
    simkl = Account(2, "simkl", "me", "u1")
    await limits.load([simkl])
    assert limits.eta(simkl, 37_500) is None
    assert limits.eta(simkl, 37_501) == MIDNIGHT + timedelta(hours=5)


async def test_a_day_that_the_service_closed_ends_no_earlier_than_it_said(limits: Limits) -> None:
    await limits.load([LASTFM])
    until = START + timedelta(hours=12)
    closed = Account(1, "lastfm", "me", "u1", state=AccountState.QUOTA, held_until=until)
    assert limits.eta(closed, 5) == until


async def test_where_nothing_limits_the_day_there_is_no_end_to_tell(limits: Limits) -> None:
    own = Account(3, "lastfm", "mine", "u1", api_url="https://scrobbles.example")
    trakt = Account(4, "trakt", "me", "u1")
    await limits.load([own, trakt])
    assert limits.eta(own, 10**6) is None
    assert limits.eta(trakt, 10**6) is None


async def test_what_was_used_and_what_is_trusted_survive_a_restart(
    limits: Limits, meta: Meta, clock: FakeClock
) -> None:
    await limits.load([LASTFM])
    quota = limits.quota(1)
    assert quota is not None
    quota.spend(500, clock.now())
    await limits.note(1)(quota.text())
    stopped = Account(1, "lastfm", "me", "u1", state=AccountState.HELD)
    await limits.trust(stopped)
    again = limits_of(meta, clock)
    await again.load([LASTFM])
    assert again.eta(LASTFM, 101) == MIDNIGHT
    assert again.breaker(1).trusted_until == START


async def test_only_what_the_breaker_stopped_is_trusted(limits: Limits, meta: Meta) -> None:
    await limits.load([LASTFM])
    await limits.trust(LASTFM)
    assert limits.breaker(1).trusted_until is None
    assert meta.kept == {}


async def test_what_was_used_of_a_day_is_told_until_it_is_anew(
    limits: Limits, clock: FakeClock
) -> None:
    trakt, own = Account(3, "trakt", "me", "u1"), replace(LASTFM, id=4, api_url="https://fm.home")
    await limits.load([LASTFM, trakt, own])
    assert limits.day(LASTFM.id) == DayUse(0, 600, MIDNIGHT)
    quota = limits.quota(LASTFM.id)
    assert quota is not None
    quota.spend(112, clock.now())
    assert limits.day(LASTFM.id) == DayUse(112, 600, MIDNIGHT)
    clock.advance((MIDNIGHT - clock.now()).total_seconds() + 1)
    assert limits.day(LASTFM.id) == DayUse(0, 600, MIDNIGHT + timedelta(days=1))
    # Trakt names no budget, and a server of one's own has none.
    assert limits.day(trakt.id) is limits.day(own.id) is None
