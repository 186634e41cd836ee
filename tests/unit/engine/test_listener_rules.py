"""The user's rules and the hold, from the first frame to the real outbox."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.core.decision import Decision
from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.live import LiveNotice
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.playback import Device, EventType, PlaybackEvent, PlayState
from revenge_companion.core.rules import Action, Field, Match, Rule, Rulebook
from revenge_companion.core.settings import Settings
from revenge_companion.engine.listener import Listener
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from revenge_companion.store.plays import Plays
from tests.clock import FakeClock

SONG = Item(
    Kind.TRACK, "t1", "Words - Remastered", artist="low", artists=("low",), duration_s=200.0
)
FIX = Rule("caps", Action.CORRECT, Field.ARTIST, "low", replace="Low")
TRIM = Rule("trim", Action.CORRECT, Field.TITLE, r" - Remastered$", Match.REGEX)
NO_LOW = Rule("No slow music", Action.BLOCK, Field.ARTIST, "low")


class Bench:
    """A listener over a real database with one linked account that takes music."""

    def __init__(self, clock: FakeClock, db: Database, settings: Settings) -> None:
        self.clock, self.plays, self.outbox = clock, Plays(db, clock), Outbox(db, clock)
        self.accounts = Accounts(db, clock)
        self.told: list[LiveNotice] = []
        self.settings, self.number = settings, 0
        self.listener = Listener(
            plays=self.plays,
            meta=db,
            clock=clock,
            settings=settings,
            kinds={"lastfm": (Kind.TRACK,)},
            recorded=self._recorded,
            tell_live=lambda notice, rules: self.told.append(notice),
            trouble=lambda sentence: None,
        )

    async def _recorded(self, new: int, decisions: Sequence[Decision]) -> None:
        pass

    async def frame(
        self,
        kind: EventType,
        position: float,
        device: str = "Kitchen",
        at: datetime | None = None,
    ) -> None:
        self.number += 1
        ended = kind is EventType.STOPPED
        await self.listener.take(
            PlaybackEvent(
                f"e{self.number}",
                kind,
                at or self.clock.now(),
                self.clock.monotonic_s(),
                "s1",
                SONG,
                PlayState.STOPPED if ended else PlayState.PLAYING,
                position,
                device=Device("d1", device),
            )
        )

    async def play(self, seconds: int, **changes: Any) -> None:
        await self.frame(EventType.STARTED, 0.0, **changes)
        for position in range(10, seconds + 1, 10):
            await self.clock.turn(10)
            await self.frame(EventType.PROGRESS, float(position), **changes)

    async def titles(self) -> list[tuple[str | None, str]]:
        rows = await self.outbox.page()
        return [(row.scrobble.item.artist, row.scrobble.item.title) for row in rows]


@asynccontextmanager
async def bench(tmp_path: Path, clock: FakeClock, **settings: Any) -> AsyncIterator[Bench]:
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    made = Bench(clock, db, Settings(**settings))
    account = await made.accounts.add(service="lastfm", remote_id="u1", remote_name="ann")
    made.listener.use(made.settings, [account])
    await made.listener.start()
    try:
        yield made
    finally:
        await made.listener.stop()
        await db.close()


async def test_what_is_queued_and_told_live_is_corrected_and_the_ledger_is_not(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with bench(tmp_path, clock) as player:
        await player.listener.use_rules(Rulebook([FIX, TRIM]))
        await player.play(150)
        assert await player.titles() == [("Low", "Words")]
        assert player.told[0].item.title == "Words"
        (play,) = await player.plays.page()
        assert play.label == "low \N{EN DASH} Words - Remastered"
        assert [fate.state for fate in play.destinations] == ["pending"]


async def test_a_later_rule_does_not_change_what_is_frozen(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with bench(tmp_path, clock) as player:
        await player.play(150)
        await player.listener.use_rules(Rulebook([FIX, TRIM]))
        await player.frame(EventType.STOPPED, 150.0)
        assert await player.titles() == [("low", "Words - Remastered")]


async def test_a_blocked_play_is_in_the_ledger_with_the_rule_and_nowhere_else(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with bench(tmp_path, clock) as player:
        await player.listener.use_rules(Rulebook([NO_LOW]))
        await player.play(150)
        await player.frame(EventType.STOPPED, 150.0)
        assert await player.titles() == []
        assert player.told == []
        (play,) = await player.plays.page()
        assert play.counted_at is None
        assert (play.reason_code, play.facts) == ("blocked_by_rule", {"rule": "No slow music"})


@pytest.mark.parametrize("device", ["Kitchen", "d1"])
async def test_a_device_is_blocked_by_its_name_or_id(
    tmp_path: Path, clock: FakeClock, device: str
) -> None:
    async with bench(tmp_path, clock) as player:
        rule = Rule("no", Action.BLOCK, Field.DEVICE, device)
        await player.listener.use_rules(Rulebook([rule]))
        await player.play(150)
        assert await player.titles() == []


async def test_a_rule_made_while_it_plays_leaves_the_play_out(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with bench(tmp_path, clock) as player:
        await player.play(50)
        await player.listener.use_rules(Rulebook([NO_LOW]))
        await player.clock.turn(10)
        await player.frame(EventType.PROGRESS, 60.0)
        await player.clock.turn(100)
        await player.frame(EventType.STOPPED, 160.0)
        assert await player.titles() == []
        (play,) = await player.plays.page()
        assert play.facts == {"rule": "No slow music"}


async def test_a_hold_keeps_a_play_back_and_ends_by_itself_even_after_a_restart(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with bench(tmp_path, clock, hold_minutes=5) as player:
        await player.play(110)
        (row,) = await player.outbox.page()
        assert row.state is DeliveryState.HELD
        assert row.due_at is not None
        left = (row.due_at - clock.now()).total_seconds()
        assert 280 <= left <= 300
        assert await player.outbox.claim(row.account_id, 10, clock.now(), force=True) == []
    clock.advance(left)
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    outbox = Outbox(db, clock)
    assert await outbox.next_due(row.account_id) == row.due_at
    (due,) = await outbox.claim(row.account_id, 10, clock.now())
    assert due.id == row.id
    await db.close()


async def test_without_a_hold_a_play_may_go_at_once(tmp_path: Path, clock: FakeClock) -> None:
    async with bench(tmp_path, clock) as player:
        await player.play(110)
        (row,) = await player.outbox.page()
        assert (row.state, row.due_at) == (DeliveryState.PENDING, None)


async def test_an_item_kept_private_stays_so_after_a_restart(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with bench(tmp_path, clock) as player:
        await player.play(50)
        (playing,) = player.listener.now_playing()
        assert await player.listener.leave_out(playing.play_key)
        assert player.listener.now_playing() == ()
    async with bench(tmp_path, clock) as player:
        for position in range(60, 160, 10):
            await player.clock.turn(10)
            await player.frame(EventType.PROGRESS, float(position))
        assert await player.titles() == []
        assert player.listener.now_playing() == ()


async def test_what_has_counted_stays_when_it_is_left_out(tmp_path: Path, clock: FakeClock) -> None:
    async with bench(tmp_path, clock) as player:
        await player.play(110)
        (playing,) = player.listener.now_playing()
        assert not await player.listener.leave_out(playing.play_key)
        assert len(await player.titles()) == 1


async def test_a_frame_of_private_time_that_comes_in_late_is_private(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with bench(tmp_path, clock) as player:
        player.listener.pause()
        late = clock.now()
        await clock.turn(10)
        player.listener.resume()
        await player.frame(EventType.PROGRESS, 10.0, at=late)
        assert await player.plays.page() == []
