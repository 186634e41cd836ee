"""Many calls to one server: well below its limit, and patient with its troubles."""

import asyncio

import pytest

from revenge_companion.core.errors import (
    CompanionError,
    RateLimited,
    ServiceTrouble,
    SessionExpired,
    Unanswered,
    Unreachable,
)
from revenge_companion.revenge.pace import BURST, INTERVAL_S, WAITS_S, Pace, together
from tests.clock import FakeClock


class Call:
    """Fails so often, then answers."""

    def __init__(self, error: CompanionError | None = None, times: int = 0) -> None:
        self.error, self.times, self.made = error, times, 0

    async def __call__(self) -> int:
        self.made += 1
        if self.error is not None and self.made <= self.times:
            raise self.error
        return self.made


async def test_calls_stay_well_below_the_servers_fifty_a_second(clock: FakeClock) -> None:
    pace, call = Pace(clock), Call()
    tasks = [asyncio.create_task(pace.read(call)) for _ in range(100)]
    await clock.turn(1.0)
    assert BURST <= call.made <= BURST + 1 / INTERVAL_S + 1
    assert 1 / INTERVAL_S <= 25
    await clock.turn(10.0)
    assert call.made == 100
    await asyncio.gather(*tasks)


@pytest.mark.parametrize(
    "error",
    [RateLimited("wait"), ServiceTrouble("500"), Unanswered("?"), Unreachable("gone")],
    ids=["429", "500", "unanswered", "unreachable"],
)
async def test_a_question_is_asked_again(clock: FakeClock, error: CompanionError) -> None:
    call = Call(error, times=2)
    asking = asyncio.create_task(Pace(clock).read(call))
    await clock.turn(WAITS_S[0] - 0.01)
    assert call.made == 1
    await clock.turn(WAITS_S[0] + WAITS_S[1])
    assert await asking == 3


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (RateLimited("wait"), True),
        (Unreachable("gone"), True),
        (ServiceTrouble("500"), False),
        (Unanswered("?"), False),
    ],
)
async def test_only_what_was_certainly_not_taken_is_written_again(
    clock: FakeClock, error: CompanionError, again: bool
) -> None:
    call = Call(error, times=1)
    writing = asyncio.create_task(Pace(clock).write(call))
    await clock.turn(60.0)
    if again:
        assert await writing == 2
    else:
        with pytest.raises(type(error)):
            await writing
        assert call.made == 1


async def test_trouble_that_stays_is_told_after_half_a_minute(clock: FakeClock) -> None:
    call = Call(RateLimited("wait"), times=99)
    asking = asyncio.create_task(Pace(clock).read(call))
    await clock.turn(sum(WAITS_S) + 1)
    with pytest.raises(RateLimited):
        await asking
    assert call.made == len(WAITS_S) + 1


async def test_the_end_of_a_sign_in_is_told_at_once(clock: FakeClock) -> None:
    with pytest.raises(SessionExpired):
        await Pace(clock).read(Call(SessionExpired("over"), times=9))


async def test_a_limit_holds_everybody_back(clock: FakeClock) -> None:
    pace, other = Pace(clock), Call()
    limited = asyncio.create_task(pace.read(Call(RateLimited("wait"), times=1)))
    await clock.turn()
    waiting = asyncio.create_task(pace.read(other))
    await clock.turn(WAITS_S[0] / 2)
    assert other.made == 0
    await clock.turn(WAITS_S[0])
    assert (await waiting, await limited) == (1, 2)


async def test_of_calls_made_together_the_first_that_fails_ends_the_others() -> None:
    ended = []

    async def wait() -> int:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append(True)
            raise
        return 1

    async def fail() -> int:
        await asyncio.sleep(0)
        raise Unreachable("gone")

    with pytest.raises(Unreachable):
        await together([wait(), fail(), wait()])
    assert ended == [True, True]
    assert await together([Call()(), Call()()]) == [1, 1]
