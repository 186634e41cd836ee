from datetime import datetime, timedelta

import pytest

from revenge_companion.core.delivery import DeliveryState, Settlement
from revenge_companion.core.status import OutboxCounts
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from tests.clock import START, FakeClock
from tests.unit.store.builders import EPISODE, a_scrobble

NOW = START + timedelta(hours=12)
DELIVERED = Settlement(DeliveryState.DELIVERED, 1, None, "", "", "remote-9")


def later(minutes: float, state: DeliveryState = DeliveryState.PENDING) -> Settlement:
    return Settlement(state, 1, NOW + timedelta(minutes=minutes), "service_down", "503")


async def keys(outbox: Outbox, account: int, now: datetime = NOW, limit: int = 100) -> list[str]:
    return [one.scrobble.key for one in await outbox.claim(account, limit, now)]


async def test_a_scrobble_comes_back_exactly_as_it_was_queued(outbox: Outbox, trakt: int) -> None:
    scrobble = a_scrobble(item=EPISODE, rule="0.9", started_at=START + timedelta(microseconds=7))
    assert await outbox.add(scrobble, [trakt]) == 1
    (delivery,) = await outbox.claim(trakt, 10, NOW)
    assert delivery.scrobble == scrobble
    assert delivery.state is DeliveryState.PENDING
    assert delivery.queued_at == START
    assert not delivery.unsure


async def test_adding_twice_is_harmless(outbox: Outbox, trakt: int, lastfm: int) -> None:
    assert await outbox.add(a_scrobble(), [trakt]) == 1
    assert await outbox.add(a_scrobble(), [trakt, lastfm]) == 1
    assert await outbox.add_many([(a_scrobble(), [trakt, lastfm])]) == 0
    assert (await outbox.total()).pending == 2


async def test_an_account_gets_a_play_once_under_whatever_rule(outbox: Outbox, trakt: int) -> None:
    assert await outbox.add(a_scrobble(), [trakt]) == 1
    assert await outbox.add(a_scrobble(rule="0.9"), [trakt]) == 0


async def test_two_rules_keep_two_frozen_scrobbles(outbox: Outbox, trakt: int, lastfm: int) -> None:
    await outbox.add(a_scrobble(progress_pct=80.0), [trakt])
    await outbox.add(a_scrobble(progress_pct=90.0, rule="0.9"), [lastfm])
    (one,) = await outbox.claim(trakt, 1, NOW)
    (other,) = await outbox.claim(lastfm, 1, NOW)
    assert (one.scrobble.progress_pct, other.scrobble.progress_pct) == (80.0, 90.0)


async def test_the_oldest_scrobble_is_claimed_first(outbox: Outbox, trakt: int) -> None:
    for minute in (30, 10, 20):
        await outbox.add(a_scrobble(f"k{minute}", minute=minute), [trakt])
    assert await keys(outbox, trakt, limit=2) == ["k10", "k20"]


async def test_a_row_whose_wait_is_over_takes_its_old_place(outbox: Outbox, trakt: int) -> None:
    for minute in (10, 20):
        await outbox.add(a_scrobble(f"k{minute}", minute=minute), [trakt])
    (first,) = await outbox.claim(trakt, 1, NOW)
    await outbox.settle([(first.id, later(5))], NOW)
    assert await outbox.next_due(trakt) == START
    assert await keys(outbox, trakt, NOW + timedelta(minutes=6)) == ["k10", "k20"]


async def test_a_waiting_row_is_not_claimed_before_its_time(outbox: Outbox, trakt: int) -> None:
    await outbox.add(a_scrobble(), [trakt])
    (first,) = await outbox.claim(trakt, 1, NOW)
    await outbox.settle([(first.id, later(5))], NOW)
    assert await keys(outbox, trakt, NOW + timedelta(minutes=4)) == []
    assert await outbox.next_due(trakt) == NOW + timedelta(minutes=5)
    (again,) = await outbox.claim(trakt, 1, NOW, force=True)
    assert (again.attempts, again.reason_code, again.detail) == (1, "service_down", "503")


async def test_a_claimed_row_is_not_claimed_again(outbox: Outbox, trakt: int) -> None:
    await outbox.add(a_scrobble(), [trakt])
    assert await keys(outbox, trakt) == ["k1"]
    assert await keys(outbox, trakt) == []
    assert (await outbox.counts())[trakt] == OutboxCounts(sending=1)
    assert await outbox.next_due(trakt) is None


async def test_lanes_are_apart(outbox: Outbox, trakt: int, lastfm: int) -> None:
    await outbox.add(a_scrobble(), [trakt, lastfm])
    assert await keys(outbox, trakt) == ["k1"]
    assert await keys(outbox, lastfm) == ["k1"]


