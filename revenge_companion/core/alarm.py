"""When an account deserves a warning although nothing is known to be wrong with it.

Plays go out, no trouble is reported, and yet the service confirms none: a proxy that swallows
requests, a server that refuses each row, a lane that hangs. A quiet account, or one whose trouble
is already told, is left in peace.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from revenge_companion.core.accounts import Account, AccountState

#: How long plays may flow without one confirmation.
SILENCE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Flow:
    """The plays of one account that came after its last confirmation and should be delivered."""

    count: int
    #: When the first and the last of them were queued, aware UTC.
    first_at: datetime
    last_at: datetime


def silent_since(
    account: Account,
    flow: Flow | None,
    now: datetime,
    *,
    before: datetime | None = None,
    silence: timedelta = SILENCE,
) -> datetime | None:
    """Since when plays flow without a confirmation, once that is worth a warning; else None.

    One play alone is no flow, and where none came within `silence` the account is idle. `before`
    is what this said last: a warning stays until a play is confirmed or the trouble has a name.
    """
    switches = account.switches
    if flow is None or not (switches.enabled and switches.scrobble):
        return None
    if account.state is not AccountState.LINKED:
        return None
    if before is not None:
        return before
    flowing = flow.count > 1 and now - flow.last_at <= silence
    return flow.first_at if flowing and now - flow.first_at >= silence else None
