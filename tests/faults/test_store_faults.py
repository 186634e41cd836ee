"""What the store does when the disk, the file or the process fails."""

import asyncio
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from revenge_companion.core.delivery import DeliveryState, Settlement
from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.status import OutboxCounts
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.locks import ProfileLock
from revenge_companion.store.outbox import Outbox
from tests.clock import START, FakeClock
from tests.unit.store.builders import a_scrobble

NOW = START + timedelta(days=1)
ROOT = Path(__file__).parents[2]


async def filled(path: Path, clock: FakeClock, rows: int = 300) -> None:
    db = await Database.open(path, clock=clock)
    account = await Accounts(db, clock).add(service="trakt", remote_id="1")
    outbox = Outbox(db, clock)
    await outbox.add_many([(a_scrobble(f"k{n}", minute=n), [account.id]) for n in range(rows)])
    await db.close()


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = bytes(
            byte ^ 0xFF for byte in data[page * 4096 : page * 4096 + 64]
        )
    path.write_bytes(data)


def scribble(path: Path) -> None:
    path.write_bytes(b"<html>not a database</html>" * 500)


@pytest.mark.expected_logs("store.database")
@pytest.mark.parametrize("damage", [truncate, flip, scribble])
async def test_a_damaged_file_is_kept_and_the_newest_copy_restored(
    tmp_path: Path, clock: FakeClock, damage: Callable[[Path], None]
) -> None:
    path = tmp_path / "companion.db"
    await filled(path, clock)
    db = await Database.open(path, clock=clock)
    outbox = Outbox(db, clock)
    claimed = await outbox.claim(1, 3, NOW)
    await outbox.settle([(claimed[0].id, Settlement(DeliveryState.DELIVERED, 1, None))], NOW)
    await db.backup()
    await db.close()
    damage(path)
    broken = path.read_bytes()

    db = await Database.open(path, clock=clock)
    assert "2026-03-01 20:00 UTC was restored" in db.opening_note
    (kept,) = tmp_path.glob("companion.db.corrupt-*")
    assert kept.read_bytes() == broken
    # What waited in the copy may have gone out since, so none of it is sent blindly.
    assert (await Outbox(db, clock).counts())[1] == OutboxCounts(unsure=299, delivered=1)
    assert path.stat().st_mode & 0o777 == 0o600
    await db.close()
    db = await Database.open(path, clock=clock)
    assert db.opening_note == ""
    await db.close()


