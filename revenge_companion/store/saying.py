"""The user's word about one thing, written among what the sources say, and taken out again."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from revenge_companion.core.library import OWN, Entry, Facet, Subject, source_for
from revenge_companion.core.profiles import FIRST
from revenge_companion.core.saying import Word
from revenge_companion.store.database import Database, Link
from revenge_companion.store.library import write
from revenge_companion.store.payload import compact, moment
from revenge_companion.store.subjects import ENTRY_COLUMNS, entry_from, subject_from
from revenge_companion.store.things import refresh, remerge

_ABOUT = (
    "SELECT i.thing, i.subject, i.media_id FROM library_entry e "
    "JOIN library_item i ON i.id = e.item_id WHERE e.id = ?"
)
_OF_THING = (
    "FROM library_entry e JOIN library_item i ON i.id = e.item_id WHERE i.thing = ? AND e.facet = ?"
)
_STANDS = (
    "SELECT e.rating, e.loved FROM library_entry l JOIN library_item k ON k.id = l.item_id "
    "JOIN library_item i ON i.thing = k.thing JOIN library_entry e ON e.item_id = i.id "
    "WHERE l.id = ? AND e.facet = ? AND e.shown > 0"
)
_COLUMNS = ", ".join(f"e.{name}" for name in ENTRY_COLUMNS.split(", "))
_OWN_LINE = (
    f"SELECT i.subject, i.media_id, {_COLUMNS} FROM library_entry e "
    "JOIN library_item i ON i.id = e.item_id WHERE e.source = ? AND e.facet = ? AND e.line = ?"
)
_PREFER = "UPDATE library_entry SET preferred = ? WHERE id IN (SELECT value FROM json_each(?))"
_DELIVERY = "SELECT id FROM delivery WHERE account_id = ? AND second = ? AND key = ?"


@dataclass(frozen=True, slots=True)
class Written:
    """A word that was written, and what stood there before it."""

    entry: Entry
    #: The user's own source, and its line that now holds the word.
    source: str
    line_id: int
    #: The user's earlier word; None where there was none.
    before: Entry | None
    #: Lines that the user had called right in a conflict, which this word settles anew.
    preferred: tuple[int, ...]


class OwnWords:
    """Writes the user's words."""

    def __init__(
        self,
        db: Database,
        zone: tzinfo | None = None,
        profile: Callable[[], int] = lambda: FIRST,
    ) -> None:
        """`zone` is the user's, for dates without a time; None is the system's own.

        `profile` is the active one, whose words are written.
        """
        self._db = db
        self._profile = profile
        self._zone = zone

    async def about(self, line_id: int) -> Subject | None:
        """What a line of the library is about; None where there is no such line any more."""

        def job(connection: sqlite3.Connection) -> Subject | None:
            row = connection.execute(_ABOUT, (line_id,)).fetchone()
            return None if row is None else subject_from(row[1], row[2])

        return await self._db.read(job)

    async def stands(self, line_id: int, facet: Facet) -> Word | None:
        """What the library says of that facet of a line's thing, all sources together."""

        def job(connection: sqlite3.Connection) -> Word | None:
            row = connection.execute(_STANDS, (line_id, facet.value)).fetchone()
            return None if row is None else Word(facet, rating=row[0], loved=bool(row[1]))

        return await self._db.read(job)

    async def write(
        self, line_id: int, facet: Facet, entry_of: Callable[[Subject, Sequence[datetime]], Entry]
    ) -> Written | None:
        """Write what `entry_of` makes of the line's thing and the dates known of it there.

        None where there is no such line any more.
        """
        source = source_for(OWN, self._profile())

        def job(link: Link) -> Written | None:
            connection = link.connection
            with link.atomic():
                row = connection.execute(_ABOUT, (line_id,)).fetchone()
                if row is None:
                    return None
                thing = row[0]
                known = connection.execute(
                    f"SELECT e.at_us {_OF_THING} AND e.at_us IS NOT NULL", (thing, facet.value)
                )
                dates = [moment(found[0]) for found in known]
                entry = entry_of(subject_from(row[1], row[2]), dates)
                before = _own(connection, source, facet, entry.line)
                preferred = [
                    found[0]
                    for found in connection.execute(
                        f"SELECT e.id {_OF_THING} AND e.preferred > 0", (thing, facet.value)
                    )
                ]
                connection.execute(_PREFER, (0, compact(preferred)))
                write(connection, source, [entry], self._zone)
                (made,) = connection.execute(
                    "SELECT id FROM library_entry WHERE source = ? AND facet = ? AND line = ?",
                    (source, facet.value, entry.line),
                ).fetchone()
            return Written(entry, source, made, before, tuple(preferred))

        return await self._db.run(job)

    async def restore(self, written: Written) -> bool:
        """Put back what stood there before; False where something else was said since."""

        def job(link: Link) -> bool:
            connection, facet = link.connection, written.entry.facet
            source = written.source
            with link.atomic():
                if not _says(_own(connection, source, facet, written.entry.line), written.entry):
                    return False
                (thing,) = connection.execute(
                    "SELECT i.thing FROM library_entry e JOIN library_item i ON i.id = e.item_id "
                    "WHERE e.id = ?",
                    (written.line_id,),
                ).fetchone()
                connection.execute(_PREFER, (1, compact(list(written.preferred))))
                if written.before is not None:
                    write(connection, source, [written.before], self._zone)
                else:
                    connection.execute(
                        "DELETE FROM library_entry WHERE source = ? AND facet = ? AND line = ?",
                        (source, facet.value, written.entry.line),
                    )
                    refresh(connection, self._zone)
                remerge(connection, [thing], self._zone)
            return True

        return await self._db.run(job)

    async def deliveries(self, account_id: int, second: int, key: str) -> list[int]:
        """The deliveries of one change to an account, by the key it was queued under."""
        return await self._db.run(
            lambda link: [
                row[0] for row in link.connection.execute(_DELIVERY, (account_id, second, key))
            ]
        )


def _says(one: Entry | None, other: Entry) -> bool:
    """Whether a line still says what was written; its thing may have got other ids since."""
    if one is None:
        return False
    return (one.at, one.rating, one.loved, one.removed) == (
        other.at, other.rating, other.loved, other.removed,
    )  # fmt: skip


def _own(connection: sqlite3.Connection, source: str, facet: Facet, line: str) -> Entry | None:
    """What the user's own line of that name says."""
    row: tuple[Any, ...] | None = connection.execute(
        _OWN_LINE, (source, facet.value, line)
    ).fetchone()
    return None if row is None else entry_from(row[2:], subject_from(row[0], row[1]))
