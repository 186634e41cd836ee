"""A desktop for the benchmarks: an X server with a real tray host, and a fresh home."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_PROGRAMS = ("Xvfb", "trayer")
#: Seconds that the X server and the tray host have to come up.
_READY_S = 10.0


def has_desk() -> bool:
    """Whether a tray host can be run here."""
    return sys.platform.startswith("linux") and all(map(shutil.which, _PROGRAMS))


@contextmanager
def desk() -> Iterator[dict[str, str]]:
    """The environment of a desktop whose tray takes icons, with a home that is thrown away."""
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="rc-bench-"))
        display = stack.enter_context(_display())
        environment = {**fresh_home(Path(home)), "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        tray = subprocess.Popen(
            ["trayer", "--edge", "bottom", "--widthtype", "request", "--height", "32"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(_end, tray)
        _wait_for_tray(environment)
        yield environment


def fresh_home(home: Path) -> dict[str, str]:
    """This process's environment with every folder of the user in `home`, and no desktop bus."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("REVENGE_COMPANION", "QT_", "WAYLAND", "XDG_"))
    }
    # Bytecode is there in an installed program, as it is for the packages of a bare one.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment.update(
        HOME=str(home),
        XDG_RUNTIME_DIR=str(home),
        DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent",
        PYTHONPATH=str(Path.cwd()),
    )
    return environment


@contextmanager
def _display() -> Iterator[str]:
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
        pass_fds=[writer],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as told:
            yield ":" + told.readline().strip()
    finally:
        _end(server)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(10)


_ASK = """
import sys
from PySide6.QtWidgets import QApplication, QSystemTrayIcon
QApplication(sys.argv)
sys.exit(not QSystemTrayIcon.isSystemTrayAvailable())
"""


def _wait_for_tray(environment: dict[str, str]) -> None:
    end = time.monotonic() + _READY_S
    while subprocess.run([sys.executable, "-c", _ASK], env=environment, check=False).returncode:
        if time.monotonic() > end:
            raise RuntimeError("The tray host did not come up.")
