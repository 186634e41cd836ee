"""What the scripted viewer played, and whether it should have counted."""

from dataclasses import dataclass
from datetime import datetime

from revenge_companion.core.media import Item


@dataclass(frozen=True, slots=True)
class Play:
    """One play of the viewer's."""

    label: str
    kind: str
    item: Item
    session_id: str
    #: Aware UTC, as the frames said.
    started_at: datetime
    #: None while it goes on.
    ended_at: datetime | None
    #: Whether it has to become exactly one scrobble; None while that is open.
    must_count: bool | None
