"""Values as the database keeps them: times as microseconds, items and scrobbles as compact JSON."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from revenge_companion.core.media import Ids, Item, MusicIds, item_from_dict
from revenge_companion.core.scrobble import Scrobble

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_PLAIN = (
    "year", "duration_s", "season_number", "episode_number", "episode_number_end", "artist",
    "artists", "album", "album_artist", "track_number", "show", "library_id",
)  # fmt: skip
_NO_IDS = Ids()
_NO_MUSIC_IDS = MusicIds()


def micros(moment: datetime) -> int:
    """`moment` (aware) in microseconds since 1970 UTC, exact."""
    return (moment - _EPOCH) // _MICROSECOND


def maybe_micros(moment: datetime | None) -> int | None:
    return None if moment is None else micros(moment)


def moment(us: int) -> datetime:
    """The aware UTC moment that `micros` wrote."""
    return _EPOCH + timedelta(microseconds=us)


def maybe_moment(us: int | None) -> datetime | None:
    return None if us is None else moment(us)


def _ids(ids: Ids) -> dict[str, Any]:
    values = {"tmdb": ids.tmdb, "imdb": ids.imdb, "tvdb": ids.tvdb}
    return {key: value for key, value in values.items() if value is not None}


def _item_values(item: Item) -> dict[str, Any]:
    # Written out instead of dataclasses.asdict: bulk adds spend most of their time here.
    values: dict[str, Any] = {
        "kind": item.kind.value, "media_id": item.media_id, "title": item.title,
    }  # fmt: skip
    for name in _PLAIN:
        value = getattr(item, name)
        if value is not None and value != ():
            values[name] = value
    if item.ids != _NO_IDS:
        values["ids"] = _ids(item.ids)
    if item.music_ids != _NO_MUSIC_IDS:
        music = item.music_ids
        ids = {
            "recording_mbid": music.recording_mbid, "track_mbid": music.track_mbid,
            "release_mbid": music.release_mbid, "artist_mbids": music.artist_mbids,
        }  # fmt: skip
        values["music_ids"] = {key: value for key, value in ids.items() if value}
    if item.series is not None:
        series: dict[str, Any] = {"title": item.series.title}
        if item.series.year is not None:
            series["year"] = item.series.year
        if item.series.ids != _NO_IDS:
            series["ids"] = _ids(item.series.ids)
        values["series"] = series
    return values


def item_text(item: Item) -> str:
    """`item` as compact JSON, which `core.media.item_from_dict` reads."""
    return _encode(_item_values(item))


def scrobble_text(scrobble: Scrobble) -> str:
    """What the scrobble's own columns do not hold, as compact JSON."""
    return _encode(
        {
            "item": _item_values(scrobble.item),
            "played_s": scrobble.played_s,
            "position_s": scrobble.position_s,
            "progress_pct": scrobble.progress_pct,
            "device_name": scrobble.device_name,
        }
    )


def scrobble_from(key: str, rule: str, started_us: int, counted_us: int, text: str) -> Scrobble:
    """The scrobble that was stored, exactly as it was queued."""
    data = json.loads(text)
    return Scrobble(
        key=key,
        item=item_from_dict(data["item"]),
        started_at=moment(started_us),
        counted_at=moment(counted_us),
        played_s=data["played_s"],
        position_s=data["position_s"],
        progress_pct=data["progress_pct"],
        device_name=data["device_name"],
        rule=rule,
    )


def compact(value: Any) -> str:
    """Plain values as compact JSON."""
    return _encode(value)
