"""The outbox: every scrobble's way to every account, on disk before anything is sent.

Every method commits durably before it returns and costs the same however many rows were delivered
before. Where the states are counted, triggers keep the counts (see `migrations`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import Delivery, DeliveryState, Settled
from revenge_companion.core.reasons import Reason
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.core.status import OutboxCounts
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import (
    DELIVERY_COLUMNS,
    FOR_EVER_US,
    compact,
    delivery_from,
    maybe_micros,
    micros,
    moment,
    plain,
)
from revenge_companion.store.queueing import Addition, add_many, add_one

#: The words of the index `delivery_due`; a query uses the index only where it says the same.
_COMING = "state IN ('pending', 'unsure', 'held')"
#: Everything that a person still has to see.
_OPEN = (
    DeliveryState.PENDING,
    DeliveryState.SENDING,
    DeliveryState.UNSURE,
    DeliveryState.HELD,
    DeliveryState.PARKED,
)
_TALLY_CLAIMED = (
    "UPDATE tally SET pending = pending - ?, unsure = unsure - ?, sending = sending + ? "
    "WHERE account_id = ?"
)
# A row without a due time is ready; a hold that is over becomes pending.
_WAKE = (
    "UPDATE delivery INDEXED BY delivery_due SET due_us = NULL, "
    "state = CASE state WHEN 'held' THEN 'pending' ELSE state END "
    f"WHERE account_id = ? AND due_us <= ? AND {_COMING}"
)
# A row that fails waits two days at the most (`net.http`), so a longer wait is the work of a clock
# that was ahead and has been set right since.
_LONGEST_WAIT_US = 3 * 86_400_000_000
_WAKE_STRANDED = (
    "UPDATE delivery INDEXED BY delivery_due SET due_us = NULL "
    f"WHERE account_id = ? AND due_us > ? AND {_COMING} AND state <> 'held'"
)
_STRANDED = (
    "SELECT 1 FROM delivery INDEXED BY delivery_due "
    f"WHERE account_id = ? AND due_us > ? AND {_COMING} AND state <> 'held' LIMIT 1"
)
_WAKE_ALL = (
    "UPDATE delivery INDEXED BY delivery_due SET due_us = NULL "
    f"WHERE account_id = ? AND due_us IS NOT NULL AND {_COMING} AND state <> 'held'"
)
_READY = (
    f"SELECT {DELIVERY_COLUMNS} FROM delivery d INDEXED BY delivery_due "
    "CROSS JOIN scrobble s ON s.id = d.scrobble_id "
    "WHERE d.account_id = ? AND d.due_us IS NULL "
    "AND d.state IN ('pending', 'unsure', 'held') ORDER BY d.dated_us, d.id LIMIT ?"
)
#: What is left of a query where plays stay: exports and changes, which no play here stands behind.
_NO_PLAYS = " AND s.play_key IS NULL ORDER BY"
_FRESH = _READY.replace(" ORDER BY", " AND d.dated_us >= ? ORDER BY")
_CLAIM = "UPDATE delivery SET state = 'sending' WHERE id = ?"
# Only a claimed row can be settled: a late answer never overwrites what the user decided.
_SETTLE = (
    "UPDATE delivery SET state = ?, attempts = ?, due_us = ?, reason_code = ?, detail = ?, "
    "remote_id = coalesce(?, remote_id), settled_us = ? WHERE id = ? AND state = 'sending'"
)
_NEXT = (
    "SELECT due_us FROM delivery INDEXED BY delivery_due "
    f"WHERE account_id = ? AND {_COMING} ORDER BY due_us LIMIT 1"
)
_NEXT_NO_PLAY = (
    "SELECT d.due_us FROM delivery d INDEXED BY delivery_due "
    "CROSS JOIN scrobble s ON s.id = d.scrobble_id "
    "WHERE d.account_id = ? AND d.state IN ('pending', 'unsure', 'held') "
    "AND s.play_key IS NULL ORDER BY d.due_us LIMIT 1"
)
# Two questions, since a backlog that is ready would have to be walked over by one.
_FRESH_READY = (
    "SELECT 1 FROM delivery INDEXED BY delivery_due "
    f"WHERE account_id = ? AND due_us IS NULL AND {_COMING} AND dated_us >= ? LIMIT 1"
)
_FRESH_NEXT = (
    "SELECT due_us FROM delivery INDEXED BY delivery_due "
    f"WHERE account_id = ? AND due_us > 0 AND {_COMING} AND dated_us >= ? "
    "ORDER BY due_us LIMIT 1"
)
_IDS = (
    "SELECT id FROM delivery INDEXED BY delivery_state WHERE account_id = ? AND state = ? "
    "AND id < ? ORDER BY id DESC LIMIT ?"
)


class Outbox:
    """Deliveries of all accounts; unique by (account, key), so adding twice is harmless."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def add(
        self,
        scrobble: Scrobble,
        account_ids: Sequence[int],
        *,
        held_until: datetime | None = None,
    ) -> int:
        """Queue `scrobble` for each account; returns how many deliveries are new.

        With `held_until` (aware UTC) they are held until then. Raises StoreTrouble.
        """
        now = self._clock.now()

        def job(link: Link) -> int:
            with link.atomic():
                return add_one(link.connection, scrobble, account_ids, now, held_until)

        return await self._db.run(job)

    async def add_many(
        self, additions: Sequence[Addition], *, held_until: datetime | None = None
    ) -> int:
        """`add` for many, in one transaction: all of them or, with StoreTrouble, none."""
        now = self._clock.now()

        def job(link: Link) -> int:
            with link.atomic():
                return add_many(link.connection, additions, now, held_until)

        return await self._db.run(job)

    async def claim(
        self,
        account_id: int,
        limit: int,
        now: datetime,
        *,
        force: bool = False,
        fresh_from: datetime | None = None,
        fresh_only: bool = False,
        settled: Settled = (),
        plays: bool = True,
    ) -> list[Delivery]:
        """Take up to `limit` rows that may be tried at `now`, the oldest scrobble first.

        They are `sending` on disk before this returns; `Delivery.unsure` and `state` say how they
        were found. `force` takes waiting rows before their time, but none the user holds. Where
        more wait than `limit`, those dated from `fresh_from` on go before the others; with
        `fresh_only` the others do not go at all. What became of the rows claimed before, `settled`,
        is written down first, in the same commit: a lane that goes on waits for one, not for two.
        Without `plays` only exports and changes are taken.
        """
        now_us = micros(now)
        before = _settlements(settled, now_us)

        def job(link: Link) -> list[Delivery]:
            connection = link.connection
            with link.atomic():
                if before:
                    connection.executemany(_SETTLE, before)
                connection.execute(_WAKE, (account_id, now_us))
                connection.execute(_WAKE_STRANDED, (account_id, now_us + _LONGEST_WAIT_US))
                if force:
                    connection.execute(_WAKE_ALL, (account_id,))
                rows = _ready(
                    connection, account_id, limit, fresh_from, fresh_only=fresh_only, plays=plays
                )
                if rows:
                    connection.executemany(_CLAIM, [row[:1] for row in rows])
                    unsure = sum(row[2] == DeliveryState.UNSURE for row in rows)
                    claimed = (len(rows) - unsure, unsure, len(rows), account_id)
                    connection.execute(_TALLY_CLAIMED, claimed)
            return [delivery_from(row) for row in rows]

        return await self._db.run(job)

    async def settle(self, items: Settled, now: datetime) -> None:
        """Write down what became of claimed rows, in one transaction.

        Rows that are not `sending` are left as they are.
        """
        rows = _settlements(items, micros(now))

        def job(link: Link) -> None:
            with link.atomic():
                link.connection.executemany(_SETTLE, rows)

        await self._db.run(job)

    async def recover(self, now: datetime) -> int:
        """At start: rows left `sending` by a process that ended become `unsure`, due at once."""
        now_us = micros(now)

        def job(link: Link) -> int:
            changed = 0
            with link.atomic():
                connection = link.connection
                for (account_id,) in connection.execute("SELECT id FROM account").fetchall():
                    changed += connection.execute(
                        "UPDATE delivery SET state = 'unsure', due_us = NULL, reason_code = ?, "
                        "settled_us = ? WHERE account_id = ? AND state = 'sending'",
                        (Reason.INTERRUPTED.value, now_us, account_id),
                    ).rowcount
            return changed

        return await self._db.run(job)

    async def next_due(
        self, account_id: int, *, fresh_from: datetime | None = None, plays: bool = True
    ) -> datetime | None:
        """When a row of the account may be tried: the present for ready ones, None for none.

        With `fresh_from` only rows dated from then on are asked about; without `plays` only exports
        and changes.
        """
        now = self._clock.now()

        def job(link: Link) -> datetime | None:
            connection = link.connection
            if fresh_from is None or not plays:
                asked_for = _NEXT if plays else _NEXT_NO_PLAY
                row = connection.execute(asked_for, (account_id,)).fetchone()
            else:
                asked = (account_id, micros(fresh_from))
                if connection.execute(_FRESH_READY, asked).fetchone() is not None:
                    return now
                row = connection.execute(_FRESH_NEXT, asked).fetchone()
            if row is None or row[0] is None:
                return None if row is None else now
            far_us = micros(now) + _LONGEST_WAIT_US
            if row[0] > far_us and connection.execute(_STRANDED, (account_id, far_us)).fetchone():
                return now
            return None if row[0] == FOR_EVER_US else moment(row[0])

        return await self._db.run(job)

    async def counts(self) -> dict[int, OutboxCounts]:
        """Rows by state for each account, unlinked ones too; as quick for a million as for ten."""
        return await self._db.run(_counts)

    async def total(self) -> OutboxCounts:
        """Rows by state over all accounts."""
        return total((await self.counts()).values())

    async def page(
        self,
        *,
        state: str = "",
        account_id: int | None = None,
        limit: int = 200,
        before_id: int | None = None,
    ) -> list[Delivery]:
        """Deliveries newest first, below `before_id`; without `state` those still open."""

        def job(link: Link) -> list[Delivery]:
            connection = link.connection
            states = (state,) if state else tuple(one.value for one in _OPEN)
            accounts = [account_id] if account_id is not None else list(_counts(link))
            below = before_id if before_id is not None else 1 << 62
            # One short walk per account and state instead of one long walk over all rows.
            ids = [
                row[0]
                for one in accounts
                for name in states
                for row in connection.execute(_IDS, (one, name, below, limit))
            ]
            return _by_id(connection, sorted(ids, reverse=True)[:limit])

        return await self._db.run(job)

    async def get(self, delivery_id: int) -> Delivery | None:
        """One delivery, None where there is none."""
        rows = await self._db.run(lambda link: _by_id(link.connection, [delivery_id]))
        return rows[0] if rows else None

    async def retry(self, delivery_id: int, now: datetime) -> bool:
        """Make a parked, held or waiting row due at once; False where it is none of these.

        An unsure row stays unsure, so that it is read back first.
        """
        return await self._change(
            "UPDATE delivery SET due_us = NULL, settled_us = ?, "
            "state = CASE state WHEN 'unsure' THEN 'unsure' ELSE 'pending' END "
            "WHERE id = ? AND state IN ('parked', 'pending', 'unsure', 'held')",
            (micros(now), delivery_id),
        )

    async def discard(self, delivery_id: int) -> bool:
        """Give a row up for the user; False where it is being sent, was delivered or is gone."""
        return await self._change(
            "UPDATE delivery SET state = 'undone', due_us = NULL, reason_code = ?, settled_us = ? "
            "WHERE id = ? AND state IN ('parked', 'pending', 'unsure', 'held')",
            (Reason.DISCARDED.value, micros(self._clock.now()), delivery_id),
        )

    async def _change(self, sql: str, values: tuple[Any, ...]) -> bool:
        def job(link: Link) -> bool:
            with link.atomic():
                return bool(link.connection.execute(sql, values).rowcount)

        return await self._db.run(job)


