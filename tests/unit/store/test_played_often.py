"""What one thing costs that is played a thousand times: as much for each play as if it were few."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.store.amendments import Amendments
from revenge_companion.store.database import Database, Link
from revenge_companion.store.library import Library
from revenge_companion.store.plays import Plays
from tests.clock import FakeClock
from tests.unit.engine.import_kit import dated, film, play, shown
from tests.unit.store.test_library import FILM, a_play, rows

#: Four times as many plays may cost no more than so many times as much.
_MOST = 5.5
#: Seconds from one play to the next: longer than the film.
_APART_S = 9000.0


def of_one_film(count: int) -> list[PlayUpdate]:
    return [a_play(f"p{number}", FILM, dated(_APART_S * number)) for number in range(count)]


def of_many_files(count: int) -> list[PlayUpdate]:
    """Plays of one film, each of a file that is as long as no other."""
    items = [replace(FILM, duration_s=6000.0 + number) for number in range(count)]
    return [
        a_play(f"p{number}", item, dated(_APART_S * number)) for number, item in enumerate(items)
    ]


@asynccontextmanager
async def a_library(folder: Path) -> AsyncIterator[tuple[Database, Library, Plays]]:
    folder.mkdir()
    clock = FakeClock()
    db = await Database.open(folder / "companion.db", clock=clock)
    try:
        yield db, Library(db, clock, UTC), Plays(db, clock)
    finally:
        await db.close()


async def effort(db: Database, what: Awaitable[object]) -> int:
    """What the writer does for `what`: steps of SQLite, and calls in Python."""
    count = 0

    def stepped() -> int:
        nonlocal count
        count += 100
        return 0

    def called(_frame: FrameType, event: str, _about: Any) -> None:
        nonlocal count
        count += event == "call"

    def begin(link: Link) -> None:
        link.connection.set_progress_handler(stepped, 100)
        sys.setprofile(called)

    def end(link: Link) -> None:
        link.connection.set_progress_handler(None, 100)
        sys.setprofile(None)

    await db.run(begin)
    try:
        await what
    finally:
        await db.run(end)
    return count


@pytest.mark.parametrize("is_elsewhere", [False, True], ids=["ours alone", "an account, too"])
@pytest.mark.parametrize("made", [of_one_film, of_many_files])
async def test_taking_over_costs_each_play_the_same(
    tmp_path: Path, made: Callable[[int], list[PlayUpdate]], is_elsewhere: bool
) -> None:
    costs = []
    for count in (1000, 4000):
        async with a_library(tmp_path / str(count)) as (db, library, plays):
            if is_elsewhere:
                await library.put("account:1", [play(film(1), "1", dated(20))])
            await plays.save_many(made(count))
            costs.append(await effort(db, library.absorb()))
            assert len(await shown(db)) == count
            assert await rows(db, "library_stale") == 0
    assert costs[1] < _MOST * costs[0], costs


async def test_forgetting_one_of_many_costs_each_the_same(tmp_path: Path) -> None:
    costs = []
    for count in (300, 1200):
        async with a_library(tmp_path / str(count)) as (db, library, plays):
            await plays.save_many(of_many_files(count))
            await library.absorb()
            amendments = Amendments(db, FakeClock())
            play_id = await amendments.play_id("p1")
            assert play_id is not None
            await amendments.forget([play_id])
            costs.append(await effort(db, library.absorb()))
            assert len(await shown(db)) == count - 1
    assert costs[1] < _MOST * costs[0], costs


class _Breaks:
    """A database whose disk is full after so many jobs."""

    def __init__(self, db: Database, jobs: int) -> None:
        self._db = db
        self._left = jobs

    async def run(self, job: Callable[[Link], Any]) -> Any:
        if not self._left:
            raise StoreTrouble("The disk is full.")
        self._left -= 1
        return await self._db.run(job)


@pytest.mark.parametrize("jobs", [1, 2])
async def test_what_was_cut_off_is_merged_by_whoever_goes_on(tmp_path: Path, jobs: int) -> None:
    async with a_library(tmp_path / "home") as (db, library, plays):
        await library.put("account:1", [play(film(1), "1", dated(20))])
        await plays.save_many(of_one_film(1200))
        broken: Any = _Breaks(db, jobs)
        with pytest.raises(StoreTrouble):
            await Library(broken, FakeClock(), UTC).absorb()
        assert await rows(db, "library_stale") == 1
        assert await library.absorb() == 1200 - 500 * jobs
        assert len(await shown(db)) == 1200
        assert await rows(db, "library_stale") == 0
