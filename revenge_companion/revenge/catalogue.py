"""The server's catalogue, read into values: films, shows, seasons and episodes with their ids."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from revenge_companion.core.catalogue import ServerItem
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.core.media import Ids, Series
from revenge_companion.revenge import fields, rows


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """One page of films or shows."""

    items: tuple[ServerItem, ...]
    #: Rows there were, usable or not.
    rows: int
    #: Rows in all; None where the server did not say.
    total: int | None


@dataclass(frozen=True, slots=True)
class SeriesStats:
    """How much of a series was watched."""

    episodes: int
    watched: int


def films(body: object) -> CataloguePage:
    """A page of films."""
    return _page(body, _film)


def shows(body: object) -> CataloguePage:
    """A page of shows."""
    return _page(body, _show)


def episodes(body: object, show: ServerItem) -> list[ServerItem]:
    """The episodes of `show` and the seasons they are in; what is unusable is left out."""
    found: list[ServerItem] = []
    seasons: dict[str, ServerItem] = {}
    of = show.subject
    series = Series(of.title, of.year, of.ids)
    for row in body[: rows.EPISODES_LIMIT] if isinstance(body, list) else ():
        episode = rows.episode(row)
        if episode is None:
            continue
        found.append(
            ServerItem(
                Subject(
                    SubjectKind.EPISODE,
                    episode.title,
                    ids=episode.ids,
                    series=series,
                    season_number=episode.season_number,
                    episode_number=episode.episode_number,
                    duration_s=episode.duration_s,
                    media_id=episode.media_id,
                ),
                series_id=of.media_id,
            )
        )
        season_id = fields.text(row.get("season_id"))
        if season_id and episode.season_number is not None:
            # The ids of seasons are not in this answer; they are known by their show's.
            subject = Subject(
                SubjectKind.SEASON,
                "",
                ids=Ids(),
                series=series,
                season_number=episode.season_number,
                media_id=season_id,
            )
            seasons.setdefault(season_id, ServerItem(subject, series_id=of.media_id))
    return [*found, *seasons.values()]


def series_stats(body: object) -> SeriesStats | None:
    """The counters of one series; None for anything else."""
    row = body if isinstance(body, dict) else {}
    total = fields.whole(row.get("total_episodes"))
    watched = fields.whole(row.get("watched_episodes"))
    return None if total is None or watched is None else SeriesStats(total, watched)


def _page(body: object, read: Callable[[Mapping[str, Any]], ServerItem | None]) -> CataloguePage:
    page = body if isinstance(body, dict) else {}
    items = page.get("items")
    listed: Sequence[Any] = items[: rows.ROW_LIMIT] if isinstance(items, list) else ()
    found = [read(row) for row in listed if isinstance(row, dict)]
    return CataloguePage(
        tuple(one for one in found if one is not None),
        len(listed),
        fields.whole(page.get("total"), 0, fields.ID_LIMIT),
    )


def _film(row: Mapping[str, Any]) -> ServerItem | None:
    item = rows.movie(row)
    if item is None:
        return None
    subject = Subject(
        SubjectKind.MOVIE,
        item.title,
        year=item.year,
        ids=item.ids,
        duration_s=item.duration_s,
        media_id=item.media_id,
    )
    return ServerItem(subject, _other_titles(row, item.title))


def _show(row: Mapping[str, Any]) -> ServerItem | None:
    series, media_id = rows.series(row), fields.text(row.get("id"))
    if series is None or not media_id:
        return None
    subject = Subject(
        SubjectKind.SHOW, series.title, year=series.year, ids=series.ids, media_id=media_id
    )
    return ServerItem(
        subject,
        _other_titles(row, series.title),
        episodes=fields.whole(row.get("total_episodes")),
    )


def _other_titles(row: Mapping[str, Any], title: str) -> tuple[str, ...]:
    """The name in the user's language, where the work's own is the title."""
    localised = fields.text(row.get("title"))
    return (localised,) if localised and localised != title else ()
