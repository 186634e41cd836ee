"""What an anime list's entry says of plays, scores, plans and lists, whatever its status."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.animelines import ListLine, count, lines
from revenge_companion.core.animeplaces import Listed, Places
from revenge_companion.core.library import Entry, Facet, Precision, SubjectKind
from revenge_companion.core.reasons import Reason
from revenge_companion.core.watching import WatchStatus
from tests.unit.core.test_animeplaces import INDEX

PLACES = Places(INDEX)
RE_ZERO = Listed(21355, 31240, "Re:ZERO", 2016, 4)
BEGAN, ENDED = date(2020, 1, 2), date(2020, 3, 4)
STATUSES = list(WatchStatus)


def a_line(status: WatchStatus = WatchStatus.CURRENT, progress: int = 0, **values: Any) -> ListLine:
    return ListLine(
        **{"key": "21355", "anime": RE_ZERO, "status": status, "progress": progress} | values
    )


def read(facet: Facet, line: ListLine, places: Places = PLACES) -> list[Entry]:
    found = list(lines(facet, line, places))
    assert not [one for one in found if isinstance(one, str)]
    return [one for one in found if isinstance(one, Entry)]


def plays(line: ListLine) -> dict[int | None, int]:
    """Plays by episode."""
    found: dict[int | None, int] = {}
    for one in read(Facet.HISTORY, line):
        number = one.subject.episode_number
        found[number] = found.get(number, 0) + one.plays
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(a_line(WatchStatus.PLANNING), {}, id="planned"),
        pytest.param(a_line(WatchStatus.CURRENT, 2), {1: 1, 2: 1}, id="watching"),
        pytest.param(a_line(WatchStatus.PAUSED, 1), {1: 1}, id="paused"),
        pytest.param(a_line(WatchStatus.DROPPED, 1, repeats=1), {1: 2}, id="dropped"),
        pytest.param(a_line(WatchStatus.COMPLETED, 4), {1: 1, 2: 1, 3: 1, 4: 1}, id="completed"),
        pytest.param(
            a_line(WatchStatus.COMPLETED, 0), {1: 1, 2: 1, 3: 1, 4: 1}, id="completed at 0 of 4"
        ),
        pytest.param(
            a_line(WatchStatus.COMPLETED, 4, repeats=2), {1: 3, 2: 3, 3: 3, 4: 3}, id="repeats"
        ),
        pytest.param(
            a_line(WatchStatus.REPEATING, 1, repeats=1), {1: 3, 2: 2, 3: 2, 4: 2}, id="rewatching"
        ),
        pytest.param(a_line(WatchStatus.CURRENT, 9), {1: 1, 2: 1, 3: 1, 4: 1}, id="behind the end"),
        pytest.param(
            a_line(WatchStatus.CURRENT, 2, anime=replace(RE_ZERO, episodes=None)),
            {1: 1, 2: 1},
            id="total unknown",
        ),
        pytest.param(a_line(WatchStatus.CURRENT, -3), {}, id="below zero"),
    ],
)
def test_progress_is_that_many_plays(line: ListLine, expected: dict[int, int]) -> None:
    assert plays(line) == expected


def test_only_the_first_and_the_last_day_are_known() -> None:
    line = a_line(WatchStatus.COMPLETED, 4, repeats=1, started_on=BEGAN, ended_on=ENDED)
    dated = {one.line: (one.at, one.precision, one.plays) for one in read(Facet.HISTORY, line)}
    unknown = (None, Precision.UNKNOWN, 1)
    assert dated == {
        "21355/1": (datetime(2020, 1, 2, 12, tzinfo=UTC), Precision.DAY, 1),
        "21355/1/again": unknown,
        "21355/2": unknown,
        "21355/2/again": unknown,
        "21355/3": unknown,
        "21355/3/again": unknown,
        "21355/4": (datetime(2020, 3, 4, 12, tzinfo=UTC), Precision.DAY, 1),
        "21355/4/again": unknown,
    }


@pytest.mark.parametrize("status", [WatchStatus.DROPPED, WatchStatus.PAUSED, WatchStatus.CURRENT])
def test_the_day_something_was_given_up_is_no_play(status: WatchStatus) -> None:
    found = read(Facet.HISTORY, a_line(status, 4, ended_on=ENDED))
    assert {one.at for one in found} == {None}


def test_one_episode_was_watched_on_its_last_day() -> None:
    film = Listed(909, None, "A film", 2001, None, film=True)
    line = a_line(WatchStatus.COMPLETED, 1, key="909", anime=film, started_on=BEGAN, ended_on=ENDED)
    (one,) = read(Facet.HISTORY, line)
    assert (one.subject.kind, one.subject.ids.imdb) == (SubjectKind.MOVIE, "tt0900009")
    assert one.at == datetime(2020, 3, 4, 12, tzinfo=UTC)
    (begun,) = read(Facet.HISTORY, replace(line, ended_on=None))
    assert begun.at == datetime(2020, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        a_line(WatchStatus.COMPLETED, 0, anime=replace(RE_ZERO, episodes=None)),
        a_line(WatchStatus.CURRENT, 99_999, anime=replace(RE_ZERO, episodes=None)),
    ],
)
def test_what_nobody_can_have_counted_is_said(line: ListLine) -> None:
    (found,) = lines(Facet.HISTORY, line, PLACES)
    assert isinstance(found, str)
    assert found.startswith("Re:ZERO: ")
    assert count(Facet.HISTORY, line) == 0


def test_a_score_is_as_old_as_the_entrys_last_change() -> None:
    at = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    (one,) = read(Facet.RATINGS, a_line(rating=83, steps=100, changed_at=at))
    assert (one.rating, one.steps, one.at, one.precision) == (83, 100, at, Precision.SECOND)
    assert (one.subject.kind, one.subject.season_number) == (SubjectKind.SEASON, 1)
    assert read(Facet.RATINGS, a_line()) == []


def test_a_plan_is_for_the_show_and_dated_when_it_was_made() -> None:
    at = datetime(2024, 5, 6, tzinfo=UTC)
    (one,) = read(Facet.WATCHLIST, a_line(WatchStatus.PLANNING, listed_at=at))
    assert (one.subject.kind, one.subject.ids.tvdb, one.at) == (SubjectKind.SHOW, 305089, at)
    assert read(Facet.WATCHLIST, a_line(WatchStatus.CURRENT, 1)) == []
    (undated,) = read(Facet.WATCHLIST, a_line(WatchStatus.PLANNING))
    assert (undated.at, undated.precision) == (None, Precision.UNKNOWN)


def test_each_of_the_users_own_lists_is_a_line() -> None:
    found = read(Facet.LISTS, a_line(lists=("Best", "With the cat")))
    assert [(one.list_name, one.line) for one in found] == [
        ("Best", "21355/Best"),
        ("With the cat", "21355/With the cat"),
    ]
    assert read(Facet.LISTS, a_line()) == []


def test_a_line_says_why_its_item_may_not_be_found() -> None:
    line = a_line(WatchStatus.PLANNING, 1, rating=50, lists=("Best",))
    for facet in (Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST, Facet.LISTS):
        assert {one.reason for one in read(facet, line, Places(None))} == {Reason.ANIME_MAP_MISSING}
        assert {one.reason for one in read(facet, line)} == {""}


@given(
    st.builds(
        a_line,
        st.sampled_from(STATUSES),
        st.integers(0, 12),
        repeats=st.integers(0, 3),
        rating=st.none() | st.integers(1, 100),
        lists=st.sampled_from([(), ("a",), ("a", "b")]),
        anime=st.sampled_from([RE_ZERO, replace(RE_ZERO, episodes=None)]),
    ),
    st.sampled_from(list(Facet)),
)
def test_lines_are_counted_without_being_made(line: ListLine, facet: Facet) -> None:
    made = [one for one in lines(facet, line, PLACES) if isinstance(one, Entry)]
    assert count(facet, line) == len(made)
    assert len({one.line for one in made}) == len(made)
