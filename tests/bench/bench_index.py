"""The index of a server's library of 2,000 films and 500 shows: walking it, and asking it.

The server runs in the same process, over loopback, and takes its share of the time; the walk is
compared with fetching the same pages and reading their JSON. The Companion's own pace (25 requests
a second, for the user's players' sake) is set aside here: it would be all there is to see.
``python -m tests.bench.bench_index``.
"""

import asyncio
import gc
import random
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from revenge_companion.core.library import Subject, SubjectKind, keys, subject_of
from revenge_companion.core.media import Ids, Series
from revenge_companion.demo.large import large_library
from revenge_companion.demo.library import Library
from revenge_companion.demo.server import DemoServer
from revenge_companion.engine.index import Index
from revenge_companion.net.http import Http
from revenge_companion.revenge.client import PAGE_LIMIT, RevengeClient
from revenge_companion.revenge.index import CatalogueWalk
from revenge_companion.revenge.pace import Pace
from revenge_companion.revenge.session import Session
from revenge_companion.store.database import Database

FILMS, SHOWS, EPISODES = 2000, 500, 20
LINES, PAGE = 100_000, 500

Row = tuple[str, float, str]


class BenchClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> Coroutine[Any, Any, None]:
        return asyncio.sleep(seconds)


def lines(library: Library, count: int) -> list[Subject]:
    """History as a service tells it: films and episodes by their ids, and a third unknown."""
    order = random.Random(1)
    films = [subject_of(film) for film in library.movies]
    episodes = [subject_of(one) for show in library.shows for one in show.episodes]
    made = []
    for number in range(count):
        if number % 3 == 2:
            ids = Ids(tmdb=20_000_000 + number)
            made.append(
                Subject(
                    SubjectKind.EPISODE,
                    "Elsewhere",
                    series=Series("Elsewhere", None, ids),
                    season_number=1,
                    episode_number=number % 20,
                )
            )
        else:
            made.append(order.choice(films if number % 3 else episodes))
    return made


async def _measured(films: int, shows: int, count: int, folder: Path) -> list[Row]:
    clock = BenchClock()
    library = large_library(films, shows, EPISODES)
    http = Http()
    db = await Database.open(folder / "companion.db", clock=clock)
    async with DemoServer(clock, library=library) as server:
        session = Session(http, server.url, clock)
        await session.login(server.username, server.password)
        client = RevengeClient(http, server.url, session)
        index = Index(db, clock, lambda: None)
        index.use("bench/ann", CatalogueWalk(client, Pace(clock, burst=1_000_000)))

        headers = await session.headers()
        began = time.perf_counter()
        for path, total in (("movies", films), ("tvshows", shows)):
            for offset in range(0, total, PAGE_LIMIT):
                url = f"{server.url}/api/v1/{path}"
                asked = {"limit": str(PAGE_LIMIT), "offset": str(offset), "order_by": "title"}
                (await http.request("GET", url, params=asked, headers=headers)).json()
        bare_s = time.perf_counter() - began
        requests = len(server.faults.requests)
        began = time.perf_counter()
        await index.refresh()
        walk_s = time.perf_counter() - began
        walked = len(server.faults.requests) - requests

        asked_keys = [keys(one) for one in lines(library, count)]
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        first_s = await _ask(index, asked_keys[: 40 * PAGE])
        all_s = await _ask(index, asked_keys)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        again_s = await _ask(index, asked_keys)

        wanted = Subject(SubjectKind.MOVIE, "The Quiet Habour 1", year=1921)
        began = time.perf_counter()
        assert await index.search(wanted)
        search_ms = (time.perf_counter() - began) * 1000
    await http.close()
    await db.close()
    name = f"index: {films + shows:,} titles"
    return [
        (
            f"{name}: walk to bare fetch of its pages, per request",
            (walk_s / walked) / (bare_s / (requests - 1)),
            "",
        ),
        (f"{name}: episodes of {shows} shows read while asked about, s", first_s, ""),
        (f"index: {count:,} lines looked up once they are known, s", min(all_s, again_s), ""),
        ("index: memory of looking them up, MiB", (peak - before) / 2**20, "<= 60"),
        (f"{name}: suggestions for one, ms", search_ms, ""),
    ]


async def _ask(index: Index, asked: list[tuple[str, ...]]) -> float:
    began = time.perf_counter()
    for at in range(0, len(asked), PAGE):
        await index.lookup([key for some in asked[at : at + PAGE] for key in some])
    return time.perf_counter() - began


def rows(films: int = FILMS, shows: int = SHOWS, lines: int = LINES) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(films, shows, lines, Path(folder)))


if __name__ == "__main__":
    for name, value, target in rows():
        sys.stdout.write(f"{name:<72} {value:9.2f}   {target}\n")