@pytest.mark.expected_logs("store.database")
async def test_a_damaged_file_without_a_copy_begins_anew(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "companion.db"
    scribble(path)
    db = await Database.open(path, clock=clock)
    assert "no copy to restore" in db.opening_note
    assert await Accounts(db, clock).all() == []
    await db.close()


@pytest.mark.expected_logs("store.database", "store.mending")
async def test_a_damaged_copy_is_passed_over(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "companion.db"
    await filled(path, clock)
    for _ in range(2):
        db = await Database.open(path, clock=clock)
        await db.backup()
        await db.close()
        clock.advance(5)
    scribble(sorted((tmp_path / "backups").iterdir())[-1])
    truncate(path)
    db = await Database.open(path, clock=clock)
    assert "2026-03-01 20:00 UTC was restored" in db.opening_note
    assert (await Outbox(db, clock).total()).unsure == 300
    await db.close()


async def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "companion.db"
    await filled(path, clock, rows=1)
    db = await Database.open(path, clock=clock)
    outbox = Outbox(db, clock)

    used = await db.run(lambda link: link.connection.execute("PRAGMA page_count").fetchone()[0])
    await db.run(
        lambda link: link.connection.execute(f"PRAGMA max_page_count = {used + 2}").fetchone()
    )
    added = 0

    async def add_on() -> None:
        nonlocal added
        for number in range(1000):
            added += await outbox.add(a_scrobble(f"n{number}", minute=number), [1])

    with pytest.raises(StoreTrouble, match="disk is full"):
        await add_on()
    with pytest.raises(StoreTrouble, match="disk is full"):
        await outbox.add_many([(a_scrobble(f"m{n}"), [1]) for n in range(500)])
    assert (await outbox.total()).pending == added + 1
    await db.run(lambda link: link.connection.execute("PRAGMA max_page_count = 100000").fetchone())
    assert await outbox.add(a_scrobble("later"), [1]) == 1
    assert len(await outbox.claim(1, 5000, NOW)) == added + 2
    await db.close()


async def test_on_a_full_disk_each_of_many_at_once_is_told_the_truth(
    tmp_path: Path, clock: FakeClock
) -> None:
    path = tmp_path / "companion.db"
    await filled(path, clock, rows=1)
    db = await Database.open(path, clock=clock)
    outbox = Outbox(db, clock)
    used = await db.run(lambda link: link.connection.execute("PRAGMA page_count").fetchone()[0])
    await db.run(
        lambda link: link.connection.execute(f"PRAGMA max_page_count = {used + 4}").fetchone()
    )
    told = await asyncio.gather(
        *(outbox.add(a_scrobble(f"n{n}", minute=n), [1]) for n in range(300)),
        return_exceptions=True,
    )
    added = {f"n{n}" for n, one in enumerate(told) if one == 1}
    assert all(one == 1 or isinstance(one, StoreTrouble) for one in told)
    assert 0 < len(added) < 300
    shown = {one.scrobble.key for one in await outbox.page(limit=1000)}
    assert shown == added | {"k0"}
    assert (await outbox.total()).pending == len(added) + 1
    await db.close()


CHILD = """
import asyncio, sys
from pathlib import Path
from revenge_companion.core.errors import StoreTrouble
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from tests.clock import START, FakeClock
from tests.unit.store.builders import a_scrobble

async def main():
    clock = FakeClock()
    db = await Database.open(Path(sys.argv[1]), clock=clock)
    account = await Accounts(db, clock).add(service="trakt", remote_id="1")
    outbox = Outbox(db, clock)
    try:
        for number in range(100_000):
            await outbox.add(a_scrobble(f"k{number}", minute=number), [account.id])
            print(number, flush=True)
            if number % 3 == 0:
                for one in await outbox.claim(account.id, 1, START.replace(year=2027)):
                    pass
    except StoreTrouble as error:
        print(error, flush=True)
asyncio.run(main())
"""


def child(path: Path, **options: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, **options,
    )  # fmt: skip


async def found(path: Path, clock: FakeClock) -> tuple[int, OutboxCounts, list[int]]:
    db = await Database.open(path, clock=clock)
    assert db.opening_note == ""
    outbox = Outbox(db, clock)
    recovered = await outbox.recover(NOW)
    counts = await outbox.total()
    keys = sorted(int(one.scrobble.key[1:]) for one in await outbox.page(limit=1_000_000))
    await db.close()
    return recovered, counts, keys


@pytest.mark.parametrize("after", [1, 7, 40, 150, 400])
async def test_killed_while_adding_every_told_scrobble_is_there(
    tmp_path: Path, clock: FakeClock, after: int
) -> None:
    path = tmp_path / "companion.db"
    process = child(path)
    assert process.stdout is not None
    told = -1
    for line in process.stdout:
        told = int(line)
        if told == after:
            process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()
    recovered, counts, keys = await found(path, clock)
    # One more may have been written than told; none fewer, none twice.
    assert keys in (list(range(told + 1)), list(range(told + 2)))
    assert recovered == counts.unsure >= told // 3
    assert counts.waiting == len(keys)


async def test_a_file_that_may_not_grow_is_said_and_loses_nothing(
    tmp_path: Path, clock: FakeClock
) -> None:
    path = tmp_path / "companion.db"
    process = child(
        path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    )
    out, err = process.communicate(timeout=60)
    *numbers, sentence = out.splitlines()
    assert "disk" in sentence.lower(), (out[-300:], err)
    _, _, keys = await found(path, clock)
    assert len(numbers) > 5
    assert keys == list(range(len(numbers)))


async def test_a_file_that_cannot_be_written_is_said(tmp_path: Path, clock: FakeClock) -> None:
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    account = await Accounts(db, clock).add(service="trakt", remote_id="1")
    await db.run(lambda link: link.connection.execute("PRAGMA query_only = on"))
    with pytest.raises(StoreTrouble, match="cannot be written to"):
        await Outbox(db, clock).add(a_scrobble(), [account.id])
    await db.run(lambda link: link.connection.execute("PRAGMA query_only = off"))
    assert await Outbox(db, clock).add(a_scrobble(), [account.id]) == 1
    await db.close()


async def test_a_file_another_program_holds_is_said(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "companion.db"
    db = await Database.open(path, clock=clock)
    await db.run(lambda link: link.connection.execute("PRAGMA busy_timeout = 1"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreTrouble, match="in use by another program"):
        await Outbox(db, clock).add(a_scrobble(), [])
    other.execute("ROLLBACK")
    other.close()
    await db.close()


HOLDER = """
import sys
from pathlib import Path
from revenge_companion.store.locks import ProfileLock
lock = ProfileLock(Path(sys.argv[1]))
print(lock.acquire(), flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_dies(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "True"
    mine = ProfileLock(path)
    assert not mine.acquire()
    assert mine.owner_pid == process.pid
    process.kill()
    process.communicate()
    assert mine.acquire()
    assert mine.owner_pid == os.getpid()
    mine.release()