def total(counts: Iterable[OutboxCounts]) -> OutboxCounts:
    """The sum of several accounts' counts."""
    rows = [_numbers(one) for one in counts]
    return OutboxCounts(*(sum(column) for column in zip(*rows, strict=True)))


def _settlements(items: Settled, now_us: int) -> list[tuple[Any, ...]]:
    """The values of `_SETTLE`."""
    return [
        (
            settlement.state.value,
            settlement.attempts,
            _due_us(settlement.state, settlement.due_at),
            settlement.reason_code,
            plain(settlement.detail),
            None if settlement.remote_id is None else plain(settlement.remote_id),
            now_us,
            delivery_id,
        )
        for delivery_id, settlement in items
    ]


def _ready(
    connection: Any,
    account_id: int,
    limit: int,
    fresh_from: datetime | None,
    *,
    fresh_only: bool,
    plays: bool,
) -> list[Any]:
    rows: list[Any] = []
    some, new = _READY, _FRESH
    if not plays:
        some, new = (one.replace(" ORDER BY", _NO_PLAYS) for one in (some, new))
    if not fresh_only:
        rows = list(connection.execute(some, (account_id, limit)))
        if len(rows) < limit:
            return rows
    if fresh_from is None:
        return rows
    fresh = list(connection.execute(new, (account_id, micros(fresh_from), limit)))
    known = {row[0] for row in fresh}
    return fresh + [row for row in rows if row[0] not in known][: limit - len(fresh)]


def _numbers(counts: OutboxCounts) -> tuple[int, ...]:
    return (
        counts.pending,
        counts.sending,
        counts.unsure,
        counts.delivered,
        counts.held,
        counts.parked,
        counts.undone,
    )


def _counts(link: Link) -> dict[int, OutboxCounts]:
    rows = link.connection.execute(
        "SELECT account_id, pending, sending, unsure, delivered, held, parked, undone FROM tally"
    )
    return {row[0]: OutboxCounts(*row[1:]) for row in rows}


def _due_us(state: DeliveryState, due_at: datetime | None) -> int | None:
    if state is DeliveryState.HELD and due_at is None:
        return FOR_EVER_US
    return maybe_micros(due_at)


def _by_id(connection: Any, ids: Sequence[int]) -> list[Delivery]:
    rows = connection.execute(
        f"SELECT {DELIVERY_COLUMNS} FROM delivery d JOIN scrobble s ON s.id = d.scrobble_id "
        "WHERE d.id IN (SELECT value FROM json_each(?)) ORDER BY d.id DESC",
        (compact(list(ids)),),
    )
    return [delivery_from(row) for row in rows]
