"""Recorded playback frames, replayed through the tracker: what would have counted, and why not.

The clock runs between the lines as in the running program, no account is touched, and the end of
the file ends nothing. A recording is JSON Lines: `{"at": 12.5, "frame": {…}}`, where `at` is
monotonic receive time in seconds, or `{"at": 30.0, "control": "disconnect"}` (or "reconnect",
"restart").
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from revenge_companion.core.decision import Decision
from revenge_companion.core.playback import PlaybackEvent
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.core.reasons import sentence
from revenge_companion.core.session import SessionTracker
from revenge_companion.core.thresholds import Rules
from revenge_companion.revenge import wire

CONTROLS = ("disconnect", "reconnect", "restart")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a recording: a frame or a control word at a monotonic second."""

    at_s: float
    frame: object = None
    control: str = ""


@dataclass(slots=True)
class Replayed:
    """What came of a recording, in the words of the command line's JSON."""

    scrobbles: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    #: Frames that were no playback of ours, by why.
    skipped: dict[str, int] = field(default_factory=dict)


def read_lines(text: Iterable[str]) -> Iterator[Line | str]:
    """The lines of a recording; a sentence in place of each that cannot be read."""
    for number, raw in enumerate(text, 1):
        if not raw.strip():
            continue
        try:
            data = json.loads(raw)
        except (ValueError, RecursionError):
            yield f"Line {number} is not JSON."
            continue
        at = data.get("at") if isinstance(data, dict) else None
        if not isinstance(at, int | float) or isinstance(at, bool) or not abs(at) < 1e12:
            yield f'Line {number} has no "at" with a number of seconds.'
        elif "frame" in data:
            yield Line(float(at), frame=data["frame"])
        elif data.get("control") in CONTROLS:
            yield Line(float(at), control=data["control"])
        else:
            yield f'Line {number} has neither a "frame" nor a "control" of {", ".join(CONTROLS)}.'


def replay(lines: list[Line], rules: Rules, now: datetime) -> Replayed:
    """Run `lines` through a tracker; `now` dates what the recording itself does not date."""
    user_id = next((user for line in lines if (user := wire.frame_user(line.frame))), "")
    start = _start(lines, now)
    run = _Run(rules)
    for line in lines:
        run.until(line.at_s)
        if line.control:
            run.control(line.control)
            continue
        frame = wire.read_envelope(
            line.frame, at_s=run.at_s, now=start + timedelta(seconds=run.at_s), user_id=user_id
        )
        if isinstance(frame, PlaybackEvent):
            run.note(run.tracker.feed(frame))
        elif isinstance(frame, wire.Skipped):
            run.result.skipped[frame.code] = run.result.skipped.get(frame.code, 0) + 1
    return run.result


def _start(lines: list[Line], now: datetime) -> datetime:
    """The wall time at `at` 0: from the first dated frame, else so that the recording ends now."""
    far = now + timedelta(days=1)
    for line in lines:
        stamp = line.frame.get("timestamp") if isinstance(line.frame, dict) else None
        if isinstance(stamp, str):
            try:
                at = datetime.fromisoformat(stamp)
            except ValueError:
                continue
            if at.tzinfo is not None and datetime(2000, 1, 1, tzinfo=UTC) < at < far:
                return _shifted(at.astimezone(UTC), -line.at_s)
    return _shifted(now, -max((line.at_s for line in lines), default=0.0))


def _shifted(at: datetime, seconds: float) -> datetime:
    try:
        return at + timedelta(seconds=seconds)
    except OverflowError:
        return at


class _Run:
    def __init__(self, rules: Rules) -> None:
        self.result = Replayed()
        self.at_s = float("-inf")
        self._rules = rules
        self._connected = True
        self._saved: dict[str, PlayUpdate] = {}
        self.tracker = SessionTracker(rules)

    def until(self, at_s: float) -> None:
        """Let the clock run to `at_s`, stopping at every decision on the way."""
        at_s = max(at_s, self.at_s)
        while self._connected:
            due = self.tracker.deadline_s()
            if due is None or due > at_s:
                break
            decisions = self.tracker.tick(due)
            self.note(decisions)
            if not decisions:
                break
        self.at_s = at_s

    def control(self, word: str) -> None:
        if word == "reconnect":
            self._connected = True
        elif word == "disconnect":
            self._connected = False
            self.tracker.disconnected()
        else:
            self.tracker = SessionTracker(self._rules)
            self.tracker.restore(
                [update.snapshot for update in self._saved.values()], at_s=self.at_s
            )

    def note(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            update = decision.update
            self._saved[update.play_key] = update
            reason = sentence(update.reason_code, update.facts)
            for scrobble in decision.scrobbles:
                entry: dict[str, Any] = {
                    "media_id": scrobble.item.media_id,
                    "kind": scrobble.item.kind.value,
                    "title": scrobble.item.label,
                    "started_at": _iso(scrobble.started_at),
                    "counted_at": _iso(scrobble.counted_at),
                    "counted_at_s": round(decision.at_s, 3),
                    "played_seconds": scrobble.played_s,
                    "position_seconds": round(decision.position_s, 3),
                    "reason_code": str(update.reason_code),
                    "reason": reason,
                }
                if scrobble.item.episode_number is not None:
                    entry["season"] = scrobble.item.season_number
                    entry["episode"] = scrobble.item.episode_number
                self.result.scrobbles.append(entry)
            if decision.ended and update.counted_at is None:
                self.result.rejected.append(
                    {
                        "media_id": update.item.media_id,
                        "kind": update.item.kind.value,
                        "title": update.item.label,
                        "reason_code": str(update.reason_code),
                        "reason": reason,
                    }
                )


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
