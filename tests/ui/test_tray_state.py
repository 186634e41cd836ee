"""The tray as a pure function: worst state first, and a menu for each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from revenge_companion.core.accounts import AccountState, Switches
from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.playback import Source
from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import (
    AccountStatus,
    DestinationFate,
    EngineStatus,
    OutboxCounts,
    SignInState,
    SourceStatus,
)
from revenge_companion.ui.tray_state import Do, MenuLine, TrayIcon, TrayState, tray_state
from tests.ui.fake_engine import (
    DUNE,
    LONG,
    NOW,
    SIGNED_IN,
    SPECS,
    WORDS,
    account,
    not_counted,
    play,
    playing,
)

NAMES = {spec.key: spec.name for spec in SPECS}
IDLE = replace(
    SIGNED_IN,
    accounts=(AccountStatus(account(1)),),
    now_playing=(),
    outbox=OutboxCounts(),
)
LINK_AGAIN = AccountStatus(account(2, "simkl", state=AccountState.LINK_AGAIN))
HELD = AccountStatus(
    account(2, "simkl", state=AccountState.HELD, state_detail="Simkl locked this account.")
)
OFFLINE = SourceStatus(Source.WEBSOCKET, connected=False, reason_code=Reason.SERVER_DOWN)
LATER = NOW + timedelta(minutes=30)


def state_of(status: EngineStatus, *plays: object) -> TrayState:
    return tray_state(status, plays, NAMES, NOW, 1000.0)  # type: ignore[arg-type]


def lines_of(state: TrayState, do: Do) -> list[MenuLine]:
    every = [*state.lines, *(child for line in state.lines for child in line.children)]
    return [line for line in every if line.do is do]


@pytest.mark.parametrize(
    ("status", "icon", "tooltip"),
    [
        (IDLE, TrayIcon.IDLE, "Nothing is playing"),
        (
            replace(IDLE, now_playing=(playing(),)),
            TrayIcon.PLAYING,
            "Dune: Part Two (2024) · Counts at 80\u00a0% (in about 32 min)",
        ),
        (replace(IDLE, now_playing=(playing(state="paused"),)), TrayIcon.IDLE, ""),
        (
            replace(IDLE, now_playing=(playing(),), outbox=OutboxCounts(pending=12)),
            TrayIcon.WAITING,
            "12 plays waiting to be sent",
        ),
        (replace(IDLE, outbox=OutboxCounts(unsure=1)), TrayIcon.WAITING, "1 play waiting"),
        (replace(IDLE, outbox=OutboxCounts(parked=5, delivered=9)), TrayIcon.IDLE, ""),
        (
            replace(IDLE, paused_until=LATER, outbox=OutboxCounts(pending=1)),
            TrayIcon.PAUSED,
            "Scrobbling is paused until 20:30",
        ),
        (
            replace(IDLE, paused_until=datetime.max.replace(tzinfo=UTC)),
            TrayIcon.PAUSED,
            "until you resume it",
        ),
        (replace(IDLE, paused_until=NOW), TrayIcon.IDLE, ""),
        (
            replace(IDLE, source=OFFLINE, paused_until=LATER),
            TrayIcon.OFFLINE,
            "Your server is not answering.",
        ),
        (EngineStatus(), TrayIcon.SIGNED_OUT, "Not signed in"),
        (
            replace(IDLE, sign_in=SignInState.SIGN_IN_AGAIN, source=OFFLINE),
            TrayIcon.SIGNED_OUT,
            "Sign in again",
        ),
        (
            replace(EngineStatus(), accounts=(LINK_AGAIN,)),
            TrayIcon.ATTENTION,
            "Simkl signed you out. Link again",
        ),
        (replace(IDLE, accounts=(HELD,)), TrayIcon.ATTENTION, "Simkl locked this account."),
        (replace(IDLE, needs_passphrase=True), TrayIcon.ATTENTION, "no password store"),
        (replace(IDLE, trouble="The disk is full."), TrayIcon.ATTENTION, "The disk is full."),
    ],
)
def test_the_worst_state_is_shown(status: EngineStatus, icon: TrayIcon, tooltip: str) -> None:
    state = state_of(status)

    assert state.icon is icon
    assert tooltip in state.tooltip


def test_an_account_that_is_switched_off_needs_nobody() -> None:
    off = replace(LINK_AGAIN.account, switches=Switches(enabled=False))
    state = state_of(replace(IDLE, accounts=(AccountStatus(off),)))

    assert state.icon is TrayIcon.IDLE
    assert not lines_of(state, Do.ACCOUNT)


def test_the_menu_leads_with_what_plays_and_ends_with_quit() -> None:
    state = state_of(replace(IDLE, now_playing=(playing(),)))

    assert state.lines[0].text == "▶ Dune: Part Two (2024) · 61\u00a0% · counts at 80\u00a0%"
    assert [line.do for line in state.lines[-3:]] == [Do.OPEN, Do.SETTINGS, Do.QUIT]


def test_progress_moves_on_between_events() -> None:
    status = replace(IDLE, now_playing=(playing(),))
    later = tray_state(status, (), NAMES, NOW, 1000.0 + 0.1 * 9960)

    assert "71\u00a0%" in later.lines[0].text


def test_the_last_scrobbles_name_their_destinations() -> None:
    delivered = play(
        1, destinations=(DestinationFate(1, "trakt", "anna", DeliveryState.DELIVERED),)
    )
    parked = play(
        2, WORDS, destinations=(DestinationFate(2, "lastfm", "anna", DeliveryState.PARKED),)
    )
    state = state_of(IDLE, delivered, not_counted(3), parked)
    shown = [line for line in state.lines if line.children and line.children[0].do is Do.SHOW_PLAY]

    assert [line.text for line in shown] == [
        "✓ Severance S02E04 → Trakt",
        "✗ Low \N{EN DASH} Words → Last.fm (parked)",
    ]


def test_waiting_plays_can_be_sent_from_the_menu() -> None:
    (line,) = lines_of(state_of(replace(IDLE, outbox=OutboxCounts(pending=12))), Do.FLUSH)

    assert line.text == "12 waiting · Send now"


def test_pausing_offers_two_times_until_restart_and_this_item() -> None:
    state = state_of(replace(IDLE, now_playing=(playing(),)))

    assert [(line.text, line.target) for line in lines_of(state, Do.PAUSE)] == [
        ("30 minutes", "30"),
        ("2 hours", "120"),
        ("Until restart", "0"),
    ]
    assert [line.target for line in lines_of(state, Do.SKIP_ITEM)] == ["play-1"]


def test_two_plays_at_once_are_told_apart() -> None:
    two = (playing(), playing(WORDS, play_key="p2"), playing(DUNE, play_key="p3", counted=True))
    shown = lines_of(state_of(replace(IDLE, now_playing=two)), Do.SKIP_ITEM)

    assert [line.text for line in shown] == [
        "Just Dune: Part Two (2024)",
        "Just Low \N{EN DASH} Words",
    ]


def test_a_pause_can_be_ended_instead_of_begun_twice() -> None:
    state = state_of(replace(IDLE, paused_until=LATER))

    assert lines_of(state, Do.RESUME)
    assert not lines_of(state, Do.PAUSE)


def test_an_account_that_needs_the_user_is_named() -> None:
    (line,) = lines_of(state_of(replace(IDLE, accounts=(LINK_AGAIN,))), Do.ACCOUNT)

    assert (line.text, line.target) == ("Simkl (anna) needs you: link again…", "2")


def test_signed_out_the_menu_offers_signing_in_and_no_pause() -> None:
    state = state_of(EngineStatus())

    assert lines_of(state, Do.SIGN_IN)
    assert not lines_of(state, Do.PAUSE)


def test_a_long_title_is_cut_and_no_markup_reaches_a_tool_tip() -> None:
    state = state_of(replace(IDLE, now_playing=(playing(LONG),)))
    odd = replace(LONG, title="<b>Bold</b>\nand broken")

    assert len(state.lines[0].text) < 80
    assert "<" not in state_of(replace(IDLE, now_playing=(playing(odd),))).tooltip
