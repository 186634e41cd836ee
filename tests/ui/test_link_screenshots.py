"""Every state of the link dialogs, light and dark, as pictures to look at.

REVENGE_COMPANION_SCREENSHOTS names the folder they go to.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtWidgets import QWidget

from revenge_companion.core.accounts import Account
from revenge_companion.core.errors import LinkRefused, LinkTrouble, Unreachable
from revenge_companion.core.library import Facet
from revenge_companion.core.quota import DayUse
from revenge_companion.core.status import Library
from revenge_companion.services.base import (
    LinkMethod,
    LinkPrompt,
    LinkRequest,
    ProbeResult,
    ServiceSpec,
    ShowPrompt,
)
from revenge_companion.services.catalog import SPECS as REAL
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.link import LinkDialog
from revenge_companion.ui.dialogs.signin import SignInDialog
from revenge_companion.ui.dialogs.welcome import WelcomeDialog
from revenge_companion.ui.pages.accounts import AccountsPage
from revenge_companion.ui.pages.activity import ActivityPage
from tests.clock import FakeClock, settle
from tests.ui.fake_engine import NOW, SIGNED_IN, SPECS, WORDS, FakeEngine, play
from tests.ui.pictures import Shoot

TRAKT, SIMKL, LASTFM, LISTENBRAINZ = SPECS
CODE = LinkPrompt(
    "https://auth.trakt.tv/activate",
    "ABCD-1234",
    "https://auth.trakt.tv/activate/ABCD-1234",
    expires_in_s=600,
)
PAGE = LinkPrompt("https://www.last.fm/api/auth/?api_key=k&token=t", expires_in_s=3600)


class Stage:
    """A dialog that is brought into one state, pictured, and left."""

    def __init__(self, spec: ServiceSpec, clock: FakeClock) -> None:
        self.engine = FakeEngine()

        async def link(request: LinkRequest, label: str, show: ShowPrompt) -> Account:
            return await self.engine.link(spec.key, request, label, show)

        async def probe(address: str, allow_http: bool) -> ProbeResult:
            return await self.engine.probe(spec.key, address, allow_http=allow_http)

        self.dialog = LinkDialog(
            None, spec=spec, link=link, probe=probe, clock=clock, open_address=lambda _: None
        )
        self.dialog.show()

    async def went(self) -> QWidget:
        self.dialog.go.click()
        await settle()
        return self.dialog

    async def close(self) -> None:
        self.dialog.reject()
        await settle()
        self.dialog.deleteLater()
        await settle()


REFUSALS = {
    "denied": LinkRefused("You declined the link at Trakt.", why=LinkTrouble.DENIED),
    "expired": LinkRefused(
        "Trakt was not approved in time. Begin again for a new code.", why=LinkTrouble.ENDED
    ),
    "unreachable": Unreachable("auth.trakt.tv cannot be reached."),
    "client-id": LinkRefused(
        "This build has no client id for Trakt. Make an app at "
        "https://app.trakt.tv/settings/apps/api and enter its client id, or set TRAKT_CLIENT_ID.",
        why=LinkTrouble.CLIENT_ID,
        page="https://app.trakt.tv/settings/apps/api",
    ),
    "limit": LinkRefused(
        "This account has reached a limit at Trakt: a free account has room for one app.",
        why=LinkTrouble.LIMIT,
        page="https://app.trakt.tv/settings/apps",
    ),
}


@pytest.mark.parametrize("state", REFUSALS)
async def test_refusals(state: str, shoot: Shoot, clock: FakeClock) -> None:
    stage = Stage(TRAKT, clock)
    stage.engine.fails = REFUSALS[state]
    stage.engine.prompt = None if state in ("client-id", "unreachable") else CODE
    shoot(await stage.went(), f"link-state-{state}")
    await stage.close()


async def test_a_wrong_token(shoot: Shoot, clock: FakeClock) -> None:
    stage = Stage(LISTENBRAINZ, clock)
    stage.dialog.secret.setText("t" * 36)
    stage.engine.fails = LinkRefused(
        "ListenBrainz does not know this token. Copy it again and paste it.",
        why=LinkTrouble.WRONG_SECRET,
        page="https://listenbrainz.org/settings/",
    )
    shoot(await stage.went(), "link-state-wrong-token")
    await stage.close()


async def test_waiting_and_a_lost_network(shoot: Shoot, clock: FakeClock) -> None:
    stage = Stage(TRAKT, clock)
    stage.engine.prompt, stage.engine.gate = CODE, asyncio.Event()
    stage.engine.later_prompts = [replace(CODE, trouble="auth.trakt.tv cannot be reached.")]
    shoot(await stage.went(), "link-state-network-lost")
    clock.advance(601)
    stage.dialog.waiting._show_left()  # noqa: SLF001  # the countdown's next second
    shoot(stage.dialog, "link-state-time-over")
    await stage.close()


@pytest.mark.parametrize("method", [LinkMethod.BROWSER_TOKEN, LinkMethod.PIN, LinkMethod.BROWSER])
async def test_waiting_for_a_browser(method: LinkMethod, shoot: Shoot, clock: FakeClock) -> None:
    stage = Stage(replace(LASTFM, link=(method,)), clock)
    stage.engine.prompt, stage.engine.gate = PAGE, asyncio.Event()
    shoot(await stage.went(), f"link-state-{method}")
    await stage.close()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("maloja", ProbeResult("Maloja", "https://music.example.org/apis/listenbrainz")),
        ("none", ProbeResult(trouble="A web page answers at music.example.org, not ListenBrainz.")),
    ],
)
async def test_what_answers(name: str, found: ProbeResult, shoot: Shoot, clock: FakeClock) -> None:
    stage = Stage(LISTENBRAINZ, clock)
    stage.engine.probed = found
    stage.dialog.server.own.setChecked(True)
    stage.dialog.server.api_url.setText("https://music.example.org")
    stage.dialog.server._typed.timeout.emit()  # noqa: SLF001  # stands in for 600 ms
    await settle()
    shoot(stage.dialog, f"link-probe-{name}")
    await stage.close()


async def test_plain_http(
    context: Context, busy_engine: FakeEngine, shoot: Shoot, clock: FakeClock
) -> None:
    """Asked where such an address is typed, and shown where it was allowed."""
    stage = Stage(LISTENBRAINZ, clock)
    stage.dialog.server.own.setChecked(True)
    stage.dialog.server.api_url.setText("http://maloja.home:42010")
    stage.dialog.secret.setText("t" * 36)
    shoot(stage.dialog, "link-plain-http")
    stage.engine.probed = ProbeResult("Maloja", "http://maloja.home:42010/apis/listenbrainz")
    stage.dialog.allow_http.box.click()
    stage.dialog.server._typed.timeout.emit()  # noqa: SLF001  # stands in for 600 ms
    await settle()
    shoot(stage.dialog, "link-plain-http-allowed")
    await stage.close()
    dialog = SignInDialog(
        None,
        sign_in=busy_engine.sign_in,
        sign_in_with_key=busy_engine.sign_in_with_key,
        server="http://media.home:8096",
        username="anna",
    )
    dialog.show()
    dialog.password.setText("secret")
    shoot(dialog, "signin-plain-http")
    dialog.reject()
    dialog.deleteLater()

    first, *rest = SIGNED_IN.accounts
    facets = (Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST)
    reads = replace(busy_engine.services[0], imports=facets)
    busy_engine.services = (reads, *busy_engine.services[1:])
    used = DayUse(268, 375, NOW + timedelta(hours=9))
    busy_engine.become(accounts=(replace(first, unencrypted=True, day=used), *rest))
    page = AccountsPage(context, lambda _: None)
    page.resize(820, 620)
    page.show()
    page.cards[1].show_more(True)
    await settle()
    shoot(page, "accounts-switches")
    page.shut()
    page.deleteLater()
    await settle()


@pytest.mark.parametrize("spec", REAL, ids=[spec.key for spec in REAL])
async def test_the_first_sight_of_every_service(
    spec: ServiceSpec, shoot: Shoot, clock: FakeClock
) -> None:
    stage = Stage(spec, clock)
    shoot(stage.dialog, f"link-first-{spec.key}")
    await stage.close()


async def test_the_first_steps(context: Context, engine: FakeEngine, shoot: Shoot) -> None:
    dialog = WelcomeDialog(None, context, lambda _: None)
    dialog.show()
    shoot(dialog, "welcome")
    engine.become(sign_in=SIGNED_IN.sign_in, server_url=SIGNED_IN.server_url)
    await settle()
    shoot(dialog, "welcome-signed-in")
    engine.become(accounts=SIGNED_IN.accounts[:1])
    await settle()
    shoot(dialog, "welcome-done")
    dialog.reject()
    dialog.deleteLater()
    await settle()


async def test_a_silent_account_and_libraries_by_name(
    context: Context, busy_engine: FakeEngine, shoot: Shoot
) -> None:
    busy_engine.server_libraries = tuple(
        Library(str(n), name) for n, name in enumerate(("Films", "Shows", "Children", "Concerts"))
    )
    first, *rest = SIGNED_IN.accounts
    named = replace(first.account, profile_url="https://app.trakt.tv/profile/anna")
    silent = replace(first, account=named, silent_since=NOW - timedelta(days=2))
    busy_engine.become(accounts=(silent, *rest))
    page = AccountsPage(context, lambda _: None)
    page.resize(820, 620)
    page.show()
    page.cards[1].show_more(True)
    await settle()
    shoot(page, "accounts-silent")
    page.shut()
    page.deleteLater()
    await settle()


async def test_a_track_with_its_heart(
    context: Context, busy_engine: FakeEngine, shoot: Shoot
) -> None:
    busy_engine.ledger[0] = play(1, WORDS)
    page = ActivityPage(context)
    page.resize(900, 620)
    page.show()
    await settle()
    page.show_play(busy_engine.ledger[0].id)
    await settle()
    page.story.love.click()
    await settle()
    shoot(page, "activity-loved")
    page.shut()
    page.deleteLater()
    await settle()
