"""Asking the running instance, or the profile itself where none runs."""

import argparse
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from revenge_companion.cli.parser import refused
from revenge_companion.core.errors import AlreadyRunning
from revenge_companion.engine.control import ask
from revenge_companion.paths import find_paths

if TYPE_CHECKING:
    from revenge_companion.engine.start import Running

_log = logging.getLogger(__name__)

#: How long a command waits for another one that has the profile open, in seconds.
_PATIENCE_S = 3.0
#: And how long until it asks once more whether that one answers by now.
_TURN_S = 0.5
#: What asks the media server, too, or names its items.
_AT_SERVER = frozenset(
    {
        "import_rows",
        "import_unmatched",
        "import_candidates",
        "import_match",
        "sync_now",
        "sync_answer",
    }
)
#: What another command may ask of one that is at work: its engine ends with it.
_MEANWHILE = frozenset(
    {
        "status",
        "outbox",
        "history",
        "import_sources",
        "import_runs",
        "import_run",
        "import_rows",
        "import_unmatched",
        "import_cancel",
    }
)
_BUSY = "Another command is at work. Try again when it has ended, or `import cancel` its import."
#: What a command can do about an address without encryption.
_ALLOW_HTTP = "The option --allow-http does that."


def answer(do: str, *, timeout_s: float = 60.0, **args: object) -> dict[str, Any]:
    """The answer to one request, from the running instance or from the profile's own files."""
    control = find_paths().control
    end_s = time.monotonic() + _PATIENCE_S
    while True:
        said = ask(control, do, timeout_s=timeout_s, **args)
        if said is not None:
            return said
        try:
            return alone(do, args, patience_s=_TURN_S)
        except AlreadyRunning:
            # Who has the profile open may be about to answer, or to end.
            if time.monotonic() >= end_s:
                raise


def alone(do: str, args: dict[str, object], *, patience_s: float = _PATIENCE_S) -> dict[str, Any]:
    """The same request to an engine of our own; nothing is listened to.

    Raises AlreadyRunning where another process has the profile for longer than `patience_s`.
    """
    # Imported here: a running instance answers within the time that these imports take.
    import asyncio

    from revenge_companion.engine.requests import Requests

    async def work() -> dict[str, Any]:
        running = await opened(patience_s=patience_s)
        try:
            await (running.engine.reach() if do in _AT_SERVER else running.engine.peek())
            requests = Requests(running.engine)
            try:
                return await requests.handle(do, args)
            finally:
                await requests.close()
        finally:
            await running.close()

    return asyncio.run(work())


#: The answer to one request by name, with its arguments.
Ask = Callable[..., Awaitable[dict[str, Any]]]


@asynccontextmanager
async def reached() -> AsyncIterator[Ask]:
    """Ask several things of one engine: the running one's, or our own that lives as long as this.

    For what goes on between two requests, such as an import. Meanwhile our own engine answers other
    commands that look at it, or cancel it.
    """
    from revenge_companion.engine.control import (
        AlreadyAnswering,
        ControlServer,
        NotAnswering,
        ask_async,
    )

    control = find_paths().control

    async def ask_running(do: str, *, timeout_s: float = 60.0, **args: object) -> dict[str, Any]:
        said = await ask_async(control, do, timeout_s=timeout_s, **args)
        if said is None:
            raise NotAnswering("The running Companion has ended.")
        return said

    running = await _opened_unless(
        lambda: ask_async(control, "status", timeout_s=10.0), patience_s=_PATIENCE_S
    )
    if running is None:
        yield ask_running
        return
    from revenge_companion.engine.requests import Requests

    try:
        await running.engine.reach()
        requests = Requests(running.engine)

        async def ask_ours(do: str, *, timeout_s: float = 60.0, **args: object) -> dict[str, Any]:
            return await requests.handle(do, args)

        async def answer(do: str, args: Mapping[str, Any]) -> dict[str, Any]:
            return await requests.handle(do, args) if do in _MEANWHILE else {"error": _BUSY}

        server = ControlServer(control, answer)
        try:
            await server.start()
        except (AlreadyAnswering, OSError) as error:
            # Others have to wait, then.
            _log.info("Other commands are not answered: %s", error)
        try:
            yield ask_ours
        finally:
            await server.close()
            await requests.close()
    finally:
        await running.close()


async def _opened_unless(
    answers: Callable[[], Awaitable[object | None]], *, patience_s: float
) -> "Running | None":
    """The profile's engine, not started; None once somebody else has it and `answers`."""
    end_s = time.monotonic() + patience_s
    while await answers() is None:
        try:
            return await opened(patience_s=_TURN_S)
        except AlreadyRunning:
            if time.monotonic() >= end_s:
                raise
    return None


async def opened(*, patience_s: float = _PATIENCE_S) -> "Running":
    """The profile's engine, not started; another command may have the profile for a moment.

    Raises AlreadyRunning where it has it for longer than `patience_s` seconds.
    """
    from revenge_companion.engine.start import SystemClock, open_engine

    clock = SystemClock()
    end_s = clock.monotonic_s() + patience_s
    while True:
        try:
            return await open_engine(find_paths())
        except AlreadyRunning:
            if clock.monotonic_s() >= end_s:
                raise
        await clock.sleep(0.05)


def show(
    args: argparse.Namespace, said: dict[str, Any], words: Callable[[dict[str, Any]], None]
) -> int:
    """Print an answer as JSON or in words; returns the exit code."""
    if "error" in said:
        hint = f" {_ALLOW_HTTP}" if said.get("code") == "plain_http" else ""
        return refused(args, f"{said['error']}{hint}")
    if args.json:
        print(json.dumps(said, ensure_ascii=False))
    else:
        words(said)
    return 0
