"""The rate gate: pace, live first, headers, clock jumps, day budgets."""

import asyncio
from datetime import UTC, datetime

import pytest

from revenge_companion.core.errors import QuotaExhausted, RateLimited
from revenge_companion.net.gate import DayBudget, Gate
from tests.clock import FakeClock, settle


async def _passing(gate: Gate, count: int, passed: list[str], *, live: bool = False) -> None:
    for _ in range(count):
        await gate.pass_(live=live)
        passed.append("live" if live else "backlog")


async def test_a_burst_passes_at_once_and_the_rest_at_its_pace(clock: FakeClock) -> None:
    gate = Gate(clock, interval_s=2.0, burst=3)
    passed: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_passing(gate, 5, passed))
        await settle()
        assert len(passed) == 3
        await clock.turn(1.9)
        assert len(passed) == 3
        await clock.turn(0.2)
        assert len(passed) == 4
        await clock.turn(2.0)
    assert len(passed) == 5


async def test_live_passes_before_the_backlog(clock: FakeClock) -> None:
    gate = Gate(clock, interval_s=1.0)
    passed: list[str] = []
    await gate.pass_()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_passing(gate, 3, passed))
        await settle()
        tasks.create_task(_passing(gate, 1, passed, live=True))
        await clock.turn(10)
    assert passed[0] == "live"
    assert len(passed) == 4


async def test_a_wall_clock_that_jumps_changes_nothing(clock: FakeClock) -> None:
    gate = Gate(clock, interval_s=5.0)
    passed: list[str] = []
    await gate.pass_()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_passing(gate, 1, passed))
        await settle()
        clock.jump(-86_400)
        clock.jump(10 * 86_400)
        await clock.turn(4.9)
        assert not passed
        await clock.turn(0.2)
    assert passed


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset-in": "30"}, True),
        ({"x-ratelimit-remaining": "5", "x-ratelimit-reset-in": "30"}, False),
        ({"x-ratelimit-remaining": "x", "x-ratelimit-reset-in": "nan"}, False),
        ({"retry-after": "30"}, True),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, False),
        ({}, False),
    ],
)
async def test_headers_close_the_gate_until_the_window_ends(
    clock: FakeClock, headers: dict[str, str], waits: bool
) -> None:
    gate = Gate(clock, interval_s=0.1, burst=10)
    gate.learn(headers)
    passed: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_passing(gate, 1, passed))
        await settle()
        assert bool(passed) is not waits
        await clock.turn(30.1)
    assert passed


async def test_a_cancelled_wait_leaves_the_gate_open(clock: FakeClock) -> None:
    gate = Gate(clock, interval_s=1.0)
    await gate.pass_()
    waiting = asyncio.ensure_future(gate.pass_(live=True))
    await settle()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    passed: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_passing(gate, 1, passed))
        await clock.turn(1.1)
    assert passed


async def test_a_days_last_quarter_is_kept_for_live() -> None:
    clock = FakeClock(datetime(2026, 3, 1, 20, 0, tzinfo=UTC))
    gate = Gate(
        clock, interval_s=0.001, burst=100, day=DayBudget(clock, limit=4, starts_at_utc_h=5)
    )
    for _ in range(3):
        await gate.pass_()
    with pytest.raises(QuotaExhausted) as caught:
        await gate.pass_()
    assert caught.value.retry_after_s == 9 * 3600
    await gate.pass_(live=True)
    with pytest.raises(QuotaExhausted):
        await gate.pass_(live=True)
    clock.advance(9 * 3600)
    await gate.pass_()


@pytest.mark.parametrize(("live", "seconds"), [(True, 11.0), (False, 61.0)])
async def test_a_long_wait_is_told_instead_of_waited(
    clock: FakeClock, live: bool, seconds: float
) -> None:
    gate = Gate(clock, interval_s=1.0)
    gate.hold(seconds)
    with pytest.raises(RateLimited) as caught:
        await gate.pass_(live=live)
    assert caught.value.retry_after_s == seconds
