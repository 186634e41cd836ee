"""Who is which profile: told by the server's id of a user, wherever that server is reached."""

import pytest

from revenge_companion.core.profiles import FIRST, NOBODY, Profile
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.profiles import Profiles
from tests.clock import FakeClock

HOME, AWAY = "http://media:8096", "https://media.example.org"
ANN = "6d1f2c0e-55d3-4f6e-9d1c-0a8f5d2b7e11"
BEN = "0b5c2a34-1f7d-4a6b-8a55-3d9e4b6f7c22"


@pytest.fixture
def profiles(db: Database) -> Profiles:
    return Profiles(db)


async def test_one_user_is_one_profile_under_every_address_and_name(profiles: Profiles) -> None:
    first = await profiles.enter(HOME, ANN, "ann")
    assert first == FIRST
    assert await profiles.enter(HOME, ANN, "ann") == first
    assert await profiles.enter(AWAY, ANN, "anna") == first
    assert await profiles.all() == [Profile(first, AWAY, "anna")]


async def test_two_users_of_a_server_are_two_whatever_they_are_called(profiles: Profiles) -> None:
    ann = await profiles.enter(HOME, ANN, "ann")
    ben = await profiles.enter(HOME, BEN, "ben")
    assert ann != ben
    # The names were swapped at the server.
    assert await profiles.enter(HOME, BEN, "ann") == ben
    assert await profiles.enter(HOME, ANN, "ben") == ann


async def test_an_id_that_others_may_have_counts_at_its_own_server(profiles: Profiles) -> None:
    here = await profiles.enter(HOME, "1", "admin")
    there = await profiles.enter(AWAY, "1", "admin")
    assert here != there
    assert await profiles.enter(HOME, "1", "root") == here


async def test_without_an_id_a_name_tells_who_it_is(profiles: Profiles) -> None:
    ann = await profiles.enter(HOME, "", "ann")
    assert await profiles.enter(HOME, "", "ben") != ann
    assert await profiles.enter(HOME, "", "ann") == ann
    # Once the id is known it stays.
    assert await profiles.enter(HOME, ANN, "ann") == ann
    assert await profiles.enter(HOME, "", "ann") == ann
    assert await profiles.enter(HOME, BEN, "ann") != ann


async def test_what_is_nobodys_goes_to_who_comes_next(
    profiles: Profiles, db: Database, clock: FakeClock
) -> None:
    accounts = Accounts(db, clock)
    # While there is no profile at all, that is the first one.
    early = await accounts.add(service="trakt", remote_id="early", profile=NOBODY)
    assert early.profile == FIRST
    ann = await profiles.enter(HOME, ANN, "ann")
    late = await accounts.add(service="trakt", remote_id="late", profile=NOBODY)
    assert late.profile == NOBODY
    ben = await profiles.enter(HOME, BEN, "ben")
    found = {one.remote_id: one.profile for one in await accounts.all()}
    assert found == {"early": ann, "late": ben}
