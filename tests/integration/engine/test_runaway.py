"""A server that goes mad: the lanes stop, the plays wait, and the user is asked once."""

from dataclasses import replace
from pathlib import Path

import pytest

from revenge_companion.core.accounts import AccountState
from revenge_companion.core.playback import EventType
from revenge_companion.core.reasons import Reason, sentence
from revenge_companion.demo.viewer import TELEVISION
from revenge_companion.engine.requests import Requests
from tests.integration.engine.house import FILM, House, running

PLAYS = 1000
#: Seconds that a thousand plays may take on a busy computer, to be stored or to be sent.
LONG_S = 90.0


async def flood(house: House) -> None:
    """A thousand films of unknown length, begun and completed within a minute."""
    clock = house.world.clock
    for number in range(PLAYS):
        item = replace(FILM, media_id=f"fake-{number}", duration_s=None)
        for event in (EventType.STARTED, EventType.COMPLETED):
            house.world.server.play_event(
                event, item, session_id=f"s{number}", device=TELEVISION, position_s=0.0
            )
        if number % 50 == 49:
            await clock.sleep(1.0)


@pytest.mark.expected_logs("nobody can have played this much")
async def test_a_flood_of_plays_stops_every_lane_until_the_user_says_so(home: Path) -> None:
    async with running(home, services=("trakt", "simkl"), speed=20.0) as house:
        await flood(house)
        stored = 2 * (PLAYS - 10)
        await house.until(lambda: house.engine.status.outbox.waiting >= stored, within_s=LONG_S)
        both = ("trakt", "simkl")
        await house.until(lambda: all(house.account(one).account.is_stopped for one in both))
        await house.until(lambda: house.engine.status.outbox.sending == 0)
        assert all(house.held(one) <= 10 for one in both)
        told = [notice for notice in house.notices if notice.reason == Reason.RUNAWAY]
        assert len(told) == 2
        assert "?" not in sentence(told[0].reason, told[0].facts)
        before = house.held("trakt")
        await house.engine.flush()
        await house.world.clock.sleep(20.0)
        assert house.held("trakt") == before
        await house.engine.test_account(house.account("trakt").account.id)
        await house.until(lambda: house.account("trakt").counts.waiting == 0, within_s=LONG_S)
        assert house.account("trakt").account.state is AccountState.LINKED
        assert house.account("simkl").account.is_stopped
        said = await Requests(house.engine).handle("flush", {"account": "simkl"})
        assert "error" not in said
        await house.until(lambda: house.account("simkl").counts.waiting == 0, within_s=LONG_S)
