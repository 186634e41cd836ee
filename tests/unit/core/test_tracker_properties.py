"""What holds for every play, however its frames arrive."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from revenge_companion.core.decision import Decision
from revenge_companion.core.live import LiveAction
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.observing import SILENCE_S
from revenge_companion.core.playback import Device, EventType, PlaybackEvent, PlayState
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.core.reasons import Reason
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.core.session import SessionTracker
from revenge_companion.core.thresholds import Rules, Thresholds

START = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
ZERO_S = 1000.0
TRACK = Item(Kind.TRACK, "t", "Track", duration_s=200.0)
FILM = Item(Kind.MOVIE, "f", "Film", duration_s=6000.0)
RULES = Rules(Thresholds(), {"0.9": Thresholds().with_video_ratio(0.9)})
STOPPED = (EventType.STOPPED, EventType.COMPLETED)


def event(
    number: int,
    event_type: EventType,
    at_s: float,
    position: float | None,
    item: Item = TRACK,
    **more: object,
) -> PlaybackEvent:
    state = PlayState.PLAYING
    if event_type is EventType.PAUSED:
        state = PlayState.PAUSED
    elif event_type in STOPPED:
        state = PlayState.STOPPED
    made = PlaybackEvent(
        f"e{number}",
        event_type,
        START + timedelta(seconds=at_s),
        ZERO_S + at_s,
        "s",
        item,
        state,
        position,
        device=Device("d", "TV"),
    )
    return replace(made, **more)


@dataclass
class Machine:
    """A tracker with a clock that runs between events, and a ledger to restart from."""

    rules: Rules = RULES

    def __post_init__(self) -> None:
        self.tracker = SessionTracker(self.rules)
        self.decisions: list[Decision] = []
        self.saved: dict[str, PlayUpdate] = {}

    def feed(self, *events: PlaybackEvent) -> "Machine":
        for one in events:
            self.note(self.tracker.tick(one.at_s))
            self.note(self.tracker.feed(one))
        return self

    def restart(self, at_s: float) -> None:
        self.tracker = SessionTracker(self.rules)
        unread = self.tracker.restore([one.snapshot for one in self.saved.values()], at_s=at_s)
        assert unread == []

    def note(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            self.decisions.append(decision)
            self.saved[decision.update.play_key] = decision.update

    @property
    def scrobbles(self) -> list[Scrobble]:
        return [scrobble for decision in self.decisions for scrobble in decision.scrobbles]

    @property
    def own(self) -> list[Scrobble]:
        return [scrobble for scrobble in self.scrobbles if scrobble.rule == ""]


#: An ordinary play: (seconds until the next thing, what it is).
STEPS = st.lists(
    st.tuples(st.floats(1.0, 25.0), st.sampled_from(["progress", "pause", "seek"])),
    min_size=1,
    max_size=30,
)


def ordinary(steps: Sequence[tuple[float, str]], item: Item, rate: float) -> list[PlaybackEvent]:
    """Frames of a player that plays, pauses for a minute, jumps, and stops."""
    length = item.duration_s or 1e9
    at_s = position = 0.0
    events = [event(0, EventType.STARTED, 0.0, 0.0, item, rate=rate)]

    def say(event_type: EventType, **more: object) -> None:
        events.append(event(len(events), event_type, at_s, position, item, rate=rate, **more))

    for wait, what in steps:
        if position >= length:
            break
        at_s += wait
        position = min(length, position + wait * rate)
        if what == "pause":
            say(EventType.PAUSED)
            at_s += 60.0
            say(EventType.RESUMED)
        elif what == "seek":
            before, position = position, min(length, position + length / 10)
            say(EventType.SEEKED, from_position_s=before)
        else:
            say(EventType.PROGRESS)
    say(EventType.STOPPED)
    return events


@given(STEPS, st.sampled_from([TRACK, FILM]), st.sampled_from([0.5, 1.0, 2.0]), st.data())
def test_an_event_that_arrives_twice_changes_nothing(
    steps: list[tuple[float, str]], item: Item, rate: float, data: st.DataObject
) -> None:
    events = ordinary(steps, item, rate)
    once = Machine().feed(*events)
    again: list[PlaybackEvent] = []
    for index, one in enumerate(events):
        again.append(one)
        earlier = data.draw(st.integers(0, index))
        again.append(replace(events[earlier], at_s=one.at_s))
    twice = Machine().feed(*again)
    assert twice.scrobbles == once.scrobbles
    assert twice.saved == once.saved


@given(STEPS, st.sampled_from([0.5, 1.0, 2.0]))
def test_no_more_is_played_than_time_has_passed(
    steps: list[tuple[float, str]], rate: float
) -> None:
    events = ordinary(steps, TRACK, rate)
    machine = Machine().feed(*events)
    pauses = sum(one.type is EventType.PAUSED for one in events)
    playing_s = events[-1].at_s - events[0].at_s - 60.0 * pauses
    for decision in machine.decisions:
        assert decision.update.played_s <= playing_s * rate + 0.001
    for scrobble in machine.scrobbles:
        assert scrobble.played_s <= playing_s * rate + 0.001


@given(st.lists(st.floats(1.0, 3600.0), min_size=1, max_size=20))
def test_pauses_never_count(pauses: list[float]) -> None:
    machine, at_s, number = Machine(), 40.0, 1
    machine.feed(event(0, EventType.STARTED, 0.0, 0.0))
    machine.feed(event(1, EventType.PROGRESS, 20.0, 20.0))
    for pause in pauses:
        machine.feed(event(number := number + 1, EventType.PAUSED, at_s, 40.0))
        at_s += pause
        machine.feed(event(number := number + 1, EventType.RESUMED, at_s, 40.0))
    machine.feed(event(number + 1, EventType.STOPPED, at_s, 40.0))
    (update,) = machine.saved.values()
    assert update.played_s == pytest.approx(40.0)
    assert machine.scrobbles == []


@given(st.sets(st.integers(0, 21), max_size=5), st.sampled_from([TRACK, FILM]))
def test_a_full_play_counts_exactly_once_whatever_is_restarted(
    restarts: set[int], item: Item
) -> None:
    machine = Machine()
    length = item.duration_s or 0.0
    step = length / 20 if item is TRACK else 25.0
    count = round(length / step)
    for number in range(count + 1):
        if number * 22 // (count + 1) in restarts and number % 11 == 5:
            machine.restart(ZERO_S + number * step - 0.5)
        kind = EventType.PROGRESS
        if number == 0:
            kind = EventType.STARTED
        elif number == count:
            kind = EventType.COMPLETED
        machine.feed(event(number, kind, number * step, number * step, item))
    assert len(machine.own) == 1
    assert len({scrobble.key for scrobble in machine.scrobbles}) == len(machine.scrobbles)
    assert len(machine.saved) == 1


@given(st.integers(0, 20), st.integers(0, 8))
def test_what_is_replayed_after_a_restart_counts_once(cut: int, replayed: int) -> None:
    events = [event(n, EventType.PROGRESS, 10.0 * n, 10.0 * n) for n in range(1, 20)]
    events = [event(0, EventType.STARTED, 0.0, 0.0), *events]
    events.append(event(20, EventType.COMPLETED, 200.0, 200.0))
    machine = Machine().feed(*events[: cut + 1])
    now_s = events[cut].at_s + 1.0
    machine.restart(now_s)
    # The server sends what came after the last event that was recorded, and some from before it.
    first = max(0, cut + 1 - replayed)
    machine.feed(*(replace(one, at_s=max(one.at_s, now_s)) for one in events[first:]))
    assert len({scrobble.key for scrobble in machine.own}) == 1


JUNK = st.builds(
    lambda number, kind, at, arrival, position, item, session, rate, state: replace(
        event(number, kind, at, position, item),
        at_s=ZERO_S + arrival,
        session_id=session,
        rate=rate,
        state=state,
    ),
    st.integers(0, 500),
    st.sampled_from(EventType),
    st.floats(-1e5, 1e5),
    st.floats(0, 1e5),
    st.none() | st.floats(-100.0, 1e5),
    st.sampled_from(
        [
            TRACK,
            FILM,
            replace(FILM, duration_s=None),
            replace(TRACK, duration_s=None),
            Item(Kind.AUDIOBOOK, "a", "Book", duration_s=9000.0),
            Item(
                Kind.EPISODE,
                "d",
                "Double",
                duration_s=6000.0,
                episode_number=1,
                episode_number_end=2,
            ),
        ]
    ),
    st.sampled_from(["s1", "s2"]),
    st.sampled_from([0.25, 1.0, 4.0]),
    st.sampled_from(PlayState),
)


@settings(max_examples=200)
@given(st.lists(JUNK, max_size=40), st.sets(st.integers(0, 40), max_size=3))
def test_junk_in_any_order_never_raises_and_never_doubles(
    events: list[PlaybackEvent], restarts: set[int]
) -> None:
    machine = Machine()
    at_s = ZERO_S
    for number, one in enumerate(events):
        at_s = max(at_s, one.at_s)
        if number in restarts:
            machine.restart(at_s)
        machine.feed(replace(one, at_s=at_s))
        machine.tracker.now_playing(at_s)
    machine.note(machine.tracker.tick(at_s + 1e6))
    assert machine.tracker.deadline_s() is None
    identities = [(scrobble.key, scrobble.rule) for scrobble in machine.scrobbles]
    assert len(set(identities)) == len(identities)


@given(st.lists(st.text(max_size=30) | st.just('{"v": 1}') | st.just("null"), max_size=5))
def test_a_checkpoint_that_is_none_is_given_back(texts: list[str]) -> None:
    assert SessionTracker(RULES).restore(texts, at_s=0.0) == texts


@given(st.floats(0.05, 1.0), st.floats(0.05, 1.0))
def test_each_account_counts_a_film_at_its_own_share(own: float, other: float) -> None:
    assume(abs(own - other) > 0.01)
    rules = Rules(Thresholds().with_video_ratio(own), {"x": Thresholds().with_video_ratio(other)})
    machine = Machine(rules)
    machine.feed(event(0, EventType.STARTED, 0.0, 0.0, FILM))
    for number in range(1, 301):
        machine.feed(event(number, EventType.PROGRESS, 20.0 * number, 20.0 * number, FILM))
    at = {scrobble.rule: scrobble.position_s for scrobble in machine.scrobbles}
    assert at == {"": pytest.approx(6000 * own, abs=1.0), "x": pytest.approx(6000 * other, abs=1.0)}


def test_a_stop_below_an_accounts_own_threshold_leaves_nothing_there() -> None:
    machine = Machine()
    machine.feed(event(0, EventType.STARTED, 0.0, 0.0, FILM))
    for number in range(1, 256):
        machine.feed(event(number, EventType.PROGRESS, 20.0 * number, 20.0 * number, FILM))
    machine.feed(event(999, EventType.STOPPED, 5100.0, 5100.0, FILM))
    assert [scrobble.rule for scrobble in machine.scrobbles] == [""]


def test_live_notices_follow_the_player() -> None:
    machine = Machine()
    machine.feed(
        event(0, EventType.STARTED, 0.0, 0.0, FILM),
        event(1, EventType.PROGRESS, 10.0, 10.0, FILM),
        event(2, EventType.PAUSED, 20.0, 20.0, FILM),
        event(3, EventType.RESUMED, 60.0, 20.0, FILM),
        event(4, EventType.STOPPED, 80.0, 40.0, FILM),
    )
    notices = [one.notice for one in machine.decisions if one.notice is not None]
    assert [(one.action, one.position_s) for one in notices] == [
        (LiveAction.START, 0.0),
        (LiveAction.PAUSE, 20.0),
        (LiveAction.START, 20.0),
        (LiveAction.STOP, 40.0),
    ]


def test_notices_say_under_which_rules_a_film_has_counted() -> None:
    machine = Machine()
    machine.feed(event(0, EventType.STARTED, 0.0, 0.0, FILM))
    for number in range(1, 256):
        machine.feed(event(number, EventType.PROGRESS, 20.0 * number, 20.0 * number, FILM))
    machine.feed(event(999, EventType.STOPPED, 5100.0, 5100.0, FILM))
    assert machine.decisions[-1].notice is not None
    assert machine.decisions[-1].counted_rules == {""}


def test_a_play_that_is_left_out_sends_no_notice() -> None:
    tracker = SessionTracker(RULES)
    decisions = tracker.feed(event(0, EventType.STARTED, 0.0, 0.0), Reason.FILTERED)
    decisions += tracker.feed(event(1, EventType.STOPPED, 20.0, 20.0))
    assert [one.notice for one in decisions] == [None, None]


def test_a_play_nobody_hears_of_any_more_ends_by_itself() -> None:
    machine = Machine()
    machine.feed(
        event(0, EventType.STARTED, 0.0, 0.0, FILM), event(1, EventType.PROGRESS, 10.0, 10.0, FILM)
    )
    machine.note(machine.tracker.tick(ZERO_S + 25 * 3600))
    assert machine.decisions[-1].ended
    assert machine.decisions[-1].update.reason_code == Reason.LOST_SIGHT
    assert machine.tracker.now_playing(ZERO_S + 25 * 3600) == ()


def test_silence_is_not_watched_for_ever() -> None:
    machine = Machine()
    machine.feed(event(0, EventType.STARTED, 0.0, 0.0))
    machine.feed(event(1, EventType.PROGRESS, 60.0, 60.0))
    machine.note(machine.tracker.tick(ZERO_S + 60.0 + SILENCE_S + 100.0))
    assert machine.scrobbles == []


def test_checkpoints_are_at_most_fifteen_seconds_of_playing_apart() -> None:
    machine = Machine()
    machine.feed(event(0, EventType.STARTED, 0.0, 0.0, FILM))
    for number in range(1, 100):
        machine.feed(event(number, EventType.PROGRESS, 5.0 * number, 5.0 * number, FILM))
    times = [decision.at_s for decision in machine.decisions]
    assert max(b - a for a, b in pairwise(times)) <= 15.0
