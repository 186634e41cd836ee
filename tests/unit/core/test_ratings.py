"""Ratings over every scale: both ways, and when two of them agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.ratings import (
    Scale,
    agree,
    rating_of,
    rating_of_anilist,
    stars_of,
    step_of,
)

RATINGS = st.integers(1, 100)
SCALES = st.sampled_from(list(Scale))


@pytest.mark.parametrize(
    ("stars", "rating", "ten", "five", "smileys"),
    [
        (0.5, 10, 1, 1, 1),
        (1.0, 20, 2, 1, 1),
        (1.5, 30, 3, 2, 1),
        (2.0, 40, 4, 2, 2),
        (2.5, 50, 5, 3, 2),
        (3.0, 60, 6, 3, 2),
        (3.5, 70, 7, 4, 3),
        (4.0, 80, 8, 4, 3),
        (4.5, 90, 9, 5, 3),
        (5.0, 100, 10, 5, 3),
    ],
)
def test_half_stars_are_twice_as_many_points(
    stars: float, rating: int, ten: int, five: int, smileys: int
) -> None:
    assert rating_of(stars * 2) == rating
    assert stars_of(rating) == stars
    assert [step_of(rating, scale) for scale in (10, 5, 3)] == [ten, five, smileys]


@pytest.mark.parametrize(
    ("raw", "native", "score_format", "rating", "stars"),
    [
        (83, 83, "POINT_100", 83, 4.0),
        (83, 8.3, "POINT_10_DECIMAL", 83, 4.0),
        (80, 8, "POINT_10", 80, 4.0),
        # Its clients write 70 for four stars.
        (70, 4, "POINT_5", 80, 4.0),
        (35, 1, "POINT_3", 30, 1.5),
        (60, 2, "POINT_3", 60, 3.0),
        (85, 3, "POINT_3", 90, 4.5),
        (0, 0, "POINT_5", None, None),
    ],
)
def test_anilist_is_read_in_the_users_format(
    raw: float, native: float, score_format: str, rating: int | None, stars: float | None
) -> None:
    found = rating_of_anilist(raw, native, score_format)
    assert found == rating
    assert (None if found is None else stars_of(found)) == stars


@given(SCALES, st.data())
def test_every_step_comes_back(scale: Scale, data: st.DataObject) -> None:
    step = data.draw(st.integers(1, scale))
    rating = rating_of(step, scale)
    assert rating is not None
    assert step_of(rating, scale) == step


@given(RATINGS, SCALES)
def test_what_a_scale_makes_of_a_rating_agrees_with_it(rating: int, scale: Scale) -> None:
    shown = rating_of(step_of(rating, scale), scale)
    assert shown is not None
    assert agree(rating, Scale.HUNDRED, shown, scale)
    assert agree(shown, scale, rating, Scale.HUNDRED)


@pytest.mark.parametrize(
    ("one", "its", "other", "others", "same"),
    [
        (83, 100, 80, 10, True),
        (86, 100, 80, 10, False),
        (70, 10, 80, 5, True),
        (60, 10, 80, 5, False),
        (80, 10, 90, 10, False),
        (83, 100, 84, 100, False),
    ],
)
def test_the_coarser_scale_decides(one: int, its: int, other: int, others: int, same: bool) -> None:
    assert agree(one, its, other, others) is same


@pytest.mark.parametrize("nothing", [0, -1, float("nan"), float("inf")])
def test_nothing_is_no_rating(nothing: float) -> None:
    assert rating_of(nothing) is None


def test_more_than_the_scale_has_is_its_end() -> None:
    assert rating_of(12, 10) == 100
