"""One line of the ledger as it is written: a play session, counted or not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from revenge_companion.core.media import Item
from revenge_companion.core.profiles import FIRST
from revenge_companion.core.reasons import Fact


@dataclass(frozen=True, slots=True)
class PlayUpdate:
    """What is known of one play session now; saving it again replaces what was known before."""

    #: Stable over restarts: built from the server's session, the item and the start.
    play_key: str
    item: Item
    device_name: str
    started_at: datetime
    #: None while it goes on.
    ended_at: datetime | None
    counted_at: datetime | None
    played_s: float
    position_s: float
    reason_code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    #: The tracker's checkpoint of this play (JSON), from which it goes on after a restart.
    snapshot: str = ""
    #: Whose play it is; what counts of it goes to this profile's accounts alone.
    profile: int = FIRST
