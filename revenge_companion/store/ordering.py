"""Pages of lines in any order: each goes on behind the values of the row before it.

No index stands behind it: every line is looked at for each page, but only the page itself is
sorted. Of 100,000 lines that takes 20 to 75 ms on the reading thread, and costs imports nothing.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from revenge_companion.core.ordering import Order, SortBy

#: Before and after every date, in microseconds.
_FIRST_US, _LAST_US = -(1 << 62), 1 << 62


@dataclass(frozen=True, slots=True)
class Keys:
    """SQL expressions that rows are sorted by; none is ever NULL, and no two rows share all."""

    expressions: tuple[str, ...]
    down: bool = False

    @property
    def order_by(self) -> str:
        way = " DESC" if self.down else ""
        return ", ".join(f"{one}{way}" for one in self.expressions)

    def behind(
        self, connection: sqlite3.Connection, source: str, number: str, after_id: int
    ) -> tuple[str, dict[str, Any]] | None:
        """The term for rows behind the row whose `number` is `after_id`, with its values.

        `source` is the FROM clause. None where that row is gone.
        """
        row = connection.execute(
            f"SELECT {', '.join(self.expressions)} {source} WHERE {number} = ?", (after_id,)
        ).fetchone()
        if row is None:
            return None
        names = ", ".join(f":key{place}" for place in range(len(row)))
        term = f"({', '.join(self.expressions)}) {'<' if self.down else '>'} ({names})"
        return term, {f"key{place}": value for place, value in enumerate(row)}


def keys_of(
    order: Order | None, by: Mapping[SortBy, tuple[str, ...]], *, date: str, number: str
) -> Keys:
    """The keys of an order; `by` names them, but for `date` and the `number` that ends all.

    A value that these rows do not have sorts nothing, as None.
    """
    if order is None:
        return Keys((number,))
    if order.by is SortBy.DATE:
        # What has no date comes last.
        keys: tuple[str, ...] | None = (
            f"coalesce({date}, {_FIRST_US if order.down else _LAST_US})",
        )
    else:
        keys = () if order.by is SortBy.READ else by.get(order.by)
    return Keys((number,)) if keys is None else Keys((*keys, number), order.down)
