"""What one frame means for a play: late, repeated, its end, or the beginning of another play."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from revenge_companion.core.observing import DRIFT_S
from revenge_companion.core.play import Play, SteppedBack, start_zone_s
from revenge_companion.core.playback import POLL_SESSION, EventType, PlaybackEvent, PlayState
from revenge_companion.core.reasons import Reason

#: A frame this much older than the last is either late or from a clock that stepped back.
_STEP = timedelta(seconds=30)
#: How long such frames have to keep time before they are believed to show what was not seen yet:
#: frames from before may come late, and as evenly as they were sent.
_IN_STEP_S = 60.0
#: And how many they have to be: two late ones may keep time by chance.
_IN_STEP = 3
#: Servers send events from several threads: an end may carry a time just before the last frame's.
_LATE_END = timedelta(seconds=5)
#: A frame from this long before an end is late, whatever was played then.
_STALE = timedelta(hours=1)
#: How much later than the end that was seen the server may date a play in its history.
_LATE_REPORT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Over:
    """The time through which an item was played in a session, as far as its plays have ended."""

    since: datetime
    until: datetime


def over(before: Over | None, play: Play) -> Over | None:
    """What is over now that `play` has ended too; plays shortly after each other are one time."""
    if play.ended_at is None:
        return before
    since, until = play.started_at, max(play.ended_at, play.superseded_at or play.ended_at)
    if before is not None and abs(since - before.until) < _STALE:
        return Over(min(before.since, since), max(before.until, until))
    return Over(since, until)


def is_stale(gone: Over | None, event: PlaybackEvent) -> bool:
    """A frame of a play that already ended, delivered late or once more.

    What is older than the beginning of that play, and by more than an hour than its end, is from a
    clock that was set back.
    """
    return (
        gone is not None
        and event.at <= gone.until + _straggler(event)
        and (event.at >= gone.since or gone.until - event.at < _STALE)
    )


def is_late(play: Play, event: PlaybackEvent, *, is_end: bool) -> bool:
    """Whether the frame is from before the last one; notes a clock that may have stepped back."""
    behind = play.observed.last_at - event.at
    if behind <= timedelta(0) or (is_end and behind <= _LATE_END):
        return False
    if behind < _STEP:
        return True
    before = play.stepped_back
    play.stepped_back = SteppedBack(event.at, event.at_s, event.at, event.at_s)
    if before is None or event.at_s - before.at_s < 1.0:
        return True
    # Frames from the past that keep time with our own clock: the server's stepped back. Those of a
    # replay come faster, if only by a little.
    drift = (event.at - before.since).total_seconds() - (event.at_s - before.since_s)
    if abs(drift) > 5.0:
        return True
    play.stepped_back = replace(
        play.stepped_back, since=before.since, since_s=before.since_s, count=before.count + 1
    )
    if play.stepped_back.count < _IN_STEP:
        return True
    seen = event.position_s is not None and event.position_s < play.observed.position_s - DRIFT_S
    return seen and event.at_s - before.since_s < _IN_STEP_S


def is_new_play(play: Play, event: PlaybackEvent) -> bool:
    """Whether the frame begins another play of the same item: a repeat, or a start anew."""
    observed, item = play.observed, play.item
    position = event.position_s
    if event.type is EventType.STARTED and (position or 0.0) <= start_zone_s(item):
        # Servers announce a start again after a reconnect, with the position it has reached.
        expected = observed.position_s
        if observed.playing and observed.last_at_s is not None:
            expected += max(0.0, event.at_s - observed.last_at_s) * observed.rate
        again = abs((position or 0.0) - expected) > DRIFT_S
        return play.superseded_at_s is not None or (again and observed.played_s > DRIFT_S)
    if play.superseded_at_s is not None:
        return (
            is_playing(event)
            and event.at_s > play.superseded_at_s
            and (play.superseded_at is None or event.at > play.superseded_at)
        )
    if position is None or position > observed.position_s - DRIFT_S:
        return False
    zone = start_zone_s(item)
    if event.type is EventType.SEEKED:
        return play.counted_at is not None and position <= zone < observed.position_s
    elapsed = 0.0
    if observed.last_at_s is not None:
        wall = (event.at - observed.last_at).total_seconds()
        elapsed = max(event.at_s - observed.last_at_s, wall) * observed.rate
    if position > max(zone, elapsed + DRIFT_S) or observed.position_s <= zone:
        return False
    # Repeat: it counted, or it ran to its end and began again.
    at_end = item.duration_s is not None and (
        observed.position_s + elapsed >= item.duration_s - DRIFT_S
    )
    return play.counted_at is not None or (at_end and position <= elapsed + DRIFT_S)


def ends(event: PlaybackEvent) -> bool:
    return (
        event.type in (EventType.STOPPED, EventType.COMPLETED) or event.state is PlayState.STOPPED
    )


def is_playing(event: PlaybackEvent) -> bool:
    match event.type:
        case EventType.PAUSED:
            return False
        case EventType.RESUMED:
            return True
    return event.state is PlayState.PLAYING


def position_before(event: PlaybackEvent, play: Play, *, is_end: bool) -> float | None:
    """The position that accounts for the time before the event."""
    position = event.position_s
    if event.type is EventType.SEEKED:
        return event.from_position_s
    if is_end and not position:
        # A missing or zero stop position erases nothing; a completed item was at its end.
        return play.item.duration_s if event.type is EventType.COMPLETED else None
    return position


def repeats(play: Play, event: PlaybackEvent, *, is_end: bool) -> bool:
    """The frame that was taken last, sent again under another id."""
    observed = play.observed
    return (
        not is_end
        and event.at == observed.last_at
        and event.position_s == observed.position_s
        and is_playing(event) == observed.playing
        and event.rate == observed.rate
        and observed.last_at_s is not None
        and not observed.gap
    )


def heed_known_end(play: Play, event: PlaybackEvent) -> None:
    """Presume nothing of a play that is known to have ended; its frames may still prove it."""
    if play.known_end is not None and event.at <= play.known_end:
        play.observed.gap = True
    else:
        play.known_end = None


def accounts_until(past: Play) -> datetime:
    """Until when an end that the server's history reports is that of a play which was seen."""
    if past.is_settled:
        # Its end, however late the server reports it.
        return past.observed.last_at + timedelta(seconds=past.item.duration_s or 3600.0)
    polled = past.session_id.startswith(POLL_SESSION)
    if polled or past.observed.gap or past.reason is Reason.LOST_SIGHT:
        # Nobody saw it end: for polling, standing still for some minutes is an end.
        return past.started_at
    # It was seen to end without counting; the server's last word on it is a little younger.
    return past.observed.last_at + _LATE_REPORT


