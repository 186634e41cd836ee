"""`import` with the real engine over the demo's Trakt: alone, and beside a running program."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.core.library import Facet
from revenge_companion.core.shown import Asked
from revenge_companion.demo.world import DemoWorld
from tests.faults.engine_process import at_home, environment, process

PLAYS = 1_000
Cli = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]


def cli_of(home: Path, world: DemoWorld, command: str = "import") -> Cli:
    async def cli(*arguments: str) -> tuple[int, dict[str, Any]]:
        words = ("revenge_companion", command, *arguments, "--json")
        async with process(home, *words, env=environment(home, world)) as one:
            out, err = await one.output()
            assert "Traceback" not in err, err
            assert len(out.splitlines()) == 1, out
            return await one.ended(), json.loads(out)

    return cli


async def kept(home: Path, world: DemoWorld) -> int:
    """Plays that the library shows."""
    async with at_home(home, world) as house:
        return len(await house.engine.library.page(Asked(Facet.HISTORY), limit=2 * PLAYS))


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside a running program"])
async def test_an_account_is_previewed_imported_and_undone(home: Path, beside: bool) -> None:
    # A link is polled each five seconds of this clock.
    async with DemoWorld(speed=50.0) as world:
        world.destinations.trakt.preload(PLAYS, rated=60, wanted=9)
        async with at_home(home, world) as house:
            await house.sign_in()
            await house.link("trakt")
        cli = cli_of(home, world)
        if beside:
            words = ("revenge_companion", "run", "--headless", "--json")
            async with process(home, *words, env=environment(home, world)) as running:
                await running.running()
                await _whole(cli)
                running.terminate()
                assert await running.ended() == 0
        else:
            await _whole(cli)
        assert await kept(home, world) == 0
        code, said = await cli("trakt", "--what", "history", "--yes", "--no-mark")
        assert (code, said["run"]["state"], said["run"]["marked"]) == (0, "done", 0)
        assert await kept(home, world) == PLAYS


async def _whole(cli: Cli) -> None:
    code, said = await cli("trakt", "--preview")
    run = said["run"]
    assert (code, run["state"], run["written"]) == (0, "preview", False)
    assert run["total"] == run["processed"] == sum(run["counts"].values()) > PLAYS
    assert run["counts"]["unmatched"] > 0
    # Also where no program runs beside it: the server is asked what it has.
    assert run["matched"] > 0
    assert {row["verdict"] for row in said["rows"]} == {"unmatched"}
    code, said = await cli("runs")
    assert [one["state"] for one in said["runs"]] == ["preview"]

    code, said = await cli("resume", str(run["id"]), "--yes")
    assert (code, said["run"]["state"], said["run"]["trouble"]) == (0, "done", "")
    assert said["run"]["marked"] > 0
    code, said = await cli("unmatched", "--limit", "5000")
    assert len(said["rows"]) == run["counts"]["unmatched"]
    code, said = await cli("never", str(said["rows"][0]["id"]))
    assert code == 0
    code, said = await cli("undo", str(run["id"]))
    assert (code, said["run"]["state"]) == (0, "undone")


async def test_an_account_that_brings_nothing_new_was_read_all_the_same(home: Path) -> None:
    async with DemoWorld(speed=50.0) as world:
        async with at_home(home, world) as house:
            await house.link("trakt")
        cli = cli_of(home, world)
        words = ("revenge_companion", "export", "trakt", "--preview", "--json")
        code, said = await cli("trakt", "--yes")
        assert (code, said["run"]["state"], said["run"]["processed"]) == (0, "done", 0)
        async with process(home, *words, env=environment(home, world)) as one:
            out, _ = await one.output()
            assert await one.ended() == 0
            assert json.loads(out)["unread"] == []


async def test_an_import_of_one_command_is_looked_at_and_cancelled_by_others(home: Path) -> None:
    async with DemoWorld(speed=50.0) as world:
        world.destinations.trakt.preload(PLAYS)
        async with at_home(home, world) as house:
            await house.link("trakt")
        world.destinations.slow("trakt", 150.0)
        cli = cli_of(home, world)
        words = ("revenge_companion", "import", "trakt", "--what", "history", "--yes", "--json")
        async with process(home, *words, env=environment(home, world)) as importing:
            said: dict[str, Any] = {"runs": []}
            async with asyncio.timeout(30):
                while not said.get("runs"):
                    _, said = await cli("runs")
            assert (said["runs"][0]["state"], said["runs"][0]["running"]) == ("reading", True)
            code, said = await cli("lastfm", "--yes")
            assert (code, "Another command" in said["error"]) == (1, True)
            code, said = await cli("cancel", "1")
            assert (code, said["run"]["state"]) == (0, "stopped")
            out, _ = await importing.output()
            assert await importing.ended() == 1
            assert json.loads(out)["run"]["state"] == "stopped"
        world.destinations.slow("trakt", 0)
        code, said = await cli("resume", "1", "--yes")
        assert (code, said["run"]["state"]) == (0, "done")
        assert await kept(home, world) == PLAYS
