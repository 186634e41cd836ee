"""A closed database is sealed: what the disk changed is seen, what others wrote is not blamed."""

import os
import sqlite3
from pathlib import Path

import pytest

from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from revenge_companion.store.seal import seal, unseal
from tests.clock import FakeClock
from tests.unit.store.builders import a_scrobble


def rot(path: Path, what: bytes, into: bytes) -> None:
    """Change the file without its time, as a failing disk does."""
    stat, data = path.stat(), path.read_bytes()
    assert what in data
    path.write_bytes(data.replace(what, into))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_file_that_stayed_is_whole_and_one_that_rotted_is_not(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    assert unseal(path) is None
    seal(path)
    assert unseal(path) is True
    assert unseal(path) is None, "a seal is taken off once"
    seal(path)
    rot(path, b"ten", b"tan")
    assert unseal(path) is False


def test_what_somebody_wrote_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    seal(path)
    os.utime(path, ns=(0, 1))
    assert unseal(path) is None
    seal(path)
    path.write_bytes(b"other")
    assert unseal(path) is None


async def filled(path: Path, clock: FakeClock) -> None:
    db = await Database.open(path, clock=clock)
    account = await Accounts(db, clock).add(service="trakt", remote_id="1")
    await Outbox(db, clock).add(a_scrobble(), [account.id])
    await db.backup()
    await db.close()


@pytest.mark.expected_logs("store.database")
async def test_a_letter_that_changed_by_itself_restores_the_copy(
    tmp_path: Path, clock: FakeClock
) -> None:
    path = tmp_path / "companion.db"
    await filled(path, clock)
    rot(path, b"Live in Hope", b"Live in Rope")
    db = await Database.open(path, clock=clock)
    assert "was restored" in db.opening_note
    (row,) = await Outbox(db, clock).page()
    assert row.scrobble.item.album == "I Could Live in Hope"
    await db.close()


@pytest.mark.expected_logs("store.database")
@pytest.mark.parametrize(
    ("what", "into"),
    [
        (b"W\xc3\xb6rds", b"W\xc3\x36rds"),
        (b'{"item":{"kind"', b'{"item"z{"kind"'),
        (b"pending", b"qending"),
    ],
    ids=["no text", "no JSON", "no state"],
)
async def test_after_a_power_loss_content_that_cannot_be_used_restores_the_copy(
    tmp_path: Path, clock: FakeClock, what: bytes, into: bytes
) -> None:
    path = tmp_path / "companion.db"
    await filled(path, clock)
    path.with_name("companion.db.seal").unlink()
    rot(path, what, into)
    db = await Database.open(path, clock=clock)
    assert "was restored" in db.opening_note
    assert [row.scrobble.item.title for row in await Outbox(db, clock).page()] == ["W\u00f6rds"]
    await db.close()


async def test_a_file_that_a_person_has_edited_is_kept(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "companion.db"
    await filled(path, clock)
    by_hand = sqlite3.connect(path)
    by_hand.execute("UPDATE account SET label = 'mine'")
    by_hand.commit()
    by_hand.close()
    db = await Database.open(path, clock=clock)
    assert db.opening_note == ""
    await db.close()
