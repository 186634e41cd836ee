"""The redirect listener: this computer only, one right request, nothing told to anybody."""

import asyncio
import logging
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from revenge_companion.core.errors import Unreachable
from revenge_companion.net.loopback import MAX_REQUEST, MOST_CONNECTIONS, SILENCE_S, Redirect
from tests.clock import FakeClock, eventually, settle, within

STATE = "the-state"


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def ask(port: int, raw: bytes, *, end: bool = False) -> bytes:
    """Everything the listener answers to `raw`."""
    async with connected(port) as (reader, writer):
        writer.write(raw)
        if end:
            writer.write_eof()
        with suppress(ConnectionError):
            return await within(reader.read())
    return b""


def get(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: x\r\n\r\n".encode()


async def test_the_right_request_is_thanked_and_its_query_handed_over(clock: FakeClock) -> None:
    async with Redirect(clock, state=STATE) as redirect:
        assert redirect.url == f"http://127.0.0.1:{redirect.port}/callback"
        waiting = asyncio.ensure_future(redirect.wait(300.0))
        page = await ask(redirect.port, get(f"/callback?code=a%2Bb&state={STATE}"))
        assert await within(waiting) == {"code": "a+b"}
    assert page.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"You can close this page" in page
    for header in (b"no-store", b"no-referrer", b"default-src 'none'", b"Connection: close"):
        assert header in page
    assert b"a+b" not in page
    assert b"<script" not in page


async def test_a_refusal_comes_through(clock: FakeClock) -> None:
    async with Redirect(clock, state=STATE) as redirect:
        await ask(redirect.port, get(f"/callback?error=access_denied&state={STATE}"))
        assert await within(redirect.wait(300.0)) == {"error": "access_denied"}


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(get("/callback?code=x&state=another"), id="another state"),
        pytest.param(get("/callback?code=x"), id="no state"),
        pytest.param(get(f"/favicon.ico?state={STATE}"), id="another page"),
        pytest.param(get("/"), id="nothing"),
        pytest.param(get(f"/callback?code=x&state={STATE}").replace(b"GET", b"POST"), id="post"),
        pytest.param(b"\x16\x03\x01\x02\r\n\r\n", id="tls"),
        pytest.param(b"GET /callback?state=\xff HTTP/1.1\r\n\r\n", id="not ascii"),
        pytest.param(get("/callback?" + "a=1&" * 50 + f"state={STATE}"), id="many fields"),
        pytest.param(b"\r\n\r\n", id="empty"),
    ],
)
async def test_junk_is_sent_away_and_ends_nothing(clock: FakeClock, raw: bytes) -> None:
    async with Redirect(clock, state=STATE) as redirect:
        page = await ask(redirect.port, raw)
        assert page.startswith(b"HTTP/1.1 404")
        await ask(redirect.port, get(f"/callback?code=x&state={STATE}"))
        assert await within(redirect.wait(300.0)) == {"code": "x"}


@pytest.mark.parametrize("raw", [b"", b"GET /callback", b"x" * (MAX_REQUEST * 2)])
async def test_what_is_no_request_is_not_answered(clock: FakeClock, raw: bytes) -> None:
    async with Redirect(clock, state=STATE) as redirect:
        assert await ask(redirect.port, raw, end=len(raw) <= MAX_REQUEST) == b""


async def test_a_silent_connection_is_closed_after_a_while(clock: FakeClock) -> None:
    silent = Redirect(clock, state=STATE)
    async with silent as redirect, connected(redirect.port) as (reader, _):
        await eventually(lambda: clock.sleeping > 0)
        await clock.turn(SILENCE_S)
        assert await within(reader.read()) == b""


async def test_many_connections_are_not_all_kept(clock: FakeClock) -> None:
    async with Redirect(clock, state=STATE) as redirect, AsyncExitStack() as stack:
        for _ in range(MOST_CONNECTIONS):
            await stack.enter_async_context(connected(redirect.port))
        assert await ask(redirect.port, get(f"/callback?code=x&state={STATE}")) == b""


async def test_waiting_ends_by_the_clock(clock: FakeClock) -> None:
    async with Redirect(clock, state=STATE) as redirect:
        waiting = asyncio.ensure_future(redirect.wait(300.0))
        await settle()
        await clock.turn(301.0)
        assert await within(waiting) is None


async def test_it_is_closed_with_its_block_and_reachable_from_here_only(clock: FakeClock) -> None:
    async with Redirect(clock, state=STATE) as redirect:
        port = redirect.port
        # Waiting inside the block was given up: nothing is left behind.
        waiting = asyncio.ensure_future(redirect.wait(300.0))
        await settle()
        waiting.cancel()
        with pytest.raises(OSError, match=r".*"):
            await asyncio.open_connection("127.0.0.2", port)
    with pytest.raises(OSError, match=r".*"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_taken_port_is_said(clock: FakeClock) -> None:
    async with Redirect(clock, state=STATE) as first:
        with pytest.raises(Unreachable, match=f"Port {first.port} "):
            async with Redirect(clock, state=STATE, port=first.port):
                pass


async def test_nothing_received_is_logged(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with Redirect(clock, state=STATE) as redirect:
        await ask(redirect.port, get("/callback?code=hidden&state=wrong"))
        await ask(redirect.port, get(f"/callback?code=hidden&state={STATE}"))
    assert "hidden" not in caplog.text
    assert STATE not in caplog.text
