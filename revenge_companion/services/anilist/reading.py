"""Entries of an AniList list as they are answered with."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from revenge_companion.core.animelines import ListLine
from revenge_companion.core.animeplaces import Listed
from revenge_companion.core.errors import ServiceTrouble
from revenge_companion.core.library import NAME_LIMIT
from revenge_companion.core.ratings import ANILIST, Scale, rating_of_anilist
from revenge_companion.services.anilist import payload
from revenge_companion.services.animemap.walk import Chunk
from revenge_companion.services.answers import mapping, rows_of, whole_number
from revenge_companion.services.reading import name, unix_moment

#: Entries of one chunk; their own maximum.
PER_CHUNK = 500

COLLECTION = """
query ($userId: Int!, $chunk: Int!, $perChunk: Int!) {
  MediaListCollection(userId: $userId, type: ANIME, chunk: $chunk, perChunk: $perChunk,
    forceSingleCompletedList: true) { hasNextChunk lists { name isCustomList entries {
    mediaId status score(format: POINT_100) native: score progress repeat createdAt updatedAt
    startedAt { year month day } completedAt { year month day }
    media { id idMal format episodes startDate { year } title { romaji english native } } } } } }
"""


def read_chunk(data: Mapping[str, Any], score_format: str) -> Chunk:
    """The answer to COLLECTION; raises ServiceTrouble for what is no such answer.

    An entry may stand in several lists, and be hidden from all but the user's own.
    """
    collection = mapping(data.get("MediaListCollection"))
    if not isinstance(collection.get("lists"), list):
        raise ServiceTrouble("AniList did not send the list.")
    rows: dict[int, Mapping[str, Any]] = {}
    own: dict[int, list[str]] = {}
    unread: list[str] = []
    for group in rows_of(collection["lists"]):
        own_name = name(group.get("name"), NAME_LIMIT) if group.get("isCustomList") is True else ""
        for row in rows_of(group.get("entries")):
            media = whole_number(row.get("mediaId"))
            if media is None or media <= 0:
                unread.append("an entry without its number")
                continue
            rows.setdefault(media, row)
            if own_name and own_name not in own.setdefault(media, []):
                own[media].append(own_name)
    lines = [
        _line(media, row, score_format, tuple(own.get(media, ()))) for media, row in rows.items()
    ]
    return Chunk((*lines, *unread), collection.get("hasNextChunk") is True)


def _line(
    number: int, row: Mapping[str, Any], score_format: str, lists: tuple[str, ...]
) -> ListLine | str:
    media = mapping(row.get("media"))
    titles = mapping(media.get("title"))
    known = (name(titles.get(language)) for language in ("english", "romaji", "native"))
    title = next(filter(None, known), "")
    status = payload.STATUSES.get(str(row.get("status")))
    if not title or status is None:
        return f"{title or number}: an entry without a title or a status"
    listed_at = unix_moment(row.get("createdAt"))
    changed_at = unix_moment(row.get("updatedAt"))
    return ListLine(
        str(number),
        Listed(
            number,
            whole_number(media.get("idMal")) or None,
            title,
            whole_number(mapping(media.get("startDate")).get("year")) or None,
            whole_number(media.get("episodes")) or None,
            film=media.get("format") == "MOVIE",
        ),
        status,
        whole_number(row.get("progress")) or 0,
        whole_number(row.get("repeat")) or 0,
        rating_of_anilist(score_of(row.get("score")), score_of(row.get("native")), score_format),
        ANILIST.get(score_format, Scale.HUNDRED),
        read_day(row.get("startedAt")),
        read_day(row.get("completedAt")),
        listed_at or changed_at,
        changed_at or listed_at,
        lists,
    )


def read_day(value: object) -> date | None:
    """A whole date; None where a part of it is not known."""
    parts = mapping(value)
    year, month, day = (whole_number(parts.get(part)) for part in ("year", "month", "day"))
    if year is None or month is None or day is None or not 1900 <= year < 2200:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def score_of(value: object) -> float:
    """A score as a number; 0 is "no score"."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value)
