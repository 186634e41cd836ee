"""The listener: decisions are stored in order, whatever the disk does, and nothing private is."""

import itertools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from revenge_companion.core.accounts import Account, Switches
from revenge_companion.core.decision import Decision
from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.live import LiveAction, LiveNotice
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.moments import Moments
from revenge_companion.core.passed_over import from_text
from revenge_companion.core.playback import Device, EventType, PlaybackEvent, PlayState
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.core.reasons import Reason
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.core.settings import Filters, Settings
from revenge_companion.engine.listener import Listener
from revenge_companion.revenge.signals import Disconnected, Reconnected
from tests.clock import START, FakeClock, settle

TRACK = Item(Kind.TRACK, "t1", "Words", artist="Low", duration_s=200.0, library_id="music")
FILM = Item(Kind.MOVIE, "f1", "One Week", duration_s=6000.0)
ACCOUNTS = (
    Account(1, "music", "m", "u1"),
    Account(2, "video", "v", "u2", switches=Switches(threshold=0.9)),
)
KINDS = {"music": (Kind.TRACK,), "video": (Kind.MOVIE, Kind.EPISODE)}
KITCHEN = Device("d1", "Kitchen", "Web")
FULL = "The disk is full."


class FakeStore:
    """The ledger and the small texts beside it, in memory; `full` makes it refuse."""

    def __init__(self) -> None:
        self.full = False
        self.log: list[str] = []
        self.plays: dict[str, PlayUpdate] = {}
        self.queued: dict[tuple[str, str], list[int]] = {}
        self.meta: dict[str, str] = {}

    def _check(self) -> None:
        if self.full:
            raise StoreTrouble(FULL)

    async def save(self, update: PlayUpdate) -> None:
        self._check()
        self.log.append(f"save {update.item.title}")
        self.plays[update.play_key] = update

    async def count(
        self,
        update: PlayUpdate,
        scrobbles: Sequence[tuple[Scrobble, Sequence[int]]],
        *,
        held_until: datetime | None = None,
    ) -> int:
        self._check()
        self.log.append(f"count {update.item.title}")
        self.plays[update.play_key] = update
        new = 0
        for scrobble, accounts in scrobbles:
            if (scrobble.key, scrobble.rule) not in self.queued:
                self.queued[scrobble.key, scrobble.rule] = list(accounts)
                new += len(accounts)
        return new

    async def snapshots(self, since: datetime) -> list[tuple[int, str]]:
        return [
            (one.profile, one.snapshot)
            for one in self.plays.values()
            if one.ended_at is None or one.ended_at >= since
        ]

    async def get_meta(self, key: str) -> str | None:
        return self.meta.get(key)

    async def set_meta(self, key: str, value: str) -> None:
        self._check()
        self.meta[key] = value


class Bench:
    """A listener over fakes, and a player whose frames are a method call."""

    def __init__(self, clock: FakeClock, store: FakeStore | None = None) -> None:
        self.clock, self.store = clock, store or FakeStore()
        self.recorded: list[tuple[int, list[Decision]]] = []
        self.told: list[tuple[LiveNotice, frozenset[str]]] = []
        self.troubles: list[str] = []
        self.numbers = itertools.count(1)
        self.settings = Settings()
        self.listener = Listener(
            plays=self.store,
            meta=self.store,
            clock=clock,
            settings=self.settings,
            kinds=KINDS,
            recorded=self._recorded,
            tell_live=lambda notice, rules: self.told.append((notice, rules)),
            trouble=self._trouble,
        )
        self.listener.use(self.settings, ACCOUNTS)

    async def _recorded(self, new: int, decisions: Sequence[Decision]) -> None:
        self.recorded.append((new, list(decisions)))

    def _trouble(self, sentence: str) -> None:
        if not self.troubles or self.troubles[-1] != sentence:
            self.troubles.append(sentence)

    async def frame(
        self,
        event_type: EventType,
        position: float,
        item: Item = TRACK,
        *,
        device: Device = KITCHEN,
        at: datetime | None = None,
        session: str = "s1",
        late: bool = False,
    ) -> None:
        state = {
            EventType.PAUSED: PlayState.PAUSED,
            EventType.STOPPED: PlayState.STOPPED,
            EventType.COMPLETED: PlayState.STOPPED,
        }.get(event_type, PlayState.PLAYING)
        await self.listener.take(
            PlaybackEvent(
                f"e{next(self.numbers)}",
                event_type,
                at or self.clock.now(),
                self.clock.monotonic_s(),
                session,
                item,
                state,
                position,
                device=device,
                late=late,
            )
        )

    async def play(self, item: Item, seconds: int, *, session: str = "s1") -> None:
        """Start `item` and play it with a frame every 10 s."""
        await self.frame(EventType.STARTED, 0.0, item, session=session)
        for position in range(10, seconds + 1, 10):
            await self.clock.turn(10)
            await self.frame(EventType.PROGRESS, float(position), item, session=session)


