"""Lines of imports that could not be read: the first of each run, for whoever mends the file."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from revenge_companion.core.imports import MOST_UNREAD, Unread, UnreadLine
from revenge_companion.core.library import Facet
from revenge_companion.core.ordering import Order, SortBy
from revenge_companion.store.database import Database
from revenge_companion.store.ordering import keys_of
from revenge_companion.store.payload import plain

_ADD = (
    "INSERT INTO import_unread (run_id, facet, file, line, reason_code, text) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_EARLIER = (
    "DELETE FROM import_unread WHERE run_id IN (SELECT e.id FROM import_run r "
    "JOIN import_run e ON e.source = r.source AND e.id < r.id AND json_extract(e.options, '$.sync')"
    " WHERE r.id = ? AND json_extract(r.options, '$.sync'))"
)
_SORTED = {
    SortBy.WHAT: ("facet",),
    SortBy.SAYS: ("lower(text)",),
    SortBy.WHY: ("reason_code",),
}
_SEARCH = "instr(lower(text || ' ' || file || ' ' || line), :word{number})"


class ImportUnread:
    """What could not be read of every run."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(
        self,
        run_id: int,
        *,
        facet: Facet | None = None,
        search: str = "",
        limit: int = 200,
        after_id: int = 0,
        order: Order | None = None,
    ) -> list[UnreadLine]:
        """Lines of a run behind the row `after_id`; in the order they were read without one."""
        terms = ["run_id = :run"]
        values: dict[str, Any] = {"run": run_id, "limit": limit}
        if facet is not None:
            terms.append("facet = :facet")
            values["facet"] = facet.value
        for number, word in enumerate(search.casefold().split()):
            terms.append(_SEARCH.format(number=number))
            values[f"word{number}"] = word
        keys = keys_of(order, _SORTED, date="line", number="id")

        def job(connection: sqlite3.Connection) -> list[UnreadLine]:
            where, bound = terms, values
            if after_id:
                behind = keys.behind(connection, "FROM import_unread", "id", after_id)
                if behind is None:
                    return []
                where, bound = [*terms, behind[0]], values | behind[1]
            rows = connection.execute(
                "SELECT id, facet, file, line, reason_code, text FROM import_unread "
                f"WHERE {' AND '.join(where)} ORDER BY {keys.order_by} LIMIT :limit",
                bound,
            )
            return [
                UnreadLine(number, Facet(of), Unread(code, text, line, file))
                for number, of, file, line, code, text in rows
            ]

        return await self._db.read(job)


def keep(
    connection: sqlite3.Connection, run_id: int, lines: Sequence[tuple[Facet, Unread]]
) -> None:
    """Keep some more lines of a run, up to `MOST_UNREAD` of them all.

    Of several syncs with one source the last one's are kept: each finds the same again.
    """
    connection.execute(_EARLIER, (run_id,))
    (kept,) = connection.execute(
        "SELECT count(*) FROM import_unread WHERE run_id = ?", (run_id,)
    ).fetchone()
    connection.executemany(
        _ADD,
        [
            (run_id, facet.value, plain(one.file), one.line, one.reason_code, plain(one.text))
            for facet, one in lines[: max(0, MOST_UNREAD - kept)]
        ],
    )


def forget(connection: sqlite3.Connection, run_id: int) -> None:
    """Drop what was kept of a run."""
    connection.execute("DELETE FROM import_unread WHERE run_id = ?", (run_id,))
