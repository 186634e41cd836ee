"""The local destinations together: where they are, what they hold, and how they fail."""

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Self

from revenge_companion.core.clock import Clock
from revenge_companion.demo.plays import Play
from revenge_companion.demo.sites.held import Received, Tally, tally
from revenge_companion.demo.sites.lastfm import LastFmSite
from revenge_companion.demo.sites.listenbrainz import ListenBrainzSite
from revenge_companion.demo.sites.simkl import SimklSite
from revenge_companion.demo.sites.site import Site
from revenge_companion.demo.sites.trakt import TraktSite


class Destinations:
    """Every local destination, each on a port of its own; an asynchronous context manager.

    Services are named by their keys in the catalogue; a name that is none raises KeyError. Where
    methods take several, none means all.
    """

    def __init__(self, clock: Clock) -> None:
        self.listenbrainz = ListenBrainzSite(clock)
        self.trakt = TraktSite(clock)
        self.lastfm = LastFmSite(clock)
        self.simkl = SimklSite(clock)
        sites: tuple[Site, ...] = (self.listenbrainz, self.trakt, self.lastfm, self.simkl)
        self.sites: Mapping[str, Site] = {site.service: site for site in sites}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for site in self.sites.values():
                await stack.enter_async_context(site)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    def preload(self) -> None:
        """Let the user have been at each for some years, so that there is something to import."""
        self.listenbrainz.preload(1500, loved=120)
        self.lastfm.preload(1500, loved=120)
        self.trakt.preload(900, rated=90, wanted=25, collected=40, listed=12)
        self.simkl.preload(600, rated=60, wanted=25)

    def api_url(self, service: str) -> str:
        """The address of a service's API."""
        return self.sites[service].url

    def auth_url(self, service: str) -> str:
        """The address where a service's links are approved."""
        return self.sites[service].auth_url

    def environment(self) -> dict[str, str]:
        """The environment variables that send the program here, client ids included."""
        variables = {}
        for service, site in self.sites.items():
            name = f"REVENGE_COMPANION_{service.upper()}"
            variables[f"{name}_API_URL"] = self.api_url(service)
            variables[f"{name}_AUTH_URL"] = self.auth_url(service)
            variables |= site.client_environment
        return variables

    def held(self, service: str) -> list[Received]:
        """What a service holds, in the order it came."""
        return list(self.sites[service].held)

    def tally(self, plays: Iterable[Play], *services: str) -> Tally:
        """Delivered, lost and doubled over these services, each asked for the kinds it keeps."""
        played = list(plays)
        count = Tally()
        for service in services or self.sites:
            site = self.sites[service]
            theirs = [play for play in played if play.item.kind in site.kinds]
            count += tally(theirs, site.held, once_per_item=site.once_per_item)
        return count

    def cut(self, *services: str) -> None:
        """Break the network to these: open connections are broken, new ones refused."""
        for service in services or self.sites:
            self.sites[service].cut()

    async def restore(self, *services: str) -> None:
        """Bring the network to these back, at the same addresses."""
        for service in services or self.sites:
            await self.sites[service].restore()

    def lose_replies(self, service: str, times: int) -> None:
        """Let the next `times` deliveries arrive at `service`, and break them unanswered."""
        self.sites[service].lose_replies(times)

    def answer(
        self,
        service: str,
        status: int,
        body: str = "",
        headers: Mapping[str, str] | None = None,
        *,
        times: int = 1,
        path: str = "",
    ) -> None:
        """Let `service` answer its next `times` requests so; nothing of those is kept."""
        self.sites[service].answer(status, body, headers, times=times, path=path)

    def slow(self, service: str, seconds: float) -> None:
        """Let `service` take `seconds` of the clock before each answer; 0 ends it."""
        self.sites[service].slow(seconds)
