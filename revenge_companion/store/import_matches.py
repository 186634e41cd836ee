"""Which item of the server staged lines and things of the library are: found later, or chosen."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from revenge_companion.core.library import Subject
from revenge_companion.core.matching import Match, NoMatch
from revenge_companion.core.profiles import FIRST
from revenge_companion.core.reasons import Reason
from revenge_companion.store.database import Database, Link
from revenge_companion.store.import_marks import note_later
from revenge_companion.store.payload import compact, plain
from revenge_companion.store.subjects import item_keys, key_hash, media_key, subject_from
from revenge_companion.store.things import add_keys, are_one, join_items, of_items, remerge

_OPEN = (
    "media_id = '' AND never = 0 AND kind IN ('movie', 'show', 'season', 'episode') AND id > :after"
)
_IN = "IN (SELECT value FROM json_each(?))"
#: Staged items of runs that are not written yet, which share hashes of keys with others.
_SHARING = (
    "SELECT i.id, i.media_id, i.subject FROM import_item i WHERE i.run_id IN "
    "(SELECT id FROM import_run WHERE state NOT IN ('done', 'undone')) "
    "AND EXISTS (SELECT 1 FROM json_each(i.keys) k "
    f"WHERE k.value {_IN}) AND i.id NOT {_IN}"
)
#: The lines of staged items; what two runs of a source brought is one line.
_COVERED = (
    "SELECT count(*) FROM (SELECT DISTINCT r.source, e.facet, e.line FROM import_entry e "
    "JOIN import_run r ON r.id = e.run_id "
    f"WHERE e.item_id {_IN} AND e.removed = 0 AND r.state <> 'undone')"
)
#: Each look finds what shares keys with what the last one found; things hang together by few.
_MOST_LOOKS = 10


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
        alike = await self._db.read(lambda connection: _alike(connection, row_id))

        def job(link: Link) -> None:
            connection = link.connection
            with link.atomic():
                staged, kept = _spread(connection, alike)
                _staged_are(connection, staged, media_id, chosen=True)
                _kept_are(connection, kept, media_id, chosen=True)
                remerge(connection, of_items(connection, kept), self._zone)

        await self._db.run(job)

    async def never(self, row_id: int) -> None:
        """Nobody shall be asked any more what a line, and others about the same, is."""
        alike = await self._db.read(lambda connection: _alike(connection, row_id))

        def job(link: Link) -> None:
            with link.atomic():
                for table, ids in zip(
                    ("import_item", "library_item"), _spread(link.connection, alike), strict=True
                ):
                    link.connection.execute(
                        f"UPDATE {table} SET never = 1 WHERE id {_IN}", (compact(ids),)
                    )

        await self._db.run(job)

    async def covered(self, row_id: int) -> int:
        """How many lines `match` settles with a line, itself among them."""

        def count(connection: sqlite3.Connection) -> int:
            staged, _ = _spread(connection, _alike(connection, row_id))
            (found,) = connection.execute(_COVERED, (compact(staged),)).fetchone()
            return int(found)

        return await self._db.read(count)

    async def unmatched(
        self, profile: int, after_id: int, limit: int, *, reason: str = "", in_library: bool = False
    ) -> tuple[list[Unmatched], int]:
        """The next things without an item, and where to go on; none after the last.

        Of a profile's library, or staged by any run of its own, for `reason` or whatever reason.
        """
        table, why = ("library_item", "AND profile_id = :profile") if in_library else (
            "import_item", "AND :reason IN ('', reason_code) "
            "AND run_id IN (SELECT id FROM import_run WHERE profile_id = :profile)",
        )  # fmt: skip
        values = {"after": after_id, "limit": limit, "reason": reason, "profile": profile}

        def job(connection: sqlite3.Connection) -> tuple[list[Unmatched], int]:
            rows = connection.execute(
                f"SELECT digest, subject, id FROM {table} WHERE {_OPEN} {why} "
                "ORDER BY id LIMIT :limit",
                values,
            ).fetchall()
            found = [Unmatched(row[0], subject_from(row[1])) for row in rows]
            return found, rows[-1][2] if rows else after_id

        return await self._db.read(job)

    async def settle(self, found: Iterable[tuple[bytes, Match | NoMatch]]) -> None:
        """What the server says of things (by digest) that had no item: they are one, or why not.

        Wherever they are: in the library, and staged by any run.
        """
        pairs = list(found)

        def job(link: Link) -> None:
            connection = link.connection
            with link.atomic():
                things: set[int] = set()
                for digest, what in pairs:
                    staged = _without(connection, "import_item", digest)
                    if isinstance(what, NoMatch):
                        _answered(connection, staged, what.reason)
                        continue
                    media_id = plain(what.media_id)
                    _staged_are(connection, staged, media_id, chosen=False)
                    kept = _without(connection, "library_item", digest)
                    _kept_are(connection, kept, media_id, chosen=False)
                    things |= of_items(connection, kept)
                remerge(connection, things, self._zone)

        await self._db.run(job)


def _without(connection: sqlite3.Connection, table: str, digest: bytes) -> list[int]:
    rows = connection.execute(
        f"SELECT id FROM {table} WHERE digest = ? AND media_id = ''", (digest,)
    )
    return [int(row[0]) for row in rows]


def _answered(connection: sqlite3.Connection, ids: Sequence[int], reason: Reason) -> None:
    """The server has answered for staged items for which it had not: they have another reason."""
    for table, key in (("import_item", "id"), ("import_entry", "item_id")):
        connection.execute(
            f"UPDATE {table} SET reason_code = ? WHERE {key} {_IN} AND reason_code = ?",
            (reason.value, compact(list(ids)), Reason.CATALOGUE_UNKNOWN.value),
        )


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
        (media_id, chosen, key_hash(media_key(media_id), _profile(connection, ids)), which),
    )
    note_later(connection, ids)
    connection.execute(
        "UPDATE import_entry SET verdict = 'new', reason_code = '' "
        f"WHERE verdict = 'unmatched' AND item_id {_IN}",
        (which,),
    )


def _profile(connection: sqlite3.Connection, ids: Sequence[int], table: str = "import_item") -> int:
    """Whose staged items (or lines) these are; all of them are one profile's."""
    row = connection.execute(
        f"SELECT r.profile_id FROM {table} i JOIN import_run r ON r.id = i.run_id "
        f"WHERE i.id {_IN} LIMIT 1",
        (compact(list(ids)),),
    ).fetchone()
    return FIRST if row is None else int(row[0])


