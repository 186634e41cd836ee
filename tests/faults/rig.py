"""What the fault suite's scenarios share: a clock that jumps, an engine that is watched, a count.

Everything of a scenario runs in one loop on one `JumpClock`: the embedded server, the viewer, the
destinations and the engine. Time stands still while a request or a job of the database is under
way, and jumps to the next sleeper when nothing is, so that a film takes as long as its frames do.
"""

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.media import Ids, Item, Kind, Series
from revenge_companion.demo.plays import Play
from revenge_companion.demo.sites.held import Received, Tally, names_of, tally
from revenge_companion.demo.sites.site import Site
from revenge_companion.demo.viewer import End, Pause, PlayTo, Showing, Step
from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.start import Running, open_engine
from revenge_companion.engine.supervisor import Engine
from revenge_companion.net.http import Answer, Http
from revenge_companion.paths import Paths, find_paths
from revenge_companion.services.base import LinkPrompt, LinkRequest
from revenge_companion.store.database import Database, Link
from tests.clock import START, FakeClock

_T = TypeVar("_T")

LINKED = ("listenbrainz", "lastfm", "trakt", "simkl")
#: Passes of the loop without anything under way after which nothing more will come of itself.
_QUIET_PASSES = 24
OVER = (DeliveryState.DELIVERED, DeliveryState.PARKED, DeliveryState.UNDONE)


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the suite's table."""

    scenario: str
    seed: int
    plays: int
    #: Requests that bring plays or look for them; None where nobody counted.
    sent: int | None
    least: int | None
    lost: int
    doubled: int
    note: str = ""
    seconds: float = 0.0
    #: What else the scenario promises was kept.
    kept: bool = True

    @property
    def ok(self) -> bool:
        return self.kept and not self.lost and not self.doubled


@dataclass(slots=True)
class Watch:
    """What is under way, and what was sent."""

    under_way: int = 0
    #: Requests by what they are for: "store", "find" and "other", after their service.
    sent: Counter[tuple[str, str]] = field(default_factory=Counter)

    @contextlib.contextmanager
    def one(self) -> Any:
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    def stores(self, *services: str) -> int:
        """Requests that bring plays or look for them."""
        return sum(
            number
            for (service, purpose), number in self.sent.items()
            if purpose != "other" and (not services or service in services)
        )


class WatchedHttp(Http):
    """The program's HTTP; time stands still while a request is under way."""

    def __init__(self, watch: Watch, services: dict[str, str]) -> None:
        super().__init__()
        self._watch = watch
        #: Service by host and port.
        self._services = services

    async def request(self, method: str, url: str, **options: Any) -> Answer:
        host = url.split("/")[2]
        service = self._services.get(host, "")
        self._watch.sent[service, _purpose(method, url, options)] += 1
        with self._watch.one():
            return await super().request(method, url, **options)


def _purpose(method: str, url: str, options: dict[str, Any]) -> str:
    body, form = options.get("json"), options.get("form") or {}
    body = body if isinstance(body, dict) else {}
    if url.endswith("/sync/history") and method == "POST":
        return "store"
    if "/sync/history" in url and method == "GET":
        return "find"
    if url.endswith("/scrobble/stop") and body.get("progress", 0) >= 80:
        return "store"
    if body.get("listen_type") in ("single", "import"):
        return "store"
    return "store" if form.get("method") == "track.scrobble" else "other"


def watched_database(watch: Watch) -> type[Database]:
    """The program's database; time stands still while a job of it is under way."""

    class WatchedDatabase(Database):
        async def run(self, job: Callable[[Link], _T]) -> _T:
            with watch.one():
                return await super().run(job)

    return WatchedDatabase


