"""The composition root with a window: tray first, then the engine, then everything else."""

import asyncio
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from revenge_companion import APP_ID, APP_NAME, __version__

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from revenge_companion.demo.world import DemoWorld
    from revenge_companion.engine.supervisor import Engine
    from revenge_companion.ui.shell import DemoControls

_log = logging.getLogger(__name__)


def qt_fits() -> str:
    """Why this PySide6 cannot be used with this Python; empty when it can."""
    import PySide6

    version = tuple(int(part) for part in PySide6.__version__.split(".")[:2])
    if sys.version_info < (3, 12) and version >= (6, 12):
        return (
            f"PySide6 {PySide6.__version__} crashes on Python 3.11. Install PySide6-Essentials "
            "below 6.12, or use Python 3.12 or 3.13."
        )
    return ""


def _refused(sentence: str) -> int:
    """Say on standard error why the window cannot be had; returns exit code 1."""
    sys.stderr.write(sentence + "\n")
    return 1


def has_display() -> bool:
    """Whether a window can be shown here."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _application() -> "QApplication":
    from PySide6.QtCore import QCoreApplication, Qt
    from PySide6.QtWidgets import QApplication

    QCoreApplication.setApplicationName(APP_NAME)
    QCoreApplication.setApplicationVersion(__version__)
    QApplication.setDesktopFileName(APP_ID)
    QApplication.setHighDpiScaleFactorRoundingPolicy(
        Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
    )
    return QApplication(sys.argv[:1])


class _Signals:
    """SIGTERM and SIGINT under Qt: Python's handlers run only when something wakes the loop."""

    def __init__(self, quit_requested: Callable[[], None]) -> None:
        from PySide6.QtCore import QSocketNotifier

        self._ours, theirs = socket.socketpair()
        self._theirs = theirs
        for end in (self._ours, theirs):
            end.setblocking(False)
        self._before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        self._notifier = QSocketNotifier(self._ours.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._drain)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: quit_requested())

    def _drain(self) -> None:
        try:
            self._ours.recv(64)
        except BlockingIOError:
            return

    def close(self) -> None:
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._before)
        self._ours.close()
        self._theirs.close()


def _run(work: Callable[["QApplication", asyncio.Event], Coroutine[Any, Any, int]]) -> int:
    """Run `work` on Qt's loop; the event it is given is set when the user wants to quit."""
    if not has_display():
        return _refused("There is no display here. Use `revenge-companion run --headless`.")
    bad = qt_fits()
    if bad:
        return _refused(bad)
    app = _application()
    from revenge_companion.ui.loop import CompanionLoop

    loop = CompanionLoop(app)
    asyncio.set_event_loop(loop)
    quitting = asyncio.Event()

    def quit_requested() -> None:
        loop.call_soon_threadsafe(quitting.set)

    signals = _Signals(quit_requested)
    app.setQuitOnLastWindowClosed(False)
    try:
        code: int = loop.run_until_complete(work(app, quitting))
        return code
    finally:
        signals.close()
        asyncio.set_event_loop(None)
        loop.close()


def run_window(*, minimised: bool) -> int:
    """Run the tray and the window until the user quits; a second start raises the first.

    Returns the exit code.
    """
    from revenge_companion.core.errors import StoreTrouble
    from revenge_companion.engine.control import ask
    from revenge_companion.paths import find_paths
    from revenge_companion.store.locks import ProfileLock

    try:
        paths = find_paths().create()
    except StoreTrouble as error:
        return _refused(str(error))
    lock = ProfileLock(paths.lock)
    if not lock.acquire():
        answer = ask(paths.control, "raise", timeout_s=5.0)
        if answer is not None and answer.get("raised"):
            return 0
        return _refused("Revenge Companion is already running without a window.")
    try:
        return _run(lambda app, quitting: _window(app, quitting, lock, minimised=minimised))
    except StoreTrouble as error:
        return _refused(str(error))
    finally:
        lock.release()


async def _window(
    app: "QApplication", quitting: asyncio.Event, lock: Any, *, minimised: bool
) -> int:
    from revenge_companion.engine.control import ControlServer
    from revenge_companion.engine.requests import Requests
    from revenge_companion.engine.start import SystemClock, open_engine
    from revenge_companion.logs import configure
    from revenge_companion.paths import find_paths
    from revenge_companion.ui.shell import Shell

    paths = find_paths()
    configure(paths.log_file)
    clock = SystemClock()
    running = await open_engine(paths, clock=clock, lock=lock)
    engine = running.engine
    shell = Shell(engine, clock=clock, app=app, quit_requested=quitting.set)
    requests = Requests(engine, raise_window=shell.raise_window, quit_requested=quitting.set)
    control = ControlServer(paths.control, requests.handle)
    try:
        shell.show(minimised or engine.settings.start_minimised)
        await control.start()
        await engine.start()
        _watch_network(engine)
        await quitting.wait()
    finally:
        shell.close()
        await control.close()
        await requests.close()
        await running.close()
    return 0


def _watch_network(engine: "Engine") -> None:
    """Tell the engine when the system says that the network is back; no trouble where it cannot."""
    from PySide6.QtNetwork import QNetworkInformation

    if not QNetworkInformation.loadDefaultBackend():
        return
    information = QNetworkInformation.instance()
    if information is None:
        return

    def changed(reachability: QNetworkInformation.Reachability) -> None:
        if reachability is QNetworkInformation.Reachability.Online:
            engine.network_is_back()

    information.reachabilityChanged.connect(changed)


def run_demo_window(*, speed: float, seconds: float | None) -> int:
    """The demo with the real window, until it is closed or `seconds` have passed."""
    return _run(lambda app, quitting: _demo_window(app, quitting, speed, seconds))


async def _demo_window(
    app: "QApplication", quitting: asyncio.Event, speed: float, seconds: float | None
) -> int:
    from revenge_companion.demo.world import DemoWorld
    from revenge_companion.demo_profile import demo_engine
    from revenge_companion.ui.shell import Shell

    async with AsyncExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="revenge-companion-demo-"))
        world = await stack.enter_async_context(DemoWorld(speed=speed))
        engine = await stack.enter_async_context(demo_engine(world, Path(home)))
        shell = Shell(
            engine,
            clock=world.clock,
            app=app,
            quit_requested=quitting.set,
            demo=_demo_controls(world, engine),
        )
        shell.show(minimised=False)
        # In the demo there is nothing to go on without the window.
        app.lastWindowClosed.connect(quitting.set)
        viewer = asyncio.create_task(world.viewer.run(rounds=None))
        timer = asyncio.create_task(asyncio.sleep(seconds if seconds is not None else 1e9))
        leaving = asyncio.create_task(quitting.wait())
        try:
            await asyncio.wait({viewer, timer, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (viewer, timer, leaving):
                task.cancel()
            await asyncio.gather(viewer, timer, leaving, return_exceptions=True)
            shell.close()
    return 0


def _demo_controls(world: "DemoWorld", engine: "Engine") -> "DemoControls":
    from revenge_companion.ui.shell import DemoControls

    async def cut() -> None:
        world.destinations.cut()

    async def restore() -> None:
        await world.destinations.restore()
        engine.network_is_back()

    return DemoControls(
        "A demo: an embedded server plays films, episodes and an album. Cut the network to the "
        "services and watch the outbox fill; restore it and watch it empty.",
        cut,
        restore,
    )