def _kept_are(
    connection: sqlite3.Connection, ids: Sequence[int], media_id: str, *, chosen: bool
) -> None:
    """Things of the library are an item of the server, and one thing with what else is."""
    connection.execute(
        f"UPDATE library_item SET media_id = ?, chosen = max(chosen, ?), never = 0 WHERE id {_IN}",
        (media_id, chosen, compact(list(ids))),
    )
    owners = connection.execute(
        f"SELECT id, profile_id FROM library_item WHERE id {_IN}", (compact(list(ids)),)
    ).fetchall()
    for item_id, profile in owners:
        add_keys(connection, item_id, [media_key(media_id)], profile)
    join_items(connection, ids)


def _alike(connection: sqlite3.Connection, row_id: int) -> list[int]:
    """The staged items that are what a line is about, as they will be when they are written.

    Among the lines that wait to be written that is known only by their keys. Looking through
    100,000 of them takes a while, in which those who write do not wait.
    """
    profile = _profile(connection, [row_id], "import_entry")
    found: dict[int, tuple[str, Sequence[str]]] = {}
    hashes: set[int] = set()
    new = connection.execute(
        "SELECT i.id, i.media_id, iif(i.subject = '', k.subject, i.subject) FROM import_entry e "
        "JOIN import_item i ON i.id = e.item_id "
        "LEFT JOIN library_item k ON i.subject = '' AND k.digest = i.digest WHERE e.id = ?",
        (row_id,),
    ).fetchall()
    for _ in range(_MOST_LOOKS):
        wanted: set[int] = set()
        for item_id, media_id, subject in new:
            own = item_keys(subject_from(subject), media_id) if subject else ()
            if not found or any(are_one((media_id, own), other) for other in found.values()):
                found[item_id] = media_id, own
                wanted.update(key_hash(key, profile) for key in own)
        wanted -= hashes
        if not wanted:
            break
        hashes |= wanted
        new = connection.execute(_SHARING, (compact(list(wanted)), compact(list(found)))).fetchall()
    return list(found)


def _spread(connection: sqlite3.Connection, alike: Sequence[int]) -> tuple[list[int], list[int]]:
    """What `_alike` found, with the library's items that are the same, and what is staged of these.

    The library knows by now which of its items are one thing.
    """
    kept = [
        one[0]
        for one in connection.execute(
            "SELECT DISTINCT other.id FROM import_item i JOIN library_item own "
            "ON own.digest = i.digest JOIN library_item other ON other.thing = own.thing "
            f"WHERE i.id {_IN}",
            (compact(list(alike)),),
        )
    ]
    staged = connection.execute(
        "SELECT other.id FROM library_item l JOIN import_item other ON other.digest = l.digest "
        f"WHERE l.id {_IN} UNION SELECT other.id FROM import_item i JOIN import_item other "
        f"ON other.digest = i.digest WHERE i.id {_IN}",
        (compact(kept), compact(list(alike))),
    )
    return [one[0] for one in staged], kept