class JumpClock(FakeClock):
    """A clock that moves on by itself, to the next sleeper, whenever nothing is under way."""

    def __init__(self, watch: Watch, now: datetime = START) -> None:
        super().__init__(now)
        self._watch = watch

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Time passes within the block."""
        task = asyncio.create_task(self._run(), name="jump-clock")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        quiet = 0
        while True:
            if self._watch.under_way:
                quiet = 0
                await asyncio.sleep(0.0002)
                continue
            await asyncio.sleep(0)
            quiet += 1
            if quiet < _QUIET_PASSES:
                continue
            quiet = 0
            wait_s = self.next_wake_s
            if wait_s is None:
                await asyncio.sleep(0.001)
            else:
                self.advance(max(wait_s, 0.0))


class MemorySecrets:
    """The keyring of a test, which outlives an engine."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    async def get(self, name: str) -> str | None:
        return self._kept.get(name)

    async def put(self, name: str, value: str) -> None:
        self._kept[name] = value

    async def drop(self, name: str) -> None:
        self._kept.pop(name, None)


class Home:
    """One profile of the program: its folder, its secrets, and the engine while it runs."""

    def __init__(self, rig: "Rig", folder: Path, clock: Any = None) -> None:
        self._rig = rig
        self._clock = clock or rig.clock
        self._secrets = MemorySecrets()
        self._running: Running | None = None
        self.paths: Paths = find_paths(str(folder))
        self.notes: list[str] = []

    @property
    def engine(self) -> Engine:
        assert self._running is not None
        return self._running.engine

    async def start(self, *, link: Sequence[str] = ()) -> Engine:
        """Open and start; with `link` signed in and linked first."""
        world, watch = self._rig.world, self._rig.watch
        hosts = {
            site.host.partition("//")[2]: key for key, site in world.destinations.sites.items()
        }
        self._running = await open_engine(
            self.paths,
            clock=self._clock,
            environ=world.destinations.environment(),
            secrets=self._secrets,
            http=WatchedHttp(watch, hosts),
            database_type=watched_database(watch),
        )
        self.notes = self._running.notes
        await self.engine.start()
        if link:
            await self.engine.sign_in(world.server_url, world.username, world.password)
        for service in link:
            site = world.destinations.sites[service]
            secret = site.link_secret if service == "listenbrainz" else ""
            await self.engine.link(service, LinkRequest(secret=secret), "", _approve)
        if link:
            await self.connected()
        return self.engine

    async def connected(self) -> None:
        """Wait until the server's events come in."""
        for _ in range(600):
            if self.engine.status.source.connected:
                return
            await self._rig.clock.sleep(1.0)
        raise AssertionError("the server's events do not come in")

    async def stop(self) -> None:
        if self._running is not None:
            running, self._running = self._running, None
            await running.close()

    async def open_rows(self) -> int:
        rows = await self.engine.outbox(limit=100_000)
        return sum(row.delivery.state not in OVER for row in rows)

    async def drain(self, hours: float = 72.0) -> int:
        """Wait until nothing waits any more; returns what still does after `hours`."""
        for _ in range(int(hours * 60)):
            if not await self.open_rows():
                break
            await self._rig.clock.sleep(60.0)
        return await self.open_rows()


async def _approve(prompt: LinkPrompt) -> None:
    """The local destinations approve by themselves."""


class Rig:
    """A world on a clock that jumps, and the profiles that live in it."""

    def __init__(self, folder: Path, now: datetime = START) -> None:
        self.folder = folder
        self.watch = Watch()
        self.clock = JumpClock(self.watch, now)
        self.world = DemoWorld(clock=self.clock)
        self._homes: list[Home] = []

    def home(self, name: str = "home", clock: Any = None) -> Home:
        home = Home(self, self.folder / name, clock)
        self._homes.append(home)
        return home

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Rig"]:
        async with self.clock.running(), self.world:
            try:
                yield self
            finally:
                for home in self._homes:
                    await home.stop()

    def count(self, plays: Iterable[Play] | None = None, services: Sequence[str] = LINKED) -> Tally:
        """Delivered, lost and doubled, from what the destinations really hold."""
        sites = [self.world.destinations.sites[service] for service in services]
        return counted(self.world.viewer.plays if plays is None else plays, sites)


