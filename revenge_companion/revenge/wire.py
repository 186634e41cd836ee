"""Frames of the playback protocol, read: the only place that knows their JSON.

A frame is somebody else's text. Whatever it holds, reading it never raises: it becomes an event, a
hint, a control message, or `Skipped` with the reason. Bodies are never logged here.
"""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from revenge_companion.core.media import Item, Kind, MusicIds, Series
from revenge_companion.core.playback import Device, EventType, PlaybackEvent, PlayState, Source
from revenge_companion.revenge import fields

#: Largest frame that is read, in bytes.
FRAME_LIMIT = 1024 * 1024
#: Fastest playback rate that is believed.
RATE_LIMIT = 16.0


class Skip(StrEnum):
    """Why a frame was skipped."""

    NOT_JSON = "not_json"
    NO_TYPE = "no_type"
    UNKNOWN_TYPE = "unknown_type"
    OTHER_USER = "other_user"
    BAD_SHAPE = "bad_shape"
    OVERSIZE = "oversize"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A frame that is none of ours; it ends nothing."""

    code: Skip


@dataclass(frozen=True, slots=True)
class Hint:
    """Something changed on the server and may be fetched; texts are "" where it did not say."""

    #: The server's event id; empty where the source has none.
    id: str
    #: Such as "library.scan_done" or "history.changed".
    type: str
    media_type: str = ""
    media_id: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """An answer about the connection itself: "subscribed", "pong" or "error"."""

    type: str
    data: Mapping[str, Any]
    #: The server's clock; None where it did not say.
    at: datetime | None = None


Frame = PlaybackEvent | Hint | Control | Skipped

_EVENTS = {str(kind): kind for kind in EventType}
_HINTS = frozenset({"library.scan_done", "rating.changed", "watchlist.changed", "history.changed"})
_CONTROLS = frozenset({"subscribed", "pong", "error"})
_KINDS = {str(kind): kind for kind in Kind}
_STATES = {str(state): state for state in PlayState}
#: Types that say the state themselves, whatever snapshot the frame carries beside it.
_STATE_OF = {
    EventType.PAUSED: PlayState.PAUSED,
    EventType.RESUMED: PlayState.PLAYING,
    EventType.STOPPED: PlayState.STOPPED,
    EventType.COMPLETED: PlayState.STOPPED,
}
_NOT_JSON = Skipped(Skip.NOT_JSON)
_NO_TYPE = Skipped(Skip.NO_TYPE)
_UNKNOWN_TYPE = Skipped(Skip.UNKNOWN_TYPE)
_OTHER_USER = Skipped(Skip.OTHER_USER)
_BAD_SHAPE = Skipped(Skip.BAD_SHAPE)
_OVERSIZE = Skipped(Skip.OVERSIZE)
_NO_DEVICE = Device()
_scan = json.JSONDecoder().raw_decode

# A play sends the same description every ten seconds: it is read once. Both are bounded, and only
# what came in a small frame is remembered.
_MEMO_SIZE = 32
_MEMO_FRAME_LIMIT = 8192
_items: OrderedDict[tuple[str, str], tuple[object, Kind, float | None, object, Item]] = (
    OrderedDict()
)
_devices: OrderedDict[tuple[str, str], tuple[object, Device]] = OrderedDict()


def read_frame(
    raw: str | bytes,
    *,
    at_s: float,
    now: datetime,
    user_id: str,
    source: Source = Source.WEBSOCKET,
) -> Frame:
    """Read one frame's text for the user `user_id`, arrived at `at_s` (monotonic) and `now`."""
    size = len(raw)
    if size > FRAME_LIMIT or (
        size * 4 > FRAME_LIMIT
        and isinstance(raw, str)
        and len(raw.encode(errors="surrogatepass")) > FRAME_LIMIT
    ):
        return _OVERSIZE
    try:
        envelope = _decoded(raw)
    except (ValueError, RecursionError):
        return _NOT_JSON
    # Comparing what nests too deeply with its remembered self is the one way left to fail.
    try:
        return _read(envelope, at_s, now, user_id, source, size <= _MEMO_FRAME_LIMIT)
    except RecursionError:
        return _BAD_SHAPE


