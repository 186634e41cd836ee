"""What nobody can have played trips the breaker, and what somebody did never does."""

import random
from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.breaker import Breaker
from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import Delivery, DeliveryState
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.scrobble import Scrobble, change_scrobble
from tests.clock import START


def play(
    at_s: float,
    media_id: str = "m",
    *,
    kind: Kind = Kind.TRACK,
    length_s: float | None = 200.0,
    played_s: float = 0.0,
    queued_after_s: float = 0.0,
) -> Delivery:
    at = START + timedelta(seconds=at_s)
    scrobble = Scrobble(
        key=f"{media_id}@{at_s}",
        item=Item(kind, media_id, "T", duration_s=length_s),
        started_at=at - timedelta(seconds=played_s),
        counted_at=at,
        played_s=played_s,
        position_s=0.0,
        progress_pct=100.0,
    )
    queued = at + timedelta(seconds=queued_after_s)
    return Delivery(1, 1, scrobble, DeliveryState.PENDING, queued_at=queued)


def sent(plays: Iterable[Delivery], breaker: Breaker | None = None, *, batch: int = 1) -> int:
    """How many rows leave before the lane is stopped."""
    breaker, rows, count = breaker or Breaker(), list(plays), 0
    for start in range(0, len(rows), batch):
        if breaker.trips(rows[start : start + batch]):
            return count
        count += len(rows[start : start + batch])
    return count


def test_a_thousand_plays_of_unknown_length_in_a_minute_stop_after_a_handful() -> None:
    flood = [play(n * 0.06, f"m{n}", length_s=None) for n in range(1000)]
    assert sent(flood) <= 10
    assert sent(flood, batch=50) == 0
    films = [play(n * 0.06, f"m{n}", kind=Kind.MOVIE, length_s=None) for n in range(1000)]
    assert sent(films) <= 4


def test_one_item_over_and_over_stops_after_a_handful() -> None:
    assert sent([play(n * 0.06, length_s=None) for n in range(1000)]) <= 6
    assert sent([play(n * 0.06, played_s=100.0) for n in range(1000)]) <= 5


def test_a_flood_that_is_spread_over_an_hour_stops_too() -> None:
    flood = [play(n * 3.6, f"m{n}", played_s=100.0) for n in range(1000)]
    assert sent(flood) < 300


def test_an_album_on_repeat_all_day_is_no_runaway() -> None:
    lengths = [184.0, 156.0, 203.0, 171.0, 238.0]
    plays: list[Delivery] = []
    at = 0.0
    while at < 86400.0:
        number = len(plays) % 5
        plays.append(play(at, f"m{number}", length_s=lengths[number], played_s=lengths[number] / 2))
        at += lengths[number]
    assert sent(plays) == len(plays)
    assert sent(plays, batch=50) == len(plays)


@pytest.mark.parametrize("length_s", [31.0, 60.0, 200.0])
def test_one_track_on_repeat_all_day_is_no_runaway(length_s: float) -> None:
    plays = [
        play(n * length_s, length_s=length_s, played_s=length_s / 2)
        for n in range(int(86400 / length_s))
    ]
    assert sent(plays, batch=1000) == len(plays)


def test_a_backlog_after_a_long_outage_is_no_runaway() -> None:
    now_s = 30 * 86400.0
    plays = [
        play(n * 200.0, f"m{n % 90}", played_s=100.0, queued_after_s=now_s - n * 200.0)
        for n in range(10_000)
    ]
    assert sent(plays, batch=1000) == len(plays)


def test_an_outage_of_an_evening_is_no_runaway_whatever_the_order() -> None:
    plays = [
        play(n * 200.0, f"m{n}", played_s=100.0, queued_after_s=20_000.0 - n * 200.0)
        for n in range(100)
    ]
    random.Random(4).shuffle(plays)
    assert sent(plays, batch=7) == len(plays)


def test_history_that_shares_a_date_is_no_runaway() -> None:
    imported = [
        play(0.0, f"m{n}", kind=Kind.MOVIE, length_s=6000.0, queued_after_s=400 * 86400.0)
        for n in range(1000)
    ]
    assert sent(imported, batch=100) == 1000


def test_two_films_and_music_at_once_with_every_file_of_three_are_no_runaway() -> None:
    plays = [play(n * 180.0, f"t{n}", length_s=180.0, played_s=90.0) for n in range(100)]
    plays += [
        play(n * 6000.0, f"f{n}", kind=Kind.MOVIE, length_s=6000.0, played_s=4800.0)
        for n in range(3)
    ]
    plays += [
        play(n * 3000.0, f"e{n}", kind=Kind.EPISODE, length_s=1400.0, played_s=1400.0)
        for n in range(6)
    ]
    assert sent(sorted(plays, key=lambda one: one.scrobble.counted_at)) == len(plays)


def test_trying_a_row_again_is_no_new_play() -> None:
    breaker = Breaker()
    assert sent([play(0.0, length_s=None)] * 500, breaker) == 500


def test_what_the_user_wants_sent_goes_and_what_comes_after_is_judged() -> None:
    breaker = Breaker()
    flood = [play(n * 0.06, f"m{n}", length_s=None) for n in range(1000)]
    assert breaker.trips(flood)
    breaker.forgive(START + timedelta(minutes=2))
    assert sent(flood, breaker, batch=50) == 1000
    again = [play(300 + n * 0.06, f"m{n}", length_s=None) for n in range(1000)]
    assert sent(again, breaker) <= 10


@given(
    st.lists(st.tuples(st.integers(31, 9000), st.floats(0.1, 1.0)), min_size=1, max_size=200),
    st.integers(1, 100),
)
def test_one_device_never_trips_it(evening: list[tuple[int, float]], batch: int) -> None:
    plays, at = [], 0.0
    for number, (length_s, share) in enumerate(evening):
        at += length_s * share
        counted = play(at, f"m{number % 9}", length_s=float(length_s), played_s=length_s * share)
        plays.append(counted)
    assert sent(plays, batch=batch) == len(plays)


def test_dates_far_from_when_they_were_queued_are_no_trouble() -> None:
    for years in (-900, 7900):
        far = play(years * 365.0 * 86400.0, queued_after_s=-years * 365.0 * 86400.0)
        assert not Breaker().trips([far])


def test_a_thousand_ratings_at_once_are_no_runaway() -> None:
    film = Subject(SubjectKind.MOVIE, "Dune")
    rows = [
        Delivery(
            number,
            1,
            change_scrobble(Change(Verb.RATE, film, at=START, rating=80), START),
            DeliveryState.PENDING,
            queued_at=START,
        )
        for number in range(1000)
    ]
    assert not Breaker().trips(rows)
