"""The seal of a closed database: a sum that shows whether the disk kept it as it was.

SQLite has no sums of its own for the file's pages, and a flipped bit within a text is no error to
it. A seal is broken only where content changed and the file's time did not: a file that somebody
else has written since is looked at in the ordinary way.
"""

import os
import zlib
from pathlib import Path

_CHUNK = 1 << 20


def seal(path: Path) -> None:
    """Seal `path`, which nobody has open. Raises OSError."""
    _write(_beside(path), _about(path))


def unseal(path: Path) -> bool | None:
    """Take the seal off, durably; whether `path` is as it was, None where that is not known.

    Raises OSError.
    """
    beside = _beside(path)
    try:
        said = beside.read_text("ascii", "replace")
    except FileNotFoundError:
        return None
    whole = None
    if said and path.exists():
        stat = path.stat()
        if said.endswith(f" {stat.st_size} {stat.st_mtime_ns}"):
            whole = said == _about(path)
    # Emptied and not removed: on some systems the removal of a file cannot be made durable, and a
    # seal that comes back after a power loss would condemn a good file.
    _write(beside, "")
    return whole


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".seal")


def _about(path: Path) -> str:
    total = 0
    with path.open("rb") as file:
        stat = os.fstat(file.fileno())
        while chunk := file.read(_CHUNK):
            total = zlib.crc32(chunk, total)
    return f"{total:08x} {stat.st_size} {stat.st_mtime_ns}"


def _write(beside: Path, text: str) -> None:
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
