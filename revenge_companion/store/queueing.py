"""Scrobbles and their deliveries enter the outbox, inside the transaction of whoever adds them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.store.payload import FOR_EVER_US, micros, scrobble_text

_ADD_SCROBBLE = (
    "INSERT OR IGNORE INTO scrobble "
    "(id, key, rule, play_key, second, started_us, counted_us, payload) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
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
    values = _scrobble_row(scrobble, play_key)
    cursor = connection.execute(_ADD_SCROBBLE, values)
    scrobble_id = cursor.lastrowid if cursor.rowcount else _find(connection, scrobble)
    state, due_us = _first_state(held_until)
    # The row holds both moments that `dated_at` may be.
    dated_us = values[5] if scrobble.dated_at is scrobble.started_at else values[6]
    second = values[4]
    now_us = micros(now)
    return sum(
        _queue(
            connection,
            account_id,
            state,
            [(scrobble_id, account_id, second, scrobble.key, state, dated_us, due_us, now_us)],
        )
        for account_id in account_ids
    )


def _queue(connection: Any, account_id: int, state: str, rows: list[tuple[Any, ...]]) -> int:
    new = max(int(connection.executemany(_ADD_DELIVERY, rows).rowcount), 0)
    if new:
        connection.execute(_TALLY[state], (new, account_id))
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
    state, due_us = _first_state(held_until)
    now_us = micros(now)
    values = [
        _scrobble_row(scrobble, None, number)
        for number, (scrobble, _) in enumerate(additions, first)
    ]
    added = connection.executemany(_ADD_SCROBBLE, values).rowcount
    if added == len(additions):
        numbers: Iterable[int] = range(first, first + added)
    else:
        numbers = [_find(connection, scrobble) for scrobble, _ in additions]
    lanes: dict[int, list[tuple[Any, ...]]] = {}
    for number, row, (scrobble, account_ids) in zip(numbers, values, additions, strict=True):
        dated_us = row[5] if scrobble.dated_at is scrobble.started_at else row[6]
        second = row[4]
        for account_id in account_ids:
            lanes.setdefault(account_id, []).append(
                (number, account_id, second, scrobble.key, state, dated_us, due_us, now_us)
            )
    return sum(_queue(connection, account_id, state, rows) for account_id, rows in lanes.items())


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
