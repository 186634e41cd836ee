"""Letterboxd: the import file's columns, days, rewatches, sizes and cells; linking."""

import csv
import io
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from revenge_companion.core.delivery import Delivery, DeliveryState, TryLater
from revenge_companion.core.errors import LinkRefused
from revenge_companion.core.live import LiveAction
from revenge_companion.core.media import Ids, Item
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.services.base import HandOffFile, LinkMethod, LinkRequest
from revenge_companion.services.hand_off import cell, parts
from revenge_companion.services.letterboxd.payload import HEADER, files
from revenge_companion.services.letterboxd.service import Letterboxd
from revenge_companion.services.letterboxd.spec import SPEC
from tests.unit.services.kit import (
    Answers,
    MemorySlot,
    Prompts,
    QuickClock,
    a_delivery,
    a_movie,
    a_notice,
    an_account,
    an_episode,
    answer,
)

BERLIN = ZoneInfo("Europe/Berlin")


def seen(item: Item, at: datetime, row_id: int = 1) -> Delivery:
    """A delivery of `item` that counted at `at`."""
    scrobble = Scrobble(
        key=f"k{row_id}",
        item=item,
        started_at=at - timedelta(hours=2),
        counted_at=at,
        played_s=7000,
        position_s=7000,
        progress_pct=80,
    )
    return Delivery(row_id, 1, scrobble, DeliveryState.PENDING)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rows(file: HandOffFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.text, newline="")))


def only_row(*deliveries: Delivery, **more: Any) -> dict[str, str]:
    (file,) = files(deliveries, UTC, **more)
    (row,) = rows(file)
    return row


def a_service() -> tuple[Letterboxd, Answers]:
    answers = Answers(answer(500))
    return Letterboxd(answers.http, QuickClock(), {}), answers


def test_a_film_is_one_line_with_the_columns_of_the_importer() -> None:
    (file,) = files([seen(a_movie(), at("2026-03-01T20:00"))], UTC)
    assert file.name == "letterboxd.csv"
    assert file.text == (
        "tmdbID,imdbID,Title,Year,WatchedDate,Rewatch\r\n"
        "27205,tt1375666,Inception,2010,2026-03-01,false\r\n"
    )
    assert file.delivery_ids == (1,)


def test_no_column_could_take_a_rating_away() -> None:
    assert not {"Rating", "Rating10"} & set(HEADER)


def test_nothing_waiting_makes_no_file() -> None:
    assert files([], UTC) == []


@pytest.mark.parametrize(
    ("counted", "zone", "day"),
    [
        ("2026-03-01T23:30", BERLIN, "2026-03-02"),
        ("2026-03-01T22:30", BERLIN, "2026-03-01"),
        # Summer time: two hours ahead.
        ("2026-07-01T22:30", BERLIN, "2026-07-02"),
        ("2026-03-02T03:00", timezone(timedelta(hours=-8)), "2026-03-01"),
        ("2026-03-01T23:30", UTC, "2026-03-01"),
    ],
)
def test_the_day_is_the_users_own(counted: str, zone: Any, day: str) -> None:
    (file,) = files([seen(a_movie(), at(counted))], zone)
    assert rows(file)[0]["WatchedDate"] == day


def test_two_viewings_on_one_day_are_one_line_that_holds_both() -> None:
    (file,) = files(
        [
            seen(a_movie(), at("2026-03-01T22:00"), 2),
            seen(a_movie(), at("2026-03-01T15:00"), 1),
        ],
        UTC,
    )
    assert len(rows(file)) == 1
    assert file.delivery_ids == (1, 2)


def test_films_that_share_an_id_are_one_film() -> None:
    both = a_movie(ids=Ids(tmdb=27205, imdb="tt1375666"))
    (file,) = files(
        [
            seen(both, at("2026-03-01T15:00"), 1),
            seen(a_movie(title="Origen", ids=Ids(imdb="tt1375666")), at("2026-03-01T20:00"), 2),
        ],
        UTC,
    )
    assert len(rows(file)) == 1


