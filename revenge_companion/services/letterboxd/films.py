"""Which film a line of a Letterboxd export is about, and what its files say of a film together.

The address in a line is the film's in some files and the diary entry's in others, so that files are
put together by name and year. Where two films have both in common, nothing is put together.
"""

import re
from dataclasses import dataclass, field

from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.services.naming import year_of
from revenge_companion.services.reading import name
from revenge_companion.services.tables import Cells

#: Name in lower case and year, 0 where there is none.
FilmKey = tuple[str, int]

_ADDRESS = re.compile(r"https?://(?:www\.)?(?:boxd\.it|letterboxd\.com)/([\w/-]{1,150})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Film:
    """What a line calls its film."""

    title: str
    year: int | None
    #: The end of the address in the line: "2bbs", or "film/dune-2021"; "" for none.
    code: str

    @property
    def key(self) -> FilmKey:
        return self.title.casefold(), self.year or 0

    @property
    def label(self) -> str:
        return f"{self.title} ({self.year})" if self.year else self.title


def film_of(line: Cells) -> Film | None:
    """The film of a line; None where it names none."""
    title = name(line["name"])
    if not title:
        return None
    address = _ADDRESS.match(line["letterboxd uri"] or line["url"])
    code = address[1].strip("/") if address else ""
    return Film(title, year_of(line["year"]), code)


@dataclass(frozen=True, slots=True)
class Seen:
    """The first day a film is in the diary on, and whether it had been seen before that."""

    day: str
    again: bool


@dataclass(slots=True)
class Films:
    """What has to be known of all files before a line of one can be read."""

    #: The address of each film; None where two watched films have one name and year.
    codes: dict[FilmKey, str | None] = field(default_factory=dict)
    addresses: set[str] = field(default_factory=set)
    watched: set[FilmKey] = field(default_factory=set)
    diary: dict[FilmKey, Seen] = field(default_factory=dict)
    #: Lines of the diary that are like others before them (a second viewing on one day), by where
    #: they begin: how many there are before.
    alike: dict[int, int] = field(default_factory=dict)
    rated: set[FilmKey] = field(default_factory=set)
    #: Where in the file of reviews one begins, by its film and its day in the diary; "" for none.
    reviews: dict[tuple[FilmKey, str], int] = field(default_factory=dict)

    def learn(self, film: Film, *, watched: bool) -> None:
        """A line whose address is the film's. Who is in the diary was watched."""
        self.addresses.add(film.code)
        if watched:
            self.watched.add(film.key)
        known = self.codes.setdefault(film.key, film.code)
        if watched and known != film.code:
            self.codes[film.key] = None

    def see(self, film: Film, day: str, *, again: bool) -> None:
        """A line of the diary."""
        first = self.diary.get(film.key)
        if first is None or (day, again) < (first.day, first.again):
            self.diary[film.key] = Seen(day, again)

    def subject(self, film: Film, *, own: bool) -> Subject:
        """What a line is about; `own` tells whether its address is the film's."""
        known = self.codes.get(film.key)
        code = film.code if own or film.code in self.addresses else ""
        # Lists may have the long form of what is short elsewhere.
        if known and (not code or "/" in code):
            code = known
        refs = (("letterboxd", code),) if code else ()
        return Subject(SubjectKind.MOVIE, film.title, film.year, refs=refs)

    def also_undated(self, film: Film) -> bool:
        """Whether a film was watched besides what the diary says of it."""
        if film.key not in self.watched:
            return False
        if self.codes[film.key] is None:
            # The diary may be about the other film.
            return True
        first = self.diary.get(film.key)
        return first is None or first.again
