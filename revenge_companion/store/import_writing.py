"""Writing what was staged into the library, and taking it back, a batch to a transaction.

A first import is mostly new lines, so that everything that can be is one statement of SQL for the
whole batch; only what meets something that is there already is looked at line by line.
"""

import sqlite3
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from revenge_companion.core.imports import Choice
from revenge_companion.store.database import Database, Link
from revenge_companion.store.echoes import date_echoes
from revenge_companion.store.import_undo import take_back
from revenge_companion.store.payload import compact
from revenge_companion.store.subjects import ENTRY_COLUMNS
from revenge_companion.store.things import join_new, leave, meeting, of_items, outdate, refresh

#: Lines written or taken back in one transaction: about 50 ms, so that a play that counts meanwhile
#: does not wait long for its turn.
BATCH = 3000
#: Things merged anew in one transaction: some of them have a thousand lines.
_THINGS = 100

_FIELDS = ENTRY_COLUMNS.split(", ")
_STAGED = ", ".join(f"e.{name}" for name in _FIELDS)
#: Lines of a batch that are wanted.
_BATCH = "+e.run_id = :run AND e.id > :after AND e.id <= :upto AND e.choice <> 'skip'"
_PREFERRED = "CASE e.choice WHEN 'theirs' THEN 1 WHEN 'ours' THEN -1 ELSE 0 END"
_SHOWN = "iif(e.removed, 0, iif(e.facet = 'history', e.plays, 1))"
#: The library's item for each staged one; those that are new get the next numbers.
_BATCH_ITEMS = (
    "CREATE TEMP TABLE IF NOT EXISTS batch_item "
    "(item_id INTEGER PRIMARY KEY, library_id INTEGER NOT NULL, is_new INTEGER NOT NULL)"
)
_FIND_ITEMS = (
    "INSERT INTO batch_item SELECT i.id, "
    "coalesce(l.id, :base + row_number() OVER (PARTITION BY l.id IS NULL ORDER BY i.id)), "
    f"l.id IS NULL FROM (SELECT DISTINCT e.item_id FROM import_entry e WHERE {_BATCH}) b "
    "JOIN import_item i ON i.id = b.item_id LEFT JOIN library_item l ON l.digest = i.digest"
)
_ADD_ITEMS = (
    "INSERT INTO library_item (id, thing, digest, kind, label, search, subject, duration_s, "
    "media_id, chosen, never, profile_id) SELECT b.library_id, b.library_id, i.digest, i.kind, "
    "i.label, i.search, i.subject, i.duration_s, i.media_id, i.chosen, i.never, :profile "
    "FROM batch_item b JOIN import_item i ON i.id = b.item_id WHERE b.is_new ORDER BY 1"
)
_ADD_KEYS = (
    "INSERT OR IGNORE INTO library_key (key, item_id) SELECT k.value, b.library_id "
    "FROM batch_item b JOIN import_item i ON i.id = b.item_id, json_each(i.keys) k WHERE b.is_new"
)
#: What is there already under the same line stays: `_replace` has seen to it.
_ADD_ENTRIES = (
    f"INSERT OR IGNORE INTO library_entry (item_id, source, run_id, preferred, shown, "
    f"{ENTRY_COLUMNS}) SELECT b.library_id, :source, :run, {_PREFERRED}, {_SHOWN}, {_STAGED} "
    f"FROM import_entry e JOIN batch_item b ON b.item_id = e.item_id WHERE {_BATCH} ORDER BY e.id"
)
_THERE = (
    "SELECT e.id, b.library_id, e.choice, l.id, l.item_id, l.run_id, l.preferred, "
    f"{_STAGED}, {', '.join(f'l.{name}' for name in _FIELDS)} "
    "FROM import_entry e JOIN batch_item b ON b.item_id = e.item_id "
    "JOIN library_entry l ON l.source = :source AND l.facet = e.facet AND l.line = e.line "
    f"WHERE {_BATCH}"
)
_REPLACE = (
    "UPDATE library_entry SET item_id = ?, run_id = ?, preferred = ?, "
    + ", ".join(f"{name} = ?" for name in _FIELDS[2:])
    + " WHERE id = ?"
)
#: Whether nobody but the run's source says anything, and of nothing but plays.
_ALONE = (
    "SELECT (SELECT min(source) FROM library_entry) = :source "
    "AND (SELECT max(source) FROM library_entry) = :source "
    "AND (SELECT min(facet) FROM library_entry WHERE source = :source) = 'history' "
    "AND (SELECT max(facet) FROM library_entry WHERE source = :source) = 'history'"
)
_BATCH_THINGS = (
    "SELECT DISTINCT l.thing FROM batch_item b JOIN library_item l ON l.id = b.library_id"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One batch."""

    #: Lines gone through so far.
    processed: int
    #: Whether it was the last.
    done: bool


class ImportWriting:
    """Moves the lines of one run at a time between staging and library."""

    def __init__(self, db: Database, zone: tzinfo | None = None) -> None:
        """`zone` is the user's, for dates without a time; None is the system's own."""
        self._db = db
        self._zone = zone
        #: Runs whose sources had said nothing when this program began to write them.
        self._fresh: set[int] = set()

    async def write(self, run_id: int, batch: int) -> Step:
        """Write the next lines. What was written stays written, whatever happens next."""

        def job(link: Link) -> Step:
            connection = link.connection
            with link.atomic():
                after, upto, count, last = _next(connection, run_id, batch)
                if count:
                    self._write(connection, {"run": run_id, "after": after, "upto": upto})
                else:
                    # What is merged follows at the end: each thing once, not at each of its lines.
                    last = refresh(connection, self._zone, _THINGS)
                return _went(connection, run_id, upto, count, last=last and not count)

        return await self._db.run(job)

    def _write(self, connection: sqlite3.Connection, values: dict[str, Any]) -> None:
        values["source"], values["profile"], values["facets"] = connection.execute(
            "SELECT source, profile_id, facets FROM import_run WHERE id = :run", values
        ).fetchone()
        (values["base"],) = connection.execute(
            "SELECT coalesce(max(id), 0) FROM library_item"
        ).fetchone()
        connection.execute(_BATCH_ITEMS)
        connection.execute("DELETE FROM batch_item")
        connection.execute(_FIND_ITEMS, values)
        connection.execute(_ADD_ITEMS, values)
        connection.execute(_ADD_KEYS, values)
        things, moved = self._replaced(connection, values)
        connection.execute(_ADD_ENTRIES, values)
        things |= join_new(connection, values["base"])
        if not connection.execute(_ALONE, values).fetchone()[0]:
            batch = [row[0] for row in connection.execute(_BATCH_THINGS)]
            things.update(meeting(connection, batch))
        date_echoes(connection, values)
        outdate(connection, things)
        leave(connection, moved)

    def _replaced(
        self, connection: sqlite3.Connection, values: dict[str, Any]
    ) -> tuple[set[int], list[int]]:
        """`_replace`, where the source has said anything before."""
        run_id = values["run"]
        said = "SELECT 1 FROM library_entry WHERE source = :source LIMIT 1"
        if not values["after"] and connection.execute(said, values).fetchone() is None:
            self._fresh.add(run_id)
        return (set(), []) if run_id in self._fresh else _replace(connection, values)

    async def undo(self, run_id: int, batch: int) -> Step:
        """Take the next lines back: each as if this run had never been."""

        def job(link: Link) -> Step:
            connection = link.connection
            with link.atomic():
                after, upto, count, last = _next(connection, run_id, batch)
                if count:
                    take_back(connection, run_id, after, upto)
                else:
                    # What is merged follows at the end: each thing once, not at each of its lines.
                    last = refresh(connection, self._zone, _THINGS)
                return _went(connection, run_id, upto, count, last=last and not count)

        return await self._db.run(job)


def _replace(connection: sqlite3.Connection, values: dict[str, Any]) -> tuple[set[int], list[int]]:
    """Write over lines that the source said otherwise before.

    The things that say otherwise now, and the items that lines were moved away from.
    """
    width = len(_FIELDS)
    replaced, marks, items = [], [], set()
    for row in connection.execute(_THERE, values).fetchall():
        row_id, item_id, choice, entry_id, old_item, old_run, old_preferred = row[:7]
        new, old = row[7 : 7 + width], row[7 + width :]
        preferred = {Choice.THEIRS: 1, Choice.OURS: -1}.get(Choice(choice), 0)
        if (item_id, preferred, *new[2:]) != (old_item, old_preferred, *old[2:]):
            replaced.append((item_id, values["run"], preferred, *new[2:], entry_id))
            marks.append((compact([old_run, old_preferred, *old[2:]]), old_item, row_id))
            items |= {item_id, old_item}
    connection.executemany(
        "UPDATE import_entry SET replaced = 1, before = ?, before_item = ? WHERE id = ?", marks
    )
    connection.executemany(_REPLACE, replaced)
    return of_items(connection, items), [mark[1] for mark in marks]


def _next(connection: sqlite3.Connection, run_id: int, batch: int) -> tuple[int, int, int, bool]:
    """The ids of the next batch (after, up to), how many lines it has, and if it is the last."""
    (after,) = connection.execute(
        "SELECT written_id FROM import_run WHERE id = ?", (run_id,)
    ).fetchone()
    upto, count = connection.execute(
        "SELECT max(id), count(*) FROM (SELECT id FROM import_entry "
        "WHERE +run_id = ? AND id > ? ORDER BY id LIMIT ?)",
        (run_id, after, batch),
    ).fetchone()
    return after, after if upto is None else upto, count, count < batch


def _went(
    connection: sqlite3.Connection, run_id: int, upto: int, count: int, *, last: bool
) -> Step:
    (processed,) = connection.execute(
        "UPDATE import_run SET written_id = ?, processed = processed + ?, written = 1, "
        "turn = iif(turn = 0, (SELECT max(turn) + 1 FROM import_run), turn) "
        "WHERE id = ? RETURNING processed",
        (upto, count, run_id),
    ).fetchone()
    return Step(int(processed), last)
