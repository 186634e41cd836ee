"""Lines of imports as they are looked at: in pages, in any order."""

import json
import sqlite3
from typing import Any

from revenge_companion.core.imports import Choice, ImportRow, Verdict
from revenge_companion.core.library import Facet, Subject, SubjectKind
from revenge_companion.core.ordering import Order, SortBy
from revenge_companion.store.database import Database
from revenge_companion.store.ordering import keys_of
from revenge_companion.store.subjects import ENTRY_COLUMNS, entry_from, subject_from

_FIELDS = ENTRY_COLUMNS.split(", ")
_ROW = (
    "e.id, e.run_id, e.verdict, e.choice, e.reason_code, e.facts, e.ours, "
    "iif(i.subject = '', coalesce(k.subject, ''), i.subject), i.media_id, i.never, i.reason_code, "
    f"i.kind, i.label, {', '.join(f'e.{name}' for name in _FIELDS)}"
)
#: What a finished run brought is described in the library (`import_dropping.tidy`).
_FROM = (
    "FROM import_entry e JOIN import_item i ON i.id = e.item_id "
    "LEFT JOIN library_item k ON i.subject = '' AND k.digest = i.digest"
)
_SEARCH = "iif(i.subject = '', coalesce(k.search, lower(i.label)), i.search)"
#: What lines are sorted by. A title without case stands first in what is searched.
_SORTED = {
    SortBy.TITLE: (_SEARCH,),
    SortBy.WHAT: ("e.facet", _SEARCH),
    SortBy.SAYS: (
        "coalesce(e.rating, 0)", "e.list_name", "e.loved", "e.plays", "coalesce(e.at_us, 0)"
    ),
    SortBy.OURS: (
        *(f"coalesce(json_extract(nullif(e.ours, ''), '$[{_FIELDS.index(name)}]'), 0)"
          for name in ("rating", "at_us")),
    ),
    SortBy.MATCHED: ("i.media_id = ''", _SEARCH),
    SortBy.WHY: ("i.never", "iif(e.reason_code = '', i.reason_code, e.reason_code)", _SEARCH),
    SortBy.CHOICE: (f"instr('{' '.join(Choice)}', e.choice)", _SEARCH),
}  # fmt: skip


class ImportRows:
    """Staged lines of every run, for whoever looks at them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(
        self,
        run_id: int,
        verdict: Verdict | None = None,
        *,
        facet: Facet | None = None,
        search: str = "",
        limit: int = 200,
        after_id: int = 0,
        order: Order | None = None,
    ) -> list[ImportRow]:
        """Lines of a run behind the row `after_id`; in the order they were read without one."""
        terms = ["e.run_id = :run"]
        values: dict[str, Any] = {"run": run_id, "limit": limit}
        if verdict is not None:
            terms.append("e.verdict = :verdict")
            values["verdict"] = verdict.value
        if facet is not None:
            terms.append("e.facet = :facet")
            values["facet"] = facet.value
        return await self._rows(terms, values, search, after_id, order)

    async def unmatched(
        self, profile: int, *, search: str, limit: int, after_id: int, order: Order | None = None
    ) -> list[ImportRow]:
        """Lines of a profile's finished runs without an item, "never" left out."""
        terms = [
            "e.verdict = 'unmatched'",
            "e.run_id IN (SELECT id FROM import_run "
            "WHERE state = 'done' AND profile_id = :profile)",
            "i.media_id = ''",
            "i.never = 0",
            # The same line of two runs is there once: in the one that brought it.
            "EXISTS (SELECT 1 FROM import_run r JOIN library_entry l ON l.source = r.source "
            "AND l.facet = e.facet AND l.line = e.line AND l.run_id = r.id WHERE r.id = e.run_id)",
        ]
        values = {"limit": limit, "profile": profile}
        return await self._rows(terms, values, search, after_id, order)

    async def get(self, row_id: int) -> ImportRow | None:
        """One line, None where there is none."""
        found = await self._rows(["e.id = :id"], {"id": row_id, "limit": 1})
        return found[0] if found else None

    async def _rows(
        self,
        terms: list[str],
        values: dict[str, Any],
        search: str = "",
        after_id: int = 0,
        order: Order | None = None,
    ) -> list[ImportRow]:
        for number, word in enumerate(search.casefold().split()):
            terms.append(f"instr({_SEARCH}, :word{number})")
            values[f"word{number}"] = word
        keys = keys_of(order, _SORTED, date="e.at_us", number="e.id")

        def job(connection: sqlite3.Connection) -> list[ImportRow]:
            where, bound = terms, values
            if after_id:
                behind = keys.behind(connection, _FROM, "e.id", after_id)
                if behind is None:
                    return []
                where, bound = [*terms, behind[0]], values | behind[1]
            # Sorted by their numbers first: whole rows would be carried along for each line.
            found = (
                f"SELECT e.id {_FROM} WHERE {' AND '.join(where)} "
                f"ORDER BY {keys.order_by} LIMIT :limit"
            )
            rows = connection.execute(
                f"SELECT {_ROW} {_FROM} WHERE e.id IN ({found}) ORDER BY {keys.order_by}", bound
            )
            return [_row(row) for row in rows]

        return await self._db.read(job)


def _row(row: tuple[Any, ...]) -> ImportRow:
    # An undone run's words went with what it had brought, but for the name.
    subject = subject_from(row[7], row[8]) if row[7] else Subject(
        SubjectKind(row[11]), row[12], media_id=row[8]
    )  # fmt: skip
    entry = entry_from(row[13:], subject)
    ours = json.loads(row[6]) if row[6] else None
    return ImportRow(
        id=row[0],
        run_id=row[1],
        entry=entry,
        verdict=Verdict(row[2]),
        choice=Choice(row[3]),
        reason_code=row[4] or row[10],
        facts=json.loads(row[5]) if row[5] else {},
        ours_entry=None if ours is None else entry_from(tuple(ours), subject),
        never=bool(row[9]),
    )
