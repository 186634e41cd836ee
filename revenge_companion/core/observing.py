"""How long an item was really playing, told from frames that may be late, repeated or missing.

Played time is content seconds: wall seconds spent playing times the playback rate. A stretch
between two frames is credited with what both the clock and the position allow, so a pause, a stall,
a seek, a suspended computer or a jumping clock adds nothing. A stretch that nobody observed
(disconnected, restarted, or silent for longer than `SILENCE_S`) is credited only where the later
position proves it.
"""

from dataclasses import dataclass
from datetime import datetime

#: Longest silence between two frames that still counts as watched. Servers report about every
#: 10 s; three missed reports and nobody knows what the player is doing.
SILENCE_S = 30.0
#: How far position and clock may disagree before it is a stall or a jump: players round positions
#: to whole seconds, and frames arrive unevenly.
DRIFT_S = 2.0


@dataclass(frozen=True, slots=True)
class Span:
    """What happened between two looks at a play."""

    #: Content seconds credited as really played.
    played_s: float
    #: Where playing began and how far it got; equal where nothing was played.
    from_s: float
    reached_s: float
    #: Where the item is now; away from `reached_s` after a jump.
    position_s: float
    jumped: bool


@dataclass(slots=True)
class Observed:
    """The running account of one play. Mutable, and private to the tracker."""

    position_s: float
    #: Server event time of the last frame.
    last_at: datetime
    #: Monotonic arrival of the last frame; None after a restart, where only `last_at` is known.
    last_at_s: float | None
    playing: bool
    rate: float = 1.0
    played_s: float = 0.0
    #: Since the last jump: content seconds the clock allowed and the position did not show, and
    #: those the position showed before the clock allowed them. What is late or early in one frame
    #: is made up for in the next, up to `DRIFT_S`; neither is ever credited alone.
    unmoved_s: float = 0.0
    untimed_s: float = 0.0
    #: False while the position stands still although the state says playing.
    advancing: bool = True
    #: Nobody observed the time since the last frame.
    gap: bool = False

    def watched_until_s(self) -> float | None:
        """Monotonic second up to which playing may be presumed; None where it may not."""
        if not self.playing or not self.advancing or self.gap or self.last_at_s is None:
            return None
        return self.last_at_s + SILENCE_S

    def presumed_at(self, at_s: float) -> Span | None:
        """The span from the last frame to `at_s` if playing simply went on; changes nothing."""
        until = self.watched_until_s()
        if until is None or self.last_at_s is None:
            return None
        played = max(0.0, min(at_s, until) - self.last_at_s) * self.rate
        end = self.position_s + played
        return Span(played, self.position_s, end, end, jumped=False)

    def look(
        self, *, at: datetime, at_s: float, position_s: float | None, rate: float | None = None
    ) -> Span:
        """Account for the time up to a frame that shows `position_s` (None: it does not say).

        `rate` is that of the frame: it may have begun while nobody looked.
        """
        mono = None if self.last_at_s is None else max(0.0, at_s - self.last_at_s)
        wall = max(0.0, (at - self.last_at).total_seconds())
        unobserved = self.gap or mono is None or (self.playing and mono > SILENCE_S)
        # A burst of replayed or delayed frames arrives at once, but their own times tell how long
        # the player took; the position below still has to agree.
        elapsed = wall if mono is None else max(mono, wall)
        start = self.position_s
        possible = elapsed * self.rate
        if position_s is None:
            played = mono * self.rate if self.playing and not unobserved and mono else 0.0
            span = Span(played, start, start + played, start + played, jumped=False)
        elif unobserved:
            span = self._proven(start, position_s, elapsed * max(self.rate, rate or 0.0))
        elif not self.playing:
            span = Span(0.0, start, start, position_s, abs(position_s - start) > DRIFT_S)
        else:
            span = self._credited(start, position_s, possible)
        if span.jumped or unobserved:
            self._start_over()
        self.played_s += span.played_s
        self.position_s = span.position_s
        # The clock of the server may step back; what was seen is never unseen.
        self.last_at = at
        self.last_at_s = at_s
        self.gap = False
        return span

    def _proven(self, start: float, position: float, possible: float) -> Span:
        moved = position - start
        if 0.0 < moved <= possible + DRIFT_S:
            return Span(moved, start, position, position, jumped=False)
        return Span(0.0, start, start, position, abs(moved) > DRIFT_S)

    def _credited(self, start: float, position: float, possible: float) -> Span:
        moved = position - start
        if moved < -DRIFT_S:
            return Span(0.0, start, start, position, jumped=True)
        if moved > possible + DRIFT_S + self.unmoved_s:
            return Span(possible, start, start + possible, position, jumped=True)
        timed, shown = possible + self.unmoved_s, moved + self.untimed_s
        if timed < shown:
            played, self.unmoved_s, self.untimed_s = timed, 0.0, min(DRIFT_S, shown - timed)
        else:
            played = shown if shown > 0.0 else 0.0
            self.unmoved_s = min(DRIFT_S, timed - played)
            self.untimed_s = max(-DRIFT_S, shown - played)
        if possible >= 1.0:
            self.advancing = moved >= 0.25 * possible
        return Span(played, start, max(start, position), position, jumped=False)

    def jump_to(self, position_s: float) -> None:
        """The user moved the position; what was played stays played."""
        self.position_s = position_s
        self._start_over()

    def _start_over(self) -> None:
        self.unmoved_s = self.untimed_s = 0.0
        self.advancing = True
