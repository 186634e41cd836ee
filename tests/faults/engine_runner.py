"""A headless engine on a given clock, as a process of its own that a test may kill.

Standard input holds one line of JSON: the clock's `speed`, `started_at` and `started_s`. Everything
else is as in `run --headless`.
"""

import asyncio
import json
import os
import signal
import sys
from datetime import datetime

from revenge_companion.demo.clock import ScaledClock
from revenge_companion.engine.control import ControlServer
from revenge_companion.engine.requests import Requests
from revenge_companion.engine.start import VAULT_KEY_ENV, SystemClock, open_engine
from revenge_companion.paths import find_paths
from revenge_companion.store.secrets import open_secrets


async def run() -> None:
    given = json.loads(sys.stdin.readline())
    clock = ScaledClock(
        given["speed"],
        started_at=datetime.fromisoformat(given["started_at"]),
        started_s=given["started_s"],
    )
    paths = find_paths().create()
    # A keyring answers in real time.
    secrets = await open_secrets(
        vault_path=paths.vault, vault_key=os.environ[VAULT_KEY_ENV], clock=SystemClock()
    )
    running = await open_engine(paths, clock=clock, secrets=secrets)
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    control = ControlServer(paths.control, Requests(running.engine).handle)
    await control.start()
    await running.engine.start()
    print(os.getpid(), flush=True)  # noqa: T201  # told to the test
    await ending.wait()
    await control.close()
    await running.close()


if __name__ == "__main__":
    asyncio.run(run())
