"""Imports and the media server together: marked there once, no play here, undone, read back."""

from dataclasses import replace
from pathlib import Path

import pytest

from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.imports import ImportRun, RunState, Verdict
from revenge_companion.core.library import REVENGE, Facet
from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.world import DemoWorld
from tests.integration.engine.house import SPEED, House, Memory, engine, running, stock_taken
from tests.integration.engine.test_away import watched_elsewhere

#: Every film and episode of the server is among the plays that were at Trakt before.
PLAYS = 120
OWN = (*LIBRARY.movies, *LIBRARY.shows[0].episodes)
HISTORY = (Facet.HISTORY,)


async def until(house: House, run_id: int, *states: RunState) -> ImportRun:
    """The run, once it stands in one of these states."""
    seen: list[ImportRun] = []
    house.engine.imports.on_progress(seen.append)
    run = await house.engine.imports.run(run_id)

    def stands() -> bool:
        return any(one.id == run_id and one.state in states and not one.running for one in seen)

    if run.state not in states or run.running:
        await house.until(stands, within_s=60.0)
    return await house.engine.imports.run(run_id)


async def imported(house: House, source: str) -> ImportRun:
    """Read and write everything of a source."""
    run_id = await house.engine.imports.begin(source, HISTORY)
    run = await until(house, run_id, RunState.PREVIEW, RunState.STOPPED)
    assert run.state is RunState.PREVIEW, run.trouble
    await house.engine.imports.write(run_id)
    run = await until(house, run_id, RunState.DONE, RunState.STOPPED)
    assert run.state is RunState.DONE, run.trouble
    return run


def watched(world: DemoWorld) -> set[str]:
    """What the server has as watched, by ids."""
    rows = world.server.progress.rows(*OWN)
    return {row.item.media_id for row in rows if row.completed}


@pytest.mark.parametrize("websocket", [True, False], ids=["live", "polled"])
async def test_an_import_marks_the_server_and_nothing_comes_back_as_a_play(
    home: Path, websocket: bool
) -> None:
    secrets = Memory()
    async with DemoWorld(speed=SPEED, websocket=websocket) as world:
        world.destinations.trakt.preload(PLAYS)
        async with engine(world, home, secrets) as house:
            await house.sign_in()
            await stock_taken(home)
            (account,) = await house.link("trakt")
            await watched_elsewhere(world, OWN[0])
            run = await imported(house, f"account:{account.id}")
            assert watched(world) == {item.media_id for item in OWN}
            assert run.marked == len(OWN) - 1
            assert {row.watch_count for row in world.server.progress.rows(*OWN[1:])} == {1}
            # Some polls, and a walk through the history after a new connection.
            world.server.drop_connections()
            await world.clock.sleep(600.0)
            await house.drained()
        async with engine(world, home, secrets) as house:
            await house.until(lambda: house.engine.status.source.connected)
            await world.clock.sleep(600.0)
            await house.drained()
            assert {one.label for one in await house.engine.plays()} <= {OWN[0].label}
            plays = await house.engine.plays(counted=True)
            delivered = house.engine.status.outbox.delivered
            assert delivered == len(plays)
            # Watched again, it is a play. Nobody looks in between, however slow this computer is.
            length = int(OWN[2].duration_s or 0)
            world.server.progress.write(OWN[2], length // 2, length)
            world.server.progress.write(OWN[2], length, length)
            world.server.drop_connections()
            await house.until(lambda: house.engine.status.outbox.delivered == delivered + 1)
        assert world.destinations.held("trakt")[-1].label == OWN[2].title


async def test_undoing_an_import_puts_the_server_back(home: Path) -> None:
    async with running(home, services=("trakt",)) as house:
        world = house.world
        world.destinations.trakt.preload(PLAYS)
        length = int(OWN[1].duration_s or 0)
        world.server.progress.write(OWN[1], length // 2, length)
        run = await imported(house, "account:1")
        await watched_elsewhere(world, OWN[2])
        await house.engine.imports.undo(run.id)
        run = await until(house, run.id, RunState.UNDONE, RunState.STOPPED)
        assert run.state is RunState.UNDONE, run.trouble
        assert watched(world) == {OWN[2].media_id}
        row = world.server.progress.read(OWN[1].media_id)
        assert row is not None
        assert (row.progress_s, row.duration_s) == (length // 2, length)
        assert len(world.server.progress.rows(*OWN)) == 2


async def test_what_the_server_knows_is_imported_without_our_own_marks(home: Path) -> None:
    async with running(home, services=("trakt",)) as house:
        world = house.world
        world.destinations.trakt.preload(PLAYS)
        await watched_elsewhere(world, OWN[0], OWN[-1])
        await imported(house, "account:1")
        assert [one.key for one in house.engine.imports.sources()][:2] == ["account:1", REVENGE]
        run = await imported(house, REVENGE)
        assert (run.source_name, run.processed, run.matched, run.marked) == ("Revenge", 2, 2, 0)
        rows = await house.engine.imports.rows(run.id)
        assert {row.entry.line for row in rows} == {OWN[0].media_id, OWN[-1].media_id}
        assert Verdict.UNMATCHED not in {row.verdict for row in rows}
        await house.engine.sign_out()
        with pytest.raises(ImportRefused):
            await house.engine.imports.begin(REVENGE, HISTORY)


async def test_an_import_that_the_server_interrupts_goes_on_and_marks_once(home: Path) -> None:
    async with running(home, services=("trakt",)) as house:
        world = house.world
        world.destinations.trakt.preload(PLAYS)
        run_id = await house.engine.imports.begin("account:1", HISTORY)
        await until(house, run_id, RunState.PREVIEW)
        world.server.faults.answer(503, to="POST ", times=60)
        await house.engine.imports.write(run_id)
        run = await until(house, run_id, RunState.DONE, RunState.STOPPED)
        assert (run.state, run.marked) == (RunState.STOPPED, 0)
        world.server.faults.forget()
        world.server.faults.lose(to="bulk-watched")
        await house.engine.imports.resume(run_id)
        run = await until(house, run_id, RunState.DONE, RunState.STOPPED)
        assert run.state is RunState.DONE, run.trouble
        assert watched(world) == {item.media_id for item in OWN}
        assert {row.watch_count for row in world.server.progress.rows(*OWN)} == {1}


async def test_a_library_that_grew_matches_what_was_left_over(home: Path) -> None:
    async with running(home, services=("trakt",)) as house:
        world = house.world
        world.destinations.trakt.preload(PLAYS)
        world.server.scan(replace(LIBRARY, movies=LIBRARY.movies[1:]))
        await house.engine.server.index.refresh()
        run = await imported(house, "account:1")
        assert LIBRARY.movies[0].media_id not in watched(world)
        world.server.scan(LIBRARY)
        await house.engine.server.index.refresh()
        found = await house.engine.imports.unmatched(search=LIBRARY.movies[0].title)
        assert found
        best, *_ = await house.engine.imports.candidates(found[0].id)
        assert best.media_id == LIBRARY.movies[0].media_id
        assert run.matched > 0
