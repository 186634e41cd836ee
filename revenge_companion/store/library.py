"""The library: what every source says the user watched, rated, wants and loves, merged into one.

Nothing a source says is lost by merging: every line stays as its source gave it, and says in
`shown` and `same_as` whether it stands for itself in the merged view.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import tzinfo

from revenge_companion.core.clock import Clock
from revenge_companion.core.library import (
    OWN,
    Entry,
    Facet,
    Precision,
    Subject,
    source_for,
    source_parts,
    subject_of,
)
from revenge_companion.core.media import Ids, Item, Kind
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import EDITED, compact, item_from_text, moment, plain
from revenge_companion.store.subjects import (
    ENTRY_COLUMNS,
    digest,
    entry_from,
    entry_row,
    item_keys,
    media_key,
    search_text,
    subject_from,
    subject_text,
)
from revenge_companion.store.things import (
    add_keys,
    join_items,
    join_new,
    leave,
    of_items,
    outdate,
    refresh,
    remerge,
)

_FIELDS = ENTRY_COLUMNS.split(", ")
_PUT = (
    f"INSERT INTO library_entry (item_id, source, {ENTRY_COLUMNS}) "
    f"VALUES (?, ?, {', '.join('?' * len(_FIELDS))}) "
    "ON CONFLICT (source, facet, line) DO UPDATE SET item_id = excluded.item_id, run_id = NULL, "
    + ", ".join(f"{name} = excluded.{name}" for name in _FIELDS[2:])
)
#: The episodes of a play's file that counted, and when; a row edited by hand is still the same.
_COUNTED_PARTS = (
    "SELECT json_extract(payload, '$.item.episode_number'), min(counted_us) FROM scrobble "
    f"WHERE play_key = ? AND instr(rule, '{EDITED}') = 0 GROUP BY 1"
)
_DROP_PART = "DELETE FROM library_entry WHERE source = ? AND facet = ? AND line = ?"
#: Counted plays taken over in one transaction.
_ABSORB = 500


class Library:
    """Lines by source, and the merged view of them."""

    def __init__(self, db: Database, clock: Clock, zone: tzinfo | None = None) -> None:
        """`zone` is the user's, for dates without a time; None is the system's own."""
        self._db = db
        self._clock = clock
        self._zone = zone

    async def put(self, source: str, entries: Sequence[Entry]) -> None:
        """Write lines of `source` in place of what it said before; others of it stay."""
        if entries:
            await self._db.run(lambda link: self._put(link, source, entries))

    def _put(self, link: Link, source: str, entries: Sequence[Entry]) -> None:
        with link.atomic():
            write(link.connection, source, entries, self._zone)

    async def drop(self, source: str, facet: Facet, lines: Iterable[str]) -> int:
        """Forget lines that `source` no longer has; how many were there."""
        gone = compact(list(lines))

        def job(link: Link) -> int:
            with link.atomic():
                count = link.connection.execute(
                    "DELETE FROM library_entry WHERE source = ? AND facet = ? "
                    "AND line IN (SELECT value FROM json_each(?))",
                    (source, facet.value, gone),
                ).rowcount
                refresh(link.connection, self._zone)
            return count

        return await self._db.run(job)

    async def absorb(self) -> int:
        """Take over plays this program counted since the last call; how many.

        Counting itself only notes which; this is for who is about to read the library.
        """
        taken = 0
        done = False
        while not done:
            count, done = await self._db.run(self._absorb)
            taken += count
        return taken

    def _absorb(self, link: Link) -> tuple[int, bool]:
        """Take over some; how many, and whether that was all."""
        connection = link.connection
        with link.atomic():
            rows = connection.execute(
                "SELECT d.play_id, p.play_key, p.item, p.started_us, p.counted_us, p.profile_id "
                "FROM library_due d LEFT JOIN play p ON p.id = d.play_id LIMIT ?",
                (_ABSORB,),
            ).fetchall()
            entries: dict[int, list[Entry]] = {}
            for row in rows:
                if row[1] and row[4] is not None:
                    entries.setdefault(row[5], []).extend(_own(connection, *row[1:5]))
            for profile, lines in entries.items():
                outdate(connection, _lay(connection, source_for(OWN, profile), lines))
            # What was taken over before other episodes of the file were told apart.
            written = {entry.line for lines in entries.values() for entry in lines}
            connection.executemany(
                _DROP_PART,
                [
                    (source_for(OWN, row[5]), Facet.HISTORY.value, line)
                    for row in rows
                    if row[1] and row[4] is not None and '"episode_number_end"' in row[2]
                    for line in _lines(row[1], item_from_text(row[2]))
                    if line not in written
                ],
            )
            # What is merged follows at the end: each thing once, not with each of its plays.
            done = len(rows) < _ABSORB and refresh(connection, self._zone, _ABSORB)
            connection.executemany(
                "DELETE FROM library_due WHERE play_id = ?", [row[:1] for row in rows]
            )
        return len(rows), done

    async def lines(self, source: str, facet: Facet) -> dict[str, Entry]:
        """Everything `source` says of a facet, by its lines."""

        def job(link: Link) -> dict[str, Entry]:
            columns = ", ".join(f"e.{name}" for name in _FIELDS)
            rows = link.connection.execute(
                f"SELECT i.subject, i.media_id, {columns} FROM library_entry e "
                "JOIN library_item i ON i.id = e.item_id WHERE e.source = ? AND e.facet = ?",
                (source, facet.value),
            )
            return {row[3]: entry_from(row[2:], subject_from(row[0], row[1])) for row in rows}

        return await self._db.run(job)


def write(
    connection: sqlite3.Connection, source: str, entries: Sequence[Entry], zone: tzinfo | None
) -> None:
    """Write lines of a source and merge what they touch, inside the caller's transaction."""
    remerge(connection, _lay(connection, source, entries), zone)
    refresh(connection, zone, _ABSORB)


