"""What of a source is on its way: the next answer is fetched and the next lines are prepared while
the last are written down.

Preparing is computing. It is done on the loop, in slices that nobody notices and mostly while the
source thinks about its next answer: on a thread of its own it would hold up the answer that comes,
by the 5 ms after which the interpreter lets another thread go on.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from revenge_companion.core.errors import ServiceTrouble
from revenge_companion.core.imports import Unread
from revenge_companion.services.importing import Fetched
from revenge_companion.store.import_lines import Prepared, Preparing, Seen

_T = TypeVar("_T")

#: Pages of one facet: ten million lines.
_MOST_PAGES = 100_000
#: For how long lines are gathered for one transaction, in seconds: a hundred small ones cost more
#: than ten large ones, and what a crash loses is fetched again.
_GATHERED_S = 0.25
#: Answers that are fetched ahead, or as many as have enough lines.
_AHEAD = 4
#: Lines that are worked on before anybody else has a turn: some 4 ms.
_SLICE = 250
#: Turns of the loop after which the next request is out.
_TURNS = 5


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines for one transaction."""

    prepared: Prepared
    #: Where the walk goes on behind them, as `ImportPage.next_cursor`.
    next_cursor: str
    #: As the last page that said it, `ImportPage.total`.
    total: int | None
    #: As `ImportPage.unreadable`, of all its pages.
    unreadable: Sequence[Unread | str]


class Ahead:
    """Walks through one facet of a source, ahead of whoever takes its batches."""

    def __init__(
        self, fetch: Callable[[str], Awaitable[Fetched]], cursor: str, seen: Seen, enough: int
    ) -> None:
        """`fetch` gives the answer at a cursor; `enough` lines make a batch."""
        self._fetch = fetch
        self._seen = seen
        self._wanted = enough
        self._answers: deque[Fetched] = deque()
        self._lines = 0
        self._came, self._taken = asyncio.Event(), asyncio.Event()
        self._batches: asyncio.Queue[Batch | Exception | None] = asyncio.Queue(1)
        self._fetching = asyncio.create_task(self._fetch_all(cursor))
        self._fetching.add_done_callback(lambda _: self._came.set())
        self._preparing = asyncio.create_task(self._prepare_all())

    async def batch(self) -> Batch | None:
        """The next lines: enough of them, or what came in a short while; None after the last.

        Raises what the fetching raised, once everything before it was taken.
        """
        batch = await self._batches.get()
        self._batches.task_done()
        if isinstance(batch, Exception):
            raise batch
        return batch

    async def close(self) -> None:
        """Fetch no more. What was not taken is as if it had never been asked for."""
        for task in (self._fetching, self._preparing):
            task.cancel()
        await asyncio.gather(self._fetching, self._preparing, return_exceptions=True)

    async def _fetch_all(self, cursor: str) -> None:
        for _ in range(_MOST_PAGES):
            answer = await self._fetch(cursor)
            if answer.next_cursor and answer.next_cursor == cursor:
                raise ServiceTrouble("The source sends the same page again and again.")
            self._answers.append(answer)
            self._lines += answer.lines
            self._came.set()
            cursor = answer.next_cursor
            if not cursor:
                return
            while self._lines >= self._wanted or len(self._answers) >= _AHEAD:
                self._taken.clear()
                await self._taken.wait()
        raise ServiceTrouble("The source does not come to an end.")

    async def _prepare_all(self) -> None:
        try:
            while (answer := await self._next(None)) is not None:
                await self._batches.put(await self._gathered(answer))
                # One is enough: what is prepared is held in memory.
                await self._batches.join()
            await self._fetching
            await self._batches.put(None)
        except Exception as error:
            await self._batches.put(error)

    async def _gathered(self, answer: Fetched | None) -> Batch:
        """A batch that begins with `answer`."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + _GATHERED_S
        preparing = Preparing(self._seen)
        cursor, total, lines = "", None, 0
        unreadable: list[Unread | str] = []
        while answer is not None:
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            page = answer.page()
            await asyncio.sleep(0)
            await in_slices(page.entries, preparing.add)
            cursor, total = page.next_cursor, total if page.total is None else page.total
            unreadable += page.unreadable
            lines += answer.lines
            more = lines < self._wanted
            answer = await self._next(until_s - loop.time()) if more else None
        return Batch(preparing.whole(), cursor, total, unreadable)

    async def _next(self, within_s: float | None) -> Fetched | None:
        """The next answer; None where none came in so many seconds, or none will come."""
        while not self._answers and not self._fetching.done():
            self._came.clear()
            try:
                async with asyncio.timeout(within_s):
                    await self._came.wait()
            except TimeoutError:
                return None
        if not self._answers:
            return None
        answer = self._answers.popleft()
        self._lines -= answer.lines
        self._taken.set()
        return answer


async def in_slices(many: Sequence[_T], call: Callable[[Sequence[_T]], None]) -> None:
    """Call `call` with all of `many`, a few at a time, between which others have their turn."""
    for at in range(0, len(many), _SLICE):
        call(many[at : at + _SLICE])
        await asyncio.sleep(0)
