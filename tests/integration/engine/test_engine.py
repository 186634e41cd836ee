"""The main job end to end: play on a server, deliver to services, whatever breaks in between."""

import asyncio
from pathlib import Path

import pytest

from revenge_companion.core.accounts import AccountState
from revenge_companion.core.errors import NameUnknown, NotRevenge, SignInRefused, Unreachable
from revenge_companion.core.playback import Source
from revenge_companion.core.reasons import Reason, sentence
from revenge_companion.core.status import SignInState
from revenge_companion.demo.viewer import End, PlayTo, Showing
from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.api import Notice
from tests.integration.engine.house import FILM, TRACKS, Memory, engine, running

ALL = ("listenbrainz", "lastfm", "trakt", "simkl")


async def test_what_is_played_arrives_everywhere_once(home: Path) -> None:
    async with running(home, services=ALL) as house:
        await house.play(TRACKS[0], FILM)
        await house.until(lambda: house.engine.status.outbox.delivered == 4)
        house.assert_once(*ALL)
        assert {one.account.last_delivery_at is not None for one in house.engine.status.accounts}
        plays = await house.engine.plays()
        assert [play.counted_at is not None for play in plays] == [True, True]
        assert all(fate.state == "delivered" for play in plays for fate in play.destinations)


async def test_a_cut_network_fills_the_outbox_and_its_return_empties_it(home: Path) -> None:
    async with running(home, services=("listenbrainz", "lastfm")) as house:
        house.world.destinations.cut()
        await house.play(*TRACKS[:3])
        await house.until(lambda: house.engine.status.outbox.waiting == 6)
        await house.world.destinations.restore()
        house.engine.network_is_back()
        await house.drained()
        house.assert_once("listenbrainz", "lastfm")


@pytest.mark.parametrize(
    ("service", "item"),
    [("listenbrainz", TRACKS[0]), ("lastfm", TRACKS[0]), ("trakt", FILM), ("simkl", FILM)],
)
async def test_a_lost_reply_neither_loses_nor_doubles(
    home: Path, service: str, item: object
) -> None:
    async with running(home, services=(service,)) as house:
        house.world.destinations.lose_replies(service, 1)
        await house.play(item)  # type: ignore[arg-type]
        await house.until(lambda: house.account(service).counts.delivered == 1)
        assert house.held(service) == 1
        house.assert_once(service)


async def test_a_revoked_link_holds_everything_until_it_is_linked_again(home: Path) -> None:
    async with running(home, services=("listenbrainz",)) as house:
        # One for the live notice, one for the play.
        house.world.destinations.answer(
            "listenbrainz", 401, '{"code": 401}', times=2, path="/1/submit"
        )
        site = house.world.destinations.listenbrainz
        await house.play(TRACKS[0])
        await house.until(
            lambda: house.account("listenbrainz").account.state is AccountState.LINK_AGAIN
        )
        asked = len(site.requests)
        await house.play(*TRACKS[1:3])
        await house.engine.flush()
        await house.until(lambda: house.engine.status.outbox.pending == 3)
        assert len(site.requests) == asked
        told = [one for one in house.notices if one.notice is Notice.ACCOUNT_TROUBLE]
        assert [one.reason for one in told] == [Reason.LINK_AGAIN]
        assert "?" not in sentence(told[0].reason, told[0].facts)
        (again,) = await house.link("listenbrainz")
        assert again.id == house.account("listenbrainz").account.id
        await house.drained()
        assert house.held("listenbrainz") == 3
        house.assert_once("listenbrainz")


async def test_a_portal_page_with_200_is_no_delivery(home: Path) -> None:
    async with running(home, services=("listenbrainz",)) as house:
        page = "<html><title>Welcome to the hotel</title></html>"
        house.world.destinations.answer(
            "listenbrainz", 200, page, {"content-type": "text/html"}, path="/1/submit"
        )
        house.world.destinations.answer("listenbrainz", 200, page, path="/1/submit")
        await house.play(TRACKS[0])
        await house.until(lambda: house.engine.status.outbox.delivered == 1)
        assert house.held("listenbrainz") == 1


