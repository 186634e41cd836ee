"""What the library says, with what one account says of it and what it was sent: for exports."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from revenge_companion.core.exporting import Judged, Known, Terms, completed
from revenge_companion.core.judging import has_identity, judged, kinds_played
from revenge_companion.core.library import OWN, Facet, Subject, source_parts
from revenge_companion.core.lines import Line
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import compact, micros
from revenge_companion.store.queueing import add_many
from revenge_companion.store.server_items import FROM_ITEMS, ITEM_COLUMNS, item_from
from revenge_companion.store.subjects import LINE_COLUMNS, line_from, subject_from

T = TypeVar("T")

#: Things looked at in one go: about 20 ms.
THINGS = 1000
#: Things of which it is only looked whether there is anything to send: about 30 ms.
_MOST = 5000
#: A date before all others, in microseconds.
_ALWAYS_US = -(1 << 62)

#: What somebody's removal takes back at the others, too.
_TAKEN_BACK = (Facet.RATINGS, Facet.WATCHLIST, Facet.LOVED)

_THING = (
    "SELECT i.thing FROM library_entry e JOIN library_item i ON i.id = e.item_id WHERE e.id = ?"
)
_NEXT = (
    "SELECT DISTINCT i.thing FROM library_item i WHERE i.thing > ? AND i.profile_id = ? "
    "ORDER BY i.thing LIMIT ?"
)
#: As many things as `_MOST`, of which nothing but `_UNSENT` is looked at.
_UP_TO = (
    "SELECT max(thing), count(*) FROM "
    "(SELECT DISTINCT thing FROM library_item WHERE thing > ? AND profile_id = ? "
    "ORDER BY thing LIMIT ?)"
)
#: Things with plays that an account may be sent: more of them than it has lines for, one that may
#: be sent on, of a kind it takes and not too old. What is no play of it is most of a large library,
#: and is told apart here without making a value of any line.
_UNSENT = (
    "SELECT i.thing FROM library_item i JOIN library_entry e ON e.item_id = i.id "
    "AND e.facet = 'history' WHERE i.thing > :after AND i.thing <= :upto "
    "AND i.profile_id = :profile "
    "AND i.kind IN (SELECT value FROM json_each(:kinds)) GROUP BY i.thing "
    "HAVING count(DISTINCT iif(e.shown > 0, e.id, NULL)) > count(DISTINCT iif(e.source = :source, "
    "iif(e.shown > 0, e.id, e.same_as), NULL)) "
    "AND max(e.removed = 0 AND e.source <> :source AND coalesce(e.at_us, :oldest) >= :oldest "
    "AND e.source NOT IN (SELECT value FROM json_each(:withheld))) "
    "AND NOT (:one_play AND max(e.source = :source AND e.removed = 0)) "
    "ORDER BY i.thing LIMIT :limit"
)
_LINES = (
    f"SELECT i.thing, i.id, e.id, e.shown, e.same_as, e.note, {LINE_COLUMNS} "
    "FROM json_each(:things) t CROSS JOIN library_item i ON i.thing = t.value "
    "JOIN library_entry e ON e.item_id = i.id AND e.facet = :facet ORDER BY i.thing, e.id"
)
_SUBJECTS = (
    "SELECT i.id, i.subject, i.media_id FROM library_item i "
    "WHERE i.thing IN (SELECT value FROM json_each(?))"
)
#: A server's own ids are like no other server's, so that it does not matter whose index it is in.
_AT_SERVER = (
    f"SELECT {ITEM_COLUMNS} {FROM_ITEMS} WHERE i.index_id IN (SELECT id FROM server_index) "
    "AND i.media_id IN (SELECT value FROM json_each(?))"
)
#: What an account was sent of these lines by exports, and what became of it. In this order: from
#: the marks' side every mark would be compared with every line.
_MARKED = (
    "SELECT m.source, m.line, m.value, coalesce(d.state, '') FROM json_each(:lines) j "
    "CROSS JOIN export_mark m ON m.account_id = :account AND m.facet = :facet "
    "AND m.source = json_extract(j.value, '$[0]') AND m.line = json_extract(j.value, '$[1]') "
    "LEFT JOIN delivery d ON d.account_id = m.account_id AND d.second = m.second "
    "AND d.key = m.key"
)
#: The deliveries of plays this program counted, and the library each was played from.
_PLAYED = (
    "SELECT j.value, coalesce(d.state, ''), "
    "coalesce((SELECT json_extract(p.item, '$.library_id') FROM play p WHERE p.play_key = j.value),"
    " '') FROM json_each(:plays) j LEFT JOIN scrobble s ON s.play_key = j.value "
    "LEFT JOIN delivery d ON d.account_id = :account AND d.second = s.second AND d.key = s.key "
    "AND d.scrobble_id = s.id"
)
_MARK = (
    "INSERT INTO export_mark (account_id, facet, source, line, value, second, key) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, "
    "second = excluded.second, key = excluded.key"
)


class _Row(NamedTuple):
    """A line, and its place in the merged view."""

    thing: int
    item: int
    id: int
    shown: int
    same_as: int | None
    line: Line


@dataclass(frozen=True, slots=True)
class Queued:
    """A row for the outbox, and the lines it stands for."""

    scrobble: Scrobble
    facet: Facet
    value: str
    lines: tuple[tuple[str, str], ...]


class Exporting:
    """Reads what can be exported, and queues it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(
        self,
        account_id: int,
        facet: Facet,
        terms: Terms,
        after: int,
        work: Callable[[list[tuple[Known, Judged]]], T],
        *,
        sending: bool = False,
    ) -> tuple[T, int | None]:
        """What `work` makes of the next things' lines and their verdicts, on the reading thread.

        With it the thing to go on after, None behind the last. `sending` passes over plays that
        are not to be sent, as far as that is seen at once.
        """

        def unsent(connection: sqlite3.Connection) -> tuple[T, int | None]:
            things, last = _unsent(connection, terms, after)
            found = _found(connection, account_id, terms.source, facet, things) if things else []
            return work([(one, judged(one, terms)) for one in found]), last

        def job(connection: sqlite3.Connection) -> tuple[T, int | None]:
            things = [row[0] for row in connection.execute(_NEXT, (after, terms.profile, THINGS))]
            found = _found(connection, account_id, terms.source, facet, things) if things else []
            made = work([(one, judged(one, terms)) for one in found])
            return made, things[-1] if len(things) == THINGS else None

        return await self._db.read(unsent if sending and facet is Facet.HISTORY else job)

    async def of_line(
        self, account_id: int, facet: Facet, terms: Terms, line_id: int
    ) -> list[tuple[Known, Judged]]:
        """The lines of the thing that a line of the library is about, with their verdicts."""

        def job(connection: sqlite3.Connection) -> list[tuple[Known, Judged]]:
            row = connection.execute(_THING, (line_id,)).fetchone()
            found = (
                [] if row is None else _found(connection, account_id, terms.source, facet, [row[0]])
            )
            return [(one, judged(one, terms)) for one in found]

        return await self._db.read(job)

    async def last_thing(self) -> int:
        """The thing behind which there is none; 0 in an empty library."""
        return await self._db.read(
            lambda connection: int(
                connection.execute("SELECT coalesce(max(thing), 0) FROM library_item").fetchone()[0]
            )
        )

    async def accounts_of(self, services: Sequence[str]) -> list[int]:
        """Every account there is or was at these services."""
        asked = (compact(list(services)),)
        return await self._db.read(
            lambda connection: [
                row[0]
                for row in connection.execute(
                    "SELECT id FROM account WHERE service IN (SELECT value FROM json_each(?))",
                    asked,
                )
            ]
        )

    async def queue(self, account_id: int, rows: Sequence[Queued], now: datetime) -> int:
        """Put rows into the outbox and note what they stand for; how many are new."""
        marks = [
            (
                account_id, row.facet.value, source, line, row.value,
                micros(row.scrobble.started_at) // 1_000_000, row.scrobble.key,
            )
            for row in rows
            for source, line in row.lines
        ]  # fmt: skip

        def job(link: Link) -> int:
            with link.atomic():
                additions = [(row.scrobble, (account_id,)) for row in rows]
                new = add_many(link.connection, additions, now)
                link.connection.executemany(_MARK, marks)
            return new

        return await self._db.run(job)


