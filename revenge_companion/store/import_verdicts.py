"""What each staged line would change: worked out when all are read, and nothing is written."""

import sqlite3
from collections.abc import Iterable
from datetime import tzinfo
from typing import Any

from revenge_companion.core.imports import Choice, Verdict
from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.core.merging import Line, Shown, differs, merge
from revenge_companion.core.reasons import Reason
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import compact
from revenge_companion.store.subjects import ENTRY_COLUMNS, LINE_COLUMNS, line_from
from revenge_companion.store.things import are_one

_FIELDS = ENTRY_COLUMNS.split(", ")
_STAGED = LINE_COLUMNS.replace("e.source", ":source").replace("e.preferred", "0")
_BATCH = "e.run_id = :run AND e.id > :after AND e.id <= :upto"
#: Lines that the source said before in the same words.
_SAME = (
    "UPDATE import_entry AS e SET verdict = 'there', reason_code = '' FROM library_entry l "
    "WHERE l.source = :source AND l.facet = e.facet AND l.line = e.line "
    f"AND {' AND '.join(f'l.{name} IS e.{name}' for name in _FIELDS[2:])} AND {_BATCH}"
)
#: Lines that it said before in other words.
_CHANGED = (
    "UPDATE import_entry AS e SET reason_code = :reason, facts = :facts, "
    f"ours = json_array({', '.join(f'l.{name}' for name in _FIELDS)}) FROM library_entry l "
    "WHERE l.source = :source AND l.facet = e.facet AND l.line = e.line "
    f"AND e.verdict = 'new' AND {_BATCH}"
)
#: Items of lines that are new, with the items of the library they share a key's hash with.
_MEETING = (
    "SELECT DISTINCT i.id, i.subject, i.media_id, l.id, l.subject, l.media_id, l.thing FROM "
    "(SELECT DISTINCT e.item_id AS id FROM import_entry e "
    f"WHERE e.verdict <> 'there' AND {_BATCH}) n "
    "JOIN import_item i ON i.id = n.id, json_each(i.keys) j "
    "JOIN library_key k ON k.key = j.value JOIN library_item l ON l.id = k.item_id"
)


class ImportVerdicts:
    """Compares the lines of a run with the library."""

    def __init__(self, db: Database, zone: tzinfo | None = None) -> None:
        """`zone` is the user's, for dates without a time; None is the system's own."""
        self._db = db
        self._zone = zone

    async def settle(self, run_id: int, after_id: int, batch: int) -> int | None:
        """Give the lines behind the row `after_id` their verdicts; where to go on, None at the end.

        Doing it twice gives the same: a crash in between costs nothing.
        """

        def job(link: Link) -> int | None:
            connection = link.connection
            upto, count = connection.execute(
                "SELECT max(id), count(*) FROM (SELECT id FROM import_entry "
                "WHERE run_id = ? AND id > ? ORDER BY id LIMIT ?)",
                (run_id, after_id, batch),
            ).fetchone()
            if not count:
                return None
            with link.atomic():
                self._settle(connection, run_id, after_id, upto)
            return int(upto) if count == batch else None

        return await self._db.run(job)

    def _settle(self, connection: sqlite3.Connection, run_id: int, after: int, upto: int) -> None:
        (source,) = connection.execute(
            "SELECT source FROM import_run WHERE id = ?", (run_id,)
        ).fetchone()
        values = {
            "run": run_id, "after": after, "upto": upto, "source": source,
            "reason": Reason.CHANGED_AT_SOURCE.value, "facts": compact({"source": source}),
        }  # fmt: skip
        if connection.execute("SELECT 1 FROM library_entry LIMIT 1").fetchone() is None:
            return
        if connection.execute(
            "SELECT 1 FROM library_entry WHERE source = ? LIMIT 1", (source,)
        ).fetchone():
            connection.execute(_SAME, values)
            connection.execute(_CHANGED, values)
        things: dict[int, set[int]] = {}
        for item, *both, thing in connection.execute(_MEETING, values):
            if thing in things and item in things[thing]:
                continue
            if are_one(both[0], both[1], both[3], both[4]):
                things.setdefault(thing, set()).add(item)
        verdicts: list[tuple[Any, ...]] = []
        for thing, items in things.items():
            verdicts += _compared(connection, source, run_id, thing, items, self._zone)
        connection.executemany(
            "UPDATE import_entry SET verdict = ?, reason_code = ?, facts = ?, ours = ? "
            "WHERE id = ? AND verdict <> 'there'",
            verdicts,
        )


def _compared(
    connection: sqlite3.Connection,
    source: str,
    run_id: int,
    thing: int,
    items: Iterable[int],
    zone: tzinfo | None,
) -> list[tuple[Any, ...]]:
    """New verdicts for the staged lines of `items`, which are a thing of the library."""
    columns = ", ".join(f"e.{name}" for name in _FIELDS)
    known = connection.execute(
        f"SELECT e.facet, i.kind, i.duration_s, json_array({columns}), {LINE_COLUMNS} "
        "FROM library_item i JOIN library_entry e ON e.item_id = i.id WHERE i.thing = ?",
        (thing,),
    ).fetchall()
    staged = connection.execute(
        f"SELECT e.facet, e.id, e.verdict, e.choice, {_STAGED} FROM json_each(:items) j "
        "CROSS JOIN import_entry e ON e.item_id = j.value AND e.run_id = :run",
        {"items": compact(list(items)), "run": run_id, "source": source},
    ).fetchall()
    if not known:
        # An item that is only kept for an undo.
        return []
    kind = SubjectKind(known[0][1])
    duration_s = max((row[2] for row in known if row[2] is not None), default=None)
    ours: dict[str, dict[tuple[str, str], tuple[Line, str]]] = {}
    for row in known:
        line = line_from(row[4:])
        ours.setdefault(row[0], {})[line.identity] = line, row[3]
    theirs: dict[str, dict[tuple[str, str], tuple[Line, int]]] = {}
    for row in staged:
        if row[3] != Choice.SKIP:
            line = line_from(row[4:])
            theirs.setdefault(row[0], {})[line.identity] = line, row[1]
    result: list[tuple[Any, ...]] = []
    unmatched = {row[1] for row in staged if row[2] == Verdict.UNMATCHED}
    for facet, lines in theirs.items():
        before = ours.get(facet, {})
        both = {name: line for name, (line, _) in before.items()} | {
            name: line for name, (line, _) in lines.items()
        }
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
            what, reason, partner = verdict
            facts = compact({"source": partner.source}) if partner is not None else ""
            said = before[partner.identity][1] if partner is not None else ""
            result.append((what.value, reason, facts, said, row_id))
    return result


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
    partner = met[0]
    if facet not in _OTHERWISE or not differs(line, partner):
        return Verdict.THERE, Reason.PLAY_KNOWN.value if facet is Facet.HISTORY else "", partner
    return Verdict.CONFLICT, _OTHERWISE[facet], partner


_OTHERWISE = {
    Facet.HISTORY: Reason.PLAY_DATED_OTHERWISE.value,
    Facet.RATINGS: Reason.RATED_OTHERWISE.value,
    Facet.LOVED: Reason.LOVED_OTHERWISE.value,
}
