"""Syncs against a careful person's book-keeping, whatever is done where and whatever fails.

Three accounts: one that keeps what it has to itself, as Trakt's rules want it; one with points from
1 to 10 and a clock that may be wrong; one with another scale that dates a whole entry, as anime
lists do. In every phase the user changes things, each film at one account only, while accounts are
synced, walks break off half way, deliveries come late and time passes. Then everything comes to
rest, and every side has to hold what the user meant.
"""

import itertools
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from revenge_companion.core.errors import ServiceTrouble
from revenge_companion.core.library import Entry, Facet, keys
from revenge_companion.core.ratings import agree, rating_of
from revenge_companion.core.scrobble import Scrobble
from tests.clock import START
from tests.unit.engine.import_kit import film, play
from tests.unit.engine.sync_kit import HISTORY, RATINGS, SPEC, WATCHLIST, FakeAccount, Home, home

POINTS = replace(SPEC, key="points", name="Points")
STARS = replace(SPEC, key="stars", name="Stars", dates_entries=True)
SILENT = replace(SPEC, key="silent", name="Silent", keeps_to_itself="It is not allowed.")
#: Films that are rated and wanted; those that are seen have numbers from 100 on.
FILMS = 6
#: Further than this a phase does not go.
STEPS = 9


@dataclass
class Side(FakeAccount):
    """An account with a clock of its own."""

    skew: timedelta = timedelta()

    def take(self, scrobble: Scrobble, now: datetime) -> None:
        super().take(scrobble, now + self.skew)

    def holds(self, facet: Facet) -> dict[str, Entry]:
        return {line.subject.title: line for line in self.lines.get(facet, ())}

    def say(self, facet: Facet, number: int, now: datetime, rating: int | None = None) -> None:
        self.unsay(facet, number)
        # What is about the same is the same line, whoever put it there.
        name = f"line-{keys(film(number))[0]}"
        line = Entry(facet, film(number), name, now + self.skew, rating=rating, steps=self.steps)
        self.lines.setdefault(facet, []).append(line)

    def unsay(self, facet: Facet, number: int) -> bool:
        before = self.lines.get(facet, [])
        self.lines[facet] = [line for line in before if line.subject != film(number)]
        return len(before) > len(self.lines[facet])

    def see(self, number: int, at: datetime, name: str) -> None:
        self.lines.setdefault(HISTORY, []).append(play(film(number), name, at))


@dataclass
class Book:
    """What a careful person would have each account hold in the end."""

    #: The accounts, and the one of them that keeps to itself; 0 where none does.
    accounts: tuple[int, ...]
    silent: int
    #: Rating and the steps it was given in, or True, by facet, account and film.
    said: dict[tuple[Facet, int, int], tuple[int, int] | bool] = field(default_factory=dict)
    #: What a sync has read at an account; and what the others said before that, where it has not.
    read: set[tuple[Facet, int, int]] = field(default_factory=set)
    before: dict[tuple[Facet, int, int], dict[int, tuple[int, int] | bool]] = field(
        default_factory=dict
    )
    #: Plays, by account.
    plays: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    def _reached(self, side: int) -> tuple[int, ...]:
        """Where it is heard what is said at an account."""
        return (side,) if side == self.silent else self.accounts

    def says(self, facet: Facet, side: int, number: int, what: tuple[int, int] | bool) -> None:
        if (facet, side, number) not in self.read:
            self.before.setdefault(
                (facet, side, number),
                {o: was for o in self.accounts if (was := self.said.get((facet, o, number)))},
            )
        for other in self._reached(side):
            self.said[facet, other, number] = what

    def takes_back(self, facet: Facet, side: int, number: int) -> None:
        for other in self._reached(side):
            self.said.pop((facet, other, number), None)
        if (facet, side, number) not in self.read:
            # Nobody but the account ever knew of it.
            for other, was in self.before.pop((facet, side, number), {}).items():
                self.said[facet, other, number] = was

    def has_read(self, facet: Facet, number: int, side: Side) -> None:
        """A sync came through what an account has of a facet."""
        for one in range(FILMS):
            known = film(one).title in side.holds(facet)
            (self.read.add if known else self.read.discard)((facet, number, one))
            self.before.pop((facet, number, one), None)

    def sees(self, side: int, number: int) -> None:
        for other in self._reached(side):
            self.plays[other].add(number)

    def check(self, sides: dict[int, Side]) -> None:
        for number, side in sides.items():
            for facet in (RATINGS, WATCHLIST):
                held = side.holds(facet)
                meant = {
                    film(one).title: what
                    for (of, at, one), what in self.said.items()
                    if of is facet and at == number
                }
                assert set(held) == set(meant), (number, facet)
                for title, what in meant.items():
                    if isinstance(what, tuple):
                        line = held[title]
                        assert line.rating is not None
                        assert agree(line.rating, line.steps, *what), (number, title, what)
            seen = [line.subject.title for line in side.lines.get(HISTORY, ())]
            assert sorted(seen) == sorted(film(one).title for one in self.plays[number]), number


