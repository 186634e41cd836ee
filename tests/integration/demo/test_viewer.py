"""The scripted viewer: what it tells over the socket, and what it says should count."""

import asyncio
from typing import Any

import pytest

from revenge_companion.core.media import Kind
from revenge_companion.demo.clock import ScaledClock
from revenge_companion.demo.hub import Subscriber
from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.plays import Play
from revenge_companion.demo.report import Outage
from revenge_companion.demo.server import DemoServer
from revenge_companion.demo.viewer import End, Pause, PlayTo, SeekTo, Showing, Viewer, evening
from revenge_companion.demo.world import DemoWorld
from revenge_companion.revenge.wire import read_frame
from tests.clock import FakeClock, within


def listening(server: DemoServer) -> Subscriber:
    subscriber = Subscriber(channels={"playback"})
    server.hub.subscribers.add(subscriber)
    return subscriber


async def frames_of(clock: FakeClock, showing: Showing) -> list[dict[str, Any]]:
    server = DemoServer(clock)
    viewing = asyncio.create_task(Viewer(server, clock).play([showing]))
    await clock.turn(4 * 3600)
    await within(viewing)
    return server.hub.kept


async def test_a_film_is_told_with_its_pause_and_its_seek(clock: FakeClock) -> None:
    film = LIBRARY.movies[0]
    steps = (PlayTo(0.02), Pause(30), SeekTo(0.5), PlayTo(0.52))
    frames = await frames_of(clock, Showing(film, steps, End.STOPPED, must_count=False))
    told = [(str(frame["type"]).partition(".")[2], frame["data"]) for frame in frames]
    kinds = [kind for kind, _ in told]
    assert kinds[:3] == ["started", "progress", "progress"]
    assert kinds[-1] == "stopped"
    assert [kind for kind in kinds if kind not in ("progress", "started", "stopped")] == [
        "paused",
        "resumed",
        "seeked",
    ]
    seeked = dict(told)["seeked"]
    assert (seeked["from_position_seconds"], seeked["position_seconds"]) == (28.8, 720.0)
    assert told[-1][1]["position_seconds"] == pytest.approx(0.52 * 1440)


async def test_positions_advance_as_fast_as_the_clock(clock: FakeClock) -> None:
    track = LIBRARY.albums[0].tracks[1]
    frames = await frames_of(clock, Showing(track, (PlayTo(1.0),), End.COMPLETED, True))
    positions = [frame["data"]["position_seconds"] for frame in frames]
    assert positions == [*range(0, 156, 10), 156]
    assert str(frames[-1]["type"]) == "playback.completed"


def test_an_evening_has_a_film_an_episode_an_album_and_what_must_not_count() -> None:
    for number in range(4):
        script = evening(LIBRARY, number)
        counting = [one.item.kind for one in script if one.must_count]
        assert {Kind.MOVIE, Kind.EPISODE, Kind.TRACK} == set(counting)
        assert counting.count(Kind.TRACK) >= 3
        refused = [one.item.kind for one in script if not one.must_count]
        assert refused == [Kind.TRACK, Kind.MOVIE]


def test_the_next_evening_plays_something_else() -> None:
    first, second = ({one.item.media_id for one in evening(LIBRARY, n)} for n in (0, 1))
    assert not first & second


async def test_a_whole_evening_at_speed_is_told_and_dated(clock: FakeClock) -> None:
    changes: list[Play] = []
    world = DemoWorld(clock=clock, told=changes.append)
    running = asyncio.create_task(world.viewer.run(2))
    await clock.turn(6 * 3600)
    await within(running)
    assert world.viewer.rounds == 2
    over = world.viewer.plays
    assert all(play.ended_at is not None and play.must_count is not None for play in over)
    assert len({play.session_id for play in over}) == len(over) == 16
    assert len(changes) == 2 * len(over)
    assert sum(must is True for _, _, must in world.viewer.expected) == 12


async def test_the_frames_are_what_the_program_reads(clock: FakeClock) -> None:
    for item in LIBRARY.items():
        server = DemoServer(clock)
        subscriber = listening(server)
        viewing = asyncio.create_task(
            Viewer(server, clock).play([Showing(item, (), End.STOPPED, must_count=False)])
        )
        await clock.turn(10)
        await within(viewing)
        event = read_frame(
            subscriber.outgoing.get_nowait(),
            user_id=server.user_id,
            now=clock.now(),
            at_s=clock.monotonic_s(),
        )
        assert event.item == item  # type: ignore[union-attr]


async def test_a_scaled_clock_sleeps_shorter_and_runs_faster() -> None:
    clock = ScaledClock(1000)
    loop = asyncio.get_running_loop()
    real_s, before, before_s = loop.time(), clock.now(), clock.monotonic_s()
    await clock.sleep(20)
    assert loop.time() - real_s < 5
    assert clock.monotonic_s() - before_s >= 20
    assert (clock.now() - before).total_seconds() >= 20


def test_two_scaled_clocks_of_one_origin_agree() -> None:
    first = ScaledClock(60)
    second = ScaledClock(60, started_at=first.started_at, started_s=first.started_s)
    assert abs((first.now() - second.now()).total_seconds()) < 60
    with pytest.raises(ValueError, match="over 0"):
        ScaledClock(0)


async def test_the_report_counts_what_no_destination_got_as_lost(clock: FakeClock) -> None:
    world = DemoWorld(clock=clock)
    running = asyncio.create_task(world.viewer.run())
    await clock.turn(3 * 3600)
    await within(running)
    report = world.report(["listenbrainz", "trakt"], Outage(3, 2))
    assert report.as_json() == {
        "plays": 8,
        "scrobbles": 6,
        "delivered": 0,
        "lost": 6,
        "doubled": 0,
        "outage": {"queued": 3, "flushed": 2},
    }


async def test_a_play_that_goes_on_is_neither_expected_nor_lost(clock: FakeClock) -> None:
    world = DemoWorld(clock=clock)
    running = asyncio.create_task(world.viewer.run())
    await clock.turn(60)
    assert [must for _, _, must in world.viewer.expected] == [None]
    assert world.report(["listenbrainz"]).lost == 0
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_world_has_everything_running_and_stops_it(clock: FakeClock) -> None:
    before = asyncio.all_tasks()
    async with DemoWorld(clock=clock, websocket=False) as world:
        addresses = [world.server_url, *map(world.destinations.api_url, world.destinations.sites)]
        assert len({address.split(":")[2] for address in addresses}) == 5
    assert asyncio.all_tasks() == before