def _unsent(
    connection: sqlite3.Connection, terms: Terms, after: int
) -> tuple[list[int], int | None]:
    """Things some play of which may have to be sent; the thing to go on after, None at the end."""
    upto, count = connection.execute(_UP_TO, (after, terms.profile, _MOST)).fetchone()
    if upto is None:
        return [], None
    oldest = _ALWAYS_US
    if terms.max_age_s is not None:
        oldest = micros(terms.now - timedelta(seconds=terms.max_age_s))
    values = {
        "after": after, "upto": upto, "source": terms.source, "oldest": oldest,
        "withheld": compact(sorted(terms.withheld)), "one_play": terms.one_play,
        "profile": terms.profile,
        "kinds": compact([kind.value for kind in kinds_played(terms)]), "limit": THINGS + 1,
    }  # fmt: skip
    things = [row[0] for row in connection.execute(_UNSENT, values)]
    if len(things) > THINGS:
        # As many as are judged in one go; the rest of them comes next.
        return things[:THINGS], things[THINGS - 1]
    return things, upto if count == _MOST else None


def _found(
    connection: sqlite3.Connection, account_id: int, source: str, facet: Facet, things: list[int]
) -> list[Known]:
    asked: dict[str, Any] = {
        "things": compact(things), "facet": facet.value, "account": account_id,
    }  # fmt: skip
    lines = [
        _Row._make((*row[:5], line_from(row[6:], note=row[5])))
        for row in connection.execute(_LINES, asked)
    ]
    grouped = [
        (extra, group)
        for _, thing in groupby(lines, key=itemgetter(0))
        for group, extra in _groups(list(thing), source, facet)
    ]
    if not grouped:
        return []
    sent, libraries = _sent(connection, asked, grouped, facet)
    items: dict[int, tuple[str, str]] = {
        row[0]: (row[1], row[2]) for row in connection.execute(_SUBJECTS, (asked["things"],))
    }
    # The ids that other descriptions of the same thing give.
    of_thing: dict[int, list[int]] = {}
    for one in lines:
        known = of_thing.setdefault(one.thing, [])
        if one.item not in known:
            known.append(one.item)
    subjects = []
    for _, group in grouped:
        best = group[0]
        others = [item for item in of_thing[best.thing] if item != best.item]
        subjects.append(
            completed([subject_from(*items[item]) for item in (best.item, *others[:8])])
        )
    result = []
    for (extra, group), subject in zip(grouped, _named(connection, subjects), strict=True):
        said = tuple(one.line for one in group)
        keys = [_play_key(one) for one in said if _is_own(one)]
        result.append(
            Known(
                facet,
                subject,
                said,
                sent=tuple(
                    each
                    for name in (*(one.identity for one in said), *keys)
                    for each in sent.get(name, ())
                ),
                library_id=next((libraries[key] for key in keys if libraries.get(key)), ""),
                **extra,
            )
        )
    return result


