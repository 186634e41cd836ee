"""The port that the demo's servers listen on."""

import asyncio
import statistics
import time

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from revenge_companion.demo.listener import Listener


async def test_an_answer_in_two_pieces_comes_without_delay() -> None:
    async def hello(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    took = []
    async with Listener(Starlette(routes=[Route("/", hello)])) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        for _ in range(40):
            began = time.perf_counter()
            writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
            await reader.readuntil(b"hello")
            took.append(time.perf_counter() - began)
        writer.close()
        await writer.wait_closed()

    # The second piece would wait 40 ms for the first to be acknowledged.
    assert statistics.median(took) < 0.02
