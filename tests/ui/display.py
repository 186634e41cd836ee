"""A display with nobody at it, and the program's tray on it, for tests that need the real thing."""

import json
import os
import selectors
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from PySide6.QtGui import QImage

ROOT = Path(__file__).parents[2]
NEEDED = ("Xvfb", "openbox", "trayer", "xdotool", "scrot")
#: The longest any step may take, in seconds.
PATIENCE_S = 20.0


class Desk:
    """A display of its own; what runs on it ends with it."""

    def __init__(self, ends: ExitStack) -> None:
        self._ends = ends
        read, write = os.pipe()
        server = ["Xvfb", "-displayfd", str(write), "-screen", "0", "800x600x24"]
        self.start(server, dict(os.environ), pass_fds=(write,))
        os.close(write)
        with os.fdopen(read) as said:
            assert readable(said), "the X server did not start"
            number = said.readline().strip()
        # Without a bus Qt docks its icon the old way, which is what this tray host understands.
        foreign = ("QT_QPA_PLATFORM", "DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY")
        self.env = {key: value for key, value in os.environ.items() if key not in foreign}
        self.env |= {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        self.start(["openbox"], self.env)

    def start(
        self, command: list[str], env: dict[str, str], **more: Any
    ) -> "subprocess.Popen[str]":
        """Run a command for as long as the display lasts."""
        options: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        running = subprocess.Popen(command, env=env, text=True, cwd=ROOT, **(options | more))
        self._ends.callback(_end, running)
        return running

    def tray_host(self) -> None:
        self.start(["trayer", "--edge", "top", "--align", "left", "--height", "32"], self.env)

    def program(self) -> "Program":
        command = [sys.executable, "-m", "tests.ui.tray_program"]
        return Program(self.start(command, self.env, stdout=subprocess.PIPE))

    def mouse(self, x: int, y: int, button: int) -> None:
        command = ["xdotool", "mousemove", str(x), str(y), "click", str(button)]
        subprocess.run(command, env=self.env, check=True, timeout=PATIENCE_S)

    def picture(self, path: Path) -> QImage:
        path.parent.mkdir(parents=True, exist_ok=True)
        command = ["scrot", "--overwrite", str(path)]
        subprocess.run(command, env=self.env, check=True, timeout=PATIENCE_S)
        return QImage(str(path))


class Program:
    """The program's tray, and what it says of itself."""

    def __init__(self, running: "subprocess.Popen[str]") -> None:
        self._running = running

    def said(self, name: str) -> Any:
        """The next thing it says under that name."""
        assert self._running.stdout is not None
        while readable(self._running.stdout):
            line = self._running.stdout.readline()
            if not line:
                break
            if name in (told := json.loads(line)):
                return told[name]
        raise AssertionError(f"the program said nothing of {name!r}")

    def ended(self) -> int:
        return self._running.wait(PATIENCE_S)


def readable(file: Any) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(file, selectors.EVENT_READ)
        return bool(selector.select(PATIENCE_S))


def _end(running: "subprocess.Popen[str]") -> None:
    running.terminate()
    try:
        running.wait(5)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
    if running.stdout is not None:
        running.stdout.close()
