"""Every state a linking can be in: its own sentence, and the button that helps."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog

from revenge_companion.core.accounts import Account, Switches
from revenge_companion.core.errors import (
    CompanionError,
    LinkRefused,
    LinkTrouble,
    RateLimited,
    SecretsUnavailable,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.services.base import (
    LinkMethod,
    LinkPrompt,
    LinkRequest,
    ProbeResult,
    ServiceSpec,
    ShowPrompt,
)
from revenge_companion.ui.dialogs.link import LinkDialog
from tests.clock import FakeClock, settle
from tests.ui.fake_engine import SPECS, FakeEngine

TRAKT, SIMKL, LASTFM, LISTENBRAINZ = SPECS
PROMPT = LinkPrompt("https://auth.example.org/activate", "ABCD-1234", expires_in_s=600)
MALOJA = ProbeResult("Maloja", "https://m.example/apis/listenbrainz")


class Linking:
    """A link dialog over the fake engine, with what it opened."""

    def __init__(
        self,
        spec: ServiceSpec,
        engine: FakeEngine,
        clock: FakeClock,
        *,
        again: Account | None = None,
        looks: bool = False,
    ) -> None:
        self.opened: list[str] = []
        self.engine = engine
        self.asked: list[LinkRequest] = []

        async def link(request: LinkRequest, label: str, show: ShowPrompt) -> Account:
            self.asked.append(request)
            return await engine.link(spec.key, request, label, show)

        async def probe(address: str, allow_http: bool) -> ProbeResult:
            return await engine.probe(spec.key, address, allow_http=allow_http)

        async def whose(request: LinkRequest) -> str:
            return await engine.whose(spec.key, request)

        self.dialog = LinkDialog(
            None,
            spec=spec,
            link=link,
            probe=probe,
            clock=clock,
            open_address=self.opened.append,
            again=again,
            whose=whose if looks else None,
        )
        self.dialog.secret.setText("secret")
        self.dialog.open()

    async def go(self) -> str:
        self.dialog.go.click()
        await settle()
        return self.dialog.message.text()

    async def typed(self, address: str) -> str:
        """Type an address and wait until it was asked."""
        self.dialog.server.own.setChecked(True)
        self.dialog.server.api_url.setText(address)
        # The pause after the last key is over.
        self.dialog.server._typed.timeout.emit()  # noqa: SLF001  # stands in for 600 ms
        await settle()
        return self.dialog.server.answered.text()


@pytest.fixture
async def linking(
    request: pytest.FixtureRequest, engine: FakeEngine, clock: FakeClock
) -> AsyncIterator[Linking]:
    made = Linking(request.param, engine, clock)
    yield made
    made.dialog.reject()
    await settle()
    made.dialog.deleteLater()
    await settle()


@pytest.mark.parametrize(
    ("why", "go", "mend"),
    [
        (LinkTrouble.DENIED, "&Ask again", ""),
        (LinkTrouble.ENDED, "&New code", ""),
        (LinkTrouble.CLIENT_ID, "&Try again", "&Make an app key"),
        (LinkTrouble.LIMIT, "&Try again", "See your &apps"),
        (LinkTrouble.OTHER, "&Try again", "&Open the page"),
    ],
)
@pytest.mark.parametrize("linking", [TRAKT], indirect=True)
async def test_each_refusal_has_its_buttons(
    linking: Linking, why: LinkTrouble, go: str, mend: str
) -> None:
    page = "https://trakt.example/apps" if mend else ""
    linking.engine.prompt = PROMPT
    linking.engine.fails = LinkRefused("Because.", why=why, page=page)

    assert await linking.go() == "Because."
    assert linking.dialog.go.text() == go
    assert linking.dialog.go.isEnabled()
    assert linking.dialog.mend.isVisible() is bool(mend)
    if mend:
        assert linking.dialog.mend.text() == mend
        linking.dialog.mend.click()
        assert linking.opened == [page]
    if why is LinkTrouble.CLIENT_ID:
        assert linking.dialog.server.client_id.isVisible()
    linking.engine.fails = None
    await linking.go()
    assert linking.dialog.result() == QDialog.DialogCode.Accepted


@pytest.mark.parametrize("linking", [LISTENBRAINZ], indirect=True)
async def test_a_wrong_token_is_marked_to_be_pasted_over(linking: Linking) -> None:
    linking.engine.fails = LinkRefused(
        "ListenBrainz does not know this token.", why=LinkTrouble.WRONG_SECRET, page="https://x"
    )
    await linking.go()

    assert linking.dialog.secret.selectedText()
    assert linking.dialog.help.isVisible()
    assert not linking.dialog.mend.isVisible()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            Unreachable("auth.trakt.tv cannot be reached."),
            "auth.trakt.tv cannot be reached. Check the network and try again.",
        ),
        (
            ServiceTrouble("Trakt gave no usable answer (HTTP 503)."),
            "Trakt gave no usable answer. Try again in a few minutes.",
        ),
        (
            Unanswered("auth.trakt.tv did not answer in time."),
            "auth.trakt.tv did not answer in time. Try again in a few minutes.",
        ),
        (RateLimited("Trakt asked to wait."), "Trakt asked to wait. Try again in a minute."),
        (
            RateLimited("Trakt asked to wait.", retry_after_s=1799),
            "Trakt asked to wait. Try again in about 30 minutes.",
        ),
        (
            RateLimited("Trakt asked to wait.", retry_after_s=60),
            "Trakt asked to wait. Try again in about 1 minute.",
        ),
        (SecretsUnavailable("There is no keyring."), "There is no keyring."),
    ],
)
@pytest.mark.parametrize("linking", [TRAKT], indirect=True)
async def test_trouble_says_what_to_do_next(
    linking: Linking, error: CompanionError, said: str
) -> None:
    linking.engine.fails = error
    assert await linking.go() == said
    assert linking.dialog.go.text() == "&Try again"
    assert not linking.dialog.mend.isVisible()


@pytest.mark.parametrize("linking", [LASTFM], indirect=True)
async def test_the_dialog_grows_with_what_it_shows(linking: Linking) -> None:
    """Else the fields are squeezed until nobody can read them."""
    dialog = linking.dialog
    linking.engine.fails = LinkRefused(
        "This build has no API key. " * 12, why=LinkTrouble.CLIENT_ID, page="https://x"
    )
    await linking.go()
    server = dialog.server
    for field in (server.api_url, server.auth_url, server.client_id, server.client_secret):
        assert field.height() >= field.sizeHint().height()
    high = dialog.height()
    linking.engine.fails = None
    server.own.setChecked(False)
    assert dialog.height() == high


@pytest.mark.parametrize("linking", [TRAKT], indirect=True)
async def test_a_network_lost_while_waiting_is_said_and_the_code_stays(linking: Linking) -> None:
    linking.engine.gate = asyncio.Event()
    linking.engine.prompt = PROMPT
    linking.engine.later_prompts = [replace(PROMPT, trouble="auth.trakt.tv cannot be reached.")]
    said = await linking.go()
    assert said == "auth.trakt.tv cannot be reached. The Companion keeps asking."
    assert linking.dialog.waiting.code.text() == "ABCD-1234"
    assert linking.dialog.waiting.left.text() == "10:00 left"

    await linking.dialog._show_prompt(PROMPT)  # noqa: SLF001  # as the engine does
    assert linking.dialog.message.text().startswith("Waiting for Trakt")


@pytest.mark.parametrize("linking", [TRAKT, LISTENBRAINZ], indirect=True)
async def test_a_limit_of_the_service_is_said_before_linking(linking: Linking) -> None:
    assert linking.dialog.note.isVisible() is (linking.dialog.note.text() != "")


@pytest.mark.parametrize("linking", [LISTENBRAINZ], indirect=True)
async def test_what_answers_is_told_while_typing_and_its_address_is_used(linking: Linking) -> None:
    linking.engine.probed = MALOJA
    said = await linking.typed("https://m.example")
    assert said == "Maloja answers. It takes one play at a time."
    await linking.go()

    assert linking.asked[0].api_url == "https://m.example/apis/listenbrainz"
    assert linking.engine.calls("probe") == [("listenbrainz", "https://m.example")]


@pytest.mark.parametrize("linking", [LASTFM], indirect=True)
async def test_a_server_with_one_way_to_link_chooses_it(linking: Linking) -> None:
    linking.engine.probed = replace(MALOJA, link=LinkMethod.PASSWORD)
    await linking.typed("https://m.example")

    assert linking.dialog.username.isVisible()
    linking.dialog.username.setText("anna")
    await linking.go()
    assert linking.asked[0].username == "anna"


@pytest.mark.parametrize("linking", [LASTFM], indirect=True)
async def test_what_is_no_such_server_is_told_and_may_still_be_tried(linking: Linking) -> None:
    linking.engine.probed = ProbeResult(trouble="A web page answers at m.example.")
    assert await linking.typed("https://m.example") == "A web page answers at m.example."
    linking.engine.fails = LinkRefused("No.", why=LinkTrouble.ADDRESS)
    await linking.go()

    assert linking.asked[0].api_url == "https://m.example"
    assert linking.dialog.server.api_url.isVisible()


@pytest.mark.parametrize("linking", [LASTFM], indirect=True)
async def test_an_answer_about_an_older_address_is_dropped(linking: Linking) -> None:
    linking.engine.gate = asyncio.Event()
    linking.engine.probed = MALOJA
    await linking.typed("https://m.example")
    linking.dialog.server.api_url.setText("https://other.example")
    linking.engine.gate.set()
    await settle()

    assert linking.dialog.server.answered.text() == ""


@pytest.mark.parametrize("method", [LinkMethod.PIN, LinkMethod.BROWSER])
async def test_what_the_page_shows_can_be_pasted_while_waiting(
    method: LinkMethod, engine: FakeEngine, clock: FakeClock
) -> None:
    linking = Linking(replace(LISTENBRAINZ, link=(method,)), engine, clock)
    engine.prompt, engine.gate = replace(PROMPT, code=""), asyncio.Event()
    await linking.go()
    assert linking.opened == [PROMPT.url]
    waiting = linking.dialog.waiting
    assert waiting.paste.isVisible()
    assert waiting.paste.hasFocus() is (method is LinkMethod.PIN)
    assert not waiting.use.isEnabled()

    request = linking.asked[0]
    assert request.pasted is not None
    coming = asyncio.ensure_future(request.pasted())
    await settle()
    waiting.paste.setText(" code ")
    waiting.use.click()
    assert await coming == "code"
    # The next one is kept until somebody wants it.
    waiting.paste.setText("another")
    waiting.use.click()
    assert await request.pasted() == "another"
    linking.dialog.reject()
    await settle()
    linking.dialog.deleteLater()
    await settle()


async def test_a_paste_that_is_no_good_is_said_where_it_was_pasted(
    engine: FakeEngine, clock: FakeClock
) -> None:
    linking = Linking(replace(LISTENBRAINZ, link=(LinkMethod.PIN,)), engine, clock)
    page = replace(
        PROMPT, code="", note="If the page shows an error, mend it.", page="https://apps"
    )
    engine.prompt, engine.gate = page, asyncio.Event()
    await linking.go()
    waiting = linking.dialog.waiting
    assert waiting.note.text() == page.note
    waiting.apps.click()
    assert linking.opened == [PROMPT.url, "https://apps"]

    waiting.paste.setText("nonsense")
    await linking.dialog._show_prompt(  # noqa: SLF001  # as the engine does
        replace(page, refused="This is not a token.")
    )
    assert linking.dialog.message.text() == "This is not a token."
    assert waiting.paste.selectedText() == "nonsense"
    assert waiting.isVisible()
    # The page is not opened again for it.
    assert len(linking.opened) == 2
    linking.dialog.reject()
    await settle()
    linking.dialog.deleteLater()
    await settle()


@pytest.mark.parametrize("linking", [LISTENBRAINZ], indirect=True)
async def test_an_address_without_encryption_waits_for_the_permission(linking: Linking) -> None:
    dialog, engine = linking.dialog, linking.engine
    engine.probed = MALOJA
    assert not dialog.allow_http.isVisible()
    await linking.typed("http://m.example")
    assert dialog.allow_http.isVisible()
    assert "can read your token" in dialog.allow_http.meaning.text()
    assert not dialog.go.isEnabled()
    assert engine.calls("probe") == []

    dialog.allow_http.box.click()
    assert dialog.go.isEnabled()
    dialog.server._typed.timeout.emit()  # noqa: SLF001  # stands in for 600 ms
    await settle()
    assert engine.calls("probe") == [("listenbrainz", "http://m.example")]
    assert engine.allowed_http
    await linking.go()
    assert linking.asked[0].allow_http
    assert linking.asked[0].api_url == MALOJA.address


@pytest.mark.parametrize("linking", [LISTENBRAINZ], indirect=True)
@pytest.mark.parametrize("address", ["https://m.example", "http://127.0.0.1:9", "m.example", ""])
async def test_other_addresses_ask_for_no_permission(linking: Linking, address: str) -> None:
    await linking.typed("http://m.example")
    linking.dialog.allow_http.box.click()
    await linking.typed(address)
    assert not linking.dialog.allow_http.isVisible()
    await linking.go()
    assert not linking.asked[0].allow_http


@pytest.mark.parametrize("linking", [LISTENBRAINZ], indirect=True)
async def test_an_own_server_that_is_not_wanted_after_all_asks_for_nothing(
    linking: Linking,
) -> None:
    await linking.typed("http://m.example")
    linking.dialog.server.own.setChecked(False)
    assert not linking.dialog.allow_http.isVisible()
    assert linking.dialog.go.isEnabled()
    await linking.go()
    assert linking.asked[0] == LinkRequest(secret="secret", pasted=linking.asked[0].pasted)


@pytest.mark.parametrize("linking", [TRAKT], indirect=True)
async def test_an_address_from_the_environment_asks_once_it_was_refused(linking: Linking) -> None:
    linking.engine.fails = LinkRefused(
        "trakt.home is reached without encryption.", why=LinkTrouble.PLAIN_HTTP
    )
    assert "without encryption" in await linking.go()
    assert linking.dialog.allow_http.isVisible()
    assert not linking.dialog.go.isEnabled()
    linking.engine.fails = None
    linking.dialog.allow_http.box.click()
    await linking.go()
    assert linking.asked[-1].allow_http
    assert linking.dialog.result() == QDialog.DialogCode.Accepted


async def test_linking_again_remembers_the_permission(engine: FakeEngine, clock: FakeClock) -> None:
    again = Account(
        id=1,
        service="listenbrainz",
        label="mine",
        remote_id="1",
        api_url="http://m.example",
        switches=Switches(allow_http=True),
    )
    linking = Linking(LISTENBRAINZ, engine, clock, again=again)
    assert linking.dialog.allow_http.isVisible()
    assert linking.dialog.allow_http.box.isChecked()
    linking.dialog.secret.setText("secret")
    await linking.go()
    assert linking.asked[0].allow_http
    linking.dialog.deleteLater()
    await settle()


@pytest.mark.parametrize(
    ("method", "first"),
    [
        (LinkMethod.TOKEN, "secret"),
        (LinkMethod.PASSWORD, "username"),
        (LinkMethod.LOCAL, "username"),
        (LinkMethod.DEVICE, "go"),
    ],
)
async def test_the_dialog_opens_where_one_begins(
    method: LinkMethod, first: str, engine: FakeEngine, clock: FakeClock
) -> None:
    linking = Linking(replace(LISTENBRAINZ, link=(method,)), engine, clock)
    await settle()
    assert getattr(linking.dialog, first).hasFocus()
    linking.dialog.reject()
    linking.dialog.deleteLater()
    await settle()


async def test_where_no_browser_opens_the_address_can_be_taken_to_one(
    engine: FakeEngine, clock: FakeClock
) -> None:
    linking = Linking(replace(LISTENBRAINZ, link=(LinkMethod.BROWSER,)), engine, clock)
    engine.prompt, engine.gate = replace(PROMPT, code=""), asyncio.Event()
    await linking.go()
    assert linking.dialog.waiting.copy.text() == "&Copy address"
    linking.dialog.waiting.copy.click()
    assert QGuiApplication.clipboard().text() == PROMPT.url
    linking.dialog.reject()
    await settle()
    linking.dialog.deleteLater()
    await settle()


async def pasted(linking: Linking, token: str) -> str:
    """Paste a token and wait until it was looked at."""
    linking.dialog.secret.setText(token)
    assert linking.dialog.check is not None
    linking.dialog.check._typed.timeout.emit()  # noqa: SLF001  # stands in for 600 ms
    await settle()
    return linking.dialog.message.text()


async def test_a_pasted_token_is_looked_at_by_itself(engine: FakeEngine, clock: FakeClock) -> None:
    linking = Linking(LISTENBRAINZ, engine, clock, looks=True)
    assert await pasted(linking, " token ") == "ListenBrainz knows you as anna."
    assert engine.calls("whose") == [("listenbrainz", "token")]
    engine.fails = LinkRefused("ListenBrainz does not know this token.")
    assert await pasted(linking, "another") == "ListenBrainz does not know this token."
    # It may be pressed all the same: who knows what was wrong.
    assert linking.dialog.go.isEnabled()
    engine.fails = Unreachable("api.listenbrainz.org cannot be reached.")
    assert (await pasted(linking, "a third")).endswith("Check the network and try again.")
    engine.fails = None
    assert await pasted(linking, "   ") == ""
    assert len(engine.calls("whose")) == 3
    await linking.go()
    assert linking.dialog.result() == 0
    linking.dialog.secret.setText("token")
    await linking.go()
    assert linking.dialog.result() == QDialog.DialogCode.Accepted
    linking.dialog.deleteLater()
    await settle()


async def test_an_answer_about_an_older_token_is_dropped(
    engine: FakeEngine, clock: FakeClock
) -> None:
    linking = Linking(LISTENBRAINZ, engine, clock, looks=True)
    engine.gate = asyncio.Event()
    assert "Asking ListenBrainz" in await pasted(linking, "one")
    linking.dialog.secret.setText("two")
    engine.gate.set()
    await settle()
    assert linking.dialog.message.text() == ""
    # While the account is being linked, nothing else is asked.
    engine.gate = asyncio.Event()
    linking.dialog.go.click()
    await settle()
    asked = len(engine.calls("whose"))
    assert "Asking ListenBrainz" in await pasted(linking, "three")
    assert len(engine.calls("whose")) == asked
    linking.dialog.reject()
    await settle()
    linking.dialog.deleteLater()
    await settle()


async def test_a_password_is_not_tried_before_it_is_sent(
    engine: FakeEngine, clock: FakeClock
) -> None:
    linking = Linking(replace(LISTENBRAINZ, link=(LinkMethod.PASSWORD,)), engine, clock, looks=True)
    linking.dialog.username.setText("anna")
    await pasted(linking, "a password")
    assert engine.calls("whose") == []
    linking.dialog.reject()
    linking.dialog.deleteLater()
    await settle()