def _straggler(event: PlaybackEvent) -> timedelta:
    """How long after a play's end a frame may still belong to it; another may start with it."""
    if event.type is EventType.STARTED:
        return timedelta(microseconds=-1)
    return timedelta(seconds=2 if event.type is EventType.PROGRESS else 0)


def proven_opening_s(play: Play, event: PlaybackEvent) -> float:
    """Content seconds of a repeat that its first frame proves: it began since the last frame."""
    if event.type is not EventType.PROGRESS or event.position_s is None:
        return 0.0
    if play.observed.last_at_s is None or not play.observed.playing or play.observed.gap:
        return 0.0
    possible = (event.at_s - play.observed.last_at_s) * event.rate
    return event.position_s if event.position_s <= possible + DRIFT_S else 0.0


def place_late_start(play: Play, event: PlaybackEvent) -> None:
    """A start that arrives after the first progress still dates the play and proves its opening."""
    if event.type is not EventType.STARTED or play.counted_at is not None:
        return
    elapsed = (play.started_at - event.at).total_seconds()
    opening = play.first_position_s - (event.position_s or 0.0)
    if 0.0 < elapsed <= 120.0 and abs(opening - elapsed * event.rate) <= DRIFT_S:
        play.started_at = event.at
        play.observed.played_s += opening
        play.moments.begin_earlier(event.at, event.position_s or 0.0, opening)
