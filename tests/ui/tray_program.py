"""The tray of the program on a real display, over a fake engine; says what happens to it as JSON.

Started by test_real_tray: `python -m tests.ui.tray_program`.
"""

import asyncio
import json
import sys

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from revenge_companion.ui.loop import CompanionLoop
from revenge_companion.ui.shell import Shell
from revenge_companion.ui.tray import tray_available
from tests.clock import FakeClock
from tests.ui.fake_engine import SIGNED_IN, FakeEngine, not_counted, play


def say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def main(app: QApplication) -> None:
    engine = FakeEngine()
    engine.status = SIGNED_IN
    engine.ledger = [play(1), not_counted(2), play(3)]
    over = asyncio.get_running_loop().create_future()
    shell = Shell(engine, clock=FakeClock(), app=app, quit_requested=lambda: over.set_result(None))
    said: set[tuple[int, ...]] = set()

    def look() -> None:
        where = shell.tray.icon.geometry()
        rect = (where.x(), where.y(), where.width(), where.height())
        if where.width() > 0 and rect not in said:
            said.add(rect)
            say(docked=rect)

    timer = QTimer(app)
    timer.setInterval(50)
    timer.timeout.connect(look)
    timer.start()
    shell.tray.menu.aboutToShow.connect(
        lambda: QTimer.singleShot(100, lambda: say(menu=menu_of(shell)))
    )
    shell.tray.clicked.connect(lambda: say(clicked=True))
    shell.show(minimised=True)
    say(available=tray_available())
    await over
    say(quitting=True)
    timer.stop()
    shell.close()


def menu_of(shell: Shell) -> dict[str, object]:
    menu = shell.tray.menu
    quitting = menu.actionGeometry(menu.actions()[-1])
    corner = menu.mapToGlobal(quitting.center())
    return {
        "shown": menu.isVisible(),
        "lines": [action.text() for action in menu.actions()],
        "quit_at": [corner.x(), corner.y()],
    }


if __name__ == "__main__":
    application = QApplication(sys.argv)
    loop = CompanionLoop(application)
    with loop:
        loop.run_until_complete(main(application))
