"""Many rows in few statements.

`executemany` gives up the interpreter's lock at every row and has to be given it again, which takes
long beside a thread that computes; a statement with many rows does so once.
"""

import sqlite3
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

#: Rows of one statement, the most first. So few different ones stay prepared.
_SIZES = (256, 32, 4, 1)


def insert(connection: sqlite3.Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Insert `rows`, all as wide as the first; how many of them were inserted.

    `into` is what stands before VALUES: "INSERT OR IGNORE INTO play (id, label)".
    """
    inserted = at = 0
    for size in _SIZES:
        while len(rows) - at >= size:
            values = chain.from_iterable(rows[at : at + size])
            sql = _statement(into, len(rows[0]), size)
            inserted += connection.execute(sql, tuple(values)).rowcount
            at += size
    return inserted


@cache
def _statement(into: str, width: int, size: int) -> str:
    row = f"({', '.join('?' * width)})"
    return f"{into} VALUES {', '.join([row] * size)}"
