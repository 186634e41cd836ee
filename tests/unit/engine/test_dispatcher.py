"""One account's lane: what it sends, what it makes of the answer, and when it rests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from revenge_companion.core import errors
from revenge_companion.core.accounts import Account, AccountState, Switches
from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import (
    Delivered,
    Delivery,
    DeliveryState,
    Outcome,
    Refused,
    Settled,
    Settlement,
    TryLater,
)
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.core.live import LiveAction, LiveNotice
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.reasons import Reason
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.engine.dispatcher import SETTLE_LIMIT_S, Lane, LaneEvent
from revenge_companion.engine.live import NOTICE_LIFE_S
from revenge_companion.engine.resting import DEAF_S
from revenge_companion.engine.setbacks import HELD_PROBE_S
from revenge_companion.services.base import LinkMethod, RemoteUser, ServiceSpec
from tests.clock import START, FakeClock, settle

ITEM = Item(Kind.TRACK, "m1", "Words", artist="Low", duration_s=200.0)
NOTICE = LiveNotice(LiveAction.START, ITEM, 0.0, 0.0)
SPEC = ServiceSpec(
    key="fake",
    name="Fake",
    kinds=(Kind.TRACK,),
    link=(LinkMethod.TOKEN,),
    live=True,
    batch_size=50,
    resend_is_safe=True,
    default_api_url="https://fake.invalid",
)
#: What a client's `submit` does: an outcome for every row, one error, or a function of the rows.
Answer = Outcome | Exception | Callable[[Sequence[Delivery]], Mapping[int, Outcome]]


class FakeOutbox:
    """The outbox's promises, in memory."""

    def __init__(self, rows: int, clock: FakeClock) -> None:
        self.clock = clock
        self.rows = {number: _row(number) for number in range(1, rows + 1)}
        self.settled: list[tuple[int, Settlement]] = []
        self.trouble: list[errors.StoreTrouble] = []
        self.claiming: asyncio.Future[None] | None = None
        self.calls: list[str] = []

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
    ) -> list[Delivery]:
        self.calls.append("claim")
        if settled:
            await self._write(settled)
        ready = [
            row
            for row in self.rows.values()
            if row.state in (DeliveryState.PENDING, DeliveryState.UNSURE)
            and plays
            and (force or row.due_at is None or row.due_at <= now)
        ][:limit]
        for row in ready:
            self.rows[row.id] = replace(row, state=DeliveryState.SENDING)
        if self.claiming is not None:
            await self.claiming
        return [replace(row, unsure=row.state is DeliveryState.UNSURE) for row in ready]

    async def settle(self, items: Settled, now: datetime) -> None:
        self.calls.append("settle")
        await self._write(items)

    async def _write(self, items: Settled) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        for number, settled in items:
            row = self.rows[number]
            if row.state is DeliveryState.SENDING:
                self.settled.append((number, settled))
                self.rows[number] = replace(
                    row,
                    state=settled.state,
                    attempts=settled.attempts,
                    due_at=settled.due_at,
                    reason_code=settled.reason_code,
                    detail=settled.detail,
                    remote_id=settled.remote_id,
                )

    async def next_due(
        self, account_id: int, *, fresh_from: datetime | None = None, plays: bool = True
    ) -> datetime | None:
        coming = [
            row.due_at or self.clock.now()
            for row in self.rows.values()
            if plays and row.state in (DeliveryState.PENDING, DeliveryState.UNSURE)
        ]
        return min(coming, default=None)

    def add(self, number: int) -> None:
        self.rows[number] = _row(number)

    def states(self) -> list[str]:
        return [row.state.value for row in self.rows.values()]


