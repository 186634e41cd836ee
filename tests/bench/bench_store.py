"""What the store costs against bare sqlite3, in ratios measured in one run.

Bare sqlite3 writes the same rows into the same tables and indexes with the same pragmas, and
encodes the same scrobbles, but without our triggers, our thread and the event loop. Where one is
added at a time, 90 of our 375 us are two threads waking each other, and bare sqlite3 takes 225.
A lane claims its next row in the commit that settles the last; bare sqlite3 claims in one commit
and settles in another. The row without a target waits for two calls per delivery, which no lane
does: each way to the writer thread and back takes some 55 µs, which shows where a commit takes
150 µs (a disk that syncs in no time), and would not beside the 5 ms and more that it takes
elsewhere.

Both sides take turns, so that a busy machine slows both. Ratios are ours to bare by rate (more is
better), or by cost at many to few rows (less is better). ``python -m tests.bench.bench_store
[rows]``.
"""

import asyncio
import gc
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from revenge_companion.core.accounts import Account
from revenge_companion.core.delivery import (
    Delivered,
    Delivery,
    DeliveryState,
    Outcome,
    Settlement,
)
from revenge_companion.core.media import Item, Kind, MusicIds
from revenge_companion.core.scrobble import Scrobble, scrobble_key
from revenge_companion.engine.dispatcher import Lane, LaneEvent
from revenge_companion.services.lastfm.spec import SPEC
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import PRAGMAS, Database
from revenge_companion.store.outbox import Outbox
from revenge_companion.store.payload import DELIVERY_COLUMNS, delivery_from, micros, scrobble_text

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
MANY = 1_000_000
FEW = 1_000
LANES = 4
BATCH = 500

_DELIVERED = (
    "UPDATE delivery SET state = 'delivered', settled_us = 1 WHERE account_id = 1 "
    "AND state = 'pending'"
)

Row = tuple[str, float, str]


