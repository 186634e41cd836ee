"""Hardcover's questions and changes, and which of its books is meant.

Each is one top-level field, as each such field counts as a request there.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from revenge_companion.core.media import Item
from revenge_companion.services.answers import mapping, rows_of, sendable, whole_number, words

WANTED, READING, READ = 1, 2, 3
AUDIOBOOK_FORMAT = 2
#: How far an edition's length may be from the file's, as a share.
SAME_LENGTH = 0.05
#: Longest search text, in characters.
LONGEST_SEARCH = 300

ME = "query { me { id username account_privacy_setting_id } }"
#: Fails without the scopes to look books and shelves up; two fields, so two requests.
MAY_READ = "query { user_books(limit: 1) { id } editions(limit: 1) { id } }"
#: Changes nothing, as no entry has the number 0; fails in another way without the scope to write.
MAY_WRITE = "mutation { update_user_book(id: 0, object: {}) { id error } }"
SEARCH = (
    'query ($q: String!) { search(query: $q, query_type: "Book", per_page: 10, page: 1) '
    "{ results } }"
)
AUDIO_EDITIONS = (
    "query ($b: Int!, $f: Int!) { editions(where: {book_id: {_eq: $b}, "
    "reading_format_id: {_eq: $f}}, limit: 25) { id audio_seconds } }"
)
ENTRY = (
    "query ($u: Int!, $b: Int!) { user_books(where: {user_id: {_eq: $u}, book_id: {_eq: $b}}) "
    "{ id status_id rating reviewed_at "
    "user_book_reads(order_by: {id: asc}) { id started_at finished_at } } }"
)
ADD_ENTRY = "mutation ($o: UserBookCreateInput!) { insert_user_book(object: $o) { id error } }"
REMOVE_ENTRY = "mutation ($id: Int!) { delete_user_book(id: $id) { id } }"
EDITIONS = (
    "query ($isbn: String!) { editions(where: {isbn_13: {_eq: $isbn}}, limit: 25) { id book_id } }"
)
CHANGE_ENTRY = (
    "mutation ($id: Int!, $o: UserBookUpdateInput!) "
    "{ update_user_book(id: $id, object: $o) { id error } }"
)
ADD_READ = (
    "mutation ($id: Int!, $r: DatesReadInput!) "
    "{ insert_user_book_read(user_book_id: $id, user_book_read: $r) { id error } }"
)
CHANGE_READ = (
    "mutation ($id: Int!, $r: DatesReadInput!) "
    "{ update_user_book_read(id: $id, object: $r) { id error } }"
)


@dataclass(frozen=True, slots=True)
class Read:
    """One reading of a book; days as "2026-03-01", "" where there is none."""

    id: int
    started_at: str
    finished_at: str


@dataclass(frozen=True, slots=True)
class OnShelf:
    """A book on one of the user's shelves."""

    id: int
    status: int
    reads: tuple[Read, ...]
    #: Stars from 0.5 to 5; None for none.
    rating: float | None = None
    reviewed: bool = False

    def open_read(self, day: str) -> Read | None:
        """The reading that goes on and began by `day`; None where there is none."""
        going_on = [one for one in self.reads if not one.finished_at and one.started_at <= day]
        return going_on[-1] if going_on else None

    def read_on(self, day: str) -> Read | None:
        """The reading that ended on `day`; None where there is none."""
        return next((one for one in self.reads if one.finished_at == day), None)


def author_of(item: Item) -> str:
    """Who wrote an audiobook; "" where nobody is named."""
    return sendable(item.artist or next(iter(item.artists), "") or item.album_artist)


def search_text(item: Item) -> str:
    """What to search for."""
    return f"{_main_title(sendable(item.title))} {author_of(item)}"[:LONGEST_SEARCH]


def found_book(data: Mapping[str, Any], item: Item) -> int | None:
    """The book among a search's results that has exactly the item's title and author.

    None where there is none. A title without its subtitle is taken only where one book fits.
    """
    results = mapping(mapping(data.get("search")).get("results"))
    author = _bare(author_of(item))
    exact: list[int] = []
    shortened: list[int] = []
    for hit in rows_of(results.get("hits")):
        book = mapping(hit.get("document"))
        number = whole_number(book.get("id"))
        if number is None or author not in map(_bare, _texts(book.get("author_names"))):
            continue
        titles = [words(book.get("title")), *_texts(book.get("alternative_titles"))]
        if any(_is_same(item.title, title) for title in titles):
            exact.append(number)
        elif any(_is_shortened(item.title, title) for title in titles):
            shortened.append(number)
    if exact:
        return exact[0]
    return shortened[0] if len(set(shortened)) == 1 else None


def best_edition(data: Mapping[str, Any], item: Item) -> int | None:
    """The audiobook edition as long as the item; None where none is, or its length is unknown."""
    length = item.duration_s
    if not length:
        return None
    near = [
        (abs(seconds - length), number)
        for row in rows_of(data.get("editions"))
        if (seconds := whole_number(row.get("audio_seconds"))) is not None
        and (number := whole_number(row.get("id"))) is not None
        and abs(seconds - length) <= SAME_LENGTH * length
    ]
    return min(near)[1] if near else None


def read_entry(data: Mapping[str, Any]) -> OnShelf | None:
    """The shelf's entry for a book; None where it is on no shelf."""
    for row in rows_of(data.get("user_books")):
        number = whole_number(row.get("id"))
        if number is None:
            continue
        reads = [
            Read(read_id, words(one.get("started_at"))[:10], words(one.get("finished_at"))[:10])
            for one in rows_of(row.get("user_book_reads"))
            if (read_id := whole_number(one.get("id"))) is not None
        ]
        return OnShelf(
            number,
            whole_number(row.get("status_id")) or 0,
            tuple(reads),
            stars_of(row.get("rating")) or None,
            reviewed=row.get("reviewed_at") is not None,
        )
    return None


def stars_of(value: object) -> float:
    """A rating of theirs, which may come as a number or as text; 0 for none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0.0
    try:
        stars = float(value)
    except ValueError:
        return 0.0
    return stars if 0.5 <= stars <= 5 else 0.0


def book_by_isbn(data: Mapping[str, Any]) -> int | None:
    """The book whose editions have an ISBN; None for none, and for several."""
    books = {whole_number(row.get("book_id")) for row in rows_of(data.get("editions"))}
    return books.pop() if len(books) == 1 else None


def _texts(value: object) -> Sequence[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _is_same(one: str, other: str) -> bool:
    return _bare(_without_series(one)) == _bare(_without_series(other)) != ""


def _is_shortened(one: str, other: str) -> bool:
    """Whether one title is the other without its subtitle; two subtitles are two books."""
    one, other = _without_series(one), _without_series(other)
    if (_main_title(one) == one) == (_main_title(other) == other):
        return False
    return _bare(_main_title(one)) == _bare(_main_title(other)) != ""


def _without_series(title: str) -> str:
    """Without "(The Locked Tomb #1)" or "(Unabridged)" at its end."""
    return re.sub(r"\s*[(\[][^()\[\]]*[)\]]\s*$", "", title) or title


def _main_title(title: str) -> str:
    return title.partition(":")[0] or title


def _bare(text: str) -> str:
    """Letters and digits only, without case and accents: "J. R. R." is "J.R.R."."""
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in split if c.isalnum())
