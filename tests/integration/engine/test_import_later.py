"""What an import found nothing for is found when the server gets it."""

from dataclasses import replace
from pathlib import Path

from revenge_companion.core.imports import Verdict
from revenge_companion.core.library import subject_of
from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.world import DemoWorld
from tests.integration.engine.house import SPEED, Memory, engine
from tests.integration.engine.test_import_server import PLAYS, imported

LATE = LIBRARY.movies[0]


async def test_a_film_that_comes_to_the_server_finds_its_plays(home: Path) -> None:
    async with DemoWorld(speed=SPEED) as world:
        world.destinations.trakt.preload(PLAYS)
        world.server.scan(replace(LIBRARY, movies=LIBRARY.movies[1:]))
        async with engine(world, home, Memory()) as house:
            await house.sign_in()
            await house.until(lambda: house.engine.status.source.connected)
            (account,) = await house.link("trakt")
            run = await imported(house, f"account:{account.id}")
            imports = house.engine.imports
            title = subject_of(LATE).label

            async def unmatched() -> set[str]:
                rows = await imports.unmatched(limit=1000)
                return {row.entry.subject.label for row in rows}

            assert title in await unmatched()
            before = run.counts[Verdict.UNMATCHED]
            world.server.scan(LIBRARY)
            for _ in range(60):
                if title not in await unmatched():
                    break
                await world.clock.sleep(10.0)
            assert title not in await unmatched()
            run = await imports.run(run.id)
            assert run.counts[Verdict.UNMATCHED] < before
            # What the server never had stays where it is.
            assert await unmatched()
