"""What an import of a long history costs beside the fetching of its pages.

A server that answers as Trakt does runs in a process of its own; the client, the catalogue, the
library and the importer are the program's own. ``python -m tests.bench.bench_import``.
"""

import asyncio
import gc
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from revenge_companion.core.accounts import Account
from revenge_companion.core.catalogue import ServerItem
from revenge_companion.core.imports import ImportRun, RunState
from revenge_companion.core.library import Facet, Subject, SubjectKind
from revenge_companion.core.media import Ids, Series
from revenge_companion.engine.import_sources import Sources
from revenge_companion.engine.importer import Importer
from revenge_companion.engine.index import Index
from revenge_companion.engine.start import SystemClock
from revenge_companion.net.http import Http
from revenge_companion.services.base import Secret
from revenge_companion.services.trakt.service import Trakt
from revenge_companion.store.database import Database
from revenge_companion.store.index import ServerIndex
from revenge_companion.store.library import Library
from tests.bench.import_server import EPISODES, line

Row = tuple[str, float, str]

PROFILE = "bench/ann"
_ROOT = Path(__file__).parents[2]
_LOOK_S = 0.002


class _NoPace(SystemClock):
    """A clock that lets nobody wait: Trakt's own pace would hide what everything else costs."""

    ahead_s = 0.0

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.ahead_s

    async def sleep(self, seconds: float) -> None:
        self.ahead_s += seconds
        await asyncio.sleep(0)


class _Slot:
    async def get(self) -> Secret:
        return Secret("bench", client_id="bench")

    async def put(self, secret: Secret) -> None:
        raise AssertionError("nothing is renewed")

    def exclusive(self) -> asyncio.Lock:
        return asyncio.Lock()


