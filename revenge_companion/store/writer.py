"""The one thread that owns the database connection, and the way to it from the event loop."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
L = TypeVar("L")
_Job = tuple[Callable[[Any], Any], Any, asyncio.Future[Any]]
_Done = tuple[asyncio.Future[Any], Any, BaseException | None]


class Writer:
    """Runs functions one after the other on a thread of its own.

    Results come back through a deque and one `call_soon_threadsafe` per batch, so that a thousand
    short jobs wake the loop only as often as it can follow.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._done: deque[_Done] = deque()
        self._woken = False
        self._ended = self._loop.create_future()
        # A daemon: a process that is going down anyway must not wait for a stuck disk.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, job: Callable[[L], T], link: L) -> asyncio.Future[T]:
        """Queue `job(link)`; it runs even where the caller stops waiting for it."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put((job, link, future))
        return future

    async def end(self) -> None:
        """Run what is queued, then end the thread."""
        self._jobs.put(None)
        await asyncio.shield(self._ended)
        self._thread.join()

    def _work(self) -> None:
        while (entry := self._jobs.get()) is not None:
            job, link, future = entry
            try:
                self._tell((future, job(link), None))
            except BaseException as error:
                self._tell((future, None, error))
            # The result must not be kept alive until the next job comes.
            del entry, job, link, future
        self._tell((self._ended, None, None))

    def _tell(self, done: _Done) -> None:
        self._done.append(done)
        if not self._woken:
            self._woken = True
            # The loop may be closed where the process is ending; nobody waits then.
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._collect)

    def _collect(self) -> None:
        # Cleared first: a result appended from now on wakes the loop again.
        self._woken = False
        while self._done:
            future, result, error = self._done.popleft()
            if future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
