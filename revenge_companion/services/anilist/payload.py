"""AniList's queries, the entries it answers with, and what a save sends."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from revenge_companion.core.animemap import Candidate, Match
from revenge_companion.core.watching import Change, Listed, ListEntry, WatchStatus
from revenge_companion.services.answers import first_text, mapping, rows_of, whole_number, words

VIEWER = "query { Viewer { id name siteUrl mediaListOptions { scoreFormat } } }"

MEDIA = """
query ($id: Int, $idMal: Int) { Media(id: $id, idMal: $idMal, type: ANIME) {
  id episodes mediaListEntry { id status progress repeat updatedAt
    startedAt { year month day } completedAt { year month day } } } }
"""

SEARCH = """
query ($title: String) { Page(perPage: 10) { media(search: $title, type: ANIME) {
  id idMal format episodes seasonYear title { romaji english native } } } }
"""

SAVE = """
mutation ($mediaId: Int!, $status: MediaListStatus, $progress: Int, $repeat: Int,
  $startedAt: FuzzyDateInput, $completedAt: FuzzyDateInput) {
  SaveMediaListEntry(mediaId: $mediaId, status: $status, progress: $progress, repeat: $repeat,
    startedAt: $startedAt, completedAt: $completedAt)
  { id status progress repeat } }
"""

STATUSES = {
    "CURRENT": WatchStatus.CURRENT,
    "PLANNING": WatchStatus.PLANNING,
    "COMPLETED": WatchStatus.COMPLETED,
    "DROPPED": WatchStatus.DROPPED,
    "PAUSED": WatchStatus.PAUSED,
    "REPEATING": WatchStatus.REPEATING,
}
_NAMES = {status: name for name, status in STATUSES.items()}
_IN_FRAGMENT = re.compile(r"(?:^|[#&?])access_token=([^&#\s]+)")
#: In the address the browser ended at, or in the JSON that a refused page shows.
_ERROR = re.compile(r"""(?:^|[#&?])error=([a-z_]{1,40})|"error"\s*:\s*"([a-z_]{1,40})\"""")


#: More than this of what was pasted is not looked at, in characters.
LONGEST_PASTE = 10_000


def media_variables(match: Match) -> dict[str, int] | None:
    """How `match` is named in a query; None where it has no id here."""
    if match.anilist is not None:
        return {"id": match.anilist}
    return {"idMal": match.mal} if match.mal is not None else None


def read_media(data: Mapping[str, Any]) -> Listed | None:
    """The answer to MEDIA; None for what is no such answer."""
    media = mapping(data.get("Media"))
    number = whole_number(media.get("id"))
    if number is None:
        return None
    episodes = whole_number(media.get("episodes"))
    found = media.get("mediaListEntry")
    if found is None:
        return Listed(number, episodes or None, None)
    row = mapping(found)
    status = STATUSES.get(str(row.get("status")))
    if status is None:
        return None
    updated = whole_number(row.get("updatedAt"))
    entry = ListEntry(
        status,
        whole_number(row.get("progress")) or 0,
        whole_number(row.get("repeat")) or 0,
        has_start=mapping(row.get("startedAt")).get("year") is not None,
        has_end=mapping(row.get("completedAt")).get("year") is not None,
        updated_at=_time(updated),
    )
    return Listed(number, episodes or None, entry)


def read_found(data: Mapping[str, Any]) -> list[Candidate]:
    """The anime in an answer to SEARCH."""
    found = []
    for row in rows_of(mapping(data.get("Page")).get("media")):
        number, titles = whole_number(row.get("id")), mapping(row.get("title"))
        title = first_text(*(titles.get(name) for name in ("english", "romaji", "native")))
        if number and title:
            found.append(
                Candidate(
                    title,
                    number,
                    whole_number(row.get("idMal")) or None,
                    whole_number(row.get("seasonYear")) or None,
                    whole_number(row.get("episodes")) or None,
                    words(row.get("format")),
                )
            )
    return found


def save_variables(media: Listed, change: Change) -> dict[str, Any]:
    """The variables of SAVE. What is left out stays as it is; nothing is ever sent as null."""
    variables: dict[str, Any] = {
        "mediaId": media.id,
        "status": _NAMES[change.status],
        "progress": change.progress,
    }
    if change.ends_rewatch:
        repeats = media.entry.repeats if media.entry is not None else 0
        variables["repeat"] = (repeats or 0) + 1
    if change.started_on is not None:
        variables["startedAt"] = _fuzzy(change.started_on)
    if change.ended_on is not None:
        variables["completedAt"] = _fuzzy(change.ended_on)
    return variables


def pasted_token(text: str) -> str:
    """The token in what was pasted: it alone, with stray white space, or a whole address."""
    found = _IN_FRAGMENT.search(text.strip())
    return "".join((found[1] if found else text).split())


def pasted_error(text: str) -> str:
    """The error code in what was pasted instead of a token; "" where it holds none."""
    found = _ERROR.search(text.strip()[:LONGEST_PASTE])
    return (found[1] or found[2]) if found else ""


def token_ends_at(token: str) -> datetime | None:
    """When a token says it ends (aware UTC); None where it says nothing that can be read."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    return _time(whole_number(mapping(claims).get("exp")))


def _time(seconds: int | None) -> datetime | None:
    if not seconds or not 0 < seconds < 2**35:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _fuzzy(day: date) -> dict[str, int]:
    return {"year": day.year, "month": day.month, "day": day.day}
