"""Engines as processes: started, asked, stopped and killed by tests."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from revenge_companion.demo.clock import ScaledClock
from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.control import NotAnswering, ask_async
from revenge_companion.engine.start import SystemClock, open_engine
from revenge_companion.paths import find_paths
from revenge_companion.store.secrets import open_secrets
from tests.integration.engine.house import House, Memory

ROOT = Path(__file__).parents[2]
VAULT_KEY = "a passphrase of this test"


class Process:
    """One engine's process; ended with the block that started it."""

    def __init__(self, process: asyncio.subprocess.Process, home: Path) -> None:
        self._process = process
        self._control = find_paths(str(home)).control

    @property
    def pid(self) -> int:
        return self._process.pid

    async def line(self) -> str:
        """The next line of its output."""
        assert self._process.stdout is not None
        return (await asyncio.wait_for(self._process.stdout.readline(), 20)).decode()

    async def running(self) -> None:
        """Wait until it says that it runs."""
        assert (await self.line()).strip(), "the engine ended before it ran"

    async def connected(self) -> None:
        """Wait until it hears the server."""
        await self._status_where(lambda status: bool(status["connected"]))

    async def ended(self) -> int:
        return await asyncio.wait_for(self._process.wait(), 20)

    async def output(self) -> tuple[str, str]:
        """What it wrote; waits for its end."""
        out, err = await asyncio.wait_for(self._process.communicate(), 20)
        return out.decode(), err.decode()

    def terminate(self) -> None:
        self._process.terminate()

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def status(self) -> dict[str, Any]:
        try:
            return await ask_async(self._control, "status") or {}
        except NotAnswering:
            return {}

    async def until(self, **wanted: int) -> dict[str, Any]:
        """Wait until the outbox counts are as wanted; bounded."""
        return await self._status_where(
            lambda status: all(status["outbox"][name] == count for name, count in wanted.items())
        )

    async def _status_where(self, fact: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        end_s = time.monotonic() + 40
        while time.monotonic() < end_s:
            status = await self.status()
            if status and fact(status):
                return status
            await asyncio.sleep(0.03)
        raise AssertionError(f"not within 40 s: {await self.status()}")


def environment(home: Path, world: DemoWorld | None = None, **more: str) -> dict[str, str]:
    there = world.destinations.environment() if world is not None else {}
    mine = {
        "REVENGE_COMPANION_HOME": str(home),
        "REVENGE_COMPANION_VAULT_KEY": VAULT_KEY,
    }
    return {**os.environ, **mine, **there, **more}


@asynccontextmanager
async def process(
    home: Path,
    *arguments: str,
    env: dict[str, str],
    world: DemoWorld | None = None,
    given: str = "",
) -> AsyncIterator[Process]:
    """`python -m ARGUMENTS`, with `given` or the clock of `world` on standard input."""
    if world is not None:
        clock = world.clock
        assert isinstance(clock, ScaledClock)
        data = {
            "speed": clock.speed,
            "started_at": clock.started_at.isoformat(),
            "started_s": clock.started_s,
        }
        given = json.dumps(data) + "\n"
    made = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=env,
        cwd=ROOT,
    )
    one = Process(made, home)
    try:
        assert made.stdin is not None
        made.stdin.write(given.encode())
        made.stdin.close()
        yield one
    finally:
        await one.kill()
        # Reads what is left, so that the pipes are closed before the loop is.
        await made.communicate()


@asynccontextmanager
async def at_home(home: Path, world: DemoWorld) -> AsyncIterator[House]:
    """An engine in this process, in the home that a process will have."""
    paths = find_paths(str(home)).create()
    secrets = await open_secrets(vault_path=paths.vault, vault_key=VAULT_KEY, clock=SystemClock())
    environ = environment(home, world)
    running = await open_engine(paths, clock=world.clock, environ=environ, secrets=secrets)
    try:
        await running.engine.start()
        yield House(world, running.engine, Memory())
    finally:
        await running.close()


@asynccontextmanager
async def runner(home: Path, world: DemoWorld) -> AsyncIterator[Process]:
    """An engine on the world's own clock."""
    env = environment(home, world)
    async with process(home, "tests.faults.engine_runner", env=env, world=world) as one:
        yield one
