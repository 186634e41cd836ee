"""Entries as MyAnimeList answers with them, and what an update sends.

It has no status for rewatching: an entry stays "completed" with `is_rewatching` set. What is sent
as `num_watched_episodes` comes back as `num_episodes_watched`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from revenge_companion.core.animemap import Candidate, Match
from revenge_companion.core.watching import Change, Listed, ListEntry, WatchStatus
from revenge_companion.services.answers import mapping, rows_of, whole_number, words

#: What is asked of an anime. The count of rewatches only comes where it is named.
FIELDS = "num_episodes,status,media_type,my_list_status{start_date,finish_date,num_times_rewatched}"

#: What is asked of anime that a search finds, and the shortest text it takes.
FOUND_FIELDS, SHORTEST_SEARCH = "num_episodes,media_type,start_date", 3

STATUSES = {
    "watching": WatchStatus.CURRENT,
    "plan_to_watch": WatchStatus.PLANNING,
    "completed": WatchStatus.COMPLETED,
    "dropped": WatchStatus.DROPPED,
    "on_hold": WatchStatus.PAUSED,
}
PLANNED = "plan_to_watch"
_NAMES = {status: name for name, status in STATUSES.items()} | {WatchStatus.REPEATING: "completed"}


def read_anime(data: Mapping[str, Any]) -> Listed | None:
    """The answer about an anime; None for what is no such answer."""
    number = whole_number(data.get("id"))
    if number is None:
        return None
    # Its 0 says that it does not know.
    episodes = whole_number(data.get("num_episodes")) or None
    found = data.get("my_list_status")
    if found is None:
        return Listed(number, episodes, None)
    entry = read_entry(mapping(found))
    return None if entry is None else Listed(number, episodes, entry)


def read_entry(row: Mapping[str, Any]) -> ListEntry | None:
    """An entry, also as an update answers with it; None for what is no entry."""
    progress = whole_number(row.get("num_episodes_watched"))
    status = STATUSES.get(words(row.get("status")))
    if progress is None:
        return None
    if row.get("is_rewatching") is True:
        status = WatchStatus.REPEATING
    elif status is None:
        return None
    return ListEntry(
        status,
        progress,
        whole_number(row.get("num_times_rewatched")),
        has_start=bool(words(row.get("start_date"))),
        has_end=bool(words(row.get("finish_date"))),
        updated_at=_time(row.get("updated_at")),
    )


def no_entry(match: Match) -> str:
    """Why a match has no entry here, a sentence."""
    several = ", ".join(map(str, match.mals))
    if several:
        return f"The anime map has several MyAnimeList entries for it: {several}."
    return "The anime map knows no MyAnimeList entry for it."


def read_found(data: Mapping[str, Any]) -> list[Candidate]:
    """The anime in an answer to a search."""
    found = []
    for row in rows_of(data.get("data")):
        node = mapping(row.get("node"))
        number, title = whole_number(node.get("id")), words(node.get("title"))
        if number and title:
            found.append(
                Candidate(
                    title,
                    mal=number,
                    year=whole_number(words(node.get("start_date"))[:4]) or None,
                    episodes=whole_number(node.get("num_episodes")) or None,
                    format=words(node.get("media_type")),
                )
            )
    return found


def update(change: Change, repeats: int | None) -> dict[str, str]:
    """The form that makes `change`; what is left out stays as it is.

    `repeats` is the number of finished rewatches so far, needed where the change ends one.
    """
    form = {
        "status": _NAMES[change.status],
        "num_watched_episodes": str(change.progress),
        "is_rewatching": "true" if change.status is WatchStatus.REPEATING else "false",
    }
    if change.ends_rewatch and repeats is not None:
        form["num_times_rewatched"] = str(repeats + 1)
    if change.started_on is not None:
        form["start_date"] = change.started_on.isoformat()
    if change.ended_on is not None:
        form["finish_date"] = change.ended_on.isoformat()
    return form


def _time(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(words(value))
    except ValueError:
        return None
    return None if at.tzinfo is None else at.astimezone(UTC)
