"""What imports mark as watched at the media server."""

from collections.abc import Sequence

from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import compact


class ImportMarks:
    """Marks by run and item: due, there (watched before), asked, marked, undone or kept."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def collect(self, run_id: int) -> None:
        """Note every film and episode of the run's history that was matched; those noted stay."""

        def job(link: Link) -> None:
            with link.atomic():
                link.connection.execute(
                    "INSERT OR IGNORE INTO import_mark (run_id, media_id, state) "
                    "SELECT DISTINCT e.run_id, i.media_id, 'due' FROM import_entry e "
                    "JOIN import_item i ON i.id = e.item_id "
                    "WHERE e.run_id = ? AND e.facet = 'history' AND e.choice <> 'skip' "
                    "AND i.media_id <> '' AND i.kind IN ('movie', 'episode')",
                    (run_id,),
                )

        await self._db.run(job)

    async def some(self, run_id: int, state: str, limit: int) -> list[str]:
        """Items of a run in a state."""

        def job(link: Link) -> list[str]:
            rows = link.connection.execute(
                "SELECT media_id FROM import_mark WHERE run_id = ? AND state = ? LIMIT ?",
                (run_id, state, limit),
            )
            return [str(row[0]) for row in rows]

        return await self._db.run(job)

    async def set(self, run_id: int, media_ids: Sequence[str], state: str) -> None:
        """Give items of a run a state, and count what is marked."""
        ids = compact(list(media_ids))

        def job(link: Link) -> None:
            with link.atomic():
                link.connection.execute(
                    "UPDATE import_mark SET state = ? WHERE run_id = ? "
                    "AND media_id IN (SELECT value FROM json_each(?))",
                    (state, run_id, ids),
                )
                link.connection.execute(
                    "UPDATE import_run SET marked = (SELECT count(*) FROM import_mark "
                    "WHERE run_id = ?1 AND state = 'marked') WHERE id = ?1",
                    (run_id,),
                )

        await self._db.run(job)
