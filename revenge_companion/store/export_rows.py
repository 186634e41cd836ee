"""What one look at an export found, line by line, so that a table of any length can page in it.

It is kept in a scratch file that SQLite makes and removes by itself, and no other process sees.
"""

import sqlite3
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

from revenge_companion.core.exporting import ExportRow, ExportVerdict, Judged, Known
from revenge_companion.core.library import Facet, Precision, SubjectKind
from revenge_companion.core.ordering import Order, SortBy
from revenge_companion.store.database import Database
from revenge_companion.store.ordering import keys_of
from revenge_companion.store.payload import maybe_micros, maybe_moment, plain
from revenge_companion.store.subjects import search_text

#: Lines by facet, verdict and reason.
Counts = Counter[tuple[Facet, ExportVerdict, str]]

_MAKE = (
    "CREATE TABLE line (id INTEGER PRIMARY KEY, verdict TEXT, facet TEXT, reason TEXT, verb TEXT, "
    "kind TEXT, label TEXT, search TEXT, at_us INTEGER, precision TEXT, rating INTEGER)"
)
_INDEX = "CREATE INDEX line_verdict ON line (verdict, facet, id)"
_ADD = f"INSERT INTO line VALUES (NULL{', ?' * 10})"
_PAGE = (
    "SELECT id, verdict, facet, reason, verb, kind, label, at_us, precision, rating FROM line "
    "WHERE verdict = :verdict"
)
#: What lines are sorted by. A title without case stands first in what is searched.
_SORTED = {
    SortBy.TITLE: ("search",),
    SortBy.WHAT: ("facet", "search"),
    SortBy.SAYS: ("coalesce(rating, 0)", "verb", "search"),
    SortBy.WHY: ("reason", "search"),
}
#: Nothing here outlives the look, so nothing is written more often than memory wants.
_PRAGMAS = ("journal_mode=off", "synchronous=off", "cache_size=-8192")


class ExportRows:
    """The lines of one look. `add` runs on the database's reading thread, the rest on the loop's.

    The file is there from the first line to `close`.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._closed = False

    def add(self, lines: Sequence[tuple[Known, Judged]]) -> Counts:
        """Keep some more lines; how many of what they are."""
        counts: Counts = Counter()
        rows = []
        for known, what in lines:
            counts[known.facet, what.verdict, what.reason] += 1
            said, label = what.said or known.said[0], known.subject.label
            rows.append(
                (
                    what.verdict.value, known.facet.value, what.reason,
                    "" if what.verb is None else what.verb.value, known.subject.kind.value,
                    plain(label), search_text(known.subject, label), maybe_micros(said.at),
                    said.precision.value, said.rating,
                )
            )  # fmt: skip
        with self._lock:
            if rows and not self._closed:
                self._open().executemany(_ADD, rows)
        return counts

    async def page(
        self,
        verdict: ExportVerdict,
        *,
        facet: Facet | None = None,
        search: str = "",
        limit: int = 200,
        after_id: int = 0,
        order: Order | None = None,
    ) -> list[ExportRow]:
        """Lines with one verdict behind the row `after_id`; as they were found without `order`."""
        terms: list[str] = [_PAGE]
        values: dict[str, Any] = {"verdict": verdict.value, "limit": limit}
        if facet is not None:
            terms.append("facet = :facet")
            values["facet"] = facet.value
        for number, word in enumerate(search.casefold().split()[:8]):
            terms.append(f"instr(search, :word{number})")
            values[f"word{number}"] = word
        keys = keys_of(order, _SORTED, date="at_us", number="id")

        def rows(connection: sqlite3.Connection) -> list[ExportRow]:
            where, bound = terms, values
            if after_id:
                behind = keys.behind(connection, "FROM line", "id", after_id)
                if behind is None:
                    return []
                where, bound = [*terms, behind[0]], values | behind[1]
            sql = f"{' AND '.join(where)} ORDER BY {keys.order_by} LIMIT :limit"
            return [_row(row) for row in connection.execute(sql, bound)]

        def job(_: sqlite3.Connection) -> list[ExportRow]:
            with self._lock:
                if self._connection is None:
                    return []
                try:
                    return rows(self._connection)
                except sqlite3.OperationalError:
                    # It was closed meanwhile: nobody waits for these any more.
                    if self._closed:
                        return []
                    raise

        return await self._db.read(job)

    def close(self) -> None:
        """Let go of the lines; a question that is still being answered is broken off."""
        self._closed = True
        if self._connection is not None:
            self._connection.interrupt()
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            # Made on the reading thread, closed from the loop's; the lock keeps them apart.
            made = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            for pragma in _PRAGMAS:
                made.execute(f"PRAGMA {pragma}")
            made.execute(_MAKE)
            made.execute(_INDEX)
            self._connection = made
        return self._connection


def _row(row: tuple[int, str, str, str, str, str, str, int | None, str, int | None]) -> ExportRow:
    number, verdict, facet, reason, verb, kind, label, at_us, precision, rating = row
    return ExportRow(
        facet=Facet(facet),
        kind=SubjectKind(kind),
        label=label,
        at=maybe_moment(at_us),
        precision=Precision(precision),
        rating=rating,
        verdict=ExportVerdict(verdict),
        reason_code=reason,
        verb=verb,
        id=number,
    )
