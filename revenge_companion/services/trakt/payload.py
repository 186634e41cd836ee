"""Films and episodes as Trakt wants them: for its scrobble calls and for its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from revenge_companion.core.library import Subject, SubjectKind, item_of
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.services.answers import rows_of
from revenge_companion.services.naming import known_ids, share_id, titled

#: Trakt counts a stop from here, in percent; nothing can change that.
COUNTS_AT_PCT = 80.0
#: What is sent for a play that passed Trakt's threshold but not the user's.
BELOW_PCT = 79.9


def forms(item: Item) -> list[dict[str, Any]]:
    """Media objects for a scrobble call, surest first; empty without an id.

    Titles alone are never enough: text matching guesses.
    """
    if item.kind is Kind.MOVIE:
        found = known_ids(item.ids, ("imdb", "tmdb"))
        return [{"movie": titled(item.title, item.year, found)}] if found else []
    found_forms: list[dict[str, Any]] = []
    if own := _own_ids(item):
        found_forms.append({"episode": {"ids": own}})
    if (show := _show(item)) is not None:
        episode = {"season": item.season_number, "number": item.episode_number}
        found_forms.append({"show": show, "episode": episode})
    return found_forms


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in a history request, so that its echo can be matched back."""

    #: "movies", "episodes" or "shows".
    section: str
    ids: Mapping[str, Any]
    #: Of a season and an episode in "shows"; a show itself has neither.
    season: int | None = None
    number: int | None = None


def place(item: Item) -> Place | None:
    """How `item` is named in a history request; None where it has no id."""
    if item.kind is Kind.MOVIE:
        found = known_ids(item.ids, ("imdb", "tmdb"))
        return Place("movies", found) if found else None
    if own := _own_ids(item):
        return Place("episodes", own)
    if (show := _show(item)) is not None:
        return Place("shows", show["ids"], item.season_number, item.episode_number)
    return None


def subject_place(subject: Subject) -> Place | None:
    """How `subject` is named where it is rated or listed; None where it has no id."""
    own = dict(subject.refs).get("trakt", "")
    trakt = {"trakt": int(own)} if own.isascii() and own.isdigit() else {}
    match subject.kind:
        case SubjectKind.MOVIE:
            found = trakt | known_ids(subject.ids, ("imdb", "tmdb"))
            return Place("movies", found) if found else None
        case SubjectKind.SHOW:
            found = trakt | known_ids(subject.ids)
            return Place("shows", found) if found else None
        case SubjectKind.SEASON if subject.series is not None:
            found = known_ids(subject.series.ids)
            if not found or subject.season_number is None:
                return None
            return Place("shows", found, subject.season_number)
        case SubjectKind.EPISODE:
            return Place("episodes", trakt) if trakt else place(item_of(subject))
    return None


def history(rows: Sequence[tuple[Place, Scrobble]]) -> dict[str, Any]:
    """The body that adds dated plays. Episodes are always named: a bare show means all of it."""
    return body([(where, {"watched_at": timestamp(scrobble.dated_at)}) for where, scrobble in rows])


def body(rows: Sequence[tuple[Place, Mapping[str, Any]]]) -> dict[str, Any]:
    """A body that says something of each place; what it says stands beside the ids or number.

    A show, its seasons and its episodes stand apart, so that nothing is said of what holds them.
    """
    sections: dict[str, list[dict[str, Any]]] = {}
    seasons: dict[tuple[tuple[str, Any], ...], list[dict[str, Any]]] = {}
    episodes: dict[tuple[tuple[str, Any], ...], dict[int, list[dict[str, Any]]]] = {}
    for where, said in rows:
        ids = tuple(where.ids.items())
        if where.season is None:
            sections.setdefault(where.section, []).append({**said, "ids": dict(where.ids)})
        elif where.number is None:
            seasons.setdefault(ids, []).append({"number": where.season, **said})
        else:
            numbered = episodes.setdefault(ids, {}).setdefault(where.season, [])
            numbered.append({"number": where.number, **said})
    shows = [{"ids": dict(ids), "seasons": said} for ids, said in seasons.items()]
    for ids, theirs in episodes.items():
        held = [{"number": number, "episodes": said} for number, said in theirs.items()]
        shows.append({"ids": dict(ids), "seasons": held})
    if shows:
        sections["shows"] = sections.get("shows", []) + shows
    return sections


def not_found(echo: Mapping[str, Any], places: Mapping[int, Place]) -> tuple[set[int], bool]:
    """The rows that an answer's `not_found` names, by id, and whether it named others too."""
    named: set[int] = set()
    unexplained = False
    for section in ("movies", "shows", "seasons", "episodes"):
        for entry in rows_of(echo.get(section)):
            rows = {row for row, where in places.items() if _names(section, entry, where)}
            named |= rows
            unexplained = unexplained or not rows
    return named, unexplained


def _names(section: str, entry: Mapping[str, Any], where: Place) -> bool:
    """Whether an echoed entry stands for the row at `where`."""
    if section in ("movies", "episodes") and where.section == section:
        return share_id(entry.get("ids"), where.ids)
    if where.section != "shows":
        return False
    show = entry.get("show")
    show_ids = show.get("ids") if isinstance(show, dict) else None
    if not share_id(entry.get("ids") or show_ids, where.ids):
        return False
    if section == "shows":
        seasons = rows_of(entry.get("seasons"))
        return not seasons or any(
            season.get("number") == where.season and _holds(season, where.number)
            for season in seasons
        )
    if section == "seasons":
        return entry.get("number") == where.season and _holds(entry, where.number)
    return entry.get("season") == where.season and entry.get("number") == where.number


def _holds(season: Mapping[str, Any], number: int | None) -> bool:
    episodes = rows_of(season.get("episodes"))
    return not episodes or any(episode.get("number") == number for episode in episodes)


def same_item(entry: Mapping[str, Any], item: Item) -> bool:
    """Whether a line of Trakt's history is about `item`."""
    if item.kind is Kind.MOVIE:
        movie = entry.get("movie")
        return isinstance(movie, dict) and share_id(movie.get("ids"), known_ids(item.ids))
    episode, show = entry.get("episode"), entry.get("show")
    if not isinstance(episode, dict):
        return False
    if item.episode_number_end is None and share_id(episode.get("ids"), known_ids(item.ids)):
        return True
    return (
        isinstance(show, dict)
        and item.series is not None
        and item.episode_number is not None
        and share_id(show.get("ids"), known_ids(item.series.ids))
        and episode.get("season") == item.season_number
        and episode.get("number") == item.episode_number
    )


def timestamp(at: datetime) -> str:
    """`at` as Trakt writes times: UTC with milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _own_ids(item: Item) -> dict[str, Any]:
    """The episode's own ids that Trakt takes; none for a file of several, whose ids name one."""
    if item.episode_number_end is not None:
        return {}
    return known_ids(item.ids, ("tvdb",)) or (
        {} if _show(item) else known_ids(item.ids, ("imdb", "tmdb"))
    )


def _show(item: Item) -> dict[str, Any] | None:
    series = item.series
    if series is None or item.season_number is None or item.episode_number is None:
        return None
    found = known_ids(series.ids)
    return titled(series.title, series.year, found) if found else None
