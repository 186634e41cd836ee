"""Reading years of watching from the local Trakt, over real connections."""

from collections.abc import AsyncIterator

import pytest

from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.demo.destinations import Destinations
from revenge_companion.demo.sites.trakt import TraktSite
from revenge_companion.net.http import Http
from revenge_companion.services.base import LinkRequest
from revenge_companion.services.importing import ReadsAhead
from revenge_companion.services.trakt.client import TraktClient
from revenge_companion.services.trakt.service import Trakt
from tests.unit.services.kit import MemorySlot, Prompts, QuickClock, an_account, entries_of, walk

Linked = tuple[TraktSite, TraktClient]


@pytest.fixture
async def trakt() -> AsyncIterator[Linked]:
    """The site, and a client that is linked to it."""
    clock, http = QuickClock(), Http()
    async with Destinations(clock) as sites:
        service = Trakt(http, clock, sites.environment())
        linked = await service.link(LinkRequest(), Prompts())
        client = service.client(an_account("trakt"), MemorySlot(linked.secret))
        yield sites.trakt, client
        await http.close()


async def test_years_of_watching_are_read_once_each(trakt: Linked) -> None:
    site, client = trakt
    site.preload(2_345, rated=300, wanted=40)
    pages = await walk(client)
    read = entries_of(pages)
    assert (len(read), pages[0].total) == (2_345, 2_345)
    assert [said for page in pages for said in page.unreadable] == []
    assert len({one.line for one in read}) == 2_345
    kinds = {one.subject.kind for one in read}
    assert kinds == {SubjectKind.MOVIE, SubjectKind.EPISODE}
    # Some are of the demo's own library, some share their minute with another.
    assert {"Nosferatu (1922)", "The Harbour Clock S01E01"} <= {one.subject.label for one in read}
    assert len({one.at for one in read}) < len(read)

    rated = entries_of(await walk(client, Facet.RATINGS))
    assert {one.rating for one in rated} == set(range(10, 101, 10))
    assert len(entries_of(await walk(client, Facet.WATCHLIST))) == 40
    for facet in (Facet.COLLECTION, Facet.LISTS):
        assert entries_of(await walk(client, facet)) == []


@pytest.mark.parametrize("facet", [Facet.HISTORY, Facet.RATINGS, Facet.LISTS])
async def test_where_a_walk_goes_on_is_known_before_its_lines_are_made(
    trakt: Linked, facet: Facet
) -> None:
    site, client = trakt
    site.preload(600, rated=300)
    assert isinstance(client, ReadsAhead)
    for page in await walk(client, facet):
        cursor = page.next_cursor
        if cursor:
            answer = await client.fetch(facet, cursor)
            made = answer.page()
            assert (answer.next_cursor, answer.lines) == (made.next_cursor, len(made.entries))
            assert made == await client.page(facet, cursor)


async def test_marks_change_with_what_they_speak_of(trakt: Linked) -> None:
    site, client = trakt
    before = await client.marks()
    site.preload(1)
    after = await client.marks()
    assert after[Facet.HISTORY] != before[Facet.HISTORY]
    assert after[Facet.RATINGS] == before[Facet.RATINGS]
