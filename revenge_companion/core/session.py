"""The session tracker: from playback events to decisions.

It keeps one `Play` per server session and item, and never reads a clock: events carry their times,
and `tick` is told the time. `deadline_s` says when the next decision falls if playing simply goes
on, so that a play that crosses its threshold between two frames counts then.
"""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta

from revenge_companion.core import counting, frames, noting
from revenge_companion.core.counting import Verdict
from revenge_companion.core.deadlines import counts_at_s, ends_at_s
from revenge_companion.core.decision import Decision, decided, notice_of
from revenge_companion.core.live import LiveAction, LiveNotice, NowPlaying
from revenge_companion.core.observing import DRIFT_S, Span
from revenge_companion.core.past import Past
from revenge_companion.core.play import Play, begin, play_from_snapshot
from revenge_companion.core.playback import EventType, PlaybackEvent, Source
from revenge_companion.core.reasons import Reason
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.core.thresholds import Rules

#: A checkpoint is due at most this long after the last one while playing (ledger T8).
CHECKPOINT_S = 15.0
#: And with a jump or another rate, but for who drags the position about only this often.
TURN_S = 1.0
_SEEN_IDS = 4096
#: How many plays may be in progress; a server that opens more sessions forgets to end them.
OPEN_PLAYS = 50


