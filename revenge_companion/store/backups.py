"""Copies of the database made while it is open; a damaged one is replaced by the newest."""

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

from revenge_companion.core.clock import Clock
from revenge_companion.store import mending

_KEPT = 3
_EVERY = timedelta(days=1)


class Backups:
    """The copies of one database in a folder; what they are named sorts them by time."""

    def __init__(self, path: Path, folder: Path, clock: Clock) -> None:
        """`path` is the database's own."""
        self._path = path
        self._folder = folder
        self._clock = clock

    def make(self, connection: sqlite3.Connection) -> Path:
        """Copy what `connection` has open; the oldest copies go. Raises sqlite3.Error, OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        copy = self._folder / f"{self._path.stem}-{self.stamp()}{self._path.suffix}"
        partial = copy.with_name(copy.name + ".partial")
        partial.unlink(missing_ok=True)
        try:
            mending.copy_open(connection, partial)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        partial.replace(copy)
        for old in self.all()[:-_KEPT]:
            old.unlink()
        return copy

    def renew(self, connection: sqlite3.Connection, since: datetime) -> None:
        """Replace copies made at or after `since` (aware UTC) by one of now."""
        first = f"{self._path.stem}-{_stamp(since)}"
        stale = [copy for copy in self.all() if copy.stem >= first]
        if stale:
            fresh = self.make(connection)
            for copy in stale:
                if copy != fresh:
                    copy.unlink(missing_ok=True)

    def all(self) -> list[Path]:
        """Oldest first."""
        return sorted(self._folder.glob(f"{self._path.stem}-*{self._path.suffix}"))

    def is_due(self) -> bool:
        """Whether the newest copy is a day old, or there is none."""
        limit = f"{self._path.stem}-{_stamp(self._clock.now() - _EVERY)}"
        copies = self.all()
        return not copies or copies[-1].stem < limit

    def stamp(self) -> str:
        """The present as names have it."""
        return _stamp(self._clock.now())


def made_at(copy: Path) -> str:
    """When a copy was made, for people."""
    stamp = copy.stem[-16:]
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]} {stamp[9:11]}:{stamp[11:13]} UTC"


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%SZ}"
