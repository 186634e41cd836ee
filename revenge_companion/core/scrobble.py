"""Scrobbles: one counted play with a frozen identity, and the key that keeps it single."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from revenge_companion.core.changes import Change, change_key
from revenge_companion.core.library import item_of
from revenge_companion.core.media import Item, Kind

#: A change whose time is not known is dated this long ago: it never goes before a play of now.
_OLD = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Scrobble:
    """One counted play, frozen when it was queued: what is sent never changes afterwards."""

    #: De-duplication key, see `scrobble_key`.
    key: str
    item: Item
    #: Aware UTC start of the play; music is dated by it.
    started_at: datetime
    #: Aware UTC moment it counted; video and podcasts are dated by it.
    counted_at: datetime
    #: Content seconds really played when it counted.
    played_s: float
    #: Seconds into the item when it counted; for a file of several episodes, into the episode.
    position_s: float
    #: 0 to 100 of the runtime; 100 where the runtime is unknown and the end was reached.
    progress_pct: float
    device_name: str = ""
    #: The rule that counted it: "" for the user's own, else a linked account's (thresholds.Rules).
    rule: str = ""
    #: Not a play but a rating or the like, about its own subject; `item` is only its likeness then.
    change: Change | None = None

    @property
    def label(self) -> str:
        """What it is about, as people write it."""
        return self.item.label if self.change is None else self.change.subject.label

    @property
    def dated_at(self) -> datetime:
        """The date services get: the start for music, the moment it counted for the rest."""
        return self.counted_at if self.item.kind is not Kind.TRACK else self.started_at


def scrobble_key(
    *, session_id: str, media_id: str, started_at: datetime, episode_index: int = 0, rule: str = ""
) -> str:
    """The key of one play, the same in every Companion that saw the play from its start.

    Built from the server's session, the item and the second the play began, so that a play that is
    seen twice (replay, restart, second computer) is one scrobble and a repeat is another. An
    account with a threshold of its own (`rule`) gets its own, as it counts at another moment.
    """
    second = int(started_at.timestamp())
    text = f"{session_id}|{media_id}|{second}|{episode_index}"
    if rule:
        text += f"|{rule}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def change_scrobble(change: Change, queued_at: datetime) -> Scrobble:
    """`change` as a row for the outbox, queued at `queued_at` (aware UTC) and dated at its time."""
    at = change.at or queued_at - _OLD
    return Scrobble(
        key=change_key(change, queued_at),
        item=item_of(change.subject),
        started_at=at,
        counted_at=at,
        played_s=0.0,
        position_s=0.0,
        progress_pct=0.0,
        change=change,
    )
