"""The icon in a real tray: an X server, a window manager, a tray host, and a hand on the mouse.

REVENGE_COMPANION_SCREENSHOTS names the folder that pictures of it go to.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.ui.display import NEEDED, PATIENCE_S, Desk

pytestmark = [
    pytest.mark.real_tray,
    pytest.mark.skipif(
        any(shutil.which(name) is None for name in NEEDED),
        reason=f"needs {', '.join(NEEDED)}",
    ),
]


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
