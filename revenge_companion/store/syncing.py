"""What a complete walk through an account says against what the library has of it."""

from datetime import datetime

from revenge_companion.core.library import Facet
from revenge_companion.core.reasons import Reason
from revenge_companion.core.syncing import Moved
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import micros

#: Lines of the source in the library that the walk did not come across.
_GONE = (
    "FROM library_entry e WHERE e.source = :source AND e.facet = :facet AND e.removed = 0 "
    "AND NOT EXISTS (SELECT 1 FROM import_entry x WHERE x.run_id = :run AND x.facet = e.facet "
    "AND x.line = e.line)"
)
_GONE_ITEMS = (
    "INSERT OR IGNORE INTO import_item (run_id, digest, kind, label, search, subject, duration_s, "
    "keys, media_id, chosen, never) SELECT :run, l.digest, l.kind, l.label, l.search, l.subject, "
    "l.duration_s, (SELECT coalesce(json_group_array(k.key), '[]') FROM library_key k "
    "WHERE k.item_id = l.id), l.media_id, l.chosen, l.never "
    f"FROM library_item l WHERE l.id IN (SELECT e.item_id {_GONE})"
)
#: A play keeps its date: it says which play is gone. All else is taken back at the moment.
_GONE_LINES = (
    "INSERT OR IGNORE INTO import_entry (run_id, item_id, facet, line, at_us, precision, plays, "
    "rating, steps, loved, list_name, note, removed, verdict, reason_code) "
    "SELECT :run, i.id, e.facet, e.line, iif(e.facet = 'history', e.at_us, :now), "
    "iif(e.facet = 'history', e.precision, 'second'), e.plays, e.rating, e.steps, e.loved, "
    "e.list_name, e.note, 1, 'new', :reason "
    + _GONE.replace(
        "FROM library_entry e",
        "FROM library_entry e JOIN library_item l ON l.id = e.item_id "
        "JOIN import_item i ON i.run_id = :run AND i.digest = l.digest",
    )
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
            "reason": Reason.GONE_AT_SOURCE.value,
        }  # fmt: skip

        def job(link: Link) -> None:
            with link.atomic():
                link.connection.execute(_GONE_ITEMS, values)
                link.connection.execute(_GONE_LINES, values)

        await self._db.run(job)

    async def moved(self, run_id: int, source: str, facet: Facet) -> tuple[Moved, int]:
        """What the run would change, and how many lines it would only change in place."""
        values = {"run": run_id, "source": source, "facet": facet.value}

        def job(link: Link) -> tuple[Moved, int]:
            before, added, removed, changed = link.connection.execute(_NUMBERS, values).fetchone()
            return Moved(before, added, removed), int(changed)

        return await self._db.run(job)

    async def lines(self, source: str, facet: Facet) -> int:
        """How many lines of the source the library has."""

        def job(link: Link) -> int:
            found = link.connection.execute(
                "SELECT count(*) FROM library_entry WHERE source = ? AND facet = ? AND removed = 0",
                (source, facet.value),
            ).fetchone()
            return int(found[0])

        return await self._db.run(job)
