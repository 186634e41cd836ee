"""The composition root with a window: tray first, then the engine, then everything else.

Nothing here is imported before it is needed: the tray icon waits for Qt alone.
"""

import gc
import importlib
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from revenge_companion import APP_ID, APP_NAME, __version__

if TYPE_CHECKING:
    import asyncio

    from PySide6.QtWidgets import QApplication, QSystemTrayIcon

    from revenge_companion.demo.world import DemoWorld
    from revenge_companion.engine.requests import Requests
    from revenge_companion.engine.supervisor import Engine
    from revenge_companion.paths import Paths
    from revenge_companion.store.locks import ProfileLock
    from revenge_companion.ui.shell import DemoControls

#: Imported one by one once the tray icon is there; Qt has its turn in between.
_AFTER_THE_TRAY = (
    "asyncio",
    "revenge_companion.ui.loop",
    "revenge_companion.ui.shell",
    "revenge_companion.core.session",
    "revenge_companion.store.database",
    "revenge_companion.net.http",
    "revenge_companion.engine.supervisor",
    "revenge_companion.engine.start",
    "revenge_companion.logs",
)

NO_DISPLAY = "There is no display here. Use `revenge-companion run --headless`."

#: Told how far the start has come: "tray" when the icon is there, "loaded" when the engine runs.
Reached = Callable[[str], None]


def _untold(_point: str) -> None:
    """Nobody wants to know."""


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


def _refused_to_eyes(sentence: str) -> int:
    """As `_refused`, and in a box where nobody may read standard error; returns exit code 1."""
    read = sys.stderr is not None and sys.stderr.isatty()
    if not read and has_display() and not qt_fits():
        from PySide6.QtCore import Qt
        from PySide6.QtWidgets import QApplication, QMessageBox

        from revenge_companion.ui.language import SYSTEM, Language
        from revenge_companion.ui.words import told

        app = QApplication.instance() or _application()
        # What was chosen may be what could not be read.
        spoken = Language(app)
        spoken.choose(SYSTEM)
        box = QMessageBox()
        box.setWindowTitle(APP_NAME)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(told(sentence))
        # Nothing else runs yet, or any more.
        box.exec()
        spoken.end()
        del app
    return _refused(sentence)


def has_display() -> bool:
    """Whether a window can be shown here."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _application() -> "QApplication":
    from PySide6.QtCore import QCoreApplication
    from PySide6.QtWidgets import QApplication

    QCoreApplication.setApplicationName(APP_NAME)
    QCoreApplication.setApplicationVersion(__version__)
    QApplication.setDesktopFileName(APP_ID)
    return QApplication(sys.argv[:1])


class _Signals:
    """SIGTERM and SIGINT under Qt: Python's handlers run only when something wakes the loop."""

    def __init__(self, quit_requested: Callable[[], None]) -> None:
        import signal
        import socket

        from PySide6.QtCore import QSocketNotifier

        self._ours, self._theirs = socket.socketpair()
        for end in (self._ours, self._theirs):
            end.setblocking(False)
        before = signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        self._undo: Callable[[], object] = partial(signal.set_wakeup_fd, before)
        self._notifier = QSocketNotifier(self._ours.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._drain)
        self._before = {
            number: signal.signal(number, lambda _number, _frame: quit_requested())
            for number in (signal.SIGTERM, signal.SIGINT)
        }

    def _drain(self) -> None:
        try:
            self._ours.recv(64)
        except BlockingIOError:
            return

    def close(self) -> None:
        import signal

        # What comes after the program's own loop, such as a box, ends as any program does.
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._notifier.setEnabled(False)
        self._undo()
        self._ours.close()
        self._theirs.close()


class _Stage(NamedTuple):
    """What there is before the engine: Qt, the tray icon, and the way out."""

    app: "QApplication"
    icon: "QSystemTrayIcon"
    #: Set when the user wants to quit.
    quitting: "asyncio.Event"
    reached: Reached


def _run(work: Callable[[_Stage], Coroutine[Any, Any, int]], reached: Reached) -> int:
    """Show the tray icon, load the program behind it, and run `work` on Qt's loop."""
    if not has_display():
        return _refused(NO_DISPLAY)
    bad = qt_fits()
    if bad:
        return _refused(bad)
    app = _application()
    app.setQuitOnLastWindowClosed(False)
    from revenge_companion.ui.early import early_tray, import_quietly

    import_quietly()
    icon = early_tray()
    app.processEvents()
    reached("tray")
    # What is loaded now stays for good: looking through it for garbage would only take time.
    gc.disable()
    for name in _AFTER_THE_TRAY:
        importlib.import_module(name)
        app.processEvents()

    import asyncio

    from revenge_companion.ui.loop import CompanionLoop

    loop = CompanionLoop(app)
    asyncio.set_event_loop(loop)
    quitting = asyncio.Event()

    def quit_requested() -> None:
        loop.call_soon_threadsafe(quitting.set)

    signals = _Signals(quit_requested)
    try:
        code: int = loop.run_until_complete(work(_Stage(app, icon, quitting, reached)))
        return code
    finally:
        icon.hide()
        signals.close()
        asyncio.set_event_loop(None)
        loop.close()


