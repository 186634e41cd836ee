"""Sending what waits where nothing else runs, as `outbox flush` does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.requests import Requests
from revenge_companion.engine.start import open_engine
from revenge_companion.engine.supervisor import Engine
from revenge_companion.paths import find_paths
from tests.integration.engine.house import SPEED, TRACKS, Memory, engine


@asynccontextmanager
async def waiting(home: Path) -> AsyncIterator[tuple[DemoWorld, Memory]]:
    """A home in which six deliveries wait, the network being cut, and no program runs."""
    async with DemoWorld(speed=SPEED) as world:
        secrets = Memory()
        async with engine(world, home, secrets) as house:
            await house.sign_in()
            await house.link("listenbrainz", "lastfm")
            world.destinations.cut()
            await house.play(*TRACKS[:3])
            await house.until(lambda: house.engine.status.outbox.waiting == 6)
        yield world, secrets


@asynccontextmanager
async def alone(world: DemoWorld, home: Path, secrets: Memory) -> AsyncIterator[Engine]:
    """The engine as a command has it: asked, and not started."""
    opened = await open_engine(
        find_paths(str(home)),
        clock=world.clock,
        environ=world.destinations.environment(),
        secrets=secrets,
    )
    try:
        await opened.engine.peek()
        yield opened.engine
    finally:
        await opened.close()


async def test_what_waits_is_sent_once_and_then_it_ends(home: Path) -> None:
    async with waiting(home) as (world, secrets):
        await world.destinations.restore()
        async with alone(world, home, secrets) as only:
            assert await Requests(only).handle("flush", {}) == {"waiting": 0, "sent": 6}
        report = world.report(("listenbrainz", "lastfm"))
        assert (report.delivered, report.lost, report.doubled) == (6, 0, 0)
        async with engine(world, home, secrets) as house:
            assert house.engine.status.outbox.delivered == 6


async def test_what_cannot_be_sent_waits_on(home: Path) -> None:
    async with waiting(home) as (world, secrets), alone(world, home, secrets) as only:
        assert await Requests(only).handle("flush", {}) == {"waiting": 6, "sent": 0}
