"""Day budgets, and when a backlog will be through."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.quota import DayQuota, day_start, eta

TUESDAY = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("waiting", "sent_today", "end"),
    [
        (600, 0, None),
        (100, 500, None),
        (101, 500, datetime(2026, 11, 25, tzinfo=UTC)),
        (1400, 0, datetime(2026, 11, 26, tzinfo=UTC)),
        (1400, 600, datetime(2026, 11, 27, tzinfo=UTC)),
        (1400, 700, datetime(2026, 11, 27, tzinfo=UTC)),
        (0, 600, None),
    ],
)
def test_a_backlog_of_1400_is_done_on_thursday(
    waiting: int, sent_today: int, end: datetime | None
) -> None:
    assert eta(waiting, 600, sent_today, TUESDAY) == end


def test_a_backlog_without_end_has_a_last_day() -> None:
    assert eta(10**12, 1, 0, TUESDAY) == datetime.max.replace(tzinfo=UTC)


def test_a_day_begins_at_the_services_own_hour() -> None:
    assert day_start(TUESDAY, 5) == datetime(2026, 11, 24, 5, tzinfo=UTC)
    assert day_start(TUESDAY.replace(hour=4), 5) == datetime(2026, 11, 23, 5, tzinfo=UTC)


@given(
    st.integers(0, 5000),
    st.integers(1, 700),
    st.integers(0, 900),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # hypothesis adds the zone
    st.integers(0, 23),
)
def test_the_end_is_when_sending_day_by_day_ends(
    waiting: int, per_day: int, used: int, now: datetime, hour: int
) -> None:
    quota, at, last = DayQuota(per_day, hour), now, None
    quota.spend(used, now)
    left = waiting
    while True:
        sent = min(left, quota.left(at))
        quota.spend(sent, at)
        left -= sent
        if left == 0:
            break
        at = last = quota.next_day(at)
    assert eta(waiting, per_day, used, now, hour) == last


def test_what_was_used_survives_a_restart_and_not_the_day() -> None:
    quota = DayQuota(600)
    quota.spend(450, TUESDAY)
    again = DayQuota(600)
    again.read(quota.text(), TUESDAY + timedelta(hours=1))
    assert again.left(TUESDAY + timedelta(hours=1)) == 150
    assert again.left(TUESDAY + timedelta(days=1)) == 600


@pytest.mark.parametrize("text", ["", "x", "5", "5 tomorrow", "-3 2026-11-24T00:00:00+00:00"])
def test_nonsense_is_nothing_used(text: str) -> None:
    quota = DayQuota(600)
    quota.read(text, TUESDAY)
    assert quota.left(TUESDAY) == 600


def test_a_clock_that_steps_back_gives_no_second_budget() -> None:
    quota = DayQuota(600)
    quota.spend(600, TUESDAY)
    assert quota.left(TUESDAY - timedelta(days=1)) == 0
    assert quota.left(TUESDAY) == 0