@dataclass
class World:
    one: Home
    sides: dict[int, Side]
    book: Book
    dice: random.Random
    next_play: Iterator[int]
    #: The user may say something of one film at several accounts before any of them is read.
    at_once: bool = False

    async def phase(self) -> None:
        """The user does this and that, each film at one account; then everything rests."""
        where = {number: self.dice.choice(list(self.sides)) for number in range(FILMS)}
        for _ in range(self.dice.randint(3, STEPS)):
            await self._step(where)
        for side in self.sides.values():
            side.errors.clear()
        await self._rest()
        if self.at_once:
            self._agreed()
        else:
            self.book.check(self.sides)

    async def _step(self, where: dict[int, int]) -> None:
        dice, now = self.dice, self.one.clock.now()
        number = dice.randrange(FILMS)
        at = dice.choice(list(self.sides)) if self.at_once else where[number]
        side = self.sides[at]
        match dice.randrange(9):
            case 0 | 1:
                points = rating_of(dice.randint(1, side.steps), side.steps)
                assert points is not None
                side.say(RATINGS, number, now, points)
                self.book.says(RATINGS, at, number, (points, side.steps))
            case 2:
                if side.unsay(RATINGS, number):
                    self.book.takes_back(RATINGS, at, number)
            case 3:
                side.say(WATCHLIST, number, now)
                self.book.says(WATCHLIST, at, number, True)
            case 4:
                if side.unsay(WATCHLIST, number):
                    self.book.takes_back(WATCHLIST, at, number)
            case 5:
                other = dice.choice(list(self.sides))
                seen = next(self.next_play)
                self.sides[other].see(seen, START - timedelta(days=seen), f"seen-{seen}")
                self.book.sees(other, seen)
            case 6:
                # Its walk may break off after some pages, for good.
                other = dice.choice(list(self.sides))
                if dice.random() < 0.5:
                    first = len(self.sides[other].requests) + dice.randrange(4)
                    down = ServiceTrouble("Down.")
                    self.sides[other].errors = {first + n: down for n in range(9)}
                await self._sync(other)
                self.sides[other].errors.clear()
            case 7:
                await self.one.deliver()
            case _:
                # An episode is watched: every date of an anime list's entry moves.
                for one in self.sides.values():
                    if one.dates_itself:
                        known = one.lines.get(RATINGS, [])
                        one.lines[RATINGS] = [replace(line, at=now + one.skew) for line in known]
        await self.one.clock.turn(dice.choice((1.0, 600.0, 90_000.0)))

    def _agreed(self) -> None:
        """Who may hear of everything says the same, and everything that was seen is there."""
        first, *others = (side for n, side in self.sides.items() if n != self.book.silent)
        for other in others:
            for facet in (RATINGS, WATCHLIST):
                held, theirs = first.holds(facet), other.holds(facet)
                assert set(held) == set(theirs), facet
                for title, line in held.items():
                    if line.rating is not None and (rating := theirs[title].rating) is not None:
                        same = agree(line.rating, line.steps, rating, theirs[title].steps)
                        assert same, (line, theirs[title])
        for number, side in self.sides.items():
            seen = [line.subject.title for line in side.lines.get(HISTORY, ())]
            assert sorted(seen) == sorted(film(one).title for one in self.book.plays[number]), (
                number
            )

    async def _sync(self, number: int) -> bool:
        """Sync an account, with yes to every question; whether all of it was read."""
        synced = await self.one.sync(number)
        for facet in synced.facets:
            if facet.question is not None:
                await self.one.syncer.answer(number, facet.facet, go_on=True)
            if not facet.trouble and facet.facet is not HISTORY:
                self.book.has_read(facet.facet, number, self.sides[number])
        return not any(facet.trouble for facet in synced.facets)

    async def _rest(self) -> None:
        silent = 0
        for _ in range(16):
            await self.one.clock.turn(3600)
            for number in self.sides:
                assert await self._sync(number)
            sent = await self.one.deliver()
            silent = 0 if sent else silent + 1
            # What the last account brought, the first one gets a round later.
            if silent == 3:
                return
        raise AssertionError("they do not fall silent")


async def live(
    folder: Path, seed: int, *, skew_h: float = 0.0, silent: bool = True, at_once: bool = False
) -> None:
    """Three phases of a user's life, as `seed` has them."""
    skew = timedelta(hours=skew_h)
    sides = [
        Side(size=3, overlap=2, skew=skew),
        # Smileys, stars and points with a decimal, as anime lists have them.
        Side(size=2, overlap=1, steps=(3, 5, 100)[seed % 3], dates_itself=True),
    ]
    specs = [POINTS, STARS]
    if silent:
        sides.append(Side(size=2, overlap=1))
        specs.append(SILENT)
    numbered = dict(enumerate(sides, 1))
    async with home(folder, *sides, specs=specs) as one:
        book = Book(tuple(numbered), 3 if silent else 0)
        world = World(one, numbered, book, random.Random(seed), itertools.count(100), at_once)
        for _ in range(3):
            await world.phase()


LIVES = settings(
    max_examples=3,
    deadline=None,
    # Each example is a whole home: making a failing one smaller would take minutes.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)


@LIVES
@given(st.integers(0, 1 << 32))
async def test_every_account_holds_what_the_user_meant(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    await live(tmp_path_factory.mktemp("home"), seed)


@LIVES
@given(st.integers(0, 1 << 32), st.sampled_from([-30.0, -1.0, 1.0, 30.0]))
async def test_a_clock_that_is_off_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int, skew_h: float
) -> None:
    await live(tmp_path_factory.mktemp("home"), seed, skew_h=skew_h, silent=False)


@LIVES
@given(st.integers(0, 1 << 32))
async def test_whatever_is_said_at_once_they_agree_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    await live(tmp_path_factory.mktemp("home"), seed, at_once=True)
