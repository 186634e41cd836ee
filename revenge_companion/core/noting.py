"""What is worth telling of a play, from what its frames made of it."""

from datetime import datetime
from typing import NamedTuple

from revenge_companion.core import frames
from revenge_companion.core.media import Kind
from revenge_companion.core.moments import Moment, MomentKind
from revenge_companion.core.observing import DRIFT_S, SILENCE_S, Span
from revenge_companion.core.play import Play
from revenge_companion.core.playback import EventType, PlaybackEvent, PlayState, Source
from revenge_companion.core.reasons import Reason

#: A silence through which it played on is worth telling when it was longer than this, and a shorter
#: one when more than this was not proven. Polling looks once a minute only.
_SILENCE_S, _UNPROVEN_S = 60.0, 10.0
_POLL_SILENCE_S, _POLL_UNPROVEN_S = 180.0, 60.0


class Before(NamedTuple):
    """A play before a frame is accounted for."""

    at: datetime
    at_s: float | None
    playing: bool
    rate: float
    gap: bool


def before(play: Play, event: PlaybackEvent) -> Before | None:
    """What `went_on` needs; None where the frame, if it shows no jump, only shows playing on."""
    one, seen_s = play.observed, play.observed.last_at_s
    if (
        event.type is EventType.PROGRESS
        and event.state is PlayState.PLAYING
        and one.playing
        and event.rate == one.rate
        and seen_s is not None
        and event.at_s - seen_s <= SILENCE_S
        and not one.gap
        and event.source is not Source.POLL
    ):
        return None
    return Before(one.last_at, seen_s, one.playing, one.rate, one.gap)


def began(play: Play, event: PlaybackEvent, opening_s: float) -> None:
    """Its first frame; `opening_s` of it were played before, as that frame proves."""
    observed = play.observed
    _note(
        play,
        Moment(
            MomentKind.BEGAN,
            play.started_at if opening_s else event.at,
            observed.position_s - opening_s,
            observed.played_s - opening_s,
        ),
    )
    if event.rate != 1.0:
        _now(play, MomentKind.RATE, event.at, rate=event.rate)
    if not observed.playing:
        _now(play, MomentKind.PAUSED, event.at)


def went_on(
    play: Play, event: PlaybackEvent, was: Before | None, span: Span, *, is_end: bool
) -> None:
    """What a frame shows beside playing on."""
    observed, is_seek = play.observed, event.type is EventType.SEEKED
    if was is None:
        _jumped(play, event, span.reached_s)
        return
    if _is_unseen(event, was) and _is_worth_telling(event, was, span):
        silent(play, was, span)
        heard = Moment(
            MomentKind.HEARD,
            event.at,
            span.position_s,
            observed.played_s,
            proven_s=span.played_s,
        )
        _note(play, heard)
        if span.jumped:
            _past(play, event.at, span.reached_s)
        _jumped(play, event, span.position_s)
    elif span.jumped or is_seek:
        _jumped(play, event, span.reached_s)
    if event.rate != was.rate:
        _now(play, MomentKind.RATE, event.at, rate=event.rate)
    if not is_end and (playing := frames.is_playing(event)) != was.playing:
        _now(play, MomentKind.WENT_ON if playing else MomentKind.PAUSED, event.at)


def silent(play: Play, was: Before | None = None, span: Span | None = None) -> None:
    """Nobody observed it since its last frame: that which was the last before `span`, or is now."""
    one = play.observed
    at, position, played = one.last_at, one.position_s, one.played_s
    if was is not None and span is not None:
        at, position, played = was.at, span.from_s, played - span.played_s
    _note(play, Moment(MomentKind.SILENT, at, position, played))


def restarted(play: Play, at: datetime) -> None:
    """The program was started at `at` and goes on with it."""
    _now(play, MomentKind.RESTARTED, at)


def _jumped(play: Play, event: PlaybackEvent, from_s: float) -> None:
    if abs(play.observed.position_s - from_s) > DRIFT_S:
        _now(play, MomentKind.JUMPED, event.at, from_s=from_s)
        _past(play, event.at, from_s)


def _past(play: Play, at: datetime, from_s: float) -> None:
    """A jump from `from_s` that led past where an episode or film counts, by the user's rule."""
    to_s = play.observed.position_s
    if play.item.kind is Kind.TRACK or play.is_settled:
        return
    for share in play.shares:
        rule, part = share.key
        is_open = rule == "" and share.key not in play.progress.counted
        if is_open and from_s < share.threshold_s <= to_s < share.end_s:
            _now(play, MomentKind.PAST, at, part=part)


def _is_unseen(event: PlaybackEvent, was: Before) -> bool:
    """As `Observed.look` sees it."""
    if event.source is Source.POLL or was.gap or was.at_s is None:
        return True
    return was.playing and event.at_s - was.at_s > SILENCE_S


def _is_worth_telling(event: PlaybackEvent, was: Before, span: Span) -> bool:
    """A long silence, or one through which it did not simply play on."""
    if not was.playing:
        return span.played_s > DRIFT_S
    seconds = max(0.0, (event.at - was.at).total_seconds())
    if was.at_s is not None:
        seconds = max(seconds, event.at_s - was.at_s)
    unproven = seconds * was.rate - span.played_s
    if event.source is Source.POLL:
        return seconds > _POLL_SILENCE_S or unproven > _POLL_UNPROVEN_S
    return seconds > _SILENCE_S or unproven > _UNPROVEN_S


def _now(
    play: Play,
    kind: MomentKind,
    at: datetime,
    *,
    from_s: float | None = None,
    rate: float | None = None,
    part: int = 0,
) -> None:
    observed = play.observed
    moment = Moment(
        kind, at, observed.position_s, observed.played_s, from_s=from_s, rate=rate, part=part
    )
    _note(play, moment)


def _note(play: Play, moment: Moment) -> None:
    # Nothing that is seen in private is kept; when it ended, the ledger says in any case.
    if play.left_out is not Reason.PRIVATE or moment.kind is MomentKind.ENDED:
        play.moments.note(moment)
