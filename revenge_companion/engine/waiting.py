"""Waiting for a time that something may cut short."""

import asyncio

from revenge_companion.core.clock import Clock


async def woken_within(event: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Wait until `event` is set, or for `seconds` of `clock` at most; the event stays as it is."""
    timer = asyncio.ensure_future(clock.sleep(seconds))
    woken = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({timer, woken}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
        woken.cancel()
        await asyncio.gather(timer, woken, return_exceptions=True)
