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
from revenge_companion.core.past import PAST_PLAYS
from revenge_companion.core.playback import PlaybackEvent
from revenge_companion.core.reasons import sentence
from revenge_companion.core.session import SessionTracker
from revenge_companion.core.thresholds import Rules
from revenge_companion.revenge import wire

CONTROLS = ("disconnect", "reconnect", "restart")
#: Longest line that is read, in characters: the largest frame and what stands around it.
LINE_LIMIT = wire.FRAME_LIMIT + 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a recording: a frame or a control word at a monotonic second."""

    at_s: float
    frame: object = None
    control: str = ""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a recording has to be looked through for before it can be replayed."""

    #: Whose plays these are: the first user that a frame names, "" where none does.
    user_id: str
    #: The wall time at `at` 0.
    start: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that counted, or one play that ended without; in the words of the JSON."""

    counted: bool
    entry: dict[str, Any]


@dataclass(slots=True)
class Replayed:
    """What came of a whole recording, in the words of the command line's JSON."""

    scrobbles: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    #: Frames that were no playback of ours, by why.
    skipped: dict[str, int] = field(default_factory=dict)


def read_lines(text: Iterable[str]) -> Iterator[Line | str]:
    """The lines of a recording; a sentence in place of each that cannot be read."""
    for number, raw in enumerate(text, 1):
        if len(raw) > LINE_LIMIT:
            yield f"Line {number} is longer than 1 MiB."
            continue
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


def beginning(lines: Iterable[Line], now: datetime) -> Beginning:
    """Look through `lines` as far as it takes; `now` dates what the recording does not date."""
    user_id, start, last_s = "", None, 0.0
    far = now + timedelta(days=1)
    for line in lines:
        last_s = max(last_s, line.at_s)
        user_id = user_id or wire.frame_user(line.frame)
        start = start or _start(line, far)
        if user_id and start:
            break
    # Without a date anywhere the recording ends now.
    return Beginning(user_id, start or _shifted(now, -last_s))


def _start(line: Line, far: datetime) -> datetime | None:
    """The wall time at `at` 0 if this line is dated; a time after `far` is none."""
    stamp = line.frame.get("timestamp") if isinstance(line.frame, dict) else None
    if not isinstance(stamp, str):
        return None
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    if at.tzinfo is None or not datetime(2000, 1, 1, tzinfo=UTC) < at < far:
        return None
    return _shifted(at.astimezone(UTC), -line.at_s)


def replay(lines: list[Line], rules: Rules, now: datetime) -> Replayed:
    """Run `lines` through a tracker; `now` dates what the recording itself does not date."""
    result = Replayed()
    for outcome in outcomes(lines, rules, beginning(lines, now), result.skipped):
        (result.scrobbles if outcome.counted else result.rejected).append(outcome.entry)
    return result


def outcomes(
    lines: Iterable[Line], rules: Rules, begins: Beginning, skipped: dict[str, int]
) -> Iterator[Outcome]:
    """Run `lines` through a tracker, one at a time; counts in `skipped` what was passed over."""
    run = _Run(rules)
    for line in lines:
        yield from run.until(line.at_s)
        if line.control:
            run.control(line.control)
            continue
        frame = wire.read_envelope(
            line.frame,
            at_s=run.at_s,
            now=_shifted(begins.start, run.at_s),
            user_id=begins.user_id,
        )
        if isinstance(frame, PlaybackEvent):
            yield from run.note(run.tracker.feed(frame))
        elif isinstance(frame, wire.Skipped):
            skipped[frame.code] = skipped.get(frame.code, 0) + 1


def _shifted(at: datetime, seconds: float) -> datetime:
    try:
        return at + timedelta(seconds=seconds)
    except OverflowError:
        return at


class _Run:
    def __init__(self, rules: Rules) -> None:
        self.at_s = float("-inf")
        self._rules = rules
        #: Checkpoints of plays in progress and of those that ended last, as the ledger keeps them.
        self._open: dict[str, str] = {}
        self._ended: dict[str, str] = {}
        self.tracker = SessionTracker(rules)

    def until(self, at_s: float) -> Iterator[Outcome]:
        """Let the clock run to `at_s`, stopping at every decision on the way."""
        at_s = max(at_s, self.at_s)
        while (due := self.tracker.deadline_s()) is not None and due <= at_s:
            decisions = self.tracker.tick(due)
            yield from self.note(decisions)
            if not decisions:
                break
        self.at_s = at_s

    def control(self, word: str) -> None:
        if word == "disconnect":
            self.tracker.disconnected()
        elif word == "restart":
            self.tracker = SessionTracker(self._rules)
            self.tracker.restore((*self._ended.values(), *self._open.values()), at_s=self.at_s)

    def note(self, decisions: Iterable[Decision]) -> Iterator[Outcome]:
        for decision in decisions:
            self._save(decision)
            update = decision.update
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
                yield Outcome(True, entry)
            if decision.ended and update.counted_at is None:
                entry = {
                    "media_id": update.item.media_id,
                    "kind": update.item.kind.value,
                    "title": update.item.label,
                    "reason_code": str(update.reason_code),
                    "reason": reason,
                }
                yield Outcome(False, entry)

    def _save(self, decision: Decision) -> None:
        update = decision.update
        if not decision.ended:
            self._open[update.play_key] = update.snapshot
            return
        self._open.pop(update.play_key, None)
        self._ended.pop(update.play_key, None)
        self._ended[update.play_key] = update.snapshot
        if len(self._ended) > PAST_PLAYS:
            del self._ended[next(iter(self._ended))]


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
