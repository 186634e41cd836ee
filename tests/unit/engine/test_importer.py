"""Reading a source to its preview: pages, waits, troubles, cancelling and going on."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from revenge_companion.core.errors import (
    CompanionError,
    ImportRefused,
    LaneBlocked,
    LinkExpired,
    QuotaExhausted,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.imports import ImportRun, RunState, Verdict
from revenge_companion.core.library import Facet
from revenge_companion.engine.import_progress import STEP_S, Progress, Steps
from revenge_companion.engine.import_reading import RETRIES_S
from revenge_companion.store.import_runs import ImportRuns
from tests.clock import START, FakeClock, eventually, within
from tests.unit.engine.import_kit import (
    HISTORY,
    RATINGS,
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


async def test_what_is_read_is_shown_and_then_written(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: plays(25)})) as house:
        before = await dump(house.db)
        run = await house.read()
        assert (run.state, run.total, run.processed) == (RunState.PREVIEW, 25, 25)
        assert await dump(house.db) == before
        assert len(await house.importer.rows(run.id, limit=500)) == 25
        run = await house.write(run.id)
        assert (run.state, run.trouble) == (RunState.DONE, "")
        assert len(await shown(house.db)) == 25
        run = await house.undo(run.id)
        assert run.state is RunState.UNDONE
        assert await dump(house.db) == before


async def test_pages_that_overlap_are_one_line_each(tmp_path: Path) -> None:
    source = FakeSource({HISTORY: plays(40)}, size=7, overlap=5)
    async with desk(tmp_path, source) as house:
        run = await house.read()
        assert (run.processed, sum(run.counts.values())) == (40, 40)
        await house.write(run.id)
        assert len(await shown(house.db)) == 40


async def test_the_last_word_on_a_line_that_is_read_twice_counts(tmp_path: Path) -> None:
    source = FakeSource({RATINGS: [rating(film(1), 70), rating(film(1), 90)]}, size=1)
    async with desk(tmp_path, source) as house:
        run = await house.read(1, RATINGS)
        (row,) = await house.importer.rows(run.id)
        assert (run.processed, row.entry.rating) == (1, 90)


async def test_rewatches_on_one_day_are_kept(tmp_path: Path) -> None:
    same = [play(film(1), str(number), dated(60 * number)) for number in range(3)]
    async with desk(tmp_path, FakeSource({HISTORY: same})) as house:
        await house.whole()
        assert len(await shown(house.db)) == 3


async def test_facets_are_read_one_after_the_other(tmp_path: Path) -> None:
    source = FakeSource({HISTORY: plays(12), RATINGS: [rating(film(1), 80)]})
    async with desk(tmp_path, source) as house:
        run = await house.whole(1, HISTORY, RATINGS)
        assert [facet for facet, _ in source.requests] == [HISTORY, HISTORY, RATINGS]
        assert (run.total, run.processed) == (13, 13)


async def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    source = FakeSource({HISTORY: plays(3)}, unreadable=("a line that is no object",))
    async with desk(tmp_path, source) as house:
        run = await house.read()
        assert (run.processed, run.failed) == (3, 1)


# Waits and troubles


async def test_a_short_wait_is_sat_out(tmp_path: Path) -> None:
    source = FakeSource(
        {HISTORY: plays(30)}, errors={1: RateLimited("Slow down.", retry_after_s=30.0)}
    )
    async with desk(tmp_path, source) as house:
        begun_s = house.clock.monotonic_s()
        run = await house.read()
        assert (run.state, run.processed) == (RunState.PREVIEW, 30)
        assert house.clock.monotonic_s() - begun_s >= 30.0


@pytest.mark.parametrize("error", [Unreachable, Unanswered, ServiceTrouble])
async def test_trouble_that_passes_is_sat_out(tmp_path: Path, error: type[CompanionError]) -> None:
    errors = dict.fromkeys(range(1, 1 + len(RETRIES_S)), error("Down."))
    async with desk(tmp_path, FakeSource({HISTORY: plays(30)}, errors=dict(errors))) as house:
        assert (await house.read()).state is RunState.PREVIEW


@pytest.mark.parametrize(
    "error",
    [
        LinkExpired("Trakt signed you out."),
        QuotaExhausted("Enough for today.", retry_after_s=5.0),
        RateLimited("Slow down.", retry_after_s=3600.0),
        LaneBlocked("The account is locked.", code="account_locked"),
        ImportRefused("This cannot be read."),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_will_not_pass_stops_the_run_which_goes_on_later(
    tmp_path: Path, error: CompanionError
) -> None:
    source = FakeSource({HISTORY: plays(35)}, errors={2: error})
    async with desk(tmp_path, source) as house:
        run = await house.read()
        assert (run.state, run.trouble, run.can_resume) == (RunState.STOPPED, str(error), True)
        assert house.refusals == [("account:1", error)]
        # What came before it is kept, and not asked for again.
        assert run.processed == 20
        asked = len(source.requests)
        await house.importer.resume(run.id)
        run = await house.until(run.id, RunState.PREVIEW)
        assert (run.processed, run.trouble) == (35, "")
        assert [cursor for _, cursor in source.requests[asked:]] == ["20", "30"]


async def test_a_service_that_stays_down_stops_the_run(tmp_path: Path) -> None:
    errors = dict.fromkeys(range(1, 40), Unreachable("The service is down."))
    async with desk(tmp_path, FakeSource({HISTORY: plays(30)}, errors=dict(errors))) as house:
        run = await house.read()
        assert (run.state, run.trouble) == (RunState.STOPPED, "The service is down.")


@pytest.mark.expected_logs("nobody planned for")
async def test_a_bug_stops_the_run_and_not_the_program(tmp_path: Path) -> None:
    source = FakeSource({HISTORY: plays(30)}, errors={1: ZeroDivisionError()})
    async with desk(tmp_path, source) as house:
        run = await house.read()
        assert run.state is RunState.STOPPED
        assert run.trouble


async def test_a_source_that_goes_in_circles_is_left(tmp_path: Path) -> None:
    class Circle(FakeSource):
        async def page(self, facet: Facet, cursor: str):  # type: ignore[no-untyped-def]  # as the fake's
            page = await super().page(facet, "0")
            return type(page)(page.entries, "0", page.total)

    async with desk(tmp_path, Circle({HISTORY: plays(30)})) as house:
        run = await house.read()
        assert run.state is RunState.STOPPED


async def test_half_a_walk_takes_nothing_away_and_keeps_no_mark(tmp_path: Path) -> None:
    source = FakeSource({HISTORY: plays(25)}, said={HISTORY: "first"})
    async with desk(tmp_path, source) as house:
        await house.whole()
        before = await shown(house.db)
        source.lines[HISTORY] = plays(3)
        source.said[HISTORY] = "second"
        source.errors[len(source.requests)] = LinkExpired("Signed out.")
        assert (await house.read()).state is RunState.STOPPED
        assert await shown(house.db) == before
        seen = await house.seen("account:1")
        assert seen[HISTORY][0] == "first"


async def test_what_the_source_said_before_the_walk_is_kept_after_it(tmp_path: Path) -> None:
    source = FakeSource({HISTORY: plays(2)}, said={HISTORY: "before"})
    async with desk(tmp_path, source) as house:
        run = await house.read()
        source.said[HISTORY] = "during"
        assert await house.seen("account:1") == {}
        await house.write(run.id)
        assert (await house.seen("account:1"))[HISTORY][0] == "before"
        await house.undo(run.id)
        assert await house.seen("account:1") == {}


# Cancelling, resuming, ending


async def test_a_slow_page_can_be_cancelled_and_gone_on_from(tmp_path: Path) -> None:
    source = FakeSource({HISTORY: plays(25)}, hold=asyncio.Event(), hold_from=1)
    async with desk(tmp_path, source) as house:
        run_id = await house.importer.begin("account:1", [HISTORY])
        await house.read_up_to(10)
        await within(house.importer.cancel(run_id), 1.0)
        run = await house.importer.run(run_id)
        assert (run.state, run.trouble, run.running) == (RunState.STOPPED, "", False)
        assert run.processed == 10
        source.hold.set()
        await house.importer.resume(run_id)
        run = await house.until(run_id, RunState.PREVIEW)
        assert run.processed == 25


async def test_a_long_wait_can_be_cancelled(tmp_path: Path) -> None:
    source = FakeSource({HISTORY: plays(30)}, errors={1: RateLimited("Wait.", retry_after_s=100)})
    async with desk(tmp_path, source) as house:
        run_id = await house.importer.begin("account:1", [HISTORY])
        await eventually(lambda: house.clock.sleeping > 0)
        await within(house.importer.cancel(run_id), 1.0)
        assert (await house.importer.run(run_id)).state is RunState.STOPPED


async def test_cancelling_what_is_over_changes_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: plays(3)})) as house:
        run = await house.read()
        await house.importer.cancel(run.id)
        assert (await house.importer.run(run.id)).state is RunState.PREVIEW


async def test_a_run_goes_on_by_itself_after_the_program_ended(tmp_path: Path) -> None:
    source = FakeSource({HISTORY: plays(25)}, hold=asyncio.Event(), hold_from=2)
    async with desk(tmp_path, source) as house:
        run_id = await house.importer.begin("account:1", [HISTORY])
        await house.read_up_to(20)
    source.hold.set()
    async with desk(tmp_path, source) as house:
        assert (await house.importer.run(run_id)).state is RunState.READING
        await house.importer.start()
        run = await house.until(run_id, RunState.PREVIEW)
        assert run.processed == 25
        await house.write(run_id)
        assert len(await shown(house.db)) == 25


# What is refused


async def test_refusals_are_sentences(tmp_path: Path) -> None:
    source = FakeSource({HISTORY: plays(3)}, hold=asyncio.Event())
    async with desk(tmp_path, source) as house:
        importer = house.importer
        for asked in (
            importer.begin("account:9", [HISTORY]),
            importer.begin("account:1", []),
            importer.run(77),
            importer.write(77),
            importer.undo(77),
            importer.candidates(77),
        ):
            with pytest.raises(ImportRefused, match=r"\.$"):
                await asked
        run_id = await importer.begin("account:1", [HISTORY])
        for again in (
            importer.begin("account:1", [HISTORY]),
            importer.resume(run_id),
            importer.write(run_id),
            importer.undo(run_id),
            importer.forget(run_id),
        ):
            with pytest.raises(ImportRefused, match=r"\.$"):
                await again
        source.hold.set()
        await house.until(run_id, RunState.PREVIEW)


async def test_an_account_that_is_gone_stops_its_run(tmp_path: Path) -> None:
    source = FakeSource({HISTORY: plays(25)}, errors={1: LinkExpired("Signed out.")})
    async with desk(tmp_path, source) as house:
        run = await house.read()
        house.sources.clear()
        await house.importer.resume(run.id)
        run = await house.until(run.id, RunState.STOPPED)
        assert "no longer linked" in run.trouble


async def test_runs_are_listed_newest_first_and_forgotten(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: plays(3)})) as house:
        first = await house.whole()
        second = await house.read()
        assert [run.id for run in await house.importer.runs()] == [second.id, first.id]
        await house.importer.forget(first.id)
        assert [run.id for run in await house.importer.runs()] == [second.id]
        assert len(await shown(house.db)) == 3
        with pytest.raises(ImportRefused):
            await house.importer.undo(first.id)


# Progress


async def test_progress_is_told_ten_times_a_second_at_most() -> None:
    clock, told = FakeClock(), []
    progress = Progress(clock, [told.append])
    run = ImportRun(1, "account:1", "Fake", (HISTORY,), RunState.READING, START, total=1000)
    for number in range(100):
        run = progress.went(
            ImportRun(
                1, "account:1", "Fake", (HISTORY,), RunState.READING, START,
                total=1000, processed=number * 10,
            )
        )  # fmt: skip
        await clock.turn(0.02)
    assert 10 <= len(told) <= 2.0 / 0.1 + 1
    assert run.rate == pytest.approx(500, rel=0.02)
    assert run.left_s == pytest.approx(0.02, abs=0.03)
    await progress.close()


async def test_the_pace_is_that_of_the_last_seconds() -> None:
    clock, told = FakeClock(), []
    progress = Progress(clock, [told.append])

    def at(processed: int) -> ImportRun:
        return ImportRun(
            1, "account:1", "Fake", (HISTORY,), RunState.READING, START,
            total=10_000, processed=processed,
        )  # fmt: skip

    progress.went(at(0))
    await clock.turn(5)
    progress.went(at(5000))
    await clock.turn(60)
    assert progress.went(at(5060)).rate == pytest.approx(1.0)
    await progress.close()


async def test_how_a_run_ends_is_told_last(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({HISTORY: plays(25)})) as house:
        run = await house.whole()
        await house.clock.turn(1)
        assert (house.told[-1].state, house.told[-1].running) == (RunState.DONE, False)
        assert house.told[-1].counts == run.counts == {Verdict.UNMATCHED: 25}


async def test_a_finished_run_holds_nothing_twice(tmp_path: Path) -> None:
    lines = [*plays(5), play(track(1), "t", dated(0)), play(episode(3), "e", dated(0))]
    items = {f"movie/tmdb:{1000 + number}": f"m{number}" for number in range(5)}
    server = FakeCatalogue(items)
    async with desk(tmp_path, FakeSource({HISTORY: lines}), catalogue=server) as house:
        before = await dump(house.db)
        run = await house.read()
        staged = await house.importer.rows(run.id)
        await house.write(run.id)
        await ImportRuns(house.db).tidy()

        def held(connection: sqlite3.Connection) -> list[tuple[str, int]]:
            rows = connection.execute(
                "SELECT kind, length(subject) > 0 FROM import_item ORDER BY id"
            )
            return rows.fetchall()

        # What found no match is told of, and looked for again, by its own words.
        assert await house.db.read(held) == [*[("movie", 0)] * 5, ("track", 0), ("episode", 1)]
        assert await house.importer.rows(run.id) == staged
        found = await house.importer.rows(run.id, search="film 3")
        assert [row.entry.line for row in found] == ["3"]
        (left,) = await house.importer.unmatched()
        assert left.entry.line == "e"
        await house.undo(run.id)
        assert await dump(house.db) == before
        # Its name is all that is left of what was taken back.
        gone = await house.importer.rows(run.id)
        assert [row.entry.subject.label for row in gone] == [
            row.entry.subject.label for row in staged
        ]


async def test_a_slow_disk_gets_fewer_lines_at_a_time() -> None:
    clock = FakeClock()
    steps = Steps(clock, 3000)
    taken = []
    for took_s in (4 * STEP_S, STEP_S, 100 * STEP_S, 0.0, 0.0, 0.0, 0.0):
        taken.append(steps.begin())
        await clock.turn(took_s)
        steps.end()
    assert taken == [3000, 750, 750, 500, 1000, 2000, 3000]
