"""What the headless program does when the world is not as it should be."""

import asyncio
import json
import resource
import sys
from pathlib import Path

import pytest

from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.viewer import End, PlayTo, Showing
from revenge_companion.demo.world import DemoWorld
from revenge_companion.paths import find_paths
from tests.clock import eventually
from tests.faults.engine_process import Process, at_home, environment, process, runner

HEADLESS = ("revenge_companion", "run", "--headless", "--json")


def track(number: int) -> list[Showing]:
    item = LIBRARY.albums[0].tracks[number]
    return [Showing(item, (PlayTo(1.0),), End.COMPLETED, must_count=True)]


async def signed_in(world: DemoWorld, home: Path, *services: str) -> None:
    """A home that is signed in and linked, with nobody running in it."""
    async with at_home(home, world) as house:
        await house.sign_in()
        await house.link(*services)


async def announced(one: Process) -> dict[str, object]:
    line = await one.line()
    return dict(json.loads(line))


async def test_it_ends_cleanly_when_it_is_told_to(home: Path) -> None:
    async with process(home, *HEADLESS, env=environment(home)) as one:
        assert (await announced(one))["running"] == one.pid
        assert (await one.status())["signed_in"] is False
        one.terminate()
        async with asyncio.timeout(10):
            assert await one.ended() == 0
        assert not find_paths(str(home)).control.exists()


async def test_it_ends_within_ten_seconds_while_a_service_does_not_answer(home: Path) -> None:
    async with DemoWorld(speed=240.0) as world:
        await signed_in(world, home, "listenbrainz")
        async with runner(home, world) as one:
            await one.running()
            site = world.destinations.listenbrainz
            site.slow(36_000.0)
            await one.connected()
            asked = len(site.requests)
            await world.viewer.play(track(0))
            # The live notice and the play itself.
            await eventually(lambda: len(site.requests) >= asked + 2)
            one.terminate()
            async with asyncio.timeout(10):
                assert await one.ended() == 0
        site.slow(0.0)
        async with runner(home, world) as one:
            await one.until(delivered=1, unsure=0)
        assert len(world.destinations.held("listenbrainz")) == 1


async def test_it_says_at_once_that_its_passphrase_opens_nothing(home: Path) -> None:
    async with DemoWorld(speed=240.0) as world:
        await signed_in(world, home)
        env = environment(home, world, REVENGE_COMPANION_VAULT_KEY="another")
        async with process(home, "revenge_companion", "run", "--headless", env=env) as one:
            assert await one.line() == "Running without a window. Ctrl+C stops.\n"
            one.terminate()
            _, err = await one.output()
            assert await one.ended() == 0
    assert "The passphrase does not open the encrypted vault." in err


async def test_a_second_one_is_refused_and_says_who_runs(home: Path) -> None:
    env = environment(home)
    async with process(home, *HEADLESS, env=env) as first:
        await announced(first)
        async with process(home, *HEADLESS, env=env) as second:
            out, _ = await second.output()
            assert await second.ended() == 1
        said = json.loads(out)["error"]
        assert "already running" in said
        assert str(first.pid) in said
        assert (await first.status())["signed_in"] is False


async def test_a_broken_settings_file_is_set_aside_and_said(home: Path) -> None:
    paths = find_paths(str(home)).create()
    paths.config_file.write_text("this is = not [toml", encoding="utf-8")
    async with process(home, *HEADLESS, env=environment(home)) as one:
        await announced(one)
        one.terminate()
        _, err = await one.output()
        assert await one.ended() == 0
    assert "config.toml cannot be understood" in err
    assert paths.config_file.with_name("config.toml.broken").exists()
    assert "Traceback" not in err


async def test_without_a_keyring_signing_in_says_what_to_do(home: Path) -> None:
    env = environment(home, PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    del env["REVENGE_COMPANION_VAULT_KEY"]
    async with DemoWorld() as world:
        arguments = ("signin", "--server", world.server_url, "--username", world.username)
        async with process(
            home,
            "revenge_companion",
            *arguments,
            "--password-stdin",
            "--json",
            env=env,
            given=world.password,
        ) as one:
            out, err = await one.output()
            assert await one.ended() == 1
    said = json.loads(out)["error"]
    assert "keyring" in said.lower() or "passphrase" in said.lower()
    assert "Traceback" not in err


async def test_a_damaged_database_does_not_stop_it(home: Path) -> None:
    paths = find_paths(str(home)).create()
    paths.database.write_bytes(b"this is no database at all" * 400)
    async with process(home, *HEADLESS, env=environment(home)) as one:
        await announced(one)
        one.terminate()
        _, err = await one.output()
        assert await one.ended() == 0
    assert "Traceback" not in err
    assert err.strip()


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of a process need Linux")
@pytest.mark.skipif(sys.platform != "linux", reason="limits of a process need Linux")
async def test_a_full_disk_loses_no_play(home: Path) -> None:
    async with DemoWorld(speed=240.0) as world:
        await signed_in(world, home, "listenbrainz")
        async with runner(home, world) as one:
            await one.running()
            await one.connected()
            # No file may grow: what a full disk does, for this process alone.
            soft, hard = resource.prlimit(one.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(one.pid, resource.RLIMIT_FSIZE, (1, hard))
            await world.viewer.play([*track(0), *track(1)])
            status = await one.status()
            assert status["trouble"]
            assert status["outbox"]["delivered"] == 0
            resource.prlimit(one.pid, resource.RLIMIT_FSIZE, (soft, hard))
            status = await one.until(delivered=2)
            assert status["trouble"] == ""
            one.terminate()
            assert await one.ended() == 0
        report = world.report(("listenbrainz",))
        assert (report.lost, report.doubled) == (0, 0)


async def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    home = blocked / "home"
    async with process(home, *HEADLESS, env=environment(home)) as one:
        out, err = await one.output()
        assert await one.ended() == 1
    assert str(home) in json.loads(out)["error"]
    assert "Traceback" not in err
