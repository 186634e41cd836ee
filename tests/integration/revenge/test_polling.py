"""Playback made of progress rows, against today's shapes."""

import httpx
import pytest

from revenge_companion.core.errors import ServiceTrouble, SessionExpired, Unreachable
from revenge_companion.core.media import Ids, Series
from revenge_companion.core.playback import EventType, PlaybackEvent, PlayState, Source
from revenge_companion.revenge.client import RevengeClient
from revenge_companion.revenge.polling import Poller
from tests.clock import FakeClock
from tests.integration.revenge.home import Home


@pytest.fixture
def home_server(clock: FakeClock) -> Home:
    return Home(clock)


@pytest.fixture
def poller(home_server: Home, clock: FakeClock) -> Poller:
    session = home_server.session(refresh_token="r")
    return Poller(RevengeClient(home_server.http, session.base_url, session), clock)


async def after(poller: Poller, clock: FakeClock, seconds: float = 60.0) -> list[PlaybackEvent]:
    """The events of a poll that comes `seconds` later."""
    clock.advance(seconds)
    return await poller.poll()


def said(events: list[PlaybackEvent]) -> list[tuple[EventType, float | None]]:
    return [(event.type, event.position_s) for event in events]


async def test_the_first_poll_only_takes_stock(
    poller: Poller, home_server: Home, clock: FakeClock
) -> None:
    home_server.watch("m1", 3000)
    home_server.watch("m2", 5900)
    home_server.watch_episode("e1", 900)
    assert await poller.poll() == []
    assert await after(poller, clock) == []


async def test_a_film_that_is_watched_is_started_moved_and_completed(
    poller: Poller, home_server: Home, clock: FakeClock
) -> None:
    await poller.poll()
    home_server.watch("m1", 400)
    (started,) = await after(poller, clock, 10)
    assert said([started]) == [(EventType.STARTED, 400.0)]
    assert (started.source, started.state) == (Source.POLL, PlayState.PLAYING)
    assert (started.item.title, started.item.year) == ("The Film", 2010)
    assert started.item.ids == Ids(tmdb=27205)
    assert started.item.duration_s == 6000.0
    home_server.watch("m1", 460)
    assert said(await after(poller, clock)) == [(EventType.PROGRESS, 460.0)]
    home_server.watch("m1", 5500)
    at = clock.now()
    (completed,) = await after(poller, clock)
    assert said([completed]) == [(EventType.COMPLETED, 5500.0)]
    assert completed.at == at
    assert completed.session_id == started.session_id
    home_server.watch("m1", 5900)
    assert await after(poller, clock) == []


async def test_a_film_is_as_long_as_the_file_and_not_as_the_catalogue_says(
    poller: Poller, home_server: Home, clock: FakeClock
) -> None:
    await poller.poll()
    home_server.watch("m1", 600, 9000)
    (started,) = await after(poller, clock)
    home_server.watch("m1", 8900, 9000)
    (completed,) = await after(poller, clock)
    assert [event.item.duration_s for event in (started, completed)] == [9000.0, 9000.0]


async def test_a_row_that_stands_still_is_paused_then_stopped(
    poller: Poller, home_server: Home, clock: FakeClock
) -> None:
    home_server.watch("m1", 400)
    await poller.poll()
    clock.advance(30)
    home_server.watch("m1", 430)
    assert said(await after(poller, clock)) == [(EventType.STARTED, 430.0)]
    assert said(await after(poller, clock)) == [(EventType.PAUSED, 430.0)]
    assert await after(poller, clock) == []
    home_server.watch("m1", 450)
    assert said(await after(poller, clock)) == [(EventType.RESUMED, 450.0)]
    assert said(await after(poller, clock)) == [(EventType.PAUSED, 450.0)]
    for _ in range(3):
        assert await after(poller, clock) == []
    assert said(await after(poller, clock)) == [(EventType.STOPPED, 450.0)]
    assert await after(poller, clock) == []
    home_server.watch("m1", 500)
    assert said(await after(poller, clock)) == [(EventType.STARTED, 500.0)]


async def test_a_film_finished_between_two_polls_is_completed_once(
    poller: Poller, home_server: Home, clock: FakeClock
) -> None:
    home_server.watch("old", 5900)
    await poller.poll()
    clock.advance(1)
    home_server.watch("m1", 5800)
    assert said(await after(poller, clock)) == [(EventType.COMPLETED, 5800.0)]
    home_server.watch("m1", 6000)
    assert await after(poller, clock) == []


async def test_marking_a_finished_film_again_is_no_play(
    poller: Poller, home_server: Home, clock: FakeClock
) -> None:
    home_server.watch("m1", 5900)
    home_server.watch("m2", 5900)
    await poller.poll()
    clock.advance(30)
    home_server.watch("m1", 5900)
    assert await after(poller, clock) == []
    clock.advance(1)
    home_server.watch("m2", 900)
    home_server.watch("m1", 5900)
    assert said(await after(poller, clock)) == [(EventType.STARTED, 900.0)]


