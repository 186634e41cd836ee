"""What comes back from an account because we had sent it there is as old as what was said.

A service that dates things itself would make them newer than what the user said meanwhile.
"""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from revenge_companion.core.library import Facet
from revenge_companion.core.ratings import agree
from revenge_companion.store.subjects import ENTRY_COLUMNS

#: A field of the line that a run's line was written over, see `store.import_writing`.
_WAS_REMOVED, _WAS_AT = (
    f"json_extract(x.before, '$[{ENTRY_COLUMNS.split(', ').index(name)}]')"
    for name in ("removed", "at_us")
)
#: A line that a run brought, and what the account was sent of the same thing; but not where it was
#: taken back after that, there or by us: it was said again then, by the user.
_ECHOES = (
    "FROM import_entry x JOIN library_entry e ON e.source = :source AND e.facet = x.facet "
    "AND e.line = x.line AND e.run_id = x.run_id AND e.removed = 0 "
    "JOIN library_item i ON i.id = e.item_id JOIN library_item j ON j.thing = i.thing "
    "JOIN library_entry o ON o.item_id = j.id AND o.facet = e.facet "
    "JOIN export_mark m ON m.account_id = :account AND m.facet = e.facet "
    "AND m.source = o.source AND m.line = o.line "
    "WHERE +x.run_id = :run AND x.id > :after AND x.id <= :upto AND x.facet = :facet "
    "AND e.at_us > m.second * 1000000 "
    f"AND NOT (x.before <> '' AND {_WAS_REMOVED} AND {_WAS_AT} >= m.second * 1000000) "
    "AND NOT EXISTS (SELECT 1 FROM library_item k JOIN library_entry p ON p.item_id = k.id "
    "AND p.facet = e.facet JOIN export_mark n ON n.account_id = m.account_id AND n.facet = p.facet "
    "AND n.source = p.source AND n.line = p.line AND n.value GLOB 'un*' AND n.second >= m.second "
    "WHERE k.thing = i.thing)"
)
#: Ratings: what it was, what had been sent, and its date.
_SENT_RATINGS = (
    "SELECT e.id, e.rating, e.steps, m.value, m.second * 1000000 "
    f"{_ECHOES} AND e.rating IS NOT NULL AND m.value GLOB 'rate/*'"
)
# A wish is there or not. What was there already had a date of its own; but for the one we gave it.
# A day was sent as its noon where the user is, so what says it is as old as either.
_SENT_WISHES = (
    "SELECT min(min(m.second * 1000000, coalesce(o.at_us, m.second * 1000000))), e.id "
    f"{_ECHOES} AND m.value GLOB CASE WHEN e.facet = 'watchlist' THEN 'want/*' "
    "WHEN e.loved THEN 'love/*' ELSE 'hate/*' END "
    f"AND (x.before = '' OR {_WAS_REMOVED} OR {_WAS_AT} <= m.second * 1000000) GROUP BY e.id"
)


def date_echoes(connection: sqlite3.Connection, batch: Mapping[str, Any]) -> None:
    """Date the echoes among a batch's lines, which are written by now, as they had been sent.

    `batch` names the "run", its "source" and its "facets" (a JSON array), and the ids of its lines:
    after "after", up to "upto". Doing it twice is harmless. When something was played is told by
    whoever played it.
    """
    kind, _, account = str(batch["source"]).partition(":")
    if kind != "account":
        return
    values = {**batch, "account": int(account)}
    dated: list[tuple[int, int]] = []
    for facet in json.loads(batch["facets"]):
        values["facet"] = facet
        if facet == Facet.RATINGS:
            dated += [
                (at_us, entry)
                for entry, rating, steps, value, at_us in connection.execute(_SENT_RATINGS, values)
                if agree(int(value.split("/")[1]), steps, rating, steps)
            ]
        elif facet in (Facet.WATCHLIST, Facet.LOVED):
            dated += connection.execute(_SENT_WISHES, values)
    connection.executemany("UPDATE library_entry SET at_us = ? WHERE id = ?", dated)