def _decoded(raw: str | bytes) -> object:
    """As `json.loads`, without its search for other encodings and for space around the value."""
    text = raw if isinstance(raw, str) else raw.decode(errors="surrogatepass")
    try:
        value, end = _scan(text)
    except ValueError:
        return json.loads(raw)
    return value if end == len(text) else json.loads(raw)


def read_envelope(
    envelope: object,
    *,
    at_s: float,
    now: datetime,
    user_id: str,
    source: Source = Source.WEBSOCKET,
) -> Frame:
    """Read a frame that is decoded JSON already; otherwise as `read_frame`."""
    try:
        return _read(envelope, at_s, now, user_id, source, False)
    except RecursionError:
        return _BAD_SHAPE


def frame_user(envelope: object) -> str:
    """The user a decoded frame is about; "" where it does not say."""
    if type(envelope) is not dict:
        return ""
    data = envelope.get("data")
    own = data.get("user_id") if type(data) is dict else None
    return fields.text(own) or fields.text(envelope.get("user_id"))


def _read(
    envelope: object, at_s: float, now: datetime, user_id: str, source: Source, memo: bool
) -> Frame:
    if type(envelope) is not dict:
        return _NO_TYPE
    name = envelope.get("type")
    if type(name) is not str or not name:
        return _NO_TYPE
    kind = _EVENTS.get(name)
    data = envelope.get("data")
    if kind is not None:
        # Servers that leave empty members out may say it all in the envelope.
        data = {} if data is None else data
        if type(data) is not dict:
            return _BAD_SHAPE
        return _event(kind, envelope, data, at_s, now, user_id, source, memo)
    if name in _HINTS:
        return _hint(name, envelope, data if type(data) is dict else {}, user_id)
    if name in _CONTROLS:
        at = fields.moment_or_none(envelope.get("timestamp"))
        return Control(name, data if type(data) is dict else {}, at)
    return _UNKNOWN_TYPE


def _ours(envelope: dict[str, Any], data: dict[str, Any], user_id: str, required: bool) -> bool:
    """Whether every user the frame names is `user_id`; naming none is enough if not `required`."""
    inner = data.get("user_id")
    outer = envelope.get("user_id")
    if inner == user_id and outer is None:
        return user_id != ""
    named = [value for value in (inner, outer) if value is not None and value != ""]
    if not named:
        return not required
    return user_id != "" and all(
        type(value) is str and value.casefold() == user_id.casefold() for value in named
    )


def _hint(name: str, envelope: dict[str, Any], data: dict[str, Any], user_id: str) -> Frame:
    if not _ours(envelope, data, user_id, required=False):
        return _OTHER_USER
    return Hint(
        id=fields.text(envelope.get("id")),
        type=name,
        media_type=_first_text(data, "media_type", "content_type", "library_type"),
        media_id=_first_text(data, "media_id", "content_id"),
    )


def _event(
    kind: EventType,
    envelope: dict[str, Any],
    data: dict[str, Any],
    at_s: float,
    now: datetime,
    user_id: str,
    source: Source,
    memo: bool,
) -> Frame:
    if not _ours(envelope, data, user_id, required=True):
        return _OTHER_USER
    media_id = (
        fields.text(data.get("media_id"))
        or fields.text(data.get("content_id"))
        or fields.text(envelope.get("target_id"))
    )
    item_kind = _kind(data)
    if not media_id or item_kind is None:
        return _BAD_SHAPE
    device = _device(data.get("device"), memo)
    session_id = fields.text(data.get("session_id"))
    if not session_id:
        session_id = f"{device.id}/{media_id}" if device.id else media_id
    state = _STATE_OF.get(kind)
    if state is None:
        said = data.get("state")
        state = _STATES.get(said.lower()) if type(said) is str else None
    return PlaybackEvent(
        fields.text(envelope.get("id")),
        kind,
        fields.moment(envelope.get("timestamp"), now),
        at_s,
        session_id,
        _item(item_kind, session_id, media_id, data, memo),
        state or PlayState.PLAYING,
        _position_s(data),
        fields.seconds(data.get("from_position_seconds")) if kind is EventType.SEEKED else None,
        _rate(data.get("playback_rate")),
        device,
        source,
    )


