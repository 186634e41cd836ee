"""Accounts that are kept in step, on the page of imports: what is said, asked and sent."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from revenge_companion.core.library import Facet
from revenge_companion.core.syncing import FacetSync
from revenge_companion.ui import sync_words
from revenge_companion.ui.context import Context
from revenge_companion.ui.widgets.sync_section import SyncSection
from revenge_companion.ui.widgets.text import Text
from tests.clock import START, settle
from tests.ui.fake_engine import SIGNED_IN, FakeEngine


@pytest.fixture
async def section(context: Context, engine: FakeEngine) -> AsyncIterator[SyncSection]:
    engine.status = SIGNED_IN
    made = SyncSection(context)
    made.resize(700, 500)
    made.show()
    await settle()
    yield made
    made.tasks.cancel()
    made.deleteLater()
    await settle()


def texts(section: SyncSection) -> str:
    return "\n".join(one.text() for one in section.findChildren(Text))


async def test_every_account_says_how_it_stands(section: SyncSection, engine: FakeEngine) -> None:
    said = texts(section)
    assert "12 taken over, 1 removed, 3 sent" in said
    assert "3 are new there and 120 are gone, of 900. Nothing was changed yet." in said
    assert "Nothing is synced. Switch it on in the account's settings." in said
    # What is off cannot be synced now, but can be exported to.
    assert not section.cards[2].now.isEnabled()
    assert section.cards[2].export.isEnabled()


@pytest.mark.parametrize(
    ("unread", "says"),
    [(0, ""), (1, " 1 line could not be read."), (1200, " 1,200 lines could not be read.")],
)
async def test_lines_that_could_not_be_read_are_told(
    section: SyncSection, unread: int, says: str
) -> None:
    at = START - timedelta(minutes=4)
    line = sync_words.facet(FacetSync(Facet.HISTORY, at, at, added=2, unread=unread), START)
    assert line == f"History: in step, 4 min ago; 2 taken over.{says}"


@pytest.mark.parametrize("go_on", [True, False])
async def test_a_question_is_answered(
    section: SyncSection, engine: FakeEngine, go_on: bool
) -> None:
    buttons = section.cards[1].answers[Facet.RATINGS]
    buttons[0 if go_on else 1].click()
    await settle()
    assert engine.syncs.asked == [("answer", 1, Facet.RATINGS, go_on)]
    assert section.cards[1].answers == {}


async def test_it_is_synced_now_and_a_refusal_is_shown(
    section: SyncSection, engine: FakeEngine
) -> None:
    section.cards[1].now.click()
    await settle()
    assert engine.syncs.asked == [("sync_now", 1)]
    engine.exports.known = ()
    section.cards[2].export.click()
    await settle()
    assert section.trouble.text() == "Nothing can be exported to this account."


async def test_an_export_is_asked_step_by_step(section: SyncSection, engine: FakeEngine) -> None:
    wants: list[bool] = []
    section.outbox_wanted.connect(lambda: wants.append(True))
    section.cards[1].export.click()
    await settle()
    wizard = section.wizard
    assert wizard is not None
    assert wizard.windowTitle() == "Export to Trakt (anna)"
    assert [one[0] for one in engine.exports.asked] == ["read_at"]
    wizard.queued.outbox.click()
    await settle()
    assert wants == [True]
    assert section.wizard is None
