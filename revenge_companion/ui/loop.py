"""The asyncio loop on top of Qt: qasync's, with its timers, batches and nested loops mended.

What qasync 0.28 does otherwise: one Qt timer per callback (coarse, so sleeps end up to 5 % early
or late), cancelled timers that live until they expire, an overflow beyond 24.8 days, ten threads
for the first `to_thread`, and tasks that lose their wake-up while a modal dialog runs inside a
coroutine.
"""

import asyncio
import heapq
import itertools
import math
import sys
from asyncio import tasks
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import Any

import qasync
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer

#: Threads for `asyncio.to_thread`; they are started one by one as needed.
THREADS = 4
#: The longest single Qt timer, in seconds: Qt counts milliseconds in 32 bits.
LONGEST_TIMER_S = 86_400.0
#: Cancelled timers are swept out once there are this many, and more than living ones.
SWEEP_FROM = 64


class _Wake(QObject):
    """Receives the one posted event per batch."""

    def __init__(self, run: Callable[[], None]) -> None:
        super().__init__()
        self._run = run
        self._type = QEvent.Type(QEvent.registerEventType())

    def post(self) -> None:
        """Ask Qt to call `run` soon; safe from any thread."""
        QCoreApplication.postEvent(self, QEvent(self._type))

    def event(self, event: QEvent) -> bool:
        if event.type() == self._type:
            self._run()
            return True
        return super().event(event)


class CompanionLoop(qasync.QEventLoop):  # type: ignore[misc]  # qasync has no types
    """An asyncio loop run by Qt's; it wakes only for posted callbacks, sockets and due timers."""

    def __init__(self, app: QCoreApplication) -> None:
        # Before the base class, which schedules while it is built.
        self._soon: deque[asyncio.Handle] = deque()
        self._posted = False
        #: How often the loop woke to run callbacks.
        self.batches = 0
        self._later: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._order = itertools.count()
        self._cancelled_timers = 0
        self._armed_for = math.inf
        self._wake = _Wake(self._run_soon)
        self._clock_timer = QTimer()
        self._clock_timer.setSingleShot(True)
        # Precise. By its name it takes all of Qt's namespace, which takes 10 ms to load.
        self._clock_timer.setProperty("timerType", 0)
        self._clock_timer.timeout.connect(self._run_due)
        super().__init__(app)
        self.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="companion"))

    @property
    def timers(self) -> int:
        """How many timers are kept, cancelled ones that were not swept out yet among them."""
        return len(self._later)

    @property
    def next_timer_s(self) -> float | None:
        """`time()` at which the next timer is due; None while there is none."""
        return None if self._armed_for == math.inf else self._armed_for

    # Callbacks

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        self._check_closed()
        handle = asyncio.Handle(callback, args, self, context)
        self._add_callback(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        self._check_closed()
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._later, (when, next(self._order), handle))
        self._arm()
        return handle

    def _add_callback(self, handle: asyncio.Handle, delay: float = 0) -> asyncio.Handle:
        # Also the way in for signal handlers and sockets of the base classes.
        self._soon.append(handle)
        if not self._posted:
            self._posted = True
            self._wake.post()
        return handle

    def _run_soon(self) -> None:
        # Cleared before counting: a thread that appends meanwhile either is counted or posts anew.
        self._posted = False
        self.batches += 1
        batch = len(self._soon)
        if batch > 1:
            # Should one of these run a nested loop, the others go on inside it.
            self._posted = True
            self._wake.post()
        for _ in range(batch):
            if not self._soon:
                break
            self._run_handle(self._soon.popleft())
        if self._soon and not self._posted:
            self._posted = True
            self._wake.post()

    def _run_handle(self, handle: asyncio.Handle) -> None:
        if handle.cancelled():
            return
        # Set only inside a nested loop: asyncio refuses to enter a task while one is entered.
        outer = asyncio.current_task(self)
        if outer is None:
            handle._run()  # noqa: SLF001  # as asyncio's own loops do
            return
        tasks._leave_task(self, outer)  # noqa: SLF001  # no public way
        try:
            handle._run()  # noqa: SLF001
        finally:
            tasks._enter_task(self, outer)  # noqa: SLF001

    # Timers

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        # Called just before the handle itself knows that it is cancelled.
        later = self._later
        if later and later[0][2] is handle:
            heapq.heappop(later)
        else:
            # One that has already run counts too: then the sweep merely comes a little early.
            self._cancelled_timers += 1
            if self._cancelled_timers > max(SWEEP_FROM, len(later) // 2):
                self._later = [
                    entry for entry in later if not (entry[2].cancelled() or entry[2] is handle)
                ]
                heapq.heapify(self._later)
                self._cancelled_timers = 0
        self._arm()

    def _arm(self) -> None:
        """Let the one Qt timer end when the next living handle is due."""
        later = self._later
        while later and later[0][2].cancelled():
            heapq.heappop(later)
            self._cancelled_timers -= 1
        due = later[0][0] if later else math.inf
        if due == self._armed_for:
            return
        self._armed_for = due
        if due == math.inf:
            self._clock_timer.stop()
            return
        wait_s = min(max(due - self.time(), 0.0), LONGEST_TIMER_S)
        self._clock_timer.start(math.ceil(wait_s * 1000))

    def _run_due(self) -> None:
        self._armed_for = math.inf
        now = self.time()
        while self._later and self._later[0][0] <= now:
            handle = heapq.heappop(self._later)[2]
            if handle.cancelled():
                self._cancelled_timers -= 1
            else:
                self._add_callback(handle)
        self._arm()

    # Running

    def run_forever(self) -> object:
        # qasync leaves these to chance; without them a dropped async generator is never closed.
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(
            firstiter=self._asyncgen_firstiter_hook, finalizer=self._asyncgen_finalizer_hook
        )
        try:
            result: object = super().run_forever()
            return result
        finally:
            sys.set_asyncgen_hooks(*hooks)

    def close(self) -> None:
        if self.is_closed():
            return
        super().close()
        self._clock_timer.stop()
        self._soon.clear()
        self._later.clear()
