"""Tables as text (CSV and its like), read row by row with care, from any row on."""

import codecs
import csv
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from revenge_companion.core.errors import ImportRefused
from revenge_companion.services.archives import unreadable

#: A row that is longer has a quote that nobody closed: lines and bytes.
MOST_LINES, MOST_BYTES = 1000, 1 << 17
#: The largest file that is taken, in bytes.
_MOST_FILE = 2 << 30
#: A file in UTF-16 is kept in memory up to this size while it is read, in bytes.
_SPOOL = 8 << 20
#: Bytes of a broken row that are kept to be shown.
_MOST_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One row. A broken one has no cells, and what follows its first line is read as rows again."""

    cells: tuple[str, ...]
    #: Bytes from the file's beginning to this row and to the next one.
    begins: int
    ends: int
    broken: bool = False
    #: Its first line in the file, from 1, as editors count; 0 where nobody knows.
    line: int = field(default=0, compare=False)
    #: Of a broken one, its first line.
    text: str = field(default="", compare=False, repr=False)

    @property
    def said(self) -> str:
        """What stands there, for people."""
        return self.text or ", ".join(filter(None, self.cells))


class Table:
    """One opened file of text. Lines may be in UTF-8, UTF-16 with a mark, or Windows' Latin-1.

    Raises ImportRefused where it cannot be read.
    """

    def __init__(self, source: Path | IO[bytes], delimiter: str = ",") -> None:
        """A file by its path, or one that is open, can be sought in, and is closed with this."""
        self.delimiter = delimiter
        try:
            if isinstance(source, Path):
                if source.stat().st_size > _MOST_FILE:
                    raise ImportRefused("This file is too large.")
                source = cast("IO[bytes]", source.open("rb"))
            self._file, self._first = _decoded(source)
        except OSError as error:
            raise unreadable(error) from error
        #: Where the next line is read from, and lines that were read before their time.
        self._at = self._first
        self._waiting: list[bytes] = []
        #: The line that comes next, from 1; 0 where nobody knows.
        self._number = 0

    def rows(self, offset: int = 0, line: int = 0) -> Iterator[Row]:
        """The rows from the byte `offset` on, which is the beginning or some row's `ends`.

        `line` is the number of the line there. Lines without anything in them are no rows.
        """
        self._at = max(offset, self._first)
        self._number = line or int(offset <= self._first)
        self._waiting = []
        try:
            self._file.seek(self._at)
            while (row := self._row()) is not None:
                if row.broken or any(row.cells):
                    yield row
        except OSError as error:
            raise unreadable(error) from error

    def count(self) -> int:
        """Lines in the whole file: as many as rows, where no cell holds several."""
        try:
            self._file.seek(self._first)
            lines, last = 0, b"\n"
            while piece := self._file.read(1 << 20):
                lines += piece.count(b"\n")
                last = piece[-1:]
        except OSError as error:
            raise unreadable(error) from error
        return lines + (last != b"\n")

    def close(self) -> None:
        self._file.close()

    def _row(self) -> Row | None:
        begins, number = self._at, self._number
        read: list[bytes] = []
        past_end = runaway = False

        def lines() -> Iterator[str]:
            nonlocal past_end, runaway
            size = 0
            while line := self._line():
                read.append(line)
                size += len(line)
                if len(read) > MOST_LINES or size > MOST_BYTES:
                    runaway = True
                    return
                yield _text(line)
            past_end = True

        try:
            cells = next(csv.reader(lines(), delimiter=self.delimiter), None)
        except csv.Error:
            runaway, cells = True, []
        if not read:
            return None
        # The reader asks for a line after the last one only inside of a quote.
        if runaway or past_end or cells is None:
            self._waiting = read[1:] + self._waiting
            self._at = begins + len(read[0])
            self._number = number and number + 1
            text = _text(read[0][:_MOST_SHOWN])
            return Row((), begins, self._at, broken=True, line=number, text=text)
        self._number = number and number + len(read)
        return Row(tuple(cells), begins, self._at, line=number)

    def _line(self) -> bytes:
        # One byte more than allowed, so that a line without an end is seen as such.
        line = self._waiting.pop(0) if self._waiting else self._file.readline(MOST_BYTES + 1)
        self._at += len(line)
        return line


def first_lines(path: Path, most: int = 5) -> list[str]:
    """The first lines of a file of text; none for what is no text. Raises OSError."""
    file, _ = _decoded(cast("IO[bytes]", path.open("rb")))
    with file:
        lines = [file.readline(MOST_BYTES) for _ in range(most)]
    if any(b"\0" in line for line in lines):
        return []
    return [_text(line).rstrip("\r\n") for line in lines if line]


def cells_of(line: str, delimiter: str = ",") -> list[str]:
    """The cells of one line; none where it is no row."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def column(header: Sequence[str], *names: str) -> int | None:
    """The place of the first of `names` in a header, however it is written; None for none."""
    folded = [cell.strip().casefold() for cell in header]
    return next((folded.index(name) for name in names if name in folded), None)


def cell(row: Sequence[str], place: int | None) -> str:
    """A cell without spaces around it; "" where the row is too short or there is no such column."""
    return row[place].strip() if place is not None and place < len(row) else ""


def named(header: Sequence[str]) -> dict[str, int]:
    """The places of a header's columns by their names in lower case, the first of two alike."""
    return {cell.strip().casefold(): place for place, cell in reversed([*enumerate(header)])}


class Cells:
    """One row's cells by the names in the header; "" for a column that is not there."""

    def __init__(self, places: Mapping[str, int], cells: Sequence[str]) -> None:
        self._places = places
        self._cells = cells

    def __getitem__(self, column: str) -> str:
        return cell(self._cells, self._places.get(column))


def _text(line: bytes) -> str:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        # Old exports and spreadsheets on Windows.
        text = line.decode("cp1252", "replace")
    # A NUL ends the csv module's patience.
    return text.replace("\0", "")


def _decoded(file: IO[bytes]) -> tuple[IO[bytes], int]:
    """The file in an encoding without zeros, and where its text begins. Raises OSError."""
    try:
        mark = file.read(4)
        if mark.startswith(codecs.BOM_UTF8):
            return file, len(codecs.BOM_UTF8)
        if not mark.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            file.seek(0)
            return file, 0
        little = mark.startswith(codecs.BOM_UTF16_LE)
        decoder = codecs.getincrementaldecoder("utf-16-le" if little else "utf-16-be")("replace")
        file.seek(2)
        turned: IO[bytes] = tempfile.SpooledTemporaryFile(_SPOOL)  # noqa: SIM115 - closed by the user
        try:
            while piece := file.read(1 << 20):
                turned.write(decoder.decode(piece).encode())
            turned.write(decoder.decode(b"", final=True).encode())
        except BaseException:
            turned.close()
            raise
        turned.seek(0)
    except BaseException:
        file.close()
        raise
    file.close()
    return turned, 0
