"""Forks engines that are there to be killed: a process of its own each, without Python's start.

Standard input holds one line of JSON for each engine; standard output answers with its process id
and, once it is gone, with how it ended. `tests.faults.kills` is the other side.

An engine is told: `home`, `clock` (speed, started_at, started_s), `env`, and one of
`link` (sign in and link, end when something was delivered), `end` (end when nothing waits any
more), `statement` (die right before this SQL statement), `sync` (see `sync`), or none of them (run
until killed).
"""

import asyncio
import json
import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

# Imported for the engines that are forked: they start with everything loaded.
import httpx
import websockets.asyncio.client

import revenge_companion.engine.requests
import revenge_companion.revenge.source
from revenge_companion.core.accounts import Switches
from revenge_companion.demo.clock import ScaledClock
from revenge_companion.engine.start import open_engine
from revenge_companion.engine.supervisor import Engine
from revenge_companion.paths import find_paths
from revenge_companion.services.base import LinkPrompt, LinkRequest
from revenge_companion.store.database import Database
from revenge_companion.store.files import replace_file
from tests.faults.rig import LINKED, OVER

_LOADED = (httpx, websockets.asyncio.client, revenge_companion.revenge.source)
#: Checks in a row that find nothing waiting before an engine that may end does.
_QUIET_CHECKS = 3
_IN_STEP = Switches(
    scrobble=False, sync_history=True, sync_ratings=True, sync_watchlist=True, now_playing=False
)


class FileSecrets:
    """A keyring in a plain file: unlocking the vault would be most of a short life."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def get(self, name: str) -> str | None:
        return self._all().get(name)

    async def put(self, name: str, value: str) -> None:
        replace_file(self._path, json.dumps(self._all() | {name: value}).encode())

    async def drop(self, name: str) -> None:
        kept = self._all()
        kept.pop(name, None)
        replace_file(self._path, json.dumps(kept).encode())

    def _all(self) -> dict[str, str]:
        if not self._path.exists():
            return {}
        kept: dict[str, str] = json.loads(self._path.read_bytes())
        return kept


def doomed(statement: int) -> type[Database]:
    """A database whose process dies when it comes to its `statement`th SQL statement."""
    left = statement

    def count(sql: str) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    class DoomedDatabase(Database):
        def _connect(self, *, look_closely: bool = True) -> None:
            super()._connect(look_closely=look_closely)
            self._link.connection.set_trace_callback(count)

    return DoomedDatabase


async def run(given: dict[str, Any]) -> None:
    clock = ScaledClock(
        given["clock"]["speed"],
        started_at=datetime.fromisoformat(given["clock"]["started_at"]),
        started_s=given["clock"]["started_s"],
    )
    paths = find_paths(given["home"]).create()
    running = await open_engine(
        paths,
        clock=clock,
        environ=given["env"],
        secrets=FileSecrets(paths.data / "secrets.json"),
        database_type=doomed(given["statement"]) if given.get("statement") else Database,
    )
    engine = running.engine
    await engine.start()
    if "sync" in given:
        await sync(engine, given["sync"])
        await running.close()
        return
    if "link" in given:
        delivered = asyncio.Event()
        engine.on_change(lambda change: delivered.set() if engine.status.outbox.delivered else None)
        await _link(engine, given["link"])
        await delivered.wait()
    if "link" in given or "end" in given:
        await _emptied(engine)
        await running.close()
        return
    await asyncio.Event().wait()


async def sync(engine: Engine, given: dict[str, Any]) -> None:
    """Keep every account in step, saying yes to every question, until killed.

    With `link` the accounts of these services are linked and switched on, and that is all. With
    `ends` it ends once a round brings nothing and nothing waits any more; raises where it cannot.
    """
    for service in given.get("link", ()):
        account = await engine.link(service, LinkRequest(), "", _approve)
        await engine.set_switches(account.id, _IN_STEP)
    if "link" in given:
        return
    silent = 0
    while silent < _QUIET_CHECKS:
        before = len(await engine.outbox(limit=100_000))
        for status in engine.status.accounts:
            found = await engine.syncs.sync_now(status.account.id)
            for facet in found.facets:
                if facet.question is not None:
                    await engine.syncs.answer(status.account.id, facet.facet, go_on=True)
            troubles = [facet.trouble for facet in found.facets if facet.trouble]
            assert not (troubles and given.get("ends")), troubles
        rows = await engine.outbox(limit=100_000)
        over = all(row.delivery.state in OVER for row in rows)
        silent = silent + 1 if over and len(rows) == before and given.get("ends") else 0
        await asyncio.sleep(0.05)


async def _link(engine: Engine, given: dict[str, str]) -> None:
    await engine.sign_in(given["server"], given["username"], given["password"])
    for service in LINKED:
        secret = given["token"] if service == "listenbrainz" else ""
        await engine.link(service, LinkRequest(secret=secret), "", _approve)


async def _approve(prompt: LinkPrompt) -> None:
    """The local destinations approve by themselves."""


async def _emptied(engine: Engine) -> None:
    quiet = 0
    while quiet < _QUIET_CHECKS:
        await asyncio.sleep(0.2)
        rows = await engine.outbox(limit=100_000)
        waits = any(row.delivery.state not in OVER for row in rows)
        quiet = 0 if waits or not engine.status.source.connected else quiet + 1


def serve() -> None:
    """Fork one engine after the other until standard input ends."""
    gone = 0
    for line in sys.stdin:
        if gone:
            os.waitpid(gone, 0)
        given = json.loads(line)
        pid = os.fork()
        if not pid:
            devnull = os.open(os.devnull, os.O_RDONLY)
            os.dup2(devnull, 0)
            log = os.open(given["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            try:
                asyncio.run(run(given))
            except BaseException:
                sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
                os._exit(1)
            os._exit(0)
        print(json.dumps({"pid": pid}), flush=True)  # noqa: T201  # the answer
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None
        killed = ended.si_code == os.CLD_KILLED
        print(json.dumps({"ended": ended.si_status, "killed": killed}), flush=True)  # noqa: T201
        # Its number is nobody else's while it is not waited for, so that a kill that comes too
        # late hits nobody.
        gone = pid


if __name__ == "__main__":
    serve()
