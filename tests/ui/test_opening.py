"""Pages load what they need in slices when they are first opened; a frame waits for none of it."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from revenge_companion.ui.context import Context
from revenge_companion.ui.places import Place
from revenge_companion.ui.window import Window
from tests.clock import settle
from tests.ui.display import ROOT

#: Modules in one slice; each takes about a millisecond.
MOST = 18


@pytest.mark.parametrize("place", [one for one in Place if one is not Place.ACTIVITY])
def test_a_page_is_loaded_in_slices(place: Place, tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "tests.ui.opening_program", place.name, str(tmp_path / "home")],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=True,
    ).stdout
    told = json.loads(said)

    assert told["before"] == []
    assert told["after"] == []
    assert sum(told["turns"]) > 0
    assert max(told["turns"]) <= MOST


async def test_what_is_chosen_last_is_shown_however_long_pages_take_to_load(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_load = {place: asyncio.Event() for place in Place}

    async def load(place: Place) -> None:
        await may_load[place].wait()

    monkeypatch.setattr("revenge_companion.ui.window.is_loaded", lambda place: not place)
    monkeypatch.setattr("revenge_companion.ui.window.load", load)
    window = Window(context, has_tray=lambda: True)
    window.show()
    window.sidebar.choose(Place.IMPORTS)
    window.sidebar.choose(Place.LIBRARY)
    await settle()
    assert window.pages.currentWidget() is window.activity
    may_load[Place.LIBRARY].set()
    await settle()
    assert window.pages.currentWidget() is window.library
    may_load[Place.IMPORTS].set()
    await settle()
    assert window.pages.currentWidget() is window.library
    window.shut()
    window.deleteLater()
    await settle()
