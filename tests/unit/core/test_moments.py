"""What a play tells of its course, and that telling decides nothing."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenge_companion.core.counting import Share
from revenge_companion.core.decision import Decision
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.moments import (
    MOST,
    Course,
    Moment,
    MomentKind,
    Moments,
    read_course,
)
from revenge_companion.core.playback import EventType, PlaybackEvent, Source
from revenge_companion.core.reasons import Reason
from revenge_companion.core.session import SessionTracker
from tests.unit.core.test_tracker_properties import (
    FILM,
    JUNK,
    RULES,
    START,
    STEPS,
    TRACK,
    ZERO_S,
    Machine,
    event,
    ordinary,
)

BEGAN, PAUSED, WENT_ON, JUMPED, SILENT, HEARD, RATE, RESTARTED, PAST, COUNTED, ENDED = MomentKind
PROGRESS = EventType.PROGRESS


def course(machine: Machine) -> Course:
    """Of the only play."""
    (update,) = machine.saved.values()
    return of(update.snapshot)


def of(snapshot: str) -> Course:
    return read_course(json.dumps(json.loads(snapshot)["moments"]))


def told(machine: Machine) -> list[tuple[MomentKind, float, float, float]]:
    """Kind, seconds after the start, position and played time of each moment."""
    return [
        (one.kind, (one.at - START).total_seconds(), one.position_s, one.played_s)
        for one in course(machine).moments
    ]


def played(item: Item, first_s: int, last_s: int, *, ahead_s: float = 0.0) -> list[PlaybackEvent]:
    """Progress every 10 s; the position is `ahead_s` further than the time."""
    return [
        event(5000 + at, PROGRESS, at, at + ahead_s, item) for at in range(first_s, last_s + 1, 10)
    ]


def size(machine: Machine) -> int:
    """Bytes that the moments of the only play take in its row."""
    (update,) = machine.saved.values()
    return len(json.dumps(json.loads(update.snapshot)["moments"], separators=(",", ":")))


def come_in(one: PlaybackEvent, at_s: float) -> PlaybackEvent:
    """The frame when it is not heard at once."""
    return replace(one, at_s=ZERO_S + at_s)


def test_playing_on_adds_nothing() -> None:
    machine = Machine().feed(
        event(0, EventType.STARTED, 0.0, 0.0, FILM),
        *played(FILM, 10, 5990),
        event(1, EventType.COMPLETED, 6000.0, 6000.0, FILM),
    )
    assert told(machine) == [
        (BEGAN, 0.0, 0.0, 0.0),
        (COUNTED, 4800.0, 4800.0, 4800.0),
        (COUNTED, 5400.0, 5400.0, 5400.0),
        (ENDED, 6000.0, 6000.0, 6000.0),
    ]
    assert [one.rule for one in course(machine).moments] == ["", "", "0.9", ""]
    assert course(machine).counts_from_s == (4800.0,)
    assert size(machine) <= 200


def test_a_pause_is_told_with_its_end() -> None:
    machine = Machine().feed(
        event(0, EventType.STARTED, 0.0, 0.0, FILM),
        *played(FILM, 10, 60),
        event(1, EventType.PAUSED, 65.0, 65.0, FILM),
        event(2, EventType.PROGRESS, 300.0, 65.0, FILM, state="paused"),
        event(3, EventType.RESUMED, 600.0, 65.0, FILM),
        event(4, EventType.STOPPED, 620.0, 85.0, FILM),
    )
    assert told(machine) == [
        (BEGAN, 0.0, 0.0, 0.0),
        (PAUSED, 65.0, 65.0, 65.0),
        (WENT_ON, 600.0, 65.0, 65.0),
        (ENDED, 620.0, 85.0, 85.0),
    ]


def test_a_play_that_begins_paused_says_so() -> None:
    machine = Machine().feed(event(0, EventType.PAUSED, 0.0, 30.0, FILM))
    assert told(machine) == [(BEGAN, 0.0, 30.0, 0.0), (PAUSED, 0.0, 30.0, 0.0)]


@pytest.mark.parametrize("announced", [True, False], ids=["a seek", "only positions"])
def test_a_jump_is_told_from_where_to_where(announced: bool) -> None:
    machine = Machine().feed(event(0, EventType.STARTED, 0.0, 0.0, FILM), *played(FILM, 10, 100))
    if announced:
        machine.feed(event(1, EventType.SEEKED, 110.0, 410.0, FILM, from_position_s=110.0))
    machine.feed(*played(FILM, 110 + 10 * announced, 200, ahead_s=300.0))
    machine.feed(event(2, EventType.STOPPED, 210.0, 510.0, FILM))
    (jump,) = [one for one in course(machine).moments if one.kind is JUMPED]
    assert (jump.from_s, jump.position_s, jump.played_s) == (110.0, 410.0, 110.0)
    assert jump.at == START + timedelta(seconds=110)
    assert told(machine)[-1] == (ENDED, 210.0, 510.0, 210.0)


def test_a_jump_past_the_threshold_says_that_it_has_to_be_played_on() -> None:
    machine = Machine().feed(
        event(0, EventType.STARTED, 0.0, 0.0, FILM),
        event(1, EventType.SEEKED, 10.0, 5000.0, FILM, from_position_s=10.0),
        *played(FILM, 20, 400, ahead_s=4990.0),
    )
    kinds = [one[0] for one in told(machine)]
    assert kinds == [BEGAN, JUMPED, PAST, COUNTED]
    assert told(machine)[3] == (COUNTED, 310.0, 5300.0, 310.0)


def test_a_track_is_not_past_anything_by_a_jump() -> None:
    machine = Machine().feed(
        event(0, EventType.STARTED, 0.0, 0.0),
        event(1, EventType.SEEKED, 10.0, 150.0, from_position_s=10.0),
        event(2, EventType.STOPPED, 20.0, 160.0),
    )
    assert [one[0] for one in told(machine)] == [BEGAN, JUMPED, ENDED]
    assert course(machine).counts_from_s == (100.0,)


@pytest.mark.parametrize(
    ("heard_at", "position", "proven"),
    [(400.0, 400.0, 300.0), (400.0, 250.0, 150.0), (400.0, 100.0, 0.0), (400.0, 3000.0, 0.0)],
    ids=["all of it", "half of it", "none of it", "what cannot have been played"],
)
def test_silence_is_told_with_what_it_proved(
    heard_at: float, position: float, proven: float
) -> None:
    machine = Machine().feed(event(0, EventType.STARTED, 0.0, 0.0, FILM), *played(FILM, 10, 100))
    machine.tracker.disconnected()
    machine.feed(event(1, PROGRESS, heard_at, position, FILM))
    assert told(machine)[1:] == [
        (SILENT, 100.0, 100.0, 100.0),
        (HEARD, heard_at, position, 100.0 + proven),
    ]
    assert course(machine).moments[-1].proven_s == proven


def test_a_short_disconnection_through_which_it_played_on_is_not_told() -> None:
    machine = Machine().feed(event(0, EventType.STARTED, 0.0, 0.0, FILM))
    for one in played(FILM, 10, 300):
        machine.tracker.disconnected()
        machine.feed(one)
    assert [one[0] for one in told(machine)] == [BEGAN]


@pytest.mark.parametrize("late_s", [0.0, 8.0], ids=["in time", "some seconds late"])
def test_a_player_that_reports_rarely_is_not_silent_each_time(late_s: float) -> None:
    machine = Machine().feed(event(0, EventType.STARTED, 0.0, 0.0, FILM))
    for n in range(1, 20):
        at = 45.0 * n
        machine.feed(come_in(event(n, PROGRESS, at, at, FILM), at + late_s * (n % 2)))
    assert [one[0] for one in told(machine)] == [BEGAN]


def test_a_connection_lost_during_a_pause_is_not_told() -> None:
    machine = Machine().feed(
        event(0, EventType.STARTED, 0.0, 0.0, FILM), event(1, EventType.PAUSED, 20.0, 20.0, FILM)
    )
    machine.tracker.disconnected()
    machine.feed(event(2, EventType.RESUMED, 4000.0, 20.0, FILM))
    assert [one[0] for one in told(machine)] == [BEGAN, PAUSED, WENT_ON]


def test_what_went_on_unseen_after_a_pause_is_told() -> None:
    machine = Machine().feed(
        event(0, EventType.STARTED, 0.0, 0.0, FILM), event(1, EventType.PAUSED, 20.0, 20.0, FILM)
    )
    machine.tracker.disconnected()
    machine.feed(event(2, PROGRESS, 4000.0, 620.0, FILM))
    assert told(machine)[2:] == [
        (SILENT, 20.0, 20.0, 20.0),
        (HEARD, 4000.0, 620.0, 620.0),
        (WENT_ON, 4000.0, 620.0, 620.0),
    ]


def test_a_play_that_is_lost_went_silent_before_it_ended() -> None:
    machine = Machine().feed(
        event(0, EventType.STARTED, 0.0, 0.0, FILM), event(1, PROGRESS, 10.0, 10.0, FILM)
    )
    machine.note(machine.tracker.tick(ZERO_S + 25 * 3600))
    assert [one[0] for one in told(machine)] == [BEGAN, SILENT, ENDED]


def test_a_poll_each_minute_adds_nothing() -> None:
    # The server dates its rows when they were written, some seconds before they are looked at.
    polls = [
        come_in(event(n, PROGRESS, at, at, FILM, source=Source.POLL, session_id="poll/f"), 60.0 * n)
        for n, at in enumerate(60.0 * n - n % 7 for n in range(50))
    ]
    machine = Machine().feed(*polls)
    assert [one[0] for one in told(machine)] == [BEGAN]


def test_a_rate_is_told_when_it_changes() -> None:
    machine = Machine().feed(
        event(0, EventType.STARTED, 0.0, 0.0, FILM, rate=1.5),
        event(1, PROGRESS, 10.0, 15.0, FILM, rate=1.5),
        event(2, PROGRESS, 20.0, 30.0, FILM, rate=2.0),
        event(3, PROGRESS, 30.0, 50.0, FILM, rate=2.0),
    )
    assert [(one.kind, one.rate) for one in course(machine).moments] == [
        (BEGAN, None),
        (RATE, 1.5),
        (RATE, 2.0),
    ]


def test_a_start_that_comes_late_is_where_it_began() -> None:
    machine = Machine().feed(event(1, PROGRESS, 10.0, 10.0), event(2, EventType.PAUSED, 15.0, 15.0))
    machine.feed(come_in(event(0, EventType.STARTED, 0.0, 0.0), 16.0))
    machine.feed(event(3, EventType.STOPPED, 20.0, 15.0))
    assert told(machine) == [
        (BEGAN, 0.0, 0.0, 0.0),
        (PAUSED, 15.0, 15.0, 15.0),
        (ENDED, 20.0, 15.0, 15.0),
    ]


def test_nothing_is_told_of_a_play_once_it_is_private() -> None:
    machine = Machine().feed(event(0, EventType.STARTED, 0.0, 0.0), *played(TRACK, 10, 110))
    key = next(iter(machine.saved))
    machine.note(machine.tracker.leave_out(key, Reason.PRIVATE))
    machine.feed(
        event(1, EventType.PAUSED, 120.0, 120.0),
        event(2, EventType.RESUMED, 150.0, 120.0),
        event(3, EventType.STOPPED, 160.0, 130.0),
    )
    assert [one[0] for one in told(machine)] == [BEGAN, COUNTED, ENDED]


def test_a_play_counted_by_hand_says_so_after_its_end() -> None:
    machine = Machine().feed(
        event(0, EventType.STARTED, 0.0, 0.0), event(1, EventType.STOPPED, 20.0, 20.0)
    )
    (update,) = machine.saved.values()
    other = SessionTracker(RULES)
    decision = other.count_by_hand(update.play_key, update.snapshot, START, 0.0)
    assert decision is not None
    assert [one.kind for one in of(decision.update.snapshot).moments] == [BEGAN, ENDED, COUNTED]


def test_a_play_the_server_reports_has_no_beginning_that_was_seen() -> None:
    machine = Machine().feed(
        event(0, EventType.COMPLETED, 0.0, None, FILM, source=Source.POLL, session_id="poll/f")
    )
    assert [one[0] for one in told(machine)] == [COUNTED, COUNTED, ENDED]


def test_a_count_between_two_frames_does_not_hide_the_silence_before_it() -> None:
    machine = Machine().feed(event(0, EventType.STARTED, 0.0, 0.0), *played(TRACK, 10, 90))
    machine.note(machine.tracker.tick(ZERO_S + 110.0))
    machine.feed(event(1, PROGRESS, 180.0, 120.0))
    assert told(machine) == [
        (BEGAN, 0.0, 0.0, 0.0),
        (SILENT, 90.0, 90.0, 90.0),
        (COUNTED, 100.0, 100.0, 100.0),
        (HEARD, 180.0, 120.0, 120.0),
    ]


def test_frames_replayed_after_a_restart_are_told_before_it() -> None:
    machine = Machine().feed(event(0, EventType.STARTED, 0.0, 0.0), *played(TRACK, 10, 30))
    restart(machine, 200.0)
    machine.feed(
        come_in(event(1, EventType.PAUSED, 50.0, 50.0), 201.0),
        come_in(event(2, EventType.RESUMED, 60.0, 50.0), 201.0),
        event(3, PROGRESS, 210.0, 200.0),
    )
    assert told(machine) == [
        (BEGAN, 0.0, 0.0, 0.0),
        (PAUSED, 50.0, 50.0, 50.0),
        (WENT_ON, 60.0, 50.0, 50.0),
        (RESTARTED, 200.0, 20.0, 20.0),
        (COUNTED, 210.0, 200.0, 200.0),
    ]


def test_a_program_that_is_started_again_and_again_tells_of_the_last_time() -> None:
    machine = Machine().feed(event(0, EventType.STARTED, 0.0, 0.0, FILM))
    for at in (100.0, 200.0, 300.0):
        restart(machine, at)
    machine.feed(event(1, PROGRESS, 310.0, 300.0, FILM))
    restarts = [one for one in told(machine) if one[0] is RESTARTED]
    assert [one[1] for one in restarts] == [300.0]


def restart(machine: Machine, at: float) -> None:
    """As the engine does it: with the time on the wall."""
    machine.tracker = SessionTracker(machine.rules)
    saved = [one.snapshot for one in machine.saved.values()]
    moved = machine.tracker.restore(saved, at_s=ZERO_S + at, at=START + timedelta(seconds=at))
    assert moved == []


# Bounds


def test_of_too_many_moments_the_oldest_after_the_first_go_and_are_counted() -> None:
    machine = Machine().feed(event(0, EventType.STARTED, 0.0, 0.0, FILM))
    for n in range(200):
        at = 10.0 * n + 5.0
        kind = EventType.RESUMED if n % 2 else EventType.PAUSED
        machine.feed(event(n + 1, kind, at, 5.0, FILM))
    kept = course(machine).moments
    assert len(kept) == MOST
    assert kept[0].kind is BEGAN
    assert kept[1].let_go == 201 - MOST
    assert [one.let_go for one in kept[2:]] == [0] * (MOST - 2)
    assert kept[-1].at == START + timedelta(seconds=1995)
    assert size(machine) <= 40 * MOST


def test_the_moment_a_play_counted_is_not_let_go() -> None:
    moments = Moments()
    moments.note(Moment(BEGAN, START, 0.0, 0.0))
    moments.note(Moment(PAUSED, START, 0.0, 0.0))
    moments.note(Moment(COUNTED, START, 0.0, 0.0))
    for n in range(100):
        moments.note(Moment(PAUSED, START + timedelta(seconds=n), 0.0, 0.0))
    kept = moments.kept
    assert [one.kind for one in kept[:3]] == [BEGAN, COUNTED, PAUSED]
    assert (kept[1].let_go, kept[2].let_go) == (1, 103 - MOST - 1)


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", "{", '{"at":0,"counts":[],"rows":[["nothing",0,0,0]]}',
     '{"at":0,"counts":[],"rows":[["began"]]}', '{"at":1e999,"counts":[],"rows":[]}',
     '{"at":9e18,"counts":[],"rows":[["began",0,0,0]]}', '{"at":0,"counts":3,"rows":[]}',
     '{"at":0,"counts":[],"rows":[["began",0,0,0,[]]]}', "[" * 50_000, " " * 200_000],
)  # fmt: skip
def test_text_that_is_no_course_is_an_empty_one(text: str) -> None:
    assert read_course(text) == Course()


def test_a_checkpoint_of_an_older_program_has_no_moments() -> None:
    machine = Machine().feed(event(0, EventType.STARTED, 0.0, 0.0))
    (update,) = machine.saved.values()
    data = json.loads(update.snapshot)
    del data["moments"]
    tracker = SessionTracker(RULES)
    assert tracker.restore([json.dumps(data)], at_s=ZERO_S) == []
    (decision,) = tracker.feed(event(1, EventType.PAUSED, 20.0, 20.0))
    assert [one.kind for one in of(decision.update.snapshot).moments] == [PAUSED]


# Whatever comes


MOMENT = st.builds(
    Moment,
    st.sampled_from(MomentKind),
    st.datetimes().map(lambda when: when.replace(tzinfo=START.tzinfo)),
    st.floats(-1e6, 1e6),
    st.floats(0, 1e6),
    st.none() | st.floats(-1e6, 1e6),
    st.none() | st.floats(0, 1e6),
    st.none() | st.floats(0.1, 10.0),
    st.sampled_from(["", "0.9"]),
    st.integers(0, 3),
)


@given(st.lists(MOMENT, max_size=3 * MOST))
def test_moments_are_few_in_order_and_read_back_as_they_were(given_: list[Moment]) -> None:
    moments = Moments()
    for one in given_:
        moments.note(one)
    shares = [Share((name, 0), 0.0, at, 300.0, 300.0) for name, at in (("", 100.5), ("x", 1.0))]
    text = moments.text(shares)
    found = read_course(text)
    assert len(found.moments) <= MOST
    times = [one.at for one in found.moments]
    assert times == sorted(times)
    assert found.counts_from_s == (100.5,)
    assert Moments(json.loads(text)).text(shares) == text
    lost = sum(one.let_go for one in found.moments)
    twice = sum(one.kind is RESTARTED for one in given_)
    assert len(given_) - twice <= len(found.moments) + lost <= len(given_)


def without_moments(decisions: Sequence[Decision]) -> list[Decision]:
    plain = []
    for decision in decisions:
        data = json.loads(decision.update.snapshot)
        data.pop("moments", None)
        plain.append(replace(decision, update=replace(decision.update, snapshot=json.dumps(data))))
    return plain


def run(events: Sequence[PlaybackEvent], restarts: set[int]) -> Machine:
    machine, at_s = Machine(), ZERO_S
    for number, one in enumerate(events):
        at_s = max(at_s, one.at_s)
        if number in restarts:
            restart(machine, at_s - ZERO_S)
        machine.feed(replace(one, at_s=at_s))
    machine.note(machine.tracker.tick(at_s + 1e6))
    return machine


@settings(max_examples=150)
@given(st.lists(JUNK, max_size=40), st.sets(st.integers(0, 40), max_size=3))
def test_moments_decide_nothing(events: list[PlaybackEvent], restarts: set[int]) -> None:
    telling = run(events, restarts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Moments, "note", lambda moments, moment: None)
        patch.setattr(Moments, "begin_earlier", lambda moments, *args: None)
        mute = run(events, restarts)
    assert without_moments(telling.decisions) == without_moments(mute.decisions)
    for update in telling.saved.values():
        moments = of(update.snapshot).moments
        times = [one.at for one in moments]
        assert times == sorted(times)
        assert len(moments) <= MOST
        assert moments[-1].kind in (ENDED, COUNTED, RESTARTED)


@given(STEPS, st.sampled_from([TRACK, FILM]), st.sampled_from([0.5, 1.0, 2.0]), st.data())
def test_a_restart_anywhere_tells_the_same_but_for_itself(
    steps: list[tuple[float, str]], item: Item, rate: float, data: st.DataObject
) -> None:
    events = ordinary(steps, item, rate)
    whole = Machine().feed(*events)
    cut = data.draw(st.integers(1, len(events)))
    machine, recorded = Machine(), 0
    for number, one in enumerate(events[:cut]):
        before = len(machine.decisions)
        machine.feed(one)
        if len(machine.decisions) > before:
            recorded = number
    now_s = events[cut - 1].at_s + 1.0
    restart(machine, now_s - ZERO_S)
    # The server sends what came after the last frame that was recorded.
    machine.feed(*(replace(one, at_s=max(one.at_s, now_s)) for one in events[recorded + 1 :]))
    assert list(machine.saved) == list(whole.saved)
    for key, update in machine.saved.items():
        same, other = of(whole.saved[key].snapshot).moments, of(update.snapshot).moments
        # When it counts may be a frame later: nobody presumes anything of unobserved time.
        assert sorted(o.rule for o in same if o.kind is COUNTED) == sorted(
            o.rule for o in other if o.kind is COUNTED
        )
        left = [one for one in same if one.kind is not COUNTED]
        right = [one for one in other if one.kind not in (COUNTED, RESTARTED)]
        assert [(one.kind, one.at) for one in left] == [(one.kind, one.at) for one in right]
        for one, two in zip(left, right, strict=True):
            assert two.position_s == pytest.approx(one.position_s, abs=0.11)
            assert two.played_s == pytest.approx(one.played_s, abs=0.11)


def test_a_file_of_several_episodes_says_which_counted() -> None:
    double = Item(
        Kind.EPISODE, "d", "Double", duration_s=6000.0, episode_number=1, episode_number_end=2
    )
    machine = Machine().feed(
        event(0, EventType.STARTED, 0.0, 0.0, double), *played(double, 10, 5900)
    )
    own = [one for one in course(machine).moments if one.kind is COUNTED and not one.rule]
    assert [(one.part, one.position_s) for one in own] == [(0, 2400.0), (1, 5400.0)]
    assert course(machine).counts_from_s == (2400.0, 5400.0)
