"""Finding our plays in Trakt's history, and leaving each there once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import Delivered, Delivery
from revenge_companion.core.library import subject_of
from revenge_companion.core.media import Item, Kind
from revenge_companion.services.base import ReadsBack, Secret
from revenge_companion.services.trakt import reading
from revenge_companion.services.trakt.client import TraktClient
from revenge_companion.services.trakt.service import Trakt
from tests.clock import START
from tests.unit.services.kit import (
    TOKEN,
    Answers,
    MemorySlot,
    QuickClock,
    a_change,
    a_delivery,
    a_movie,
    an_account,
    an_episode,
    answer,
)

LATE_S = 3600.0


def a_client(answers: Answers) -> TraktClient:
    slot = MemorySlot(Secret(TOKEN, client_id="client"))
    return Trakt(answers.http, QuickClock(), {}).client(an_account("trakt"), slot)


def a_line(number: int, item: Item, after_s: float, action: str = "watch") -> dict[str, Any]:
    """A line of history that lies so long after START, less an hour."""
    at = START - timedelta(seconds=LATE_S) + timedelta(seconds=after_s)
    what: dict[str, Any] = {"movie": {"ids": {"tmdb": item.ids.tmdb}}}
    if item.kind is Kind.EPISODE:
        series = {"ids": {"tvdb": item.series.ids.tvdb if item.series else None}}
        number_of: dict[str, Any] = {
            "season": item.season_number,
            "number": item.episode_number,
            "ids": {},
        }
        what = {"show": series, "episode": number_of}
    return {"id": number, "watched_at": at.isoformat(), "action": action} | what


def late(item: Item, row_id: int = 1, **values: Any) -> Delivery:
    return a_delivery(item, row_id, ago_s=LATE_S, **values)


def page(lines: Sequence[dict[str, Any]], pages: int = 1) -> httpx.Response:
    return answer(200, list(lines), {"X-Pagination-Page-Count": str(pages)})


FILM = a_movie()
L = FILM.duration_s or 0.0


@pytest.mark.parametrize(
    ("after_s", "is_it"),
    [(0, True), (0.2 * L, True), (0.45 * L, True), (0.8 * L, False), (-0.3 * L, False)],
)
def test_a_line_up_to_the_end_of_the_play_is_the_other_companions(
    after_s: float, is_it: bool
) -> None:
    assert bool(reading.matched([a_line(5, FILM, after_s)], [late(FILM)])) is is_it


@pytest.mark.parametrize(("after_s", "is_it"), [(-0.2 * L, True), (-0.9 * L, False), (60, True)])
def test_a_play_from_the_history_is_found_where_it_counted(after_s: float, is_it: bool) -> None:
    delivery = late(FILM)
    reported = replace(delivery, scrobble=replace(delivery.scrobble, played_s=0.0))
    assert bool(reading.matched([a_line(5, FILM, after_s)], [reported])) is is_it


def test_what_we_may_have_sent_ourselves_lies_where_we_dated_it() -> None:
    line = a_line(5, FILM, 0.2 * L)
    assert reading.matched([line], [late(FILM, unsure=True)]) == {}
    assert reading.matched([line], [late(FILM, attempts=1)]) == {}


def test_a_line_stands_for_one_play() -> None:
    twice = [late(FILM, 1), a_delivery(FILM, 2, ago_s=LATE_S - 300)]
    assert reading.matched([a_line(5, FILM, 0)], twice) == {1: "5"}
    assert reading.matched([a_line(5, FILM, 0), a_line(6, FILM, 300)], twice) == {1: "5", 2: "6"}


async def test_a_batch_is_looked_for_in_one_request() -> None:
    items = [FILM, an_episode(1), an_episode(2)]
    rows = [late(item, n) for n, item in enumerate(items, 1)]
    answers = Answers(page([a_line(7, items[1], 0)]))
    client = a_client(answers)
    assert isinstance(client, ReadsBack)
    assert client.doubtful(rows) == rows
    assert await client.find_many(rows) == {2: "7"}
    assert answers.paths == ["GET /sync/history"]


async def test_every_page_of_the_window_is_read() -> None:
    rows = [late(an_episode(n), n) for n in range(1, 5)]
    answers = Answers(
        page([a_line(7, rows[0].scrobble.item, 0)], 2),
        page([a_line(8, rows[3].scrobble.item, 0)], 2),
    )
    assert await a_client(answers).find_many(rows) == {1: "7", 4: "8"}
    assert answers.paths == ["GET /sync/history/episodes"] * 2


async def test_rows_far_apart_in_a_long_history_are_asked_for_alone() -> None:
    rows = [late(an_episode(1), 1), a_delivery(an_episode(2), 2, ago_s=1e8)]
    answers = Answers(page([], 90), page([]), page([]))
    assert await a_client(answers).find_many(rows) == {}
    assert len(answers.requests) == 3


def test_a_fresh_stop_is_not_looked_for() -> None:
    client = a_client(Answers(page([])))
    assert client.doubtful([a_delivery(FILM, ago_s=5)]) == ()
    assert len(client.doubtful([a_delivery(FILM, ago_s=5, progress_pct=50.0)])) == 1
    # One whose stop was not answered neither: Trakt refuses the second within the hour.
    assert client.doubtful([a_delivery(FILM, ago_s=5, attempts=1)]) == ()
    assert len(client.doubtful([a_delivery(FILM, n, ago_s=5) for n in (1, 2)])) == 2


async def test_two_that_sent_the_same_keep_the_same_line() -> None:
    lines = [a_line(12, FILM, 0), a_line(11, FILM, 0)]
    answers = Answers(page(lines), answer(200, {"deleted": {"movies": 1}}))
    assert await a_client(answers).confirm([late(FILM)]) == {1: "11"}
    assert answers.json() == {"ids": [12]}


async def test_a_live_stop_stays_and_what_was_dated_beside_it_goes() -> None:
    lines = [a_line(11, FILM, 0), a_line(12, FILM, 30, "scrobble")]
    answers = Answers(page(lines), answer(200, {"deleted": {"movies": 1}}))
    assert await a_client(answers).confirm([late(FILM)]) == {1: "12"}
    assert answers.json() == {"ids": [11]}


async def test_what_is_there_once_is_left_alone() -> None:
    lines = [a_line(11, FILM, 0), a_line(3, FILM, -2 * L), a_line(4, an_episode(1), 0)]
    answers = Answers(page(lines))
    assert await a_client(answers).confirm([late(FILM)]) == {1: "11"}
    assert answers.paths == ["GET /sync/history/movies"]


@given(st.permutations(range(1, 6)), st.integers(0, 5))
def test_whoever_looks_at_doubles_keeps_one_and_the_same(order: list[int], live: int) -> None:
    lines = [a_line(n, FILM, 0, "scrobble" if n == live else "watch") for n in order]
    gone = set(reading.doubles(lines, [late(FILM)]))
    assert set(order) - gone == {live or 1}


# Plays with a date that were not played here: an export of what was imported elsewhere


def exported(item: Item, row_id: int, at: datetime, **values: Any) -> Delivery:
    """A play of long ago, dated to the second and not observed by anybody."""
    row = a_delivery(item, row_id, **values)
    dated = replace(row.scrobble, started_at=at, counted_at=at, played_s=0.0, progress_pct=100.0)
    return replace(row, scrobble=replace(dated, key=f"export-{row_id}"))


LONG_AGO = datetime(2024, 2, 29, 23, 58, 59, tzinfo=UTC)


def dated(number: int, item: Item, at: datetime) -> dict[str, Any]:
    return a_line(number, item, (at - START).total_seconds() + LATE_S)


async def test_an_exported_play_keeps_its_true_date_and_is_never_a_live_stop() -> None:
    row = exported(FILM, 1, LONG_AGO)
    added = {"added": {"movies": 1, "episodes": 0}, "not_found": {}}
    answers = Answers(page([]), answer(201, added))
    client = a_client(answers)
    client.once.learn({})
    assert client.doubtful([row]) == [row]
    assert await client.find_many([row]) == {}
    assert await client.submit([row]) == {1: Delivered()}
    assert answers.json() == {
        "movies": [
            {
                "watched_at": "2024-02-29T23:58:59.000Z",
                "ids": {"imdb": "tt1375666", "tmdb": 27205},
            }
        ]
    }
    asked = answers.requests[0].url.params
    assert asked["start_at"] < "2024-02-29T23:58:00" < "2024-03-01T00:00:00" < asked["end_at"]


async def test_an_exported_play_that_is_there_is_known_by_its_minute() -> None:
    row = exported(FILM, 1, LONG_AGO)
    line = dated(5, FILM, LONG_AGO.replace(second=0))
    assert await a_client(Answers(page([line]))).find_many([row]) == {1: "5"}


def test_rewatches_of_one_day_are_each_their_own_line() -> None:
    hours = [timedelta(hours=n) for n in (0, 3, 6)]
    rows = [exported(FILM, n, LONG_AGO + by) for n, by in enumerate(hours, 1)]
    only_the_second = [dated(8, FILM, LONG_AGO + hours[1])]
    assert reading.matched(only_the_second, rows) == {2: "8"}
    every = [dated(n, FILM, LONG_AGO + by) for n, by in enumerate(hours, 1)]
    assert reading.matched(every, rows) == {1: "1", 2: "2", 3: "3"}


def test_an_exact_date_goes_before_one_that_is_near() -> None:
    # Watched twice in a row; its length is not known, so either line might be either play.
    short = an_episode(1, duration_s=None)
    later = LONG_AGO + timedelta(minutes=25)
    rows = [exported(short, 1, LONG_AGO), exported(short, 2, later)]
    assert reading.matched([dated(5, short, later)], rows) == {2: "5"}


async def test_two_plays_with_one_date_are_both_kept() -> None:
    # As from a diary that knows days only: both lie at noon.
    rows = [exported(FILM, 1, LONG_AGO), exported(FILM, 2, LONG_AGO)]
    other = exported(an_episode(1), 3, LONG_AGO)
    lines = [
        dated(12, FILM, LONG_AGO),
        dated(11, FILM, LONG_AGO),
        dated(10, an_episode(1), LONG_AGO),
    ]
    answers = Answers(page(lines))
    found = await a_client(answers).confirm([*rows, other])
    assert (sorted(found[n] for n in (1, 2)), found[3]) == (["11", "12"], "10")
    assert len(answers.requests) == 1


async def test_of_what_two_companions_sent_as_many_stay_as_there_were_plays() -> None:
    rows = [exported(FILM, 1, LONG_AGO), exported(FILM, 2, LONG_AGO)]
    lines = [dated(number, FILM, LONG_AGO) for number in (14, 13, 12, 11)]
    answers = Answers(page(lines), answer(200, {"deleted": {"movies": 2}}))
    assert set((await a_client(answers).confirm(rows)).values()) == {"11", "12"}
    assert answers.json() == {"ids": [13, 14]}


def test_a_change_is_never_looked_for_in_the_history() -> None:
    rating = a_change(Change(Verb.RATE, subject_of(FILM), START, 80))
    client = a_client(Answers(page([])))
    assert client.doubtful([rating, late(FILM, 2)]) == [late(FILM, 2)]
