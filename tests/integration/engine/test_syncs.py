"""Syncs over the demo's stand-ins with the real engine: back and forth, and what goes wrong."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from revenge_companion.core.accounts import AccountState, Switches
from revenge_companion.core.library import Entry, Facet
from revenge_companion.core.media import Ids
from revenge_companion.core.reasons import Reason
from revenge_companion.core.shown import Asked
from revenge_companion.core.syncing import FacetSync, Way
from revenge_companion.demo.world import DemoWorld
from revenge_companion.engine.api import Notice
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
        assert [n.reason for n in house.notices] == ["app_key_refused", "sync_asks"]


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


def _writes(house: House, service: str) -> list[str]:
    return [one for one in house.world.destinations.sites[service].requests if "oauth" not in one]


def _told(house: House) -> list[str]:
    return [one.reason for one in house.notices if one.notice is Notice.ACCOUNT_TROUBLE]


@pytest.mark.parametrize("where", ["/sync/last_activities", "/sync/history"])
async def test_a_link_that_ended_asks_to_link_again_once_and_linking_goes_on(
    tmp_path: Path, where: str
) -> None:
    async with running(tmp_path, services=("trakt",), signed_in=False) as house:
        site = house.world.destinations.trakt
        site.preload(30)
        site.answer(401, "", times=100, path=where)
        # Refreshing is of no use either.
        site.grants.end()
        trakt = await switched(house, "trakt", Switches(sync_history=True, sync_ratings=True))
        first = await synced(house, trakt)
        assert house.account("trakt").account.state is AccountState.LINK_AGAIN
        assert "Trakt" in first[Facet.HISTORY].trouble
        assert _told(house) == [Reason.LINK_AGAIN]
        # It is not asked again, by itself or by hand, and both facets say why.
        asked = len(_writes(house, "trakt"))
        again = await synced(house, trakt)
        assert set(again) == {Facet.HISTORY, Facet.RATINGS}
        assert all("Link again" in one.trouble for one in again.values())
        assert len(_writes(house, "trakt")) == asked
        assert _told(house) == [Reason.LINK_AGAIN]
        site.forget_answers()
        await house.link("trakt")
        # Long before the next look would be due.
        await house.until_true(lambda: _in_step(house))
        assert len(await house.engine.library.page(ASKED, limit=100)) == 30


async def _in_step(house: House) -> bool:
    (one,) = await house.engine.syncs.statuses()
    return all(facet.synced_at is not None and not facet.trouble for facet in one.facets)


@pytest.mark.parametrize(
    ("service", "status", "body", "state", "reason"),
    [
        ("trakt", 403, "", AccountState.HELD, Reason.APP_KEY_REFUSED),
        ("trakt", 420, "", AccountState.HELD, Reason.ACCOUNT_LIMIT),
        ("trakt", 423, "", AccountState.HELD, Reason.ACCOUNT_LOCKED),
        ("trakt", 426, "", AccountState.HELD, Reason.VIP_NEEDED),
        ("simkl", 412, "", AccountState.HELD, Reason.APP_KEY_REFUSED),
        ("simkl", 429, '{"error": "user_limit_exceeded"}', AccountState.QUOTA, Reason.QUOTA),
    ],
)
async def test_what_holds_deliveries_holds_syncs(
    tmp_path: Path, service: str, status: int, body: str, state: AccountState, reason: str
) -> None:
    async with running(tmp_path, services=(service,), signed_in=False) as house:
        site = house.world.destinations.sites[service]
        site.answer(status, body, times=1)
        account = await switched(house, service, Switches(sync_history=True))
        first = await synced(house, account)
        held = house.account(service).account
        assert (held.state, first[Facet.HISTORY].trouble) == (state, held.state_detail)
        assert held.state_detail
        assert held.held_until is not None
        assert _told(house) == [reason]
        asked = len(_writes(house, service))
        # The engine's own looks; a day's end is nobody's to force.
        house.engine.syncs.wake()
        if state is AccountState.QUOTA:
            again = await synced(house, account)
            assert again[Facet.HISTORY].trouble == held.state_detail
            assert len(_writes(house, service)) == asked
        # Its end, or for the rest the user's word, goes on; what the sync held, it gives free.
        await house.engine._lanes._accounts.set_state(  # noqa: SLF001  # as if hours had passed
            account, state, held.state_detail, house.world.clock.now()
        )
        await house.engine._lanes.refresh()  # noqa: SLF001  # as above
        assert (await synced(house, account))[Facet.HISTORY].trouble == ""
        assert house.account(service).account.state is AccountState.LINKED
        assert _told(house) == [reason]


@pytest.mark.parametrize("service", ["trakt", "simkl"])
async def test_a_service_that_asks_to_wait_is_left_alone_by_syncs_and_deliveries(
    tmp_path: Path, service: str
) -> None:
    async with running(tmp_path, services=(service,), signed_in=False) as house:
        site = house.world.destinations.sites[service]
        site.answer(429, "{}", {"Retry-After": "90000"}, times=1)
        account = await switched(house, service)
        first = await synced(house, account)
        assert {one.trouble for one in first.values()} != {""}
        asked = len(_writes(house, service))
        again = await synced(house, account)
        assert all("wait" in one.trouble for one in again.values())
        await house.engine.flush()
        assert len(_writes(house, service)) == asked
        assert house.account(service).account.state is AccountState.LINKED
        assert _told(house) == []


async def test_what_is_loved_is_loved_at_both(tmp_path: Path) -> None:
    async with running(tmp_path, services=("listenbrainz", "lastfm"), signed_in=False) as house:
        house.world.destinations.listenbrainz.preload(0, loved=12)
        loves = Switches(scrobble=False, sync_ratings=True)
        brainz = await switched(house, "listenbrainz", loves)
        lastfm = await switched(house, "lastfm", loves)
        for account in (brainz, lastfm):
            found = await synced(house, account)
            assert list(found) == [Facet.LOVED]
            assert found[Facet.LOVED].trouble == ""
        await house.drained()
        again = await synced(house, lastfm)
        assert (again[Facet.LOVED].added, again[Facet.LOVED].sent) == (12, 0)
        assert len(await house.engine.library.page(Asked(Facet.LOVED), limit=50)) == 12
