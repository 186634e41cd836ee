"""Ids to a server's items: kept, looked up by the thousand, and removed only after a whole walk."""

from datetime import timedelta

import pytest

from revenge_companion.core.catalogue import Coverage, ServerItem
from revenge_companion.core.library import Subject, SubjectKind, keys
from revenge_companion.core.media import Ids, Series
from revenge_companion.store.database import Database
from revenge_companion.store.index import ServerIndex
from tests.clock import START

DUNE = Subject(
    SubjectKind.MOVIE, "Dune", year=2021, ids=Ids(tmdb=438631, imdb="tt1160419"), media_id="dune"
)
SHOW = Subject(
    SubjectKind.SHOW, "Breaking Bad", year=2008, ids=Ids(tmdb=1396, tvdb=81189), media_id="bb"
)
LONG_AGO = START - timedelta(days=365)


def film(number: int) -> ServerItem:
    ids = Ids(tmdb=number)
    return ServerItem(Subject(SubjectKind.MOVIE, f"Film {number}", ids=ids, media_id=f"f{number}"))


def episode(season: int, number: int, **ids: int) -> ServerItem:
    return ServerItem(
        Subject(
            SubjectKind.EPISODE,
            f"Episode {number}",
            ids=Ids(**ids),
            series=Series(SHOW.title, SHOW.year, SHOW.ids),
            season_number=season,
            episode_number=number,
            duration_s=2700.0,
            media_id=f"bb-{season}-{number}",
        ),
        series_id="bb",
    )


def a_season(number: int) -> ServerItem:
    series = Series(SHOW.title, SHOW.year, SHOW.ids)
    subject = Subject(
        SubjectKind.SEASON, "", series=series, season_number=number, media_id=f"bb-{number}"
    )
    return ServerItem(subject, series_id="bb")


@pytest.fixture
def index(db: Database) -> ServerIndex:
    return ServerIndex(db, "http://home/ann")


async def walked(index: ServerIndex, *items: ServerItem) -> int:
    """A whole walk that saw `items`; how many films and shows it found gone."""
    generation = await index.begin()
    await index.keep(items, generation)
    kinds = (SubjectKind.MOVIE, SubjectKind.SHOW)
    gone = [await index.whole(kind, generation, START) for kind in kinds]
    return sum(gone)


async def test_every_id_finds_its_item(index: ServerIndex) -> None:
    await walked(index, ServerItem(DUNE, ("Der Wüstenplanet",)), ServerItem(SHOW))
    wanted = [*keys(DUNE), *keys(SHOW), "movie/tmdb:1"]
    assert await index.lookup(wanted) == {
        "movie/tmdb:438631": "dune",
        "movie/imdb:tt1160419": "dune",
        "show/tmdb:1396": "bb",
        "show/tvdb:81189": "bb",
    }
    assert await index.subjects(["dune", "bb", "nobody"]) == {"dune": DUNE, "bb": SHOW}


async def test_an_episode_is_found_by_its_own_ids_and_by_its_place_in_any_shows_ids(
    index: ServerIndex,
) -> None:
    await walked(index, ServerItem(SHOW))
    items = [episode(0, 1), episode(1, 3, tvdb=349235), a_season(1)]
    await index.keep_episodes(ServerItem(SHOW), items, START)
    found = await index.lookup(
        [
            "episode/tvdb:349235",
            "episode/show/tmdb:1396/1/3",
            "episode/show/tvdb:81189/1/3",
            "episode/show/tmdb:1396/0/1",
            "episode/show/tmdb:1396/1/4",
            "episode/show/tmdb:1397/1/3",
            "season/show/tmdb:1396/1",
            "season/show/tmdb:1396/0",
            "episode/show/tmdb:1396/1/x",
        ]
    )
    assert found == {
        "episode/tvdb:349235": "bb-1-3",
        "episode/show/tmdb:1396/1/3": "bb-1-3",
        "episode/show/tvdb:81189/1/3": "bb-1-3",
        "episode/show/tmdb:1396/0/1": "bb-0-1",
        "season/show/tmdb:1396/1": "bb-1",
    }
    assert (await index.subjects(["bb-1-3"]))["bb-1-3"] == items[1].subject
    known = await index.of_show("bb")
    assert [one.subject.media_id for one in known] == ["bb-0-1", "bb-1", "bb-1-3"]


async def test_a_hundred_thousand_keys_are_a_few_questions(
    index: ServerIndex, db: Database
) -> None:
    await walked(index, *(film(number) for number in range(1, 501)))
    asked = 0

    async def counting(job: object) -> object:
        nonlocal asked
        asked += 1
        return await Database.read(db, job)  # type: ignore[arg-type]  # passed on as it came

    db.read = counting  # type: ignore[method-assign]  # watched, not changed
    found = await index.lookup([f"movie/tmdb:{number}" for number in range(100_000)])
    assert len(found) == 500
    assert asked == 20


