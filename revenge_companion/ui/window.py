"""The one window: a sidebar and its pages."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from revenge_companion import APP_NAME
from revenge_companion.core.accounts import Account
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.status import EngineStatus
from revenge_companion.ui import ask
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.autostart import Autostart, system_autostart
from revenge_companion.ui.context import Context
from revenge_companion.ui.notices import Notices
from revenge_companion.ui.pages.activity import ActivityPage
from revenge_companion.ui.places import Place, is_loaded, load
from revenge_companion.ui.widgets.sidebar import Sidebar
from revenge_companion.ui.words import told

if TYPE_CHECKING:
    from revenge_companion.ui.pages.accounts import AccountsPage
    from revenge_companion.ui.pages.imports import ImportsPage
    from revenge_companion.ui.pages.library import LibraryPage
    from revenge_companion.ui.pages.outbox import OutboxPage
    from revenge_companion.ui.pages.settings import SettingsPage
    from revenge_companion.ui.pages.statistics import StatisticsPage
    from revenge_companion.ui.widgets.demo_banner import DemoBanner


Page = TypeVar(
    "Page",
    "ActivityPage",
    "OutboxPage",
    "AccountsPage",
    "ImportsPage",
    "LibraryPage",
    "StatisticsPage",
    "SettingsPage",
)

SIZE = (1040, 700)
SMALLEST = (760, 480)


def open_in_browser(address: str) -> None:
    """Open a web address with the desktop's browser; other kinds of address are left alone."""
    url = QUrl(address)
    if url.scheme() in ("https", "http"):
        QDesktopServices.openUrl(url)


