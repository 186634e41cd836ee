"""Listens as ListenBrainz wants them, and its addresses."""

import re
import uuid
from typing import Any

from revenge_companion import APP_NAME, __version__
from revenge_companion.core.media import Item
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.services.naming import artist_and_track, sent_name

#: Artist and title together, in characters, that a lookup by names bears.
LONGEST_LOOKUP = 250
#: The server's longest duration, in milliseconds (24 days).
LONGEST_DURATION_MS = 2_073_600_000
#: The server refuses listens before 2002-10-01, as Unix seconds.
EARLIEST = 1_033_430_400
#: Where compatible servers keep this interface; one listen per request is all they bear.
_COMPATIBLE = re.compile(r"/(apis/(listenbrainz|lbrnz)|api/listenbrainz(/[^/]+)?)$")
#: multi-scrobbler's own address takes listens itself; nothing may be appended.
_COMPLETE = re.compile(r"/api/listenbrainz(/[^/]+)?$")


def root(url: str) -> str:
    """`url` without slash, version and method at its end, however it was typed."""
    return re.sub(r"(/1)?(/(submit-listens|validate-token))?/*$", "", url.strip().rstrip("/"))


def submit_url(root: str) -> str:
    return root if _COMPLETE.search(root) else f"{root}/1/submit-listens"


def validate_url(root: str) -> str:
    return root if _COMPLETE.search(root) else f"{root}/1/validate-token"


def is_compatible(root: str) -> bool:
    """Whether the address is one of a server that only resembles ListenBrainz."""
    return _COMPATIBLE.search(root) is not None


def recording(item: Item) -> str | None:
    """The item's MusicBrainz recording; None where it is not known."""
    return mbid(item.music_ids.recording_mbid)


def listen(scrobble: Scrobble) -> dict[str, Any]:
    """One listen. Everything the server tells listens apart by is frozen with the scrobble."""
    body = playing_now(scrobble.item)
    body["listened_at"] = int(scrobble.dated_at.timestamp())
    more = body["track_metadata"]["additional_info"]
    if scrobble.played_s <= 0:
        # Exported from the library: it was played somewhere, and nobody saw where.
        del more["media_player"]
    elif played_s := int(scrobble.played_s):
        more["duration_played"] = played_s
    return body


def playing_now(item: Item) -> dict[str, Any]:
    """What plays now: a listen without a date, which the server insists on."""
    artist, track = artist_and_track(item)
    metadata: dict[str, Any] = {"artist_name": artist, "track_name": track}
    if album := sent_name(item.album):
        metadata["release_name"] = album
    metadata["additional_info"] = _additional(item)
    return {"track_metadata": metadata}


def _additional(item: Item) -> dict[str, Any]:
    ids = item.music_ids
    info: dict[str, Any] = {
        "media_player": "Revenge",
        "submission_client": APP_NAME,
        "submission_client_version": __version__,
        "recording_mbid": mbid(ids.recording_mbid),
        "track_mbid": mbid(ids.track_mbid),
        "release_mbid": mbid(ids.release_mbid),
        "artist_mbids": [found for found in map(mbid, ids.artist_mbids[:20]) if found],
        "release_artist_name": sent_name(item.album_artist),
        "tracknumber": str(item.track_number) if item.track_number else "",
    }
    if len(item.artists) > 1:
        info["artist_names"] = [sent_name(artist)[:100] for artist in item.artists[:20]]
    duration_ms = round((item.duration_s or 0) * 1000)
    if 0 < duration_ms <= LONGEST_DURATION_MS:
        # Zero is refused, so an unknown length is left out.
        info["duration_ms"] = duration_ms
    return {key: value for key, value in info.items() if value}


def mbid(text: str | None) -> str | None:
    """A well-formed UUID; a listen with any other is refused whole."""
    try:
        return str(uuid.UUID(text or ""))
    except ValueError:
        return None
