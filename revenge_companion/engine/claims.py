"""The rows one lane has taken from the outbox: claimed, then settled or given back."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from revenge_companion.core.clock import Clock
from revenge_companion.core.delivery import Delivery, Outcome, Settled, settle, wait_s
from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.quota import FRESH

_log = logging.getLogger(__name__)


class LaneOutbox(Protocol):
    """What a lane needs of the outbox."""

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
    ) -> list[Delivery]: ...
    async def settle(self, items: Settled, now: datetime) -> None: ...
    async def next_due(
        self, account_id: int, *, fresh_from: datetime | None = None, plays: bool = True
    ) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What a claim may take."""

    now: datetime
    limit: int
    #: Waiting rows too, before their time.
    force: bool
    #: Not only plays of the present.
    backlog: bool
    #: Not only exports and changes, which go out while plays are not wanted.
    plays: bool = True


class Claims:
    """What is `sending` on disk for one account."""

    def __init__(
        self,
        outbox: LaneOutbox,
        account_id: int,
        service: str,
        clock: Clock,
        stopping: Callable[[], bool],
    ) -> None:
        """`service` is its name; while `stopping`, a disk that is full is not waited for."""
        self._outbox = outbox
        self._account_id = account_id
        self._service = service
        self._clock = clock
        self._stopping = stopping
        self.rows: list[Delivery] = []

    async def take(self, terms: Terms, settled: Settled = ()) -> list[Delivery]:
        """Claim the next rows, in the commit that settles those before. Raises StoreTrouble."""
        self.rows = await self._outbox.claim(
            self._account_id,
            terms.limit,
            terms.now,
            force=terms.force,
            fresh_from=terms.now - FRESH,
            fresh_only=not terms.backlog,
            settled=settled,
            plays=terms.plays,
        )
        return self.rows

    async def settle(self, settled: Settled) -> None:
        """Write outcomes down, waiting for a disk that is full or locked: they are facts."""
        tries = 0
        while True:
            try:
                await self._outbox.settle(settled, self._clock.now())
            except StoreTrouble as error:
                tries += 1
                _log.warning("Outcomes of %s cannot be stored yet: %s", self._service, error)
                if self._stopping():
                    # On disk the rows stay `sending`: the next start treats them as unsure.
                    break
                await self._clock.sleep(wait_s(tries, 1.0))
            else:
                break
        self.rows = []

    async def give_back(self, outcome: Outcome) -> None:
        """Settle the rows without having sent them, or without knowing; best effort."""
        rows, self.rows = self.rows, []
        if not rows:
            return
        now = self._clock.now()
        with suppress(StoreTrouble):
            await self._outbox.settle([(d.id, settle(d, outcome, now)) for d in rows], now)
