"""A server that learns: what was kept for it is sent, and who scrobbles is the user's to say."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from revenge_companion.core.abilities import Abilities, Ability, StandDown
from revenge_companion.core.library import Entry, Facet, Subject, SubjectKind
from revenge_companion.core.media import Ids
from revenge_companion.core.reasons import Reason
from revenge_companion.demo.large import large_library
from revenge_companion.engine.index import Index
from revenge_companion.engine.learning import EVERY_S, Learning
from revenge_companion.engine.pushing import Pushing
from revenge_companion.revenge.index import CatalogueWalk
from revenge_companion.revenge.pushing import Pusher
from revenge_companion.store.database import Database
from revenge_companion.store.library import Library
from revenge_companion.store.pushes import Pushes
from tests.clock import FakeClock, eventually
from tests.integration.engine.house import FILM, running
from tests.integration.revenge.line import Line, a_line

LIBRARY = large_library(films=4, shows=2, episodes=2)
PROFILE = "home/ann"
OFFERS = frozenset({Ability.RATINGS, Ability.WATCHLIST})


def said(facet: Facet, number: int, rating: int | None = None, *, show: bool = False) -> Entry:
    """A line of a service about a film or show of the server, matched with it."""
    if show:
        one = LIBRARY.shows[number]
        subject = Subject(SubjectKind.SHOW, one.series.title, ids=one.series.ids, media_id=one.id)
    else:
        film = LIBRARY.movies[number]
        subject = Subject(SubjectKind.MOVIE, film.title, ids=film.ids, media_id=film.media_id)
    return Entry(facet, subject, line=f"{facet}/{show}/{number}", rating=rating)


@dataclass
class Desk:
    line: Line
    library: Library
    pushing: Pushing

    async def push(self) -> int:
        return await self.line.come(self.pushing.push(OFFERS))

    @property
    def ratings(self) -> dict[str, float]:
        return self.line.server.learned.ratings


@pytest.fixture
async def desk(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Desk]:
    db = await Database.open(tmp_path / "companion.db", clock=clock)
    async with a_line(LIBRARY, clock) as line:
        line.server.learned.learn(["ratings", "watchlist"])
        index = Index(db, clock, lambda: None)
        index.use(PROFILE, CatalogueWalk(line.client, line.pace))
        await line.come(index.refresh())
        pushing = Pushing(Pushes(db, PROFILE), Pusher(line.client, line.pace))
        yield Desk(line, Library(db, clock), pushing)
    await db.close()


async def test_what_was_kept_is_sent_once_the_server_takes_it(desk: Desk) -> None:
    elsewhere = Subject(SubjectKind.MOVIE, "Elsewhere", ids=Ids(tmdb=1))
    await desk.library.put(
        "account:1",
        [
            said(Facet.RATINGS, 0, 90),
            said(Facet.RATINGS, 1, 10),
            said(Facet.RATINGS, 0, 70, show=True),
            said(Facet.WATCHLIST, 2),
            said(Facet.WATCHLIST, 1, show=True),
            Entry(Facet.RATINGS, elsewhere, line="x", rating=50),
        ],
    )
    assert await desk.push() == 5
    films, shows = LIBRARY.movies, LIBRARY.shows
    assert desk.ratings == {films[0].media_id: 4.5, films[1].media_id: 0.5, shows[0].id: 3.5}
    wishes = {(one["media_type"], one["media_id"]) for one in desk.line.server.learned.wishes}
    assert wishes == {("movie", films[2].media_id), ("series", shows[1].id)}
    asked = len(desk.line.server.faults.requests)
    assert await desk.push() == 0
    assert len(desk.line.server.faults.requests) == asked


async def test_several_sources_rate_one_film_once(desk: Desk) -> None:
    await desk.library.put("account:1", [said(Facet.RATINGS, 0, 90)])
    other = replace(said(Facet.RATINGS, 0, 90), line="other")
    await desk.library.put("account:2", [other])
    assert await desk.push() == 1


async def test_a_rating_that_changes_here_changes_there(desk: Desk) -> None:
    film = LIBRARY.movies[0].media_id
    await desk.library.put("account:1", [said(Facet.RATINGS, 0, 90)])
    await desk.push()
    await desk.library.put("account:1", [said(Facet.RATINGS, 0, 20)])
    assert await desk.push() == 1
    assert desk.ratings == {film: 1.0}


async def test_what_the_user_rated_there_stays(desk: Desk) -> None:
    one, other = (film.media_id for film in LIBRARY.movies[:2])
    desk.ratings[one] = 2.0
    await desk.library.put("account:1", [said(Facet.RATINGS, 0, 90), said(Facet.RATINGS, 1, 90)])
    assert await desk.push() == 1
    desk.ratings[other] = 1.5
    await desk.library.put("account:1", [said(Facet.RATINGS, 0, 80), said(Facet.RATINGS, 1, 80)])
    assert await desk.push() == 0
    assert desk.ratings == {one: 2.0, other: 1.5}


async def test_what_the_user_took_off_the_list_there_does_not_come_back(desk: Desk) -> None:
    await desk.library.put("account:1", [said(Facet.WATCHLIST, 0)])
    assert await desk.push() == 1
    desk.line.server.learned.wishes.clear()
    assert await desk.push() == 0
    assert desk.line.server.learned.wishes == []


@pytest.mark.expected_logs("does not keep ratings")
async def test_a_server_that_means_something_else_is_left_alone(desk: Desk) -> None:
    desk.line.server.learned.misreads_ratings = True
    await desk.library.put("account:1", [said(Facet.RATINGS, n, 40) for n in range(3)])
    assert await desk.push() == 0
    assert len(desk.ratings) == 1
    assert await desk.push() == 0
    assert (len(desk.ratings), desk.pushing.refused) == (1, {Ability.RATINGS})


@pytest.mark.expected_logs("does not keep ratings")
async def test_what_was_learnt_is_told_once_and_known_after_a_restart(
    desk: Desk, clock: FakeClock
) -> None:
    class Meta:
        kept: dict[str, str] = {}  # noqa: RUF012  # what outlasts a restart

        async def get_meta(self, key: str) -> str | None:
            return self.kept.get(key)

        async def set_meta(self, key: str, value: str) -> None:
            self.kept[key] = value

    async def film() -> str:
        return LIBRARY.movies[0].media_id

    told: list[tuple[frozenset[Ability], bool]] = []

    def changed(found: Abilities, news: bool) -> None:
        told.append((found.offers, news))

    async def hours(count: int, learning: Learning) -> None:
        before = desk.line.asked("GET /api/v1/ux/watchlist")
        task = asyncio.create_task(learning.run(desk.line.client, PROFILE))
        for number in range(1, count + 1):
            await eventually(
                lambda asked=before + number: (
                    desk.line.asked("GET /api/v1/ux/watchlist") == asked and clock.sleeping
                )
            )
            if number < count:
                await clock.turn(EVERY_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def learning() -> Learning:
        return Learning(Meta(), clock, film=film, pushing=desk.pushing, changed=changed)

    await hours(3, learning())
    assert told == [(OFFERS, True)]
    await hours(1, learning())
    assert told == [(OFFERS, True), (OFFERS, False)]
    desk.line.server.learned.misreads_ratings = True
    await desk.library.put("account:1", [said(Facet.RATINGS, 0, 40)])
    last = learning()
    await hours(1, last)
    assert last.abilities.offers == {Ability.WATCHLIST}


async def test_a_server_that_scrobbles_by_itself_is_left_to_it_when_the_user_says_so(
    home: Path,
) -> None:
    async with running(home, services=("trakt", "simkl"), signed_in=False) as house:
        learned = house.world.server.learned
        learned.learn(["scrobbles"])
        learned.connections = [{"service": "trakt", "enabled": True}]
        await house.sign_in()
        engine = house.engine
        await house.until(lambda: engine.status.doubled == ("Trakt",))
        reasons = [one.reason for one in house.notices]
        assert reasons.count(Reason.SERVER_SCROBBLES) == 1
        assert engine.status.abilities.scrobbles
        await house.play(FILM)
        await house.until(lambda: house.held("trakt") == 1 and house.held("simkl") == 1)
        await engine.save_settings(replace(engine.settings, stand_down=StandDown.YES))
        assert engine.status.doubled == ()
        other = house.world.server.library.movies[3]
        await house.play(other)
        await house.until(lambda: house.held("simkl") == 2)
        await house.drained()
        assert house.held("trakt") == 1
        starts = [one for one in house.world.destinations.sites["trakt"].requests if "start" in one]
        assert len(starts) == 1
        await engine.save_settings(replace(engine.settings, stand_down=StandDown.NO))
        assert engine.status.doubled == ()
        await house.play(house.world.server.library.movies[0])
        await house.until(lambda: house.held("trakt") == 2)