def _kind(data: dict[str, Any]) -> Kind | None:
    for key in ("media_type", "content_type"):
        said = data.get(key)
        if type(said) is str and said:
            return _KINDS.get(said) or _KINDS.get(said.lower())
    return None


def _position_s(data: dict[str, Any]) -> float | None:
    found = fields.seconds(data.get("position_seconds"))
    if found is None:
        found = fields.seconds(data.get("position"))
    if found is None:
        found = fields.seconds(data.get("position_ms"), 1e3)
    if found is None:
        found = fields.seconds(data.get("position_ticks"), 1e7)
    return found


def _duration_s(data: dict[str, Any]) -> float | None:
    """The runtime in seconds; 0 is unknown."""
    return (
        fields.seconds(data.get("duration_seconds"))
        or fields.seconds(data.get("duration"))
        or fields.seconds(data.get("duration_ms"), 1e3)
        or None
    )


def _rate(value: object) -> float:
    if type(value) is not float and type(value) is not int:
        return 1.0
    return float(value) if 0 < value <= RATE_LIMIT else 1.0


def _device(value: object, memo: bool) -> Device:
    if type(value) is not dict:
        return _NO_DEVICE
    key = (fields.text(value.get("id")), fields.text(value.get("name")))
    known = _devices.get(key)
    if known is not None and known[0] == value:
        return known[1]
    device = Device(*key, fields.text(value.get("client")))
    if memo:
        _remember(_devices, key, (value, device))
    return device


def _item(kind: Kind, session_id: str, media_id: str, data: dict[str, Any], memo: bool) -> Item:
    media = data.get("media")
    duration_s = _duration_s(data)
    library = data.get("library_id")
    key = (session_id, media_id)
    known = _items.get(key)
    if known is not None and known[:4] == (media, kind, duration_s, library):
        return known[4]
    item = _described(kind, media_id, duration_s, fields.text_or_none(library), media)
    if memo:
        _remember(_items, key, (media, kind, duration_s, library, item))
    return item


def _remember(memory: "OrderedDict[Any, Any]", key: object, value: object) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _MEMO_SIZE:
        memory.popitem(last=False)


def _described(
    kind: Kind, media_id: str, duration_s: float | None, library_id: str | None, media: object
) -> Item:
    if type(media) is not dict:
        return Item(kind, media_id, "", duration_s=duration_s, library_id=library_id)
    artists = fields.texts(media.get("artists"))
    return Item(
        kind=kind,
        media_id=media_id,
        title=fields.text(media.get("title")),
        year=fields.year(media.get("year")),
        ids=fields.ids(media.get("ids")),
        duration_s=duration_s,
        series=_series(media.get("series")) or _series(media.get("tvshow")),
        season_number=fields.whole(media.get("season_number")),
        episode_number=fields.whole(media.get("episode_number")),
        episode_number_end=fields.whole(media.get("episode_number_end")),
        artist=fields.text_or_none(media.get("artist")) or (artists[0] if artists else None),
        artists=artists,
        album=fields.text_or_none(media.get("album")),
        album_artist=fields.text_or_none(media.get("album_artist")),
        track_number=fields.whole(media.get("track_number")),
        music_ids=_music_ids(media.get("ids_music")),
        show=fields.text_or_none(media.get("show")),
        library_id=library_id,
    )


def _series(value: object) -> Series | None:
    if type(value) is not dict:
        return None
    found = Series(
        fields.text(value.get("title")),
        fields.year(value.get("year")),
        fields.ids(value.get("ids")),
    )
    return found if found.title or found.ids.any() else None


def _music_ids(value: object) -> MusicIds:
    if type(value) is not dict:
        return MusicIds()
    return MusicIds(
        recording_mbid=fields.text_or_none(value.get("recording_mbid")),
        track_mbid=fields.text_or_none(value.get("track_mbid")),
        release_mbid=fields.text_or_none(value.get("release_mbid")),
        artist_mbids=fields.texts(value.get("artist_mbids")),
    )


def _first_text(data: dict[str, Any], *keys: str) -> str:
    for key in keys:
        if found := fields.text(data.get(key)):
            return found
    return ""
