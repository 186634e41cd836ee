"""The last line of the demo's JSON."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outage:
    """What waited in the outbox when the network came back, and what of that was delivered."""

    queued: int = 0
    flushed: int = 0


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What was played, and what the local destinations really hold of it."""

    #: Plays that are over, counted or not.
    plays: int
    #: Those that had to count.
    scrobbles: int
    #: Deliveries that arrived, over all destinations.
    delivered: int
    lost: int
    doubled: int
    outage: Outage = Outage()

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values, in the order people read them."""
        return asdict(self)
