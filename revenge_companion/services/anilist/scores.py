"""Ratings of 0 to 5 in half stars, and AniList's five score formats.

AniList keeps a raw score of 0 to 100 and shows it in the user's format. What is read back maps to
the rating it was written from, in every format.
"""

from enum import StrEnum


class ScoreFormat(StrEnum):
    """How a user's scores look."""

    POINT_100 = "POINT_100"
    POINT_10_DECIMAL = "POINT_10_DECIMAL"
    POINT_10 = "POINT_10"
    POINT_5 = "POINT_5"
    POINT_3 = "POINT_3"


def to_raw(stars: float) -> int:
    """The raw score (0 to 100) of a rating; 0 stars is "no score"."""
    return round(_half(stars) * 20)


def to_stars(native: float, score_format: ScoreFormat) -> float | None:
    """The rating of a score in the user's format; None for "no score"."""
    if native <= 0:
        return None
    match score_format:
        case ScoreFormat.POINT_100:
            stars = native / 20
        case ScoreFormat.POINT_10_DECIMAL | ScoreFormat.POINT_10:
            stars = native / 2
        case ScoreFormat.POINT_5:
            stars = native
        case ScoreFormat.POINT_3:
            stars = native * 1.5
    return max(0.5, _half(stars))


def agrees(stars: float, native: float, score_format: ScoreFormat) -> bool:
    """Whether AniList's score already says `stars`: then it is not written, for it may be finer."""
    return (to_stars(native, score_format) or 0.0) == _shown_as(stars, score_format)


def _shown_as(stars: float, score_format: ScoreFormat) -> float:
    """What a rating reads back as, after the user's format has rounded it."""
    raw = to_raw(stars)
    if raw == 0:
        return 0.0
    match score_format:
        case ScoreFormat.POINT_5:
            return float(1 + sum(raw >= step for step in (30, 50, 70, 90)))
        case ScoreFormat.POINT_3:
            return 1.5 * (1 + sum(raw > step for step in (35, 60)))
    return _half(stars)


def _half(stars: float) -> float:
    """The nearest half star from 0 to 5; a quarter goes up."""
    return int(min(max(stars, 0.0), 5.0) * 2 + 0.5) / 2
