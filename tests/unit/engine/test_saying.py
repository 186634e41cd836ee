"""The user's own word: it stands, the right accounts are told, and it can be taken back."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.core.accounts import AccountState, Switches
from revenge_companion.core.changes import Verb
from revenge_companion.core.delivery import DeliveryState, Settlement
from revenge_companion.core.errors import EditRefused
from revenge_companion.core.library import Entry, Facet, keys
from revenge_companion.core.reasons import Reason
from revenge_companion.core.saying import Hears, Spoken, Word
from revenge_companion.core.shown import Asked, Shown
from revenge_companion.engine.saying import Saying
from revenge_companion.store.history import History
from tests.clock import START
from tests.unit.engine.import_kit import film, rating
from tests.unit.engine.sync_kit import RATINGS, SPEC, WATCHLIST, FakeAccount, Home, home

KEPT = Switches(scrobble=False, sync_ratings=True, sync_watchlist=True)
SECOND = replace(SPEC, key="two", name="Two", verbs=(Verb.RATE, Verb.UNRATE, Verb.WANT))


def wish(number: int) -> Entry:
    return Entry(
        WATCHLIST, film(number), f"line-{keys(film(number))[0]}", START - timedelta(days=9)
    )


def rated(number: int, value: int, at: datetime = START) -> Entry:
    """A rating under the name that the account gives whatever is said of the film."""
    entry = rating(film(number), value, at)
    return replace(entry, line=f"line-{keys(entry.subject)[0]}")


def saying(one: Home) -> Saying:
    services: Any = one.exporter._services  # noqa: SLF001  # those of the home
    return Saying(
        one.db, one.clock, services, one.exporter,
        linked=lambda: one.accounts, changed=lambda: None,
    )  # fmt: skip


async def shown(one: Home, facet: Facet) -> list[Shown]:
    return await History(one.db).page(Asked(facet), limit=50)


def heard(spoken: Spoken) -> list[tuple[Hears, str]]:
    return [(one.hears, one.reason_code) for one in spoken.hearers]


async def marks(one: Home) -> list[int]:
    return [row.rating or 0 for row in await shown(one, RATINGS)]


async def test_a_new_rating_stands_and_every_account_is_told(tmp_path: Path) -> None:
    first = FakeAccount({RATINGS: [rated(1, 80)]})
    second = FakeAccount({RATINGS: [rated(1, 80)]})
    async with home(tmp_path, first, second, specs=(SPEC, SECOND), switches=KEPT) as one:
        await one.calm()
        (line,) = await shown(one, RATINGS)
        say = saying(one)
        # Nothing is said by asking who would be told.
        asked = await say.hearers(line.id, Word(RATINGS, rating=60))
        assert [(hearer.name, hearer.hears) for hearer in asked] == [
            ("One (me)", Hears.TOLD),
            ("Two (me)", Hears.TOLD),
        ]
        assert await marks(one) == [80]
        spoken = await say.say(line.id, Word(RATINGS, rating=60))
        assert heard(spoken) == [(Hears.TOLD, ""), (Hears.TOLD, "")]
        assert await marks(one) == [60]
        assert await one.deliver() == 2
        assert [e.rating for source in (first, second) for e in source.lines[RATINGS]] == [60, 60]
        # The next syncs agree with it.
        assert await one.calm() == 0
        assert await marks(one) == [60]


async def test_a_rating_is_removed_and_comes_back(tmp_path: Path) -> None:
    account = FakeAccount({RATINGS: [rated(1, 80), rated(2, 30)]})
    async with home(tmp_path, account, switches=KEPT) as one:
        await one.calm()
        line = next(row for row in await shown(one, RATINGS) if row.rating == 80)
        say = saying(one)
        spoken = await say.say(line.id, Word(RATINGS, gone=True))
        assert await marks(one) == [30]
        assert await one.deliver() == 1
        assert [e.rating for e in account.lines[RATINGS]] == [30]
        back = await say.unsay(spoken.number)
        assert heard(back) == [(Hears.TOLD, "")]
        assert sorted(await marks(one)) == [30, 80]
        # The account had been told; it is told again what it said, with the date it had.
        assert await one.deliver() == 1
        restored = next(e for e in account.lines[RATINGS] if e.rating == 80)
        assert restored.at == START
        assert await one.calm() == 0
        assert sorted(await marks(one)) == [30, 80]


async def test_it_comes_back_at_once_also_where_a_sync_has_found_it_gone(tmp_path: Path) -> None:
    account = FakeAccount({RATINGS: [rated(1, 80)]})
    async with home(tmp_path, account, switches=KEPT) as one:
        await one.calm()
        (line,) = await shown(one, RATINGS)
        say = saying(one)
        spoken = await say.say(line.id, Word(RATINGS, gone=True))
        await one.deliver()
        await one.calm()
        assert account.lines[RATINGS] == []
        await say.unsay(spoken.number)
        assert await marks(one) == [80]
        await one.deliver()
        assert [e.rating for e in account.lines[RATINGS]] == [80]
        await one.calm()
        assert await marks(one) == [80]
        assert [e.rating for e in account.lines[RATINGS]] == [80]


async def test_what_was_not_sent_is_withdrawn(tmp_path: Path) -> None:
    account = FakeAccount({WATCHLIST: [wish(1)]})
    async with home(tmp_path, account, switches=KEPT) as one:
        await one.calm()
        (line,) = await shown(one, WATCHLIST)
        say = saying(one)
        spoken = await say.say(line.id, Word(WATCHLIST, gone=True))
        assert heard(spoken) == [(Hears.TOLD, "")]
        assert await shown(one, WATCHLIST) == []
        await say.unsay(spoken.number)
        assert [row.id for row in await shown(one, WATCHLIST)] == [line.id]
        assert await one.deliver() == 0
        # And it can be said again.
        await say.say(line.id, Word(WATCHLIST, gone=True))
        assert await one.deliver() == 1
        assert account.lines[WATCHLIST] == []
        assert await one.calm() == 0
        assert await shown(one, WATCHLIST) == []


async def test_nobody_is_told_who_need_not_or_may_not(tmp_path: Path) -> None:
    accounts = [FakeAccount({RATINGS: [rated(1, 80)]}) for _ in range(3)]
    specs = (SPEC, SECOND, replace(SPEC, key="three", name="Three", verbs=(Verb.RATE,)))
    async with home(tmp_path, *accounts, specs=specs, switches=KEPT) as one:
        await one.calm()
        (line,) = await shown(one, RATINGS)
        off = replace(KEPT, sync_ratings=False)
        one.accounts[:] = [
            replace(one.accounts[0], switches=off),
            replace(one.accounts[1], state=AccountState.LINK_AGAIN),
            one.accounts[2],
        ]
        say = saying(one)
        word = Word(RATINGS, gone=True)
        expected = [(Hears.OFF, ""), (Hears.LATER, ""), (Hears.NOT, Reason.NOT_TAKEN)]
        found = await say.hearers(line.id, word)
        assert [(hearer.hears, hearer.reason_code) for hearer in found] == expected
        assert heard(await say.say(line.id, word)) == expected
        assert await marks(one) == []
        assert await one.deliver() == 0
        # Who was signed out hears of it by the next sync.
        one.accounts[1] = replace(one.accounts[1], state=AccountState.LINKED)
        await one.sync(2)
        assert await one.deliver() == 1
        assert accounts[1].lines[RATINGS] == []
        assert len(accounts[0].lines[RATINGS]) == 1


async def test_an_account_that_says_so_already_is_not_told(tmp_path: Path) -> None:
    account = FakeAccount({RATINGS: [rated(1, 80)]})
    async with home(tmp_path, account, switches=KEPT) as one:
        await one.calm()
        (line,) = await shown(one, RATINGS)
        say = saying(one)
        word = Word(RATINGS, rating=80)
        (hearer,) = await say.hearers(line.id, word)
        assert (hearer.hears, hearer.reason_code) == (Hears.NOT, Reason.SAYS_SO)
        assert heard(await say.say(line.id, word)) == [(Hears.NOT, Reason.SAYS_SO)]
        assert await one.deliver() == 0


async def test_it_stands_against_clocks_that_are_ahead_until_a_later_word(tmp_path: Path) -> None:
    ahead = START + timedelta(hours=5)
    account = FakeAccount({RATINGS: [rated(1, 80, ahead)]})
    async with home(tmp_path, account, switches=KEPT) as one:
        await one.calm()
        (line,) = await shown(one, RATINGS)
        await saying(one).say(line.id, Word(RATINGS, rating=20))
        assert await marks(one) == [20]
        await one.deliver()
        account.lines[RATINGS] = [rated(1, 90, one.clock.now() + timedelta(days=3))]
        await one.calm()
        assert await marks(one) == [90]


async def test_the_last_word_settles_a_conflict_anew(tmp_path: Path) -> None:
    async with home(tmp_path, FakeAccount({}), switches=KEPT) as one:
        await one.library.put("file", [rated(1, 80)])
        await one.db.run(
            lambda link: link.connection.execute("UPDATE library_entry SET preferred = 1")
        )
        (line,) = await shown(one, RATINGS)
        say = saying(one)
        spoken = await say.say(line.id, Word(RATINGS, rating=20))
        assert await marks(one) == [20]
        await say.unsay(spoken.number)
        assert await marks(one) == [80]
        kept = await one.db.run(
            lambda link: link.connection.execute("SELECT preferred FROM library_entry").fetchall()
        )
        assert kept == [(1,)]


async def test_a_second_word_is_taken_back_before_the_first(tmp_path: Path) -> None:
    async with home(tmp_path, FakeAccount({}), switches=KEPT) as one:
        await one.library.put("file", [rated(1, 80)])
        (line,) = await shown(one, RATINGS)
        say = saying(one)
        first = await say.say(line.id, Word(RATINGS, rating=60))
        (line,) = await shown(one, RATINGS)
        second = await say.say(line.id, Word(RATINGS, rating=20))
        with pytest.raises(EditRefused, match="Something else was said"):
            await say.unsay(first.number)
        await say.unsay(second.number)
        assert await marks(one) == [60]
        await say.unsay(first.number)
        assert await marks(one) == [80]
        with pytest.raises(EditRefused, match="cannot be taken back"):
            await say.unsay(first.number)


async def test_what_is_being_sent_is_waited_for(tmp_path: Path) -> None:
    account = FakeAccount({RATINGS: [rated(1, 80)]})
    async with home(tmp_path, account, switches=KEPT) as one:
        await one.calm()
        (line,) = await shown(one, RATINGS)
        say = saying(one)
        spoken = await say.say(line.id, Word(RATINGS, rating=20))
        (row,) = await one.outbox.claim(1, 10, one.clock.now())
        assert row.scrobble.change is not None
        undoing = asyncio.ensure_future(say.unsay(spoken.number))
        await one.clock.turn(1.0)
        assert not undoing.done()
        account.take(row.scrobble, one.clock.now())
        done = Settlement(DeliveryState.DELIVERED, 1, None)
        await one.outbox.settle([(row.id, done)], one.clock.now())
        await one.turned(0.5, undoing.done)
        assert heard(await undoing) == [(Hears.TOLD, "")]
        assert await one.deliver() == 1
        assert [e.rating for e in account.lines[RATINGS]] == [80]


async def test_who_takes_nothing_off_its_list_cannot_take_the_wish_back(tmp_path: Path) -> None:
    account = FakeAccount({})
    async with home(tmp_path, account, specs=(SECOND,), switches=KEPT) as one:
        await one.calm()
        await one.library.put("file", [wish(1)])
        (line,) = await shown(one, WATCHLIST)
        say = saying(one)
        spoken = await say.say(line.id, Word(WATCHLIST))
        assert heard(spoken) == [(Hears.TOLD, "")]
        await one.deliver()
        back = await say.unsay(spoken.number)
        assert heard(back) == [(Hears.NOT, Reason.CANNOT_UNDO)]


async def test_a_line_that_is_gone_is_said_nothing_of(tmp_path: Path) -> None:
    async with home(tmp_path, FakeAccount({}), switches=KEPT) as one:
        say = saying(one)
        for asked in (say.hearers, say.say):
            with pytest.raises(EditRefused, match="not in your library any more"):
                await asked(99, Word(RATINGS, rating=20))
        with pytest.raises(EditRefused):
            await say.say(99, Word(Facet.LISTS))