def run_window(*, minimised: bool, reached: Reached = _untold) -> int:
    """Run the tray and the window until the user quits; a second start raises the first.

    Returns the exit code.
    """
    from revenge_companion.core.errors import StoreTrouble
    from revenge_companion.paths import find_paths
    from revenge_companion.store.locks import ProfileLock

    try:
        paths = find_paths().create()
    except StoreTrouble as error:
        return _refused_to_eyes(str(error))
    lock = ProfileLock(paths.lock)
    if not lock.acquire():
        from revenge_companion.engine.control import ask

        answer = ask(paths.control, "raise", timeout_s=5.0)
        if answer is not None and answer.get("raised"):
            return 0
        return _refused_to_eyes("Revenge Companion is already running without a window.")
    try:
        return _run(lambda stage: _window(stage, paths, lock, minimised=minimised), reached)
    except StoreTrouble as error:
        return _refused_to_eyes(str(error))
    finally:
        lock.release()


async def _window(stage: _Stage, paths: "Paths", lock: "ProfileLock", *, minimised: bool) -> int:
    from revenge_companion.engine.control import ControlServer
    from revenge_companion.engine.start import SystemClock, open_engine
    from revenge_companion.logs import configure
    from revenge_companion.ui.shell import Shell

    configure(paths.log_file)
    clock = SystemClock()
    running = await open_engine(paths, clock=clock, lock=lock)
    engine = running.engine
    shell = Shell(
        engine,
        clock=clock,
        app=stage.app,
        quit_requested=stage.quitting.set,
        tray_icon=stage.icon,
        notes=running.notes,
    )
    asked: list[Requests] = []

    async def answer(do: str, args: Mapping[str, Any]) -> dict[str, Any]:
        if not asked:
            # Imported when the first command asks: the tray does not need it to start.
            from revenge_companion.engine.requests import Requests

            quitting, raise_window = stage.quitting.set, shell.raise_window
            asked.append(Requests(engine, raise_window=raise_window, quit_requested=quitting))
        return await asked[0].handle(do, args)

    control = ControlServer(paths.control, answer)
    try:
        shell.show(minimised or engine.settings.start_minimised)
        await control.start()
        await engine.start()
        _settle_memory()
        stage.reached("loaded")
        _watch_network(engine)
        await stage.quitting.wait()
    finally:
        shell.close()
        await control.close()
        for requests in asked:
            await requests.close()
        await running.close()
    return 0


def _settle_memory() -> None:
    """Leave what was loaded out of the collector's sight, and let it work again."""
    gc.freeze()
    gc.enable()


def _watch_network(engine: "Engine") -> None:
    """Tell the engine when the network is back, from when there is anybody to reach."""
    from revenge_companion.core.status import SignInState

    watching = False

    def consider(_change: object = None) -> None:
        nonlocal watching
        status = engine.status if not watching else None
        if status and (status.accounts or status.sign_in is not SignInState.SIGNED_OUT):
            watching = True
            _listen_for_network(engine.network_is_back)

    engine.on_change(consider)
    consider()


def _listen_for_network(is_back: Callable[[], None]) -> None:
    """Call `is_back` when the system says so; no trouble where it cannot.

    Qt's part in this takes 6 MB, which a program that nobody has set up need not hold.
    """
    from PySide6.QtNetwork import QNetworkInformation

    if not QNetworkInformation.loadDefaultBackend():
        return
    information = QNetworkInformation.instance()
    if information is None:
        return

    def changed(reachability: QNetworkInformation.Reachability) -> None:
        if reachability is QNetworkInformation.Reachability.Online:
            is_back()

    information.reachabilityChanged.connect(changed)


def run_demo_window(*, speed: float, seconds: float | None) -> int:
    """The demo with the real window, until it is closed or `seconds` have passed."""
    return _run(lambda stage: _demo_window(stage, speed, seconds), _untold)


async def _demo_window(stage: _Stage, speed: float, seconds: float | None) -> int:
    import asyncio
    import tempfile
    from contextlib import AsyncExitStack
    from pathlib import Path

    from revenge_companion.demo.world import DemoWorld
    from revenge_companion.demo_profile import demo_engine
    from revenge_companion.ui.shell import Shell

    async with AsyncExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="revenge-companion-demo-"))
        world = await stack.enter_async_context(DemoWorld(speed=speed))
        world.destinations.preload()
        engine = await stack.enter_async_context(demo_engine(world, Path(home)))
        shell = Shell(
            engine,
            clock=world.clock,
            app=stage.app,
            quit_requested=stage.quitting.set,
            demo=_demo_controls(world, engine),
            tray_icon=stage.icon,
        )
        shell.show(minimised=False)
        _settle_memory()
        # In the demo there is nothing to go on without the window.
        stage.app.lastWindowClosed.connect(stage.quitting.set)
        viewer = asyncio.create_task(world.viewer.run(rounds=None))
        timer = asyncio.create_task(asyncio.sleep(seconds if seconds is not None else 1e9))
        leaving = asyncio.create_task(stage.quitting.wait())
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
