"""Tray and window together: what the composition root builds, shows and closes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from revenge_companion import APP_NAME
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.settings import Settings
from revenge_companion.core.status import PlayRecord, SignInState
from revenge_companion.engine.api import EngineApi, Notice, Notification
from revenge_companion.ui import words
from revenge_companion.ui.async_slot import Tasks
from revenge_companion.ui.bridge import Bridge
from revenge_companion.ui.language import Language
from revenge_companion.ui.tray import Tray, tray_available
from revenge_companion.ui.tray_state import RECENT, Do, TrayState, tray_state
from revenge_companion.ui.words import say, told

if TYPE_CHECKING:
    from revenge_companion.ui.style import Theme
    from revenge_companion.ui.widgets.demo_banner import DemoBanner
    from revenge_companion.ui.window import Window


@dataclass(frozen=True, slots=True)
class DemoControls:
    """What the demo adds to the window: a sentence, and a network to cut and restore."""

    text: str
    cut: Callable[[], Awaitable[None]]
    restore: Callable[[], Awaitable[None]]


class Shell(QObject):
    """Owns the tray and, from its first opening on, the window.

    The running asyncio loop is needed. `quit_requested` is called when the user wants to quit; the
    composition root then stops the engine and calls `close`. `tray_icon` is one that `ui.early` has
    already shown. `notes` is what the start has to say to the user.
    """

    def __init__(
        self,
        engine: EngineApi,
        *,
        clock: Clock,
        app: QApplication,
        quit_requested: Callable[[], None],
        demo: DemoControls | None = None,
        tray_icon: QSystemTrayIcon | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._notes = tuple(notes)
        self._engine = engine
        self._clock = clock
        self._quit_requested = quit_requested
        self._demo = demo
        self.tasks = Tasks()
        self._app = app
        self._language = Language(app)
        self._language.choose(engine.settings.language)
        app.setQuitOnLastWindowClosed(False)
        self._theme: Theme | None = None
        self.bridge = Bridge(engine, self)
        self._names = {spec.key: spec.name for spec in engine.services}
        self._demo_banner: DemoBanner | None = None
        self._recent: list[PlayRecord] = []
        self._recent_stale = False
        self._reading_recent = False
        self._window: Window | None = None
        self.tray = Tray(self.tray_state, self, icon=tray_icon)
        self.tray.menu.aboutToShow.connect(self._dress)
        self.tray.chosen.connect(self._on_chosen)
        self.tray.clicked.connect(self._on_tray_clicked)
        self.tray.message_clicked.connect(self.raise_window)
        for changed in (
            self.bridge.status_changed,
            self.bridge.now_playing_changed,
            self.bridge.accounts_changed,
        ):
            changed.connect(self._on_status_changed)
        self.bridge.plays_changed.connect(self._on_plays_changed)
        self.bridge.outbox_changed.connect(self._on_plays_changed)
        self.bridge.settings_changed.connect(self._on_settings_changed)
        self.bridge.notified.connect(self._on_notified)

    @property
    def window_built(self) -> bool:
        """Whether the window has been asked for yet."""
        return self._window is not None

    @property
    def window(self) -> "Window":
        """The window, built when it is first asked for: the tray must not wait for it."""
        if self._window is None:
            from revenge_companion.ui.context import Context
            from revenge_companion.ui.window import Window

            self._dress()
            banner = self._banner()
            self._window = Window(
                Context(self._engine, self.bridge, self._clock, self._names),
                banner=banner,
                has_tray=tray_available,
                notes=self._notes,
            )
            self._window.quit_wanted.connect(self._quit_requested)
        return self._window

    def _banner(self) -> "DemoBanner | None":
        """The demo's own line with its buttons; None in an ordinary window."""
        if self._demo is None:
            return None
        from revenge_companion.ui.widgets.demo_banner import DemoBanner

        demo, before = self._demo, self._demo_banner
        self._demo_banner = DemoBanner(
            told(demo.text), demo.cut, demo.restore, is_cut=before is not None and before.is_cut
        )
        return self._demo_banner

    def _dress(self) -> None:
        """Give the application its looks, before the first menu or window is seen."""
        if self._theme is None:
            from revenge_companion.ui.style import Theme
            from revenge_companion.ui.theme import svg_icon

            self._app.setWindowIcon(svg_icon("app"))
            self._theme = Theme(self._app)
            self._theme.want(self._engine.settings.theme)

    def show(self, minimised: bool) -> None:
        """Show the tray icon, and the window unless `minimised`.

        Where the desktop has no tray, the window stays in the taskbar instead.
        """
        self.tray.show()
        self._on_plays_changed()
        if not tray_available():
            if minimised:
                self.window.showMinimized()
            else:
                self.window.show()
        elif not minimised:
            self.raise_window()
        elif self._notes:
            # In full above the pages, when the window is opened.
            self.tray.notify(APP_NAME, self._notes[0], trouble=True)
        if not minimised and self._is_new():
            self.window.welcome()

    def _is_new(self) -> bool:
        """Whether nobody has set anything up here yet."""
        status, settings = self._engine.status, self._engine.settings
        nothing = status.sign_in is SignInState.SIGNED_OUT and not status.accounts
        return nothing and self._demo is None and not (settings.server_url or settings.welcomed)

    def raise_window(self) -> None:
        """Show the window in front of others; also called by a second start."""
        window = self.window
        if window.isMinimized():
            window.showNormal()
        window.show()
        window.raise_()
        window.activateWindow()

    def close(self) -> None:
        """Take tray and window away and end what they had under way; call once."""
        self.tasks.cancel()
        self.tray.hide()
        if self._window is not None:
            self._window.shut()
            self._window.deleteLater()
            self._window = None
        self._language.end()

    def tray_state(self) -> TrayState:
        """What the tray shows at this moment."""
        return tray_state(
            self._engine.status,
            self._recent,
            self._names,
            self._clock.now(),
            self._clock.monotonic_s(),
        )

    def _on_tray_clicked(self) -> None:
        window = self._window
        if window is not None and window.isVisible() and window.isActiveWindow():
            window.hide()
        else:
            self.raise_window()

    def _on_chosen(self, do: Do, target: str) -> None:
        match do:
            case Do.OPEN:
                self.raise_window()
            case Do.SHOW_PLAY:
                self.raise_window()
                self.window.show_play(int(target))
            case Do.ACCOUNT:
                self.raise_window()
                self.window.link_again(int(target))
            case Do.SIGN_IN:
                self.raise_window()
                self.window.sign_in()
            case Do.UNLOCK:
                self.raise_window()
                self.window.unlock()
            case Do.PROFILE:
                self.tasks.start(self._use_profile(int(target)))
            case Do.SETTINGS:
                self.raise_window()
                self.window.show_settings()
            case Do.FLUSH:
                self.tasks.start(self._flush())
            case Do.PAUSE:
                self._pause(int(target))
            case Do.RESUME:
                self._engine.resume()
            case Do.DROP_HOUR:
                self.raise_window()
                self.window.drop_last_hour()
            case Do.UNDO:
                self.tasks.start(self._undo(int(target)))
            case Do.SKIP_ITEM:
                self._engine.dont_scrobble(target)
            case Do.QUIT:
                self._quit_requested()

    def _pause(self, minutes: int) -> None:
        until = self._clock.now() + timedelta(minutes=minutes) if minutes else None
        self._engine.pause(until)

    async def _undo(self, play_id: int) -> None:
        from revenge_companion.ui import amend_words

        try:
            results = await self._engine.amending.undo(play_id)
        except CompanionError as error:
            self.tray.notify(say("Not undone"), words.told(error), trouble=True)
            return
        title, text = amend_words.undone_title(results), amend_words.undone_lines(results)
        self.tray.notify(title, text, trouble=not all(result.done for result in results))

    async def _use_profile(self, profile: int) -> None:
        try:
            await self._engine.use_profile(profile)
        except CompanionError as error:
            self.tray.notify(say("Not switched"), words.told(error), trouble=True)

    async def _flush(self) -> None:
        try:
            await self._engine.flush()
        except CompanionError as error:
            self.tray.notify(say("Not sent"), words.told(error), trouble=True)

    def _on_status_changed(self, _status: object) -> None:
        self.tray.refresh()

    def _on_plays_changed(self) -> None:
        self._recent_stale = True
        if not self._reading_recent:
            self._reading_recent = True
            self.tasks.start(self._read_recent())

    async def _read_recent(self) -> None:
        try:
            # One reading at a time, however often something changes.
            while self._recent_stale:
                self._recent_stale = False
                plays = await self._engine.plays(limit=RECENT, counted=True)
                self._recent = plays
        except CompanionError:
            # The status carries storage trouble to the tray by itself.
            return
        finally:
            self._reading_recent = False
        self.tray.refresh()

    def _on_settings_changed(self, settings: Settings) -> None:
        if self._theme is not None:
            self._theme.want(settings.theme)
        if self._language.choose(settings.language):
            self.tasks.start(self._speak())
        self.tray.refresh()

    async def _speak(self) -> None:
        """Build the window anew, in the language that was just chosen in its settings."""
        old, self._window = self._window, None
        if old is None:
            return
        # Whoever is being told of the change is told in the old window.
        await asyncio.sleep(0)
        window = self.window
        window.restoreGeometry(old.saveGeometry())
        old.shut()
        old.deleteLater()
        window.show()
        window.show_language()

    def _on_notified(self, notification: Notification) -> None:
        wanted = self._engine.settings.notify
        if {
            Notice.ACCOUNT_TROUBLE: not wanted.account_trouble,
            Notice.SIGNED_OUT: not wanted.signed_out,
            Notice.SCROBBLED: not wanted.scrobbled,
            Notice.HAND_OFF: not wanted.hand_off,
            Notice.DOUBLED: not wanted.account_trouble,
        }.get(notification.notice, False):
            return
        text = words.reason(notification.reason, notification.facts)
        trouble = notification.notice not in (Notice.SCROBBLED, Notice.HAND_OFF)
        self.tray.notify(notification.title, text, trouble=trouble)
