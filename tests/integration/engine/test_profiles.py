"""Two people on one computer: each one's plays go to their own accounts, whoever is active."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from revenge_companion.core.errors import SecretsUnavailable, SignInRefused
from revenge_companion.core.imports import RunState
from revenge_companion.core.library import Facet
from revenge_companion.core.media import Item
from revenge_companion.core.playback import EventType
from revenge_companion.core.shown import Asked
from revenge_companion.core.status import SignInState
from revenge_companion.demo.server import DemoServer
from revenge_companion.demo.viewer import TELEVISION, End, PlayTo, Showing, Viewer
from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.sign_ins import SignedIn
from tests.integration.engine.house import FILM, SPEED, TRACKS, House, Memory, engine


class Ben:
    """Another user of another server, which plays while its user is signed in and while not."""

    def __init__(self, house: House, server: DemoServer) -> None:
        self.house, self.server = house, server
        self.viewer = Viewer(server, house.world.clock, report_s=30.0)

    async def sign_in(self) -> None:
        engine = self.house.engine
        await engine.sign_in(self.server.url, self.server.username, self.server.password)
        await self.house.until(
            lambda: engine.status.username == "ben" and engine.status.source.connected
        )

    async def play(self, *items: Item) -> None:
        await self.viewer.play(
            Showing(one, (PlayTo(1.0),), End.COMPLETED, must_count=True) for one in items
        )


@asynccontextmanager
async def two(home: Path) -> AsyncIterator[tuple[House, Ben]]:
    """Demo is signed in and has linked ListenBrainz and Trakt; Ben comes second."""
    # Both servers outlive who listens to them.
    async with (
        DemoWorld(speed=SPEED) as world,
        ben_server(world) as server,
        engine(world, home, Memory()) as house,
    ):
        await house.sign_in()
        await house.link("listenbrainz", "trakt")
        yield house, Ben(house, server)


def ben_server(world: DemoWorld) -> DemoServer:
    return DemoServer(world.clock, username="ben", refresh_token_s=10 * 365 * 86_400.0)


async def test_plays_go_to_the_accounts_of_who_plays(home: Path) -> None:
    async with two(home) as (house, ben):
        await house.play(TRACKS[0])
        await house.until(lambda: house.account("listenbrainz").counts.delivered == 1)
        await ben.sign_in()
        await house.link("lastfm")
        # Demo goes on listening elsewhere, which this program does not hear while Ben is active.
        await house.play(TRACKS[2])
        await ben.play(TRACKS[1], FILM)
        await house.until(lambda: house.account("lastfm").counts.delivered == 1)
        assert (house.held("listenbrainz"), house.held("trakt")) == (1, 0)
        status = house.engine.status
        assert [one.account.service for one in status.accounts] == ["lastfm"]
        assert [one.account.service for one in status.others] == ["listenbrainz", "trakt"]
        await house.sign_in()
        await house.play(TRACKS[3])
        await house.until(lambda: house.account("listenbrainz").counts.delivered >= 2)
        assert house.held("lastfm") == 1


async def test_what_waits_for_one_is_delivered_while_another_is_active(home: Path) -> None:
    async with two(home) as (house, ben):
        house.world.destinations.cut()
        await house.play(*TRACKS[:2])
        await house.until(lambda: house.engine.status.outbox.waiting == 2)
        await ben.sign_in()
        assert house.engine.status.outbox.waiting == 2
        await house.world.destinations.restore()
        house.engine.network_is_back()
        await house.drained()
        assert house.held("listenbrainz") == 2
        house.assert_once("listenbrainz")


class Watching:
    """One session on the demo's server, frame by frame, at the pace of its clock."""

    def __init__(self, house: House) -> None:
        self._world = house.world
        self._at_s = 0.0

    def tell(self, event: EventType) -> None:
        self._world.server.play_event(
            event, FILM, session_id="living-room", device=TELEVISION, position_s=self._at_s
        )

    async def play_to(self, ratio: float) -> None:
        clock = self._world.clock
        while self._at_s < ratio * (FILM.duration_s or 0.0):
            since_s = clock.monotonic_s()
            await clock.sleep(20.0)
            self._at_s += clock.monotonic_s() - since_s
            self.tell(EventType.PROGRESS)


