"""When the server's history is read, and when its place moves."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from revenge_companion.core.errors import SessionExpired, StoreTrouble, Unreachable
from revenge_companion.core.playback import PlaybackEvent
from revenge_companion.engine.catchup import EVERY_S, HINTED_S, RETRY_S, SETTLE_S, CatchingUp
from revenge_companion.revenge.catchup import Stock
from tests.clock import START, FakeClock, settle


class Walk:
    """A history that is one second longer at each walk."""

    def __init__(self) -> None:
        self.asked: list[Stock | None] = []
        self.error: Exception | None = None

    async def since(self, stock: Stock | None) -> tuple[list[PlaybackEvent], Stock]:
        self.asked.append(stock)
        if self.error is not None:
            raise self.error
        return [], Stock(START + timedelta(seconds=len(self.asked)))


class World:
    """The tracker and the database, as far as a walk touches them."""

    def __init__(self) -> None:
        self.replaying = False
        self.recorded = True
        self.kept: dict[str, str] = {}
        self.full = False

    def is_replaying(self) -> bool:
        return self.replaying

    async def take_history(self, events: Sequence[PlaybackEvent]) -> bool:
        return self.recorded

    async def get_meta(self, key: str) -> str | None:
        return self.kept.get(key)

    async def set_meta(self, key: str, value: str) -> None:
        if self.full:
            raise StoreTrouble("The disk is full.")
        self.kept[key] = value


class Bench:
    def __init__(self, clock: FakeClock) -> None:
        self.walk, self.world = Walk(), World()
        self.catching_up = CatchingUp(self.walk, self.world, self.world, clock, "home/ann")  # type: ignore[arg-type]  # a walk of the same shape
        self.task = asyncio.create_task(self.catching_up.run())


@pytest.fixture
async def bench(clock: FakeClock) -> AsyncIterator[Bench]:
    bench = Bench(clock)
    yield bench
    bench.task.cancel()
    await asyncio.gather(bench.task, return_exceptions=True)


async def test_nothing_is_asked_before_the_server_is_connected(
    bench: Bench, clock: FakeClock
) -> None:
    await clock.turn(2 * EVERY_S)
    assert bench.walk.asked == []
    bench.catching_up.connected()
    await clock.turn(SETTLE_S)
    assert bench.walk.asked == [None]


async def test_a_replay_comes_before_the_history(bench: Bench, clock: FakeClock) -> None:
    bench.world.replaying = True
    bench.catching_up.connected()
    await clock.turn(10 * SETTLE_S)
    assert bench.walk.asked == []
    bench.world.replaying = False
    await clock.turn(SETTLE_S)
    assert len(bench.walk.asked) == 1


async def test_each_connection_and_every_few_hours_ask_from_the_last_place(
    bench: Bench, clock: FakeClock
) -> None:
    bench.catching_up.connected()
    await clock.turn(SETTLE_S)
    bench.catching_up.connected()
    await clock.turn(SETTLE_S)
    await clock.turn(EVERY_S + SETTLE_S)
    first, second = (Stock(START + timedelta(seconds=n)) for n in (1, 2))
    assert bench.walk.asked == [None, first, second]


async def test_hints_of_the_server_are_followed_and_not_each_of_them(
    bench: Bench, clock: FakeClock
) -> None:
    bench.catching_up.connected()
    await clock.turn(SETTLE_S)
    for _ in range(3):
        bench.catching_up.hinted()
        await clock.turn(SETTLE_S)
    assert len(bench.walk.asked) == 1
    await clock.turn(HINTED_S)
    assert len(bench.walk.asked) == 2
    await clock.turn(HINTED_S)
    bench.catching_up.hinted()
    await clock.turn(SETTLE_S)
    assert len(bench.walk.asked) == 3
    bench.catching_up.connected()
    await clock.turn(SETTLE_S)
    assert len(bench.walk.asked) == 4


@pytest.mark.parametrize("trouble", ["walk", "unrecorded", "disk"])
async def test_trouble_leaves_the_place_and_is_tried_again(
    bench: Bench, clock: FakeClock, trouble: str
) -> None:
    bench.walk.error = Unreachable("gone") if trouble == "walk" else None
    bench.world.recorded = trouble != "unrecorded"
    bench.world.full = trouble == "disk"
    bench.catching_up.connected()
    await clock.turn(SETTLE_S)
    assert bench.world.kept == {}
    bench.walk.error, bench.world.recorded, bench.world.full = None, True, False
    await clock.turn(RETRY_S + SETTLE_S)
    assert bench.walk.asked == [None, None]
    assert len(bench.world.kept) == 1


async def test_the_end_of_the_sign_in_ends_it(bench: Bench, clock: FakeClock) -> None:
    bench.walk.error = SessionExpired("over")
    bench.catching_up.connected()
    await clock.turn(SETTLE_S)
    await settle()
    assert bench.task.done()


@pytest.mark.expected_logs("begins anew")
async def test_a_place_that_cannot_be_read_only_takes_stock(bench: Bench, clock: FakeClock) -> None:
    bench.world.kept["history/home/ann"] = '{"v": 1, "films": []}'
    bench.catching_up.connected()
    await clock.turn(SETTLE_S)
    assert bench.walk.asked == [None]
