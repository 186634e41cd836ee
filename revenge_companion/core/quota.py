"""Day budgets: what a backlog may use of a service's day, and when it will be through.

A backlog stops when the day's budget is used and goes on with the service's next day. Fresh plays
are not held back: the rest that the budget leaves of the service's own limit is for them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: Plays that counted within this are fresh: they go before any backlog.
FRESH = timedelta(hours=1)
_DAY = timedelta(days=1)


def day_start(now: datetime, starts_utc_h: int = 0) -> datetime:
    """When the service's day that holds `now` (aware UTC) began."""
    shift = timedelta(hours=starts_utc_h)
    return (now - shift).replace(hour=0, minute=0, second=0, microsecond=0) + shift


def eta(
    waiting: int, per_day: int, sent_today: int, now: datetime, starts_utc_h: int = 0
) -> datetime | None:
    """When the last of `waiting` can be sent; None where the rest of this day takes them all.

    `per_day` (over 0) and `sent_today` are in the same unit as `waiting`; `now` is aware UTC.
    """
    over = waiting - max(per_day - sent_today, 0)
    if over <= 0:
        return None
    days = -(-over // per_day)
    try:
        return day_start(now, starts_utc_h) + days * _DAY
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DayUse:
    """What was used of an account's day, for people."""

    used: int
    limit: int
    #: When the day is anew (aware UTC).
    anew_at: datetime


@dataclass(slots=True)
class DayQuota:
    """The budget of one account's lane; mutable. What was used survives as `text`."""

    per_day: int
    starts_utc_h: int = 0
    day: datetime | None = None
    used: int = 0

    def left(self, now: datetime) -> int:
        """What a backlog may still use today."""
        return max(self.per_day - self.used_today(now), 0)

    def used_today(self, now: datetime) -> int:
        """What was used since the service's day began. A clock set back keeps the later day."""
        today = day_start(now, self.starts_utc_h)
        if self.day is None or today > self.day:
            self.day, self.used = today, 0
        return self.used

    def spend(self, count: int, now: datetime) -> None:
        """Note that `count` was used."""
        self.used = self.used_today(now) + count

    def next_day(self, now: datetime) -> datetime:
        """When the budget is whole again."""
        self.used_today(now)
        return (self.day or now) + _DAY

    def text(self) -> str:
        """What was used, for `read`."""
        return f"{self.used} {self.day.isoformat() if self.day else ''}"

    def read(self, text: str, now: datetime) -> None:
        """Go on from `text`; nonsense, and a day that has not come, are nothing used."""
        used, _, day = text.partition(" ")
        try:
            began, number = datetime.fromisoformat(day), int(used)
        except ValueError:
            return
        if began.tzinfo is not None and began <= now and number >= 0:
            self.day, self.used = began, number