def test_two_films_of_one_title_are_two_lines() -> None:
    (file,) = files(
        [
            seen(a_movie(title="Crash", year=1996, ids=Ids()), at("2026-03-01T15:00"), 1),
            seen(a_movie(title="Crash", year=2004, ids=Ids()), at("2026-03-01T20:00"), 2),
        ],
        UTC,
    )
    assert [row["Year"] for row in rows(file)] == ["1996", "2004"]


def test_a_later_day_is_a_rewatch() -> None:
    (file,) = files(
        [
            seen(a_movie(), at("2026-03-05T20:00"), 2),
            seen(a_movie(), at("2026-03-01T20:00"), 1),
        ],
        UTC,
    )
    assert [(row["WatchedDate"], row["Rewatch"]) for row in rows(file)] == [
        ("2026-03-01", "false"),
        ("2026-03-05", "true"),
    ]


@pytest.mark.parametrize(
    ("earlier", "rewatch"),
    [("2020-01-01T20:00", "true"), ("2026-03-01T08:00", "false"), ("2026-03-09T20:00", "false")],
    ids=["years before", "the same day", "afterwards"],
)
def test_a_film_of_the_whole_history_is_a_rewatch(earlier: str, rewatch: str) -> None:
    history = [(a_movie(ids=Ids(tmdb=27205)), at(earlier))]
    row = only_row(seen(a_movie(), at("2026-03-01T20:00")), history=history)
    assert row["Rewatch"] == rewatch


def test_history_of_a_series_with_the_same_number_is_another_thing() -> None:
    history = [(an_episode(ids=Ids(tmdb=27205)), at("2020-01-01T20:00"))]
    assert only_row(seen(a_movie(), at("2026-03-01T20:00")), history=history)["Rewatch"] == "false"


def test_episodes_and_films_without_title_and_id_are_in_no_file() -> None:
    nothing = a_movie(title=" ", ids=Ids())
    assert (
        files(
            [seen(an_episode(), at("2026-03-01T20:00")), seen(nothing, at("2026-03-01T20:00"), 2)],
            UTC,
        )
        == []
    )


@pytest.mark.parametrize(
    ("ids", "year", "cells"),
    [
        (Ids(), None, ("", "", "")),
        (Ids(tmdb=0, imdb="nm0000001"), 0, ("", "", "")),
        (Ids(tmdb=7, imdb="tt1375666\n=1"), 99999, ("7", "", "")),
    ],
)
def test_ids_and_years_that_are_none_stay_empty(
    ids: Ids, year: int | None, cells: tuple[str, str, str]
) -> None:
    row = only_row(seen(a_movie(ids=ids, year=year), at("2026-03-01T20:00")))
    assert (row["tmdbID"], row["imdbID"], row["Year"]) == cells


@pytest.mark.parametrize(
    ("title", "with_id", "without_id"),
    [
        ('Dr. Strangelove, or: "How"', 'Dr. Strangelove, or: "How"', 'Dr. Strangelove, or: "How"'),
        ('=HYPERLINK("x")', '\'=HYPERLINK("x")', '\'=HYPERLINK("x")'),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)", "'@SUM(1)"),
        ("\t\r\n=1+[x]y", "'=1+[x]y", "'=1+[x]y"),
        # Real titles: harmless, and where no id names the film the importer goes by them.
        ("+1", "'+1", "+1"),
        ("-30-", "'-30-", "-30-"),
        ("Two\nlines\x00", "Two lines", "Two lines"),
        ("千と千尋の神隠し", "千と千尋の神隠し", "千と千尋の神隠し"),
    ],
)
def test_a_title_is_text_for_spreadsheets_and_still_found(
    title: str, with_id: str, without_id: str
) -> None:
    moment = at("2026-03-01T20:00")
    assert only_row(seen(a_movie(title=title), moment))["Title"] == with_id
    assert only_row(seen(a_movie(title=title, ids=Ids()), moment))["Title"] == without_id


