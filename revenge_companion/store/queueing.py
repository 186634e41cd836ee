"""Scrobbles and their deliveries enter the outbox, inside the transaction of whoever adds them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.store.payload import FOR_EVER_US, compact, micros, scrobble_text

_ADD_SCROBBLE = (
    "INSERT OR IGNORE INTO scrobble "
    "(id, key, rule, play_key, second, started_us, counted_us, payload) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
# The scrobble's own row is copied from: bound one by one, the values would take twice as long.
_ADD_DELIVERIES = (
    "INSERT OR IGNORE INTO delivery "
    "(scrobble_id, account_id, second, key, state, dated_us, due_us, queued_us) "
    "SELECT s.id, ?, s.second, s.key, ?, s.{dated}, ?, ? "
    "FROM json_each(?) one CROSS JOIN scrobble s ON s.id = one.value"
)
_ADD_BY_START = _ADD_DELIVERIES.format(dated="started_us")
_ADD_BY_COUNT = _ADD_DELIVERIES.format(dated="counted_us")
# For one scrobble it is the other way round.
_ADD_DELIVERY = (
    "INSERT OR IGNORE INTO delivery "
    "(scrobble_id, account_id, second, key, state, dated_us, due_us, queued_us) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_TALLY = {
    "pending": "UPDATE tally SET pending = pending + ? WHERE account_id = ?",
    "held": "UPDATE tally SET held = held + ? WHERE account_id = ?",
}
_FIND_SCROBBLE = "SELECT id FROM scrobble WHERE second = ? AND key = ? AND rule = ?"
#: A scrobble and the accounts it is bound for.
Addition = tuple[Scrobble, Sequence[int]]


def add_one(
    connection: Any,
    scrobble: Scrobble,
    account_ids: Sequence[int],
    now: datetime,
    held_until: datetime | None = None,
    play_key: str | None = None,
) -> int:
    """Queue one scrobble inside the caller's transaction; returns the new deliveries."""
    row = _scrobble_row(scrobble, play_key)
    cursor = connection.execute(_ADD_SCROBBLE, row)
    if not cursor.rowcount:
        known = (_find(connection, scrobble), (scrobble, account_ids))
        return _queue(connection, [known], now, held_until)
    _, key, _, _, second, started_us, counted_us, _ = row
    dated_us = started_us if scrobble.dated_at is scrobble.started_at else counted_us
    state, due_us = _first_state(held_until)
    now_us = micros(now)
    new = 0
    for account_id in account_ids:
        values = (cursor.lastrowid, account_id, second, key, state, dated_us, due_us, now_us)
        if connection.execute(_ADD_DELIVERY, values).rowcount:
            connection.execute(_TALLY[state], (1, account_id))
            new += 1
    return new


def add_many(
    connection: Any,
    additions: Sequence[Addition],
    now: datetime,
    held_until: datetime | None = None,
) -> int:
    """`add_one` for many, with a number of statements that does not grow with them."""
    # Numbered by us, so that deliveries need not look their scrobble up again.
    first = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM scrobble").fetchone()[0]
    values = [
        _scrobble_row(scrobble, None, number)
        for number, (scrobble, _) in enumerate(additions, first)
    ]
    added = connection.executemany(_ADD_SCROBBLE, values).rowcount
    if added == len(additions):
        return _queue(connection, enumerate(additions, first), now, held_until)
    found = [(_find(connection, one[0]), one) for one in additions]
    return _queue(connection, found, now, held_until)


def _queue(
    connection: Any,
    numbered: Iterable[tuple[int, Addition]],
    now: datetime,
    held_until: datetime | None,
) -> int:
    """Add the deliveries of scrobbles that are there under these numbers."""
    state, due_us = _first_state(held_until)
    now_us = micros(now)
    new = 0
    for (account_ids, statement), alike in groupby(numbered, _way):
        ids = compact([number for number, _ in alike])
        for account_id in account_ids:
            values = (account_id, state, due_us, now_us, ids)
            added = connection.execute(statement, values).rowcount
            if added:
                connection.execute(_TALLY[state], (added, account_id))
                new += added
    return new


def _way(numbered: tuple[int, Addition]) -> tuple[Sequence[int], str]:
    """Where an addition goes, and the statement that dates it as `dated_at` does."""
    scrobble, account_ids = numbered[1]
    by_start = scrobble.dated_at is scrobble.started_at
    return account_ids, _ADD_BY_START if by_start else _ADD_BY_COUNT


def _find(connection: Any, scrobble: Scrobble) -> int:
    values = (micros(scrobble.started_at) // 1_000_000, scrobble.key, scrobble.rule)
    return int(connection.execute(_FIND_SCROBBLE, values).fetchone()[0])


def _first_state(held_until: datetime | None) -> tuple[str, int | None]:
    if held_until is None:
        return DeliveryState.PENDING.value, None
    return DeliveryState.HELD.value, min(micros(held_until), FOR_EVER_US)


def _scrobble_row(
    scrobble: Scrobble, play_key: str | None, number: int | None = None
) -> tuple[Any, ...]:
    """The columns of `_ADD_SCROBBLE`; without `number` SQLite gives the next one."""
    started_us = micros(scrobble.started_at)
    return (
        number,
        scrobble.key,
        scrobble.rule,
        play_key,
        started_us // 1_000_000,
        started_us,
        micros(scrobble.counted_at),
        scrobble_text(scrobble),
    )
