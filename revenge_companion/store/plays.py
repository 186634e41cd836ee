"""The ledger of plays: one row per play session, counted or not, and what became of it."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from revenge_companion.core.clock import Clock
from revenge_companion.core.passed_over import FACT, from_text
from revenge_companion.core.plays import PlayUpdate
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.core.status import DestinationFate, PlayRecord
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import (
    compact,
    item_from_text,
    item_text,
    maybe_micros,
    maybe_moment,
    micros,
    moment,
    plain,
)
from revenge_companion.store.queueing import add_one

_SAVE = (
    "INSERT INTO play (play_key, kind, label, search, item, device_name, started_us, ended_us, "
    "counted_us, played_s, position_s, duration_s, reason_code, facts, snapshot, profile_id) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (play_key) DO UPDATE SET kind = excluded.kind, label = excluded.label, "
    "search = excluded.search, item = excluded.item, device_name = excluded.device_name, "
    "started_us = excluded.started_us, ended_us = excluded.ended_us, "
    "counted_us = excluded.counted_us, played_s = excluded.played_s, "
    "position_s = excluded.position_s, duration_s = excluded.duration_s, "
    "reason_code = excluded.reason_code, facts = excluded.facts, snapshot = excluded.snapshot"
)
_COLUMNS = (
    "id, play_key, label, kind, device_name, started_us, ended_us, counted_us, played_s, "
    "position_s, duration_s, reason_code, facts, moments"
)
# CROSS JOIN keeps the order: from a few plays to their deliveries. Left to itself SQLite walks over
# every delivery there is.
_FATES = (
    "SELECT s.play_key, d.account_id, a.service, a.label, d.state, d.reason_code, d.detail, "
    "d.attempts, d.settled_us, d.due_us "
    "FROM scrobble s INDEXED BY scrobble_play CROSS JOIN account a "
    "CROSS JOIN delivery d ON d.account_id = a.id AND d.second = s.second AND d.key = s.key "
    "AND d.scrobble_id = s.id "
    "WHERE s.play_key IN (SELECT value FROM json_each(?)) ORDER BY a.id, d.id"
)
_BOUND_FOR = (
    "EXISTS (SELECT 1 FROM scrobble s INDEXED BY scrobble_play CROSS JOIN delivery d "
    "ON d.account_id = :account AND d.second = s.second AND d.key = s.key "
    "AND d.scrobble_id = s.id WHERE s.play_key = play.play_key)"
)
#: The plays of an account that has no more deliveries than `FEW`.
_BOUND_FOR_FEW = (
    "play_key IN (SELECT s.play_key FROM delivery d CROSS JOIN scrobble s ON s.id = d.scrobble_id "
    "WHERE d.account_id = :account)"
)
FEW = 5000
#: Looks through the index alone, newest first: a play's row is many times as long.
SOUGHT = (
    "id IN (SELECT id FROM play INDEXED BY play_sought WHERE {where} ORDER BY id DESC LIMIT :limit)"
)


class Plays:
    """Plays as they go on and as they ended."""

    def __init__(
        self, db: Database, clock: Clock, whose: Callable[[], int | None] = lambda: None
    ) -> None:
        """`whose` plays are listed: a profile's, or everybody's with None."""
        self._db = db
        self._clock = clock
        self._whose = whose

    async def save(self, update: PlayUpdate) -> None:
        """Write what is known of a play in place of what was known; raises StoreTrouble."""
        await self.save_many([update])

    async def save_many(self, updates: Iterable[PlayUpdate]) -> None:
        """`save` for several, in one transaction."""
        rows = [_row(update) for update in updates]

        def job(link: Link) -> None:
            with link.atomic():
                link.connection.executemany(_SAVE, rows)

        await self._db.run(job)

    async def count(
        self,
        update: PlayUpdate,
        scrobbles: Sequence[tuple[Scrobble, Sequence[int]]],
        *,
        held_until: datetime | None = None,
    ) -> int:
        """Write a play that counted and queue its scrobbles: both or, with StoreTrouble, neither.

        Each scrobble comes with the accounts it goes to, where it is held until `held_until` (aware
        UTC). A second call adds nothing. Returns how many deliveries are new.
        """
        now = self._clock.now()
        row = _row(update)

        def job(link: Link) -> int:
            with link.atomic():
                connection = link.connection
                connection.execute(_SAVE, row)
                return sum(
                    add_one(
                        connection, scrobble, accounts, now, held_until, play_key=update.play_key
                    )
                    for scrobble, accounts in scrobbles
                )

        return await self._db.run(job)

    async def snapshots(self, since: datetime) -> list[tuple[int, str]]:
        """Checkpoints of plays that go on and of those that ended at or after `since`.

        Each comes with the profile whose play it is.
        """

        def job(link: Link) -> list[tuple[int, str]]:
            rows = link.connection.execute(
                "SELECT profile_id, snapshot FROM play WHERE snapshot <> '' AND ended_us IS NULL "
                "UNION ALL SELECT profile_id, snapshot FROM play "
                "WHERE snapshot <> '' AND ended_us >= ?",
                (micros(since),),
            )
            return rows.fetchall()

        return await self._db.run(job)

    async def page(
        self,
        *,
        limit: int = 200,
        before_id: int | None = None,
        search: str = "",
        kind: str = "",
        counted: bool | None = None,
        account_id: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[PlayRecord]:
        """Plays newest first, below `before_id`; `search` looks in titles without case.

        `account_id` leaves those bound for that account, `since` (included) and `until` (left
        out) those that started in between.
        """
        terms = ["id < :below"]
        values: dict[str, Any] = {"limit": limit, "below": before_id or 1 << 62}
        for word in search.casefold().split():
            name = f"word{len(terms)}"
            terms.append(f"instr(search, :{name})")
            values[name] = word
        profile = self._whose()
        if profile is not None:
            terms.append("profile_id = :profile")
            values["profile"] = profile
        if kind:
            terms.append("kind = :kind")
            values["kind"] = kind
        if counted is not None:
            terms.append(f"counted_us IS {'NOT ' if counted else ''}NULL")
        for name, sign, at in (("since", ">=", since), ("until", "<", until)):
            if at is not None:
                terms.append(f"started_us {sign} :{name}")
                values[name] = micros(at)
        if account_id is not None:
            values["account"] = account_id
        elif len(terms) == 1:
            return await self._db.run(lambda link: _records(link.connection, terms, values))

        # What is looked for may be far down: a scrobble does not wait for that.
        def look(connection: sqlite3.Connection) -> list[PlayRecord]:
            if account_id is not None:
                return _records(connection, [*terms, _bound_for(connection, account_id)], values)
            where = " AND ".join(terms)
            return _records(connection, [SOUGHT.format(where=where)], values)

        return await self._db.read(look)

    async def get(self, play_id: int) -> PlayRecord | None:
        """One play, None where there is none."""
        values = {"id": play_id, "limit": 1}
        found = await self._db.run(lambda link: _records(link.connection, ["id = :id"], values))
        return found[0] if found else None

    async def saved(self, play_id: int) -> PlayUpdate | None:
        """What was last saved of one play, with its item; None where there is none."""

        def job(link: Link) -> PlayUpdate | None:
            row = link.connection.execute(
                "SELECT play_key, item, device_name, started_us, ended_us, counted_us, played_s, "
                "position_s, reason_code, facts, snapshot, profile_id FROM play WHERE id = ?",
                (play_id,),
            )
            found = row.fetchone()
            return None if found is None else _update(found)

        return await self._db.run(job)


def _row(update: PlayUpdate) -> tuple[Any, ...]:
    item = update.item
    texts = (item.label, item.title, item.album, item.album_artist, item.show)
    return (
        update.play_key,
        item.kind.value,
        plain(item.label),
        plain("\n".join(text for text in texts if text).casefold()),
        item_text(item),
        plain(update.device_name),
        micros(update.started_at),
        maybe_micros(update.ended_at),
        maybe_micros(update.counted_at),
        update.played_s,
        update.position_s,
        item.duration_s,
        update.reason_code,
        compact(dict(update.facts)),
        plain(update.snapshot),
        update.profile,
    )


def _update(row: tuple[Any, ...]) -> PlayUpdate:
    return PlayUpdate(
        play_key=row[0],
        item=item_from_text(row[1]),
        device_name=row[2],
        started_at=moment(row[3]),
        ended_at=maybe_moment(row[4]),
        counted_at=maybe_moment(row[5]),
        played_s=row[6],
        position_s=row[7],
        reason_code=row[8],
        facts=json.loads(row[9]),
        snapshot=row[10],
        profile=row[11],
    )


def _bound_for(connection: sqlite3.Connection, account_id: int) -> str:
    """The term that leaves the plays bound for an account: through whichever are fewer."""
    deliveries = "SELECT 1 FROM delivery WHERE account_id = ? LIMIT ?"
    many = len(connection.execute(deliveries, (account_id, FEW + 1)).fetchall()) > FEW
    return _BOUND_FOR if many else _BOUND_FOR_FEW


def _records(
    connection: sqlite3.Connection, terms: Sequence[str], values: Mapping[str, Any]
) -> list[PlayRecord]:
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM play WHERE {' AND '.join(terms)} ORDER BY id DESC LIMIT :limit",
        values,
    ).fetchall()
    fates: dict[str, list[DestinationFate]] = {row[1]: [] for row in rows}
    for row in connection.execute(_FATES, (compact(list(fates)),)):
        fates[row[0]].append(_fate(*row[1:]))
    return [_record(row, tuple(fates[row[1]])) for row in rows]


def _fate(
    account_id: int,
    service: str,
    label: str,
    state: str,
    code: str,
    detail: str,
    attempts: int,
    settled_us: int | None,
    due_us: int | None,
) -> DestinationFate:
    return DestinationFate(
        account_id,
        service,
        label,
        state,
        code,
        detail,
        attempts,
        maybe_moment(settled_us),
        maybe_moment(due_us),
    )


def _record(row: tuple[Any, ...], fates: tuple[DestinationFate, ...]) -> PlayRecord:
    facts = json.loads(row[12])
    left_out = from_text(facts.pop(FACT, None))
    return PlayRecord(
        id=row[0],
        play_key=row[1],
        label=row[2],
        kind=row[3],
        device_name=row[4],
        started_at=moment(row[5]),
        ended_at=maybe_moment(row[6]),
        counted_at=maybe_moment(row[7]),
        played_s=row[8],
        position_s=row[9],
        duration_s=row[10],
        reason_code=row[11],
        facts=facts,
        destinations=fates,
        passed_over=left_out,
        open=row[6] is None,
        moments_text=row[13] or "",
    )
