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
