"""What an import of a long history costs beside the fetching of its pages.

The server is the demo's local Trakt, in a process of its own, or one that has every page ready
and whose plays are all of different things (`tests.bench.import_server`). Client, catalogue,
library and importer are the program's own. ``python -m tests.bench.bench_import``.

Fetching alone asks for one page after the other and makes the entries of each before it asks for
the next; the importer asks for the next one first. Where anything else runs on the computer, server
and importer share what is left of its processors, and the share says more of that than of us.
"""

import asyncio
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from revenge_companion.core.accounts import Account
from revenge_companion.core.catalogue import ServerItem
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.imports import ImportRun, RunState, Verdict
from revenge_companion.core.library import Facet, Subject, SubjectKind
from revenge_companion.core.media import Ids
from revenge_companion.core.ordering import Order, SortBy
from revenge_companion.engine.import_sources import Sources
from revenge_companion.engine.importer import Importer
from revenge_companion.engine.index import Index
from revenge_companion.engine.start import SystemClock
from revenge_companion.net.http import Http
from revenge_companion.services.base import LinkPrompt, LinkRequest, Secret
from revenge_companion.services.trakt.service import Trakt
from revenge_companion.store.database import Database
from revenge_companion.store.index import ServerIndex
from revenge_companion.store.library import Library

Row = tuple[str, float, str]

PROFILE = "bench/ann"
_ROOT = Path(__file__).parents[2]
_LOOK_S = 0.002
#: What a page takes from a server that is on the internet, and quick. Trakt's own pace is 300 ms.
_FAR_MS = 80.0


class _NoPace(SystemClock):
    """A clock that lets nobody wait: Trakt's own pace would hide what everything else costs."""

    ahead_s = 0.0

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.ahead_s

    async def sleep(self, seconds: float) -> None:
        self.ahead_s += seconds
        await asyncio.sleep(0)


class _Slot:
    """The account's place in a keyring, without a keyring."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    async def get(self) -> Secret:
        return self._secret

    async def put(self, secret: Secret) -> None:
        self._secret = secret

    def exclusive(self) -> asyncio.Lock:
        return asyncio.Lock()


class _Shows:
    async def __call__(self, prompt: LinkPrompt) -> None:
        assert prompt.code


@asynccontextmanager
async def _serving(module: str, plays: int) -> AsyncIterator[dict[str, str]]:
    """The environment that leads to a server with so many plays."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, str(plays),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=_ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 20)


class _Lookout:
    """Notes by how much the loop was late at worst, and by how much the process grew."""

    def __init__(self) -> None:
        self.worst_s = 0.0
        self.grown_mib = 0.0
        self._before = _resident_mib()
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        last_s = time.perf_counter()
        while True:
            await asyncio.sleep(_LOOK_S)
            now_s = time.perf_counter()
            self.worst_s = max(self.worst_s, now_s - last_s - _LOOK_S)
            last_s = now_s
            self.grown_mib = max(self.grown_mib, _resident_mib() - self._before)

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def _resident_mib() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


async def _stock(database: Database, clock: SystemClock, about: Iterable[Subject]) -> None:
    """A server that has nine in ten of what the plays are of."""
    store = ServerIndex(database, PROFILE)
    generation, now = await store.begin(), clock.now()
    films: list[ServerItem] = []
    shows: dict[Ids, tuple[ServerItem, list[ServerItem]]] = {}
    for number, subject in enumerate(about):
        if number % 10 == 9:
            continue
        if subject.kind is SubjectKind.MOVIE:
            films.append(ServerItem(replace(subject, media_id=f"f{number}", refs=())))
        elif subject.series is not None:
            series = subject.series
            if series.ids not in shows:
                show = Subject(SubjectKind.SHOW, series.title, series.year, series.ids,
                               media_id=f"s{number}")  # fmt: skip
                shows[series.ids] = ServerItem(show), []
            item, episodes = shows[series.ids]
            episodes.append(
                ServerItem(
                    replace(subject, media_id=f"e{number}", refs=()),
                    series_id=item.subject.media_id,
                )
            )
    await store.keep(films, generation)
    await store.keep([show for show, _ in shows.values()], generation)
    for show, episodes in shows.values():
        await store.keep_episodes(show, episodes, now)
    for kind in (SubjectKind.MOVIE, SubjectKind.SHOW):
        await store.whole(kind, generation, now)


