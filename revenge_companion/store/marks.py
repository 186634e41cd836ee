"""What was marked at a server: written down before it is sent, and what was there before."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from revenge_companion.core.library import SubjectKind
from revenge_companion.core.marking import UNSURE, Before, Mark, MarkItem, MarkState
from revenge_companion.store.database import Database, Link
from revenge_companion.store.payload import (
    compact,
    maybe_micros,
    maybe_moment,
    micros,
    moment,
    plain,
)

_COLUMNS = (
    "id, row_id, media_id, kind, state, progress_s, duration_s, position_s, until_us, planned_us"
)
#: While it is not known what came of a mark, what the server dates up to here counts as ours.
_OPEN_US = UNSURE // timedelta(microseconds=1)
#: Marks that the server's counter of watched episodes holds.
_COUNTED = (MarkState.DONE.value, MarkState.UNDOING.value, MarkState.KEPT.value)


class Marks:
    """The marks made at one profile's server."""

    def __init__(self, db: Database, profile: str) -> None:
        self._db = db
        self._profile = profile

    async def plan(
        self, items: Sequence[tuple[MarkItem, Before | None]], at: datetime
    ) -> list[Mark]:
        """Write down what is about to be marked at `at`; on disk when this returns."""
        rows = [
            (
                self._profile,
                item.row_id,
                plain(item.media_id),
                item.kind.value,
                MarkState.OPEN.value,
                None if before is None else before.progress_s,
                None if before is None else before.duration_s,
                item.position_s,
                micros(at),
            )
            for item, before in items
        ]

        def job(link: Link) -> list[Mark]:
            with link.atomic():
                return [
                    _mark(
                        link.connection.execute(
                            "INSERT INTO server_mark (profile, row_id, media_id, kind, state, "
                            "progress_s, duration_s, position_s, planned_us) "
                            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
                            f"RETURNING {_COLUMNS}",
                            row,
                        ).fetchone()
                    )
                    for row in rows
                ]

        return await self._db.run(job)

    async def begin_undoing(self, marks: Iterable[Mark], at: datetime) -> None:
        """Write down that marks are about to be taken back at `at`."""
        rows = [(MarkState.UNDOING.value, micros(at), mark.id) for mark in marks]

        def job(link: Link) -> None:
            with link.atomic():
                link.connection.executemany(
                    "UPDATE server_mark SET state = ?, planned_us = ? WHERE id = ?", rows
                )

        await self._db.run(job)

    async def settle(self, marks: Iterable[tuple[Mark, MarkState, datetime | None]]) -> None:
        """Write down what became of marks, with until when the server's word is ours."""
        rows = [(state.value, maybe_micros(until), mark.id) for mark, state, until in marks]

        def job(link: Link) -> None:
            with link.atomic():
                link.connection.executemany(
                    "UPDATE server_mark SET state = ?, until_us = ? WHERE id = ?", rows
                )

        await self._db.run(job)

    async def drop(self, marks: Iterable[Mark]) -> None:
        """Forget marks that never came to the server."""
        rows = [(mark.id,) for mark in marks]

        def job(link: Link) -> None:
            with link.atomic():
                link.connection.executemany("DELETE FROM server_mark WHERE id = ?", rows)

        await self._db.run(job)

    async def open(self, media_ids: Iterable[str] | None = None) -> list[Mark]:
        """Marks of which it is not known what came of them, of these items or of all."""
        if media_ids is None:
            return await self._find("state IN ('open', 'undoing')", ())
        return await self._find(
            "state IN ('open', 'undoing') AND media_id IN (SELECT value FROM json_each(?))",
            (compact(list(media_ids)),),
        )

    async def of_rows(self, row_ids: Iterable[int]) -> dict[int, Mark]:
        """The last mark of each of these lines."""
        found = await self._find(
            "row_id IN (SELECT value FROM json_each(?))", (compact(list(row_ids)),)
        )
        return {mark.row_id: mark for mark in found if mark.row_id is not None}

    async def elsewhere(self, row_ids: Iterable[int]) -> int:
        """How many marks of these lines are of another profile and not taken back."""
        wanted = compact(list(row_ids))

        def job(link: Link) -> int:
            row = link.connection.execute(
                "SELECT count(*) FROM server_mark WHERE profile <> ? AND state <> 'undone' "
                "AND row_id IN (SELECT value FROM json_each(?))",
                (self._profile, wanted),
            ).fetchone()
            return int(row[0])

        return await self._db.run(job)

    async def forget_rows(self, row_ids: Iterable[int] | None) -> None:
        """These lines, or all, are gone, and their numbers may be used again; the marks stay.

        Of every profile: lines are numbered across them.
        """
        only = None if row_ids is None else compact(list(row_ids))

        def job(link: Link) -> None:
            link.connection.execute(
                "UPDATE server_mark SET row_id = NULL WHERE row_id IS NOT NULL AND "
                "(?1 IS NULL OR row_id IN (SELECT value FROM json_each(?1)))",
                (only,),
            )

        await self._db.run(job)

    async def until(self, media_ids: Iterable[str]) -> Mapping[str, datetime]:
        """Until when the server's word on each of these items is ours; see `revenge.own`."""
        wanted = compact(list(media_ids))

        def job(link: Link) -> dict[str, datetime]:
            rows = link.connection.execute(
                "SELECT media_id, max(CASE WHEN state IN ('open', 'undoing') THEN planned_us + ? "
                "ELSE until_us END) FROM server_mark WHERE profile = ? "
                "AND media_id IN (SELECT value FROM json_each(?)) GROUP BY media_id",
                (_OPEN_US, self._profile, wanted),
            )
            return {key: moment(until) for key, until in rows if until is not None}

        return await self._db.run(job)

    async def episodes(self) -> int:
        """How many episodes are watched at the server because they were marked."""

        def job(link: Link) -> int:
            row = link.connection.execute(
                "SELECT count(*) FROM server_mark WHERE profile = ? AND kind = 'episode' "
                "AND position_s IS NULL AND state IN (SELECT value FROM json_each(?))",
                (self._profile, json.dumps(_COUNTED)),
            ).fetchone()
            return int(row[0])

        return await self._db.run(job)

    async def _find(self, where: str, values: tuple[Any, ...]) -> list[Mark]:
        def job(link: Link) -> list[Mark]:
            rows = link.connection.execute(
                f"SELECT {_COLUMNS} FROM server_mark WHERE profile = ? AND {where} ORDER BY id",
                (self._profile, *values),
            )
            return [_mark(row) for row in rows]

        return await self._db.run(job)


def _mark(row: tuple[Any, ...]) -> Mark:
    before = None if row[5] is None else Before(row[5], row[6])
    return Mark(
        id=row[0],
        row_id=row[1],
        media_id=row[2],
        kind=SubjectKind(row[3]),
        state=MarkState(row[4]),
        before=before,
        position_s=row[7],
        until=maybe_moment(row[8]),
        planned_at=moment(row[9]),
    )
