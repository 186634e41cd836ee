"""The whole engine, away while films and episodes are watched."""

from pathlib import Path

from revenge_companion.core.media import Item
from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.world import DemoWorld
from tests.integration.engine.house import Memory, engine, stock_taken

FILMS = LIBRARY.movies
SPEED = 500.0


async def watched_elsewhere(world: DemoWorld, *items: Item) -> None:
    """Watched while no Companion is there."""
    for item in items:
        length = int(item.duration_s or 0)
        world.server.progress.write(item, length // 2, length)
        await world.clock.sleep(length / 2)
        world.server.progress.write(item, length, length)


async def test_what_was_watched_while_it_was_off_arrives_once(home: Path) -> None:
    secrets = Memory()
    async with DemoWorld(speed=SPEED) as world:
        await watched_elsewhere(world, FILMS[0])
        async with engine(world, home, secrets) as house:
            await house.sign_in()
            await house.link("trakt", "simkl")
            await stock_taken(home)
            await house.play(FILMS[1])
            await house.until(lambda: house.engine.status.outbox.delivered == 2)
        await watched_elsewhere(world, FILMS[2], FILMS[3])
        for _ in range(2):
            async with engine(world, home, secrets) as house:
                await house.until(lambda: house.engine.status.outbox.delivered == 6)
                await house.drained()
        for service in ("trakt", "simkl"):
            held = world.destinations.held(service)
            assert [one.label for one in held] == [film.title for film in FILMS[1:4]]


async def test_what_was_watched_in_private_is_not_found_in_the_history(home: Path) -> None:
    secrets = Memory()
    async with DemoWorld(speed=SPEED) as world:
        async with engine(world, home, secrets) as house:
            await house.sign_in()
            await house.link("trakt")
            await stock_taken(home)
            house.engine.pause(None)
            await watched_elsewhere(world, FILMS[0])
        await watched_elsewhere(world, FILMS[1])
        async with engine(world, home, secrets) as house:
            await house.until(lambda: house.engine.status.source.connected)
            await world.clock.sleep(60.0)
            house.engine.pause(None)
            await watched_elsewhere(world, FILMS[2])
            house.engine.resume()
            await watched_elsewhere(world, FILMS[3])
        async with engine(world, home, secrets) as house:
            await house.until(lambda: house.engine.status.outbox.delivered == 1)
        assert [one.label for one in world.destinations.held("trakt")] == [FILMS[3].title]


async def test_a_hint_that_the_history_changed_is_followed(home: Path) -> None:
    async with (
        DemoWorld(speed=SPEED) as world,
        engine(world, home, Memory()) as house,
    ):
        await house.sign_in()
        await house.link("trakt")
        await stock_taken(home)
        await watched_elsewhere(world, FILMS[0])
        world.server.publish("history.changed", {"media_type": "movie"})
        await house.until(lambda: house.engine.status.outbox.delivered == 1)


async def test_what_polling_saw_is_not_found_again_in_the_history(home: Path) -> None:
    secrets = Memory()
    async with DemoWorld(speed=SPEED, websocket=False) as world:
        async with engine(world, home, secrets) as house:
            await house.sign_in()
            await house.link("trakt")
            await stock_taken(home)
            await watched_elsewhere(world, FILMS[0])
            await house.until(lambda: house.engine.status.outbox.delivered == 1)
        await watched_elsewhere(world, FILMS[1])
        async with engine(world, home, secrets) as house:
            await house.until(lambda: house.engine.status.outbox.delivered == 2)
            # Connected again, it looks at the history again.
            world.server.drop_connections()
            await watched_elsewhere(world, FILMS[3])
            await house.until(lambda: house.engine.status.outbox.delivered == 3)
        held = world.destinations.held("trakt")
        assert [one.label for one in held] == [FILMS[n].title for n in (0, 1, 3)]
