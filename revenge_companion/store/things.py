"""Which items of the library are one thing, and the merged view of what is said of it.

Both are functions of the items and entries that are there, whatever brought them and in whatever
order, so that taking an import back leaves what would be there without it. What is here runs on
the writer thread, inside the caller's transaction.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from revenge_companion.core.aligning import represented
from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.core.lines import Line
from revenge_companion.core.matching import same_thing
from revenge_companion.core.merging import merge, one_play, reach_s
from revenge_companion.store.payload import compact
from revenge_companion.store.subjects import (
    LINE_COLUMNS,
    item_keys,
    key_hash,
    line_from,
    subject_from,
)

#: What is said of a subject: its item at the server ("" for none), and its keys. Two that are said
#: alike are the same thing.
_Said = tuple[str, tuple[str, ...]]

#: Things whose lines are read at once.
_CHUNK = 400

#: New items that share a key with another, new or not.
_SHARING = (
    "SELECT DISTINCT a.item_id FROM library_key a WHERE a.item_id > ? AND EXISTS "
    "(SELECT 1 FROM library_key b WHERE b.key = a.key AND b.item_id <> a.item_id)"
)
#: What some items share keys with: one item of each thing, and how many of it there are.
_MET = (
    "SELECT a.item_id, min(b.item_id), i.thing, count(DISTINCT b.item_id) FROM json_each(?) n "
    "CROSS JOIN library_key a ON a.item_id = n.value "
    "JOIN library_key b ON b.key = a.key AND b.item_id <> a.item_id "
    "JOIN library_item i ON i.id = b.item_id GROUP BY a.item_id, i.thing"
)
#: All that an item shares keys with of one thing.
_MET_OF = (
    "SELECT DISTINCT b.item_id FROM library_key a JOIN library_key b ON b.key = a.key "
    "JOIN library_item i ON i.id = b.item_id AND i.thing = ? WHERE a.item_id = ?"
)
_OF_THINGS = (
    f"SELECT i.thing, i.kind, i.duration_s, e.facet, e.id, e.shown, e.same_as, {LINE_COLUMNS} "
    "FROM json_each(?) t CROSS JOIN library_item i ON i.thing = t.value "
    "JOIN library_entry e ON e.item_id = i.id ORDER BY i.thing, e.facet, e.id"
)
#: Of some things, those in which one line can stand in another's way. Most are none: they are
#: played, once or often, and one source says so.
_MEETING = (
    "SELECT i.thing FROM json_each(?) t CROSS JOIN library_item i ON i.thing = t.value "
    "JOIN library_entry e ON e.item_id = i.id GROUP BY i.thing "
    "HAVING count(DISTINCT e.source) > 1 "
    "OR (sum(e.facet = 'watchlist') AND sum(e.facet = 'history')) "
    "OR sum(e.facet <> 'history') > count(DISTINCT nullif(e.facet, 'history'))"
)
_SHOWN = "iif(e.removed, 0, iif(e.facet = 'history', e.plays, 1))"
#: In all others every line stands for itself.
_ALONE = (
    f"UPDATE library_entry AS e SET shown = {_SHOWN}, same_as = NULL "
    "WHERE e.item_id IN (SELECT i.id FROM json_each(:things) t "
    "CROSS JOIN library_item i ON i.thing = t.value "
    "WHERE t.value NOT IN (SELECT value FROM json_each(:meeting))) "
    f"AND (e.same_as IS NOT NULL OR e.shown <> {_SHOWN})"
)


def join_new(connection: sqlite3.Connection, above_id: int) -> set[int]:
    """Put items with ids above `above_id`, whose keys are there, together with what they share
    keys with; the things that grew.
    """
    return _join(connection, [row[0] for row in connection.execute(_SHARING, (above_id,))])


def join_items(connection: sqlite3.Connection, ids: Sequence[int]) -> set[int]:
    """As `join_new`, for these items."""
    return _join(connection, ids)


def _join(connection: sqlite3.Connection, ids: Sequence[int]) -> set[int]:
    if not ids:
        return set()
    items = _Items(connection, ids)
    roots: dict[int, int] = {}
    # A film that was played from a thousand files is looked at once.
    first: dict[tuple[int, _Said], int] = {}
    for item_id in ids:
        like = first.setdefault((items.profile(item_id), items.said(item_id)), item_id)
        _unite(roots, items.thing(like), items.thing(item_id))
    met = connection.execute(_MET, (compact(list(first.values())),)).fetchall()
    for one, other, thing, count in met:
        if _root(roots, items.thing(one)) == _root(roots, thing):
            continue
        others = [other]
        if count > 1 and not are_one(items.said(one), items.said(other)):
            others = [row[0] for row in connection.execute(_MET_OF, (thing, one)) if row[0] != one]
        if any(are_one(items.said(one), items.said(each)) for each in others):
            _unite(roots, items.thing(one), thing)
    moved = [(_root(roots, thing), thing) for thing in roots if _root(roots, thing) != thing]
    connection.executemany("UPDATE library_item SET thing = ? WHERE thing = ?", moved)
    return {root for root, _ in moved}


class _Items:
    """Items of the library by their ids; those that are asked for without notice are read alone."""

    def __init__(self, connection: sqlite3.Connection, ids: Sequence[int]) -> None:
        self._connection = connection
        self._rows: dict[int, tuple[int, int, str, str]] = {}
        self._known: dict[int, _Said] = {}
        self._read(ids)

    def thing(self, item_id: int) -> int:
        return self._row(item_id)[0]

    def profile(self, item_id: int) -> int:
        return self._row(item_id)[1]

    def said(self, item_id: int) -> _Said:
        """What `are_one` compares."""
        known = self._known.get(item_id)
        if known is None:
            *_, media_id, subject = self._row(item_id)
            known = self._known[item_id] = media_id, item_keys(subject_from(subject), media_id)
        return known

    def _row(self, item_id: int) -> tuple[int, int, str, str]:
        if item_id not in self._rows:
            self._read([item_id])
        return self._rows[item_id]

    def _read(self, ids: Sequence[int]) -> None:
        for row in self._connection.execute(
            "SELECT id, thing, profile_id, media_id, subject FROM library_item "
            "WHERE id IN (SELECT value FROM json_each(?))",
            (compact(list(ids)),),
        ):
            self._rows[row[0]] = row[1:]


def are_one(one: tuple[str, Sequence[str]], other: tuple[str, Sequence[str]]) -> bool:
    """Whether two subjects are the same thing, each as its item at the server and its keys."""
    # What the server's own item is comes first: the user may have said so.
    return (one[0] != "" and one[0] == other[0]) or same_thing(one[1], other[1])


def _root(roots: dict[int, int], thing: int) -> int:
    while (above := roots.get(thing, thing)) != thing:
        thing = above
    return thing


def _unite(roots: dict[int, int], one: int, other: int) -> None:
    first, second = _root(roots, one), _root(roots, other)
    roots[first] = roots[second] = min(first, second)


def regroup(connection: sqlite3.Connection, things: Iterable[int]) -> set[int]:
    """Look again which items of `things` belong together, after some have gone; all their things.

    Removing only parts what was one.
    """
    rows = connection.execute(
        "SELECT thing, id, subject, media_id FROM library_item "
        "WHERE thing IN (SELECT value FROM json_each(?)) ORDER BY thing, id",
        (compact(list(things)),),
    ).fetchall()
    found: set[int] = set()
    moved = []
    for thing, items in groupby(rows, key=itemgetter(0)):
        known: dict[tuple[_Said, int], list[int]] = {}
        for _, item_id, subject, media_id in items:
            said = media_id, item_keys(subject_from(subject), media_id)
            # What has no keys is like nothing else.
            known.setdefault((said, 0 if said[1] else item_id), []).append(item_id)
        roots: dict[int, int] = {}
        for at, ((one, _), ids) in enumerate(known.items()):
            for (other, _), others in islice(known.items(), at):
                if not set(one[1]).isdisjoint(other[1]) and are_one(one, other):
                    _unite(roots, ids[0], others[0])
        for ids in known.values():
            root = _root(roots, ids[0])
            found.add(root)
            moved += [(root, item_id) for item_id in ids if root != thing]
    connection.executemany("UPDATE library_item SET thing = ? WHERE id = ?", moved)
    return found


def add_keys(
    connection: sqlite3.Connection, item_id: int, own: Iterable[str], profile: int
) -> None:
    """Find an item of the profile's library by these keys, too."""
    connection.executemany(
        "INSERT OR IGNORE INTO library_key (key, item_id) VALUES (?, ?)",
        [(key_hash(key, profile), item_id) for key in own],
    )


