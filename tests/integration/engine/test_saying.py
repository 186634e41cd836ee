"""The user's own word over the demo's Trakt with the real engine: told, taken back, told again."""

from pathlib import Path

from revenge_companion.core.accounts import Switches
from revenge_companion.core.library import Facet
from revenge_companion.core.saying import Hears, Word
from revenge_companion.core.shown import Asked
from tests.integration.engine.house import House, running


async def delivered(house: House, count: int) -> None:
    """Wait until so many deliveries have arrived."""

    async def arrived() -> bool:
        return len(await house.engine.outbox(state="delivered")) == count

    await house.until_true(arrived)


KEPT = Switches(scrobble=False, sync_ratings=True, sync_watchlist=True)


async def test_a_rating_and_a_wish_are_taken_back_at_trakt_and_come_again(tmp_path: Path) -> None:
    async with running(tmp_path, services=("trakt", "simkl"), signed_in=False) as house:
        site = house.world.destinations.trakt
        site.preload(20, rated=6, wanted=4)
        trakt = house.account("trakt").account.id
        await house.engine.set_switches(trakt, KEPT)
        synced = await house.engine.syncs.sync_now(trakt)
        assert {one.trouble for one in synced.facets} == {""}
        engine, saying = house.engine, house.engine.saying
        for turn, facet in enumerate((Facet.RATINGS, Facet.WATCHLIST)):
            lines = await engine.library.page(Asked(facet))
            word = Word(facet, gone=True)
            asked = {one.service: one.hears for one in await saying.hearers(lines[0].id, word)}
            assert asked == {"Trakt": Hears.TOLD, "Simkl": Hears.OFF}
            spoken = await saying.say(lines[0].id, word)
            assert spoken.label == lines[0].label
            assert len(await engine.library.page(Asked(facet))) == len(lines) - 1
            await delivered(house, 2 * turn + 1)
            # Read again, the account says the same: nothing is taken over and nothing sent.
            again = await engine.syncs.sync_now(trakt)
            assert {one.trouble for one in again.facets} == {""}
            assert len(await engine.library.page(Asked(facet))) == len(lines) - 1
            await saying.unsay(spoken.number)
            # It is there again at once, and at Trakt in a moment.
            assert len(await engine.library.page(Asked(facet))) == len(lines)
            await delivered(house, 2 * turn + 2)
            again = await engine.syncs.sync_now(trakt)
            assert {one.trouble for one in again.facets} == {""}
            back = await engine.library.page(Asked(facet))
            assert {one.label for one in back} == {one.label for one in lines}
        assert house.engine.status.outbox.parked == 0