class FakeClient:
    """A service that answers what the test scripted, the last answer for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers) or [Delivered("r")]
        self.batches: list[list[int]] = []
        self.found: dict[int, str | Exception | None] = {}
        self.asked: list[int] = []
        self.told: list[LiveNotice] = []
        self.live_error: Exception | None = None
        #: Requests wait for it, where there is one.
        self.gate: asyncio.Event | None = None

    async def submit(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        self.batches.append([row.id for row in batch])
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(batch)
        return {row.id: answer for row in batch}

    async def find(self, delivery: Delivery) -> str | None:
        self.asked.append(delivery.id)
        found = self.found.get(delivery.id)
        if isinstance(found, Exception):
            raise found
        return found

    async def live(self, notice: LiveNotice) -> None:
        self.told.append(notice)
        if self.live_error is not None:
            raise self.live_error

    async def whoami(self) -> RemoteUser:
        return RemoteUser("1", "fake")

    async def revoke(self) -> None:
        return None


def _row(number: int) -> Delivery:
    at = START + timedelta(minutes=number)
    scrobble = Scrobble(f"k{number}", ITEM, at, at, 100.0, 100.0, 50.0)
    return Delivery(number, 1, scrobble, DeliveryState.PENDING)


class Bench:
    """A lane over fakes."""

    def __init__(
        self, clock: FakeClock, client: FakeClient, *, rows: int = 1, **spec: bool
    ) -> None:
        self.clock, self.client = clock, client
        self.outbox = FakeOutbox(rows, clock)
        self.events: list[LaneEvent] = []
        #: What else hears of each event.
        self.report: Callable[[LaneEvent], Awaitable[None]] | None = None
        account = Account(1, "fake", "mine", "u1")
        self.lane = Lane(
            account,
            replace(SPEC, **spec),
            client,
            self.outbox,
            clock,
            self._report,
            jitter=lambda: 1.0,
        )

    async def _report(self, event: LaneEvent) -> None:
        self.events.append(event)
        if self.report is not None:
            await self.report(event)

    @property
    def new_states(self) -> list[AccountState]:
        return [event.state for event in self.events if event.state is not None]

    def reasons(self) -> list[str]:
        return [row.reason_code for row in self.outbox.rows.values()]


@asynccontextmanager
async def running(bench: Bench) -> AsyncIterator[Bench]:
    bench.lane.start()
    try:
        await settle()
        yield bench
    finally:
        bench.client.gate = None
        stopping = asyncio.ensure_future(bench.lane.stop())
        await bench.clock.turn(SETTLE_LIMIT_S)
        await stopping


def refuse_with(bad: Iterable[int]) -> Answer:
    refused = set(bad)

    def answer(batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        if refused & {row.id for row in batch}:
            raise errors.BatchRefused("HTTP 400: something is wrong in it")
        return {row.id: Delivered() for row in batch}

    return answer


async def test_what_waits_is_sent_in_one_request_and_settled(clock: FakeClock) -> None:
    async with running(Bench(clock, FakeClient(), rows=50)) as bench:
        assert bench.client.batches == [list(range(1, 51))]
        assert bench.outbox.states() == ["delivered"] * 50
        assert clock.sleeping == 0


@pytest.mark.parametrize("bad", [1, 2, 25, 26, 50])
async def test_one_bad_row_of_fifty_is_parked_and_costs_thirteen_requests(
    clock: FakeClock, bad: int
) -> None:
    async with running(Bench(clock, FakeClient(refuse_with([bad])), rows=50)) as bench:
        states = dict(zip(bench.outbox.rows, bench.outbox.states(), strict=True))
        assert states.pop(bad) == "parked"
        assert set(states.values()) == {"delivered"}
        assert len(bench.client.batches) <= 13
        assert bench.outbox.rows[bad].reason_code == Reason.INVALID
        assert "something is wrong in it" in bench.outbox.rows[bad].detail


class ChangingClient(FakeClient):
    """One that takes changes, too."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(*answers)
        self.changed: list[list[int]] = []

    async def change(self, batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        self.changed.append([row.id for row in batch])
        answer = self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(batch) if callable(answer) else {row.id: answer for row in batch}


def into_change(bench: Bench, *numbers: int) -> None:
    """Turn rows into ratings."""
    change = Change(Verb.RATE, Subject(SubjectKind.SHOW, "Severance"), rating=80)
    for number in numbers:
        row = bench.outbox.rows[number]
        bench.outbox.rows[number] = replace(row, scrobble=replace(row.scrobble, change=change))


async def test_plays_and_changes_of_one_batch_go_their_own_ways(clock: FakeClock) -> None:
    client = ChangingClient()
    bench = Bench(clock, client, rows=5)
    into_change(bench, 2, 4)
    async with running(bench):
        assert client.batches == [[1, 3, 5]]
        assert client.changed == [[2, 4]]
        assert set(bench.outbox.states()) == {"delivered"}


async def test_one_bad_change_is_parked_alone(clock: FakeClock) -> None:
    client = ChangingClient(refuse_with([7]))
    bench = Bench(clock, client, rows=8)
    into_change(bench, *range(1, 9))
    async with running(bench):
        assert bench.outbox.states().count("delivered") == 7
        assert bench.outbox.rows[7].state is DeliveryState.PARKED
        assert client.batches == []


async def test_an_unanswered_change_is_sent_again_and_never_looked_for(clock: FakeClock) -> None:
    client = ChangingClient(errors.Unanswered("cut off"))
    bench = Bench(clock, client, resend_is_safe=False)
    into_change(bench, 1)
    async with running(bench):
        assert bench.outbox.states() == ["unsure"]
        client.answers = [Delivered()]
        await clock.turn(5)
        assert bench.outbox.states() == ["delivered"]
        assert client.asked == []


async def test_a_service_that_takes_no_changes_refuses_them(clock: FakeClock) -> None:
    bench = Bench(clock, FakeClient())
    into_change(bench, 1)
    async with running(bench):
        assert bench.outbox.states() == ["parked"]
        assert bench.reasons() == [Reason.NOT_TAKEN]


async def test_a_lane_that_waits_sends_neither(clock: FakeClock) -> None:
    client = ChangingClient(errors.LinkExpired("gone"))
    bench = Bench(clock, client, rows=3)
    into_change(bench, 3)
    async with running(bench):
        assert client.batches == [[1, 2]]
        assert client.changed == []
        assert bench.outbox.states() == ["pending"] * 3


async def test_a_batch_of_only_bad_rows_parks_each_with_its_reason(clock: FakeClock) -> None:
    async with running(Bench(clock, FakeClient(refuse_with(range(1, 5))), rows=4)) as bench:
        assert bench.outbox.states() == ["parked"] * 4


async def test_a_failure_in_the_middle_of_splitting_stops_there(clock: FakeClock) -> None:
    answers: list[Answer] = [errors.BatchRefused("no"), errors.Unreachable("gone")]
    async with running(Bench(clock, FakeClient(*answers), rows=4)) as bench:
        assert bench.client.batches == [[1, 2, 3, 4], [1, 2]]
        assert bench.outbox.states() == ["pending"] * 4
        assert bench.reasons() == [Reason.UNREACHABLE] * 4


async def test_a_row_that_has_to_wait_does_not_hold_up_the_other_half(clock: FakeClock) -> None:
    def later(batch: Sequence[Delivery]) -> Mapping[int, Outcome]:
        return {row.id: TryLater(Reason.SERVICE_DOWN) for row in batch}

    client = FakeClient(errors.BatchRefused("no"), later, Delivered())
    async with running(Bench(clock, client, rows=2)) as bench:
        assert bench.outbox.states() == ["pending", "delivered"]


async def test_an_unanswered_request_is_repeated_where_that_is_safe(clock: FakeClock) -> None:
    client = FakeClient(errors.Unanswered("reset"), Delivered())
    async with running(Bench(clock, client, rows=2)) as bench:
        assert bench.outbox.states() == ["unsure", "unsure"]
        await clock.turn(5)
        assert client.asked == []
        assert client.batches == [[1, 2], [1, 2]]
        assert bench.outbox.states() == ["delivered", "delivered"]


async def test_an_unanswered_request_is_read_back_where_repeating_would_double(
    clock: FakeClock,
) -> None:
    client = FakeClient(errors.Unanswered("reset"), Delivered())
    client.found = {1: "remote-1", 2: None}
    async with running(Bench(clock, client, rows=2, resend_is_safe=False)) as bench:
        await clock.turn(5)
        assert client.asked == [1, 2]
        assert client.batches == [[1, 2], [2]]
        assert bench.outbox.rows[1].remote_id == "remote-1"
        assert bench.outbox.rows[1].reason_code == Reason.ALREADY_THERE


async def test_a_row_stays_unsure_while_it_cannot_be_read_back(clock: FakeClock) -> None:
    client = FakeClient(errors.Unanswered("reset"), Delivered())
    client.found = {1: errors.Unreachable("gone")}
    async with running(Bench(clock, client, resend_is_safe=False)) as bench:
        await clock.turn(60)
        assert bench.outbox.states() == ["unsure"]
        assert client.batches == [[1]]
        client.found = {}
        await clock.turn(60)
        assert bench.outbox.states() == ["delivered"]


async def test_new_rows_wait_with_the_reason_that_stopped_the_reading_back(
    clock: FakeClock,
) -> None:
    client = FakeClient(errors.Unanswered("reset"), Delivered())
    client.found = {1: errors.LinkExpired("401")}
    async with running(Bench(clock, client, resend_is_safe=False)) as bench:
        bench.outbox.add(2)
        await clock.turn(60)
        assert bench.outbox.states() == ["unsure", "pending"]
        assert bench.outbox.rows[2].reason_code == Reason.LINK_AGAIN


@pytest.mark.expected_logs("nobody planned for")
async def test_an_unplanned_failure_neither_ends_the_lane_nor_doubles(clock: FakeClock) -> None:
    client = FakeClient(errors.Unanswered("reset"), RuntimeError("a fault of ours"), Delivered())
    client.found = {1: RuntimeError("another")}
    async with running(Bench(clock, client, resend_is_safe=False)) as bench:
        await clock.turn(30)
        assert bench.outbox.states() == ["unsure"]
        client.found = {}
        await clock.turn(3600)
        assert bench.outbox.states() == ["delivered"]


@pytest.mark.expected_logs("goes on later")
async def test_a_listener_that_fails_does_not_end_the_lane(clock: FakeClock) -> None:
    bench = Bench(clock, FakeClient())
    broken = [True]

    async def report(event: LaneEvent) -> None:
        if broken:
            broken.clear()
            raise RuntimeError("a window that is gone")

    bench.lane = Lane(
        bench.lane.account, SPEC, bench.client, bench.outbox, clock, report, jitter=lambda: 1.0
    )
    async with running(bench):
        bench.outbox.add(2)
        bench.lane.wake()
        await clock.turn(10)
        assert bench.outbox.states() == ["delivered", "delivered"]


async def test_a_missing_outcome_is_no_delivery(clock: FakeClock) -> None:
    client = FakeClient(lambda batch: {batch[0].id: Delivered()}, Delivered())
    async with running(Bench(clock, client, rows=2)) as bench:
        assert bench.outbox.states() == ["delivered", "unsure"]


async def test_an_expired_link_holds_the_lane_with_one_word(clock: FakeClock) -> None:
    async with running(Bench(clock, FakeClient(errors.LinkExpired("401")), rows=3)) as bench:
        for day in range(4):
            bench.outbox.add(10 + day)
            bench.lane.wake(force=True)
            await clock.turn(86_400)
        assert bench.client.batches == [[1, 2, 3]]
        assert bench.new_states == [AccountState.LINK_AGAIN]
        assert set(bench.outbox.states()) == {"pending"}
        assert bench.outbox.rows[1].attempts == 0


async def test_linking_again_resumes_with_everything_that_waited(clock: FakeClock) -> None:
    client = FakeClient(errors.LinkExpired("401"), Delivered())
    async with running(Bench(clock, client, rows=3)) as bench:
        await clock.turn(86_400)
        bench.lane.use(replace(bench.lane.account, state=AccountState.LINKED))
        bench.lane.wake(force=True)
        await settle()
        assert bench.outbox.states() == ["delivered"] * 3
        assert len(client.batches) == 2


async def test_a_blocked_lane_is_tried_rarely_and_says_so_once_each(clock: FakeClock) -> None:
    blocked = errors.LaneBlocked("423", code=Reason.ACCOUNT_LOCKED)
    client = FakeClient(blocked, blocked, Delivered())
    async with running(Bench(clock, client)) as bench:
        assert bench.lane.account.state is AccountState.HELD
        await clock.turn(HELD_PROBE_S - 10)
        assert len(client.batches) == 1
        await clock.turn(20)
        assert len(client.batches) == 2
        await clock.turn(HELD_PROBE_S + 10)
        assert bench.outbox.states() == ["delivered"]
        assert bench.new_states == [AccountState.HELD, AccountState.HELD, AccountState.LINKED]


async def test_a_used_up_day_rests_until_the_next(clock: FakeClock) -> None:
    client = FakeClient(errors.QuotaExhausted("today", retry_after_s=7200.0), Delivered())
    async with running(Bench(clock, client)) as bench:
        bench.lane.wake(force=True)
        await clock.turn(7100)
        assert len(client.batches) == 1
        await clock.turn(200)
        assert bench.outbox.states() == ["delivered"]
        assert bench.new_states == [AccountState.QUOTA, AccountState.LINKED]


async def test_a_rate_limit_is_obeyed_even_when_flushed_by_hand(clock: FakeClock) -> None:
    client = FakeClient(errors.RateLimited("429", retry_after_s=120.0), Delivered())
    async with running(Bench(clock, client)) as bench:
        bench.lane.wake(force=True)
        bench.lane.recovered()
        await clock.turn(119)
        assert len(client.batches) == 1
        await clock.turn(2)
        assert bench.outbox.states() == ["delivered"]
        assert bench.outbox.rows[1].attempts == 1
        assert bench.new_states == []


async def test_waits_grow_and_are_capped_at_a_quarter_of_an_hour(clock: FakeClock) -> None:
    client = FakeClient(errors.Unreachable("gone"))
    async with running(Bench(clock, client)):
        times = []
        for _ in range(12):
            before = len(client.batches)
            started = clock.monotonic_s()
            while len(client.batches) == before:
                await clock.turn(clock.next_wake_s or 1.0)
            times.append(round(clock.monotonic_s() - started))
        assert times == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900]


