"""Open one page of the window in a process that has never shown it, and print what was imported.

``python -m tests.ui.opening_program PLACE HOME`` prints one line of JSON: `before`, modules
imported in the moment of the choice; `turns`, how many were imported in each turn of the loop
after it; `after`, those that came when the page was being built and read.
"""

import asyncio
import json
import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication

from revenge_companion.engine.start import SystemClock, open_engine
from revenge_companion.paths import find_paths
from revenge_companion.ui.bridge import Bridge
from revenge_companion.ui.context import Context
from revenge_companion.ui.loop import CompanionLoop
from revenge_companion.ui.places import Place, is_loaded
from revenge_companion.ui.window import Window
from tests.clock import eventually
from tests.integration.engine.house import Memory


async def opened(place: Place, home: Path) -> dict[str, list[object]]:
    clock = SystemClock()
    running = await open_engine(find_paths(str(home)).create(), clock=clock, secrets=Memory())
    engine = running.engine
    names = {spec.key: spec.name for spec in engine.services}
    window = Window(Context(engine, Bridge(engine), clock, names), has_tray=lambda: True)
    window.show()
    await engine.start()
    known = set(sys.modules)

    def fresh() -> list[str]:
        nonlocal known
        found = sorted(set(sys.modules) - known)
        known |= set(found)
        return found

    window.sidebar.choose(place)
    before, turns = fresh(), []
    while not is_loaded(place):
        await asyncio.sleep(0)
        turns.append(len(fresh()))
    await eventually(lambda: window.pages.currentWidget() is not window.activity)
    for _ in range(50):
        await asyncio.sleep(0.001)
    after = fresh()
    window.shut()
    await running.close()
    return {"before": before, "turns": turns, "after": after}


if __name__ == "__main__":
    loop = CompanionLoop(QApplication([]))
    asyncio.set_event_loop(loop)
    told = loop.run_until_complete(opened(Place[sys.argv[1]], Path(sys.argv[2])))
    sys.stdout.write(json.dumps(told))