@dataclass
class Measured:
    pages: int = 0
    fetch_s: float = 0.0
    read_s: float = 0.0
    preview_s: float = 0.0
    sorted_s: float = 0.0
    write_s: float = 0.0
    undo_s: float = 0.0
    late_s: float = 0.0
    grown_mib: float = 0.0


async def _fetch(client: Any) -> tuple[float, int]:
    """Seconds to walk through every page and do nothing with it, and how many there are."""
    began_s = time.perf_counter()
    cursor, count = "", 0
    while True:
        page = await client.page(Facet.HISTORY, cursor)
        count += 1
        cursor = page.next_cursor
        if not cursor:
            return time.perf_counter() - began_s, count


async def _about(client: Any) -> list[Subject]:
    """What the plays are of, each once."""
    found: dict[Subject, None] = {}
    cursor = ""
    while True:
        page = await client.page(Facet.HISTORY, cursor)
        found.update(dict.fromkeys(entry.subject for entry in page.entries))
        cursor = page.next_cursor
        if not cursor:
            return list(found)


async def _linked(service: Trakt, environ: dict[str, str]) -> tuple[Account, _Slot]:
    address = environ.get("BENCH_ADDRESS")
    if address is not None:
        account = Account(1, "trakt", "bench", "bench", api_url=address, client_id="bench")
        return account, _Slot(Secret("bench", client_id="bench"))
    linked = await service.link(LinkRequest(), _Shows())
    return Account(1, "trakt", "bench", "bench"), _Slot(linked.secret)


@asynccontextmanager
async def _at(module: str, folder: Path, plays: int) -> AsyncIterator["_Desk"]:
    """A server with so many plays, a linked account, and a database in `folder`."""
    clock, http = _NoPace(), Http()
    database = await Database.open(folder / "import.db", clock=clock)
    try:
        async with _serving(module, plays) as environ:
            service = Trakt(http, clock, {"TRAKT_CLIENT_SECRET": "bench", **environ})
            account, slot = await _linked(service, environ)
            client = service.client(account, slot)
            yield _Desk(clock, database, service, account, client)
    finally:
        await http.close()
        await database.close()


@dataclass
class _Desk:
    clock: _NoPace
    database: Database
    service: Trakt
    account: Account
    client: Any


async def stock(module: str, folder: Path, plays: int) -> None:
    """Fill the catalogue: in a process of its own, whose size says nothing of the import's."""
    async with _at(module, folder, plays) as desk:
        await _stock(desk.database, desk.clock, await _about(desk.client))


async def measure(module: str, folder: Path, plays: int) -> Measured:
    """Import everything `module` has once, between two times of fetching it alone."""
    measured = Measured()
    async with _at(module, folder, plays) as desk:
        index = Index(desk.database, desk.clock, lambda: None)
        index.use(PROFILE, None)
        services: Any = {"trakt": desk.service}
        importer = Importer(
            desk.database,
            SystemClock(),
            Sources(
                services,
                folder,
                linked=lambda: [desk.account],
                client_of=lambda _: desk.client,
                server=lambda: None,
            ),
            Library(desk.database, desk.clock),
            catalogue=lambda: index,
            marker=lambda: None,
            changed=lambda: None,
            refused=_refused,
        )
        fetches = [await _fetch(desk.client)]
        read_at: list[float] = []

        def told(run: ImportRun) -> None:
            if run.state is RunState.READING:
                read_at[:] = [time.perf_counter()]

        importer.on_progress(told)
        # As the program does when it has started.
        gc.collect()
        gc.freeze()
        lookout = _Lookout()
        began_s = time.perf_counter()
        run_id = await importer.begin("account:1", [Facet.HISTORY])
        await _until(importer, run_id, RunState.PREVIEW)
        preview_s = time.perf_counter()
        await importer.write(run_id)
        await _until(importer, run_id, RunState.DONE)
        ended_s = time.perf_counter()
        await lookout.end()
        fetches.append(await _fetch(desk.client))
        measured.fetch_s = sum(one for one, _ in fetches) / len(fetches)
        measured.pages = fetches[0][1]
        measured.read_s = preview_s - began_s
        measured.preview_s = preview_s - read_at[0]
        measured.write_s = ended_s - preview_s
        measured.late_s, measured.grown_mib = lookout.worst_s, lookout.grown_mib
        measured.sorted_s = await _sorted(importer, run_id)
        began_s = time.perf_counter()
        await importer.undo(run_id)
        await _until(importer, run_id, RunState.UNDONE)
        measured.undo_s = time.perf_counter() - began_s
        await importer.close()
    return measured


