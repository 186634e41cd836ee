"""Live notices: now playing, start, pause, stop. Sent best effort, never stored, never late."""

from dataclasses import dataclass
from enum import StrEnum

from revenge_companion.core.media import Item


class LiveAction(StrEnum):
    START = "start"
    PAUSE = "pause"
    #: Ended without counting; a counted play's end is a durable delivery instead.
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class LiveNotice:
    """What is happening right now on one device."""

    action: LiveAction
    item: Item
    position_s: float
    #: 0 to 100; 0 where the runtime is unknown.
    progress_pct: float
    device_name: str = ""


@dataclass(frozen=True, slots=True)
class NowPlaying:
    """One play session in progress, for the tray, the window and `status`."""

    play_key: str
    item: Item
    device_name: str
    #: "playing" or "paused".
    state: str
    position_s: float
    played_s: float
    rate: float
    counted: bool
    #: Content seconds still to be played (music) or reached (video) before it counts; None where
    #: it never will or has.
    counts_in_s: float | None
    #: The share of the runtime at which it counts, 0 to 1; None where time decides.
    counts_at: float | None
    #: Monotonic seconds at which `position_s` was true, for interpolation.
    as_of_s: float
