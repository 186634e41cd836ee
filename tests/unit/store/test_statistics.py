"""Figures: each play in the bar of its day, wherever the user lives."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from revenge_companion.core.library import Entry, Facet, Precision, Subject, SubjectKind
from revenge_companion.core.statistics import Bucket, bars
from revenge_companion.store.database import Database, Link
from revenge_companion.store.library import write
from revenge_companion.store.statistics import Counts

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
FILM = Subject(SubjectKind.MOVIE, "Dune", 2021)


@pytest.mark.parametrize(
    ("zone", "day_of_the_late_one"),
    [("Europe/Berlin", 1), ("America/Los_Angeles", 1), ("Pacific/Auckland", 2),
     ("Pacific/Kiritimati", 2), ("Pacific/Pago_Pago", 1)],
)  # fmt: skip
async def test_a_day_without_a_time_is_the_same_day_everywhere(
    db: Database, zone: str, day_of_the_late_one: int
) -> None:
    day, late = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 20, tzinfo=UTC)
    entries = [
        Entry(Facet.HISTORY, FILM, "a", day, Precision.DAY),
        Entry(Facet.HISTORY, FILM, "b", late, Precision.SECOND),
    ]

    def job(link: Link) -> None:
        with link.atomic():
            write(link.connection, "account:9", entries, None)

    await db.run(job)
    found = await Counts(db).filled(bars(Bucket.DAY, NOW, ZoneInfo(zone), count=5))
    counts = {bar.day: bar.total for bar in found}
    expected = dict.fromkeys(counts, 0)
    for number in (1, day_of_the_late_one):
        expected[date(2026, 3, number)] += 1
    assert counts == expected
