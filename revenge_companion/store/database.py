"""The database file: opening, checking, mending; one writer thread owns it."""

import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import peewee

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import StoreTrouble
from revenge_companion.store import mending
from revenge_companion.store.backups import Backups, made_at
from revenge_companion.store.check import unreadable
from revenge_companion.store.migrations import MIGRATIONS, NEWER, Migration, migrate, version
from revenge_companion.store.models import MetaRow
from revenge_companion.store.reader import Reader
from revenge_companion.store.seal import seal, unseal
from revenge_companion.store.trouble import (
    is_corrupt,
    is_environment,
    os_trouble,
    primary_code,
    store_trouble,
)
from revenge_companion.store.writer import Job, Outcome, Writer, outcome

_log = logging.getLogger(__name__)

T = TypeVar("T")

#: How long another program may hold the file before we give up, in milliseconds.
_BUSY_MS = 5000
#: What a disk or a file in trouble raises.
_TROUBLE = (sqlite3.Error, peewee.PeeweeException, OSError)
PRAGMAS = (
    ("journal_mode", "wal"),
    ("synchronous", "full"),
    ("foreign_keys", "on"),
    ("busy_timeout", _BUSY_MS),
    # What is overwritten or deleted leaves nothing readable in the pages it was on.
    ("secure_delete", "fast"),
    # 8 MiB of pages, filled only when used: indexes of a million rows stay warm.
    ("cache_size", -8192),
)


