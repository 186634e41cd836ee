"""The rows of accounts that get files: they wait, and become delivered when the user says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from revenge_companion.core.delivery import Delivery, DeliveryState
from revenge_companion.core.media import Item, Kind
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import (
    DELIVERY_COLUMNS,
    compact,
    delivery_from,
    item_from_text,
    maybe_moment,
    micros,
    moment,
    scrobble_from,
)

# A hold of the user's that is not over is not due.
_WAITING = (
    "FROM delivery d INDEXED BY delivery_state JOIN scrobble s ON s.id = d.scrobble_id "
    "WHERE d.account_id = ? "
    "AND d.state IN ('pending', 'unsure', 'held') AND (d.state <> 'held' OR d.due_us <= ?)"
)
_CONCLUDE = (
    "UPDATE delivery SET state = ?, attempts = attempts + 1, due_us = NULL, reason_code = ?, "
    "detail = ?, settled_us = ? WHERE account_id = ? AND state IN ('pending', 'unsure', 'held') "
    "AND id IN (SELECT value FROM json_each(?))"
)
# The waiting rows' own plays are left out: under another threshold they counted at another moment.
_COUNTED = (
    "SELECT item, counted_us FROM play WHERE counted_us IS NOT NULL AND kind = ? "
    f"AND play_key NOT IN (SELECT s.play_key {_WAITING} AND s.play_key IS NOT NULL)"
)
_HANDED = (
    "SELECT s.key, s.rule, s.started_us, s.counted_us, s.payload "
    "FROM delivery d JOIN scrobble s ON s.id = d.scrobble_id "
    "WHERE d.account_id = ? AND d.state = 'delivered'"
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many rows wait for the user, and when the first of them was queued."""

    count: int = 0
    since: datetime | None = None


class HandOffRows:
    """Rows that no lane claims."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def waiting(self, account_id: int, now: datetime) -> Waiting:
        """What the user could hand over at `now`. Raises StoreTrouble."""
        sql = f"SELECT count(*), min(d.queued_us) {_WAITING}"

        def job(link: Link) -> Waiting:
            row = link.connection.execute(sql, (account_id, micros(now))).fetchone()
            return Waiting(row[0], maybe_moment(row[1]))

        return await self._db.run(job)

    async def rows(self, account_id: int, now: datetime) -> list[Delivery]:
        """The rows that wait, the oldest play first. Raises StoreTrouble."""
        sql = f"SELECT {DELIVERY_COLUMNS} {_WAITING} ORDER BY d.dated_us, d.id"

        def job(link: Link) -> list[Delivery]:
            found = link.connection.execute(sql, (account_id, micros(now)))
            return [delivery_from(row) for row in found]

        return await self._db.run(job)

    async def conclude(
        self,
        account_id: int,
        delivery_ids: Sequence[int],
        state: DeliveryState,
        now: datetime,
        *,
        reason_code: str,
        detail: str = "",
    ) -> int:
        """Give those of the rows that still wait their last state; returns how many.

        What the user discarded meanwhile stays discarded. Raises StoreTrouble.
        """
        values = (state.value, reason_code, detail, micros(now), account_id)

        def job(link: Link) -> int:
            with link.atomic():
                cursor = link.connection.execute(_CONCLUDE, (*values, compact(list(delivery_ids))))
                return int(cursor.rowcount)

        return await self._db.run(job)

    async def played(
        self, account_id: int, kinds: Sequence[Kind], now: datetime
    ) -> list[tuple[Item, datetime]]:
        """Every other counted play of these kinds, and what the account was handed before."""
        now_us = micros(now)

        def job(link: Link) -> list[tuple[Item, datetime]]:
            plays = [
                (item_from_text(text), moment(counted_us))
                for kind in kinds
                for text, counted_us in link.connection.execute(
                    _COUNTED, (kind.value, account_id, now_us)
                )
            ]
            handed = [
                scrobble_from(*row) for row in link.connection.execute(_HANDED, (account_id,))
            ]
            return plays + [(scrobble.item, scrobble.dated_at) for scrobble in handed]

        return await self._db.run(job)
