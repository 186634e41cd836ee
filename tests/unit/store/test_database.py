import asyncio
import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from revenge_companion.core.errors import StoreTrouble
from revenge_companion.store.database import Database, Link
from tests.clock import FakeClock, within


def pragma(name: str) -> Callable[[Link], object]:
    return lambda link: link.connection.execute(f"PRAGMA {name}").fetchone()[0]


async def test_the_file_is_durable_and_private(db: Database) -> None:
    for name, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
        assert await db.run(pragma(name)) == value
    await db.set_meta("a", "b")
    for file in db.path.parent.glob("companion.db*"):
        assert file.stat().st_mode & 0o777 == 0o600, file
    assert db.path.parent.stat().st_mode & 0o777 == 0o700
    assert db.opening_note == ""


async def test_all_work_is_done_on_one_thread(db: Database) -> None:
    idents = {await db.run(lambda _: threading.get_ident()) for _ in range(5)}
    assert len(idents) == 1
    assert threading.get_ident() not in idents


async def test_jobs_run_in_order_even_when_nobody_waits_any_more(db: Database) -> None:
    done: list[int] = []
    tasks = [asyncio.ensure_future(db.run(lambda _, n=n: done.append(n))) for n in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await db.run(lambda _: None)
    assert done == list(range(50))


async def test_a_failed_job_is_undone_and_the_next_one_works(db: Database) -> None:
    def job(link: Link) -> None:
        with link.atomic():
            link.connection.execute("INSERT INTO meta VALUES ('a', 'b')")
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await db.run(job)
    assert await db.get_meta("a") is None


async def test_a_mistake_in_our_sql_is_not_called_the_disks(db: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="nothing"):
        await db.run(lambda link: link.connection.execute("SELECT * FROM nothing"))


async def test_small_texts_are_kept(db: Database) -> None:
    assert await db.get_meta("device") is None
    await db.set_meta("device", "1")
    await db.set_meta("device", "2")
    assert await db.get_meta("device") == "2"
    await db.drop_meta("device")
    await db.drop_meta("device")
    assert await db.get_meta("device") is None


async def test_closing_leaves_one_file_and_no_thread(tmp_path: Path, clock: FakeClock) -> None:
    before = set(threading.enumerate())
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    await db.set_meta("a", "b")
    await db.close()
    assert set(threading.enumerate()) == before
    files = [one.name for one in tmp_path.iterdir() if one.is_file()]
    assert files == ["companion.db"]


async def test_what_was_queued_before_closing_is_done(tmp_path: Path, clock: FakeClock) -> None:
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    last = asyncio.ensure_future(db.set_meta("a", "b"))
    await asyncio.sleep(0)
    await db.close()
    await within(last)
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    assert await db.get_meta("a") == "b"
    await db.close()


async def test_a_backup_is_made_each_day_and_three_are_kept(
    tmp_path: Path, clock: FakeClock
) -> None:
    for _ in range(6):
        db = await Database.open(tmp_path / "companion.db", clock=clock)
        await db.close()
        clock.advance(timedelta(hours=20).total_seconds())
    copies = sorted((tmp_path / "backups").iterdir())
    assert [one.name for one in copies] == [
        "companion-20260302T160000Z.db",
        "companion-20260304T080000Z.db",
        "companion-20260306T000000Z.db",
    ]
    for _ in range(4):
        clock.advance(timedelta(days=2).total_seconds())
        db = await Database.open(tmp_path / "companion.db", clock=clock)
        await db.close()
    copies = sorted((tmp_path / "backups").iterdir())
    assert len(copies) == 3
    assert all(one.stat().st_mode & 0o777 == 0o600 for one in copies)


async def test_opening_makes_missing_folders_and_says_where_it_cannot(
    tmp_path: Path, clock: FakeClock
) -> None:
    db = await Database.open(tmp_path / "a" / "b" / "companion.db", clock=clock)
    await db.close()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreTrouble):
        await Database.open(tmp_path / "file" / "companion.db", clock=clock)
