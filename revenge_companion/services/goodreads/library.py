"""Reading the library that Goodreads exports: books, days, ratings, reviews and shelves.

A book's private notes are left where they are.
"""

import re
from collections.abc import Iterator

from revenge_companion.core.library import Entry, Facet, Precision, Subject, SubjectKind
from revenge_companion.core.ratings import Scale, rating_of
from revenge_companion.core.reasons import Reason
from revenge_companion.services.answers import whole_number
from revenge_companion.services.books import (
    BookFile,
    Problem,
    isbn13,
    names_no_day,
    on_list,
    reads,
)
from revenge_companion.services.reading import day_of, name
from revenge_companion.services.reviews import plain
from revenge_companion.services.tables import Cells

READ, READING, WANTED = "read", "currently-reading", "to-read"
#: Shelves every book is on one of. A day on another one, such as "did-not-finish", is no reading.
_OWN = (READ, READING, WANTED)
_POSITION = re.compile(r" \(#\d+\)$")
_MOST_SHELVES = 100


class GoodreadsFile(BookFile):
    """One opened file; see `services.importing.ImportFile`."""

    writer = "Goodreads"

    @classmethod
    def fits(cls, header: frozenset[str]) -> bool:
        """Columns have come and gone over the years; these told them apart always."""
        shelves = {"exclusive shelf", "bookshelves with positions"}
        return {"title", "author"} <= header and bool(shelves & header)

    def read(self, book: Cells) -> Iterator[Entry | Problem]:
        """Everything that one row says."""
        subject = _subject(book)
        if subject is None:
            yield Problem(None, Reason.LINE_NAMELESS)
            return
        known = dict(subject.refs)
        identity = known.get("goodreads") or known.get("isbn")
        identity = identity or f"{subject.title}\t{subject.authors[0]}".casefold()
        shelf, note = book["exclusive shelf"].casefold(), plain(book["my review"])
        rating = rating_of(whole_number(book["my rating"]) or 0, Scale.STARS)
        finished, day = book["date read"], day_of(book["date read"])
        if shelf in _OWN and day is None and not names_no_day(finished):
            yield Problem(Facet.HISTORY, Reason.LINE_UNDATED)
        elif shelf == READ or (shelf in _OWN and day is not None):
            count = max(whole_number(book["read count"]) or 1, 1)
            days = () if day is None else (day,)
            # A review without a rating has no other place.
            yield from reads(subject, identity, days, count, "" if rating else note)
        if rating is not None:
            yield Entry(
                Facet.RATINGS, subject, identity, None, Precision.UNKNOWN,
                rating=rating, steps=Scale.STARS, note=note,
            )  # fmt: skip
        if shelf == WANTED:
            yield on_list(Facet.WATCHLIST, subject, identity, book["date added"])
        for list_name in _shelves(book, shelf):
            yield on_list(Facet.LISTS, subject, identity, book["date added"], list_name)


def _subject(book: Cells) -> Subject | None:
    title, author = name(book["title"]), name(book["author"])
    if not (title and author):
        return None
    more = (name(one) for one in book["additional authors"].split(","))
    refs = {"goodreads": book["book id"] if book["book id"].isdigit() else ""}
    refs["isbn"] = isbn13(book["isbn13"]) or isbn13(book["isbn"])
    year = whole_number(book["original publication year"] or book["year published"])
    return Subject(
        SubjectKind.BOOK,
        title,
        year=year if year is not None and 0 < year < 3000 else None,
        authors=tuple(dict.fromkeys(one for one in (author, *more) if one)),
        refs=tuple((key, value) for key, value in refs.items() if value),
    )


def _shelves(book: Cells, shelf: str) -> Iterator[str]:
    """The shelves that are lists: all but those of books that were or will be read."""
    said = book["bookshelves"] or book["bookshelves with positions"]
    names = [shelf, *(_POSITION.sub("", one.strip()) for one in said.split(","))]
    cleaned = (name(one) for one in names[:_MOST_SHELVES])
    lists = {one.casefold(): one for one in cleaned if one}
    return (one for key, one in lists.items() if key not in (READ, WANTED))
