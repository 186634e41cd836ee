"""ZIP files from outside, read with care: a bounded size, and no path out of one is ever used."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from revenge_companion.core.errors import ImportRefused

#: Files in one archive, and bytes of one and of all of them unpacked, that are taken.
MOST_MEMBERS = 20_000
MOST_BYTES = 2 << 30
MOST_BYTES_ALL = 8 << 30
#: How much smaller packed text may be; a bomb is a thousand times smaller. Little files may be
#: anything.
MOST_RATIO = 200
_LITTLE_BYTES = 1 << 20
_DAMAGED = "This ZIP file is damaged. Download it again."
#: What reading damaged data raises.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError)


def is_zip(path: Path) -> bool:
    """Whether `path` begins as a ZIP file does."""
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


class Archive:
    """An opened ZIP file. Raises ImportRefused for one that is damaged, locked or a bomb."""

    def __init__(self, path: Path) -> None:
        with refusing():
            self._zip = zipfile.ZipFile(path)
        try:
            self._members = {
                info.filename: info for info in self._zip.infolist() if not info.is_dir()
            }
            self._check()
        except BaseException:
            self._zip.close()
            raise

    @property
    def names(self) -> tuple[str, ...]:
        """The files in it, as they are written there; only to be compared."""
        return tuple(self._members)

    def size(self, name: str) -> int:
        """Bytes of a file in it, unpacked."""
        return self._members[name].file_size

    def open(self, name: str, offset: int = 0) -> BinaryIO:
        """A file in it, from the byte `offset` on; to be closed.

        Reading raises one of `DAMAGE` where it is damaged.
        """
        with refusing():
            raw = self._zip.open(self._members[name])
            raw.seek(offset)
        # Buffered: a ZIP member finds the ends of lines byte by byte.
        return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, raw), 1 << 16))

    def close(self) -> None:
        self._zip.close()

    def _check(self) -> None:
        members = self._members.values()
        if len(self._zip.infolist()) > MOST_MEMBERS:
            raise ImportRefused("This ZIP file holds too many files to be an export.")
        sizes = [info.file_size for info in members]
        if max(sizes, default=0) > MOST_BYTES or sum(sizes) > MOST_BYTES_ALL:
            raise ImportRefused("This ZIP file would be too large unpacked.")
        for info in members:
            if info.flag_bits & 0x1:
                raise ImportRefused("This ZIP file is locked with a password.")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ImportRefused("This ZIP file is packed in a way that is not understood.")
            if info.file_size > max(_LITTLE_BYTES, info.compress_size * MOST_RATIO):
                raise ImportRefused("This ZIP file unpacks to far more than an export would.")


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what reading a file or an archive raises into ImportRefused, with a sentence."""
    try:
        yield
    except DAMAGE as error:
        raise ImportRefused(_DAMAGED) from error
    except OSError as error:
        raise unreadable(error) from error


def unreadable(error: OSError) -> ImportRefused:
    """What it means that the system would not read a file."""
    return ImportRefused(f"This file cannot be read: {error.strerror or 'unknown reason'}.")
