"""A request that failed as a whole: what becomes of its rows, and how its lane goes on."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from revenge_companion.core import errors
from revenge_companion.core.accounts import AccountState
from revenge_companion.core.delivery import Delivery, Outcome, TryLater, Unknown
from revenge_companion.core.reasons import Reason
from revenge_companion.engine.resting import Rest

_log = logging.getLogger(__name__)

#: How long a lane that only the user can mend rests before it asks once more.
HELD_PROBE_S = 6 * 3600.0

#: Gives the account a new state: its reason, the service's words, and seconds until it may end.
Hold = Callable[[AccountState, str, str, float | None], Awaitable[None]]


class Setbacks:
    """One lane's failed requests."""

    def __init__(self, name: str, rest: Rest, hold: Hold) -> None:
        """`name` is what people call the service."""
        self._name = name
        self._rest = rest
        self._hold = hold

    async def whole(
        self, error: errors.CompanionError, rows: Sequence[Delivery], outcomes: dict[int, Outcome]
    ) -> TryLater:
        """A whole request failed: every row of it waits, and so does the lane.

        Returns what is to become of rows that have not been tried.
        """
        detail = str(error)
        self._rest.failed(unreachable=isinstance(error, errors.Unreachable))
        outcome: Outcome
        match error:
            case errors.QuotaExhausted():
                wait = error.retry_after_s or 3600.0
                await self._hold(AccountState.QUOTA, Reason.QUOTA, detail, wait)
                outcome = TryLater(Reason.QUOTA, detail, wait, counts=False)
            case errors.RateLimited():
                wait = self._rest.begin(error.retry_after_s)
                outcome = TryLater(Reason.RATE_LIMITED, detail, wait, counts=False)
            case errors.LinkExpired():
                await self._hold(AccountState.LINK_AGAIN, Reason.LINK_AGAIN, detail, None)
                outcome = TryLater(Reason.LINK_AGAIN, detail, 0.0, counts=False)
            case errors.LaneBlocked():
                await self._hold(AccountState.HELD, error.code, detail, HELD_PROBE_S)
                outcome = TryLater(error.code, detail, 0.0, counts=False)
            case errors.Unanswered():
                self._rest.begin()
                outcome = Unknown(Reason.UNANSWERED, detail)
            case errors.Unreachable():
                outcome = self.later(Reason.UNREACHABLE, detail)
            case _:
                outcome = self.later(Reason.SERVICE_DOWN, detail)
        for row in rows:
            outcomes[row.id] = outcome
        return outcome if isinstance(outcome, TryLater) else self.later(Reason.SERVICE_DOWN)

    def unplanned(self, rows: Sequence[Delivery], outcomes: dict[int, Outcome]) -> TryLater:
        """As `whole`, for the exception that is being handled and that nobody planned for."""
        _log.exception("Sending to %s failed in a way nobody planned for", self._name)
        self._rest.begin()
        for row in rows:
            outcomes[row.id] = Unknown(Reason.UNANSWERED)
        return self.later(Reason.SERVICE_DOWN)

    def later(self, reason: Reason, detail: str = "") -> TryLater:
        """What becomes of a row that waits for the service's rest to end."""
        return TryLater(reason, detail, self._rest.go_on(), counts=False)
