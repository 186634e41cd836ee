"""Ratings and wishes at Hardcover: the shelf is looked at first, and nothing is taken back."""

from typing import Any

import httpx
import pytest

from revenge_companion.core.changes import Change, Verb
from revenge_companion.core.delivery import Delivered, Outcome, Refused, Skipped
from revenge_companion.core.errors import BatchRefused, CompanionError, LinkExpired, Unanswered
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.core.reasons import Reason
from revenge_companion.services.base import TakesChanges
from tests.clock import START
from tests.unit.services.kit import a_change, answer
from tests.unit.services.test_hardcover import Shelf, a_client, a_read, an_entry, error, errors

THERE = Delivered(note=Reason.ALREADY_THERE)
BOOK = Subject(SubjectKind.BOOK, "Gideon the Ninth", authors=("Tamsyn Muir",))
KNOWN = Subject(SubjectKind.BOOK, "Anything", refs=(("hardcover", "328"),))
BY_ISBN = Subject(SubjectKind.BOOK, "Anything", refs=(("isbn", "9781250313195"),))


class Editions(Shelf):
    """A shelf of which ISBNs are known."""

    def __init__(self, *books: int, **entry: Any) -> None:
        super().__init__(**entry)
        self.books = books

    def _editions(self, variables: dict[str, Any]) -> Any:
        assert variables == {"isbn": "9781250313195"}
        return [{"id": number, "book_id": book} for number, book in enumerate(self.books)]


async def sent(shelf: Shelf, change: Change) -> Outcome:
    client = a_client(shelf)
    assert isinstance(client, TakesChanges)
    return (await client.change([a_change(change)]))[1]


def rated(rating: int | None = 90, subject: Subject = BOOK) -> Change:
    return Change(Verb.RATE, subject, START, rating)


@pytest.mark.parametrize(
    ("rating", "stars"), [(90, 4.5), (100, 5.0), (10, 0.5), (83, 4.0), (85, 4.5), (1, 0.5)]
)
async def test_a_rating_is_sent_in_halves(rating: int, stars: float) -> None:
    shelf = an_entry(3)
    assert await sent(shelf, rated(rating)) == Delivered("12")
    assert shelf.changes == [("update_user_book", {"id": 12, "o": {"rating": stars}})]
    assert await sent(shelf, rated(rating)) == THERE


async def test_a_rating_is_taken_away() -> None:
    shelf = Shelf(id=12, status_id=3, rating="4.5", user_book_reads=[])
    assert await sent(shelf, Change(Verb.UNRATE, BOOK)) == Delivered("12")
    assert shelf.changes == [("update_user_book", {"id": 12, "o": {"rating": None}})]
    assert await sent(shelf, Change(Verb.UNRATE, BOOK)) == THERE
    assert await sent(Shelf(), Change(Verb.UNRATE, BOOK)) == THERE


async def test_a_book_on_no_shelf_is_not_rated() -> None:
    shelf = Shelf()
    assert await sent(shelf, rated()) == Refused(Reason.NOT_LISTED)
    assert shelf.changes == []


@pytest.mark.parametrize("status", [2, 3, 4, 5, 6])
async def test_a_book_that_is_further_on_never_becomes_a_wish(status: int) -> None:
    shelf = an_entry(status)
    assert await sent(shelf, Change(Verb.WANT, BOOK)) == Skipped(Reason.KEPT_LISTED)
    assert await sent(shelf, Change(Verb.UNWANT, BOOK)) == THERE
    assert shelf.changes == []


async def test_a_wish_is_made_as_private_as_the_user_is_and_taken_back() -> None:
    shelf = Shelf()
    assert await sent(shelf, Change(Verb.WANT, BOOK, START)) == Delivered("12")
    assert shelf.changes[0][1]["o"] == {
        "book_id": 328,
        "status_id": 1,
        "date_added": "2026-03-01",
        "privacy_setting_id": 2,
    }
    assert await sent(shelf, Change(Verb.WANT, BOOK)) == THERE
    assert await sent(shelf, Change(Verb.UNWANT, BOOK)) == Delivered("12")
    assert shelf.entry is None
    assert await sent(shelf, Change(Verb.UNWANT, BOOK)) == THERE


