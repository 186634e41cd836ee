"""Runs of imports: where each one is, so that it goes on from there after a crash."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from revenge_companion.core.imports import ImportRun, RunState, Verdict
from revenge_companion.core.library import NAME_LIMIT, Facet
from revenge_companion.core.profiles import FIRST
from revenge_companion.store.database import Database, Link
from revenge_companion.store.import_dropping import forget, tidy, trim
from revenge_companion.store.payload import (
    compact,
    maybe_micros,
    maybe_moment,
    micros,
    moment,
    plain,
)

_COLUMNS = (
    "id, source, source_name, facets, options, state, started_us, ended_us, cursors, marks, total, "
    "processed, matched, failed, marked, trouble, stage, written, profile_id"
)


@dataclass(frozen=True, slots=True)
class Walk:
    """How far the walk through one facet has come."""

    cursor: str = ""
    done: bool = False
    #: Lines there are, as the source says; None where it does not.
    total: int | None = None


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run with what only the importer needs of it."""

    run: ImportRun
    #: What it was doing when it was stopped, or what it does.
    stage: RunState
    walks: Mapping[Facet, Walk]
    #: What the source said of each facet before the walk.
    marks: Mapping[Facet, str]
    #: The copied file's name, and whether to mark as watched at the server.
    file: str = ""
    mark_watched: bool = True
    #: Who began it: what it brings is theirs.
    profile: int = FIRST

    @property
    def walked(self) -> bool:
        """Every line there is was read: the source came to its end, and no line was lost."""
        whole = self.run.total is None or self.run.processed >= self.run.total
        return whole and not self.run.failed and all(one.done for one in self.walks.values())


class ImportRuns:
    """The table of runs; `engine.importer` says when one goes from state to state."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(
        self,
        source: str,
        source_name: str,
        facets: Sequence[Facet],
        now: datetime,
        *,
        file: str = "",
        file_name: str = "",
        mark_watched: bool = True,
        sync: bool = False,
        profile: int = FIRST,
    ) -> int:
        """A new run, about to read; `file` is the copy's name, `file_name` what it is a copy of."""
        options: dict[str, str | bool] = {"file": file, "mark_watched": mark_watched}
        if file_name:
            options["file_name"] = plain(file_name[-NAME_LIMIT:])
        if sync:
            options["sync"] = True
        values = (
            source,
            source_name,
            compact([facet.value for facet in facets]),
            compact(options),
            RunState.READING.value,
            micros(now),
            compact({facet.value: {} for facet in facets}),
            RunState.READING.value,
            profile,
        )

        def job(link: Link) -> int:
            with link.atomic():
                return int(
                    link.connection.execute(
                        "INSERT INTO import_run (source, source_name, facets, options, state, "
                        "started_us, cursors, marks, stage, profile_id) "
                        "VALUES (?, ?, ?, ?, ?, ?, ?, '{}', ?, ?) RETURNING id",
                        values,
                    ).fetchone()[0]
                )

        return await self._db.run(job)

    async def get(self, run_id: int) -> StoredRun | None:
        """One run, None where there is none."""
        found = await self._read("WHERE id = ?", (run_id,))
        return found[0] if found else None

    async def newest(self, limit: int, profile: int) -> list[StoredRun]:
        """The last runs that a profile began."""
        return await self._read("WHERE profile_id = ? ORDER BY id DESC LIMIT ?", (profile, limit))

    async def syncs(self, source: str) -> list[StoredRun]:
        """Runs of syncs with `source` that did not come to their end, the newest first."""
        return await self._read(
            "WHERE source = ? AND json_extract(options, '$.sync') "
            "AND state NOT IN ('done', 'undoing', 'undone') ORDER BY id DESC",
            (source,),
        )

    async def unfinished(self) -> list[StoredRun]:
        """Runs that were reading, writing or undoing when the program ended."""
        return await self._read("WHERE state IN ('reading', 'writing', 'undoing') ORDER BY id", ())

    async def files(self) -> set[str]:
        """Names of copies that runs may still read from."""

        def job(link: Link) -> set[str]:
            rows = link.connection.execute(
                "SELECT json_extract(options, '$.file') FROM import_run "
                "WHERE state IN ('reading', 'stopped')"
            )
            return {str(row[0]) for row in rows if row[0]}

        return await self._db.run(job)

    async def _read(self, where: str, values: tuple[Any, ...]) -> list[StoredRun]:
        def job(connection: sqlite3.Connection) -> list[StoredRun]:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM import_run {where}", values)
            return [
                _stored(row, counts(connection, row[0]), _left_out(connection, row[0]))
                for row in rows.fetchall()
            ]

        # Counting 100,000 lines takes a while that no scrobble should wait for.
        return await self._db.read(job)

    async def set_state(
        self,
        run_id: int,
        state: RunState,
        *,
        stage: RunState | None = None,
        trouble: str = "",
        ended_at: datetime | None = None,
        restart: bool = False,
    ) -> None:
        """Write where a run is. `stage` stays what it was without one.

        With `restart` its lines are gone through from the first one again.
        """
        values = (
            state.value,
            None if stage is None else stage.value,
            trouble,
            maybe_micros(ended_at),
            int(restart),
            int(restart),
            run_id,
        )

        def job(link: Link) -> None:
            with link.atomic():
                link.connection.execute(
                    "UPDATE import_run SET state = ?, stage = coalesce(?, stage), trouble = ?, "
                    "ended_us = ?, written_id = iif(?, 0, written_id), "
                    "processed = iif(?, 0, processed) WHERE id = ?",
                    values,
                )

        await self._db.run(job)

    async def set_marks(self, run_id: int, marks: Mapping[Facet, str]) -> None:
        """Keep what the source says before the walk begins."""
        text = compact({facet.value: mark for facet, mark in marks.items()})
        await self._change("UPDATE import_run SET marks = ? WHERE id = ?", (text, run_id))

    async def keep_seen(self, run_id: int, now: datetime) -> None:
        """The walk was complete and is in the library: what was marked before it is known now."""
        now_us = micros(now)

        def job(link: Link) -> None:
            with link.atomic():
                link.connection.execute(
                    "INSERT OR REPLACE INTO import_seen (source, facet, mark, read_us) "
                    "SELECT r.source, c.key, coalesce(m.value, ''), ? FROM import_run r, "
                    "json_each(r.cursors) c LEFT JOIN json_each(r.marks) m ON m.key = c.key "
                    "WHERE r.id = ? AND json_extract(c.value, '$.done')",
                    (now_us, run_id),
                )

        await self._db.run(job)

    async def seen(self, source: str) -> dict[Facet, tuple[str, datetime]]:
        """What `source` said of its facets when they were last read to the end, and when."""

        def job(link: Link) -> dict[Facet, tuple[str, datetime]]:
            rows = link.connection.execute(
                "SELECT facet, mark, read_us FROM import_seen WHERE source = ?", (source,)
            )
            return {Facet(row[0]): (row[1], moment(row[2])) for row in rows}

        return await self._db.run(job)

    async def still_so(self, source: str, facet: Facet, now: datetime) -> None:
        """`source` says of a facet what it said when it was read: as good as read again."""
        await self._change(
            "UPDATE import_seen SET read_us = ? WHERE source = ? AND facet = ?",
            (micros(now), source, facet.value),
        )

    async def trim(self, run_id: int) -> None:
        """Forget lines of a written run that changed nothing: its undo does not need them."""
        await trim(self._db, run_id)

    async def tidy(self, but: int | None = None) -> None:
        """Let finished runs (`but` for one) keep only what their undo and their lists need."""
        await tidy(self._db, but)

    async def unsee(self, source: str) -> None:
        """What is in the library of `source` is no longer what was read: read it all again."""
        await self._change("DELETE FROM import_seen WHERE source = ?", (source,))

    async def forget(self, run_id: int) -> None:
        """Remove a run and its lines; what it wrote stays in the library."""
        await forget(self._db, run_id)

    async def _change(self, sql: str, values: tuple[Any, ...]) -> None:
        def job(link: Link) -> None:
            with link.atomic():
                link.connection.execute(sql, values)

        await self._db.run(job)


