"""Scenarios without damage: a clean run, one event a thousand times, wrong clocks, two programs."""

import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from revenge_companion.core.errors import AlreadyRunning
from revenge_companion.demo.sites.held import Tally
from tests.clock import FakeClock
from tests.faults.rig import (
    LINKED,
    Result,
    Rig,
    counted,
    episode,
    evening,
    film,
    least,
    played,
    track,
)


def result(name: str, seed: int, rig: Rig, tally: Tally, began_s: float, **more: Any) -> Result:
    plays = rig.world.viewer.plays
    return Result(
        name, seed, len(plays), rig.watch.stores(), least(plays), tally.lost, tally.doubled,
        seconds=time.perf_counter() - began_s, **more,
    )  # fmt: skip


async def clean(folder: Path, seed: int, plays: int = 40) -> Result:
    """Nothing goes wrong: as few requests as there can be."""
    began_s = time.perf_counter()
    rig = Rig(folder)
    async with rig.running():
        home = rig.home()
        await home.start(link=LINKED)
        await rig.world.viewer.play(evening(seed * 1000, plays))
        await home.drain()
        return replace(
            made := result("clean run", seed, rig, rig.count(), began_s),
            kept=made.sent == made.least,
        )


async def replayed(folder: Path, seed: int, times: int = 1000) -> Result:
    """Every event of two plays comes again and again, under its own id and under others."""
    began_s = time.perf_counter()
    rng, rig = random.Random(seed), Rig(folder)
    async with rig.running():
        home = rig.home()
        await home.start(link=LINKED)
        server = rig.world.server
        await rig.world.viewer.play([played(track(1)), played(film(2))])
        kept = server.hub.kept
        for number in range(times):
            envelope = dict(rng.choice(kept) if number % 2 else kept[-1])
            if number % 4 >= 2:
                envelope["id"] = str(UUID(int=rng.getrandbits(128), version=4))
            server.send_raw(json.dumps(envelope))
            if number % 50 == 0:
                await rig.clock.sleep(1.0)
        await rig.clock.sleep(60.0)
        await home.drain()
        return result(f"one event {times} times", seed, rig, rig.count(), began_s)


class OwnClock:
    """The clock of a computer that is set wrong, or sleeps, in a world whose time goes on."""

    def __init__(self, base: FakeClock) -> None:
        self._base = base
        self._offset = timedelta()
        self._asleep_since_s: float | None = None
        self._slept_s = 0.0

    def now(self) -> datetime:
        return self._base.now() + self._offset

    def monotonic_s(self) -> float:
        # Linux and Windows leave a suspension out of this one.
        until_s = self._base.monotonic_s() if self._asleep_since_s is None else self._asleep_since_s
        return until_s - self._slept_s

    async def sleep(self, seconds: float) -> None:
        until_s = self.monotonic_s() + seconds
        while (left_s := until_s - self.monotonic_s()) > 1e-6 or self._asleep_since_s is not None:
            await self._base.sleep(max(left_s, 1.0))
        await self._base.sleep(0)

    def set(self, seconds: float) -> None:
        """Somebody sets the clock on by `seconds`."""
        self._offset += timedelta(seconds=seconds)

    def suspend(self) -> None:
        self._asleep_since_s = self._base.monotonic_s()

    def wake(self) -> None:
        assert self._asleep_since_s is not None
        self._slept_s += self._base.monotonic_s() - self._asleep_since_s
        self._asleep_since_s = None


async def stepped(folder: Path, seed: int, seconds: float) -> Result:
    """The computer's clock is set during plays, and set right again."""
    began_s = time.perf_counter()
    rig = Rig(folder)
    async with rig.running():
        clock = OwnClock(rig.clock)
        home = rig.home(clock=clock)
        await home.start(link=LINKED)
        await during(rig, [film(1), track(2), episode(3)], 0.5, lambda: clock.set(seconds))
        await rig.world.viewer.play(evening(100, 8))
        await during(rig, [episode(5), track(6)], 0.5, lambda: clock.set(-seconds))
        await rig.world.viewer.play(evening(200, 8))
        await home.drain()
        tally = counted(
            rig.world.viewer.plays, rig.world.destinations.sites.values(), dated=seconds > 0
        )
        name = f"clock {'+' if seconds > 0 else '-'}{abs(seconds) / 86400:.0f} day"
        return result(name, seed, rig, tally, began_s)


async def unheard(
    folder: Path, seed: int, seconds: float = 0.0, plays: int = 24, *, computers: int = 2
) -> Result:
    """Every second answer to a play is lost, on a computer whose clock is `seconds` ahead."""
    began_s = time.perf_counter()
    rng, rig = random.Random(seed), Rig(folder)
    async with rig.running():
        clock = OwnClock(rig.clock)
        clock.set(seconds)
        homes = [rig.home(f"home {number}", clock) for number in range(computers)]
        for home in homes:
            await home.start(link=LINKED)
        for showing in evening(0, plays):
            for service in LINKED:
                rig.world.destinations.lose_replies(service, rng.randrange(3))
            await rig.world.viewer.play([showing])
        for site in rig.world.destinations.sites.values():
            site.forget_answers()
        for home in homes:
            await home.drain()
        sites = rig.world.destinations.sites.values()
        tally = counted(rig.world.viewer.plays, sites, dated=seconds >= 0)
        name = f"answers lost, {computers} computer{'s' * (computers > 1)}"
        ahead = f", clock {seconds / 3600:+.0f} h" if seconds else ""
        return result(name + ahead, seed, rig, tally, began_s)


