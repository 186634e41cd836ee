"""Waiting for the user to approve a link elsewhere: the polling that all such flows share."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    LaneBlocked,
    LinkExpired,
    LinkRefused,
    LinkTrouble,
    QuotaExhausted,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.reasons import Reason
from revenge_companion.services.answers import whole_number
from revenge_companion.services.base import LinkPrompt, ShowPrompt

_T = TypeVar("_T")

#: RFC 8628: added to the interval when a service says "slow down", in seconds.
SLOWER_S = 5.0
#: How long an approval just given is insisted on, in seconds: where the user sees why it takes so
#: long, and where they do not.
_TOLD_S, _UNTOLD_S = 600.0, 10.0
#: Trouble that may pass by itself.
_PASSING = (Unreachable, Unanswered, ServiceTrouble, RateLimited)
#: Bounds of the interval a service may ask for, in seconds.
SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S = 1.0, 120.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not approved yet; ask again after the interval, made `slower_s` longer for good."""

    slower_s: float = 0.0


#: What holding a lane for these reasons means to somebody who is linking.
_WHY = {
    Reason.APP_KEY_REFUSED: LinkTrouble.CLIENT_ID,
    Reason.ACCOUNT_LIMIT: LinkTrouble.LIMIT,
    Reason.VIP_NEEDED: LinkTrouble.LIMIT,
    Reason.WRONG_ADDRESS: LinkTrouble.ADDRESS,
    Reason.PLAIN_HTTP: LinkTrouble.PLAIN_HTTP,
}


@contextmanager
def refusing(page: str = "", *, limit: str = "") -> Iterator[None]:
    """While linking there is no lane to hold: what would hold it refuses the link.

    `page` is where the user manages apps and plans at the service; `limit` is the sentence for a
    full account, where the service's own says less.
    """
    try:
        yield
    except LaneBlocked as error:
        why = _WHY.get(Reason(error.code), LinkTrouble.OTHER)
        mends = page if why in (LinkTrouble.CLIENT_ID, LinkTrouble.LIMIT) else ""
        full = error.code == Reason.ACCOUNT_LIMIT
        raise LinkRefused(limit if full and limit else str(error), why=why, page=mends) from error
    except LinkExpired as error:
        raise LinkRefused(str(error), why=LinkTrouble.WRONG_SECRET) from error
    except BatchRefused as error:
        raise LinkRefused(str(error)) from error


#: Told why the service cannot be asked right now, and "" once it can again.
Tell = Callable[[str], Awaitable[None]]


def telling(show: ShowPrompt, prompt: LinkPrompt) -> Tell:
    """Shows `prompt` again with what is the trouble, for `approved`."""

    async def tell(sentence: str) -> None:
        await show(replace(prompt, trouble=sentence))

    return tell


async def approved(
    ask: Callable[[], Awaitable[_T | Waiting]],
    clock: Clock,
    *,
    interval_s: float,
    expires_in_s: float,
    service: str,
    tell: Tell | None = None,
) -> _T:
    """What `ask` gives once the user has approved, asked every `interval_s` seconds.

    Trouble with the network or the service ends nothing: the user may still be typing, and `tell`
    hears of it once. Raises LinkRefused when `expires_in_s` are over, or when `ask` does.
    """
    ends_at_s = clock.monotonic_s() + expires_in_s
    told = ""
    while True:
        await clock.sleep(interval_s)
        if clock.monotonic_s() >= ends_at_s:
            raise LinkRefused(
                f"{service} was not approved in time. Begin again for a new code.",
                why=LinkTrouble.ENDED,
            )
        trouble: CompanionError | None = None
        try:
            answer = await ask()
        except RateLimited as error:
            answer = Waiting(error.retry_after_s or SLOWER_S)
            # A moment's wait is nobody's business, a day's is.
            trouble = error if isinstance(error, QuotaExhausted) else None
        except _PASSING as error:
            answer, trouble = Waiting(), error
        said = "" if trouble is None else str(trouble)
        if tell is not None and said != told:
            told = said
            await tell(said)
        if not isinstance(answer, Waiting):
            return answer
        interval_s = min(interval_s + answer.slower_s, LONGEST_INTERVAL_S)


async def insisting(
    ask: Callable[[], Awaitable[_T]],
    clock: Clock,
    *,
    tell: Tell | None = None,
    after: tuple[type[CompanionError], ...] = _PASSING,
) -> _T:
    """What `ask` gives, tried again `after` trouble: an approval just given is not to be lost.

    With `tell`, who is told of the trouble and can give up, for minutes; else for seconds.
    """
    ends_at_s = clock.monotonic_s() + (_TOLD_S if tell is not None else _UNTOLD_S)
    told, cause = "", None
    while True:
        try:
            answer = await ask()
        except after as error:
            asked_s = error.retry_after_s if isinstance(error, RateLimited) else None
            wait_s = min(max(asked_s or SLOWER_S, SLOWER_S), LONGEST_INTERVAL_S)
            if cause is None or not isinstance(error, RateLimited):
                # A wait that follows from other trouble says less than that did.
                cause = error
            if clock.monotonic_s() + wait_s > ends_at_s:
                raise cause from None
            if tell is not None and str(cause) != told:
                told = str(cause)
                await tell(told)
            await clock.sleep(wait_s)
        else:
            if tell is not None and told:
                await tell("")
            return answer


def ended(end: tuple[LinkTrouble, str], apps: str) -> LinkRefused:
    """Why there is no approval; `apps` is where a client id is to be had, for who needs another."""
    why, sentence = end
    return LinkRefused(sentence, why=why, page=apps if why is LinkTrouble.CLIENT_ID else "")


def seconds(value: object, default_s: float, longest_s: float) -> float:
    """A service's number of seconds, between one and `longest_s`; `default_s` for nonsense."""
    number = whole_number(value)
    if number is None or number <= 0:
        return default_s
    return min(max(float(number), SHORTEST_INTERVAL_S), longest_s)
