"""Reading the shelves of Hardcover: readings, stars, reviews, wishes, and pages that stay true."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from revenge_companion.core.errors import (
    CompanionError,
    ImportRefused,
    LaneBlocked,
    LinkExpired,
    QuotaExhausted,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.library import Entry, Facet, Precision, SubjectKind
from revenge_companion.net.http import Http
from revenge_companion.services.base import Secret
from revenge_companion.services.hardcover.client import HardcoverClient
from revenge_companion.services.hardcover.spec import SPEC
from revenge_companion.services.hardcover.wire import Api
from revenge_companion.services.importing import Readable
from tests.unit.services.kit import (
    CUT,
    PORTAL,
    TOKEN,
    Answers,
    MemorySlot,
    QuickClock,
    answer,
    cassette,
    entries_of,
    played,
    walk,
)
from tests.unit.services.test_hardcover import ROOT, error, errors

ME, SHELVES = played(cassette("hardcover", "me")), cassette("hardcover", "shelves")


class Library:
    """A Hardcover with books of these numbers, and what it was asked."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = set(numbers)
        self.asked: list[dict[str, Any]] = []
        self.after_first: set[int] | None = None

    @property
    def http(self) -> Http:
        return Http(transport=httpx.MockTransport(self.handle))

    async def handle(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if "user_books" not in body["query"]:
            return ME
        self.asked.append(body["variables"])
        after, limit = body["variables"]["after"], body["variables"]["l"]
        found = sorted(number for number in self.numbers if number > after)[:limit]
        if self.after_first is not None:
            self.numbers, self.after_first = self.after_first, None
        return answer(200, {"data": {"user_books": [a_row(number) for number in found]}})


def a_row(number: int, **values: Any) -> dict[str, Any]:
    known = {"id": number, "book_id": number, "status_id": 3, "book": {"title": f"Book {number}"}}
    return known | values


def a_client(source: Answers | Library) -> HardcoverClient:
    return HardcoverClient(Api(source.http, QuickClock(), ROOT), MemorySlot(Secret(TOKEN)))


async def read(facet: Facet) -> list[Entry]:
    return entries_of(await walk(a_client(Answers(ME, played(SHELVES))), facet))


def dated(entries: list[Entry]) -> list[tuple[str, str, int]]:
    return [
        (one.subject.title, one.at.date().isoformat() if one.at else "", one.plays)
        for one in entries
    ]


async def test_the_shelves_are_asked_for_as_documented() -> None:
    answers = Answers(ME, played(SHELVES))
    client = a_client(answers)
    assert isinstance(client, Readable)
    assert await client.marks() == {}
    for facet in SPEC.imports:
        await walk(client, facet)
    for index in range(1, 4):
        assert answers.json(index)["variables"] == SHELVES["request"]["json"]["variables"]
        assert "private_notes" not in answers.json(index)["query"]
    assert "rating: {_gt: 0}" in answers.json(2)["query"]
    assert "status_id: {_eq: 1}" in answers.json(3)["query"]
    # Each top-level field is a request there, and of a query there is one.
    assert {len(answers.json(n)["query"].split("user_books(")) for n in range(1, 4)} == {2}


async def test_only_what_is_wanted_is_a_wish_whatever_the_server_sends() -> None:
    rows = [a_row(1), a_row(2, status_id=1), a_row(3, status_id=6), a_row(4, status_id=None)]
    client = a_client(Answers(ME, answer(200, {"data": {"user_books": rows}})))
    found = entries_of(await walk(client, Facet.WATCHLIST))
    assert [one.subject.title for one in found] == ["Book 2"]


async def test_readings_have_the_day_they_ended_on() -> None:
    found = await read(Facet.HISTORY)
    assert dated(found) == [
        ("Gideon the Ninth", "2024-02-20", 1),
        ("Gideon the Ninth", "2025-01-02", 1),
        # Read three times, of which two are dated.
        ("Gideon the Ninth", "", 1),
        ("Ancillary Justice", "", 1),
        # What is being read again was read once; what was given up never was.
        ("Read Again", "2020-02-02", 1),
    ]
    first = found[0]
    assert first.at == datetime(2024, 2, 20, 12, tzinfo=UTC)
    assert first.precision is Precision.DAY
    assert first.subject.kind is SubjectKind.BOOK
    assert first.subject.refs == (("hardcover", "328"), ("isbn", "9781250313195"))
    assert (first.subject.authors, first.subject.year) == (("Tamsyn Muir",), 2019)
    assert found[3].subject.refs == (("hardcover", "9"), ("isbn", "9780316246620"))
    assert len({one.line for one in found}) == len(found)


async def test_stars_and_reviews_go_together() -> None:
    found = {one.subject.title: one for one in await read(Facet.RATINGS)}
    assert {title: (one.rating, one.steps) for title, one in found.items()} == {
        "Gideon the Ninth": (90, 10),
        "Given Up": (20, 10),
    }
    assert found["Gideon the Ninth"].note == "Bones & swords.\nAgain?"
    assert found["Gideon the Ninth"].at == datetime(2024, 2, 21, 10, 11, 12, 500_000, tzinfo=UTC)
    assert found["Given Up"].at == datetime(2025, 7, 9, tzinfo=UTC)
    # A review without stars stands with the reading.
    notes = {one.subject.title: one.note for one in await read(Facet.HISTORY) if one.note}
    assert notes == {"Ancillary Justice": "Never rated."}


async def test_wishes_are_dated_when_they_were_made() -> None:
    # The cassette has every book; Hardcover itself answers with those of the shelf.
    found = {one.subject.title: one for one in await read(Facet.WATCHLIST)}
    wish = found["Harrow the Ninth"]
    assert (wish.at, wish.precision) == (datetime(2025, 7, 8, 12, tzinfo=UTC), Precision.DAY)
    assert wish.subject.year == 2020


async def test_pages_follow_the_books_own_numbers() -> None:
    library = Library(*range(1, 251))
    pages = await walk(a_client(library))
    assert [one["after"] for one in library.asked] == [0, 100, 200]
    assert len(entries_of(pages)) == 250


async def test_a_book_that_is_removed_meanwhile_hides_no_other() -> None:
    library = Library(*range(1, 251))
    library.after_first = set(range(50, 251))
    found = entries_of(await walk(a_client(library)))
    assert {one.subject.title for one in found} == {f"Book {n}" for n in range(1, 251)}


async def test_a_walk_goes_on_after_a_restart() -> None:
    library = Library(*range(1, 251))
    first = await a_client(library).page(Facet.HISTORY, "")
    rest = await walk(a_client(library), cursor=first.next_cursor)
    assert len(first.entries) + len(entries_of(rest)) == 250


async def test_books_that_make_no_sense_are_told_and_passed() -> None:
    rows = [
        a_row(1, book=None),
        {},
        7,
        a_row(2, rating="many", user_book_reads=[{"finished_at": "2024-02-30"}, 7], read_count="x"),
        a_row(3, rating=7, edition={"isbn_13": "9780000000000"}),
    ]
    client = a_client(Answers(ME, answer(200, {"data": {"user_books": rows}})))
    (page,) = await walk(client)
    assert dated(list(page.entries)) == [("Book 2", "", 1), ("Book 3", "", 1)]
    assert page.entries[1].subject.refs == (("hardcover", "3"),)
    assert page.unreadable == ("a book without a title or a number",) * 3
    assert entries_of(await walk(client, Facet.RATINGS)) == []


@pytest.mark.parametrize(
    ("given", "raised"),
    [
        (answer(401, error("invalid_token")), LinkExpired),
        (answer(403, error("insufficient_scope", scope="read:library")), LinkExpired),
        (answer(403, error("top_level_limit_exceeded")), ServiceTrouble),
        (answer(200, errors("field 'read_count' not found in type: 'user_books'")), ServiceTrouble),
        (answer(403, {"error": "banned"}), LaneBlocked),
        (answer(429, "", {"Retry-After": "9"}), RateLimited),
        (answer(429, "", {"RateLimit": '"daily";r=0;t=999'}), QuotaExhausted),
        (answer(503, ""), ServiceTrouble),
        (answer(200, {"data": {"user_books": None}}), ServiceTrouble),
        (PORTAL, ServiceTrouble),
        (CUT, ServiceTrouble),
        (httpx.ConnectError("no"), Unreachable),
        (httpx.ReadTimeout("no"), Unanswered),
    ],
)
async def test_shelves_that_are_not_there_are_never_empty_ones(
    given: httpx.Response | Exception, raised: type[CompanionError]
) -> None:
    with pytest.raises(raised):
        await a_client(Answers(ME, given)).page(Facet.HISTORY, "")


async def test_a_page_that_was_read_already_is_trouble() -> None:
    with pytest.raises(ServiceTrouble):
        await a_client(Answers(ME, played(SHELVES))).page(Facet.HISTORY, '{"after":105}')


async def test_what_hardcover_does_not_have_is_refused() -> None:
    with pytest.raises(ImportRefused):
        await a_client(Answers(ME)).page(Facet.LOVED, "")
    with pytest.raises(ImportRefused):
        await a_client(Answers(ME)).page(Facet.HISTORY, "nonsense")
