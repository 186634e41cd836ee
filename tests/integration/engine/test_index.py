"""The index kept by the engine: filled at sign-in, refreshed by scans, never emptied by half."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from revenge_companion.cli import doctor
from revenge_companion.core.catalogue import Coverage
from revenge_companion.core.errors import CompanionError, ServiceTrouble
from revenge_companion.core.library import Subject, SubjectKind, keys, subject_of
from revenge_companion.core.media import Ids, Series
from revenge_companion.demo.large import large_library
from revenge_companion.engine.index import RETRY_S, SETTLE_S, WALK_AGE, Index
from revenge_companion.engine.requests import Requests
from revenge_companion.revenge.index import CatalogueWalk
from revenge_companion.revenge.pace import WAITS_S
from revenge_companion.store.database import Database
from tests.clock import FakeClock, eventually
from tests.integration.engine.house import running
from tests.integration.revenge.line import Line, a_line

LIBRARY = large_library(films=230, shows=12, episodes=24)
FILM = subject_of(LIBRARY.movies[5])
EPISODES = [subject_of(one) for one in LIBRARY.shows[4].episodes]
#: As a service names it: by its show alone, with another of the show's ids.
EPISODE = replace(
    EPISODES[14],
    ids=Ids(),
    media_id="",
    series=Series("Another Name", None, Ids(imdb=LIBRARY.shows[4].series.ids.imdb)),
)


@dataclass
class Desk:
    line: Line
    index: Index
    db: Database
    changes: list[None]

    async def ids_of(self, *subjects: Subject) -> list[str | None]:
        wanted = [keys(one) for one in subjects]
        asked = [key for some in wanted for key in some]
        found = await self.line.come(self.index.lookup(asked))
        return [next((found[key] for key in some if key in found), None) for some in wanted]


@pytest.fixture
async def desk(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Desk]:
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    changes: list[None] = []
    async with a_line(LIBRARY, clock) as line:
        index = Index(db, clock, lambda: changes.append(None))
        index.use("home/ann", CatalogueWalk(line.client, line.pace))
        yield Desk(line, index, db, changes)
        await index.stop()
    await db.close()


async def test_the_first_question_walks_and_reads_only_the_show_it_is_about(desk: Desk) -> None:
    nobody = Subject(SubjectKind.MOVIE, "Nobody", ids=Ids(tmdb=1))
    found = await desk.ids_of(FILM, EPISODE, EPISODES[0], nobody)
    assert found == [FILM.media_id, EPISODES[14].media_id, EPISODES[0].media_id, None]
    assert desk.line.asked("/episodes") == 1
    pages = desk.line.asked("GET /api/v1/movies")
    assert await desk.ids_of(FILM, EPISODE) == found[:2]
    assert (desk.line.asked("/episodes"), desk.line.asked("GET /api/v1/movies")) == (1, pages)
    state = await desk.index.state()
    assert (state.coverage, state.films, state.shows, state.episodes) == (
        Coverage.TITLES,
        230,
        12,
        25,
    )


async def test_everything_is_read_on_request(desk: Desk) -> None:
    assert await desk.line.come(desk.index.refresh(everything=True))
    state = await desk.index.state()
    assert (state.coverage, state.episodes) == (Coverage.EVERYTHING, 12 * 25)
    # Known by an id of its own, without its show.
    alone = replace(EPISODES[3], series=None, season_number=None)
    assert await desk.ids_of(alone) == [EPISODES[3].media_id]


async def test_those_who_ask_together_share_a_walk_and_hear_of_its_progress(desk: Desk) -> None:
    both = asyncio.gather(desk.index.refresh(), desk.index.refresh())
    assert await desk.line.come(both) == [True, True]
    assert desk.line.asked("GET /api/v1/movies") == 3
    assert len(desk.changes) > 3


async def test_a_walk_that_breaks_off_leaves_what_was_known(desk: Desk) -> None:
    await desk.line.come(desk.index.refresh())
    desk.line.server.scan(replace(LIBRARY, movies=LIBRARY.movies[100:]))
    desk.line.server.faults.answer(500, to="GET /api/v1/movies", after=1, times=50)
    with pytest.raises(ServiceTrouble):
        await desk.line.come(desk.index.refresh())
    state = await desk.index.state()
    assert (state.films, state.walking) == (230, False)
    assert "failed" in state.trouble
    desk.line.server.faults.forget()
    assert await desk.line.come(desk.index.refresh())
    state = await desk.index.state()
    assert (state.films, state.trouble) == (130, "")
    assert await desk.ids_of(FILM) == [None]


async def test_half_the_series_answering_404_removes_no_episode(
    desk: Desk, clock: FakeClock
) -> None:
    await desk.line.come(desk.index.refresh(everything=True))
    clock.advance(8 * 86400)
    desk.line.server.faults.answer(404, to="/episodes", times=6)
    assert await desk.line.come(desk.index.refresh(everything=True))
    assert (await desk.index.state()).episodes == 12 * 25


async def test_a_show_never_read_has_to_be_and_one_read_long_ago_need_not(
    desk: Desk, clock: FakeClock
) -> None:
    await desk.line.come(desk.index.refresh())
    desk.line.server.faults.answer(500, to="/episodes", times=50)
    with pytest.raises(CompanionError):
        await desk.ids_of(EPISODE)
    desk.line.server.faults.forget()
    assert await desk.ids_of(EPISODE) == [EPISODES[14].media_id]
    clock.advance(8 * 86400)
    desk.line.server.faults.answer(500, to="/episodes", times=50)
    assert await desk.ids_of(EPISODE) == [EPISODES[14].media_id]


async def test_a_new_episode_is_found_after_a_scan(desk: Desk, clock: FakeClock) -> None:
    show = LIBRARY.shows[4]
    fewer = replace(show, episodes=show.episodes[:14])
    shows = [fewer if one is show else one for one in LIBRARY.shows]
    desk.line.server.scan(replace(LIBRARY, shows=tuple(shows)))
    keeping = asyncio.create_task(desk.index.run())
    await eventually_walked(desk)
    assert await desk.ids_of(EPISODE) == [None]
    desk.line.server.scan(LIBRARY)
    desk.index.scanned()
    desk.index.scanned()
    pages = desk.line.asked("GET /api/v1/tvshows")
    await clock.turn(SETTLE_S + 1)
    await eventually(lambda: desk.line.asked("GET /api/v1/tvshows") > pages)
    await eventually_walked(desk)
    assert await desk.ids_of(EPISODE) == [EPISODES[14].media_id]
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def test_it_is_walked_once_a_day_and_again_soon_after_trouble(
    desk: Desk, clock: FakeClock
) -> None:
    def walks() -> int:
        return sum(one == "GET /api/v1/tvshows" for one in desk.line.server.faults.requests)

    tries = len(WAITS_S) + 1
    desk.line.server.faults.answer(500, to="GET /api/v1/tvshows", times=tries)
    keeping = asyncio.create_task(desk.index.run())
    for _ in range(tries):
        await clock.turn(WAITS_S[-1])
        await eventually(lambda: bool(clock.sleeping))
    assert walks() == tries
    await clock.turn(RETRY_S)
    await eventually_walked(desk)
    seen = walks()
    assert seen == tries + 1
    await clock.turn(WALK_AGE.total_seconds() / 2)
    assert walks() == seen
    await clock.turn(WALK_AGE.total_seconds() / 2 + 60)
    await eventually(lambda: walks() > seen)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def test_a_question_walks_an_index_that_nothing_keeps_fresh(
    desk: Desk, clock: FakeClock
) -> None:
    def walks() -> int:
        return sum(one == "GET /api/v1/tvshows" for one in desk.line.server.faults.requests)

    assert await desk.ids_of(FILM) == [FILM.media_id]
    await desk.ids_of(FILM)
    first = walks()
    clock.advance(WALK_AGE.total_seconds() + 1)
    # What is known goes on answering where the server does not.
    tries = len(WAITS_S) + 1
    desk.line.server.faults.answer(500, to="GET /api/v1/movies", times=tries)
    assert await desk.ids_of(FILM) == [FILM.media_id]
    assert walks() == first
    assert await desk.ids_of(FILM) == [FILM.media_id]
    assert walks() == first
    clock.advance(RETRY_S + 1)
    await desk.ids_of(FILM)
    assert walks() > first


async def eventually_walked(desk: Desk) -> None:
    async def walked() -> None:
        while True:
            state = await desk.index.state()
            if state.coverage is not Coverage.NOTHING and not state.walking:
                return
            await asyncio.sleep(0.01)

    await desk.line.come(walked())


async def test_suggestions_name_films_by_title_and_episodes_by_place(desk: Desk) -> None:
    # Nobody has walked yet: a file without ids asks for nothing before the user does.
    wanted = Subject(SubjectKind.MOVIE, f"{FILM.title}!", year=FILM.year)
    first, *_ = await desk.line.come(desk.index.search(wanted))
    assert (first.media_id, first.label, first.likeness) == (FILM.media_id, FILM.label, 1.0)
    episode = replace(EPISODE, series=Series(LIBRARY.shows[4].series.title))
    first, *_ = await desk.line.come(desk.index.search(episode))
    assert first.media_id == EPISODES[14].media_id
    assert first.label == f"{EPISODES[14].label} {EPISODES[14].title}"
    by_text = await desk.line.come(desk.index.search(EPISODE, LIBRARY.shows[4].series.title))
    assert by_text[0].media_id == EPISODES[14].media_id
    track = Subject(SubjectKind.TRACK, FILM.title)
    assert await desk.line.come(desk.index.search(track)) == []


async def test_an_episode_of_an_anime_list_is_suggested_wherever_it_may_be(desk: Desk) -> None:
    """All that is known of it is that it is the third of something."""
    await desk.line.come(desk.index.refresh())
    bare = replace(EPISODE, series=Series(LIBRARY.shows[4].series.title), season_number=None)
    wanted = replace(bare, episode_number=3)
    found = await desk.line.come(desk.index.search(wanted))
    thirds = [one.media_id for one in EPISODES if one.episode_number == 3]
    assert [one.media_id for one in found][: len(thirds)] == thirds
    assert len(await desk.line.come(desk.index.search(wanted, limit=1))) == 1


async def test_the_whole_engine_fills_it_after_signing_in_and_keeps_it_signed_out(
    home: Path,
) -> None:
    async with running(home, services=()) as house:
        film = subject_of(house.world.server.library.movies[2])
        async with asyncio.timeout(15):
            while not await house.engine.server.index.lookup(keys(film)):  # noqa: ASYNC110  # no event tells of rows
                await asyncio.sleep(0.01)
        said = await Requests(house.engine).handle("status", {})
        server = house.world.server.library
        assert said["library"]["known"] == "titles"
        assert said["library"]["films"] == len(server.movies)
        assert (said["server_offers"], said["doubled"]) == ([], [])
        await house.engine.sign_out()
        found = await house.engine.server.index.lookup(keys(film))
        assert set(found.values()) == {film.media_id}


@pytest.mark.parametrize(
    ("known", "ok", "says"),
    [
        ({"known": "nothing"}, None, "It is read while the Companion runs."),
        ({"known": "titles", "films": 2000, "shows": 500, "episodes": 7}, True, "2,000 films"),
        ({"known": "titles", "trouble": "The server failed."}, False, "The server failed."),
    ],
)
def test_the_doctor_says_what_is_known(
    known: dict[str, object], ok: bool | None, says: str
) -> None:
    empty = {"films": 0, "shows": 0, "episodes": 0, "trouble": ""}
    found = doctor._library(empty | known)  # noqa: SLF001  # a line of the whole, alone
    assert found.ok is ok
    assert says in found.says


@pytest.mark.parametrize(
    ("offers", "doubled", "ok", "says"),
    [
        ([], [], True, "kept here"),
        (["ratings", "watchlist"], [], True, "ratings, watchlist"),
        (["scrobbles"], ["Trakt"], False, "Trakt"),
    ],
)
def test_the_doctor_says_what_the_server_offers(
    offers: list[str], doubled: list[str], ok: bool, says: str
) -> None:
    said = {"server_offers": offers, "doubled": doubled}
    found = doctor._offers(said)  # noqa: SLF001  # a line of the whole, alone
    assert found.ok is ok
    assert says in found.says
