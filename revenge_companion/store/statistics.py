"""Counts over the merged history and over deliveries; only reads (`Database.read`)."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from functools import partial
from statistics import median

from revenge_companion.core.library import SubjectKind
from revenge_companion.core.profiles import FIRST
from revenge_companion.core.statistics import Bar, Health, Top
from revenge_companion.store.database import Database
from revenge_companion.store.payload import maybe_moment, micros

#: Lines of each list of what was played most.
TOP = 10
#: Deliveries of an account that its health is taken from: the last ones.
SAMPLE = 1000

_KINDS = {kind.value: kind for kind in SubjectKind}
_BAR = (
    "SELECT i.kind, sum(e.shown) FROM library_entry e INDEXED BY library_entry_shown "
    "JOIN library_item i ON i.id = e.item_id WHERE e.facet = 'history' AND e.shown > 0 "
    "AND e.at_us >= ?1 AND e.at_us < ?2 AND i.profile_id = ?5 GROUP BY i.kind"
)
#: Where noon in UTC, which stands for a whole day, is on the next day already, that day is the one
#: of UTC. Lines have to be looked at for that, so only there.
_FAR_BAR = (
    "SELECT i.kind, sum(e.shown) FROM library_entry e "
    "JOIN library_item i ON i.id = e.item_id WHERE e.facet = 'history' AND e.shown > 0 "
    "AND e.at_us >= min(?1, ?3) AND e.at_us < max(?2, ?4) AND i.profile_id = ?5 "
    "AND CASE e.precision WHEN 'day' THEN e.at_us >= ?3 AND e.at_us < ?4 "
    "ELSE e.at_us >= ?1 AND e.at_us < ?2 END GROUP BY i.kind"
)
#: Ahead of UTC from where on that is so.
_FAR = timedelta(hours=12)
_PLAYED = (
    "SELECT i.kind, i.label, i.subject, p.plays FROM ("
    "SELECT e.item_id AS item_id, sum(e.shown) AS plays FROM library_entry e "
    "INDEXED BY library_entry_shown WHERE e.facet = 'history' AND e.shown > 0 "
    "AND e.at_us >= ? AND e.at_us < ? GROUP BY e.item_id) p "
    "JOIN library_item i ON i.id = p.item_id AND i.profile_id = ?"
)
_LAST = (
    "SELECT state, queued_us, settled_us FROM delivery WHERE account_id = ? "
    "AND state IN ('delivered', 'parked') ORDER BY second DESC LIMIT ?"
)


class Counts:
    """What the Statistics page asks."""

    def __init__(self, db: Database, profile: Callable[[], int] = lambda: FIRST) -> None:
        """`profile` is the active one, whose plays are counted."""
        self._db = db
        self._profile = profile

    async def filled(self, bars: Sequence[Bar]) -> tuple[Bar, ...]:
        """`bars` with the plays in each. One question a bar: the index is walked once in all."""
        profile = self._profile()
        return tuple([await self._db.read(partial(_filled, bar, profile)) for bar in bars])

    async def top(self, bars: Sequence[Bar]) -> dict[SubjectKind, tuple[Top, ...]]:
        """What was played most from the first of `bars` to the last, at most ten of a kind.

        Episodes count for their show, tracks for their artist.
        """
        span = (micros(bars[0].start), micros(bars[-1].end), self._profile())
        return await self._db.read(lambda connection: _top(connection, span))

    async def health(self, account_ids: Sequence[int]) -> tuple[Health, ...]:
        """How the last deliveries to each account went."""
        return await self._db.read(
            lambda connection: tuple(_health(connection, one) for one in account_ids)
        )


def _filled(bar: Bar, profile: int, connection: sqlite3.Connection) -> Bar:
    span = (micros(bar.start), micros(bar.end))
    offsets = [moment.utcoffset() or timedelta() for moment in (bar.start, bar.end)]
    if max(offsets) < _FAR:
        rows = connection.execute(_BAR, (*span, None, None, profile))
    else:
        # The same midnights, by the calendar of UTC.
        days = [micros(moment.replace(tzinfo=UTC)) for moment in (bar.start, bar.end)]
        rows = connection.execute(_FAR_BAR, (*span, *days, profile))
    return replace(bar, plays={_KINDS[kind]: int(plays) for kind, plays in rows})


def _top(
    connection: sqlite3.Connection, span: tuple[int, int, int]
) -> dict[SubjectKind, tuple[Top, ...]]:
    counts: dict[SubjectKind, Counter[str]] = {}
    for kind, label, subject, plays in connection.execute(_PLAYED, span):
        what = _KINDS[kind]
        of = counts.setdefault(what, Counter())
        of[_group(what, label, subject)] += int(plays)
    return {
        kind: tuple(Top(label, kind, plays) for label, plays in counts[kind].most_common(TOP))
        for kind in SubjectKind
        if kind in counts
    }


def _group(kind: SubjectKind, label: str, subject: str) -> str:
    """What a thing counts for: an episode for its show, a track for its artist."""
    if kind in (SubjectKind.EPISODE, SubjectKind.SEASON, SubjectKind.PODCAST):
        series = json.loads(subject).get("series") or {}
        return str(series.get("title") or label)
    if kind in (SubjectKind.TRACK, SubjectKind.ALBUM):
        return str(json.loads(subject).get("artist") or label)
    return label


def _health(connection: sqlite3.Connection, account_id: int) -> Health:
    rows = connection.execute(_LAST, (account_id, SAMPLE)).fetchall()
    waits = [
        (settled - queued) / 1e6
        for state, queued, settled in rows
        if state == "delivered" and settled is not None
    ]
    tally = connection.execute(
        "SELECT pending + sending + unsure + held, last_delivery_us FROM tally "
        "WHERE account_id = ?",
        (account_id,),
    ).fetchone()
    waiting, last_us = tally if tally is not None else (0, None)
    return Health(
        account_id,
        delivered=sum(row[0] == "delivered" for row in rows),
        parked=sum(row[0] == "parked" for row in rows),
        waiting=waiting,
        sample=len(rows),
        median_s=median(waits) if waits else None,
        last_at=maybe_moment(last_us),
    )
