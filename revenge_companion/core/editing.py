"""Changing what one delivery says, before it has been sent or after it was refused."""

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from revenge_companion.core.delivery import Delivery, DeliveryState
from revenge_companion.core.errors import EditRefused
from revenge_companion.core.media import Ids, Item, Kind
from revenge_companion.core.rules import CORRECTABLE, Field, text_of, with_text
from revenge_companion.core.scrobble import Scrobble

#: States in which nothing can have arrived: a row that is unsure is not to be edited.
EDITABLE = (DeliveryState.PENDING, DeliveryState.HELD, DeliveryState.PARKED)
#: No service keeps plays from before this.
EARLIEST = datetime(2002, 1, 1, tzinfo=UTC)
_LONGEST = 500
_MBID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TEXTS = {field.value: field for field in CORRECTABLE}
_NEEDED = ("title", "artist", "series")
_NUMBERS = {
    "year": (1800, 3000),
    "season": (0, 10_000),
    "episode": (0, 100_000),
    "track_number": (1, 10_000),
}
_ATTRIBUTES = {"season": "season_number", "episode": "episode_number"}
_MBIDS = ("recording_mbid", "track_mbid", "release_mbid")
_IDS = ("tmdb", "imdb", "tvdb")
_BY_KIND: Mapping[Kind, tuple[str, ...]] = {
    Kind.MOVIE: ("title", "year", *_IDS),
    Kind.EPISODE: (
        "series", "season", "episode", "title", *(f"series_{name}" for name in _IDS), *_IDS,
    ),
    Kind.TRACK: ("title", "artist", "album", "album_artist", "track_number", *_MBIDS),
    Kind.PODCAST: ("title", "show"),
    Kind.AUDIOBOOK: ("title", "artist"),
}  # fmt: skip


def values_of(scrobble: Scrobble) -> dict[str, str]:
    """What can be changed of `scrobble`, as texts in the order to show; empty where unknown.

    `date` is the moment services get, ISO 8601 in UTC.
    """
    item = scrobble.item
    names = [name for name in _BY_KIND[item.kind] if item.series or not name.startswith("series")]
    values = {name: _value(item, name) for name in names}
    return values | {"date": scrobble.dated_at.astimezone(UTC).isoformat(timespec="seconds")}


def edited(delivery: Delivery, changes: Mapping[str, str], now: datetime) -> Scrobble:
    """The delivery's scrobble with `changes` to what `values_of` names; its key stays.

    Another name forgets MusicBrainz ids that are not given anew. Raises EditRefused with a
    sentence for a value that cannot be, or a delivery that may have arrived already.
    """
    if delivery.unsure or delivery.state not in EDITABLE:
        raise EditRefused("This play may have arrived already, so it cannot be edited.")
    if delivery.scrobble.change is not None:
        raise EditRefused("This is no play. Discard it, and change it where it comes from.")
    scrobble, known = delivery.scrobble, values_of(delivery.scrobble)
    for name in changes:
        if name not in known:
            raise EditRefused(f"{name[:40]!r} cannot be changed; known are {', '.join(known)}.")
    changes = {name: text.strip() for name, text in changes.items()}
    item = scrobble.item
    # Names first: they forget ids, which may be given in the same breath.
    for name in sorted(changes, key=lambda name: name not in _TEXTS):
        if name != "date" and changes[name] != _value(item, name):
            item = _changed(item, name, changes[name])
    if "date" in changes and changes["date"] != known["date"]:
        scrobble = _dated(scrobble, changes["date"], now)
    return replace(scrobble, item=item)


def _value(item: Item, name: str) -> str:
    if name in _TEXTS:
        return text_of(item, Field(name))
    if name in _MBIDS:
        return getattr(item.music_ids, name) or ""
    if name in _NUMBERS:
        value = getattr(item, _ATTRIBUTES.get(name, name))
    else:
        ids = item.ids if name in _IDS else item.series.ids if item.series else Ids()
        value = getattr(ids, name.removeprefix("series_"))
    return "" if value is None else str(value)


def _changed(item: Item, name: str, text: str) -> Item:
    if len(text) > _LONGEST or any(0xD800 <= ord(char) < 0xE000 for char in text):
        raise EditRefused(
            f"{_shown(name)} is too long, or holds a character that cannot be stored."
        )
    if name in _TEXTS:
        if not text and name in _NEEDED:
            raise EditRefused(f"{_shown(name)} cannot be empty.")
        return with_text(item, Field(name), text)
    if name in _MBIDS:
        if text and not _MBID.fullmatch(text.lower()):
            raise EditRefused(f"{_shown(name)} has to be a MusicBrainz id.")
        change: dict[str, Any] = {name: text.lower() or None}
        return replace(item, music_ids=replace(item.music_ids, **change))
    if name in _NUMBERS:
        least, most = _NUMBERS[name]
        number = _number(name, text, least, most) if text else None
        if number is None and name in _ATTRIBUTES:
            raise EditRefused(f"{_shown(name)} cannot be empty.")
        change = {_ATTRIBUTES.get(name, name): number}
        return replace(item, **change)
    key = name.removeprefix("series_")
    if name in _IDS:
        return replace(item, ids=_with_id(item.ids, key, text))
    if item.series is None:
        return item
    return replace(item, series=replace(item.series, ids=_with_id(item.series.ids, key, text)))


def _with_id(ids: Ids, key: str, text: str) -> Ids:
    if key == "imdb":
        if text and not re.fullmatch(r"tt\d{5,10}", text):
            raise EditRefused("An IMDb id looks like tt0111161.")
        return replace(ids, imdb=text or None)
    number = _number(key, text, 1, 2**31) if text else None
    return replace(ids, tmdb=number) if key == "tmdb" else replace(ids, tvdb=number)


def _number(name: str, text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text) or not least <= int(text) <= most:
        raise EditRefused(f"{_shown(name)} has to be a whole number from {least} to {most}.")
    return int(text)


def _shown(name: str) -> str:
    """A field's name as a sentence begins with it: "TMDB", "Recording MBID", "Track number"."""
    words = name.replace("_", " ")
    if words.split()[-1] in (*_IDS, "mbid"):
        head, _, last = words.rpartition(" ")
        return f"{head.capitalize()} {last.upper()}".strip()
    return words.capitalize()


def _dated(scrobble: Scrobble, text: str, now: datetime) -> Scrobble:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise EditRefused("A date looks like 2026-03-01T20:15:00+00:00.") from error
    if at.tzinfo is None:
        raise EditRefused("A date needs its time zone, such as +00:00.")
    if not EARLIEST <= at <= now:
        raise EditRefused(f"A play is dated from {EARLIEST.year} until now.")
    shift: timedelta = at.astimezone(UTC) - scrobble.dated_at
    if math.isclose(shift.total_seconds(), 0.0, abs_tol=1.0):
        return scrobble
    return replace(
        scrobble, started_at=scrobble.started_at + shift, counted_at=scrobble.counted_at + shift
    )
