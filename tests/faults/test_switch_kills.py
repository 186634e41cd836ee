"""Killed while it switches profiles, the engine loses no sign-in and nothing that waits."""

import asyncio
import contextlib
import random
from pathlib import Path

import pytest

from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.server import DemoServer
from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.control import NotAnswering, ask_async
from revenge_companion.paths import find_paths
from tests.faults.engine_process import at_home, runner

SEED = 20261129
KILLS = 12
TRACKS = LIBRARY.albums[0].tracks
#: A switch takes a few milliseconds; kills fall before, into and behind it.
LATEST_S = 0.03


async def set_up(world: DemoWorld, other: DemoServer, home: Path) -> None:
    """Two are signed in; two plays of the first wait for a service that cannot be reached."""
    async with at_home(home, world) as house:
        await house.sign_in()
        await house.link("listenbrainz")
        world.destinations.cut()
        await house.play(*TRACKS[:2])
        await house.until(lambda: house.engine.status.outbox.waiting == 2)
        await house.engine.sign_in(other.url, other.username, other.password)
        assert house.engine.status.outbox.waiting == 2


@pytest.mark.expected_logs("vault")
async def test_a_kill_while_switching_loses_nothing(home: Path) -> None:
    dice = random.Random(SEED)
    seen = set()
    async with DemoWorld(speed=240.0) as world:
        other = DemoServer(world.clock, username="ben", refresh_token_s=10 * 365 * 86_400.0)
        async with other:
            await set_up(world, other, home)
            control = find_paths(str(home)).control
            for _ in range(KILLS):
                async with runner(home, world) as one:
                    await one.running()
                    status = await one.status()
                    seen.add(status["profile"])
                    outbox = status["outbox"]
                    assert outbox["pending"] + outbox["sending"] + outbox["unsure"] == 2, outbox
                    said = await ask_async(control, "profiles") or {}
                    assert [each["kept"] for each in said["profiles"]] == [True, True]
                    other_one = 3 - status["profile"]
                    asking = asyncio.ensure_future(
                        ask_async(control, "profile_use", profile=other_one)
                    )
                    await asyncio.wait({asking}, timeout=dice.random() * LATEST_S)
                    await one.kill()
                    with contextlib.suppress(NotAnswering):
                        await asking
            await world.destinations.restore()
            async with runner(home, world) as one:
                await one.until(delivered=2, pending=0, unsure=0, sending=0)
                # Whoever it was in the end: their sign-in works.
                await one.connected()
        assert len(world.destinations.held("listenbrainz")) == 2
        assert world.report(("listenbrainz",)).doubled == 0
    # Some switches were through before the kill, some were not.
    assert seen == {1, 2}
