"""What an attempt makes of a delivery: every state it can be in, with every way it can end."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.delivery import (
    FIRST_WAIT_S,
    LONGEST_WAIT_S,
    Delivered,
    Delivery,
    DeliveryState,
    Outcome,
    Refused,
    Skipped,
    TryLater,
    Unknown,
    settle,
    wait_s,
)
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.scrobble import Scrobble

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
SCROBBLE = Scrobble("k", Item(Kind.TRACK, "m", "T"), NOW, NOW, 100.0, 100.0, 50.0)


def row(state: DeliveryState, attempts: int, *, unsure: bool) -> Delivery:
    return Delivery(7, 1, SCROBBLE, state, attempts=attempts, unsure=unsure)


ROWS = [
    row(state, attempts, unsure=unsure)
    for state, attempts, unsure in product(DeliveryState, (0, 1, 7, 1000), (False, True))
]


@pytest.mark.parametrize("delivery", ROWS, ids=str)
@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Delivered("r", "already_there"), DeliveryState.DELIVERED),
        (Refused("not_found", "no such film"), DeliveryState.PARKED),
        (Skipped("not_taken", "no anime"), DeliveryState.UNDONE),
    ],
    ids=["delivered", "refused", "skipped"],
)
def test_what_is_over_has_no_due_time(
    delivery: Delivery, outcome: Outcome, state: DeliveryState
) -> None:
    settled = settle(delivery, outcome, NOW)
    assert (settled.state, settled.due_at) == (state, None)
    assert settled.attempts == delivery.attempts + 1
    assert settled.reason_code
    assert settled.remote_id == ("r" if isinstance(outcome, Delivered) else None)


@pytest.mark.parametrize("delivery", ROWS, ids=str)
@pytest.mark.parametrize("after_s", [None, 0.0, -5.0, 1.0, 86_400.0])
@pytest.mark.parametrize("counts", [True, False])
def test_what_may_be_accepted_later_waits_and_stays_a_question_if_it_was_one(
    delivery: Delivery, after_s: float | None, counts: bool
) -> None:
    settled = settle(delivery, TryLater("service_down", "500", after_s, counts), NOW)
    wanted = DeliveryState.UNSURE if delivery.unsure else DeliveryState.PENDING
    assert settled.state is wanted
    assert settled.attempts == delivery.attempts + counts
    assert settled.due_at is not None
    wait = (settled.due_at - NOW).total_seconds()
    own = wait_s(max(settled.attempts, 1), 1.0)
    if counts:
        assert wait == max(own, after_s or 0.0)
    else:
        assert wait == (own if after_s is None else max(after_s, 0.0))
    assert (settled.reason_code, settled.detail) == ("service_down", "500")


@pytest.mark.parametrize("delivery", ROWS, ids=str)
def test_what_nobody_knows_is_unsure(delivery: Delivery) -> None:
    settled = settle(delivery, Unknown("unanswered", "reset"), NOW)
    assert settled.state is DeliveryState.UNSURE
    assert settled.attempts == delivery.attempts + 1
    assert settled.due_at == NOW + timedelta(seconds=wait_s(settled.attempts, 1.0))
    assert settled.remote_id is None


@given(st.integers(-5, 10**9), st.floats(0.0, 1.0))
def test_waits_stay_within_their_bounds(attempts: int, jitter: float) -> None:
    assert FIRST_WAIT_S / 2 <= wait_s(attempts, jitter) <= LONGEST_WAIT_S


def test_waits_double_until_a_quarter_of_an_hour() -> None:
    waits = [wait_s(attempts, 1.0) for attempts in range(1, 11)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert [wait_s(attempts, 0.0) for attempts in (1, 10)] == [2.5, 450]
