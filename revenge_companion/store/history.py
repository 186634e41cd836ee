"""The library as it is shown: what all sources together say, newest first, page by page.

Everything here only reads, on the connection that holds nobody up (`Database.read`).
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from revenge_companion.core.library import Facet, Precision, SubjectKind, source_parts
from revenge_companion.core.profiles import FIRST
from revenge_companion.core.shown import Asked, Shown
from revenge_companion.store.database import Database
from revenge_companion.store.payload import compact, maybe_moment, micros

#: Rows of one page of an export.
_EXPORT_PAGE = 2000
#: `Shown.place` holds the time above and the row's id below.
_ID_BITS = 40
_ID_MASK = (1 << _ID_BITS) - 1
#: Added to a time in microseconds, so that years before 1970 are above 0, too.
_AGES_US = 1 << 62


class History:
    """Pages of the merged library."""

    def __init__(self, db: Database, profile: Callable[[], int] = lambda: FIRST) -> None:
        """`profile` is the active one, whose library is shown."""
        self._db = db
        self._profile = profile

    async def page(self, asked: Asked, *, limit: int, before: int | None = None) -> list[Shown]:
        """Up to `limit` lines below the place `before`, newest first."""
        profile = self._profile()
        return await self._db.read(
            lambda connection: _page(connection, asked, profile, limit, before)
        )

    async def sources(self) -> list[str]:
        """Every source that something is known from."""
        profile = self._profile()
        return await self._db.read(
            lambda connection: [
                one for one in _sources(connection) if _is_of(connection, one, profile)
            ]
        )

    async def everything(self, facet: Facet, before: int | None = None) -> list[Shown]:
        """The next lines of an export, newest first; none after the last."""
        return await self.page(Asked(facet), limit=_EXPORT_PAGE, before=before)

    async def subjects(self, line_ids: Sequence[int]) -> Mapping[int, str]:
        """What lines are about (core.library.Subject as JSON), by the lines' ids."""
        asked = (compact(list(line_ids)),)
        return await self._db.read(
            lambda connection: dict(connection.execute(_SUBJECTS, asked).fetchall())
        )


_SUBJECTS = (
    "SELECT e.id, i.subject FROM library_entry e JOIN library_item i ON i.id = e.item_id "
    "WHERE e.id IN (SELECT value FROM json_each(?))"
)

_SELECT = (
    "SELECT e.id, e.at_us, i.label, i.kind, e.facet, e.precision, e.shown, e.rating, e.loved, "
    "e.list_name, e.note, e.source, i.media_id "
    "FROM library_entry e {index} JOIN library_item i ON i.id = e.item_id "
    "WHERE e.facet = :facet AND e.shown > 0"
)
#: Down the index of what is shown, newest first, until a page is full.
_WALK = "INDEXED BY library_entry_shown"
#: Through the lines of a few things, or a few lines, which are then put in order.
_BY_THING, _BY_LINE = "INDEXED BY library_entry_item", "NOT INDEXED"
#: As many things or lines count as a few: a walk that looks for less can be a walk over all.
_FEW = 3000


def _page(
    connection: sqlite3.Connection, asked: Asked, profile: int, limit: int, before: int | None
) -> list[Shown]:
    plan = _plan(connection, asked, profile)
    if plan is None:
        return []
    rows: list[tuple[Any, ...]] = []
    undated = before is not None and before <= _ID_MASK
    if not undated:
        rows = _dated(connection, plan, asked, limit, before)
    if len(rows) < limit and asked.since is None and asked.until is None:
        below = before if undated else _ID_MASK + 1
        rows += plan.rows(
            connection,
            "e.at_us IS NULL AND e.id < :below ORDER BY e.id DESC",
            {"below": below, "limit": limit - len(rows)},
        )
    return _shown(connection, rows)


