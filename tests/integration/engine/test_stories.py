"""What the ledger tells of a play afterwards, over a real server and a real file."""

from dataclasses import replace
from pathlib import Path

from revenge_companion.engine.requests import play_json
from tests.integration.engine.house import FILM, TRACKS, running


async def test_the_history_tells_the_moments_and_the_attempts(home: Path) -> None:
    async with running(home, services=("trakt", "listenbrainz")) as house:
        await house.play(FILM, TRACKS[0])
        await house.until(lambda: house.engine.status.outbox.delivered == 2)
        await house.until(lambda: not house.engine.status.now_playing)
        for play in await house.engine.plays():
            told = play_json(play)
            kinds = [moment["kind"] for moment in told["moments"]]
            assert (kinds[0], kinds[-1]) == ("began", "ended")
            assert kinds.count("counted") == 1
            times = [moment["at"] for moment in told["moments"]]
            assert times == sorted(times)
            (counted,) = [one for one in told["moments"] if one["kind"] == "counted"]
            assert counted["position_seconds"] > 0
            assert counted["at"][:19] == told["counted_at"][:19]
            (fate,) = told["destinations"]
            assert (fate["attempts"], fate["state"], fate["due_at"]) == (1, "delivered", None)
            assert fate["settled_at"] is not None
            assert told["not_sent"] == []


async def test_the_history_tells_which_account_did_not_get_a_play_and_why(home: Path) -> None:
    async with running(home, services=("trakt", "simkl")) as house:
        account = house.account("simkl").account
        await house.engine.set_switches(account.id, replace(account.switches, scrobble=False))
        await house.play(FILM)
        await house.until(lambda: not house.engine.status.now_playing)
        (play,) = [play_json(play) for play in await house.engine.plays()]
        (missed,) = play["not_sent"]
        assert [one["service"] for one in play["destinations"]] == ["trakt"]
        assert (missed["service"], missed["reason_code"]) == ("simkl", "scrobbles_off")
        assert missed["reason"] == "Simkl is switched off for scrobbles."
