"""Reading years of listening from the local Last.fm and ListenBrainz, over real connections."""

from collections.abc import AsyncIterator

import pytest

from revenge_companion.core.changes import Verb
from revenge_companion.core.delivery import Delivered
from revenge_companion.core.errors import ServiceTrouble
from revenge_companion.core.library import Facet
from revenge_companion.demo.destinations import Destinations
from revenge_companion.demo.sites.lastfm import LastFmSite
from revenge_companion.demo.sites.listenbrainz import ListenBrainzSite
from revenge_companion.net.http import Http
from revenge_companion.services.base import LinkRequest
from revenge_companion.services.lastfm.client import LastFmClient
from revenge_companion.services.lastfm.service import LastFm
from revenge_companion.services.listenbrainz.client import ListenBrainzClient
from revenge_companion.services.listenbrainz.service import ListenBrainz
from tests.unit.services.kit import (
    MemorySlot,
    Prompts,
    QuickClock,
    a_told,
    a_track,
    an_account,
    entries_of,
    walk,
)

Music = tuple[LastFmSite | ListenBrainzSite, LastFmClient | ListenBrainzClient]


@pytest.fixture
async def sites() -> AsyncIterator[Destinations]:
    async with Destinations(QuickClock()) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    client = Http()
    yield client
    await client.close()


@pytest.fixture(params=["lastfm", "listenbrainz"])
async def music(request: pytest.FixtureRequest, sites: Destinations, http: Http) -> Music:
    """A site, and a client that is linked to it."""
    environ, clock = sites.environment(), QuickClock()
    if request.param == "lastfm":
        fm = LastFm(http, clock, environ)
        login = LinkRequest(username=sites.lastfm.user_name, secret=sites.lastfm.link_secret)
        linked = await fm.link(login, Prompts())
        account = an_account("lastfm", remote_name=linked.user.name)
        return sites.lastfm, fm.client(account, MemorySlot(linked.secret))
    brainz = ListenBrainz(http, clock, environ)
    linked = await brainz.link(LinkRequest(secret=sites.listenbrainz.link_secret), Prompts())
    account = an_account("listenbrainz", remote_id=linked.user.id)
    return sites.listenbrainz, brainz.client(account, MemorySlot(linked.secret))


async def test_years_of_listening_are_read_once_each(music: Music) -> None:
    site, client = music
    site.preload(2_345, loved=450)
    pages = await walk(client)
    read = entries_of(pages)
    assert (len(read), pages[0].total) == (2_345, 2_345)
    assert [said for page in pages for said in page.unreadable] == []
    # One second is read again at each border.
    assert sum(len(page.entries) for page in pages) <= 2_345 + 2 * len(pages)
    # Some plays share their second, and all of those are there.
    assert len({one.at for one in read}) < len(read)
    loved = entries_of(await walk(client, Facet.LOVED))
    assert len(loved) == 450
    assert all(one.subject.artist.startswith("Past Artist") for one in (*read, *loved))


async def test_an_empty_account_is_read_in_one_page(music: Music) -> None:
    _, client = music
    for facet in (Facet.HISTORY, Facet.LOVED):
        page = await client.page(facet, "")
        assert (page.entries, page.next_cursor, page.total or 0) == ((), "", 0)


async def test_what_is_removed_in_the_middle_of_a_walk_hides_no_other(music: Music) -> None:
    site, client = music
    site.preload(2_345)
    whole = {one.line for one in entries_of(await walk(client))}
    first = await client.page(Facet.HISTORY, "")
    for _ in range(30):
        site.take_away(5)
    rest = await walk(client, cursor=first.next_cursor)
    assert {one.line for one in entries_of([first, *rest])} == whole


async def test_what_is_loved_here_is_read_back(music: Music) -> None:
    site, client = music
    site.preload(40)
    before = await client.marks()
    track = a_track(artist="Past Artist 1", title="Past Song 1.1")
    assert await client.change([a_told(Verb.LOVE, track, 3)]) == {3: Delivered()}
    loved = await client.page(Facet.LOVED, "")
    assert [one.subject.label for one in loved.entries] == [
        "Past Artist 1 \N{EN DASH} Past Song 1.1"
    ]
    after = await client.marks()
    assert after[Facet.LOVED] != before[Facet.LOVED]
    assert after[Facet.HISTORY] == before[Facet.HISTORY]
    await client.change([a_told(Verb.UNLOVE, track, 4)])
    assert (await client.page(Facet.LOVED, "")).entries == ()


async def test_a_hated_recording_is_read_back_as_such(sites: Destinations, http: Http) -> None:
    sites.listenbrainz.preload(40)
    brainz = ListenBrainz(http, QuickClock(), sites.environment())
    linked = await brainz.link(LinkRequest(secret=sites.listenbrainz.link_secret), Prompts())
    client = brainz.client(
        an_account("listenbrainz", remote_id=linked.user.id), MemorySlot(linked.secret)
    )
    track = a_track(artist="Past Artist 1", title="Past Song 1.1")
    await client.change([a_told(Verb.HATE, track)])
    assert [one.loved for one in (await client.page(Facet.LOVED, "")).entries] == [False]


async def test_a_walk_goes_on_after_trouble(music: Music) -> None:
    site, client = music
    site.preload(2_345)
    first = await client.page(Facet.HISTORY, "")
    site.answer(503, "<html>")
    with pytest.raises(ServiceTrouble):
        await client.page(Facet.HISTORY, first.next_cursor)
    rest = await walk(client, cursor=first.next_cursor)
    assert len(entries_of([first, *rest])) == 2_345
