"""A second connection that only reads, for questions that take long.

The writer thread must never wait for somebody who looks at ten years of history: a scrobble has to
be on disk at once. In WAL mode a reader sees what was committed before it asked, and blocks nobody.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from revenge_companion.store.writer import Job, Outcome, Writer, outcome

T = TypeVar("T")

#: 8 MiB of pages, filled only when used.
_PRAGMAS = ("query_only=on", "busy_timeout=5000", "cache_size=-8192", "temp_store=memory")


class Reader:
    """One thread and, from the first question on, one connection."""

    def __init__(self, path: Path) -> None:
        """The running asyncio loop is needed; no file is opened yet."""
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._thread = Writer("store-reader", _one_by_one)

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """`job`'s result; jobs run in the order of the calls. Raises sqlite3 errors."""
        return await self._thread.run(lambda: job(self._connected()))

    async def close(self) -> None:
        """Answer what was asked, then let go of the file; the thread ends."""
        await self._thread.run(self._disconnect)
        await self._thread.end()

    # What follows runs on the reader's thread.

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            uri = f"{self._path.absolute().as_uri()}?mode=ro"
            connection = sqlite3.connect(uri, uri=True, isolation_level=None)
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _one_by_one(jobs: Sequence[Job]) -> list[Outcome]:
    return [outcome(job) for job in jobs]