async def test_a_network_that_is_back_is_used_at_once(clock: FakeClock) -> None:
    client = FakeClient(*[errors.Unreachable("gone")] * 8, Delivered())
    async with running(Bench(clock, client)) as bench:
        await clock.turn(700)
        assert len(client.batches) == 8
        bench.lane.recovered()
        await settle()
        assert bench.outbox.states() == ["delivered"]


async def test_another_hosts_answers_wake_the_lane_once_a_minute(clock: FakeClock) -> None:
    client = FakeClient(errors.Unreachable("gone"))
    async with running(Bench(clock, client)) as bench:
        await clock.turn(700)
        before = len(client.batches)
        for _ in range(10):
            bench.lane.heard_from("other.invalid")
            await settle()
        assert len(client.batches) == before + 1
        await clock.turn(DEAF_S)
        before = len(client.batches)
        bench.lane.heard_from("other.invalid")
        await settle()
        assert len(client.batches) == before + 1


async def test_another_hosts_answers_say_nothing_about_a_service_in_trouble(
    clock: FakeClock,
) -> None:
    client = FakeClient(errors.Unreachable("gone"), errors.ServiceTrouble("500"))
    async with running(Bench(clock, client)) as bench:
        await clock.turn(6)
        assert len(client.batches) == 2
        bench.lane.heard_from("other.invalid")
        await settle()
        assert len(client.batches) == 2


