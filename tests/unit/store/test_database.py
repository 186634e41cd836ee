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


def put(key: str) -> Callable[[Link], None]:
    def job(link: Link) -> None:
        with link.atomic():
            link.connection.execute("INSERT INTO meta VALUES (?, 'x')", (key,))

    return job


async def keys(db: Database) -> list[str]:
    rows = await db.run(lambda link: link.connection.execute("SELECT key FROM meta").fetchall())
    return [key for (key,) in rows]


async def held_back(db: Database, jobs: list[Callable[[Link], None]]) -> list[object]:
    """What `jobs` give when all of them wait before the first runs."""
    gate = threading.Event()
    first = asyncio.ensure_future(db.run(lambda _: gate.wait(5)))
    waiting = [asyncio.ensure_future(db.run(job)) for job in jobs]
    await asyncio.sleep(0)
    gate.set()
    await first
    return await asyncio.gather(*waiting, return_exceptions=True)


async def test_jobs_that_wait_together_share_one_commit(db: Database) -> None:
    said: list[str] = []
    await db.run(lambda link: link.connection.set_trace_callback(said.append))
    assert await held_back(db, [put(f"k{n}") for n in range(10)]) == [None] * 10
    assert said.count("COMMIT") == 1
    assert len(await keys(db)) == 10


async def test_in_a_group_only_the_job_at_fault_fails(db: Database) -> None:
    def fail(link: Link) -> None:
        with link.atomic():
            link.connection.execute("INSERT INTO meta VALUES ('bad', 'x')")
            raise ValueError("mine")

    told = await held_back(db, [put("a"), fail, put("a"), put("b")])
    assert [type(one).__name__ for one in told] == [
        "NoneType",
        "ValueError",
        "IntegrityError",
        "NoneType",
    ]
    assert await keys(db) == ["a", "b"]


async def test_a_group_that_sqlite_undid_is_run_again_one_by_one(db: Database) -> None:
    def undo_all(link: Link) -> None:
        # What SQLite does by itself when the disk is full.
        if link.connection.in_transaction:
            link.connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("not known")

    told = await held_back(db, [put("a"), undo_all, put("b")])
    assert [type(one).__name__ for one in told] == ["NoneType", "OperationalError", "NoneType"]
    assert await keys(db) == ["a", "b"]


async def test_a_backup_waits_for_no_group(db: Database) -> None:
    gate = threading.Event()
    first = asyncio.ensure_future(db.run(lambda _: gate.wait(5)))
    work = [db.run(put("a")), db.backup(), db.run(put("b")), db.backup()]
    tasks = [asyncio.ensure_future(one) for one in work]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, *tasks)
    assert await keys(db) == ["a", "b"]


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


async def test_closing_leaves_a_sealed_file_and_no_thread(tmp_path: Path, clock: FakeClock) -> None:
    before = set(threading.enumerate())
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    await db.set_meta("a", "b")
    await db.close()
    assert set(threading.enumerate()) == before
    files = sorted(one.name for one in tmp_path.iterdir() if one.is_file())
    assert files == ["companion.db", "companion.db.seal"]


async def test_what_was_queued_before_closing_is_done(tmp_path: Path, clock: FakeClock) -> None:
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    last = asyncio.ensure_future(db.set_meta("a", "b"))
    await asyncio.sleep(0)
    await db.close()
    await within(last)
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    assert await db.get_meta("a") == "b"
    await db.close()


async def test_a_closed_database_answers_at_once(tmp_path: Path, clock: FakeClock) -> None:
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    await db.close()
    await db.close()
    with pytest.raises(StoreTrouble, match="closed"):
        await within(db.get_meta("a"))


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
