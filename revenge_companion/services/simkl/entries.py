"""Titles of a Simkl library as entries of ours.

Simkl keeps one date of each film and episode, the latest; it has no ratings of seasons or episodes.
Its anime follows AniDB: every cour is a title of its own whose episodes begin at 1, although all of
them share the series' TVDB id. Their episodes are placed by the TVDB numbers Simkl gives; where it
gives none they are known by their anime ids alone, and never by a number that may be another's.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from revenge_companion.core import ratings
from revenge_companion.core.library import Entry, Facet, Precision, Subject, SubjectKind
from revenge_companion.core.media import Ids, Series
from revenge_companion.services.answers import (
    mapping,
    media_ids,
    moment,
    rows_of,
    whole_number,
    words,
)
from revenge_companion.services.naming import year_of

#: The parts of a library, by which it is asked for.
MOVIES, SHOWS, ANIME = KINDS = ("movies", "shows", "anime")
#: What can be imported.
FACETS = (Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST)
PLAN_TO_WATCH = "plantowatch"
#: What of a title is kept.
_KEPT = (
    "status",
    "added_to_watchlist_at",
    "last_watched_at",
    "user_rating",
    "user_rated_at",
    "watched_episodes_count",
    "anime_type",
    "mapped_tvdb_seasons",
)
_OTHER_IDS = ("anilist", "mal")


def title_id(raw: object) -> int | None:
    """Simkl's own id of a title in one of its answers."""
    said = _about(mapping(raw))
    ids = mapping(said.get("ids"))
    number = whole_number(ids.get("simkl") or ids.get("simkl_id"))
    return number if number is not None and number > 0 else None