@pytest.mark.expected_logs("sign in again")
async def test_an_ended_session_asks_to_sign_in_again_and_signing_in_goes_on(home: Path) -> None:
    async with running(home, services=("listenbrainz",)) as house:
        house.world.server.accounts.forget_everything()
        house.world.server.drop_connections()
        await house.until(lambda: house.engine.status.sign_in is SignInState.SIGN_IN_AGAIN)
        status = house.engine.status
        assert status.source.reason_code == Reason.SIGN_IN_AGAIN
        assert [one.notice for one in house.notices] == [Notice.SIGNED_OUT]
        await house.sign_in()
        await house.play(TRACKS[0])
        await house.until(lambda: house.engine.status.outbox.delivered == 1)
        house.assert_once("listenbrainz")


async def test_a_dropped_connection_in_the_middle_of_a_play_loses_nothing(home: Path) -> None:
    async with running(home, services=("listenbrainz",)) as house:
        await house.play(TRACKS[0])
        house.world.server.drop_connections()
        await house.play(TRACKS[1])
        await house.until(lambda: house.engine.status.outbox.delivered == 2)
        house.assert_once("listenbrainz")


async def test_without_a_websocket_server_events_are_enough(home: Path) -> None:
    async with running(
        home, services=("listenbrainz",), websocket=False, sse_playback=True
    ) as house:
        await house.play(*TRACKS[:2])
        await house.until(lambda: house.engine.status.outbox.delivered == 2)
        assert house.engine.status.source.source is Source.SSE
        house.assert_once("listenbrainz")


async def test_without_live_events_polling_scrobbles_films(home: Path) -> None:
    async with running(home, services=("trakt",), websocket=False) as house:
        assert house.engine.status.source.reason_code in (
            Reason.NO_LIVE_EVENTS,
            Reason.NO_WEBSOCKET,
        )
        await house.play(FILM)
        await house.until(lambda: house.engine.status.outbox.delivered == 1)
        house.assert_once("trakt")


async def test_a_restart_goes_on_where_it_was(home: Path) -> None:
    secrets = Memory()
    async with DemoWorld(speed=500.0) as world:
        async with engine(world, home, secrets) as house:
            await house.sign_in()
            await house.link("listenbrainz")
            world.destinations.cut()
            await house.play(*TRACKS[:2])
            await house.until(lambda: house.engine.status.outbox.waiting == 2)
        await world.destinations.restore()
        async with engine(world, home, secrets) as house:
            await house.until(lambda: house.engine.status.source.connected)
            await house.play(TRACKS[2])
            await house.until(lambda: house.engine.status.outbox.delivered == 3)
            house.assert_once("listenbrainz")


@pytest.mark.expected_logs("password store does not answer")
async def test_a_keyring_that_is_locked_at_start_is_asked_again(home: Path) -> None:
    secrets = Memory()
    async with DemoWorld(speed=500.0) as world:
        async with engine(world, home, secrets) as house:
            await house.sign_in()
        secrets.silent = True
        async with engine(world, home, secrets) as house:
            assert "does not answer" in house.engine.status.trouble
            secrets.silent = False
            await house.until(lambda: house.engine.status.source.connected)
            assert house.engine.status.trouble == ""


async def test_what_was_private_stays_private_after_a_restart(home: Path) -> None:
    secrets = Memory()
    async with DemoWorld(speed=500.0) as world:
        async with engine(world, home, secrets) as house:
            await house.sign_in()
            await house.link("listenbrainz")
            await house.play(TRACKS[0])
            house.engine.pause(None)
            await house.play(TRACKS[1])
            assert house.engine.status.now_playing == ()
        async with engine(world, home, secrets) as house:
            await house.until(lambda: house.engine.status.source.connected)
            await house.play(TRACKS[2])
            await house.until(lambda: house.engine.status.outbox.delivered == 2)
            assert {play.label for play in await house.engine.plays()} == {
                TRACKS[0].label,
                TRACKS[2].label,
            }