async def _sorted(importer: Importer, run_id: int) -> float:
    """Seconds that a page takes which is sorted: of each order the better of two, the worst."""
    worst_s = 0.0
    for order in (Order(by, down) for by in SortBy for down in (False, True)):
        took_s = []
        for _ in range(2):
            began_s = time.perf_counter()
            await importer.rows(run_id, Verdict.NEW, order=order)
            took_s.append(time.perf_counter() - began_s)
        worst_s = max(worst_s, min(took_s))
    return worst_s


async def _refused(run: ImportRun, error: CompanionError) -> None:
    raise AssertionError(str(error))


async def _until(importer: Importer, run_id: int, state: RunState) -> None:
    while True:
        run = await importer.run(run_id)
        if run.state is state and not run.running:
            return
        if run.state is RunState.STOPPED:
            raise AssertionError(run.trouble)
        await asyncio.sleep(0.02)


def _measured(module: str, plays: int, slow_ms: float = 0.0) -> Measured:
    """`measure` in a process of its own, over a catalogue that another one filled."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        for what in ("stock", "measure"):
            command = [sys.executable, "-m", "tests.bench.bench_import", what, module, folder]
            ended = subprocess.run(
                [*command, str(plays)],
                cwd=_ROOT,
                check=True,
                capture_output=True,
                timeout=600,
                env=os.environ | {"BENCH_SLOW_MS": str(slow_ms)},
            )
    return Measured(**json.loads(ended.stdout))


def rows(plays: int = 100_000) -> list[Row]:
    """Name, value and target of each measure."""
    local = _measured("tests.bench.local_trakt", plays)
    hard = _measured("tests.bench.import_server", plays)
    far = _measured("tests.bench.local_trakt", plays // 5, _FAR_MS)
    many = f"import of {plays:,} plays"
    return [
        (f"{many} from the local Trakt: fetching alone (s)", local.fetch_s, ""),
        (f"{many} from the local Trakt: read, matched, staged (s)", local.read_s, ""),
        (f"{many} from the local Trakt: written (s)", local.write_s, ""),
        (f"{many} from the local Trakt, all, over fetching", _share(local), "<= 1.3"),
        (
            f"import of {plays // 5:,} plays at {_FAR_MS:g} ms a page, all, over fetching",
            _share(far),
            "<= 1.3",
        ),
        (f"{many}, all different, pages ready: fetching (s)", hard.fetch_s, ""),
        (f"{many}, all different, pages ready: read, staged (s)", hard.read_s, ""),
        (f"{many}, all different, pages ready: written (s)", hard.write_s, ""),
        (f"{many}, all different: preview after the last page (s)", hard.preview_s, "<= 10"),
        (
            f"{many}, all different: a sorted page of the preview (ms)",
            hard.sorted_s * 1000,
            "<= 100",
        ),
        (f"{many}, all different: loop late at worst (ms)", hard.late_s * 1000, "<= 50"),
        (f"{many}, all different: memory grows by (MiB)", hard.grown_mib, "<= 60"),
        (f"{many}, all different: taken back (s)", hard.undo_s, ""),
    ]


def _share(one: Measured) -> float:
    return (one.read_s + one.write_s) / one.fetch_s


def _part(what: str, module: str, folder: str, plays: str) -> None:
    if what == "stock":
        asyncio.run(stock(module, Path(folder), int(plays)))
    else:
        print(json.dumps(asdict(asyncio.run(measure(module, Path(folder), int(plays))))))


if __name__ == "__main__":
    if len(sys.argv) == 5:
        _part(*sys.argv[1:])
    else:
        for name, value, target in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000):
            print(f"{name:<72} {value:8.2f}   {target}")