async def test_a_delivered_row_is_counted_and_dates_the_account(
    outbox: Outbox, accounts: Accounts, trakt: int
) -> None:
    await outbox.add(a_scrobble(), [trakt])
    (first,) = await outbox.claim(trakt, 1, NOW)
    await outbox.settle([(first.id, DELIVERED)], NOW)
    assert (await outbox.counts())[trakt] == OutboxCounts(delivered=1)
    account = await accounts.get(trakt)
    assert account is not None
    assert account.last_delivery_at == NOW
    delivered = await outbox.get(first.id)
    assert delivered is not None
    assert (delivered.remote_id, delivered.settled_at) == ("remote-9", NOW)


async def test_rows_are_settled_in_the_commit_that_claims_the_next(
    outbox: Outbox, trakt: int
) -> None:
    await outbox.add_many([(a_scrobble(f"k{n}", minute=n), [trakt]) for n in range(3)])
    (first,) = await outbox.claim(trakt, 1, NOW)
    (second,) = await outbox.claim(trakt, 1, NOW, settled=[(first.id, DELIVERED)])
    assert second.scrobble.key == "k1"
    assert (await outbox.total()) == OutboxCounts(pending=1, sending=1, delivered=1)
    # What was settled to be tried again at once is among what is claimed.
    (again, third) = await outbox.claim(trakt, 9, NOW, settled=[(second.id, later(0))])
    assert [again.scrobble.key, third.scrobble.key] == ["k1", "k2"]


async def test_a_row_that_is_not_being_sent_cannot_be_settled(outbox: Outbox, trakt: int) -> None:
    await outbox.add(a_scrobble(), [trakt])
    (first,) = await outbox.claim(trakt, 1, NOW)
    await outbox.settle([(first.id, DELIVERED)], NOW)
    await outbox.settle([(first.id, later(1))], NOW)
    assert (await outbox.total()) == OutboxCounts(delivered=1)


async def test_what_was_being_sent_when_the_process_ended_is_unsure(
    outbox: Outbox, trakt: int
) -> None:
    await outbox.add_many([(a_scrobble(f"k{n}", minute=n), [trakt]) for n in range(3)])
    await outbox.claim(trakt, 2, NOW)
    assert await outbox.recover(NOW) == 2
    assert (await outbox.counts())[trakt] == OutboxCounts(pending=1, unsure=2)
    found = await outbox.claim(trakt, 10, NOW)
    assert [(one.unsure, one.reason_code) for one in found] == [
        (True, "interrupted"),
        (True, "interrupted"),
        (False, ""),
    ]


async def test_a_held_row_waits_for_its_time_even_when_forced(outbox: Outbox, trakt: int) -> None:
    until = NOW + timedelta(minutes=10)
    await outbox.add(a_scrobble(), [trakt], held_until=until)
    assert (await outbox.total()).held == 1
    assert await outbox.claim(trakt, 1, NOW, force=True) == []
    assert await outbox.next_due(trakt) == until
    assert await keys(outbox, trakt, until) == ["k1"]


async def test_retry_makes_a_parked_row_due(outbox: Outbox, trakt: int) -> None:
    await outbox.add(a_scrobble(), [trakt])
    (first,) = await outbox.claim(trakt, 1, NOW)
    assert not await outbox.retry(first.id, NOW)
    await outbox.settle([(first.id, Settlement(DeliveryState.PARKED, 1, None, "invalid"))], NOW)
    assert await outbox.next_due(trakt) is None
    assert await outbox.retry(first.id, NOW)
    assert await keys(outbox, trakt) == ["k1"]
    assert not await outbox.retry(999, NOW)


async def test_retrying_an_unsure_row_keeps_the_question(outbox: Outbox, trakt: int) -> None:
    await outbox.add(a_scrobble(), [trakt])
    (first,) = await outbox.claim(trakt, 1, NOW)
    await outbox.settle([(first.id, later(9, DeliveryState.UNSURE))], NOW)
    assert await outbox.retry(first.id, NOW)
    (again,) = await outbox.claim(trakt, 1, NOW)
    assert again.unsure


async def test_a_discarded_row_is_undone_but_a_delivered_one_stays(
    outbox: Outbox, trakt: int
) -> None:
    await outbox.add_many([(a_scrobble(f"k{n}", minute=n), [trakt]) for n in range(2)])
    (first,) = await outbox.claim(trakt, 1, NOW)
    assert not await outbox.discard(first.id)
    await outbox.settle([(first.id, DELIVERED)], NOW)
    assert not await outbox.discard(first.id)
    assert await outbox.discard(first.id + 1)
    assert (await outbox.total()) == OutboxCounts(delivered=1, undone=1)


async def test_pages_follow_each_other_newest_first(
    outbox: Outbox, trakt: int, lastfm: int
) -> None:
    await outbox.add_many([(a_scrobble(f"k{n}", minute=n), [trakt, lastfm]) for n in range(5)])
    first = await outbox.page(limit=4)
    second = await outbox.page(limit=100, before_id=first[-1].id)
    assert [one.id for one in first + second] == list(range(10, 0, -1))
    assert {one.account_id for one in await outbox.page(account_id=lastfm)} == {lastfm}


