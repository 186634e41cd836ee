"""The way a play took, from its moments."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.course import Point, Stretch, Timeline, Way, stretches
from revenge_companion.core.moments import Course, Moment, MomentKind
from tests.unit.core.test_moments import MOMENT
from tests.unit.core.test_tracker_properties import START

BEGAN, PAUSED, WENT_ON, JUMPED, SILENT, HEARD, RATE, RESTARTED, PAST, COUNTED, ENDED = MomentKind


def course(*rows: tuple[object, ...]) -> Course:
    """Of (kind, seconds after the start, position, more); all of it was played."""
    return Course(
        tuple(
            Moment(kind, START + timedelta(seconds=at), position, 0.0, **(more[0] if more else {}))  # type: ignore[arg-type]
            for kind, at, position, *more in rows
        )
    )


def ways(found: tuple[Stretch, ...]) -> list[tuple[Way, float, float, float, float]]:
    return [
        (o.way, o.begin.after_s, o.begin.position_s, o.end.after_s, o.end.position_s) for o in found
    ]


def test_a_pause_is_flat_and_a_jump_straight_up() -> None:
    found = stretches(
        course(
            (BEGAN, 0, 0),
            (PAUSED, 100, 100),
            (WENT_ON, 400, 100),
            (JUMPED, 410, 500, {"from_s": 110}),
            (COUNTED, 450, 540),
            (ENDED, 500, 590),
        )
    )
    assert ways(found) == [
        (Way.PLAYED, 0, 0, 100, 100),
        (Way.PAUSED, 100, 100, 400, 100),
        (Way.PLAYED, 400, 100, 410, 110),
        (Way.JUMPED, 410, 110, 410, 500),
        (Way.PLAYED, 410, 500, 450, 540),
        (Way.PLAYED, 450, 540, 500, 590),
    ]


def test_what_nobody_saw_is_told_apart_until_it_is_heard_of_again() -> None:
    found = stretches(
        course((BEGAN, 0, 0), (SILENT, 90, 90), (COUNTED, 100, 100), (HEARD, 300, 200))
    )
    assert [one.way for one in found] == [Way.PLAYED, Way.UNSEEN, Way.UNSEEN]
    later = course((BEGAN, 0, 0), (SILENT, 90, 90), (HEARD, 300, 90), (ENDED, 320, 110))
    assert [one.way for one in stretches(later)] == [Way.PLAYED, Way.UNSEEN, Way.PLAYED]


def test_where_moments_were_let_go_nothing_is_claimed() -> None:
    found = stretches(course((BEGAN, 0, 0), (PAUSED, 900, 300, {"let_go": 7}), (ENDED, 950, 300)))
    assert [one.way for one in found] == [Way.UNSEEN, Way.PAUSED]


def test_a_restart_is_no_point_of_the_way() -> None:
    found = stretches(course((BEGAN, 0, 0), (RESTARTED, 50, 20), (ENDED, 100, 100)))
    assert ways(found) == [(Way.PLAYED, 0, 0, 100, 100)]


def test_a_play_that_goes_on_is_drawn_up_to_where_it_is() -> None:
    one = course((BEGAN, 0, 0), (RATE, 10, 10, {"rate": 2.0}))
    assert ways(stretches(one, 110.0))[-1] == (Way.PLAYED, 10, 10, 60, 110)
    paused = course((BEGAN, 0, 0), (PAUSED, 10, 10))
    assert ways(stretches(paused, 110.0))[-1] == (Way.PLAYED, 0, 0, 10, 10)


@pytest.mark.parametrize(
    "rows", [(), ((BEGAN, 0, 0),), ((COUNTED, 0, 60), (ENDED, 0, 60)), ((RESTARTED, 0, 0),)]
)
def test_one_point_is_no_way(rows: tuple[tuple[object, ...], ...]) -> None:
    assert stretches(course(*rows)) == ()


def test_a_night_is_drawn_shorter_than_it_was() -> None:
    found = stretches(
        course((BEGAN, 0, 0), (PAUSED, 1000, 1000), (WENT_ON, 50_000, 1000), (ENDED, 51_000, 2000))
    )
    line = Timeline(found)
    assert (line.at(0.0), line.at(51_000.0)) == (0.0, 1.0)
    assert line.at(1000.0) == pytest.approx(1000 / 2400)
    assert line.at(50_000.0) == pytest.approx(1400 / 2400)
    assert line.shortened == (pytest.approx(0.5),)
    assert line.at(500.0) == pytest.approx(500 / 2400)


def test_times_before_and_after_are_the_ends() -> None:
    point, other = Point(0.0, 0.0, 0.0), Point(10.0, 0.0, 0.0)
    line = Timeline([Stretch(Way.PAUSED, point, other)])
    assert (line.at(-5.0), line.at(99.0), line.shortened) == (0.0, 1.0, ())


@given(st.lists(MOMENT, max_size=20), st.none() | st.floats(0, 1e6))
def test_a_way_has_no_holes_and_goes_on_in_time(
    moments: list[Moment], position: float | None
) -> None:
    found = stretches(Course(tuple(sorted(moments, key=lambda one: one.at))), position)
    for before, after in pairwise(found):
        assert before.end == after.begin
        assert before.end.after_s <= after.end.after_s
    if found:
        line = Timeline(found)
        places = [line.at(one.end.after_s) for one in found]
        assert places == sorted(places)
        assert places[-1] == pytest.approx(1.0)
