"""Taking an import back: the library is what it would be without it, to the byte."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from revenge_companion.core.imports import Choice, RunState
from revenge_companion.core.library import Entry, Facet, Precision
from revenge_companion.core.matching import Match, NoMatch
from revenge_companion.core.media import Ids
from revenge_companion.core.reasons import Reason
from revenge_companion.store.database import Database, Link
from revenge_companion.store.import_lines import ImportLines, Preparing, Seen
from revenge_companion.store.import_rows import ImportRows
from revenge_companion.store.import_runs import ImportRuns, Walk
from revenge_companion.store.import_verdicts import ImportVerdicts
from revenge_companion.store.import_writing import ImportWriting
from revenge_companion.store.library import Library
from tests.clock import START, FakeClock
from tests.unit.engine.import_kit import dump, episode, film, track

ABOUT = (
    film(1),
    film(1, title="The Film"),
    film(1, ids=Ids(imdb="tt0000001")),
    film(2),
    # One wrong id that two films share.
    film(2, ids=Ids(tmdb=1002, imdb="tt0000001")),
    film(3, ids=Ids()),
    episode(1),
    episode(1, ids=Ids(tvdb=5)),
    track(1),
)
SOURCES = ("account:1", "account:2")


@st.composite
def entries(draw: st.DrawFn) -> tuple[Entry, ...]:
    lines = []
    for number in range(draw(st.integers(0, 7))):
        facet = draw(st.sampled_from(list(Facet)))
        when = START + timedelta(minutes=draw(st.integers(0, 300)))
        lines.append(
            Entry(
                facet,
                draw(st.sampled_from(ABOUT)),
                str(draw(st.integers(0, 5))),
                draw(st.sampled_from((when, when, None))),
                Precision.SECOND,
                rating=draw(st.integers(1, 100)) if facet is Facet.RATINGS else None,
                loved=draw(st.booleans()),
                plays=draw(st.integers(1, 3)),
                list_name=str(number % 2),
            )
        )
    return tuple(
        replace(line, precision=Precision.UNKNOWN, plays=line.plays)
        if line.at is None
        else replace(line, plays=1)
        for line in lines
    )


class Desk:
    """The library and its imports, without what reads sources."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.runs, self.lines = ImportRuns(db), ImportLines(db)
        self.verdicts, self.writing = ImportVerdicts(db, UTC), ImportWriting(db, UTC)
        self.library = Library(db, FakeClock(), UTC)

    async def read(self, source: str, entries: Sequence[Entry], *, page: int = 3) -> int:
        run_id = await self.runs.add(source, source, tuple(Facet), START)
        walks = dict.fromkeys(Facet, Walk(done=True))
        for at in range(0, len(entries), page):
            preparing = Preparing(Seen())
            preparing.add(entries[at : at + page])
            prepared = preparing.whole()
            matches: list[Match | NoMatch] = [
                Match("m1") if item.subject == ABOUT[0] else NoMatch(Reason.NOT_ON_SERVER)
                for item in prepared.items
            ]
            await self.lines.stage(run_id, prepared, matches, walks, total=None)
        after: int | None = 0
        while after is not None:
            after = await self.verdicts.same(run_id, after, 2)
        after = 0
        while after is not None:
            after = await self.verdicts.compare(run_id, after)
        return run_id

    async def write(self, run_id: int) -> None:
        await self.runs.set_state(run_id, RunState.WRITING, restart=True)
        while not (await self.writing.write(run_id, 2)).done:
            pass
        await self.runs.set_state(run_id, RunState.DONE)
        await self.runs.tidy()

    async def undo(self, run_id: int) -> None:
        await self.runs.set_state(run_id, RunState.UNDOING, restart=True)
        while not (await self.writing.undo(run_id, 2)).done:
            pass
        await self.runs.set_state(run_id, RunState.UNDONE)

    async def whole(self, source: str, entries: Sequence[Entry]) -> int:
        run_id = await self.read(source, entries)
        await self.write(run_id)
        return run_id

    async def meaning(self) -> Any:
        """What the library says, without its row numbers."""

        def job(link: Link) -> Any:
            items = {
                row[0]: (row[1], row[2:])
                for row in link.connection.execute(
                    "SELECT id, thing, digest, media_id, chosen, never FROM library_item"
                )
            }
            things: dict[int, list[Any]] = {}
            for thing, said in items.values():
                things.setdefault(thing, []).append(said)
            lines = {
                row[0]: row
                for row in link.connection.execute(
                    "SELECT id, item_id, source, facet, line, at_us, precision, plays, rating, "
                    "loved, list_name, preferred, shown, same_as FROM library_entry"
                )
            }
            return (
                sorted(sorted(said) for said in things.values()),
                sorted(
                    (
                        *row[2:5],
                        repr(row[5:13]),
                        items[row[1]][1],
                        () if row[13] is None else lines[row[13]][2:5],
                    )
                    for row in lines.values()
                ),
                link.connection.execute("SELECT count(*) FROM library_stale").fetchone(),
            )

        return await self.db.run(job)


