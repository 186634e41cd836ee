"""Looking at a database without changing it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from revenge_companion.core.delivery import DeliveryState
from revenge_companion.store.migrations import MIGRATIONS

#: Rows whose texts are decoded at once.
_CHUNK = 500


def check(path: Path) -> str:
    """What is wrong with the database at `path`, a sentence; empty when nothing is."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as link:
            (version,) = link.execute("PRAGMA user_version").fetchone()
            if version > len(MIGRATIONS):
                return f"{path} was made by a newer version of the Companion."
            (said,) = link.execute("PRAGMA quick_check(1)").fetchone()
    except (sqlite3.Error, OSError) as error:
        return f"{path} cannot be read: {error}."
    return "" if said == "ok" else f"{path} is damaged: {said}."


def unreadable(connection: sqlite3.Connection) -> str:
    """What of the content cannot be used although SQLite is content, a few words; "" for nothing.

    Reads every text once; for a file that was not closed in order.
    """
    for table, columns in _texts(connection):
        joined = "||".join(f"coalesce({column}, '')" for column in columns)
        texts = connection.execute(f"SELECT CAST({joined} AS BLOB) FROM {table}")
        while rows := texts.fetchmany(_CHUNK):
            try:
                b"\n".join(text for (text,) in rows).decode()
            except UnicodeDecodeError:
                return f"a text of {table}"
    states = ", ".join(f"'{state.value}'" for state in DeliveryState)
    for what, sql in (
        ("a delivery", f"SELECT 1 FROM delivery WHERE state NOT IN ({states})"),
        ("a scrobble", "SELECT 1 FROM delivery d JOIN scrobble s ON s.id = d.scrobble_id "
         "WHERE d.state <> 'delivered' AND NOT json_valid(s.payload)"),
        ("a play", "SELECT 1 FROM play WHERE snapshot <> '' AND NOT json_valid(snapshot)"),
    ):  # fmt: skip
        if connection.execute(f"{sql} LIMIT 1").fetchone():
            return what
    return ""


def _texts(connection: sqlite3.Connection) -> list[tuple[str, list[str]]]:
    """Every table with the columns of it that hold text."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
        "ESCAPE '\\'"
    ).fetchall()
    found = []
    for (table,) in tables:
        rows = connection.execute(f"PRAGMA table_info({table})")
        columns = [row[1] for row in rows if row[2].upper() == "TEXT"]
        if columns:
            found.append((table, columns))
    return found
