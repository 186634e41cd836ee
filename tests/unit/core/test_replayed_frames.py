"""Frames that come again, late, or in another order than they were sent."""

from dataclasses import replace

import pytest

from revenge_companion.core.session import OPEN_PLAYS
from tests.tape import Tape, counted_at, reasons, started


def again(tape: Tape, at: float, apart: float) -> Tape:
    """The tape, a restart at `at`, and all its frames once more."""
    lines = list(tape.lines)
    tape.control(at, "restart")
    tape.lines += [replace(line, at_s=at + 1 + n * apart) for n, line in enumerate(lines)]
    return tape


@pytest.mark.parametrize("apart", [0.0, 0.01, 2.0])
def test_a_long_film_replayed_after_a_restart_counts_once(apart: float) -> None:
    tape = started("movie", 9000.0).play(10, 8990, position=10).frame(9000, "completed", 9000)
    result = again(tape, 9100, apart).run()
    assert counted_at(result) == [7200.0]
    assert reasons(result) == []


def test_an_aborted_film_replayed_after_a_restart_is_told_once() -> None:
    tape = started("movie", 9000.0).play(10, 5990, position=10).frame(6000, "stopped", 6000)
    result = again(tape, 9100, 0.5).run()
    assert (counted_at(result), reasons(result)) == ([], ["stopped_early"])


def test_two_hours_of_one_track_replayed_after_a_restart_count_once_each() -> None:
    tape = Tape()
    for number in range(40):
        begin = 200.0 * number
        tape.frame(begin, "started", 0).play(begin + 10, begin + 190, position=10)
        tape.frame(begin + 199.5, "completed", 199.5)
    assert len(counted_at(again(tape, 9000, 0.1).run())) == 40


def test_an_earlier_sitting_replayed_after_a_later_one_counts_nothing() -> None:
    tape = started("movie", 6000.0).play(10, 5990, position=10).frame(6000, "completed", 6000)
    first = list(tape.lines)
    tape.session = "s2"
    tape.frame(6100, "started", 0).play(6110, 12090, position=10).frame(12100, "completed", 6000)
    tape.control(12200, "restart")
    tape.lines += [replace(line, at_s=12201 + n * 0.5) for n, line in enumerate(first)]
    assert counted_at(tape.run()) == [4800.0, 10900.0]


@pytest.mark.parametrize("apart", [2.0, 4.0, 8.0])
def test_a_replay_at_nearly_the_speed_of_the_play_is_no_clock_that_stepped_back(
    apart: float,
) -> None:
    tape = started("episode", 2400.0).play(10, 2390, position=10)
    assert counted_at(again(tape, 2500, apart).run()) == [1920.0]


@pytest.mark.parametrize("cut", [41, 52, 58, 63, 69])
@pytest.mark.parametrize("announced", [True, False])
def test_a_restart_soon_after_a_jump_loses_nothing_before_it(cut: int, announced: bool) -> None:
    tape = started(duration=600.0, position=0).play(10, 40, position=10)
    if announced:
        tape.frame(49, "seeked", 300, from_position_seconds=49, state="playing")
    tape.frame(50, "progress", 301, state="playing").play(55, 300, position=306, step=5)
    tape.lines.insert(
        next(n for n, line in enumerate(tape.lines) if line.at_s > cut),
        replace(tape.lines[0], at_s=cut, frame=None, control="restart"),
    )
    (at_s,) = counted_at(tape.run())
    assert at_s == pytest.approx(240.0, abs=10.0)


def test_a_jump_right_after_a_checkpoint_has_one_of_its_own() -> None:
    tape = started(duration=900.0).play(10, 60, position=10)
    tape.frame(60.25, "seeked", 105.25, from_position_seconds=60.25, state="playing")
    tape.control(74, "restart").play(170, 300, position=215)
    assert counted_at(tape.run()) == [240.0]


def test_a_restart_soon_after_a_change_of_rate_loses_nothing() -> None:
    tape = started(duration=600.0).play(10, 40, position=10)
    tape.frame(43, "progress", 43, state="playing", playback_rate=2.0).control(45, "restart")
    for at in range(53, 200, 10):
        tape.frame(at, "progress", 43 + 2.0 * (at - 43), state="playing", playback_rate=2.0)
    assert counted_at(tape.run()) == [141.5]


