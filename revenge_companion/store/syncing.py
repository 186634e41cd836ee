"""What a complete walk through an account says against what the library has of it."""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from revenge_companion.core.library import Facet
from revenge_companion.core.reasons import Reason
from revenge_companion.core.syncing import Moved
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import compact, micros

#: Lines of the source in the library that the walk did not come across.
_GONE = (
    "FROM library_entry e WHERE e.source = :source AND e.facet = :facet AND e.removed = 0 "
    "AND NOT EXISTS (SELECT 1 FROM import_entry x WHERE x.run_id = :run AND x.facet = e.facet "
    "AND x.line = e.line)"
)
_FIND_GONE = f"SELECT e.id {_GONE}"
_GONE_ITEMS = (
    "INSERT OR IGNORE INTO import_item (run_id, digest, kind, label, search, subject, duration_s, "
    "keys, media_id, chosen, never) SELECT :run, l.digest, l.kind, l.label, l.search, l.subject, "
    "l.duration_s, (SELECT coalesce(json_group_array(k.key), '[]') FROM library_key k "
    "WHERE k.item_id = l.id), l.media_id, l.chosen, l.never "
    "FROM library_item l WHERE l.id IN (SELECT item_id FROM library_entry "
    "WHERE id IN (SELECT value FROM json_each(:gone)))"
)
_SAID_OF_IT = (
    "FROM library_item j JOIN library_entry o ON o.item_id = j.id AND o.facet = e.facet "
    "AND j.thing = l.thing"
)
#: When a line was taken back, which no source says. What we removed ourselves, as we were told of
#: it elsewhere. What the user removed takes back all that is known by now, and nothing that comes
#: later, whatever the clocks say; at the moment, where nothing has a date. A play keeps its own: it
#: says which play is gone.
_TAKEN_AT = (
    "coalesce((SELECT max(m.second * 1000000, coalesce(e.at_us, 0)) FROM export_mark m "
    "WHERE m.account_id = :account AND m.facet = e.facet AND m.source = e.source "
    "AND m.line = e.line AND m.value GLOB 'un*' AND m.second >= coalesce(e.at_us, 0) / 1000000), "
    # Later than a removal that was sent before, or it would be taken for that one.
    f"(SELECT max(at) FROM (SELECT iif(o.removed, NULL, o.at_us) AS at {_SAID_OF_IT} "
    f"UNION ALL SELECT (m.second + 1) * 1000000 {_SAID_OF_IT} JOIN account a "
    "CROSS JOIN export_mark m ON m.account_id = a.id AND m.facet = o.facet "
    "AND m.source = o.source AND m.line = o.line AND m.value GLOB 'un*')), :now)"
)
_GONE_LINES = (
    "INSERT OR IGNORE INTO import_entry (run_id, item_id, facet, line, at_us, precision, plays, "
    "rating, steps, loved, list_name, note, removed, verdict, reason_code) "
    f"SELECT :run, i.id, e.facet, e.line, iif(e.facet = 'history', e.at_us, {_TAKEN_AT}), "
    "iif(e.facet = 'history', e.precision, 'second'), e.plays, e.rating, e.steps, e.loved, "
    "e.list_name, e.note, 1, 'new', :reason "
    "FROM json_each(:gone) g CROSS JOIN library_entry e ON e.id = g.value AND e.removed = 0 "
    "JOIN library_item l ON l.id = e.item_id "
    "JOIN import_item i ON i.run_id = :run AND i.digest = l.digest"
)
_NUMBERS = (
    "SELECT (SELECT count(*) FROM library_entry WHERE source = :source AND facet = :facet "
    "AND removed = 0), "
    "(SELECT count(*) FROM import_entry e WHERE e.run_id = :run AND e.removed = 0 "
    "AND NOT EXISTS (SELECT 1 FROM library_entry l WHERE l.source = :source "
    "AND l.facet = e.facet AND l.line = e.line)), "
    "(SELECT count(*) FROM import_entry e WHERE e.run_id = :run AND e.removed = 1), "
    "(SELECT count(*) FROM import_entry e JOIN library_entry l ON l.source = :source "
    "AND l.facet = e.facet AND l.line = e.line WHERE e.run_id = :run AND e.removed = 0 "
    "AND e.verdict <> 'there')"
)


#: Lines that are staged in one transaction: about 50 ms.
_BATCH = 3000


class Syncing:
    """Works on the staged lines of a run that is read to its end and not written."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def stage_removals(self, run_id: int, source: str, facet: Facet, now: datetime) -> None:
        """Stage as removed what the source had before, and the walk did not come across.

        Only for a walk that was complete. Doing it twice is harmless.
        """
        values = {
            "run": run_id, "source": source, "facet": facet.value, "now": micros(now),
            "reason": Reason.GONE_AT_SOURCE.value, "account": int(source.partition(":")[2]),
        }  # fmt: skip

        def find(connection: sqlite3.Connection) -> list[int]:
            return [row[0] for row in connection.execute(_FIND_GONE, values)]

        # What is gone is little, and finding it is not: nobody writes meanwhile.
        gone = await self._db.read(find)
        for start in range(0, len(gone), _BATCH):
            await self._db.run(_staging({**values, "gone": compact(gone[start : start + _BATCH])}))

    async def moved(self, run_id: int, source: str, facet: Facet) -> tuple[Moved, int]:
        """What the run would change, and how many lines it would only change in place."""
        values = {"run": run_id, "source": source, "facet": facet.value}

        def job(connection: sqlite3.Connection) -> tuple[Moved, int]:
            before, added, removed, changed = connection.execute(_NUMBERS, values).fetchone()
            return Moved(before, added, removed), int(changed)

        # Comparing 100,000 lines takes a while that no scrobble should wait for.
        return await self._db.read(job)

    async def lines(self, source: str, facet: Facet) -> int:
        """How many lines of the source the library has."""

        def job(connection: sqlite3.Connection) -> int:
            found = connection.execute(
                "SELECT count(*) FROM library_entry WHERE source = ? AND facet = ? AND removed = 0",
                (source, facet.value),
            ).fetchone()
            return int(found[0])

        return await self._db.read(job)


def _staging(values: Mapping[str, Any]) -> Callable[[Link], None]:
    """The job that stages some lines as removed."""

    def job(link: Link) -> None:
        with link.atomic():
            link.connection.execute(_GONE_ITEMS, values)
            link.connection.execute(_GONE_LINES, values)

    return job
