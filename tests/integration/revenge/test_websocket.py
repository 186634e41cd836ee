"""The WebSocket client against a real server on loopback, with time turned by hand."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from revenge_companion.core.errors import SessionExpired
from revenge_companion.core.playback import PlaybackEvent, Source
from revenge_companion.core.reasons import Reason
from revenge_companion.core.status import SourceStatus
from revenge_companion.net.http import Http
from revenge_companion.revenge.session import Session
from revenge_companion.revenge.signals import Disconnected, Reconnected, Signal
from revenge_companion.revenge.waiting import Nudge
from revenge_companion.revenge.websocket import NoWebSocket, PlaybackSocket
from revenge_companion.revenge.wire import FRAME_LIMIT, Hint
from tests.certificates import DAY, NOW, certificate, serving
from tests.clock import FakeClock, eventually, within
from tests.integration.revenge.server import USER, Server, Tokens, a_frame, a_server, a_session


class Told(list[Signal]):
    """Signals in the order they were told."""

    async def __call__(self, signal: Signal) -> None:
        self.append(signal)

    @property
    def events(self) -> list[PlaybackEvent]:
        return [signal for signal in self if isinstance(signal, PlaybackEvent)]

    @property
    def positions(self) -> list[float | None]:
        return [event.position_s for event in self.events]

    @property
    def connected(self) -> bool:
        statuses = [signal for signal in self if isinstance(signal, SourceStatus)]
        return bool(statuses) and statuses[-1].connected


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with a_server() as running:
        yield running


@pytest.fixture
def told() -> Told:
    return Told()


Run = Callable[[PlaybackSocket], "asyncio.Task[None]"]


@pytest.fixture
async def run(told: Told) -> AsyncIterator[Run]:
    tasks: list[asyncio.Task[None]] = []

    def start(
        socket: PlaybackSocket, tell: Callable[[Signal], Awaitable[None]] | None = None
    ) -> "asyncio.Task[None]":
        tasks.append(asyncio.create_task(socket.run(tell or told)))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


def a_socket(
    server: Server, clock: FakeClock, tokens: Tokens | None = None, nudge: Nudge | None = None
) -> PlaybackSocket:
    return PlaybackSocket(
        a_session(server.url, clock, tokens), clock, USER, nudge=nudge, jitter=lambda: 1.0
    )


async def test_events_arrive_with_our_time_and_the_servers(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    run(a_socket(server, clock))
    await eventually(lambda: told.connected)
    await eventually(lambda: len(server.heard) == 1)
    assert server.heard[0]["data"] == {"channels": ["playback", "library"]}
    assert server.requests[0].headers["Authorization"] == "Bearer token-1"
    assert "token" not in server.requests[0].path
    clock.advance(2.5)
    await server.say(a_frame(1))
    await eventually(lambda: len(told.events) == 1)
    assert told.events[0].at_s == 1002.5
    assert told.events[0].source is Source.WEBSOCKET
    assert told[0] == SourceStatus(None, False, Reason.CONNECTING)
    assert not any(isinstance(signal, Reconnected) for signal in told)


async def test_hints_are_passed_on(server: Server, clock: FakeClock, told: Told, run: Run) -> None:
    run(a_socket(server, clock))
    await eventually(lambda: told.connected)
    await server.say(
        {"type": "library.scan_done", "id": "h1", "data": {"media_type": "movie"}},
        {"type": "subscribed", "data": {"channels": [], "replay": True}},
        {"type": "error", "data": {"code": "UNKNOWN_TYPE"}},
        {"type": "error", "data": [1]},
        a_frame(1),
    )
    await eventually(lambda: len(told.events) == 1)
    assert Hint("h1", "library.scan_done", "movie", "") in told


@pytest.mark.parametrize(
    ("said", "late"),
    [
        (None, [True, False, False]),
        # A server whose clock is behind is believed about what was before.
        ("2026-03-01T19:55:00Z", [False, False, False]),
        ("2026-03-01T20:00:40Z", [True, True, False]),
    ],
)
async def test_what_is_from_before_the_connection_is_late(
    server: Server, clock: FakeClock, told: Told, run: Run, said: str | None, late: list[bool]
) -> None:
    run(a_socket(server, clock))
    await eventually(lambda: told.connected)
    clock.advance(3600)
    times = ("2026-03-01T19:59:00Z", "2026-03-01T20:00:00Z", "2026-03-01T20:00:30Z")
    await server.say(
        {"type": "subscribed", "timestamp": said, "data": {"replay": True}},
        *(a_frame(number) | {"timestamp": at} for number, at in enumerate(times)),
    )
    await eventually(lambda: len(told.events) == 3)
    assert [event.late for event in told.events] == late


async def test_a_certificate_that_cannot_be_trusted_is_told_as_one(
    clock: FakeClock, told: Told, run: Run, tmp_path: Path
) -> None:
    async with serving(certificate(tmp_path, since=NOW - DAY, days=30)) as (where, heard):
        session = a_session(f"https://{where}", clock)
        run(PlaybackSocket(session, clock, USER, jitter=lambda: 1.0))
        await eventually(lambda: len(told) > 1)
    assert isinstance(told[1], SourceStatus)
    assert (told[1].connected, told[1].reason_code) == (False, Reason.CERTIFICATE)
    assert heard == []


async def test_nothing_a_frame_holds_ends_the_connection(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    socket = a_socket(server, clock)
    run(socket)
    await eventually(lambda: told.connected)
    await server.say(
        "no json",
        "",
        "[" * 100_000,
        json.dumps({"data": {}}),
        json.dumps({"type": "syncplay.join"}),
        b"\x00\xff binary",
        json.dumps(a_frame(1)).encode(),
        a_frame(2, user_id="somebody-else"),
        a_frame(3, media_id=None),
        json.dumps(a_frame(4, media={"title": "x" * FRAME_LIMIT})),
        "9" * (4 * FRAME_LIMIT),
        a_frame(5),
    )
    await server.connections[-1].send(b'{"type": "\xff\xfe"}', text=True)
    await server.say(a_frame(6))
    await eventually(lambda: told.positions == [5.0, 6.0])
    assert len(server.connections) == 1
    assert socket.skipped == {
        "not_json": 4,
        "no_type": 1,
        "unknown_type": 1,
        "binary": 2,
        "other_user": 1,
        "bad_shape": 1,
        "oversize": 2,
    }


async def test_an_event_that_arrives_twice_is_told_once(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    run(a_socket(server, clock))
    await eventually(lambda: told.connected)
    await server.say(a_frame(1), a_frame(2), a_frame(1), a_frame(3))
    await eventually(lambda: told.positions == [1.0, 2.0, 3.0])


async def test_after_a_loss_it_connects_again_and_asks_for_what_it_missed(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    run(a_socket(server, clock))
    await eventually(lambda: told.connected)
    await server.say(a_frame(1), a_frame(2))
    await eventually(lambda: len(told.events) == 2)
    await server.hang_up()
    await eventually(lambda: any(isinstance(signal, Disconnected) for signal in told))
    await eventually(lambda: clock.next_wake_s == 1.0)
    clock.advance(1.0)
    await eventually(lambda: len(server.connections) == 2)
    await eventually(lambda: len(server.heard_of("subscribe")) == 2)
    assert server.heard_of("subscribe")[1]["data"]["since"] == "event-00002"
    await server.say(a_frame(2), a_frame(3))
    await eventually(lambda: told.positions == [1.0, 2.0, 3.0])
    after = told[told.index(Disconnected(1000.0)) :]
    assert [type(signal) for signal in after] == [
        Disconnected,
        SourceStatus,
        Reconnected,
        SourceStatus,
        PlaybackEvent,
    ]
    assert after[1].reason_code == Reason.SERVER_DOWN


async def test_it_tries_for_ever_at_a_growing_distance(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    server.refuse = [503, 429, 500, 502, 503, 504, 503]
    run(a_socket(server, clock))
    for wait_s in (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0):
        await eventually(lambda wait_s=wait_s: clock.next_wake_s == wait_s)
        assert not told.connected
        clock.advance(wait_s)
    await eventually(lambda: told.connected)
    assert len(server.requests) == 8


async def test_a_nudge_connects_at_once(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    server.refuse = [503] * 3
    nudge = Nudge()
    run(a_socket(server, clock, nudge=nudge))
    for tried in (1, 2, 3):
        await eventually(lambda tried=tried: len(server.requests) == tried and clock.sleeping == 1)
        nudge()
    await eventually(lambda: told.connected)
    assert clock.monotonic_s() == 1000.0


async def test_pings_keep_a_connection_that_answers(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    socket = a_socket(server, clock)
    run(socket)
    await eventually(lambda: told.connected)
    for number in range(1, 6):
        await eventually(lambda: clock.next_wake_s == 30.0)
        clock.advance(30.0)
        await eventually(lambda number=number: len(server.heard_of("ping")) == number)
        await server.say({"type": "pong", "data": {}}, "a mark that it was read")
        await eventually(lambda number=number: socket.skipped["not_json"] == number)
    assert len(server.connections) == 1


async def test_ninety_seconds_of_silence_are_the_end_of_a_connection(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    run(a_socket(server, clock))
    await eventually(lambda: told.connected)
    for _ in range(2):
        await eventually(lambda: clock.next_wake_s == 30.0)
        clock.advance(30.0)
    await eventually(lambda: len(server.heard_of("ping")) == 2)
    assert told.connected
    await eventually(lambda: clock.next_wake_s == 30.0)
    clock.advance(30.0)
    await eventually(lambda: Disconnected(1090.0) in told)
    await eventually(lambda: clock.next_wake_s == 1.0)
    clock.advance(1.0)
    await eventually(lambda: len(server.connections) == 2)


async def test_a_nudge_finds_out_that_a_connection_is_dead(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    nudge = Nudge()
    run(a_socket(server, clock, nudge=nudge))
    await eventually(lambda: told.connected)
    await eventually(lambda: clock.next_wake_s == 30.0)
    clock.advance(5.0)
    nudge()
    await eventually(lambda: clock.next_wake_s == 10.0)
    clock.advance(10.0)
    await eventually(lambda: Disconnected(1015.0) in told)


async def test_slow_recording_is_not_silence(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    go_on = asyncio.Event()
    started = asyncio.Event()

    async def slow(signal: Signal) -> None:
        if isinstance(signal, PlaybackEvent):
            started.set()
            await go_on.wait()
        told.append(signal)

    run(a_socket(server, clock), slow)
    await eventually(lambda: told.connected)
    await server.say(a_frame(1), a_frame(2))
    await within(started.wait())
    for number in range(1, 6):
        await eventually(lambda: clock.next_wake_s == 30.0)
        clock.advance(30.0)
        await eventually(lambda number=number: len(server.heard_of("ping")) == number)
    go_on.set()
    await eventually(lambda: told.positions == [1.0, 2.0])
    assert len(server.connections) == 1


async def test_events_are_acknowledged_together_once_they_are_recorded(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    run(a_socket(server, clock))
    await eventually(lambda: told.connected)
    await server.say(a_frame(1), a_frame(2), a_frame(3))
    await eventually(lambda: len(told.events) == 3)
    assert server.heard_of("ack") == []
    await eventually(lambda: clock.next_wake_s == 1.0)
    clock.advance(1.0)
    await eventually(lambda: len(server.heard_of("ack")) == 1)
    assert server.heard_of("ack")[0]["data"] == {
        "ids": ["event-00001", "event-00002", "event-00003"]
    }


@pytest.mark.parametrize("status", [404, 405, 501, 400, 426])
async def test_a_server_without_a_websocket_is_told_apart(
    server: Server, clock: FakeClock, run: Run, status: int
) -> None:
    server.refuse = [status]
    with pytest.raises(NoWebSocket):
        await within(run(a_socket(server, clock)))


async def test_a_refused_token_is_renewed_once(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    server.gate = lambda request: (
        None if request.headers.get("Authorization") == "Bearer token-2" else 401
    )
    tokens = Tokens()
    run(a_socket(server, clock, tokens))
    await eventually(lambda: told.connected)
    assert tokens.refreshes == 2


async def test_a_server_that_wants_the_token_in_the_address_gets_it_there(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    server.gate = lambda request: None if request.path.endswith("?token=token-1") else 401
    tokens = Tokens()
    run(a_socket(server, clock, tokens))
    await eventually(lambda: told.connected)
    assert tokens.refreshes == 1
    await server.hang_up()
    await eventually(lambda: clock.next_wake_s == 1.0)
    clock.advance(1.0)
    await eventually(lambda: len(server.connections) == 2)
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [401, 403])
async def test_a_server_that_refuses_a_fresh_token_ends_the_sign_in(
    server: Server, clock: FakeClock, run: Run, status: int
) -> None:
    server.gate = lambda _request: status
    tokens = Tokens()
    with pytest.raises(SessionExpired):
        await within(run(a_socket(server, clock, tokens)))
    assert tokens.refreshes == 2


async def test_a_refresh_that_cannot_be_asked_for_is_only_a_failure(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    tokens = Tokens()
    tokens.down = True
    run(a_socket(server, clock, tokens))
    await eventually(lambda: clock.next_wake_s == 1.0)
    tokens.down = False
    clock.advance(1.0)
    await eventually(lambda: told.connected)


async def test_trouble_while_recording_is_the_callers(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    async def breaks(signal: Signal) -> None:
        told.append(signal)
        if isinstance(signal, PlaybackEvent):
            raise OSError("disk full")

    task = run(a_socket(server, clock), breaks)
    await eventually(lambda: told.connected)
    await server.say(a_frame(1))
    with pytest.raises(OSError, match="disk full"):
        await within(task)


async def test_no_token_is_written_to_the_log(
    server: Server, clock: FakeClock, told: Told, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    server.gate = lambda request: None if "?token=" in request.path else 401
    run(a_socket(server, clock))
    await eventually(lambda: told.connected)
    await server.say(a_frame(1, user_id="somebody-else", media={"title": "Private film"}))
    await server.say(a_frame(2))
    await eventually(lambda: len(told.events) == 1)
    records = [record for record in caplog.records if record.name.startswith("revenge_companion")]
    assert all("token-1" not in record.getMessage() for record in records)
    assert all("Private film" not in record.getMessage() for record in records)


async def test_no_redirect_is_followed(
    server: Server, clock: FakeClock, told: Told, run: Run
) -> None:
    """Whoever it names would be sent the token by its query, and perhaps unencrypted."""
    async with a_server() as other:
        server.refuse, server.location = [302], f"ws://127.0.0.1:{other.port}/api/v1/ws"
        with pytest.raises(NoWebSocket, match="302"):
            await within(run(a_socket(server, clock)))
        assert other.requests == []


class WithToken(Session):
    """A session whose token has not ended, so that nothing is asked before the upgrade."""

    async def bearer(self) -> str:
        return "token"


async def test_a_server_without_encryption_is_not_connected_to_unless_it_may_be(
    clock: FakeClock, told: Told, run: Run
) -> None:
    session = WithToken(Http(), "http://media.home", clock)
    socket = PlaybackSocket(session, clock, USER, jitter=lambda: 1.0)
    assert not await socket.offered()
    run(socket)
    await eventually(lambda: len(told) == 2)
    status = told[1]
    assert isinstance(status, SourceStatus)
    assert not status.connected
    assert "without encryption" in status.detail
