"""What is remembered of plays that are over: their late frames, and what goes on from them."""

from collections.abc import Iterable
from datetime import datetime

from revenge_companion.core import frames
from revenge_companion.core.play import Play
from revenge_companion.core.playback import PlaybackEvent

#: How many of them; those that ended first are forgotten first.
PAST_PLAYS = 2000


class Past:
    """The plays of one user that have ended."""

    def __init__(self) -> None:
        #: The last one of each item, newest last.
        self._plays: dict[str, Play] = {}
        #: By session and item, the time whose frames are of plays that have ended.
        self._over: dict[tuple[str, str], frames.Over] = {}
        #: By session and item, ends that came before any frame of their play.
        self._early_ends: dict[tuple[str, str], datetime] = {}

    def add(self, play: Play) -> None:
        """Remember a play that has ended."""
        self._plays.pop(play.item.media_id, None)
        self._plays[play.item.media_id] = play
        if len(self._plays) > PAST_PLAYS:
            del self._plays[next(iter(self._plays))]
        key = (play.session_id, play.item.media_id)
        gone = frames.over(self._over.pop(key, None), play)
        if gone is not None:
            self._over[key] = gone
        if len(self._over) > PAST_PLAYS:
            del self._over[next(iter(self._over))]

    def plays(self) -> Iterable[Play]:
        """The last play of each item."""
        return self._plays.values()

    def last(self, media_id: str) -> Play | None:
        """The last play of one item."""
        return self._plays.get(media_id)

    def covers(self, event: PlaybackEvent) -> bool:
        """Whether the frame is of a play that has ended, delivered late or once more."""
        return frames.is_stale(self._over.get((event.session_id, event.item.media_id)), event)

    def note_end(self, event: PlaybackEvent) -> None:
        """Remember an end whose play was not seen to begin: its frames may come yet."""
        self._early_ends[event.session_id, event.item.media_id] = event.at
        if len(self._early_ends) > PAST_PLAYS:
            del self._early_ends[next(iter(self._early_ends))]

    def take_end(self, event: PlaybackEvent) -> datetime | None:
        """When the play that begins with this frame ended, if that is known already."""
        return self._early_ends.pop((event.session_id, event.item.media_id), None)
