"""Several people on one computer: who is signed in, who can be switched to, whose accounts."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QMessageBox

from revenge_companion.core.errors import SignInRefused
from revenge_companion.core.profiles import KnownProfile, Profile
from revenge_companion.core.status import AccountStatus, OutboxCounts, SignInState
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.signin import SignInDialog
from revenge_companion.ui.places import Place
from revenge_companion.ui.tray_state import Do, MenuLine, tray_state
from revenge_companion.ui.window import Window
from tests.clock import eventually, settle
from tests.ui.fake_engine import NOW, SIGNED_IN, FakeEngine, account
from tests.ui.pictures import Shoot

ANNA = KnownProfile(Profile(1, "https://media.example.org", "anna"), active=True, kept=True)
BEN = KnownProfile(Profile(2, "https://media.example.org", "ben"), active=False, kept=True)
GONE = KnownProfile(Profile(3, "http://attic:8096", "carol"), active=False, kept=False)
OTHERS = (
    AccountStatus(account(7, "lastfm", label="ben", profile=2), OutboxCounts(pending=2)),
    AccountStatus(account(8, "trakt", label="ben", profile=2)),
)


@pytest.fixture
async def window(context: Context, busy_engine: FakeEngine) -> AsyncIterator[Window]:
    made = Window(context, has_tray=lambda: True)
    yield made
    made.shut()
    made.deleteLater()
    await settle()


def names(window: Window) -> list[tuple[str, bool]]:
    entries = window.settings.switch_user.entries.actions()
    return [(one.text(), one.isChecked()) for one in entries if one.text()]


async def test_the_menu_has_everybody_whose_sign_in_is_kept(
    window: Window, busy_engine: FakeEngine
) -> None:
    assert not window.settings.switch_user.isVisibleTo(window.settings)
    busy_engine.become(profiles=(ANNA, BEN, GONE))
    assert window.settings.switch_user.isVisibleTo(window.settings)
    assert names(window) == [
        ("anna \N{MIDDLE DOT} media.example.org", True),
        ("ben \N{MIDDLE DOT} media.example.org", False),
        ("Sign in as somebody else\N{HORIZONTAL ELLIPSIS}", False),
    ]
    window.settings.switch_user.entries.actions()[1].trigger()
    await eventually(lambda: ("use_profile", 2) in busy_engine.asked)
    await settle()
    assert [ticked for _, ticked in names(window)] == [False, True, False]


async def test_a_switch_that_fails_says_why_and_ticks_who_it_was(
    window: Window, busy_engine: FakeEngine
) -> None:
    busy_engine.become(profiles=(ANNA, BEN))
    busy_engine.fails = SignInRefused("Sign in again to use it.")
    window.settings.switch_user.entries.actions()[1].trigger()
    found: list[QMessageBox] = []

    def told() -> bool:
        found[:] = window.findChildren(QMessageBox)
        return bool(found)

    await eventually(told)
    assert "Sign in again to use it." in found[0].text() + found[0].informativeText()
    found[0].accept()
    await settle()
    assert [ticked for _, ticked in names(window)] == [True, False, False]


async def test_somebody_else_signs_in_under_a_name_of_their_own(
    window: Window, busy_engine: FakeEngine
) -> None:
    busy_engine.become(profiles=(ANNA,))
    window.settings.switch_user.entries.actions()[-1].trigger()
    await eventually(lambda: bool(window.findChildren(SignInDialog)))
    (dialog,) = window.findChildren(SignInDialog)
    assert (dialog.server.text(), dialog.username.text()) == ("https://media.example.org", "")
    dialog.reject()
    await settle()


async def test_the_accounts_of_others_are_counted_and_not_listed(
    window: Window, busy_engine: FakeEngine
) -> None:
    page = window.accounts
    assert not page.whose.isVisibleTo(page)
    busy_engine.become(profiles=(ANNA, BEN), others=OTHERS)
    assert page.whose.isVisibleTo(page)
    assert set(page.cards) == {1, 2, 3}
    assert page.whose.whose.text() == "Accounts of anna \N{MIDDLE DOT} media.example.org"
    assert page.whose.others.text().startswith("2 more accounts of others.")
    busy_engine.become(profiles=(replace(ANNA, active=False), BEN), sign_in=SignInState.SIGNED_OUT)
    assert page.whose.whose.text() == "Nobody is signed in."


def menu(**changes: object) -> tuple[MenuLine, ...]:
    status = replace(SIGNED_IN, **changes)  # type: ignore[arg-type]
    return tray_state(status, [], {}, NOW, 0.0).lines


def test_the_tray_switches_where_there_is_somebody_to_switch_to() -> None:
    for alone in ((), (ANNA,), (ANNA, GONE)):
        assert all(line.text != "Switch user" for line in menu(profiles=alone))
    (line,) = [line for line in menu(profiles=(ANNA, BEN, GONE)) if line.text == "Switch user"]
    assert [(one.do, one.target) for one in line.children] == [(None, ""), (Do.PROFILE, "2")]
    # Signed out, whoever is kept can be chosen.
    nobody = (replace(ANNA, active=False), GONE)
    (line,) = [line for line in menu(profiles=nobody) if line.text == "Switch user"]
    assert [one.target for one in line.children] == ["1"]


async def test_pictures(window: Window, busy_engine: FakeEngine, shoot: Shoot) -> None:
    busy_engine.become(profiles=(ANNA, BEN, GONE), others=OTHERS)
    window.show()
    for place, name in ((Place.ACCOUNTS, "accounts-of-two"), (Place.SETTINGS, "settings-of-two")):
        window.sidebar.choose(place)
        await settle()
        shoot(window, name)
    entries = window.settings.switch_user.entries
    entries.resize(entries.sizeHint())
    shoot(entries, "switch-user")
