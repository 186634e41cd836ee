"""What one request of a lane may hold: a batch, or what is left of its service's day."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.quota import DayQuota
from revenge_companion.services.base import ServiceSpec

_log = logging.getLogger(__name__)


class Budget:
    """One lane's room; without a quota only the batch size limits it."""

    def __init__(
        self,
        spec: ServiceSpec,
        quota: DayQuota | None,
        note: Callable[[str], Awaitable[None]] | None,
    ) -> None:
        """`note` keeps what was used."""
        self._spec = spec
        self._quota = quota
        self._note = note

    def room(self, now: datetime) -> tuple[int, bool]:
        """How many rows one request may hold now, and whether a backlog may be among them."""
        size = self._spec.batch_size
        if self._quota is None:
            return size, True
        left = self._quota.left(now)
        if left == 0:
            return size, False
        return (size if self._spec.day_counts_requests else min(size, left)), True

    def reopens(self, now: datetime) -> datetime | None:
        """When a backlog has room again; None where it has now."""
        if self._quota is None or self._quota.left(now):
            return None
        return self._quota.next_day(now)

    async def spend(self, rows: int, now: datetime) -> None:
        """Note what an answered request used of the day."""
        if self._quota is None:
            return
        self._quota.spend(1 if self._spec.day_counts_requests else rows, now)
        if self._note is not None:
            try:
                await self._note(self._quota.text())
            except StoreTrouble as error:
                _log.debug("what was used of the day cannot be kept: %s", error)
