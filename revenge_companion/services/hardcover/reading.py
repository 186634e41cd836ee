"""The user's shelves at Hardcover, a page of books at a time, as entries of the library.

Pages follow the books' own numbers, so that what is added or removed meanwhile moves nothing.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from revenge_companion.core.library import Entry, Facet, Precision, Subject, SubjectKind
from revenge_companion.core.ratings import Scale, rating_of
from revenge_companion.services.answers import mapping, rows_of, whole_number, words
from revenge_companion.services.books import isbn13, on_list, reads
from revenge_companion.services.hardcover.payload import READ, WANTED, stars_of
from revenge_companion.services.reading import day_of, name
from revenge_companion.services.reviews import plain

#: Books of one page.
PAGE = 100
#: Given up or ignored: a day there is no day a book was finished on.
_UNREAD = (5, 6)
#: What an answer of theirs calls whoever wrote a book.
_AUTHOR = ("", "author", "writer")
_MOST_AUTHORS = 20
#: The books a facet is about.
_WHERE = {
    Facet.HISTORY: "",
    Facet.RATINGS: ", rating: {_gt: 0}",
    Facet.WATCHLIST: f", status_id: {{_eq: {WANTED}}}",
}


def query(facet: Facet) -> str | None:
    """The question for a page behind the book `$after`; None for what is not there."""
    where = _WHERE.get(facet)
    if where is None:
        return None
    return (
        "query ($u: Int!, $after: Int!, $l: Int!) { user_books(where: {user_id: {_eq: $u}, "
        f"id: {{_gt: $after}}{where}}}, order_by: {{id: asc}}, limit: $l) "
        "{ id book_id status_id rating review_raw reviewed_at date_added updated_at read_count "
        "book { title release_date cached_contributors } edition { isbn_13 isbn_10 } "
        "user_book_reads(order_by: {id: asc}) { id started_at finished_at } } }"
    )


def made(facet: Facet, row: Mapping[str, Any]) -> Iterator[Entry | str]:
    """What one book of a page says of `facet`; a text for what cannot be used."""
    number, subject = whole_number(row.get("id")), _subject(row)
    if number is None or subject is None:
        yield "a book without a title or a number"
        return
    rating, identity = rating_of(stars_of(row.get("rating")) * 2), str(number)
    review = row.get("review_raw")
    note = plain(review) if isinstance(review, str) else ""
    match facet:
        case Facet.HISTORY:
            # A review without a rating has no other place.
            yield from _history(row, subject, identity, "" if rating else note)
        case Facet.RATINGS if rating is not None:
            at = _moment(row.get("reviewed_at")) or _moment(row.get("updated_at"))
            precision = Precision.UNKNOWN if at is None else Precision.SECOND
            yield Entry(
                facet, subject, identity, at, precision, rating=rating, steps=Scale.TEN, note=note
            )
        case Facet.WATCHLIST if whole_number(row.get("status_id")) == WANTED:
            yield on_list(facet, subject, identity, words(row.get("date_added"))[:10])


def _history(row: Mapping[str, Any], subject: Subject, identity: str, note: str) -> Iterator[Entry]:
    status = whole_number(row.get("status_id"))
    if status in _UNREAD:
        return
    ends = (words(one.get("finished_at"))[:10] for one in rows_of(row.get("user_book_reads")))
    days = [day for day in map(day_of, ends) if day is not None]
    count = len(days)
    if status == READ:
        count = max(whole_number(row.get("read_count")) or 1, 1)
    yield from reads(subject, identity, days, count, note)


def _subject(row: Mapping[str, Any]) -> Subject | None:
    book, edition = mapping(row.get("book")), mapping(row.get("edition"))
    title, number = name(book.get("title")), whole_number(row.get("book_id"))
    if not title or not number:
        return None
    isbn = isbn13(words(edition.get("isbn_13"))) or isbn13(words(edition.get("isbn_10")))
    refs = (("hardcover", str(number)), *([("isbn", isbn)] if isbn else []))
    year = whole_number(words(book.get("release_date"))[:4])
    return Subject(SubjectKind.BOOK, title, year, authors=_authors(book), refs=refs)


def _authors(book: Mapping[str, Any]) -> tuple[str, ...]:
    """Who wrote a book, without its translators and narrators."""
    found = []
    for one in rows_of(book.get("cached_contributors"))[:_MOST_AUTHORS]:
        role = words(one.get("contribution")).casefold()
        author = name(mapping(one.get("author")).get("name")) or name(one.get("name"))
        if author and role in _AUTHOR:
            found.append(author)
    return tuple(dict.fromkeys(found))


def _moment(value: object) -> datetime | None:
    """A time of theirs, which is UTC where it names no zone."""
    try:
        at = datetime.fromisoformat(words(value))
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
