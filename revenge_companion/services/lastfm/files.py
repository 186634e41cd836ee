"""Reading tables of plays as the sites write them that copy them from Last.fm.

Last.fm itself gives none. Known are a header with `uts` (lastfm.ghan.nl), rows of artist, album,
track and date without a header (lastfm-to-csv), a header with semicolons and a date in
milliseconds (lastfmstats.com), and tabs with date, track, artist and album (lastexport).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.imports import Unread
from revenge_companion.core.library import Entry, Facet, Precision, Subject, SubjectKind
from revenge_companion.core.reasons import Reason
from revenge_companion.services.archives import is_zip, refusing
from revenge_companion.services.importing import ImportPage, unread
from revenge_companion.services.reading import name, packed, place, unix_moment, unpacked
from revenge_companion.services.tables import Row, Table, cell, cells_of, column, first_lines

#: Rows of one page, and the most of it where a minute does not end.
PAGE_ROWS, _LONGEST_PAGE = 1000, 10_000
#: Rows that are looked at to tell what a file is.
_LOOKED_AT = 20
_DELIMITERS = (",", ";", "\t")
#: Seconds since 1970 that are larger than this are milliseconds.
_LARGEST_S = 100_000_000_000
#: Nobody scrobbled before.
_FIRST_YEAR = 2002
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WORDED = re.compile(r"(\d{1,2}) ([A-Za-z]{3})[a-z]* (\d{4}),? (\d{1,2}):(\d{2})(?::(\d{2}))?")
_ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?(?:Z|\+00:00)?"
)
_ARTIST = ("artist", "artist name", "artistname")
_TITLE = ("track", "track name", "title", "song", "name")
_ALBUM = ("album", "album name", "albumname")
_DATE = ("uts", "timestamp", "date", "utc_time", "time", "rawdatetime")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where in a row is what."""

    delimiter: str
    artist: int
    title: int
    date: int
    album: int | None
    header: bool


