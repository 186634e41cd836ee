"""Logins that end unused are used in time; an end that cannot be put off is told of once."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from revenge_companion.core.accounts import Account, AccountState, Switches
from revenge_companion.core.errors import SecretsUnavailable, Unreachable
from revenge_companion.engine.upkeep import Upkeep
from revenge_companion.services.anilist.spec import SPEC as ANILIST
from revenge_companion.services.base import Secret, Service
from revenge_companion.services.myanimelist.spec import SPEC as MAL
from revenge_companion.services.trakt.spec import SPEC as TRAKT
from tests.clock import START, FakeClock

DAY_S = 86_400.0
LISTED = Account(1, "anilist", "anna", "r1")
RENEWED = Account(2, "myanimelist", "anna", "r2")
OTHER = Account(3, "trakt", "anna", "r3")


class Described:
    """Only a service's data is looked at."""

    def __init__(self, spec: object) -> None:
        self.spec = spec


SERVICES: dict[str, Service] = {
    spec.key: Described(spec)  # type: ignore[misc]  # nothing else of a service is used
    for spec in (ANILIST, MAL, TRAKT)
}


class Home:
    """Tokens and small texts in memory, and what was done with them."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.texts: dict[str, str] = {}
        self.secrets: dict[int, Secret] = {}
        self.used: list[datetime] = []
        self.told: list[tuple[int, int]] = []
        self.accounts = [LISTED, RENEWED, OTHER]
        self.shut = False
        self.down = False
        self._task: asyncio.Task[None] | None = None

    async def get_meta(self, key: str) -> str | None:
        return self.texts.get(key)

    async def set_meta(self, key: str, value: str) -> None:
        self.texts[key] = value

    async def secret(self, account: Account) -> Secret | None:
        if self.shut:
            raise SecretsUnavailable("The keyring is locked.")
        return self.secrets.get(account.id)

    async def use(self, account_id: int) -> str:
        self.used.append(self.clock.now())
        if self.down:
            raise Unreachable("MyAnimeList cannot be reached.")
        self.secrets[account_id] = Secret("new", "r", self.clock.now() + timedelta(days=31))
        return "anna"

    def start(self) -> None:
        upkeep = Upkeep(
            SERVICES,
            self,
            self.clock,
            secret_of=self.secret,
            use=self.use,
            tell=lambda account, days: self.told.append((account.id, days)),
        )
        self._task = asyncio.create_task(upkeep.keep(lambda: self.accounts))

    async def stop(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def test_a_login_that_ends_unused_is_used_about_every_three_weeks(clock: FakeClock) -> None:
    home = Home(clock)
    home.secrets[2] = Secret("a", "r", START + timedelta(days=31))
    home.start()
    await clock.turn(100 * DAY_S)
    gaps = [after - before for before, after in zip(home.used, home.used[1:], strict=False)]
    assert [gap.days for gap in gaps] == [24, 24, 24]
    await home.stop()


async def test_a_login_that_could_not_be_used_is_tried_again_the_next_day(clock: FakeClock) -> None:
    home = Home(clock)
    home.secrets[2] = Secret("a", "r", START + timedelta(days=5))
    home.down = True
    home.start()
    await clock.turn(2.5 * DAY_S)
    assert len(home.used) == 3
    home.down = False
    await clock.turn(5 * DAY_S)
    assert len(home.used) == 4
    await home.stop()


async def test_a_link_that_ends_for_good_is_told_of_once_also_over_a_restart(
    clock: FakeClock,
) -> None:
    home = Home(clock)
    home.secrets[1] = Secret("a", "", START + timedelta(days=40))
    home.start()
    await clock.turn(9 * DAY_S)
    assert home.told == []
    await clock.turn(5 * DAY_S)
    assert home.told == [(1, 29)]
    await home.stop()
    home.start()
    await clock.turn(3 * DAY_S)
    assert len(home.told) == 1
    home.secrets[1] = Secret("b", "", clock.now() + timedelta(days=20))
    await clock.turn(2 * DAY_S)
    assert len(home.told) == 2
    await home.stop()


async def test_what_lives_on_by_itself_is_left_alone(clock: FakeClock) -> None:
    home = Home(clock)
    home.secrets[1] = Secret("never ends")
    home.secrets[3] = Secret("a", "renewed as plays go", START + timedelta(days=1))
    home.start()
    await clock.turn(3 * DAY_S)
    assert (home.used, home.told) == ([], [])
    await home.stop()


async def test_accounts_that_are_off_or_held_are_left_alone(clock: FakeClock) -> None:
    home = Home(clock)
    home.secrets = {
        1: Secret("a", "", START + timedelta(days=3)),
        2: Secret("a", "r", START + timedelta(days=3)),
    }
    home.accounts = [
        replace(LISTED, state=AccountState.LINK_AGAIN),
        replace(RENEWED, switches=Switches(enabled=False)),
    ]
    home.start()
    await clock.turn(2 * DAY_S)
    assert (home.used, home.told) == ([], [])
    await home.stop()


async def test_a_locked_keyring_puts_it_off_and_broken_notes_do_not_stop_it(
    clock: FakeClock,
) -> None:
    home = Home(clock)
    home.texts["ending_links"] = "[not json"
    home.secrets[1] = Secret("a", "", START + timedelta(days=20))
    home.shut = True
    home.start()
    await clock.turn(1.5 * DAY_S)
    assert home.told == []
    home.shut = False
    await clock.turn(DAY_S)
    assert home.told == [(1, 17)]
    await home.stop()


async def test_a_clock_set_back_does_not_silence_it(clock: FakeClock) -> None:
    home = Home(clock)
    home.start()
    await clock.turn(3600)
    clock.jump(-300 * DAY_S)
    home.secrets[1] = Secret("a", "", clock.now() + timedelta(days=3))
    await clock.turn(2 * 3600)
    assert len(home.told) == 1
    await home.stop()
