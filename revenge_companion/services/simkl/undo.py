"""Removing one episode's watch from Simkl, only where nothing else goes with it.

Simkl removes a film only with its rating and its place on the user's lists; it counts the episodes
of anime in its own way; and it keeps one watch per episode, so a removal is safe only where the
watch it shows is the one we sent.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from revenge_companion.core.media import Kind
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.services.answers import mapping, rows_of, words
from revenge_companion.services.simkl.payload import Place
from revenge_companion.services.undo import UndoUnsafe

#: Where a play that was sent as a live stop may lie, around the moment it counted.
BEFORE, AFTER = timedelta(minutes=3), timedelta(minutes=8)
FILM = (
    "Simkl removes a film only together with its rating and its place on your lists. "
    "Remove this play on simkl.com."
)
ANIME = "Simkl numbers anime in its own way, so one episode cannot be removed safely."
NOT_OURS = "Simkl shows an older watch of this episode, which is left alone."


def check(where: Place | None, kind: Kind) -> Place:
    """The place of an episode that can be removed; raises UndoUnsafe for others."""
    if where is None or where.section != "shows" or kind is not Kind.EPISODE:
        raise UndoUnsafe(FILM if kind is Kind.MOVIE else ANIME)
    return where


def shows(data: Mapping[str, Any], where: Place, scrobble: Scrobble) -> bool:
    """Whether the library's changed part shows our watch.

    Raises UndoUnsafe where the episode is anime's, or its watch is an older one.
    """
    for entry in rows_of(data.get("anime")):
        if _same_show(entry, where):
            raise UndoUnsafe(ANIME)
    for entry in rows_of(data.get("shows")):
        if not _same_show(entry, where):
            continue
        for season in rows_of(entry.get("seasons")):
            for episode in rows_of(season.get("episodes")):
                if (season.get("number"), episode.get("number")) != (where.season, where.number):
                    continue
                if not _is_ours(words(episode.get("watched_at")), scrobble.dated_at):
                    raise UndoUnsafe(NOT_OURS)
                return True
    return False


def body(where: Place) -> dict[str, Any]:
    """What removes one episode; a show without seasons would remove all of it."""
    season = {"number": where.season, "episodes": [{"number": where.number}]}
    return {"shows": [{"ids": dict(where.ids), "seasons": [season]}]}


def _same_show(entry: Mapping[str, Any], where: Place) -> bool:
    ids = mapping(mapping(entry.get("show")).get("ids"))
    return any(str(ids.get(key)) == str(value) for key, value in where.ids.items())


def _is_ours(watched: str, dated: datetime) -> bool:
    try:
        at = datetime.fromisoformat(watched)
    except ValueError:
        return False
    return at.tzinfo is not None and -BEFORE <= at - dated <= AFTER
