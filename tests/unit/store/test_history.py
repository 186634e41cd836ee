import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.library import Facet, Precision, SubjectKind
from revenge_companion.core.shown import Asked, Shown
from revenge_companion.core.statistics import Bucket, bars
from revenge_companion.store.database import Database, Link
from revenge_companion.store.history import History
from revenge_companion.store.payload import micros
from revenge_companion.store.statistics import Counts

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
#: Kind, label, subject of things; their numbers are their places here, from 1 on.
THINGS = (
    ("movie", "Dune (2021)", {"title": "Dune"}),
    ("episode", "Severance S01E01", {"title": "", "series": {"title": "Severance"}}),
    ("episode", "Severance S01E02", {"title": "", "series": {"title": "Severance"}}),
    ("track", "Low - Words", {"title": "Words", "artist": "Low"}),
)
Line = tuple[int, datetime | None, str, int | None]


async def fill(db: Database, lines: Sequence[Line], facet: Facet = Facet.HISTORY) -> None:
    """Write things, and lines as (thing, at, source, same_as); lines count from 1."""

    def job(link: Link) -> None:
        with link.atomic():
            link.connection.executemany(
                "INSERT OR IGNORE INTO library_item "
                "(id, thing, digest, kind, label, search, subject) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        number,
                        number,
                        bytes([number]),
                        kind,
                        label,
                        label.casefold(),
                        json.dumps(subject),
                    )
                    for number, (kind, label, subject) in enumerate(THINGS, 1)
                ],
            )
            link.connection.executemany(
                "INSERT INTO library_entry (item_id, source, facet, line, at_us, precision, "
                "same_as, shown) VALUES (?, ?, ?, ?, ?, 'second', ?, ?)",
                [
                    (
                        thing,
                        source,
                        facet.value,
                        str(number),
                        at and micros(at),
                        same_as,
                        same_as is None,
                    )
                    for number, (thing, at, source, same_as) in enumerate(lines)
                ],
            )

    await db.run(job)


async def walk(db: Database, asked: Asked, limit: int) -> list[Shown]:
    """Every page, put together."""
    found: list[Shown] = []
    history = History(db)
    for _ in range(50):
        page = await history.page(asked, limit=limit, before=found[-1].place if found else None)
        found += page
        if len(page) < limit:
            return found
    raise AssertionError("the walk has no end")


LINES: tuple[Line, ...] = (
    (1, NOON, "companion", None),
    (1, NOON + timedelta(seconds=20), "account:1", 1),
    (2, NOON + timedelta(days=1), "account:1", None),
    (3, NOON + timedelta(days=1), "account:1", None),
    (4, datetime(1965, 3, 1, 12, tzinfo=UTC), "account:2", None),
    (4, None, "account:2", None),
    (1, None, "account:1", None),
)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_every_line_is_shown_once_newest_first(db: Database, limit: int) -> None:
    await fill(db, LINES)
    lines = await walk(db, Asked(), limit)
    assert [line.id for line in lines] == [4, 3, 1, 5, 7, 6]
    assert [line.place for line in lines] == sorted((line.place for line in lines), reverse=True)
    (dune,) = [line for line in lines if line.id == 1]
    assert dune.sources == ("companion", "account:1")
    assert (dune.kind, dune.at, dune.precision) == (SubjectKind.MOVIE, NOON, Precision.SECOND)


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        (Asked(search="severance"), [4, 3]),
        (Asked(search="e01 SEVER"), [3]),
        (Asked(search="nothing like it"), []),
        (Asked(kind="track"), [5, 6]),
        (Asked(kind="book"), []),
        (Asked(source="account:1"), [4, 3, 1, 7]),
        (Asked(source="account:1", kind="movie"), [1, 7]),
        (Asked(source="account:9"), []),
        (Asked(since=NOON), [4, 3, 1]),
        (Asked(until=NOON), [5]),
        (Asked(since=NOON, until=NOON + timedelta(hours=1), search="dune"), [1]),
        (Asked(Facet.RATINGS), []),
    ],
    ids=str,
)
@pytest.mark.parametrize("limit", [1, 100])
async def test_what_is_asked_for_is_found(
    db: Database, asked: Asked, ids: list[int], limit: int
) -> None:
    await fill(db, LINES)
    assert [line.id for line in await walk(db, asked, limit)] == ids


async def test_many_matches_are_found_as_few_are(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(db, LINES)
    few = [
        [line.id for line in await walk(db, asked, 2)]
        for asked in (Asked(kind="movie"), Asked(source="account:1"), Asked(search="s"))
    ]
    monkeypatch.setattr("revenge_companion.store.history._FEW", 0)
    many = [
        [line.id for line in await walk(db, asked, 2)]
        for asked in (Asked(kind="movie"), Asked(source="account:1"), Asked(search="s"))
    ]
    assert few == many == [[1, 7], [4, 3, 1, 7], [4, 3, 5, 6]]


async def test_sources_are_named_once(db: Database) -> None:
    assert await History(db).sources() == []
    await fill(db, LINES)
    assert await History(db).sources() == ["account:1", "account:2", "companion"]


async def test_plays_are_counted_by_stretch_and_kind_without_doubles(db: Database) -> None:
    await fill(db, LINES)
    counts = Counts(db)
    filled = await counts.filled(bars(Bucket.DAY, NOON + timedelta(days=1), UTC, count=3))
    assert [dict(bar.plays) for bar in filled] == [
        {},
        {SubjectKind.MOVIE: 1},
        {SubjectKind.EPISODE: 2},
    ]
    top = await counts.top(filled)
    assert [(one.label, one.plays) for one in top[SubjectKind.EPISODE]] == [("Severance", 2)]
    assert SubjectKind.TRACK not in top


async def test_health_of_an_account_nothing_went_to(db: Database, trakt: int) -> None:
    (health,) = await Counts(db).health([trakt])
    assert (health.sample, health.waiting, health.median_s) == (0, 0, None)


@given(st.dates(min_value=datetime(1990, 1, 1).date(), max_value=datetime(2090, 1, 1).date()))  # noqa: DTZ001  # days, not moments
def test_bars_follow_each_other_without_a_gap(day: object) -> None:
    now = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    for bucket in Bucket:
        made = bars(bucket, now, UTC)
        assert all(a.end == b.start for a, b in pairwise(made))
        assert made[-1].start <= now < made[-1].end
