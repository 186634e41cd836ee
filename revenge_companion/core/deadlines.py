"""When something falls due for a play while nothing is heard of it, in monotonic seconds."""

from revenge_companion.core import counting
from revenge_companion.core.play import Play

#: How long an item that was followed by another may still send its own stop (crossfade), and one
#: whose stop came first the frames from before it.
_LATE_STOP_S = 30.0
#: A play nobody has heard of for this long is over.
_FORGOTTEN_S = 24 * 3600.0


def counts_at_s(play: Play) -> float | None:
    """When `play` counts if it goes on; None for never, or not while it may be presumed to."""
    observed = play.observed
    until = observed.watched_until_s()
    if until is None or observed.last_at_s is None:
        return None
    wait = counting.seconds_until(
        play.item, play.shares, play.progress, observed.position_s, observed.played_s
    )
    if wait is None:
        return None
    when = observed.last_at_s + wait / observed.rate
    return when if when <= until else None


def ends_at_s(play: Play) -> float:
    """When `play` is over if nothing more is heard of it."""
    if play.superseded_at_s is not None:
        return play.superseded_at_s + _LATE_STOP_S
    if play.known_end is not None:
        return play.seen_at_s + _LATE_STOP_S
    return play.seen_at_s + _FORGOTTEN_S