async def test_the_history_is_asked_for_only_when_a_counter_changed(
    poller: Poller, home_server: Home, clock: FakeClock
) -> None:
    home_server.watch("m1", 400)
    await poller.poll()
    home_server.asked.clear()
    await after(poller, clock)
    assert home_server.asked == [
        "/movies/continue-watching",
        "/tvshows/continue-watching",
        "/movies/stats",
    ]


async def test_an_episodes_ids_are_asked_for_once(
    poller: Poller, home_server: Home, clock: FakeClock
) -> None:
    await poller.poll()
    for seconds in (60, 120, 180):
        home_server.watch_episode("e1", seconds)
        (event,) = await after(poller, clock)
    assert event.item.ids == Ids(tvdb=349232)
    assert event.item.series == Series("Breaking Bad", 2008, Ids(imdb="tt0903747", tvdb=81189))
    assert event.item.label == "Breaking Bad S01E03"
    assert home_server.asked.count("/tvshows/episodes/e1") == 1
    assert home_server.asked.count("/tvshows/s1") == 1


async def test_an_episode_whose_ids_cannot_be_had_is_still_seen(
    poller: Poller, home_server: Home, clock: FakeClock
) -> None:
    await poller.poll()
    home_server.answers["/tvshows/s1"] = httpx.Response(500, json={"code": 500, "message": ""})
    home_server.watch_episode("e1", 60)
    (event,) = await after(poller, clock)
    assert event.item.series == Series("Breaking Bad (de)")
    home_server.answers.clear()
    home_server.watch_episode("e1", 120)
    (event,) = await after(poller, clock)
    assert event.item.ids == Ids(tvdb=349232)


async def test_an_episode_that_leaves_is_completed_or_stopped_by_its_progress(
    poller: Poller, home_server: Home, clock: FakeClock
) -> None:
    await poller.poll()
    home_server.watch_episode("e1", 2300)
    home_server.watch_episode("e2", 900, series="s2")
    await after(poller, clock)
    home_server.watch_episode("e1", 2600)
    del home_server.episodes["e2"]
    events = await after(poller, clock)
    assert said(events) == [(EventType.COMPLETED, 2600.0), (EventType.STOPPED, 900.0)]
    assert await after(poller, clock) == []


async def test_a_row_that_appears_because_another_left_is_no_play(
    poller: Poller, home_server: Home, clock: FakeClock
) -> None:
    home_server.watch("hidden", 3000)
    hidden = home_server.movies.pop("hidden")
    clock.advance(10)
    home_server.watch("m1", 3000)
    await poller.poll()
    home_server.movies["hidden"] = hidden
    assert await after(poller, clock) == []


async def test_what_moved_during_a_long_gap_is_not_playing_now(
    poller: Poller, home_server: Home, clock: FakeClock
) -> None:
    home_server.watch("m1", 400)
    await poller.poll()
    clock.advance(60)
    home_server.watch("m1", 3000)
    assert await after(poller, clock, 7200) == []
    home_server.watch("m1", 3030)
    assert said(await after(poller, clock)) == [(EventType.STARTED, 3030.0)]


@pytest.mark.parametrize("path", ["/movies/continue-watching", "/movies/stats"])
async def test_a_poll_that_fails_is_as_if_it_had_not_been(
    poller: Poller, home_server: Home, clock: FakeClock, path: str
) -> None:
    await poller.poll()
    home_server.watch("m1", 400)
    home_server.answers[path] = httpx.Response(503, text="no")
    with pytest.raises(ServiceTrouble):
        await after(poller, clock)
    home_server.answers.clear()
    assert said(await after(poller, clock)) == [(EventType.STARTED, 400.0)]


async def test_a_server_that_is_down_and_a_sign_in_that_is_over_are_told_apart(
    poller: Poller, home_server: Home
) -> None:
    home_server.down = True
    with pytest.raises(Unreachable):
        await poller.poll()
    home_server.down = False
    home_server.answers["/auth/refresh"] = httpx.Response(401, json={"code": 401, "message": "x"})
    with pytest.raises(SessionExpired):
        await poller.poll()


async def test_rows_of_any_shape_are_survived(
    poller: Poller, home_server: Home, clock: FakeClock
) -> None:
    await poller.poll()
    junk = [1, None, [], {}, {"id": 5}, {"id": "m", "last_watched_at": 3}, {"id": "x" * 5000}]
    home_server.answers["/movies/continue-watching"] = httpx.Response(200, json=junk)
    home_server.answers["/tvshows/continue-watching"] = httpx.Response(200, json={"no": "list"})
    home_server.answers["/movies/stats"] = httpx.Response(200, json=[])
    home_server.answers["/movies/watch-history"] = httpx.Response(200, json="text")
    assert await after(poller, clock) == []