async def test_flushing_by_hand_goes_through_everything_once(clock: FakeClock) -> None:
    client = FakeClient(errors.Unreachable("gone"), Delivered())
    async with running(Bench(clock, client, rows=120)) as bench:
        bench.lane.wake(force=True)
        await settle(300)
        assert bench.outbox.states() == ["delivered"] * 120
        assert [len(batch) for batch in client.batches] == [50, 50, 50, 20]


async def test_flushing_does_not_repeat_rows_that_have_to_wait(clock: FakeClock) -> None:
    client = FakeClient(TryLater(Reason.SERVICE_DOWN))
    async with running(Bench(clock, client, rows=50)) as bench:
        bench.lane.wake(force=True)
        await settle(300)
        assert len(client.batches) == 2


async def test_a_slow_service_delays_no_other(clock: FakeClock) -> None:
    slow, quick = FakeClient(), FakeClient()
    slow.gate = asyncio.Event()
    async with running(Bench(clock, slow)) as first, running(Bench(clock, quick)) as second:
        assert first.outbox.states() == ["sending"]
        assert second.outbox.states() == ["delivered"]
        slow.gate.set()


async def test_a_full_disk_keeps_the_outcome_until_it_can_be_written(
    clock: FakeClock, expected_logs: object
) -> None:
    bench = Bench(clock, FakeClient())
    bench.outbox.trouble = [errors.StoreTrouble("disk full")] * 3
    expected_logs.expect("cannot be stored yet")  # type: ignore[attr-defined]
    async with running(bench):
        await clock.turn(60)
        assert bench.client.batches == [[1]]
        assert bench.outbox.states() == ["delivered"]


