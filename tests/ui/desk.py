"""A person at the real window: the real engine, local services, and a browser of their own."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget
from shiboken6 import isValid

from revenge_companion.demo.clock import ScaledClock
from revenge_companion.demo.sites.lastfm import LastFmSite
from revenge_companion.demo.sites.listenbrainz import ListenBrainzSite
from revenge_companion.demo.sites.simkl import SimklSite
from revenge_companion.demo.sites.site import Site
from revenge_companion.demo.sites.trakt import TraktSite
from revenge_companion.engine.start import open_engine
from revenge_companion.engine.supervisor import Engine
from revenge_companion.paths import find_paths
from revenge_companion.ui.bridge import Bridge
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.link import LinkDialog
from revenge_companion.ui.pages.accounts import AccountsPage
from revenge_companion.ui.places import Place
from revenge_companion.ui.widgets.account_card import AccountCard
from revenge_companion.ui.window import Window
from tests.clock import eventually, settle
from tests.integration.engine.house import Memory
from tests.standins.anilist import AniListSite
from tests.standins.hardcover import HardcoverSite
from tests.standins.myanimelist import MyAnimeListSite

#: A poll every five seconds takes a tenth of one.
SPEED = 50.0
_W = TypeVar("_W", bound=QWidget)


class Desk:
    """One window, what it opened in the browser, and the services it talks to."""

    def __init__(
        self, engine: Engine, clock: ScaledClock, sites: Mapping[str, Site], opened: list[str]
    ) -> None:
        self.engine, self.clock, self.sites = engine, clock, sites
        #: What was opened in the browser.
        self.opened = opened
        names = {spec.key: spec.name for spec in engine.services}
        self._bridge = Bridge(engine)
        self.window = Window(Context(engine, self._bridge, clock, names), has_tray=lambda: True)
        self.window.show()
        self.window.sidebar.choose(Place.ACCOUNTS)

    def clear(self) -> None:
        """Put everything away on this thread: a collector on another one must find no widgets."""
        self.window.shut()
        self.window.close()
        self.window.deleteLater()
        self._bridge.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    @property
    def accounts(self) -> AccountsPage:
        return self.window.accounts

    def card(self, service: str) -> AccountCard:
        status = next(a for a in self.engine.status.accounts if a.account.service == service)
        return self.accounts.cards[status.account.id]

    async def link(self, service: str) -> LinkDialog:
        """Press "Link…" and wait for the dialog."""
        self.accounts.link_buttons[service].click()
        return await self.dialog(LinkDialog)

    async def dialog(self, kind: type[_W]) -> _W:
        """The dialog of a kind that opens or is open."""
        found: list[_W] = []

        def is_open() -> bool:
            found[:] = [one for one in self.window.findChildren(kind) if one.isVisible()]
            return bool(found)

        await eventually(is_open)
        return found[-1]

    async def answer(self, button: str) -> None:
        """Press a button of the question that is asked."""
        box = await self.dialog(QMessageBox)
        pressed = [one for one in box.findChildren(QPushButton) if one.text() == button]
        pressed[0].click()
        await self.closed(box)

    async def said(self, dialog: LinkDialog, words: str) -> str:
        """Wait until a dialog says something with `words` in it."""
        await eventually(lambda: words in dialog.message.text(), within_s=15.0)
        return dialog.message.text()

    async def closed(self, dialog: QWidget) -> None:
        """Wait until a dialog is gone."""
        await eventually(lambda: not (isValid(dialog) and dialog.isVisible()), within_s=15.0)

    async def linked(self, service: str) -> AccountCard:
        """Wait until an account's card is there."""
        found = self.engine
        await eventually(
            lambda: any(a.account.service == service for a in found.status.accounts), within_s=15.0
        )
        await eventually(lambda: len(self.accounts.cards) == len(found.status.accounts))
        if next(spec for spec in found.services if spec.key == service).imports:
            # What is there already is offered to be imported.
            await self.answer("Cancel")
        return self.card(service)

    async def browse(self, address: str = "", **more: str) -> str:
        """Go where the window sent the browser and press "allow"; the address it ended at."""
        async with httpx.AsyncClient(follow_redirects=True) as browser:
            url = httpx.URL(address or self.opened[-1]).copy_merge_params(more)
            return str((await browser.get(url)).url)


def environment(sites: Mapping[str, Site]) -> dict[str, str]:
    """The variables that send the program to `sites`."""
    variables: dict[str, str] = {}
    for service, site in sites.items():
        name = f"REVENGE_COMPANION_{service.upper()}"
        variables[f"{name}_API_URL"], variables[f"{name}_AUTH_URL"] = site.url, site.auth_url
        variables |= site.client_environment
    return variables


@asynccontextmanager
async def a_desk(
    home: Path, monkeypatch: pytest.MonkeyPatch, **environ: str
) -> AsyncIterator[Desk]:
    """A desk in a home of its own; `environ` overrides the services' variables."""
    clock = ScaledClock(SPEED)
    made: list[Site] = [
        kind(clock)
        for kind in (
            ListenBrainzSite,
            LastFmSite,
            TraktSite,
            SimklSite,
            AniListSite,
            MyAnimeListSite,
            HardcoverSite,
        )
    ]
    async with AsyncExitStack() as stack:
        sites = {site.service: await stack.enter_async_context(site) for site in made}
        running = await open_engine(
            find_paths(str(home)).create(),
            clock=clock,
            environ=environment(sites) | environ,
            secrets=Memory(),
        )
        stack.push_async_callback(running.close)
        await running.engine.start()
        opened: list[str] = []
        monkeypatch.setattr("revenge_companion.ui.window.open_in_browser", opened.append)
        desk = Desk(running.engine, clock, sites, opened)
        try:
            yield desk
        finally:
            # Tasks of dialogs that were left end first.
            desk.window.shut()
            await settle()
            desk.clear()


def wants_pictures() -> bool:
    """Whether somebody looks at the pictures: then both themes are tried."""
    return bool(os.environ.get("REVENGE_COMPANION_SCREENSHOTS"))
