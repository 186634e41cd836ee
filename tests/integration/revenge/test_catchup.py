"""What was watched while nobody listened, against the embedded server."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.errors import Unreachable
from revenge_companion.core.media import Ids, Item, Kind, Series
from revenge_companion.core.playback import (
    Device,
    EventType,
    PlaybackEvent,
    PlayState,
    Source,
)
from revenge_companion.core.session import SessionTracker
from revenge_companion.core.thresholds import Rules
from revenge_companion.demo.library import Library, Show
from revenge_companion.demo.server import DemoServer
from revenge_companion.net.http import Answer, Http
from revenge_companion.revenge.catchup import CatchUp, Stock, stock_from_text
from revenge_companion.revenge.client import RevengeClient
from revenge_companion.revenge.session import Session
from tests.clock import START, FakeClock

FILMS = tuple(
    Item(Kind.MOVIE, f"film-{n}", f"Film {n}", ids=Ids(tmdb=1000 + n), duration_s=6000.0)
    for n in range(130)
)
EPISODES = tuple(
    Item(
        Kind.EPISODE,
        f"episode-{n}",
        f"Episode {n}",
        ids=Ids(tvdb=2000 + n),
        duration_s=1500.0,
        series=Series("The Series", 2020, Ids(tvdb=99)),
        season_number=1,
        episode_number=n,
    )
    for n in range(1, 13)
)
LIBRARY = Library(FILMS, (Show("show-1", Series("The Series", 2020, Ids(tvdb=99)), EPISODES),), ())


class Away:
    """A server, and a Companion that is there only when a test says so."""

    def __init__(
        self, server: DemoServer, clock: FakeClock, http: Http, client: RevengeClient
    ) -> None:
        self.server, self.clock = server, clock
        self.http, self.client = http, client
        self.walk = CatchUp(client, clock)
        self.stock: Stock | None = None
        self.tracker = SessionTracker(Rules())

    def watch(self, item: Item, share: float = 1.0) -> datetime:
        """Watch `item` up to a share of it; returns when, as the server dates it."""
        length = int(item.duration_s or 0)
        self.server.progress.write(item, length // 10, length)
        self.clock.advance(length * share)
        self.server.progress.write(item, int(length * share), length)
        return self.clock.now().replace(microsecond=0)

    async def look(self) -> list[PlaybackEvent]:
        """One walk that is recorded."""
        text = None if self.stock is None else self.stock.text()
        before = None if text is None else stock_from_text(text)
        assert before == self.stock
        events, self.stock = await self.walk.since(before)
        return events

    async def caught_up(self) -> list[tuple[str, datetime]]:
        """What counts after a walk: item and date."""
        counted = []
        for event in await self.look():
            for decision in self.tracker.feed(event):
                counted += [(one.item.media_id, one.counted_at) for one in decision.scrobbles]
        return counted

    def see(self, item: Item, *, until: float = 1.0, end: bool = True) -> int:
        """A play that is seen live, with a progress row that follows; returns what counted."""
        length = item.duration_s or 0.0
        session, counted, position = f"live/{self.clock.now()}", 0, 0.0
        while True:
            over = end and position >= until * length
            kind = EventType.STOPPED if over else EventType.PROGRESS
            frame = self.server.play_event(
                EventType.STARTED if position == 0 else kind,
                item,
                session_id=session,
                device=Device(),
                position_s=position,
            )
            event = PlaybackEvent(
                frame["id"],
                EventType.STARTED if position == 0 else kind,
                self.clock.now(),
                self.clock.monotonic_s(),
                session,
                item,
                PlayState.STOPPED if over else PlayState.PLAYING,
                position,
            )
            counted += sum(len(one.scrobbles) for one in self.tracker.feed(event))
            if position >= until * length:
                return counted
            self.clock.advance(10.0)
            position += 10.0


class FailingAt(RevengeClient):
    """A client whose n-th request (from 1; 0 for none) goes nowhere."""

    def __init__(self, away: Away, number: int) -> None:
        client = away.client
        super().__init__(away.http, client.session.base_url, client.session)
        self._number = number
        self.asked = 0

    async def _answered(self, path: str, params: Mapping[str, str]) -> Answer:
        self.asked += 1
        if self.asked == self._number:
            raise Unreachable("cut off")
        return await super()._answered(path, params)


@pytest.fixture
async def away(clock: FakeClock) -> AsyncIterator[Away]:
    http = Http()
    async with DemoServer(clock, library=LIBRARY, access_token_s=1e8) as server:
        session = Session(http, server.url, clock)
        await session.login(server.username, server.password)
        yield Away(server, clock, http, RevengeClient(http, server.url, session))
    await http.close()


async def test_the_first_walk_only_takes_stock(away: Away) -> None:
    for film in FILMS:
        away.watch(film)
    away.watch(EPISODES[0])
    assert await away.look() == []
    assert away.stock is not None
    assert len(away.stock.films) == len(FILMS)
    assert await away.look() == []


async def test_forty_plays_with_nobody_there_count_once_each(away: Away) -> None:
    for film in FILMS[:20]:
        away.watch(film)
    await away.look()
    expected = [(film.media_id, away.watch(film)) for film in FILMS[100:125]]
    expected += [(film.media_id, away.watch(film)) for film in FILMS[:10]]
    expected += [(one.media_id, away.watch(one)) for one in EPISODES[:5]]
    # The server names an episode only from what is in progress.
    away.watch(EPISODES[5], 0.5)
    assert await away.caught_up() == sorted(expected, key=lambda one: one[1])
    assert len(expected) == 40
    assert await away.caught_up() == []
    away.clock.advance(90000)
    assert await away.caught_up() == []


async def test_more_films_than_one_page_are_all_found(away: Away) -> None:
    await away.look()
    expected = [(film.media_id, away.watch(film)) for film in FILMS]
    assert await away.caught_up() == expected


async def test_a_rewatch_counts_each_time_it_is_seen_in_the_history(away: Away) -> None:
    away.watch(FILMS[0])
    await away.look()
    for _ in range(3):
        away.clock.advance(40000)
        at = away.watch(FILMS[0])
        assert await away.caught_up() == [(FILMS[0].media_id, at)]


async def test_marking_a_finished_film_again_is_no_play(away: Away) -> None:
    away.watch(FILMS[0])
    await away.look()
    away.clock.advance(90000)
    away.server.progress.write(FILMS[0], 6000, 6000)
    assert await away.caught_up() == []


async def test_an_unfinished_film_is_no_play(away: Away) -> None:
    await away.look()
    away.watch(FILMS[0], 0.8)
    assert await away.caught_up() == []
    at = away.watch(FILMS[0])
    assert await away.caught_up() == [(FILMS[0].media_id, at)]


@pytest.mark.parametrize("late_s", [0, 300, 1200])
async def test_a_play_that_was_seen_live_is_not_doubled(away: Away, late_s: int) -> None:
    await away.look()
    assert away.see(FILMS[0]) == 1
    away.clock.advance(late_s)
    away.server.progress.write(FILMS[0], 6000, 6000)
    assert await away.caught_up() == []
    away.clock.advance(86400)
    assert await away.caught_up() == []
    assert away.see(EPISODES[0]) == 1
    assert await away.caught_up() == []


async def test_a_film_still_playing_when_the_history_is_read_counts_once(away: Away) -> None:
    await away.look()
    assert away.see(FILMS[0], until=0.95, end=False) == 1
    assert await away.caught_up() == []


async def test_a_play_cut_off_in_the_middle_is_finished_by_the_history(away: Away) -> None:
    await away.look()
    assert away.see(FILMS[0], until=0.5, end=False) == 0
    away.tracker.disconnected()
    at = away.watch(FILMS[0])
    assert await away.caught_up() == [(FILMS[0].media_id, at)]
    assert await away.caught_up() == []


async def test_an_episode_left_in_progress_and_what_followed_are_found(away: Away) -> None:
    away.watch(EPISODES[2], 0.4)
    await away.look()
    expected = [(one.media_id, away.watch(one)) for one in EPISODES[2:9]]
    away.watch(EPISODES[9], 0.2)
    assert await away.caught_up() == expected
    assert await away.caught_up() == []
    at = away.watch(EPISODES[9])
    assert await away.caught_up() == [(EPISODES[9].media_id, at)]


async def test_a_found_episode_brings_its_ids(away: Away) -> None:
    away.watch(EPISODES[2], 0.4)
    await away.look()
    away.watch(EPISODES[2])
    (event,) = await away.look()
    assert event.source is Source.POLL
    assert event.session_id == f"poll/{EPISODES[2].media_id}"
    assert replace(event.item, year=None) == replace(EPISODES[2], year=None)


async def test_an_episode_rewatched_from_the_middle_counts(away: Away) -> None:
    away.watch(EPISODES[0])
    away.watch(EPISODES[0], 0.5)
    await away.look()
    at = away.watch(EPISODES[0])
    assert await away.caught_up() == [(EPISODES[0].media_id, at)]


@pytest.mark.parametrize("request_number", range(1, 8))
async def test_a_walk_that_fails_half_way_loses_and_doubles_nothing(
    away: Away, request_number: int
) -> None:
    away.watch(EPISODES[0], 0.4)
    await away.look()
    expected = [(FILMS[0].media_id, away.watch(FILMS[0]))]
    expected += [(one.media_id, away.watch(one)) for one in EPISODES[:2]]
    away.watch(EPISODES[2], 0.3)
    with pytest.raises(Unreachable):
        await CatchUp(FailingAt(away, request_number), away.clock).since(away.stock)
    assert await away.caught_up() == expected
    assert await away.caught_up() == []


async def test_a_quiet_look_costs_three_requests(away: Away) -> None:
    for film in FILMS[:50]:
        away.watch(film)
    away.watch(EPISODES[0], 0.4)
    await away.look()
    client = FailingAt(away, 0)
    assert (await CatchUp(client, away.clock).since(away.stock))[0] == []
    assert client.asked == 3


@given(
    age_s=st.none() | st.integers(0, 3_000_000_000),
    counts=st.dictionaries(st.text(max_size=8), st.none() | st.integers(0, 2**53)),
    watched=st.none() | st.integers(0, 2**53),
)
def test_a_stock_survives_being_written_down(
    age_s: int | None, counts: dict[str, int | None], watched: int | None
) -> None:
    stock = Stock(
        None if age_s is None else START - timedelta(seconds=age_s),
        {key: (START + timedelta(seconds=n), counts[key]) for n, key in enumerate(counts)},
        dict.fromkeys(counts, ("series", START)),
        watched,
    )
    assert stock_from_text(stock.text()) == stock
