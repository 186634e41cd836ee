"""Truncated files, flipped bits and scribbled pages, while the program is not running.

A round: a day later the program starts (and copies its database), plays come in while services
cannot be reached, the program ends in order or the power fails with the log not yet folded in,
files are damaged, the program starts again. What the copy did not know of comes back by the
server's replay.
"""

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.faults.rig import LINKED, Home, Result, Rig, episode, film, played, track
from tests.faults.scenarios import result

_DAY_S = 25 * 3600.0
_BLOCK = 512


def truncate(path: Path, rng: random.Random) -> None:
    os.truncate(path, rng.randrange(path.stat().st_size + 1))


def flip(path: Path, rng: random.Random) -> None:
    """One to sixteen bits somewhere in the file."""
    data = bytearray(path.read_bytes())
    for _ in range(rng.choice((1, 1, 4, 16)) if data else 0):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def blank(path: Path, rng: random.Random) -> None:
    """Blocks of zeros or noise, as after a power loss."""
    data = bytearray(path.read_bytes())
    for _ in range(rng.choice((1, 1, 3))):
        at = rng.randrange(max(len(data) // _BLOCK, 1)) * _BLOCK
        size = len(data[at : at + _BLOCK])
        data[at : at + _BLOCK] = bytes(size) if rng.random() < 0.5 else rng.randbytes(size)
    path.write_bytes(data)


DAMAGES = (truncate, flip, blank)


def _damage(path: Path, rng: random.Random) -> None:
    """Damage done behind everybody's back: no time of change tells of it."""
    stat = path.stat()
    rng.choice(DAMAGES)(path, rng)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _victims(home: Home, rng: random.Random) -> Sequence[Path]:
    path = home.paths.database
    log = path.with_name(path.name + "-wal")
    copies = sorted((path.parent / "backups").glob("*"))
    chosen = rng.choice(("file", "file", "log", "both", "copy and file"))
    return {
        "file": [path],
        "log": [log],
        "both": [path, log],
        # The oldest copy stays whole: with no copy left, nothing could be restored.
        "copy and file": [*copies[1:][-1:], path],
    }[chosen]


async def damaged(folder: Path, seed: int, rounds: int = 100) -> Result:
    """`rounds` damages, one after the other, to the same profile."""
    began_s = time.perf_counter()
    rng, rig = random.Random(seed), Rig(folder)
    said: Counter[str] = Counter()
    numbers = iter(range(1, 1_000_000))
    async with rig.running():
        home = rig.home()
        await home.start(link=LINKED)
        await rig.world.viewer.play([played(track(next(numbers)))])
        await home.drain()
        for _ in range(rounds):
            await home.stop()
            await rig.clock.sleep(_DAY_S)
            await home.start()
            await home.connected()
            await rig.world.viewer.play([played(track(next(numbers)))])
            rig.world.destinations.cut(*rng.sample(LINKED, rng.randrange(5)) or ("lastfm",))
            makers = rng.choices((track, film, episode), k=2)
            await rig.world.viewer.play([played(make(next(numbers))) for make in makers])
            if rng.random() < 0.5:
                await _power_fails(home)
            else:
                await home.stop()
            for victim in _victims(home, rng):
                if victim.exists():
                    _damage(victim, rng)
            await rig.world.destinations.restore()
            await home.start()
            said[_sort(home.notes)] += 1
            await home.connected()
            # What the server replays comes in first.
            await rig.clock.sleep(120.0)
            await home.drain()
        made = result(f"damaged files, {rounds} times", seed, rig, rig.count(), began_s)
        note = ", ".join(f"{number} {what}" for what, number in said.most_common())
        return replace(made, sent=None, least=None, note=note)


def _sort(notes: Sequence[str]) -> str:
    if not notes:
        return "whole"
    return "restored" if "was restored" in notes[0] else notes[0]


async def _power_fails(home: Home) -> None:
    """Stop the program, and have its files as they were before it could close them."""
    path = home.paths.database
    aside = path.parent / "as-it-was"
    aside.mkdir()
    # The index of the log belongs to the memory that is gone.
    for name in (path.name, path.name + "-wal"):
        shutil.copy(path.parent / name, aside / name)
    await home.stop()
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    for copy in aside.iterdir():
        shutil.move(copy, path.parent / copy.name)
    aside.rmdir()
