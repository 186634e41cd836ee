"""Events of the embedded server: made, kept for replay, and handed to whoever listens."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from revenge_companion.core.clock import Clock

#: Events kept for a `since` replay.
_KEPT = 10_000
#: The most events within one millisecond; the counter's 12 bits.
_PER_MS = 4096


def wire_time(at: datetime, *, fractions: bool = False) -> str:
    """`at` as RFC 3339 in UTC: whole seconds as the server's REST has them, or milliseconds."""
    text = at.isoformat(timespec="milliseconds" if fractions else "seconds")
    return text.replace("+00:00", "Z")


@dataclass(slots=True, eq=False)
class Subscriber:
    """One open stream: a WebSocket or an SSE connection."""

    channels: set[str] = field(default_factory=set)
    #: Texts to send as they are.
    outgoing: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    #: Server-sent events have their own envelope and hold what today's server holds.
    sse: bool = False


class EventHub:
    """Makes events with ids that sort by time (UUIDv7) and passes them on."""

    def __init__(self, clock: Clock, user_id: str, *, sse_playback: bool) -> None:
        self._clock = clock
        self._user_id = user_id
        self._sse_playback = sse_playback
        self._kept: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._last_ms = 0
        self._in_ms = 0
        self.subscribers: set[Subscriber] = set()
        #: Ids of events a client said it has written down, in order.
        self.acknowledged: list[str] = []

    def publish(self, event_type: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Send an event to every subscriber of its channel and keep it; returns its envelope."""
        envelope = {
            "type": event_type,
            "id": self._next_id(),
            "timestamp": wire_time(self._clock.now(), fractions=True),
            "data": dict(data),
        }
        self._kept.append(envelope)
        text = json.dumps(envelope)
        for subscriber in self.subscribers:
            if channel_of(event_type) not in subscriber.channels:
                continue
            if not subscriber.sse:
                subscriber.outgoing.put_nowait(text)
            elif self._sse_playback or channel_of(event_type) != "playback":
                subscriber.outgoing.put_nowait(self._sse_frame(envelope))
        return envelope

    def send_raw(self, text: str) -> None:
        """Send `text` as it is to every open WebSocket."""
        for subscriber in self.subscribers:
            if not subscriber.sse:
                subscriber.outgoing.put_nowait(text)

    @property
    def kept(self) -> list[dict[str, Any]]:
        """The envelopes of the last events, oldest first."""
        return list(self._kept)

    def after(self, event_id: str) -> list[dict[str, Any]] | None:
        """The kept events after `event_id`, oldest first; None when it is not kept."""
        kept = list(self._kept)
        for index, envelope in enumerate(kept):
            if envelope["id"] == event_id:
                return kept[index + 1 :]
        return None

    def _sse_frame(self, envelope: Mapping[str, Any]) -> str:
        body = dict(envelope)
        if channel_of(envelope["type"]) == "playback":
            body["user_id"] = envelope["data"].get("user_id", self._user_id)
        return f"id: {body['id']}\nevent: {body['type']}\ndata: {json.dumps(body)}\n\n"

    def _next_id(self) -> str:
        now_ms = int(self._clock.now().timestamp() * 1000)
        if now_ms > self._last_ms:
            self._last_ms, self._in_ms = now_ms, 0
        else:
            self._in_ms += 1
            if self._in_ms == _PER_MS:
                self._last_ms, self._in_ms = self._last_ms + 1, 0
        high = (self._last_ms << 16) | 0x7000 | self._in_ms
        low = (0b10 << 62) | len(self._kept)
        return str(UUID(int=(high << 64) | low))


def channel_of(event_type: str) -> str:
    """The channel an event travels on: hints to refresh go with the library's."""
    return "playback" if event_type.startswith("playback.") else "library"
