"""Replacing a damaged database by its newest usable copy; a stop at any moment harms nothing.

The replacement is built and checked beside the file while the damaged one stays where it is. Then
the damaged file is moved away, after it its log, and the replacement is put in its place. A start
that finds no database but a replacement goes on from there.
"""

import logging
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from revenge_companion.store.check import unreadable
from revenge_companion.store.migrations import MIGRATIONS, version
from revenge_companion.store.trouble import is_corrupt, is_environment

_log = logging.getLogger(__name__)

# What waited when the copy was made may have been delivered since: read back or resend by each
# service's rule, never blindly.
_DOUBT = (
    "UPDATE delivery SET state = 'unsure', due_us = NULL, reason_code = 'interrupted' "
    "WHERE state IN ('pending', 'sending', 'held')"
)


def rebuild(path: Path, copies: Iterable[Path]) -> Path | None:
    """Make the replacement of `path` from the first usable of `copies`, which is returned.

    Raises sqlite3.Error or OSError where the disk is at fault and not the copies.
    """
    partial = _beside(path, ".restoring.partial")
    for copy in copies:
        try:
            partial.unlink(missing_ok=True)
            copy_file(copy, partial)
            _prepare(partial)
        except sqlite3.Error as error:
            partial.unlink(missing_ok=True)
            if is_environment(error) and not is_corrupt(error):
                raise
            _log.warning("The copy %s cannot be used: %s", copy.name, error)
            continue
        partial.replace(_beside(path, ".restoring"))
        return copy
    return None


def swap(path: Path, aside: Path) -> None:
    """Move the damaged `path` to `aside`, and put its replacement there if there is one."""
    # The file first: while it is missing, nobody takes the log for the replacement's.
    for suffix in ("", "-wal", "-shm"):
        part = _beside(path, suffix)
        if part.exists():
            part.replace(_beside(aside, suffix))
    replacement = _beside(path, ".restoring")
    if replacement.exists():
        replacement.replace(path)


def resume(path: Path, aside: Path) -> bool:
    """End what a `swap` began that was cut off; whether there was one."""
    if path.exists():
        _beside(path, ".restoring").unlink(missing_ok=True)
        return False
    begun = _beside(path, ".restoring").exists()
    swap(path, aside)
    return begun


def copy_file(source: Path, target: Path) -> None:
    """Copy the database `source`, durably and for this user only. Raises sqlite3.Error, OSError."""
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        copy_open(connection, target)


def copy_open(source: sqlite3.Connection, target: Path) -> None:
    """As `copy_file`, from an open connection."""
    os.close(os.open(target, os.O_RDWR | os.O_CREAT, 0o600))
    with closing(sqlite3.connect(target)) as connection:
        source.backup(connection)
    with target.open("rb") as written:
        os.fsync(written.fileno())


def _prepare(partial: Path) -> None:
    with closing(sqlite3.connect(partial, isolation_level=None)) as connection:
        # Not a log beside it: this file is going to be renamed.
        connection.execute("PRAGMA journal_mode = DELETE")
        found = version(connection)
        said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said == "ok" and found == len(MIGRATIONS):
            said = f"{what} cannot be read" if (what := unreadable(connection)) else "ok"
        if said != "ok" or not found:
            raise damaged(said if found else "it is empty")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(_DOUBT)


def damaged(what: str) -> sqlite3.DatabaseError:
    """The error SQLite raises for a damaged file, for what it does not see itself."""
    error = sqlite3.DatabaseError(what)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
