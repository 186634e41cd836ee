"""Which lines of Trakt's history are plays of ours: sent live, dated, or by a second Companion."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from revenge_companion.core.delivery import Delivery
from revenge_companion.core.media import Kind
from revenge_companion.net.http import Answer
from revenge_companion.services.answers import object_of, whole_number, words
from revenge_companion.services.trakt import payload

#: Where a play that was sent as a live stop may lie, around the moment it counted.
STOP_BEFORE, STOP_AFTER = timedelta(minutes=3), timedelta(minutes=8)
#: A dated play lies here: Trakt keeps minutes only.
DATED_WITHIN = timedelta(minutes=1)
#: A Companion that saw a play dates it where it counted, one that read the server's history at its
#: end. Two complete plays of an item lie farther apart than these shares of its length.
_REST_OF_IT, _BEFORE_ITS_END = 0.5, 0.7
_UNKNOWN_LENGTH_S = 3600.0


def window(delivery: Delivery) -> tuple[datetime, datetime]:
    """Between which moments the history may show this play."""
    dated = delivery.scrobble.dated_at
    before, after = _reach(delivery)
    return dated - max(before, STOP_BEFORE), dated + max(after, STOP_AFTER)


def asked(deliveries: Sequence[Delivery]) -> tuple[str, dict[str, str]]:
    """Path and parameters (without the page) of one request that shows all of these."""
    kinds = {delivery.scrobble.item.kind for delivery in deliveries}
    path = "/sync/history"
    if len(kinds) == 1:
        path += "/movies" if Kind.MOVIE in kinds else "/episodes"
    windows = [window(delivery) for delivery in deliveries]
    return path, {
        "start_at": payload.timestamp(min(start for start, _ in windows)),
        "end_at": payload.timestamp(max(end for _, end in windows)),
    }


def matched(entries: Iterable[Mapping[str, Any]], deliveries: Sequence[Delivery]) -> dict[int, str]:
    """The history ids ("" where a line has none) of deliveries that are there, by delivery.

    A line stands for one delivery only, so that a rewatch is not taken for the play before: those
    with our very date are given out first, then the closest in the order of the plays.
    """
    rest = list(entries)
    found: dict[int, str] = {}
    ordered = sorted(deliveries, key=lambda one: one.scrobble.dated_at)
    for exact in (True, False):
        for delivery in ordered:
            if delivery.id in found:
                continue
            close = [
                (abs(after), index)
                for index, entry in enumerate(rest)
                if payload.same_item(entry, delivery.scrobble.item)
                and (after := _after(entry, delivery)) is not None
                and (not exact or abs(after) < DATED_WITHIN)
            ]
            if close:
                entry = rest.pop(min(close)[1])
                number = whole_number(entry.get("id"))
                found[delivery.id] = str(number) if number else ""
    return found


def doubles(entries: Sequence[Mapping[str, Any]], deliveries: Sequence[Delivery]) -> set[int]:
    """The ids to remove where plays that were not there have just been sent by two at once.

    As many lines of a moment stay as there are plays of it. Both come to the same ids: a live stop
    stays, else the lines that came first.
    """
    gone: set[int] = set()
    for delivery in deliveries:
        tried = replace(delivery, unsure=True)
        here = [
            entry
            for entry in entries
            if payload.same_item(entry, delivery.scrobble.item) and _after(entry, tried) is not None
        ]
        dated = sorted(
            number
            for entry in here
            if entry.get("action") == "watch" and (number := whole_number(entry.get("id")))
        )
        plays = sum(_is_beside(delivery, other) for other in deliveries)
        gone |= set(dated[max(plays - (len(here) - len(dated)), 0) :])
    return gone


def _is_beside(one: Delivery, other: Delivery) -> bool:
    """Whether two plays are of one item and so close that either's line may be the other's."""
    if abs(_kept_at(one) - _kept_at(other)) > DATED_WITHIN:
        return False
    return payload.place(one.scrobble.item) == payload.place(other.scrobble.item)


def _kept_at(delivery: Delivery) -> datetime:
    """The minute a play that was sent with its date is kept under."""
    return delivery.scrobble.dated_at.replace(second=0, microsecond=0)


def _after(entry: Mapping[str, Any], delivery: Delivery) -> timedelta | None:
    """How much later than our date a line lies; None where it is too far away."""
    try:
        watched = datetime.fromisoformat(words(entry.get("watched_at")))
    except ValueError:
        return None
    if watched.tzinfo is None:
        return None
    after = watched - _kept_at(delivery)
    before, later = _reach(delivery)
    if entry.get("action") != "watch":
        before, later = max(before, STOP_BEFORE), max(later, STOP_AFTER)
    return after if -before <= after <= later else None


def is_earlier_play(answer: Answer, delivery: Delivery) -> bool:
    """Whether a 409 is about a play before this one: it was watched before this one's middle."""
    said = words((object_of(answer) or {}).get("watched_at"))
    try:
        watched = datetime.fromisoformat(said)
    except ValueError:
        return False
    scrobble = delivery.scrobble
    middle = scrobble.counted_at - timedelta(seconds=scrobble.played_s / 2)
    return watched.tzinfo is not None and watched < middle - DATED_WITHIN


def _reach(delivery: Delivery) -> tuple[timedelta, timedelta]:
    """How far before and after our date a line that was sent with a date may lie.

    What we have tried ourselves lies where we dated it.
    """
    if delivery.unsure or delivery.attempts:
        return DATED_WITHIN, DATED_WITHIN
    scrobble = delivery.scrobble
    length_s = scrobble.item.duration_s or _UNKNOWN_LENGTH_S
    later = max(timedelta(seconds=_REST_OF_IT * length_s), DATED_WITHIN)
    if scrobble.played_s > 0:
        return DATED_WITHIN, later
    return max(timedelta(seconds=_BEFORE_ITS_END * length_s), DATED_WITHIN), later
