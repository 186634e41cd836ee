"""The program's own services against the local destinations: link, deliver, lose replies."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from revenge_companion.core.accounts import Account
from revenge_companion.core.delivery import Delivered, Delivery, DeliveryState
from revenge_companion.core.errors import CompanionError, Unanswered, Unreachable
from revenge_companion.core.media import Item
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.demo.clock import ScaledClock
from revenge_companion.demo.destinations import Destinations
from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.plays import Play
from revenge_companion.demo.sites.held import Tally
from revenge_companion.net.http import Http
from revenge_companion.services.base import (
    Client,
    LinkPrompt,
    LinkRequest,
    Secret,
    Service,
)
from revenge_companion.services.catalog import build_services

#: Seconds between two attempts: Simkl takes one scrobble call in 20.
_BETWEEN_S = 21.0

ITEMS = {
    "listenbrainz": LIBRARY.albums[0].tracks[0],
    "lastfm": LIBRARY.albums[0].tracks[1],
    "trakt": LIBRARY.movies[0],
    "simkl": LIBRARY.shows[0].episodes[0],
}


class Slot:
    """One account's secret, in memory."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret
        self._lock = asyncio.Lock()

    async def get(self) -> Secret | None:
        return self._secret

    async def put(self, secret: Secret) -> None:
        self._secret = secret

    def exclusive(self) -> asyncio.Lock:
        return self._lock


class Linkable:
    """A clock at 120 times the speed, the destinations, and the program's services."""

    def __init__(self, sites: Destinations, clock: ScaledClock, http: Http) -> None:
        self.sites, self.clock = sites, clock
        built = build_services(
            http, clock, sites.environment(), cache=Path("unused"), data=Path("unused")
        )
        self._services: dict[str, Service] = {one.spec.key: one for one in built}

    async def link(self, key: str) -> Client:
        prompts: list[LinkPrompt] = []

        async def show(prompt: LinkPrompt) -> None:
            prompts.append(prompt)

        service, site = self._services[key], self.sites.sites[key]
        request = LinkRequest(secret=site.link_secret)
        if key == "lastfm":
            request = LinkRequest()
        linked = await asyncio.wait_for(service.link(request, show), 20)
        assert bool(prompts) is not (key == "listenbrainz")
        account = Account(1, key, "demo", linked.user.id, api_url=linked.api_url)
        return service.client(account, Slot(linked.secret))

    def delivery(self, item: Item, *, unsure: bool = False) -> tuple[Delivery, Play]:
        counted_at = self.clock.now() - timedelta(seconds=1)
        started_at = counted_at - timedelta(seconds=0.9 * (item.duration_s or 0))
        position_s = 0.9 * (item.duration_s or 0)
        scrobble = Scrobble("k", item, started_at, counted_at, position_s, position_s, 90.0)
        state = DeliveryState.SENDING
        play = Play(item.label, item.kind.value, item, "s", started_at, counted_at, True)
        return Delivery(1, 1, scrobble, state, unsure=unsure), play


@pytest.fixture
async def world() -> AsyncIterator[Linkable]:
    clock, http = ScaledClock(120), Http()
    async with Destinations(clock) as sites:
        yield Linkable(sites, clock, http)
        await http.close()


@pytest.mark.parametrize("key", ITEMS)
async def test_a_linked_account_delivers(world: Linkable, key: str) -> None:
    client = await world.link(key)
    assert (await client.whoami()).name
    delivery, play = world.delivery(ITEMS[key])
    outcomes = await client.submit([delivery])
    assert isinstance(outcomes[1], Delivered)
    assert world.sites.tally([play], key) == Tally(1, 0, 0)


@pytest.mark.parametrize("key", ITEMS)
async def test_nothing_is_sent_while_the_network_is_cut(world: Linkable, key: str) -> None:
    client = await world.link(key)
    delivery, play = world.delivery(ITEMS[key])
    world.sites.cut(key)
    with pytest.raises(CompanionError) as failed:
        await client.submit([delivery])
    # A pooled connection that broke may have carried it; a refused one cannot.
    assert isinstance(failed.value, Unreachable | Unanswered)
    await world.clock.sleep(_BETWEEN_S)
    with pytest.raises(Unreachable):
        await client.submit([delivery])
    await world.sites.restore(key)
    await world.clock.sleep(_BETWEEN_S)
    assert isinstance((await client.submit([delivery]))[1], Delivered)
    assert world.sites.tally([play], key) == Tally(1, 0, 0)


@pytest.mark.parametrize("key", ITEMS)
async def test_a_play_whose_answer_was_lost_is_there_and_is_found(
    world: Linkable, key: str
) -> None:
    client = await world.link(key)
    delivery, play = world.delivery(ITEMS[key])
    world.sites.lose_replies(key, 1)
    with pytest.raises(Unanswered):
        await client.submit([delivery])
    assert world.sites.tally([play], key) == Tally(1, 0, 0)
    await world.clock.sleep(_BETWEEN_S)
    if key == "trakt":
        assert await client.find(delivery) is not None
    else:
        assert isinstance((await client.submit([delivery]))[1], Delivered)
    assert world.sites.tally([play], key) == Tally(1, 0, 0)