def _named(connection: sqlite3.Connection, subjects: Sequence[Subject]) -> list[Subject]:
    """`subjects` with the ids that the server gives for those it has and nobody gave ids for:
    a film of a file without ids that the user said which it is.
    """
    wanted = {one.media_id for one in subjects if one.media_id and not has_identity(one)}
    if not wanted:
        return list(subjects)
    there = {
        row[0]: item_from(row).subject
        for row in connection.execute(_AT_SERVER, (compact(sorted(wanted)),))
    }
    return [
        completed([one, there[one.media_id]])
        if one.media_id in there and not has_identity(one)
        else one
        for one in subjects
    ]


def _groups(
    lines: list[_Row], source: str, facet: Facet
) -> Iterator[tuple[list[_Row], dict[str, Any]]]:
    """The lines of one thing as the merged view has them together, the one that is shown first."""
    groups: dict[int, list[_Row]] = {}
    for one in sorted(lines, key=lambda row: (row.shown == 0, row.id)):
        head = one.id if one.shown else one.same_as
        if head is not None:
            groups.setdefault(head, []).append(one)
    theirs = [one for one in lines if one.line.source == source and not one.line.removed]
    if facet is not Facet.HISTORY:
        for group in groups.values():
            yield group, {}
        grouped = {one.id for group in groups.values() for one in group}
        for one in theirs:
            since = [
                other
                for other in (row.line for row in lines)
                if other.removed
                and other.source != source
                and _after(other, one.line)
                # Who no longer loves something takes back no hate.
                and (facet is not Facet.LOVED or other.loved == one.line.loved)
            ]
            if one.id not in grouped and since and facet in _TAKEN_BACK:
                yield [one], {"taken_back": tuple(since)}
        return
    places: Counter[int | None] = Counter()
    ordered = sorted(groups.values(), key=lambda group: (_when(group[0].line), group[0].id))
    for number, group in enumerate(ordered):
        at = group[0].line.at
        second = None if at is None else micros(at) // 1_000_000
        yield (
            group,
            {
                "place": places[second],
                "has_other": bool(theirs),
                "has_earlier": number > 0,
            },
        )
        places[second] += 1


def _when(line: Line) -> float:
    return float("inf") if line.at is None else line.at.timestamp()


def _after(removed: Line, line: Line) -> bool:
    return line.at is None or (removed.at is not None and removed.at >= line.at)


def _is_own(line: Line) -> bool:
    return source_parts(line.source)[0] == OWN


def _play_key(line: Line) -> str:
    """The play that a line of this program's own is of: a file may hold several episodes."""
    return line.line.partition("#")[0]


def _sent(
    connection: sqlite3.Connection,
    asked: dict[str, Any],
    grouped: Sequence[tuple[dict[str, Any], list[_Row]]],
    facet: Facet,
) -> tuple[dict[Any, list[tuple[str, str]]], dict[str, str]]:
    """What was sent before, by line and by play; and the library of each play."""
    sent: dict[Any, list[tuple[str, str]]] = {}
    libraries: dict[str, str] = {}
    lines = [one.line.identity for _, group in grouped for one in group]
    for source, line, value, state in connection.execute(
        _MARKED, asked | {"lines": compact(lines)}
    ):
        sent.setdefault((source, line), []).append((value, state))
    if facet is Facet.HISTORY:
        plays = {_play_key(one.line) for _, group in grouped for one in group if _is_own(one.line)}
        for key, state, library in connection.execute(
            _PLAYED, asked | {"plays": compact(sorted(plays))}
        ):
            libraries[key] = library
            sent.setdefault(key, []).append(("", state))
    return sent, libraries
