"""The story of a play in words: moments, the drawing for who cannot see it, destinations."""

from datetime import datetime

from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.media import Kind
from revenge_companion.core.moments import Course, Moment, MomentKind
from revenge_companion.core.passed_over import PassedOver
from revenge_companion.core.reasons import Reason, minutes
from revenge_companion.core.status import DestinationFate, PlayRecord
from revenge_companion.ui import words
from revenge_companion.ui.words import say


def when(at: datetime, first: datetime) -> str:
    """A moment's time of day; with its day where that is another than the first one's."""
    return words.moment(at, first)


def let_go(count: int) -> str:
    return say("%n more moment(s), too many to keep", count)


def moment(one: Moment, play: PlayRecord, course: Course) -> str:
    """What happened, to go on after the time: "paused at 26:10"."""
    position = minutes(one.position_s)
    match one.kind:
        case MomentKind.BEGAN if one.played_s >= 1.0:
            text = say("began at {position}, with {played} played before")
        case MomentKind.BEGAN:
            text = say("began at {position}")
        case MomentKind.PAUSED:
            text = say("paused at {position}")
        case MomentKind.WENT_ON:
            text = say("went on at {position}")
        case MomentKind.JUMPED if (one.from_s or 0.0) > one.position_s:
            text = say("jumped back from {origin} to {position}")
        case MomentKind.JUMPED:
            text = say("jumped from {origin} to {position}: this does not count as played")
        case MomentKind.SILENT:
            text = say("not observed from {position} on")
        case MomentKind.HEARD if (one.proven_s or 0.0) >= 1.0:
            text = say("observed again at {position}, which proves {proven} as played")
        case MomentKind.HEARD:
            text = say("observed again at {position}: nothing in between counts as played")
        case MomentKind.RATE:
            text = say("plays at {rate} times its speed")
        case MomentKind.RESTARTED:
            text = say("the Companion was started again")
        case MomentKind.PAST:
            text = say("jumped past where it counts: it counts only after playing on from here")
        case MomentKind.COUNTED:
            return _counted(one, play, course)
        case MomentKind.ENDED:
            text = say("ended at {position}, {played} played")
    return text.format(
        position=position,
        played=minutes(one.played_s),
        origin=minutes(one.from_s or 0.0),
        proven=minutes(one.proven_s or 0.0),
        rate=words.decimal(round(one.rate or 1.0, 2)),
    )


def _counted(one: Moment, play: PlayRecord, course: Course) -> str:
    position = minutes(one.position_s)
    if one.rule:
        return say("counted at {position} for accounts that count from {share}").format(
            position=position, share=_share(one.rule)
        )
    if len(course.counts_from_s) > 1:
        return say("counted episode {number} of the file at {position}").format(
            number=words.number(one.part + 1), position=position
        )
    if play.reason_code == Reason.BY_HAND:
        return say("counted because you said so")
    if play.kind == Kind.TRACK:
        return say("counted with {played} played").format(played=minutes(one.played_s))
    return say("counted at {position}").format(position=position)


def _share(rule: str) -> str:
    try:
        return words.percent(float(rule))
    except ValueError:
        return rule


def drawing(play: PlayRecord, course: Course) -> str:
    """What the drawing shows, in whole sentences."""
    moments = course.moments
    if not moments:
        return ""
    first, last = moments[0], moments[-1]
    parts = [
        say("From {begin} to {end} the position went from {origin} to {position}.").format(
            begin=when(first.at, first.at),
            end=when(last.at, first.at),
            origin=minutes(first.position_s),
            position=minutes(play.position_s),
        )
    ]
    pauses, jumps, gaps = (
        sum(one.kind is kind for one in moments)
        for kind in (MomentKind.PAUSED, MomentKind.JUMPED, MomentKind.SILENT)
    )
    parts.append(say("%n pause(s).", pauses) if pauses else "")
    parts.append(say("%n jump(s).", jumps) if jumps else "")
    parts.append(say("Not observed %n time(s).", gaps) if gaps else "")
    parts.append(counts_from(play, course))
    counted = next((o for o in moments if o.kind is MomentKind.COUNTED and not o.rule), None)
    if counted is not None:
        parts.append(say("It counted {time}.").format(time=when(counted.at, first.at)))
    return " ".join(part for part in parts if part)


def counts_from(play: PlayRecord, course: Course) -> str:
    """From where it counts; empty where it never does."""
    if not course.counts_from_s:
        return ""
    marks = ", ".join(minutes(one) for one in course.counts_from_s)
    if play.kind == Kind.TRACK:
        return say("It counts from {time} of played time.").format(time=marks)
    return say("It counts from {time}.").format(time=marks)


def legend(play: PlayRecord, course: Course) -> str:
    """What the parts of the drawing are."""
    parts = (say("Line: position. Shaded: played time."), counts_from(play, course))
    return " ".join(part for part in parts if part)


def attempts(fate: DestinationFate, now: datetime) -> str:
    """How often a delivery was tried, when last, and when next; empty where there is nothing."""
    if not fate.attempts:
        is_new = fate.state == DeliveryState.PENDING and not fate.reason_code
        return say("Not tried yet.") if is_new else ""
    parts = [say("%n attempt(s)", fate.attempts)]
    if fate.settled_at is not None:
        text = "{when}" if fate.attempts == 1 else say("the last {when}")
        parts.append(text.format(when=words.moment(fate.settled_at, now)))
    waits = fate.state in (DeliveryState.PENDING, DeliveryState.UNSURE)
    if waits and fate.due_at is not None:
        parts.append(say("the next {when}").format(when=words.due(fate.due_at, now)))
    return ", ".join(parts) + "."


def passed_over(one: PassedOver, service_name: str) -> str:
    """Why an account did not get a play that counted."""
    why = words.reason(one.reason_code, {**one.facts, "service": service_name})
    if one.account_label and one.account_label != service_name:
        return f"{service_name} ({one.account_label}): {why}"
    return why


def destination(fate: DestinationFate, service_name: str, now: datetime) -> str:
    """What became of a play at one account: its state, the last answer, and the attempts."""
    said = words.whole(words.told(fate.detail)) if fate.detail else ""
    parts = (words.destination(fate, service_name), said, attempts(fate, now))
    return " ".join(part for part in parts if part)
