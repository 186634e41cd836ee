"""Which lines of an import are marked as watched at the media server (`store.marks`)."""

from revenge_companion.core.library import SubjectKind
from revenge_companion.core.marking import MarkItem
from revenge_companion.store.database import Database, Link


class ImportMarks:
    """Lines to mark, in their order, and those that were."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def due(self, run_id: int, limit: int) -> list[MarkItem]:
        """The next lines to mark: of each film and episode one."""

        def job(link: Link) -> list[MarkItem]:
            rows = link.connection.execute(
                "SELECT min(e.id), i.media_id, i.kind FROM import_entry e "
                "JOIN import_item i ON i.id = e.item_id WHERE e.run_id = ? "
                "AND e.facet = 'history' AND e.removed = 0 AND e.choice <> 'skip' "
                "AND i.media_id <> '' "
                "AND i.kind IN ('movie', 'episode') GROUP BY i.media_id "
                "HAVING min(e.id) > (SELECT marked_id FROM import_run WHERE id = ?) "
                "ORDER BY 1 LIMIT ?",
                (run_id, run_id, limit),
            )
            return [MarkItem(row[0], row[1], SubjectKind(row[2])) for row in rows]

        return await self._db.run(job)

    async def went(self, run_id: int, row_id: int, marked: int) -> int:
        """Lines up to `row_id` were seen to, `marked` more of them marked; how many are in all."""

        def job(link: Link) -> int:
            with link.atomic():
                row = link.connection.execute(
                    "UPDATE import_run SET marked_id = ?, marked = marked + ? WHERE id = ? "
                    "RETURNING marked",
                    (row_id, marked, run_id),
                ).fetchone()
            return int(row[0])

        return await self._db.run(job)

    async def made(self, run_id: int, limit: int) -> list[int]:
        """Lines of the run that are, or may be, marked at the server."""

        def job(link: Link) -> list[int]:
            rows = link.connection.execute(
                "SELECT DISTINCT e.id FROM import_entry e JOIN server_mark m ON m.row_id = e.id "
                "WHERE e.run_id = ? AND m.state IN ('open', 'done', 'undoing') LIMIT ?",
                (run_id, limit),
            )
            return [int(row[0]) for row in rows]

        return await self._db.run(job)