async def test_the_next_batch_is_claimed_in_the_commit_that_settles_the_last(
    clock: FakeClock,
) -> None:
    async with running(Bench(clock, FakeClient(), rows=120)) as bench:
        assert bench.outbox.calls == ["claim"] * 4
        assert [len(batch) for batch in bench.client.batches] == [50, 50, 20]
        assert set(bench.outbox.states()) == {"delivered"}


async def test_rows_claimed_ahead_go_back_where_the_lane_may_not_go_on(clock: FakeClock) -> None:
    bench = Bench(clock, FakeClient(), rows=120)

    async def switch_off(event: LaneEvent) -> None:
        if event.delivered:
            bench.lane.use(replace(bench.lane.account, switches=Switches(enabled=False)))

    bench.report = switch_off
    async with running(bench):
        assert len(bench.client.batches) == 1
        states = bench.outbox.states()
        assert (states.count("delivered"), states.count("pending")) == (50, 70)
        assert all(row.attempts == 0 for row in list(bench.outbox.rows.values())[50:])


async def test_stopping_lets_a_request_settle(clock: FakeClock) -> None:
    bench = Bench(clock, FakeClient())
    bench.client.gate = asyncio.Event()
    bench.lane.start()
    await settle()
    stopping = asyncio.ensure_future(bench.lane.stop())
    await settle()
    assert not stopping.done()
    bench.client.gate.set()
    await settle()
    assert stopping.done()
    assert bench.outbox.states() == ["delivered"]


