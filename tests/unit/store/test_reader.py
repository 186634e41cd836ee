import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from revenge_companion.core.errors import StoreTrouble
from revenge_companion.store.database import Database
from tests.clock import FakeClock


def meta(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT key FROM meta ORDER BY key")]


async def test_it_reads_what_was_written_before(db: Database) -> None:
    assert await db.read(meta) == []
    await db.set_meta("a", "b")
    assert await db.read(meta) == ["a"]


async def test_who_writes_does_not_wait_for_who_reads(db: Database) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> list[str]:
        connection.execute("BEGIN")
        before = meta(connection)
        begun.set()
        assert goes_on.wait(10)
        assert meta(connection) == before
        connection.execute("COMMIT")
        return before

    reading = asyncio.ensure_future(db.read(slow))
    await asyncio.to_thread(begun.wait, 10)
    await db.set_meta("a", "b")
    assert not reading.done()
    goes_on.set()
    assert await reading == []
    assert await db.read(meta) == ["a"]


async def test_it_cannot_write(db: Database) -> None:
    def write(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO meta VALUES ('a', 'b')")

    with pytest.raises(StoreTrouble):
        await db.read(write)
    assert await db.get_meta("a") is None


async def test_closing_waits_for_it_and_folds_the_log_in(tmp_path: Path, clock: FakeClock) -> None:
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    await db.set_meta("a", "b")
    reading = asyncio.ensure_future(db.read(meta))
    await asyncio.sleep(0)
    await db.close()
    assert await reading == ["a"]
    assert not (tmp_path / "companion.db-wal").exists()
    with pytest.raises(StoreTrouble, match="closed"):
        await db.read(meta)


async def test_an_error_of_ours_is_not_hidden(db: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await db.read(lambda connection: connection.execute("SELECT * FROM nowhere"))
