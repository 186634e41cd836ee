"""Taking back what an import wrote, so that the library is as if it had never been.

Other imports of the same source may have come since: what they found as this one had left it is
theirs then, and what they wrote over has to be known without it.
"""

import json
import sqlite3
from typing import Any

from revenge_companion.store.subjects import ENTRY_COLUMNS
from revenge_companion.store.things import leave

_FIELDS = ENTRY_COLUMNS.split(", ")
_BATCH = "+e.run_id = :run AND e.id > :after AND e.id <= :upto"
#: Lines of a batch with what the library says under the same name.
_THERE = (
    "FROM import_entry e JOIN library_entry l "
    f"ON l.source = :source AND l.facet = e.facet AND l.line = e.line WHERE {_BATCH}"
)
_RESTORE = (
    "UPDATE library_entry SET item_id = ?, run_id = ?, preferred = ?, "
    + ", ".join(f"{name} = ?" for name in _FIELDS[2:])
    + " WHERE id = ?"
)
#: The same lines of another run, as far as it has written them.
_BY_TWO = (
    "FROM import_entry e JOIN import_item ei ON ei.id = e.item_id JOIN import_entry o "
    "ON o.run_id = :other AND o.facet = e.facet AND o.line = e.line AND o.choice <> 'skip' "
    "JOIN import_run r ON r.id = o.run_id AND o.id <= r.written_id "
    "JOIN import_item oi ON oi.id = o.item_id "
    "JOIN library_entry l ON l.source = :source AND l.facet = e.facet AND l.line = e.line "
    f"WHERE {_BATCH} AND e.choice <> 'skip'"
)
_ALIKE = " AND ".join(f"o.{name} IS e.{name}" for name in (*_FIELDS, "choice"))
_TAKE_OVER = "UPDATE import_entry SET replaced = ?, before = ?, before_item = ? WHERE id = ?"


def take_back(connection: sqlite3.Connection, run_id: int, after: int, upto: int) -> None:
    """Take back the lines of a run with ids above `after`, up to `upto`.

    Inside the caller's transaction, who refreshes the merged view afterwards.
    """
    values: dict[str, Any] = {"run": run_id, "after": after, "upto": upto}
    (values["source"],) = connection.execute(
        "SELECT source FROM import_run WHERE id = :run", values
    ).fetchone()
    left = _pass_on(connection, values)
    connection.execute(
        "DELETE FROM library_entry WHERE id IN "
        f"(SELECT l.id {_THERE} AND NOT e.replaced AND l.run_id = :run)",
        values,
    )
    # Most imports replace nothing, and an index knows.
    replaced = "SELECT 1 FROM import_entry WHERE run_id = :run AND replaced = 1 LIMIT 1"
    if connection.execute(replaced, values).fetchone():
        left += _restore(connection, values)
    leave(connection, set(left))
    # Of most things nothing is left: there is nothing to be merged.
    connection.execute(
        "DELETE FROM library_stale WHERE NOT EXISTS "
        "(SELECT 1 FROM library_item i WHERE i.thing = library_stale.thing)"
    )


def _restore(connection: sqlite3.Connection, values: dict[str, Any]) -> list[int]:
    """Write what the run replaced as it was before; the items that may not be needed now."""
    restored, left = [], []
    for entry_id, item_id, said, before_item in connection.execute(
        f"SELECT l.id, l.item_id, e.before, e.before_item {_THERE} "
        "AND e.replaced AND l.run_id = :run",
        values,
    ).fetchall():
        restored.append((before_item, *json.loads(said), entry_id))
        left.append(item_id)
    connection.executemany(_RESTORE, restored)
    left += [
        row[0]
        for row in connection.execute(
            f"SELECT e.before_item FROM import_entry e WHERE {_BATCH} "
            "AND e.before_item IS NOT NULL",
            values,
        )
    ]
    connection.execute(
        "UPDATE import_entry AS e SET replaced = 0, before = '', before_item = NULL "
        f"WHERE {_BATCH} AND e.replaced",
        values,
    )
    return left


def _pass_on(connection: sqlite3.Connection, values: dict[str, Any]) -> list[int]:
    """Let other runs of the source have what they would have written without this one.

    A run that read a line when it was there already wrote nothing, but says it all the same; and
    one that wrote over a line has to know what was there before this run. The items that may be
    needed by nobody now.
    """
    others = connection.execute(
        "SELECT id FROM import_run WHERE source = :source AND written "
        "AND turn > (SELECT turn FROM import_run WHERE id = :run) "
        "AND state NOT IN ('undoing', 'undone') ORDER BY turn",
        values,
    ).fetchall()
    touched: list[int] = []
    for (other,) in others:
        rows = connection.execute(
            "SELECT e.id, o.id, e.replaced, e.before, e.before_item, l.id, l.run_id, o.replaced, "
            f"o.before, o.before_item, {_ALIKE} AND oi.digest = ei.digest {_BY_TWO}",
            {**values, "other": other},
        ).fetchall()
        for mine, theirs, *was, entry, owner, replaced, said, needed, alike in rows:
            if not replaced and alike and owner == values["run"]:
                # They found it as it is: it is theirs from now on.
                connection.execute(
                    "UPDATE library_entry SET run_id = ? WHERE id = ?", (other, entry)
                )
            elif not replaced or json.loads(said)[0] != values["run"]:
                continue
            connection.execute(_TAKE_OVER, (*was, theirs))
            connection.execute(_TAKE_OVER, (0, "", None, mine))
            touched += [item for item in (was[2], needed) if item is not None]
    return touched
