"""What the preview says of each line, and what the user can make of it."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from revenge_companion.core.imports import Choice, RunState, Verdict
from revenge_companion.core.library import REVENGE, Entry, Facet, Precision
from revenge_companion.core.media import Ids
from revenge_companion.core.reasons import Reason
from revenge_companion.store.library import Library
from tests.clock import FakeClock
from tests.unit.engine.import_kit import (
    HISTORY,
    RATINGS,
    WATCHLIST,
    FakeCatalogue,
    FakeSource,
    dated,
    desk,
    dump,
    episode,
    film,
    play,
    plays,
    rating,
    shown,
    track,
)

EVERYTHING = FakeCatalogue({f"movie/tmdb:{1000 + number}": f"m{number}" for number in range(100)})


async def test_a_first_import_is_all_new(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: plays(5)}), catalogue=EVERYTHING) as house:
        run = await house.read()
        assert (run.counts, run.matched) == ({Verdict.NEW: 5}, 5)


async def test_the_same_import_again_is_all_there(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: plays(5)}), catalogue=EVERYTHING) as house:
        await house.whole()
        before = await dump(house.db)
        run = await house.read()
        assert run.counts == {Verdict.THERE: 5}
        await house.write(run.id)
        assert await dump(house.db) == before


async def test_undoing_an_import_leaves_nothing_where_it_was_only_read_again(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: plays(5)}), catalogue=EVERYTHING) as house:
        before = await dump(house.db)
        first = await house.whole()
        again = await house.whole()
        assert (again.state, again.written, again.can_undo) == (RunState.DONE, False, False)
        undone = await house.undo(first.id)
        assert undone.state is RunState.UNDONE
        assert await dump(house.db) == before


async def test_another_source_with_the_same_plays_adds_none(tmp_path: Path) -> None:
    theirs = [
        play(film(number), f"t{number}", dated(-86_400 * number).replace(second=0),
             precision=Precision.MINUTE)
        for number in range(5)
    ]  # fmt: skip
    async with desk(
        tmp_path, FakeSource({HISTORY: plays(5)}), FakeSource({HISTORY: theirs}),
        catalogue=EVERYTHING,
    ) as house:  # fmt: skip
        await house.whole(1)
        run = await house.read(2)
        assert run.counts == {Verdict.THERE: 5}
        (row, *_) = await house.importer.rows(run.id)
        assert row.reason_code == Reason.PLAY_KNOWN
        assert row.facts == {"source": "Fake (me1)"}
        await house.write(run.id)
        assert len(await shown(house.db)) == 5


async def test_a_play_that_is_dated_otherwise_is_a_conflict_with_both_sides(
    tmp_path: Path,
) -> None:
    subject = film(1, duration_s=6000.0)
    async with desk(
        tmp_path,
        FakeSource({HISTORY: [play(subject, "a", dated(0))]}),
        FakeSource({HISTORY: [play(subject, "b", dated(5400))]}),
        catalogue=EVERYTHING,
    ) as house:
        await house.whole(1)
        run = await house.read(2)
        assert run.counts == {Verdict.CONFLICT: 1}
        (row,) = await house.importer.rows(run.id, Verdict.CONFLICT)
        assert row.reason_code == Reason.PLAY_DATED_OTHERWISE
        assert row.ours == "2026-03-01 20:00"
        assert row.ours_entry is not None
        assert (row.ours_entry.at, row.entry.at) == (dated(0), dated(5400))
        await house.write(run.id)
        # The earlier date counts.
        assert await shown(house.db) == [("Film 1 (2001)", dated(0), 1)]


@pytest.mark.parametrize("more", [False, True])
@pytest.mark.parametrize(("theirs", "revenges"), [(dated(0), dated(5400)), (dated(5400), dated(0))])
async def test_the_preview_says_that_the_later_date_counts_where_revenge_is_one_side(
    tmp_path: Path,
    more: bool,
    theirs: datetime,
    revenges: datetime,
) -> None:
    subject = film(1, duration_s=6000.0)
    # A second play of it, so that they have to be aligned.
    another = [play(subject, "c", dated(-900_000))] if more else []
    async with desk(
        tmp_path, FakeSource({HISTORY: [play(subject, "a", theirs), *another]}),
        catalogue=EVERYTHING,
    ) as house:  # fmt: skip
        await Library(house.db, FakeClock()).put(REVENGE, [play(subject, "b", revenges)])
        run = await house.read()
        (row,) = await house.importer.rows(run.id, Verdict.CONFLICT)
        assert row.reason_code == Reason.PLAY_DATED_LATER
        await house.write(run.id)
        assert (await shown(house.db))[-1][1] == dated(5400)


@pytest.mark.parametrize(
    ("choice", "value", "stars"),
    [(Choice.DEFAULT, 90, 1), (Choice.OURS, 70, 1), (Choice.THEIRS, 90, 1), (Choice.SKIP, 70, 1)],
)
async def test_a_rating_in_conflict_is_the_users_to_choose(
    tmp_path: Path, choice: Choice, value: int, stars: int
) -> None:
    async with desk(
        tmp_path,
        FakeSource({RATINGS: [rating(film(1), 70, dated(0))]}),
        FakeSource({RATINGS: [rating(film(1), 90, dated(60))]}),
    ) as house:
        await house.whole(1, RATINGS)
        run = await house.read(2, RATINGS)
        assert run.counts == {Verdict.CONFLICT: 1}
        (row,) = await house.importer.rows(run.id)
        assert row.ours == "7/10"
        await house.importer.choose(run.id, None, choice)
        await house.write(run.id)
        assert await house.ratings() == [value]


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        (None, None, Reason.RATED_SOME_TIME),
        (dated(0), dated(0), Reason.RATED_SOME_TIME),
        (dated(0), dated(60), Reason.RATED_OTHERWISE),
        (None, dated(60), Reason.RATED_OTHERWISE),
    ],
)
async def test_ratings_that_no_date_puts_in_order_are_said_to_be(
    tmp_path: Path, ours: datetime | None, theirs: datetime | None, reason: Reason
) -> None:
    async with desk(
        tmp_path,
        FakeSource({RATINGS: [replace(rating(film(1), 70, dated(0)), at=ours)]}),
        FakeSource({RATINGS: [replace(rating(film(1), 90, dated(0)), at=theirs)]}),
    ) as house:
        await house.whole(1, RATINGS)
        run = await house.read(2, RATINGS)
        (row,) = await house.importer.rows(run.id, Verdict.CONFLICT)
        assert row.reason_code == reason


async def test_a_choice_for_the_library_outlives_another_import(tmp_path: Path) -> None:
    async with desk(
        tmp_path,
        FakeSource({RATINGS: [rating(film(1), 70, dated(0))]}),
        FakeSource({RATINGS: [rating(film(1), 90, dated(60))]}),
    ) as house:
        await house.whole(1, RATINGS)
        run = await house.read(2, RATINGS)
        await house.importer.choose(run.id, None, Choice.OURS)
        await house.write(run.id)
        await house.whole(1, RATINGS)
        assert await house.ratings() == [70]


async def test_ratings_that_agree_are_there(tmp_path: Path) -> None:
    async with desk(
        tmp_path,
        FakeSource({RATINGS: [rating(film(1), 83, steps=100)]}),
        FakeSource({RATINGS: [rating(film(1), 80)]}),
    ) as house:
        await house.whole(1, RATINGS)
        run = await house.read(2, RATINGS)
        assert run.counts == {Verdict.THERE: 1}
        await house.write(run.id)
        assert await house.ratings() == [83]


async def test_what_changed_at_the_source_is_new(tmp_path: Path) -> None:
    source = FakeSource({RATINGS: [rating(film(1), 70)]})
    async with desk(tmp_path, source, catalogue=EVERYTHING) as house:
        await house.whole(1, RATINGS)
        source.lines[RATINGS] = [rating(film(1), 90)]
        run = await house.read(1, RATINGS)
        (row,) = await house.importer.rows(run.id)
        assert (row.verdict, row.reason_code) == (Verdict.NEW, Reason.CHANGED_AT_SOURCE)
        assert row.ours == "7/10"
        await house.write(run.id)
        assert await house.ratings() == [90]
        await house.undo(run.id)
        assert await house.ratings() == [70]


async def test_dated_plays_account_for_a_count(tmp_path: Path) -> None:
    count = Entry(HISTORY, film(1), "n", None, Precision.UNKNOWN, plays=1)
    async with desk(
        tmp_path, FakeSource({HISTORY: plays(3)}), FakeSource({HISTORY: [count]})
    ) as house:
        await house.whole(1)
        run = await house.read(2)
        assert run.counts == {Verdict.THERE: 1}


async def test_what_was_watched_does_not_come_back_to_the_watchlist(tmp_path: Path) -> None:
    wish = Entry(WATCHLIST, film(1), "w", dated(-10 * 86_400))
    async with desk(
        tmp_path, FakeSource({HISTORY: plays(3)}), FakeSource({WATCHLIST: [wish]})
    ) as house:
        await house.whole(1)
        run = await house.read(2, WATCHLIST)
        (row,) = await house.importer.rows(run.id)
        assert (row.verdict, row.reason_code) == (Verdict.THERE, Reason.WATCHED_SINCE)
        await house.write(run.id)
        assert await shown(house.db, WATCHLIST) == []


async def test_a_wish_leaves_when_the_play_is_imported(tmp_path: Path) -> None:
    wish = Entry(WATCHLIST, film(1), "w", dated(-10 * 86_400))
    source = FakeSource({WATCHLIST: [wish], HISTORY: plays(3)})
    async with desk(tmp_path, source) as house:
        await house.whole(1, WATCHLIST)
        assert len(await shown(house.db, WATCHLIST)) == 1
        run = await house.whole(1, HISTORY)
        assert await shown(house.db, WATCHLIST) == []
        await house.undo(run.id)
        assert len(await shown(house.db, WATCHLIST)) == 1


async def test_two_descriptions_of_one_film_are_one_film(tmp_path: Path) -> None:
    other = film(1, title="Der Film", ids=Ids(imdb="tt0000001"))
    async with desk(
        tmp_path,
        FakeSource({HISTORY: [play(film(1), "1", dated(0))]}),
        FakeSource({HISTORY: [play(other, "2", dated(20))]}),
    ) as house:
        await house.whole(1)
        run = await house.read(2)
        assert run.counts == {Verdict.THERE: 1}
        await house.write(run.id)
        assert len(await shown(house.db)) == 1


async def test_rows_are_found_by_verdict_facet_and_words(tmp_path: Path) -> None:
    source = FakeSource(
        {HISTORY: [*plays(12), play(track(1), "t")], RATINGS: [rating(film(3), 80)]}
    )
    async with desk(tmp_path, source, catalogue=EVERYTHING) as house:
        run = await house.read(1, HISTORY, RATINGS)

        async def found(**asked: object) -> list[str]:
            rows = await house.importer.rows(run.id, **asked)  # type: ignore[arg-type]  # a test names what it asks
            return [row.entry.subject.label for row in rows]

        assert await found(search="film 3") == ["Film 3 (2003)", "Film 3 (2003)"]
        assert await found(facet=RATINGS) == ["Film 3 (2003)"]
        assert await found(search="LOW") == [track(1).label]
        assert await found(verdict=Verdict.UNMATCHED) == []
        first = await house.importer.rows(run.id, limit=5)
        rest = await house.importer.rows(run.id, limit=50, after_id=first[-1].id)
        assert len(first) + len(rest) == 14


async def test_choices_are_made_before_writing_only(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: plays(3)})) as house:
        run = await house.read()
        rows = await house.importer.rows(run.id)
        await house.importer.choose(run.id, [rows[0].id], Choice.SKIP)
        run = await house.write(run.id)
        assert run.state is RunState.DONE
        assert len(await shown(house.db)) == 2
        with pytest.raises(Exception, match="waits to be written"):
            await house.importer.choose(run.id, [rows[1].id], Choice.SKIP)


async def test_specials_and_seasons_are_things_of_their_own(tmp_path: Path) -> None:
    lines = [
        play(episode(1, 0), "special", dated(0)),
        play(episode(1, 1), "pilot", dated(0)),
        play(episode(2, 1), "second", dated(0)),
    ]
    async with desk(tmp_path, FakeSource({HISTORY: lines})) as house:
        await house.whole()
        assert len(await shown(house.db)) == 3


async def test_every_facet_goes_into_the_library(tmp_path: Path) -> None:
    lines = {facet: [Entry(facet, film(1), facet.value, dated(0), rating=80)] for facet in Facet}
    # What was watched is not wanted.
    lines[WATCHLIST] = [Entry(WATCHLIST, film(2), "w", dated(0))]
    async with desk(tmp_path, FakeSource(lines)) as house:
        await house.whole(1, *Facet)
        for facet in Facet:
            assert len(await shown(house.db, facet)) == 1, facet
