"""Lines of imports as they were read: staged beside the library, and chosen among."""

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from revenge_companion.core.imports import Choice, Unread, Verdict
from revenge_companion.core.library import Entry, Facet, Subject, keys
from revenge_companion.core.matching import Match, NoMatch, wanted_keys
from revenge_companion.core.profiles import FIRST
from revenge_companion.core.reasons import Reason
from revenge_companion.store import bulk
from revenge_companion.store.database import Database, Link
from revenge_companion.store.import_runs import Walk, walks_text
from revenge_companion.store.import_unread import keep
from revenge_companion.store.payload import compact, plain
from revenge_companion.store.subjects import (
    ENTRY_COLUMNS,
    digest,
    entry_row,
    key_hash,
    media_key,
    search_text,
    subject_text,
)

#: Items remembered by a walk, and lines after which it is known whether that is worth while.
_MOST_SEEN = 10_000
_TRIED = 5000

_FIELDS = ENTRY_COLUMNS.split(", ")
_ADD_ITEM = (
    "INSERT INTO import_item (id, run_id, digest, kind, label, search, subject, duration_s, keys, "
    "media_id, reason_code)"
)
_ADD_ENTRY = (
    f"INSERT OR IGNORE INTO import_entry (run_id, item_id, verdict, reason_code, {ENTRY_COLUMNS})"
)
_UPDATE_ENTRY = (
    "UPDATE import_entry SET item_id = ?, verdict = ?, reason_code = ?, "
    + ", ".join(f"{name} = ?" for name in _FIELDS[2:])
    + " WHERE run_id = ? AND facet = ? AND line = ?"
)
#: What the user said of an item in an earlier import holds in this one.
_REMEMBERED = (
    "UPDATE import_item SET media_id = l.media_id, chosen = l.chosen, never = l.never, "
    "reason_code = iif(l.chosen, '', import_item.reason_code) "
    "FROM library_item l WHERE l.digest = import_item.digest AND (l.chosen = 1 OR l.never = 1) "
    "AND import_item.run_id = ? AND import_item.id >= ?"
)
_ANY_SAID = "SELECT 1 FROM library_item WHERE chosen = 1 OR never = 1 LIMIT 1"


@dataclass(frozen=True, slots=True)
class PreparedItem:
    """What some lines are about, ready to be written."""

    digest: bytes
    subject: Subject
    keys: tuple[str, ...]
    #: From `digest` to `keys`, as they are stored.
    columns: tuple[Any, ...]
    #: `Entry.reason` of the first line about it.
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StagedItem:
    """An item that is staged already, with what its lines get."""

    id: int
    verdict: str
    reason: str


class Seen:
    """Items that a walk has staged or prepared, as far as that spares more than it costs.

    Somebody who hears one song a thousand times has it looked up once.
    """

    def __init__(self, profile: int = FIRST) -> None:
        """`profile` is whose library it reads for."""
        self.profile = profile
        self._items: dict[Subject, StagedItem] = {}
        self._asked = self._found = 0

    @property
    def helps(self) -> bool:
        """Whether there is any use in asking."""
        return self._asked <= _TRIED or self._found >= self._asked // 10

    def get(self, subject: Subject, prepared: Mapping[Subject, int]) -> StagedItem | int | None:
        """The item of a subject, or its place among those that are `prepared` beside it."""
        self._asked += 1
        item: StagedItem | int | None = self._items.get(subject)
        if item is None:
            item = prepared.get(subject)
        self._found += item is not None
        return item

    def add(self, subjects: Iterable[Subject], items: Iterable[StagedItem]) -> None:
        if len(self._items) < _MOST_SEEN:
            self._items.update(zip(subjects, items, strict=True))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A page, ready to be matched and written."""

    #: What is new in it.
    items: tuple[PreparedItem, ...]
    #: The values of each line, and what it is about: one of `items`, by its place, or known.
    rows: tuple[tuple[int | StagedItem, tuple[Any, ...]], ...]
    #: The keys to ask the server's catalogue for.
    wanted: list[str]
    #: Whose library it is for.
    profile: int = FIRST


class Preparing:
    """A page that is made ready to be written, some of its lines at a time."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._items: list[PreparedItem] = []
        self._places: dict[bytes, int] = {}
        self._prepared: dict[Subject, int] = {}
        self._rows: list[tuple[int | StagedItem, tuple[Any, ...]]] = []
        self._wanted: dict[str, None] = {}

    def add(self, entries: Iterable[Entry]) -> None:
        """More lines; a thousand take some milliseconds."""
        helps = self._seen.helps
        for entry in entries:
            about = self._seen.get(entry.subject, self._prepared) if helps else None
            if about is None:
                about = self._item(entry)
                if helps:
                    self._prepared[entry.subject] = about
            self._rows.append((about, entry_row(entry)))

    def _item(self, entry: Entry) -> int:
        text = subject_text(entry.subject)
        name = digest(text, self._seen.profile)
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = len(self._items)
            item = _prepared(name, text, entry.subject, entry.reason, self._seen.profile)
            self._items.append(item)
            self._wanted.update(dict.fromkeys(wanted_keys(item.subject, item.keys)))
        return place

    def whole(self) -> Prepared:
        """The page."""
        seen = self._seen
        return Prepared(tuple(self._items), tuple(self._rows), list(self._wanted), seen.profile)


def _prepared(name: bytes, text: str, subject: Subject, reason: str, profile: int) -> PreparedItem:
    own, label = keys(subject), subject.label
    columns = (
        name,
        str(subject.kind),
        plain(label),
        search_text(subject, label),
        text,
        subject.duration_s,
        f"[{','.join([str(key_hash(key, profile)) for key in own])}]",
    )
    return PreparedItem(name, subject, own, columns, reason)