async def days_ahead(folder: Path, seed: int) -> Result:
    """Sending fails while the clock is ten days ahead; set right, nothing waits for them."""
    began_s = time.perf_counter()
    rig = Rig(folder)
    async with rig.running():
        clock = OwnClock(rig.clock)
        home = rig.home(clock=clock)
        await home.start(link=LINKED)
        await rig.world.viewer.play(evening(0, 4))
        clock.set(10 * 86_400.0)
        rig.world.destinations.answer("listenbrainz", 503, times=1000)
        rig.world.destinations.answer("lastfm", 503, times=1000)
        # A quota that ends by the wrong clock.
        rig.world.destinations.answer("trakt", 429, "", {"Retry-After": "600"}, times=3)
        rig.world.destinations.answer(
            "simkl", 429, '{"error": "user_limit_exceeded"}', {"Retry-After": "3600"}, times=1
        )
        await rig.world.viewer.play(evening(100, 4))
        clock.set(-10 * 86_400.0)
        for site in rig.world.destinations.sites.values():
            site.forget_answers()
        waits = await home.drain(hours=12.0)
        made = result("clock 10 days ahead, then right", seed, rig, rig.count(), began_s)
        return replace(made, kept=not waits, note=f"{waits} wait" if waits else "")


async def during(rig: Rig, items: list[Any], ratio: float, act: Callable[[], object]) -> None:
    """Play `items` one after the other; `act` happens within the first, at `ratio` of it."""
    import asyncio

    async def later() -> None:
        await rig.clock.sleep(ratio * (items[0].duration_s or 0.0))
        acted = act()
        if isinstance(acted, Awaitable):
            await acted

    task = asyncio.create_task(later())
    await rig.world.viewer.play([played(item) for item in items])
    await task


async def suspended(folder: Path, seed: int, hours: float = 8.0) -> Result:
    """The computer sleeps for hours in the middle of a film that the television plays on."""
    import asyncio

    began_s = time.perf_counter()
    rig = Rig(folder)
    async with rig.running():
        clock = OwnClock(rig.clock)
        home = rig.home(clock=clock)
        await home.start(link=LINKED)

        async def night() -> None:
            await rig.clock.sleep(300.0)
            clock.suspend()
            rig.world.server.drop_connections()
            rig.world.destinations.cut()
            await rig.clock.sleep(hours * 3600.0)
            await rig.world.destinations.restore()
            clock.wake()

        task = asyncio.create_task(night())
        await rig.world.viewer.play([played(film(1)), played(track(2)), played(episode(3))])
        await task
        await rig.world.viewer.play(evening(100, 8))
        await home.drain()
        return result(f"{hours:.0f} h suspend in a film", seed, rig, rig.count(), began_s)


async def daylight(folder: Path, seed: int) -> Result:
    """Plays over both changes between winter and summer time, in a zone that has them."""
    began_s = time.perf_counter()
    total: list[Result] = []
    for number, now in enumerate(
        (datetime(2026, 3, 29, 0, 40, tzinfo=UTC), datetime(2026, 10, 25, 0, 40, tzinfo=UTC))
    ):
        rig = Rig(folder / str(number), now)
        async with rig.running():
            home = rig.home()
            await home.start(link=LINKED)
            await rig.world.viewer.play(evening(0, 12))
            await home.drain()
            total.append(result("", seed, rig, rig.count(), began_s))
    one, two = total
    return Result(
        "summer time begins and ends", seed, one.plays + two.plays,
        (one.sent or 0) + (two.sent or 0), (one.least or 0) + (two.least or 0),
        one.lost + two.lost, one.doubled + two.doubled, seconds=time.perf_counter() - began_s,
    )  # fmt: skip


async def twins(folder: Path, seed: int, plays: int = 16) -> Result:
    """Two computers scrobble the same plays to the same accounts, at the same time."""
    began_s = time.perf_counter()
    rig = Rig(folder)
    async with rig.running():
        one, two = rig.home("one"), rig.home("two")
        await one.start(link=LINKED)
        await two.start(link=LINKED)
        await rig.world.viewer.play(evening(0, plays))
        await one.drain()
        await two.drain()
        return result("two computers, one account", seed, rig, rig.count(), began_s)


async def late_twin(folder: Path, seed: int, plays: int = 12) -> Result:
    """The second computer was off, hears of the plays hours later, and finds them delivered."""
    began_s = time.perf_counter()
    rig = Rig(folder)
    async with rig.running():
        one, two = rig.home("one"), rig.home("two")
        await one.start(link=LINKED)
        await two.start(link=LINKED)
        await rig.world.viewer.play([played(track(900))])
        await two.drain()
        await two.stop()
        await rig.world.viewer.play(evening(0, plays))
        await one.drain()
        await rig.clock.sleep(3 * 3600.0)
        await two.start()
        await two.connected()
        await rig.clock.sleep(600.0)
        await two.drain()
        return result("second computer hours later", seed, rig, rig.count(), began_s)


async def one_profile_twice(folder: Path, seed: int) -> Result:
    """A second program on the same profile is refused and disturbs nothing."""
    began_s = time.perf_counter()
    rig = Rig(folder)
    async with rig.running():
        home, second = rig.home(), rig.home()
        await home.start(link=LINKED)
        refused = 0
        for first in (0, 4):
            await rig.world.viewer.play(evening(first, 4))
            try:
                await second.start()
            except AlreadyRunning:
                refused += 1
        await home.drain()
        made = result("same profile twice", seed, rig, rig.count(), began_s)
        return replace(made, kept=refused == 2, note="second refused" if refused == 2 else "")
