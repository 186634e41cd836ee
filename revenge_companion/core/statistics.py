"""Figures about what was played: time in days, weeks and months, and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from revenge_companion.core.library import SubjectKind


class Bucket(StrEnum):
    """The stretch of time that one bar stands for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


#: How many bars are shown of each.
BARS = {Bucket.DAY: 30, Bucket.WEEK: 26, Bucket.MONTH: 24, Bucket.YEAR: 20}


@dataclass(frozen=True, slots=True)
class Bar:
    """Plays in one stretch of time, by kind."""

    #: Its first day by the user's calendar.
    day: date
    #: Aware; `end` is left out.
    start: datetime
    end: datetime
    plays: Mapping[SubjectKind, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.plays.values())


@dataclass(frozen=True, slots=True)
class Top:
    """Something that was played often: a film, a show, an artist, an author."""

    label: str
    kind: SubjectKind
    plays: int


@dataclass(frozen=True, slots=True)
class Health:
    """How deliveries to one account are going."""

    account_id: int
    #: Of the deliveries settled last (`sample` of them): how many arrived, and how many were
    #: parked.
    delivered: int
    parked: int
    waiting: int
    sample: int
    #: The middle of the times from queued to confirmed, in seconds; None where none was.
    median_s: float | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the Statistics page shows."""

    bucket: Bucket
    #: Oldest first, without a gap.
    bars: tuple[Bar, ...]
    #: Played most within all bars, by kind.
    top: Mapping[SubjectKind, tuple[Top, ...]] = field(default_factory=dict)
    health: tuple[Health, ...] = ()

    @property
    def total(self) -> int:
        return sum(bar.total for bar in self.bars)

    @property
    def kinds(self) -> tuple[SubjectKind, ...]:
        """The kinds there are plays of, in the order of `SubjectKind`."""
        return tuple(kind for kind in SubjectKind if any(bar.plays.get(kind) for bar in self.bars))


def bars(
    bucket: Bucket, now: datetime, zone: tzinfo | None, *, count: int | None = None
) -> tuple[Bar, ...]:
    """Empty bars up to the one that `now` (aware) is in, oldest first.

    They begin at the midnights of `zone` (None is the system's own), so a day of a clock change
    has 23 or 25 hours. Weeks begin on Monday (ISO 8601).
    """
    first = _first_day(bucket, now.astimezone(zone).date())
    days = [first]
    for _ in range((count or BARS[bucket]) - 1):
        days.append(_first_day(bucket, days[-1] - timedelta(days=1)))
    days.reverse()
    ends = [*days[1:], _next_day(bucket, first)]
    return tuple(
        Bar(day, _midnight(day, zone), _midnight(end, zone))
        for day, end in zip(days, ends, strict=True)
    )


def _first_day(bucket: Bucket, day: date) -> date:
    match bucket:
        case Bucket.WEEK:
            return day - timedelta(days=day.weekday())
        case Bucket.MONTH:
            return day.replace(day=1)
        case Bucket.YEAR:
            return day.replace(month=1, day=1)
        case _:
            return day


def _next_day(bucket: Bucket, first: date) -> date:
    match bucket:
        case Bucket.WEEK:
            return first + timedelta(days=7)
        case Bucket.MONTH:
            return (first + timedelta(days=31)).replace(day=1)
        case Bucket.YEAR:
            return first.replace(year=first.year + 1)
        case _:
            return first + timedelta(days=1)


def _midnight(day: date, zone: tzinfo | None) -> datetime:
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # the zone follows
    # The system's own zone is not a value: each moment is asked for its own offset.
    return midnight.astimezone() if zone is None else midnight.replace(tzinfo=zone)
