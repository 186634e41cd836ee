"""What is read ahead of what is written down: how far, in which order, and what of it is kept."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from revenge_companion.core.errors import LinkExpired
from revenge_companion.core.imports import RunState
from revenge_companion.core.library import Facet
from revenge_companion.engine.import_ahead import Ahead, Batch
from revenge_companion.services.importing import Fetched, ImportPage
from revenge_companion.store.import_lines import Seen
from revenge_companion.store.import_runs import ImportRuns
from tests.clock import eventually, settle, within
from tests.unit.engine.import_kit import HISTORY, FakeCatalogue, FakeSource, desk, plays, shown

#: Lines of an answer, and of a batch.
SIZE, ENOUGH = 10, 20


@dataclass
class Answers:
    """Answers of `SIZE` lines; notes when each was asked for and when its page was made."""

    count: int
    #: What is raised instead of the answer at a place.
    errors: dict[int, Exception] = field(default_factory=dict)
    #: What is raised in place of a page that is made.
    bugs: dict[int, Exception] = field(default_factory=dict)
    #: Answers from this place on never come.
    silent_from: int = 1_000_000
    went: list[tuple[str, int]] = field(default_factory=list)
    cancelled: int = 0

    async def fetch(self, cursor: str) -> Fetched:
        at = int(cursor or 0)
        self.went.append(("asked", at))
        if at >= self.silent_from:
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled += 1
        await asyncio.sleep(0)
        if at in self.errors:
            raise self.errors[at]
        following = str(at + 1) if at + 1 < self.count else ""
        return Fetched(following, SIZE, lambda: self._page(at, following))

    def _page(self, at: int, following: str) -> ImportPage:
        self.went.append(("made", at))
        if at in self.bugs:
            raise self.bugs[at]
        lines = tuple(plays(SIZE, SIZE * at))
        return ImportPage(lines, following, self.count * SIZE, ("a line",) if at == 1 else ())

    @property
    def asked(self) -> list[int]:
        return [at for what, at in self.went if what == "asked"]


@asynccontextmanager
async def ahead(answers: Answers, cursor: str = "") -> AsyncIterator[Ahead]:
    walk = Ahead(answers.fetch, cursor, Seen(), ENOUGH)
    try:
        yield walk
    finally:
        await walk.close()


async def taken(walk: Ahead) -> list[Batch]:
    """Every batch there is."""
    batches = []
    while (batch := await within(walk.batch())) is not None:
        batches.append(batch)
    return batches


async def test_every_line_comes_once_and_in_order() -> None:
    async with ahead(Answers(5)) as walk:
        batches = await taken(walk)
    lines = [values[1] for batch in batches for _, values in batch.prepared.rows]
    assert lines == [str(number) for number in range(5 * SIZE)]
    assert [len(batch.prepared.rows) for batch in batches] == [20, 20, 10]
    assert [batch.next_cursor for batch in batches] == ["2", "4", ""]
    assert [batch.total for batch in batches] == [50, 50, 50]
    assert [list(batch.unreadable) for batch in batches] == [["a line"], [], []]


async def test_the_next_answer_is_asked_for_before_the_lines_of_the_last_are_made() -> None:
    answers = Answers(4)
    async with ahead(answers) as walk:
        await taken(walk)
    for at in range(3):
        assert answers.went.index(("asked", at + 1)) < answers.went.index(("made", at))


async def test_nothing_runs_far_ahead_of_what_is_taken() -> None:
    answers = Answers(100)
    async with ahead(answers) as walk:
        await settle(500)
        # One batch is ready, and the answers for another are there.
        assert answers.asked == list(range(4))
        await within(walk.batch())
        await settle(500)
        assert answers.asked == list(range(6))


async def test_an_answer_larger_than_a_batch_is_one() -> None:
    answers = Answers(3)
    walk = Ahead(answers.fetch, "", Seen(), 1)
    await settle(500)
    assert answers.asked == [0, 1]
    batches = await taken(walk)
    await walk.close()
    assert [len(batch.prepared.rows) for batch in batches] == [10, 10, 10]


async def test_what_came_is_not_held_back_while_the_next_answer_does_not_come() -> None:
    answers = Answers(3, silent_from=1)
    async with ahead(answers) as walk:
        batch = await within(walk.batch())
        assert batch is not None
        assert (len(batch.prepared.rows), batch.next_cursor) == (SIZE, "1")


async def test_an_error_comes_after_everything_that_was_read_before_it() -> None:
    error = LinkExpired("Signed out.")
    async with ahead(Answers(9, errors={3: error})) as walk:
        await settle(500)
        batches = [await within(walk.batch()), await within(walk.batch())]
        assert [batch.next_cursor for batch in batches if batch] == ["2", "3"]
        with pytest.raises(LinkExpired) as caught:
            await within(walk.batch())
    assert caught.value is error


async def test_a_bug_in_a_page_is_raised_and_nobody_waits_for_ever() -> None:
    async with ahead(Answers(9, bugs={2: KeyError("title")})) as walk:
        assert (await within(walk.batch())) is not None
        with pytest.raises(KeyError):
            await within(walk.batch())


async def test_giving_up_ends_the_request_that_is_out() -> None:
    answers = Answers(9, silent_from=2)
    before = asyncio.all_tasks()
    async with ahead(answers) as walk:
        await settle(500)
        assert (answers.asked, answers.cancelled) == ([0, 1, 2], 0)
        await within(walk.close())
        assert answers.cancelled == 1
        assert asyncio.all_tasks() == before


# Through the importer


@dataclass
class AheadSource(FakeSource):
    """A source whose lines are made when they are wanted."""

    made: list[str] = field(default_factory=list)

    async def fetch(self, facet: Facet, cursor: str) -> Fetched:
        page = await self.page(facet, cursor)

        def make() -> ImportPage:
            self.made.append(cursor)
            return page

        return Fetched(page.next_cursor, len(page.entries), make)


@dataclass
class SlowCatalogue(FakeCatalogue):
    """A server that answers from a number of questions on only when it is let."""

    hold: asyncio.Event = field(default_factory=asyncio.Event)
    hold_from: int = 0

    async def lookup(self, keys: Sequence[str]) -> Mapping[str, str]:
        if self.asked >= self.hold_from:
            await self.hold.wait()
        return await super().lookup(keys)


@pytest.mark.parametrize("source_type", [FakeSource, AheadSource])
async def test_only_what_is_staged_moves_the_cursor(
    tmp_path: Path, source_type: type[FakeSource]
) -> None:
    source, catalogue = source_type({HISTORY: plays(90)}), SlowCatalogue(hold_from=2)
    async with desk(tmp_path, source, catalogue=catalogue, batch=10) as house:
        runs = ImportRuns(house.db)
        run_id = await house.importer.begin("account:1", [HISTORY])
        await house.read_up_to(20)
        await eventually(lambda: len(source.requests) >= 5)
        stored = await runs.get(run_id)
        assert stored is not None
        assert (stored.walks[HISTORY].cursor, stored.run.processed) == ("20", 20)

        # What was fetched ahead of that is forgotten, and asked for again.
        await within(house.importer.cancel(run_id), 1.0)
        stored = await runs.get(run_id)
        assert stored is not None
        assert stored.run.state is RunState.STOPPED
        assert (stored.walks[HISTORY].cursor, stored.run.processed) == ("20", 20)
        asked = len(source.requests)
        catalogue.hold.set()
        await house.importer.resume(run_id)
        run = await house.until(run_id, RunState.PREVIEW)
        assert source.requests[asked] == (HISTORY, "20")
        assert run.processed == 90
        await house.write(run_id)
        assert len(await shown(house.db)) == 90


async def test_what_came_before_an_error_is_staged_before_it_is_said(tmp_path: Path) -> None:
    error = LinkExpired("Signed out.")
    source = AheadSource({HISTORY: plays(90)}, errors={2: error})
    catalogue = SlowCatalogue()
    async with desk(tmp_path, source, catalogue=catalogue, batch=10) as house:
        run_id = await house.importer.begin("account:1", [HISTORY])
        await eventually(lambda: len(source.requests) >= 3)
        run = await house.importer.run(run_id)
        assert (run.state, run.running, run.processed) == (RunState.READING, True, 0)
        assert house.refusals == []
        catalogue.hold.set()
        run = await house.until(run_id, RunState.STOPPED)
        assert (run.processed, run.trouble) == (20, "Signed out.")
        assert source.made == ["", "10"]
