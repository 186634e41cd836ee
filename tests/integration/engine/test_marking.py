"""Marks at the embedded server: once, read back, undone, and never taken for plays."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from revenge_companion.core.errors import CompanionError, ImportRefused, ServiceTrouble, Unreachable
from revenge_companion.core.library import SubjectKind
from revenge_companion.core.marking import Marked, MarkItem, Unmarked
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.playback import EventType, PlaybackEvent
from revenge_companion.core.session import SessionTracker
from revenge_companion.core.thresholds import Rules
from revenge_companion.demo.large import large_library
from revenge_companion.engine.marking import Marking
from revenge_companion.revenge.catchup import CatchUp, Stock, stock_from_text
from revenge_companion.revenge.marking import Marker
from revenge_companion.revenge.notes import AFTER, KEY, Notes
from revenge_companion.revenge.polling import Poller
from revenge_companion.store.database import Database
from tests.clock import FakeClock, eventually
from tests.integration.revenge.line import Line, a_line

LIBRARY = large_library(films=150, shows=3, episodes=60)
FILMS, SHOW = LIBRARY.movies, LIBRARY.shows[0]
EPISODES = SHOW.episodes
BULK = "POST /api/v1/tvshows/episodes/bulk-watched"
PROFILE = "home/ann"


def lines(*items: Item, first: int = 1) -> list[MarkItem]:
    """A line for each item, numbered."""
    return [
        MarkItem(
            row,
            item.media_id,
            SubjectKind.MOVIE if item.kind is Kind.MOVIE else SubjectKind.EPISODE,
        )
        for row, item in enumerate(items, first)
    ]


def use(marking: Marking, line: Line, profile: str = PROFILE, name: str = "here") -> None:
    """Sign in."""

    async def named() -> str:
        return name

    marker, notes = Marker(line.client, line.pace), Notes(line.client, line.clock, named)
    marking.use(profile, marker, notes)


@dataclass
class Desk:
    line: Line
    db: Database
    marking: Marking

    async def mark(self, items: Sequence[MarkItem]) -> list[Marked]:
        found = await self.line.come(self.marking.mark(items))
        return [found[item.row_id] for item in items]

    async def cut_off(self, items: Sequence[MarkItem]) -> None:
        """Mark, and end while it waits to read back: nobody turns the clock."""
        marking = asyncio.create_task(self.marking.mark(items))
        await eventually(lambda: bool(self.line.clock.sleeping))
        marking.cancel()
        await asyncio.gather(marking, return_exceptions=True)

    async def unmark(self, *rows: int) -> list[Unmarked]:
        found = await self.line.come(self.marking.unmark(rows))
        return [found[row] for row in rows]

    def restart(self) -> None:
        """Another process goes on with the same database."""
        self.marking = Marking(self.db, self.line.clock)
        use(self.marking, self.line)

    def count(self, item: Item) -> int:
        """The server's own counter, which it does not show for episodes; 0 for no row."""
        row = self.line.server.progress.read(item.media_id)
        return 0 if row is None else row.watch_count

    def watch(self, item: Item, share: float = 1.0) -> None:
        """A player writes progress, from the beginning up to a share of it."""
        length = int(item.duration_s or 0)
        self.line.server.progress.write(item, length // 10, length)
        self.line.clock.advance(length * share)
        self.line.server.progress.write(item, int(length * share), length)


@pytest.fixture
async def desk(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Desk]:
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    async with a_line(LIBRARY, clock) as line:
        desk = Desk(line, db, Marking(db, clock))
        use(desk.marking, line)
        yield desk
    await db.close()


# Marking


async def test_films_and_episodes_are_marked_once_with_few_requests(desk: Desk) -> None:
    items = lines(*FILMS[:120], *EPISODES)
    assert set(await desk.mark(items)) == {Marked.MARKED}
    assert {desk.count(item) for item in (*FILMS[:120], *EPISODES)} == {1}
    assert desk.line.asked("/watched") == 120
    # 181 items are two chunks: films one by one, episodes of a chunk together.
    assert desk.line.asked(BULK) == 1
    assert desk.line.asked("GET /api/v1/movies/watch-history") == 2
    asked = len(desk.line.server.faults.requests)
    assert set(await desk.mark(items)) == {Marked.MARKED}
    assert len(desk.line.server.faults.requests) == asked


async def test_what_was_watched_already_is_left_alone(desk: Desk) -> None:
    desk.watch(FILMS[0])
    desk.watch(EPISODES[0])
    desk.watch(EPISODES[1], 0.5)
    before = desk.count(FILMS[0]), desk.count(EPISODES[0])
    told = await desk.mark(lines(FILMS[0], *EPISODES[:3]))
    assert told == [Marked.THERE, Marked.THERE, Marked.MARKED, Marked.MARKED]
    assert (desk.count(FILMS[0]), desk.count(EPISODES[0])) == before


async def test_several_lines_of_one_item_mark_it_once(desk: Desk) -> None:
    told = await desk.mark(lines(EPISODES[0], EPISODES[0], FILMS[0], FILMS[0]))
    assert told == [Marked.MARKED, Marked.THERE, Marked.MARKED, Marked.THERE]
    assert (desk.count(EPISODES[0]), desk.count(FILMS[0])) == (1, 1)


async def test_what_the_server_does_not_have_is_gone(desk: Desk) -> None:
    film, episode = replace(FILMS[0], media_id="no-film"), replace(EPISODES[0], media_id="no-one")
    told = await desk.mark(lines(film, FILMS[1], episode, *EPISODES[:4]))
    assert told == [Marked.GONE, Marked.MARKED, Marked.GONE, *[Marked.MARKED] * 4]
    assert await desk.unmark(1, 3) == [Unmarked.NOTHING, Unmarked.NOTHING]


async def test_something_left_unfinished_gets_its_position(desk: Desk) -> None:
    desk.watch(EPISODES[1], 0.7)
    items = [
        replace(one, position_s=600.5, duration_s=1500.0)
        for one in lines(FILMS[0], EPISODES[0], EPISODES[1])
    ]
    # Never backwards.
    assert await desk.mark(items) == [Marked.MARKED, Marked.MARKED, Marked.THERE]
    film = desk.line.server.progress.read(FILMS[0].media_id)
    assert film is not None
    assert (film.progress_s, film.completed) == (600, False)
    assert await desk.unmark(1, 2) == [Unmarked.RESTORED] * 2
    assert desk.line.server.progress.read(EPISODES[0].media_id) is None


async def test_only_films_and_episodes_can_be_marked(desk: Desk) -> None:
    with pytest.raises(ValueError, match="track"):
        await desk.marking.mark([MarkItem(1, "x", SubjectKind.TRACK)])
    desk.marking.rest()
    with pytest.raises(Unreachable):
        await desk.marking.mark(lines(FILMS[0]))


# Trouble


async def test_an_unanswered_bulk_is_read_back_and_not_repeated(desk: Desk) -> None:
    desk.line.server.faults.lose(to=BULK)
    assert set(await desk.mark(lines(*EPISODES))) == {Marked.MARKED}
    assert desk.line.asked(BULK) == 1
    assert {desk.count(one) for one in EPISODES} == {1}
    assert await desk.unmark(*range(1, 62)) == [Unmarked.RESTORED] * 61


async def test_an_unanswered_film_is_read_back(desk: Desk) -> None:
    desk.line.server.faults.lose(to="/watched", after=2)
    assert set(await desk.mark(lines(*FILMS[:8]))) == {Marked.MARKED}
    assert {desk.count(one) for one in FILMS[:8]} == {1}


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_bulk_that_was_refused_is_sent_again(desk: Desk, status: int) -> None:
    desk.line.server.faults.answer(status, to=BULK)
    assert set(await desk.mark(lines(*EPISODES))) == {Marked.MARKED}
    assert {desk.count(one) for one in EPISODES} == {1}


async def test_trouble_that_stays_is_told_and_the_call_made_again_goes_on(desk: Desk) -> None:
    items = lines(*FILMS[:3], *EPISODES)
    desk.line.server.faults.answer(500, to=BULK, times=9)
    with pytest.raises(ServiceTrouble):
        await desk.mark(items)
    desk.line.server.faults.forget()
    assert set(await desk.mark(items)) == {Marked.MARKED}
    assert {desk.count(item) for item in (*FILMS[:3], *EPISODES)} == {1}


@pytest.mark.parametrize("lost", [True, False], ids=["taken", "not taken"])
async def test_a_program_that_ends_in_between_neither_loses_nor_repeats(
    desk: Desk, lost: bool
) -> None:
    if lost:
        desk.line.server.faults.lose(to=BULK)
    else:
        desk.line.server.faults.answer(500, to=BULK)
    await desk.cut_off(lines(*EPISODES))
    desk.restart()
    assert set(await desk.mark(lines(*EPISODES))) == {Marked.MARKED}
    assert {desk.count(one) for one in EPISODES} == {1}


# Undoing


async def test_undoing_puts_back_what_was_there(desk: Desk) -> None:
    desk.watch(FILMS[0], 0.4)
    desk.watch(EPISODES[0], 0.4)
    before = [
        (row.progress_s, row.duration_s)
        for row in map(desk.line.server.progress.read, (FILMS[0].media_id, EPISODES[0].media_id))
        if row is not None
    ]
    await desk.mark(lines(FILMS[0], EPISODES[0], FILMS[1], EPISODES[1]))
    assert await desk.unmark(1, 2, 3, 4, 5) == [Unmarked.RESTORED] * 4 + [Unmarked.NOTHING]
    rows = [
        desk.line.server.progress.read(one.media_id)
        for one in (FILMS[0], EPISODES[0], FILMS[1], EPISODES[1])
    ]
    assert [(row.progress_s, row.duration_s) for row in rows if row is not None] == before
    assert rows[2:] == [None, None]
    asked = len(desk.line.server.faults.requests)
    assert await desk.unmark(1, 4) == [Unmarked.RESTORED] * 2
    assert len(desk.line.server.faults.requests) == asked


async def test_what_was_played_since_stays(desk: Desk) -> None:
    await desk.mark(lines(FILMS[0], EPISODES[0], EPISODES[1]))
    desk.watch(FILMS[0])
    desk.watch(EPISODES[0], 0.3)
    told = await desk.unmark(1, 2, 3)
    assert told == [Unmarked.PLAYED_SINCE, Unmarked.PLAYED_SINCE, Unmarked.RESTORED]
    assert await desk.unmark(1, 2) == [Unmarked.PLAYED_SINCE] * 2
    kept = desk.line.server.progress.read(FILMS[0].media_id)
    assert kept is not None
    assert kept.completed


@pytest.mark.parametrize("method", ["DELETE", "POST"])
async def test_an_undo_that_was_cut_off_goes_on(desk: Desk, method: str) -> None:
    if method == "POST":
        desk.watch(FILMS[0], 0.4)
    await desk.mark(lines(FILMS[0], FILMS[1]))
    # It arrives and nobody hears of it, until the program ends.
    desk.line.server.faults.lose(
        to=f"{method} /api/v1/movies/{FILMS[0].media_id}/progress", times=9
    )
    with pytest.raises(CompanionError):
        await desk.unmark(1)
    desk.line.server.faults.forget()
    desk.restart()
    assert await desk.unmark(1, 2) == [Unmarked.RESTORED] * 2
    row = desk.line.server.progress.read(FILMS[0].media_id)
    assert (row is None) == (method == "DELETE")


async def test_marks_of_another_user_are_not_undone_here(desk: Desk) -> None:
    await desk.mark(lines(FILMS[0]))
    use(desk.marking, desk.line, "home/bob")
    with pytest.raises(ImportRefused, match="Sign in there"):
        await desk.unmark(1)


async def test_lines_that_are_forgotten_cannot_be_mixed_up_with_later_ones(desk: Desk) -> None:
    await desk.mark(lines(FILMS[0]))
    await desk.marking.forget_rows([1])
    assert await desk.unmark(1) == [Unmarked.NOTHING]
    assert await desk.mark(lines(FILMS[0])) == [Marked.THERE]


# No mark is a play


class Watcher:
    """Looks for plays as the program does: by polling, and in the history after a restart."""

    def __init__(self, desk: Desk, marking: Marking | None = None) -> None:
        self.desk = desk
        #: Of another Companion; None for this one's, also after a restart.
        self.other = marking
        self.poller = self._poller()
        self.stock: Stock | None = None
        self.tracker = SessionTracker(Rules())

    def _poller(self) -> Poller:
        return Poller(self.desk.line.client, self.desk.line.clock, self.other or self.desk.marking)

    async def poll(self) -> list[tuple[str, str]]:
        """What a poll tells, as (item, event), and what counts of it."""
        self.desk.line.clock.advance(60)
        return self._told(await self.desk.line.come(self.poller.poll()))

    async def catch_up(self) -> list[tuple[str, str]]:
        """What a restarted program finds."""
        client, clock = self.desk.line.client, self.desk.line.clock
        walk = CatchUp(client, clock, self.other or self.desk.marking)
        before = None if self.stock is None else stock_from_text(self.stock.text())
        events, self.stock = await self.desk.line.come(walk.since(before))
        return self._told(events)

    def _told(self, events: Sequence[PlaybackEvent]) -> list[tuple[str, str]]:
        told = [(event.item.media_id, event.type.value) for event in events]
        for event in events:
            for decision in self.tracker.feed(event):
                told += [(one.item.media_id, "counted") for one in decision.scrobbles]
        return told


def a_play(item: Item) -> list[tuple[str, str]]:
    return [(item.media_id, EventType.COMPLETED.value), (item.media_id, "counted")]


async def test_nothing_that_was_marked_is_a_play_for_polls_or_after_a_restart(desk: Desk) -> None:
    desk.watch(FILMS[0], 0.5)
    desk.watch(EPISODES[0], 0.5)
    desk.watch(EPISODES[1])
    watcher = Watcher(desk)
    assert await watcher.catch_up() == []
    assert await watcher.poll() == []
    await desk.mark(lines(*FILMS[:30], *EPISODES))
    assert await watcher.poll() == []
    assert await watcher.poll() == []
    desk.restart()
    assert await watcher.catch_up() == []
    desk.line.clock.advance(90_000)
    assert await watcher.catch_up() == []
    assert await watcher.poll() == []


async def test_a_later_play_of_a_marked_item_is_one(desk: Desk) -> None:
    watcher = Watcher(desk)
    await watcher.catch_up()
    await watcher.poll()
    await desk.mark(lines(*FILMS[:5], *EPISODES[:5]))
    await watcher.poll()
    desk.watch(FILMS[0])
    assert await watcher.poll() == a_play(FILMS[0])
    desk.restart()
    desk.watch(FILMS[1])
    # What the poll saw is told again by the history, and known.
    counted = [one for one in await watcher.catch_up() if one[1] == "counted"]
    assert counted == [(FILMS[1].media_id, "counted")]


async def test_a_marked_episode_that_is_played_again_while_away_is_one(desk: Desk) -> None:
    watcher = Watcher(desk)
    await watcher.catch_up()
    await desk.mark(lines(*EPISODES[:20]))
    assert await watcher.catch_up() == []
    desk.line.server.progress.write(EPISODES[3], 100, 1500)
    assert await watcher.catch_up() == []
    desk.line.clock.advance(1400)
    desk.line.server.progress.write(EPISODES[3], 1500, 1500)
    assert await watcher.catch_up() == a_play(EPISODES[3])


async def test_episodes_watched_among_marked_ones_are_found(desk: Desk) -> None:
    _, first, second, *marked = EPISODES
    last = marked.pop(30)
    desk.watch(first, 0.5)
    watcher = Watcher(desk)
    await watcher.catch_up()
    await desk.mark(lines(*marked))
    for episode in (first, second, last):
        desk.watch(episode)
    found = await watcher.catch_up()
    assert [one for one in found if one[1] == "counted"] == [
        (one.media_id, "counted") for one in (first, second, last)
    ]


async def test_a_play_in_progress_that_is_marked_stops_where_it_was(desk: Desk) -> None:
    watcher = Watcher(desk)
    await watcher.poll()
    film = FILMS[0]
    desk.line.server.progress.write(film, 600, 6000)
    assert (film.media_id, EventType.STARTED.value) in await watcher.poll()
    await desk.mark(lines(film))
    assert await watcher.poll() == [(film.media_id, EventType.STOPPED.value)]


async def test_an_undo_is_no_play(desk: Desk) -> None:
    desk.watch(FILMS[0], 0.85)
    desk.watch(EPISODES[0], 0.85)
    watcher = Watcher(desk)
    await watcher.catch_up()
    await watcher.poll()
    await desk.mark(lines(FILMS[0], EPISODES[0], *FILMS[1:4], *EPISODES[1:30]))
    await watcher.poll()
    await desk.unmark(*range(1, 35))
    for _ in range(7):
        assert await watcher.poll() == []
    desk.restart()
    assert await watcher.catch_up() == []
    desk.watch(EPISODES[0])
    desk.watch(FILMS[1])
    found = await watcher.catch_up()
    assert {item for item, told in found if told == "counted"} == {
        EPISODES[0].media_id,
        FILMS[1].media_id,
    }


@pytest.mark.parametrize("cut_off", ["bulk", "film"])
async def test_marks_that_were_cut_off_are_no_plays_after_a_restart(
    desk: Desk, cut_off: str
) -> None:
    watcher = Watcher(desk)
    await watcher.catch_up()
    await watcher.poll()
    desk.line.server.faults.lose(to=BULK if cut_off == "bulk" else "/watched", after=0)
    await desk.cut_off(lines(*FILMS[:3], *EPISODES[:9]))
    desk.restart()
    assert await watcher.poll() == []
    assert await watcher.catch_up() == []


async def test_a_play_long_after_a_mark_that_never_came_is_one(desk: Desk) -> None:
    watcher = Watcher(desk)
    await watcher.catch_up()
    desk.line.server.faults.answer(500, to="/watched", times=9)
    with pytest.raises(ServiceTrouble):
        await desk.mark(lines(FILMS[0]))
    desk.restart()
    desk.watch(FILMS[0])
    assert await watcher.catch_up() == a_play(FILMS[0])


# Two Companions of one user


@pytest.fixture
async def elsewhere(desk: Desk, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Watcher]:
    """Another Companion of this user, on another computer."""
    db = await Database.open(tmp_path / "other.db", clock=clock)
    marking = Marking(db, clock)
    use(marking, desk.line, name="there")
    yield Watcher(desk, marking)
    await db.close()


async def test_what_one_companion_marks_is_no_play_for_another(
    desk: Desk, elsewhere: Watcher
) -> None:
    desk.watch(EPISODES[1], 0.5)
    await elsewhere.catch_up()
    await elsewhere.poll()
    await desk.mark(lines(*FILMS[:20], *EPISODES[1:]))
    assert await elsewhere.poll() == []
    assert await elsewhere.catch_up() == []
    await desk.unmark(*range(1, 81))
    for _ in range(7):
        assert await elsewhere.poll() == []
    desk.watch(FILMS[30])
    assert await elsewhere.poll() == a_play(FILMS[30])
    counted = [one for one in await elsewhere.catch_up() if one[1] == "counted"]
    assert counted == []


async def test_a_companion_that_was_away_for_weeks_knows_what_was_marked(
    desk: Desk, elsewhere: Watcher
) -> None:
    await elsewhere.catch_up()
    for day in range(20):
        desk.line.clock.advance(86_400)
        await desk.mark([replace(one, row_id=day + 1) for one in lines(FILMS[day])])
        await desk.mark([replace(one, row_id=day + 101) for one in lines(FILMS[day + 40])])
    desk.watch(FILMS[100])
    assert await elsewhere.catch_up() == a_play(FILMS[100])
    # Marks that follow each other are one time.
    assert len(json.loads(desk.line.server.settings.kept[KEY])["here"]) == 20


async def test_a_companions_own_plays_are_its_own_to_tell_while_it_marks(
    desk: Desk, elsewhere: Watcher
) -> None:
    watcher = Watcher(desk)
    await watcher.catch_up()
    await desk.mark(lines(*FILMS[:3]))
    # Finished in the very second of the marks: this one knows them by name, the other by time.
    desk.line.server.progress.write(FILMS[5], 6000, 6000)
    assert await watcher.catch_up() == a_play(FILMS[5])


@pytest.mark.parametrize("text", ["not JSON", "[]", '{"here": 5}', '{"there": [["a", "b"]]}'])
async def test_a_note_that_is_none_hinders_nobody(
    desk: Desk, elsewhere: Watcher, text: str
) -> None:
    await elsewhere.catch_up()
    desk.line.server.settings.kept[KEY] = text
    desk.watch(FILMS[0])
    assert await elsewhere.catch_up() == a_play(FILMS[0])
    await desk.mark(lines(FILMS[1]))
    assert await elsewhere.catch_up() == []


async def test_a_server_without_settings_is_marked_all_the_same(
    desk: Desk, elsewhere: Watcher
) -> None:
    desk.line.server.faults.answer(500, to="/settings/user", times=99)
    assert await desk.mark(lines(*FILMS[:3])) == [Marked.MARKED] * 3
    await elsewhere.catch_up()
    desk.watch(FILMS[5])
    assert await elsewhere.catch_up() == a_play(FILMS[5])


async def test_what_is_being_marked_is_noted_before_it_is_sent(
    desk: Desk, elsewhere: Watcher
) -> None:
    await elsewhere.catch_up()
    desk.line.server.faults.lose(to=BULK)
    await desk.cut_off(lines(*EPISODES[1:9]))
    desk.line.server.progress.write(EPISODES[20], 100, 1500)
    assert await elsewhere.catch_up() == []
    desk.line.clock.advance(AFTER.total_seconds())
    desk.watch(FILMS[5])
    assert await elsewhere.catch_up() == a_play(FILMS[5])
