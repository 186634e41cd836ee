"""What the user changes afterwards: deliveries withdrawn, undone or edited, and plays forgotten."""

import contextlib
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import Delivery, DeliveryState
from revenge_companion.core.profiles import FIRST
from revenge_companion.core.reasons import Reason
from revenge_companion.core.rules import Seen
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import (
    DELIVERY_COLUMNS,
    EDITED,
    compact,
    delivery_from,
    item_from_text,
    micros,
    moment,
    scrobble_text,
)

# CROSS JOIN keeps the order: from plays to their deliveries, not through all there are.
_OF_PLAY = (
    f"SELECT {DELIVERY_COLUMNS} FROM play p CROSS JOIN scrobble s ON s.play_key = p.play_key "
    "CROSS JOIN account a "
    "CROSS JOIN delivery d ON d.account_id = a.id AND d.second = s.second AND d.key = s.key "
    "AND d.scrobble_id = s.id WHERE p.id = ? ORDER BY d.id"
)
_MOVE = (
    "UPDATE delivery SET state = ?, due_us = NULL, reason_code = ?, settled_us = ? "
    "WHERE id = ? AND state = ?"
)


class Amendments:
    """Second thoughts about what is in the ledger and the outbox."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def of_play(self, play_id: int) -> list[Delivery]:
        """Every delivery of one play, whatever its state."""
        return await self._db.run(
            lambda link: [
                delivery_from(row) for row in link.connection.execute(_OF_PLAY, (play_id,))
            ]
        )

    async def move(
        self, delivery_id: int, before: DeliveryState, after: DeliveryState, reason: Reason
    ) -> bool:
        """Give a delivery another state; False where it is no longer in the state `before`."""
        values = (after.value, reason.value, micros(self._clock.now()), delivery_id, before.value)

        def job(link: Link) -> bool:
            with link.atomic():
                return bool(link.connection.execute(_MOVE, values).rowcount)

        return await self._db.run(job)

    async def edit(self, delivery_id: int, scrobble: Scrobble) -> bool:
        """Let one delivery say `scrobble` from now on; others of the same play stay as they are.

        A parked row is tried again. The key by which doubles are known stays. False where the row
        is being sent, was delivered, or may have arrived.
        """
        now_us = micros(self._clock.now())

        def job(link: Link) -> bool:
            with link.atomic():
                return _edit(link.connection, delivery_id, scrobble, now_us)

        return await self._db.run(job)

    async def seen(self, limit: int) -> list[Seen]:
        """The newest plays of the ledger with their items, newest first."""

        def job(link: Link) -> list[Seen]:
            rows = link.connection.execute(
                "SELECT id, item, device_name, started_us FROM play ORDER BY id DESC LIMIT ?",
                (limit,),
            )
            return [Seen(row[0], item_from_text(row[1]), row[2], moment(row[3])) for row in rows]

        return await self._db.run(job)

    async def since(self, at: datetime, profile: int = FIRST) -> list[int]:
        """A profile's plays that began or counted at or after `at`, or went on without counting."""
        at_us = micros(at)

        def job(link: Link) -> list[int]:
            rows = link.connection.execute(
                "SELECT id FROM play WHERE profile_id = :profile AND (started_us >= :at "
                "OR counted_us >= :at OR (counted_us IS NULL "
                "AND (ended_us IS NULL OR ended_us >= :at))) ORDER BY id",
                {"at": at_us, "profile": profile},
            )
            return [row[0] for row in rows]

        return await self._db.run(job)

    async def play_id(self, play_key: str) -> int | None:
        """The play of that key in the ledger, None where there is none."""
        sql = "SELECT id FROM play WHERE play_key = ?"

        def job(link: Link) -> int | None:
            row = link.connection.execute(sql, (play_key,)).fetchone()
            return None if row is None else int(row[0])

        return await self._db.run(job)

    async def forget(self, play_ids: Sequence[int]) -> int:
        """Erase plays and what was queued of them, so that the file holds no trace; how many.

        A play of which something is still to be sent, or was delivered, is kept.
        """
        forgotten = await self._db.run(lambda link: _forget(link, play_ids))
        if forgotten:
            await self._db.run(_fold)
        return forgotten


