"""What a sync costs where much is in step already: a look, and a walk through all of it again.

The account is the tests' own, which answers at once; syncer, importer, exporter and library are the
program's. ``python -m tests.bench.bench_sync``.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from revenge_companion.core.accounts import Switches
from revenge_companion.core.library import Facet
from revenge_companion.engine.start import SystemClock
from revenge_companion.store.database import Database, Link
from tests.clock import START
from tests.unit.engine.import_kit import film, play
from tests.unit.engine.sync_kit import HISTORY, FakeAccount, home

Row = tuple[str, float, str]
T = TypeVar("T")

_PAGE = 1000


class _Timed(Database):
    """The program's database; it notes how long its writer was kept by one job, in seconds."""

    longest_s = 0.0

    async def run(self, job: Callable[[Link], T]) -> T:
        def timed(link: Link) -> T:
            began_s = time.thread_time()
            try:
                return job(link)
            finally:
                self.longest_s = max(self.longest_s, time.thread_time() - began_s)

        return await super().run(timed)


@dataclass
class _Account(FakeAccount):
    """It says when something changed, without looking through all of it."""

    moved: int = 0

    async def marks(self) -> Mapping[Facet, str]:
        return {HISTORY: str(self.moved)}


def rows(plays: int = 100_000) -> list[Row]:
    return asyncio.run(_rows(plays))


async def _rows(plays: int) -> list[Row]:
    # Two plays of each film.
    lines = [
        play(film(number // 2), f"{number}", START - timedelta(hours=number))
        for number in range(plays)
    ]
    account = _Account({HISTORY: lines}, size=_PAGE)
    only = Switches(sync_history=True)
    with tempfile.TemporaryDirectory() as folder:
        async with home(
            Path(folder), account, switches=only, clock=SystemClock(), database_type=_Timed
        ) as one:
            (first,) = (await one.syncer.sync_now(1)).facets
            if first.question is not None:
                await one.syncer.answer(1, HISTORY, go_on=True)
            database = one.db
            assert isinstance(database, _Timed)
            database.longest_s = 0.0
            began_s = time.process_time()
            await one.syncer.sync_now(1)
            look_s, kept_s = time.process_time() - began_s, database.longest_s
            account.moved, database.longest_s = 1, 0.0
            account.lines[HISTORY] = [play(film(plays), "new", START), *lines[1:]]
            began_s = time.process_time()
            (after,) = (await one.syncer.sync_now(1)).facets
            walk_s = time.process_time() - began_s
            assert (after.added, after.removed, after.trouble) == (1, 1, "")
            kept_s = max(kept_s, database.longest_s)
    return [
        (f"sync: a look at {plays:,} lines in step, s of CPU", look_s, "<= 1"),
        (f"sync: all {plays:,} read again, one new and one gone, s of CPU", walk_s, "<= 15"),
        ("sync: the longest job of the writer meanwhile, ms", kept_s * 1000, "<= 250"),
    ]


if __name__ == "__main__":
    for name, value, target in rows():
        print(f"{name:<72} {value:9.2f}   {target}")
