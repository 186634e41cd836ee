"""What a lane costs per row, and the outbox page over a million rows.

The lane is the engine's own over the real store; its service answers at once. The page is read
through the engine and shown by the window's own table: as much of it as a screen holds. Memory is
that of an engine in a process of its own (`tests.bench.busy_outbox`).
``python -m tests.bench.bench_outbox``.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from revenge_companion.engine.dispatcher import Lane, LaneEvent
from revenge_companion.engine.start import SystemClock, open_engine
from revenge_companion.paths import find_paths
from revenge_companion.services.lastfm.spec import SPEC
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from tests.bench.bench_store import Instant, scrobble

Row = tuple[str, float, str]

FEW = 1_000
MANY = 1_000_000
#: Rows sent through the lane: 200 batches.
_SENT = 10_000
_CHUNK = 20_000
_ON_SCREEN = 40


async def lane(folder: Path, rows: int = _SENT) -> float:
    """Milliseconds a row costs on its way through a lane, in batches of fifty."""
    clock = SystemClock()
    database = await Database.open(folder / "lane.db", clock=clock)
    account = await Accounts(database, clock).add(service=SPEC.key, remote_id="1")
    outbox = Outbox(database, clock)
    await outbox.add_many([(scrobble(number), [account.id]) for number in range(rows)])
    left = asyncio.Event()
    sent = 0

    async def report(event: LaneEvent) -> None:
        nonlocal sent
        sent += len(event.delivered)
        if sent == rows:
            left.set()

    client: Any = Instant()
    one = Lane(account, SPEC, client, outbox, clock, report)
    began_s = time.perf_counter()
    one.start()
    await asyncio.wait_for(left.wait(), 120)
    took_s = time.perf_counter() - began_s
    await one.stop()
    await database.close()
    return 1000.0 * took_s / rows


async def _fill(home: Path, rows: int) -> None:
    """A profile with `rows` waiting rows, those of every second chunk held, for four accounts."""
    clock = SystemClock()
    database = await Database.open(find_paths(str(home)).create().database, clock=clock)
    accounts = Accounts(database, clock)
    ids = [(await accounts.add(service="lastfm", remote_id=str(n))).id for n in range(4)]
    outbox = Outbox(database, clock)
    for first in range(0, rows, _CHUNK):
        size = min(_CHUNK, rows - first)
        await outbox.add_many(
            [(scrobble(first + n), [ids[(first + n) % 4]]) for n in range(size)],
            held_until=clock.now() + timedelta(days=1) if first % (2 * _CHUNK) else None,
        )
    await database.close()


def _memory_kb(home: Path, sent: int) -> int:
    """What an engine holds at most while it lists, claims and settles; sends `sent` rows."""
    command = [sys.executable, "-m", "tests.bench.busy_outbox", str(home), "1", str(sent)]
    return int(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def memory(folder: Path, many: int) -> list[Row]:
    """The memory over `many` rows, which `page` has left in `folder`, against 1,000."""
    asyncio.run(_fill(folder / "few", FEW))
    few = _memory_kb(folder / "few", FEW // 8)
    large = _memory_kb(folder / "home", min(_SENT, many // 8))
    name = f"memory while rows are listed, claimed and settled, {many:,} to {FEW:,}"
    return [(name, large / few, "<= 1.25")]


async def page(folder: Path, rows: int = MANY) -> list[Row]:
    """Milliseconds to open the outbox page over `rows` waiting rows, and to open the database."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QCoreApplication, Qt

    from revenge_companion.ui.models.outbox import OutboxModel

    app = QCoreApplication.instance() or QCoreApplication([])
    clock = SystemClock()
    paths = find_paths(str(folder / "home")).create()
    await _fill(folder / "home", rows)
    began_s = time.perf_counter()
    running = await open_engine(paths, environ={"REVENGE_COMPANION_VAULT_KEY": "bench"})
    open_s = time.perf_counter() - began_s
    model = OutboxModel(clock, {"lastfm": "Last.fm"})
    best = []
    for _ in range(5):
        began_s = time.perf_counter()
        model.set_rows(await running.engine.outbox(), more=True)
        for row in range(min(_ON_SCREEN, model.rowCount())):
            for column in range(model.columnCount()):
                model.data(model.index(row, column), Qt.ItemDataRole.DisplayRole)
        best.append(1000.0 * (time.perf_counter() - began_s))
    await running.close()
    paths.database.with_name(paths.database.name + ".seal").unlink()
    began_s = time.perf_counter()
    await (await Database.open(paths.database, clock=clock)).close()
    hard_s = time.perf_counter() - began_s
    del app
    return [
        (f"outbox page over {rows:,} rows opens, first time (ms)", best[0], "<= 100"),
        (f"outbox page over {rows:,} rows opens again (ms)", sorted(best)[2], "<= 100"),
        (f"database of {rows:,} rows opens after an orderly end (s)", open_s, ""),
        (f"database of {rows:,} rows opens after a power loss (s)", hard_s, ""),
    ]


def rows(many: int = MANY) -> list[Row]:
    """The measures, for `tests.bench.table`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        each = asyncio.run(lane(folder))
        return [
            ("claim, send and settle a row in batches of 50 (ms)", each, "<= 1"),
            *asyncio.run(page(folder, many)),
            *memory(folder, many),
        ]


if __name__ == "__main__":
    for name, value, target in rows():
        print(f"{name:<72} {value:9.2f}   {target}")