async def test_stopping_is_bounded_and_leaves_the_row_unsure(clock: FakeClock) -> None:
    bench = Bench(clock, FakeClient())
    bench.client.gate = asyncio.Event()
    bench.lane.start()
    await settle()
    stopping = asyncio.ensure_future(bench.lane.stop())
    await clock.turn(SETTLE_LIMIT_S)
    assert stopping.done()
    assert bench.outbox.states() == ["unsure"]
    assert bench.reasons() == [Reason.INTERRUPTED]


async def test_stopping_while_rows_are_claimed_gives_them_back(clock: FakeClock) -> None:
    bench = Bench(clock, FakeClient())
    bench.outbox.claiming = asyncio.get_running_loop().create_future()
    bench.lane.start()
    await settle()
    stopping = asyncio.ensure_future(bench.lane.stop())
    await settle()
    bench.outbox.claiming.set_result(None)
    await settle()
    assert stopping.done()
    assert bench.outbox.states() == ["pending"]
    assert bench.client.batches == []


async def test_a_switched_off_account_sends_nothing(clock: FakeClock) -> None:
    bench = Bench(clock, FakeClient())
    bench.lane.account = replace(bench.lane.account, switches=Switches(enabled=False))
    async with running(bench):
        bench.lane.wake(force=True)
        await clock.turn(7200)
        assert bench.client.batches == []


async def test_refused_rows_are_parked_with_the_services_words(clock: FakeClock) -> None:
    client = FakeClient(Refused(Reason.TOO_OLD, "Timestamp was too old"))
    async with running(Bench(clock, client)) as bench:
        assert bench.outbox.states() == ["parked"]
        assert bench.outbox.rows[1].detail == "Timestamp was too old"
        await clock.turn(86_400)
        assert len(client.batches) == 1


async def test_a_live_notice_is_never_repeated(clock: FakeClock) -> None:
    bench = Bench(clock, FakeClient(), rows=0)
    bench.client.live_error = errors.Unreachable("gone")
    async with running(bench):
        bench.lane.tell(NOTICE)
        await clock.turn(3600)
        assert bench.client.told == [NOTICE]


async def test_a_newer_live_notice_replaces_one_that_has_not_left(clock: FakeClock) -> None:
    newer = replace(NOTICE, action=LiveAction.PAUSE)
    async with running(Bench(clock, FakeClient(), rows=0)) as bench:
        bench.lane.tell(NOTICE)
        bench.lane.tell(newer)
        await settle()
        assert bench.client.told == [newer]


async def test_a_stale_live_notice_is_dropped(clock: FakeClock) -> None:
    async with running(Bench(clock, FakeClient(), rows=0)) as bench:
        bench.lane.tell(NOTICE)
        clock.advance(NOTICE_LIFE_S + 1)
        await settle()
        assert bench.client.told == []


async def test_no_live_notice_leaves_while_the_lane_is_held(clock: FakeClock) -> None:
    async with running(Bench(clock, FakeClient(errors.LinkExpired("401")))) as bench:
        bench.lane.tell(NOTICE)
        await settle()
        assert bench.client.told == []
