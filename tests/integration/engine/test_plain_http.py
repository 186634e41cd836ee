"""Addresses without encryption: allowed for one account or server at a time, and by nobody else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from revenge_companion.core.accounts import Account, AccountState, Switches
from revenge_companion.core.errors import LaneBlocked, LinkRefused, LinkTrouble
from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import SignInState
from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.start import open_engine
from revenge_companion.net.http import Http
from revenge_companion.paths import find_paths
from revenge_companion.services.base import LinkPrompt, LinkRequest
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from tests.clock import FakeClock
from tests.integration.engine.house import SPEED, TRACKS, House, Memory


class Aliases(httpx.AsyncHTTPTransport):
    """Names other than this computer's that lead to it all the same, and who was asked by them."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host.endswith(".home"):
            self.asked.append(f"{request.url.scheme}://{request.url.host}")
            if request.url.scheme == "https":
                raise httpx.ConnectError("no encryption here", request=request)
            request.url = request.url.copy_with(host="127.0.0.1")
        return await super().handle_async_request(request)


class Neighbour:
    """One engine whose ListenBrainz and Revenge are called music.home and media.home."""

    def __init__(self, home: Path, world: DemoWorld, secrets: Memory) -> None:
        self.home, self.world, self.secrets = home, world, secrets
        self.transport = Aliases()
        port = world.destinations.sites["listenbrainz"].url.rpartition(":")[2]
        self.music = f"http://music.home:{port}"
        self.media = world.server_url.replace("127.0.0.1", "media.home")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[House]:
        running = await open_engine(
            find_paths(str(self.home)).create(),
            clock=self.world.clock,
            environ={},
            secrets=self.secrets,
            http=Http(transport=self.transport),
        )
        try:
            house = House(self.world, running.engine, self.secrets)
            await running.engine.start()
            yield house
        finally:
            await running.close()

    async def link(self, house: House, *, allow_http: bool) -> Account:
        secret = self.world.destinations.sites["listenbrainz"].link_secret
        request = LinkRequest(self.music, secret=secret, allow_http=allow_http)
        return await house.engine.link("listenbrainz", request, "", _shown)


async def _shown(prompt: LinkPrompt) -> None:
    """Nothing has to be done elsewhere."""


@pytest.fixture
async def neighbour(home: Path) -> AsyncIterator[Neighbour]:
    async with DemoWorld(speed=SPEED) as world:
        yield Neighbour(home, world, Memory())


async def test_a_link_needs_the_permission_and_keeps_it_with_the_account(
    neighbour: Neighbour,
) -> None:
    async with neighbour.running() as house:
        with pytest.raises(LinkRefused, match=r"music\.home.*without encryption") as caught:
            await neighbour.link(house, allow_http=False)
        assert caught.value.why is LinkTrouble.PLAIN_HTTP
        probed = await house.engine.probe("listenbrainz", neighbour.music)
        assert "without encryption" in probed.trouble
        assert neighbour.transport.asked == []

        probed = await house.engine.probe("listenbrainz", neighbour.music, allow_http=True)
        assert probed.kind == "ListenBrainz"
        account = await neighbour.link(house, allow_http=True)
        assert account.switches == Switches(allow_http=True)
    async with neighbour.running() as house:
        (status,) = house.engine.status.accounts
        assert status.account.switches.allow_http
        assert status.unencrypted
        assert await house.engine.test_account(account.id)


async def test_whose_a_token_is_can_be_asked_without_linking(neighbour: Neighbour) -> None:
    site = neighbour.world.destinations.sites["listenbrainz"]
    async with neighbour.running() as house:
        request = LinkRequest(neighbour.music, secret=site.link_secret, allow_http=True)
        assert await house.engine.whose("listenbrainz", request) == site.user_name
        with pytest.raises(LinkRefused, match="does not know this token"):
            await house.engine.whose("listenbrainz", replace(request, secret="wrong"))
        with pytest.raises(LinkRefused, match="not linked with a token"):
            await house.engine.whose("trakt", LinkRequest())
        assert house.engine.status.accounts == ()
        assert neighbour.secrets.kept == {}


async def test_an_address_typed_without_scheme_is_asked_with_encryption(
    neighbour: Neighbour,
) -> None:
    async with neighbour.running() as house:
        bare = neighbour.music.removeprefix("http://")
        probed = await house.engine.probe("listenbrainz", f" {bare} ", allow_http=True)
        assert "cannot be reached" in probed.trouble
        assert set(neighbour.transport.asked) == {"https://music.home"}


async def test_a_permission_taken_back_holds_the_lane_and_given_again_sends_what_waits(
    neighbour: Neighbour,
) -> None:
    async with neighbour.running() as house:
        account = await neighbour.link(house, allow_http=True)
        await house.sign_in()
        await house.engine.set_switches(account.id, replace(account.switches, allow_http=False))
        neighbour.transport.asked.clear()
        await house.play(TRACKS[0])
        await house.until(lambda: house.account("listenbrainz").account.state is AccountState.HELD)
        status = house.account("listenbrainz")
        assert "without encryption" in status.account.state_detail
        assert status.counts.waiting == 1
        with pytest.raises(LaneBlocked) as caught:
            await house.engine.test_account(account.id)
        assert caught.value.code == Reason.PLAIN_HTTP
        assert neighbour.transport.asked == []

        await house.engine.set_switches(account.id, account.switches)
        await house.drained()
        assert house.account("listenbrainz").account.state is AccountState.LINKED
        assert house.held("listenbrainz") == 1