def at_a_desk(story: Any) -> None:
    """Run `story` with a library of its own."""

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            db = await Database.open(Path(folder) / "companion.db", clock=FakeClock())
            # What these tests are about is not whether the disk keeps it.
            await db.run(lambda link: link.connection.execute("PRAGMA synchronous = OFF"))
            try:
                await story(Desk(db))
            finally:
                await db.close()

    asyncio.run(run())


IMPORTS = st.lists(st.tuples(st.sampled_from(SOURCES), entries()), max_size=3)


@settings(max_examples=60)
@given(IMPORTS, st.sampled_from(SOURCES), entries())
def test_undo_restores_every_byte(
    before: list[tuple[str, tuple[Entry, ...]]], source: str, lines: tuple[Entry, ...]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.library.put("revenge", [replace(line, line=f"r{line.line}") for line in lines])
        for one, its in before:
            await desk.whole(one, its)
        was = await dump(desk.db)
        run_id = await desk.read(source, lines)
        assert await dump(desk.db) == was
        await desk.write(run_id)
        await desk.undo(run_id)
        assert await dump(desk.db) == was

    at_a_desk(story)


@settings(max_examples=60)
@given(entries(), entries(), entries(), st.sampled_from((0, 1, 2)))
def test_any_import_of_several_can_be_taken_back(
    first: tuple[Entry, ...], second: tuple[Entry, ...], third: tuple[Entry, ...], which: int
) -> None:
    """As if it had never been, although others came after it and say some of the same."""
    imports = [(SOURCES[0], first), (SOURCES[1], second), (SOURCES[0], third)]
    found: list[Any] = []

    async def without(desk: Desk) -> None:
        for number, (source, lines) in enumerate(imports):
            if number != which:
                await desk.whole(source, lines)
        found.append(await desk.meaning())

    async def taken_back(desk: Desk) -> None:
        runs = [await desk.whole(source, lines) for source, lines in imports]
        await desk.undo(runs[which])
        found.append(await desk.meaning())

    at_a_desk(without)
    at_a_desk(taken_back)
    assert found[1] == found[0]


@settings(max_examples=40)
@given(IMPORTS, st.permutations((0, 1, 2)))
def test_taking_everything_back_leaves_nothing(
    imports: list[tuple[str, tuple[Entry, ...]]], order: tuple[int, ...]
) -> None:
    async def story(desk: Desk) -> None:
        runs = [await desk.whole(source, lines) for source, lines in imports]
        for number in order:
            if number < len(runs):
                await desk.undo(runs[number])
        assert not any((await dump(desk.db)).values())

    at_a_desk(story)


@settings(max_examples=40)
@given(entries(), entries())
def test_the_order_of_two_sources_makes_no_difference(
    first: tuple[Entry, ...], second: tuple[Entry, ...]
) -> None:
    found: list[Any] = []

    async def story(desk: Desk, order: tuple[int, int]) -> None:
        for number in order:
            await desk.whole(SOURCES[number], (first, second)[number])
        found.append(await desk.meaning())

    at_a_desk(lambda desk: story(desk, (0, 1)))
    at_a_desk(lambda desk: story(desk, (1, 0)))
    assert found[0] == found[1]


@settings(max_examples=30)
@given(IMPORTS, entries(), st.data())
def test_choices_are_taken_back_too(
    before: list[tuple[str, tuple[Entry, ...]]], lines: tuple[Entry, ...], data: st.DataObject
) -> None:
    async def story(desk: Desk) -> None:
        for one, its in before:
            await desk.whole(one, its)
        was = await dump(desk.db)
        run_id = await desk.read(SOURCES[0], lines)
        for row in await ImportRows(desk.db).page(run_id):
            await desk.lines.choose(run_id, [row.id], data.draw(st.sampled_from(list(Choice))))
        await desk.write(run_id)
        await desk.undo(run_id)
        assert await dump(desk.db) == was

    at_a_desk(story)