def counts(connection: sqlite3.Connection, run_id: int) -> dict[Verdict, int]:
    """Lines of a run by verdict."""
    rows = connection.execute(
        "SELECT verdict, count(*) FROM import_entry WHERE run_id = ? GROUP BY verdict", (run_id,)
    )
    return {Verdict(row[0]): int(row[1]) for row in rows}


def _left_out(connection: sqlite3.Connection, run_id: int) -> int:
    """Lines of a run that the user does not want."""
    found = connection.execute(
        "SELECT count(*) FROM import_entry WHERE run_id = ? AND choice = 'skip'", (run_id,)
    ).fetchone()
    return int(found[0])


def walks_text(walks: Mapping[Facet, Walk]) -> str:
    """`StoredRun.walks` as its column keeps it."""
    return compact(
        {
            facet.value: {"cursor": walk.cursor, "done": walk.done, "total": walk.total}
            for facet, walk in walks.items()
        }
    )


def _stored(row: tuple[Any, ...], by_verdict: Mapping[Verdict, int], left_out: int) -> StoredRun:
    options: dict[str, Any] = json.loads(row[4])
    run = ImportRun(
        id=row[0],
        source=row[1],
        source_name=row[2],
        facets=tuple(Facet(name) for name in json.loads(row[3])),
        state=RunState(row[5]),
        started_at=moment(row[6]),
        ended_at=maybe_moment(row[7]),
        total=row[10],
        processed=row[11],
        matched=row[12],
        failed=row[13],
        marked=row[14],
        trouble=row[15],
        counts=by_verdict,
        left_out=left_out,
        written=bool(row[17]),
        sync=bool(options.get("sync")),
        file_name=str(options.get("file_name", "")),
        stage=RunState(row[16]),
    )
    return StoredRun(
        run,
        RunState(row[16]),
        {Facet(name): Walk(**walk) for name, walk in json.loads(row[8]).items()},
        {Facet(name): mark for name, mark in json.loads(row[9]).items()},
        options.get("file", ""),
        bool(options.get("mark_watched", True)),
        row[18],
    )
