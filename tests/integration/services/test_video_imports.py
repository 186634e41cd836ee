"""Years of watching from Trakt and Simkl through the importer: each line once in the library."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.core.imports import ImportRun, RunState, Verdict
from revenge_companion.core.library import Facet
from revenge_companion.demo.destinations import Destinations
from revenge_companion.net.http import Http
from revenge_companion.services.base import LinkRequest
from revenge_companion.services.simkl.service import Simkl
from revenge_companion.services.simkl.spec import SPEC as SIMKL
from revenge_companion.services.trakt.service import Trakt
from revenge_companion.services.trakt.spec import SPEC as TRAKT
from tests.unit.engine.import_kit import Desk, desk, shown
from tests.unit.services.kit import MemorySlot, Prompts, QuickClock, an_account

PLAYS, RATED, WANTED, COLLECTED, LISTED = 1_230, 90, 30, 25, 11
AT_SIMKL = 700


@pytest.fixture
async def sites() -> AsyncIterator[Destinations]:
    async with Destinations(QuickClock()) as running:
        running.trakt.preload(PLAYS, rated=RATED, wanted=WANTED, collected=COLLECTED, listed=LISTED)
        running.simkl.preload(AT_SIMKL, rated=RATED, wanted=WANTED)
        yield running


@pytest.fixture
async def imports(sites: Destinations, tmp_path: Path) -> AsyncIterator[Desk]:
    """An importer; account 1 is at Trakt, account 2 at Simkl."""
    http, clock, environ = Http(), QuickClock(), sites.environment()
    trakt, simkl = Trakt(http, clock, environ), Simkl(http, clock, environ, cache=tmp_path)
    clients: list[Any] = []
    for service in (trakt, simkl):
        linked = await service.link(LinkRequest(), Prompts())
        slot = MemorySlot(linked.secret)
        clients.append(service.client(an_account(service.spec.key), slot))
    async with desk(tmp_path, *clients, clock=clock) as made:
        yield made
    await http.close()


async def whole(imports: Desk, account: int, facets: tuple[Facet, ...]) -> ImportRun:
    """Read a source and write it; the run as its preview showed it."""
    run_id = await imports.importer.begin(f"account:{account}", facets)
    preview = await imports.reached(run_id, RunState.PREVIEW)
    await imports.importer.write(run_id)
    await imports.reached(run_id, RunState.DONE)
    return preview


async def test_everything_trakt_has_is_in_the_library_once(imports: Desk) -> None:
    every = PLAYS + RATED + WANTED + COLLECTED + LISTED
    run = await whole(imports, 1, TRAKT.imports)
    assert (run.total, run.processed, run.failed) == (every, every, 0)
    assert len(await shown(imports.db, Facet.RATINGS)) == RATED
    assert len(await shown(imports.db, Facet.WATCHLIST)) == WANTED
    assert len(await shown(imports.db, Facet.COLLECTION)) == COLLECTED
    assert len(await shown(imports.db, Facet.LISTS)) == LISTED
    again = await whole(imports, 1, TRAKT.imports)
    assert again.counts.get(Verdict.THERE) == every


async def test_everything_simkl_has_is_in_the_library_once(imports: Desk) -> None:
    every = AT_SIMKL + RATED + WANTED
    run = await whole(imports, 2, SIMKL.imports)
    assert (run.total, run.processed, run.failed) == (every, every, 0)
    assert len(await shown(imports.db)) == AT_SIMKL
    assert len(await shown(imports.db, Facet.RATINGS)) == RATED
    again = await whole(imports, 2, SIMKL.imports)
    assert again.counts.get(Verdict.THERE) == every


async def test_a_run_that_trouble_stopped_goes_on_and_misses_nothing(
    imports: Desk, sites: Destinations
) -> None:
    sites.trakt.answer(200, "<html>Sign in</html>", times=8, path="/sync/history")
    run_id = await imports.importer.begin("account:1", (Facet.HISTORY,))
    stopped = await imports.reached(run_id, RunState.STOPPED)
    assert "no usable answer" in stopped.trouble
    sites.trakt.forget_answers()
    await imports.importer.resume(run_id)
    assert (await imports.reached(run_id, RunState.PREVIEW)).processed == PLAYS


async def test_a_short_wait_and_a_login_that_ends_are_sat_out(
    imports: Desk, sites: Destinations
) -> None:
    sites.trakt.answer(429, "", {"Retry-After": "30"}, times=2, path="/sync/history")
    sites.trakt.grants.expire()
    run_id = await imports.importer.begin("account:1", (Facet.HISTORY,))
    assert (await imports.reached(run_id, RunState.PREVIEW)).processed == PLAYS
