"""Recordings for tests of the tracker: what a test does not name is an ordinary play."""

from datetime import UTC, datetime, timedelta
from typing import Any

from revenge_companion.core.thresholds import Rules, Thresholds
from revenge_companion.engine.replay import Line, Replayed, replay

START = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
FAR = START + timedelta(days=9)


class Tape:
    """A recording under construction: a test names only what it is about."""

    def __init__(self, kind: str = "track", duration: float | None = 200.0) -> None:
        self.lines: list[Line] = []
        self.kind, self.duration = kind, duration
        self.session, self.media = "s1", "m1"
        self.media_data: dict[str, Any] = {"title": "T", "artist": "A"}
        self.number = 0

    def frame(
        self,
        at: float,
        name: str,
        position: float | None,
        *,
        stamp: float | None = None,
        event_id: str | None = None,
        state: str | None = None,
        **data: Any,
    ) -> "Tape":
        self.number += 1
        when = START + timedelta(seconds=at if stamp is None else stamp)
        body = {
            "session_id": self.session,
            "user_id": "u1",
            "media_type": self.kind,
            "media_id": self.media,
            "position_seconds": position,
            "duration_seconds": self.duration,
            "media": self.media_data,
            **data,
        }
        if state is not None:
            body["state"] = state
        frame = {
            "type": f"playback.{name}",
            "id": event_id or f"e{self.number}",
            "timestamp": when.isoformat(),
            "data": body,
        }
        self.lines.append(Line(at, frame=frame))
        return self

    def control(self, at: float, word: str) -> "Tape":
        self.lines.append(Line(at, control=word))
        return self

    def play(self, start: float, end: float, *, position: float, step: float = 10.0) -> "Tape":
        """Progress every `step` seconds from `start` to `end`, both included."""
        at = start
        while at <= end + 1e-9:
            self.frame(at, "progress", position + at - start, state="playing")
            at += step
        return self

    def run(self, **rules: Any) -> Replayed:
        return replay(self.lines, Rules(Thresholds(**rules)), START + timedelta(days=2))


def started(kind: str = "track", duration: float | None = 200.0, position: float = 0.0) -> Tape:
    return Tape(kind, duration).frame(0, "started", position)


def counted_at(result: Replayed) -> list[float]:
    return [entry["counted_at_s"] for entry in result.scrobbles]


def reasons(result: Replayed) -> list[str]:
    return [entry["reason_code"] for entry in result.rejected]
