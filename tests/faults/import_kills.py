"""kill -9 at random points of an import: while reading, comparing, writing and taking back.

`python -m tests.faults.import_kills` forks a process for each line of JSON on its standard input,
as `tests.faults.kill_server` does: it goes on with the imports in `home` up to the `goal`, and dies
right before its `statement`th SQL statement where one is given. `killed` is the other side.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from revenge_companion.core.imports import RunState
from revenge_companion.core.library import Entry, Facet, Precision
from revenge_companion.engine.start import SystemClock
from revenge_companion.store.database import Database
from tests.clock import START
from tests.faults.kill_server import doomed
from tests.faults.rig import Result
from tests.unit.engine.import_kit import Desk, FakeSource, desk, dump, film, play, shown

ROOT = Path(__file__).parents[2]
#: Plays of the first source, every third one a rewatch on the same day.
PLAYS = 600
#: Plays that only the second source has.
OWN = 80
RATED = 60
#: Few to a page and to a transaction, so that there are many places to die at.
PAGE, BATCH = 40, 35
#: A life's statements at most; opening the database takes some of them.
_LIFE = 130
_DRAIN_S = 60.0


def lines() -> tuple[dict[Facet, list[Entry]], dict[Facet, list[Entry]]]:
    """What the two sources have."""
    first = [
        play(film(number // 3), f"a{number}", START - timedelta(hours=7 * number))
        for number in range(PLAYS)
    ]
    # The second cut the seconds off, and the first's pages are in the way of its own.
    second = [
        replace(entry, line=f"b{number}", precision=Precision.MINUTE)
        for number, entry in enumerate(first[: PLAYS // 2])
    ]
    second += [
        play(film(5000 + number), f"own{number}", START - timedelta(hours=number))
        for number in range(OWN)
    ]
    ratings = [
        Entry(Facet.RATINGS, film(number), f"r{number}", START, rating=10 + number)
        for number in range(RATED)
    ]
    return {Facet.HISTORY: first, Facet.RATINGS: ratings}, {Facet.HISTORY: second}


@asynccontextmanager
async def _at(home: Path, statement: int = 0) -> AsyncIterator[Desk]:
    sources = [FakeSource(one, size=PAGE, overlap=7) for one in lines()]
    kind = doomed(statement) if statement else Database
    async with desk(home, *sources, clock=SystemClock(), database_type=kind, batch=BATCH) as house:
        yield house


async def _run(given: dict[str, Any]) -> None:
    """Bring both imports to the goal, from wherever they are."""
    goal = RunState(given["goal"])
    async with _at(Path(given["home"]), given.get("statement", 0)) as house:
        importer = house.importer
        await importer.start()
        for number in (1, 2):
            runs = [run for run in await importer.runs() if run.source == f"account:{number}"]
            run_id = runs[0].id if runs else await importer.begin(f"account:{number}", list(Facet))
            while True:
                run = await importer.run(run_id)
                if run.running:
                    await asyncio.sleep(0.002)
                elif run.state is goal:
                    break
                elif run.state is RunState.PREVIEW:
                    await importer.write(run_id)
                elif run.state is RunState.DONE:
                    await importer.undo(run_id)
                else:
                    raise AssertionError(f"{run.state}: {run.trouble}")


def _serve() -> None:
    for line in sys.stdin:
        given = json.loads(line)
        pid = os.fork()
        if not pid:
            devnull = os.open(os.devnull, os.O_RDONLY)
            os.dup2(devnull, 0)
            try:
                asyncio.run(_run(given))
            except BaseException:
                sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]  # there is an exception
                os._exit(1)
            os._exit(0)
        print(json.dumps({"pid": pid}), flush=True)  # noqa: T201  # the answer
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)  # noqa: T201


class _Lives:
    """One process after the other over the same home."""

    def __init__(self, home: Path, server: asyncio.subprocess.Process) -> None:
        self._home = home
        self._server = server

    async def one(
        self, goal: RunState, *, statement: int = 0, kill_after_s: float | None = None
    ) -> int:
        """Its exit status, negative for a signal; it may be killed after some real time."""
        given = {"home": str(self._home), "goal": goal.value, "statement": statement}
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(given).encode() + b"\n")
        pid = (await self._answer())["pid"]
        ended = asyncio.create_task(self._answer())
        limit_s = _DRAIN_S if kill_after_s is None else kill_after_s
        done, _ = await asyncio.wait({ended}, timeout=limit_s)
        if not done:
            # It may have come to its end, and its parent to know of it, in the same moment.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return int((await ended)["status"])

    async def _answer(self) -> dict[str, Any]:
        assert self._server.stdout is not None
        answer: dict[str, Any] = json.loads(await self._server.stdout.readline())
        return answer


async def killed(folder: Path, seed: int, kills: int = 40) -> Result:
    """Kill two imports `kills` times on their way in and as often on their way back."""
    began_s = time.perf_counter()
    rng = random.Random(seed)
    async with _at(folder) as house:
        # Something is there before, which the undo must leave as it is.
        shared = play(film(2), "r1", START - timedelta(hours=42))
        await house.library.put("revenge", [shared, play(film(9000), "r2")])
        before = await dump(house.db)
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.import_kills", cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    lives = _Lives(folder, server)
    ways = {"statement": 0, "time": 0}
    kept = True
    lost = doubled = 0
    try:
        for goal in (RunState.DONE, RunState.UNDONE):
            for _ in range(kills):
                if rng.random() < 0.7:
                    status = await lives.one(goal, statement=rng.randint(1, _LIFE))
                    way = "statement"
                else:
                    status = await lives.one(goal, kill_after_s=rng.uniform(0.0, 0.25))
                    way = "time"
                assert status in (0, -signal.SIGKILL), "an import ended by itself"
                ways[way] += status != 0
                if status == 0:
                    break
            kept &= await lives.one(goal) == 0
            if goal is RunState.DONE:
                lost, doubled = await _counted(folder)
    finally:
        assert server.stdin is not None
        server.stdin.close()
        await asyncio.wait_for(server.wait(), 20)
    async with _at(folder) as house:
        kept &= await dump(house.db) == before
    note = ", ".join(f"{number} by {way}" for way, number in ways.items())
    return Result(
        "kill -9 while importing and taking back", seed, PLAYS + PLAYS // 2 + OWN, None, None,
        lost, doubled, note, time.perf_counter() - began_s, kept=kept,
    )  # fmt: skip


async def _counted(folder: Path) -> tuple[int, int]:
    """Plays and ratings that are missing in the library, and those that are there too often."""
    async with _at(folder) as house:
        plays, ratings = await shown(house.db), await shown(house.db, Facet.RATINGS)
    # One of the server's own is a play that both sources have, too.
    expected = PLAYS + OWN + 1 + RATED
    found = sum(count for _, _, count in (*plays, *ratings))
    return max(0, expected - found), max(0, found - expected)


if __name__ == "__main__":
    _serve()
