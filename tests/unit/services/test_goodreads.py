"""Goodreads: the import file's columns and merging; linking without a login."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from revenge_companion.core.delivery import Delivery, DeliveryState
from revenge_companion.core.errors import LinkRefused
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.services.base import LinkMethod, LinkRequest
from revenge_companion.services.goodreads.payload import files
from revenge_companion.services.goodreads.service import Goodreads
from revenge_companion.services.goodreads.spec import SPEC
from tests.unit.services.kit import (
    Answers,
    MemorySlot,
    Prompts,
    QuickClock,
    a_movie,
    an_account,
    answer,
)


def a_book(**values: Any) -> Item:
    known: dict[str, Any] = {
        "kind": Kind.AUDIOBOOK,
        "media_id": "book-1",
        "title": "Gideon the Ninth",
        "artist": "Tamsyn Muir",
        "year": 2019,
        "duration_s": 60_000.0,
    }
    return Item(**known | values)


def read(item: Item, at: str, row_id: int = 1) -> Delivery:
    counted = datetime.fromisoformat(at).replace(tzinfo=UTC)
    scrobble = Scrobble(
        key=f"k{row_id}",
        item=item,
        started_at=counted - timedelta(days=3),
        counted_at=counted,
        played_s=50_000,
        position_s=60_000,
        progress_pct=100,
    )
    return Delivery(row_id, 1, scrobble, DeliveryState.PENDING)


def rows(*deliveries: Delivery) -> list[dict[str, str]]:
    return [
        row
        for file in files(deliveries, UTC)
        for row in csv.DictReader(io.StringIO(file.text, newline=""))
    ]


def a_service() -> Goodreads:
    return Goodreads(Answers(answer(500)).http, QuickClock(), {})


def test_a_finished_book_is_one_line_with_the_columns_of_the_importer() -> None:
    (file,) = a_service().files([read(a_book(), "2026-03-01T20:00")], UTC)
    head, line, end = file.text.split("\r\n")
    assert head == (
        "Title,Author,ISBN,My Rating,Average Rating,Publisher,Binding,Year Published,"
        "Original Publication Year,Date Read,Date Added,Shelves,Bookshelves,My Review"
    )
    assert line == (
        "Gideon the Ninth,Tamsyn Muir,,,,,Audiobook,2019,,2026/03/01,2026/03/01,read,read,"
    )
    assert (end, file.name, file.delivery_ids) == ("", "goodreads.csv", (1,))


def test_no_rating_is_invented() -> None:
    assert rows(read(a_book(), "2026-03-01T20:00"))[0]["My Rating"] == ""


def test_several_readings_are_one_line_with_the_last_day() -> None:
    deliveries = [
        read(a_book(), "2026-03-01T20:00", 2),
        read(a_book(title="GIDEON the Ninth"), "2025-01-01T20:00", 1),
    ]
    assert [row["Date Read"] for row in rows(*deliveries)] == ["2026/03/01"]
    assert files(deliveries, UTC)[0].delivery_ids == (1, 2)


@pytest.mark.parametrize(
    "item",
    [a_movie(), a_book(title=" "), a_book(artist=None)],
    ids=["a film", "no title", "no author"],
)
def test_what_the_importer_cannot_find_is_in_no_file(item: Item) -> None:
    assert files([read(item, "2026-03-01T20:00")], UTC) == []


@pytest.mark.parametrize(
    "values",
    [
        {"artist": None, "artists": ("Tamsyn Muir", "Moira Quirk")},
        {"artist": None, "album_artist": "Tamsyn Muir"},
    ],
)
def test_the_author_is_the_first_who_is_named(values: dict[str, Any]) -> None:
    assert rows(read(a_book(**values), "2026-03-01T20:00"))[0]["Author"] == "Tamsyn Muir"


def test_cells_are_text_for_spreadsheets() -> None:
    (row,) = rows(read(a_book(title="=1+cmd|x!A0", artist="@Ann"), "2026-03-01T20:00"))
    assert (row["Title"], row["Author"]) == ("'=1+cmd|x!A0", "@Ann")


def test_it_is_linked_without_a_login_and_collects_files() -> None:
    assert SPEC.link == (LinkMethod.LOCAL,)
    assert SPEC.hand_off
    assert SPEC.kinds == (Kind.AUDIOBOOK,)
    assert SPEC.upload_url == "https://www.goodreads.com/review/import"


async def test_linking_asks_nobody() -> None:
    linked = await a_service().link(LinkRequest(), Prompts())
    assert (linked.user.id, linked.user.name, linked.secret.access) == ("local", "Goodreads", "")


async def test_a_name_tells_accounts_apart() -> None:
    linked = await a_service().link(LinkRequest(username="Anna K."), Prompts())
    assert (linked.user.id, linked.user.name) == ("@anna k.", "Anna K.")


@pytest.mark.parametrize("typed", ["x" * 61, "a\x00b"])
async def test_a_name_that_cannot_be_shown_is_refused(typed: str) -> None:
    with pytest.raises(LinkRefused):
        await a_service().link(LinkRequest(username=typed), Prompts())


async def test_its_client_knows_the_name_it_was_given() -> None:
    client = a_service().client(an_account("goodreads", remote_name="Anna"), MemorySlot())
    assert (await client.whoami()).name == "Anna"
