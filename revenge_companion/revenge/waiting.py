"""Waiting that a nudge cuts short, and the pace of reconnecting."""

import asyncio

from revenge_companion.core.clock import Clock

#: Seconds before each reconnection; the last one goes on for ever.
RECONNECT_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)


def reconnect_wait_s(failures: int, jitter: float) -> float:
    """Seconds to wait after `failures` (1 for the first); `jitter` from 0 to 1 takes up to half."""
    whole = RECONNECT_S[min(max(failures, 1), len(RECONNECT_S)) - 1]
    return whole * (0.5 + 0.5 * jitter)


class Nudge:
    """Wakes whoever waits for something that may have become possible just now."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def __call__(self) -> None:
        """Wake every waiter of this moment; later waiters wait again."""
        waiting, self._event = self._event, asyncio.Event()
        waiting.set()

    async def sleep(self, clock: Clock, seconds: float) -> bool:
        """Wait `seconds` of `clock` or until nudged; True when nudged."""
        slept = asyncio.ensure_future(clock.sleep(seconds))
        nudged = asyncio.ensure_future(self._event.wait())
        try:
            await asyncio.wait((slept, nudged), return_when=asyncio.FIRST_COMPLETED)
            return nudged.done()
        finally:
            slept.cancel()
            nudged.cancel()


async def first_of(*tasks: "asyncio.Task[None]") -> None:
    """Wait until one of `tasks` ends, end the others, and raise what any of them raised."""
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, Exception):
            raise outcome
