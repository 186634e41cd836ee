"""Handing plays over: writing changes no row, a restart loses nothing, done is the user's word."""

import asyncio
import csv
import stat
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from revenge_companion.core.accounts import Account
from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.errors import LinkRefused, StoreTrouble
from revenge_companion.core.media import Ids, Item, Kind
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.core.reasons import Reason
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.engine.handoff import REMIND_AT_ROWS, HandOffs
from revenge_companion.net.http import Http
from revenge_companion.services.base import Service
from revenge_companion.services.letterboxd.service import Letterboxd
from revenge_companion.services.trakt.service import Trakt
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.hand_off import HandOffRows
from revenge_companion.store.outbox import Outbox
from revenge_companion.store.plays import Plays
from tests.clock import START, FakeClock, eventually


class Desk:
    """Hand-offs over a real database; `again` is what a restart makes of it."""

    def __init__(self, db: Database, clock: FakeClock) -> None:
        self.db, self.clock = db, clock
        self.outbox = Outbox(db, clock)
        self.plays = Plays(db, clock)
        self.accounts = Accounts(db, clock)
        http = Http()
        services: tuple[Service, ...] = (Letterboxd(http, clock, {}), Trakt(http, clock, {}))
        self.services: Mapping[str, Service] = {one.spec.key: one for one in services}
        self.hand_offs = self.again()

    def again(self) -> HandOffs:
        rows = HandOffRows(self.db)
        return HandOffs(self.services, self.accounts, rows, self.db, self.clock, zone=UTC)

    async def link(self, service: str = "letterboxd", remote_id: str = "local") -> Account:
        return await self.accounts.add(service=service, remote_id=remote_id, label="me")

    async def queue(self, account: Account, number: int = 1, **film: object) -> int:
        """Queue a film that counted `number` days after the clock's start; returns the row's id."""
        await self.outbox.add(a_viewing(number, **film), [account.id])
        return max(row.id for row in await self.outbox.page(account_id=account.id))

    async def state(self, row_id: int) -> tuple[DeliveryState, str]:
        row = await self.outbox.get(row_id)
        assert row is not None
        return row.state, row.reason_code


def a_film(number: int = 1, **values: object) -> Item:
    known: dict[str, object] = {"title": f"Film {number}", "ids": Ids(tmdb=number), "year": 2010}
    return Item(Kind.MOVIE, f"m{number}", **(known | values))  # type: ignore[arg-type]  # names fit


def a_viewing(number: int = 1, **film: object) -> Scrobble:
    at = START + timedelta(days=number)
    item = a_film(number, **film)
    return Scrobble(f"k{number}", item, at - timedelta(hours=2), at, 7000, 7000, 80)


@pytest.fixture
async def desk(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Desk]:
    database = await Database.open(tmp_path / "data" / "companion.db", clock=clock)
    yield Desk(database, clock)
    await database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "to import"
    made.mkdir()
    return made


def titles(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row["Title"] for row in csv.DictReader(file)]