@asynccontextmanager
async def _serving(plays: int) -> AsyncIterator[str]:
    """The address of a server with so many plays."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.import_server", str(plays),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=_ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}"
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 20)


class _Lookout:
    """Notes by how much the loop was late at worst, and how large the process grew."""

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


async def _stock(database: Database, clock: SystemClock, plays: int) -> Index:
    """A server that has every film and show but one in ten."""
    store = ServerIndex(database, PROFILE)
    generation = await store.begin()
    films, shows, episodes = [], {}, []
    for number in range(plays):
        row = line(number)
        if number % 10 == 0:
            film = row["movie"]
            ids = Ids(film["ids"]["tmdb"], film["ids"]["imdb"])
            films.append(
                ServerItem(Subject(SubjectKind.MOVIE, film["title"], film["year"], ids,
                                   media_id=f"f{number}"))
            )  # fmt: skip
            continue
        show = row["show"]
        series = f"s{number // EPISODES}"
        ids = Ids(show["ids"]["tmdb"], show["ids"]["imdb"], show["ids"]["tvdb"])
        if series not in shows:
            shows[series] = ServerItem(
                Subject(SubjectKind.SHOW, show["title"], show["year"], ids, media_id=series)
            )
        about = row["episode"]
        if number % 10 != 1:
            episodes.append(
                ServerItem(
                    Subject(SubjectKind.EPISODE, "", ids=Ids(tvdb=about["ids"]["tvdb"]),
                            series=Series(show["title"], show["year"], ids),
                            season_number=about["season"], episode_number=about["number"],
                            media_id=f"e{number}"),
                    series_id=series,
                )
            )  # fmt: skip
    await store.keep(films, generation)
    await store.keep(list(shows.values()), generation)
    by_show: dict[str, list[ServerItem]] = {}
    for item in episodes:
        by_show.setdefault(item.series_id, []).append(item)
    now = clock.now()
    for series, item in shows.items():
        await store.keep_episodes(item, by_show.get(series, []), now)
    for kind in (SubjectKind.MOVIE, SubjectKind.SHOW):
        await store.whole(kind, generation, now)
    index = Index(database, clock, lambda: None)
    index.use(PROFILE, None)
    return index


@dataclass
class _Measured:
    fetch_s: float = 0.0
    read_s: float = 0.0
    preview_s: float = 0.0
    write_s: float = 0.0
    undo_s: float = 0.0
    late_s: float = 0.0
    grown_mib: float = 0.0
    pages: int = 0


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


async def _import(folder: Path, plays: int, *, undo: bool) -> _Measured:
    clock = _NoPace()
    http = Http()
    measured = _Measured()
    database = await Database.open(folder / "import.db", clock=clock)
    try:
        index = await _stock(database, clock, plays)
        async with _serving(plays) as address:
            account = Account(1, "trakt", "bench", "bench", api_url=address, client_id="bench")
            service = Trakt(http, clock, {"TRAKT_CLIENT_SECRET": "bench"})
            slot: Any = _Slot()
            client = service.client(account, slot)
            await _fetch(client)
            fetches = [await _fetch(client)]
            services: Any = {"trakt": service}
            importer = Importer(
                database,
                SystemClock(),
                Sources(services, folder, linked=lambda: [account], client_of=lambda _: client),
                Library(database, clock),
                catalogue=lambda: index,
                marker=lambda: None,
                changed=lambda: None,
            )
            moments: dict[RunState, float] = {}

            def told(run: ImportRun) -> None:
                moments.setdefault(run.state, time.perf_counter())
                if run.state is RunState.READING and run.processed == plays:
                    moments["read"] = time.perf_counter()  # type: ignore[index]  # beside the states

            importer.on_progress(told)
            gc.collect()
            lookout = _Lookout()
            began_s = time.perf_counter()
            run_id = await importer.begin("account:1", [Facet.HISTORY])
            await _until(importer, run_id, RunState.PREVIEW)
            read_s = time.perf_counter()
            await importer.write(run_id)
            await _until(importer, run_id, RunState.DONE)
            ended_s = time.perf_counter()
            await lookout.end()
            fetches.append(await _fetch(client))
            measured.fetch_s = min(one for one, _ in fetches)
            measured.pages = fetches[0][1]
            fetched_s = moments.get("read", began_s)  # type: ignore[call-overload]  # beside the states
            measured.read_s, measured.preview_s = read_s - began_s, read_s - fetched_s
            measured.write_s = ended_s - read_s
            measured.late_s, measured.grown_mib = lookout.worst_s, lookout.grown_mib
            if undo:
                began_s = time.perf_counter()
                await importer.undo(run_id)
                await _until(importer, run_id, RunState.UNDONE)
                measured.undo_s = time.perf_counter() - began_s
            await importer.close()
    finally:
        await http.close()
        await database.close()
    return measured


async def _until(importer: Importer, run_id: int, state: RunState) -> None:
    while True:
        run = await importer.run(run_id)
        if run.state is state and not run.running:
            return
        if run.state is RunState.STOPPED:
            raise AssertionError(run.trouble)
        await asyncio.sleep(0.05)


def rows(plays: int = 100_000) -> list[Row]:
    """Name, value and target of each measure."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        found = asyncio.run(_import(Path(folder), plays, undo=True))
    whole_s = found.read_s + found.write_s
    many = f"import of {plays:,} plays"
    return [
        (f"{many}: fetching their {found.pages} pages alone (s)", found.fetch_s, ""),
        (f"{many}: read, matched and staged (s)", found.read_s, ""),
        (f"{many}: preview after the last page (s)", found.preview_s, "<= 10"),
        (f"{many}: written into the library (s)", found.write_s, ""),
        (f"{many}: all of it, over fetching", whole_s / found.fetch_s, "<= 1.3"),
        (f"{many}: loop late at worst (ms)", found.late_s * 1000, "<= 50"),
        (f"{many}: memory grows by (MiB)", found.grown_mib, "<= 60"),
        (f"{many}: taken back (s)", found.undo_s, ""),
    ]


if __name__ == "__main__":
    for name, value, target in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000):
        print(f"{name:<64} {value:8.2f}   {target}")
