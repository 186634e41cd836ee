"""Lines of Trakt's lists as entries of the library."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from revenge_companion.core.library import (
    NAME_LIMIT,
    NOTE_LIMIT,
    Entry,
    Facet,
    Precision,
    Subject,
    SubjectKind,
    keys,
)
from revenge_companion.core.media import Series
from revenge_companion.core.ratings import rating_of
from revenge_companion.services.answers import mapping, media_ids, moment, whole_number, words
from revenge_companion.services.naming import year_of

#: The keys of a line that say since when it is so.
_DATES = {
    Facet.HISTORY: "watched_at",
    Facet.RATINGS: "rated_at",
    Facet.WATCHLIST: "listed_at",
    Facet.COLLECTION: "collected_at",
    Facet.LISTS: "listed_at",
}


class Unreadable(ValueError):
    """A line that no entry can be made of; the message says why in a few words."""


#: Shows that were read already, by Trakt's id: the lines of a page are about few.
Shows = dict[int, Series]


def entry(
    facet: Facet, row: object, shows: Shows, *, list_id: int = 0, list_name: str = ""
) -> Entry:
    """One line as an entry; raises Unreadable.

    A play is known by its number in the history, everything else by what it is about, of which a
    list holds one. `shows` is kept for the lines of one page.
    """
    if not isinstance(row, dict):
        raise Unreadable("a line that is no object")
    about = subject(row, shows)
    at = moment(row.get(_DATES[facet]))
    precision = Precision.MINUTE if facet is Facet.HISTORY else Precision.SECOND
    if at is None and row.get(_DATES[facet]) is not None:
        raise Unreadable(f"{about.label}: its date cannot be read")
    if at is None or _is_undated(at):
        at, precision = None, Precision.UNKNOWN
    if facet is Facet.HISTORY:
        number = whole_number(row.get("id"))
        if not number:
            raise Unreadable(f"{about.label}: a play without its number")
        return Entry(facet, about, str(number), at, precision)
    rating = None
    if facet is Facet.RATINGS:
        points = whole_number(row.get("rating"))
        if points is None or not 1 <= points <= 10:
            raise Unreadable(f"{about.label}: a rating that is none")
        rating = rating_of(points)
    line = _line(about)
    return Entry(
        facet,
        about,
        f"{list_id}/{line}" if facet is Facet.LISTS else line,
        at,
        precision,
        rating=rating,
        list_name=list_name[:NAME_LIMIT],
        note=_note(row.get("notes")),
    )


def subject(row: Mapping[str, Any], shows: Shows) -> Subject:
    """What a line is about; raises Unreadable."""
    kind = row.get("type")
    if kind is None:
        # Lists of one type may leave it out.
        kind = next((one for one in ("movie", "episode", "season", "show") if one in row), None)
    said = row.get(kind) if isinstance(kind, str) else None
    if kind not in ("movie", "show", "season", "episode") or not isinstance(said, dict):
        raise Unreadable(f"a line about {words(kind) or 'nothing'}")
    ids = mapping(said.get("ids"))
    number = whole_number(ids.get("trakt"))
    title = words(said.get("title"))
    refs = (("trakt", str(number)),) if number and number > 0 else ()
    placed = kind in ("season", "episode") and isinstance(row.get("show"), dict)
    if not (refs or title or placed or media_ids(ids).any()):
        raise Unreadable(f"{kind}: neither an id nor a title")
    if kind in ("movie", "show"):
        return Subject(
            SubjectKind(kind), title, year_of(said.get("year")), media_ids(ids), refs=refs
        )
    series = _series(row.get("show"), shows)
    if kind == "season":
        season = _place(said.get("number"))
        return Subject(
            SubjectKind.SEASON,
            title,
            ids=media_ids(ids),
            series=series,
            season_number=season,
            refs=refs,
        )
    return Subject(
        SubjectKind.EPISODE,
        title,
        ids=media_ids(ids),
        series=series,
        season_number=_place(said.get("season")),
        episode_number=_place(said.get("number")),
        refs=refs,
    )


def _line(about: Subject) -> str:
    """What a line of a list is known by: Trakt's own id, or the surest of the others."""
    if about.refs:
        return f"{about.kind}/{about.refs[0][1]}"
    known = keys(about)
    if not known:
        raise Unreadable(f"{about.label or about.kind}: without any id")
    return known[0]


def _series(said: object, shows: Shows) -> Series | None:
    if not isinstance(said, dict):
        return None
    ids = mapping(said.get("ids"))
    number = whole_number(ids.get("trakt"))
    if number is not None and number in shows:
        return shows[number]
    series = Series(words(said.get("title")), year_of(said.get("year")), media_ids(ids))
    if number is not None:
        shows[number] = series
    return series


def _place(value: object) -> int | None:
    """The number of a season (0 for specials) or an episode."""
    number = whole_number(value)
    return number if number is not None and 0 <= number < 100_000 else None


def _is_undated(at: datetime) -> bool:
    """Whether a date is Trakt's for "unknown", which is where computers begin to count."""
    return at.year <= 1970


def _note(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(c for c in value if c.isprintable() or c == "\n")[:NOTE_LIMIT].strip()
