"""The typed door from Qt signals to coroutines, and the owner of the tasks that come through it."""

import asyncio
import functools
import inspect
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar


class Tasks:
    """The tasks one widget has started; they end when it goes."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` on the running loop; what it raises goes to `sys.excepthook`."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def cancel(self) -> None:
        """Cancel everything that still runs."""
        for task in tuple(self._running):
            task.cancel()

    @property
    def busy(self) -> bool:
        return bool(self._running)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            sys.excepthook(type(error), error, error.__traceback__)


class HasTasks(Protocol):
    """A widget that owns its tasks."""

    @property
    def tasks(self) -> Tasks: ...


S = TypeVar("S", bound=HasTasks)
P = ParamSpec("P")
AsyncMethod = Callable[Concatenate[S, P], Coroutine[Any, Any, None]]
SlotMethod = Callable[Concatenate[S, P], None]


def async_slot(method: AsyncMethod[S, P]) -> SlotMethod[S, P]:
    """Let a coroutine method be connected to a Qt signal; `self.tasks` owns what it starts.

    Arguments of the signal beyond those the method takes are left out, as Qt does for plain slots.
    """
    takes = len(inspect.signature(method).parameters) - 1

    def slot(self: S, /, *args: P.args, **kwargs: P.kwargs) -> None:
        self.tasks.start(method(self, *args[:takes], **kwargs))  # type: ignore[arg-type]  # cut to fit

    functools.update_wrapper(slot, method)
    return slot
