"""What each staged line would change: worked out when all are read, and nothing is written."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Any

from revenge_companion.core.aligning import represented
from revenge_companion.core.imports import Verdict
from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.core.lines import Line, Shown, second_of
from revenge_companion.core.merging import differs, merge, one_play, reach_s
from revenge_companion.core.reasons import Reason
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import compact
from revenge_companion.store.subjects import (
    ENTRY_COLUMNS,
    LINE_COLUMNS,
    item_keys,
    line_from,
    subject_from,
)
from revenge_companion.store.things import are_one

#: Staged items that are compared at a time.
_ITEMS = 400

_FIELDS = ENTRY_COLUMNS.split(", ")
_OF_ENTRY = ", ".join(f"e.{name}" for name in _FIELDS)
_STAGED = LINE_COLUMNS.replace("e.source", ":source").replace("e.preferred", "0")
_BATCH = "+e.run_id = :run AND e.id > :after AND e.id <= :upto"
#: Lines that the source said before in the same words.
_SAME = (
    "UPDATE import_entry AS e SET verdict = 'there', reason_code = '' FROM library_entry l "
    "WHERE l.source = :source AND l.facet = e.facet AND l.line = e.line "
    f"AND {' AND '.join(f'l.{name} IS e.{name}' for name in _FIELDS[2:])} AND {_BATCH}"
)
#: Ratings, wishes and loves that it said before. What it says anew is later than what it said,
#: whatever its clock says; what it says again has the later date, or with `keep` the one it had.
#: That it shows another scale from now on says nothing.
_AGAIN = (
    "l.removed = 0 AND e.removed = 0 AND (l.rating IS e.rating OR l.steps <> e.steps) "
    "AND l.loved = e.loved"
)
_DATES = (
    f"UPDATE import_entry AS e SET precision = iif({_AGAIN}, l.precision, e.precision), "
    f"at_us = iif({_AGAIN}, iif(:keep, l.at_us, max(e.at_us, l.at_us)), "
    "max(e.at_us, l.at_us + 1000000)) FROM library_entry l "
    "WHERE l.source = :source AND l.facet = e.facet AND l.line = e.line AND e.removed = 0 "
    "AND e.facet IN ('ratings', 'watchlist', 'loved') "
    "AND l.at_us IS NOT NULL AND e.at_us IS NOT NULL "
    f"AND (:keep OR e.at_us < l.at_us OR NOT ({_AGAIN})) AND {_BATCH}"
)
#: A line that it did not say before in the same words.
_UNSAID = (
    "SELECT 1 FROM import_entry e WHERE e.run_id = :run AND NOT EXISTS (SELECT 1 "
    "FROM library_entry l WHERE l.source = :source AND l.facet = e.facet AND l.line = e.line "
    f"AND {' AND '.join(f'l.{name} IS e.{name}' for name in _FIELDS[2:])}) LIMIT 1"
)
#: Lines that it said before in other words.
_CHANGED = (
    "UPDATE import_entry AS e SET reason_code = :reason, facts = :facts, "
    f"ours = json_array({', '.join(f'l.{name}' for name in _FIELDS)}) FROM library_entry l "
    "WHERE l.source = :source AND l.facet = e.facet AND l.line = e.line "
    f"AND e.verdict = 'new' AND {_BATCH}"
)
#: Items, the items of the library that they share hashes of keys with, and whether they share all
#: of theirs, so that none can contradict.
_MEETING = (
    "SELECT i.id, l.id, l.thing, count(*) = json_array_length(i.keys) FROM json_each(:items) n "
    "CROSS JOIN import_item i ON i.id = n.value, json_each(i.keys) j "
    "JOIN library_key k ON k.key = j.value JOIN library_item l ON l.id = k.item_id "
    "GROUP BY i.id, l.id"
)
_OURS = (
    f"SELECT i.thing, i.kind, i.duration_s, e.facet, json_array({_OF_ENTRY}), {LINE_COLUMNS} "
    "FROM json_each(?) t CROSS JOIN library_item i ON i.thing = t.value "
    "JOIN library_entry e ON e.item_id = i.id"
)
_THEIRS = (
    f"SELECT e.item_id, e.id, e.verdict, e.facet, {_STAGED} FROM json_each(:items) j "
    "CROSS JOIN import_entry e ON e.item_id = j.value AND e.choice <> 'skip'"
)

#: Lines of one facet by their identities, with what goes with them.
_Known = dict[str, dict[tuple[str, str], tuple[Line, Any]]]


class ImportVerdicts:
    """Compares the lines of a run with the library."""

    def __init__(self, db: Database, zone: tzinfo | None = None) -> None:
        """`zone` is the user's, for dates without a time; None is the system's own."""
        self._db = db
        self._zone = zone

    async def same(
        self, run_id: int, after_id: int, batch: int, *, keep_dates: bool = False
    ) -> int | None:
        """Look which lines behind the row `after_id` the source said before; where to go on.

        None at the end. Doing it twice gives the same, as with `compare`: a crash in between costs
        nothing. With `keep_dates` a rating is dated as it was when the source first gave it.
        """

        def job(link: Link) -> int | None:
            connection = link.connection
            upto, count = connection.execute(
                "SELECT max(id), count(*) FROM (SELECT id FROM import_entry "
                "WHERE +run_id = ? AND id > ? ORDER BY id LIMIT ?)",
                (run_id, after_id, batch),
            ).fetchone()
            (source,) = connection.execute(
                "SELECT source FROM import_run WHERE id = ?", (run_id,)
            ).fetchone()
            said = "SELECT 1 FROM library_entry WHERE source = ? LIMIT 1"
            if not count or connection.execute(said, (source,)).fetchone() is None:
                return None
            values = {
                "run": run_id, "after": after_id, "upto": upto, "source": source,
                "keep": keep_dates,
                "reason": Reason.CHANGED_AT_SOURCE.value, "facts": compact({"source": source}),
            }  # fmt: skip
            with link.atomic():
                connection.execute(_DATES, values)
                connection.execute(_SAME, values)
                connection.execute(_CHANGED, values)
            return int(upto) if count == batch else None

        return await self._db.run(job)

    async def all_said(self, run_id: int, source: str) -> bool:
        """Whether the library has every line of the run as this very source said it before."""
        values = {"run": run_id, "source": source}
        found = await self._db.read(lambda link: link.execute(_UNSAID, values).fetchone())
        return found is None

    async def compare(self, run_id: int, after_item: int) -> int | None:
        """Compare lines about the next things with the library; where to go on, None at the end.

        Each thing once with all its lines, whichever page they came from.
        """

        def next_of(connection: sqlite3.Connection) -> tuple[list[tuple[Any, ...]], int | None]:
            items = _next_items(connection, run_id, after_item)
            last = items[-1] if len(items) == _ITEMS else None
            return _compared(connection, run_id, items, self._zone), last

        found, last = await self._db.read(next_of)
        await self._keep(found)
        return last

    async def compare_matched(self, row_id: int) -> None:
        """Compare what a line of a preview is about anew: it has just become an item."""

        def matched(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
            items = connection.execute(
                "SELECT o.run_id, o.id FROM import_entry e JOIN import_item i ON i.id = e.item_id "
                "JOIN import_run r ON r.id = e.run_id AND r.state = 'preview' "
                "JOIN import_item o ON o.run_id = e.run_id AND o.media_id = i.media_id "
                "WHERE e.id = ? AND i.media_id <> ''",
                (row_id,),
            ).fetchall()
            if not items:
                return []
            return _compared(connection, items[0][0], [row[1] for row in items], self._zone)

        await self._keep(await self._db.read(matched))

    async def _keep(self, verdicts: Sequence[tuple[Any, ...]]) -> None:
        def job(link: Link) -> None:
            with link.atomic():
                link.connection.executemany(
                    "UPDATE import_entry SET verdict = ?, reason_code = ?, facts = ?, ours = ? "
                    "WHERE id = ? AND verdict <> 'there'",
                    verdicts,
                )

        if verdicts:
            await self._db.run(job)


def _next_items(connection: sqlite3.Connection, run_id: int, after_item: int) -> list[int]:
    if connection.execute("SELECT 1 FROM library_entry LIMIT 1").fetchone() is None:
        return []
    return [
        row[0]
        for row in connection.execute(
            # Most of what a sync reads again is there already, word for word.
            "SELECT id FROM import_item i WHERE run_id = ? AND id > ? AND EXISTS "
            "(SELECT 1 FROM import_entry e WHERE e.item_id = i.id AND e.verdict <> 'there') "
            "ORDER BY id LIMIT ?",
            (run_id, after_item, _ITEMS),
        )
    ]


def _compared(
    connection: sqlite3.Connection, run_id: int, items: Sequence[int], zone: tzinfo | None
) -> list[tuple[Any, ...]]:
    """New verdicts for the lines about these items."""
    values = {
        "items": compact(list(items)),
        "source": connection.execute(
            "SELECT source FROM import_run WHERE id = ?", (run_id,)
        ).fetchone()[0],
    }
    things = _things(connection, values)
    ours: dict[int, _Known] = {}
    about: dict[int, tuple[str, float | None]] = {}
    for row in connection.execute(_OURS, (compact(list(things)),)):
        line = line_from(row[5:])
        ours.setdefault(row[0], {}).setdefault(row[3], {})[line.identity] = line, row[4]
        lengths = (row[2], about.get(row[0], ("", None))[1])
        longest = max((length for length in lengths if length is not None), default=None)
        about[row[0]] = row[1], longest
    theirs: dict[int, list[tuple[Any, ...]]] = {}
    wanted = compact(list({item for its in things.values() for item in its}))
    for row in connection.execute(_THEIRS, {**values, "items": wanted}):
        theirs.setdefault(row[0], []).append(row)
    verdicts: list[tuple[Any, ...]] = []
    for thing, its in things.items():
        # A thing without lines is only kept for an undo.
        if thing in ours:
            staged = [row for item in its for row in theirs.get(item, ())]
            kind, duration_s = about[thing]
            verdicts += _of_thing(ours[thing], staged, SubjectKind(kind), duration_s, zone)
    return verdicts


def _things(connection: sqlite3.Connection, values: dict[str, Any]) -> dict[int, list[int]]:
    """The things of the library that staged items are, with these items."""
    pairs = connection.execute(_MEETING, values).fetchall()
    unsure = [pair for pair in pairs if not pair[3]]
    staged = _keys(connection, "import_item", [pair[0] for pair in unsure])
    kept = _keys(connection, "library_item", [pair[1] for pair in unsure])
    found: dict[int, list[int]] = {}
    for item, other, thing, sure in pairs:
        its = found.get(thing, ())
        if item not in its and (sure or are_one(staged[item], kept[other])):
            found.setdefault(thing, []).append(item)
    return found


def _keys(
    connection: sqlite3.Connection, table: str, ids: Iterable[int]
) -> dict[int, tuple[str, Sequence[str]]]:
    """What `are_one` compares, of items of a table."""
    rows = connection.execute(
        f"SELECT id, media_id, subject FROM {table} WHERE id IN (SELECT value FROM json_each(?))",
        (compact(list(set(ids))),),
    )
    return {row[0]: (row[1], item_keys(subject_from(row[2]), row[1])) for row in rows}


def _of_thing(
    ours: _Known,
    staged: Sequence[tuple[Any, ...]],
    kind: SubjectKind,
    duration_s: float | None,
    zone: tzinfo | None,
) -> list[tuple[Any, ...]]:
    """New verdicts for the `staged` lines about one thing."""
    theirs: _Known = {}
    unmatched = set()
    for row in staged:
        line = line_from(row[4:])
        theirs.setdefault(row[3], {})[line.identity] = line, row[1]
        if row[2] == Verdict.UNMATCHED:
            unmatched.add(row[1])
    result: list[tuple[Any, ...]] = []
    for facet, lines in theirs.items():
        before = ours.get(facet, {})
        if facet == Facet.HISTORY and len(before) == len(lines) == 1:
            # Most things were watched once, and two sources say so: that needs no merging.
            ((partner, said),), ((line, row_id),) = before.values(), lines.values()
            same = one_play(partner, line, reach_s(kind, duration_s))
            if same is not None:
                if same:
                    met = _met(Facet.HISTORY, line, partner, (line, partner))
                    result.append(_row(met, partner, said, row_id))
                continue
        both = {name: line for some in (before, lines) for name, (line, _) in some.items()}
        plays = [
            line for some in (ours, theirs) for line, _ in some.get(Facet.HISTORY, {}).values()
        ]
        merged = merge(
            Facet(facet),
            both.values(),
            kind=kind,
            duration_s=duration_s,
            zone=zone,
            plays=plays if facet == Facet.WATCHLIST else (),
        )
        groups = {line.identity: one for one in merged for line in (one.line, *one.same)}
        for name, (line, row_id) in lines.items():
            if name in before:
                continue
            verdict = _verdict(Facet(facet), line, groups.get(name), before)
            if verdict is None or (verdict[0] is Verdict.NEW and row_id in unmatched):
                continue
            what, reason, partner_ = verdict
            said = before[partner_.identity][1] if partner_ is not None else ""
            result.append(_row((what, reason), partner_, said, row_id))
    return result


def _row(
    verdict: tuple[Verdict, str], partner: Line | None, said: str, row_id: int
) -> tuple[Any, ...]:
    facts = "" if partner is None else compact({"source": partner.source})
    return verdict[0].value, verdict[1], facts, said, row_id


def _verdict(
    facet: Facet,
    line: Line,
    group: Shown | None,
    ours: dict[tuple[str, str], tuple[Line, str]],
) -> tuple[Verdict, str, Line | None] | None:
    """What a staged line comes to, why, and the line of ours it meets; None for news."""
    if group is None:
        if facet is Facet.WATCHLIST:
            return Verdict.THERE, Reason.WATCHED_SINCE.value, None
        # Plays that nobody dates, and that dated ones account for.
        partner = next((one for one, _ in ours.values()), None)
        return Verdict.THERE, Reason.PLAY_KNOWN.value, partner
    met = [one for one in (group.line, *group.same) if one.identity in ours]
    if not met:
        return None
    return *_met(facet, line, met[0], (group.line, *group.same)), met[0]


def _met(facet: Facet, line: Line, partner: Line, together: Sequence[Line]) -> tuple[Verdict, str]:
    """What a line comes to that meets one of ours, and why; `together` is all of that play."""
    if facet not in _OTHERWISE or not differs(line, partner):
        return Verdict.THERE, Reason.PLAY_KNOWN.value if facet is Facet.HISTORY else ""
    if facet is Facet.HISTORY and second_of(represented(together)) > min(
        second_of(line), second_of(partner)
    ):
        return Verdict.CONFLICT, Reason.PLAY_DATED_LATER.value
    if facet is Facet.RATINGS and second_of(line) == second_of(partner):
        return Verdict.CONFLICT, Reason.RATED_SOME_TIME.value
    return Verdict.CONFLICT, _OTHERWISE[facet]


_OTHERWISE = {
    Facet.HISTORY: Reason.PLAY_DATED_OTHERWISE.value,
    Facet.RATINGS: Reason.RATED_OTHERWISE.value,
    Facet.LOVED: Reason.LOVED_OTHERWISE.value,
}
