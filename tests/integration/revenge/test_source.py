"""Which live source is chosen, what is said of it, and how the event stream is read."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest

from revenge_companion.core.errors import SessionExpired
from revenge_companion.core.playback import EventType, PlaybackEvent, Source
from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import SourceStatus
from revenge_companion.net.http import Http
from revenge_companion.revenge.session import Session
from revenge_companion.revenge.signals import Disconnected, Reconnected, Signal
from revenge_companion.revenge.source import LiveSource
from revenge_companion.revenge.wire import FRAME_LIMIT, Hint
from tests.clock import FakeClock, eventually, within
from tests.integration.revenge.home import Home, Pipe
from tests.integration.revenge.server import USER, Server, a_frame, a_server


class Told(list[Signal]):
    """Signals in the order they were told."""

    async def __call__(self, signal: Signal) -> None:
        self.append(signal)

    @property
    def events(self) -> list[PlaybackEvent]:
        return [signal for signal in self if isinstance(signal, PlaybackEvent)]

    @property
    def status(self) -> SourceStatus:
        statuses = [signal for signal in self if isinstance(signal, SourceStatus)]
        return statuses[-1] if statuses else SourceStatus()


class Place:
    """A server with REST calls of today and a WebSocket port that refuses until it is told."""

    def __init__(self, clock: FakeClock, socket: Server) -> None:
        self.clock = clock
        self.socket = socket
        self.home = Home(clock)
        self.told = Told()
        self.source: LiveSource
        self.task: asyncio.Task[None]
        socket.gate = lambda _request: 404

    def start(self, **more: str) -> None:
        http = Http(transport=httpx.MockTransport(self.home))
        session = Session(http, self.socket.url, self.clock, **(more or {"refresh_token": "r"}))
        self.source = LiveSource(http, session, self.clock, USER, jitter=lambda: 1.0)
        self.task = asyncio.create_task(self.source.run(self.told))

    async def saw(
        self, source: Source | None, connected: bool, reason: str, *, nudged: bool = False
    ) -> None:
        """Wait until this was told; `nudged` at each look, as one nudge may fall into a poll."""

        def fact() -> bool:
            if nudged:
                self.source.nudge()
            status = self.told.status
            return (status.source, status.connected, status.reason_code) == (
                source,
                connected,
                reason,
            )

        await eventually(fact)

    async def polled(self, more: int = 1) -> None:
        """Let a minute pass and wait for its poll."""
        before = self.home.asked.count("/movies/stats")
        for number in range(1, more + 1):
            self.clock.advance(60)
            await eventually(
                lambda number=number: self.home.asked.count("/movies/stats") >= before + number
            )

    def push(self, frame: dict[str, object] | str) -> None:
        assert self.home.pipe is not None
        text = frame if isinstance(frame, str) else json.dumps(frame)
        self.home.pipe.write(f"id: 1\nevent: x\ndata: {text}\n\n")


@pytest.fixture
async def place(clock: FakeClock) -> AsyncIterator[Place]:
    async with a_server() as socket:
        made = Place(clock, socket)
        yield made
        made.task.cancel()
        with suppress(asyncio.CancelledError, SessionExpired):
            await made.task


async def test_a_websocket_is_used_where_there_is_one(place: Place) -> None:
    place.socket.gate = lambda _request: None
    place.start()
    await place.saw(Source.WEBSOCKET, True, "")
    await place.socket.say(a_frame(1))
    await eventually(lambda: len(place.told.events) == 1)
    assert place.source.last_event_id == "event-00001"
    assert "/movies/stats" not in place.home.asked


async def test_without_a_websocket_it_listens_and_polls(place: Place) -> None:
    place.home.pipe = Pipe()
    place.start()
    await place.saw(Source.SSE, True, Reason.NO_WEBSOCKET)
    assert place.told[0] == SourceStatus(None, False, Reason.CONNECTING)
    place.home.watch("m1", 400)
    await place.polled()
    await eventually(lambda: len(place.told.events) == 1)
    assert place.told.events[0].type is EventType.STARTED
    place.push({"id": "h", "type": "library.scan_done", "data": {"library_type": "movie"}})
    await eventually(lambda: Hint("h", "library.scan_done", "movie", "") in place.told)


async def test_without_an_event_stream_it_polls_and_says_so(place: Place) -> None:
    place.start()
    await place.saw(Source.POLL, True, Reason.NO_LIVE_EVENTS)
    assert not any(
        isinstance(signal, SourceStatus) and signal.connected and signal != place.told.status
        for signal in place.told
    )


async def test_with_a_key_it_only_polls(place: Place) -> None:
    place.home.pipe = Pipe()
    place.start(api_key="rv_key")
    await place.saw(Source.POLL, True, Reason.API_KEY_ONLY)
    assert place.socket.requests == []
    assert "/events" not in place.home.asked


async def test_polling_says_that_a_certificate_cannot_be_trusted(place: Place) -> None:
    place.start(api_key="rv_key")
    await place.saw(Source.POLL, True, Reason.API_KEY_ONLY)
    place.home.down = ssl.SSLCertVerificationError("expired")
    place.home.down.verify_code = 10
    await place.saw(Source.POLL, False, Reason.CERTIFICATE, nudged=True)
    place.home.down = True
    await place.saw(Source.POLL, False, Reason.SERVER_DOWN, nudged=True)
    place.home.down = False
    place.home.answers["/movies/continue-watching"] = httpx.Response(404, text="<html>")
    await place.saw(Source.POLL, False, Reason.NOT_REVENGE, nudged=True)


async def test_polling_rests_while_the_stream_carries_playback(place: Place) -> None:
    place.home.pipe = Pipe()
    place.start()
    await place.saw(Source.SSE, True, Reason.NO_WEBSOCKET)
    place.push(a_frame(1, user_id="someone"))
    place.push(a_frame(2))
    await eventually(lambda: [event.position_s for event in place.told.events] == [2.0])
    await place.saw(Source.SSE, True, Reason.SERVER_EVENTS)
    assert place.told.events[0].source is Source.SSE
    polls = place.home.asked.count("/movies/stats")
    place.clock.advance(60)
    place.push(a_frame(3))
    await eventually(lambda: len(place.told.events) == 2)
    assert place.home.asked.count("/movies/stats") == polls
    pipe, place.home.pipe = place.home.pipe, None
    pipe.end()
    await eventually(lambda: any(isinstance(signal, Disconnected) for signal in place.told))
    await place.polled()
    await place.saw(Source.POLL, True, Reason.NO_LIVE_EVENTS)


async def test_nothing_in_the_stream_ends_it(place: Place) -> None:
    pipe = place.home.pipe = Pipe()
    place.start()
    await place.saw(Source.SSE, True, Reason.NO_WEBSOCKET)
    pipe.write(": keepalive\n\n\n\r\ndata\nretry: x\nnonsense\n\n")
    place.push("no json")
    place.push("[" * 5000)
    pipe.write(f"data: {'x' * (FRAME_LIMIT - 100)}\ndata: {'x' * 1000}\n\n")
    first, second = json.dumps(a_frame(7)).split(", ", 1)
    pipe.write(f"data: {first},\r\ndata:{second}\r\n\r\n")
    await eventually(lambda: [event.position_s for event in place.told.events] == [7.0])
    assert place.home.asked.count("/events") == 1


async def test_a_stream_that_ends_is_opened_again(place: Place) -> None:
    pipe = place.home.pipe = Pipe()
    place.start()
    await place.saw(Source.SSE, True, Reason.NO_WEBSOCKET)
    place.home.pipe = Pipe()
    pipe.end()
    await place.saw(Source.POLL, True, Reason.NO_LIVE_EVENTS)
    await eventually(lambda: place.clock.next_wake_s == 1.0)
    place.clock.advance(1.0)
    await place.saw(Source.SSE, True, Reason.NO_WEBSOCKET)


async def test_a_server_that_goes_down_is_said_to_be_and_seen_again(place: Place) -> None:
    place.start()
    await place.saw(Source.POLL, True, Reason.NO_LIVE_EVENTS)
    place.home.down = True
    await place.saw(Source.POLL, False, Reason.SERVER_DOWN, nudged=True)
    assert isinstance(place.told[-2], Disconnected)
    place.home.down = False
    await place.saw(Source.POLL, True, Reason.NO_LIVE_EVENTS, nudged=True)
    assert isinstance(place.told[-2], Reconnected)


async def test_a_websocket_that_appears_is_used_within_the_hour(place: Place) -> None:
    place.start()
    await place.saw(Source.POLL, True, Reason.NO_LIVE_EVENTS)
    place.socket.gate = lambda _request: None
    await eventually(lambda: place.clock.sleeping >= 3)
    place.clock.advance(3600)
    await place.saw(Source.WEBSOCKET, True, "")
    await place.socket.say(a_frame(1))
    await eventually(lambda: len(place.told.events) == 1)


async def test_the_end_of_the_sign_in_ends_the_source(place: Place) -> None:
    place.start()
    await place.saw(Source.POLL, True, Reason.NO_LIVE_EVENTS)
    place.home.access = "another"
    place.home.answers["/auth/refresh"] = httpx.Response(401, json={"code": 401, "message": ""})
    place.clock.advance(60)
    with pytest.raises(SessionExpired):
        await within(place.task)


async def test_a_stream_that_refuses_a_fresh_token_leaves_polling(place: Place) -> None:
    place.home.answers["/events"] = httpx.Response(401, text="Unauthorized")
    place.start()
    await place.saw(Source.POLL, True, Reason.NO_LIVE_EVENTS)
    assert place.home.asked.count("/events") == 2
