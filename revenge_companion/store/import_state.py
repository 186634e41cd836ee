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


async def unmatched(db: Database) -> bool:
    """Whether anything imported or staged might still be found at the server."""
    open_ = "media_id = '' AND never = 0 AND kind IN ('movie', 'show', 'season', 'episode')"

    def job(connection: sqlite3.Connection) -> bool:
        return any(
            connection.execute(f"SELECT 1 FROM {table} WHERE {open_} LIMIT 1").fetchone()
            for table in ("library_item", "import_item")
        )

    return await db.read(job)
