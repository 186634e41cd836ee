"""Reading the ZIP file in which Letterboxd gives its users what they logged.

The diary has a line for each viewing and its day; "watched" has every film, those of the diary too,
with the day it was marked on, which is no viewing's. No file has an id that others know: films are
known by their addresses at Letterboxd, and never matched by their titles.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, cast

from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.imports import Unread
from revenge_companion.core.library import Entry, Facet, Precision
from revenge_companion.core.ratings import rating_of
from revenge_companion.core.reasons import Reason
from revenge_companion.services.archives import Archive, is_zip, refusing
from revenge_companion.services.importing import ImportPage, unread
from revenge_companion.services.letterboxd.films import Film, Films, film_of
from revenge_companion.services.reading import day_of, name, packed, place, unpacked
from revenge_companion.services.reviews import plain
from revenge_companion.services.tables import Cells, Row, Table, named

#: Lines of one page.
PAGE_ROWS = 500
#: Bytes of one file unpacked, lines of it, and lists that are taken; a line is a film.
MOST_BYTES, MOST_ROWS, MOST_LISTS = 64 << 20, 200_000, 2000
#: Bytes of an unpacked file that are kept in memory.
_SPOOL = 4 << 20
_HEAD = 400
_DIARY, _WATCHED, _REVIEWS = "diary.csv", "watched.csv", "reviews.csv"
_RATINGS, _WATCHLIST, _LIKES = "ratings.csv", "watchlist.csv", "likes/films.csv"
_FILES = {
    Facet.HISTORY: (_DIARY, _WATCHED),
    Facet.RATINGS: (_RATINGS,),
    Facet.WATCHLIST: (_WATCHLIST,),
    Facet.LOVED: (_LIKES,),
}
_KNOWN = (_DIARY, _WATCHED, _REVIEWS, _RATINGS, _WATCHLIST, _LIKES)
_LISTS = "lists/"
_LIST_HEAD = "letterboxd list export"
#: Lines before the films of a list; its description may have several.
_MOST_HEAD = 20
_THROWN_AWAY = ("deleted", "orphaned", "likes", "lists")


@dataclass(frozen=True, slots=True)
class _File:
    """One opened table: where its lines begin, and what its columns are called."""

    table: Table
    places: dict[str, int]
    first: int
    #: The line there.
    first_line: int
    #: Of a list, its name.
    title: str = ""

    def lines(self, offset: int = 0, line: int = 0) -> Iterator[tuple[Row, Cells]]:
        """The lines from the byte `offset` on; nothing else of this file is read meanwhile."""
        if offset <= self.first:
            offset, line = self.first, self.first_line
        for number, row in enumerate(self.table.rows(offset, line)):
            if number >= MOST_ROWS:
                raise ImportRefused("This file has more lines than an export would.")
            yield row, Cells(self.places, row.cells)


class LetterboxdExport:
    """One opened file; see `services.importing.ImportFile`."""

    def __init__(self, path: Path) -> None:
        self._archive = Archive(path)
        self._members = _members(self._archive)
        self._lists = sorted(one for one in self._members if one.startswith(_LISTS))[:MOST_LISTS]
        self._open: dict[str, _File | None] = {}
        self._films: Films | None = None
        self._totals: Counter[Facet] = Counter()
        if not self._members:
            self.close()
            raise ImportRefused("This is no export of a Letterboxd account.")

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether `path` is such a file; see `services.file_formats.Reader`."""
        if not is_zip(path):
            return False
        archive = Archive(path)
        try:
            return any(_is_ours(archive, member) for member in _members(archive).values())
        finally:
            archive.close()

    @property
    def facets(self) -> tuple[Facet, ...]:
        self._known()
        return tuple(facet for facet in Facet if self._totals[facet])

    def page(self, facet: Facet, cursor: str) -> ImportPage:
        """The page at `cursor`; see `services.importing.ImportFile`."""
        at = unpacked(cursor)
        films = self._known()
        parts = self._parts(facet)
        number, offset = place(at, "part") or 0, place(at, "at") or 0
        if number >= len(parts):
            raise ImportRefused("This file holds nothing of the kind.")
        part = parts[number]
        following = packed(part=number + 1) if number + 1 < len(parts) else ""
        entries: list[Entry] = []
        failed: list[Unread] = []
        file = self._file(part)
        if file is not None:
            for count, (row, line) in enumerate(file.lines(offset, place(at, "line") or 0)):
                if count == PAGE_ROWS:
                    following = packed(part=number, at=row.begins, line=row.line)
                    break
                for made in self._made(facet, part, file, row, line, films):
                    if isinstance(made, Entry):
                        entries.append(made)
                    else:
                        failed.append(unread(made, row.said, line=row.line, file=part))
        if facet is Facet.LISTS:
            self._leave(part)
        return ImportPage(tuple(entries), following, self._totals[facet], tuple(failed))

    def close(self) -> None:
        for part in [*self._open]:
            self._leave(part)
        self._archive.close()

    def _parts(self, facet: Facet) -> Sequence[str]:
        """The files of a facet, in their order."""
        if facet is Facet.LISTS:
            return self._lists
        if facet is Facet.RATINGS and _RATINGS not in self._members:
            # What stands beside a viewing is what the film was rated then.
            return (_DIARY,)
        return _FILES.get(facet, ())

    def _made(
        self, facet: Facet, part: str, file: _File, row: Row, line: Cells, films: Films
    ) -> Iterator[Entry | Reason]:
        """What one line of a file says."""
        if row.broken:
            yield Reason.LINE_QUOTE_OPEN
            return
        film = film_of(line)
        if film is None:
            yield Reason.LINE_NAMELESS
        elif part == _DIARY and facet is Facet.RATINGS:
            if line["rating"]:
                yield self._rating(film, line, films)
        elif part == _DIARY:
            yield self._play(film, line, row, films)
        elif part == _WATCHED:
            if films.also_undated(film):
                note = "" if film.key in films.rated else self._review(film, "", films)
                subject = films.subject(film, own=True)
                yield Entry(
                    Facet.HISTORY,
                    subject,
                    f"film/{_name(film)}",
                    None,
                    Precision.UNKNOWN,
                    note=note,
                )
        elif part == _RATINGS:
            yield self._rating(film, line, films)
        else:
            yield self._listed(facet, film, line, films, file.title)

    def _play(self, film: Film, line: Cells, row: Row, films: Films) -> Entry | Reason:
        text = line["watched date"]
        day = day_of(text)
        if day is None:
            return Reason.LINE_UNDATED
        note = self._review(film, text, films)
        first = films.diary.get(film.key)
        placeless = film.key not in films.rated and not films.also_undated(film)
        if not note and placeless and first is not None and first.day == text:
            # A review without a day, of a film that is nowhere but in the diary.
            note = self._review(film, "", films)
        identity = f"diary/{film.code or _name(film)}/{text}"
        again = films.alike.get(row.begins, 0)
        return Entry(
            Facet.HISTORY,
            films.subject(film, own=False),
            f"{identity}/{again + 1}" if again else identity,
            day,
            Precision.DAY,
            note=note,
        )

    def _rating(self, film: Film, line: Cells, films: Films) -> Entry | Reason:
        try:
            stars = float(line["rating"])
        except ValueError:
            stars = 0.0
        rating = rating_of(stars * 2) if 0.5 <= stars <= 5 else None
        if rating is None:
            return Reason.LINE_UNRATED
        day = day_of(line["date"])
        beside = _RATINGS not in self._members
        return Entry(
            Facet.RATINGS,
            # In the diary an address is the viewing's, and a film has as many lines as viewings.
            films.subject(film, own=not beside),
            f"{film.title}\t{film.year or ''}".casefold() if beside else _name(film),
            day,
            Precision.UNKNOWN if day is None else Precision.DAY,
            rating=rating,
            note=self._review(film, "", films),
        )

    def _listed(self, facet: Facet, film: Film, line: Cells, films: Films, list_name: str) -> Entry:
        day = None if facet is Facet.LISTS else day_of(line["date"])
        return Entry(
            facet,
            films.subject(film, own=True),
            f"{list_name}/{_name(film)}" if facet is Facet.LISTS else _name(film),
            day,
            Precision.UNKNOWN if day is None else Precision.DAY,
            list_name=list_name,
            # What the user wrote beside a film of a list.
            note=plain(line["description"]) if facet is Facet.LISTS else "",
        )

    def _review(self, film: Film, day: str, films: Films) -> str:
        """The text of a review, read where it is."""
        offset, file = films.reviews.get((film.key, day)), self._file(_REVIEWS)
        if offset is None or file is None:
            return ""
        found = next(file.lines(offset), None)
        return "" if found is None else plain(found[1]["review"])

    def _known(self) -> Films:
        """What has to be known of all files first; read once."""
        if self._films is None:
            self._films = Films()
            self._learn(self._films)
            for facet in Facet:
                for part in self._parts(facet):
                    self._totals[facet] += self._count(facet, part, self._films)
        return self._films

    def _learn(self, films: Films) -> None:
        for part in (_WATCHED, _RATINGS, _WATCHLIST):
            for _, film, _ in self._films_of(part):
                films.learn(film, watched=part == _WATCHED)
                if part == _RATINGS:
                    films.rated.add(film.key)
        lines: Counter[tuple[str, str]] = Counter()
        for row, film, line in self._films_of(_DIARY):
            day = line["watched date"]
            if day_of(day) is not None:
                films.see(film, day, again=line["rewatch"].casefold() == "yes")
                alike = (film.code or _name(film), day)
                if lines[alike]:
                    films.alike[row.begins] = lines[alike]
                lines[alike] += 1
        for row, film, line in self._films_of(_REVIEWS):
            day = line["watched date"]
            films.reviews[film.key, day if day_of(day) is not None else ""] = row.begins

    def _films_of(self, part: str) -> Iterator[tuple[Row, Film, Cells]]:
        """The lines of a file that name a film."""
        file = self._file(part)
        for row, line in file.lines() if file is not None else ():
            film = film_of(line)
            if film is not None:
                yield row, film, line

    def _count(self, facet: Facet, part: str, films: Films) -> int:
        file = self._file(part)
        if file is None:
            return 0
        made = (self._made(facet, part, file, row, line, films) for row, line in file.lines())
        count = sum(isinstance(one, Entry) for some in made for one in some)
        if part.startswith(_LISTS):
            self._leave(part)
        return count

    def _file(self, part: str) -> _File | None:
        """One of the files; None where it is not there, or is another than its name says."""
        if part not in self._open:
            self._open[part] = self._opened(part)
        return self._open[part]

    def _opened(self, part: str) -> _File | None:
        member = self._members.get(part)
        if member is None:
            return None
        if self._archive.size(member) > MOST_BYTES:
            raise ImportRefused("This file is larger than an export of Letterboxd would be.")
        table = Table(_unpacked(self._archive, member))
        found = _list(table, part) if part.startswith(_LISTS) else _table(table, part)
        if found is None:
            table.close()
        return found

    def _leave(self, part: str) -> None:
        file = self._open.pop(part, None)
        if file is not None:
            file.table.close()


