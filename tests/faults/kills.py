"""kill -9 at random points: while playing, queueing, sending, settling, starting.

A profile is an embedded world in this process and one engine after the other in a process of its
own (`tests.faults.kill_server`), each killed: after a random time, right before a random SQL
statement, when a random request has arrived at its destination, or when it has been taken there
and not yet answered. Three viewers play on all the while.
"""

import asyncio
import itertools
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from revenge_companion.core.media import Item
from revenge_companion.demo.plays import Play
from revenge_companion.demo.viewer import Viewer
from revenge_companion.demo.world import DemoWorld
from tests.faults.proxy import FaultProxy
from tests.faults.rig import Result, counted, episode, film, played, track

ROOT = Path(__file__).parents[2]
#: How fast the worlds' time runs. A live stop is read back up to 8 min later, and that has to be
#: long enough in real time for a busy machine.
SPEED = 120.0
_WAYS = ("time", "time", "statement", "statement", "arrived", "stored")
#: Real seconds to deliver what waits at the end.
_DRAIN_S = 90.0


class Profile:
    """One world, its viewers, and the engines that are killed over one home."""

    #: The longest life of an engine, in real seconds.
    life_s = 1.3

    def __init__(self, folder: Path, seed: int, share: float) -> None:
        self.rng = random.Random(seed)
        self._share = share
        self._proxies: list[FaultProxy] = []
        self.world = DemoWorld(speed=SPEED)
        self.viewers = [Viewer(self.world.server, self.world.clock) for _ in range(3)]
        self.killed: Counter[str] = Counter()
        self._folder = folder
        self._stack = AsyncExitStack()
        self._server: asyncio.subprocess.Process
        self._enough = False
        self._env: dict[str, str] = {}
        #: What a kill waits for: "arrived" or "stored", and how many more of them.
        self._waits: tuple[str, int] | None = None
        self._reached = asyncio.Event()
        self._pid = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        """The world with a proxy before each destination, the fork server, and the accounts."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.world)
            self._env = self.world.destinations.environment()
            for key, site in self.world.destinations.sites.items():
                parts = urlsplit(site.host)
                proxy = FaultProxy(
                    (parts.hostname or "", parts.port or 0), self.rng, told=self._told
                )
                self._proxies.append(await stack.enter_async_context(proxy))
                name = f"REVENGE_COMPANION_{key.upper()}_API_URL"
                self._env[name] = f"http://127.0.0.1:{proxy.port}{site.root}"
            await stack.enter_async_context(self._forking())
            yield self

    @asynccontextmanager
    async def _forking(self) -> AsyncIterator[None]:
        self._server = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.kill_server",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT,
        )  # fmt: skip
        try:
            yield
        finally:
            if self._pid:
                os.kill(self._pid, signal.SIGKILL)
            assert self._server.stdin is not None
            self._server.stdin.close()
            await asyncio.wait_for(self._server.communicate(), 20)

    async def run(self, kills: int) -> bool:
        """Set up, kill `kills` times, then let one engine finish; False where it does not."""
        server = self.world.server
        about = {
            "server": server.url,
            "username": server.username,
            "password": server.password,
            "token": self.world.destinations.listenbrainz.link_secret,
        }
        linking = asyncio.create_task(self._finish(link=about))
        await asyncio.sleep(0)
        # Played again and again until the engine listens, which takes it a moment.
        first = itertools.count(900_000)
        while not linking.done():
            await self.viewers[0].play([played(track(next(first), duration_s=40.0))])
        if not linking.result():
            return False
        # What was played before it listened was not its to count.
        begun = self.viewers[0].plays
        begun[:] = [replace(play, must_count=None) for play in begun]
        watching = [
            asyncio.create_task(self._watch(viewer, items))
            for viewer, items in zip(self.viewers, self._programmes(), strict=True)
        ]
        for proxy in self._proxies:
            proxy.share = self._share
        for _ in range(kills):
            await self._kill_one()
        for proxy in self._proxies:
            proxy.share = 0.0
        self._enough = True
        await asyncio.gather(*watching)
        return await self._finish(end=True)

    @property
    def plays(self) -> list[Play]:
        return [play for viewer in self.viewers for play in viewer.plays]

    def _programmes(self) -> Iterator[Iterator[Item]]:
        yield (track(number, duration_s=50.0) for number in itertools.count())
        yield (film(number, duration_s=620.0) for number in itertools.count())
        yield (episode(number, duration_s=610.0) for number in itertools.count())

    async def _watch(self, viewer: Viewer, items: Iterator[Item]) -> None:
        while not self._enough:
            await viewer.play([played(next(items), pause_s=5.0 * (self.rng.random() < 0.2))])

    async def _kill_one(self) -> None:
        way = self.rng.choice(_WAYS)
        statement = self.rng.randint(1, 120) if way == "statement" else 0
        ended = await self._fork(statement=statement)
        self._reached.clear()
        life_s = self.life_s
        if way == "time":
            life_s = self.rng.uniform(0.0, self.life_s)
        elif way != "statement":
            self._waits = (way, self.rng.randint(1, 4))
        reached = asyncio.ensure_future(self._reached.wait())
        done, _ = await asyncio.wait(
            {ended, reached}, timeout=life_s, return_when=asyncio.FIRST_COMPLETED
        )
        self._waits = None
        reached.cancel()
        if not done:
            os.kill(self._pid, signal.SIGKILL)
        status = await ended
        self._pid = 0
        assert status == -signal.SIGKILL, f"an engine ended by itself: {self._words()}"
        self.killed[way if done or way == "time" else "time"] += 1

    async def _finish(self, **what: Any) -> bool:
        ended = await self._fork(**what)
        done, _ = await asyncio.wait({ended}, timeout=_DRAIN_S)
        if not done:
            os.kill(self._pid, signal.SIGKILL)
        status = await ended
        self._pid = 0
        return status == 0

    async def _fork(self, **what: Any) -> "asyncio.Task[int]":
        clock: Any = self.world.clock
        given = {
            "home": str(self._folder / "home"),
            "log": str(self._folder / "log"),
            "env": self._env,
            "clock": {
                "speed": clock.speed,
                "started_at": clock.started_at.isoformat(),
                "started_s": clock.started_s,
            },
            **what,
        }
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(given).encode() + b"\n")
        self._pid = (await self._answer())["pid"]
        return asyncio.create_task(self._ended())

    async def _ended(self) -> int:
        """The exit status, or minus the signal that killed it, as in `subprocess`."""
        answer = await self._answer()
        return -answer["ended"] if answer["killed"] else answer["ended"]

    async def _answer(self) -> dict[str, int]:
        assert self._server.stdout is not None
        answer: dict[str, int] = json.loads(await self._server.stdout.readline())
        return answer

    def _told(self, what: str) -> None:
        if self._waits is None or self._waits[0] != what:
            return
        self._waits = (what, self._waits[1] - 1)
        if self._waits[1] <= 0:
            self._waits = None
            os.kill(self._pid, signal.SIGKILL)
            self._reached.set()

    def _words(self) -> str:
        log = self._folder / "log"
        return log.read_text()[-2000:] if log.exists() else "no words"


async def killed(
    folder: Path, seed: int, kills: int = 200, profiles: int = 2, *, share: float = 0.0
) -> Result:
    """`kills` kills, shared by `profiles` worlds at once; `share` of the requests meet a fault."""
    began_s = time.perf_counter()
    made: list[Profile] = []
    async with AsyncExitStack() as stack:
        for number in range(profiles):
            home = folder / f"profile-{number}"
            home.mkdir(parents=True)
            made.append(await stack.enter_async_context(Profile(home, seed + number, share).open()))
        shared = [kills // profiles + (number < kills % profiles) for number in range(profiles)]
        finished = await asyncio.gather(
            *(one.run(number) for one, number in zip(made, shared, strict=True))
        )
        lost = doubled = plays = 0
        ways: Counter[str] = Counter()
        for one in made:
            tally = counted(one.plays, one.world.destinations.sites.values())
            lost, doubled, plays = (
                lost + tally.lost,
                doubled + tally.doubled,
                plays + len(one.plays),
            )
            ways += one.killed
    note = ", ".join(f"{number} by {way}" for way, number in ways.most_common())
    return Result(
        f"kill -9, {kills} times" + (", bad line" if share else ""), seed, plays, None, None,
        lost, doubled, note, time.perf_counter() - began_s, kept=all(finished),
    )  # fmt: skip
