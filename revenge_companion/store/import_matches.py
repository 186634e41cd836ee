"""Which item of the server staged lines and things of the library are: found later, or chosen."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from revenge_companion.core.library import Subject
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import compact, plain
from revenge_companion.store.subjects import key_hash, media_key, subject_from
from revenge_companion.store.things import add_keys, join_items, of_items, remerge

_OPEN = (
    "media_id = '' AND never = 0 AND kind IN ('movie', 'show', 'season', 'episode') AND id > :after"
)
#: Runs whose lines may still be matched beside the library.
_STAGED = "run_id IN (SELECT id FROM import_run WHERE state NOT IN ('done', 'undone'))"
_IN = "IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A thing without an item at the server."""

    digest: bytes
    subject: Subject


class ImportMatches:
    """Matches after the reading."""

    def __init__(self, db: Database, zone: tzinfo | None = None) -> None:
        """`zone` is the user's, for dates without a time; None is the system's own."""
        self._db = db
        self._zone = zone

    async def match(self, row_id: int, media_id: str) -> None:
        """A line, and every other about the same thing, is the server's item `media_id`."""
        media_id = plain(media_id)

        def job(link: Link) -> None:
            connection = link.connection
            with link.atomic():
                staged, kept = _alike(connection, row_id)
                _staged_are(connection, staged, media_id, chosen=True)
                _kept_are(connection, kept, media_id, chosen=True)
                remerge(connection, of_items(connection, kept), self._zone)

        await self._db.run(job)

    async def never(self, row_id: int) -> None:
        """Nobody shall be asked any more what a line, and others about the same, is."""

        def job(link: Link) -> None:
            with link.atomic():
                for table, ids in zip(
                    ("import_item", "library_item"), _alike(link.connection, row_id), strict=True
                ):
                    link.connection.execute(
                        f"UPDATE {table} SET never = 1 WHERE id {_IN}", (compact(ids),)
                    )

        await self._db.run(job)

    async def unmatched(
        self, after_id: int, limit: int, *, run_id: int | None = None, reason: str = ""
    ) -> tuple[list[Unmatched], int]:
        """The next things without an item, and where to go on; none after the last.

        Of the library, or of one run, there for `reason` or any.
        """
        table, which = ("library_item", "") if run_id is None else (
            "import_item", "AND run_id = :run AND :reason IN ('', reason_code)"
        )  # fmt: skip
        values = {"after": after_id, "limit": limit, "run": run_id, "reason": reason}

        def job(link: Link) -> tuple[list[Unmatched], int]:
            rows = link.connection.execute(
                f"SELECT digest, subject, id FROM {table} WHERE {_OPEN} {which} "
                "ORDER BY id LIMIT :limit",
                values,
            ).fetchall()
            found = [Unmatched(row[0], subject_from(row[1])) for row in rows]
            return found, rows[-1][2] if rows else after_id

        return await self._db.run(job)

    async def waiting(self) -> list[int]:
        """Runs with lines that are staged and not written."""

        def job(link: Link) -> list[int]:
            rows = link.connection.execute(
                f"SELECT DISTINCT run_id FROM import_item WHERE {_STAGED} ORDER BY run_id"
            )
            return [int(row[0]) for row in rows]

        return await self._db.run(job)

    async def found(self, matches: Iterable[tuple[bytes, str]]) -> None:
        """The server has an item for these things (by digest): wherever they are, they are it."""
        pairs = [(digest, plain(media_id)) for digest, media_id in matches]

        def job(link: Link) -> None:
            connection = link.connection
            with link.atomic():
                things: set[int] = set()
                for digest, media_id in pairs:
                    for table, these in (
                        ("import_item", _staged_are), ("library_item", _kept_are)
                    ):  # fmt: skip
                        ids = [
                            row[0]
                            for row in connection.execute(
                                f"SELECT id FROM {table} WHERE digest = ? AND media_id = ''",
                                (digest,),
                            )
                        ]
                        these(connection, ids, media_id, chosen=False)
                        if table == "library_item":
                            things |= of_items(connection, ids)
                remerge(connection, things, self._zone)

        await self._db.run(job)


def _staged_are(
    connection: sqlite3.Connection, ids: Sequence[int], media_id: str, *, chosen: bool
) -> None:
    """Staged items are an item of the server: their lines are unmatched no more."""
    which = compact(list(ids))
    connection.execute(
        "UPDATE import_run SET matched = matched + n.lines FROM ("
        "SELECT i.run_id, count(*) AS lines FROM import_item i "
        f"JOIN import_entry e ON e.item_id = i.id WHERE i.media_id = '' AND i.id {_IN} "
        "GROUP BY i.run_id) n WHERE n.run_id = import_run.id",
        (which,),
    )
    connection.execute(
        "UPDATE import_item SET media_id = ?, chosen = max(chosen, ?), never = 0, "
        f"reason_code = '', keys = json_insert(keys, '$[#]', ?) WHERE id {_IN}",
        (media_id, chosen, key_hash(media_key(media_id)), which),
    )
    connection.execute(
        "UPDATE import_entry SET verdict = 'new', reason_code = '' "
        f"WHERE verdict = 'unmatched' AND item_id {_IN}",
        (which,),
    )


def _kept_are(
    connection: sqlite3.Connection, ids: Sequence[int], media_id: str, *, chosen: bool
) -> None:
    """Things of the library are an item of the server, and one thing with what else is."""
    connection.execute(
        f"UPDATE library_item SET media_id = ?, chosen = max(chosen, ?), never = 0 WHERE id {_IN}",
        (media_id, chosen, compact(list(ids))),
    )
    for item_id in ids:
        add_keys(connection, item_id, [media_key(media_id)])
    join_items(connection, ids)


def _alike(connection: sqlite3.Connection, row_id: int) -> tuple[list[int], list[int]]:
    """The staged items and the library's items that are what a line is about."""
    row = connection.execute(
        "SELECT i.id, i.digest FROM import_entry e JOIN import_item i ON i.id = e.item_id "
        "WHERE e.id = ?",
        (row_id,),
    ).fetchone()
    if row is None:
        return [], []
    kept = [
        one[0]
        for one in connection.execute(
            "SELECT other.id FROM library_item own JOIN library_item other "
            "ON other.thing = own.thing WHERE own.digest = ?",
            (row[1],),
        )
    ]
    staged = [
        one[0]
        for one in connection.execute(
            "SELECT i.id FROM library_item l JOIN import_item i ON i.digest = l.digest "
            f"WHERE l.id {_IN}",
            (compact(kept),),
        )
    ]
    staged += [
        one[0]
        for one in connection.execute("SELECT id FROM import_item WHERE digest = ?", (row[1],))
    ]
    return list({row[0], *staged}), kept