def test_halves_of_characters_do_not_break_the_file() -> None:
    (file,) = files([seen(a_movie(title="A\ud800B"), at("2026-03-01T20:00"))], UTC)
    assert rows(file)[0]["Title"] == "AB"
    file.text.encode("utf-8")


def test_parts_stay_below_the_importers_megabyte_and_repeat_the_header() -> None:
    start = at("2020-01-01T20:00")
    deliveries = [
        seen(a_movie(title="Ü" * 990, ids=Ids(tmdb=n)), start + timedelta(days=n), n)
        for n in range(1, 1001)
    ]
    made = files(deliveries, UTC)
    assert [file.name for file in made] == [f"letterboxd-{n}-of-3.csv" for n in (1, 2, 3)]
    assert all(len(file.text.encode()) <= 900_000 for file in made)
    assert all(file.text.startswith("tmdbID,imdbID,Title,Year,") for file in made)
    assert [row_id for file in made for row_id in file.delivery_ids] == list(range(1, 1001))


def test_a_part_has_a_thousand_lines_at_most() -> None:
    made = parts("x", ("a",), [((str(n),), (n,)) for n in range(2001)])
    assert [len(rows(file)) for file in made] == [1000, 1000, 1]


def test_a_single_line_over_the_cap_is_a_part_of_its_own() -> None:
    made = parts("x", ("a",), [(("y" * 50,), (1,)), (("z" * 50,), (2,))], most_bytes=20)
    assert [file.delivery_ids for file in made] == [(1,), (2,)]


def test_a_cell_has_an_end() -> None:
    assert len(cell("x" * 10_000)) == 2000


def test_it_is_linked_without_a_login_and_collects_files() -> None:
    assert SPEC.link == (LinkMethod.LOCAL,)
    assert SPEC.hand_off
    assert SPEC.upload_url == "https://letterboxd.com/import/"


async def test_linking_asks_nobody_and_keeps_no_secret() -> None:
    service, answers = a_service()
    linked = await service.link(LinkRequest(), Prompts())
    assert (linked.user.id, linked.user.name, linked.secret.access) == ("local", "Letterboxd", "")
    assert answers.requests == []


@pytest.mark.parametrize(
    ("typed", "remote_id", "page"),
    [
        (" @Anna_9 ", "anna_9", "https://letterboxd.com/Anna_9/"),
        ("local", "@local", "https://letterboxd.com/local/"),
    ],
)
async def test_a_name_tells_accounts_apart_and_leads_to_the_profile(
    typed: str, remote_id: str, page: str
) -> None:
    linked = await a_service()[0].link(LinkRequest(username=typed), Prompts())
    assert (linked.user.id, linked.user.profile_url) == (remote_id, page)


@pytest.mark.parametrize("typed", ["a", "a" * 16, "../x", "a b", "ä" * 5])
async def test_a_name_nobody_can_have_is_refused(typed: str) -> None:
    with pytest.raises(LinkRefused):
        await a_service()[0].link(LinkRequest(username=typed), Prompts())


async def test_its_client_sends_nothing_whatever_it_is_asked() -> None:
    service, answers = a_service()
    client = service.client(an_account("letterboxd", remote_name="Anna"), MemorySlot())
    delivery = a_delivery(a_movie())
    outcomes = await client.submit([delivery])
    assert isinstance(outcomes[delivery.id], TryLater)
    assert await client.find(delivery) is None
    await client.live(a_notice(LiveAction.START, a_movie()))
    await client.revoke()
    assert (await client.whoami()).name == "Anna"
    assert answers.requests == []


def test_the_service_hands_over_what_the_payload_makes() -> None:
    deliveries = [seen(a_movie(), at("2026-03-01T20:00"))]
    assert a_service()[0].files(deliveries, UTC) == files(deliveries, UTC)
