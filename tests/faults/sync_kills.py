"""kill -9 while accounts are kept in step: reading, merging, queueing, sending, settling, starting.

Two local destinations, Trakt and Simkl, and a library that a file filled before; the user goes on
rating and wishing at both all the while, and takes some of it back. Every engine syncs again and
again until it is killed, in the ways of `tests.faults.kills`. In the end each side has to hold what
a careful person would have put there: the union, but for what the user took back, and of Trakt's
own nothing at Simkl.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from revenge_companion.core.library import Entry, Facet, Subject
from revenge_companion.core.media import Ids
from revenge_companion.demo.sites.titles import Title, Titles
from revenge_companion.engine.start import SystemClock
from revenge_companion.paths import find_paths
from revenge_companion.store.database import Database, Link
from revenge_companion.store.library import Library
from revenge_companion.store.subjects import subject_from
from tests.clock import START
from tests.faults.kills import Profile
from tests.faults.rig import Result
from tests.unit.engine.import_kit import film

HISTORY, RATINGS, WATCHLIST = Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST
#: Films by who knows them; some are known to two, and all of them to nobody.
_TRAKT, _SIMKL, _FILE = range(260), range(240, 320), range(310, 360)
#: Of those, the ones that are rated there; and films that nobody saw and somebody wants to.
_RATED = {"trakt": range(60), "simkl": range(250, 310), "file": range(320, 345)}
_WANTED = {"trakt": range(1000, 1040), "simkl": range(1040, 1075), "file": range(1080, 1100)}
#: Films of the file that were seen twice on one day.
_TWICE = range(345, 355)
#: Statements of a life that is killed at one of them; reading and writing take some hundreds.
_STATEMENTS = 700
#: Films that the user rates or wants between two kills have numbers from here on.
_LATER = 2000
_SHOWN = (
    "SELECT i.subject, e.facet, e.shown, e.rating FROM library_entry e "
    "JOIN library_item i ON i.id = e.item_id WHERE e.shown > 0"
)
#: TMDb's number of the film 0.
_FIRST_ID = 7_500_000


def _subject(number: int) -> Subject:
    return film(number, ids=Ids(tmdb=_FIRST_ID + number))


def _watched(number: int) -> datetime:
    """When a film was seen, wherever that is known: in the middle of a minute for nobody."""
    return (START - timedelta(days=40, hours=9 * number)).replace(second=0, microsecond=0)


def _points(number: int) -> int:
    return 1 + number % 10


@dataclass(slots=True)
class Side:
    """What somebody holds, by the films' numbers."""

    plays: Counter[int] = field(default_factory=Counter)
    ratings: dict[int, int] = field(default_factory=dict)
    wishes: set[int] = field(default_factory=set)

    def lost_and_doubled(self, expected: "Side") -> tuple[int, int]:
        """How much is missing or says something else, and how much is too much."""
        lost = (expected.plays - self.plays).total() + len(expected.wishes - self.wishes)
        lost += len(expected.ratings.items() - self.ratings.items())
        doubled = (self.plays - expected.plays).total() + len(self.wishes - expected.wishes)
        return lost, doubled + len(self.ratings.keys() - expected.ratings.keys())


