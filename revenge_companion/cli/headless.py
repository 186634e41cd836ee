"""`run --headless`: the engine without a window; the composition root without Qt."""

import argparse
import asyncio
import gc
import json
import logging
import os
import signal
import sys

from revenge_companion.cli.parser import refused
from revenge_companion.cli.reach import opened
from revenge_companion.core.errors import AlreadyRunning, StoreTrouble
from revenge_companion.engine.api import Notification
from revenge_companion.engine.control import AlreadyAnswering, ControlServer, ask_async
from revenge_companion.engine.linker import VAULT_KEY_ENV
from revenge_companion.engine.requests import Requests, status_json
from revenge_companion.engine.start import Running, open_engine
from revenge_companion.logs import configure
from revenge_companion.paths import Paths, find_paths

_log = logging.getLogger(__name__)


def run(args: argparse.Namespace) -> int:
    if not args.headless:
        from revenge_companion.app import NO_DISPLAY, has_display, run_window

        return run_window(minimised=False) if has_display() else refused(args, NO_DISPLAY)
    paths = find_paths().create()
    configure(paths.log_file)
    try:
        return asyncio.run(_run(args, paths))
    except StoreTrouble as error:
        return refused(args, str(error))


async def _run(args: argparse.Namespace, paths: Paths) -> int:
    try:
        running = await open_engine(paths)
    except AlreadyRunning:
        if await ask_async(paths.control, "status", timeout_s=2.0) is not None:
            raise
        # No program: a command has the profile for a moment.
        running = await opened()
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            asyncio.get_running_loop().add_signal_handler(number, ending.set)
        except NotImplementedError:
            # Windows: Ctrl+C raises KeyboardInterrupt instead.
            break
    requests = Requests(running.engine, quit_requested=ending.set)
    control = ControlServer(paths.control, requests.handle)
    try:
        await control.start()
        for note in running.notes:
            print(note, file=sys.stderr, flush=True)
        running.engine.on_notification(_say)
        await running.engine.start()
        status = running.engine.status
        if status.trouble:
            # It runs on: what plays is not heard, or not sent, until this is mended.
            more = (
                f" Without a window the passphrase is read from {VAULT_KEY_ENV}."
                if status.needs_passphrase
                else ""
            )
            print(status.trouble + more, file=sys.stderr, flush=True)
        # What is loaded stays for good: the collector need not look through it again and again.
        gc.collect()
        gc.freeze()
        _announce(args, running)
        await ending.wait()
    except (AlreadyAnswering, OSError) as error:
        return refused(args, str(error))
    finally:
        # In this order: nobody asks any more, then what is being sent settles.
        await control.close()
        await requests.close()
        await running.close()
    return 0


def _announce(args: argparse.Namespace, running: Running) -> None:
    if args.json:
        print(
            json.dumps({"running": os.getpid(), **status_json(running.engine.status)}), flush=True
        )
    else:
        print("Running without a window. Ctrl+C stops.", flush=True)


def _say(notification: Notification) -> None:
    from revenge_companion.core.reasons import sentence

    words = sentence(notification.reason, notification.facts)
    print(f"{notification.title}: {words}", file=sys.stderr, flush=True)
