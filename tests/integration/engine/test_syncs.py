"""Syncs over the demo's stand-ins with the real engine: back and forth, and what goes wrong."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.core.accounts import Switches
from revenge_companion.core.library import Entry, Facet
from revenge_companion.core.media import Ids
from revenge_companion.core.shown import Asked
from revenge_companion.core.syncing import FacetSync, Way
from revenge_companion.demo.world import DemoWorld
from revenge_companion.services.trakt import entries
from tests.integration.engine.house import House, Memory, engine, running
from tests.unit.engine.import_kit import film, plays

ASKED = Asked()
BOTH = Switches(scrobble=False, sync_history=True, sync_ratings=True, sync_watchlist=True)


async def switched(house: House, service: str, switches: Switches = BOTH) -> int:
    account = house.account(service).account.id
    await house.engine.set_switches(account, switches)
    return account


async def synced(house: House, account: int) -> dict[Facet, FacetSync]:
    found = await house.engine.syncs.sync_now(account)
    return {one.facet: one for one in found.facets}


async def test_simkl_and_the_library_come_into_step(tmp_path: Path) -> None:
    async with running(tmp_path, services=("simkl",), signed_in=False) as house:
        house.world.destinations.simkl.preload(40, rated=10, wanted=5)
        simkl = await switched(house, "simkl")
        first = await synced(house, simkl)
        assert {one.trouble for one in first.values()} == {""}
        assert first[Facet.HISTORY].added == 40
        assert (first[Facet.RATINGS].added, first[Facet.WATCHLIST].added) == (10, 5)
        assert house.engine.status.outbox.waiting == 0
        # What another source brings goes there, although it gets no scrobbles.
        brought = [
            replace(one, subject=film(n, ids=Ids(tmdb=7_700_000 + n)))
            for n, one in enumerate(plays(3, 40))
        ]
        await house.engine.exports._library.put("file", brought)  # noqa: SLF001  # as an import
        # The engine's own looks may come first: its clock runs fast.
        await synced(house, simkl)
        await house.until(lambda: house.held("simkl") == 3)
        for _ in range(3):
            assert {one.trouble for one in (await synced(house, simkl)).values()} == {""}
            await house.drained()
        assert house.held("simkl") == 3


async def test_what_trakt_has_stays_out_of_simkl_whatever_is_switched_on(tmp_path: Path) -> None:
    async with running(tmp_path, services=("trakt", "simkl"), signed_in=False) as house:
        sites = house.world.destinations
        sites.trakt.preload(30, rated=8, wanted=4)
        trakt, simkl = await switched(house, "trakt"), await switched(house, "simkl")
        for account in (trakt, simkl, trakt, simkl):
            assert {one.trouble for one in (await synced(house, account)).values()} == {""}
        await house.drained()
        assert house.held("simkl") == 0


async def test_a_walk_that_breaks_off_deletes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, services=("trakt",), signed_in=False) as house:
        site = house.world.destinations.trakt
        site.preload(600)
        trakt = await switched(house, "trakt", Switches(sync_history=True))
        first = await synced(house, trakt)
        assert first[Facet.HISTORY].added == 600
        for row in list(site.history.rows)[:50]:
            site.history.remove(row)
        site.answer(403, "Forbidden", times=50, path="/sync/history")
        broken = await synced(house, trakt)
        assert broken[Facet.HISTORY].trouble
        assert len(await house.engine.library.page(ASKED, limit=700)) == 600
        site.forget_answers()
        mended = await synced(house, trakt)
        assert (mended[Facet.HISTORY].trouble, mended[Facet.HISTORY].removed) == ("", 50)
        assert len(await house.engine.library.page(ASKED, limit=700)) == 550
        for row in list(site.history.rows)[:61]:
            site.history.remove(row)
        asked = await synced(house, trakt)
        question = asked[Facet.HISTORY].question
        assert question is not None
        assert (question.way, question.before, question.removed) == (Way.TAKE, 550, 61)
        assert len(await house.engine.library.page(ASKED, limit=700)) == 550
        assert [n.reason for n in house.notices] == ["sync_asks"]


async def test_a_line_that_cannot_be_read_is_not_taken_for_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, services=("trakt",), signed_in=False) as house:
        site = house.world.destinations.trakt
        site.preload(100)
        trakt = await switched(house, "trakt", Switches(sync_history=True))
        assert (await synced(house, trakt))[Facet.HISTORY].added == 100
        first, second, *_ = site.history.rows
        readable = entries.entry

        def entry(facet: Facet, row: object, *more: Any, **named: Any) -> Entry:
            if isinstance(row, dict) and row.get("id") == first.id:
                raise entries.Unreadable("a new kind of line")
            return readable(facet, row, *more, **named)

        monkeypatch.setattr(entries, "entry", entry)
        site.history.remove(second)
        after = (await synced(house, trakt))[Facet.HISTORY]
        assert (after.trouble, after.removed) == ("", 0)
        assert len(await house.engine.library.page(ASKED, limit=200)) == 100
        monkeypatch.undo()
        site.history.remove(site.history.rows[-1])
        assert (await synced(house, trakt))[Facet.HISTORY].removed == 2
        assert len(await house.engine.library.page(ASKED, limit=200)) == 98


async def test_a_sync_goes_on_after_the_program_ended_in_the_middle(tmp_path: Path) -> None:
    async with DemoWorld() as world:
        secrets = Memory()
        world.destinations.trakt.preload(1200)
        async with engine(world, tmp_path, secrets) as house:
            await house.link("trakt")
            trakt = await switched(house, "trakt", Switches(sync_history=True))
            world.destinations.slow("trakt", 0.2)
            run_id = await house.engine.imports.begin("account:1", (Facet.HISTORY,), sync=True)
            await house.until_true(lambda: _has_lines(house, run_id))
        world.destinations.slow("trakt", 0)
        async with engine(world, tmp_path, secrets) as house:
            after = await synced(house, trakt)
            assert after[Facet.HISTORY].trouble == ""
            # Only the run that was cut short read it: the same one, or one begun anew.
            if (question := after[Facet.HISTORY].question) is not None:
                assert question.added == 1200
                after = {
                    one.facet: one
                    for one in (
                        await house.engine.syncs.answer(trakt, Facet.HISTORY, go_on=True)
                    ).facets
                }
            assert len(await house.engine.library.page(ASKED, limit=2000)) == 1200


async def _has_lines(house: House, run_id: int) -> bool:
    return (await house.engine.imports.run(run_id)).processed > 0