def counted(plays: Iterable[Play], sites: Iterable[Site], *, dated: bool = True) -> Tally:
    """As `demo.sites.held.tally`, quick for thousands; without `dated` by the items alone."""
    total, played = Tally(), list(plays)
    for site in sites:
        groups: list[tuple[list[Play], list[Received]]] = []
        by_name: dict[str, int] = {}
        for play in played:
            if play.item.kind not in site.kinds:
                continue
            names = names_of(play.item)
            index = next((by_name[name] for name in names if name in by_name), len(groups))
            if index == len(groups):
                groups.append(([], []))
            groups[index][0].append(play)
            by_name |= dict.fromkeys(names, index)
        for received in site.held:
            found = next((by_name[name] for name in received.names if name in by_name), None)
            if found is None:
                total += Tally(doubled=1)
            else:
                groups[found][1].append(received)
        for theirs, held in groups:
            if dated:
                total += tally(theirs, held, once_per_item=site.once_per_item)
            else:
                wanted = sum(play.must_count is True for play in theirs)
                wanted = min(wanted, 1) if site.once_per_item else wanted
                here = len(held)
                total += Tally(min(here, wanted), max(wanted - here, 0), max(here - wanted, 0))
    return total


def track(number: int, *, duration_s: float = 90.0) -> Item:
    """A track no other number has."""
    return Item(
        Kind.TRACK,
        f"track-{number}",
        f"Track {number}",
        duration_s=duration_s,
        artist=f"Artist {number % 97}",
        artists=(f"Artist {number % 97}",),
        album="Faults",
    )


def film(number: int, *, duration_s: float = 700.0) -> Item:
    """A film no other number has."""
    ids = Ids(tmdb=500_000 + number, imdb=f"tt{5_000_000 + number}")
    return Item(Kind.MOVIE, f"film-{number}", f"Film {number}", 2020, ids, duration_s)


def episode(number: int, *, duration_s: float = 660.0) -> Item:
    """An episode no other number has; of the same long series."""
    return Item(
        Kind.EPISODE,
        f"episode-{number}",
        f"Part {number}",
        ids=Ids(tvdb=700_000 + number, tmdb=710_000 + number),
        duration_s=duration_s,
        series=Series("The Long Series", 2019, Ids(tmdb=3, imdb="tt3000003", tvdb=33)),
        season_number=1 + number // 50,
        episode_number=1 + number % 50,
    )


def played(item: Item, *, pause_s: float = 0.0) -> Showing:
    """`item` from its start to its end, perhaps with a pause."""
    steps: tuple[Step, ...] = (PlayTo(1.0),)
    if pause_s:
        steps = (PlayTo(0.4), Pause(pause_s), PlayTo(1.0))
    return Showing(item, steps, End.COMPLETED, must_count=True)


def left(item: Item, ratio: float = 0.2) -> Showing:
    """`item` given up early, which must not count."""
    return Showing(item, (PlayTo(ratio),), End.STOPPED, must_count=False)


def evening(first: int, plays: int) -> list[Showing]:
    """`plays` showings of all kinds, numbered from `first`; one in seven is given up."""
    script = []
    for number in range(first, first + plays):
        item = (track, film, track, episode)[number % 4](number)
        script.append(
            left(item) if number % 7 == 6 else played(item, pause_s=20.0 * (number % 5 == 0))
        )
    return script


def least(plays: Iterable[Play]) -> int:
    """Requests that bring these plays, sent as they count, to all four destinations."""
    return sum(2 for play in plays if play.must_count)


def batches(rows: int, size: int) -> int:
    return math.ceil(rows / size)


def table(results: Sequence[Result]) -> str:
    """The suite's one table."""
    head = ("scenario", "seed", "plays", "sent", "least", "lost", "doubled", "ok", "s", "note")
    lines = [head]
    for one in results:
        sent = "-" if one.sent is None else str(one.sent)
        fewest = "-" if one.least is None else str(one.least)
        lines.append(
            (one.scenario, str(one.seed), str(one.plays), sent, fewest, str(one.lost),
             str(one.doubled), "yes" if one.ok else "NO", f"{one.seconds:.1f}", one.note)
        )  # fmt: skip
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if column in (0, len(head) - 1) else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
