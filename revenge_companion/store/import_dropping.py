"""Lines of runs that nobody needs any more: many of them, some in each transaction."""

from collections.abc import Callable, Mapping

from revenge_companion.store import import_unread as unread
from revenge_companion.store.database import Database, Link
from revenge_companion.store.import_state import untidy
from revenge_companion.store.things import leave

#: Rows that are dropped in one transaction: about 50 ms.
_BATCH = 5000
#: Rows that are written anew in one.
_REWRITTEN = 2000

_CHANGED_NOTHING = (
    "DELETE FROM import_entry WHERE +run_id = :run AND id > :after AND id <= :upto "
    "AND replaced = 0 AND NOT EXISTS (SELECT 1 FROM library_entry l JOIN import_run r "
    "ON r.id = l.run_id WHERE r.id = import_entry.run_id AND l.source = r.source "
    "AND l.facet = import_entry.facet AND l.line = import_entry.line)"
)
_ABOUT_NOTHING = (
    "DELETE FROM import_item WHERE +run_id = :run AND id > :after AND id <= :upto "
    "AND NOT EXISTS (SELECT 1 FROM import_entry e WHERE e.item_id = import_item.id)"
)
#: What the library describes in the same words, because the run brought it. What may still be found
#: at the server keeps its words here, too. Rows that only became shorter would free no page of the
#: file, so they are written anew.
_ITEM = "id, run_id, digest, kind, label, duration_s, media_id, reason_code, chosen, never"
_SAID_TWICE = (
    f"CREATE TEMP TABLE short_item AS SELECT {_ITEM} FROM import_item WHERE +run_id = :run "
    "AND id > :after AND id <= :upto AND subject <> '' AND (media_id <> '' OR kind NOT IN "
    "('movie', 'show', 'season', 'episode')) AND EXISTS (SELECT 1 FROM library_item l "
    "JOIN library_entry e ON e.item_id = l.id WHERE l.digest = import_item.digest "
    "AND e.run_id = :run)",
    "DELETE FROM import_item WHERE id IN (SELECT id FROM short_item)",
    f"INSERT INTO import_item ({_ITEM}, search, subject, keys) "
    f"SELECT {_ITEM}, '', '', '[]' FROM short_item ORDER BY id",
    "DROP TABLE short_item",
)
#: What it brought stays, and is nobody's from now on.
_LET_GO = (
    "UPDATE library_entry SET run_id = NULL WHERE run_id = :run AND id > :after AND id <= :upto"
)
#: Lines' numbers may be given to others; what they marked stays marked.
_UNMARKED = (
    "UPDATE server_mark SET row_id = NULL WHERE row_id IN (SELECT id FROM import_entry "
    "WHERE +run_id = :run AND id > :after AND id <= :upto)"
)
_LINES = "DELETE FROM import_entry WHERE +run_id = :run AND id > :after AND id <= :upto"
_ITEMS = "DELETE FROM import_item WHERE +run_id = :run AND id > :after AND id <= :upto"


async def trim(db: Database, run_id: int) -> None:
    """Drop lines of a written run that changed nothing. Cut short, it is done another time."""
    await _in_batches(db, run_id, "import_entry", _CHANGED_NOTHING)
    await _in_batches(db, run_id, "import_item", _ABOUT_NOTHING)


async def tidy(db: Database, but: int | None = None) -> None:
    """Drop what finished runs (`but` for one) hold a second time. Cut short, it is done again."""
    for run_id in await untidy(db):
        if run_id != but:
            await _in_batches(db, run_id, "import_item", *_SAID_TWICE, batch=_REWRITTEN)
            await db.run(_tidied(run_id))


def _tidied(run_id: int) -> Callable[[Link], None]:
    def job(link: Link) -> None:
        with link.atomic():
            link.connection.execute(
                "UPDATE import_run SET options = json_set(options, '$.tidy', json('true')) "
                "WHERE id = ?",
                (run_id,),
            )

    return job


async def forget(db: Database, run_id: int) -> None:
    """Drop a run with its lines. Cut short, it can be forgotten again, and no longer undone."""

    def begin(link: Link) -> list[int]:
        with link.atomic():
            link.connection.execute(
                "UPDATE import_run SET state = 'undone', stage = 'undone' WHERE id = ? AND written",
                (run_id,),
            )
            link.connection.execute("DELETE FROM import_to_mark WHERE run_id = ?", (run_id,))
            rows = link.connection.execute(
                "SELECT DISTINCT before_item FROM import_entry WHERE run_id = ? "
                "AND before_item IS NOT NULL",
                (run_id,),
            )
            return [row[0] for row in rows]

    def end(link: Link) -> None:
        with link.atomic():
            unread.forget(link.connection, run_id)
            link.connection.execute("DELETE FROM import_run WHERE id = ?", (run_id,))
            leave(link.connection, before)

    before = await db.run(begin)
    await _in_batches(db, run_id, "library_entry", _LET_GO)
    await _in_batches(db, run_id, "import_entry", _UNMARKED, _LINES)
    await _in_batches(db, run_id, "import_item", _ITEMS)
    await db.run(end)


async def _in_batches(
    db: Database, run_id: int, table: str, *statements: str, batch: int = _BATCH
) -> None:
    """Do `statements` for all rows that `table` has of a run."""
    after: int | None = 0
    while after is not None:
        values = {"run": run_id, "after": after, "limit": batch}
        after = await db.run(_some(table, statements, values))


def _some(
    table: str, statements: tuple[str, ...], values: Mapping[str, int]
) -> Callable[[Link], int | None]:
    """The job that does `statements` for the next rows; it says where to go on, None at the end."""

    run = "run_id" if table == "library_entry" else "+run_id"

    def job(link: Link) -> int | None:
        upto, count = link.connection.execute(
            # The library's lines have an index of their runs; staged ones are there in one piece.
            f"SELECT max(id), count(*) FROM (SELECT id FROM {table} WHERE {run} = :run "
            "AND id > :after ORDER BY id LIMIT :limit)",
            values,
        ).fetchone()
        if upto is None:
            return None
        with link.atomic():
            for statement in statements:
                link.connection.execute(statement, {**values, "upto": upto})
        return int(upto) if count == values["limit"] else None

    return job
