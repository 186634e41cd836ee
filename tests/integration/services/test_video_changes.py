"""Ratings, watchlists and the collection at the local Trakt and Simkl, sent and read back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import Delivered, Outcome, Refused, Skipped
from revenge_companion.core.errors import Unanswered
from revenge_companion.core.library import Facet, Subject, SubjectKind, subject_of
from revenge_companion.core.media import Ids
from revenge_companion.core.reasons import Reason
from revenge_companion.demo.destinations import Destinations
from revenge_companion.demo.library import LIBRARY
from revenge_companion.net.http import Http
from revenge_companion.services.base import LinkRequest, TakesChanges
from revenge_companion.services.importing import Readable
from revenge_companion.services.simkl.client import SimklClient
from revenge_companion.services.simkl.service import Simkl
from revenge_companion.services.trakt.client import TraktClient
from revenge_companion.services.trakt.service import Trakt
from tests.unit.services.kit import (
    MemorySlot,
    Prompts,
    QuickClock,
    a_change,
    a_delivery,
    an_account,
    entries_of,
    walk,
)

NOSFERATU = next(film for film in LIBRARY.movies if film.title == "Nosferatu")
FILM = subject_of(NOSFERATU)
EPISODE = subject_of(LIBRARY.shows[0].episodes[0])
SERIES = LIBRARY.shows[0].series
SHOW = Subject(SubjectKind.SHOW, SERIES.title, SERIES.year, SERIES.ids)
SEASON = Subject(SubjectKind.SEASON, "", series=SERIES, season_number=1)
THERE = Delivered(note=Reason.ALREADY_THERE)
#: What everybody has who reads and changes.
Client = TraktClient | SimklClient


@dataclass
class Pair:
    sites: Destinations
    trakt: TraktClient
    simkl: SimklClient


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    clock, http = QuickClock(), Http()
    async with Destinations(clock) as sites:
        environ = sites.environment()
        trakt = Trakt(http, clock, environ)
        simkl = Simkl(http, clock, environ, cache=tmp_path)
        made = []
        for service, key in ((trakt, "trakt"), (simkl, "simkl")):
            linked = await service.link(LinkRequest(), Prompts())
            made.append(service.client(an_account(key), MemorySlot(linked.secret)))
        first, second = made
        assert isinstance(first, TraktClient)
        assert isinstance(second, SimklClient)
        yield Pair(sites, first, second)
        await http.close()


async def said(client: TakesChanges, *changes: Change) -> list[Outcome]:
    rows = [a_change(change, number) for number, change in enumerate(changes, 1)]
    outcomes = await client.change(rows)
    return [outcomes[row.id] for row in rows]


async def held(client: Readable, facet: Facet) -> list[tuple[str, int | None]]:
    found = entries_of(await walk(client, facet))
    return sorted((entry.subject.label, entry.rating) for entry in found)


async def test_ratings_come_back_as_they_were_sent(pair: Pair) -> None:
    rated = [Change(Verb.RATE, one, None, 80) for one in (FILM, SHOW, SEASON, EPISODE)]
    before = await pair.trakt.marks()
    assert await said(pair.trakt, *rated) == [Delivered()] * 4
    assert await held(pair.trakt, Facet.RATINGS) == [
        ("Nosferatu (1922)", 80),
        ("The Harbour Clock (2021)", 80),
        ("The Harbour Clock S01", 80),
        ("The Harbour Clock S01E01", 80),
    ]
    after = await pair.trakt.marks()
    assert {facet for facet in after if after[facet] != before[facet]} == {Facet.RATINGS}
    assert await said(pair.trakt, Change(Verb.UNRATE, SEASON)) == [Delivered()]
    assert await said(pair.trakt, Change(Verb.UNRATE, SEASON)) == [THERE]
    assert len(await held(pair.trakt, Facet.RATINGS)) == 3


async def test_simkl_rates_films_and_shows(pair: Pair) -> None:
    rated = [Change(Verb.RATE, one, None, 80) for one in (FILM, SHOW, SEASON, EPISODE)]
    outcomes = await said(pair.simkl, *rated)
    assert outcomes[:2] == [Delivered(), Delivered()]
    assert [type(one) for one in outcomes[2:]] == [Refused, Refused]
    assert await held(pair.simkl, Facet.RATINGS) == [
        ("Nosferatu (1922)", 80),
        ("The Harbour Clock (2021)", 80),
    ]
    # The same again counts as nothing done there, and is no failure.
    assert await said(pair.simkl, *rated[:2]) == [THERE, THERE]
    assert await said(pair.simkl, Change(Verb.UNRATE, FILM)) == [Delivered()]
    assert await said(pair.simkl, Change(Verb.UNRATE, FILM)) == [THERE]


async def test_the_watchlist_of_each(pair: Pair) -> None:
    for client in (pair.trakt, pair.simkl):
        assert isinstance(client, Readable)
        wanted = [Change(Verb.WANT, FILM), Change(Verb.WANT, SHOW)]
        assert await said(client, *wanted) == [Delivered(), Delivered()]
        assert await said(client, *wanted) == [THERE, THERE]
        labels = [label for label, _ in await held(client, Facet.WATCHLIST)]
        assert labels == ["Nosferatu (1922)", "The Harbour Clock (2021)"]
        assert await said(client, Change(Verb.UNWANT, SHOW)) == [Delivered()]
        assert await said(client, Change(Verb.UNWANT, SHOW)) == [THERE]
        assert len(await held(client, Facet.WATCHLIST)) == 1


async def test_the_collection_holds_what_was_named_and_no_more(pair: Pair) -> None:
    changes = [Change(Verb.COLLECT, one) for one in (FILM, EPISODE, SHOW)]
    outcomes = await said(pair.trakt, *changes)
    assert outcomes[:2] == [Delivered(), Delivered()]
    assert isinstance(outcomes[2], Refused)
    labels = [label for label, _ in await held(pair.trakt, Facet.COLLECTION)]
    assert labels == ["Nosferatu (1922)", "The Harbour Clock S01E01"]


async def test_what_was_watched_at_simkl_stays_where_it_is(pair: Pair) -> None:
    await pair.simkl.submit([a_delivery(LIBRARY.shows[0].episodes[0], ago_s=7200)])
    await pair.simkl.submit([a_delivery(NOSFERATU, ago_s=7200)])
    kept = Skipped(Reason.KEPT_LISTED)
    wanted = [Change(Verb.WANT, SHOW), Change(Verb.WANT, FILM)]
    assert await said(pair.simkl, *wanted) == [kept, kept]
    # Put on the plan by hand, it still has its history.
    shelved = pair.sites.simkl.library.shelved
    for one in list(shelved.values()):
        pair.sites.simkl.library.put(one.title, "plantowatch", one.added_at)
    unwanted = [Change(Verb.UNWANT, SHOW), Change(Verb.UNWANT, FILM)]
    assert await said(pair.simkl, *unwanted) == [Refused(Reason.KEPT_HISTORY)] * 2
    assert len(entries_of(await walk(pair.simkl))) == 2


async def test_a_full_watchlist_is_filled_to_its_last_place(pair: Pair) -> None:
    pair.sites.trakt.lists.watchlist_room = 23
    films = [Subject(SubjectKind.MOVIE, f"F{n}", ids=Ids(100_000 + n)) for n in range(60)]
    outcomes = await said(pair.trakt, *(Change(Verb.WANT, film) for film in films))
    assert outcomes[:23] == [Delivered()] * 23
    assert {one.code for one in outcomes[23:] if isinstance(one, Refused)} == {Reason.ACCOUNT_LIMIT}
    assert len(await held(pair.trakt, Facet.WATCHLIST)) == 23


async def test_what_is_not_in_their_database_is_told_by_row(pair: Pair) -> None:
    unknown = Subject(SubjectKind.MOVIE, "Unknown", ids=Ids(42))
    for site, client in ((pair.sites.trakt, pair.trakt), (pair.sites.simkl, pair.simkl)):
        site.titles.unknown.add("movie/tmdb/42")
        for verb in (Verb.RATE, Verb.WANT):
            changes = [Change(verb, one, None, 70) for one in (unknown, FILM)]
            outcomes = await said(client, *changes)
            assert outcomes[0] == Refused(Reason.NOT_FOUND)
            assert isinstance(outcomes[1], Delivered | Skipped)


async def test_a_change_whose_answer_was_lost_may_be_sent_again(pair: Pair) -> None:
    for key, client in (("trakt", pair.trakt), ("simkl", pair.simkl)):
        site = pair.sites.sites[key]
        site.lose_replies(1)
        with pytest.raises(Unanswered):
            await said(client, Change(Verb.RATE, FILM, None, 60))
        (outcome,) = await said(client, Change(Verb.RATE, FILM, None, 60))
        assert isinstance(outcome, Delivered)
        assert isinstance(client, Readable)
        assert await held(client, Facet.RATINGS) == [("Nosferatu (1922)", 60)]
