"""Whether an import waits to go on; asked at every start, so that it needs nothing else of them."""

from revenge_companion.store.database import Database, Link


async def interrupted(db: Database) -> bool:
    """Whether the program ended while an import was reading, writing or being undone."""

    def job(link: Link) -> bool:
        return (
            link.connection.execute(
                "SELECT 1 FROM import_run WHERE state IN ('reading', 'writing', 'undoing') LIMIT 1"
            ).fetchone()
            is not None
        )

    return await db.run(job)
