"""`profiles`, `profiles use` and `accounts --all`, with and without a running program."""

import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.cli import main
from revenge_companion.demo.server import DemoServer
from revenge_companion.demo.world import DemoWorld
from tests.faults.engine_process import at_home, environment, process, runner
from tests.integration.cli.kit import run


def test_a_new_home_has_no_profile(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "profiles") == (0, {"profiles": []})
    code, said = run(capsys, "profiles", "use", "1")
    assert (code, said["error"]) == (1, "There is no profile 1. `profiles` lists them.")
    assert run(capsys, "status")[1]["profile"] is None
    assert main(["profiles"]) == 0
    assert capsys.readouterr().out.startswith("Nobody has signed in yet.")
    assert main(["profiles", "use", "nobody"]) == 2


async def commanded(home: Path, world: DemoWorld, *words: str, given: str = "") -> Any:
    arguments = ("revenge_companion", *words, "--json")
    async with process(home, *arguments, env=environment(home, world), given=given) as one:
        out, err = await one.output()
        assert await one.ended() == 0, out + err
    return json.loads(out)


async def signed_in(home: Path, world: DemoWorld, server: DemoServer) -> dict[str, Any]:
    words = ("signin", "--server", server.url, "--username", server.username, "--password-stdin")
    said: dict[str, Any] = await commanded(home, world, *words, given=server.password)
    return said


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.expected_logs("vault")
async def test_two_share_a_computer_by_command(home: Path, running: bool) -> None:
    async with DemoWorld(speed=240.0) as world:
        ben = DemoServer(world.clock, username="ben", refresh_token_s=10 * 365 * 86_400.0)
        async with at_home(home, world) as house:
            await house.sign_in()
            await house.link("listenbrainz")
        async with ben, AsyncExitStack() as stack:
            if running:
                one = await stack.enter_async_context(runner(home, world))
                await one.running()
            said = await signed_in(home, world, ben)
            assert said["username"] == "ben"
            profiles = (await commanded(home, world, "profiles"))["profiles"]
            assert [(one["id"], one["username"], one["active"]) for one in profiles] == [
                (1, world.username, False),
                (2, "ben", True),
            ]
            assert [one["accounts"] for one in profiles] == [1, 0]
            assert (await commanded(home, world, "accounts"))["accounts"] == []
            (account,) = (await commanded(home, world, "accounts", "--all"))["accounts"]
            assert (account["service"], account["profile"]) == ("listenbrainz", 1)
            said = await commanded(home, world, "profiles", "use", "1")
            assert said == {
                "profile": 1,
                "server": world.server_url,
                "username": world.username,
            }
            status = await commanded(home, world, "status")
            assert (status["profile"], status["signed_in"]) == (1, True)
            assert [one["id"] for one in status["accounts"]] == [1]
            await commanded(home, world, "signout")
            status = await commanded(home, world, "status")
            assert (status["profile"], status["signed_in"]) == (None, False)
            profiles = (await commanded(home, world, "profiles"))["profiles"]
            assert [(one["active"], one["kept"]) for one in profiles] == [
                (False, False),
                (False, True),
            ]
