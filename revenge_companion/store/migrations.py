"""The database's shape, one function per version; never edited after a release.

`PRAGMA user_version` counts the functions that have run. Each runs in a transaction of its own
together with that count, so that a crash leaves the version before or the version after.
"""

import sqlite3
from collections.abc import Callable, Sequence

from revenge_companion.store.landed import (
    m001_first,
    m002_rules,
    m003_library,
    m004_server_index,
    m005_server_marks,
    m006_left_out,
    m007_server_pushes,
    m008_delivery_states,
    m009_export_marks,
    m010_parts,
    m011_later_marks,
    m012_sought_plays,
    m013_moments,
)

#: Shown for a file whose version is higher than this program knows.
NEWER = (
    "The database was made by a newer version of the Companion. "
    "Install that version again; nothing was changed."
)


def m014_profiles(connection: sqlite3.Connection) -> None:
    """Whose each account, each play and each import is.

    All there is belongs to who is signed in or, where nobody is, to who signs in next: the first
    profile either way (core.profiles).
    """
    for statement in _PROFILES:
        connection.execute(statement)


_PROFILES = (
    # Made by the first version and never written to.
    """DROP TABLE profile""",
    # `user_id` is the server's own id of the user, "" until it was heard.
    """CREATE TABLE profile (
        id INTEGER PRIMARY KEY, server_url TEXT NOT NULL, user_id TEXT NOT NULL,
        username TEXT NOT NULL)""",
    """INSERT INTO profile (id, server_url, user_id, username)
        SELECT 1, json_extract(value, '$.server'), '', json_extract(value, '$.username')
        FROM meta WHERE key = 'signed_in' AND json_valid(value)
        AND json_extract(value, '$.server') IS NOT NULL
        AND json_extract(value, '$.username') IS NOT NULL""",
    # With constant defaults no row is written anew, however many there are.
    """ALTER TABLE account ADD COLUMN profile_id INTEGER NOT NULL DEFAULT 1""",
    """ALTER TABLE play ADD COLUMN profile_id INTEGER NOT NULL DEFAULT 1""",
    """ALTER TABLE import_run ADD COLUMN profile_id INTEGER NOT NULL DEFAULT 1""",
)


def m015_unread(connection: sqlite3.Connection) -> None:
    """Lines of imports that could not be read, the first of each run, and why."""
    connection.execute(
        "CREATE TABLE import_unread (id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, "
        "facet TEXT NOT NULL, file TEXT NOT NULL, line INTEGER NOT NULL, "
        "reason_code TEXT NOT NULL, text TEXT NOT NULL)"
    )
    connection.execute("CREATE INDEX import_unread_run ON import_unread (run_id, id)")


def m016_libraries(connection: sqlite3.Connection) -> None:
    """Each profile has a library of its own; what there is is the first one's."""
    for statement in _LIBRARIES:
        connection.execute(statement)


_LIBRARIES = (
    # Items of two profiles share neither digest nor keys (store.subjects), so that they are never
    # one thing.
    """ALTER TABLE library_item ADD COLUMN profile_id INTEGER NOT NULL DEFAULT 1""",
    """DROP INDEX library_item_thing""",
    """CREATE INDEX library_item_thing ON library_item (thing, profile_id)""",
    """DROP TRIGGER library_play_gone""",
    """CREATE TRIGGER library_play_gone AFTER DELETE ON play WHEN OLD.counted_us IS NOT NULL
        BEGIN
        DELETE FROM library_due WHERE play_id = OLD.id;
        DELETE FROM library_entry
            WHERE source = 'companion' || iif(OLD.profile_id = 1, '', '@' || OLD.profile_id)
            AND facet = 'history' AND (line = OLD.play_key
                OR (line > OLD.play_key || '#' AND line < OLD.play_key || '$'));
        END""",
)


Migration = Callable[[sqlite3.Connection], None]

MIGRATIONS: tuple[Migration, ...] = (
    m001_first,
    m002_rules,
    m003_library,
    m004_server_index,
    m005_server_marks,
    m006_left_out,
    m007_server_pushes,
    m008_delivery_states,
    m009_export_marks,
    m010_parts,
    m011_later_marks,
    m012_sought_plays,
    m013_moments,
    m014_profiles,
    m015_unread,
    m016_libraries,
)


def version(connection: sqlite3.Connection) -> int:
    """How many migrations this file has seen; 0 for a fresh one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Run those of `migrations` that the file has not seen, a transaction each.

    `connection` is in autocommit mode. Raises sqlite3 errors; what was not committed is undone.
    """
    for number in range(version(connection), len(migrations)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            migrations[number](connection)
            connection.execute(f"PRAGMA user_version = {number + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