def _edit(
    connection: sqlite3.Connection, delivery_id: int, scrobble: Scrobble, now_us: int
) -> bool:
    row = connection.execute(
        "SELECT s.id, s.rule, s.play_key, s.second, s.key FROM delivery d "
        "JOIN scrobble s ON s.id = d.scrobble_id WHERE d.id = ? "
        "AND d.state IN ('pending', 'held', 'parked')",
        (delivery_id,),
    ).fetchone()
    if row is None:
        return False
    scrobble_id, rule, play_key, second, key = row
    started_us, counted_us = micros(scrobble.started_at), micros(scrobble.counted_at)
    payload = scrobble_text(scrobble)
    if EDITED in rule:
        connection.execute(
            "UPDATE scrobble SET started_us = ?, counted_us = ?, payload = ? WHERE id = ?",
            (started_us, counted_us, payload, scrobble_id),
        )
    else:
        # Other accounts' deliveries share the scrobble as it was: this one gets its own copy.
        scrobble_id = connection.execute(
            "INSERT INTO scrobble (key, rule, play_key, second, started_us, counted_us, payload) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key, f"{rule}{EDITED}{delivery_id}", play_key, second, started_us, counted_us,
             payload),
        ).lastrowid  # fmt: skip
    connection.execute(
        "UPDATE delivery SET scrobble_id = ?, dated_us = ?, attempts = 0, reason_code = '', "
        "detail = '', settled_us = ?, "
        "state = CASE state WHEN 'held' THEN 'held' ELSE 'pending' END, "
        "due_us = CASE state WHEN 'held' THEN due_us ELSE NULL END WHERE id = ?",
        (scrobble_id, micros(scrobble.dated_at), now_us, delivery_id),
    )
    return True


def _forget(link: Link, play_ids: Sequence[int]) -> int:
    connection, ids = link.connection, compact(list(play_ids))
    # What is deleted is overwritten with zeros, not only let go.
    connection.execute("PRAGMA secure_delete = ON")
    try:
        with link.atomic():
            connection.execute("CREATE TEMP TABLE IF NOT EXISTS gone (id, play_key, scrobble_id)")
            connection.execute("DELETE FROM gone")
            connection.execute(
                "INSERT INTO gone SELECT p.id, p.play_key, s.id FROM play p "
                "LEFT JOIN scrobble s ON s.play_key = p.play_key "
                "WHERE p.id IN (SELECT value FROM json_each(?)) AND NOT EXISTS ("
                "SELECT 1 FROM scrobble o CROSS JOIN account a CROSS JOIN delivery d "
                "ON d.account_id = a.id AND d.second = o.second AND d.key = o.key "
                "AND d.scrobble_id = o.id "
                "WHERE o.play_key = p.play_key AND d.state <> 'undone')",
                (ids,),
            )
            deliveries = connection.execute(
                "SELECT d.id, d.account_id FROM gone g CROSS JOIN scrobble s "
                "ON s.id = g.scrobble_id CROSS JOIN account a CROSS JOIN delivery d "
                "ON d.account_id = a.id AND d.second = s.second AND d.key = s.key "
                "AND d.scrobble_id = s.id"
            ).fetchall()
            connection.executemany(
                "UPDATE tally SET undone = undone - 1 WHERE account_id = ?",
                [row[1:] for row in deliveries],
            )
            connection.executemany("DELETE FROM delivery WHERE id = ?", [d[:1] for d in deliveries])
            connection.execute("DELETE FROM scrobble WHERE id IN (SELECT scrobble_id FROM gone)")
            forgotten = connection.execute(
                "DELETE FROM play WHERE id IN (SELECT id FROM gone)"
            ).rowcount
            connection.execute("DELETE FROM gone")
    finally:
        connection.execute("PRAGMA secure_delete = FAST")
    return forgotten


def _fold(link: Link) -> None:
    """Fold the log into the file: it holds pages from before what was forgotten."""
    # While other jobs share a commit, or on a full disk, the next start folds it.
    with contextlib.suppress(sqlite3.Error):
        link.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
