"""Playback events: one thing the server told us, cleaned of its wire's oddities."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from revenge_companion.core.media import Item

#: How the sessions of polled plays begin: polling knows none, so each item has its own.
POLL_SESSION = "poll/"


class EventType(StrEnum):
    STARTED = "playback.started"
    PROGRESS = "playback.progress"
    PAUSED = "playback.paused"
    RESUMED = "playback.resumed"
    SEEKED = "playback.seeked"
    STOPPED = "playback.stopped"
    COMPLETED = "playback.completed"


class PlayState(StrEnum):
    PLAYING = "playing"
    PAUSED = "paused"
    STOPPED = "stopped"


class Source(StrEnum):
    """How playback reaches us."""

    WEBSOCKET = "websocket"
    SSE = "sse"
    POLL = "poll"


@dataclass(frozen=True, slots=True)
class Device:
    """Where it plays; all texts may be empty."""

    id: str = ""
    name: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class PlaybackEvent:
    """One playback event of the signed-in user."""

    #: The server's event id; empty where the source has none.
    id: str
    type: EventType
    #: Aware UTC: the server's event time where it is present and not in our future, else arrival.
    at: datetime
    #: Seconds on our monotonic clock at arrival.
    at_s: float
    session_id: str
    item: Item
    state: PlayState
    #: Seconds into the item; None where the frame did not say.
    position_s: float | None
    #: For a seek: seconds into the item before it; None where unknown.
    from_position_s: float | None = None
    #: Content seconds per second, over 0.
    rate: float = 1.0
    device: Device = Device()
    source: Source = Source.WEBSOCKET
    #: It was replayed and is from before the connection: too late to be told of live.
    late: bool = False
