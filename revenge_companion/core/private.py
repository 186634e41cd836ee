"""Single items that are private while they play: known by a hash, so that no file names them."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from revenge_companion.core.playback import PlaybackEvent

#: How long after its last frame an item is still the one that was meant, in the same play session
#: of the server and as others (the server's history) tell of it.
_SAME_SESSION = timedelta(hours=24)
_ELSEWHERE = timedelta(minutes=15)
#: The most items that are remembered; the oldest go first.
_MOST = 100


@dataclass(frozen=True, slots=True)
class _Mark:
    item: str
    session: str
    first_at: datetime
    last_at: datetime


class PrivateItems:
    """The items the user wanted left out, for as long as they go on."""

    def __init__(self, text: str = "") -> None:
        """Go on with what `text` gave; text that cannot be read is none."""
        try:
            self._marks = {mark.item: mark for mark in map(_read, json.loads(text or "[]"))}
        except (ValueError, TypeError, KeyError):
            self._marks = {}

    def add(self, session_id: str, media_id: str, first_at: datetime, last_at: datetime) -> None:
        """From now on this item is private; what was seen of it since `first_at` too."""
        mark = _Mark(_hash(media_id), _hash(session_id), first_at, last_at)
        self._marks.pop(mark.item, None)
        self._marks[mark.item] = mark
        while len(self._marks) > _MOST:
            del self._marks[next(iter(self._marks))]

    def covers(self, event: PlaybackEvent) -> bool:
        """Whether `event` is about an item that is private; takes note that it still goes on."""
        if not self._marks:
            return False
        mark = self._marks.get(_hash(event.item.media_id))
        if mark is None:
            return False
        after = event.at - mark.last_at
        if mark.session == _hash(event.session_id) and after <= _SAME_SESSION:
            self._marks[mark.item] = replace(mark, last_at=max(mark.last_at, event.at))
            return True
        return mark.first_at <= event.at and after <= _ELSEWHERE

    def has(self, media_id: str) -> bool:
        """Whether that item was made private and may still go on."""
        return _hash(media_id) in self._marks

    def text(self) -> str:
        """What `PrivateItems` reads."""
        return json.dumps(
            [
                [mark.item, mark.session, mark.first_at.isoformat(), mark.last_at.isoformat()]
                for mark in self._marks.values()
            ]
        )


def _read(row: Any) -> _Mark:
    item, session, first, last = row
    mark = _Mark(
        str(item), str(session), datetime.fromisoformat(first), datetime.fromisoformat(last)
    )
    if mark.first_at.tzinfo is None or mark.last_at.tzinfo is None:
        raise ValueError(row)
    return mark


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24]