def kept(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What of a title in an answer is worth keeping."""
    said = _about(raw)
    item = {key: raw[key] for key in _KEPT if raw.get(key) is not None}
    seasons = said.get("mapped_tvdb_seasons")
    if seasons is not None:
        item.setdefault("mapped_tvdb_seasons", seasons)
    item |= {key: said[key] for key in ("title", "year", "ids") if said.get(key) is not None}
    if seasons := rows_of(raw.get("seasons")):
        item["seasons"] = [
            {
                "number": season.get("number"),
                "episodes": [
                    {key: one[key] for key in ("number", "watched_at", "tvdb") if key in one}
                    for one in rows_of(season.get("episodes"))
                ],
            }
            for season in seasons
        ]
    return item


def made(facet: Facet, kind: str, number: int, item: Mapping[str, Any]) -> Iterator[Entry | str]:
    """The entries a kept title stands for; a text for what cannot be used."""
    match facet:
        case Facet.HISTORY:
            yield from _history(kind, number, item)
        case Facet.RATINGS if (rating := rating_of(item)) is not None:
            yield _entry(facet, kind, number, item, "user_rated_at", rating)
        case Facet.WATCHLIST if item.get("status") == PLAN_TO_WATCH:
            yield _entry(facet, kind, number, item, "added_to_watchlist_at", None)


def count(facet: Facet, kind: str, item: Mapping[str, Any]) -> int:
    """How many `made` would give."""
    match facet:
        case Facet.HISTORY if is_film(kind, item):
            return int(_is_watched_film(item))
        case Facet.HISTORY:
            return len(_watched(item)) or int(_is_silent(item))
        case Facet.RATINGS:
            return int(rating_of(item) is not None)
    return int(item.get("status") == PLAN_TO_WATCH)


def rating_of(item: Mapping[str, Any]) -> int | None:
    """The user's rating, 1 to 10."""
    points = whole_number(item.get("user_rating"))
    return points if points is not None and 1 <= points <= 10 else None


def has_history(kind: str, item: Mapping[str, Any]) -> bool:
    """Whether anything of a title was watched, as far as Simkl says."""
    if is_film(kind, item):
        return _is_watched_film(item) or item.get("last_watched_at") is not None
    return bool(
        _watched(item)
        or item.get("last_watched_at") is not None
        or whole_number(item.get("watched_episodes_count"))
    )


def is_film(kind: str, item: Mapping[str, Any]) -> bool:
    """Whether a title is one film, which anime may be, too."""
    return kind == MOVIES or (kind == ANIME and item.get("anime_type") == "movie")


def _about(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object that names a title: anime stands under "show", too."""
    return mapping(raw.get("movie") or raw.get("show") or raw.get("anime"))


def _entry(
    facet: Facet, kind: str, number: int, item: Mapping[str, Any], date: str, rating: int | None
) -> Entry:
    at, precision = _at(item.get(date))
    points = None if rating is None else ratings.rating_of(rating)
    return Entry(facet, _subject(kind, number, item), f"{number}", at, precision, rating=points)


def _history(kind: str, number: int, item: Mapping[str, Any]) -> Iterator[Entry | str]:
    title = words(item.get("title"))
    if is_film(kind, item):
        if _is_watched_film(item):
            dates = [item.get("last_watched_at"), *(one[2] for one in _watched(item))]
            at, precision = _at(next(filter(None, dates), None))
            subject = _subject(kind, number, item)
            yield Entry(Facet.HISTORY, subject, f"{number}", at, precision)
        return
    if _is_silent(item):
        yield f"{title}: its watched episodes are not listed"
    ids = media_ids(item.get("ids"))
    year = year_of(item.get("year"))
    refs = _refs(number, item)
    for season, episode, watched_at, tvdb in _watched(item):
        own = [("simkl", f"{number}/{season}/{episode}")]
        place: tuple[int | None, int] = (season, episode)
        series = Series(title, year, ids)
        if kind == ANIME:
            # Anime databases number a title's own episodes.
            own += [(name, f"{one}/{episode}") for name, one in refs[:-1] if season == 1]
            mapped = tvdb is not None and ids.tvdb is not None
            place = tvdb if mapped and tvdb is not None else (None, episode)
            series = Series(title, year, Ids(tvdb=ids.tvdb) if mapped else Ids())
        at, precision = _at(watched_at)
        subject = Subject(
            SubjectKind.EPISODE,
            "",
            series=series,
            season_number=place[0],
            episode_number=place[1],
            refs=tuple(sorted(own)),
        )
        line = f"{number}/{season}/{episode}"
        yield Entry(Facet.HISTORY, subject, line, at, precision)


def _is_watched_film(item: Mapping[str, Any]) -> bool:
    status = item.get("status")
    # Of a film that was dropped, nobody saw the end.
    return status == "completed" or (
        status != "dropped" and item.get("last_watched_at") is not None
    )


def _watched(
    item: Mapping[str, Any],
) -> list[tuple[int, int, object, tuple[int, int] | None]]:
    """Watched episodes as (season, number, date, place at TVDB), each once.

    Episodes without a date are watched ones only where no more are listed than were watched.
    """
    found: dict[tuple[int, int], tuple[object, tuple[int, int] | None]] = {}
    for season in rows_of(item.get("seasons")):
        for episode in rows_of(season.get("episodes")):
            place = _place(season.get("number"), episode.get("number"))
            if place is not None:
                tvdb = mapping(episode.get("tvdb"))
                mapped = _place(tvdb.get("season"), tvdb.get("episode"))
                found[place] = (episode.get("watched_at"), mapped)
    seen = whole_number(item.get("watched_episodes_count"))
    every = seen is not None and len(found) <= seen
    return [
        (*place, watched_at, tvdb)
        for place, (watched_at, tvdb) in found.items()
        if watched_at is not None or every
    ]


def _is_silent(item: Mapping[str, Any]) -> bool:
    """Whether episodes were watched and none is listed: that is no empty history."""
    seen = whole_number(item.get("watched_episodes_count"))
    return bool(seen and seen > 0) and not _watched(item)


def _subject(kind: str, number: int, item: Mapping[str, Any]) -> Subject:
    title, year = words(item.get("title")), year_of(item.get("year"))
    ids, refs = media_ids(item.get("ids")), _refs(number, item)
    if is_film(kind, item):
        return Subject(SubjectKind.MOVIE, title, year, ids, refs=refs)
    if kind == SHOWS:
        return Subject(SubjectKind.SHOW, title, year, ids, refs=refs)
    said = item.get("mapped_tvdb_seasons")
    seasons = {whole_number(one) for one in said} if isinstance(said, list) else set()
    match sorted(one for one in seasons if one is not None):
        case [1]:
            return Subject(SubjectKind.SHOW, title, year, ids, refs=refs)
        case [season] if season > 1 and ids.tvdb is not None:
            series = Series(title, year, Ids(tvdb=ids.tvdb))
            return Subject(
                SubjectKind.SEASON, title, year, series=series, season_number=season, refs=refs
            )
    # Its ids would say that it is the whole series.
    return Subject(SubjectKind.SHOW, title, year, refs=refs)


def _refs(number: int, item: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Ids of other namespaces, Simkl's own the last of them."""
    ids = mapping(item.get("ids"))
    known = [(name, whole_number(ids.get(name))) for name in _OTHER_IDS]
    return (*((name, str(one)) for name, one in known if one and one > 0), ("simkl", str(number)))


def _at(value: object) -> tuple[Any, Precision]:
    """When, and how exactly; 1970 is Simkl's word for long ago."""
    at = moment(value)
    if at is None or at.year <= 1970:
        return None, Precision.UNKNOWN
    return at, Precision.SECOND


def _place(season: object, number: object) -> tuple[int, int] | None:
    one, other = whole_number(season), whole_number(number)
    if one is None or other is None or not (0 <= one < 100_000 and 0 <= other < 100_000):
        return None
    return one, other