async def test_a_page_without_state_shows_what_is_open(outbox: Outbox, trakt: int) -> None:
    await outbox.add_many([(a_scrobble(f"k{n}", minute=n), [trakt]) for n in range(4)])
    claimed = await outbox.claim(trakt, 3, NOW)
    parked = Settlement(DeliveryState.PARKED, 1, None, "invalid", "no artist")
    await outbox.settle([(claimed[0].id, DELIVERED), (claimed[1].id, parked)], NOW)
    shown = [(one.scrobble.key, one.state.value) for one in await outbox.page()]
    assert shown == [("k3", "pending"), ("k2", "sending"), ("k1", "parked")]
    assert [one.scrobble.key for one in await outbox.page(state="delivered")] == ["k0"]
    assert [one.detail for one in await outbox.page(state="parked")] == ["no artist"]


@pytest.mark.parametrize("state", ["", "delivered", "parked"])
async def test_a_page_costs_the_same_however_many_wait(
    db: Database, outbox: Outbox, trakt: int, state: str
) -> None:
    async def cost(waiting: int) -> int:
        """Thousands of SQLite's steps for a page, once so many rows more wait."""
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        name = f"w{waiting}-"
        more = [(a_scrobble(f"{name}{n}", minute=n), [trakt]) for n in range(waiting)]
        await outbox.add_many(more)
        await db.run(lambda link: link.connection.set_progress_handler(count, 1000))
        await outbox.page(state=state)
        await db.run(lambda link: link.connection.set_progress_handler(None, 0))
        return steps

    await outbox.add_many([(a_scrobble(f"k{n}", minute=n), [trakt]) for n in range(2)])
    first, second = await outbox.claim(trakt, 2, NOW)
    parked = Settlement(DeliveryState.PARKED, 1, None, "invalid", "no artist")
    await outbox.settle([(first.id, DELIVERED), (second.id, parked)], NOW)

    few = await cost(300)
    assert await cost(5000) <= few + 1


async def test_the_counts_are_those_of_the_rows(
    db: Database, outbox: Outbox, clock: FakeClock, trakt: int, lastfm: int
) -> None:
    await outbox.add_many([(a_scrobble(f"k{n}", minute=n), [trakt, lastfm]) for n in range(20)])
    states = list(DeliveryState)
    for account in (trakt, lastfm):
        claimed = await outbox.claim(account, 14, NOW)
        for number, one in enumerate(claimed):
            state = states[number % len(states)]
            due = NOW if state in (DeliveryState.PENDING, DeliveryState.UNSURE) else None
            await outbox.settle([(one.id, Settlement(state, 1, due))], NOW)
    await outbox.recover(NOW)
    rows = await db.run(
        lambda link: link.connection.execute(
            "SELECT account_id, state, count(*) FROM delivery GROUP BY 1, 2"
        ).fetchall()
    )
    counted = await outbox.counts()
    for account, state, number in rows:
        assert getattr(counted[account], state) == number
    assert sum(number for *_, number in rows) == 40


async def test_no_question_of_the_outbox_is_answered_by_a_scan(
    db: Database, outbox: Outbox, trakt: int
) -> None:
    said: list[str] = []
    await outbox.add(a_scrobble(), [trakt])
    await db.run(lambda link: link.connection.set_trace_callback(said.append))
    (first,) = await outbox.claim(trakt, 1, NOW, force=True)
    await outbox.settle([(first.id, later(1))], NOW)
    await outbox.add(a_scrobble("k2"), [trakt])
    await outbox.next_due(trakt)
    await outbox.page(account_id=trakt)
    await outbox.get(first.id)
    await outbox.retry(first.id, NOW)
    await outbox.recover(NOW)
    await db.run(lambda link: link.connection.set_trace_callback(None))
    asked = [one for one in said if one.startswith(("SELECT", "UPDATE")) and "delivery" in one]
    assert len(asked) > 10
    for sql in asked:
        plan = await db.run(
            lambda link, sql=sql: link.connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
        )
        scans = [row[3] for row in plan if row[3].startswith("SCAN") and "json_each" not in row[3]]
        assert scans == [], sql


async def test_a_row_due_in_years_waits_for_no_clock_that_was_ahead(
    outbox: Outbox, trakt: int, clock: FakeClock
) -> None:
    await outbox.add(a_scrobble("stranded"), [trakt])
    await outbox.add(a_scrobble("held", minute=1), [trakt], held_until=NOW.replace(year=2030))
    (row,) = await outbox.claim(trakt, 5, NOW)
    await outbox.settle([(row.id, later(365 * 24 * 60.0))], NOW)
    due = await outbox.next_due(trakt)
    assert due is not None
    assert due <= clock.now()
    assert await keys(outbox, trakt) == ["stranded"]
