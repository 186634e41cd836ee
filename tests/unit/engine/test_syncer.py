"""Syncing: only what is new is taken, only what is gone for sure is gone, and nobody is asked for
nothing.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from revenge_companion.core.accounts import Switches
from revenge_companion.core.changes import Verb
from revenge_companion.core.errors import ExportRefused, ImportRefused, LinkExpired, ServiceTrouble
from revenge_companion.core.imports import RunState
from revenge_companion.core.library import (
    OWN,
    Entry,
    Facet,
    Precision,
    Subject,
    SubjectKind,
)
from revenge_companion.core.media import Kind
from revenge_companion.core.syncing import Question, Way
from revenge_companion.store.import_runs import StoredRun
from tests.clock import START
from tests.unit.engine.import_kit import FakeCatalogue, film, play, plays, rating, shown
from tests.unit.engine.sync_kit import HISTORY, RATINGS, SPEC, WATCHLIST, FakeAccount, home

DAY = timedelta(days=1)


def wish(number: int, at_days: int = 100, source: str = "w") -> Entry:
    return Entry(WATCHLIST, film(number), f"{source}{number}", START - at_days * DAY)


async def test_what_is_new_is_taken_and_a_second_look_changes_nothing(tmp_path: Path) -> None:
    account = FakeAccount({HISTORY: plays(20), RATINGS: [rating(film(1), 80)]})
    async with home(tmp_path, account) as one:
        state = await one.facet(HISTORY)
        assert (state.added, state.removed, state.sent, state.trouble) == (20, 0, 0, "")
        assert len(await shown(one.db)) == 20
        asked = len(account.requests)
        again = await one.facet(HISTORY)
        # The marks did not move: nothing is read.
        assert len(account.requests) == asked
        assert again.synced_at is not None
        assert await one.deliver() == 0
        # The runs are in the list, and only what was new is kept of them.
        runs = await one.importer.runs()
        assert [(run.sync, run.state) for run in runs] == [(True, RunState.DONE)] * 2


async def test_a_look_that_finds_no_news_leaves_no_run(tmp_path: Path) -> None:
    account = FakeAccount({HISTORY: plays(5)})
    async with home(tmp_path, account) as one:
        await one.sync()
        before = len(await one.importer.runs())
        # The mark moves although the same lines come.
        account.lines[HISTORY] = [replace(account.lines[HISTORY][0]), *account.lines[HISTORY][1:]]
        account.lines[HISTORY].reverse()
        await one.importer.begin("account:1", (HISTORY,), sync=True)
        await one.sync()
        assert len(await one.importer.runs()) == before


async def test_what_was_removed_there_is_gone_and_not_pushed_back(tmp_path: Path) -> None:
    account = FakeAccount({HISTORY: plays(20)})
    async with home(tmp_path, account) as one:
        # Two of them are known from elsewhere, too.
        await one.library.put("file", plays(2))
        await one.sync()
        del account.lines[HISTORY][1:3]
        state = await one.facet(HISTORY)
        assert (state.added, state.removed) == (0, 2)
        # The one that a file knows stays in the library, and is not sent.
        assert len(await shown(one.db)) == 19
        assert await one.deliver() == 0
        assert (await one.facet(HISTORY)).sent == 0
        run = (await one.importer.runs())[0]
        await one.importer.undo(run.id)
        await one.importer.settled(run.id)
        assert len(await shown(one.db)) == 20
        # What was undone does not come back by itself, but does when asked for.
        await one.syncer._look()  # noqa: SLF001  # as the clock would
        assert len(await shown(one.db)) == 20


async def test_a_walk_that_fails_or_is_short_removes_nothing(tmp_path: Path) -> None:
    account = FakeAccount({HISTORY: plays(30)})
    async with home(tmp_path, account) as one:
        await one.sync()
        account.lines[HISTORY] = account.lines[HISTORY][:28]
        start = len(account.requests)
        # The second page fails for good.
        account.errors = {start + n: ServiceTrouble("Down.") for n in range(1, 9)}
        state = await one.facet(HISTORY)
        assert state.trouble == "Down."
        assert len(await shown(one.db)) == 30
        account.errors = {}
        state = await one.facet(HISTORY)
        assert (state.trouble, state.removed) == ("", 2)
        assert len(await shown(one.db)) == 28


async def test_a_line_that_cannot_be_read_is_not_taken_for_gone(tmp_path: Path) -> None:
    account = FakeAccount({HISTORY: plays(30)})
    async with home(tmp_path, account) as one:
        await one.sync()
        account.lines[HISTORY] = account.lines[HISTORY][:29]
        account.unreadable = ("Film 29: no date",)
        state = await one.facet(HISTORY)
        assert (state.removed, state.unread) == (0, 1)
        assert len(await shown(one.db)) == 30
        # It is still said where nothing changed since.
        assert (await one.facet(HISTORY)).unread == 1
        account.unreadable = ()
        account.lines[HISTORY] = account.lines[HISTORY][:28]
        state = await one.facet(HISTORY)
        assert (state.removed, state.unread) == (2, 0)


@pytest.mark.parametrize("go_on", [True, False])
async def test_eleven_percent_removals_ask_and_change_nothing_until_then(
    tmp_path: Path, go_on: bool
) -> None:
    account = FakeAccount({HISTORY: plays(100), WATCHLIST: [wish(1)]})
    async with home(tmp_path, account) as one:
        await one.sync()
        await one.library.put("file", [play(film(500), "f", START - 900 * DAY)])
        account.lines[HISTORY] = account.lines[HISTORY][11:]
        account.lines[WATCHLIST].append(wish(2))
        synced = await one.sync()
        by_facet = {state.facet: state for state in synced.facets}
        question = by_facet[HISTORY].question
        assert question is not None
        assert question == Question(Way.TAKE, 100, 0, 11, question.run_id)
        assert one.asked == [1]
        assert len(await shown(one.db)) == 101
        # Other facets go on, and nothing of this one goes out.
        assert by_facet[WATCHLIST].added == 1
        assert await one.deliver() == 0
        # Looking again asks no second time.
        await one.sync()
        assert one.asked == [1]
        synced = await one.syncer.answer(1, HISTORY, go_on=go_on)
        assert {state.question for state in synced.facets} == {None}
        assert len(await shown(one.db)) == (90 if go_on else 101)
        assert await one.deliver() == (1 if go_on else 0)
        with pytest.raises(ExportRefused, match="nothing to decide"):
            await one.syncer.answer(1, HISTORY, go_on=True)
        # What was left is left, until the account says something else.
        await one.syncer._look()  # noqa: SLF001  # as the clock would
        assert one.asked == [1]


async def test_a_flood_asks(tmp_path: Path) -> None:
    account = FakeAccount({HISTORY: plays(1001)}, size=500)
    async with home(tmp_path, account) as one:
        question = (await one.facet(HISTORY)).question
        assert question is not None
        assert (question.way, question.added) == (Way.TAKE, 1001)
        assert await shown(one.db) == []


async def test_a_flood_the_other_way_asks_too(tmp_path: Path) -> None:
    async with home(tmp_path, FakeAccount()) as one:
        await one.library.put("file", plays(1001))
        question = (await one.facet(HISTORY)).question
        assert question is not None
        assert (question.way, question.added) == (Way.SEND, 1001)
        assert await one.deliver() == 0
        await one.syncer.answer(1, HISTORY, go_on=True)
        assert await one.deliver() == 1001


async def test_two_accounts_come_to_the_same_and_then_say_nothing(tmp_path: Path) -> None:
    first = FakeAccount(
        {HISTORY: plays(10), RATINGS: [rating(film(1), 80), rating(film(2), 60)],
         WATCHLIST: [wish(30)]}
    )  # fmt: skip
    second = FakeAccount(
        {HISTORY: plays(10, 5), RATINGS: [rating(film(2), 100, START + DAY), rating(film(3), 40)],
         WATCHLIST: [wish(31)]},
        dates_itself=True,
    )  # fmt: skip
    async with home(tmp_path, first, second) as one:
        assert await one.calm() > 0
        for account in (first, second):
            assert len(account.lines[HISTORY]) == 15
            assert {(e.subject.title, e.rating) for e in account.lines[RATINGS]} == {
                ("Film 1", 80), ("Film 2", 100), ("Film 3", 40),
            }  # fmt: skip
            assert len(account.lines[WATCHLIST]) == 2
        assert len(await shown(one.db)) == 15


async def test_a_wish_and_a_rating_that_are_taken_back_go_at_the_other_one(tmp_path: Path) -> None:
    rated = [rating(film(n), 80, START - DAY) for n in range(20)]
    first = FakeAccount({WATCHLIST: [wish(n) for n in range(20)], RATINGS: rated})
    second = FakeAccount()
    async with home(tmp_path, first, second) as one:
        await one.calm()
        assert len(second.lines[WATCHLIST]) == len(second.lines[RATINGS]) == 20
        first.lines[WATCHLIST].pop()
        first.lines[RATINGS].pop()
        await one.calm()
        assert {len(account.lines[facet]) for account in (first, second)
                for facet in (WATCHLIST, RATINGS)} == {19}  # fmt: skip
        taken = {s.change.verb for s in second.sent[-2:] if s.change}
        assert taken == {Verb.UNRATE, Verb.UNWANT}
        # Wanted again later, it comes again; and goes again, as often as the user likes.
        for _ in range(3):
            first.lines[WATCHLIST].append(replace(wish(19), at=one.clock.now() + DAY))
            await one.calm()
            assert len(second.lines[WATCHLIST]) == 20
            first.lines[WATCHLIST].pop()
            await one.calm()
            assert len(second.lines[WATCHLIST]) == 19


async def test_what_keeps_to_itself_is_taken_and_never_sent_on(tmp_path: Path) -> None:
    silent = replace(SPEC, key="silent", name="Silent", keeps_to_itself="It is not allowed.")
    first = FakeAccount({HISTORY: plays(5), RATINGS: [rating(film(1), 80)], WATCHLIST: [wish(9)]})
    second = FakeAccount({HISTORY: plays(5, 50)})
    async with home(tmp_path, first, second, specs=(silent, SPEC)) as one:
        await one.calm()
        assert len(first.lines[HISTORY]) == 10
        assert second.sent == []
        assert len(await shown(one.db)) == 10
        # What it takes back takes nothing back elsewhere.
        first.lines[WATCHLIST].clear()
        second.lines[WATCHLIST] = [wish(9, source="x")]
        await one.calm()
        assert second.sent == []


async def test_days_and_kept_dates_are_not_sent_round_and_round(tmp_path: Path) -> None:
    noon = START.replace(hour=12, minute=0, second=0, microsecond=0) - 30 * DAY
    diary = [play(film(n), f"d{n}", noon - n * DAY, precision=Precision.DAY) for n in range(5)]
    first = FakeAccount({HISTORY: diary})
    async with home(tmp_path, first, FakeAccount()) as one:
        await one.library.put(OWN, [play(film(9), "own", START - 3 * DAY)])
        assert await one.calm() == 7
        assert len(await shown(one.db)) == 6


async def test_an_import_under_way_is_not_disturbed(tmp_path: Path) -> None:
    account = FakeAccount({HISTORY: plays(5)})
    async with home(tmp_path, account) as one:
        run_id = await one.importer.begin("account:1", (HISTORY,))
        state = await one.facet(HISTORY)
        assert "is under way" in state.trouble
        await one.importer.settled(run_id)
        assert (await one.facet(HISTORY)).trouble == ""


async def test_its_own_run_that_goes_on_after_a_restart_is_waited_for(tmp_path: Path) -> None:
    account = FakeAccount({HISTORY: plays(5), RATINGS: [rating(film(1), 80)]})
    async with home(tmp_path, account) as one:
        # As `Importer.start` goes on with what the program's end cut short.
        account.hold = asyncio.Event()
        await one.importer.begin("account:1", (RATINGS,), sync=True)
        syncing = asyncio.ensure_future(one.sync())
        await one.clock.turn(1)
        account.hold.set()
        found = await syncing
        assert [state.trouble for state in found.facets] == ["", "", ""]
        assert len(await shown(one.db)) == 5
        assert len(await shown(one.db, RATINGS)) == 1


async def test_only_what_is_new_is_marked_at_the_server(tmp_path: Path) -> None:
    account = FakeAccount({HISTORY: [play(film(1), "1")]})
    server = FakeCatalogue({"movie/tmdb:1001": "m1", "movie/tmdb:1002": "m2"})
    async with home(tmp_path, account, catalogue=server) as one:
        await one.sync()
        assert one.marker.watched == {"m1"}
        one.marker.watched.clear()
        account.lines[HISTORY].append(play(film(2), "2", START - DAY))
        await one.sync()
        assert one.marker.watched == {"m2"}


async def test_a_look_at_the_clock_syncs_what_is_due(tmp_path: Path) -> None:
    account = FakeAccount({HISTORY: plays(3)})
    async with home(tmp_path, account) as one:
        task = asyncio.ensure_future(one.syncer.keep())
        try:
            # A look asks once, and each facet that is read asks again.
            await one.turned(1, lambda: account.marked == 4)
            account.lines[HISTORY] = plays(4)
            began = one.clock.now()
            await one.turned(600, lambda: account.marked >= 5)
            assert one.clock.now() - began >= timedelta(hours=23)
            await one.turned(1, lambda: account.marked == 6)
            # The network is gone at the next look; its return is worth another one.
            account.down = ServiceTrouble("Down.")
            await one.turned(600, lambda: account.marked == 7)
            account.down = None
            while (await one.syncer.statuses())[0].running:
                await one.clock.turn(0)
            began = one.clock.now()
            one.syncer.network_is_back()
            await one.turned(1, lambda: account.marked == 8)
            assert one.clock.now() - began < timedelta(minutes=25)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


LINES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5)), max_size=8, unique=True)
RATED = st.dictionaries(st.integers(0, 5), st.tuples(st.integers(1, 10), st.integers(0, 9)))


def entries(lines: list[tuple[int, int]], rated: dict[int, tuple[int, int]], name: str) -> dict[
    Facet, list[Entry]
]:  # fmt: skip
    return {
        HISTORY: [play(film(n), f"{name}{n}/{d}", START - (10 + d) * DAY) for n, d in lines],
        RATINGS: [rating(film(n), 10 * p, START - d * DAY) for n, (p, d) in rated.items()],
    }


@settings(
    max_examples=5,
    deadline=None,
    # Each example is a whole home: making a failing one smaller would take minutes.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(LINES, LINES, RATED, RATED, st.booleans())
async def test_any_two_accounts_fall_silent(
    tmp_path_factory: pytest.TempPathFactory,
    ours: list[tuple[int, int]],
    theirs: list[tuple[int, int]],
    rated: dict[int, tuple[int, int]],
    rated_there: dict[int, tuple[int, int]],
    dates_itself: bool,
) -> None:
    first = FakeAccount(entries(ours, rated, "a"))
    second = FakeAccount(entries(theirs, rated_there, "b"), dates_itself=dates_itself)
    both = Switches(sync_history=True, sync_ratings=True)
    async with home(tmp_path_factory.mktemp("home"), first, second, switches=both) as one:
        await one.calm()
        assert {(e.subject.title, e.rating) for e in first.lines[RATINGS]} == {
            (e.subject.title, e.rating) for e in second.lines[RATINGS]
        }
        assert len(first.lines[HISTORY]) == len(second.lines[HISTORY])
        assert len(await shown(one.db)) == len(first.lines[HISTORY])
        # An export after reading the account exports nothing.
        for account in one.accounts:
            assert await one.exporter.queue(account.id, (HISTORY, RATINGS)) == 0


async def test_what_a_service_refuses_altogether_is_asked_once_and_no_facet_more(
    tmp_path: Path,
) -> None:
    account = FakeAccount({HISTORY: plays(5), RATINGS: [rating(film(1), 80)]})
    async with home(tmp_path, account) as one:
        refusal = LinkExpired("One signed you out.")
        account.errors = {0: refusal}
        found = await one.sync()
        assert one.lines.refusals == [(1, refusal)]
        assert len(account.requests) == 1
        assert found.facets[0].trouble == "One signed you out."
        assert all(state.trouble for state in found.facets)
        # It is open again: at the next look of the clock, not when the next sync would be due.
        one.lines.closed.clear()
        await one.syncer._look()  # noqa: SLF001  # as the clock would
        assert len(await shown(one.db)) == 5


async def test_trouble_that_passes_holds_nobody(tmp_path: Path) -> None:
    account = FakeAccount({HISTORY: plays(5)})
    async with home(tmp_path, account) as one:
        account.down = ServiceTrouble("Down.")
        assert {state.trouble for state in (await one.sync()).facets} == {"Down."}
        account.down = None
        await one.syncer._look()  # noqa: SLF001  # as the clock would
        assert await shown(one.db) == []
        assert one.lines.closed == set()


MUSIC = replace(
    SPEC,
    kinds=(Kind.TRACK,),
    imports=(HISTORY, Facet.LOVED),
    exports=(HISTORY, Facet.LOVED),
    verbs=(Verb.LOVE, Verb.UNLOVE),
    rated=(SubjectKind.TRACK,),
)
HATES = replace(MUSIC, key="two", name="Two", verbs=(Verb.LOVE, Verb.HATE, Verb.UNLOVE))


def love(number: int, at_days: int = 100, **values: Any) -> Entry:
    track = Subject(SubjectKind.TRACK, f"Song {number}", artist="Low")
    return Entry(Facet.LOVED, track, f"l{number}", START - at_days * DAY, **values)


def hearts(account: FakeAccount) -> dict[str, bool]:
    return {one.subject.title: one.loved for one in account.lines[Facet.LOVED]}


async def test_what_is_loved_is_kept_in_step_by_the_switch_for_ratings(tmp_path: Path) -> None:
    first = FakeAccount({HISTORY: [], Facet.LOVED: [love(1), love(2)]})
    second = FakeAccount({HISTORY: [], Facet.LOVED: [love(2, 50), love(3)]})
    switches = Switches(sync_ratings=True)
    async with home(tmp_path, first, second, specs=(MUSIC, HATES), switches=switches) as one:
        await one.calm()
        everything = {"Song 1": True, "Song 2": True, "Song 3": True}
        assert hearts(first) == hearts(second) == everything
        # What is loved no more at one is loved no more at the other.
        second.lines[Facet.LOVED] = [
            line for line in second.lines[Facet.LOVED] if line.subject.title != "Song 1"
        ]
        await one.calm()
        assert hearts(first) == hearts(second) == {"Song 2": True, "Song 3": True}
        assert await one.exporter.queue(1, (Facet.LOVED,)) == 0


async def test_a_hate_stays_where_the_other_side_knows_none(tmp_path: Path) -> None:
    first = FakeAccount({HISTORY: [], Facet.LOVED: [love(1), love(2)]})
    second = FakeAccount({HISTORY: [], Facet.LOVED: [love(1, 50, loved=False)]})
    switches = Switches(sync_ratings=True)
    async with home(tmp_path, first, second, specs=(MUSIC, HATES), switches=switches) as one:
        await one.calm()
        # The first cannot be told of a hate, and keeps its own word.
        assert hearts(first) == {"Song 1": True, "Song 2": True}
        assert hearts(second) == {"Song 1": False, "Song 2": True}
        first.lines[Facet.LOVED] = [
            line for line in first.lines[Facet.LOVED] if line.subject.title != "Song 1"
        ]
        await one.calm()
        assert hearts(first) == {"Song 2": True}
        assert hearts(second) == {"Song 1": False, "Song 2": True}


# What is taken back, and what is said anew


async def test_wanted_again_before_our_own_removal_is_seen_it_stays_wanted(tmp_path: Path) -> None:
    first = FakeAccount({WATCHLIST: [wish(n) for n in range(20)]})
    second = FakeAccount()
    async with home(tmp_path, first, second) as one:
        await one.calm()
        gone = first.lines[WATCHLIST].pop()
        await one.sync(1)
        await one.sync(2)
        assert await one.deliver() == 1
        # The second account does not have it any more, and nobody has looked there since.
        first.lines[WATCHLIST].append(replace(gone, at=one.clock.now()))
        await one.sync(1)
        await one.clock.turn(3600)
        await one.calm()
        assert len(first.lines[WATCHLIST]) == len(second.lines[WATCHLIST]) == 20
        # And when the user takes it back at the other one, it goes.
        second.lines[WATCHLIST] = [e for e in second.lines[WATCHLIST] if e.subject != gone.subject]
        await one.calm()
        assert len(first.lines[WATCHLIST]) == len(second.lines[WATCHLIST]) == 19


async def test_a_rating_given_after_another_was_taken_back_stays(tmp_path: Path) -> None:
    rated = [rating(film(n), 80, START - 30 * DAY) for n in range(20)]
    first, second = FakeAccount({RATINGS: rated}), FakeAccount()
    async with home(tmp_path, first, second) as one:
        await one.calm()
        await one.clock.turn(600)
        first.lines[RATINGS] = [e for e in first.lines[RATINGS] if e.subject != film(3)]
        # Ten minutes later, and nobody has looked in between; our clock is of no account.
        at = START - 2 * DAY
        second.lines[RATINGS] = [
            replace(e, rating=40, at=at) if e.subject == film(3) else e
            for e in second.lines[RATINGS]
        ]
        await one.calm()
        for account in (first, second):
            assert {e.rating for e in account.lines[RATINGS] if e.subject == film(3)} == {40}


@pytest.mark.parametrize("moves", [True, False])
async def test_a_date_that_moves_with_every_episode_makes_no_rating_newer(
    tmp_path: Path, moves: bool
) -> None:
    lists = replace(SPEC, key="lists", dates_entries=moves)
    first = FakeAccount({RATINGS: [rating(film(1), 70, START - 300 * DAY)]})
    second = FakeAccount({RATINGS: [rating(film(1), 70, START - 300 * DAY)]})
    async with home(tmp_path, first, second, specs=(lists, SPEC)) as one:
        await one.calm()
        second.lines[RATINGS] = [rating(film(1), 90, START - 5 * DAY)]
        # An episode was watched since; or where ratings have dates of their own, rated the same.
        first.lines[RATINGS] = [rating(film(1), 70, START - DAY)]
        await one.calm()
        assert {e.rating for a in (first, second) for e in a.lines[RATINGS]} == {
            90 if moves else 70
        }
        # What is said anew there counts.
        first.lines[RATINGS] = [replace(first.lines[RATINGS][0], rating=20, at=one.clock.now())]
        await one.calm()
        assert {e.rating for a in (first, second) for e in a.lines[RATINGS]} == {20}


async def test_what_is_said_anew_is_later_whatever_the_clock_there_says(tmp_path: Path) -> None:
    rated = [rating(film(n), 80, START - 3 * DAY) for n in range(12)]
    wishes = [wish(n, 3) for n in range(20, 32)]
    first, second = FakeAccount({RATINGS: rated, WATCHLIST: wishes}), FakeAccount()
    async with home(tmp_path, first, second) as one:
        await one.calm()
        late = START - 200 * DAY

        def at_second(facet: Facet, number: int, *said: Entry) -> None:
            rest = [e for e in second.lines[facet] if e.subject != film(number)]
            second.lines[facet] = [*rest, *said]

        second.lines[RATINGS] = [
            replace(e, rating=20, at=late) if e.subject == film(5) else e
            for e in second.lines[RATINGS]
        ]
        (wanted,) = (e for e in second.lines[WATCHLIST] if e.subject == film(25))
        at_second(WATCHLIST, 25)
        await one.calm()
        assert all(e.subject != film(25) for e in first.lines[WATCHLIST])
        at_second(WATCHLIST, 25, replace(wanted, at=late))
        await one.calm()
        for account in (first, second):
            assert {e.rating for e in account.lines[RATINGS] if e.subject == film(5)} == {20}
            assert sum(e.subject == film(25) for e in account.lines[WATCHLIST]) == 1
        # The dates that were mended are no news at every look.
        before = len(await one.importer.runs())
        second.lines[RATINGS].reverse()
        await one.sync(2)
        assert len(await one.importer.runs()) == before


async def test_ratings_that_would_be_written_over_by_the_dozen_ask_first(tmp_path: Path) -> None:
    rated = [rating(film(n), 50, START - 30 * DAY) for n in range(60)]
    first, second = FakeAccount({RATINGS: rated}), FakeAccount()
    async with home(tmp_path, first, second) as one:
        await one.calm()
        # A few are what a person changes in an evening.
        for count, asked in ((15, False), (25, True)):
            first.lines[RATINGS] = [
                replace(line, rating=10 + count, at=one.clock.now()) if number < count else line
                for number, line in enumerate(first.lines[RATINGS])
            ]
            assert (await one.facet(RATINGS, 1)).question is None
            question = (await one.facet(RATINGS, 2)).question
            assert (question is not None) is asked
            sent = len(second.sent)
            await one.deliver()
            assert len(second.sent) - sent == (0 if asked else count)
        assert question == Question(Way.SEND, 60, 25, 0)
        await one.syncer.answer(2, RATINGS, go_on=True)
        assert await one.deliver() == 25


async def test_another_scale_is_no_other_rating(tmp_path: Path) -> None:
    lists = replace(SPEC, key="lists", dates_entries=True)
    first = FakeAccount({RATINGS: [rating(film(1), 83, START - 300 * DAY, steps=100)]}, steps=100)
    second = FakeAccount({RATINGS: [rating(film(1), 80, START - 100 * DAY)]})
    async with home(tmp_path, first, second, specs=(lists, SPEC)) as one:
        await one.calm()
        # The user lets it show stars from now on, and rates at the other one.
        first.steps = 5
        first.lines[RATINGS] = [rating(film(1), 80, START - DAY, steps=5)]
        second.lines[RATINGS] = [rating(film(1), 30, START - 2 * DAY)]
        await one.calm()
        assert [line.rating for line in second.lines[RATINGS]] == [30]
        assert [line.rating for line in first.lines[RATINGS]] == [40]


async def test_what_we_sent_is_as_old_as_what_was_said(tmp_path: Path) -> None:
    lists = replace(SPEC, key="lists", dates_entries=True)
    first = FakeAccount({RATINGS: [rating(film(1), 70, START - 3 * DAY)]})
    second = FakeAccount(dates_itself=True, steps=5)
    async with home(tmp_path, first, second, specs=(SPEC, lists)) as one:
        await one.sync(1)
        await one.sync(2)
        # It could not be reached for a day, in which the user came to think otherwise.
        at = one.clock.now() + timedelta(hours=12)
        await one.clock.turn(86_400)
        assert await one.deliver() == 1
        await one.sync(2)
        first.lines[RATINGS] = [rating(film(1), 30, at)]
        await one.calm()
        assert [line.rating for line in first.lines[RATINGS]] == [30]
        assert [line.rating for line in second.lines[RATINGS]] == [40]


async def test_a_wish_taken_back_before_its_echo_was_read_stays_taken_back(tmp_path: Path) -> None:
    first = FakeAccount({WATCHLIST: [wish(n) for n in range(20)]})
    second = FakeAccount(dates_itself=True)
    async with home(tmp_path, first, second) as one:
        await one.sync(1)
        await one.sync(2)
        assert await one.deliver() == 20
        first.lines[WATCHLIST].pop()
        await one.clock.turn(60)
        await one.sync(1)
        await one.calm()
        assert len(first.lines[WATCHLIST]) == len(second.lines[WATCHLIST]) == 19
        # Made again at the other one, it is a wish of its own; and so every time.
        for _ in range(2):
            second.lines[WATCHLIST].append(replace(wish(19), at=one.clock.now()))
            await one.calm()
            assert len(first.lines[WATCHLIST]) == len(second.lines[WATCHLIST]) == 20
            second.lines[WATCHLIST].pop()
            await one.calm()
            assert len(first.lines[WATCHLIST]) == len(second.lines[WATCHLIST]) == 19
        # Made again at the first one, it goes out again, and its echo is no newer than it.
        for _ in range(2):
            first.lines[WATCHLIST].append(replace(wish(19), at=one.clock.now()))
            await one.clock.turn(60)
            await one.sync(1)
            await one.sync(2)
            assert await one.deliver() == 1
            await one.clock.turn(60)
            first.lines[WATCHLIST].pop()
            await one.sync(1)
            await one.calm()
            assert len(first.lines[WATCHLIST]) == len(second.lines[WATCHLIST]) == 19


@pytest.mark.parametrize("facet", [WATCHLIST, RATINGS])
async def test_what_is_said_again_where_it_was_taken_back_is_no_echo(
    tmp_path: Path, facet: Facet
) -> None:
    line = wish(1) if facet is WATCHLIST else rating(film(1), 80, START - DAY)
    first, second = FakeAccount({facet: [line]}), FakeAccount(dates_itself=True)
    async with home(tmp_path, first, second) as one:
        await one.calm()
        (there,) = second.lines[facet]
        second.lines[facet] = []
        await one.calm()
        assert not first.lines[facet]
        second.lines[facet] = [replace(there, at=one.clock.now())]
        await one.calm()
        assert len(first.lines[facet]) == len(second.lines[facet]) == 1


async def test_an_echo_that_a_stopped_program_wrote_is_dated_when_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = FakeAccount({WATCHLIST: [wish(1)]}), FakeAccount(dates_itself=True)
    async with home(tmp_path, first, second) as one:
        await one.sync(1)
        await one.sync(2)
        assert await one.deliver() == 1
        first.lines[WATCHLIST].pop()
        await one.clock.turn(60)
        await one.sync(1)
        settled, broken = one.importer.settled, []

        async def stops(run_id: int) -> StoredRun:
            found = await settled(run_id)
            if found.run.state is RunState.DONE and not broken:
                broken.append(run_id)
                raise ImportRefused("Stopped.")
            return found

        monkeypatch.setattr(one.importer, "settled", stops)
        await one.sync(2)
        assert broken
        await one.calm()
        assert not first.lines[WATCHLIST]
        assert not second.lines[WATCHLIST]
