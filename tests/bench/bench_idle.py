"""What the program costs while nothing happens, in the tray and without a window.

Signed out, and signed in over the WebSocket with a linked account. Context switches of all threads
stand for wake-ups; those of a thread that waits for its turn in Python or for the disk are among
them. Counting begins six seconds after the connection: by then the server's history has been walked
once (some 25 of them), and what is left is a ping every half minute. ``python -m
tests.bench.bench_idle``.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.bench.desk import desk, fresh_home, has_desk

Row = tuple[str, float, str]

_PROGRAM = [sys.executable, "-m", "revenge_companion"]
VAULT = {"REVENGE_COMPANION_VAULT_KEY": "only for this benchmark"}


def effort(pid: int) -> tuple[float, int]:
    """CPU milliseconds and context switches of all threads of a process since its start."""
    cpu_ns = switches = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        cpu_ns += int((task / "schedstat").read_text().split()[0])
        for line in (task / "status").read_text().splitlines():
            if "ctxt_switches" in line:
                switches += int(line.split()[1])
    return cpu_ns / 1e6, switches


@contextmanager
def idle_server() -> Iterator[dict[str, str]]:
    """Addresses, names and secrets of a demo server in a process of its own."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.idle_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    try:
        yield json.loads(child.stdout.readline())
    finally:
        child.communicate()


def sign_in(environment: dict[str, str], where: dict[str, str]) -> None:
    """Sign a profile in and link one account, as a person would on the command line."""
    server, name, site = where["server"], where["username"], where["listenbrainz"]
    for command, secret in (
        (["signin", "--server", server, "--username", name, "--password-stdin"], "password"),
        (["link", "listenbrainz", "--api-url", site, "--secret-stdin"], "token"),
    ):
        subprocess.run(
            [*_PROGRAM, *command],
            env=environment,
            input=where[secret],
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def status(environment: dict[str, str]) -> dict[str, Any]:
    """What `status --json` says."""
    said = subprocess.run(
        [*_PROGRAM, "status", "--json"], env=environment, stdout=subprocess.PIPE, check=True
    )
    found: dict[str, Any] = json.loads(said.stdout)
    return found


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[int]:
    """The process id of a running program; it is told to end afterwards."""
    child = subprocess.Popen(
        [sys.executable, *command],
        env={**environment, "BENCH_STAMP": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdout is not None
    try:
        # The tray is there before the program is.
        while child.stdout.readline().startswith(b"tray"):
            pass
        yield child.pid
    finally:
        os.kill(child.pid, signal.SIGTERM)
        child.wait(20)
        child.stdout.close()


def rows(settle_s: float = 6.0, sample_s: float = 60.0) -> list[Row]:
    """Name, value and target of each measure; without a tray host only those without a window."""
    kinds = {"headless": ["-m", "revenge_companion", "run", "--headless"]}
    with ExitStack() as stack:
        base = dict(os.environ)
        if has_desk():
            base = stack.enter_context(desk())
            kinds["tray"] = [str(Path(__file__).parent / "our_tray.py")]
        where = stack.enter_context(idle_server())
        homes = Path(stack.enter_context(_folder()))
        pids = {}
        for kind, command in kinds.items():
            for signed_in in (False, True):
                home = homes / f"{kind}-{signed_in}"
                home.mkdir()
                environment = {**base, **fresh_home(home), **VAULT}
                for name in ("DISPLAY", "QT_QPA_PLATFORM"):
                    if name in base:
                        environment[name] = base[name]
                if signed_in:
                    sign_in(environment, where)
                pid = stack.enter_context(running(command, environment))
                pids[f"{kind}, signed {'in' if signed_in else 'out'}"] = pid
                if signed_in:
                    _wait_until_connected(environment)
        time.sleep(settle_s)  # noqa: TID251  # what is measured is doing nothing
        before = {what: effort(pid) for what, pid in pids.items()}
        time.sleep(sample_s)  # noqa: TID251  # the same
        after = {what: effort(pid) for what, pid in pids.items()}
    found: list[Row] = []
    for what in pids:
        (cpu, woken), (cpu_after, woken_after) = before[what], after[what]
        found += [
            (f"idle CPU, {what}, ms per second", (cpu_after - cpu) / sample_s, "<= 1"),
            (f"idle wake-ups per second, {what}", (woken_after - woken) / sample_s, "<= 0.5"),
        ]
    return found


def _wait_until_connected(environment: dict[str, str]) -> None:
    end = time.monotonic() + 20
    while not status(environment)["connected"]:
        if time.monotonic() > end:
            raise RuntimeError("The program did not connect to the demo server.")


@contextmanager
def _folder() -> Iterator[str]:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="rc-bench-") as name:
        yield name


if __name__ == "__main__":
    for name, value, target in rows():
        print(f"{name:<60} {value:8.3f}   {target}")
