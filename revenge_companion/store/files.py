"""Writing a private file so that a crash leaves the old one or the new one, never half of one."""

import os
import secrets
from pathlib import Path

from revenge_companion.core.errors import StoreTrouble


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` at `path`, readable by this user only; raises StoreTrouble.

    It is written beside, flushed to the disk and then put in place.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreTrouble(f"{path.name} cannot be written: {error.strerror}.") from error
