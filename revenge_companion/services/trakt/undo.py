"""Removing one play from Trakt's history, by its history id and never by its item."""

from revenge_companion.net.http import Answer
from revenge_companion.services.answers import mapping, object_of, whole_number
from revenge_companion.services.trakt import wire
from revenge_companion.services.undo import Removal


def body(history_id: str) -> dict[str, list[int]]:
    """What removes one line: an item in its place would remove every play of it."""
    return {"ids": [int(history_id)]}


def read(answer: Answer) -> Removal:
    """What came of it; raises what `wire.trouble` says."""
    data = object_of(answer) if 200 <= answer.status < 300 else None
    if data is None or not isinstance(data.get("deleted"), dict):
        raise wire.trouble(answer, may_be_kept=False)
    deleted = mapping(data["deleted"])
    count = sum(whole_number(deleted.get(kind)) or 0 for kind in ("movies", "episodes"))
    return Removal.REMOVED if count else Removal.NOT_THERE
