"""How long the start takes and how much memory it keeps, against a bare tray process.

Both kinds of process take turns on one desktop with a real tray host. With the window open the
target is missed by a tenth: half of what the window takes, some 50 ms, goes into the enumerations
of Qt's classes, 4,600 members, which PySide6 makes the moment each class is first used.

The rows without a target are of a profile that is signed in, connected, and has one account. Then
everything is loaded that the tray leaves out while nobody needs it: HTTP with TLS and two sets of
authorities, WebSockets, Qt's network information, and the vault, whose key alone takes 100 ms.
``python -m tests.bench.bench_start``.
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.bench_idle import VAULT, idle_server, sign_in
from tests.bench.desk import desk, has_desk

Row = tuple[str, float, str]

_HERE = Path(__file__).parent
_BARE = [str(_HERE / "bare_tray.py")]
_TRAY = [str(_HERE / "our_tray.py")]
_WINDOW = [str(_HERE / "our_tray.py"), "window"]


class Child:
    """One process under measurement."""

    def __init__(self, command: list[str], environment: dict[str, str], points: int) -> None:
        """Start it and wait until it has told of `points` points."""
        self.points: dict[str, float] = {}
        self._process = subprocess.Popen(
            [sys.executable, *command],
            env={**environment, "BENCH_STAMP": repr(time.time())},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        while len(self.points) < points:
            line = self._process.stdout.readline()
            if not line:
                raise RuntimeError(f"{command} ended with {self._process.wait()}")
            name, seconds = line.split()
            self.points[name] = float(seconds)

    @property
    def pid(self) -> int:
        return self._process.pid

    def memory_kb(self) -> tuple[int, int]:
        """Resident and proportional set size in KiB."""
        found = {}
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, size = line.split()[:2]
            found[name] = int(size)
        return found["Rss:"], found["Pss:"]

    def end(self) -> None:
        os.kill(self.pid, signal.SIGTERM)
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()


def _start(command: list[str], environment: dict[str, str], points: int) -> dict[str, float]:
    child = Child(command, environment, points)
    child.end()
    return child.points


def _pair_kb(environment: dict[str, str], idle_s: float) -> list[tuple[int, int]]:
    """Memory of a bare tray and of ours, each after `idle_s` seconds."""
    pair = []
    for command, points in ((_BARE, 1), (_TRAY, 2)):
        child = Child(command, environment, points)
        time.sleep(idle_s)  # noqa: TID251  # what is measured is doing nothing
        pair.append(child.memory_kb())
        child.end()
    return pair


def _signed_in(environment: dict[str, str], rounds: int, idle_s: float) -> list[Row]:
    with idle_server() as where, tempfile.TemporaryDirectory(prefix="rc-bench-") as home:
        own = {**environment, **VAULT, "HOME": home, "XDG_RUNTIME_DIR": home}
        sign_in(own, where)
        loaded = []
        for _ in range(rounds):
            bare = _start(_BARE, own, 1)["tray"]
            loaded.append(_start(_TRAY, own, 2)["loaded"] / bare)
        (bare_kb, _), (ours_kb, _) = _pair_kb(own, idle_s)
    return [
        ("everything loaded, signed in with an account, to bare", statistics.median(loaded), ""),
        ("idle memory (RSS), signed in with an account, to bare", ours_kb / bare_kb, ""),
    ]


def rows(rounds: int = 15, idle_s: float = 5.0, memories: int = 3) -> list[Row]:
    """Name, value and target of each measure; empty where no tray host can be run."""
    if not has_desk():
        return []
    bare, tray, loaded, window = [], [], [], []
    resident, proportional = [], []
    with desk() as environment:
        # Once for nothing: the profile is made, and everything is in the disk's cache.
        for command, points in ((_BARE, 1), (_TRAY, 2), (_WINDOW, 2)):
            _start(command, environment, points)
        for _ in range(rounds):
            bare.append(_start(_BARE, environment, 1)["tray"])
            points = _start(_TRAY, environment, 2)
            tray.append(points["tray"])
            loaded.append(points["loaded"])
            window.append(_start(_WINDOW, environment, 2)["loaded"])
        for _ in range(memories):
            pair = _pair_kb(environment, idle_s)
            resident.append(pair[1][0] / pair[0][0])
            proportional.append(pair[1][1] / pair[0][1])
        signed_in = _signed_in(environment, max(1, rounds // 3), idle_s)
    base = statistics.median(bare)
    return [
        ("bare PySide6 tray visible, ms", base * 1000, ""),
        ("start to tray visible, to bare", statistics.median(tray) / base, "<= 1.2"),
        ("everything loaded, to bare", statistics.median(loaded) / base, "<= 3"),
        (
            "everything loaded and the window open, to bare",
            statistics.median(window) / base,
            "<= 3",
        ),
        ("idle memory (RSS), to bare", statistics.median(resident), "<= 1.6"),
        ("idle memory (PSS), to bare", statistics.median(proportional), "<= 1.6"),
        *signed_in,
    ]


if __name__ == "__main__":
    for name, value, target in rows():
        print(f"{name:<60} {value:8.2f}   {target}")