class SessionTracker:
    """Feeds on playback events of one user and says what counts, when, and why not."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._named = rules.named()
        self._open: dict[tuple[str, str], Play] = {}
        self._past = Past()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def restore(
        self, snapshots: Iterable[str], *, at_s: float, at: datetime | None = None
    ) -> list[str]:
        """Go on from checkpoints, oldest first; returns those that could not be read.

        With `at` (aware UTC) the plays that go on tell of the restart.
        """
        unread = []
        for text in snapshots:
            try:
                play = play_from_snapshot(text, self._named, at_s)
            except (ValueError, KeyError, TypeError, AttributeError):
                unread.append(text)
                continue
            for event_id in play.recent_ids:
                self._seen[event_id] = None
            if play.is_open:
                self._open[play.session_id, play.item.media_id] = play
                if at is not None:
                    noting.restarted(play, at)
            else:
                self._past.add(play)
        return unread

    def set_rules(self, rules: Rules) -> None:
        """Use other thresholds from now on; what has counted stays counted."""
        self._rules, self._named = rules, rules.named()
        for play in self._open.values():
            play.shares = counting.shares_of(play.item, self._named)

    def disconnected(self) -> None:
        """From now on nobody observes: time counts only where later positions prove it."""
        for play in self._open.values():
            play.observed.gap = True

    def leave_out(self, play_key: str, reason: Reason) -> list[Decision]:
        """Scrobble nothing more of one play in progress."""
        return [
            self._decide(play, play.observed.last_at_s or play.seen_at_s)
            for play in self._open.values()
            if play.key == play_key and _set_left_out(play, reason)
        ]

    def let_go(self, play_key: str, at_s: float) -> tuple[str, Decision] | None:
        """Drop a play in progress that has not counted, as if it had never been seen.

        Gives the server's session and, to tell of its end, a decision that is not to be stored;
        None where there is no such play or it has counted.
        """
        for key, play in list(self._open.items()):
            if play.key == play_key and play.counted_at is None:
                notice = notice_of(play, LiveAction.STOP)
                del self._open[key]
                return play.session_id, decided(play, at_s, (), notice)
        return None

    def count_by_hand(
        self, play_key: str, snapshot: str, at: datetime, at_s: float
    ) -> Decision | None:
        """Count one play, in progress or over, because the user says so; None if it has counted.

        `snapshot` is its checkpoint, for a play that is no longer remembered here.
        """
        known = (*self._open.values(), *self._past.plays())
        play = next((play for play in known if play.key == play_key), None)
        if play is None:
            try:
                play = play_from_snapshot(snapshot, self._named, at_s)
            except (ValueError, KeyError, TypeError, AttributeError):
                return None
        if play.counted_at is not None:
            return None
        scrobbles = play.count_by_hand(play.ended_at or at, self._named)
        return decided(play, at_s, scrobbles, None)

    def forget_open(self, reason: Reason, *, at: datetime, at_s: float) -> list[Decision]:
        """End every play in progress unscrobbled (scrobbling was paused)."""
        decisions = []
        for play in list(self._open.values()):
            play.left_out = reason
            decisions.append(self._end(play, at, at_s))
        return decisions

    def now_playing(self, at_s: float, *, heard: bool = False) -> tuple[NowPlaying, ...]:
        """Plays in progress that were heard of lately, newest first.

        With `heard` only those heard of since the program started: a checkpoint may be days old.
        """
        shown = [
            play
            for play in self._open.values()
            if play.superseded_at_s is None
            and (not heard or play.observed.last_at_s is not None)
            and at_s - play.seen_at_s < (120.0 if play.observed.playing else 3600.0)
        ]
        shown.sort(key=lambda play: play.seen_at_s, reverse=True)
        return tuple(play.now_playing(self._rules.own) for play in shown)

    # Events

    def feed(self, event: PlaybackEvent, left_out: Reason | None = None) -> list[Decision]:
        """Take one event; `left_out` marks a play that filters keep from being scrobbled."""
        if event.id:
            if event.id in self._seen:
                return []
            self._seen[event.id] = None
            if len(self._seen) > _SEEN_IDS:
                self._seen.popitem(last=False)
        decisions: list[Decision] = []
        key = (event.session_id, event.item.media_id)
        play = self._open.get(key)
        is_end = frames.ends(event)
        if play is None:
            if self._past.covers(event):
                return []
            if is_end:
                self._past.note_end(event)
                return self._count_reported(event, left_out)
            return self._begin(event, left_out)
        if frames.is_late(play, event, is_end=is_end):
            frames.place_late_start(play, event)
            return []
        if not is_end and frames.is_new_play(play, event):
            opening = frames.proven_opening_s(play, event)
            decisions.append(self._end(play, play.observed.last_at, event.at_s))
            return decisions + self._begin(event, left_out, opening_s=opening)
        return self._continue(play, event, is_end=is_end)

    def _begin(
        self, event: PlaybackEvent, left_out: Reason | None, *, opening_s: float = 0.0
    ) -> list[Decision]:
        item = event.item
        elsewhere = [p for p in self._open.values() if p.item.media_id == item.media_id]
        earlier = elsewhere[-1] if elsewhere else self._past.last(item.media_id)
        decisions = self._supersede(event) + self._make_room(event.at_s)
        play = begin(event, earlier, self._rules)
        play.observed.played_s += opening_s
        play.started_at -= timedelta(seconds=opening_s / event.rate)
        play.left_out = left_out
        play.observed.playing = frames.is_playing(event)
        noting.began(play, event, opening_s)
        play.known_end = self._past.take_end(event)
        frames.heed_known_end(play, event)
        play.remember(event.id)
        self._open[event.session_id, item.media_id] = play
        notice = notice_of(play, LiveAction.START) if play.observed.playing else None
        decisions.append(self._decide(play, event.at_s, notice=notice))
        return decisions

    def _make_room(self, at_s: float) -> list[Decision]:
        """End the plays that nobody has heard of for the longest where there are too many."""
        decisions = []
        while len(self._open) >= OPEN_PLAYS:
            oldest = min(self._open.values(), key=lambda play: play.seen_at_s)
            decisions.append(self._end(oldest, oldest.observed.last_at, at_s, lost=True))
        return decisions

    def _count_reported(self, event: PlaybackEvent, left_out: Reason | None) -> list[Decision]:
        """A play nobody saw, which the server's own history reports as finished.

        Only polling tells such: there an item that is finished between two polls was never seen
        playing. An end without a beginning on a live connection proves nothing.
        """
        item = event.item
        if event.source is not Source.POLL or event.type is not EventType.COMPLETED:
            return []
        for play in [p for p in self._open.values() if p.item.media_id == item.media_id]:
            verdicts = counting.reported(play.item, play.shares, self._named, play.progress)
            if play.observed.gap and verdicts and play.left_out is None and not play.is_rest:
                # It went on while nobody looked, and came to its end.
                noting.silent(play)
                play.observed.position_s = item.duration_s or play.observed.position_s
                return [self._end(play, event.at, event.at_s, verdicts)]
            if not play.observed.gap or event.at <= frames.accounts_until(play):
                # It is being seen, or was until it had counted: the history says nothing new.
                return []
        past = self._past.last(item.media_id)
        if past is not None and event.at <= frames.accounts_until(past):
            return []
        play = begin(event, None, self._rules)
        play.left_out = left_out
        play.observed.position_s = item.duration_s or play.observed.position_s
        play.remember(event.id)
        self._open[event.session_id, item.media_id] = play
        verdicts = counting.reported(play.item, play.shares, self._named, play.progress)
        return [self._end(play, event.at, event.at_s, verdicts)]

    def _supersede(self, event: PlaybackEvent) -> list[Decision]:
        """Another item plays in this session: the one before it was played until now."""
        decisions = []
        for play in list(self._open.values()):
            if play.session_id != event.session_id or play.superseded_at_s is not None:
                continue
            span = play.observed.presumed_at(event.at_s)
            verdicts: list[Verdict] = []
            if span is not None and span.played_s > 0.0:
                until = play.item.duration_s
                end_s = span.reached_s if until is None else min(span.reached_s, until)
                span = play.observed.look(
                    at=event.at, at_s=event.at_s, position_s=max(end_s, span.from_s)
                )
                verdicts = self._judge(play, span)
            play.observed.playing = False
            play.superseded_at_s, play.superseded_at = event.at_s, event.at
            decisions.append(self._decide(play, event.at_s, verdicts, at=event.at))
        return decisions

    def _continue(self, play: Play, event: PlaybackEvent, *, is_end: bool) -> list[Decision]:
        if frames.repeats(play, event, is_end=is_end):
            return []
        was_playing, was = play.observed.playing, noting.before(play, event)
        play.describe(event.item, self._named)
        play.remember(event.id)
        play.seen_at_s, play.stepped_back = event.at_s, None
        if event.source is Source.POLL:
            # Nobody looks between two polls, and a row may be written less often than it is read.
            play.observed.gap = True
        span = play.observed.look(
            at=event.at,
            at_s=event.at_s,
            position_s=frames.position_before(event, play, is_end=is_end),
            rate=event.rate,
        )
        verdicts = self._judge(play, span)
        if event.type is EventType.COMPLETED:
            verdicts += counting.reached_end(play.item, self._named, play.progress)
        if event.type is EventType.SEEKED and event.position_s is not None:
            if abs(event.position_s - play.observed.position_s) > DRIFT_S:
                play.progress.jumped, play.progress.since_jump_s = True, 0.0
            play.observed.jump_to(event.position_s)
        turned = span.jumped or event.type is EventType.SEEKED or event.rate != play.observed.rate
        play.observed.rate = event.rate
        if was is not None or span.jumped:
            noting.went_on(play, event, was, span, is_end=is_end)
        if is_end:
            return [self._end(play, event.at, event.at_s, verdicts)]
        if play.known_end is not None:
            frames.heed_known_end(play, event)
        # A late frame of an item that was followed by another tells what was, not what is.
        play.observed.playing = frames.is_playing(event) and play.superseded_at_s is None
        notice = None
        if play.observed.playing != was_playing:
            action = LiveAction.START if play.observed.playing else LiveAction.PAUSE
            notice = notice_of(play, action)
        # After a restart only an unbroken way to the next position proves what was played on it.
        due = event.at_s - play.saved_at_s >= CHECKPOINT_S
        if turned and event.at_s - play.turned_at_s >= TURN_S:
            play.turned_at_s, due = event.at_s, True
        if verdicts or notice is not None or due:
            return [self._decide(play, event.at_s, verdicts, at=event.at, notice=notice)]
        return []

    # Time

    def deadline_s(self) -> float | None:
        """Monotonic second of the next decision if nothing else happens; None for never."""
        best: float | None = None
        for play in self._open.values():
            counts, ends = counts_at_s(play), ends_at_s(play)
            when = ends if counts is None else min(counts, ends)
            best = when if best is None else min(best, when)
        return best

    def tick(self, at_s: float) -> list[Decision]:
        """Decide everything that falls due up to `at_s`."""
        decisions = []
        for play in list(self._open.values()):
            when = counts_at_s(play)
            if when is not None and when <= at_s:
                decisions += self._count_presumed(play, when)
            ends = ends_at_s(play)
            if ends <= at_s:
                lost = play.superseded_at_s is None and play.known_end is None
                decision = self._end(play, play.known_end or play.observed.last_at, ends, lost=lost)
                decisions.append(decision)
        return decisions

    def _count_presumed(self, play: Play, when: float) -> list[Decision]:
        span = play.observed.presumed_at(when)
        if span is None:
            return []
        played = play.observed.played_s + span.played_s
        verdicts = counting.judge(play.item, play.shares, play.progress, span, played, presume=True)
        if not verdicts:
            return []
        ahead = timedelta(seconds=when - (play.observed.last_at_s or when))
        return [
            self._decide(
                play,
                when,
                verdicts,
                at=play.observed.last_at + ahead,
                position_s=span.reached_s,
                played_s=played,
            )
        ]

    # Pieces

    def _judge(self, play: Play, span: Span) -> list[Verdict]:
        return counting.judge(play.item, play.shares, play.progress, span, play.observed.played_s)

    def _end(
        self,
        play: Play,
        at: datetime,
        at_s: float,
        verdicts: list[Verdict] | None = None,
        *,
        lost: bool = False,
    ) -> Decision:
        scrobbles = self._count(play, verdicts or [], at)
        if lost and play.observed.playing:
            noting.silent(play)
        play.conclude(at, self._rules.own)
        if lost and play.counted_at is None and play.reason is Reason.STOPPED_EARLY:
            play.reason = Reason.LOST_SIGHT
        notice = notice_of(play, LiveAction.STOP)
        del self._open[play.session_id, play.item.media_id]
        self._past.add(play)
        return decided(play, at_s, scrobbles, notice)

    def _decide(
        self,
        play: Play,
        at_s: float,
        verdicts: list[Verdict] | None = None,
        *,
        at: datetime | None = None,
        notice: LiveNotice | None = None,
        position_s: float | None = None,
        played_s: float | None = None,
    ) -> Decision:
        scrobbles = self._count(
            play, verdicts or [], at or play.observed.last_at, position_s, played_s
        )
        return decided(play, at_s, scrobbles, notice, position_s)

    def _count(
        self,
        play: Play,
        verdicts: list[Verdict],
        at: datetime,
        position_s: float | None = None,
        played_s: float | None = None,
    ) -> tuple[Scrobble, ...]:
        if not verdicts:
            return ()
        return play.count(
            verdicts,
            at,
            position_s=play.observed.position_s if position_s is None else position_s,
            played_s=play.observed.played_s if played_s is None else played_s,
        )


def _set_left_out(play: Play, reason: Reason) -> bool:
    play.left_out = reason
    return True
