import asyncio
import os
from pathlib import Path

import pytest

from revenge_companion.core.errors import StoreTrouble
from revenge_companion.store.locks import FileLock, ProfileLock
from tests.clock import FakeClock, settle


def test_a_second_holder_is_refused_and_learns_who_holds(tmp_path: Path) -> None:
    first, second = ProfileLock(tmp_path / "d" / "lock"), ProfileLock(tmp_path / "d" / "lock")
    assert first.owner_pid is None
    assert first.acquire()
    assert first.acquire()
    assert not second.acquire()
    assert second.owner_pid == os.getpid()
    first.release()
    first.release()
    assert second.owner_pid is None
    assert second.acquire()
    second.release()


async def test_one_refresh_at_a_time(tmp_path: Path, clock: FakeClock) -> None:
    said: list[str] = []

    async def refresh(name: str) -> None:
        async with FileLock(tmp_path / "lock", clock):
            said.append(f"{name} in")
            await clock.sleep(1)
            said.append(f"{name} out")

    tasks = [asyncio.ensure_future(refresh(name)) for name in "ab"]
    await clock.turn(3)
    await asyncio.gather(*tasks)
    assert said == ["a in", "a out", "b in", "b out"]


async def test_a_lock_that_never_comes_free_is_store_trouble(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with FileLock(tmp_path / "lock", clock):
        waiting = asyncio.ensure_future(FileLock(tmp_path / "lock", clock).__aenter__())
        await clock.turn(30)
        assert not waiting.done()
        await clock.turn(31)
        with pytest.raises(StoreTrouble, match="held"):
            await waiting


async def test_a_cancelled_waiter_leaves_nothing_behind(tmp_path: Path, clock: FakeClock) -> None:
    async with FileLock(tmp_path / "lock", clock):
        waiting = asyncio.ensure_future(FileLock(tmp_path / "lock", clock).__aenter__())
        await settle()
        waiting.cancel()
        await settle()
    async with FileLock(tmp_path / "lock", clock):
        pass