@pytest.mark.parametrize(
    "more",
    [
        {"rating": 4},
        {"reviewed_at": "2024-01-01"},
        {"user_book_reads": [a_read(5, "2024-01-01", None)]},
    ],
)
async def test_a_wish_that_holds_more_is_not_removed(more: dict[str, Any]) -> None:
    shelf = Shelf(**{"id": 12, "status_id": 1, "user_book_reads": []} | more)
    assert await sent(shelf, Change(Verb.UNWANT, BOOK)) == Refused(Reason.KEPT_HISTORY)
    assert shelf.changes == []


@pytest.mark.parametrize(
    ("shelf", "subject", "asked"),
    [
        pytest.param(an_entry(3), KNOWN, [], id="by its own id"),
        pytest.param(
            Editions(328, 328, id=12, status_id=3), BY_ISBN, ["editions"], id="by its ISBN"
        ),
        pytest.param(an_entry(3), BOOK, ["search"], id="by title and author"),
    ],
)
async def test_a_book_is_known_by_the_surest_that_is_said(
    shelf: Shelf, subject: Subject, asked: list[str]
) -> None:
    assert await sent(shelf, rated(90, subject)) == Delivered("12")
    looked = [name for name, _ in shelf.log if name in ("editions", "search")]
    assert looked == asked


@pytest.mark.parametrize("books", [(), (328, 9)])
async def test_an_isbn_of_no_book_or_of_several_decides_nothing(books: tuple[int, ...]) -> None:
    shelf = Editions(*books, id=12, status_id=3)
    outcome = await sent(shelf, rated(90, BY_ISBN))
    assert isinstance(outcome, Refused)
    assert outcome.code == Reason.NOT_FOUND


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (rated(90, Subject(SubjectKind.MOVIE, "Inception")), Reason.NOT_TAKEN),
        (Change(Verb.COLLECT, BOOK), Reason.NOT_TAKEN),
        (rated(None), Reason.INVALID),
        (rated(90, Subject(SubjectKind.BOOK, "Gideon the Ninth")), Reason.NOT_FOUND),
        (rated(90, Subject(SubjectKind.BOOK, "", authors=("Tamsyn Muir",))), Reason.NOT_FOUND),
    ],
    ids=["a film", "a collection", "no rating", "no author", "no title"],
)
async def test_what_is_no_certain_book_is_parked(change: Change, code: Reason) -> None:
    shelf = Shelf()
    outcome = await sent(shelf, change)
    assert isinstance(outcome, Refused)
    assert outcome.code == code
    assert shelf.log == []


@pytest.mark.parametrize(
    ("given", "raised"),
    [
        (answer(401, error("invalid_token")), LinkExpired),
        (answer(403, error("insufficient_scope", scope="write:library")), LinkExpired),
        (answer(200, errors("no such field")), BatchRefused),
        (answer(200, {"data": {"update_user_book": {"id": None, "error": "No"}}}), BatchRefused),
        (answer(200, {"data": {"update_user_book": None}}), Unanswered),
        (httpx.ReadTimeout("no"), Unanswered),
    ],
)
async def test_what_an_answer_to_a_change_means(
    given: httpx.Response | Exception, raised: type[CompanionError]
) -> None:
    shelf = an_entry(3)
    shelf.instead["update_user_book"] = given
    with pytest.raises(raised):
        await sent(shelf, rated())


@pytest.mark.parametrize("verb", [Verb.RATE, Verb.WANT, Verb.UNWANT])
async def test_a_change_whose_answer_was_lost_is_made_once(verb: Verb) -> None:
    shelf = {Verb.RATE: an_entry(3), Verb.WANT: Shelf(), Verb.UNWANT: an_entry(1)}[verb]
    shelf.lost = {"update_user_book", "insert_user_book", "delete_user_book"}
    change = Change(verb, BOOK, START, 90)
    with pytest.raises(Unanswered):
        await sent(shelf, change)
    shelf.lost = set()
    assert await sent(shelf, change) == THERE
    assert len(shelf.changes) == 1