@dataclass(frozen=True, slots=True)
class Staged:
    """What came of staging a page."""

    new: int
    matched: int
    unmatched: int
    #: Of `Prepared.items`, in their order.
    items: tuple[StagedItem, ...] = ()


class ImportLines:
    """Staged lines of every run."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def stage(
        self,
        run_id: int,
        page: Prepared,
        matches: Sequence[Match | NoMatch],
        walks: Mapping[Facet, Walk],
        *,
        total: int | None,
        unread: Sequence[tuple[Facet, Unread]] = (),
    ) -> Staged:
        """Write a page and where the walk goes on, in one transaction.

        `matches` belongs to `page.items`. Lines that were read before (pages overlap) are written
        over and not counted again.
        """
        walks_json = walks_text(walks)

        def job(link: Link) -> Staged:
            connection = link.connection
            with link.atomic():
                done = _stage(connection, run_id, page, matches)
                connection.execute(
                    "UPDATE import_run SET cursors = ?, total = ?, processed = processed + ?, "
                    "matched = matched + ?, failed = failed + ? WHERE id = ?",
                    (walks_json, total, done.new, done.matched, len(unread), run_id),
                )
                if unread:
                    keep(connection, run_id, unread)
            return done

        return await self._db.run(job)

    async def choose(self, run_id: int, row_ids: Sequence[int] | None, choice: Choice) -> None:
        """What the user wants of lines that are not written yet; None for all conflicts."""
        which = (
            "verdict = 'conflict'"
            if row_ids is None
            else "id IN (SELECT value FROM json_each(:ids))"
        )
        values = {"choice": choice.value, "run": run_id, "ids": compact(list(row_ids or ()))}

        def job(link: Link) -> None:
            with link.atomic():
                link.connection.execute(
                    f"UPDATE import_entry SET choice = :choice WHERE run_id = :run AND {which}",
                    values,
                )

        await self._db.run(job)


def _stage(
    connection: sqlite3.Connection,
    run_id: int,
    page: Prepared,
    matches: Sequence[Match | NoMatch],
) -> Staged:
    marks = ", ".join("?" * len(page.items))
    ids: dict[bytes, int] = {}
    #: Items that the user matched by hand.
    chosen: set[int] = set()
    for name, number, by_hand in connection.execute(
        f"SELECT digest, id, chosen FROM import_item WHERE run_id = ? AND digest IN ({marks})",
        (run_id, *(item.digest for item in page.items)),
    ):
        ids[name] = number
        if by_hand:
            chosen.add(number)
    first = int(
        connection.execute("SELECT coalesce(max(id), 0) + 1 FROM import_item").fetchone()[0]
    )
    added: list[tuple[Any, ...]] = []
    for item, match in zip(page.items, matches, strict=True):
        if item.digest in ids:
            continue
        ids[item.digest] = number = first + len(added)
        media_id, reason = ("", match.reason.value) if isinstance(match, NoMatch) else (
            plain(match.media_id), ""
        )  # fmt: skip
        columns = item.columns
        if media_id:
            columns = (
                *columns[:-1],
                _with(columns[-1], key_hash(media_key(media_id), page.profile)),
            )
        added.append((number, run_id, *columns, media_id, reason))
    bulk.insert(connection, _ADD_ITEM, added)
    if (
        added
        and connection.execute(_ANY_SAID).fetchone()
        and connection.execute(_REMEMBERED, (run_id, first)).rowcount
    ):
        said = connection.execute(
            "SELECT id FROM import_item WHERE run_id = ? AND id >= ? AND chosen", (run_id, first)
        )
        chosen.update(row[0] for row in said)
    items = []
    for item, match in zip(page.items, matches, strict=True):
        number = ids[item.digest]
        fate = (Verdict.NEW.value, "") if number in chosen else _fate(match)
        items.append(StagedItem(number, *fate))
    # Pages overlap, also those of one call: the last word on a line counts.
    rows: dict[tuple[str, str], tuple[Any, ...]] = {}
    for about, values in page.rows:
        one = items[about] if isinstance(about, int) else about
        rows[values[0], values[1]] = (run_id, one.id, one.verdict, one.reason, *values)
    new = _new(connection, run_id, rows)
    return Staged(
        len(new),
        sum(not row[3] for row in new),
        sum(row[2] == Verdict.UNMATCHED for row in new),
        tuple(items),
    )


def _with(keys: str, more: int) -> str:
    """A JSON list of numbers with one more."""
    return f"{keys[:-1]}{',' if len(keys) > 2 else ''}{more}]"


def _new(
    connection: sqlite3.Connection, run_id: int, rows: Mapping[tuple[str, str], tuple[Any, ...]]
) -> Collection[tuple[Any, ...]]:
    """Write lines, by (facet, name); those of them that the run had not read before."""
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM import_entry").fetchone()
    if bulk.insert(connection, _ADD_ENTRY, list(rows.values())) == len(rows):
        return rows.values()
    added = set(
        connection.execute(
            "SELECT facet, line FROM import_entry WHERE id > ? AND run_id = ?", (last, run_id)
        ).fetchall()
    )
    connection.executemany(
        _UPDATE_ENTRY,
        [(*row[1:4], *row[6:], row[0], *line) for line, row in rows.items() if line not in added],
    )
    return [row for line, row in rows.items() if line in added]


def _fate(match: Match | NoMatch) -> tuple[str, str]:
    if isinstance(match, Match):
        return Verdict.NEW.value, ""
    # What the server has no place for is not missing there: nobody could ever match it.
    if match.reason is Reason.SERVER_LACKS_KIND:
        return Verdict.NEW.value, match.reason.value
    return Verdict.UNMATCHED.value, match.reason.value