def _dated(
    connection: sqlite3.Connection, plan: "_Plan", asked: Asked, limit: int, before: int | None
) -> list[tuple[Any, ...]]:
    term = "e.at_us >= :since AND e.at_us < :until"
    values = {
        "limit": limit,
        "since": -_AGES_US if asked.since is None else micros(asked.since),
        "until": _AGES_US if asked.until is None else micros(asked.until),
    }
    if before is not None:
        term += " AND (e.at_us, e.id) < (:at, :id)"
        values |= {"at": (before >> _ID_BITS) - _AGES_US, "id": before & _ID_MASK}
    return plan.rows(connection, f"{term} ORDER BY e.at_us DESC, e.id DESC", values)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The quickest way to what is asked for."""

    index: str
    terms: tuple[str, ...]
    values: Mapping[str, Any]

    def rows(
        self, connection: sqlite3.Connection, more: str, values: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        sql = " AND ".join((_SELECT.format(index=self.index), *self.terms, more))
        return connection.execute(f"{sql} LIMIT :limit", {**self.values, **values}).fetchall()


def _plan(connection: sqlite3.Connection, asked: Asked, profile: int) -> _Plan | None:
    """How to find what is asked for; None where there is nothing of it."""
    index, terms = _WALK, []
    values: dict[str, Any] = {"facet": asked.facet.value}
    wanted = _wanted(asked, _of_several(connection, profile), values)
    if wanted:
        few = _ids(connection, f"{wanted} LIMIT {_FEW + 1}", values)
        if not few:
            return None
        if len(few) <= _FEW:
            index, wanted = _BY_THING, "SELECT value FROM json_each(:things)"
            values["things"] = compact(few)
        terms.append(f"e.item_id IN ({wanted})")
    if asked.source:
        values["source"] = asked.source
        theirs = (
            "SELECT coalesce(same_as, id) FROM library_entry WHERE source = :source "
            "AND facet = :facet AND removed = 0"
        )
        few = _ids(connection, f"{theirs} LIMIT {_FEW + 1}", values)
        if not few:
            return None
        if len(few) <= _FEW:
            index = _BY_LINE
            theirs, values["lines"] = "SELECT value FROM json_each(:lines)", compact(few)
        terms.append(f"e.id IN ({theirs})")
    return _Plan(index, tuple(terms), values)


def _wanted(asked: Asked, profile: int | None, values: dict[str, Any]) -> str:
    """The things that are asked for, as SQL; "" for all. There are far fewer than lines."""
    terms: list[str] = []
    for number, word in enumerate(asked.search.casefold().split()[:8]):
        values[f"word{number}"] = word
        terms.append(f"instr(search, :word{number})")
    if asked.kind:
        terms.append("kind = :kind")
        values["kind"] = asked.kind
    if profile is not None:
        terms.append("profile_id = :profile")
        values["profile"] = profile
    return f"SELECT id FROM library_item WHERE {' AND '.join(terms)}" if terms else ""


def _of_several(connection: sqlite3.Connection, profile: int) -> int | None:
    """`profile` where there are others; None where there is no telling apart to be done."""
    several = connection.execute("SELECT 1 FROM profile LIMIT 1 OFFSET 1").fetchone()
    return None if several is None else profile


def _is_of(connection: sqlite3.Connection, source: str, profile: int) -> bool:
    """Whether a source is a profile's."""
    kind, _, number = source.partition(":")
    if kind == "account":
        row = connection.execute("SELECT profile_id FROM account WHERE id = ?", (number,))
        found = row.fetchone()
        return found is None or found[0] == profile
    return source_parts(source)[1] == profile


def _ids(connection: sqlite3.Connection, sql: str, values: Mapping[str, Any]) -> list[int]:
    return [row[0] for row in connection.execute(sql, values)]


def _shown(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> list[Shown]:
    others: dict[int, list[str]] = {}
    ids = compact([row[0] for row in rows])
    # By the thing, which has an index, and not by `same_as`, which has none.
    for same_as, source in connection.execute(
        "SELECT DISTINCT o.same_as, o.source FROM library_entry e "
        "JOIN library_item i ON i.id = e.item_id JOIN library_item t ON t.thing = i.thing "
        "JOIN library_entry o ON o.item_id = t.id AND o.facet = e.facet AND o.same_as = e.id "
        "AND o.removed = 0 WHERE e.id IN (SELECT value FROM json_each(?)) ORDER BY o.source",
        (ids,),
    ):
        others.setdefault(same_as, []).append(source)
    return [_line(row, others.get(row[0], [])) for row in rows]


def _line(row: tuple[Any, ...], others: Sequence[str]) -> Shown:
    at_us = row[1]
    return Shown(
        id=row[0],
        place=row[0] if at_us is None else ((at_us + _AGES_US) << _ID_BITS) | row[0],
        label=row[2],
        kind=SubjectKind(row[3]),
        facet=Facet(row[4]),
        at=maybe_moment(at_us),
        precision=Precision(row[5]),
        plays=row[6],
        rating=row[7],
        loved=bool(row[8]),
        list_name=row[9],
        note=row[10],
        sources=tuple(dict.fromkeys((row[11], *others))),
        media_id=row[12],
    )


def _sources(connection: sqlite3.Connection) -> list[str]:
    # One step through the unique index per source, instead of a walk over every line.
    found: list[str] = []
    after = ""
    while True:
        row = connection.execute(
            "SELECT source FROM library_entry WHERE source > ? ORDER BY source LIMIT 1", (after,)
        ).fetchone()
        if row is None:
            return found
        after = str(row[0])
        found.append(after)
