"""Reading the library that The StoryGraph exports: books, every reading of each, ratings, tags."""

import re
from collections.abc import Iterator
from datetime import datetime

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

READ, WANTED = "read", "to-read"
_DAYS = re.compile(r"\d{4}[/.-]\d{1,2}[/.-]\d{1,2}")
_MOST_TAGS = 100


class StoryGraphFile(BookFile):
    """One opened file; see `services.importing.ImportFile`."""

    writer = "The StoryGraph"

    @classmethod
    def fits(cls, header: frozenset[str]) -> bool:
        """Some exports leave out the columns of moods."""
        return {"title", "authors", "read status"} <= header and "star rating" in header

    def read(self, book: Cells) -> Iterator[Entry | Problem]:
        """Everything that one row says."""
        title = name(book["title"])
        if not title:
            yield Problem(None, Reason.LINE_NAMELESS)
            return
        authors = tuple(filter(None, map(name, book["authors"].split(","))))
        isbn, uid = isbn13(book["isbn/uid"]), name(book["isbn/uid"])
        refs = (("isbn", isbn),) if isbn else ()
        subject = Subject(SubjectKind.BOOK, title, authors=authors, refs=refs)
        identity = isbn or uid or "\t".join((title, *authors[:1])).casefold()
        status, note = book["read status"].casefold(), plain(book["review"])
        rating = _rating(book["star rating"])
        if status == READ:
            days = _finished(book)
            if days is None:
                yield Problem(Facet.HISTORY, Reason.LINE_UNDATED)
            else:
                count = max(whole_number(book["read count"]) or 1, 1)
                yield from reads(subject, identity, days, count, "" if rating else note)
        if rating is not None:
            yield Entry(
                Facet.RATINGS, subject, identity, None, Precision.UNKNOWN,
                rating=rating, steps=Scale.QUARTER_STARS, note=note,
            )  # fmt: skip
        if status == WANTED:
            yield on_list(Facet.WATCHLIST, subject, identity, book["date added"])
        tags = [name(tag) for tag in book["tags"].split(",")][:_MOST_TAGS]
        for tag in dict.fromkeys(("" if status in (READ, WANTED) else status, *tags)):
            if tag:
                yield on_list(Facet.LISTS, subject, identity, book["date added"], tag)


def _rating(text: str) -> int | None:
    """Stars in quarters as 1 to 100; None for none."""
    try:
        return rating_of(float(text) * 4, Scale.QUARTER_STARS)
    except ValueError:
        return None


def _finished(book: Cells) -> list[datetime] | None:
    """The day each reading ended; None where a date is written in a way that is not known.

    Readings are days, or spans of two; one that was begun and not ended is no reading.
    """
    said = book["dates read"] or book["last date read"]
    found: list[datetime] = []
    for part in (one.strip() for one in said.split(",")):
        days = [day_of(one) for one in _DAYS.findall(part)]
        if part.endswith("-"):
            continue
        if not days:
            if not names_no_day(part):
                return None
        elif days[-1] is None:
            return None
        else:
            found.append(days[-1])
    return found
