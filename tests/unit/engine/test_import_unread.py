"""Lines that could not be read: which they are and why, as many as somebody would look at."""

import logging
from pathlib import Path

import pytest

from revenge_companion.core.imports import MOST_SAID, MOST_UNREAD, Unread
from revenge_companion.core.ordering import Order, SortBy
from revenge_companion.core.reasons import Reason
from revenge_companion.services.file_formats import FileFormat
from revenge_companion.services.goodreads.library import GoodreadsFile
from revenge_companion.store.import_unread import ImportUnread
from tests.unit.engine.import_kit import HISTORY, RATINGS, FakeSource, desk, film, plays, rating

BROKEN = tuple(
    Unread(reason.value, f"secret {line}", line, "diary.csv")
    for line, reason in (
        (17, Reason.LINE_UNDATED), (3, Reason.LINE_QUOTE_OPEN), (120, Reason.LINE_UNDATED)
    )
)  # fmt: skip
GOODREADS = FileFormat(
    key="goodreads-csv",
    name="Goodreads library",
    service="goodreads",
    facets=(HISTORY, RATINGS),
    suffixes=(".csv",),
    help_url="",
    how_to="",
    load=lambda: GoodreadsFile,
)
BOOKS = """Book Id,Title,Author,My Rating,Date Read,Exclusive Shelf,Bookshelves
1,Dune,Frank Herbert,5,2024/01/20,read,
2,,Frank Herbert,5,2024/01/20,read,
3,Emma,Jane Austen,4,in spring,read,
4,"Persuasion,Jane Austen,4,2024/02/20,read,
5,Sula,Toni Morrison,3,2024/03/20,read,
"""


async def test_lines_of_a_file_that_cannot_be_read_are_told_with_their_places(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "books.csv"
    path.write_text(BOOKS)
    async with desk(tmp_path, formats=[GOODREADS]) as house:
        run_id = await house.importer.begin("goodreads-csv", (HISTORY, RATINGS), path=path)
        run = (await house.importer.settled(run_id)).run
        lines = await house.importer.unread(run_id)
        assert run.failed == len(lines) == 3
        assert [(one.facet, one.unread.line, one.unread.reason_code) for one in lines] == [
            (HISTORY, 3, Reason.LINE_NAMELESS),
            (HISTORY, 4, Reason.LINE_UNDATED),
            (HISTORY, 5, Reason.LINE_QUOTE_OPEN),
        ]
        assert lines[1].unread.text == "3, Emma, Jane Austen, 4, in spring, read"
        assert lines[2].unread.text.startswith('4,"Persuasion,Jane Austen')
        # They are kept with a run that is done, and undone, and go when it is forgotten.
        await house.write(run_id)
        await house.undo(run_id)
        assert await house.importer.unread(run_id) == lines
        await house.importer.forget(run_id)
        assert await house.importer.unread(run_id) == []
    assert "Persuasion" not in caplog.text
    assert "Emma" not in repr(lines)


async def test_what_an_account_says_in_words_is_told_as_it_is(tmp_path: Path) -> None:
    source = FakeSource({HISTORY: plays(3)}, unreadable=("Inception: without any id",))
    async with desk(tmp_path, source) as house:
        run = await house.read()
        (line,) = await house.importer.unread(run.id)
        assert run.failed == 1
        assert line.unread == Unread(Reason.LINE_UNUSABLE, "Inception: without any id")


async def test_they_are_found_by_facet_and_words_and_sorted(tmp_path: Path) -> None:
    source = FakeSource({HISTORY: plays(3), RATINGS: [rating(film(1), 80)]}, unreadable=BROKEN)
    async with desk(tmp_path, source) as house:
        run = await house.read(1, HISTORY, RATINGS)

        async def lines(**asked: object) -> list[int]:
            found = await house.importer.unread(run.id, **asked)  # type: ignore[arg-type]
            return [one.unread.line for one in found]

        assert await lines() == [17, 3, 120, 17, 3, 120]
        assert await lines(facet=RATINGS) == [17, 3, 120]
        assert await lines(facet=RATINGS, search="SECRET 17") == [17]
        assert await lines(search="diary.csv 120") == [120, 120]
        assert await lines(search="nothing") == []
        by_read = await lines(facet=HISTORY, order=Order(SortBy.READ, down=True))
        assert by_read == [120, 3, 17]
        by_why = await lines(facet=HISTORY, order=Order(SortBy.WHY))
        assert by_why == [3, 17, 120]
        for by in SortBy:
            for down in (False, True):
                whole = await lines(order=Order(by, down))
                rows = await house.importer.unread(run.id, limit=2, order=Order(by, down))
                while more := await house.importer.unread(
                    run.id, limit=2, after_id=rows[-1].id, order=Order(by, down)
                ):
                    rows += more
                assert [one.unread.line for one in rows] == whole
                assert len(whole) == 6


async def test_no_more_are_kept_than_anybody_looks_at(tmp_path: Path) -> None:
    many = tuple(Unread(Reason.LINE_CUT_OFF, "x", line) for line in range(1, MOST_UNREAD))
    source = FakeSource({HISTORY: plays(3), RATINGS: [rating(film(1), 80)]}, unreadable=many)
    async with desk(tmp_path, source) as house:
        run = await house.read(1, HISTORY, RATINGS)
        assert run.failed == 2 * (MOST_UNREAD - 1)
        kept = await house.importer.unread(run.id, limit=5000)
        assert len(kept) == MOST_UNREAD
        assert [one.facet for one in kept[-2:]] == [HISTORY, RATINGS]


async def test_long_texts_are_cut(tmp_path: Path) -> None:
    source = FakeSource({HISTORY: plays(1)}, unreadable=("word\n" * 10_000, "\ud800"))
    async with desk(tmp_path, source) as house:
        run = await house.read()
        long, half = await house.importer.unread(run.id)
        assert len(long.unread.text) == MOST_SAID
        assert "\n" not in long.unread.text
        assert half.unread.line == 0


async def test_a_sync_keeps_only_what_the_last_one_could_not_read(tmp_path: Path) -> None:
    source = FakeSource({HISTORY: plays(3)}, unreadable=BROKEN)
    async with desk(tmp_path, source) as house:
        by_hand = await house.whole()
        runs = []
        for _ in range(2):
            runs.append(await house.importer.begin("account:1", [HISTORY], sync=True))
            await house.importer.settled(runs[-1])
            await house.importer.write(runs[-1])
            await house.importer.settled(runs[-1])
        unread = ImportUnread(house.db)
        assert [len(await unread.page(run_id)) for run_id in (by_hand.id, *runs)] == [3, 0, 3]
