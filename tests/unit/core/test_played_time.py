"""Played time to the second: what a stall, a rounded position or a change of rate makes of it."""

import pytest

from tests.tape import counted_at, reasons, started


def test_a_stall_adds_nothing_just_below_the_threshold() -> None:
    tape = started().play(10, 80, position=10)
    for at in range(90, 160, 10):
        tape.frame(at, "progress", 81, state="playing")
    tape.play(151, 168, position=82, step=1)
    assert counted_at(tape.frame(168.5, "stopped", 99.5).run()) == []


@pytest.mark.parametrize("every", [7.0, 10.0])
def test_positions_in_whole_seconds_lose_nothing(every: float) -> None:
    tape = started(duration=2000.0)
    for number in range(1, 60):
        at = number * every * 0.97
        tape.frame(at, "progress", float(int(at)), state="playing")
    (at_s,) = counted_at(tape.run())
    assert at_s == pytest.approx(240.0, abs=1.0)


def test_frames_that_arrive_unevenly_lose_nothing() -> None:
    tape = started(duration=2000.0)
    for number in range(1, 40):
        at, late = number * 10.0, (0.0, 1.6, 0.4, 1.9)[number % 4]
        tape.frame(at + late, "progress", at, state="playing")
    (at_s,) = counted_at(tape.run())
    assert at_s == pytest.approx(240.0, abs=2.0)


def test_a_position_that_trembles_while_stalled_adds_nothing() -> None:
    tape = started().play(10, 80, position=10)
    for number in range(60):
        tape.frame(81 + number, "progress", 80 + number % 2, state="playing")
    assert counted_at(tape.frame(141, "stopped", 81).run()) == []


def test_a_rate_told_in_the_same_moment_is_taken() -> None:
    tape = started().frame(0, "progress", 0, state="playing", playback_rate=2.0)
    for at in range(10, 60, 10):
        tape.frame(at, "progress", 2.0 * at, state="playing", playback_rate=2.0)
    assert counted_at(tape.run()) == [50.0]


def test_half_a_millisecond_is_rounding_and_one_is_not() -> None:
    tape = started().play(10, 90, position=10)
    assert counted_at(tape.frame(99.9996, "paused", 99.9996).run()) == [pytest.approx(100.0)]
    tape = started().play(10, 90, position=10)
    result = tape.frame(99.999, "paused", 99.999).frame(200, "stopped", 99.999).run()
    assert (counted_at(result), reasons(result)) == ([], ["played_too_little"])
