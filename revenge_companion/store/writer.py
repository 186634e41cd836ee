"""The one thread that owns the database connection, and the way to it from the event loop."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
Job = Callable[[], Any]
#: What a job returned, or what it raised.
Outcome = tuple[Any, BaseException | None]
_Entry = tuple[Job, bool, asyncio.Future[Any]]

#: Jobs that may share one commit.
_LARGEST_GROUP = 64


def outcome(job: Job) -> Outcome:
    """Run `job` and keep whatever comes of it."""
    try:
        return job(), None
    except BaseException as error:
        return None, error


class Writer:
    """Runs jobs in order on a thread of its own; those that wait together run as one group.

    `group` runs several jobs and returns an outcome for each. Results come back through a deque and
    one `call_soon_threadsafe` per batch, so that a thousand short jobs wake the loop only as often
    as it can follow.
    """

    def __init__(self, name: str, group: Callable[[Sequence[Job]], list[Outcome]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._group = group
        self._jobs: SimpleQueue[_Entry | None] = SimpleQueue()
        self._done: deque[tuple[asyncio.Future[Any], Outcome]] = deque()
        self._woken = False
        self._ended = self._loop.create_future()
        # A daemon: a process that is going down anyway must not wait for a stuck disk.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, job: Callable[[], T], *, alone: bool = False) -> asyncio.Future[T]:
        """Queue `job`; it runs even where the caller stops waiting for it.

        `alone` keeps it out of any group.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put((job, alone, future))
        return future

    async def end(self) -> None:
        """Run what is queued, then end the thread."""
        self._jobs.put(None)
        await asyncio.shield(self._ended)
        self._thread.join()

    def _work(self) -> None:
        ended = False
        while not ended:
            group, behind = self._gather()
            if len(group) > 1:
                outcomes = self._group([job for job, _, _ in group])
                self._tell((entry[2], done) for entry, done in zip(group, outcomes, strict=True))
                del outcomes
            elif group:
                behind = [*group, *behind]
            # Results must not be kept alive until the next job comes.
            del group
            for entry in behind:
                if entry is None:
                    ended = True
                else:
                    self._tell(((entry[2], outcome(entry[0])),))
            del behind
            entry = None
        self._tell(((self._ended, (None, None)),))

    def _gather(self) -> tuple[list[_Entry], list[_Entry | None]]:
        """The jobs that wait and may share a commit, and the one behind them that may not."""
        group: list[_Entry] = []
        while len(group) < _LARGEST_GROUP and not (group and self._jobs.empty()):
            entry = self._jobs.get()
            if entry is None or entry[1]:
                return group, [entry]
            group.append(entry)
        return group, []

    def _tell(self, done: Iterable[tuple[asyncio.Future[Any], Outcome]]) -> None:
        self._done.extend(done)
        if not self._woken:
            self._woken = True
            # The loop may be closed where the process is ending; nobody waits then.
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._collect)

    def _collect(self) -> None:
        # Cleared first: a result appended from now on wakes the loop again.
        self._woken = False
        while self._done:
            future, (result, error) = self._done.popleft()
            if future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
