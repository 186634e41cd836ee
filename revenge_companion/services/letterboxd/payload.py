"""Films as Letterboxd's importer reads them: one line per film and day.

There is no column for ratings. The Companion knows none of its user's, an empty cell means
"unrated", and importing an entry again updates it: the column could only take ratings away.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, tzinfo

from revenge_companion.core.delivery import Delivery
from revenge_companion.core.media import Item, Kind
from revenge_companion.services.base import HandOffFile, Played
from revenge_companion.services.hand_off import cell, parts

HEADER = ("tmdbID", "imdbID", "Title", "Year", "WatchedDate", "Rewatch")

_IMDB = re.compile(r"tt\d{5,12}")


def files(
    deliveries: Sequence[Delivery], zone: tzinfo | None, history: Sequence[Played] = ()
) -> list[HandOffFile]:
    """The files that hold `deliveries`; see `services.base.HandOff`.

    A film's day is the day it counted, in `zone`. Seen on an earlier day of `history` or of the
    deliveries themselves it is a rewatch. Two viewings on one day are one entry there, as it keeps
    no more than one; both deliveries are in that line.
    """
    films = _Films()
    entries: dict[tuple[int, date], tuple[Item, list[int]]] = {}
    first_days: dict[int, date] = {}
    for delivery in sorted(deliveries, key=lambda one: one.scrobble.dated_at):
        item = delivery.scrobble.item
        if item.kind is not Kind.MOVIE or not names(item):
            continue
        film, day = films.number(item), _day(delivery.scrobble.dated_at, zone)
        entries.setdefault((film, day), (item, []))[1].append(delivery.id)
        first_days[film] = min(day, first_days.get(film, day))
    for item, at in history:
        known = films.find(item) if item.kind is Kind.MOVIE else None
        if known in first_days:
            first_days[known] = min(_day(at, zone), first_days[known])
    rows = [
        (_cells(item, day, rewatch=first_days[film] < day), ids)
        for (film, day), (item, ids) in sorted(entries.items(), key=lambda one: one[0][1])
    ]
    return parts("letterboxd", HEADER, rows)


def names(item: Item) -> bool:
    """Whether a film has anything the importer could find it by."""
    return bool(item.title.strip()) or bool(_ids(item))


def _cells(item: Item, day: date, *, rewatch: bool) -> tuple[str, ...]:
    ids = _ids(item)
    year = item.year if item.year is not None and 1000 <= item.year <= 9999 else None
    return (
        ids.get("tmdb", ""),
        ids.get("imdb", ""),
        cell(item.title, matched_by_text=not ids),
        "" if year is None else str(year),
        day.isoformat(),
        "true" if rewatch else "false",
    )


def _ids(item: Item) -> dict[str, str]:
    found: dict[str, str] = {}
    if item.ids.tmdb is not None and item.ids.tmdb > 0:
        found["tmdb"] = str(item.ids.tmdb)
    if item.ids.imdb is not None and _IMDB.fullmatch(item.ids.imdb):
        found["imdb"] = item.ids.imdb
    return found


def _day(at: datetime, zone: tzinfo | None) -> date:
    return at.astimezone(zone).date()


class _Films:
    """Numbers films: those that share an id are one, without any id those of one title and year."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}

    def number(self, item: Item) -> int:
        found = self.find(item)
        number = len(self._numbers) if found is None else found
        for key in self._keys(item):
            self._numbers.setdefault(key, number)
        return number

    def find(self, item: Item) -> int | None:
        """The film's number; None for one that was not numbered."""
        return next((self._numbers[key] for key in self._keys(item) if key in self._numbers), None)

    @staticmethod
    def _keys(item: Item) -> list[tuple[str, str]]:
        return list(_ids(item).items()) or [("title", f"{item.title.casefold()}|{item.year}")]
