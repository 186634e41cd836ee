"""Deliveries: one scrobble bound for one account, and what an attempt turns it into.

`settle` is the only place that decides a delivery's next state. Nothing is ever dropped for having
failed: the worst that happens is that a row is parked, with the service's own words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from revenge_companion.core.scrobble import Scrobble


class DeliveryState(StrEnum):
    PENDING = "pending"
    #: Claimed: bytes may be on their way.
    SENDING = "sending"
    #: Sent, and nobody knows whether it arrived.
    UNSURE = "unsure"
    DELIVERED = "delivered"
    #: Kept back by the user (hold and undo) or until the lane is free.
    HELD = "held"
    #: Refused for good, with a reason; the user may retry, edit or discard it.
    PARKED = "parked"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One scrobble bound for one account, as the dispatcher and the services see it."""

    id: int
    account_id: int
    scrobble: Scrobble
    state: DeliveryState
    attempts: int = 0
    due_at: datetime | None = None
    #: Reason code of the last attempt (core.reasons) and the service's own words; may be empty.
    reason_code: str = ""
    detail: str = ""
    remote_id: str | None = None
    queued_at: datetime | None = None
    settled_at: datetime | None = None
    #: True when an earlier attempt may have arrived: read back or resend by the service's rule.
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Delivered:
    """The service has it. `note` is a reason code such as "already_there"; may be empty."""

    remote_id: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The service will never take this one: park it. `code` is a reason, `detail` its words."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TryLater:
    """Certainly not accepted, may be later. `after_s` is the least wait, None for our own pace.

    `counts` is False where the wait is not this row's fault (lane held, rate limit): the back-off
    does not grow.
    """

    code: str
    detail: str = ""
    after_s: float | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have arrived; `detail` says what happened."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """There is nothing to deliver here and nothing wrong: an anime list and a film that is none."""

    code: str
    detail: str = ""


Outcome = Delivered | Refused | TryLater | Unknown | Skipped


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a delivery's row becomes."""

    state: DeliveryState
    attempts: int
    due_at: datetime | None
    reason_code: str = ""
    detail: str = ""
    remote_id: str | None = None


#: Claimed rows by id, each with what becomes of it.
Settled = Sequence[tuple[int, Settlement]]

#: First wait after a failure and the longest one, in seconds. Doubling with full jitter.
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 900.0


def wait_s(attempts: int, jitter: float) -> float:
    """Seconds to wait after `attempts` failures (1 for the first).

    `jitter` is 0 to 1; the wait is between half and the whole of 5 s doubling up to 15 min. The
    exponent is capped before 2 is raised to it.
    """
    whole: float = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(max(attempts - 1, 0), 16))
    return whole * (0.5 + 0.5 * jitter)


def settle(delivery: Delivery, outcome: Outcome, now: datetime, jitter: float = 1.0) -> Settlement:
    """What `delivery` becomes after an attempt ended in `outcome` at `now` (aware UTC)."""
    attempts = delivery.attempts + 1
    match outcome:
        case Delivered(remote_id, note):
            return Settlement(DeliveryState.DELIVERED, attempts, None, note, "", remote_id)
        case Refused(code, detail):
            return Settlement(DeliveryState.PARKED, attempts, None, code, detail)
        case Skipped(code, detail):
            return Settlement(DeliveryState.UNDONE, attempts, None, code, detail)
        case Unknown(code, detail):
            due = now + timedelta(seconds=wait_s(attempts, jitter))
            return Settlement(DeliveryState.UNSURE, attempts, due, code, detail)
        case TryLater(code, detail, after_s, counts):
            attempts = attempts if counts else delivery.attempts
            wait = wait_s(max(attempts, 1), jitter)
            wait = (
                max(after_s, 0.0)
                if after_s is not None and not counts
                else max(wait, after_s or 0.0)
            )
            # An earlier attempt that may have arrived stays a question until it is answered.
            state = DeliveryState.UNSURE if delivery.unsure else DeliveryState.PENDING
            return Settlement(state, attempts, now + timedelta(seconds=wait), code, detail)
