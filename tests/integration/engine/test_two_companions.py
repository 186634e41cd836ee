"""Two Companions of one user: every play arrives once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.world import DemoWorld
from tests.integration.engine.house import (
    FILM,
    TRACKS,
    House,
    Memory,
    engine,
    stock_taken,
)

ALL = ("listenbrainz", "lastfm", "trakt", "simkl")
EPISODE = LIBRARY.shows[0].episodes[0]


@asynccontextmanager
async def two(home: Path, *services: str) -> AsyncIterator[tuple[House, House]]:
    """Two engines with homes of their own, signed in alike and linked to the same accounts."""
    async with (
        DemoWorld(speed=500.0) as world,
        engine(world, home / "one", Memory()) as one,
        engine(world, home / "two", Memory()) as two,
    ):
        for house in (one, two):
            await house.sign_in()
            await house.link(*services)
        yield one, two


async def through(*houses: House, deliveries: int) -> None:
    for house in houses:
        await house.until(partial(_has, house, "delivered", deliveries))


def _has(house: House, name: str, count: int) -> bool:
    return bool(getattr(house.engine.status.outbox, name) == count)


async def test_every_service_gets_each_play_once(home: Path) -> None:
    async with two(home, *ALL) as (one, other):
        await one.play(TRACKS[0], FILM, EPISODE, TRACKS[1])
        await through(one, other, deliveries=8)
        one.assert_once(*ALL)


async def test_plays_that_wait_for_the_network_in_both_arrive_once(home: Path) -> None:
    async with two(home, *ALL) as (one, other):
        sites = one.world.destinations
        sites.cut()
        await one.play(TRACKS[0], FILM, EPISODE, TRACKS[1])
        for house in (one, other):
            await house.until(partial(_has, house, "waiting", 8))
        await sites.restore()
        for house in (one, other):
            house.engine.network_is_back()
        await through(one, other, deliveries=8)
        one.assert_once(*ALL)


async def test_accounts_that_count_earlier_than_trakt_get_each_play_once(home: Path) -> None:
    async with two(home, "trakt") as (one, other):
        for house in (one, other):
            account = house.account("trakt").account
            await house.engine.set_switches(account.id, replace(account.switches, threshold=0.5))
        await one.play(FILM, EPISODE)
        await through(one, other, deliveries=2)
        one.assert_once("trakt")


async def test_the_one_that_was_away_adds_nothing_to_what_the_other_saw(home: Path) -> None:
    secrets = Memory()
    async with DemoWorld(speed=500.0) as world, engine(world, home / "one", Memory()) as one:
        await one.sign_in()
        await one.link("trakt", "simkl")
        async with engine(world, home / "two", secrets) as other:
            await other.sign_in()
            await other.link("trakt", "simkl")
            await stock_taken(home / "two")
        await one.play(FILM)
        await through(one, deliveries=2)
        # Its credits run on: the history dates the film later than the play that was seen.
        await world.clock.sleep(120.0)
        world.server.progress.write(FILM, int(FILM.duration_s or 0), int(FILM.duration_s or 0))
        await world.clock.sleep(600.0)
        async with engine(world, home / "two", secrets) as other:
            await through(other, deliveries=2)
        one.assert_once("trakt", "simkl")
