"""Entries of a MyAnimeList list as they are answered with."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from revenge_companion.core.animelines import ListLine
from revenge_companion.core.animeplaces import Listed
from revenge_companion.core.ratings import Scale, rating_of
from revenge_companion.core.watching import WatchStatus
from revenge_companion.services.animemap.walk import Chunk
from revenge_companion.services.answers import mapping, moment, whole_number, words
from revenge_companion.services.myanimelist.payload import STATUSES
from revenge_companion.services.reading import name

#: Entries of one page; their own maximum.
PER_PAGE = 1000
#: What is asked of each entry. Rewatches come only where they are named.
FIELDS = (
    "list_status{status,score,num_episodes_watched,is_rewatching,updated_at,start_date,"
    "finish_date,num_times_rewatched},num_episodes,media_type,start_date,alternative_titles"
)


def params(number: int, size: int = PER_PAGE) -> dict[str, str]:
    """The parameters of page `number`, from 1, where a page has `size` entries; without "nsfw" a
    part of the list is missing.
    """
    return {
        "fields": FIELDS,
        "limit": str(PER_PAGE),
        "offset": str((number - 1) * size),
        "sort": "list_updated_at",
        "nsfw": "true",
    }


def read_page(data: Mapping[str, Any]) -> Chunk | None:
    """A page of the list; None for what is no such page."""
    rows = data.get("data")
    if not isinstance(rows, list):
        return None
    # The address of the next page is not followed: only whether there is one.
    more = bool(mapping(data.get("paging")).get("next"))
    return Chunk(tuple(_line(mapping(row)) for row in rows), more)


def _line(row: Mapping[str, Any]) -> ListLine | str:
    node, entry = mapping(row.get("node")), mapping(row.get("list_status"))
    number = whole_number(node.get("id"))
    titles = mapping(node.get("alternative_titles"))
    title = name(titles.get("en")) or name(node.get("title"))
    if not number or number < 0 or not title:
        return f"{title or 'an entry'}: without a title or a number"
    status = STATUSES.get(words(entry.get("status")))
    if entry.get("is_rewatching") is True:
        status = WatchStatus.REPEATING
    if status is None:
        return f"{title}: an entry without a status"
    changed_at = moment(entry.get("updated_at"))
    return ListLine(
        str(number),
        Listed(
            None,
            number,
            title,
            whole_number(words(node.get("start_date"))[:4]) or None,
            whole_number(node.get("num_episodes")) or None,
            film=node.get("media_type") == "movie",
        ),
        status,
        whole_number(entry.get("num_episodes_watched")) or 0,
        whole_number(entry.get("num_times_rewatched")) or 0,
        rating_of(whole_number(entry.get("score")) or 0),
        Scale.TEN,
        read_day(entry.get("start_date")),
        read_day(entry.get("finish_date")),
        # A plan has no date but that.
        changed_at,
        changed_at,
    )


def read_day(value: object) -> date | None:
    """A whole date; None for a year or a month, which are dates there, too."""
    text = words(value)
    if len(text) != 10:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year >= 1900 else None
