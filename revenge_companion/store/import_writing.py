"""Writing what was staged into the library, and taking it back, a batch to a transaction.

A first import is mostly new lines, so that everything that can be is one statement of SQL for the
whole batch; only what meets something that is there already is looked at line by line.
"""

import json
import sqlite3
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from revenge_companion.core.imports import Choice
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import compact
from revenge_companion.store.subjects import ENTRY_COLUMNS
from revenge_companion.store.things import join_new, leave, of_items, refresh, remerge

#: Lines written or taken back in one transaction: about 50 ms, so that a play that counts meanwhile
#: does not wait long for its turn.
BATCH = 3000

_FIELDS = ENTRY_COLUMNS.split(", ")
_STAGED = ", ".join(f"e.{name}" for name in _FIELDS)
#: Lines of a batch that are wanted.
_BATCH = "e.run_id = :run AND e.id > :after AND e.id <= :upto AND e.choice <> 'skip'"
_PREFERRED = "CASE e.choice WHEN 'theirs' THEN 1 WHEN 'ours' THEN -1 ELSE 0 END"
_SHOWN = "iif(e.removed, 0, iif(e.facet = 'history', e.plays, 1))"
_KNOW_ITEMS = (
    "UPDATE import_item SET library_id = "
    "(SELECT l.id FROM library_item l WHERE l.digest = import_item.digest) "
    f"WHERE id IN (SELECT e.item_id FROM import_entry e WHERE {_BATCH})"
)
_ADD_ITEMS = (
    "INSERT INTO library_item (id, thing, digest, kind, label, search, subject, duration_s, "
    "media_id, chosen, never) "
    "SELECT :base + row_number() OVER (ORDER BY id), :base + row_number() OVER (ORDER BY id), "
    "digest, kind, label, search, subject, duration_s, media_id, chosen, never FROM import_item "
    "WHERE library_id IS NULL "
    f"AND id IN (SELECT e.item_id FROM import_entry e WHERE {_BATCH})"
)
_ADD_KEYS = (
    "INSERT OR IGNORE INTO library_key (key, item_id) SELECT k.value, l.id "
    "FROM library_item l JOIN import_item i ON i.digest = l.digest AND i.run_id = :run, "
    "json_each(i.keys) k WHERE l.id > :base"
)
_ADD_ENTRIES = (
    f"INSERT INTO library_entry (item_id, source, run_id, preferred, shown, {ENTRY_COLUMNS}) "
    f"SELECT i.library_id, :source, :run, {_PREFERRED}, {_SHOWN}, {_STAGED} "
    "FROM import_entry e JOIN import_item i ON i.id = e.item_id "
    f"WHERE {_BATCH} AND e.written = 1 ORDER BY e.id"
)
_THERE = (
    "SELECT e.id, i.library_id, e.choice, l.id, l.item_id, l.run_id, l.preferred, "
    f"{_STAGED}, {', '.join(f'l.{name}' for name in _FIELDS)} "
    "FROM import_entry e JOIN import_item i ON i.id = e.item_id "
    "JOIN library_entry l ON l.source = :source AND l.facet = e.facet AND l.line = e.line "
    f"WHERE {_BATCH}"
)
_REPLACE = (
    "UPDATE library_entry SET item_id = ?, run_id = ?, preferred = ?, "
    + ", ".join(f"{name} = ?" for name in _FIELDS[2:])
    + " WHERE id = ?"
)
#: Things of a batch that something else says something of, too.
_MEETING = (
    "SELECT t.thing FROM (SELECT DISTINCT l.thing FROM import_entry e "
    "JOIN import_item i ON i.id = e.item_id JOIN library_item l ON l.id = i.library_id "
    f"WHERE {_BATCH}) t JOIN library_item l ON l.thing = t.thing "
    "JOIN library_entry o ON o.item_id = l.id GROUP BY t.thing "
    "HAVING count(DISTINCT o.source) > 1 OR count(DISTINCT o.facet) > 1 "
    "OR (count(*) > 1 AND min(o.facet) <> 'history')"
)