async def test_a_play_that_is_cut_off_by_a_switch_goes_on_afterwards(home: Path) -> None:
    async with two(home) as (house, ben):
        engine, watching = house.engine, Watching(house)
        watching.tell(EventType.STARTED)
        await watching.play_to(0.4)
        watching.tell(EventType.PAUSED)
        await house.until(lambda: any(one.state == "paused" for one in engine.status.now_playing))
        await ben.sign_in()
        await house.link("simkl")
        assert not engine.status.now_playing
        # Ben sees the same film, which says nothing of the other's play.
        await ben.play(FILM)
        await house.until(lambda: house.account("simkl").counts.delivered == 1)
        assert house.held("trakt") == 0
        await house.sign_in()
        watching.tell(EventType.RESUMED)
        await watching.play_to(0.95)
        watching.tell(EventType.COMPLETED)
        await house.until(lambda: house.account("trakt").counts.delivered == 1)
        assert (house.held("trakt"), house.held("simkl")) == (1, 1)
        (play,) = await engine.plays()
        # One play, begun before the switch and counted after it.
        assert play.counted_at is not None
        assert play.played_s > 0.8 * (FILM.duration_s or 0.0)


async def test_what_was_played_meanwhile_is_caught_up_with_once(home: Path) -> None:
    async with two(home) as (house, ben):
        watching = Watching(house)
        watching.tell(EventType.STARTED)
        await watching.play_to(0.4)
        await ben.sign_in()
        await house.link("simkl")
        # On the television it goes on to its end, which nobody here hears.
        await watching.play_to(0.97)
        watching.tell(EventType.COMPLETED)
        assert house.engine.status.outbox.waiting + house.held("trakt") == 0
        await house.engine.use_profile(1)
        await house.until(lambda: house.account("trakt").counts.delivered == 1)
        assert (house.held("trakt"), house.held("simkl")) == (1, 0)
        (play,) = await house.engine.plays()
        assert play.counted_at is not None


async def test_accounts_linked_while_nobody_is_signed_in_go_to_who_comes_next(home: Path) -> None:
    async with two(home) as (house, ben):
        await house.engine.sign_out()
        assert house.engine.status.sign_in is SignInState.SIGNED_OUT
        (account,) = await house.link("lastfm")
        assert account.profile == 0
        await ben.sign_in()
        assert house.account("lastfm").account.profile == 2
        await ben.play(TRACKS[0])
        await house.until(lambda: house.account("lastfm").counts.delivered == 1)
        assert house.held("listenbrainz") == 0


async def test_who_is_linked_for_one_stays_theirs_when_another_links_it_again(home: Path) -> None:
    async with two(home) as (house, ben):
        await ben.sign_in()
        (again,) = await house.link("listenbrainz")
        assert again.profile == 1
        await ben.play(TRACKS[0])
        await house.drained()
        assert house.held("listenbrainz") == 0
        # Given up by one, it is free for the other.
        await house.engine.unlink(again.id)
        (mine,) = await house.link("listenbrainz")
        assert (mine.id, mine.profile) == (again.id, 2)
        await ben.play(TRACKS[1])
        await house.until(lambda: house.account("listenbrainz").counts.delivered == 1)


async def test_a_restart_goes_on_with_who_was_active(home: Path) -> None:
    async with DemoWorld(speed=SPEED) as world, ben_server(world) as server:
        secrets = Memory()
        async with engine(world, home, secrets) as house:
            await house.sign_in()
            await house.link("listenbrainz")
            await Ben(house, server).sign_in()
            await house.link("lastfm")
        async with engine(world, home, secrets) as house:
            await house.until(lambda: house.engine.status.source.connected)
            assert house.engine.status.username == "ben"
            await Ben(house, server).play(TRACKS[0])
            await house.until(lambda: house.account("lastfm").counts.delivered == 1)
            assert house.held("listenbrainz") == 0


