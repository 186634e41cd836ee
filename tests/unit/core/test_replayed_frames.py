"""Frames that come again: whole plays replayed by a server that does not know `since`."""

from dataclasses import replace

import pytest

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
