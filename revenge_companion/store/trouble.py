"""SQLite's errors as one plain sentence each."""

import sqlite3

from revenge_companion.core.errors import StoreTrouble

_SENTENCES = {
    sqlite3.SQLITE_FULL: "The disk is full. Free some space; nothing that was queued is lost.",
    sqlite3.SQLITE_READONLY: "The data folder cannot be written to. Check its permissions.",
    sqlite3.SQLITE_PERM: "The data folder cannot be written to. Check its permissions.",
    sqlite3.SQLITE_CANTOPEN: "The database cannot be opened. Check the data folder's permissions.",
    sqlite3.SQLITE_BUSY: "The database is in use by another program.",
    sqlite3.SQLITE_LOCKED: "The database is in use by another program.",
    sqlite3.SQLITE_CORRUPT: "The database is damaged. Start the Companion again to restore it.",
    sqlite3.SQLITE_NOTADB: "The database is damaged. Start the Companion again to restore it.",
    sqlite3.SQLITE_IOERR: "The disk does not take any more data, or fails. Check its space.",
}
_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def primary_code(error: BaseException) -> int | None:
    """SQLite's primary result code behind `error` or what caused it; None where there is none."""
    seen: BaseException | None = error
    while seen is not None:
        code = getattr(seen, "sqlite_errorcode", None)
        if isinstance(code, int):
            # The low byte is the primary code; the rest says more about the same thing.
            return code & 0xFF
        seen = seen.__cause__ or seen.__context__
    return None


def is_corrupt(error: BaseException) -> bool:
    """Whether SQLite says that the file is damaged or no database at all."""
    return primary_code(error) in _CORRUPT


def is_environment(error: BaseException) -> bool:
    """Whether the disk, the folder or another program is at fault, and not our SQL."""
    return primary_code(error) in _SENTENCES


def store_trouble(error: BaseException) -> StoreTrouble:
    """The error to raise for an SQLite error that `is_environment`."""
    return StoreTrouble(_SENTENCES[primary_code(error) or sqlite3.SQLITE_IOERR])


def os_trouble(error: OSError) -> StoreTrouble:
    """The error to raise where a file of ours cannot be read or written."""
    what = error.strerror or type(error).__name__
    return StoreTrouble(f"{error.filename or 'The data folder'} cannot be used: {what}.")
