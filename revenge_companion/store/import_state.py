"""Whether imports wait for something; asked now and then, so that it needs nothing else of them."""

import sqlite3

from revenge_companion.store.database import Database


async def interrupted(db: Database) -> bool:
    """Whether the program ended while an import was reading, writing or being undone."""

    def job(connection: sqlite3.Connection) -> bool:
        return (
            connection.execute(
                "SELECT 1 FROM import_run WHERE state IN ('reading', 'writing', 'undoing') LIMIT 1"
            ).fetchone()
            is not None
        )

    return await db.read(job)


async def unmatched(db: Database, profile: int, *, unanswered: bool) -> bool:
    """Whether anything of a profile's imports might be found, or is to be marked, at its server.

    With `unanswered` only what the server had not answered for, or not taken, counts.
    """
    which = "media_id = '' AND never = 0 AND kind IN ('movie', 'show', 'season', 'episode')"
    runs = "run_id IN (SELECT id FROM import_run WHERE profile_id = :profile)"
    asked = f"SELECT 1 FROM import_item WHERE {which} AND {runs}"
    if unanswered:
        asked += " AND reason_code = 'catalogue_unknown'"
    else:
        asked += f" UNION ALL SELECT 1 FROM library_item WHERE {which} AND profile_id = :profile"
    asked += f" UNION ALL SELECT 1 FROM import_to_mark WHERE {runs}"

    def job(connection: sqlite3.Connection) -> bool:
        found = connection.execute(f"{asked} LIMIT 1", {"profile": profile})
        return found.fetchone() is not None

    return await db.read(job)


async def untidy(db: Database) -> list[int]:
    """Finished runs that may hold a second time what the library holds (`import_dropping`)."""

    def job(connection: sqlite3.Connection) -> list[int]:
        rows = connection.execute(
            "SELECT id FROM import_run WHERE state = 'done' "
            "AND json_type(options, '$.tidy') IS NULL ORDER BY id"
        )
        return [int(row[0]) for row in rows]

    return await db.read(job)
