"""Ratings between the scales of the services and ours, which is 1 to 100.

Revenge's stars are 0.5 to 5, services' points 1 to 10: both are ten to the step here. A rating is
never written again where both sides already agree on the coarser of their scales: a 83 that a
service shows as 4 stars stays an 83.
"""

import math
from enum import IntEnum


class Scale(IntEnum):
    """How many steps a scale has; `Entry.steps`."""

    SMILEYS = 3
    STARS = 5
    #: Half stars and 1 to 10.
    TEN = 10
    QUARTER_STARS = 20
    HUNDRED = 100


#: AniList's score formats. Its POINT_10_DECIMAL is a hundred steps with a point in them.
ANILIST = {
    "POINT_100": Scale.HUNDRED,
    "POINT_10_DECIMAL": Scale.HUNDRED,
    "POINT_10": Scale.TEN,
    "POINT_5": Scale.STARS,
    "POINT_3": Scale.SMILEYS,
}

#: What the three smileys stand for, and up to where each reaches; as AniList's own clients show it.
_SMILEYS = (30, 60, 90)
_SMILEYS_UP_TO = (35, 60)


def rating_of(step: float, scale: int = Scale.TEN) -> int | None:
    """1 to 100 for a step of `scale`, such as 7 of 10 or 4 of 5; None for 0, which is unrated.

    Steps outside of the scale are taken for its ends.
    """
    if not math.isfinite(step) or step <= 0:
        return None
    if scale == Scale.SMILEYS:
        return _SMILEYS[min(max(_half_up(step), 1), 3) - 1]
    return min(max(_half_up(step * 100 / scale), 1), 100)


def step_of(rating: int, scale: int = Scale.TEN) -> int:
    """The step of `scale` a rating of 1 to 100 is shown as: rounded half up, at least 1."""
    if scale == Scale.SMILEYS:
        return 1 + sum(rating > limit for limit in _SMILEYS_UP_TO)
    return min(max(_half_up(rating * scale / 100), 1), int(scale))


def stars_of(rating: int) -> float:
    """Revenge's stars for a rating: 0.5 to 5 in halves."""
    return step_of(rating) / 2


def rating_of_anilist(raw: float, native: float, score_format: str) -> int | None:
    """1 to 100 for AniList's score, read as POINT_100 (`raw`) and in the user's own format.

    The coarse formats are read natively: the raw value of four stars is 70, and would come back as
    three and a half.
    """
    scale = ANILIST.get(score_format, Scale.HUNDRED)
    if scale in (Scale.STARS, Scale.SMILEYS):
        return rating_of(native, scale)
    return rating_of(raw, Scale.HUNDRED)


def agree(one: int, one_scale: int, other: int, other_scale: int) -> bool:
    """Whether two ratings (1 to 100) are the same on the coarser of their scales."""
    coarser = min(one_scale, other_scale)
    return step_of(one, coarser) == step_of(other, coarser)


def _half_up(value: float) -> int:
    # round() is to even, and 0.1 + 0.2 is a little more than it should be.
    return math.floor(round(value, 6) + 0.5)
