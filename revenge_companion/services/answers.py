"""What passes between us and services, taken with care: shapes, texts, rows left by an error."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from revenge_companion.core.delivery import Delivery, Outcome, Refused, TryLater, Unknown
from revenge_companion.core.errors import (
    BatchRefused,
    CompanionError,
    LaneBlocked,
    LinkExpired,
    QuotaExhausted,
    RateLimited,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.media import Ids
from revenge_companion.core.reasons import Reason
from revenge_companion.net.http import Answer, NotJson

P = TypeVar("P")

#: Longest text of a service that is kept, in characters.
LONGEST_WORDS = 300
_IMDB = re.compile(r"tt\d{5,12}")


def object_of(answer: Answer) -> dict[str, Any] | None:
    """The answer's JSON object; None for a portal page, broken JSON or another shape."""
    try:
        value = answer.json()
    except NotJson:
        return None
    return value if isinstance(value, dict) else None


def mapping(value: object) -> Mapping[str, Any]:
    """`value` where it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rows_of(value: object) -> list[Mapping[str, Any]]:
    """The JSON objects in `value`: a list of them, or a single one that came without its list."""
    if isinstance(value, dict):
        return [value]
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def whole_number(value: object) -> int | None:
    """A number or a numeric text as int; None for anything else, true and false included."""
    if type(value) is int:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def words(value: object) -> str:
    """A service's own words on one line, cut to 300 characters; "" for what is not text."""
    if not isinstance(value, str):
        return ""
    if not value.isprintable():
        value = "".join(c if c.isprintable() else " " for c in value)
    line = " ".join(value.split())
    return (
        line
        if len(line) <= LONGEST_WORDS
        else line[: LONGEST_WORDS - 1] + "\N{HORIZONTAL ELLIPSIS}"
    )


def moment(value: object) -> datetime | None:
    """An ISO time with its zone, in UTC; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return None if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def media_ids(value: object) -> Ids:
    """The TMDB, IMDb and TVDB ids in a service's `ids` object; None for each that makes no sense.

    TVDB's may also be a name there, which is left out.
    """
    ids = mapping(value)
    imdb = ids.get("imdb")
    known = isinstance(imdb, str) and _IMDB.fullmatch(imdb)
    return Ids(_id(ids.get("tmdb")), imdb if known else None, _id(ids.get("tvdb")))


def _id(value: object) -> int | None:
    number = whole_number(value)
    return number if number is not None and 0 < number < 2**53 else None


def sendable(text: str | None) -> str:
    """`text` from the media server as it can be sent: no NUL, no halves of characters."""
    return (text or "").replace("\0", "").encode("utf-8", "ignore").decode().strip()


def outcome_of(error: CompanionError, *, alone: bool) -> Outcome:
    """What `error` means for a row of a request that followed an accepted one.

    A service that needs several requests for one batch keeps what the first of them achieved.
    `alone` tells whether the row was its request's only one.
    """
    detail = str(error)
    match error:
        case Unanswered():
            return Unknown(Reason.UNANSWERED, detail)
        case QuotaExhausted():
            return TryLater(Reason.QUOTA, detail, error.retry_after_s, counts=False)
        case RateLimited():
            return TryLater(Reason.RATE_LIMITED, detail, error.retry_after_s, counts=False)
        case LinkExpired():
            return TryLater(Reason.LINK_AGAIN, detail, 0.0, counts=False)
        case LaneBlocked():
            return TryLater(error.code, detail, 0.0, counts=False)
        case BatchRefused():
            # The next submit meets the refusal without accepted rows, so it can be split.
            return (
                Refused(Reason.INVALID, detail)
                if alone
                else TryLater(Reason.INVALID, detail, 0.0, counts=False)
            )
        case Unreachable():
            return TryLater(Reason.UNREACHABLE, detail)
        case _:
            return TryLater(Reason.SERVICE_DOWN, detail)


def sorted_out(
    batch: Sequence[Delivery], place: Callable[[Delivery], P | Refused]
) -> tuple[dict[int, P], dict[int, Outcome]]:
    """Where rows stand in a request, by their ids, and the outcomes of those that stand nowhere."""
    places: dict[int, P] = {}
    refused: dict[int, Outcome] = {}
    for row in batch:
        where = place(row)
        if isinstance(where, Refused):
            refused[row.id] = where
        else:
            places[row.id] = where
    return places, refused


async def one_by_one(
    batch: Sequence[Delivery],
    deliver: Callable[[Delivery], Awaitable[Outcome]],
    *,
    at_once: int | None = None,
) -> dict[int, Outcome]:
    """Every row's outcome, delivered in turn; after trouble the rest waits unsent.

    `at_once` is how many are tried, so that quitting is quick; the rest come back at once. Raises
    what `deliver` raised for the first row: then it is about the whole request.
    """

    async def alone(rows: Sequence[Delivery]) -> dict[int, Outcome]:
        return {rows[0].id: await deliver(rows[0])}

    outcomes = await in_turn([[row] for row in batch[:at_once]], alone)
    unsent = [row.id for row in batch if row.id not in outcomes]
    return outcomes | all_of(unsent, TryLater("", after_s=0.0, counts=False))


async def in_turn(
    groups: Sequence[Sequence[Delivery]],
    deliver: Callable[[Sequence[Delivery]], Awaitable[Mapping[int, Outcome]]],
) -> dict[int, Outcome]:
    """As `one_by_one`, for groups of rows of which each is a request of its own."""
    outcomes: dict[int, Outcome] = {}
    for position, rows in enumerate(groups):
        try:
            outcomes |= await deliver(rows)
        except CompanionError as error:
            if not outcomes:
                raise
            failed = outcome_of(error, alone=len(rows) == 1)
            outcomes |= all_of([row.id for row in rows], failed)
            rest = [row.id for later in groups[position + 1 :] for row in later]
            return outcomes | all_of(rest, TryLater("", after_s=0.0, counts=False))
    return outcomes


def refusal(detail: str, *, rows: int) -> Refused:
    """The outcome for the one row of a refused request; raises BatchRefused for several."""
    if rows > 1:
        raise BatchRefused(detail)
    return Refused(Reason.INVALID, detail)


def first_text(*values: object) -> str:
    """The first non-empty text among `values`, as `words`; "" where there is none."""
    return next(filter(None, map(words, values)), "")


def all_of(ids: Iterable[int], outcome: Outcome) -> dict[int, Outcome]:
    """The same outcome for every id."""
    return dict.fromkeys(ids, outcome)
