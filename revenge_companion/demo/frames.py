"""The playback object of the protocol, made from a core item."""

from typing import Any

from revenge_companion.core.media import Ids, Item, Kind
from revenge_companion.core.playback import Device, PlayState


def media_object(item: Item) -> dict[str, Any]:
    """The protocol's `media` member for `item`; what does not apply is absent."""
    media: dict[str, Any] = {"title": item.title}
    if item.year is not None:
        media["year"] = item.year
    if item.kind.is_video:
        media["ids"] = wire_ids(item.ids)
    if item.series is not None:
        media["series"] = {
            "title": item.series.title,
            "year": item.series.year,
            "ids": wire_ids(item.series.ids),
        }
        media["season_number"] = item.season_number
        media["episode_number"] = item.episode_number
        media["episode_number_end"] = item.episode_number_end
    if item.kind is Kind.TRACK:
        media |= {
            "artist": item.artist,
            "artists": list(item.artists),
            "album": item.album,
            "album_artist": item.album_artist,
            "track_number": item.track_number,
            "ids_music": {
                "recording_mbid": item.music_ids.recording_mbid,
                "track_mbid": item.music_ids.track_mbid,
                "release_mbid": item.music_ids.release_mbid,
                "artist_mbids": list(item.music_ids.artist_mbids),
            },
        }
    if item.kind is Kind.AUDIOBOOK:
        media |= {"artist": item.artist, "artists": list(item.artists)}
    if item.show is not None:
        media["show"] = item.show
    return media


def playback_object(
    item: Item,
    *,
    session_id: str,
    user_id: str,
    device: Device,
    state: PlayState,
    position_s: float,
    from_position_s: float | None = None,
) -> dict[str, Any]:
    """The protocol's playback object at `position_s` seconds into `item`."""
    data: dict[str, Any] = {
        "session_id": session_id,
        "user_id": user_id,
        "device": {"id": device.id, "name": device.name, "client": device.client},
        "media_type": item.kind.value,
        "media_id": item.media_id,
        "state": state.value,
        "position_seconds": round(position_s, 3),
        "playback_rate": 1.0,
        "media": media_object(item),
    }
    if item.library_id is not None:
        data["library_id"] = item.library_id
    if item.duration_s is not None:
        data["duration_seconds"] = item.duration_s
    if from_position_s is not None:
        data["from_position_seconds"] = round(from_position_s, 3)
    return data


def wire_ids(ids: Ids) -> dict[str, Any]:
    """`ids` as the wires of Revenge, Trakt and Simkl write them; null where unknown."""
    return {"tmdb": ids.tmdb, "imdb": ids.imdb, "tvdb": ids.tvdb}
