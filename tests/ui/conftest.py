"""The window's tests run on the program's own loop, over a fake engine, in UTC and English."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QLocale
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from revenge_companion.core.status import Host, HostUse
from revenge_companion.ui.bridge import Bridge
from revenge_companion.ui.context import Context
from revenge_companion.ui.language import Language
from revenge_companion.ui.loop import CompanionLoop
from revenge_companion.ui.places import MODULES, Place
from revenge_companion.ui.style import Theme
from revenge_companion.ui.window import Window
from tests.clock import FakeClock, settle
from tests.ui.fake_engine import SIGNED_IN, FakeEngine, not_counted, play, waiting
from tests.ui.pictures import Shoot


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    def companion() -> asyncio.AbstractEventLoop:
        return CompanionLoop(QApplication.instance() or QApplication(["tests"]))

    return {"companion": companion}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(folder):
            # What Qt's offscreen platform says of itself.
            ignored = ("propagateSizeHints", "systemTrayWindowChanged")
            item.add_marker(pytest.mark.qt_log_ignore(*ignored, extend=True))


@pytest.fixture(scope="session", autouse=True)
def _same_everywhere() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.fixture(scope="session", autouse=True)
def _used_for_a_while() -> None:
    """Every page was opened before, so that it opens at once; see test_opening.py for the first."""
    for place in Place:
        for name in MODULES.get(place, ()):
            import_module(name)


@pytest.fixture(autouse=True)
def _like_the_program(qapp: QApplication) -> Iterator[None]:
    qapp.setQuitOnLastWindowClosed(False)
    spoken = Language(qapp)
    # Another one is for looking at the pictures; what tests expect is English.
    spoken.choose(os.environ.get("REVENGE_COMPANION_SCREENSHOTS_IN", "en"))
    yield
    spoken.end()


#: The longest work in one turn of the loop that a test lets pass, in milliseconds. The window is to
#: stay under 50 (``tests/bench`` measures that); twice as much finds what does everything at once,
#: and lets a busy computer's thread be slowed down by its neighbours.
LONGEST_WORK_MS = 100.0


class Lateness:
    """How late the loop was at worst, in milliseconds; measured between its entry and exit."""

    def __init__(self) -> None:
        self.ms = 0.0
        #: The longest work of this thread between two turns; other programs do not lengthen it.
        self.work_ms = 0.0
        self._measuring: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Lateness":
        self._measuring = asyncio.get_running_loop().create_task(self._measure())
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._measuring is not None
        self._measuring.cancel()

    async def _measure(self) -> None:
        while True:
            before, worked_s = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            self.work_ms = max(self.work_ms, (time.thread_time() - worked_s) * 1000)
            self.ms = max(self.ms, (time.perf_counter() - before) * 1000 - 1)


@pytest.fixture
def latest_ms() -> type[Lateness]:
    """`async with latest_ms() as late: …`, then `late.ms`."""
    return Lateness


@pytest.fixture
def engine() -> FakeEngine:
    """Signed out, with nothing played."""
    return FakeEngine()


@pytest.fixture
def busy_engine(engine: FakeEngine) -> FakeEngine:
    """Signed in, with accounts, plays and an outbox."""
    engine.status = SIGNED_IN
    engine.contacted = (
        Host("media.example.org", HostUse.SERVER),
        Host("api.trakt.tv", HostUse.SERVICE, "Trakt"),
        Host("api.simkl.com", HostUse.SERVICE, "Simkl"),
        Host("api.listenbrainz.org", HostUse.SERVICE, "ListenBrainz"),
    )
    engine.ledger = [not_counted(n) if n % 3 == 2 else play(n) for n in range(1, 40)]
    engine.deliveries = [waiting(n) for n in range(1, 5)]
    return engine


@pytest.fixture
def context(engine: FakeEngine, clock: FakeClock) -> Context:
    names = {spec.key: spec.name for spec in engine.services}
    return Context(engine, Bridge(engine, gather_ms=0), clock, names)


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[str]:
    """How everything looks; see `tests.ui.pictures` for one more way."""
    before = qapp.font()
    made = Theme(qapp)
    made.want("dark" if request.param == "dark" else "light")
    if request.param == "large":
        font = qapp.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        qapp.setFont(font)
    yield request.param
    qapp.setFont(before)
    made.want("light")
    made.deleteLater()


@pytest.fixture
def shoot(theme: str, tmp_path: Path) -> Shoot:
    """Takes a picture of a widget in each theme."""
    folder = Path(os.environ.get("REVENGE_COMPANION_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)

    def take(widget: QWidget, name: str) -> QPixmap:
        QCoreApplication.processEvents()
        picture = widget.grab()
        assert picture.save(str(folder / f"{name}-{theme}.png"))
        return picture

    return take


@pytest.fixture
async def window(context: Context, busy_engine: FakeEngine) -> AsyncIterator[Window]:
    """The window, shown."""
    made = Window(context, has_tray=lambda: True)
    made.show()
    await settle()
    yield made
    made.shut()
    made.deleteLater()
    await settle()


@pytest.fixture
def shown(qtbot: object) -> Callable[[QWidget], None]:
    """Show a widget and let Qt forget it after the test."""

    def show(widget: QWidget) -> None:
        qtbot.addWidget(widget)  # type: ignore[attr-defined]  # pytest-qt has no types
        widget.show()

    return show
