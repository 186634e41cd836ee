"""The real window over the real engine: years of listening go from one account to another."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QDialog

from revenge_companion.core.exporting import ExportVerdict
from revenge_companion.core.imports import RunState
from revenge_companion.core.library import Facet
from revenge_companion.ui import words
from revenge_companion.ui.bridge import Bridge
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.export_wizard import ExportWizard
from revenge_companion.ui.models.paged import PAGE
from revenge_companion.ui.places import Place
from revenge_companion.ui.window import Window
from tests.clock import eventually, settle
from tests.integration.engine.house import House, running
from tests.ui.conftest import LONGEST_WORK_MS

LISTENS, LOVED = 3_000, 40
MUSIC = (Facet.HISTORY, Facet.LOVED)


async def read(house: House, account_id: int) -> None:
    """Take over what an account has, as its owner did long ago."""
    imports = house.engine.imports
    number = await imports.begin(f"account:{account_id}", MUSIC, mark_watched=False)
    for wanted in (RunState.PREVIEW, RunState.DONE):
        while (run := await imports.run(number)).state is not wanted or run.running:
            assert not run.trouble, run.trouble
            await settle()
        if wanted is RunState.PREVIEW:
            await imports.write(number)


async def test_years_of_listening_go_to_another_account(
    home: Path, latest_ms: Callable[[], Any]
) -> None:
    async with running(home, services=("listenbrainz", "lastfm"), signed_in=False) as house:
        sites = house.world.destinations
        sites.listenbrainz.preload(LISTENS, loved=LOVED)
        brainz, lastfm = (one.account.id for one in house.engine.status.accounts)
        await read(house, brainz)
        engine = house.engine
        names = {spec.key: spec.name for spec in engine.services}
        window = Window(
            Context(engine, Bridge(engine), house.world.clock, names), has_tray=lambda: True
        )
        window.show()
        window.sidebar.choose(Place.IMPORTS)
        section = window.imports.syncs
        await eventually(lambda: lastfm in section.cards)
        gc.collect()
        gc.freeze()
        async with latest_ms() as late:
            section.cards[lastfm].export.click()
            await eventually(lambda: section.wizard is not None)
            wizard: ExportWizard = section.wizard  # type: ignore[assignment]  # it is there
            await eventually(lambda: bool(wizard.what.facets))
            # Nobody knows yet what Last.fm has.
            assert wizard.what.unread() == MUSIC
            assert wizard.go.text() == "&Read and preview"
            wizard.go.click()
            await eventually(lambda: wizard.pages.currentWidget() is wizard.preview, within_s=60)
            sent = wizard.preview.tabs[ExportVerdict.SEND]
            # Last.fm takes what is not older than 14 days; what is says so.
            sends = int(wizard.preview.book.tabText(0).partition("(")[2].rstrip(")"))
            assert 700 < sends < LISTENS
            left = words.number(LISTENS + LOVED - sends)
            assert wizard.preview.book.tabText(1) == f"Left out ({left})"
            await eventually(lambda: sent.model.rowCount() == PAGE)
            assert engine.status.outbox.waiting == 0
            assert house.held("lastfm") == 0
            wizard.preview.facet.setCurrentIndex(wizard.preview.facet.findData(Facet.LOVED.value))
            await eventually(lambda: sent.model.rowCount() == LOVED)
            wizard.preview.book.setCurrentIndex(1)
            old = wizard.preview.tabs[ExportVerdict.LEFT_OUT]
            wizard.preview.facet.setCurrentIndex(0)
            await eventually(lambda: old.model.rowCount() == PAGE)
            old.view.selectRow(0)
            assert "Last.fm refuses plays this old." in old.detail.text()
            assert wizard.go.text() == f"&Queue {sends} lines"
            wizard.go.click()
            await eventually(lambda: "Queued" in wizard.steps.accessibleName(), within_s=60)
            await eventually(lambda: bool(wizard.queued.title.text()), within_s=60)
            title = wizard.queued.title.text()
            assert title.endswith(f" lines queued for {wizard.windowTitle().partition(' to ')[2]}")
            # The demo's days are short: a play may have become too old meanwhile.
            assert sends - 50 < int(title.split()[0]) <= sends
            assert "At the pace of Last.fm that takes" in wizard.queued.when.text()
        gc.unfreeze()
        assert late.work_ms < LONGEST_WORK_MS
        wizard.queued.outbox.click()
        await eventually(lambda: window.pages.currentWidget() is window.outbox)
        # The account was read by an import that can be undone.
        runs = await engine.imports.runs()
        assert [run.source for run in runs] == [f"account:{lastfm}", f"account:{brainz}"]
        await house.drained()
        assert 0 <= int(title.split()[0]) - LOVED - house.held("lastfm") < 50
        # Asked again, nothing is new: it is there.
        assert await engine.exports.queue(lastfm) == 0
        for dialog in window.findChildren(QDialog):
            dialog.reject()
        window.shut()
        window.deleteLater()
        await settle()
