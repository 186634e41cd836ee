"""The anime map itself: what it says of each entry, kept small, and read with distrust."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

#: The season that means "numbered through all seasons".
ABSOLUTE = -1
#: A map with fewer usable entries than this is not the map (the real one has over ten thousand).
FEWEST_ENTRIES = 3
_HIGHEST_ID = 2**31 - 1
_MOST_EPISODES = 5000
_STRIDE = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """One AniDB entry of the map."""

    anidb: int
    #: 0 where it is not at TVDB.
    tvdb: int = 0
    season: int = 0
    offset: int = 0
    anilist: int | None = None
    mals: tuple[int, ...] = ()
    #: IMDb ids as numbers.
    imdbs: tuple[int, ...] = ()


class AnimeIndex:
    """The map, kept as sorted columns of numbers: about 300 kB for the real one."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        rows = sorted(entries, key=lambda entry: (entry.tvdb, entry.season, entry.offset))
        self._tvdb = array("i", (row.tvdb for row in rows))
        self._rest = array("i")
        #: What does not fit a column, by row: several MyAnimeList ids, several IMDb ids.
        self._mals: dict[int, tuple[int, ...]] = {}
        self._imdbs: dict[int, tuple[int, ...]] = {}
        imdb: list[tuple[int, int]] = []
        for number, row in enumerate(rows):
            mal = row.mals[0] if row.mals else 0
            one = row.imdbs[0] if row.imdbs else 0
            self._rest.extend((row.season, row.offset, row.anidb, row.anilist or 0, mal, one))
            if len(row.mals) > 1:
                self._mals[number] = row.mals
            if len(row.imdbs) > 1:
                self._imdbs[number] = row.imdbs
            imdb += ((one, number) for one in row.imdbs)
        self._imdb = _Column(imdb)
        #: By the lists' own ids, sorted when somebody first asks by one.
        self._lists: tuple[_Column, _Column] | None = None

    def __len__(self) -> int:
        return len(self._tvdb)

    def __iter__(self) -> Iterator[Entry]:
        return (self._entry(number) for number in range(len(self)))

    @property
    def nbytes(self) -> int:
        """Bytes the columns take."""
        columns = (self._tvdb, self._rest, *self._imdb.columns)
        return sum(column.itemsize * len(column) for column in columns)

    def of_series(self, tvdb: int) -> list[Entry]:
        """Every entry of a TVDB series, by season and offset."""
        first, last = bisect_left(self._tvdb, tvdb), bisect_right(self._tvdb, tvdb)
        return [self._entry(number) for number in range(first, last)] if tvdb else []

    def of_imdb(self, imdb: str | None) -> list[Entry]:
        """Every entry that names an IMDb id such as "tt0158644"."""
        one = imdb_number(imdb)
        return [] if one is None else [self._entry(number) for number in self._imdb.rows(one)]

    def of_list(self, *, anilist: int | None = None, mal: int | None = None) -> list[Entry]:
        """Every entry that is this one of AniList, or else of MyAnimeList."""
        if self._lists is None:
            entries = [*enumerate(self)]
            self._lists = (
                _Column((one.anilist, row) for row, one in entries if one.anilist is not None),
                _Column((mal, row) for row, one in entries for mal in one.mals),
            )
        column, value = (self._lists[0], anilist) if anilist is not None else (self._lists[1], mal)
        return [] if value is None else [self._entry(number) for number in column.rows(value)]

    def _entry(self, number: int) -> Entry:
        at = number * _STRIDE
        season, offset, anidb, anilist, mal, imdb = self._rest[at : at + _STRIDE]
        mals = self._mals.get(number, (mal,) if mal else ())
        imdbs = self._imdbs.get(number, (imdb,) if imdb else ())
        return Entry(anidb, self._tvdb[number], season, offset, anilist or None, mals, imdbs)


class _Column:
    """Numbers in order, each with its row."""

    def __init__(self, pairs: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(pairs)
        self._values = array("i", (value for value, _ in ordered))
        self._rows = array("i", (row for _, row in ordered))

    @property
    def columns(self) -> "tuple[array[int], array[int]]":
        return self._values, self._rows

    def rows(self, value: int) -> "array[int]":
        """The rows that have this number."""
        return self._rows[bisect_left(self._values, value) : bisect_right(self._values, value)]


def read_map(data: object) -> tuple[AnimeIndex, int]:
    """The index of a decoded `anime_ids.json`, and how many of its entries made no sense.

    Entries that no lookup can reach are left out. Raises ValueError for what is not such a map:
    another shape, too few entries, or more nonsense than sense.
    """
    if not isinstance(data, Mapping):
        raise ValueError("The anime map is not a table of entries.")
    entries: list[Entry] = []
    sensible = wrong = 0
    for key, value in data.items():
        entry = _read_entry(key, value)
        if entry is None:
            wrong += 1
            continue
        sensible += 1
        if entry.tvdb or entry.imdbs:
            entries.append(entry)
    if sensible < FEWEST_ENTRIES or wrong > sensible:
        raise ValueError("The anime map does not hold what it should.")
    return AnimeIndex(entries), wrong


def imdb_number(text: object) -> int | None:
    """The number in an IMDb id such as "tt0158644"; None for anything else."""
    if not isinstance(text, str) or not text.startswith("tt"):
        return None
    digits = text[2:]
    if not _is_digits(digits):
        return None
    number = int(digits)
    return number if 0 < number <= _HIGHEST_ID else None


def _read_entry(key: object, value: object) -> Entry | None:
    anidb = _id(int(key)) if isinstance(key, str) and _is_digits(key) else None
    if anidb is None or not isinstance(value, Mapping):
        return None
    tvdb: int | None = 0
    season: int | None = 0
    offset: int | None = 0
    if value.get("tvdb_id") is not None:
        tvdb = _id(value["tvdb_id"])
        season = _whole(value.get("tvdb_season"), ABSOLUTE, 999)
        offset = _whole(value.get("tvdb_epoffset") or 0, -_MOST_EPISODES, _MOST_EPISODES)
    anilist = value.get("anilist_id")
    if tvdb is None or season is None or offset is None or _id(anilist or 1) is None:
        return None
    mals, imdbs = _ids(value.get("mal_id")), _imdbs(value.get("imdb_id"))
    if mals is None or imdbs is None:
        return None
    return Entry(anidb, tvdb, season, offset, anilist or None, mals, imdbs)


def _id(value: object) -> int | None:
    return _whole(value, 1, _HIGHEST_ID)


def _whole(value: object, least: int, most: int) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if least <= value <= most else None


def _is_digits(text: str) -> bool:
    """Whether `text` is a number short enough to be an id."""
    return text.isascii() and text.isdigit() and len(text) < 11


def _ids(value: object) -> tuple[int, ...] | None:
    """One id, or several in a text with commas; None for nonsense."""
    if value is None:
        return ()
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(",")]
        if not all(map(_is_digits, parts)):
            return None
        found = tuple(_id(int(part)) for part in parts)
    else:
        found = (_id(value),)
    whole = tuple(one for one in found if one is not None)
    return whole if len(whole) == len(found) else None


def _imdbs(value: object) -> tuple[int, ...] | None:
    if value is None:
        return ()
    if not isinstance(value, str):
        return None
    found = [imdb_number(part.strip()) for part in value.split(",")]
    whole = tuple(one for one in found if one is not None)
    return whole if len(whole) == len(found) else None
