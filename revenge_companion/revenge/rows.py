"""Answers of the server's REST calls, read into values; what is unusable is no value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from revenge_companion.core.media import Ids, Item, Kind, Series
from revenge_companion.core.status import Library
from revenge_companion.revenge import fields

#: Rows read out of one list; the server's own limit is 100.
ROW_LIMIT = 1000
#: Episodes read out of one list, which has no pages: the longest series have some 15,000.
EPISODES_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Me:
    """The signed-in user."""

    id: str
    username: str


@dataclass(frozen=True, slots=True)
class Watched:
    """How far a film or an episode was watched, by the server's last word on it."""

    #: Revenge's id of the film or episode.
    media_id: str
    #: None where the call does not say.
    progress_s: float | None
    #: None where unknown.
    duration_s: float | None
    #: Aware UTC; the server's time of its last write.
    last_watched_at: datetime
    #: The server's "more than 90 %"; None where the call does not say.
    completed: bool | None = None


@dataclass(frozen=True, slots=True)
class MovieRow:
    """A film in continue-watching or in the watch-history."""

    item: Item
    watched: Watched
    #: A change counter, not a number of plays; None in continue-watching.
    watch_count: int | None = None


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """An episode in continue-watching; its external ids have to be asked for."""

    item: Item
    series_id: str
    watched: Watched


@dataclass(frozen=True, slots=True)
class MovieStats:
    """Counters that change when a film was finished."""

    watched_count: int
    total_watches: int


@dataclass(frozen=True, slots=True)
class Episode:
    """What the catalogue says of an episode."""

    series_id: str
    title: str
    season_number: int | None
    episode_number: int | None
    ids: Ids
    duration_s: float | None
    #: Revenge's id of the episode.
    media_id: str = ""


def me(body: object) -> Me | None:
    """The user; None without an id."""
    row = _object(body)
    user_id = fields.text(row.get("id"))
    return Me(user_id, fields.text(row.get("username"))) if user_id else None


def libraries(body: object) -> tuple[Library, ...]:
    """The usable rows of a list of libraries, which may stand under a name of its own."""
    rows = _object(body).get("libraries", _object(body).get("items", body))
    found = []
    for row in _objects(rows):
        library_id, name = row.get("id"), row.get("name")
        if isinstance(library_id, str | int) and not isinstance(library_id, bool):
            shown = name if isinstance(name, str) and name.strip() else str(library_id)
            found.append(Library(str(library_id), shown.strip()[:200]))
    return tuple(found)


def movies(body: object) -> list[MovieRow]:
    """The usable rows of a list of films with progress or history."""
    found = []
    for row in _objects(body):
        item = movie(row)
        if item is None:
            continue
        watched = _watched(row, item.media_id)
        if watched is None:
            continue
        found.append(MovieRow(item, watched, fields.whole(row.get("watch_count"))))
    return found


def movie(body: object) -> Item | None:
    """A film; None without an id."""
    row = _object(body)
    media_id = fields.text(row.get("id"))
    if not media_id:
        return None
    return Item(
        kind=Kind.MOVIE,
        media_id=media_id,
        # `title` is in the user's language; services know the film by its own.
        title=fields.text(row.get("original_title")) or fields.text(row.get("title")),
        year=_year(row, "release_date"),
        ids=_ids(row),
        duration_s=_runtime_s(row),
    )


def episodes(body: object) -> list[EpisodeRow]:
    """The usable rows of continue-watching for series."""
    found = []
    for row in _objects(body):
        episode_id = fields.text(row.get("episode_id"))
        watched = _watched(row, episode_id)
        if not episode_id or watched is None:
            continue
        series_title = fields.text(row.get("series_title"))
        item = Item(
            kind=Kind.EPISODE,
            media_id=episode_id,
            title=fields.text(row.get("episode_title")),
            duration_s=watched.duration_s,
            series=Series(series_title) if series_title else None,
            season_number=fields.whole(row.get("season_number")),
            episode_number=fields.whole(row.get("episode_number")),
        )
        found.append(EpisodeRow(item, fields.text(row.get("series_id")), watched))
    return found


def episode(body: object) -> Episode | None:
    """An episode of the catalogue; None for anything else."""
    row = _object(body)
    if not fields.text(row.get("id")):
        return None
    return Episode(
        series_id=fields.text(row.get("series_id")),
        title=fields.text(row.get("title")),
        season_number=fields.whole(row.get("season_number")),
        episode_number=fields.whole(row.get("episode_number")),
        ids=_ids(row),
        duration_s=_runtime_s(row),
        media_id=fields.text(row.get("id")),
    )


def series_episodes(body: object) -> list[Episode]:
    """The usable rows of a series' episodes."""
    rows = _objects(body, EPISODES_LIMIT)
    return [found for row in rows if (found := episode(row)) is not None]


def episodes_watched(body: object) -> int | None:
    """The counter of watched episodes; None where the answer has none."""
    return fields.whole(_object(body).get("total_episodes_watched"), 0, fields.ID_LIMIT)


def series(body: object) -> Series | None:
    """A series of the catalogue; None for anything else."""
    row = _object(body)
    title = fields.text(row.get("original_title")) or fields.text(row.get("title"))
    if not title:
        return None
    return Series(title, _year(row, "first_air_date"), _ids(row))


def progress(body: object, media_id: str) -> Watched | None:
    """The progress of the film or episode `media_id`; None for anything else."""
    return _watched(_object(body), media_id)


def movie_stats(body: object) -> MovieStats | None:
    """The counters of films; None for anything else."""
    row = _object(body)
    watched_count = fields.whole(row.get("watched_count"), 0, fields.ID_LIMIT)
    total_watches = fields.whole(row.get("total_watches"), 0, fields.ID_LIMIT)
    if watched_count is None or total_watches is None:
        return None
    return MovieStats(watched_count, total_watches)


def _watched(row: Mapping[str, Any], media_id: str) -> Watched | None:
    at = fields.moment_or_none(row.get("last_watched_at"))
    if at is None:
        return None
    completed = row.get("is_completed")
    return Watched(
        media_id=media_id,
        progress_s=fields.seconds(row.get("progress_seconds")),
        duration_s=fields.seconds(row.get("duration_seconds")) or None,
        last_watched_at=at,
        completed=completed if isinstance(completed, bool) else None,
    )


def _ids(row: Mapping[str, Any]) -> Ids:
    return fields.ids({key: row.get(f"{key}_id") for key in ("tmdb", "imdb", "tvdb")})


def _year(row: Mapping[str, Any], date_key: str) -> int | None:
    """The year given, or that of a date; Go's zero time (year 1) is none."""
    given = fields.year(row.get("year"))
    if given is None:
        start = fields.text(row.get(date_key))[:4]
        given = fields.year(int(start)) if start.isascii() and start.isdigit() else None
    return given if given is not None and given > 1 else None


def _runtime_s(row: Mapping[str, Any]) -> float | None:
    minutes = fields.seconds(row.get("runtime"))
    return minutes * 60 if minutes else None


def _object(body: object) -> Mapping[str, Any]:
    return body if isinstance(body, dict) else {}


def _objects(body: object, limit: int = ROW_LIMIT) -> Iterator[dict[str, Any]]:
    if isinstance(body, list):
        for row in body[:limit]:
            if isinstance(row, dict):
                yield row
