"""Syncs on the page of imports, light and dark, as pictures to look at.

With REVENGE_COMPANION_SCREENSHOTS set, they are kept in that folder.
"""

from collections.abc import AsyncIterator

import pytest

from revenge_companion.ui.context import Context
from revenge_companion.ui.widgets.card import Column
from revenge_companion.ui.widgets.sync_section import SyncSection
from tests.clock import settle
from tests.ui.fake_engine import SIGNED_IN, FakeEngine
from tests.ui.pictures import Shoot


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


async def test_nothing_is_cut_off(section: tuple[Column, SyncSection], shoot: Shoot) -> None:
    page, made = section
    shoot(page, "sync")
    for card in made.cards.values():
        assert card.now.width() >= card.now.sizeHint().width()
        assert card.height() >= card.heightForWidth(card.width())