async def test_what_a_whole_walk_did_not_see_is_gone_with_its_episodes(index: ServerIndex) -> None:
    await walked(index, film(1), film(2), ServerItem(SHOW))
    await index.keep_episodes(ServerItem(SHOW), [episode(1, 1, tmdb=7)], START)
    assert await walked(index, film(2)) == 2
    assert await index.lookup(["movie/tmdb:1", "movie/tmdb:2", "show/tmdb:1396"]) == {
        "movie/tmdb:2": "f2"
    }
    assert await index.lookup(["episode/tmdb:7", "episode/show/tmdb:1396/1/1"]) == {}


async def test_a_walk_that_does_not_end_removes_nothing(index: ServerIndex) -> None:
    await walked(index, film(1), film(2))
    generation = await index.begin()
    await index.keep([film(2), film(3)], generation)
    found = await index.lookup([f"movie/tmdb:{number}" for number in (1, 2, 3)])
    assert found == {"movie/tmdb:1": "f1", "movie/tmdb:2": "f2", "movie/tmdb:3": "f3"}


async def test_an_id_that_was_corrected_no_longer_finds_the_item(index: ServerIndex) -> None:
    wrong = ServerItem(Subject(SubjectKind.MOVIE, "Dune", ids=Ids(tmdb=841), media_id="dune"))
    await walked(index, wrong)
    await walked(index, ServerItem(DUNE))
    assert await index.lookup(["movie/tmdb:841", "movie/tmdb:438631"]) == {
        "movie/tmdb:438631": "dune"
    }


async def test_of_two_copies_the_other_is_found_once_one_is_gone(index: ServerIndex) -> None:
    def copy(media_id: str) -> ServerItem:
        return ServerItem(
            Subject(SubjectKind.MOVIE, "Dune", ids=Ids(tmdb=438631), media_id=media_id)
        )

    await walked(index, copy("a"), copy("b"))
    assert await index.lookup(["movie/tmdb:438631"]) == {"movie/tmdb:438631": "a"}
    await walked(index, copy("b"))
    assert await index.lookup(["movie/tmdb:438631"]) == {"movie/tmdb:438631": "b"}


async def test_episodes_are_read_again_when_their_number_changed_or_time_has_passed(
    index: ServerIndex,
) -> None:
    async def unread(before: timedelta, *show_keys: str) -> list[str]:
        found = await index.unread(START + before, show_keys or None)
        return [one.show.subject.media_id for one in found]

    hour = timedelta(hours=1)
    await walked(index, ServerItem(SHOW, episodes=1))
    assert await unread(-hour) == ["bb"]
    assert await unread(-hour, "show/tvdb:81189") == ["bb"]
    assert await unread(-hour, "show/tvdb:1") == []
    by_id = await index.unread(START - hour, ["bb", "nobody"], by_id=True)
    assert [one.show.subject for one in by_id] == [SHOW]
    await index.keep_episodes(ServerItem(SHOW), [episode(1, 1)], START)
    assert await unread(-hour) == []
    assert await unread(hour) == ["bb"]
    await walked(index, ServerItem(SHOW, episodes=1))
    assert await unread(-hour) == []
    await walked(index, ServerItem(SHOW, episodes=2))
    assert await unread(-hour) == ["bb"]


async def test_the_state_says_how_far_it_knows(index: ServerIndex) -> None:
    assert (await index.state()).coverage is Coverage.NOTHING
    assert await index.walked_at() is None
    await walked(index, film(1), ServerItem(SHOW))
    assert await index.walked_at() == START
    assert (await index.state()).coverage is Coverage.TITLES
    await index.keep_episodes(ServerItem(SHOW), [episode(1, 1), episode(1, 2), a_season(1)], START)
    state = await index.state()
    assert state.coverage is Coverage.EVERYTHING
    assert (state.films, state.shows, state.episodes) == (1, 1, 2)


async def test_profiles_do_not_see_each_other(index: ServerIndex, db: Database) -> None:
    other = ServerIndex(db, "http://home/bob")
    await walked(index, film(1))
    await walked(other, film(2))
    assert await index.lookup(["movie/tmdb:1", "movie/tmdb:2"]) == {"movie/tmdb:1": "f1"}
    assert [one.subject.media_id for one in await other.titled(SubjectKind.MOVIE)] == ["f2"]


async def test_titles_come_with_their_other_names_in_pages(index: ServerIndex) -> None:
    await walked(index, ServerItem(DUNE, ("Der Wüsten\nplanet",)), film(1), film(2))
    (first,) = await index.after(SubjectKind.MOVIE, "", limit=1)
    assert (first.subject, first.other_titles) == (DUNE, ("Der Wüsten planet",))
    rest = await index.after(SubjectKind.MOVIE, "dune", limit=5)
    assert [one.subject.media_id for one in rest] == ["f1", "f2"]
