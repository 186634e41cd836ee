"""Lanes under a day's budget and a breaker, over a real outbox."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from revenge_companion.core.accounts import Account, AccountState
from revenge_companion.core.breaker import Breaker
from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import Delivered, Delivery, Outcome
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.core.live import LiveNotice
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.quota import DayQuota
from revenge_companion.core.reasons import Reason
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.engine.dispatcher import Lane, LaneEvent
from revenge_companion.services.base import LinkMethod, RemoteUser, ServiceSpec
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from tests.clock import START, FakeClock, eventually, settle

SPEC = ServiceSpec(
    key="fake",
    name="Fake",
    kinds=(Kind.TRACK,),
    link=(LinkMethod.TOKEN,),
    live=True,
    batch_size=50,
    resend_is_safe=True,
    default_api_url="https://fake.invalid",
    per_day=60,
)
DAY_S = 86400.0


def played(ago_s: float, name: str = "", length_s: float | None = 200.0) -> Scrobble:
    at = START - timedelta(seconds=ago_s)
    name = name or f"m{ago_s:g}"
    item = Item(Kind.TRACK, name, "Words", artist="Low", duration_s=length_s)
    return Scrobble(f"k{name}{ago_s:g}", item, at, at, 0.0, 0.0, 50.0)


class Client:
    """Takes everything."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    @property
    def rows(self) -> int:
        return sum(len(batch) for batch in self.batches)

    async def submit(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        self.batches.append([row.scrobble.item.media_id for row in batch])
        return {row.id: Delivered() for row in batch}

    async def change(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        self.batches.append([row.scrobble.item.media_id for row in batch])
        return {row.id: Delivered() for row in batch}

    async def find(self, delivery: Delivery) -> str | None:
        return None

    async def live(self, notice: LiveNotice) -> None: ...

    async def whoami(self) -> RemoteUser:
        return RemoteUser("1", "fake")

    async def revoke(self) -> None: ...


class Bench:
    def __init__(self, outbox: Outbox, account: Account, clock: FakeClock) -> None:
        self.outbox, self.account, self.clock = outbox, account, clock
        self.client = Client()
        self.events: list[LaneEvent] = []
        self.notes: list[str] = []
        self.quota: DayQuota | None = None
        self.spec = SPEC
        self.breaker = Breaker()

    async def _report(self, event: LaneEvent) -> None:
        self.events.append(event)

    async def _note(self, text: str) -> None:
        self.notes.append(text)

    async def add(self, *scrobbles: Scrobble) -> None:
        await self.outbox.add_many([(one, [self.account.id]) for one in scrobbles])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Lane]:
        lane = Lane(
            self.account,
            self.spec,
            self.client,
            self.outbox,
            self.clock,
            self._report,
            jitter=lambda: 1.0,
            breaker=self.breaker,
            quota=self.quota,
            note=self._note,
        )
        lane.start()
        try:
            yield lane
        finally:
            await lane.stop()

    async def sent(self, rows: int) -> None:
        await eventually(lambda: self.client.rows >= rows)
        await self.quiet()
        assert self.client.rows == rows

    async def quiet(self) -> None:
        """Until the lane sleeps: its jobs wait for a thread."""
        for _ in range(3):
            await self.outbox.counts()
            await settle()


@pytest.fixture
async def bench(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Bench]:
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    account = await Accounts(db, clock).add(service="fake", remote_id="1")
    yield Bench(Outbox(db, clock), account, clock)
    await db.close()


def old(count: int) -> list[Scrobble]:
    """A backlog from more than two days ago, a track every 5 minutes."""
    return [played(3 * DAY_S - n * 300.0, f"old{n}") for n in range(count)]


async def test_a_backlog_stops_at_the_days_budget_and_goes_on_the_next_day(bench: Bench) -> None:
    bench.quota = DayQuota(60)
    await bench.add(*old(130))
    async with bench.running():
        await bench.sent(60)
        assert [len(batch) for batch in bench.client.batches] == [50, 10]
        bench.clock.advance(3 * 3600.0)
        await bench.quiet()
        assert bench.client.rows == 60
        for rows in (120, 130):
            for _ in range(24):
                bench.clock.advance(3600.0)
                await bench.quiet()
            await bench.sent(rows)


async def test_fresh_plays_go_although_the_backlog_has_to_wait(bench: Bench) -> None:
    bench.quota = DayQuota(60)
    await bench.add(*old(100))
    async with bench.running() as lane:
        await bench.sent(60)
        await bench.add(played(30.0, "new"))
        lane.wake()
        await bench.sent(61)
        assert bench.client.batches[-1] == ["new"]


async def test_fresh_plays_go_before_a_backlog_and_cost_no_request(bench: Bench) -> None:
    await bench.add(*old(98), played(40.0, "new1"), played(30.0, "new2"))
    async with bench.running():
        await bench.sent(100)
    assert bench.client.batches[0][:2] == ["new1", "new2"]
    assert [len(batch) for batch in bench.client.batches] == [50, 50]
    rest = bench.client.batches[0][2:] + bench.client.batches[1]
    assert rest == [f"old{n}" for n in range(98)]


async def test_what_was_used_of_the_day_is_kept(bench: Bench) -> None:
    bench.quota = DayQuota(60)
    await bench.add(*old(100))
    async with bench.running():
        await bench.sent(60)
    again = DayQuota(60)
    again.read(bench.notes[-1], bench.clock.now())
    bench.quota = again
    async with bench.running() as lane:
        lane.wake(force=True)
        await bench.quiet()
    assert bench.client.rows == 60


async def test_requests_are_what_some_services_count(bench: Bench) -> None:

    bench.spec = replace(SPEC, day_counts_requests=True, per_day=2)
    bench.quota = DayQuota(2)
    await bench.add(*old(130))
    async with bench.running():
        await bench.sent(100)


async def test_a_love_takes_nothing_from_the_plays_of_a_day(bench: Bench) -> None:
    bench.quota = DayQuota(60)
    subject = Subject(SubjectKind.TRACK, "Words", artist="Low")
    loves = [
        replace(played(3 * DAY_S - n * 300.0, f"love{n}"), change=Change(Verb.LOVE, subject))
        for n in range(130)
    ]
    await bench.add(*loves)
    async with bench.running():
        await bench.sent(130)
    assert bench.quota.left(bench.clock.now()) == 60


@pytest.mark.expected_logs("nobody can have played this much")
async def test_a_runaway_is_held_until_the_user_says_so(bench: Bench) -> None:
    flood = [played(60.0 - n * 0.06, f"m{n}", None) for n in range(1000)]
    async with bench.running() as lane:
        for one in flood[:40]:
            await bench.add(one)
            lane.wake()
            await bench.quiet()
        await bench.add(*flood[40:])
        for force in (False, True):
            lane.wake(force=force)
            bench.clock.advance(7 * 3600.0)
            await bench.quiet()
        sent = bench.client.rows
        assert sent <= 10
        states = [event for event in bench.events if event.state is not None]
        assert [(one.state, one.code) for one in states] == [(AccountState.HELD, Reason.RUNAWAY)]
        assert lane.account.is_stopped
        counts = (await bench.outbox.counts())[bench.account.id]
        assert (counts.pending, counts.delivered) == (1000 - sent, sent)
        bench.breaker.forgive(bench.clock.now())
        lane.use(bench.account)
        await bench.sent(1000)
