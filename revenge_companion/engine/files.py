"""Tables as files of the user's own: CSV or JSON by the file's ending, whole or not at all."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from revenge_companion.core.errors import StoreTrouble

_SIGNS = ("=", "+", "-", "@")
_BEGINS_FORMULA = (*_SIGNS, *(chr(ord(sign) + 0xFEE0) for sign in _SIGNS), "\t", "\r")


class Sheet:
    """A table that is being written beside its place, and put there when it is whole.

    A full disk leaves what was there before as it was. Its methods block.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        """Raises StoreTrouble, as all its methods do."""
        self._path = path
        self._partial = path.with_name(path.name + ".part")
        self._json = path.suffix.lower() == ".json"
        self._columns = columns
        self._file: IO[str] | None = None
        self._csv: Any = None
        self.rows = 0
        try:
            self._file = self._partial.open("w", encoding="utf-8", newline="")
            self._partial.chmod(0o600)
            if self._json:
                self._file.write("[")
            else:
                # Loaded when something is exported.
                import csv

                self._csv = csv.DictWriter(self._file, columns, extrasaction="ignore")
                self._csv.writeheader()
        except OSError as error:
            raise self._failed(error) from error

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows: every value in JSON, those of the columns in CSV."""
        assert self._file is not None
        try:
            for row in rows:
                if self._json:
                    text = json.dumps(row, ensure_ascii=False)
                    self._file.write(f"{',' if self.rows else ''}\n {text}")
                else:
                    self._csv.writerow({key: cell(value) for key, value in row.items()})
                self.rows += 1
        except OSError as error:
            raise self._failed(error) from error

    def finish(self) -> int:
        """Put the file in its place; returns how many rows it has."""
        assert self._file is not None
        try:
            if self._json:
                self._file.write("\n]\n")
            self._file.close()
            self._partial.replace(self._path)
        except OSError as error:
            raise self._failed(error) from error
        return self.rows

    def drop(self) -> None:
        """Leave no trace of a table that did not become whole."""
        if self._file is not None:
            self._file.close()
        self._partial.unlink(missing_ok=True)

    def _failed(self, error: OSError) -> StoreTrouble:
        self.drop()
        return StoreTrouble(f"{self._path} cannot be written: {error.strerror or error}")


def cell(value: object) -> object:
    """A cell that a spreadsheet will not take for a formula.

    Some look past blanks and line ends, and some read the wide forms of the signs as the signs.
    """
    if isinstance(value, str) and value.lstrip(" \n")[:1] in _BEGINS_FORMULA:
        return "'" + value
    return value
