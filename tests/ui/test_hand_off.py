"""Handing plays over in the window: write, import, mark as delivered; nothing else is offered."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QLineEdit, QMessageBox, QWidget

from revenge_companion.core.accounts import Account
from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.media import Kind
from revenge_companion.core.reasons import Reason
from revenge_companion.core.settings import Notify
from revenge_companion.core.status import AccountStatus, EngineStatus, OutboxCounts
from revenge_companion.services.base import LinkMethod, LinkRequest, ServiceSpec, ShowPrompt
from revenge_companion.ui import tray_state, words
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.link import LinkDialog
from revenge_companion.ui.pages.accounts import AccountsPage, what_it_can
from revenge_companion.ui.pages.settings import SettingsPage
from tests.clock import eventually, settle
from tests.ui.fake_engine import NOW, SIGNED_IN, FakeEngine, account

LETTERBOXD = ServiceSpec(
    "letterboxd",
    "Letterboxd",
    (Kind.MOVIE,),
    (LinkMethod.LOCAL,),
    live=False,
    batch_size=1000,
    resend_is_safe=True,
    default_api_url="",
    hand_off=True,
    upload_url="https://letterboxd.com/import/",
    upload_note="Look it through before you confirm.",
)


@pytest.fixture
def engine() -> FakeEngine:
    """One that knows a service which takes files."""
    made = FakeEngine()
    made.services = (*made.services, LETTERBOXD)
    return made


def status_of(*, waiting: int = 3, written: int = 0) -> EngineStatus:
    films = AccountStatus(
        account(7, "letterboxd"), OutboxCounts(pending=waiting), hand_off=True, written=written
    )
    trakt = AccountStatus(account(1, "trakt"), OutboxCounts(delivered=812))
    return replace(SIGNED_IN, accounts=(trakt, films), outbox=OutboxCounts(pending=waiting))


@pytest.fixture
def opened() -> list[str]:
    """Addresses that the page opened."""
    return []


@pytest.fixture
def page(
    engine: FakeEngine, context: Context, opened: list[str], shown: Callable[[QWidget], None]
) -> AccountsPage:
    engine.status = status_of()
    made = AccountsPage(context, opened.append)
    shown(made)
    return made


async def choose_folder(page: AccountsPage, folder: Path) -> None:
    await eventually(lambda: bool(page.findChildren(QFileDialog)))
    (dialog,) = page.findChildren(QFileDialog)
    dialog.findChild(QLineEdit).setText(str(folder))
    dialog.accept()
    await eventually(lambda: not page.tasks.busy)


def said(page: AccountsPage) -> str:
    return page.cards[7].answer.text()


async def test_writing_asks_for_a_folder_then_opens_the_page_for_importing(
    page: AccountsPage, engine: FakeEngine, opened: list[str], tmp_path: Path
) -> None:
    engine.written = [tmp_path / "letterboxd.csv"]
    page.cards[7].write.click()
    await choose_folder(page, tmp_path)
    assert engine.calls("hand_off") == [(7, tmp_path)]
    assert opened == ["https://letterboxd.com/import/"]
    assert "letterboxd.csv" in said(page)
    assert str(tmp_path) in said(page)
    assert "Look it through before you confirm." in said(page)


async def test_thinking_better_of_the_folder_writes_nothing(
    page: AccountsPage, engine: FakeEngine, opened: list[str]
) -> None:
    page.cards[7].write.click()
    await eventually(lambda: bool(page.findChildren(QFileDialog)))
    page.findChildren(QFileDialog)[0].reject()
    await settle()
    assert engine.calls("hand_off") == []
    assert opened == []


async def test_a_folder_that_cannot_be_written_is_said_and_opens_nothing(
    page: AccountsPage, engine: FakeEngine, opened: list[str], tmp_path: Path
) -> None:
    engine.fails = StoreTrouble("letterboxd.csv cannot be written: no space is left.")
    page.cards[7].write.click()
    await choose_folder(page, tmp_path)
    assert said(page) == "letterboxd.csv cannot be written: no space is left."
    assert opened == []


async def test_nothing_waiting_any_more_is_said(
    page: AccountsPage, opened: list[str], tmp_path: Path
) -> None:
    page.cards[7].write.click()
    await choose_folder(page, tmp_path)
    assert said(page) == "Nothing is waiting."
    assert opened == []


async def answer(page: AccountsPage, *, yes: bool) -> None:
    await eventually(lambda: bool(page.findChildren(QMessageBox)))
    (box,) = page.findChildren(QMessageBox)
    buttons = {button.text().replace("&", ""): button for button in box.buttons()}
    buttons["Yes, mark them" if yes else "Cancel"].click()
    await settle()


@pytest.mark.parametrize("yes", [True, False])
async def test_plays_are_marked_only_after_a_yes(
    page: AccountsPage, engine: FakeEngine, yes: bool
) -> None:
    engine.become(accounts=status_of(written=3).accounts)
    page.cards[7].done.click()
    await answer(page, yes=yes)
    assert engine.calls("hand_off_done") == ([(7,)] if yes else [])
    assert said(page) == ("3 plays marked as delivered." if yes else "")


async def test_trouble_while_marking_is_said(page: AccountsPage, engine: FakeEngine) -> None:
    engine.become(accounts=status_of(written=3).accounts)
    engine.fails = StoreTrouble("The disk is full.")
    page.cards[7].done.click()
    await answer(page, yes=True)
    assert said(page) == "The disk is full."


async def test_a_card_offers_what_its_service_can(page: AccountsPage, engine: FakeEngine) -> None:
    by_hand, sent = page.cards[7], page.cards[1]
    assert what_it_can(LETTERBOXD) == "Films \N{MIDDLE DOT} as files that you import there"
    assert by_hand.write.isVisible()
    assert by_hand.write.isEnabled()
    assert not any(one.isVisible() for one in (by_hand.done, by_hand.test, by_hand.link))
    assert not any(one.isVisible() for one in (sent.write, sent.done))
    assert sent.test.isVisible()
    engine.become(accounts=status_of(written=3).accounts)
    assert by_hand.done.isVisible()
    engine.become(accounts=status_of(waiting=0).accounts)
    assert not by_hand.write.isEnabled()
    assert not by_hand.done.isVisible()


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (status_of(), "3 plays waiting for you to write the file and import it at Letterboxd."),
        (
            status_of(waiting=4, written=1),
            "1 play in a file. Import it at Letterboxd, then mark them as delivered.",
        ),
        (status_of(waiting=0), "Ready: your next play is kept for a file to import there."),
    ],
)
def test_the_card_says_what_to_do_next(status: EngineStatus, sentence: str) -> None:
    assert words.account_sentence(status.accounts[1], "Letterboxd", NOW) == sentence


def test_plays_for_the_users_own_hand_leave_the_tray_idle() -> None:
    assert status_of(waiting=30).to_send == 0
    names = {"letterboxd": "Letterboxd", "trakt": "Trakt"}
    status = replace(status_of(waiting=30), now_playing=())
    state = tray_state.tray_state(status, [], names, NOW, 1000.0)
    assert state.icon is tray_state.TrayIcon.IDLE
    assert not any("Send now" in line.text for line in state.lines)


async def test_a_name_may_be_given_while_linking_and_may_stay_empty(
    engine: FakeEngine, context: Context, shown: Callable[[QWidget], None]
) -> None:
    spec = context.spec("letterboxd")
    assert spec is not None

    async def link(request: LinkRequest, label: str, show: ShowPrompt) -> Account:
        return await engine.link(LETTERBOXD.key, request, label, show)

    dialog = LinkDialog(
        None, spec=LETTERBOXD, link=link, clock=context.clock, open_address=lambda address: None
    )
    shown(dialog)
    assert dialog.username.isVisible()
    assert not dialog.secret.isVisible()
    assert dialog.go.isEnabled()
    dialog.username.setText(" anna ")
    dialog.go.click()
    await eventually(lambda: bool(engine.calls("link")))
    assert engine.calls("link")[0] == ("letterboxd", LinkRequest(username="anna"), "")


class NoAutostart:
    """A desktop that starts nothing by itself."""

    def enabled(self) -> bool:
        return False

    def set_enabled(self, enabled: bool) -> None:
        raise AssertionError("nobody asked for that")


async def test_the_reminder_has_its_switch(
    engine: FakeEngine, context: Context, shown: Callable[[QWidget], None]
) -> None:
    page = SettingsPage(context, NoAutostart())
    shown(page)
    assert page.hand_off.isChecked()
    page.hand_off.click()
    await eventually(lambda: bool(engine.calls("save_settings")))
    assert engine.settings.notify == Notify(hand_off=False)
    assert "from a file" in words.reason(Reason.HAND_OFF_DUE, {"service": "Letterboxd", "count": 3})