class Pair(Profile):
    """Two accounts and a library, and the engines that are killed while they sync."""

    #: Reading everything and sending what is missing takes a busy machine some seconds.
    life_s = 3.0

    def __init__(self, folder: Path, seed: int, share: float) -> None:
        super().__init__(folder, seed, share)
        self._home = folder / "home"
        self._later = _LATER
        sites = self.world.destinations
        self._titles: dict[str, Titles] = {"trakt": sites.trakt.titles, "simkl": sites.simkl.titles}
        #: What the sides should hold in the end.
        self.trakt, self.simkl, self.library = Side(), Side(), Side()

    async def run(self, kills: int) -> bool:
        """Fill both accounts and the library, kill `kills` times, then let one engine finish."""
        self._fill()
        if not await self._finish(sync={"link": ["trakt", "simkl"]}):
            return False
        await self._put()
        for proxy in self._proxies:
            proxy.share = self._share
        for _ in range(kills):
            await self._kill_one()
            self._change_mind()
        for proxy in self._proxies:
            proxy.share = 0.0
        return await self._finish(sync={"ends": True})

    async def silent(self) -> bool:
        """Whether one more engine has nothing to write anywhere."""
        sites = (self.world.destinations.trakt, self.world.destinations.simkl)
        before = [len(site.requests) for site in sites]
        good = await self._finish(sync={"ends": True})
        wrote = [
            request
            for site, count in zip(sites, before, strict=True)
            for request in site.requests[count:]
            if request.startswith("POST") and "/oauth" not in request
        ]
        return good and not wrote

    async def lost_and_doubled(self) -> tuple[int, int]:
        lost = doubled = 0
        for held, expected in (
            (self._at_trakt(), self.trakt),
            (self._at_simkl(), self.simkl),
            (await self._in_library(), self.library),
        ):
            missing, more = held.lost_and_doubled(expected)
            lost, doubled = lost + missing, doubled + more
        return lost, doubled

    async def _fork(self, **what: Any) -> Any:
        if what.get("statement"):
            what["statement"] = self.rng.randint(1, _STATEMENTS)
        return await super()._fork(**({"sync": {}} | what))

    # The user

    def _fill(self) -> None:
        for number in _TRAKT:
            self._sees_at_trakt(number)
        for number in _SIMKL:
            title = self._title("simkl", number)
            self.world.destinations.simkl.library.watched(title, _watched(number))
        for side, numbers in (("trakt", _RATED["trakt"]), ("simkl", _RATED["simkl"])):
            for number in numbers:
                self._rate(side, number, _watched(number) + timedelta(hours=3))
        for side in ("trakt", "simkl"):
            for number in _WANTED[side]:
                self._want(side, number)
        everywhere = {*_TRAKT, *_SIMKL, *_FILE}
        twice = dict.fromkeys(_TWICE, 2)
        ours = [*_RATED["simkl"], *_RATED["file"]]
        self.simkl.plays = Counter(dict.fromkeys({*_SIMKL, *_FILE}, 1))
        self.simkl.ratings = {number: _points(number) for number in ours}
        self.simkl.wishes = {*_WANTED["simkl"], *_WANTED["file"]}
        for side_ in (self.trakt, self.library):
            side_.plays = Counter(dict.fromkeys(everywhere, 1) | twice)
            side_.ratings = {number: _points(number) for number in (*ours, *_RATED["trakt"])}
            side_.wishes = self.simkl.wishes | {*_WANTED["trakt"]}

    async def _put(self) -> None:
        """What a file brought into the library."""
        plays = [
            Entry(HISTORY, _subject(number), f"p{number}/{again}",
                  _watched(number) + timedelta(hours=5 * again))
            for number in _FILE
            for again in range(2 if number in _TWICE else 1)
        ]  # fmt: skip
        rated = [
            Entry(RATINGS, _subject(number), f"r{number}", _watched(number),
                  rating=10 * _points(number))
            for number in _RATED["file"]
        ]  # fmt: skip
        wanted = [
            Entry(WATCHLIST, _subject(number), f"w{number}", START) for number in _WANTED["file"]
        ]
        async with self._opened() as db:
            await Library(db, SystemClock()).put("file", [*plays, *rated, *wanted])

    def _change_mind(self) -> None:
        """The user sees, rates and wants something at one of them, and takes some of it back."""
        side = self.rng.choice(("trakt", "simkl"))
        now = self.world.clock.now()
        self._later += 1
        number = self._later
        # It was seen before: who rates a film that nobody saw is told so at Simkl.
        if side == "trakt":
            self._sees_at_trakt(number)
        else:
            title = self._title("simkl", number)
            self.world.destinations.simkl.library.watched(title, _watched(number))
        self._rate(side, number, now)
        self._want(side, 10_000 + number)
        sides = [self.trakt, self.library] + [self.simkl] * (side == "simkl")
        for one in sides:
            one.plays[number] += 1
            one.ratings[number] = _points(number)
            one.wishes.add(10_000 + number)
        self._take_back(side, self.rng.choice(_RATED[side]), self.rng.choice(_WANTED[side]))
        if side == "simkl":
            self._rate_anew(self.rng.choice(_RATED[side]), now)
        if side == "trakt":
            self._unsees_at_trakt(self.rng.choice(range(100, 240)))

    def _sees_at_trakt(self, number: int) -> None:
        self.world.destinations.trakt.history.add(
            self._title("trakt", number), _watched(number), "history"
        )

    def _unsees_at_trakt(self, number: int) -> None:
        history, title = self.world.destinations.trakt.history, self._title("trakt", number)
        for row in [row for row in history.rows if row.title is title]:
            history.remove(row)
        for side in (self.trakt, self.library):
            side.plays.pop(number, None)

    def _rate(self, side: str, number: int, at: datetime) -> None:
        title, sites = self._title(side, number), self.world.destinations
        if side == "simkl":
            sites.simkl.library.rate(title, _points(number), at)
        else:
            sites.trakt.lists.ratings[title.id] = (_points(number), at)
            sites.trakt.lists.note("ratings", title)

    def _rate_anew(self, number: int, at: datetime) -> None:
        """Another rating at Simkl, from where it goes everywhere."""
        points = self.rng.randint(1, 10)
        title = self._title("simkl", number)
        self.world.destinations.simkl.library.rate(title, points, at)
        for side in (self.trakt, self.simkl, self.library):
            side.ratings[number] = points

    def _want(self, side: str, number: int) -> None:
        title, sites, now = self._title(side, number), self.world.destinations, START
        if side == "simkl":
            sites.simkl.library.put(title, "plantowatch", now)
        else:
            sites.trakt.lists.watchlist[title.id] = now
            sites.trakt.lists.note("watchlist", title)

    def _take_back(self, side: str, rated: int, wanted: int) -> None:
        sites = self.world.destinations
        one, other = self._title(side, rated), self._title(side, wanted)
        if side == "simkl":
            held = sites.simkl.library.shelved[one.id]
            held.points = held.rated_at = None
            sites.simkl.library._touch(held, "rated_at")  # noqa: SLF001  # as its page would
            sites.simkl.library.forget(other)
        else:
            sites.trakt.lists.ratings.pop(one.id, None)
            sites.trakt.lists.note("ratings", one)
            sites.trakt.lists.watchlist.pop(other.id, None)
            sites.trakt.lists.note("watchlist", other)
        # Trakt's word takes nothing back elsewhere, where nothing of this ever was.
        for held_by in (self.trakt, self.library, self.simkl):
            held_by.ratings.pop(rated, None)
            held_by.wishes.discard(wanted)

    # What they hold

    def _title(self, side: str, number: int) -> Title:
        sent = {"title": f"Film {number}", "ids": {"tmdb": _FIRST_ID + number}}
        ((title, _),) = self._titles[side].of_change("movies", sent)
        return title

    def _at_trakt(self) -> Side:
        site = self.world.destinations.trakt
        return Side(
            Counter(_number(row.title) for row in site.history.rows),
            {_number(site.titles[n]): points for n, (points, _) in site.lists.ratings.items()},
            {_number(site.titles[n]) for n in site.lists.watchlist},
        )

    def _at_simkl(self) -> Side:
        held = list(self.world.destinations.simkl.library.shelved.values())
        return Side(
            Counter(_number(one.title) for one in held if one.watched),
            {_number(one.title): one.points for one in held if one.points is not None},
            {_number(one.title) for one in held if one.status == "plantowatch"},
        )

    async def _in_library(self) -> Side:
        def job(link: Link) -> Side:
            held = Side()
            for text, facet, plays, rating in link.connection.execute(_SHOWN):
                tmdb = subject_from(text).ids.tmdb
                assert tmdb is not None
                number = int(tmdb) - _FIRST_ID
                if facet == HISTORY:
                    held.plays[number] += plays
                elif facet == RATINGS:
                    held.ratings[number] = rating // 10
                else:
                    held.wishes.add(number)
            return held

        async with self._opened() as db:
            return await db.run(job)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Database]:
        db = await Database.open(find_paths(str(self._home)).database, clock=SystemClock())
        try:
            yield db
        finally:
            await db.close()


def _number(title: Title) -> int:
    """By its id: it may have been sent without a name."""
    (known,) = (name for name in title.names if name.startswith("movie/tmdb/"))
    return int(known.rpartition("/")[2]) - _FIRST_ID


async def killed(folder: Path, seed: int, kills: int = 40, *, share: float = 0.0) -> Result:
    """Kill `kills` engines while they sync; `share` of the requests meet a fault."""
    began_s = time.perf_counter()
    home = folder / "profile"
    home.mkdir(parents=True)
    async with Pair(home, seed, share).open() as pair:
        kept = await pair.run(kills)
        lost, doubled = await pair.lost_and_doubled()
        kept = kept and await pair.silent()
        expected = pair.trakt.plays.total() + len(pair.trakt.ratings) + len(pair.trakt.wishes)
        ways = pair.killed
    note = ", ".join(f"{number} by {way}" for way, number in ways.most_common())
    return Result(
        "kill -9 while syncing" + (", bad line" if share else ""), seed, expected, None, None,
        lost, doubled, note, time.perf_counter() - began_s, kept=kept,
    )  # fmt: skip
