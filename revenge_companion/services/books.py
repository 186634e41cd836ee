"""What files with a library of books share: ISBNs, readings, and the walk through the rows."""

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import ClassVar

from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.imports import Unread
from revenge_companion.core.library import Entry, Facet, Precision, Subject
from revenge_companion.core.reasons import Reason
from revenge_companion.services.archives import is_zip, refusing
from revenge_companion.services.importing import ImportPage, unread
from revenge_companion.services.reading import day_of, packed, place, unpacked
from revenge_companion.services.tables import Cells, Row, Table, cells_of, first_lines, named

#: Rows of one page. A row is a book, and may hold a long review.
PAGE_ROWS = 500
#: Plays and readings of one book that are believed.
MOST_READS = 1000
_DELIMITERS = (",", ";", "\t")
_FACETS = (Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST, Facet.LISTS)
#: A year, or a year and a month: the user knows no more.
_PART_OF_A_DATE = re.compile(r"\d{4}([/.-]\d{1,2})?")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a row that cannot be used, in a few words; None for the whole row."""

    facet: Facet | None
    why: Reason


class BookFile(ABC):
    """One opened table of books; see `services.importing.ImportFile`."""

    #: Who writes such files.
    writer: ClassVar[str]

    def __init__(self, path: Path) -> None:
        with refusing():
            found = self._layout(path)
        if found is None:
            raise ImportRefused(f"This file is no library of {self.writer}.")
        delimiter, self._places = found
        self._table = Table(path, delimiter)
        self._totals: Counter[Facet] | None = None

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether `path` is such a file; see `services.file_formats.Reader`."""
        return not is_zip(path) and cls._layout(path) is not None

    @property
    def facets(self) -> tuple[Facet, ...]:
        return tuple(facet for facet in _FACETS if self._counted()[facet])

    def page(self, facet: Facet, cursor: str) -> ImportPage:
        """The page at `cursor`; see `services.importing.ImportFile`."""
        total = self._counted()[facet]
        at = unpacked(cursor)
        offset = place(at, "at")
        # What is wrong with a whole row is told once, not with each of its facets.
        tells = facet == next(iter(self.facets), facet)
        entries: list[Entry] = []
        failed: list[Unread] = []
        following = ""
        for number, row in enumerate(self._rows(offset, place(at, "line") or 0)):
            if number == PAGE_ROWS:
                following = packed(at=row.begins, line=row.line)
                break
            for made in self._made(row):
                if isinstance(made, Problem):
                    if made.facet is facet or (made.facet is None and tells):
                        failed.append(unread(made.why, row.said, line=row.line))
                elif made.facet is facet:
                    entries.append(made)
        return ImportPage(tuple(entries), following, total, tuple(failed))

    def close(self) -> None:
        self._table.close()

    @classmethod
    @abstractmethod
    def fits(cls, header: frozenset[str]) -> bool:
        """Whether a header with these names in lower case is one of theirs."""

    @abstractmethod
    def read(self, book: Cells) -> Iterator[Entry | Problem]:
        """Everything that one row says."""

    def _rows(self, offset: int | None, line: int = 0) -> Iterator[Row]:
        rows = self._table.rows(offset or 0, line)
        if offset is None:
            next(rows, None)
        return rows

    def _made(self, row: Row) -> Iterator[Entry | Problem]:
        if row.broken:
            return iter((Problem(None, Reason.LINE_QUOTE_OPEN),))
        return self.read(Cells(self._places, row.cells))

    def _counted(self) -> Counter[Facet]:
        """How much of each facet there is: libraries of books are small."""
        if self._totals is None:
            self._totals = Counter(
                made.facet
                for made in chain.from_iterable(map(self._made, self._rows(None)))
                if isinstance(made, Entry)
            )
        return self._totals

    @classmethod
    def _layout(cls, path: Path) -> tuple[str, dict[str, int]] | None:
        """The delimiter and the columns by their names; None for another file."""
        header = next((line for line in first_lines(path) if line.strip()), "")
        for delimiter in _DELIMITERS:
            places = named(cells_of(header, delimiter))
            if cls.fits(frozenset(places)):
                return delimiter, places
        return None


def reads(
    subject: Subject, identity: str, days: Sequence[datetime], count: int, note: str = ""
) -> Iterator[Entry]:
    """A book's readings: one for each of `days`, and one that stands for the rest of `count`."""
    seen: Counter[datetime] = Counter()
    for day in days:
        seen[day] += 1
        again = f"\t{seen[day]}" if seen[day] > 1 else ""
        line = f"{identity}\t{day:%Y-%m-%d}{again}"
        yield Entry(Facet.HISTORY, subject, line, day, Precision.DAY, note=note)
    rest = min(count, MOST_READS) - len(days)
    if rest > 0:
        line, precision = f"{identity}\treads", Precision.UNKNOWN
        yield Entry(Facet.HISTORY, subject, line, None, precision, plays=rest, note=note)


def on_list(facet: Facet, subject: Subject, identity: str, day: str, name: str = "") -> Entry:
    """A book on the list of those to read, or on a shelf. A day that is none is no harm."""
    at = day_of(day)
    precision = Precision.UNKNOWN if at is None else Precision.DAY
    line = f"{name}\t{identity}" if name else identity
    return Entry(facet, subject, line, at, precision, list_name=name)


def names_no_day(text: str) -> bool:
    """Whether a date says less than a day: nothing, a year, or a month of one."""
    return not text or _PART_OF_A_DATE.fullmatch(text) is not None


def isbn13(text: str) -> str:
    """An ISBN as its 13 digits, from either length; "" for what is none.

    Spreadsheets are kept from making a number of it by writing it as a formula: ="978…".
    """
    digits = re.sub(r'[\s="\'-]', "", text).upper()
    if len(digits) == 10 and digits[:9].isdigit() and (digits[9].isdigit() or digits[9] == "X"):
        values = [10 if one == "X" else int(one) for one in digits]
        if sum(value * (10 - n) for n, value in enumerate(values)) % 11:
            return ""
        digits = f"978{digits[:9]}"
        return f"{digits}{-_weighed(digits) % 10}"
    if len(digits) == 13 and digits.isascii() and digits.isdigit():
        return digits if digits[:3] in ("978", "979") and _weighed(digits) % 10 == 0 else ""
    return ""


def _weighed(digits: str) -> int:
    return sum(int(one) * (3 if n % 2 else 1) for n, one in enumerate(digits))