_WRITTEN = (
    "FROM import_entry e JOIN library_entry l "
    "ON l.source = :source AND l.facet = e.facet AND l.line = e.line "
    "WHERE e.run_id = :run AND e.id > :after AND e.id <= :upto"
)
_WRITTEN_BY_TWO = (
    "FROM import_entry e JOIN import_item ei ON ei.id = e.item_id JOIN import_entry o "
    "ON o.run_id = :other AND o.facet = e.facet AND o.line = e.line AND o.choice <> 'skip' "
    "JOIN import_run r ON r.id = o.run_id AND o.id <= r.written_id "
    "JOIN import_item oi ON oi.id = o.item_id "
    "JOIN library_entry l ON l.source = :source AND l.facet = e.facet AND l.line = e.line "
    "WHERE e.run_id = :run AND e.id > :after AND e.id <= :upto AND e.written > 0"
)
_TAKE_OVER = "UPDATE import_entry SET written = ?, before = ?, before_item = ? WHERE id = ?"


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

    async def write(self, run_id: int, batch: int = BATCH) -> Step:
        """Write the next lines. What was written stays written, whatever happens next."""

        def job(link: Link) -> Step:
            connection = link.connection
            with link.atomic():
                after, upto, count, last = _next(connection, run_id, batch)
                if count:
                    self._write(connection, {"run": run_id, "after": after, "upto": upto})
                return _went(connection, run_id, upto, count, last=last)

        return await self._db.run(job)

    def _write(self, connection: sqlite3.Connection, values: dict[str, Any]) -> None:
        (values["source"],) = connection.execute(
            "SELECT source FROM import_run WHERE id = :run", values
        ).fetchone()
        (values["base"],) = connection.execute(
            "SELECT coalesce(max(id), 0) FROM library_item"
        ).fetchone()
        connection.execute(_KNOW_ITEMS, values)
        connection.execute(_ADD_ITEMS, values)
        connection.execute(_ADD_KEYS, values)
        connection.execute(_KNOW_ITEMS, values)
        things, moved = self._replace(connection, values)
        connection.execute(_ADD_ENTRIES, values)
        things |= join_new(connection, values["base"])
        things |= {row[0] for row in connection.execute(_MEETING, values)}
        remerge(connection, things, self._zone)
        leave(connection, moved)
        refresh(connection, self._zone)

    def _replace(
        self, connection: sqlite3.Connection, values: dict[str, Any]
    ) -> tuple[set[int], list[int]]:
        """Lines the source said before: those that changed; and mark all others as new.

        The things that say otherwise now, and the items lines were moved away from.
        """
        there = connection.execute(_THERE, values).fetchall()
        width = len(_FIELDS)
        replaced, kept, marks = [], [], []
        for row in there:
            row_id, item_id, choice, entry_id, old_item, old_run, old_preferred = row[:7]
            new, old = row[7 : 7 + width], row[7 + width :]
            preferred = {Choice.THEIRS: 1, Choice.OURS: -1}.get(Choice(choice), 0)
            if (item_id, preferred, *new[2:]) == (old_item, old_preferred, *old[2:]):
                kept.append((row_id,))
                continue
            replaced.append((item_id, values["run"], preferred, *new[2:], entry_id))
            before = compact([old_run, old_preferred, *old[2:]])
            marks.append((before, old_item, row_id))
        known = [(row_id,) for _, _, row_id in marks] + kept
        connection.executemany("UPDATE import_entry SET written = -1 WHERE id = ?", known)
        connection.execute(
            f"UPDATE import_entry AS e SET written = 1 WHERE {_BATCH} AND e.written = 0",
            values,
        )
        connection.executemany("UPDATE import_entry SET written = 0 WHERE id = ?", kept)
        connection.executemany(
            "UPDATE import_entry SET written = 2, before = ?, before_item = ? WHERE id = ?", marks
        )
        connection.executemany(_REPLACE, replaced)
        items = {row[0] for row in replaced} | {mark[1] for mark in marks}
        return of_items(connection, items), [mark[1] for mark in marks]

    async def undo(self, run_id: int, batch: int = BATCH) -> Step:
        """Take the next lines back: each as if this run had never been."""

        def job(link: Link) -> Step:
            connection = link.connection
            with link.atomic():
                after, upto, count, last = _next(connection, run_id, batch)
                if count:
                    _undo(connection, run_id, after, upto)
                    refresh(connection, self._zone)
                return _went(connection, run_id, upto, count, last=last)

        return await self._db.run(job)


