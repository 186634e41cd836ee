"""When a sync is due, when it asks, and what is kept of it over a restart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.accounts import Account, AccountState, Switches
from revenge_companion.core.library import Facet
from revenge_companion.core.syncing import (
    UNTIL_ASKED,
    FacetSync,
    Moved,
    Question,
    Way,
    asks,
    interval_s,
    is_due,
    is_left,
    next_look,
    read,
    text_of,
    wanted,
)

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
HOUR_S = 3600.0


@pytest.mark.parametrize(
    ("before", "added", "removed", "days", "asked"),
    [
        (0, 0, 0, 0, False),
        (100, 0, 10, 1, False),
        (100, 0, 11, 1, True),
        (1000, 0, 100, 1, False),
        (1000, 0, 110, 1, True),
        (1000, 0, 1000, 1, True),
        # One removal is a person's, however little there was.
        (5, 0, 1, 1, False),
        (1, 0, 1, 1, False),
        (5, 0, 2, 1, True),
        (0, 1000, 0, 0, False),
        (0, 1001, 0, 0, True),
        (90_000, 1001, 0, 0, True),
        # Three weeks of holidays with music.
        (90_000, 20_000, 0, 21, False),
        (90_000, 30_000, 0, 21, True),
        # A clock that was set back makes nothing more likely.
        (90_000, 1001, 0, -5, True),
    ],
)
def test_a_mass_change_asks(
    before: int, added: int, removed: int, days: float, asked: bool
) -> None:
    assert asks(Moved(before, added, removed, days)) is asked


@pytest.mark.parametrize(
    ("before", "changed", "asked"),
    [(60, 20, False), (60, 21, True), (1000, 100, False), (1000, 101, True)],
)
def test_much_that_would_be_written_over_asks(before: int, changed: int, asked: bool) -> None:
    assert asks(Moved(before, changed, 0, 1, changed)) is asked


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**4))
def test_more_never_asks_less(before: int, added: int, removed: int) -> None:
    if asks(Moved(before, added, removed)):
        assert asks(Moved(before, added + 1, removed))
        assert asks(Moved(before, added, removed + 1))


def test_the_interval_is_the_users_unless_the_service_wants_more() -> None:
    assert interval_s(24, HOUR_S) == 24 * HOUR_S
    assert interval_s(1, HOUR_S) == HOUR_S
    assert interval_s(1, 24 * HOUR_S) == 24 * HOUR_S
    assert interval_s(0, 0.0) == HOUR_S
    assert interval_s(10_000, 0.0) == 168 * HOUR_S


@given(st.floats(0, 1))
def test_a_look_never_comes_before_its_interval(jitter: float) -> None:
    at = next_look(NOW, HOUR_S, jitter, failed=False)
    assert timedelta(hours=1) <= at - NOW <= timedelta(hours=1.1)
    assert not is_due(at, at - timedelta(seconds=1), HOUR_S)
    assert is_due(at, at, HOUR_S)
    assert next_look(NOW, 24 * HOUR_S, jitter, failed=True) <= NOW + timedelta(hours=1)


def test_a_time_set_by_a_clock_that_was_ahead_is_not_waited_for() -> None:
    assert is_due(NOW + timedelta(days=30), NOW, HOUR_S)
    assert is_due(None, NOW, HOUR_S)


def test_what_is_switched_on_is_synced() -> None:
    account = Account(
        1, "trakt", "me", "me", switches=Switches(sync_history=True, sync_watchlist=True)
    )
    facets = (Facet.HISTORY, Facet.RATINGS, Facet.LISTS)
    assert wanted(account, facets) == (Facet.HISTORY,)
    # Scrobbles may be off: they are something else.
    quiet = replace(account, switches=replace(account.switches, scrobble=False))
    assert wanted(quiet, facets) == (Facet.HISTORY,)
    off = replace(account, switches=replace(account.switches, enabled=False))
    assert wanted(off, facets) == ()
    assert wanted(replace(account, state=AccountState.OFF), facets) == ()
    assert wanted(replace(account, state=AccountState.LINK_AGAIN), facets) == (Facet.HISTORY,)


def test_what_was_left_goes_on_when_its_source_says_something_else() -> None:
    left = FacetSync(Facet.HISTORY, left="a")
    assert is_left(left, "a")
    assert not is_left(left, "b")
    # Of a source that says nothing, nobody knows.
    assert is_left(left, "")
    assert is_left(replace(left, left=UNTIL_ASKED), "b")
    assert not is_left(FacetSync(Facet.HISTORY), "a")


def test_what_is_kept_is_read_again() -> None:
    one = FacetSync(Facet.HISTORY, NOW, NOW, 3, 1, 2, trouble="It failed.", left="a", unread=4)
    asked = FacetSync(Facet.RATINGS, NOW, question=Question(Way.TAKE, 9, 1, 2, 7))
    known = {Facet.HISTORY: one, Facet.RATINGS: asked}
    assert read(text_of(known, NOW)) == (known, NOW)
    assert read(text_of({}, None)) == ({}, None)


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"facets": {"odd": {}}}', '{"next": 3}'])
def test_what_cannot_be_read_is_begun_anew(text: str | None) -> None:
    assert read(text) == ({}, None)
