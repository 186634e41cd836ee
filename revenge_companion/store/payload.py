"""Values as the database keeps them: times as microseconds, items and scrobbles as compact JSON."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from revenge_companion.core.changes import Change
from revenge_companion.core.delivery import Delivery, DeliveryState
from revenge_companion.core.media import Ids, Item, Kind, MusicIds, Series
from revenge_companion.core.scrobble import Scrobble

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_short = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ascii = json.JSONEncoder(separators=(",", ":")).encode

#: A hold without an end, in microseconds since 1970: about the last moment Python can write.
FOR_EVER_US = 253_402_214_400_000_000
#: Between a scrobble's rule and the delivery that has its own edited copy.
EDITED = "#edited-"
#: What `delivery_from` reads, of a delivery `d` and its scrobble `s`.
DELIVERY_COLUMNS = (
    "d.id, d.account_id, d.state, d.attempts, d.due_us, d.reason_code, d.detail, d.remote_id, "
    "d.queued_us, d.settled_us, d.key, s.rule, s.started_us, s.counted_us, s.payload"
)
_STATES = {state.value: state for state in DeliveryState}

_PLAIN = (
    "year", "duration_s", "season_number", "episode_number", "episode_number_end", "artist",
    "artists", "album", "album_artist", "track_number", "show", "library_id",
)  # fmt: skip
_NO_IDS = Ids()
_NO_MUSIC_IDS = MusicIds()


def compact(value: Any) -> str:
    """Plain values as compact JSON that SQLite takes, whatever a server called its films."""
    text = _short(value)
    # Half a character ("\\ud800" in a frame) cannot be written as UTF-8, but as an escape.
    return text if _is_text(text) else _ascii(value)


def plain(text: str) -> str:
    """`text` as SQLite takes it: half characters become question marks."""
    return text if _is_text(text) else text.encode("utf-8", "replace").decode()


def _is_text(text: str) -> bool:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
    return True


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
        values["music_ids"] = {
            key: value for key, value in ids.items() if value is not None and value != ()
        }
    if item.series is not None:
        series: dict[str, Any] = {"title": item.series.title}
        if item.series.year is not None:
            series["year"] = item.series.year
        if item.series.ids != _NO_IDS:
            series["ids"] = _ids(item.series.ids)
        values["series"] = series
    return values


def _item(values: dict[str, Any]) -> Item:
    # As `core.media.item_from_dict`, for what `_item_values` wrote; claims wait for it.
    values["kind"] = _KINDS[values["kind"]]
    for name, build in _NESTED:
        if name in values:
            values[name] = build(**values[name])
    if "artists" in values:
        values["artists"] = tuple(values["artists"])
    return Item(**values)


def _music(**values: Any) -> MusicIds:
    if "artist_mbids" in values:
        values["artist_mbids"] = tuple(values["artist_mbids"])
    return MusicIds(**values)


def _series(**values: Any) -> Series:
    if "ids" in values:
        values["ids"] = Ids(**values["ids"])
    return Series(**values)


_KINDS = {kind.value: kind for kind in Kind}
_NESTED: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("ids", Ids),
    ("music_ids", _music),
    ("series", _series),
)


def item_text(item: Item) -> str:
    """`item` as compact JSON, which `item_from_text` reads."""
    return compact(_item_values(item))


def item_from_text(text: str) -> Item:
    """The item that was written."""
    return _item(json.loads(text))


def scrobble_text(scrobble: Scrobble) -> str:
    """What the scrobble's own columns do not hold, as compact JSON."""
    values = {
        "item": _item_values(scrobble.item),
        "played_s": scrobble.played_s,
        "position_s": scrobble.position_s,
        "progress_pct": scrobble.progress_pct,
        "device_name": scrobble.device_name,
    }
    if scrobble.change is not None:
        # Few rows carry one; what it takes is loaded then.
        from revenge_companion.store.changes import change_values

        values["change"] = change_values(scrobble.change)
    return compact(values)


def scrobble_from(key: str, rule: str, started_us: int, counted_us: int, text: str) -> Scrobble:
    """The scrobble that was stored, exactly as it was queued."""
    data = json.loads(text)
    return Scrobble(
        key=key,
        item=_item(data["item"]),
        started_at=moment(started_us),
        counted_at=moment(counted_us),
        played_s=data["played_s"],
        position_s=data["position_s"],
        progress_pct=data["progress_pct"],
        device_name=data["device_name"],
        rule=rule,
        change=_change(data["change"]) if "change" in data else None,
    )


def _change(values: dict[str, Any]) -> Change:
    from revenge_companion.store.changes import change_from

    return change_from(values)


def delivery_from(row: tuple[Any, ...]) -> Delivery:
    """The delivery in a row of `DELIVERY_COLUMNS`."""
    state = _STATES[row[2]]
    due_us = row[4]
    return Delivery(
        row[0],
        row[1],
        scrobble_from(row[10], row[11], row[12], row[13], row[14]),
        state,
        row[3],
        None if due_us is None or due_us == FOR_EVER_US else moment(due_us),
        row[5],
        row[6],
        row[7],
        moment(row[8]),
        maybe_moment(row[9]),
        state is DeliveryState.UNSURE,
    )
