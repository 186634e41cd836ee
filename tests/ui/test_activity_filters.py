"""The ledger by account and date, and the heart on a track's story."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.status import PlayRecord
from revenge_companion.ui.context import Context
from revenge_companion.ui.pages.activity import ActivityPage
from revenge_companion.ui.widgets.play_filters import Span, days
from tests.clock import settle
from tests.ui.fake_engine import NOW, SIGNED_IN, WORDS, FakeEngine, play


@pytest.fixture
async def page(context: Context, busy_engine: FakeEngine) -> AsyncIterator[ActivityPage]:
    made = ActivityPage(context)
    made.resize(900, 600)
    made.show()
    await settle()
    yield made
    made.shut()
    made.deleteLater()
    await settle()


async def test_an_account_leaves_its_own_plays(page: ActivityPage, busy_engine: FakeEngine) -> None:
    account = page.filters.account
    assert [account.itemText(n) for n in range(account.count())] == [
        "All accounts",
        "Trakt (anna)",
        "Simkl (anna)",
        "ListenBrainz (Home)",
    ]
    account.setCurrentIndex(account.findData(3))
    await settle()
    assert busy_engine.calls("plays")[-1][5] == 3
    assert page.model.rowCount() == 0
    assert page.empty.text() == "No play matches this search."


async def test_an_account_that_goes_filters_no_more(
    page: ActivityPage, busy_engine: FakeEngine
) -> None:
    page.filters.account.setCurrentIndex(1)
    await settle()
    busy_engine.become(accounts=SIGNED_IN.accounts[1:])
    await settle()

    assert page.filters.account.currentText() == "All accounts"
    assert busy_engine.calls("plays")[-1][5] is None


async def test_a_date_asks_from_midnight_on(page: ActivityPage, busy_engine: FakeEngine) -> None:
    date = page.filters.date
    date.setCurrentIndex(date.findData(Span.YESTERDAY.value))
    await settle()
    midnight = NOW.replace(hour=0)
    assert busy_engine.calls("plays")[-1][6:] == (midnight - timedelta(days=1), midnight)

    page.show_play(busy_engine.ledger[0].id)
    await settle()
    assert busy_engine.calls("plays")[-1][5:] == (None, None, None)


@pytest.mark.parametrize(
    ("span", "since", "until"),
    [
        (Span.ALWAYS, None, None),
        (Span.TODAY, datetime(2026, 3, 1, tzinfo=UTC), None),
        (Span.WEEK, datetime(2026, 2, 23, tzinfo=UTC), None),
        (Span.MONTH, datetime(2026, 1, 31, tzinfo=UTC), None),
        (Span.THIS_YEAR, datetime(2026, 1, 1, tzinfo=UTC), None),
        (Span.LAST_YEAR, datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_spans_are_whole_days(span: Span, since: datetime | None, until: datetime | None) -> None:
    assert days(span, NOW) == (since, until)


def a_track(busy_engine: FakeEngine) -> PlayRecord:
    record = play(1, WORDS)
    busy_engine.ledger[0] = record
    return record


async def test_a_track_is_loved_and_that_is_taken_back(
    page: ActivityPage, busy_engine: FakeEngine
) -> None:
    record = a_track(busy_engine)
    page.show_play(record.id)
    page.model.refresh()
    await settle()
    page.story.show_play(record)
    page.story.show()
    love = page.story.love
    assert love.isVisible()
    assert love.accessibleName() == "Love this track"
    love.click()
    await settle()
    assert busy_engine.calls("love") == [(record.id, True)]
    assert page.story.love_answer.text() == "Loved at ListenBrainz."
    assert love.isChecked()

    love.click()
    await settle()
    assert busy_engine.calls("love")[-1] == (record.id, False)
    assert not love.isChecked()


async def test_a_love_that_was_not_taken_is_said(
    page: ActivityPage, busy_engine: FakeEngine
) -> None:
    record = a_track(busy_engine)
    page.story.show_play(record)
    page.story.show()
    busy_engine.fails = CompanionError("ListenBrainz does not know this recording.")
    page.story.love.click()
    await settle()

    assert page.story.love_answer.text() == "ListenBrainz does not know this recording."
    assert not page.story.love.isChecked()
    assert page.story.love.isEnabled()


async def test_only_what_some_account_can_love_has_a_heart(
    page: ActivityPage, busy_engine: FakeEngine
) -> None:
    page.story.show()
    page.story.show_play(play(2))
    assert not page.story.love.isVisible()
    busy_engine.become(accounts=SIGNED_IN.accounts[:2])
    page.story.show_play(a_track(busy_engine))
    assert not page.story.love.isVisible()
