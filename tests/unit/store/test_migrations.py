import sqlite3
from pathlib import Path

import pytest

from revenge_companion.core.errors import StoreTrouble
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.migrations import MIGRATIONS, migrate, version
from revenge_companion.store.outbox import Outbox
from tests.clock import FakeClock
from tests.unit.store.builders import a_scrobble


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    return sqlite3.connect(tmp_path / "x.db", isolation_level=None)


def test_a_fresh_file_gets_every_version(connection: sqlite3.Connection) -> None:
    migrate(connection)
    migrate(connection)
    assert version(connection) == len(MIGRATIONS)
    connection.close()


def test_a_migration_that_fails_leaves_the_version_before(
    connection: sqlite3.Connection,
) -> None:
    def m002_broken(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (a)")
        raise sqlite3.OperationalError("no room")

    with pytest.raises(sqlite3.OperationalError, match="no room"):
        migrate(connection, (*MIGRATIONS, m002_broken))
    assert version(connection) == len(MIGRATIONS)
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    assert "half" not in names
    connection.close()


async def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "companion.db"
    newer = sqlite3.connect(path)
    newer.execute("CREATE TABLE later (a)")
    newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(StoreTrouble, match="newer version of the Companion"):
        await Database.open(path, clock=clock)
    assert [one.name for one in tmp_path.iterdir()] == ["companion.db"]
    after = sqlite3.connect(path)
    assert after.execute("SELECT name FROM sqlite_schema").fetchall() == [("later",)]
    after.close()
    assert len(path.read_bytes()) == len(before)


async def test_a_backup_is_made_before_migrating(tmp_path: Path, clock: FakeClock) -> None:
    def m002_more(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE more (a)")

    path = tmp_path / "companion.db"
    db = await Database.open(path, clock=clock)
    await db.set_meta("a", "b")
    await db.close()
    db = await Database.open(path, clock=clock, migrations=(*MIGRATIONS, m002_more))
    assert await db.get_meta("a") == "b"
    await db.close()
    (copy,) = (tmp_path / "backups").iterdir()
    before = sqlite3.connect(copy)
    assert version(before) == len(MIGRATIONS)
    assert before.execute("SELECT value FROM meta").fetchone() == ("b",)
    before.close()
    with pytest.raises(StoreTrouble, match="newer version"):
        await Database.open(path, clock=clock)


async def test_delivered_rows_of_an_older_file_are_listed(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "companion.db"
    older = await Database.open(path, clock=clock, migrations=MIGRATIONS[:7])
    account = await Accounts(older, clock).add(service="trakt", remote_id="t1")
    await Outbox(older, clock).add(a_scrobble(), [account.id])
    await older.run(lambda link: link.connection.execute("UPDATE delivery SET state = 'delivered'"))
    await older.close()
    db = await Database.open(path, clock=clock)
    (row,) = await Outbox(db, clock).page(state="delivered")
    assert row.scrobble == a_scrobble()
    await db.close()