@asynccontextmanager
async def running(bench: Bench) -> AsyncIterator[Bench]:
    await bench.listener.start()
    try:
        await settle()
        yield bench
    finally:
        await bench.listener.stop()


async def test_a_play_counts_between_two_frames_while_nothing_is_heard(clock: FakeClock) -> None:
    async with running(Bench(clock)) as bench:
        await bench.play(TRACK, 90)
        await clock.turn(9.9)
        assert bench.store.queued == {}
        await clock.turn(0.2)
        assert list(bench.store.queued.values()) == [[1]]
        assert bench.recorded[-1][0] == 1


async def test_the_clock_decides_before_the_frame_does(clock: FakeClock) -> None:
    async with running(Bench(clock)) as bench:
        await bench.play(TRACK, 90)
        # Time has passed the threshold, but no timer has run: the stop says nothing of a position.
        clock.advance(15)
        await bench.frame(EventType.STOPPED, 0.0)
        assert list(bench.store.queued.values()) == [[1]]
        (update,) = bench.store.plays.values()
        assert update.counted_at == START + timedelta(seconds=100)


async def test_each_account_gets_a_film_by_its_own_threshold(clock: FakeClock) -> None:
    async with running(Bench(clock)) as bench:
        await bench.play(FILM, 5000)
        assert [rule for _, rule in bench.store.queued] == [""]
        assert list(bench.store.queued.values()) == [[]]
        for position in range(5010, 5500, 10):
            await clock.turn(10)
            await bench.frame(EventType.PROGRESS, float(position), FILM)
        assert [rule for _, rule in bench.store.queued] == ["", "0.9"]
        assert list(bench.store.queued.values()) == [[], [2]]


@pytest.mark.parametrize(("until", "told"), [(5100, [(2, "own_threshold")]), (5500, [])])
async def test_it_is_kept_why_an_account_did_not_get_what_counted(
    clock: FakeClock, until: int, told: list[tuple[int, str]]
) -> None:
    async with running(Bench(clock)) as bench:
        await bench.play(FILM, until)
        await bench.frame(EventType.STOPPED, float(until), FILM)
        (update,) = bench.store.plays.values()
        found = from_text(update.facts["passed_over"])
        assert [(one.account_id, one.reason_code) for one in found] == told


async def test_a_full_disk_loses_no_scrobble_and_keeps_the_order(clock: FakeClock) -> None:
    async with running(Bench(clock)) as bench:
        bench.store.full = True
        await bench.play(TRACK, 120)
        await bench.frame(EventType.COMPLETED, 200.0)
        second = replace(TRACK, media_id="t2", title="Lullaby")
        await bench.play(second, 120)
        assert bench.store.queued == {}
        assert bench.troubles == [FULL]
        bench.store.full = False
        await clock.turn(30)
        assert sorted(bench.store.queued.values()) == [[1], [1]]
        first = [line for line in bench.store.log if "Words" in line]
        assert bench.store.log[: len(first)] == first
        assert bench.store.log.count("count Words") == bench.store.log.count("count Lullaby") == 1
        assert bench.troubles == [FULL, ""]


async def test_live_notices_go_out_although_the_disk_is_full(clock: FakeClock) -> None:
    async with running(Bench(clock)) as bench:
        bench.store.full = True
        await bench.frame(EventType.STARTED, 0.0)
        assert [notice.action for notice, _ in bench.told] == [LiveAction.START]


async def test_what_is_replayed_is_told_live_only_where_it_goes_on(clock: FakeClock) -> None:
    async with running(Bench(clock)) as bench:
        over, on = (replace(TRACK, media_id=f"t{number}") for number in (2, 3))
        ago = [clock.now() - timedelta(seconds=seconds) for seconds in (600, 410, 400, 390)]
        await bench.frame(EventType.STARTED, 0.0, over, at=ago[0], late=True)
        await bench.frame(EventType.PAUSED, 190.0, over, at=ago[1], late=True)
        await bench.frame(EventType.STOPPED, 190.0, over, at=ago[2], late=True)
        await bench.frame(EventType.STARTED, 0.0, on, at=ago[3], late=True)
        assert bench.told == []
        for position in (120.0, 130.0):
            await bench.frame(EventType.PROGRESS, position, on)
        (told,) = bench.told
        started = LiveNotice(LiveAction.START, on, 120.0, 60.0, "Kitchen")
        assert told == (started, frozenset({""}))


