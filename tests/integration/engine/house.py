"""The whole engine over the demo's world, in a home of its own, as fast as it goes."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

from revenge_companion.core.accounts import Account
from revenge_companion.core.errors import SecretsUnavailable
from revenge_companion.core.media import Item
from revenge_companion.core.status import AccountStatus
from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.viewer import SPEAKERS, TELEVISION, End, PlayTo, Showing
from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.api import Notification
from revenge_companion.engine.start import open_engine
from revenge_companion.engine.supervisor import Engine
from revenge_companion.paths import find_paths
from revenge_companion.services.base import LinkPrompt, LinkRequest
from tests.clock import eventually

#: A track of three minutes takes a third of a second.
SPEED = 500.0
TRACKS = LIBRARY.albums[0].tracks
FILM = LIBRARY.movies[2]


class Memory:
    """A keyring that lasts as long as the test."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.silent = False

    async def get(self, name: str) -> str | None:
        if self.silent:
            raise SecretsUnavailable("The system's password store does not answer.")
        return self.kept.get(name)

    async def put(self, name: str, value: str) -> None:
        self.kept[name] = value

    async def drop(self, name: str) -> None:
        self.kept.pop(name, None)


class House:
    """One engine and the world around it."""

    def __init__(self, world: DemoWorld, engine: Engine, secrets: Memory) -> None:
        self.world, self.engine, self.secrets = world, engine, secrets
        self.notices: list[Notification] = []
        self.changed = asyncio.Event()
        engine.on_change(lambda change: self.changed.set())
        engine.on_notification(self.notices.append)

    async def sign_in(self) -> None:
        world = self.world
        await self.engine.sign_in(world.server_url, world.username, world.password)
        await self.until(lambda: self.engine.status.source.connected)

    async def link(self, *services: str) -> list[Account]:
        accounts = []
        for service in services:
            site = self.world.destinations.sites[service]
            request = LinkRequest(secret=site.link_secret if service == "listenbrainz" else "")
            accounts.append(await self.engine.link(service, request, "", _approve))
        return accounts

    async def play(self, *items: Item, to: float = 1.0) -> None:
        script = []
        for item in items:
            device = TELEVISION if item.kind.is_video else SPEAKERS
            end = End.COMPLETED if to == 1.0 else End.STOPPED
            script.append(Showing(item, (PlayTo(to),), end, must_count=True, device=device))
        await self.world.viewer.play(script)

    async def until(self, fact: Callable[[], bool], *, within_s: float = 15.0) -> None:
        """Wait for a change of the engine after which `fact` holds."""
        try:
            async with asyncio.timeout(within_s):
                while not fact():
                    self.changed.clear()
                    try:
                        async with asyncio.timeout(0.1):
                            await self.changed.wait()
                    except TimeoutError:
                        # What destinations hold changes without the engine's saying so.
                        continue
        except TimeoutError:
            raise AssertionError(f"not within {within_s} s: {self.engine.status}") from None

    async def until_true(
        self, fact: Callable[[], Awaitable[bool]], *, within_s: float = 30.0
    ) -> None:
        """As `until`, for a fact that has to be asked for."""
        try:
            async with asyncio.timeout(within_s):
                while not await fact():
                    self.changed.clear()
                    try:
                        async with asyncio.timeout(0.02):
                            await self.changed.wait()
                    except TimeoutError:
                        continue
        except TimeoutError:
            raise AssertionError(f"not within {within_s} s: {self.engine.status}") from None

    async def drained(self) -> None:
        """Wait until nothing waits, and every play has been decided."""
        await self.until(lambda: self.engine.status.outbox.waiting == 0)

    def account(self, service: str) -> AccountStatus:
        accounts = self.engine.status.all_accounts
        return next(a for a in accounts if a.account.service == service)

    def held(self, service: str) -> int:
        return len(self.world.destinations.held(service))

    def assert_once(self, *services: str) -> None:
        report = self.world.report(services)
        assert (report.lost, report.doubled) == (0, 0)
        assert report.delivered > 0


async def _approve(prompt: LinkPrompt) -> None:
    """The demo's destinations approve by themselves."""


@asynccontextmanager
async def running(
    home: Path,
    *,
    services: Sequence[str] = (),
    websocket: bool = True,
    sse_playback: bool = False,
    signed_in: bool = True,
    speed: float = SPEED,
) -> AsyncIterator[House]:
    async with DemoWorld(speed=speed, websocket=websocket, sse_playback=sse_playback) as world:
        secrets = Memory()
        async with engine(world, home, secrets) as house:
            if signed_in:
                await house.sign_in()
            await house.link(*services)
            yield house


@asynccontextmanager
async def engine(world: DemoWorld, home: Path, secrets: Memory) -> AsyncIterator[House]:
    running = await open_engine(
        find_paths(str(home)).create(),
        clock=world.clock,
        environ=world.destinations.environment(),
        secrets=secrets,
    )
    try:
        house = House(world, running.engine, secrets)
        await running.engine.start()
        yield house
    finally:
        await running.close()


async def stock_taken(home: Path) -> None:
    """Wait until the place in the server's history is on disk."""

    def is_taken() -> bool:
        with closing(sqlite3.connect(find_paths(str(home)).database)) as connection:
            rows = connection.execute("SELECT 1 FROM meta WHERE key LIKE 'history/%'").fetchall()
        return bool(rows)

    await eventually(is_taken, within_s=15.0)
