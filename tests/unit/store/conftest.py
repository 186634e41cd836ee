"""A real database in a folder of its own, and accounts to deliver to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from revenge_companion.store.plays import Plays
from tests.clock import FakeClock


@pytest.fixture
async def db(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "data" / "companion.db", clock=clock)
    yield database
    await database.close()


@pytest.fixture
def outbox(db: Database, clock: FakeClock) -> Outbox:
    return Outbox(db, clock)


@pytest.fixture
def plays(db: Database, clock: FakeClock) -> Plays:
    return Plays(db, clock)


@pytest.fixture
def accounts(db: Database, clock: FakeClock) -> Accounts:
    return Accounts(db, clock)


@pytest.fixture
async def trakt(accounts: Accounts) -> int:
    return (await accounts.add(service="trakt", remote_id="t1", remote_name="ann")).id


@pytest.fixture
async def lastfm(accounts: Accounts) -> int:
    return (await accounts.add(service="lastfm", remote_id="l1", remote_name="ann")).id
