"""A throw-away profile for the demo: the real engine on the demo's clock, signed in and linked."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.start import SystemClock, open_engine
from revenge_companion.engine.supervisor import Engine
from revenge_companion.paths import find_paths
from revenge_companion.services.base import LinkPrompt, LinkRequest
from revenge_companion.store.secrets import open_secrets

#: The destinations that are linked.
LINKED = ("listenbrainz", "lastfm", "trakt", "simkl")


@asynccontextmanager
async def demo_engine(world: DemoWorld, home: Path) -> AsyncIterator[Engine]:
    """An engine on the demo's clock, signed in at the demo's server, with its accounts linked.

    Its secrets are in a vault with a key that nobody keeps.
    """
    paths = find_paths(str(home)).create()
    environ = {**os.environ, **world.destinations.environment()}
    vault = await open_secrets(
        vault_path=paths.vault, vault_key=secrets.token_urlsafe(24), clock=SystemClock()
    )
    running = await open_engine(paths, clock=world.clock, environ=environ, secrets=vault)
    try:
        await running.engine.start()
        await running.engine.sign_in(world.server_url, world.username, world.password)
        for service in LINKED:
            site = world.destinations.sites[service]
            request = LinkRequest(secret=site.link_secret if service == "listenbrainz" else "")
            await running.engine.link(service, request, "", _approve)
        yield running.engine
    finally:
        await running.close()


async def _approve(prompt: LinkPrompt) -> None:
    """The demo's destinations approve by themselves."""
