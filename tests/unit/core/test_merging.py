"""Several sources about one thing: each play once and none left out, whatever the order."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.library import REVENGE, Facet, Precision, SubjectKind
from revenge_companion.core.lines import Line, Shown
from revenge_companion.core.merging import differs, merge, one_play, reach_s

START = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
FILM_S = 6000.0
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = (UTC, BERLIN, ZoneInfo("America/Los_Angeles"), ZoneInfo("Pacific/Auckland"))


def at(seconds: float, source: str = "a", line: str = "", **values: object) -> Line:
    """A line dated so many seconds after the start."""
    made = Line(source, line or f"{seconds:g}", START + timedelta(seconds=seconds))
    return replace(made, **values)  # type: ignore[arg-type]  # a test names only what it is about


def day(on: date, source: str = "a", line: str = "") -> Line:
    noon = datetime.combine(on, time(12), UTC)
    return Line(source, line or on.isoformat(), noon, Precision.DAY)


def count(plays: int, source: str = "a", line: str = "n") -> Line:
    return Line(source, line, None, Precision.UNKNOWN, plays)


def minute(line: Line) -> Line:
    """The line as a service keeps it that cuts the seconds off."""
    assert line.at is not None
    return replace(line, at=line.at.replace(second=0, microsecond=0), precision=Precision.MINUTE)


def film(
    *lines: Line, facet: Facet = Facet.HISTORY, zone: object = UTC, plays: Sequence[Line] = ()
) -> list[Shown]:
    return merge(
        facet,
        lines,
        kind=SubjectKind.MOVIE,
        duration_s=FILM_S,
        zone=zone,
        plays=plays,  # type: ignore[arg-type]  # a zone
    )


def total(shown: Sequence[Shown]) -> int:
    return sum(one.plays for one in shown)


# What is a play, and what is the same one


def test_two_plays_of_one_source_on_one_day_stay_two() -> None:
    assert total(film(at(0), at(3600), at(7200))) == 3


def test_even_in_one_second() -> None:
    assert total(film(at(0, line="x"), at(0, line="y"))) == 2


def test_a_service_that_cuts_seconds_off_says_the_same() -> None:
    one = at(42)
    (shown,) = film(one, minute(replace(one, source="b")))
    assert shown.line == one
    assert [line.source for line in shown.same] == ["b"]


def test_start_and_end_of_one_play_are_one() -> None:
    (shown,) = film(at(0, "companion"), at(FILM_S, "trakt"))
    assert shown.line.source == "companion"


def test_a_runtime_later_and_more_is_another_play() -> None:
    assert total(film(at(0, "a"), at(FILM_S + 600, "b"))) == 2


def test_rewatches_are_matched_one_to_one() -> None:
    ours = [at(0), at(7200), at(14400)]
    theirs = [at(FILM_S, "b"), at(7200 + FILM_S, "b")]
    assert total(film(*ours, *theirs)) == 3


def test_the_nearest_is_matched_and_not_the_first() -> None:
    shown = film(at(0), at(5000), at(5010, "b"))
    (both,) = [one for one in shown if one.same]
    assert both.line == at(5000)


def test_more_matches_go_before_nearer_ones() -> None:
    # 2800 s lie between the neighbours in the middle, 3000 s between the pairs.
    shown = film(at(0), at(5800), at(3000, "b"), at(8800, "b"))
    assert total(shown) == 2


def test_a_track_on_repeat_is_counted_by_who_heard_it() -> None:
    ours = [at(240.0 * n, "lastfm") for n in range(5)]
    theirs = [at(240.0 * n + 1, "listenbrainz") for n in range(1, 5)]
    shown = merge(Facet.HISTORY, [*ours, *theirs], kind=SubjectKind.TRACK, duration_s=240.0)
    assert total(shown) == 5
    assert sum(bool(one.same) for one in shown) == 4


def test_three_sources_of_one_play() -> None:
    (shown,) = film(at(0, "a"), minute(at(30, "b")), at(FILM_S, "c"))
    assert len(shown.same) == 2


def test_a_chain_of_neighbours_is_not_one_play() -> None:
    far = at(FILM_S * 1.6, "c")
    assert total(film(at(0, "a"), at(FILM_S * 0.8, "b"), far)) == 2


def test_the_earlier_date_counts_against_a_service_and_the_later_in_revenge() -> None:
    ours, theirs = at(0, "companion"), at(FILM_S, "trakt")
    assert film(ours, theirs)[0].line == ours
    server = at(FILM_S, REVENGE)
    assert film(ours, server)[0].line == server
    assert film(at(0, REVENGE), at(FILM_S, "trakt"))[0].line.source == "trakt"


def test_the_users_word_goes_before_any_rule() -> None:
    theirs = at(FILM_S, "trakt", preferred=1)
    assert film(at(0, "companion"), theirs)[0].line == theirs
    against = at(0, "companion", preferred=-1)
    assert film(against, at(FILM_S, "trakt"))[0].line.source == "trakt"


# Days


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("hour", [0, 3, 11, 12, 23])
def test_a_day_is_the_users_own(zone: ZoneInfo, hour: int) -> None:
    watched = datetime(2026, 3, 5, hour, 30, tzinfo=zone)
    (shown,) = film(
        Line("a", "1", watched.astimezone(UTC)), day(date(2026, 3, 5), "letterboxd"), zone=zone
    )
    assert shown.line.source == "a"


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_the_next_day_is_another_play(zone: ZoneInfo) -> None:
    watched = datetime(2026, 3, 5, 12, tzinfo=zone).astimezone(UTC)
    assert total(film(Line("a", "1", watched), day(date(2026, 3, 6), "b"), zone=zone)) == 2


@pytest.mark.parametrize("shift", [-1, 0])
def test_a_film_over_midnight_is_of_either_day(shift: int) -> None:
    # Half past midnight: it began the day before, and ends on this one.
    watched = datetime(2026, 3, 6, 0, 30, tzinfo=BERLIN).astimezone(UTC)
    on = date(2026, 3, 6) + timedelta(days=shift)
    assert total(film(Line("a", "1", watched), day(on, "b"), zone=BERLIN)) == 1


@pytest.mark.parametrize("on", [date(2026, 3, 29), date(2026, 10, 25)])
@pytest.mark.parametrize("hour", [0, 1, 4, 23])
def test_the_day_the_clocks_change_is_a_day(on: date, hour: int) -> None:
    watched = datetime.combine(on, time(hour, 30), BERLIN).astimezone(UTC)
    assert total(film(Line("a", "1", watched), day(on, "b"), zone=BERLIN)) == 1


def test_two_plays_of_a_day_take_two_entries_of_it() -> None:
    on = START.date()
    ours = [at(0), at(-8000)]
    assert total(film(*ours, day(on, "b", "1"), day(on, "b", "2"))) == 2
    assert total(film(*ours, day(on, "b", "1"), day(on, "b", "2"), day(on, "b", "3"))) == 3


def test_a_day_of_two_diaries_is_one() -> None:
    assert total(film(day(START.date(), "a"), day(START.date(), "b"))) == 1


# Plays that nobody dates


def test_dated_plays_account_for_a_count() -> None:
    shown = film(at(0), at(9000), count(2, "b"))
    assert total(shown) == 2
    assert all(one.line.source == "a" for one in shown)


def test_only_the_surplus_of_a_count_is_shown() -> None:
    shown = film(at(0), count(5, "b"))
    assert total(shown) == 5
    assert [one.plays for one in shown if one.line.source == "b"] == [4]


def test_a_source_own_dates_are_beside_its_count() -> None:
    assert total(film(at(0, "b"), count(2, "b"))) == 3


def test_of_two_counts_the_higher_holds() -> None:
    assert total(film(count(2, "a"), count(5, "b"), count(3, "c"))) == 5


# Ratings


def rated(value: int, after_s: float = 0, source: str = "a", steps: int = 10) -> Line:
    return at(after_s, source, "r", rating=value, steps=steps)


def test_the_last_rating_holds() -> None:
    (shown,) = film(rated(70), rated(90, 60, "b"), facet=Facet.RATINGS)
    assert shown.line.rating == 90


def test_of_ratings_that_agree_the_finest_is_kept() -> None:
    (shown,) = film(rated(83, 0, "a", 100), rated(80, 60, "b"), facet=Facet.RATINGS)
    assert shown.line.rating == 83
    assert not differs(rated(83, 0, "a", 100), rated(80, 60, "b"))


def test_the_chosen_rating_holds() -> None:
    mine = replace(rated(70), preferred=1)
    (shown,) = film(mine, rated(90, 60, "b"), facet=Facet.RATINGS)
    assert shown.line == mine


# Watchlist, loved, lists


def wanted(after_s: float | None = 0, source: str = "a", **values: object) -> Line:
    if after_s is None:
        return Line(source, "w", None, Precision.UNKNOWN)
    return at(after_s, source, "w", **values)


def test_what_was_watched_since_leaves_the_watchlist() -> None:
    on = Facet.WATCHLIST
    assert film(wanted(), facet=on, plays=[at(60)]) == []
    assert len(film(wanted(60), facet=on, plays=[at(0)])) == 1
    assert film(wanted(None), facet=on, plays=[count(1, "b")]) == []
    # Perhaps it was watched long before it was wanted again.
    assert len(film(wanted(0), facet=on, plays=[count(1, "b")])) == 1


def test_what_the_user_took_off_stays_off_until_it_is_wanted_again() -> None:
    on = Facet.WATCHLIST
    gone = wanted(100, "companion", removed=True)
    assert film(wanted(0, "b"), wanted(None, "c"), gone, facet=on) == []
    assert len(film(wanted(200, "b"), gone, facet=on)) == 1


def test_the_first_wish_dates_it() -> None:
    (shown,) = film(wanted(60), wanted(0, "b"), wanted(None, "c"), facet=Facet.WATCHLIST)
    assert shown.line.source == "b"
    assert len(shown.same) == 2


def test_the_last_word_on_love_holds() -> None:
    loved, hated = at(0, "a", "l"), at(60, "b", "l", loved=False)
    (shown,) = film(loved, hated, facet=Facet.LOVED)
    assert not shown.line.loved
    assert differs(loved, hated)


def test_each_list_has_it_once() -> None:
    lines = [
        at(0, "a", "1", list_name="Best of"),
        at(9, "b", "1", list_name=" best  OF "),
        at(0, "a", "2", list_name="Winter"),
    ]
    assert len(film(*lines, facet=Facet.LISTS)) == 2


# What holds for any lines

SOURCES = ("a", "b", "companion", REVENGE)


@st.composite
def histories(draw: st.DrawFn) -> list[Line]:
    lines = []
    for number in range(draw(st.integers(0, 9))):
        source = draw(st.sampled_from(SOURCES))
        kind = draw(st.sampled_from(list(Precision)))
        moment = START + timedelta(seconds=draw(st.integers(-200_000, 200_000)))
        if kind is Precision.DAY:
            moment = datetime.combine(moment.date(), time(12), UTC)
        elif kind is Precision.MINUTE:
            moment = moment.replace(second=0)
        lines.append(
            Line(
                source,
                str(number),
                None if kind is Precision.UNKNOWN else moment,
                kind,
                draw(st.integers(1, 4)) if kind is Precision.UNKNOWN else 1,
                preferred=draw(st.sampled_from((0, 0, 0, 1, -1))),
            )
        )
    return lines


@given(histories(), st.randoms(use_true_random=False), st.sampled_from(ZONES))
def test_order_and_repetition_change_nothing(
    lines: list[Line], dice: random.Random, zone: ZoneInfo
) -> None:
    shuffled = [*lines, *lines[: len(lines) // 2]]
    dice.shuffle(shuffled)
    assert film(*shuffled, zone=zone) == film(*lines, zone=zone)


@given(histories(), st.sampled_from(ZONES))
def test_no_play_of_any_source_is_left_out(lines: list[Line], zone: ZoneInfo) -> None:
    shown = film(*lines, zone=zone)
    for source in SOURCES:
        own = [line for line in lines if line.source == source]
        assert total(shown) >= sum(line.plays for line in own)
    dated = [line for line in lines if line.at is not None]
    said = [line for one in shown for line in (one.line, *one.same)]
    assert all(line in said for line in dated)
    assert len(said) == len(set(said))
    for one in shown:
        if one.line.at is not None:
            together = [line.source for line in (one.line, *one.same)]
            assert len(together) == len(set(together))


@given(histories(), st.sampled_from(ZONES))
def test_nothing_is_shown_that_nobody_said(lines: list[Line], zone: ZoneInfo) -> None:
    shown = film(*lines, zone=zone)
    assert total(shown) <= sum(line.plays for line in lines)
    assert all(one.line in lines for one in shown)


@given(histories(), st.sampled_from(ZONES))
def test_a_copy_of_a_source_adds_no_play(lines: list[Line], zone: ZoneInfo) -> None:
    own = [line for line in lines if line.source == "a"]
    copy = [replace(line, source="aa", preferred=0) for line in own]
    assert total(film(*own, *copy, zone=zone)) == total(film(*own, zone=zone))


@given(histories(), st.sampled_from(ZONES))
def test_cutting_seconds_off_adds_no_play(lines: list[Line], zone: ZoneInfo) -> None:
    own = [line for line in lines if line.source == "a" and line.precision is Precision.SECOND]
    copy = [minute(replace(line, source="trakt")) for line in own]
    assert total(film(*own, *copy, zone=zone)) == len(own)


@given(st.integers(0, 366 * 24 * 60), st.sampled_from(ZONES))
def test_a_diary_of_the_users_days_adds_no_play_and_moves_none(
    minutes: int, zone: ZoneInfo
) -> None:
    watched = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    line = Line("a", "1", watched)
    (shown,) = film(line, day(watched.astimezone(zone).date(), "diary"), zone=zone)
    assert shown.line == line


@given(histories(), st.sampled_from([Facet.WATCHLIST, Facet.LOVED, Facet.COLLECTION]))
def test_other_facets_are_in_any_order_the_same(lines: list[Line], facet: Facet) -> None:
    shown = film(*lines, facet=facet)
    assert film(*reversed(lines), facet=facet) == shown
    assert len(shown) <= 1


def test_one_track_all_night_is_merged_in_a_moment() -> None:
    ours = [at(60.0 * n, "a") for n in range(1500)]
    theirs = [at(60.0 * n + 1, "b") for n in range(1500)]
    shown = merge(Facet.HISTORY, [*ours, *theirs], kind=SubjectKind.TRACK, duration_s=60.0)
    assert total(shown) == 1500


@given(histories(), st.sampled_from((60.0, FILM_S, 90_000.0)))
def test_two_dates_are_told_apart_as_by_merging(lines: list[Line], length_s: float) -> None:
    for one, other in pairwise(lines):
        reach = reach_s(SubjectKind.MOVIE, length_s)
        same = one_play(one, other, reach)
        if same is not None:
            merged = merge(
                Facet.HISTORY, [one, other], kind=SubjectKind.MOVIE, duration_s=length_s, zone=UTC
            )
            assert same is (len(merged) == 1)


@pytest.mark.parametrize(
    ("other", "says_otherwise"),
    [
        (at(120, "b"), False),
        (at(121, "b"), True),
        # 20:03:00 and before may be what is left of 20:02:59 plus the slack of two clocks.
        (minute(at(180, "b")), False),
        (minute(at(-120, "b")), False),
        (minute(at(240, "b")), True),
        (day(START.date(), "b"), False),
        (count(1, "b"), False),
    ],
    ids=["slack", "later", "minute", "minute before", "minutes later", "day", "undated"],
)
def test_the_user_is_shown_only_dates_that_are_not_the_same(
    other: Line, says_otherwise: bool
) -> None:
    assert differs(at(0), other) is says_otherwise
    assert differs(other, at(0)) is says_otherwise
