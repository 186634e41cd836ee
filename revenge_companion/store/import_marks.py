"""Which lines of an import are marked as watched at the media server (`store.marks`)."""

import sqlite3
from collections.abc import Sequence

from revenge_companion.core.library import SubjectKind
from revenge_companion.core.marking import MarkItem
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import compact

#: Of each film and episode in a run's history one line, the first.
_FIRST = (
    "SELECT min(e.id), e.run_id FROM import_entry e JOIN import_item i ON i.id = e.item_id "
    "WHERE e.facet = 'history' AND e.removed = 0 AND e.choice <> 'skip' AND i.media_id <> '' "
    "AND i.kind IN ('movie', 'episode') AND {which} GROUP BY e.run_id, i.media_id"
)


class ImportMarks:
    """Lines to mark, which are noted down first, and those that were."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def collect(self, run_id: int) -> None:
        """Note down what of the run is to be marked; once, however often it is called."""

        def job(link: Link) -> None:
            connection = link.connection
            with link.atomic():
                first = connection.execute(
                    "UPDATE import_run SET to_mark = 1 WHERE id = ? AND to_mark = 0", (run_id,)
                )
                if first.rowcount:
                    connection.execute(
                        "INSERT OR IGNORE INTO import_to_mark (row_id, run_id) "
                        + _FIRST.format(which="e.run_id = ?"),
                        (run_id,),
                    )

        await self._db.run(job)

    async def is_of(self, run_id: int, profile: int) -> bool:
        """Whether a profile began the run: it marks at the server of nobody else."""

        def job(link: Link) -> bool:
            row = link.connection.execute(
                "SELECT profile_id FROM import_run WHERE id = ?", (run_id,)
            ).fetchone()
            return row is not None and row[0] == profile

        return await self._db.run(job)

    async def waiting(self) -> list[int]:
        """Finished runs of which something is to be marked: it was matched later, or the profile
        that began them was not active.
        """

        def job(connection: sqlite3.Connection) -> list[int]:
            rows = connection.execute(
                "SELECT DISTINCT t.run_id FROM import_to_mark t "
                "JOIN import_run r ON r.id = t.run_id WHERE r.state = 'done'"
            )
            return [int(row[0]) for row in rows]

        return await self._db.read(job)

    async def due(self, run_id: int, limit: int) -> list[MarkItem]:
        """The next lines of the run to mark."""

        def job(link: Link) -> list[MarkItem]:
            rows = link.connection.execute(
                "SELECT t.row_id, i.media_id, i.kind FROM import_to_mark t "
                "JOIN import_entry e ON e.id = t.row_id JOIN import_item i ON i.id = e.item_id "
                "WHERE t.run_id = ? ORDER BY t.row_id LIMIT ?",
                (run_id, limit),
            )
            return [MarkItem(row[0], row[1], SubjectKind(row[2])) for row in rows]

        return await self._db.run(job)

    async def went(self, run_id: int, row_ids: Sequence[int], marked: int) -> int:
        """These lines were seen to, and `marked` of them marked; how many are in all."""

        def job(link: Link) -> int:
            connection = link.connection
            with link.atomic():
                connection.executemany(
                    "DELETE FROM import_to_mark WHERE row_id = ?", [(one,) for one in row_ids]
                )
                row = connection.execute(
                    "UPDATE import_run SET marked = marked + ? WHERE id = ? RETURNING marked",
                    (marked, run_id),
                ).fetchone()
            return int(row[0])

        return await self._db.run(job)

    async def drop(self, run_id: int) -> None:
        """Nothing more of the run is to be marked."""

        def job(link: Link) -> None:
            with link.atomic():
                link.connection.execute("DELETE FROM import_to_mark WHERE run_id = ?", (run_id,))

        await self._db.run(job)

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


def note_later(connection: sqlite3.Connection, item_ids: Sequence[int]) -> None:
    """Note down lines to mark of finished runs, whose staged items were matched only now."""
    connection.execute(
        "INSERT OR IGNORE INTO import_to_mark (row_id, run_id) "
        + _FIRST.format(
            which="i.id IN (SELECT value FROM json_each(?)) AND e.run_id IN ("
            "SELECT id FROM import_run WHERE state = 'done' "
            "AND json_extract(options, '$.mark_watched'))"
        ),
        (compact(list(item_ids)),),
    )