def _undo(connection: sqlite3.Connection, run_id: int, after: int, upto: int) -> None:
    values = {"run": run_id, "after": after, "upto": upto}
    (values["source"],) = connection.execute(
        "SELECT source FROM import_run WHERE id = :run", values
    ).fetchone()
    heirs = _pass_on(connection, values)
    width = len(_FIELDS)
    restored, left = [], []
    for row in connection.execute(
        f"SELECT l.id, l.item_id, e.before, e.before_item, {_STAGED} {_WRITTEN} "
        "AND e.written = 2 AND l.run_id = :run", values
    ).fetchall():  # fmt: skip
        old_run, preferred, *old = json.loads(row[2])
        restored.append((row[3], old_run, preferred, *old, row[0]))
        left.append(row[1])
        assert len(old) == width - 2
    connection.executemany(_REPLACE, restored)
    connection.execute(
        "DELETE FROM library_entry WHERE id IN "
        f"(SELECT l.id {_WRITTEN} AND e.written = 1 AND l.run_id = :run)",
        values,
    )
    needed = connection.execute(
        "SELECT DISTINCT e.before_item FROM import_entry e WHERE e.run_id = :run "
        "AND e.id > :after AND e.id <= :upto AND e.before_item IS NOT NULL",
        values,
    ).fetchall()
    connection.execute(
        "UPDATE import_entry SET written = 0, before = '', before_item = NULL "
        "WHERE run_id = :run AND id > :after AND id <= :upto AND written > 0",
        values,
    )
    leave(connection, {*left, *heirs, *(row[0] for row in needed)})


def _pass_on(connection: sqlite3.Connection, values: dict[str, Any]) -> list[int]:
    """Let other runs of the source have what they would have written without this one.

    A run that read a line when it was there already wrote nothing, but says it all the same; and
    one that wrote over a line has to know what was there before this run.
    """
    others = connection.execute(
        "SELECT id FROM import_run WHERE source = :source AND written = 1 "
        "AND turn > (SELECT turn FROM import_run WHERE id = :run) "
        "AND state NOT IN ('undoing', 'undone') ORDER BY turn",
        values,
    ).fetchall()
    touched: list[int] = []
    for (other,) in others:
        same = " AND ".join(f"o.{name} IS e.{name}" for name in _FIELDS)
        rows = connection.execute(
            "SELECT e.id, o.id, e.written, e.before, e.before_item, l.id, l.run_id, "
            f"o.written, o.before, o.before_item, {same} AND oi.digest = ei.digest "
            "AND o.choice = e.choice "
            f"{_WRITTEN_BY_TWO}",
            {**values, "other": other},
        ).fetchall()
        for mine, theirs, *was, entry, owner, their, said, needed, alike in rows:
            if their == 0 and alike and owner == values["run"]:
                # They found it as it is: it is theirs from now on.
                connection.execute(
                    "UPDATE library_entry SET run_id = ? WHERE id = ?", (other, entry)
                )
            elif their != 2 or json.loads(said)[0] != values["run"]:
                continue
            connection.execute(_TAKE_OVER, (*was, theirs))
            connection.execute(_TAKE_OVER, (0, "", None, mine))
            touched += [item for item in (was[2], needed) if item is not None]
    return touched


def _next(connection: sqlite3.Connection, run_id: int, batch: int) -> tuple[int, int, int, bool]:
    """The ids of the next batch (after, up to), how many lines it has, and if it is the last."""
    (after,) = connection.execute(
        "SELECT written_id FROM import_run WHERE id = ?", (run_id,)
    ).fetchone()
    upto, count = connection.execute(
        "SELECT max(id), count(*) FROM (SELECT id FROM import_entry "
        "WHERE run_id = ? AND id > ? ORDER BY id LIMIT ?)",
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