class BenchClock:
    def now(self) -> datetime:
        return BEGAN + timedelta(days=300)

    def monotonic_s(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> Coroutine[Any, Any, None]:
        return asyncio.sleep(seconds)


def scrobble(number: int) -> Scrobble:
    began = BEGAN + timedelta(seconds=20 * number)
    item = Item(
        kind=Kind.TRACK,
        media_id=f"0b8f3c1e-{number:012}",
        title=f"Track number {number}",
        duration_s=215.0,
        artist="An artist of some length",
        artists=("An artist of some length",),
        album="An album",
        music_ids=MusicIds(recording_mbid=f"5fb524f1-8cc8-4c04-a921-{number:012}"),
        library_id="music",
    )
    return Scrobble(
        key=scrobble_key(session_id="s", media_id=item.media_id, started_at=began),
        item=item,
        started_at=began,
        counted_at=began + timedelta(seconds=110),
        played_s=110.0,
        position_s=110.4,
        progress_pct=51.2,
        device_name="Living room",
    )


class _Bare:
    """The yardstick: sqlite3 and nothing else."""

    def __init__(self, path: Path, shape: list[str]) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        for name, value in PRAGMAS:
            self.connection.execute(f"PRAGMA {name} = {value}")
        for sql in shape:
            self.connection.execute(sql)
        for account in range(1, LANES + 1):
            self.connection.execute(
                "INSERT INTO account (id, service, remote_id, api_url, label, remote_name, "
                "profile_url, auth_url, client_id, switches, state, state_detail) "
                "VALUES (?,'x',?,'','x','','','','','{}','linked','')",
                (account, str(account)),
            )

    def rows(self, scrobbles: list[Scrobble]) -> list[tuple[Any, ...]]:
        return [
            (
                one.key,
                "",
                micros(one.started_at) // 1_000_000,
                micros(one.started_at),
                micros(one.counted_at),
                scrobble_text(one),
            )
            for one in scrobbles
        ]

    def add(self, scrobble: Scrobble) -> None:
        connection = self.connection
        (row,) = self.rows([scrobble])
        connection.execute("BEGIN")
        cursor = connection.execute(
            "INSERT INTO scrobble (key, rule, second, started_us, counted_us, payload) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )
        connection.execute(
            "INSERT INTO delivery "
            "(scrobble_id, account_id, second, key, state, dated_us, queued_us) "
            "VALUES (?, 1, ?, ?, 'pending', ?, 0)",
            (cursor.lastrowid, row[2], row[0], row[3]),
        )
        connection.execute("COMMIT")

    def add_many(self, scrobbles: list[Scrobble], account: int = 1) -> None:
        connection = self.connection
        connection.execute("BEGIN")
        first = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM scrobble").fetchone()[0]
        rows = self.rows(scrobbles)
        connection.executemany(
            "INSERT INTO scrobble (key, rule, second, started_us, counted_us, payload) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )
        connection.executemany(
            "INSERT INTO delivery "
            "(scrobble_id, account_id, second, key, state, dated_us, queued_us) "
            "VALUES (?, ?, ?, ?, 'pending', ?, 0)",
            [(number, account, row[2], row[0], row[3]) for number, row in enumerate(rows, first)],
        )
        connection.execute("COMMIT")

    def lanes(self, times: int) -> None:
        for _ in range(times):
            for account in range(1, LANES + 1):
                self.claim_and_settle(1, account)

    def claim_and_settle(self, limit: int, account: int = 1) -> None:
        connection = self.connection
        connection.execute("BEGIN")
        found = connection.execute(
            f"SELECT {DELIVERY_COLUMNS} FROM delivery d JOIN scrobble s ON s.id = d.scrobble_id "
            "WHERE d.account_id = ? AND d.due_us IS NULL "
            "AND d.state IN ('pending', 'unsure', 'held') ORDER BY d.dated_us LIMIT ?",
            (account, limit),
        ).fetchall()
        for row in found:
            delivery_from(row)
        connection.executemany(
            "UPDATE delivery SET state = 'sending' WHERE id = ?", [row[:1] for row in found]
        )
        connection.execute("COMMIT")
        connection.execute("BEGIN")
        connection.executemany(
            "UPDATE delivery SET state = 'delivered', attempts = 1, settled_us = ?, "
            "remote_id = 'r' WHERE id = ?",
            [(1, row[0]) for row in found],
        )
        connection.execute("COMMIT")


class Instant:
    """A service that takes everything without a request."""

    async def submit(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        return {one.id: Delivered() for one in batch}


class _Ours:
    def __init__(self, db: Database) -> None:
        self.outbox = Outbox(db, BenchClock())

    async def lanes(self, times: int) -> None:
        """Every lane claims and settles one row, `times` times, beside the others."""
        await asyncio.gather(
            *(self.claim_and_settle(times, 1, account) for account in range(1, LANES + 1))
        )

    async def lane_alone(self, rows: int) -> None:
        """The engine's own lane sends `rows` waiting rows, one at a time, to who takes all."""
        account = Account(1, SPEC.key, "", "1")
        left, sent = asyncio.Event(), 0

        async def report(event: LaneEvent) -> None:
            nonlocal sent
            sent += len(event.delivered)
            if sent == rows:
                left.set()

        client: Any = Instant()
        one_by_one = replace(SPEC, batch_size=1)
        lane = Lane(account, one_by_one, client, self.outbox, BenchClock(), report)
        lane.start()
        await asyncio.wait_for(left.wait(), 60)
        await lane.stop()

    async def add(self, scrobbles: list[Scrobble]) -> None:
        for one in scrobbles:
            await self.outbox.add(one, [1])

    async def add_many(self, scrobbles: list[Scrobble], account: int = 1) -> None:
        await self.outbox.add_many([(one, [account]) for one in scrobbles])

    async def claim_and_settle(self, times: int, limit: int, account: int = 1) -> None:
        now = BenchClock().now()
        done = Settlement(DeliveryState.DELIVERED, 1, None, remote_id="r")
        for _ in range(times):
            found = await self.outbox.claim(account, limit, now)
            await self.outbox.settle([(one.id, done) for one in found], now)


async def _open(folder: Path, name: str) -> tuple[Database, _Ours]:
    db = await Database.open(folder / name, clock=BenchClock())
    accounts = Accounts(db, BenchClock())
    for number in range(LANES):
        await accounts.add(service="x", remote_id=str(number))
    return db, _Ours(db)


async def _timed(work: Coroutine[Any, Any, None]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


def _timed_bare(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _ratio(pairs: list[tuple[float, float]]) -> float:
    return statistics.median(first / second for first, second in pairs)


class _Numbers:
    """Scrobbles that never come twice."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, how_many: int) -> list[Scrobble]:
        first, self._next = self._next, self._next + how_many
        return [scrobble(number) for number in range(first, self._next)]


async def _against_bare(folder: Path, rounds: int) -> list[Row]:
    db, ours = await _open(folder, "ours.db")
    shape = await db.run(
        lambda link: [
            sql
            for (sql,) in link.connection.execute(
                "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND type <> 'trigger'"
            )
        ]
    )
    bare = _Bare(folder / "bare.db", shape)
    numbers = _Numbers()
    single, bulk, alone, awaited, claimed, batches = [], [], [], [], [], []
    for _ in range(rounds):
        some = numbers.take(100)
        first = _timed_bare(lambda some=some: [bare.add(one) for one in some] and None)
        single.append((first, await _timed(ours.add(some))))
        many = numbers.take(BATCH)
        first = _timed_bare(lambda many=many: bare.add_many(many))
        bulk.append((first, await _timed(ours.add_many(many))))
        for rows, work in ((alone, ours.lane_alone(50)), (awaited, ours.claim_and_settle(50, 1))):
            few = numbers.take(50)
            bare.add_many(few)
            await ours.add_many(few)
            first = _timed_bare(lambda: [bare.claim_and_settle(1) for _ in range(50)] and None)
            rows.append((first, await _timed(work)))
        for account in range(1, LANES + 1):
            few = numbers.take(20)
            bare.add_many(few, account)
            await ours.add_many(few, account)
        first = _timed_bare(lambda: bare.lanes(20))
        claimed.append((first, await _timed(ours.lanes(20))))
        first = _timed_bare(lambda: bare.claim_and_settle(BATCH))
        batches.append((first, await _timed(ours.claim_and_settle(1, BATCH))))
    bare.connection.close()
    await db.close()
    return [
        ("durable single add, rate to bare sqlite3", _ratio(single), ">= 0.6"),
        ("bulk add of 500, rate to bare sqlite3", _ratio(bulk), ">= 0.9"),
        ("claim one, send, settle, one lane alone, rate to bare sqlite3", _ratio(alone), ">= 0.75"),
        ("claim one, settle it, each waited for, rate to bare sqlite3", _ratio(awaited), ""),
        ("claim one and settle in 4 lanes, rate to bare sqlite3", _ratio(claimed), ">= 0.75"),
        ("claim 500 and settle, rate to bare sqlite3", _ratio(batches), ">= 0.75"),
    ]


async def _fill(db: Database, ours: _Ours, numbers: _Numbers, rows: int, delivered: bool) -> None:
    """Queue `rows`, and bring them a page at a time to where a long life leaves them.

    All at once at the end would empty an index of a million rows and leave room for 3,000 pages in
    the file, as no life does; and the next adds would be measured at filling that room.
    """
    while rows > 0:
        await ours.add_many(numbers.take(min(rows, 10_000)))
        rows -= 10_000
        if delivered:
            # Straight there; the store would settle them in batches too.
            await db.run(lambda link: link.connection.execute(_DELIVERED))


async def _flat(folder: Path, rounds: int, many: int, delivered: bool) -> list[Row]:
    name = "delivered" if delivered else "queued"
    small_db, small = await _open(folder, f"few-{name}.db")
    large_db, large = await _open(folder, f"many-{name}.db")
    numbers = _Numbers()
    await _fill(small_db, small, numbers, FEW, delivered)
    await _fill(large_db, large, numbers, many, delivered)
    times: dict[str, list[tuple[float, float]]] = {}
    for number in range(rounds):
        for what, work in (
            ("add", lambda one, some: one.add(some)),
            ("bulk add", lambda one, some: one.add_many(some)),
            ("claim and settle", lambda one, some: one.claim_and_settle(50, 1)),
            ("counts", lambda one, some: _ask(one)),
            ("list", lambda one, some: _list(one)),
        ):
            pair = {}
            # By turns, as the second of a pair finds everything warm.
            for one in (large, small) if number % 2 else (small, large):
                some = numbers.take(100) if what in ("add", "bulk add") else []
                pair[one] = await _timed(work(one, some))
            times.setdefault(what, []).append((pair[large], pair[small]))
    await small_db.close()
    await large_db.close()
    return [
        (f"{what}, cost with {many:,} rows {name} to {FEW:,}", _ratio(pairs), "<= 1.25")
        for what, pairs in times.items()
    ]


async def _ask(ours: _Ours) -> None:
    for _ in range(50):
        await ours.outbox.counts()
        await ours.outbox.next_due(1)


async def _list(ours: _Ours) -> None:
    for state in ("", DeliveryState.DELIVERED):
        for _ in range(5):
            await ours.outbox.page(state=state)


async def _late(folder: Path) -> list[Row]:
    """How late the loop runs while 100,000 rows are added in pages of 500, worst, in ms."""
    db, ours = await _open(folder, "late.db")
    numbers = _Numbers()
    pages = [numbers.take(BATCH) for _ in range(40)]
    # As the program does once it is loaded; what is prepared here is not looked through again.
    gc.collect()
    gc.freeze()
    worst = 0.0
    stop = asyncio.Event()

    async def watch() -> None:
        nonlocal worst
        while not stop.is_set():
            began = time.perf_counter()
            await asyncio.sleep(0.002)
            worst = max(worst, time.perf_counter() - began - 0.002)

    watcher = asyncio.create_task(watch())
    for page in pages:
        await ours.add_many(page)
        await ours.claim_and_settle(1, BATCH)
    stop.set()
    await watcher
    await db.close()
    return [("loop at most late while bulk adding and settling, ms", worst * 1000, "<= 16")]


async def _rows(many: int, rounds: int) -> list[Row]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        return [
            *await _against_bare(folder, rounds),
            *await _flat(folder, rounds, many, delivered=True),
            *await _flat(folder, rounds, many, delivered=False),
            *await _late(folder),
        ]


def rows(many: int = MANY, rounds: int = 15) -> list[Row]:
    """(what, measured, target) for the table."""
    return asyncio.run(_rows(many, rounds))


def main() -> None:
    many = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    for name, measured, target in rows(many):
        print(f"{name:<66} {measured:8.2f}   {target}")


if __name__ == "__main__":
    main()
