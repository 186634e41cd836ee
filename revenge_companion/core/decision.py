"""What the session tracker decides: the play as it is now, what counts of it, and what to tell."""

from dataclasses import dataclass

from revenge_companion.core.live import LiveAction, LiveNotice
from revenge_companion.core.play import Play
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.core.scrobble import Scrobble


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write down and to tell after an event or a tick."""

    update: PlayUpdate
    #: Monotonic second at which it fell.
    at_s: float
    scrobbles: tuple[Scrobble, ...] = ()
    notice: LiveNotice | None = None
    #: Rules under which the play has counted; their accounts get no more live video notices.
    counted_rules: frozenset[str] = frozenset()
    #: Seconds into the file; a scrobble's own position is relative to its episode.
    position_s: float = 0.0
    #: The play ended with this decision.
    ended: bool = False


def decided(
    play: Play,
    at_s: float,
    scrobbles: tuple[Scrobble, ...],
    notice: LiveNotice | None,
    position_s: float | None = None,
) -> Decision:
    """What is decided of `play`, which is written down with it."""
    play.saved_at_s = at_s
    return Decision(
        update=play.update(),
        at_s=at_s,
        scrobbles=scrobbles,
        notice=notice,
        counted_rules=frozenset(name for name, _ in play.progress.counted),
        position_s=play.observed.position_s if position_s is None else position_s,
        ended=not play.is_open,
    )


def notice_of(play: Play, action: LiveAction) -> LiveNotice | None:
    """What to tell live of `play`; None where it is left out."""
    if play.left_out is not None:
        return None
    position, length = play.observed.position_s, play.item.duration_s
    percent = min(100.0, 100.0 * position / length) if length else 0.0
    return LiveNotice(action, play.item, position, round(percent, 2), play.device_name)
