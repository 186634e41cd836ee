"""Lines of a preview in any order: whole, page by page, whatever they are narrowed to."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.core.imports import Choice, ImportRow, Verdict
from revenge_companion.core.library import Entry, Facet, Precision
from revenge_companion.core.ordering import Order, SortBy
from tests.unit.engine.import_kit import (
    HISTORY,
    RATINGS,
    Desk,
    FakeCatalogue,
    FakeSource,
    dated,
    desk,
    film,
    play,
    rating,
)

#: Every third film is at the server.
SOME = FakeCatalogue({f"movie/tmdb:{1000 + number}": f"m{number}" for number in range(0, 90, 3)})

VALUES: dict[SortBy, Callable[[ImportRow], object]] = {
    SortBy.TITLE: lambda row: row.entry.subject.label.casefold(),
    SortBy.WHAT: lambda row: row.entry.facet.value,
    SortBy.SAYS: lambda row: row.entry.rating or 0,
    SortBy.MATCHED: lambda row: not row.entry.subject.media_id,
    SortBy.WHY: lambda row: row.reason_code,
    SortBy.CHOICE: lambda row: list(Choice).index(row.choice),
}


def lines(seed: int = 7) -> FakeSource:
    """Plays and ratings in no order at all, some of them without a date, some films twice."""
    chance = random.Random(seed)
    numbers = [*range(45), 3, 3, 4]
    chance.shuffle(numbers)
    history = [
        play(film(number), f"p{place}", dated(chance.randrange(-9_000_000, 9_000_000)))
        for place, number in enumerate(numbers)
    ]
    history += [
        Entry(HISTORY, film(number), f"u{number}", None, Precision.UNKNOWN) for number in (50, 60)
    ]
    rated = [rating(film(number), 10 * (number % 10 + 1)) for number in range(30, 70)]
    chance.shuffle(rated)
    return FakeSource({HISTORY: history, RATINGS: rated})


async def every(house: Desk, run_id: int, page: int, **asked: Any) -> list[ImportRow]:
    """All lines, page by page."""
    rows: list[ImportRow] = []
    while some := await house.importer.rows(
        run_id, limit=page, after_id=rows[-1].id if rows else 0, **asked
    ):
        rows += some
        assert len(rows) < 1000
    return rows


@pytest.mark.parametrize("down", [False, True], ids=["up", "down"])
async def test_every_order_goes_through_every_line_once(tmp_path: Path, down: bool) -> None:
    async with desk(tmp_path, lines(), catalogue=SOME) as house:
        run = await house.read(1, HISTORY, RATINGS)
        as_read = await every(house, run.id, 1000)
        skipped = [row.id for row in as_read if row.id % 4 == 0]
        await house.importer.choose(run.id, skipped, Choice.SKIP)
        for by in SortBy:
            rows = await every(house, run.id, 7, order=Order(by, down))
            assert sorted(row.id for row in rows) == [row.id for row in as_read], by
            if by in VALUES:
                values = [VALUES[by](row) for row in rows]
                assert values == sorted(values, reverse=down), by  # type: ignore[type-var]
                assert len(set(values)) > 1, by


@pytest.mark.parametrize("down", [False, True], ids=["up", "down"])
async def test_what_has_no_date_comes_last(tmp_path: Path, down: bool) -> None:
    async with desk(tmp_path, lines(), catalogue=SOME) as house:
        run = await house.read(1, HISTORY)
        rows = await every(house, run.id, 9, order=Order(SortBy.DATE, down))
        dates = [row.entry.at for row in rows]
        assert dates[-2:] == [None, None]
        known = [at for at in dates if at is not None]
        assert known == sorted(known, reverse=down)
        assert len(known) == len(rows) - 2


async def test_an_order_outlives_filter_and_search(tmp_path: Path) -> None:
    async with desk(tmp_path, lines(), catalogue=SOME) as house:
        run = await house.read(1, HISTORY, RATINGS)
        narrow: dict[str, Any] = {
            "verdict": Verdict.UNMATCHED, "facet": Facet.HISTORY, "search": "film 2"
        }  # fmt: skip
        rows = await every(house, run.id, 2, order=Order(SortBy.TITLE, down=True), **narrow)
        titles = [row.entry.subject.label for row in rows]
        assert titles == sorted(titles, reverse=True)
        same = await every(house, run.id, 50, **narrow)
        assert {row.id for row in rows} == {row.id for row in same}
        assert len(rows) > 5


async def test_titles_are_sorted_without_case(tmp_path: Path) -> None:
    source = FakeSource(
        {
            HISTORY: [
                play(film(n, title=title), f"t{n}")
                for n, title in enumerate(("b", "C", "A", "\xc4"))
            ]
        }
    )
    async with desk(tmp_path, source) as house:
        run = await house.read(1, HISTORY)
        rows = await house.importer.rows(run.id, order=Order(SortBy.TITLE))
        assert [row.entry.subject.title for row in rows] == ["A", "b", "C", "\xc4"]


async def test_the_two_sides_of_conflicts_are_sorted(tmp_path: Path) -> None:
    ours = [rating(film(number), 10 + 10 * number) for number in range(5)]
    theirs = [rating(film(number), 100 - 10 * number, dated(60)) for number in range(5)]
    async with desk(tmp_path, FakeSource({RATINGS: ours}), FakeSource({RATINGS: theirs})) as house:
        await house.whole(1, RATINGS)
        run = await house.read(2, RATINGS)
        assert run.counts == {Verdict.CONFLICT: 5}
        by_ours = await every(house, run.id, 2, order=Order(SortBy.OURS, down=True))
        assert [row.ours for row in by_ours] == ["5/10", "4/10", "3/10", "2/10", "1/10"]
        by_theirs = await every(house, run.id, 2, order=Order(SortBy.SAYS))
        assert [row.entry.rating for row in by_theirs] == [60, 70, 80, 90, 100]


async def test_what_no_run_could_match_is_sorted_too(tmp_path: Path) -> None:
    async with desk(tmp_path, lines(), catalogue=SOME) as house:
        await house.whole(1, HISTORY)
        rows: list[ImportRow] = []
        while some := await house.importer.unmatched(
            limit=6, after_id=rows[-1].id if rows else 0, order=Order(SortBy.TITLE)
        ):
            rows += some
        titles = [row.entry.subject.label.casefold() for row in rows]
        assert titles == sorted(titles)
        assert {row.id for row in rows} == {row.id for row in await house.importer.unmatched()}


async def test_behind_a_line_that_is_gone_there_is_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path, lines(), catalogue=SOME) as house:
        run = await house.read(1, HISTORY)
        asked = {"after_id": 10_000, "order": Order(SortBy.TITLE)}
        assert await house.importer.rows(run.id, **asked) == []  # type: ignore[arg-type]