async def test_linking_again_says_anew_whether_it_may(neighbour: Neighbour) -> None:
    async with neighbour.running() as house:
        account = await neighbour.link(house, allow_http=True)
        await house.engine.set_switches(account.id, replace(account.switches, now_playing=False))
        again = await neighbour.link(house, allow_http=True)
        assert again.switches == Switches(now_playing=False, allow_http=True)
        with pytest.raises(LinkRefused):
            await neighbour.link(house, allow_http=False)


async def test_a_server_needs_the_permission_and_goes_on_with_it(neighbour: Neighbour) -> None:
    world, typed = neighbour.world, neighbour.media.removeprefix("http://")
    key = world.server.accounts.api_key
    async with neighbour.running() as house:
        for address in (typed, neighbour.media):
            with pytest.raises(LaneBlocked, match="encryption") as caught:
                await house.engine.sign_in(address, world.username, world.password)
            assert caught.value.code == Reason.PLAIN_HTTP
            with pytest.raises(LaneBlocked):
                await house.engine.sign_in_with_key(address, key)
        assert "http://media.home" not in neighbour.transport.asked
        assert house.engine.status.sign_in is SignInState.SIGNED_OUT

        # With a key it polls, so that nothing but HTTP is needed.
        await house.engine.sign_in_with_key(typed, key, allow_http=True)
        status = house.engine.status
        assert (status.server_url, status.allow_http) == (neighbour.media, True)
        await house.until(lambda: house.engine.status.source.connected)
    async with neighbour.running() as house:
        assert house.engine.status.allow_http
        await house.until(lambda: house.engine.status.source.connected)
        await house.engine.sign_out()
        assert not house.engine.status.allow_http


@pytest.mark.parametrize(
    ("stored", "connects"), [("", True), (', "allow_http": true', True), (", 5", False)]
)
async def test_who_signed_in_before_this_was_asked_goes_on(
    neighbour: Neighbour, stored: str, connects: bool
) -> None:
    world = neighbour.world
    async with neighbour.running() as house:
        key = world.server.accounts.api_key
        await house.engine.sign_in_with_key(neighbour.media, key, allow_http=True)
    database = await Database.open(find_paths(str(neighbour.home)).database, clock=world.clock)
    text = await database.get_meta("signed_in")
    assert text is not None
    assert ', "allow_http": true' in text
    await database.set_meta("signed_in", text.replace(', "allow_http": true', stored))
    await database.close()
    neighbour.transport.asked.clear()
    async with neighbour.running() as house:
        if connects:
            await house.until(lambda: house.engine.status.source.connected)
        else:
            await house.until(lambda: "encryption" in house.engine.status.source.detail)
            assert neighbour.transport.asked == []


# From the settings of an older version


async def accounts_of(home: Path, clock: FakeClock) -> dict[str, bool]:
    database = await Database.open(find_paths(str(home)).database, clock=clock)
    linked = await Accounts(database, clock).all()
    await database.close()
    return {account.remote_id: account.switches.allow_http for account in linked}


async def opened(home: Path, clock: FakeClock, environ: dict[str, str]) -> None:
    running = await open_engine(
        find_paths(str(home)).create(), clock=clock, environ=environ, secrets=Memory()
    )
    await running.close()


@pytest.mark.parametrize("was_allowed", [True, False])
async def test_what_was_allowed_for_all_stays_allowed_for_those_that_use_it(
    home: Path, clock: FakeClock, was_allowed: bool
) -> None:
    paths = find_paths(str(home)).create()
    database = await Database.open(paths.database, clock=clock)
    accounts = Accounts(database, clock)
    for name, service, api_url in (
        ("own", "listenbrainz", "http://music.home"),
        ("here", "listenbrainz", "http://127.0.0.1:9"),
        ("safe", "listenbrainz", ""),
        ("by-environment", "lastfm", ""),
        ("films", "letterboxd", ""),
        ("gone", "no-such-service", "http://music.home"),
    ):
        await accounts.add(service=service, remote_id=name, api_url=api_url)
    await database.close()
    paths.config_file.write_text(
        f'# mine\nallow_plain_http = {str(was_allowed).lower()}\ntheme = "dark"\n'
    )
    environ = {"REVENGE_COMPANION_LASTFM_API_URL": "http://fm.home/2.0"}
    for _ in range(2):
        await opened(home, clock, environ)
        allowed = [name for name, yes in (await accounts_of(home, clock)).items() if yes]
        assert allowed == (["own", "by-environment"] if was_allowed else [])
    text = paths.config_file.read_text()
    assert "allow_plain_http" not in text
    assert "# mine" in text
    assert 'theme = "dark"' in text


async def test_a_permission_taken_back_is_not_given_again_by_an_old_setting(
    home: Path, clock: FakeClock
) -> None:
    paths = find_paths(str(home)).create()
    paths.config_file.write_text("allow_plain_http = true\n")
    await opened(home, clock, {})
    database = await Database.open(paths.database, clock=clock)
    await Accounts(database, clock).add(
        service="listenbrainz", remote_id="own", api_url="http://music.home"
    )
    await database.close()
    await opened(home, clock, {})
    assert await accounts_of(home, clock) == {"own": False}
