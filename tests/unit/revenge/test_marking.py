"""What the server's word on an item means for a mark."""

from dataclasses import replace
from datetime import timedelta

import pytest

from revenge_companion.core.library import SubjectKind
from revenge_companion.core.marking import Before, Mark, MarkItem, MarkState
from revenge_companion.revenge.marking import (
    before_of,
    chunks,
    holds,
    is_as_far,
    is_restored,
)
from revenge_companion.revenge.own import is_ours
from revenge_companion.revenge.rows import Watched
from tests.clock import START

DONE = Watched("m", 6000.0, 6000.0, START, completed=True)
HALF = Watched("m", 3000.0, 6000.0, START, completed=False)
FILM = MarkItem(1, "m", SubjectKind.MOVIE)
MARK = Mark(1, 1, "m", SubjectKind.MOVIE, MarkState.DONE, None, None, START, START)
HALF_MARK = replace(MARK, position_s=3000.4)


@pytest.mark.parametrize(
    ("watched", "position_s", "expected"),
    [(DONE, None, True), (HALF, None, False), (DONE, 100.0, True), (HALF, 3000.9, True),
     (HALF, 3001.0, False), (replace(HALF, progress_s=None), 0.5, True)],
)  # fmt: skip
def test_what_is_as_far_is_left_alone(
    watched: Watched, position_s: float | None, expected: bool
) -> None:
    assert is_as_far(watched, replace(FILM, position_s=position_s)) is expected


@pytest.mark.parametrize(
    ("watched", "expected"),
    [
        (None, None),
        (HALF, Before(3000, 6000)),
        (replace(HALF, progress_s=0.0), Before(0, 6000)),
        # Without a runtime it cannot be written back: then it is as if nothing had been there.
        (replace(HALF, duration_s=None), None),
    ],
)
def test_what_is_put_back(watched: Watched | None, expected: Before | None) -> None:
    assert before_of(watched) == expected


@pytest.mark.parametrize(
    ("watched", "mark", "expected"),
    [
        (DONE, MARK, True),
        (HALF, MARK, False),
        (replace(DONE, completed=None), MARK, False),
        (HALF, HALF_MARK, True),
        (replace(HALF, progress_s=3001.0), HALF_MARK, False),
    ],
)
def test_whether_the_server_holds_a_mark(watched: Watched, mark: Mark, expected: bool) -> None:
    assert holds(watched, mark) is expected


@pytest.mark.parametrize(
    ("watched", "before", "expected"),
    [
        (None, None, True),
        (HALF, None, False),
        (None, Before(3000, 6000), True),
        (HALF, Before(3000, 6000), True),
        (replace(HALF, progress_s=3100.0), Before(3000, 6000), False),
        (DONE, Before(6000, 6000), False),
    ],
)
def test_whether_it_has_what_it_had_before(
    watched: Watched | None, before: Before | None, expected: bool
) -> None:
    assert is_restored(watched, replace(MARK, before=before)) is expected


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("own", "others", "expected"),
    [
        ({}, (), False),
        ({"m": START}, (), True),
        ({"m": START - SECOND}, (), False),
        ({"other": START}, (), False),
        ({}, ((START, START),), True),
        ({}, ((START - SECOND, START + SECOND), (START + SECOND, START + SECOND)), True),
        ({}, ((START + SECOND, START + 2 * SECOND),), False),
    ],
)
def test_whose_writing_it_is(own: dict, others: tuple, expected: bool) -> None:  # type: ignore[type-arg]  # tables
    assert is_ours(DONE, own, others) is expected


def test_chunks_keep_order_and_leave_nothing_out() -> None:
    assert chunks([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]
    assert chunks([], 2) == []
