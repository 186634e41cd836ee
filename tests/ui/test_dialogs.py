"""Sign-in and link dialogs: they wait without blocking, say what went wrong, and can be left."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QPushButton

from revenge_companion.core.accounts import Account
from revenge_companion.core.errors import (
    LaneBlocked,
    LinkRefused,
    SecretsUnavailable,
    SignInRefused,
)
from revenge_companion.core.reasons import Reason
from revenge_companion.services.base import (
    LinkMethod,
    LinkPrompt,
    LinkRequest,
    ServiceSpec,
    ShowPrompt,
)
from revenge_companion.ui import ask
from revenge_companion.ui.dialogs.link import LinkDialog
from revenge_companion.ui.dialogs.passphrase import PassphraseDialog
from revenge_companion.ui.dialogs.signin import SignInDialog
from tests.clock import FakeClock, settle
from tests.ui.fake_engine import SPECS, FakeEngine

TRAKT, SIMKL, LASTFM, LISTENBRAINZ = SPECS
DEVICE_PROMPT = LinkPrompt(
    "https://auth.example.org/activate",
    code="ABCD-1234",
    complete_url="https://auth.example.org/activate/ABCD-1234",
    expires_in_s=600,
)


@pytest.fixture
async def sign_in(engine: FakeEngine) -> AsyncIterator[SignInDialog]:
    dialog = SignInDialog(None, sign_in=engine.sign_in, sign_in_with_key=engine.sign_in_with_key)
    dialog.open()
    yield dialog
    dialog.reject()
    await settle()
    dialog.deleteLater()
    await settle()


def fill(dialog: SignInDialog) -> None:
    dialog.server.setText(" media.local:8096 ")
    dialog.username.setText("anna")
    dialog.password.setText(" pass word ")


async def test_signing_in_waits_for_every_field(sign_in: SignInDialog) -> None:
    assert not sign_in.accept_button.isEnabled()
    fill(sign_in)
    assert sign_in.accept_button.isEnabled()
    sign_in.password.clear()
    assert not sign_in.accept_button.isEnabled()


async def test_enter_signs_in_and_the_password_goes_as_it_was_typed(
    sign_in: SignInDialog, engine: FakeEngine, qtbot: object
) -> None:
    fill(sign_in)
    qtbot.keyClick(sign_in.password, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    await settle()

    assert engine.calls("sign_in") == [("media.local:8096", "anna", " pass word ")]
    assert sign_in.result() == QDialog.DialogCode.Accepted
    assert sign_in.password.text() == ""


async def test_a_refusal_is_said_and_the_fields_stay(
    sign_in: SignInDialog, engine: FakeEngine
) -> None:
    engine.fails = SignInRefused("The server does not accept this name and password.")
    fill(sign_in)
    sign_in.accept_button.click()
    await settle()

    assert sign_in.message.text() == "The server does not accept this name and password."
    assert sign_in.isVisible()
    assert sign_in.username.text() == "anna"
    assert sign_in.accept_button.isEnabled()


async def test_while_asking_it_is_busy_and_can_still_be_left(
    sign_in: SignInDialog, engine: FakeEngine
) -> None:
    engine.gate = asyncio.Event()
    fill(sign_in)
    sign_in.accept_button.click()
    await settle()
    assert not sign_in.accept_button.isEnabled()
    assert "media.local:8096" in sign_in.message.text()

    sign_in.reject()
    await settle()
    assert not sign_in.tasks.busy


async def test_a_key_is_enough(sign_in: SignInDialog, engine: FakeEngine) -> None:
    sign_in.server.setText("media.local")
    sign_in.ways.setCurrentIndex(1)
    sign_in.key.setText(" key ")
    sign_in.accept_button.click()
    await settle()

    assert engine.calls("sign_in_with_key") == [("media.local", "key")]


@pytest.mark.parametrize("by_key", [False, True])
async def test_a_server_without_encryption_waits_for_the_permission(
    sign_in: SignInDialog, engine: FakeEngine, by_key: bool
) -> None:
    fill(sign_in)
    sign_in.key.setText("key")
    sign_in.ways.setCurrentIndex(int(by_key))
    assert not sign_in.allow_http.isVisible()
    sign_in.server.setText("http://media.local:8096")
    assert sign_in.allow_http.isVisible()
    assert "can read your password" in sign_in.allow_http.meaning.text()
    assert not sign_in.accept_button.isEnabled()
    sign_in.allow_http.box.click()
    sign_in.accept_button.click()
    await settle()
    assert engine.allowed_http
    assert sign_in.result() == QDialog.DialogCode.Accepted


async def test_an_address_that_turns_out_to_have_no_encryption_asks_then(
    sign_in: SignInDialog, engine: FakeEngine
) -> None:
    engine.fails = LaneBlocked("No server answers there with encryption.", code=Reason.PLAIN_HTTP)
    fill(sign_in)
    sign_in.accept_button.click()
    await settle()
    assert "with encryption" in sign_in.message.text()
    assert sign_in.allow_http.isVisible()
    assert not sign_in.accept_button.isEnabled()
    assert sign_in.allow_http.box.hasFocus()
    engine.fails = None
    sign_in.allow_http.box.click()
    assert sign_in.message.text()
    assert sign_in.accept_button.isEnabled()
    sign_in.accept_button.click()
    await settle()
    assert engine.allowed_http


async def test_another_address_needs_its_own_permission(
    sign_in: SignInDialog, engine: FakeEngine
) -> None:
    fill(sign_in)
    sign_in.server.setText("http://media.local")
    sign_in.allow_http.box.click()
    sign_in.server.setText("https://media.local")
    assert not sign_in.allow_http.isVisible()
    sign_in.message.setText("It was about media.local.")
    sign_in.server.setText("http://other.local")
    assert sign_in.message.text() == ""
    assert not sign_in.accept_button.isEnabled()
    sign_in.server.setText("https://media.local")
    sign_in.accept_button.click()
    await settle()
    assert not engine.allowed_http


async def test_a_passphrase_opens_the_vault_and_a_wrong_one_says_so(engine: FakeEngine) -> None:
    dialog = PassphraseDialog(None, unlock=engine.unlock)
    dialog.open()
    dialog.passphrase.setText("short")
    assert not dialog.go.isEnabled()
    dialog.passphrase.setText("correct horse")
    engine.fails = SecretsUnavailable("This passphrase does not open the vault.")
    dialog.go.click()
    await settle()
    assert dialog.message.text() == "This passphrase does not open the vault."

    engine.fails = None
    dialog.go.click()
    await settle()
    assert engine.calls("unlock") == [("correct horse",)] * 2
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.passphrase.text() == ""
    dialog.deleteLater()


class Linking:
    """One link dialog over the fake engine."""

    def __init__(self, spec: ServiceSpec, engine: FakeEngine, clock: FakeClock) -> None:
        self.addresses: list[str] = []

        async def link(request: LinkRequest, label: str, show: ShowPrompt) -> Account:
            return await engine.link(spec.key, request, label, show)

        self.dialog = LinkDialog(
            None, spec=spec, link=link, clock=clock, open_address=self.addresses.append
        )
        self.engine = engine
        self.dialog.open()

    @property
    def request(self) -> LinkRequest:
        request = self.engine.calls("link")[-1][1]
        assert isinstance(request, LinkRequest)
        return request

    async def go(self) -> None:
        self.dialog.go.click()
        await settle()

    async def close(self) -> None:
        self.dialog.reject()
        await settle()
        self.dialog.deleteLater()
        await settle()


@pytest.fixture
async def linking(
    request: pytest.FixtureRequest, engine: FakeEngine, clock: FakeClock
) -> AsyncIterator[Linking]:
    made = Linking(request.param, engine, clock)
    yield made
    await made.close()


@pytest.mark.parametrize("linking", [LISTENBRAINZ], indirect=True)
async def test_a_token_is_pasted_and_sent_without_its_spaces(linking: Linking) -> None:
    assert not linking.dialog.go.isEnabled()
    linking.dialog.secret.setText(" token\n")
    await linking.go()

    assert (linking.request.secret, linking.request.username) == ("token", "")
    assert linking.dialog.account is not None
    assert linking.dialog.secret.text() == ""


@pytest.mark.parametrize("linking", [LISTENBRAINZ], indirect=True)
async def test_own_servers_count_only_while_they_are_wanted(linking: Linking) -> None:
    linking.dialog.secret.setText("token")
    linking.dialog.server.own.setChecked(True)
    linking.dialog.server.api_url.setText("https://maloja.example.org/apis/listenbrainz")
    linking.engine.fails = LinkRefused("This token is not known.")
    await linking.go()
    assert linking.request.api_url == "https://maloja.example.org/apis/listenbrainz"
    assert linking.dialog.message.text() == "This token is not known."

    linking.dialog.server.own.setChecked(False)
    await linking.go()
    assert linking.request.api_url == ""


@pytest.mark.parametrize("linking", [TRAKT, SIMKL], indirect=True)
async def test_a_device_code_is_shown_copied_and_counted_down(
    linking: Linking, clock: FakeClock
) -> None:
    dialog = linking.dialog
    linking.engine.prompt, linking.engine.gate = DEVICE_PROMPT, asyncio.Event()
    await linking.go()

    assert dialog.waiting.code.text() == "ABCD-1234"
    assert dialog.waiting.code.font().pointSizeF() >= 2 * dialog.font().pointSizeF()
    assert dialog.waiting.qr.isVisible()
    assert dialog.waiting.left.text() == "10:00 left"
    assert dialog.message.text().startswith("Waiting for")
    assert linking.addresses == []
    dialog.waiting.copy.click()
    assert QGuiApplication.clipboard().text() == "ABCD-1234"
    dialog.waiting.open_page.click()
    assert linking.addresses == ["https://auth.example.org/activate/ABCD-1234"]

    linking.engine.gate.set()
    await settle()
    assert dialog.result() == QDialog.DialogCode.Accepted


@pytest.mark.parametrize("linking", [TRAKT], indirect=True)
async def test_a_denied_code_says_so_and_can_be_tried_again(linking: Linking) -> None:
    linking.engine.prompt = DEVICE_PROMPT
    linking.engine.fails = LinkRefused("You did not allow the Companion.")
    await linking.go()
    assert linking.dialog.message.text() == "You did not allow the Companion."
    assert linking.dialog.go.isVisible()

    linking.engine.fails = None
    await linking.go()
    assert linking.dialog.result() == QDialog.DialogCode.Accepted


@pytest.mark.parametrize("linking", [TRAKT], indirect=True)
async def test_leaving_ends_the_waiting(linking: Linking) -> None:
    linking.engine.prompt, linking.engine.gate = DEVICE_PROMPT, asyncio.Event()
    await linking.go()
    linking.dialog.reject()
    await settle()

    assert not linking.dialog.tasks.busy
    assert linking.dialog.account is None


@pytest.mark.parametrize("linking", [LASTFM], indirect=True)
async def test_the_browser_opens_by_itself_where_no_code_is_typed(linking: Linking) -> None:
    linking.engine.prompt = LinkPrompt("https://www.last.fm/api/auth/?token=x")
    linking.engine.gate = asyncio.Event()
    await linking.go()

    assert linking.addresses == ["https://www.last.fm/api/auth/?token=x"]
    assert not linking.dialog.waiting.code.isVisible()
    assert not linking.dialog.waiting.left.isVisible()


@pytest.mark.parametrize("linking", [LASTFM], indirect=True)
async def test_a_second_way_asks_for_name_and_password(linking: Linking) -> None:
    dialog = linking.dialog
    assert dialog.method.isVisible()
    dialog.method.setCurrentIndex(dialog.method.findData(LinkMethod.PASSWORD.value))
    assert not dialog.go.isEnabled()
    dialog.username.setText("anna")
    dialog.secret.setText(" p ")
    await linking.go()

    assert (linking.request.username, linking.request.secret) == ("anna", " p ")


@pytest.mark.parametrize("linking", [TRAKT, LASTFM], indirect=True)
async def test_an_own_app_key_can_be_brought(linking: Linking) -> None:
    linking.dialog.server.own.setChecked(True)
    linking.dialog.server.client_id.setText("mine")
    await linking.go()

    assert linking.request.client_id == "mine"


@pytest.mark.parametrize("linking", [TRAKT], indirect=True)
async def test_enter_presses_one_button_only(linking: Linking) -> None:
    buttons = linking.dialog.findChildren(QPushButton)

    assert [button for button in buttons if button.autoDefault()] == [linking.dialog.go]


@pytest.mark.parametrize("method", list(LinkMethod))
async def test_every_link_method_has_its_dialog(
    method: LinkMethod, engine: FakeEngine, clock: FakeClock
) -> None:
    linking = Linking(replace(LISTENBRAINZ, link=(method,)), engine, clock)
    linking.dialog.username.setText("anna")
    linking.dialog.secret.setText("secret")
    await linking.go()

    sent = method in (LinkMethod.TOKEN, LinkMethod.PASSWORD)
    assert linking.request.secret == ("secret" if sent else "")
    assert linking.dialog.account is not None
    await linking.close()


async def test_other_tasks_go_on_while_a_dialog_is_open() -> None:
    dialog = QDialog()
    steps = 0

    async def other() -> None:
        nonlocal steps
        for _ in range(5):
            await asyncio.sleep(0)
            steps += 1
        dialog.accept()

    task = asyncio.create_task(other())
    assert await ask.opened(dialog) == QDialog.DialogCode.Accepted
    await task
    assert steps == 5
    dialog.deleteLater()


async def test_a_question_whose_asker_is_cancelled_goes_away() -> None:
    dialog = QDialog()
    task = asyncio.create_task(ask.opened(dialog))
    await settle()
    task.cancel()
    await settle()

    assert not dialog.isVisible()
    dialog.deleteLater()
