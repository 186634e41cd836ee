"""Thousands of requests over a line that breaks every second one, for every service shape."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from revenge_companion.core.accounts import Account, AccountState
from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.media import Kind
from revenge_companion.core.scrobble import Scrobble, scrobble_key
from revenge_companion.demo.plays import Play
from revenge_companion.demo.sites.lastfm import LastFmSite
from revenge_companion.demo.sites.listenbrainz import ListenBrainzSite
from revenge_companion.demo.sites.simkl import SimklSite
from revenge_companion.demo.sites.site import Site
from revenge_companion.demo.sites.trakt import TraktSite
from revenge_companion.engine.dispatcher import Lane, LaneEvent
from revenge_companion.engine.linker import Linker
from revenge_companion.services.base import LinkPrompt, LinkRequest
from revenge_companion.services.lastfm.service import LastFm
from revenge_companion.services.listenbrainz.service import ListenBrainz
from revenge_companion.services.simkl.service import Simkl
from revenge_companion.services.trakt.service import Trakt
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.outbox import Outbox
from tests.faults.proxy import FaultProxy
from tests.faults.rig import (
    JumpClock,
    MemorySecrets,
    Result,
    Watch,
    WatchedHttp,
    batches,
    counted,
    episode,
    film,
    track,
    watched_database,
)

SITES: dict[str, type[Site]] = {
    "listenbrainz": ListenBrainzSite,
    "lastfm": LastFmSite,
    "trakt": TraktSite,
    "simkl": SimklSite,
}
SERVICES: dict[str, Any] = {
    "listenbrainz": ListenBrainz,
    "lastfm": LastFm,
    "trakt": Trakt,
    # Nothing is kept there: the scenario only delivers.
    "simkl": partial(Simkl, cache=Path("unused")),
}
#: The share of requests that meet a fault.
SHARE = 0.5
#: The most turns of adding for each request wanted.
_TURNS = 10
#: Days of the scenario's time after which what still waits is taken for lost.
_DAYS = 30


class Line:
    """One account's lane with a bad line to its destination."""

    def __init__(self, service: str, folder: Path, seed: int) -> None:
        self.service = service
        self.seed = seed
        self.rng = random.Random(f"{service}/{seed}")
        self.watch = Watch()
        self.clock = JumpClock(self.watch)
        self.site = SITES[service](self.clock)
        self.plays: list[Play] = []
        self.least = 0
        self._folder = folder
        self._number = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The store, the linked account and its lane, and the line without faults at first."""
        async with self.clock.running(), self.site:
            parts = urlsplit(self.site.host)
            target = (parts.hostname or "", parts.port or 0)
            async with FaultProxy(target, self.rng) as self.proxy:
                await self._build()
                try:
                    yield
                finally:
                    await self.lane.stop()
                    await self.http.close()
                    await self.database.close()

    async def _build(self) -> None:
        near, name = f"127.0.0.1:{self.proxy.port}", f"REVENGE_COMPANION_{self.service.upper()}"
        self.http = WatchedHttp(self.watch, {near: self.service})
        environ = {
            f"{name}_API_URL": f"http://{near}{self.site.root}",
            # Linking is not what is tried here, and tokens that rotate may be lost for good.
            f"{name}_AUTH_URL": self.site.auth_url,
            **self.site.client_environment,
        }
        service = SERVICES[self.service](self.http, self.clock, environ)
        kind = watched_database(self.watch)
        self.database = await kind.open(self._folder / f"{self.service}.db", clock=self.clock)
        self.outbox = Outbox(self.database, self.clock)
        accounts = Accounts(self.database, self.clock)
        linker = Linker(
            {self.service: service}, accounts, MemorySecrets(), self.clock, self._folder
        )
        secret = self.site.link_secret if self.service == "listenbrainz" else ""
        account = await linker.link(self.service, LinkRequest(secret=secret), "", _approve)
        self.lane = Lane(
            account,
            service.spec,
            linker.client(account),
            self.outbox,
            self.clock,
            self._reported,
            jitter=self.rng.random,
        )
        self.lane.start()

    async def _reported(self, event: LaneEvent) -> None:
        if event.state is AccountState.LINK_AGAIN:
            raise AssertionError(f"the line cost the link: {event.detail}")

    @property
    def account(self) -> Account:
        return self.lane.account

    async def add(self) -> None:
        """One play that counted just now or, in the other half of the cases, many of days ago."""
        size = self.lane.spec.batch_size
        fresh = self.rng.random() < 0.5
        rows = 1 if fresh else self.rng.randint(2, min(size, 60))
        age_s = 0.0 if fresh else self.rng.uniform(25 * 3600.0, 48 * 3600.0)
        scrobbles = [self._scrobble(age_s + 61.0 * row) for row in range(rows)]
        await self.outbox.add_many([(one, [self.account.id]) for one in scrobbles])
        self.least += batches(rows, size)
        self.lane.wake()

    def _scrobble(self, age_s: float) -> Scrobble:
        self._number += 1
        makers = (track,) if Kind.TRACK in self.site.kinds else (film, episode)
        item = makers[self._number % len(makers)](self._number)
        length_s = item.duration_s or 0.0
        counted_at = self.clock.now() - timedelta(seconds=age_s)
        started_at = counted_at - timedelta(seconds=0.9 * length_s)
        key = scrobble_key(session_id="s", media_id=item.media_id, started_at=started_at)
        self.plays.append(
            Play(item.label, item.kind.value, item, "s", started_at, counted_at, True)
        )
        return Scrobble(key, item, started_at, counted_at, 0.9 * length_s, 0.9 * length_s, 90.0)

    async def waiting(self) -> int:
        counts = await self.outbox.total()
        return counts.waiting


async def _approve(prompt: LinkPrompt) -> None:
    """The local destinations approve by themselves."""


async def bad_line(folder: Path, seed: int, service: str, requests: int = 2500) -> Result:
    """Rows come in while every second request meets a fault, until `requests` were made."""
    began_s = time.perf_counter()
    line = Line(service, folder, seed)
    async with line.open():
        line.proxy.share = SHARE
        for _ in range(_TURNS * requests):
            if line.proxy.requests >= requests:
                break
            if await line.waiting() < 200:
                await line.add()
            # As long as the longest of the items: nobody plays faster.
            await line.clock.sleep(line.rng.uniform(700.0, 1300.0))
        line.proxy.share = 0.0
        for _ in range(_DAYS * 24):
            if not await line.waiting():
                break
            await line.clock.sleep(3600.0)
        left = await line.waiting()
        parked = await line.outbox.page(state=DeliveryState.PARKED, limit=5)
        made, faults = line.proxy.requests, sum(line.proxy.faults.values())
        tally = counted(line.plays, [line.site])
    note = f"{faults} faults"
    if parked:
        note += f"; parked: {parked[0].reason_code} {parked[0].detail}"
    result = Result(
        f"bad line: {service}", seed, len(line.plays), made, line.least, tally.lost,
        tally.doubled, note, time.perf_counter() - began_s,
    )  # fmt: skip
    return replace(result, kept=not left)


async def bad_lines(folder: Path, seed: int, requests: int = 2500) -> list[Result]:
    """Every service shape, one after the other."""
    results = []
    for service in SITES:
        results.append(await bad_line(folder, seed, service, requests))
        await asyncio.sleep(0)
    return results
