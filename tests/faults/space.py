"""A disk that is full, for real: a small file system of its own, or a limit on files' sizes."""

import os
import resource
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from tests.faults.rig import LINKED, Result, Rig, evening
from tests.faults.scenarios import result

#: Room for the database of a few dozen plays and its log, which grows to 4 MiB; in bytes.
_SMALL = 8 << 20


class Disk(Protocol):
    """A disk that can be filled up, and freed again."""

    name: str

    def fill(self) -> None: ...
    def free(self) -> None: ...


class SmallDisk:
    """A memory file system of a few megabytes, mounted at `folder`; needs to be root."""

    name = "a full disk"

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(b"\0" * 4096):
                pass

    def free(self) -> None:
        self._ballast.unlink()


class SizeLimit:
    """No file of this process may grow beyond what the log of the database has already."""

    name = "a limit on file sizes"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        sizes = [path.stat().st_size for path in self._folder.rglob("companion.db*")]
        resource.setrlimit(resource.RLIMIT_FSIZE, (max(sizes, default=0), self._before[1]))

    def free(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """A disk at `folder` that can be filled: of its own where we may mount one."""
    folder.mkdir(parents=True)
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_SMALL}", "tmpfs", str(folder)],
            capture_output=True,
            check=False,
        ).returncode
    )
    if mounted:
        try:
            yield SmallDisk(folder)
        finally:
            subprocess.run(["umount", str(folder)], check=True)
        return
    limit = SizeLimit(folder)
    try:
        yield limit
    finally:
        limit.free()


async def full(folder: Path, seed: int, plays: int = 8, *, restarts: bool = False) -> Result:
    """The disk fills up, plays go on, and there is room again; perhaps after a restart."""
    began_s = time.perf_counter()
    rig = Rig(folder)
    with small_disk(folder / "home") as disk:
        async with rig.running():
            home = rig.home()
            await home.start(link=LINKED)
            await rig.world.viewer.play(evening(0, 4))
            disk.fill()
            told: list[str] = []
            home.engine.on_notification(lambda one: told.append(one.reason))
            await rig.world.viewer.play(evening(100, plays))
            told.append(home.engine.status.trouble)
            if restarts:
                await home.stop()
            disk.free()
            if restarts:
                await home.start()
                await home.connected()
            await rig.clock.sleep(120.0)
            await rig.world.viewer.play(evening(200, 4))
            await home.drain()
            made = result(
                disk.name + (", restarted" if restarts else ""), seed, rig, rig.count(), began_s
            )
            said = any("disk" in one.lower() or "space" in one.lower() for one in told)
            await home.stop()
    return replace(made, sent=None, least=None, kept=said, note="" if said else f"said {told}")
