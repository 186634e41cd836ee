"""An account that confirms nothing is told of once, also over a restart."""

import asyncio
from datetime import timedelta

import pytest

from revenge_companion.core.accounts import Account
from revenge_companion.core.alarm import Flow
from revenge_companion.core.errors import StoreTrouble
from revenge_companion.engine.alarms import LOOK_EVERY_S, Alarms
from tests.clock import START, FakeClock

TRAKT, SIMKL = Account(1, "trakt", "anna", "r1"), Account(2, "simkl", "anna", "r2")
DAY = timedelta(days=1)


class Home:
    """Flows and small texts in memory."""

    def __init__(self) -> None:
        self.flows: dict[int, Flow] = {}
        self.texts: dict[str, str] = {}
        self.fails = False

    async def unconfirmed(self) -> dict[int, Flow]:
        if self.fails:
            raise StoreTrouble("The disk is gone.")
        return self.flows

    async def get_meta(self, key: str) -> str | None:
        return self.texts.get(key)

    async def set_meta(self, key: str, value: str) -> None:
        self.texts[key] = value


class Told:
    """The alarms of one run, with what they told."""

    def __init__(self, home: Home, clock: FakeClock) -> None:
        self.alarms = Alarms(home, home, clock)
        self.accounts: list[Account] = []
        self.changes = 0
        self._task: asyncio.Task[None] | None = None

    def _changed(self) -> None:
        self.changes += 1

    async def start(self) -> None:
        await self.alarms.load()
        self._task = asyncio.create_task(
            self.alarms.keep_looking(lambda: (TRAKT, SIMKL), self.accounts.append, self._changed)
        )

    async def stop(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def test_it_is_told_once_marked_and_taken_back_by_a_confirmation(clock: FakeClock) -> None:
    home = Home()
    told = Told(home, clock)
    await told.start()
    await clock.turn(1)
    assert told.accounts == []

    for hour in range(30):
        home.flows = {1: Flow(hour + 1, START, clock.now())}
        await clock.turn(LOOK_EVERY_S)
    assert told.accounts == [TRAKT]
    assert told.alarms.since == {1: START}
    assert told.changes == 1

    home.flows = {}
    await clock.turn(LOOK_EVERY_S)
    assert told.alarms.since == {}
    assert told.changes == 2
    await told.stop()


async def test_an_idle_account_is_never_told_of(clock: FakeClock) -> None:
    home = Home()
    home.flows = {2: Flow(1, START, START)}
    told = Told(home, clock)
    await told.start()
    await clock.turn(30 * 86_400)
    assert told.accounts == []
    await told.stop()


async def test_a_restart_tells_nothing_again(clock: FakeClock) -> None:
    home = Home()
    home.flows = {1: Flow(9, START - 2 * DAY, START)}
    first, second = Told(home, clock), Told(home, clock)
    for told in (first, second):
        await told.start()
        await clock.turn(1)
        await told.stop()

    assert first.accounts == [TRAKT]
    assert second.accounts == []
    assert second.alarms.since == {1: START - 2 * DAY}


@pytest.mark.parametrize("text", ["{", "[]", '{"1": 5}', '{"x": "2026-03-01T00:00:00+00:00"}'])
@pytest.mark.expected_logs("cannot be read")
async def test_a_broken_memory_is_forgotten(text: str, clock: FakeClock) -> None:
    home = Home()
    home.texts["silent_accounts"] = text
    alarms = Alarms(home, home, clock)
    await alarms.load()
    assert alarms.since == {}


@pytest.mark.expected_logs("The disk is gone")
async def test_trouble_with_the_disk_ends_no_looking(clock: FakeClock) -> None:
    home = Home()
    home.fails = True
    told = Told(home, clock)
    await told.start()
    await clock.turn(1)
    home.fails, home.flows = False, {1: Flow(9, START - 2 * DAY, START)}
    await clock.turn(LOOK_EVERY_S)
    assert told.accounts == [TRAKT]
    await told.stop()
