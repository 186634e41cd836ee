"""What watching makes of a list entry: never backwards, done at the end, rewatches on request."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.watching import (
    REWATCH_AFTER,
    Change,
    ListEntry,
    ListPolicy,
    NoChange,
    Watched,
    WatchStatus,
    after_watching,
)
from tests.clock import START

TODAY = date(2026, 3, 1)
LONG_AGO = START - timedelta(days=99)
BOTH = ListPolicy(rewatches=True, resume_dropped=True)
S = WatchStatus


def watched(number: int) -> Watched:
    return Watched(number, START, TODAY)


def entry(status: WatchStatus, progress: int = 0, **values: object) -> ListEntry:
    return replace(ListEntry(status, progress, 0, updated_at=LONG_AGO), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "total", "number", "after"),
    [
        pytest.param(None, 12, 1, Change(S.CURRENT, 1, started_on=TODAY), id="the first"),
        pytest.param(None, 12, 5, Change(S.CURRENT, 5), id="the fifth, not on the list"),
        pytest.param(
            None, 1, 1, Change(S.COMPLETED, 1, started_on=TODAY, ended_on=TODAY), id="a film"
        ),
        pytest.param(None, None, 40, Change(S.CURRENT, 40), id="total unknown"),
        pytest.param(entry(S.PLANNING), 12, 2, Change(S.CURRENT, 2), id="planned"),
        pytest.param(entry(S.PAUSED, 4), 12, 5, Change(S.CURRENT, 5), id="paused"),
        pytest.param(entry(S.CURRENT, 4), 12, 5, Change(S.CURRENT, 5), id="the next"),
        pytest.param(entry(S.CURRENT, 4), 12, 9, Change(S.CURRENT, 9), id="a later one"),
        pytest.param(
            entry(S.CURRENT, 11), 12, 12, Change(S.COMPLETED, 12, ended_on=TODAY), id="the last"
        ),
        pytest.param(
            entry(S.CURRENT, 12), 12, 12, Change(S.COMPLETED, 12, ended_on=TODAY), id="left open"
        ),
        pytest.param(
            entry(S.CURRENT, 0, has_start=True), 12, 1, Change(S.CURRENT, 1), id="started before"
        ),
        pytest.param(
            entry(S.CURRENT, 11, has_end=True), 12, 12, Change(S.COMPLETED, 12), id="has an end"
        ),
        pytest.param(entry(S.DROPPED, 4), 12, 5, Change(S.CURRENT, 5), id="dropped, resumed"),
        pytest.param(entry(S.COMPLETED, 12), 12, 1, Change(S.REPEATING, 1), id="again"),
        pytest.param(entry(S.REPEATING, 3), 12, 4, Change(S.REPEATING, 4), id="again, the next"),
        pytest.param(
            entry(S.REPEATING, 11), 12, 12, Change(S.COMPLETED, 12, ends_rewatch=True), id="twice"
        ),
        pytest.param(
            entry(S.REPEATING, 12), 12, 12, Change(S.COMPLETED, 12, ends_rewatch=True), id="open"
        ),
        pytest.param(
            entry(S.COMPLETED, 1), 1, 1, Change(S.COMPLETED, 1, ends_rewatch=True), id="film again"
        ),
    ],
)
def test_an_entry_comes_forward(
    before: ListEntry | None, total: int | None, number: int, after: Change
) -> None:
    assert after_watching(before, total, watched(number), BOTH) == after


@pytest.mark.parametrize(
    ("before", "total", "number", "why"),
    [
        pytest.param(entry(S.CURRENT, 5), 12, 5, NoChange.ALREADY_THERE, id="the same"),
        pytest.param(entry(S.CURRENT, 5), 12, 3, NoChange.ALREADY_THERE, id="an earlier one"),
        pytest.param(entry(S.PAUSED, 5), 12, 5, NoChange.ALREADY_THERE, id="paused"),
        pytest.param(entry(S.REPEATING, 5), 12, 5, NoChange.ALREADY_THERE, id="repeating"),
        pytest.param(entry(S.COMPLETED, 12), 12, 12, NoChange.ALREADY_THERE, id="the finale"),
        pytest.param(
            entry(S.COMPLETED, 12, updated_at=None), 12, 1, NoChange.ALREADY_THERE, id="when?"
        ),
        pytest.param(
            entry(S.COMPLETED, 12, updated_at=START - REWATCH_AFTER + timedelta(seconds=1)),
            12,
            1,
            NoChange.ALREADY_THERE,
            id="too soon",
        ),
        pytest.param(entry(S.COMPLETED, 12), 12, 13, NoChange.NO_SUCH_EPISODE, id="beyond"),
        pytest.param(None, 12, 13, NoChange.NO_SUCH_EPISODE, id="beyond, not on the list"),
        pytest.param(None, 12, 0, NoChange.NO_SUCH_EPISODE, id="zero"),
    ],
)
def test_an_entry_stays_as_it_is(
    before: ListEntry | None, total: int | None, number: int, why: NoChange
) -> None:
    assert after_watching(before, total, watched(number), BOTH) is why


@pytest.mark.parametrize(
    ("before", "number", "why"),
    [
        (entry(S.DROPPED, 4), 5, NoChange.KEPT_DROPPED),
        (entry(S.COMPLETED, 12), 1, NoChange.ALREADY_THERE),
    ],
)
def test_nothing_is_resumed_or_rewatched_unasked(
    before: ListEntry, number: int, why: NoChange
) -> None:
    assert after_watching(before, 12, watched(number), ListPolicy()) is why


_ENTRIES = st.none() | st.builds(
    ListEntry, st.sampled_from(WatchStatus), st.integers(0, 30), updated_at=st.just(LONG_AGO)
)
_TOTALS = st.none() | st.integers(1, 30)
_POLICIES = st.builds(ListPolicy, st.booleans(), st.booleans())


@given(before=_ENTRIES, total=_TOTALS, number=st.integers(-1, 40), policy=_POLICIES)
def test_progress_never_goes_back_within_a_run(
    before: ListEntry | None, total: int | None, number: int, policy: ListPolicy
) -> None:
    change = after_watching(before, total, watched(number), policy)
    if not isinstance(change, Change):
        return
    begins_again = before is not None and before.status is S.COMPLETED
    assert (
        begins_again
        or change.progress >= (before.progress if before else 0)
        or (total is not None and change.progress == total)
    )
    assert change.progress >= number
    if change.status is S.COMPLETED:
        assert number == total
    if begins_again:
        assert policy.rewatches


@given(before=_ENTRIES, total=_TOTALS, number=st.integers(1, 30), policy=_POLICIES)
def test_the_same_play_again_changes_nothing(
    before: ListEntry | None, total: int | None, number: int, policy: ListPolicy
) -> None:
    """An unanswered save is sent again: the entry it left must ask for no second change."""
    change = after_watching(before, total, watched(number), policy)
    if not isinstance(change, Change):
        return
    after = ListEntry(
        change.status,
        change.progress,
        has_start=change.started_on is not None or bool(before and before.has_start),
        has_end=change.ended_on is not None or bool(before and before.has_end),
        updated_at=START,
    )
    assert after_watching(after, total, watched(number), policy) is NoChange.ALREADY_THERE
