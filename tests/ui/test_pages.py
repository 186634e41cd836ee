"""The pages show the engine's values, ask the engine for what the user wants, and wait for it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QMessageBox,
    QSlider,
    QTableView,
    QWidget,
)

from revenge_companion.core.accounts import AccountState, Switches
from revenge_companion.core.errors import StoreTrouble, Unreachable
from revenge_companion.core.media import Kind
from revenge_companion.core.status import AccountStatus, OutboxCounts, SignInState
from revenge_companion.engine.api import Change
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.link import LinkDialog
from revenge_companion.ui.dialogs.passphrase import PassphraseDialog
from revenge_companion.ui.dialogs.signin import SignInDialog
from revenge_companion.ui.models.outbox import OutboxColumn
from revenge_companion.ui.places import Place
from revenge_companion.ui.widgets.demo_banner import DemoBanner
from revenge_companion.ui.widgets.now_playing import NowPlayingCard
from revenge_companion.ui.window import Window
from tests.clock import FakeClock, eventually, settle
from tests.ui.conftest import LONGEST_WORK_MS
from tests.ui.fake_engine import LONG, SIGNED_IN, FakeEngine, not_counted, playing


class FakeAutostart:
    def __init__(self) -> None:
        self.on = False
        self.fails = False

    def enabled(self) -> bool:
        return self.on

    def set_enabled(self, enabled: bool) -> None:
        if self.fails:
            raise OSError("The autostart folder cannot be written.")
        self.on = enabled


@pytest.fixture
def autostart() -> FakeAutostart:
    return FakeAutostart()


@pytest.fixture
async def window(
    context: Context, busy_engine: FakeEngine, autostart: FakeAutostart
) -> AsyncIterator[Window]:
    made = Window(context, has_tray=lambda: True, autostart=autostart)
    made.show()
    for page in (*Place, Place.ACTIVITY):
        made.sidebar.choose(page)
    await settle()
    yield made
    made.shut()
    made.deleteLater()
    await settle()


def opened(window: QWidget) -> QDialog:
    """The dialog that is open over the window."""
    return next(dialog for dialog in window.findChildren(QDialog) if dialog.isVisible())


def press(window: QWidget, text: str) -> None:
    box = opened(window)
    assert isinstance(box, QMessageBox)
    next(button for button in box.buttons() if button.text().replace("&", "") == text).click()


# Activity


async def test_a_play_in_progress_has_a_card_that_moves_and_goes(
    window: Window, busy_engine: FakeEngine, clock: FakeClock
) -> None:
    (card,) = window.activity.findChildren(NowPlayingCard)
    assert card.accessibleName() == "Now playing: Dune: Part Two (2024)"
    assert card.accessibleDescription().endswith("→ Trakt, Simkl")
    assert "32 min" in card.accessibleDescription()

    clock.advance(600)
    busy_engine.tell(Change.NOW_PLAYING)
    assert "22 min" in card.accessibleDescription()

    busy_engine.become(now_playing=())
    await settle()
    assert not window.activity.findChildren(NowPlayingCard)


async def test_an_account_that_counts_from_elsewhere_is_said_to(
    window: Window, busy_engine: FakeEngine
) -> None:
    def strict(one: AccountStatus) -> AccountStatus:
        if one.account.service != "simkl":
            return one
        switches = replace(one.account.switches, threshold=0.95)
        return replace(one, account=replace(one.account, switches=switches))

    busy_engine.become(accounts=tuple(map(strict, busy_engine.status.accounts)))
    await settle()
    card = window.activity.findChildren(NowPlayingCard)[0]
    said = card.accessibleDescription()
    assert said.endswith("→ Trakt, Simkl at 95\N{NO-BREAK SPACE}%")


async def test_dont_scrobble_this_names_the_play(window: Window, busy_engine: FakeEngine) -> None:
    card = window.activity.findChildren(NowPlayingCard)[0]
    card.findChildren(QAbstractButton)[0].click()

    assert busy_engine.calls("dont_scrobble") == [("play-1",)]


async def test_nothing_ticks_while_nobody_looks(window: Window) -> None:
    assert window.activity.ticking
    window.sidebar.choose(Place.OUTBOX)
    assert not window.activity.ticking
    window.sidebar.choose(Place.ACTIVITY)
    assert window.activity.ticking
    window.close()
    assert not window.activity.ticking


async def test_searching_asks_the_engine_once_typing_has_stopped(
    window: Window, busy_engine: FakeEngine
) -> None:
    page = window.activity
    for text in ("d", "du", "dune"):
        page.search.setText(text)
    await eventually(lambda: len(busy_engine.calls("plays")) == 2)
    await eventually(lambda: page.model.rowCount() == 13)
    assert busy_engine.calls("plays")[-1][2:] == ("dune", "", None, None, None, None)

    page.kind.setCurrentIndex(page.kind.findData(Kind.TRACK.value))
    await settle()
    assert page.empty.isVisible()
    assert page.empty.text() == "No play matches this search."


async def test_a_story_tells_why_and_offers_scrobbling_anyway(
    window: Window, busy_engine: FakeEngine
) -> None:
    page = window.activity
    page.view.selectRow(1)
    assert page.story.isVisible()
    assert page.story.anyway.isVisible()
    page.story.anyway.click()
    await settle()
    assert busy_engine.calls("scrobble_anyway") == [(busy_engine.ledger[1].id,)]

    page.view.selectRow(0)
    assert not page.story.anyway.isVisible()
    page.close_story()
    assert not page.story.isVisible()


async def test_a_story_stays_open_while_new_plays_come_in(
    window: Window, busy_engine: FakeEngine
) -> None:
    page = window.activity
    page.view.selectRow(1)
    busy_engine.ledger.insert(0, not_counted(0, LONG))
    busy_engine.tell(Change.PLAYS)
    await settle()

    assert page.view.currentIndex().row() == 2
    assert page.story.isVisible()


async def test_the_tray_can_open_a_story(window: Window, busy_engine: FakeEngine) -> None:
    window.sidebar.choose(Place.SETTINGS)
    window.show_play(busy_engine.ledger[4].id)
    await settle()

    assert window.pages.currentWidget() is window.activity
    assert window.activity.view.currentIndex().row() == 4


# Outbox


async def test_the_outbox_tells_reason_and_next_try(window: Window) -> None:
    page = window.outbox
    texts = [page.model.index(0, column).data() for column in range(page.model.columnCount())]

    assert texts[:3] == ["Severance S02E04", "Simkl (anna)", "waiting"]
    # Signed out there: nothing is tried before it is linked again.
    assert texts[4] == "\N{EN DASH}"
    assert page.summary.text() == "3 waiting · 1 parked"
    page.model.heed([])
    assert page.model.index(0, OutboxColumn.NEXT).data() == "in 4 min"


async def test_what_waits_is_told_for_each_account_with_why_and_when(
    window: Window, busy_engine: FakeEngine
) -> None:
    window.sidebar.choose(Place.OUTBOX)
    page = window.outbox
    await settle()
    simkl = next(one for one in busy_engine.status.accounts if one.account.service == "simkl")
    number = simkl.account.id
    assert list(page.groups.names) == [number]
    assert page.groups.names[number].text() == "Simkl (anna)"
    assert page.groups.text(number) == (
        "3 waiting · 1 parked. Simkl signed you out. Link again to send 3 waiting plays."
    )
    linked = replace(simkl, account=replace(simkl.account, state=AccountState.LINKED))
    busy_engine.become(accounts=(linked,))
    await settle()
    assert page.groups.text(number) == (
        "3 waiting · 1 parked. Simkl has trouble. The play will be sent when it is back. "
        "Next try in 4 min."
    )

    page.groups.names[number].click()
    await settle()
    assert page.account.currentData() == number
    assert page.groups.names[number].isChecked()
    page.account.setCurrentIndex(0)
    assert not page.groups.names[number].isChecked()

    busy_engine.become(accounts=(replace(simkl, counts=OutboxCounts()),))
    await settle()
    assert page.groups.isHidden()


async def test_send_now_retry_and_their_troubles(window: Window, busy_engine: FakeEngine) -> None:
    window.sidebar.choose(Place.OUTBOX)
    page = window.outbox
    assert not page.retry.isEnabled()
    page.view.selectRow(0)
    page.retry.click()
    await settle()
    assert busy_engine.calls("retry") == [(busy_engine.deliveries[0].delivery.id,)]

    busy_engine.fails = StoreTrouble("The database is locked.")
    page.send.click()
    await settle()
    box = opened(window)
    assert isinstance(box, QMessageBox)
    assert box.text() == "The database is locked."
    box.accept()
    await settle()
    assert page.send.isEnabled()


async def test_discarding_asks_first_and_enter_keeps(
    window: Window, busy_engine: FakeEngine
) -> None:
    window.sidebar.choose(Place.OUTBOX)
    page = window.outbox
    page.view.selectRow(0)
    page.discard.click()
    await settle()
    box = opened(window)
    assert isinstance(box, QMessageBox)
    assert "Severance S02E04" in box.text()
    assert box.defaultButton().text().replace("&", "") == "Cancel"
    box.defaultButton().click()
    await settle()
    assert not busy_engine.calls("discard")

    page.discard.click()
    await settle()
    press(window, "Discard")
    await settle()
    assert len(busy_engine.calls("discard")) == 1
    assert page.model.rowCount() == 3


async def test_export_writes_where_the_user_says(
    window: Window, busy_engine: FakeEngine, tmp_path: Path
) -> None:
    window.sidebar.choose(Place.OUTBOX)
    window.outbox.export.click()
    await settle()
    dialog = opened(window)
    assert isinstance(dialog, QFileDialog)
    dialog.setDirectory(str(tmp_path))
    dialog.findChild(QLineEdit, "fileNameEdit").setText("mine.csv")
    dialog.done(QDialog.DialogCode.Accepted)
    await settle()

    assert busy_engine.calls("export_outbox") == [(tmp_path / "mine.csv",)]
    box = opened(window)
    assert isinstance(box, QMessageBox)
    assert box.text() == "4 rows written to mine.csv."
    box.accept()
    await settle()


async def test_an_empty_outbox_names_the_last_delivery(
    window: Window, busy_engine: FakeEngine
) -> None:
    window.sidebar.choose(Place.OUTBOX)
    busy_engine.deliveries = []
    busy_engine.tell(Change.OUTBOX)
    await settle()

    assert window.outbox.empty.text() == "Everything has been delivered. Last: 19:56, Trakt"


# Accounts


async def test_a_switch_is_kept_at_once_and_only_that_one(
    window: Window, busy_engine: FakeEngine
) -> None:
    card = window.accounts.cards[1]
    card.switches.kinds[Kind.MOVIE].click()
    await settle()
    assert busy_engine.calls("set_switches") == [(1, Switches(kinds=(Kind.EPISODE,)))]

    card.switches.threshold.setCurrentIndex(card.switches.threshold.findData(0.9))
    await settle()
    _, switches = busy_engine.calls("set_switches")[-1]
    assert isinstance(switches, Switches)
    assert switches.threshold == 0.9


async def test_without_any_kind_nothing_is_scrobbled_rather_than_everything(
    window: Window, busy_engine: FakeEngine
) -> None:
    card = window.accounts.cards[1]
    card.switches.kinds[Kind.MOVIE].click()
    card.switches.kinds[Kind.EPISODE].click()
    await settle()
    _, switches = busy_engine.calls("set_switches")[-1]

    assert isinstance(switches, Switches)
    assert not switches.scrobble


async def test_a_test_tells_the_answer_on_the_card(window: Window, busy_engine: FakeEngine) -> None:
    card = window.accounts.cards[1]
    busy_engine.gate = asyncio.Event()
    card.test.click()
    await settle()
    assert not card.test.isEnabled()
    busy_engine.gate.set()
    await settle()
    assert card.answer.text() == "It works: the service knows you as anna."

    busy_engine.fails = Unreachable("Trakt cannot be reached.")
    card.test.click()
    await settle()
    assert card.answer.text() == "Trakt cannot be reached."
    assert card.test.isEnabled()


@pytest.mark.parametrize(
    ("button", "kept"), [("Unlink and keep them", True), ("Unlink and discard them", False)]
)
async def test_unlinking_asks_what_to_do_with_waiting_plays(
    window: Window, busy_engine: FakeEngine, button: str, kept: bool
) -> None:
    window.accounts.cards[2].unlink.click()
    await settle()
    press(window, button)
    await settle()

    assert busy_engine.calls("unlink") == [(2, kept)]


async def test_unlinking_without_waiting_plays_asks_once_and_can_be_left(
    window: Window, busy_engine: FakeEngine
) -> None:
    window.accounts.cards[1].unlink.click()
    await settle()
    opened(window).reject()
    await settle()

    assert not busy_engine.calls("unlink")


async def test_linking_opens_the_dialog_of_the_service(
    window: Window, busy_engine: FakeEngine
) -> None:
    window.accounts.link_buttons["listenbrainz"].click()
    await settle()
    dialog = opened(window)
    assert isinstance(dialog, LinkDialog)
    dialog.secret.setText("token")
    dialog.go.click()
    await settle()

    assert busy_engine.calls("link")[0][0] == "listenbrainz"
    assert not window.findChildren(LinkDialog)


async def test_cards_follow_the_accounts(window: Window, busy_engine: FakeEngine) -> None:
    busy_engine.become(accounts=SIGNED_IN.accounts[:1])
    await settle()

    assert list(window.accounts.cards) == [1]


# Settings


async def test_a_change_is_kept_at_once(
    window: Window, busy_engine: FakeEngine, autostart: FakeAutostart
) -> None:
    page = window.settings
    page.scrobbled.click()
    await settle()
    assert busy_engine.settings.notify.scrobbled

    page.autostart.click()
    await eventually(lambda: busy_engine.settings.autostart)
    assert autostart.on


async def test_a_slider_is_kept_once_it_rests_and_its_sentence_follows_at_once(
    window: Window, busy_engine: FakeEngine
) -> None:
    page = window.settings
    for value in (81, 85, 90):
        page.counting.movie.setValue(value)
    assert "1:48:00" in page.counting.words.text()
    assert not busy_engine.calls("save_settings")
    await eventually(lambda: bool(busy_engine.calls("save_settings")))

    assert len(busy_engine.calls("save_settings")) == 1
    assert busy_engine.settings.counting.movie_ratio == 0.9


async def test_a_slider_that_was_just_moved_is_kept_when_the_page_is_left(
    window: Window, busy_engine: FakeEngine
) -> None:
    window.sidebar.choose(Place.SETTINGS)
    window.settings.counting.movie.setValue(70)
    window.sidebar.choose(Place.ACTIVITY)
    await settle()

    assert busy_engine.settings.counting.movie_ratio == 0.7


def turn_the_wheel(over: QWidget) -> None:
    """One notch, away from the user."""
    at = QPointF(5, 5)
    still, notch = QPoint(), QPoint(0, 120)
    none = (Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase)
    QApplication.sendEvent(over, QWheelEvent(at, over.mapToGlobal(at), still, notch, *none, False))


async def test_scrolling_the_page_changes_nothing_that_is_under_the_pointer(
    window: Window, busy_engine: FakeEngine
) -> None:
    window.sidebar.choose(Place.SETTINGS)
    page = window.settings
    for control in (page.counting.movie, page.hold):
        before = control.value()
        page.setFocus()
        turn_the_wheel(control)
        assert control.value() == before
        window.activateWindow()
        control.setFocus()
        await eventually(control.hasFocus)
        turn_the_wheel(control)
        assert control.value() > before
    page.shut()


async def test_names_to_leave_out_are_read_with_commas(
    window: Window, busy_engine: FakeEngine
) -> None:
    page = window.settings
    page.devices.setText(" Bedroom TV, ,Kitchen,Kitchen ")
    page.devices.textEdited.emit(page.devices.text())
    await eventually(lambda: bool(busy_engine.calls("save_settings")))

    assert busy_engine.settings.filters.ignored_devices == ("Bedroom TV", "Kitchen")


async def test_searching_the_settings_leaves_the_sections_that_have_the_words(
    window: Window, busy_engine: FakeEngine
) -> None:
    window.sidebar.choose(Place.SETTINGS)
    page = window.settings

    def left() -> list[str]:
        return [each.title for each in page.sections if not each.isHidden()]

    everything = left()
    for text, found in (
        ("podcast", ["Counting", "Privacy"]),
        ("NEVER  films", ["Privacy"]),
        ("dark", ["General"]),
        ("start computer", ["General"]),
        ("hold back", ["Privacy"]),
        ("zebra", []),
    ):
        page.search.field.setText(text)
        assert left() == found, text
        assert page.search.nothing.isHidden() is bool(found)

    page.show_anime()
    assert left() == everything
    assert not busy_engine.calls("save_settings")


async def test_find_goes_to_the_search_of_the_settings(
    window: Window, busy_engine: FakeEngine
) -> None:
    window.sidebar.choose(Place.SETTINGS)
    window.activateWindow()
    await eventually(window.isActiveWindow)
    await eventually(window.settings.isVisible)
    QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    await eventually(window.settings.search.field.hasFocus)


async def test_a_setting_that_cannot_be_kept_goes_back_and_says_why(
    window: Window, busy_engine: FakeEngine, autostart: FakeAutostart
) -> None:
    page = window.settings
    autostart.fails = True
    page.autostart.click()
    await eventually(lambda: bool(page.trouble.text()))

    assert page.trouble.text() == "The autostart folder cannot be written."
    assert not page.autostart.isChecked()
    assert not busy_engine.calls("save_settings")


async def test_signing_out_asks_and_signing_in_opens_the_dialog(
    window: Window, busy_engine: FakeEngine
) -> None:
    window.settings.sign_button.click()
    await settle()
    press(window, "Sign out")
    await settle()
    assert busy_engine.calls("sign_out") == [()]

    busy_engine.status = type(busy_engine.status)()
    busy_engine.tell(Change.STATUS)
    window.settings.sign_button.click()
    window.sign_in()
    await settle()
    assert len([d for d in window.findChildren(SignInDialog) if d.isVisible()]) == 1
    opened(window).reject()
    await settle()


# The whole


async def test_every_control_has_a_name_for_screen_readers(window: Window) -> None:
    kinds = (QAbstractButton, QComboBox, QLineEdit, QSlider, QTableView)
    nameless = [
        control
        for kind in kinds
        for control in window.findChildren(kind)
        if not control.isHidden()
        and not control.accessibleName()
        and not (isinstance(control, QAbstractButton) and control.text())
        and not control.objectName().startswith("qt_")
        and not isinstance(control.parent(), QLineEdit | QComboBox | QTableView)
    ]

    assert nameless == []


async def test_pages_are_reached_with_the_keyboard(window: Window, qtbot: object) -> None:
    window.activateWindow()
    await eventually(window.isActiveWindow)
    for place in (*list(Place)[1:], Place.ACTIVITY):
        qtbot.keyClick(  # type: ignore[attr-defined]
            window, getattr(Qt.Key, f"Key_{place + 1}"), Qt.KeyboardModifier.ControlModifier
        )
        await settle()
        assert window.pages.currentWidget().accessibleName() == place.name.capitalize()


async def test_closing_hides_where_there_is_a_tray(window: Window) -> None:
    window.close()

    assert not window.isVisible()


async def test_trouble_of_the_storage_is_said_above_every_page(
    window: Window, busy_engine: FakeEngine
) -> None:
    busy_engine.become(trouble="The disk is full.")
    assert window.notices.trouble.isVisible()
    busy_engine.become(trouble="")
    assert not window.notices.trouble.isVisible()


async def test_without_a_password_store_a_passphrase_is_asked_for(
    window: Window, busy_engine: FakeEngine
) -> None:
    busy_engine.become(needs_passphrase=True)
    assert window.notices.locked.isVisible()
    window.notices.locked.action.click()
    await settle()
    assert isinstance(opened(window), PassphraseDialog)
    opened(window).reject()
    await settle()
    busy_engine.become(needs_passphrase=False)
    assert not window.notices.locked.isVisible()


async def test_pages_live_with_a_service_that_is_no_longer_known(
    window: Window, busy_engine: FakeEngine
) -> None:
    gone = replace(SIGNED_IN.accounts[0].account, id=7, service="gone")
    busy_engine.become(
        accounts=(replace(SIGNED_IN.accounts[0], account=gone),), now_playing=(playing(),)
    )
    await settle()

    assert list(window.accounts.cards) == [7]


async def test_a_storm_of_changes_leaves_the_loop_on_time(
    window: Window, busy_engine: FakeEngine, latest_ms: object, qapp: QApplication
) -> None:
    async with latest_ms() as late:  # type: ignore[operator]
        for _ in range(40):
            busy_engine.tell(Change.PLAYS, Change.OUTBOX, Change.STATUS, Change.NOW_PLAYING)
            await asyncio.sleep(0.002)

    assert late.work_ms < LONGEST_WORK_MS


async def test_pages_nobody_looks_at_are_read_when_they_are_chosen(
    window: Window, busy_engine: FakeEngine
) -> None:
    before = len(busy_engine.calls("outbox"))
    for _ in range(5):
        busy_engine.tell(Change.OUTBOX)
    await settle()
    assert len(busy_engine.calls("outbox")) == before

    window.sidebar.choose(Place.OUTBOX)
    await settle()
    assert len(busy_engine.calls("outbox")) == before + 1


async def test_a_storm_of_plays_is_read_one_at_a_time(
    window: Window, busy_engine: FakeEngine
) -> None:
    before = len(busy_engine.calls("plays"))
    for _ in range(100):
        busy_engine.tell(Change.PLAYS)
    await settle()

    assert len(busy_engine.calls("plays")) <= before + 2


async def test_the_first_steps_are_offered_one_after_the_other(
    context: Context, engine: FakeEngine
) -> None:
    window = Window(context, has_tray=lambda: True)
    window.show()
    await settle()
    empty = window.activity.empty
    assert empty.action.text() == "Sign in…"
    empty.action.click()
    await settle()
    assert isinstance(opened(window), SignInDialog)
    opened(window).reject()
    await settle()

    engine.become(sign_in=SignInState.SIGNED_IN)
    assert empty.action.text() == "Link an account…"
    empty.action.click()
    assert window.pages.currentWidget() is window.accounts
    engine.become(accounts=SIGNED_IN.accounts)
    assert not empty.action.isVisible()
    window.shut()
    window.deleteLater()


async def test_without_a_tray_closing_keeps_the_window_and_it_is_said_once(
    context: Context, qtbot: object
) -> None:
    window = Window(context, has_tray=lambda: False)
    window.show()
    assert window.notices.no_tray.isVisible()
    window.notices.no_tray.dismiss.click()
    window.close()
    assert window.isMinimized()
    window.showNormal()
    assert not window.notices.no_tray.isVisible()
    window.shut()
    window.deleteLater()


async def test_the_demos_network_can_be_cut_and_restored() -> None:
    did: list[str] = []

    async def cut() -> None:
        did.append("cut")

    async def restore() -> None:
        did.append("restore")

    banner = DemoBanner("Look at this.", cut, restore)
    for text in ("Restore the &network", "Cut the &network"):
        banner.button.click()
        await settle()
        assert banner.button.text() == text
    assert did == ["cut", "restore"]
    banner.deleteLater()


async def test_a_server_without_encryption_is_said(window: Window, busy_engine: FakeEngine) -> None:
    server = window.settings.server
    assert "without encryption" not in server.text()
    busy_engine.become(server_url="http://media.home:8096", allow_http=True)
    await settle()
    assert server.text().endswith("without encryption")
    busy_engine.become(server_url="http://127.0.0.1:8096", allow_http=False)
    await settle()
    assert "without encryption" not in server.text()
