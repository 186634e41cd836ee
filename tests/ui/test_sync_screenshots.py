"""Syncs on the page of imports, light and dark, as pictures to look at.

With REVENGE_COMPANION_SCREENSHOTS set, they are kept in that folder.
"""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

from revenge_companion.ui.context import Context
from revenge_companion.ui.style import Theme
from revenge_companion.ui.widgets.card import Column
from revenge_companion.ui.widgets.sync_section import SyncSection
from tests.clock import settle
from tests.ui.fake_engine import SIGNED_IN, FakeEngine


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[str]:
    made = Theme(qapp)
    made.want(request.param)
    yield request.param
    made.want("light")
    made.deleteLater()


@pytest.fixture
async def section(
    context: Context, engine: FakeEngine, theme: str
) -> AsyncIterator[tuple[Column, SyncSection]]:
    engine.status = SIGNED_IN
    page = Column()
    made = SyncSection(context)
    page.rows.addWidget(made)
    page.rows.addStretch(1)
    page.resize(860, 420)
    page.show()
    await settle()
    yield page, made
    made.tasks.cancel()
    page.deleteLater()
    await settle()


async def test_nothing_is_cut_off(
    section: tuple[Column, SyncSection], theme: str, tmp_path: Path
) -> None:
    page, made = section
    QCoreApplication.processEvents()
    folder = Path(os.environ.get("REVENGE_COMPANION_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    assert page.grab().save(str(folder / f"sync-{theme}.png"))
    for card in made.cards.values():
        assert card.now.width() >= card.now.sizeHint().width()
        assert card.height() >= card.heightForWidth(card.width())
