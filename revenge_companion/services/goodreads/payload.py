"""Books as Goodreads' importer reads them: one line per book, with the last day it was finished.

Ratings are left empty: the Companion knows none of its user's. Revenge names no ISBN, so the
importer goes by title and author.
"""

from collections.abc import Sequence
from datetime import date, tzinfo

from revenge_companion.core.delivery import Delivery
from revenge_companion.core.media import Item, Kind
from revenge_companion.services.base import HandOffFile, Played
from revenge_companion.services.hand_off import cell, parts

HEADER = (
    "Title",
    "Author",
    "ISBN",
    "My Rating",
    "Average Rating",
    "Publisher",
    "Binding",
    "Year Published",
    "Original Publication Year",
    "Date Read",
    "Date Added",
    "Shelves",
    "Bookshelves",
    "My Review",
)
#: The exclusive shelf of a finished book.
READ = "read"


def files(
    deliveries: Sequence[Delivery], zone: tzinfo | None, history: Sequence[Played] = ()
) -> list[HandOffFile]:
    """The files that hold `deliveries`; see `services.base.HandOff`.

    A book's day is the day it counted, in `zone`. The importer knows one day per book, so several
    readings are one line with the last one; `history` changes nothing.
    """
    books: dict[tuple[str, str], tuple[Item, date, list[int]]] = {}
    for delivery in sorted(deliveries, key=lambda one: one.scrobble.dated_at):
        item = delivery.scrobble.item
        title, author = names(item)
        if item.kind is not Kind.AUDIOBOOK or not title or not author:
            continue
        key = (title.casefold(), author.casefold())
        ids = books[key][2] if key in books else []
        ids.append(delivery.id)
        books[key] = (item, delivery.scrobble.dated_at.astimezone(zone).date(), ids)
    return parts(
        "goodreads", HEADER, [(_cells(item, day), ids) for item, day, ids in books.values()]
    )


def names(item: Item) -> tuple[str, str]:
    """Title and first author; empty where the item has none. The importer needs both."""
    author = item.artist or next(iter(item.artists), "") or item.album_artist
    return cell(item.title), cell(author)


def _cells(item: Item, day: date) -> tuple[str, ...]:
    title, author = names(item)
    read = day.strftime("%Y/%m/%d")
    known = {
        "Title": title,
        "Author": author,
        "Binding": "Audiobook",
        "Year Published": str(item.year or ""),
        "Date Read": read,
        "Date Added": read,
        "Shelves": READ,
        "Bookshelves": READ,
    }
    return tuple(known.get(column, "") for column in HEADER)
