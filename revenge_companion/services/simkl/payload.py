"""Films and episodes as Simkl wants them: for its scrobble calls and for its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.core.media import Item, Kind
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.services.answers import rows_of
from revenge_companion.services.naming import known_ids, share_id, titled
from revenge_companion.services.simkl.spec import SPEC

#: Simkl counts a stop from here, in percent.
COUNTS_AT_PCT = 80.0
#: What is sent for a play that passed Simkl's threshold but not the user's.
BELOW_PCT = 79.9


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in a history request, so that its echo can be matched back."""

    #: "movies", "shows" or "episodes".
    section: str
    #: Title, year and ids as they are sent.
    named: Mapping[str, Any]
    season: int | None = None
    number: int | None = None

    @property
    def ids(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.named["ids"]
        return found


def place(item: Item) -> Place | None:
    """How `item` is named; None where it has no id, for titles alone have hit wrong films."""
    if item.kind is Kind.MOVIE:
        found = known_ids(item.ids)
        return Place("movies", titled(item.title, item.year, found)) if found else None
    series = item.series
    if series is not None and item.season_number is not None and item.episode_number is not None:
        found = known_ids(series.ids)
        if found:
            named = titled(series.title, series.year, found)
            return Place("shows", named, item.season_number, item.episode_number)
    if item.ids.tvdb and item.episode_number_end is None:
        return Place("episodes", {"ids": {"tvdb": item.ids.tvdb}})
    return None


def subject_place(subject: Subject) -> Place | None:
    """How a film or a show is named where it is rated or listed; None without an id."""
    found = known_ids(subject.ids)
    for name, value in subject.refs:
        if name in SPEC.refs and value.isascii() and value.isdigit():
            found[name] = int(value)
    if not found or subject.kind not in (SubjectKind.MOVIE, SubjectKind.SHOW):
        return None
    section = "movies" if subject.kind is SubjectKind.MOVIE else "shows"
    return Place(section, titled(subject.title, subject.year, found))


def media(where: Place) -> dict[str, Any]:
    """The media object of a scrobble call, which takes no episode without its show."""
    if where.section == "movies":
        return {"movie": dict(where.named)}
    return {
        "show": dict(where.named),
        "episode": {"season": where.season, "number": where.number},
    }


def history(rows: Sequence[tuple[Place, Scrobble]]) -> dict[str, Any]:
    """The body that adds dated watches. Episodes are always named: a bare show means all of it."""
    body: dict[str, list[dict[str, Any]]] = {}
    shows: dict[tuple[tuple[str, Any], ...], tuple[Place, dict[int, list[dict[str, Any]]]]] = {}
    for where, scrobble in rows:
        dated = timestamp(scrobble.dated_at)
        if where.section == "shows" and where.season is not None:
            _, seasons = shows.setdefault(tuple(where.ids.items()), (where, {}))
            seasons.setdefault(where.season, []).append(
                {"number": where.number, "watched_at": dated}
            )
        else:
            body.setdefault(where.section, []).append({"watched_at": dated, **where.named})
    if shows:
        body["shows"] = [
            {
                **where.named,
                # Revenge counts seasons as TVDB and TMDB do, also for anime.
                "use_tvdb_anime_seasons": True,
                "seasons": [
                    {"number": number, "episodes": episodes} for number, episodes in seasons.items()
                ],
            }
            for where, seasons in shows.values()
        ]
    return body


def not_found(echo: Mapping[str, Any], places: Mapping[int, Place]) -> tuple[set[int], bool]:
    """The rows that an answer's `not_found` names, by id, and whether it named others too."""
    named: set[int] = set()
    unexplained = False
    for section in ("movies", "shows", "episodes"):
        for entry in rows_of(echo.get(section)):
            rows = {row for row, where in places.items() if _names(section, entry, where)}
            named |= rows
            unexplained = unexplained or not rows
    return named, unexplained


def _names(section: str, entry: Mapping[str, Any], where: Place) -> bool:
    if not share_id(entry.get("ids"), where.ids):
        return False
    if (section == "movies") != (where.section == "movies"):
        return False
    if where.section != "shows":
        return True
    if section == "episodes" and "number" in entry:
        return (entry.get("season", where.season), entry["number"]) == (where.season, where.number)
    seasons = rows_of(entry.get("seasons"))
    return not seasons or any(
        season.get("number") == where.season
        and (
            not rows_of(season.get("episodes"))
            or any(e.get("number") == where.number for e in rows_of(season.get("episodes")))
        )
        for season in seasons
    )


def timestamp(at: datetime) -> str:
    """`at` as Simkl writes times: UTC with whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
