"""Exports over the demo's stand-ins: what one account has and another lacks arrives there once."""

from pathlib import Path

import pytest

from revenge_companion.core.errors import ExportRefused
from revenge_companion.core.exporting import ExportVerdict
from revenge_companion.core.imports import RunState
from revenge_companion.core.library import Facet
from revenge_companion.core.reasons import Reason
from tests.integration.engine.house import FILM, House, running

SEND, THERE, LEFT_OUT = ExportVerdict.SEND, ExportVerdict.THERE, ExportVerdict.LEFT_OUT
MUSIC = (Facet.HISTORY, Facet.LOVED)


async def imported(house: House, account: int, facets: tuple[Facet, ...]) -> None:
    """Read an account and write what it has."""
    imports = house.engine.imports
    run_id = await imports.begin(f"account:{account}", facets, mark_watched=False)
    for wanted in (RunState.PREVIEW, RunState.DONE):
        await house.until_true(lambda wanted=wanted: _stands(house, run_id, wanted))
        if wanted is RunState.PREVIEW:
            await imports.write(run_id)


async def _stands(house: House, run_id: int, state: RunState) -> bool:
    run = await house.engine.imports.run(run_id)
    assert not run.trouble, run.trouble
    return run.state is state and not run.running


async def test_listens_go_from_one_service_to_the_other_once(tmp_path: Path) -> None:
    async with running(tmp_path, services=("listenbrainz", "lastfm"), signed_in=False) as house:
        sites = house.world.destinations
        sites.listenbrainz.preload(120, loved=12)
        brainz, lastfm = (one.account.id for one in house.engine.status.accounts)
        exports = house.engine.exports
        await imported(house, brainz, MUSIC)
        preview = await exports.preview(lastfm)
        # What Last.fm has is not known yet.
        assert preview.unread == MUSIC
        with pytest.raises(ExportRefused, match="not read"):
            await exports.queue(lastfm)
        await imported(house, lastfm, MUSIC)
        preview = await exports.preview(lastfm)
        assert preview.unread == ()
        assert preview.counts[(Facet.LOVED, SEND, "")] == 12
        # It is a stand-in at an address of its own, which takes plays of any age.
        assert preview.counts[(Facet.HISTORY, SEND, "")] == 120
        assert await exports.queue(lastfm) == 132
        assert await exports.queue(lastfm) == 0
        await house.drained()
        assert house.held("lastfm") == 120
        again = await exports.preview(lastfm)
        assert again.count(SEND) == 0
        assert again.counts[(Facet.HISTORY, THERE, Reason.SENT_BEFORE)] == 120
        # Read again, every line is known from both; there is nothing to send either way.
        for account in (lastfm, brainz):
            await imported(house, account, MUSIC)
        for account in (lastfm, brainz):
            assert (await exports.preview(account)).count(SEND) == 0


async def test_what_only_trakt_knows_stays_there(tmp_path: Path) -> None:
    async with running(tmp_path, services=("trakt", "simkl"), signed_in=False) as house:
        house.world.destinations.trakt.preload(40, rated=10, wanted=5)
        trakt, simkl = (one.account.id for one in house.engine.status.accounts)
        facets = (Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST)
        await imported(house, trakt, facets)
        await imported(house, simkl, facets)
        preview = await house.engine.exports.preview(simkl)
        assert preview.count(SEND) == 0
        reasons = {reason for _, verdict, reason in preview.counts if verdict is LEFT_OUT}
        assert Reason.KEPT_TO_ITSELF in reasons
        assert await house.engine.exports.queue(simkl) == 0


async def test_a_play_that_was_sent_live_is_not_exported_again(tmp_path: Path) -> None:
    async with running(tmp_path, services=("trakt",)) as house:
        trakt = house.account("trakt").account.id
        await house.play(FILM)
        await house.until(lambda: house.held("trakt") == 1)
        await house.drained()
        # Nothing of Trakt is in the library yet but that it was read: it was empty then.
        house.world.destinations.trakt.history.rows.clear()
        await imported(house, trakt, (Facet.HISTORY,))
        preview = await house.engine.exports.preview(trakt, (Facet.HISTORY,))
        assert preview.counts == {(Facet.HISTORY, THERE, Reason.SENT_BEFORE): 1}
        assert await house.engine.exports.queue(trakt, (Facet.HISTORY,)) == 0
