"""An account that swallows plays is noticed; a quiet one is left in peace."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.accounts import Account, AccountState, Switches
from revenge_companion.core.alarm import SILENCE, Flow, silent_since
from tests.clock import START

ACCOUNT = Account(1, "trakt", "anna", "r1")
HOUR = timedelta(hours=1)


def flowing(first_h: float, last_h: float, count: int = 5) -> Flow:
    return Flow(count, START - first_h * HOUR, START - last_h * HOUR)


@pytest.mark.parametrize(
    ("flow", "warned"),
    [
        (flowing(25, 1), True),
        (flowing(24, 24, 2), True),
        (flowing(23.9, 0), False),
        (flowing(200, 30), False),
        (flowing(30, 30, 1), False),
        (flowing(30, 1, 2), True),
        (None, False),
    ],
    ids=["flows", "a day ago", "not yet", "idle", "one alone", "two", "nothing"],
)
def test_it_warns_when_plays_flow_and_none_arrives(flow: Flow | None, warned: bool) -> None:
    since = silent_since(ACCOUNT, flow, START)
    assert since == (flow.first_at if flow is not None and warned else None)


@pytest.mark.parametrize(
    "account",
    [
        *(
            replace(ACCOUNT, state=state)
            for state in AccountState
            if state is not AccountState.LINKED
        ),
        replace(ACCOUNT, switches=Switches(enabled=False)),
        replace(ACCOUNT, switches=Switches(scrobble=False)),
    ],
)
def test_what_has_a_name_or_is_switched_off_is_not_warned_of(account: Account) -> None:
    assert silent_since(account, flowing(48, 1), START) is None
    assert silent_since(account, flowing(48, 1), START, before=START) is None


def test_a_warning_stays_while_the_account_is_idle_and_ends_with_a_confirmation() -> None:
    since = silent_since(ACCOUNT, flowing(48, 1), START)
    later = START + 5 * SILENCE
    assert since is not None
    assert silent_since(ACCOUNT, flowing(48, 1), later, before=since) == since
    assert silent_since(ACCOUNT, None, later, before=since) is None


@given(st.floats(0, 1000), st.floats(0, 1000), st.integers(0, 50))
def test_it_never_warns_before_the_time_or_when_idle(
    one_h: float, other_h: float, count: int
) -> None:
    flow = flowing(max(one_h, other_h), min(one_h, other_h), count)
    since = silent_since(ACCOUNT, flow, START)
    if since is not None:
        assert START - since >= SILENCE
        assert START - flow.last_at <= SILENCE
        assert count > 1
