"""A damaged database is replaced as a whole or not at all, wherever the program is stopped."""

import resource
from pathlib import Path

import pytest

from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.status import OutboxCounts
from revenge_companion.store import mending
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from tests.clock import FakeClock
from tests.unit.store.builders import a_scrobble

pytestmark = pytest.mark.expected_logs("store.database")


async def filled(path: Path, clock: FakeClock) -> None:
    db = await Database.open(path, clock=clock)
    account = await Accounts(db, clock).add(service="trakt", remote_id="1")
    await Outbox(db, clock).add_many(
        [(a_scrobble(f"k{number}", minute=number), [account.id]) for number in range(50)]
    )
    await db.backup()
    await db.close()


async def counts(path: Path, clock: FakeClock) -> tuple[str, OutboxCounts]:
    db = await Database.open(path, clock=clock)
    found = await Outbox(db, clock).total()
    await db.close()
    return db.opening_note, found


def scribble(path: Path) -> bytes:
    path.write_bytes(b"<html>not a database</html>" * 500)
    return path.read_bytes()


@pytest.mark.parametrize("moved", [(), ("-wal",)], ids=["log still there", "log moved"])
async def test_a_stop_between_moving_away_and_putting_in_place_loses_nothing(
    tmp_path: Path, clock: FakeClock, moved: tuple[str, ...]
) -> None:
    path = tmp_path / "companion.db"
    await filled(path, clock)
    scribble(path)
    log = path.with_name(path.name + "-wal")
    log.write_bytes(b"a log that belongs to the damaged file" * 200)
    assert mending.rebuild(path, sorted((tmp_path / "backups").iterdir())) is not None
    path.rename(tmp_path / "companion.db.corrupt-then")
    for suffix in moved:
        path.with_name(path.name + suffix).rename(tmp_path / f"companion.db.corrupt-then{suffix}")
    note, found = await counts(path, clock)
    assert "a copy was restored" in note
    assert found == OutboxCounts(unsure=50)
    assert await counts(path, clock) == ("", found)


async def test_a_stop_before_anything_was_moved_begins_again(
    tmp_path: Path, clock: FakeClock
) -> None:
    path = tmp_path / "companion.db"
    await filled(path, clock)
    scribble(path)
    path.with_name(path.name + ".restoring.partial").write_bytes(b"half of a copy")
    note, found = await counts(path, clock)
    assert "was restored" in note
    assert found == OutboxCounts(unsure=50)
    assert not list(tmp_path.glob("*.restoring*"))


async def test_what_a_stop_left_of_a_replacement_is_not_used_later(
    tmp_path: Path, clock: FakeClock
) -> None:
    path = tmp_path / "companion.db"
    await filled(path, clock)
    path.with_name(path.name + ".restoring").write_bytes(b"old")
    assert await counts(path, clock) == ("", OutboxCounts(pending=50))
    assert not list(tmp_path.glob("*.restoring*"))


async def test_without_room_for_the_replacement_everything_stays_as_it_is(
    tmp_path: Path, clock: FakeClock
) -> None:
    path = tmp_path / "companion.db"
    await filled(path, clock)
    broken = scribble(path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        with pytest.raises(StoreTrouble, match="disk"):
            await Database.open(path, clock=clock)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == broken
    note, found = await counts(path, clock)
    assert "was restored" in note
    assert found == OutboxCounts(unsure=50)
