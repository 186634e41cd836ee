"""Scrobbles as Last.fm wants them, their signature, and the answers' rows."""

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from revenge_companion.core.media import Item
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.services.answers import mapping, rows_of, whole_number, words
from revenge_companion.services.naming import artist_and_track, sent_name

#: A length outside of this is left out: shorter ones are ignored, longer ones draw suspicion (s).
SHORTEST_S, LONGEST_S = 30, 3600
#: Names that make Last.fm ignore the whole play; as album or album artist they are left out.
_FILTERED = re.compile(r"various( artists?\b.*)?|va|[<\[]?unknown( artist| album)?[>\]]?", re.I)
#: Where Maloja and multi-scrobbler keep this interface; they bear one scrobble per request.
_SINGLES = re.compile(r"/(apis/(audioscrobbler|gnufm)(/2\.0)?|api/lastfm(/[^/]+)?)$")


def root(url: str) -> str:
    """`url` without the slash at its end, and with the interface's path where it has none."""
    stripped = url.strip().rstrip("/")
    return stripped if urlsplit(stripped).path else f"{stripped}/2.0"


def endpoint(root: str) -> str:
    """Where calls go: Last.fm and GNU FM want the slash at the end, the others none."""
    return f"{root}/" if root.endswith("/2.0") and not wants_singles(root) else root


def wants_singles(root: str) -> bool:
    """Whether the address is one of a server that cannot read several scrobbles at once."""
    return _SINGLES.search(root) is not None


def now_playing(item: Item) -> dict[str, str]:
    """What plays now, without what is not known: an empty field would be signed and ignored."""
    artist, track = artist_and_track(item)
    album_artist = _unfiltered(item.album_artist)
    duration_s = round(item.duration_s or 0)
    fields = {
        "artist": artist,
        "track": track,
        "album": _unfiltered(item.album),
        "albumArtist": album_artist if album_artist != artist else "",
        "trackNumber": str(item.track_number) if item.track_number else "",
        "duration": str(duration_s) if SHORTEST_S <= duration_s <= LONGEST_S else "",
        # Theirs is the id of a MusicBrainz track, not of a recording.
        "mbid": _mbid(item.music_ids.track_mbid),
    }
    return {key: value for key, value in fields.items() if value}


def scrobble(scrobble: Scrobble) -> dict[str, str]:
    """One scrobble. It is told apart by artist, track and second, all frozen."""
    return now_playing(scrobble.item) | {"timestamp": str(timestamp(scrobble))}


def timestamp(scrobble: Scrobble) -> int:
    return int(scrobble.dated_at.timestamp())


def batch(scrobbles: Sequence[Scrobble]) -> dict[str, str]:
    """Parameters of one request; a single scrobble goes without an index, as all servers read."""
    if len(scrobbles) == 1:
        return scrobble(scrobbles[0])
    return {
        f"{key}[{index}]": value
        for index, one in enumerate(scrobbles)
        for key, value in scrobble(one).items()
    }


def signed(parameters: Mapping[str, str], secret: str) -> dict[str, str]:
    """`parameters` with their signature, asking for JSON.

    Sorted by ASCII, not by number: `artist[10]` stands before `artist[1]`.
    """
    text = "".join(
        name + parameters[name]
        for name in sorted(parameters)
        if name not in ("format", "callback", "api_sig")
    )
    # Not a choice: the interface signs with MD5.
    digest = hashlib.md5((text + secret).encode(), usedforsecurity=False).hexdigest()
    return {**parameters, "format": "json", "api_sig": digest}


def old_password_token(username: str, password: str) -> str:
    """What GNU FM wants instead of a password."""
    inner = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()
    return hashlib.md5((username.lower() + inner).encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Row:
    """One scrobble of an answer: the code it was ignored with (0 for none) and the words."""

    code: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What an answer says. Counts are None where the server leaves them out."""

    rows: tuple[Row, ...]
    accepted: int | None
    ignored: int | None


def read_result(data: Mapping[str, Any]) -> Result | None:
    """The result in an answer's body; None where it holds none."""
    scrobbles = data.get("scrobbles")
    if not isinstance(scrobbles, dict):
        return None
    attributes = {**scrobbles, **mapping(scrobbles.get("@attr"))}
    accepted, ignored = (whole_number(attributes.get(key)) for key in ("accepted", "ignored"))
    found = rows_of(scrobbles.get("scrobble"))
    if not found and accepted is None and ignored is None:
        return None
    return Result(tuple(map(_row, found)), accepted, ignored)


def _row(entry: Mapping[str, Any]) -> Row:
    # Written "ignoredMessage" or "ignoredmessage", as an object or as the bare code.
    message = next((entry[key] for key in entry if key.lower() == "ignoredmessage"), None)
    if isinstance(message, dict):
        return Row(whole_number(message.get("code")) or 0, words(message.get("#text")))
    return Row(whole_number(message) or 0)


def _unfiltered(text: str | None) -> str:
    name = sent_name(text)
    return "" if _FILTERED.fullmatch(name) else name


def _mbid(text: str | None) -> str:
    try:
        return str(uuid.UUID(text or ""))
    except ValueError:
        return ""
