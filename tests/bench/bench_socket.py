"""What a playback frame costs from the socket to the tracker, in CPU of the whole process.

The server is another process; the frames come over loopback, are read, checked and acknowledged.
Measured up to the tracker's door, and with what the tracker does inside, which has no target: every
second frame brings a checkpoint, which is nearly half of the tracker's part. ``python -m
tests.bench.bench_socket``.
"""

import asyncio
import gc
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import cast

from revenge_companion.core.playback import PlaybackEvent
from revenge_companion.core.session import SessionTracker
from revenge_companion.core.thresholds import Rules
from revenge_companion.revenge.session import Session
from revenge_companion.revenge.signals import Signal
from revenge_companion.revenge.websocket import PlaybackSocket
from tests.bench.frame_server import STEP_S, USER

Row = tuple[str, float, str]

_BEGAN = datetime(2026, 11, 20, 20, 15, 31, tzinfo=UTC)
#: Frames before the count begins: connecting and first uses are not what is measured.
_WARM = 1000


class _Clock:
    """Time that goes on with the frames, as fast as they say."""

    def __init__(self) -> None:
        self.played_s = 0.0

    def now(self) -> datetime:
        return _BEGAN + timedelta(seconds=self.played_s)

    def monotonic_s(self) -> float:
        return self.played_s

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _SignedIn:
    """A sign-in that lasts."""

    def __init__(self, url: str) -> None:
        self.base_url = url

    def check(self) -> None:
        """Its address may be asked."""

    async def bearer(self) -> str:
        return "a-token"


async def _listen(url: str, frames: int, *, inside: bool) -> tuple[float, int]:
    """CPU seconds per frame, and how many scrobbles the frames made if taken `inside`."""
    clock = _Clock()
    tracker = SessionTracker(Rules())
    socket = PlaybackSocket(cast(Session, _SignedIn(url)), clock, USER)
    done = asyncio.Event()
    taken = scrobbles = 0
    start_s = end_s = 0.0

    async def tell(signal: Signal) -> None:
        nonlocal taken, scrobbles, start_s, end_s
        if not isinstance(signal, PlaybackEvent):
            return
        if inside:
            decisions = tracker.tick(signal.at_s)
            decisions += tracker.feed(signal)
            scrobbles += sum(len(decision.scrobbles) for decision in decisions)
        clock.played_s += STEP_S
        taken += 1
        if taken == _WARM:
            start_s = time.process_time()
        elif taken == frames:
            end_s = time.process_time()
            done.set()

    listening = asyncio.create_task(socket.run(tell))
    waiting = asyncio.create_task(done.wait())
    await asyncio.wait({listening, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if listening.done():
        # It listens for ever unless something is wrong.
        listening.result()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    return (end_s - start_s) / (frames - _WARM), scrobbles


def _costs_us(frames: int, rounds: int) -> dict[bool, list[float]]:
    """Microseconds per frame of each round, up to the door (False) and inside (True)."""
    costs: dict[bool, list[float]] = {False: [], True: []}
    # As the program does once it is loaded.
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for inside, found in costs.items():
            server = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.frame_server", str(frames)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert server.stdout is not None
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            cost_s, scrobbles = asyncio.run(_listen(url, frames, inside=inside))
            assert bool(scrobbles) is inside
            found.append(cost_s * 1e6)
            server.communicate()
    return costs


def rows(frames: int = 50_000, rounds: int = 3) -> list[Row]:
    """Name, value and target of each measure."""
    costs = _costs_us(frames, rounds)
    return [
        (
            f"frame from socket to tracker, {frames:,} frames, µs of CPU",
            statistics.median(costs[False]),
            "<= 20",
        ),
        (
            "the same with the tracker's own work and checkpoints, µs of CPU",
            statistics.median(costs[True]),
            "",
        ),
    ]


if __name__ == "__main__":
    for name, value, target in rows():
        print(f"{name:<66} {value:8.2f}   {target}")
