"""An engine over a profile whose outbox is full: lists it, claims and settles; prints its memory.

``python -m tests.bench.busy_outbox HOME ACCOUNT ROWS`` sends ROWS rows of the account through a
lane, to a service that takes everything, and prints the resident memory at its highest, in KiB.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any, ClassVar

from revenge_companion.core.accounts import Account
from revenge_companion.engine.dispatcher import Lane, LaneEvent
from revenge_companion.engine.start import SystemClock, open_engine
from revenge_companion.paths import find_paths
from revenge_companion.services.lastfm.spec import SPEC
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from tests.bench.bench_store import Instant

_PAGES = 100


class _Watched(Database):
    """Lets the lane below work on the database that the engine opened."""

    opened: ClassVar[list[Database]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.opened.append(self)


async def main(home: str, account_id: int, rows: int) -> None:
    clock = SystemClock()
    environ = {"REVENGE_COMPANION_VAULT_KEY": "bench"}
    running = await open_engine(find_paths(home), environ=environ, database_type=_Watched)
    below = None
    for _ in range(_PAGES):
        page = await running.engine.outbox(before_id=below)
        if not page:
            break
        below = page[-1].delivery.id
    outbox, done, sent = Outbox(_Watched.opened[0], clock), asyncio.Event(), 0

    async def report(event: LaneEvent) -> None:
        nonlocal sent
        sent += len(event.delivered)
        await outbox.counts()
        if sent >= rows:
            done.set()

    client: Any = Instant()
    lane = Lane(Account(account_id, SPEC.key, "", "1"), SPEC, client, outbox, clock, report)
    lane.start()
    await asyncio.wait_for(done.wait(), 300)
    await lane.stop()
    await running.close()
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            print(line.split()[1])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