def _members(archive: Archive) -> dict[str, str]:
    """The members that are read, by their names in an export; nothing for no export.

    Whoever packs it anew may put all of it into one folder. What is in others, such as "deleted",
    the user has thrown away.
    """
    paths = {
        member: PurePosixPath(member.replace("\\", "/").casefold())
        for member in archive.names
        if ".." not in member
    }
    roots = [
        path.parent
        for path in paths.values()
        if path.name in _KNOWN and path.parent.name not in _THROWN_AWAY
    ]
    if not roots:
        return {}
    root = min(roots, key=lambda one: (len(one.parts), one.as_posix()))
    found: dict[str, str] = {}
    for member, path in paths.items():
        if path.is_relative_to(root):
            own = path.relative_to(root).as_posix()
            if own in _KNOWN or (own.startswith(_LISTS) and own.endswith(".csv")):
                found.setdefault(own, member)
    return found


def _is_ours(archive: Archive, member: str) -> bool:
    """Whether a member begins as one of Letterboxd's tables does."""
    with refusing(), archive.open(member) as stream:
        head = stream.read(_HEAD).decode("utf-8", "replace").casefold()
    return "letterboxd uri" in head.partition("\n")[0] or _LIST_HEAD in head


def _unpacked(archive: Archive, member: str) -> IO[bytes]:
    """A member in a file without a name, in which it can be sought."""
    file = cast("IO[bytes]", tempfile.SpooledTemporaryFile(_SPOOL))  # noqa: SIM115 - by its table
    try:
        with refusing(), archive.open(member) as stream:
            shutil.copyfileobj(stream, file, 1 << 20)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _table(table: Table, part: str) -> _File | None:
    header = next(table.rows(), None)
    places = named(header.cells) if header is not None else {}
    wanted = {"name", "letterboxd uri"} | ({"watched date"} if part == _DIARY else set())
    if header is None or not wanted <= places.keys():
        return None
    return _File(table, places, header.ends, header.line + 1)


def _list(table: Table, part: str) -> _File | None:
    """A list, which has its name before its films."""
    title, rows = "", table.rows()
    for row in islice(rows, _MOST_HEAD):
        places = named(row.cells)
        if {"position", "name"} <= places.keys():
            return _File(
                table, places, row.ends, row.line + 1, title or name(PurePosixPath(part).stem)
            )
        if {"date", "name"} <= places.keys() and not title:
            about = next(rows, None)
            title = name(Cells(places, about.cells)["name"]) if about is not None else ""
    return None


def _name(film: Film) -> str:
    """A film within one file."""
    return film.code or f"{film.title}\t{film.year or ''}".casefold()
