"""Reading a Simkl library from the local Simkl, over real connections, the way Simkl wants it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from revenge_companion.core.errors import QuotaExhausted
from revenge_companion.core.library import Facet, Precision, SubjectKind, keys
from revenge_companion.demo.destinations import Destinations
from revenge_companion.demo.sites.simkl import SimklSite
from revenge_companion.net.http import Http
from revenge_companion.services.base import LinkRequest, Secret
from revenge_companion.services.simkl.client import SimklClient
from revenge_companion.services.simkl.service import Simkl
from tests.unit.services.kit import (
    MemorySlot,
    Prompts,
    QuickClock,
    a_delivery,
    an_account,
    an_episode,
    entries_of,
    walk,
)


@dataclass
class Shop:
    """The site, and clients that are linked to it."""

    site: SimklSite
    clock: QuickClock
    http: Http
    environ: dict[str, str]
    folder: Path
    secret: Secret

    def client(self) -> SimklClient:
        """A client as after a start of the program: it keeps nothing but the copy on disk."""
        service = Simkl(self.http, self.clock, self.environ, cache=self.folder)
        return service.client(an_account("simkl"), MemorySlot(self.secret))

    def asked(self) -> list[str]:
        """What was asked of the library since the last time."""
        asked = [one for one in self.site.requests if "/sync/" in one]
        self.site.requests.clear()
        return asked


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    clock, http = QuickClock(), Http()
    async with Destinations(clock) as sites:
        environ = sites.environment()
        linked = await Simkl(http, clock, environ, cache=tmp_path).link(LinkRequest(), Prompts())
        yield Shop(sites.simkl, clock, http, environ, tmp_path, linked.secret)
        await http.close()


async def test_years_of_watching_are_read_once_each_in_four_requests(shop: Shop) -> None:
    shop.site.preload(3_000, rated=300, wanted=40)
    client = shop.client()
    pages = await walk(client)
    read = entries_of(pages)
    assert (len(read), pages[0].total) == (3_000, 3_000)
    assert [said for page in pages for said in page.unreadable] == []
    kinds = {one.subject.kind for one in read}
    assert kinds == {SubjectKind.MOVIE, SubjectKind.EPISODE}
    assert {"Nosferatu (1922)", "The Harbour Clock S01E01"} <= {one.subject.label for one in read}
    assert 0 < sum(one.precision is Precision.UNKNOWN for one in read) < 100
    # Part 2 of an anime series goes on where part 1 ended, and shares no episode with it.
    placed = [key for one in read for key in keys(one.subject) if "tvdb:7000001/" in key]
    assert len(placed) == len(set(placed)) > 0

    assert len(entries_of(await walk(client, Facet.RATINGS))) == 300
    assert len(entries_of(await walk(client, Facet.WATCHLIST))) == 40
    assert shop.asked() == [
        "GET /sync/activities",
        "GET /sync/all-items/movies",
        "GET /sync/all-items/shows",
        "GET /sync/all-items/anime",
    ]
    assert not shop.site.library.suspended


async def test_a_day_later_only_what_changed_is_read(shop: Shop) -> None:
    shop.site.preload(300, rated=20)
    before = entries_of(await walk(shop.client()))
    shop.asked()
    shop.clock.advance(86_400)
    client = shop.client()
    assert entries_of(await walk(client)) == before
    assert shop.asked() == ["GET /sync/activities"]

    await client.submit([a_delivery(an_episode(3), ago_s=-80_000)])
    title = next(one for one in shop.site.library.shelved.values() if one.kind == "movies")
    shop.site.library.forget(title.title)
    shop.clock.advance(3600)
    marks = await client.marks()
    after = entries_of(await walk(client))
    assert await client.marks() == marks
    gone = {one.line for one in before} - {one.line for one in after}
    assert gone == {str(title.title.id)}
    assert {one for one in shop.asked() if "all-items" in one} == {
        "GET /sync/all-items/movies",
        "GET /sync/all-items/shows",
    }


async def test_a_walk_goes_on_after_a_restart_and_a_cut_answer(shop: Shop) -> None:
    shop.site.preload(2_000)
    shop.site.answer(200, '{"shows": [{"show": {"ids"', path="/sync/all-items/shows")
    with pytest.raises(Exception, match="whole"):
        await shop.client().page(Facet.HISTORY, "")
    page = await shop.client().page(Facet.HISTORY, "")
    # Films had come before the answer that was cut.
    assert shop.asked().count("GET /sync/all-items/movies") == 1
    rest = await walk(shop.client(), cursor=page.next_cursor)
    assert len(entries_of([page, *rest])) == 2_000


async def test_a_quota_that_ends_leaves_a_walk_for_the_next_day(shop: Shop) -> None:
    shop.site.preload(100)
    body = '{"error": "user_limit_exceeded", "code": 429, "message": "daily"}'
    shop.site.answer(429, body, {"Retry-After": "40000"}, path="/sync/all-items/anime")
    with pytest.raises(QuotaExhausted) as caught:
        await shop.client().page(Facet.HISTORY, "")
    assert caught.value.retry_after_s == 40_000
    shop.clock.advance(40_000)
    assert len(entries_of(await walk(shop.client()))) == 100


async def test_a_login_is_renewed_in_mid_walk(shop: Shop) -> None:
    shop.site.preload(100)
    client = shop.client()
    await client.marks()
    shop.site.grants.expire()
    assert len(entries_of(await walk(client))) == 100


async def test_an_empty_library_is_read_as_such(shop: Shop) -> None:
    pages = await walk(shop.client())
    assert entries_of(pages) == []
    assert pages[0].total == 0


async def test_who_asks_for_everything_first_is_shut_out(shop: Shop) -> None:
    """The stand-in punishes what the real one punishes, so that no test passes by breaking it."""
    head = {"Authorization": f"Bearer {shop.secret.access}", "User-Agent": "a-test/1"}
    params = {"client_id": "x", "app-name": "a", "app-version": "1"}
    async with httpx.AsyncClient() as rude:
        url = f"{shop.site.url}/sync/all-items/movies"
        assert (await rude.get(url, params=params, headers=head)).status_code == 412
    assert shop.site.library.suspended


async def test_the_plan_to_watch_of_a_day_ago_has_its_date(shop: Shop) -> None:
    shop.site.preload(10, wanted=3)
    wanted = entries_of(await walk(shop.client(), Facet.WATCHLIST))
    now = shop.site.clock.now().replace(microsecond=0)
    dates = [one.at for one in wanted if one.at is not None]
    assert len(dates) == 3
    assert min(dates) <= now - timedelta(days=1, hours=23)