def test_a_rate_that_began_while_nobody_looked_is_proven_by_the_position() -> None:
    tape = started(duration=600.0).play(10, 40, position=10).control(41, "disconnect")
    tape.control(99, "reconnect")
    tape.frame(100, "progress", 157, state="playing", playback_rate=2.0)
    tape.frame(110, "progress", 177, state="playing", playback_rate=2.0)
    result = tape.frame(120, "stopped", 197, playback_rate=2.0).run()
    assert counted_at(result) == []
    assert "3:17" in result.rejected[0]["reason"]


@pytest.mark.parametrize("late", [6.0, 20.0, 300.0])
def test_a_stop_that_overtakes_the_start_is_not_forgotten(late: float) -> None:
    tape = Tape(duration=40.0).frame(5, "stopped", 5)
    tape.frame(5 + late, "started", 0, stamp=0, state="playing")
    result = tape.frame(500, "progress", 0, user_id="u2").run()
    assert (counted_at(result), reasons(result)) == ([], ["played_too_little"])


def test_frames_that_come_after_the_stop_prove_what_was_played() -> None:
    tape = Tape(duration=40.0).frame(35, "stopped", 35)
    tape.frame(36, "started", 0, stamp=0, state="playing")
    for number, stamp in enumerate((10, 20, 30)):
        tape.frame(36.5 + number / 10, "progress", stamp, stamp=stamp, state="playing")
    result = tape.frame(500, "progress", 0, user_id="u2").run()
    assert (len(counted_at(result)), reasons(result)) == (1, [])


def test_a_play_that_goes_on_after_an_early_stop_is_presumed_again() -> None:
    tape = Tape(duration=200.0).frame(5, "stopped", 5)
    tape.frame(6, "started", 0, stamp=0, state="playing").play(10, 100, position=10)
    assert counted_at(tape.frame(105, "stopped", 105).run()) == [100.0]


def test_a_late_frame_of_the_track_before_begins_no_play() -> None:
    tape = started(duration=300.0).play(10, 150, position=10).frame(155, "paused", 155)
    tape.media = "m2"
    tape.frame(170, "started", 0).play(180, 190, position=10)
    tape.media = "m1"
    tape.frame(191, "resumed", 155, stamp=160, state="playing")
    tape.frame(192, "progress", 160, stamp=165, state="playing")
    tape.frame(240, "progress", 163, stamp=168, state="playing")
    tape.media = "m2"
    result = tape.play(250, 500, position=80).run()
    assert [entry["media_id"] for entry in result.scrobbles] == ["m1", "m2"]
    assert reasons(result) == []


def test_two_late_frames_that_keep_time_are_no_clock_that_stepped_back() -> None:
    tape = started("movie", 1200.0).play(10, 1000, position=10)
    tape.frame(1001, "progress", 300, stamp=300, state="playing")
    tape.frame(1011, "progress", 310, stamp=310, state="playing")
    tape.play(1020, 1190, position=1020).frame(1200, "completed", 1200)
    result = tape.run()
    assert (counted_at(result), reasons(result)) == ([960.0], [])


def test_a_start_in_the_moment_of_an_end_is_a_new_play_and_a_seek_is_none() -> None:
    tape = started(duration=40.0).play(10, 30, position=10).frame(40, "completed", 40)
    tape.frame(45, "seeked", 40, stamp=40, from_position_seconds=38, state="playing")
    tape.frame(46, "started", 0, stamp=40, state="playing").play(50, 70, position=10)
    assert len(counted_at(tape.frame(80, "completed", 40).run())) == 2


def test_sessions_without_an_end_are_given_up_oldest_first() -> None:
    tape = started("movie", 1200.0)
    for number in range(2, 1001):
        tape.session, tape.media = f"s{number}", f"m{number}"
        tape.frame(number, "started", 0)
        if number % 10 == 0:
            tape.session, tape.media = "s1", "m1"
            tape.frame(number, "progress", number, state="playing")
    result = tape.run()
    # The one that is heard of all the while stays and counts.
    assert [entry["media_id"] for entry in result.scrobbles] == ["m1"]
    assert len(result.rejected) == 1000 - OPEN_PLAYS
    assert set(reasons(result)) == {"lost_sight"}
    assert result.rejected[0]["media_id"] == "m2"
