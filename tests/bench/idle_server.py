"""A demo server and destinations where nothing happens; prints where they are and waits.

Ends when its standard input does.
"""

import asyncio
import json
import sys

from revenge_companion.demo.world import DemoWorld


async def main() -> None:
    async with DemoWorld() as world:
        site = world.destinations.sites["listenbrainz"]
        where = {
            "server": world.server_url,
            "username": world.username,
            "password": world.password,
            "listenbrainz": site.url,
            "token": site.link_secret,
        }
        print(json.dumps(where), flush=True)
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
