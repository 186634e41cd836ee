"""The demo's local Trakt with years of watching; prints the environment that leads to it.

The number of plays is its argument, and how long it thinks about an answer, in milliseconds, the
environment's `BENCH_SLOW_MS`.
"""

import asyncio
import json
import os
import sys

from revenge_companion.demo.destinations import Destinations
from revenge_companion.engine.start import SystemClock


async def main(plays: int) -> None:
    async with Destinations(SystemClock()) as sites:
        sites.trakt.preload(plays)
        sites.trakt.slow(float(os.environ.get("BENCH_SLOW_MS", "0")) / 1000)
        print(json.dumps(sites.environment()), flush=True)
        # Whoever started it closes its input when it is done.
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
