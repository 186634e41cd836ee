"""The first steps: they tick themselves off, can be left at any time, and come once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QApplication

from revenge_companion.core.settings import Settings
from revenge_companion.core.status import SignInState
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.import_wizard import ImportWizard
from revenge_companion.ui.dialogs.link import LinkDialog
from revenge_companion.ui.dialogs.signin import SignInDialog
from revenge_companion.ui.dialogs.welcome import WelcomeDialog
from revenge_companion.ui.shell import DemoControls, Shell
from tests.clock import FakeClock, settle
from tests.ui.fake_engine import SIGNED_IN, FakeEngine
from tests.ui.fake_imports import LETTERBOXD_ZIP, TRAKT


@pytest.fixture
async def welcome(context: Context) -> AsyncIterator[WelcomeDialog]:
    made = WelcomeDialog(None, context, lambda address: None)
    made.open()
    yield made
    made.reject()
    await settle()
    made.deleteLater()
    await settle()


def marks(welcome: WelcomeDialog) -> list[str]:
    return [mark.text() for mark in welcome.marks]


async def test_each_step_is_ticked_off_when_it_is_done(
    welcome: WelcomeDialog, engine: FakeEngine
) -> None:
    assert marks(welcome) == ["1", "2", "3", "4"]
    assert not welcome.bring.isEnabled()
    assert welcome.leave.text() == "S&kip"
    assert welcome.sign_in.isDefault()

    engine.become(sign_in=SignInState.SIGNED_IN, server_url="https://media.example.org")
    await settle()
    assert marks(welcome) == ["\N{CHECK MARK}", "2", "3", "4"]
    assert welcome.told[0].text() == "Signed in at https://media.example.org."
    assert welcome.link.isDefault()

    engine.become(accounts=SIGNED_IN.accounts[:1])
    await settle()
    assert marks(welcome) == ["\N{CHECK MARK}", "\N{CHECK MARK}", "3", "4"]
    # The import is offered, and can be left out.
    assert welcome.bring.isDefault()
    assert welcome.leave.text() == "&Done"


async def test_an_import_is_offered_and_begun_only_by_the_user(
    welcome: WelcomeDialog, engine: FakeEngine
) -> None:
    engine.become(sign_in=SignInState.SIGNED_IN, accounts=SIGNED_IN.accounts[:1])
    welcome.bring.click()
    await settle()
    (wizard,) = welcome.findChildren(ImportWizard)
    # Three accounts can be read here: which one, the user says.
    assert wizard.steps.accessibleName() == "Step 1 of 5: Source"
    wizard.reject()
    await settle()
    assert marks(welcome)[2] == "3"
    assert engine.imports.calls("begin") == []

    engine.imports.kinds = (TRAKT, LETTERBOXD_ZIP)
    welcome.bring.click()
    await settle()
    (wizard,) = (one for one in welcome.findChildren(ImportWizard) if one.isVisible())
    assert wizard.steps.accessibleName() == "Step 2 of 5: What"
    wizard.go.click()
    await settle()
    assert len(engine.imports.calls("begin")) == 1
    wizard.leave.click()
    await settle()
    assert marks(welcome)[2] == "\N{CHECK MARK}"
    assert welcome.leave.isDefault()


async def test_what_was_not_matched_is_shown_in_the_window(
    welcome: WelcomeDialog, engine: FakeEngine
) -> None:
    engine.become(sign_in=SignInState.SIGNED_IN)
    wanted: list[bool] = []
    welcome.unmatched_wanted.connect(lambda: wanted.append(True))
    welcome.bring.click()
    await settle()
    (wizard,) = welcome.findChildren(ImportWizard)
    wizard.unmatched_wanted.emit()
    wizard.reject()
    await settle()
    assert wanted == [True]
    assert not welcome.isVisible()


async def test_signing_in_and_linking_open_their_dialogs(welcome: WelcomeDialog) -> None:
    welcome.sign_in.click()
    await settle()
    (asked,) = welcome.findChildren(SignInDialog)
    asked.reject()
    await settle()
    welcome.service.setCurrentIndex(welcome.service.findData("listenbrainz"))
    welcome.link.click()
    await settle()
    (linking,) = welcome.findChildren(LinkDialog)
    assert linking.windowTitle() == "Link ListenBrainz"
    linking.reject()
    await settle()


def a_shell(engine: FakeEngine, clock: FakeClock, qapp: QApplication, **more: object) -> Shell:
    return Shell(engine, clock=clock, app=qapp, quit_requested=lambda: None, **more)  # type: ignore[arg-type]


async def welcomed(shell: Shell, *, minimised: bool = False) -> bool:
    shell.show(minimised=minimised)
    await settle()
    found = shell.window.findChildren(WelcomeDialog)
    for dialog in found:
        dialog.reject()
    await settle()
    shell.close()
    await settle()
    return bool(found)


async def test_it_comes_at_the_first_start_and_never_again(
    engine: FakeEngine, clock: FakeClock, qapp: QApplication
) -> None:
    assert await welcomed(a_shell(engine, clock, qapp))
    assert engine.settings.welcomed
    assert not await welcomed(a_shell(engine, clock, qapp))


async def nothing() -> None:
    await asyncio.sleep(0)


@pytest.mark.parametrize("case", ["minimised", "demo", "signed in before", "linked"])
async def test_who_is_not_new_or_not_looking_is_left_alone(
    case: str, engine: FakeEngine, clock: FakeClock, qapp: QApplication
) -> None:
    if case == "signed in before":
        engine.settings = replace(Settings(), server_url="https://media.example.org")
    if case == "linked":
        engine.status = replace(engine.status, accounts=SIGNED_IN.accounts)
    demo = DemoControls("A demo.", nothing, nothing) if case == "demo" else None
    shell = a_shell(engine, clock, qapp, demo=demo)

    assert not await welcomed(shell, minimised=case == "minimised")
