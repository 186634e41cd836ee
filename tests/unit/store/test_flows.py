from datetime import timedelta

from revenge_companion.core.alarm import Flow
from revenge_companion.core.delivery import DeliveryState, Settlement
from revenge_companion.store.database import Database
from revenge_companion.store.flows import Flows
from revenge_companion.store.outbox import Outbox
from tests.clock import START, FakeClock
from tests.unit.store.builders import a_scrobble

HOUR = timedelta(hours=1)


async def test_a_flow_is_what_came_after_the_last_confirmation(
    db: Database, outbox: Outbox, clock: FakeClock, trakt: int, lastfm: int
) -> None:
    flows = Flows(db)
    assert await flows.unconfirmed() == {}
    for number in range(3):
        await outbox.add(a_scrobble(f"k{number}"), [trakt, lastfm])
        clock.advance(3600)
    first = Flow(3, START, START + 2 * HOUR)
    assert await flows.unconfirmed() == {trakt: first, lastfm: first}

    parked, delivered = (
        Settlement(state, 1, None) for state in (DeliveryState.PARKED, DeliveryState.DELIVERED)
    )
    now = START + 3 * HOUR
    rows = await outbox.claim(trakt, 3, now)
    await outbox.settle([(rows[0].id, parked), (rows[1].id, parked)], now)
    assert (await flows.unconfirmed())[trakt] == first

    await outbox.settle([(rows[2].id, delivered)], now)
    assert await flows.unconfirmed() == {lastfm: first}
    clock.advance(3600)
    await outbox.add(a_scrobble("later"), [trakt])
    assert (await flows.unconfirmed())[trakt] == Flow(1, now + HOUR, now + HOUR)