async def test_who_was_signed_in_is_switched_to_without_a_password(home: Path) -> None:
    async with two(home) as (house, ben):
        engine = house.engine
        (alone,) = engine.status.profiles
        assert (alone.profile.id, alone.active, alone.kept) == (1, True, True)
        await ben.sign_in()
        await house.link("lastfm")
        await engine.use_profile(1)
        await house.until(lambda: engine.status.source.connected)
        assert engine.status.username == house.world.username
        assert [(one.active, one.kept) for one in engine.status.profiles] == [
            (True, True),
            (False, True),
        ]
        await house.play(TRACKS[0])
        await house.until(lambda: house.account("listenbrainz").counts.delivered == 1)
        assert house.held("lastfm") == 0
        await engine.use_profile(2)
        await house.until(lambda: engine.status.source.connected)
        await ben.play(TRACKS[1])
        await house.until(lambda: house.account("lastfm").counts.delivered == 1)
        assert house.held("listenbrainz") == 1
        # Each sees what they heard themselves.
        assert [one.label for one in await engine.plays()] == [TRACKS[1].label]


async def test_signing_out_leaves_the_others_sign_in(home: Path) -> None:
    async with two(home) as (house, ben):
        engine = house.engine
        await ben.sign_in()
        await engine.sign_out()
        assert engine.status.sign_in is SignInState.SIGNED_OUT
        assert engine.status.profile is None
        assert [one.kept for one in engine.status.profiles] == [True, False]
        assert set(house.secrets.kept) & {"revenge/session", "revenge/session/2"} == {
            "revenge/session"
        }
        with pytest.raises(SignInRefused, match="Sign in again"):
            await engine.use_profile(2)
        await engine.use_profile(1)
        await house.until(lambda: engine.status.source.connected)
        assert engine.status.username == house.world.username


async def test_a_silent_keyring_leaves_the_one_before_active(home: Path) -> None:
    async with two(home) as (house, ben):
        await ben.sign_in()
        house.secrets.silent = True
        with pytest.raises(SecretsUnavailable):
            await house.engine.use_profile(1)
        assert house.engine.status.username == "ben"
        assert house.engine.status.source.connected


async def test_everything_that_waits_survives_switching_to_and_fro(home: Path) -> None:
    async with two(home) as (house, ben):
        house.world.destinations.cut()
        await house.play(*TRACKS[:2])
        await house.until(lambda: house.engine.status.outbox.waiting == 2)
        await ben.sign_in()
        for profile in (1, 2, 1, 2):
            await house.engine.use_profile(profile)
            assert house.engine.status.outbox.waiting == 2
        await house.world.destinations.restore()
        house.engine.network_is_back()
        await house.drained()
        assert house.engine.status.username == "ben"
        assert house.held("listenbrainz") == 2
        house.assert_once("listenbrainz")


async def test_each_imports_from_the_server_for_themselves(home: Path) -> None:
    async with two(home) as (house, ben):
        engine = house.engine
        await ben.sign_in()
        await ben.play(FILM)
        run_id = await engine.imports.begin("revenge", (Facet.HISTORY,))
        await house.until_true(lambda: _is(house, run_id, RunState.PREVIEW))
        await engine.imports.write(run_id)
        await house.until_true(lambda: _is(house, run_id, RunState.DONE))
        (line,) = await engine.library.page(Asked())
        # What this program heard of it, and what the server says.
        assert set(line.sources) == {"companion@2", "revenge@2"}
        assert set((await engine.library.sources()).values()) == {"Revenge Companion", "Revenge"}
        await engine.use_profile(1)
        assert await engine.library.page(Asked()) == []
        assert await engine.imports.runs() == []
        await engine.use_profile(2)
        assert [run.id for run in await engine.imports.runs()] == [run_id]


async def _is(house: House, run_id: int, state: RunState) -> bool:
    run = await house.engine.imports.run(run_id)
    assert not run.trouble, run.trouble
    return run.state is state and not run.running


def test_secrets_are_not_shown() -> None:
    shown = repr(SignedIn("http://media", "ann", "u1", refresh="token-1", api_key="rv_key"))
    assert "token-1" not in shown
    assert "rv_key" not in shown
    assert not Memory().kept
