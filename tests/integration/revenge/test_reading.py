"""What the server knows of watching, as lines: each item once, resumable, without our own marks."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.library import Entry, Facet, Precision
from revenge_companion.core.media import Item
from revenge_companion.demo.large import large_library
from revenge_companion.engine.index import Index
from revenge_companion.revenge.index import CatalogueWalk
from revenge_companion.revenge.own import Span
from revenge_companion.revenge.reading import BUDGET, ServerReading
from revenge_companion.store.database import Database
from tests.clock import FakeClock
from tests.integration.revenge.line import Line, a_line

LIBRARY = large_library(films=230, shows=60, episodes=30)
FILMS = LIBRARY.movies


class Own:
    """Own writes that a test names."""

    def __init__(self) -> None:
        self.writes: dict[str, datetime] = {}
        self.spans: list[Span] = []

    def still(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def until(self, media_ids: Iterable[str]) -> Mapping[str, datetime]:
        return {key: self.writes[key] for key in media_ids if key in self.writes}

    async def others(self) -> Sequence[Span]:
        return self.spans

    async def episodes(self) -> int:
        return 0


class Desk:
    def __init__(self, line: Line, index: Index) -> None:
        self.line, self.own = line, Own()
        self.reading = ServerReading(
            line.client,
            line.pace,
            self.own,
            shows=index.shows_after,
            episodes=index.episodes_of,
        )
        self.pages = 0
        self.unread: list[str] = []

    def watch(self, *items: Item) -> None:
        for item in items:
            self.line.clock.advance(60)
            length = int(item.duration_s or 0)
            self.line.server.progress.write(item, length, length)

    async def walk(self, cursor: str = "") -> dict[str, Entry]:
        """Every line from `cursor` on; no line may say two things."""
        found: dict[str, Entry] = {}
        while True:
            page = await self.line.come(self.reading.page(cursor))
            self.pages += 1
            self.unread += page.unread
            for entry in page.entries:
                assert found.setdefault(entry.line, entry) == entry
            if not page.next_cursor:
                return found
            assert page.next_cursor != cursor
            cursor = page.next_cursor


@pytest.fixture
async def desk(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Desk]:
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    async with a_line(LIBRARY, clock) as line:
        index = Index(db, clock, lambda: None)
        index.use("home/ann", CatalogueWalk(line.client, line.pace))
        yield Desk(line, index)
        await index.stop()
    await db.close()


async def test_every_watched_film_and_episode_is_a_line_with_the_servers_time(desk: Desk) -> None:
    first, last = LIBRARY.shows[0].episodes, LIBRARY.shows[41].episodes
    watched = (*FILMS[:205], *first[:12], last[0], *last[7:9])
    desk.watch(*watched)
    desk.line.server.progress.write(FILMS[210], 100, 6000)
    desk.line.server.progress.write(first[20], 100, 1500)
    found = await desk.walk()
    assert set(found) == {item.media_id for item in watched}
    assert {(one.facet, one.precision, one.plays) for one in found.values()} == {
        (Facet.HISTORY, Precision.SECOND, 1)
    }
    row = desk.line.server.progress.read(last[8].media_id)
    entry = found[last[8].media_id]
    assert row is not None
    assert entry.at == row.watched_at.replace(microsecond=0)
    assert entry.subject.label == last[8].label
    assert entry.subject.series == last[8].series
    assert entry.subject.ids == last[8].ids
    assert found[FILMS[0].media_id].subject.ids == FILMS[0].ids


async def test_few_questions_are_asked_where_little_was_watched(desk: Desk) -> None:
    desk.watch(*LIBRARY.shows[0].episodes[1:4])
    await desk.walk()
    assert desk.line.asked("watch-stats") == 60
    assert desk.line.asked(f"{LIBRARY.shows[0].id}/episodes") == 1
    # Four are asked at once; the three are among the first four.
    assert desk.line.asked("/progress") == 4


async def test_a_walk_goes_on_where_it_was_left_also_inside_a_show(desk: Desk) -> None:
    watched = [episode for show in LIBRARY.shows[:12] for episode in show.episodes]
    desk.watch(*watched, *FILMS[:3])
    whole = await desk.walk()
    assert set(whole) == {item.media_id for item in (*watched, *FILMS[:3])}
    pages = desk.pages
    assert pages > len(watched) / BUDGET
    # Broken off behind each page, another process goes on from its cursor.
    cursor, found = "", {}
    for _ in range(pages):
        page = await desk.line.come(desk.reading.page(cursor))
        found |= {entry.line: entry for entry in page.entries}
        cursor = page.next_cursor
        if cursor:
            assert found | await desk.walk(cursor) == whole
            break_inside = cursor.count("null") == 1
            if break_inside and len(found) > 200:
                break
    assert len(found) > 200


async def test_what_we_marked_there_is_no_line_until_it_is_played(desk: Desk) -> None:
    episodes = LIBRARY.shows[0].episodes
    desk.watch(FILMS[0], FILMS[1], *episodes[1:4])
    now = desk.line.clock.now()
    desk.own.writes = {item.media_id: now for item in (FILMS[0], *episodes[1:3])}
    assert set(await desk.walk()) == {FILMS[1].media_id, episodes[3].media_id}
    desk.watch(FILMS[0], episodes[1])
    assert set(await desk.walk()) == {
        item.media_id for item in (FILMS[0], FILMS[1], episodes[1], episodes[3])
    }


async def test_what_another_companion_marked_is_no_line(desk: Desk) -> None:
    episodes = LIBRARY.shows[0].episodes
    desk.watch(FILMS[0], episodes[1])
    since = desk.line.clock.now()
    desk.watch(FILMS[1], episodes[2])
    desk.own.spans = [(since + timedelta(seconds=1), desk.line.clock.now())]
    assert set(await desk.walk()) == {FILMS[0].media_id, episodes[1].media_id}


async def test_shows_that_answer_with_404_are_told_apart_from_unwatched_ones(desk: Desk) -> None:
    desk.watch(*(show.episodes[1] for show in LIBRARY.shows))
    desk.line.server.faults.answer(404, to="/watch-stats", times=2)
    desk.line.server.faults.answer(404, to="/episodes", times=3)
    found = await desk.walk()
    assert len(found) == 55
    assert len(desk.unread) == 5


@pytest.mark.parametrize("status", [429, 500])
async def test_trouble_in_the_middle_is_waited_out_and_trouble_that_stays_is_told(
    desk: Desk, status: int
) -> None:
    desk.watch(*(show.episodes[1] for show in LIBRARY.shows[:5]))
    desk.line.server.faults.answer(status, to="/progress", after=3, times=2)
    assert len(await desk.walk()) == 5
    desk.line.server.faults.answer(status, to="/progress", after=3, times=99)
    with pytest.raises(CompanionError):
        await desk.walk()


async def test_the_mark_changes_with_what_is_watched_and_forgotten(desk: Desk) -> None:
    async def mark() -> str:
        return await desk.line.come(desk.reading.mark())

    marks = [await mark()]
    desk.watch(FILMS[0])
    marks.append(await mark())
    desk.watch(LIBRARY.shows[0].episodes[0])
    marks.append(await mark())
    desk.line.server.progress.forget(FILMS[0].media_id)
    marks.append(await mark())
    assert len(set(marks)) == 4
    assert await mark() == marks[-1]


@pytest.mark.parametrize("cursor", ["[1]", "{}", "null", "x", '["a", 1, 2, 3]'])
async def test_a_cursor_of_another_version_begins_anew(desk: Desk, cursor: str) -> None:
    desk.watch(FILMS[0])
    assert set(await desk.walk(cursor)) == {FILMS[0].media_id}
