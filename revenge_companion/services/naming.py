"""How tracks, films and shows are named where more than one service names them so."""

from collections.abc import Iterable, Mapping
from typing import Any

from revenge_companion.core.media import Ids, Item, Kind
from revenge_companion.services.answers import sendable, whole_number

#: Names of music are cut here, in characters, so that no listen passes ListenBrainz's 10,240 bytes.
LONGEST_NAME = 500
#: Why what has a title alone is not sent: text matching guesses.
NO_ID = "It has no TMDB, IMDb or TVDB id."
_MEDIA_IDS = ("imdb", "tmdb", "tvdb")


def sent_name(text: str | None) -> str:
    """A name as it is sent, "" for none."""
    return sendable(text)[:LONGEST_NAME].strip()


def artist_and_track(item: Item) -> tuple[str, str]:
    """Artist and track name; empty where the item has none."""
    if item.kind is Kind.PODCAST:
        return sent_name(item.show), sent_name(item.title)
    return sent_name(item.artist or ", ".join(item.artists)), sent_name(item.title)


def titled(title: str, year: int | None, ids: Mapping[str, Any]) -> dict[str, Any]:
    """A film or a show by its ids, with what is known beside them."""
    named: dict[str, Any] = {"title": sendable(title)} if sendable(title) else {}
    if year is not None:
        named["year"] = year
    return named | {"ids": ids}


def known_ids(ids: Ids, wanted: Iterable[str] = _MEDIA_IDS) -> dict[str, Any]:
    """Those of the `wanted` ids that are known, in this order."""
    known = {"imdb": sendable(ids.imdb), "tmdb": ids.tmdb, "tvdb": ids.tvdb}
    return {key: known[key] for key in wanted if known[key]}


def share_id(one: object, other: Mapping[str, Any]) -> bool:
    """Whether two sets of ids agree in any, numbers and texts alike."""
    if not isinstance(one, Mapping):
        return False
    return any(one.get(key) is not None and str(one[key]) == str(other[key]) for key in other)


def year_of(value: object) -> int | None:
    """The year of a film or a show; None for what can be none."""
    year = whole_number(value)
    return year if year is not None and 1800 < year < 2200 else None