def of_items(connection: sqlite3.Connection, ids: Iterable[int]) -> set[int]:
    """The things that items belong to."""
    rows = connection.execute(
        "SELECT DISTINCT thing FROM library_item WHERE id IN (SELECT value FROM json_each(?))",
        (compact(list(ids)),),
    )
    return {int(row[0]) for row in rows}


def leave(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Lines have moved away from these items: those without any go, unless an undo needs them."""
    left = compact(list(ids))
    connection.execute(
        "INSERT INTO library_stale (thing) SELECT thing FROM library_item "
        "WHERE id IN (SELECT value FROM json_each(?)) "
        "ON CONFLICT (thing) DO UPDATE SET parted = 1",
        (left,),
    )
    connection.execute(
        "DELETE FROM library_item WHERE id IN (SELECT value FROM json_each(?)) "
        "AND NOT EXISTS (SELECT 1 FROM library_entry WHERE item_id = library_item.id) "
        "AND NOT EXISTS (SELECT 1 FROM import_entry WHERE before_item = library_item.id)",
        (left,),
    )


def refresh(connection: sqlite3.Connection, zone: tzinfo | None, most: int = -1) -> bool:
    """Bring the merged view up to date where lines have come or gone (`library_stale`).

    With `most` for so many things only; True where none are left.
    """
    stale = connection.execute(
        "SELECT thing, parted FROM library_stale LIMIT ?", (most,)
    ).fetchall()
    if stale:
        parted = [thing for thing, gone in stale if gone]
        things = {thing for thing, _ in stale}
        remerge(connection, things | regroup(connection, parted), zone)
        connection.executemany(
            "DELETE FROM library_stale WHERE thing = ?", [(thing,) for thing in things]
        )
    return len(stale) != most


def outdate(connection: sqlite3.Connection, things: Iterable[int]) -> None:
    """Lines of `things` have come: `refresh` merges them anew."""
    connection.executemany(
        "INSERT OR IGNORE INTO library_stale (thing, parted) VALUES (?, 0)",
        [(thing,) for thing in things],
    )


def meeting(connection: sqlite3.Connection, things: Sequence[int]) -> list[int]:
    """Those of `things` in which one line can stand in another's way."""
    return [row[0] for row in connection.execute(_MEETING, (compact(list(things)),))]


def remerge(connection: sqlite3.Connection, things: Iterable[int], zone: tzinfo | None) -> None:
    """Write the merged view of `things` anew; `zone` is the user's (`core.merging.merge`)."""
    every = sorted(things)
    for at in range(0, len(every), _CHUNK):
        chunk = compact(every[at : at + _CHUNK])
        met = compact(meeting(connection, every[at : at + _CHUNK]))
        connection.execute(_ALONE, {"things": chunk, "meeting": met})
        rows = connection.execute(_OF_THINGS, (met,)).fetchall()
        changes: list[tuple[int, int | None, int]] = []
        for _, of_thing in groupby(rows, key=itemgetter(0)):
            changes += _changes(list(of_thing), zone)
        if changes:
            connection.executemany(
                "UPDATE library_entry SET shown = ?, same_as = ? WHERE id = ?", changes
            )


def _changes(
    rows: list[tuple[Any, ...]], zone: tzinfo | None
) -> Iterator[tuple[int, int | None, int]]:
    """What the merged view says otherwise of the entries of one thing: shown, same_as, id."""
    kind = SubjectKind(rows[0][1])
    duration_s = max((row[2] for row in rows if row[2] is not None), default=None)
    if len(rows) == 2 and rows[0][3] == rows[1][3] == Facet.HISTORY:
        # Most things were watched once, and two sources say so: that needs no merging.
        two = [line_from(row[7:]) for row in rows]
        same = one_play(two[0], two[1], reach_s(kind, duration_s))
        if same is not None:
            best = two.index(represented(two))
            for at, row in enumerate(rows):
                twin = (0, rows[best][4]) if same and at != best else (1, None)
                if (row[5], row[6]) != twin:
                    yield twin[0], twin[1], row[4]
            return
    lines: dict[str, list[tuple[Line, tuple[Any, ...]]]] = {}
    for row in rows:
        lines.setdefault(row[3], []).append((line_from(row[7:]), row))
    plays = [line for line, _ in lines.get(Facet.HISTORY, ())]
    for facet, known in lines.items():
        ids = {line.identity: row[4] for line, row in known}
        says: dict[int, tuple[int, int | None]] = {}
        for one in merge(
            Facet(facet),
            [line for line, _ in known],
            kind=kind,
            duration_s=duration_s,
            zone=zone,
            plays=plays if facet == Facet.WATCHLIST else (),
        ):
            best = ids[one.line.identity]
            says[best] = (one.plays, None)
            for line in one.same:
                says[ids[line.identity]] = (0, best)
        for _, row in known:
            shown, same_as = says.get(row[4], (0, None))
            if (row[5], row[6]) != (shown, same_as):
                yield shown, same_as, row[4]
