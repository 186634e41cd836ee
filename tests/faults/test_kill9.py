"""Killed at any moment, the engine neither loses nor doubles a play."""

import asyncio
import contextlib
import random
from itertools import cycle
from pathlib import Path

import pytest

from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.viewer import End, PlayTo, Showing
from revenge_companion.demo.world import DemoWorld
from tests.clock import eventually
from tests.faults.engine_process import at_home, runner

SEED = 20261121
KILLS = 20
SPEED = 240.0
SERVICES = ("listenbrainz", "lastfm", "trakt", "simkl")
#: One round is longer than the hour in which Trakt takes no second play of a title.
ITEMS = (
    *LIBRARY.albums[0].tracks[:3],
    LIBRARY.movies[2],
    *LIBRARY.albums[1].tracks[:3],
    LIBRARY.shows[0].episodes[0],
    *LIBRARY.albums[0].tracks[3:],
    LIBRARY.shows[0].episodes[1],
)


async def set_up(world: DemoWorld, home: Path) -> None:
    """Sign in, link, and play one track, so that the server's events have a place to go on from."""
    async with at_home(home, world) as house:
        await house.sign_in()
        await house.link(*SERVICES)
        await house.play(LIBRARY.albums[0].tracks[4])
        await house.until(lambda: house.engine.status.outbox.delivered == 2)


@pytest.mark.expected_logs("vault")
async def test_twenty_kills_lose_and_double_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(SEED)
    enough = asyncio.Event()
    running = 0
    async with DemoWorld(speed=SPEED) as world:
        await set_up(world, home)

        async def watch() -> None:
            for item in cycle(ITEMS):
                if enough.is_set():
                    return
                await world.viewer.play([Showing(item, (PlayTo(1.0),), End.COMPLETED, True)])

        watching = asyncio.create_task(watch())
        # Requests take a while, so that some kills fall between a request and its answer.
        for service in SERVICES:
            world.destinations.sites[service].slow(40.0)
        for kill in range(KILLS):
            if kill % 5 == 2:
                world.destinations.lose_replies(dice.choice(SERVICES), 1)
            async with runner(home, world) as one:
                # From before it runs to well after.
                ran = asyncio.ensure_future(one.running())
                await asyncio.sleep(dice.uniform(0.15, 1.3))
                running += ran.done()
                ran.cancel()
                await one.kill()
        enough.set()
        await watching
        for service in SERVICES:
            world.destinations.sites[service].slow(0.0)
            world.destinations.lose_replies(service, 0)
        async with runner(home, world) as one:
            await one.running()
            status = await one.until(pending=0, sending=0, unsure=0)
            with contextlib.suppress(AssertionError):
                # The last event may still be on its way.
                await eventually(lambda: world.report(SERVICES).lost == 0, within_s=10)
            one.terminate()
            assert await one.ended() == 0
        report = world.report(SERVICES)
    with capsys.disabled():
        print(  # noqa: T201  # the count is what a reader of the test run wants to see
            f"\nkill -9: seed {SEED}, {KILLS} kills ({running} of them while running), "
            f"{report.plays} plays, {report.delivered} delivered, "
            f"{report.lost} lost, {report.doubled} doubled"
        )
    assert (report.lost, report.doubled) == (0, 0), status
    assert report.delivered >= KILLS / 2