async def test_a_scrobbled_play_is_told_with_its_numbers(home: Path) -> None:
    async with running(home, services=("listenbrainz",)) as house:
        settings = house.engine.settings
        notify = type(settings.notify)(scrobbled=True)
        await house.engine.save_settings(
            type(settings)(notify=notify, server_url=settings.server_url)
        )
        await house.play(TRACKS[0])
        await house.until(lambda: bool(house.notices))
        told = house.notices[0]
        assert told.notice is Notice.SCROBBLED
        assert "?" not in sentence(told.reason, told.facts)


async def test_unlinking_gives_up_what_waits_or_keeps_it_for_linking_again(home: Path) -> None:
    async with running(home, services=("listenbrainz", "lastfm")) as house:
        house.world.destinations.cut("listenbrainz", "lastfm")
        await house.play(TRACKS[0])
        await house.until(lambda: house.engine.status.outbox.waiting == 2)
        for service, keep in (("listenbrainz", True), ("lastfm", False)):
            await house.engine.unlink(house.account(service).account.id, keep_queued=keep)
        # Only now: a lane that tried again before its account was unlinked would deliver.
        await house.world.destinations.restore()
        assert house.engine.status.accounts == ()
        assert not [name for name in house.secrets.kept if name.startswith("account/")]
        await house.link("listenbrainz", "lastfm")
        await house.drained()
        assert (house.held("listenbrainz"), house.held("lastfm")) == (1, 0)


async def test_what_cannot_be_signed_in_to_says_why(home: Path) -> None:
    async with running(home, signed_in=False) as house:
        world, sign_in = house.world, house.engine.sign_in
        with pytest.raises(SignInRefused, match="did not accept this name and password"):
            await sign_in(world.server_url, world.username, "wrong")
        with pytest.raises(NotRevenge, match="not a Revenge server"):
            await sign_in(world.destinations.listenbrainz.host, world.username, "x")
        with pytest.raises(NotRevenge, match="not the address of a server"):
            await sign_in("http://", world.username, "x")
        for typed in ("nowhere.invalid", "https://nowhere.invalid"):
            with pytest.raises(NameUnknown, match=r"nowhere\.invalid could not be found"):
                await sign_in(typed, world.username, "x")
        with pytest.raises(Unreachable, match="No server answers"):
            await sign_in("127.0.0.1:1", world.username, "x")
        with pytest.raises(SignInRefused):
            await house.engine.sign_in_with_key(world.server_url, "")
        assert house.engine.status.sign_in is SignInState.SIGNED_OUT
        assert house.secrets.kept == {}


async def test_signing_out_forgets_the_session_and_stops_listening(home: Path) -> None:
    async with running(home, services=("listenbrainz",)) as house:
        track = (Showing(TRACKS[1], (PlayTo(1.0),), End.COMPLETED, must_count=True),)
        playing = asyncio.create_task(house.world.viewer.play(track))
        await house.until(lambda: house.engine.status.now_playing != ())
        await house.engine.sign_out()
        playing.cancel()
        assert house.engine.status.now_playing == ()
        assert house.engine.status.sign_in is SignInState.SIGNED_OUT
        assert "revenge/session" not in house.secrets.kept
        await house.play(TRACKS[0])
        (play,) = await house.engine.plays()
        assert TRACKS[1].title in play.label


async def test_a_play_counted_by_hand_arrives_once(
    home: Path,
) -> None:
    async with running(home, services=("trakt",)) as house:
        await house.play(FILM, to=0.3)
        await house.until(lambda: house.engine.status.now_playing == ())
        (play,) = await house.engine.plays()
        assert play.counted_at is None
        assert await house.engine.scrobble_anyway(play.id)
        assert not await house.engine.scrobble_anyway(play.id)
        await house.until(lambda: house.engine.status.outbox.delivered == 1)
        (play,) = await house.engine.plays()
        assert play.reason_code == Reason.BY_HAND
        assert house.held("trakt") == 1