def _lay(connection: sqlite3.Connection, source: str, entries: Sequence[Entry]) -> set[int]:
    """Write lines of a source; the things to merge anew."""
    _, profile = source_parts(source)
    (above,) = connection.execute("SELECT coalesce(max(id), 0) FROM library_item").fetchone()
    known: dict[bytes, int] = {}
    rows = []
    for entry in entries:
        text = subject_text(entry.subject)
        name = digest(text, profile)
        if name not in known:
            known[name] = _item(connection, name, text, entry.subject, profile)
        rows.append((known[name], source, *entry_row(entry)))
    # A line that is about something else from now on leaves another item behind.
    moved = [
        row[0]
        for row in connection.execute(
            "SELECT DISTINCT e.item_id FROM json_each(?) j CROSS JOIN library_entry e "
            "ON e.source = ? AND e.facet = json_extract(j.value, '$[0]') "
            "AND e.line = json_extract(j.value, '$[1]')",
            (compact([row[2:4] for row in rows]), source),
        )
    ]
    connection.executemany(_PUT, rows)
    things = join_new(connection, above) | of_items(connection, known.values())
    leave(connection, moved)
    return things


def _item(
    connection: sqlite3.Connection, name: bytes, text: str, subject: Subject, profile: int
) -> int:
    """The id of a subject's item, made where there is none."""
    media_id = plain(subject.media_id)
    row = connection.execute(
        "SELECT id, media_id, chosen FROM library_item WHERE digest = ?", (name,)
    ).fetchone()
    if row is not None:
        if media_id and row[1] != media_id and not row[2]:
            # The server says itself what it is.
            connection.execute(
                "UPDATE library_item SET media_id = ? WHERE id = ?", (media_id, row[0])
            )
            add_keys(connection, row[0], [media_key(media_id)], profile)
            join_items(connection, [row[0]])
        return int(row[0])
    item_id = connection.execute(
        "INSERT INTO library_item (thing, digest, kind, label, search, subject, duration_s, "
        "media_id, profile_id) VALUES (0, ?, ?, ?, ?, ?, ?, ?, ?)",
        (name, subject.kind.value, plain(subject.label), search_text(subject, subject.label), text,
         subject.duration_s, media_id, profile),
    ).lastrowid  # fmt: skip
    assert item_id is not None
    connection.execute("UPDATE library_item SET thing = id WHERE id = ?", (item_id,))
    add_keys(connection, item_id, item_keys(subject, media_id), profile)
    return item_id


def _own(
    connection: sqlite3.Connection, play_key: str, item_text: str, started_us: int, counted_us: int
) -> list[Entry]:
    """The lines of one counted play: one for each episode of its file that counted."""
    item = item_from_text(item_text)
    numbers = item.episode_numbers
    counted = dict.fromkeys(numbers, started_us if item.kind is Kind.TRACK else counted_us)
    if len(numbers) > 1:
        found = dict(connection.execute(_COUNTED_PARTS, (play_key,)).fetchall())
        counted = {number: found[number] for number in numbers if number in found} or counted
    return [
        Entry(
            Facet.HISTORY,
            subject_of(_single(item, place)),
            line,
            moment(counted[number]),
            Precision.SECOND,
        )
        for place, (number, line) in enumerate(zip(numbers, _lines(play_key, item), strict=True))
        if number in counted
    ]


def _lines(play_key: str, item: Item) -> list[str]:
    """The names of a play's lines, one for each episode of its file."""
    more = range(1, len(item.episode_numbers))
    return [play_key, *(f"{play_key}#{place + 1}" for place in more)]


def _single(item: Item, place: int) -> Item:
    """One episode of a file that may hold several."""
    numbers = item.episode_numbers
    if len(numbers) == 1:
        return item
    length = None if item.duration_s is None else item.duration_s / len(numbers)
    single = replace(
        item, episode_number=numbers[place], episode_number_end=None, duration_s=length
    )
    # The file's own ids belong to its first episode.
    return single if place == 0 else replace(single, ids=Ids(), media_id="")
