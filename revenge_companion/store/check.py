"""Looking at a database file without changing it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from revenge_companion.store.migrations import MIGRATIONS


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