@pytest.mark.parametrize("first", [EventType.PAUSED, EventType.STOPPED])
async def test_a_replayed_play_that_does_not_go_on_is_not_told_to_begin(
    clock: FakeClock, first: EventType
) -> None:
    async with running(Bench(clock)) as bench:
        ago = clock.now() - timedelta(seconds=100)
        await bench.frame(EventType.STARTED, 0.0, FILM, at=ago, late=True)
        await bench.frame(first, 100.0, FILM)
        actions = {notice.action for notice, _ in bench.told}
        assert LiveAction.START not in actions
        await bench.frame(EventType.PROGRESS, 110.0, FILM, session="s2")
        assert [notice.action for notice, _ in bench.told][-1] is LiveAction.START


async def test_what_could_not_be_written_is_tried_once_more_at_the_end(clock: FakeClock) -> None:
    bench = Bench(clock)
    async with running(bench):
        bench.store.full = True
        await bench.play(TRACK, 110)
        bench.store.full = False
    assert list(bench.store.queued.values()) == [[1]]


async def test_checkpoints_are_let_go_before_memory_fills_but_no_scrobble(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("revenge_companion.engine.listener._MOST_UNSAVED", 20)
    async with running(Bench(clock)) as bench:
        bench.store.full = True
        await bench.play(TRACK, 120)
        for number in range(30):
            other = replace(TRACK, media_id=f"x{number}", title=f"x{number}")
            await bench.frame(EventType.STARTED, 0.0, other, session=f"other-{number}")
        bench.store.full = False
        await clock.turn(15)
        assert list(bench.store.queued.values()) == [[1]]


async def test_the_place_in_the_servers_events_is_kept_only_with_what_they_meant(
    clock: FakeClock,
) -> None:
    async with running(Bench(clock)) as bench:
        bench.store.full = True
        await bench.frame(EventType.STARTED, 0.0)
        bench.store.full = False
        assert bench.store.meta == {}
        await clock.turn(12)
        await bench.frame(EventType.PAUSED, 12.0)
        assert bench.store.meta == {"last_event_id": "e2"}
    again = Bench(clock, bench.store)
    async with running(again):
        assert again.listener.last_event_id == "e2"


async def test_a_play_from_a_checkpoint_is_not_shown_before_it_is_heard_of(
    clock: FakeClock,
) -> None:
    async with running(Bench(clock)) as bench:
        await bench.play(TRACK, 30)
        assert len(bench.listener.now_playing(heard=True)) == 1
    again = Bench(clock, bench.store)
    async with running(again):
        assert len(again.listener.now_playing()) == 1
        assert again.listener.now_playing(heard=True) == ()
        again.numbers = itertools.count(100)
        await clock.turn(10)
        await again.frame(EventType.PROGRESS, 40.0)
        (playing,) = again.listener.now_playing(heard=True)
        assert playing.position_s == 40.0


async def test_nothing_seen_in_private_is_stored(clock: FakeClock) -> None:
    async with running(Bench(clock)) as bench:
        await bench.play(TRACK, 30)
        bench.listener.pause()
        await settle()
        log = list(bench.store.log)
        await bench.play(FILM, 5500)
        await bench.frame(EventType.COMPLETED, 6000.0, FILM)
        assert bench.store.log == log
        assert {play.item.title for play in bench.store.plays.values()} == {"Words"}
        (play,) = bench.store.plays.values()
        assert (play.reason_code, play.ended_at) == (Reason.PRIVATE, START + timedelta(seconds=30))
        assert bench.listener.now_playing() == ()


async def test_a_pause_works_from_the_moment_it_is_asked_for(clock: FakeClock) -> None:
    async with running(Bench(clock)) as bench:
        bench.listener.pause()
        await bench.frame(EventType.STARTED, 0.0)
        assert bench.store.plays == {}
        bench.listener.resume()
        await settle()
        await bench.play(TRACK, 110)
        assert len(bench.store.queued) == 1


async def test_a_restart_does_not_replay_what_was_private(clock: FakeClock) -> None:
    async with running(Bench(clock)) as bench:
        await bench.play(TRACK, 30)
        assert bench.store.meta["last_event_id"] != ""
        bench.listener.pause()
        await settle()
    again = Bench(clock, bench.store)
    async with running(again):
        assert again.listener.last_event_id == ""


async def test_forgetting_the_place_waits_for_the_disk(clock: FakeClock) -> None:
    async with running(Bench(clock)) as bench:
        await bench.play(TRACK, 30)
        bench.store.full = True
        bench.listener.pause()
        await settle()
        bench.store.full = False
        await clock.turn(15)
        assert bench.store.meta["last_event_id"] == ""


async def test_a_reconnection_after_a_pause_does_not_replay_what_was_private(
    clock: FakeClock,
) -> None:
    async with running(Bench(clock)) as bench:
        bench.listener.pause()
        await bench.listener.take(Disconnected(clock.monotonic_s()))
        await clock.turn(600)
        seen = clock.now() - timedelta(seconds=300)
        bench.listener.resume()
        await bench.listener.take(Reconnected(clock.monotonic_s()))
        await bench.frame(EventType.STARTED, 0.0, FILM, at=seen)
        await bench.frame(EventType.PROGRESS, 5900.0, FILM, at=seen + timedelta(seconds=10))
        assert bench.store.plays == {}
        await bench.frame(EventType.STARTED, 0.0)
        assert len(bench.store.plays) == 1


@pytest.mark.parametrize("held_s", [6, 31, 89, 3600])
async def test_frames_of_private_time_that_were_held_up_are_private(
    clock: FakeClock, held_s: float
) -> None:
    async with running(Bench(clock)) as bench:
        bench.listener.pause()
        seen = clock.now()
        await clock.turn(60)
        bench.listener.resume()
        await clock.turn(held_s)
        for second in range(0, 60, 10):
            at = seen + timedelta(seconds=second)
            await bench.frame(EventType.PROGRESS, 100.0 + second, FILM, at=at)
        assert bench.store.plays == {}
        await bench.frame(EventType.STARTED, 0.0)
        assert {play.item.title for play in bench.store.plays.values()} == {TRACK.title}


async def test_a_connection_found_dead_after_a_pause_replays_nothing_private(
    clock: FakeClock,
) -> None:
    async with running(Bench(clock)) as bench:
        # Nothing comes through, and nobody knows yet.
        bench.listener.pause()
        seen = clock.now()
        await clock.turn(50)
        bench.listener.resume()
        await clock.turn(40)
        await bench.listener.take(Disconnected(clock.monotonic_s()))
        await clock.turn(200)
        await bench.listener.take(Reconnected(clock.monotonic_s()))
        await bench.frame(EventType.STARTED, 0.0, FILM, at=seen)
        await bench.frame(EventType.PROGRESS, 40.0, FILM, at=seen + timedelta(seconds=40))
        assert bench.store.plays == {}


async def test_a_server_whose_clock_is_behind_is_believed_again_after_a_pause(
    clock: FakeClock,
) -> None:
    async with running(Bench(clock)) as bench:
        bench.listener.pause()
        await clock.turn(60)
        bench.listener.resume()
        for second in range(0, 150, 10):
            at = clock.now() - timedelta(minutes=10)
            await bench.frame(EventType.PROGRESS, 100.0 + second, FILM, at=at)
            await clock.turn(10)
        assert {play.item.title for play in bench.store.plays.values()} == {FILM.title}


async def test_resuming_what_was_not_paused_drops_nothing_that_is_replayed(
    clock: FakeClock,
) -> None:
    async with running(Bench(clock)) as bench:
        await bench.listener.take(Disconnected(clock.monotonic_s()))
        seen = clock.now()
        await clock.turn(60)
        bench.listener.resume()
        await bench.listener.take(Reconnected(clock.monotonic_s()))
        await bench.frame(EventType.STARTED, 0.0, at=seen)
        assert len(bench.store.plays) == 1


@pytest.mark.parametrize(
    "filters",
    [
        Filters(ignored_devices=("KITCHEN",)),
        Filters(ignored_libraries=("Music",)),
        Filters(ignored_kinds=(Kind.TRACK,)),
    ],
    ids=["device", "library", "kind"],
)
async def test_filtered_plays_are_never_scrobbled(clock: FakeClock, filters: Filters) -> None:
    async with running(Bench(clock)) as bench:
        bench.listener.use(replace(bench.settings, filters=filters), ACCOUNTS)
        await bench.play(TRACK, 150)
        await bench.frame(EventType.STOPPED, 150.0)
        assert bench.store.queued == {}
        assert bench.told == []
        (play,) = bench.store.plays.values()
        assert play.reason_code == Reason.FILTERED


async def test_leaving_one_play_out_scrobbles_nothing_more_of_it(clock: FakeClock) -> None:
    async with running(Bench(clock)) as bench:
        await bench.play(TRACK, 30)
        await bench.listener.leave_out(next(iter(bench.store.plays)))
        await clock.turn(10)
        for position in range(40, 190, 10):
            await bench.frame(EventType.PROGRESS, float(position))
            await clock.turn(10)
        await bench.frame(EventType.STOPPED, 190.0)
        assert bench.store.queued == {}


async def test_a_play_goes_on_counting_after_a_restart(clock: FakeClock) -> None:
    bench = Bench(clock)
    async with running(bench):
        await bench.play(TRACK, 60)
    again = Bench(clock, bench.store)
    again.numbers = bench.numbers
    async with running(again):
        for position in range(70, 130, 10):
            await clock.turn(10)
            await again.frame(EventType.PROGRESS, float(position))
        assert list(bench.store.queued.values()) == [[1]]
        assert len(bench.store.plays) == 1


async def test_a_checkpoint_that_cannot_be_read_is_said_and_left_alone(
    clock: FakeClock, expected_logs: object
) -> None:
    expected_logs.expect("1 checkpoints of plays could not be read")  # type: ignore[attr-defined]
    bench = Bench(clock)
    at = clock.now()
    bench.store.plays["k"] = PlayUpdate(
        "k", TRACK, "", at, None, None, 0.0, 0.0, "playing", snapshot='{"v": 99}'
    )
    async with running(bench):
        await bench.play(TRACK, 110)
        assert len(bench.store.queued) == 1


async def test_counting_by_hand_goes_to_every_account_and_only_once(clock: FakeClock) -> None:
    async with running(Bench(clock)) as bench:
        await bench.play(FILM, 3000)
        (update,) = bench.store.plays.values()
        assert await bench.listener.count_by_hand(update)
        assert list(bench.store.queued.values()) == [[2]]
        assert not await bench.listener.count_by_hand(update)
        for position in range(3010, 6000, 10):
            await clock.turn(10)
            await bench.frame(EventType.PROGRESS, float(position), FILM)
        await bench.frame(EventType.COMPLETED, 6000.0, FILM)
        assert list(bench.store.queued.values()) == [[2]]
        (update,) = bench.store.plays.values()
        assert update.reason_code == Reason.BY_HAND


async def test_the_rest_of_a_film_that_was_counted_by_hand_is_no_new_play(
    clock: FakeClock,
) -> None:
    async with running(Bench(clock)) as bench:
        await bench.play(FILM, 4000)
        await bench.frame(EventType.STOPPED, 4000.0, FILM)
        (update,) = bench.store.plays.values()
        assert await bench.listener.count_by_hand(update)
    again = Bench(clock, bench.store)
    again.numbers = bench.numbers
    async with running(again):
        await clock.turn(3600)
        for position in range(4000, 6000, 10):
            await again.frame(EventType.PROGRESS, float(position), FILM, session="s2")
            await clock.turn(10)
        assert list(bench.store.queued.values()) == [[2]]


@pytest.mark.expected_logs("nobody planned for")
async def test_a_fault_while_deciding_by_time_does_not_stop_time(clock: FakeClock) -> None:
    bench = Bench(clock)
    broken = [True]

    async def recorded(new: int, decisions: Sequence[Decision]) -> None:
        if new and broken:
            broken.clear()
            raise RuntimeError("a fault of ours")

    bench.listener = Listener(
        plays=bench.store,
        meta=bench.store,
        clock=clock,
        settings=bench.settings,
        kinds=KINDS,
        recorded=recorded,
        tell_live=lambda notice, rules: None,
        trouble=bench._trouble,  # noqa: SLF001  # the bench's own
    )
    bench.listener.use(bench.settings, ACCOUNTS)
    async with running(bench):
        await bench.play(TRACK, 90)
        await clock.turn(15)
        second = replace(TRACK, media_id="t2", title="Lullaby")
        await bench.play(second, 90)
        await clock.turn(15)
        assert len(bench.store.queued) == 2


async def test_a_restart_is_told_among_the_moments_of_a_play(clock: FakeClock) -> None:
    bench = Bench(clock)
    async with running(bench):
        await bench.play(FILM, 60)
        await bench.frame(EventType.PAUSED, 60.0, FILM)
    await clock.turn(600)
    began_again = clock.now()
    again = Bench(clock, bench.store)
    again.numbers = bench.numbers
    async with running(again):
        await clock.turn(5)
        await again.frame(EventType.RESUMED, 60.0, FILM)
    (update,) = again.store.plays.values()
    moments = Moments(json.loads(update.snapshot)["moments"]).kept
    assert [one.kind.value for one in moments] == ["began", "paused", "restarted", "went_on"]
    assert moments[2].at == began_again
