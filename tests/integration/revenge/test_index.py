"""Walking a catalogue whose pages overlap, and one that breaks off."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from revenge_companion.core.catalogue import ServerItem
from revenge_companion.core.errors import ServiceTrouble
from revenge_companion.core.library import SubjectKind
from revenge_companion.core.media import Ids, Item, Kind, Series
from revenge_companion.demo.large import large_library
from revenge_companion.demo.library import Library, Show
from revenge_companion.revenge.index import ORDERS, CatalogueWalk
from revenge_companion.revenge.pace import WAITS_S
from tests.clock import FakeClock
from tests.integration.revenge.line import Line, a_line

#: Films that share titles and years tie in every order.
LIBRARY = large_library(films=450, shows=230, episodes=12)
TWINS = replace(
    LIBRARY, movies=tuple(replace(film, title="Twins", year=1988) for film in LIBRARY.movies)
)


class Kept:
    """What a walk handed over."""

    def __init__(self) -> None:
        self.items: dict[str, ServerItem] = {}
        self.handed = 0

    async def __call__(self, items: Sequence[ServerItem], total: int | None) -> None:
        assert total is None or total > 0
        self.handed += len(items)
        self.items |= {item.subject.media_id: item for item in items}


@pytest.fixture
async def line(clock: FakeClock) -> AsyncIterator[Line]:
    async with a_line(LIBRARY, clock) as line:
        yield line


def walk_of(line: Line) -> CatalogueWalk:
    return CatalogueWalk(line.client, line.pace)


async def test_every_film_and_show_is_read_though_pages_overlap(line: Line) -> None:
    films, shows = Kept(), Kept()
    walk = walk_of(line)
    assert await line.come(walk.films(films))
    assert await line.come(walk.shows(shows))
    assert set(films.items) == {film.media_id for film in LIBRARY.movies}
    assert set(shows.items) == {show.id for show in LIBRARY.shows}
    film = LIBRARY.movies[7]
    found = films.items[film.media_id].subject
    assert (found.kind, found.title, found.year) == (SubjectKind.MOVIE, film.title, film.year)
    assert (found.ids, found.duration_s) == (film.ids, film.duration_s)
    show = LIBRARY.shows[7]
    assert shows.items[show.id].subject.ids == show.series.ids
    assert shows.items[show.id].episodes == 13


async def test_pages_that_leave_films_out_are_asked_for_again(clock: FakeClock) -> None:
    async with a_line(TWINS, clock) as line:
        films = Kept()
        assert await line.come(walk_of(line).films(films))
        assert len(films.items) == len(TWINS.movies)
        assert films.handed > len(films.items)
        assert 5 < line.asked("GET /api/v1/movies") <= 5 * len(ORDERS)


async def test_a_list_that_never_adds_up_is_not_whole(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = line.client.films_page

    async def one_more(offset: int, order: str) -> object:
        page = await read(offset, order)
        return replace(page, total=(page.total or 0) + 1)

    monkeypatch.setattr(line.client, "films_page", one_more)
    films = Kept()
    assert not await line.come(walk_of(line).films(films))
    assert len(films.items) == len(LIBRARY.movies)


async def test_a_film_that_goes_during_the_walk_makes_it_begin_anew(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = line.client.films_page
    fewer = replace(LIBRARY, movies=LIBRARY.movies[:-1])

    async def scanned(offset: int, order: str) -> object:
        if offset == 200:
            line.server.scan(fewer)
        return await read(offset, order)

    monkeypatch.setattr(line.client, "films_page", scanned)
    films = Kept()
    assert await line.come(walk_of(line).films(films))
    assert {film.media_id for film in fewer.movies} <= set(films.items)
    # The first try ends with another number than it began with, and proves nothing.
    assert line.asked("GET /api/v1/movies") >= 10


@pytest.mark.parametrize("status", [429, 500])
async def test_trouble_in_the_middle_is_waited_out(line: Line, status: int) -> None:
    line.server.faults.answer(status, to="GET /api/v1/movies", after=2, times=3)
    films = Kept()
    assert await line.come(walk_of(line).films(films))
    assert len(films.items) == len(LIBRARY.movies)
    assert line.asked("GET /api/v1/movies") == 5 + 3


async def test_trouble_that_stays_ends_the_walk(line: Line) -> None:
    line.server.faults.answer(500, to="GET /api/v1/movies", after=2, times=50)
    with pytest.raises(ServiceTrouble):
        await line.come(walk_of(line).films(Kept()))
    assert line.asked("GET /api/v1/movies") == 2 + len(WAITS_S) + 1


async def test_episodes_come_with_their_show_their_seasons_and_specials(line: Line) -> None:
    shows = Kept()
    walk = walk_of(line)
    await line.come(walk.shows(shows))
    show = LIBRARY.shows[3]
    items = await line.come(walk.episodes(shows.items[show.id]))
    assert items is not None
    episodes = [one.subject for one in items if one.subject.kind is SubjectKind.EPISODE]
    assert [one.label for one in episodes] == [one.label for one in show.episodes]
    assert episodes[0].season_number == 0
    assert episodes[1].series == show.series
    assert episodes[1].ids == show.episodes[1].ids
    seasons = [one.subject for one in items if one.subject.kind is SubjectKind.SEASON]
    assert [one.season_number for one in seasons] == [0, 1, 2]
    assert {one.series_id for one in items} == {show.id}


async def test_a_lone_404_is_no_absence(line: Line) -> None:
    shows = Kept()
    walk = walk_of(line)
    await line.come(walk.shows(shows))
    show = shows.items[LIBRARY.shows[3].id]
    line.server.faults.answer(404, to=f"{show.subject.media_id}/episodes")
    assert await line.come(walk.episodes(show)) is None


async def test_a_series_longer_than_any_page_is_read_whole(clock: FakeClock) -> None:
    series = Series("The Long Run", 1963, Ids(tmdb=5))
    episodes = tuple(
        Item(
            Kind.EPISODE, f"e{n}", "", series=series, season_number=1, episode_number=n,
            duration_s=1500.0,
        )
        for n in range(1, 1601)
    )  # fmt: skip
    library = Library((), (Show("long", series, episodes),), ())
    async with a_line(library, clock) as line:
        shows = Kept()
        walk = walk_of(line)
        await line.come(walk.shows(shows))
        items = await line.come(walk.episodes(shows.items["long"]))
        assert items is not None
        assert len(items) == 1601
        assert len(await line.client.series_episodes("long")) == 1600