class Link:
    """What a job on the writer thread works with: peewee's database and its bare connection."""

    __slots__ = ("_inner", "_outer", "connection", "db", "grouped")

    def __init__(self, db: peewee.SqliteDatabase) -> None:
        self.db: Any = db
        self.connection: sqlite3.Connection
        #: Whether a transaction around several jobs is open.
        self.grouped = False

    def connect(self) -> None:
        """Connect; the bare connection is for hot statements inside `atomic`."""
        self.db.connect()
        self.connection = self.db.connection()
        self._outer = _Transaction(self.connection, "BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
        self._inner = _Transaction(self.connection, "SAVEPOINT job", "RELEASE job", _UNDO_JOB)

    def atomic(self) -> "_Transaction":
        """A transaction, undone when its block raises. They do not nest.

        It writes the same words as peewee's own at a tenth of the time, which is what a durable
        add is short of.
        """
        return self._inner if self.grouped else self._outer


_UNDO_JOB = ("ROLLBACK TO job", "RELEASE job")


class _Transaction:
    __slots__ = ("_begin", "_commit", "_connection", "_undo")

    def __init__(
        self, connection: sqlite3.Connection, begin: str, commit: str, undo: tuple[str, ...]
    ) -> None:
        self._connection = connection
        self._begin, self._commit, self._undo = begin, commit, undo

    def __enter__(self) -> None:
        self._connection.execute(self._begin)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            self._roll_back()
            return
        try:
            self._connection.execute(self._commit)
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        # A full disk makes SQLite undo by itself.
        if self._connection.in_transaction:
            for statement in self._undo:
                self._connection.execute(statement)


class Database:
    """One open database file. Every method is called on the loop that opened it."""

    def __init__(
        self, path: Path, *, clock: Clock, backups: Path, migrations: Sequence[Migration]
    ) -> None:
        """Use `Database.open`."""
        self._path = path
        self._backups = Backups(path, backups, clock)
        self._migrations = migrations
        self._closed = False
        #: Whether the file was taken into use, and is sealed when it is closed.
        self._ours = False
        self._writer = Writer("store", self._group)
        self._link = Link(peewee.SqliteDatabase(None))
        self._reader: Reader | None = None
        #: What had to be mended at opening, a sentence; empty when all was well.
        self.opening_note = ""

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        clock: Clock,
        backups: Path | None = None,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> "Database":
        """Open `path`, made where it is missing, checked, mended and migrated.

        `backups` is the folder for copies; by default "backups" beside the file. Raises
        StoreTrouble with a sentence.
        """
        backups = backups or path.parent / "backups"
        database = cls(path, clock=clock, backups=backups, migrations=migrations)
        try:
            await database._call(database._open)
        except BaseException:
            await database.close()
            raise
        return database

    @property
    def path(self) -> Path:
        return self._path

    async def run(self, job: Callable[[Link], T]) -> T:
        """`job`'s result, computed on the writer thread with the connection it owns.

        Jobs run in the order of the calls, and to their end even when the caller is cancelled. Jobs
        that wait together share one commit; each is on disk before its caller goes on. A job may be
        run a second time where the first did not come to anything on disk. Raises StoreTrouble for
        trouble of the disk or the file; what `job` had not committed is undone.
        """
        self._check_open()
        try:
            return await self._writer.run(partial(self._done, job))
        except _TROUBLE as error:
            _tell(error)

    async def read(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """`job`'s result, computed on a thread of its own with a connection that only reads.

        It sees what was on disk when it began. For questions that may take long: those who write
        do not wait for it. Raises StoreTrouble.
        """
        self._check_open()
        if self._reader is None:
            self._reader = Reader(self._path)
        try:
            return await self._reader.run(job)
        except _TROUBLE as error:
            _tell(error)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreTrouble("The database is closed.")

    async def get_meta(self, key: str) -> str | None:
        """A small text kept under `key`, None where there is none."""
        query = MetaRow.select(MetaRow.value).where(MetaRow.key == key).tuples()
        values = await self.run(lambda link: [str(value) for (value,) in query.execute(link.db)])
        return values[0] if values else None

    async def set_meta(self, key: str, value: str) -> None:
        """Keep `value` under `key` in place of what was there."""
        query = MetaRow.insert(key=key, value=value).on_conflict_replace()
        await self.run(lambda link: query.execute(link.db))

    async def drop_meta(self, key: str) -> None:
        """Forget `key`; nothing happens where it is not there."""
        query = MetaRow.delete().where(MetaRow.key == key)
        await self.run(lambda link: query.execute(link.db))

    async def backup(self) -> Path:
        """Copy the database as it is now; returns the copy. Raises StoreTrouble."""
        return await self._call(lambda: self._backups.make(self._link.connection))

    async def renew_copies(self, since: datetime) -> None:
        """Replace copies made at or after `since` (aware UTC) by one of now.

        They may hold what has been erased. Raises StoreTrouble.
        """
        await self._call(lambda: self._backups.renew(self._link.connection, since))

    async def close(self) -> None:
        """Fold the log into the file and close it; the writer thread ends.

        What was queued before is done first; what comes later raises StoreTrouble. A second call
        does nothing.
        """
        if self._closed:
            return
        self._closed = True
        try:
            # First the one who reads: while it does, the log cannot be folded in.
            if self._reader is not None:
                await self._reader.close()
        finally:
            await self._end()

    async def _end(self) -> None:
        try:
            await self._writer.run(self._close, alone=True)
        finally:
            await self._writer.end()

    async def _call(self, job: Callable[[], T]) -> T:
        self._check_open()
        try:
            return await self._writer.run(job, alone=True)
        except _TROUBLE as error:
            _tell(error)

    # What follows runs on the writer thread.

    def _done(self, job: Callable[[Link], T]) -> T:
        try:
            return job(self._link)
        except sqlite3.Error as error:
            if primary_code(error) != sqlite3.SQLITE_FULL or self._link.grouped:
                raise
            # On a small disk it may be our own log that fills it: fold it in, and try once more.
            self._link.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return job(self._link)

    def _group(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Run `jobs` with one commit: on a slow disk four lanes cost what one does."""
        link = self._link
        outcomes: list[Outcome] = []
        try:
            with link.atomic():
                link.grouped = True
                for job in jobs:
                    outcomes.append(outcome(job))
                    if not link.connection.in_transaction:
                        raise sqlite3.OperationalError("undone by SQLite")
                link.grouped = False
        except (sqlite3.Error, peewee.PeeweeException):
            # Nothing of the group is on disk. Alone, only the one at fault fails.
            link.grouped = False
            return [outcome(job) for job in jobs]
        return outcomes

    def _open(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            if mending.resume(self._path, self._aside()):
                self.opening_note = "The database was damaged; a copy was restored."
                _log.error("%s", self.opening_note)
            whole = unseal(self._path)
            if whole is False:
                raise mending.damaged("the disk did not keep it as it was")
            self._connect(look_closely=whole is None)
        except (sqlite3.Error, peewee.PeeweeException) as error:
            self._disconnect()
            if not is_corrupt(error):
                raise
            self._mend()
        connection = self._link.connection
        found = version(connection)
        if found > len(self._migrations):
            raise StoreTrouble(NEWER)
        if found < len(self._migrations):
            if found:
                self._backups.make(connection)
            migrate(connection, self._migrations)
        elif self._backups.is_due():
            # A full disk must not keep the program from starting.
            with contextlib.suppress(sqlite3.Error, OSError):
                self._backups.make(connection)
        self._ours = True

    def _connect(self, *, look_closely: bool = True) -> None:
        # Made by us and not by SQLite, so that nobody else can read it for even a moment; the log
        # and its index inherit the file's mode.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        self._link.db.init(str(self._path), pragmas=PRAGMAS)
        self._link.connect()
        connection = self._link.connection
        if version(connection) <= len(self._migrations):
            result = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if result != "ok":
                raise mending.damaged(result)
            current = version(connection) == len(self._migrations)
            if look_closely and current and (said := unreadable(connection)):
                raise mending.damaged(f"{said} cannot be read")

    def _disconnect(self) -> None:
        with contextlib.suppress(sqlite3.Error, peewee.PeeweeException):
            self._link.db.close()

    def _mend(self) -> None:
        copy = mending.rebuild(self._path, reversed(self._backups.all()))
        aside = self._aside()
        mending.swap(self._path, aside)
        self._connect(look_closely=False)
        if copy is not None:
            self.opening_note = (
                f"The database was damaged. The copy of {made_at(copy)} was restored; "
                f"the damaged file is kept as {aside.name}."
            )
        else:
            self.opening_note = (
                "The database was damaged and there was no copy to restore, so a new one was "
                f"begun; the damaged file is kept as {aside.name}."
            )
        _log.error("%s", self.opening_note)

    def _aside(self) -> Path:
        return self._path.with_name(f"{self._path.name}.corrupt-{self._backups.stamp()}")

    def _close(self) -> None:
        if self._link.db.is_closed():
            return
        # On a full disk the log stays beside the file; everything is in one or the other.
        folded = False
        with contextlib.suppress(sqlite3.Error):
            busy, *_ = self._link.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            folded = not busy
        self._disconnect()
        if folded and self._ours:
            with contextlib.suppress(OSError):
                seal(self._path)


def _tell(error: Exception) -> NoReturn:
    """Raise `error` in plain words; as it is where our SQL is at fault and not the environment."""
    if isinstance(error, OSError):
        raise os_trouble(error) from error
    if is_environment(error):
        raise store_trouble(error) from error
    raise error