class Window(QWidget):
    #: The user wants the whole program to end.
    quit_wanted = Signal()

    def __init__(
        self,
        context: Context,
        *,
        banner: "DemoBanner | None" = None,
        has_tray: Callable[[], bool],
        autostart: Autostart | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        """Without a tray (`has_tray`), closing leaves the window in the taskbar.

        `notes` is what the start has to say, such as that damaged data was restored.
        """
        super().__init__()
        self._context = context
        self._has_tray = has_tray
        self._said_no_tray = False
        self.tasks = Tasks()
        self._asking = False
        self._chosen = Place.ACTIVITY
        self._shut: list[Callable[[], None]] = []
        self.setWindowTitle(APP_NAME)
        self._banner = banner
        self._autostart = autostart or system_autostart()
        self._build()
        self._connect()
        self.notices.opened.say("\n".join(map(told, notes)), dismissable=True)
        self._show_status(context.engine.status)
        self.sidebar.choose(Place.ACTIVITY)
        self.resize(*SIZE)
        self.setMinimumSize(*SMALLEST)

    def _build(self) -> None:
        titles = {
            Place.ACTIVITY: ("activity", self.tr("Activity")),
            Place.OUTBOX: ("outbox", self.tr("Outbox")),
            Place.ACCOUNTS: ("accounts", self.tr("Accounts")),
            Place.IMPORTS: ("imports", self.tr("Imports")),
            Place.LIBRARY: ("library", self.tr("Library")),
            Place.STATISTICS: ("statistics", self.tr("Statistics")),
            Place.SETTINGS: ("settings", self.tr("Settings")),
        }
        self.sidebar = Sidebar(tuple(titles[place] for place in Place))
        self.pages = QStackedWidget()
        self.notices = Notices(self._context, self._looks_at_imports)
        right = QVBoxLayout()
        right.setSpacing(0)
        for notice in self.notices.all():
            right.addWidget(notice)
        right.addWidget(self.pages, 1)
        across = QHBoxLayout()
        across.setSpacing(0)
        across.addWidget(self.sidebar)
        across.addLayout(right, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        if self._banner is not None:
            column.addWidget(self._banner)
        column.addLayout(across, 1)

    def _connect(self) -> None:
        bridge = self._context.bridge
        bridge.status_changed.connect(self._show_status)
        bridge.accounts_changed.connect(self._show_status)
        self.notices.locked.acted.connect(self.unlock)
        self.notices.map_wanted.acted.connect(self.show_anime)
        self.notices.importing.open_wanted.connect(self._on_open_run)
        self.notices.doubled.acted.connect(self.show_settings)
        self.notices.no_tray.acted.connect(self.quit_wanted)
        self.pages.currentChanged.connect(self.notices.importing.look)
        self.sidebar.chosen.connect(self._on_chosen)
        self.sidebar.sign_in_wanted.connect(self.sign_in)
        for place in Place:
            keys = QShortcut(QKeySequence(f"Ctrl+{place + 1}"), self)
            keys.activated.connect(lambda page=place: self.sidebar.choose(page))
        for sequence, act in (
            (QKeySequence(QKeySequence.StandardKey.Quit), self.quit_wanted.emit),
            (QKeySequence(QKeySequence.StandardKey.Close), self.close),
            (QKeySequence("Ctrl+,"), self.show_settings),
        ):
            shortcut = QShortcut(sequence, self)
            shortcut.activated.connect(act)

    # Pages are built when they are first chosen: the window opens sooner and stays smaller.
    # Whoever needs one that may not be there yet goes through `_open` first.

    @cached_property
    def activity(self) -> ActivityPage:
        page = ActivityPage(self._context)
        page.sign_in_wanted.connect(self.sign_in)
        page.accounts_wanted.connect(lambda: self.sidebar.choose(Place.ACCOUNTS))
        return self._added(page, self.tr("Activity"))

    @cached_property
    def outbox(self) -> "OutboxPage":
        from revenge_companion.ui.pages.outbox import OutboxPage

        return self._added(OutboxPage(self._context), self.tr("Outbox"))

    @cached_property
    def accounts(self) -> "AccountsPage":
        from revenge_companion.ui.pages.accounts import AccountsPage

        page = AccountsPage(self._context, open_in_browser)
        page.linked.connect(self._on_linked)
        page.other_sign_in_wanted.connect(self.sign_in_as_other)
        return self._added(page, self.tr("Accounts"))

    @cached_property
    def imports(self) -> "ImportsPage":
        from revenge_companion.ui.pages.imports import ImportsPage

        page = ImportsPage(self._context, self._context.engine.imports, open_in_browser)
        page.accounts_wanted.connect(lambda: self.sidebar.choose(Place.ACCOUNTS))
        page.outbox_wanted.connect(lambda: self.sidebar.choose(Place.OUTBOX))
        return self._added(page, self.tr("Imports"))

    @cached_property
    def library(self) -> "LibraryPage":
        from revenge_companion.ui.pages.library import LibraryPage

        return self._added(LibraryPage(self._context), self.tr("Library"))

    @cached_property
    def statistics(self) -> "StatisticsPage":
        from revenge_companion.ui.pages.statistics import StatisticsPage

        return self._added(StatisticsPage(self._context), self.tr("Statistics"))

    @cached_property
    def settings(self) -> "SettingsPage":
        from revenge_companion.ui.pages.settings import SettingsPage

        page = SettingsPage(self._context, self._autostart)
        page.sign_in_wanted.connect(self.sign_in)
        page.other_sign_in_wanted.connect(self.sign_in_as_other)
        return self._added(page, self.tr("Settings"))

    def _added(self, page: Page, title: str) -> Page:
        page.setAccessibleName(title)
        self.pages.addWidget(page)
        self._shut.append(page.shut)
        return page

    def _on_chosen(self, number: int) -> None:
        place = Place(number)
        self._chosen = place
        if is_loaded(place):
            self.pages.setCurrentWidget(self._page(place))
        else:
            self._show_loaded(place)

    @async_slot
    async def _show_loaded(self, place: Place) -> None:
        await load(place)
        # Another page may have been chosen meanwhile.
        if self._chosen is place:
            self.pages.setCurrentWidget(self._page(place))

    def _page(self, place: Place) -> QWidget:
        match place:
            case Place.OUTBOX:
                return self.outbox
            case Place.ACCOUNTS:
                return self.accounts
            case Place.IMPORTS:
                return self.imports
            case Place.LIBRARY:
                return self.library
            case Place.STATISTICS:
                return self.statistics
            case Place.SETTINGS:
                return self.settings
        return self.activity

    async def _open(self, place: Place) -> None:
        """Show a page, however long it takes to be there."""
        self.sidebar.choose(place)
        if not is_loaded(place):
            await load(place)

    def show_play(self, play_id: int) -> None:
        """Show the story of one play."""
        self.sidebar.choose(Place.ACTIVITY)
        self.activity.show_play(play_id)

    def show_settings(self) -> None:
        self.sidebar.choose(Place.SETTINGS)

    @async_slot
    async def show_language(self) -> None:
        """Show where the language is chosen, ready for another choice."""
        await self._open(Place.SETTINGS)
        self.settings.language.setFocus()

    @async_slot
    async def show_anime(self) -> None:
        """Show where the anime map is downloaded."""
        await self._open(Place.SETTINGS)
        self.settings.show_anime()

    @async_slot
    async def show_unmatched(self) -> None:
        """Show the lines of imports that found no match."""
        await self._open(Place.IMPORTS)
        self.imports.show_unmatched()

    @async_slot
    async def link_again(self, account_id: int) -> None:
        """Show the accounts, and the dialog that links this one anew."""
        await self._open(Place.ACCOUNTS)
        self.accounts.link_again(account_id)

    @async_slot
    async def drop_last_hour(self) -> None:
        """Ask, then undo and forget the last hour; scrobbling is paused for it where it is not."""
        if self._asking:
            return
        self._asking = True
        try:
            # Loaded when it is asked for.
            from revenge_companion.ui.last_hour import drop_last_hour

            await drop_last_hour(self, self._context.engine)
        finally:
            self._asking = False

    @async_slot
    async def unlock(self) -> None:
        """Ask for the passphrase of the vault, unless that is being asked."""
        if self._asking:
            return
        from revenge_companion.ui.dialogs.passphrase import PassphraseDialog

        await self._ask(PassphraseDialog(self, unlock=self._context.engine.unlock))

    @async_slot
    async def sign_in(self) -> None:
        """Open the sign-in dialog, unless it is open."""
        settings, status = self._context.engine.settings, self._context.engine.status
        await self._sign_in(status.username or settings.username)

    @async_slot
    async def sign_in_as_other(self) -> None:
        """Open the sign-in dialog for somebody whose name is not known yet."""
        await self._sign_in("")

    async def _sign_in(self, username: str) -> None:
        if self._asking:
            return
        engine = self._context.engine
        settings = engine.settings
        from revenge_companion.ui.dialogs.signin import SignInDialog

        dialog = SignInDialog(
            self,
            sign_in=engine.sign_in,
            sign_in_with_key=engine.sign_in_with_key,
            server=engine.status.server_url or settings.server_url,
            username=username,
            allow_http=engine.status.allow_http,
        )
        await self._ask(dialog)

    async def _ask(self, dialog: QDialog) -> None:
        self._asking = True
        try:
            await ask.opened(dialog)
        finally:
            self._asking = False
            dialog.deleteLater()

    @async_slot
    async def welcome(self) -> None:
        """Show the first steps, once: it counts as seen when it opens."""
        engine = self._context.engine
        if self._asking or engine.settings.welcomed:
            return
        from revenge_companion.ui.dialogs.welcome import WelcomeDialog

        try:
            await engine.save_settings(replace(engine.settings, welcomed=True))
        except CompanionError as error:
            self.notices.trouble.say(told(error))
        dialog = WelcomeDialog(self, self._context, open_in_browser)
        dialog.unmatched_wanted.connect(self.show_unmatched)
        await self._ask(dialog)

    @async_slot
    async def _on_open_run(self, run_id: int) -> None:
        await self._open(Place.IMPORTS)
        self.imports.open_run(run_id)

    def _on_linked(self, account: Account) -> None:
        if is_loaded(Place.IMPORTS):
            self.imports.offer(account)
        else:
            self._offer(account)

    @async_slot
    async def _offer(self, account: Account) -> None:
        await load(Place.IMPORTS)
        self.imports.offer(account)

    def _looks_at_imports(self) -> bool:
        # The page is not built to find out; the first steps have a wizard of their own.
        return self._asking or ("imports" in vars(self) and self.imports.looked_at)

    def shut(self) -> None:
        """Close for good: end what the pages have under way."""
        for shut in self._shut:
            shut()
        self.tasks.cancel()
        self.hide()

    def _show_status(self, status: EngineStatus) -> None:
        self.sidebar.show_status(status)
        self.notices.show_status(status)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        if self._has_tray():
            self.hide()
        else:
            self.showMinimized()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._said_no_tray and not self._has_tray():
            self._said_no_tray = True
            self.notices.say_no_tray()
