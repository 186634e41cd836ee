"""How late Qt's loop runs while 100,000 rows are added to the outbox and delivered.

A QTimer looks every two milliseconds, on the loop that the window runs on. A second process looks
as well and does nothing else: what comes late there is the machine's doing, not ours. ``python -m
tests.bench.bench_late``.
"""

import asyncio
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QSocketNotifier, Qt, QTimer
from PySide6.QtWidgets import QApplication

from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from revenge_companion.ui.loop import CompanionLoop
from tests.bench.bench_store import BATCH, BenchClock, scrobble

Row = tuple[str, float, str]

_LOOK_MS = 2


class _Lookout:
    """Notes by how much a timer came late at worst."""

    def __init__(self) -> None:
        self.worst_s = 0.0
        self._last_s = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._look)
        self._timer.start(_LOOK_MS)

    def _look(self) -> None:
        now_s = time.perf_counter()
        self.worst_s = max(self.worst_s, now_s - self._last_s - _LOOK_MS / 1000)
        self._last_s = now_s

    def end(self) -> None:
        self._timer.stop()


async def _add(folder: Path, rows: int) -> float:
    """Add `rows` scrobbles in pages, as an import does; returns the worst lateness in seconds."""
    clock = BenchClock()
    database = await Database.open(folder / "late.db", clock=clock)
    try:
        account = await Accounts(database, clock).add(service="x", remote_id="1")
        outbox = Outbox(database, clock)
        lookout = _Lookout()
        for first in range(0, rows, BATCH):
            page = [(scrobble(n), [account.id]) for n in range(first, first + BATCH)]
            await outbox.add_many(page)
        lookout.end()
        return lookout.worst_s
    finally:
        await database.close()


def _do_nothing() -> None:
    """Only look, until standard input ends; prints the worst lateness in seconds."""
    app = QApplication([])
    lookout = _Lookout()
    ended = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    ended.activated.connect(app.quit)
    app.exec()
    lookout.end()
    print(lookout.worst_s)


def rows(many: int = 100_000, rounds: int = 3) -> list[Row]:
    """Name, value and target of each measure."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QApplication.instance() or QApplication([])
    worst = []
    idle = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bench_late", "nothing"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    for _ in range(rounds):
        gc.collect()
        gc.freeze()
        loop = CompanionLoop(app)
        asyncio.set_event_loop(loop)
        try:
            with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
                worst.append(loop.run_until_complete(_add(Path(folder), many)))
        finally:
            asyncio.set_event_loop(None)
            loop.close()
    idle_worst_s = float(idle.communicate()[0])
    return [
        (
            f"UI loop late while {many:,} rows are added, worst, ms",
            statistics.median(worst) * 1000,
            "<= 16",
        ),
        ("Qt's loop late meanwhile in a process that does nothing, ms", idle_worst_s * 1000, ""),
    ]


if __name__ == "__main__":
    if sys.argv[1:] == ["nothing"]:
        _do_nothing()
        sys.exit()
    for name, value, target in rows():
        print(f"{name:<60} {value:8.1f}   {target}")