class LastFmFile:
    """One opened file; see `services.importing.ImportFile`."""

    facets = (Facet.HISTORY,)

    def __init__(self, path: Path) -> None:
        with refusing():
            layout = _layout_of(path)
        if layout is None:
            raise ImportRefused("This file is no table of plays with artist, track and date.")
        self._layout = layout
        self._table = Table(path, layout.delimiter)
        #: Where the last page stopped, and the rows that follow.
        self._open: tuple[int, Iterator[Row]] | None = None

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether `path` is such a table; see `services.file_formats.Reader`."""
        return not is_zip(path) and _layout_of(path) is not None

    def page(self, facet: Facet, cursor: str) -> ImportPage:
        """The page at `cursor`; see `services.importing.ImportFile`."""
        if facet is not Facet.HISTORY:
            raise ImportRefused("This file holds plays only.")
        at = unpacked(cursor)
        offset, total = place(at, "at") or 0, place(at, "total")
        if not cursor:
            total = max(self._table.count() - self._layout.header, 0)
        line = place(at, "line") or 0
        rows = self._rows(offset, line, header=self._layout.header and not cursor)
        entries: list[Entry] = []
        failed: list[Unread] = []
        #: How often a track was played in a minute; a table without seconds tells no more of it.
        alike: Counter[str] = Counter()
        last: Entry | None = None
        following = ""
        for number, row in enumerate(rows):
            made = self._play(row)
            if number >= PAGE_ROWS and (number >= _LONGEST_PAGE or not _share(last, made)):
                self._open = (row.begins, chain((row,), rows))
                following = packed(at=row.begins, line=row.line, total=total)
                break
            if isinstance(made, Reason):
                failed.append(unread(made, row.said, line=row.line))
                continue
            last = made
            if made.precision is Precision.MINUTE:
                alike[made.line] += 1
                if alike[made.line] > 1:
                    made = replace(made, line=f"{made.line}\t{alike[made.line]}")
            entries.append(made)
        return ImportPage(tuple(entries), following, total, tuple(failed))

    def close(self) -> None:
        self._table.close()

    def _rows(self, offset: int, line: int, *, header: bool) -> Iterator[Row]:
        """The rows from `offset` on; the page before has often left them there."""
        kept, self._open = self._open, None
        if kept is not None and kept[0] == offset and offset > 0:
            return kept[1]
        rows = self._table.rows(offset, line)
        if header:
            next(rows, None)
        return rows

    def _play(self, row: Row) -> Entry | Reason:
        if row.broken:
            return Reason.LINE_QUOTE_OPEN
        layout = self._layout
        artist, title = name(cell(row.cells, layout.artist)), name(cell(row.cells, layout.title))
        if not (artist and title):
            return Reason.LINE_NAMELESS
        dated = date_of(cell(row.cells, layout.date))
        if dated is None:
            return Reason.LINE_UNDATED
        at, precision = dated
        album = name(cell(row.cells, layout.album))
        return Entry(
            Facet.HISTORY,
            Subject(SubjectKind.TRACK, title, artist=artist, album=album),
            f"{int(at.timestamp())}\t{artist}\t{title}",
            at,
            precision,
        )


def date_of(text: str) -> tuple[datetime, Precision] | None:
    """A date as those sites write it, in UTC, and how exact it is; None for what is none."""
    if text.isascii() and text.isdigit():
        number = int(text[:20])
        at = unix_moment(number // 1000 if number > _LARGEST_S else number)
        return None if at is None else (at, Precision.SECOND)
    worded, iso = _WORDED.fullmatch(text), _ISO.fullmatch(text)
    if worded is not None:
        day, word, year, *time = worded.groups()
        month = _MONTHS.index(word.casefold()) + 1 if word.casefold() in _MONTHS else 0
    elif iso is not None:
        year, number_of, day, *time = iso.groups()
        month = int(number_of)
    else:
        return None
    hour, minute, second = (int(part or 0) for part in time)
    try:
        at = datetime(int(year), month, int(day), hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    if unix_moment(int(at.timestamp())) is None:
        return None
    return at, Precision.MINUTE if time[2] is None else Precision.SECOND


def _share(last: Entry | None, made: Entry | Reason) -> bool:
    """Whether a page must not end between these: they are in one minute of a table of minutes."""
    if last is None or isinstance(made, Reason):
        return False
    return last.precision is Precision.MINUTE and last.at == made.at


def _layout_of(path: Path) -> _Layout | None:
    """The layout of a table, told by its first rows; None for what is no such table."""
    lines = [line for line in first_lines(path, _LOOKED_AT) if line.strip()]
    for delimiter in _DELIMITERS:
        rows = [cells_of(line, delimiter) for line in lines]
        found = _of_header(rows[0], delimiter) if rows else None
        found = found or _of_rows(rows, delimiter)
        if found is not None:
            return found
    return None


def _is_dated(text: str) -> bool:
    """Whether a cell is a date of a play; a rating or another small number is one of 1970."""
    dated = date_of(text)
    return dated is not None and dated[0].year >= _FIRST_YEAR


def _of_header(header: Sequence[str], delimiter: str) -> _Layout | None:
    # One of the sites writes the user's name behind the date's: "Date#somebody".
    names = [cell.partition("#")[0] for cell in header]
    artist, title, date = column(names, *_ARTIST), column(names, *_TITLE), column(names, *_DATE)
    if artist is None or title is None or date is None:
        return None
    return _Layout(delimiter, artist, title, date, column(names, *_ALBUM), header=True)


def _of_rows(rows: Sequence[Sequence[str]], delimiter: str) -> _Layout | None:
    """A layout without a header; what plays right now may stand there without a date."""
    layout = _Layout(delimiter, 0, 2, 3, 1, header=False)
    if delimiter == "\t":
        layout = _Layout(delimiter, 2, 1, 0, 3, header=False)
    good = sum(len(row) >= 4 and _is_dated(cell(row, layout.date)) for row in rows)
    return layout if 0 < len(rows) <= 2 * good else None
