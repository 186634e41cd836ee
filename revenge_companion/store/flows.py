"""What came for each account after its last confirmed delivery."""

from revenge_companion.core.alarm import Flow
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import moment

# CROSS JOIN keeps the order: from each account to its few rows that are not delivered.
_FLOWS = (
    "SELECT d.account_id, count(*), min(d.queued_us), max(d.queued_us) "
    "FROM tally t CROSS JOIN delivery d ON d.account_id = t.account_id "
    "WHERE d.state IN ('pending', 'sending', 'unsure', 'parked') "
    "AND d.queued_us > coalesce(t.last_delivery_us, 0) "
    "GROUP BY d.account_id"
)


class Flows:
    """Reads the outbox; changes nothing."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def unconfirmed(self) -> dict[int, Flow]:
        """The flow of every account that has one. Raises StoreTrouble."""

        def job(link: Link) -> dict[int, Flow]:
            return {
                account_id: Flow(count, moment(first), moment(last))
                for account_id, count, first, last in link.connection.execute(_FLOWS)
            }

        return await self._db.run(job)
