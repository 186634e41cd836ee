from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from revenge_companion.core.library import SubjectKind
from revenge_companion.core.statistics import Bar, Bucket, Statistics, bars

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_day_of_a_clock_change_has_23_or_25_hours() -> None:
    spring = bars(Bucket.DAY, datetime(2026, 3, 29, 12, tzinfo=UTC), BERLIN, count=1)[0]
    autumn = bars(Bucket.DAY, datetime(2026, 10, 25, 12, tzinfo=UTC), BERLIN, count=1)[0]
    assert (spring.end.timestamp() - spring.start.timestamp()) / 3600 == 23
    assert (autumn.end.timestamp() - autumn.start.timestamp()) / 3600 == 25


@pytest.mark.parametrize(
    ("bucket", "first", "last"),
    [
        (Bucket.DAY, date(2026, 2, 27), date(2026, 3, 1)),
        (Bucket.WEEK, date(2026, 2, 9), date(2026, 2, 23)),
        (Bucket.MONTH, date(2026, 1, 1), date(2026, 3, 1)),
        (Bucket.YEAR, date(2024, 1, 1), date(2026, 1, 1)),
    ],
)
def test_stretches_begin_where_people_begin_them(bucket: Bucket, first: date, last: date) -> None:
    made = bars(bucket, datetime(2026, 3, 1, 20, tzinfo=UTC), UTC, count=3)
    assert (made[0].day, made[-1].day) == (first, last)


def test_the_day_is_that_of_the_users_zone() -> None:
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert bars(Bucket.DAY, late, BERLIN, count=1)[0].day == date(2026, 3, 2)


def test_kinds_without_plays_are_left_out() -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    bar = Bar(day.date(), day, day, {SubjectKind.TRACK: 2, SubjectKind.MOVIE: 0})
    made = Statistics(Bucket.DAY, (bar,))
    assert (made.kinds, made.total) == ((SubjectKind.TRACK,), 2)
