"""An account whose every play is refused is noticed by the whole engine, once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from revenge_companion.core.delivery import DeliveryState, Settlement
from revenge_companion.core.reasons import Reason
from revenge_companion.engine.api import Notification
from revenge_companion.engine.start import open_engine
from revenge_companion.engine.supervisor import Engine
from revenge_companion.paths import find_paths
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from tests.clock import START, FakeClock, eventually
from tests.integration.engine.house import Memory
from tests.unit.store.builders import a_scrobble


async def refused_plays(home: Path, clock: FakeClock) -> None:
    """Three plays in thirty hours, each refused by the service."""
    database = await Database.open(find_paths(str(home)).create().database, clock=clock)
    accounts, outbox = Accounts(database, clock), Outbox(database, clock)
    account = await accounts.add(service="trakt", remote_id="r1", label="anna", remote_name="anna")
    for number in range(3):
        await outbox.add(a_scrobble(f"k{number}"), [account.id])
        rows = await outbox.claim(account.id, 9, clock.now())
        parked = Settlement(DeliveryState.PARKED, 1, None, Reason.INVALID)
        await outbox.settle([(row.id, parked) for row in rows], clock.now())
        clock.advance(15 * 3600)
    await database.close()


@asynccontextmanager
async def an_engine(
    home: Path, clock: FakeClock, told: list[Notification]
) -> AsyncIterator[Engine]:
    running = await open_engine(find_paths(str(home)), clock=clock, environ={}, secrets=Memory())
    running.engine.on_notification(told.append)
    try:
        await running.engine.start()
        yield running.engine
    finally:
        await running.close()


async def test_it_is_told_once_and_shown_until_a_play_arrives(home: Path, clock: FakeClock) -> None:
    await refused_plays(home, clock)
    told: list[Notification] = []
    for _ in range(2):
        async with an_engine(home, clock, told) as engine:
            await eventually(lambda: engine.status.accounts[0].silent_since is not None)
            # It is told of once it is on disk.
            await eventually(lambda: bool(told))
            assert engine.status.accounts[0].silent_since == START
    assert [one.reason for one in told] == [Reason.NOTHING_CONFIRMED]
    assert told[0].facts == {"service": "Trakt"}
    assert clock.now() - START == timedelta(hours=45)
