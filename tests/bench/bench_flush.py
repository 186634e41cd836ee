"""In how many requests 10,000 queued plays of music leave for ListenBrainz and Last.fm.

The real engine, on disk, against the demo's destinations over loopback, on a clock that runs fast
enough for pacing not to be waited for. ``python -m tests.bench.bench_flush``.
"""

import asyncio
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.start import SystemClock, open_engine
from revenge_companion.engine.supervisor import Engine
from revenge_companion.paths import find_paths
from revenge_companion.services.base import LinkPrompt, LinkRequest
from revenge_companion.store.database import Database
from revenge_companion.store.outbox import Outbox
from revenge_companion.store.secrets import open_secrets
from tests.bench.bench_store import scrobble

Row = tuple[str, float, str]

#: Scrobbles that one request holds, by service.
_BATCHES = {"listenbrainz": 1000, "lastfm": 50}
#: Seconds between two tracks: 10,000 of them stay younger than the 14 days that Last.fm takes,
#: however many days its daily budget makes of it.
_APART_S = 60
_SPEED = 100.0
_LIMIT_S = 30.0


async def _approve(_prompt: LinkPrompt) -> None:
    """The destinations approve by themselves."""


async def _linked(engine: Engine, world: DemoWorld) -> list[int]:
    ids = []
    for service in _BATCHES:
        site = world.destinations.sites[service]
        secret = site.link_secret if service == "listenbrainz" else ""
        account = await engine.link(service, LinkRequest(secret=secret), "", _approve)
        ids.append(account.id)
    return ids


async def _queue(path: Path, world: DemoWorld, plays: int, accounts: list[int]) -> None:
    """Put `plays` into the outbox of an engine that does not run."""
    database = await Database.open(path, clock=world.clock)
    began = world.clock.now() - timedelta(seconds=_APART_S * (plays + 100))
    dated = [
        replace(scrobble(number), started_at=began + timedelta(seconds=_APART_S * number))
        for number in range(plays)
    ]
    await Outbox(database, world.clock).add_many([(one, accounts) for one in dated])
    await database.close()


async def _flush(home: Path, plays: int) -> tuple[dict[str, int], float]:
    """Requests for all plays at the rate so far, by service, and the seconds that were taken."""
    async with DemoWorld(speed=_SPEED) as world:
        paths = find_paths(str(home)).create()
        environ = {**os.environ, **world.destinations.environment()}
        vault = await open_secrets(
            vault_path=paths.vault, vault_key="only for this benchmark", clock=SystemClock()
        )
        running = await open_engine(paths, clock=world.clock, environ=environ, secrets=vault)
        await running.engine.start()
        accounts = await _linked(running.engine, world)
        await running.close()
        await _queue(paths.database, world, plays, accounts)
        for service in _BATCHES:
            world.destinations.sites[service].requests.clear()

        running = await open_engine(paths, clock=world.clock, environ=environ, secrets=vault)
        engine = running.engine
        done = asyncio.Event()

        def look(_change: object) -> None:
            if engine.status.outbox.delivered == plays * len(accounts):
                done.set()

        engine.on_change(look)
        began = time.perf_counter()
        await engine.start()
        try:
            # A service with a daily budget is not waited for: its requests are counted on.
            with suppress(TimeoutError):
                async with asyncio.timeout(_LIMIT_S):
                    await done.wait()
        finally:
            took = time.perf_counter() - began
            counted = {
                service: sum(
                    asked.startswith("POST") for asked in world.destinations.sites[service].requests
                )
                for service in _BATCHES
            }
            held = {service: len(world.destinations.held(service)) for service in _BATCHES}
            await running.close()
        assert all(held.values()), held
        whole = {name: -(-counted[name] * plays // held[name]) for name in counted}
        return whole, took


def rows(plays: int = 10_000) -> list[Row]:
    """Name, value and target of each measure."""
    with tempfile.TemporaryDirectory(prefix="rc-bench-") as name:
        requests, took = asyncio.run(_flush(Path(name), plays))
    found: list[Row] = [
        (
            f"requests for {plays:,} plays, {service}",
            float(requests[service]),
            f"<= {-(-plays // batch)}",
        )
        for service, batch in _BATCHES.items()
    ]
    least = sum(-(-plays // batch) for batch in _BATCHES.values())
    sent = sum(requests.values())
    found.append(("requests sent to the least possible, clean run", sent / least, "<= 1"))
    found.append((f"{plays:,} plays to both, on a clock {_SPEED:.0f} times as fast, s", took, ""))
    return found


if __name__ == "__main__":
    for name, value, target in rows():
        print(f"{name:<66} {value:8.1f}   {target}")