async def test_writing_puts_what_waits_into_a_private_file_and_changes_no_row(
    desk: Desk, folder: Path
) -> None:
    account = await desk.link()
    rows = [await desk.queue(account, number) for number in (1, 2)]
    assert await desk.hand_offs.waiting(account.id) == 2
    (path,) = await desk.hand_offs.write(account.id, folder)
    assert path == folder / "letterboxd.csv"
    assert titles(path) == ["Film 1", "Film 2"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(folder.iterdir()) == [path]
    assert [await desk.state(row) for row in rows] == [(DeliveryState.PENDING, "")] * 2
    assert await desk.hand_offs.waiting(account.id) == 2
    assert desk.hand_offs.written == {account.id: 2}


async def test_the_users_word_delivers_what_was_in_the_file_and_nothing_else(
    desk: Desk, folder: Path
) -> None:
    account = await desk.link()
    first = await desk.queue(account, 1)
    await desk.hand_offs.write(account.id, folder)
    second = await desk.queue(account, 2)
    assert await desk.hand_offs.confirm(account.id) == 1
    assert await desk.state(first) == (DeliveryState.DELIVERED, Reason.HANDED_OVER)
    assert await desk.state(second) == (DeliveryState.PENDING, "")
    counts = (await desk.outbox.counts())[account.id]
    assert (counts.delivered, counts.pending) == (1, 1)
    known = await desk.accounts.get(account.id)
    assert known is not None
    assert known.last_delivery_at == START
    assert desk.hand_offs.written == {}


async def test_a_second_word_changes_nothing(desk: Desk, folder: Path) -> None:
    account = await desk.link()
    await desk.queue(account)
    await desk.hand_offs.write(account.id, folder)
    await desk.hand_offs.confirm(account.id)
    assert await desk.hand_offs.confirm(account.id) == 0


async def test_a_word_before_any_file_delivers_nothing(desk: Desk) -> None:
    account = await desk.link()
    row = await desk.queue(account)
    assert await desk.hand_offs.confirm(account.id) == 0
    assert (await desk.state(row))[0] is DeliveryState.PENDING


async def test_a_restart_between_writing_and_the_word_loses_nothing(
    desk: Desk, folder: Path
) -> None:
    account = await desk.link()
    row = await desk.queue(account)
    await desk.hand_offs.write(account.id, folder)
    restarted = desk.again()
    await restarted.load([account])
    assert restarted.written == {account.id: 1}
    assert await restarted.confirm(account.id) == 1
    assert (await desk.state(row))[0] is DeliveryState.DELIVERED


async def test_what_was_not_confirmed_is_in_the_next_file_too(desk: Desk, folder: Path) -> None:
    account = await desk.link()
    await desk.queue(account, 1)
    await desk.hand_offs.write(account.id, folder)
    await desk.queue(account, 2)
    (path,) = await desk.hand_offs.write(account.id, folder)
    assert titles(path) == ["Film 1", "Film 2"]
    assert await desk.hand_offs.confirm(account.id) == 2


async def test_forgetting_keeps_the_rows_waiting(desk: Desk, folder: Path) -> None:
    account = await desk.link()
    await desk.queue(account)
    await desk.hand_offs.write(account.id, folder)
    await desk.hand_offs.forget(account.id)
    assert await desk.hand_offs.confirm(account.id) == 0
    assert await desk.hand_offs.waiting(account.id) == 1


async def test_what_was_discarded_after_writing_stays_discarded(desk: Desk, folder: Path) -> None:
    account = await desk.link()
    row = await desk.queue(account)
    await desk.hand_offs.write(account.id, folder)
    await desk.outbox.discard(row)
    assert await desk.hand_offs.confirm(account.id) == 0
    assert await desk.state(row) == (DeliveryState.UNDONE, Reason.DISCARDED)


async def test_nothing_waiting_writes_no_file_and_forgets_earlier_ones(
    desk: Desk, folder: Path
) -> None:
    account = await desk.link()
    row = await desk.queue(account)
    await desk.hand_offs.write(account.id, folder)
    await desk.outbox.discard(row)
    assert await desk.hand_offs.write(account.id, folder) == []
    assert desk.hand_offs.written == {}


async def test_rows_that_no_file_can_hold_are_parked_with_the_reason(
    desk: Desk, folder: Path
) -> None:
    account = await desk.link()
    nameless = await desk.queue(account, 1, title="", ids=Ids())
    await desk.queue(account, 2)
    (path,) = await desk.hand_offs.write(account.id, folder)
    assert titles(path) == ["Film 2"]
    assert await desk.state(nameless) == (DeliveryState.PARKED, Reason.INVALID)


async def test_rows_of_a_restored_copy_and_holds_that_are_over_wait_too(
    desk: Desk, folder: Path
) -> None:
    account = await desk.link()
    await desk.outbox.add(a_viewing(1), [account.id], held_until=START + timedelta(minutes=5))
    assert await desk.hand_offs.waiting(account.id) == 0
    desk.clock.advance(301)
    assert await desk.hand_offs.waiting(account.id) == 1
    await desk.queue(account, 2)
    await desk.outbox.claim(account.id, 1, START)
    await desk.outbox.recover(START)
    assert await desk.hand_offs.waiting(account.id) == 2
    await desk.hand_offs.write(account.id, folder)
    assert await desk.hand_offs.confirm(account.id) == 2


async def test_a_folder_that_cannot_be_written_forgets_nothing(desk: Desk, folder: Path) -> None:
    account = await desk.link()
    await desk.queue(account, 1)
    await desk.hand_offs.write(account.id, folder)
    await desk.queue(account, 2)
    file = folder / "a file"
    file.write_text("in the way")
    with pytest.raises(StoreTrouble):
        await desk.hand_offs.write(account.id, file / "below")
    assert desk.hand_offs.written == {account.id: 1}
    assert await desk.hand_offs.confirm(account.id) == 1


async def test_two_accounts_of_one_service_do_not_share_a_file(desk: Desk, folder: Path) -> None:
    first, second = await desk.link(), await desk.link(remote_id="ben")
    await desk.queue(first, 1)
    await desk.queue(second, 2)
    paths = [path for one in (first, second) for path in await desk.hand_offs.write(one.id, folder)]
    assert [path.name for path in paths] == [
        f"account-{one.id}-letterboxd.csv" for one in (first, second)
    ]
    assert [titles(path) for path in paths] == [["Film 1"], ["Film 2"]]


@pytest.mark.parametrize("service", ["trakt", None], ids=["a service that is sent plays", "none"])
async def test_other_accounts_get_no_files(desk: Desk, folder: Path, service: str | None) -> None:
    account_id = (await desk.link(service)).id if service else 99
    with pytest.raises(LinkRefused):
        await desk.hand_offs.write(account_id, folder)
    with pytest.raises(LinkRefused):
        await desk.hand_offs.confirm(account_id)


async def counted_play(desk: Desk, key: str, number: int, days: int) -> None:
    at = START + timedelta(days=days)
    update = PlayUpdate(
        play_key=key,
        item=a_film(number),
        device_name="",
        started_at=at,
        ended_at=at,
        counted_at=at,
        played_s=7000,
        position_s=7000,
        reason_code="position_reached",
        facts={},
        snapshot="",
    )
    await desk.plays.save(update)


async def test_a_film_of_the_whole_ledger_is_a_rewatch(desk: Desk, folder: Path) -> None:
    account = await desk.link()
    await counted_play(desk, "long ago", 7, days=-400)
    await desk.queue(account, 7)
    await desk.queue(account, 8)
    (path,) = await desk.hand_offs.write(account.id, folder)
    assert path.read_text("utf-8").splitlines()[1:] == [
        "7,,Film 7,2010,2026-03-08,true",
        "8,,Film 8,2010,2026-03-09,false",
    ]


async def test_what_was_handed_over_before_makes_a_rewatch(desk: Desk, folder: Path) -> None:
    account = await desk.link()
    await desk.queue(account, 1)
    await desk.hand_offs.write(account.id, folder)
    await desk.hand_offs.confirm(account.id)
    await desk.queue(account, 2, ids=Ids(tmdb=1))
    (path,) = await desk.hand_offs.write(account.id, folder)
    assert path.read_text("utf-8").splitlines()[1].endswith(",true")


async def test_a_plays_own_line_in_the_ledger_is_no_earlier_viewing(
    desk: Desk, folder: Path
) -> None:
    account = await desk.link()
    # By the user's own rule it counted before midnight, by the account's after it.
    at = START + timedelta(days=1)
    await counted_play(desk, "p", 1, days=0)
    scrobble = Scrobble("k", a_film(1), START, at, 7000, 7000, 90, rule="0.9")
    saved = await desk.plays.saved((await desk.plays.page(limit=1))[0].id)
    assert saved is not None
    await desk.plays.count(saved, [(scrobble, [account.id])])
    (path,) = await desk.hand_offs.write(account.id, folder)
    assert path.read_text("utf-8").splitlines()[1].endswith(",false")


Told = list[tuple[int, int]]


async def reminded(desk: Desk, told: Told, *accounts: Account) -> Told:
    await desk.hand_offs.remind(accounts, lambda one, count: told.append((one.id, count)))
    return told


async def test_few_and_new_rows_remind_nobody(desk: Desk) -> None:
    account = await desk.link()
    await desk.queue(account)
    desk.clock.advance(6 * 86_400)
    assert await reminded(desk, [], account) == []


async def test_a_row_that_waited_a_week_reminds_once_a_day(desk: Desk) -> None:
    account = await desk.link()
    await desk.queue(account)
    desk.clock.advance(7 * 86_400 + 1)
    told = await reminded(desk, [], account)
    assert told == [(account.id, 1)]
    desk.hand_offs = desk.again()
    assert len(await reminded(desk, told, account)) == 1
    desk.clock.advance(86_400)
    assert len(await reminded(desk, told, account)) == 2


async def test_a_clock_that_was_set_back_does_not_silence_the_reminder(desk: Desk) -> None:
    account = await desk.link()
    await desk.queue(account)
    desk.clock.advance(30 * 86_400)
    told = await reminded(desk, [], account)
    desk.clock.jump(-10 * 86_400)
    assert len(await reminded(desk, told, account)) == 2


async def test_many_rows_remind_at_once_and_other_services_never(desk: Desk) -> None:
    account, other = await desk.link(), await desk.link("trakt")
    viewings = [(a_viewing(n), [account.id, other.id]) for n in range(1, REMIND_AT_ROWS)]
    await desk.outbox.add_many(viewings)
    assert await reminded(desk, [], account, other) == []
    await desk.queue(account, REMIND_AT_ROWS)
    assert await reminded(desk, [], account, other) == [(account.id, REMIND_AT_ROWS)]


async def test_it_looks_every_hour_by_itself(desk: Desk) -> None:
    account = await desk.link()
    await desk.queue(account)
    told: Told = []
    task = asyncio.create_task(
        desk.hand_offs.keep_reminding(
            lambda: [account], lambda one, count: told.append((one.id, count))
        )
    )
    await eventually(lambda: desk.clock.sleeping == 1)
    assert desk.clock.next_wake_s == 3600
    assert told == []
    desk.clock.advance(8 * 86_400)
    await eventually(lambda: bool(told))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert told == [(account.id, 1)]
