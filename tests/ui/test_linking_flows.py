"""Every service linked, refused, linked again and unlinked at the real window, with pictures.

The engine is the real one, and so are the requests: to local services, which fail on demand.
REVENGE_COMPANION_SCREENSHOTS names the folder for the pictures.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from PySide6.QtWidgets import QMessageBox

from revenge_companion.core.accounts import AccountState
from revenge_companion.demo.sites.grants import Grants
from revenge_companion.ui.dialogs.link import LinkDialog
from tests.clock import eventually, settle
from tests.standins.anilist import AniListSite
from tests.standins.hardcover import READ_ONLY_TOKEN, TOKEN
from tests.standins.myanimelist import MyAnimeListSite
from tests.ui.desk import Desk, a_desk, wants_pictures
from tests.ui.pictures import Shoot

#: A token that ListenBrainz does not know.
STRANGE = "11111111-2222-3333-4444-555555555555"
PORTAL = "<html><title>Sign in to the network</title></html>"

THEMES = ("light", "dark") if wants_pictures() else ("light",)
pytestmark = pytest.mark.parametrize("theme", THEMES, indirect=True)


@pytest.fixture
def shoot(shoot: Shoot) -> Shoot:
    return lambda widget, name: shoot(widget, f"flow-{name}")


@pytest.fixture
async def desk(home: Path, monkeypatch: pytest.MonkeyPatch, shoot: Shoot) -> AsyncIterator[Desk]:
    async with a_desk(home, monkeypatch) as made:
        yield made


def buttons(dialog: LinkDialog) -> tuple[str, str]:
    """What the button that goes on says, and the one that mends; "" for none."""
    go = dialog.go.text().replace("&", "") if dialog.go.isVisible() else ""
    mend = dialog.mend.text().replace("&", "") if dialog.mend.isVisible() else ""
    return go, mend


# Tokens to paste


async def test_listenbrainz(desk: Desk, shoot: Shoot) -> None:
    site = desk.sites["listenbrainz"]
    dialog = await desk.link("listenbrainz")
    shoot(dialog, "listenbrainz-first")
    dialog.help.click()
    assert desk.opened == ["https://listenbrainz.org/settings/"]

    async def tries(token: str, words: str, name: str, go: str = "Try again") -> None:
        dialog.secret.setText(token)
        dialog.go.click()
        await desk.said(dialog, words)
        assert buttons(dialog) == (go, "")
        # What was pasted stays, so that nothing has to be fetched again.
        assert dialog.secret.text() == token
        shoot(dialog, f"listenbrainz-{name}")

    # A token is looked at as soon as it is pasted.
    dialog.secret.setText(site.link_secret)
    await desk.said(dialog, f"ListenBrainz knows you as {site.user_name}.")
    shoot(dialog, "listenbrainz-known")
    assert not desk.engine.status.accounts
    await tries("two words", "not a ListenBrainz token", "nonsense")
    await tries(STRANGE, "does not know this token", "wrong")
    site.answer(503, "down")
    await tries(STRANGE, "Try again in a few minutes", "down")
    site.answer(200, PORTAL)
    await tries(STRANGE, "instead", "portal")
    site.answer(429, "", {"Retry-After": "30"})
    await tries(STRANGE, "asked to wait", "rate-limit")
    site.cut()
    await tries(STRANGE, "Check the network", "network")
    await site.restore()

    dialog.secret.setText(f" {site.link_secret} ")
    dialog.go.click()
    await desk.linked("listenbrainz")
    await desk.closed(dialog)
    shoot(desk.window, "listenbrainz-linked")


async def test_hardcover(desk: Desk, shoot: Shoot) -> None:
    dialog = await desk.link("hardcover")
    shoot(dialog, "hardcover-first")
    dialog.help.click()
    assert "write%3Alibrary" in desk.opened[0]

    async def tries(token: str, words: str, name: str) -> None:
        dialog.secret.setText(token)
        dialog.go.click()
        await desk.said(dialog, words)
        assert buttons(dialog) == ("Try again", "")
        shoot(dialog, f"hardcover-{name}")

    dialog.secret.setText(READ_ONLY_TOKEN)
    await desk.said(dialog, "lacks the scope write:library")
    await tries("two words", "not a Hardcover token", "nonsense")
    await tries("hc_pat_unknown", "does not accept this token", "wrong")
    await tries(READ_ONLY_TOKEN, "lacks the scope write:library", "scope")
    desk.sites["hardcover"].answer(503, "down")
    await tries(TOKEN, "Hardcover has trouble", "down")
    desk.sites["hardcover"].cut()
    await tries(TOKEN, "Check the network", "network")
    await desk.sites["hardcover"].restore()
    dialog.secret.setText(f"Bearer {TOKEN}")
    dialog.go.click()
    await desk.linked("hardcover")
    shoot(desk.window, "hardcover-linked")


# Codes for another device


CODES = {"trakt": "Trakt", "simkl": "Simkl"}


def grants_of(desk: Desk, service: str) -> Grants:
    found = getattr(desk.sites[service], "grants")  # noqa: B009  # both sites have them
    assert isinstance(found, Grants)
    return found


@pytest.mark.parametrize("service", CODES)
async def test_a_code_for_another_device(desk: Desk, shoot: Shoot, service: str) -> None:
    name, site, grants = CODES[service], desk.sites[service], grants_of(desk, service)
    dialog = await desk.link(service)
    shoot(dialog, f"{service}-first")

    async def code() -> None:
        await eventually(lambda: dialog.waiting.isVisible())
        assert dialog.waiting.code.text()
        assert dialog.waiting.qr.isVisible()
        assert buttons(dialog) == ("", "")

    # Declined.
    grants.denying = True
    dialog.go.click()
    await desk.said(dialog, "declined")
    assert buttons(dialog) == ("Ask again", "")
    shoot(dialog, f"{service}-denied")
    grants.denying = False

    # Too slow, with a network and a service that were gone meanwhile.
    grants.pending_polls = 10_000
    dialog.go.click()
    await code()
    shoot(dialog, f"{service}-waiting")
    site.cut()
    await desk.said(dialog, "The Companion keeps asking")
    shoot(dialog, f"{service}-network")
    await site.restore()
    await desk.said(dialog, f"Waiting for {name}")
    site.answer(503, "down")
    await desk.said(dialog, "The Companion keeps asking")
    await desk.said(dialog, f"Waiting for {name}")
    if service == "trakt":
        site.answer(410, path="/oauth/device/token")
    else:
        site.answer(400, '{"error": "expired_token"}', path="/oauth2/token")
    await desk.said(dialog, "has ended")
    assert buttons(dialog) == ("New code", "")
    shoot(dialog, f"{service}-ended")

    # The client id.
    error = '{"error": "invalid_client"}'
    site.answer(401 if service == "simkl" else 403, error)
    dialog.go.click()
    await desk.said(dialog, "refused the client id")
    assert buttons(dialog) == ("Try again", "Make an app key")
    assert dialog.server.client_id.isVisible()
    shoot(dialog, f"{service}-client-id")

    site.cut()
    dialog.go.click()
    await desk.said(dialog, "Check the network")
    await site.restore()
    site.answer(503, "down")
    dialog.go.click()
    await desk.said(dialog, "no usable answer")
    assert buttons(dialog) == ("Try again", "")
    shoot(dialog, f"{service}-down")

    # Allowed; the network is gone just when it asks who the account is.
    grants.pending_polls = 1
    site.answer(503, "down", path="/users")
    dialog.go.click()
    await desk.linked(service)
    shoot(desk.window, f"{service}-linked")


async def test_a_free_trakt_account_has_room_for_one_app(desk: Desk, shoot: Shoot) -> None:
    dialog = await desk.link("trakt")
    desk.sites["trakt"].answer(420, "", path="/oauth/device/code")
    dialog.go.click()
    await desk.said(dialog, "limit")
    assert buttons(dialog) == ("Try again", "See your apps")
    dialog.mend.click()
    assert desk.opened == ["https://app.trakt.tv/settings/apps"]
    shoot(dialog, "trakt-limit")
    dialog.reject()


# Pages in the browser


async def test_lastfm(desk: Desk, shoot: Shoot) -> None:
    site = desk.sites["lastfm"]
    dialog = await desk.link("lastfm")
    shoot(dialog, "lastfm-first")
    site.answer(200, '{"token": "t"}', times=1)
    site.answer(403, '{"error": 15, "message": "This token has expired"}', times=3)
    dialog.go.click()
    await desk.said(dialog, "has ended")
    assert buttons(dialog) == ("Begin again", "")
    shoot(dialog, "lastfm-ended")
    site.forget_answers()
    site.answer(403, '{"error": 10, "message": "Invalid API key"}')
    dialog.go.click()
    await desk.said(dialog, "key")
    assert buttons(dialog) == ("Try again", "Make an app key")
    shoot(dialog, "lastfm-key")
    site.cut()
    dialog.go.click()
    await desk.said(dialog, "Check the network")
    shoot(dialog, "lastfm-network")
    await site.restore()
    dialog.go.click()
    await eventually(lambda: len(desk.opened) == 2)
    shoot(dialog, "lastfm-waiting")
    await desk.linked("lastfm")

    # The other way, with a wrong and a right password.
    dialog = await desk.link("lastfm")
    dialog.method.setCurrentIndex(1)
    dialog.username.setText(site.user_name)
    dialog.secret.setText("wrong")
    shoot(dialog, "lastfm-password")
    dialog.go.click()
    await desk.said(dialog, "name or the password is not right")
    assert buttons(dialog) == ("Try again", "")
    shoot(dialog, "lastfm-wrong-password")
    dialog.secret.setText(site.link_secret)
    dialog.go.click()
    await desk.closed(dialog)


async def test_anilist(desk: Desk, shoot: Shoot) -> None:
    site = desk.sites["anilist"]
    assert isinstance(site, AniListSite)
    dialog = await desk.link("anilist")
    shoot(dialog, "anilist-first")
    dialog.go.click()
    await eventually(lambda: bool(desk.opened))
    shoot(dialog, "anilist-waiting")
    waiting = dialog.waiting
    assert "oauth/pin" in waiting.note.text()
    waiting.apps.click()
    assert desk.opened.pop() == "https://anilist.co/settings/developer"

    async def pastes(text: str, words: str, name: str) -> None:
        waiting.paste.setText(text)
        waiting.use.click()
        await desk.said(dialog, words)
        shoot(dialog, f"anilist-{name}")

    await pastes("some nonsense \u00e4", "not an AniList token", "nonsense")
    await pastes("a.b.c", "does not know this token", "wrong")
    await pastes(site.new_token(life_s=-60), "has ended", "ended")
    # It still waits for the right one, where it was.
    assert waiting.isVisible()
    site.answer(403, '{"errors": [{"message": "The API is temporarily disabled"}]}')
    await pastes(site.new_token(), "The Companion keeps asking", "down")
    card = await desk.linked("anilist")
    await desk.closed(dialog)
    shoot(desk.window, "anilist-linked")
    assert card.profile.isVisible()

    dialog = await desk.link("anilist")
    dialog.go.click()
    await eventually(lambda: len(desk.opened) == 2)
    waiting = dialog.waiting
    await pastes(await desk.browse(deny="1"), "declined", "denied")
    assert buttons(dialog) == ("Ask again", "")
    dialog.go.click()
    await eventually(lambda: len(desk.opened) == 3)
    async with httpx.AsyncClient() as browser:
        shown = await browser.get(desk.opened[-1].replace("client_id=12345", "client_id=9"))
    await pastes(shown.text, "refused the client id", "client-id")
    assert buttons(dialog) == ("Try again", "Make an app key")
    assert dialog.server.client_id.isVisible()
    dialog.go.click()
    await eventually(lambda: len(desk.opened) == 4)
    site.cut()
    await pastes(site.new_token(), "The Companion keeps asking", "network")
    await site.restore()
    await desk.closed(dialog)
    # The offer to import is asked while the test still runs.
    await settle()


async def test_myanimelist(desk: Desk, shoot: Shoot) -> None:
    site = desk.sites["myanimelist"]
    assert isinstance(site, MyAnimeListSite)
    dialog = await desk.link("myanimelist")
    shoot(dialog, "myanimelist-first")

    async def begins() -> None:
        before = len(desk.opened)
        dialog.go.click()
        await eventually(lambda: len(desk.opened) > before)

    await begins()
    shoot(dialog, "myanimelist-waiting")
    assert "/callback" in dialog.waiting.note.text()
    await desk.browse(deny="1")
    await desk.said(dialog, "declined")
    assert buttons(dialog) == ("Ask again", "")
    shoot(dialog, "myanimelist-denied")

    # Something that is no address of this attempt, pasted; it goes on waiting.
    await begins()
    for text, words, name in (
        ("nonsense here", "not the address", "nonsense"),
        ("http://127.0.0.1:1/callback?code=x&state=old", "another attempt", "state"),
    ):
        dialog.waiting.paste.setText(text)
        dialog.waiting.use.click()
        await desk.said(dialog, words)
        shoot(dialog, f"myanimelist-{name}")
    redirect = "http://127.0.0.1:1/callback?error=invalid_request&hint=Check+redirect_uri"
    dialog.waiting.paste.setText(redirect)
    dialog.waiting.use.click()
    await desk.said(dialog, "redirect address")
    assert buttons(dialog) == ("Try again", "Make an app key")
    shoot(dialog, "myanimelist-redirect")

    async def refused(status: int, body: str, words: str, name: str, go: str, mend: str) -> None:
        await begins()
        site.answer(status, body, path="/v1/oauth2/token")
        await desk.browse()
        await desk.said(dialog, words)
        assert buttons(dialog) == (go, mend)
        shoot(dialog, f"myanimelist-{name}")

    wrong = '{"error": "invalid_client", "message": "Client authentication failed"}'
    await refused(401, wrong, "refused the client id", "client", "Try again", "Make an app key")
    ended = '{"error": "invalid_grant", "hint": "Authorization code has expired"}'
    await refused(400, ended, "did not accept this approval", "ended", "Begin again", "")
    await refused(503, "down", "no usable answer", "down", "Try again", "")
    await refused(403, PORTAL, "turned us away", "forbidden", "Try again", "")
    await refused(429, "", "asked to wait", "rate-limit", "Try again", "")

    # Allowed while the network is gone.
    await begins()
    ended_at = ""
    async with httpx.AsyncClient() as browser:
        ended_at = (await browser.get(desk.opened[-1])).headers["location"]
    site.cut()
    async with httpx.AsyncClient() as browser:
        assert (await browser.get(ended_at)).status_code == 200
    await desk.said(dialog, "The Companion keeps asking")
    shoot(dialog, "myanimelist-network")
    await site.restore()
    await desk.linked("myanimelist")
    shoot(desk.window, "myanimelist-linked")


# Files


@pytest.mark.parametrize("service", ["letterboxd", "goodreads"])
async def test_files(desk: Desk, shoot: Shoot, service: str) -> None:
    dialog = await desk.link(service)
    shoot(dialog, f"{service}-first")
    dialog.username.setText("anna")
    dialog.go.click()
    card = await desk.linked(service)
    shoot(desk.window, f"{service}-linked")
    # There is no login to test or to renew.
    assert not card.link.isVisible()
    assert not card.test.isVisible()
    assert not card.write.isEnabled()
    card.unlink.click()
    shoot(await desk.dialog(QMessageBox), f"{service}-unlink")
    await desk.answer("Unlink")
    await eventually(lambda: not desk.engine.status.accounts)


# Without a client id, again, and away


MISSING = {
    "trakt": ("TRAKT_CLIENT_ID",),
    "simkl": ("SIMKL_CLIENT_ID",),
    "lastfm": ("LASTFM_API_KEY", "LASTFM_API_SECRET"),
    "anilist": ("ANILIST_CLIENT_ID",),
    "myanimelist": ("MAL_CLIENT_ID",),
}


async def test_without_client_ids(
    home: Path, monkeypatch: pytest.MonkeyPatch, shoot: Shoot
) -> None:
    empty = {name: "" for names in MISSING.values() for name in names}
    async with a_desk(home, monkeypatch, **empty) as desk:
        for service, names in MISSING.items():
            dialog = await desk.link(service)
            dialog.go.click()
            said = await desk.said(dialog, "This build has no")
            assert names[0] in said
            assert buttons(dialog) == ("Try again", "Make an app key")
            assert dialog.server.client_id.isVisible()
            shoot(dialog, f"{service}-no-client-id")
            dialog.reject()
            await desk.closed(dialog)
        assert desk.opened == []


async def link_trakt(desk: Desk, dialog: LinkDialog) -> None:
    dialog.go.click()
    await desk.closed(dialog)


async def link_listenbrainz(desk: Desk, dialog: LinkDialog) -> None:
    dialog.secret.setText(desk.sites["listenbrainz"].link_secret)
    await link_trakt(desk, dialog)


async def link_anilist(desk: Desk, dialog: LinkDialog) -> None:
    site = desk.sites["anilist"]
    assert isinstance(site, AniListSite)
    dialog.go.click()
    await eventually(lambda: dialog.waiting.paste.isVisible())
    dialog.waiting.paste.setText(site.new_token())
    dialog.waiting.use.click()
    await desk.closed(dialog)


async def link_myanimelist(desk: Desk, dialog: LinkDialog) -> None:
    before = len(desk.opened)
    dialog.go.click()
    await eventually(lambda: len(desk.opened) > before)
    await desk.browse()
    await desk.closed(dialog)


async def link_hardcover(desk: Desk, dialog: LinkDialog) -> None:
    dialog.secret.setText(TOKEN)
    await link_trakt(desk, dialog)


Way = Callable[[Desk, LinkDialog], Awaitable[None]]
WAYS: dict[str, Way] = {
    "trakt": link_trakt,
    "simkl": link_trakt,
    "lastfm": link_trakt,
    "listenbrainz": link_listenbrainz,
    "anilist": link_anilist,
    "myanimelist": link_myanimelist,
    "hardcover": link_hardcover,
}


@pytest.mark.parametrize("service", WAYS)
async def test_tested_linked_again_and_unlinked(desk: Desk, shoot: Shoot, service: str) -> None:
    await WAYS[service](desk, await desk.link(service))
    card = await desk.linked(service)
    card.test.click()
    await eventually(lambda: "It works" in card.answer.text(), within_s=15.0)

    # The login is gone: the test finds it out, and the same account goes on.
    site, number = desk.sites[service], desk.engine.status.accounts[0].account.id
    gone = {"anilist": (400, '{"errors": [{"message": "Invalid token", "status": 400}]}')}
    status, body = gone.get(service, (401, '{"error": "invalid_token"}'))
    if service == "lastfm":
        status, body = 403, '{"error": 9, "message": "Invalid session key"}'
    if service in ("trakt", "simkl", "myanimelist"):
        grants_of(desk, service).end()
    else:
        site.answer(status, body, times=6)
    card.test.click()
    await eventually(
        lambda: desk.engine.status.accounts[0].account.state is AccountState.LINK_AGAIN,
        within_s=15.0,
    )
    await eventually(lambda: "Link again" in card._state.text())  # noqa: SLF001  # what is read
    shoot(desk.window, f"{service}-signed-out")
    site.forget_answers()
    card.link.click()
    dialog = await desk.dialog(LinkDialog)
    shoot(dialog, f"{service}-again")
    await WAYS[service](desk, dialog)
    await eventually(
        lambda: desk.engine.status.accounts[0].account.state is AccountState.LINKED, within_s=15.0
    )
    assert [one.account.id for one in desk.engine.status.accounts] == [number]

    card.unlink.click()
    await desk.answer("Unlink")
    await eventually(lambda: not desk.accounts.cards)
