"""The icon in a real tray: an X server, a window manager, a tray host, and a hand on the mouse.

REVENGE_COMPANION_SCREENSHOTS names the folder that pictures of it go to.
"""

import json
import os
import selectors
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QImage

ROOT = Path(__file__).parents[2]
NEEDED = ("Xvfb", "openbox", "trayer", "xdotool", "scrot")
#: The longest any step may take, in seconds.
PATIENCE_S = 20.0

pytestmark = [
    pytest.mark.real_tray,
    pytest.mark.skipif(
        any(shutil.which(name) is None for name in NEEDED),
        reason=f"needs {', '.join(NEEDED)}",
    ),
]


class Desk:
    """A display of its own; what runs on it ends with it."""

    def __init__(self, ends: ExitStack) -> None:
        self._ends = ends
        read, write = os.pipe()
        server = ["Xvfb", "-displayfd", str(write), "-screen", "0", "800x600x24"]
        self._start(server, dict(os.environ), pass_fds=(write,))
        os.close(write)
        with os.fdopen(read) as said:
            assert _readable(said), "the X server did not start"
            number = said.readline().strip()
        # Without a bus Qt docks its icon the old way, which is what this tray host understands.
        foreign = ("QT_QPA_PLATFORM", "DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY")
        self.env = {key: value for key, value in os.environ.items() if key not in foreign}
        self.env |= {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        self._start(["openbox"], self.env)

    def _start(
        self, command: list[str], env: dict[str, str], **more: Any
    ) -> "subprocess.Popen[str]":
        options: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        running = subprocess.Popen(command, env=env, text=True, cwd=ROOT, **(options | more))
        self._ends.callback(_end, running)
        return running

    def tray_host(self) -> None:
        self._start(["trayer", "--edge", "top", "--align", "left", "--height", "32"], self.env)

    def program(self) -> "Program":
        command = [sys.executable, "-m", "tests.ui.tray_program"]
        return Program(self._start(command, self.env, stdout=subprocess.PIPE))

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
        while _readable(self._running.stdout):
            line = self._running.stdout.readline()
            if not line:
                break
            if name in (told := json.loads(line)):
                return told[name]
        raise AssertionError(f"the program said nothing of {name!r}")

    def ended(self) -> int:
        return self._running.wait(PATIENCE_S)


def _readable(file: Any) -> bool:
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


@pytest.fixture
def desk() -> Iterator[Desk]:
    with ExitStack() as ends:
        yield Desk(ends)


def centre(rect: list[int]) -> tuple[int, int]:
    x, y, width, height = rect
    return x + width // 2, y + height // 2


def colours(picture: QImage, rect: list[int]) -> set[int]:
    x, y, width, height = rect
    return {picture.pixel(px, py) for px in range(x, x + width) for py in range(y, y + height)}


def test_the_icon_docks_and_its_menu_opens_and_quits(desk: Desk, tmp_path: Path) -> None:
    folder = Path(os.environ.get("REVENGE_COMPANION_SCREENSHOTS") or tmp_path)
    desk.tray_host()
    program = desk.program()
    assert program.said("available") is True
    docked = program.said("docked")
    desk.mouse(*centre(docked), button=3)
    menu = program.said("menu")
    assert menu["shown"] is True
    assert any("Dune: Part Two" in line for line in menu["lines"])
    assert any("Simkl" in line and "link again" in line for line in menu["lines"])
    picture = desk.picture(folder / "real-tray-menu.png")
    assert picture.width() == 800
    assert len(colours(picture, docked)) > 2, "nothing is painted where the icon is"

    # The last line of the menu is a real one, too.
    desk.mouse(*menu["quit_at"], button=1)
    assert program.said("quitting") is True
    assert program.ended() == 0


def test_a_click_opens_the_window(desk: Desk, tmp_path: Path) -> None:
    folder = Path(os.environ.get("REVENGE_COMPANION_SCREENSHOTS") or tmp_path)
    desk.tray_host()
    program = desk.program()
    docked = program.said("docked")
    desk.mouse(*centre(docked), button=1)
    assert program.said("clicked") is True
    wanted = ["xdotool", "search", "--sync", "--onlyvisible", "--name", "Revenge Companion"]
    subprocess.run(wanted, env=desk.env, check=True, timeout=PATIENCE_S, capture_output=True)
    desk.picture(folder / "real-tray-window.png")


def test_a_tray_that_comes_later_still_gets_the_icon(desk: Desk) -> None:
    program = desk.program()
    assert program.said("available") is False
    desk.tray_host()
    assert program.said("docked")[2] > 0
