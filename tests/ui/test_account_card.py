"""An account's card: its name, its libraries, its profile, and the warning of silence."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from revenge_companion.core.accounts import Switches
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.library import Facet
from revenge_companion.core.quota import DayUse
from revenge_companion.core.status import Library
from revenge_companion.ui.context import Context
from revenge_companion.ui.pages.accounts import AccountsPage
from revenge_companion.ui.widgets.account_card import AccountCard
from tests.clock import settle
from tests.ui.fake_engine import NOW, SIGNED_IN, FakeEngine

FILMS, SHOWS = Library("l1", "Films & more"), Library("l2", "Shows")


class Page:
    def __init__(self, context: Context) -> None:
        self.opened: list[str] = []
        self.page = AccountsPage(context, self.opened.append)
        self.page.show()

    @property
    def card(self) -> AccountCard:
        return self.page.cards[1]


@pytest.fixture
async def page(context: Context, busy_engine: FakeEngine) -> AsyncIterator[Page]:
    busy_engine.server_libraries = (FILMS, SHOWS)
    made = Page(context)
    yield made
    made.page.shut()
    made.page.deleteLater()
    await settle()


async def test_libraries_are_offered_by_name_when_they_are_looked_at(
    page: Page, busy_engine: FakeEngine
) -> None:
    assert busy_engine.calls("libraries") == []
    page.card.show_more(True)
    await settle()
    switches = page.card.switches
    assert [box.text() for box in switches.libraries.values()] == ["Films && more", "Shows"]
    assert all(box.isChecked() for box in switches.libraries.values())
    assert not switches.library_ids.isVisible()

    switches.libraries["l2"].click()
    await settle()
    assert busy_engine.calls("set_switches") == [(1, Switches(libraries=("l1",)))]
    switches.libraries["l1"].click()
    await settle()
    assert busy_engine.calls("set_switches")[-1] == (1, Switches(scrobble=False))


@pytest.mark.parametrize("fails", [None, CompanionError("The server is away.")])
async def test_where_the_server_lists_none_their_ids_are_typed(
    page: Page, busy_engine: FakeEngine, fails: CompanionError | None
) -> None:
    busy_engine.server_libraries, busy_engine.fails = (), fails
    page.card.show_more(True)
    await settle()
    busy_engine.fails = None
    ids = page.card.switches.library_ids
    assert ids.isVisible()
    ids.setText(" l1, l3 ,,l1 ")
    ids.setModified(True)
    ids.editingFinished.emit()
    await settle()

    assert busy_engine.calls("set_switches") == [(1, Switches(libraries=("l1", "l3")))]


async def test_what_is_loved_is_how_music_is_rated(
    context: Context, busy_engine: FakeEngine
) -> None:
    loves = (Facet.HISTORY, Facet.LOVED)
    syncs = replace(busy_engine.services[0], imports=loves, exports=loves)
    busy_engine.services = (syncs, *busy_engine.services[1:])
    made = Page(context)
    made.card.show_more(True)
    await settle()
    boxes = made.card.switches.sync
    assert list(boxes) == ["sync_history", "sync_ratings"]
    assert boxes["sync_ratings"].text() == "Sync loved tracks"
    assert "What you love there and here is made the same" in boxes["sync_ratings"].toolTip()


async def test_sync_switches_are_there_for_what_the_service_can(
    context: Context, busy_engine: FakeEngine
) -> None:
    syncs = replace(
        busy_engine.services[0],
        imports=(Facet.HISTORY, Facet.LISTS),
        exports=(Facet.WATCHLIST, Facet.COLLECTION),
    )
    busy_engine.services = (syncs, *busy_engine.services[1:])
    made = Page(context)
    made.card.show_more(True)
    await settle()
    boxes = made.card.switches.sync
    assert list(boxes) == ["sync_history", "sync_watchlist"]
    assert all(box.isVisible() and not box.isChecked() for box in boxes.values())
    assert all(box.toolTip() and box.accessibleDescription() for box in boxes.values())
    boxes["sync_watchlist"].click()
    await settle()
    assert busy_engine.calls("set_switches") == [(1, Switches(sync_watchlist=True))]
    # The next account's service syncs nothing.
    assert not made.page.cards[2].switches.sync
    made.page.shut()
    made.page.deleteLater()
    await settle()


async def test_the_permission_for_plain_http_is_shown_where_it_matters(
    page: Page, busy_engine: FakeEngine
) -> None:
    page.card.show_more(True)
    await settle()
    allow = page.card.switches.allow_http
    assert not allow.isVisible()
    first, *rest = SIGNED_IN.accounts
    busy_engine.become(accounts=(replace(first, unencrypted=True), *rest))
    await settle()
    assert allow.isVisible()
    assert not allow.box.isChecked()
    assert "nothing is sent" in allow.meaning.text()
    allow.box.click()
    await settle()
    assert busy_engine.calls("set_switches") == [(1, Switches(allow_http=True))]


async def test_a_days_budget_is_shown_once_some_of_it_is_used(
    page: Page, busy_engine: FakeEngine
) -> None:
    first, *rest = SIGNED_IN.accounts
    anew = NOW + timedelta(hours=2)
    for used, value in ((0, None), (112, 112), (612, 600)):
        use = DayUse(used, 600, anew)
        busy_engine.become(accounts=(replace(first, day=use), *rest))
        await settle()
        assert page.card.day.isVisible() is (value is not None)
        if value is not None:
            assert page.card.day.bar.value() == value
            text = page.card.day.text.text()
            assert text.startswith(f"{used} of 600 used today, anew ")
            assert page.card.day.bar.accessibleDescription() == text
    busy_engine.become(accounts=(replace(first, day=None), *rest))
    await settle()
    assert not page.card.day.isVisible()


async def test_a_new_label_is_kept_and_an_empty_one_is_not(
    page: Page, busy_engine: FakeEngine
) -> None:
    page.card.show_more(True)
    label = page.card.switches.label
    assert label.text() == "anna"
    for text in ("  ", " Living room "):
        label.setText(text)
        label.setModified(True)
        label.editingFinished.emit()
        await settle()

    assert busy_engine.calls("rename") == [(1, "Living room")]


async def test_the_profile_is_opened_where_there_is_one(
    page: Page, busy_engine: FakeEngine
) -> None:
    assert not page.card.profile.isVisible()
    first, *rest = SIGNED_IN.accounts
    address = "https://app.trakt.tv/profile/anna"
    linked = replace(first.account, id=7, profile_url=address)
    busy_engine.become(accounts=(replace(first, account=linked), *rest))
    await settle()
    page.page.cards[7].profile.click()

    assert page.opened == [address]


async def test_silence_is_said_on_the_card(page: Page, busy_engine: FakeEngine) -> None:
    first, *rest = SIGNED_IN.accounts
    busy_engine.become(accounts=(replace(first, silent_since=NOW), *rest))
    await settle()
    texts = [label.text() for label in page.card.findChildren(type(page.card.answer))]

    assert any(text.startswith("Plays have been going to Trakt since ") for text in texts)
    assert page.card.link.isDefault()
