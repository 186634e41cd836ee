"""Locks between processes: one Companion per profile, one token refresh at a time."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import StoreTrouble

if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            # A byte far behind the text, so that others can still read who holds it.
            os.lseek(handle, 1 << 20, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreTrouble(f"{path.name} cannot be written: {error.strerror}.") from error


class ProfileLock:
    """Held by the one process that may open a profile's database; ends with the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock without waiting; False where another holds it. Raises StoreTrouble."""
        if self._handle is not None:
            return True
        handle = _open(self._path)
        if not _try_lock(handle):
            os.close(handle)
            return False
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, str(os.getpid()).encode())
        self._handle = handle
        return True

    def release(self) -> None:
        """Let the lock go; nothing happens where it is not held."""
        if self._handle is not None:
            handle, self._handle = self._handle, None
            os.ftruncate(handle, 0)
            os.close(handle)

    @property
    def owner_pid(self) -> int | None:
        """The process that took the lock last and has not let it go; None where nobody did."""
        try:
            text = self._path.read_bytes()[:20]
        except OSError:
            return None
        return int(text) if text.isdigit() else None


class FileLock:
    """Exclusive over tasks, threads and processes; `async with`, not re-entrant.

    Waiting polls through the clock: a waiter costs no thread, and a holder that dies lets go.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        longest_wait_s: float = 60.0,
        poll_s: float = 0.05,
        try_lock: Callable[[int], bool] = _try_lock,
    ) -> None:
        self._path = path
        self._clock = clock
        self._longest_wait_s = longest_wait_s
        self._poll_s = poll_s
        self._try_lock = try_lock
        self._handle: int | None = None

    async def __aenter__(self) -> "FileLock":
        """Wait for the lock; raises StoreTrouble when it does not come free in time."""
        give_up_s = self._clock.monotonic_s() + self._longest_wait_s
        # Each waiter has a handle of its own: a lock belongs to the handle, not to the process.
        handle = _open(self._path)
        try:
            while not self._try_lock(handle):
                if self._clock.monotonic_s() >= give_up_s:
                    raise StoreTrouble(f"{self._path.name} is held by another program.")
                await self._clock.sleep(self._poll_s)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._handle is not None:
            handle, self._handle = self._handle, None
            os.close(handle)
