"""Undo in every state a row can be in, with services that can and cannot take plays back."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.core.delivery import Delivery, DeliveryState, Settlement
from revenge_companion.core.errors import EditRefused, RuleRefused, StoreTrouble, Unreachable
from revenge_companion.core.rules import Action, Field, Rule, Rulebook
from revenge_companion.engine.amending import Amending
from revenge_companion.services.undo import Removal, UndoUnsafe
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from revenge_companion.store.plays import Plays
from tests.clock import START, FakeClock
from tests.unit.store.builders import a_play, a_scrobble

RULE = Rule("caps", Action.CORRECT, Field.ARTIST, "low", replace="Low")


class Undoing:
    """A client that takes plays back as the test says."""

    def __init__(self) -> None:
        self.answer: Removal | Exception = Removal.REMOVED
        self.asked: list[int] = []

    async def undo(self, delivery: Delivery) -> Removal:
        self.asked.append(delivery.id)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Bench:
    """Amending over a real database with one account and one play bound for it."""

    def __init__(self, db: Database, clock: FakeClock) -> None:
        self.clock, self.outbox, self.plays = clock, Outbox(db, clock), Plays(db, clock)
        self.accounts = Accounts(db, clock)
        self.client: Any = Undoing()
        self.paused = False
        self.books: list[Rulebook] = []
        self.amended = 0
        self.amending = Amending(
            db,
            self.outbox,
            clock,
            client_of=lambda account_id: self.client,
            names_of=lambda account_id: ("Trakt", "ann"),
            use_rules=self._use,
            forget_playing=self._forget_playing,
            amended=self._amended,
        )

    async def _use(self, book: Rulebook) -> None:
        self.books.append(book)

    async def _forget_playing(self) -> bool:
        return self.paused

    async def _amended(self) -> None:
        self.amended += 1

    async def begin(self, state: DeliveryState) -> None:
        account = await self.accounts.add(service="trakt", remote_id="t", remote_name="ann")
        await self.plays.count(a_play(counted_at=START), [(a_scrobble(), [account.id])])
        if state is DeliveryState.PENDING:
            return
        (row,) = await self.outbox.claim(account.id, 1, self.clock.now())
        if state is not DeliveryState.SENDING:
            settlement = Settlement(state, 1, None, "", "", "77")
            await self.outbox.settle([(row.id, settlement)], self.clock.now())

    async def undo(self) -> tuple[bool, str]:
        (play,) = await self.plays.page()
        (result,) = await self.amending.undo(play.id)
        assert (result.service, result.account_label, result.label) == (
            "Trakt", "ann", a_scrobble().item.label,
        )  # fmt: skip
        return result.done, result.reason_code

    async def state(self) -> str:
        (play,) = await self.plays.page()
        (fate,) = play.destinations
        return fate.state


@pytest.fixture
async def bench(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Bench]:
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    yield Bench(db, clock)
    await db.close()


@pytest.mark.parametrize("state", [DeliveryState.PENDING, DeliveryState.HELD, DeliveryState.PARKED])
async def test_what_was_not_sent_is_withdrawn_without_a_request(
    bench: Bench, state: DeliveryState
) -> None:
    await bench.begin(state)
    assert await bench.undo() == (True, "withdrawn")
    assert (await bench.state(), bench.client.asked) == ("undone", [])
    assert await bench.undo() == (True, "undone")
    assert bench.amended == 2


@pytest.mark.parametrize(
    ("state", "answer", "told", "after"),
    [
        ("delivered", Removal.REMOVED, (True, "removed"), "undone"),
        ("delivered", Removal.LATER, (True, "removed_later"), "undone"),
        ("delivered", Removal.NOT_THERE, (False, "not_shown"), "delivered"),
        ("delivered", UndoUnsafe("Not alone."), (False, "cannot_undo_alone"), "delivered"),
        ("delivered", Unreachable("Nobody."), (False, "undo_failed"), "delivered"),
        ("unsure", Removal.REMOVED, (True, "removed"), "undone"),
        ("unsure", Removal.NOT_THERE, (True, "not_shown"), "undone"),
        ("unsure", UndoUnsafe("Not alone."), (False, "cannot_undo_alone"), "unsure"),
        ("unsure", Unreachable("Nobody."), (False, "undo_failed"), "unsure"),
    ],
)
async def test_what_was_sent_is_taken_back_or_left_as_it_is(
    bench: Bench,
    state: str,
    answer: Removal | Exception,
    told: tuple[bool, str],
    after: str,
) -> None:
    await bench.begin(DeliveryState(state))
    bench.client.answer = answer
    assert await bench.undo() == told
    assert await bench.state() == after


@pytest.mark.expected_logs("nobody planned for")
async def test_a_fault_in_a_client_is_no_removal(bench: Bench) -> None:
    await bench.begin(DeliveryState.DELIVERED)
    bench.client.answer = KeyError("x")
    assert await bench.undo() == (False, "undo_failed")
    assert await bench.state() == "delivered"


@pytest.mark.parametrize(
    ("state", "client", "told", "after"),
    [
        ("delivered", object(), "cannot_undo", "delivered"),
        ("unsure", object(), "maybe_there", "undone"),
        ("delivered", None, "undo_failed", "delivered"),
        ("unsure", None, "undo_failed", "unsure"),
    ],
)
async def test_a_service_that_takes_nothing_back_is_told_of_honestly(
    bench: Bench, state: str, client: object, told: str, after: str
) -> None:
    await bench.begin(DeliveryState(state))
    bench.client = client
    assert await bench.undo() == (False, told)
    assert await bench.state() == after


async def test_an_undo_waits_a_moment_for_what_is_being_sent(
    bench: Bench, clock: FakeClock
) -> None:
    import asyncio

    await bench.begin(DeliveryState.SENDING)
    waiting = asyncio.create_task(bench.undo())
    for _ in range(40):
        await clock.turn(0.5)
        # The writer thread answers in its own time.
        await bench.outbox.counts()
    assert await waiting == (False, "being_sent")
    assert await bench.state() == "sending"


async def test_the_last_hour_is_dropped_only_in_private(bench: Bench) -> None:
    await bench.begin(DeliveryState.PENDING)
    with pytest.raises(EditRefused):
        await bench.amending.drop_last_hour()
    bench.paused = True
    assert await bench.amending.drop_last_hour() == []
    assert await bench.plays.page() == []


async def test_rules_are_used_as_soon_as_they_are_kept(bench: Bench) -> None:
    await bench.amending.save_rules([RULE])
    assert bench.amending.rules == (RULE,)
    assert len(bench.books) == 1
    with pytest.raises(RuleRefused):
        await bench.amending.save_rules([RULE, RULE])
    assert bench.amending.rules == (RULE,)
    assert len(bench.books) == 1


async def test_files_of_rules_are_checked_on_the_way_in(bench: Bench, tmp_path: Path) -> None:
    await bench.amending.save_rules([RULE])
    for name in ("rules.toml", "rules.json"):
        assert await bench.amending.export_rules(tmp_path / name) == 1
        assert await bench.amending.read_rules(tmp_path / name) == (RULE,)
    large = tmp_path / "large.json"
    large.write_bytes(b" " * 1_000_001)
    with pytest.raises(RuleRefused, match="too large"):
        await bench.amending.read_rules(large)
    large.write_bytes(b"\xff\xfe")
    with pytest.raises(RuleRefused, match="not a file of rules"):
        await bench.amending.read_rules(large)
    with pytest.raises(StoreTrouble, match="cannot be written"):
        await bench.amending.export_rules(tmp_path / "no" / "rules.json")
