"""From TV numbering to anime lists: which list entry an episode or film is, and its number there.

TVDB files several cours under one season; AniList and MyAnimeList have an entry for each. The map
(Kometa's Anime-IDs) names, per AniDB entry, the TVDB season and the number of episodes before it.
The user's own rows win over the map. What cannot be told is a `NoMatch` with its reason: a wrong
entry on somebody's list is worse than none.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from revenge_companion.core.media import Ids, Item, Kind

#: The season that means "numbered through all seasons".
ABSOLUTE = -1
#: A map with fewer usable entries than this is not the map (the real one has over ten thousand).
FEWEST_ENTRIES = 3
_HIGHEST_ID = 2**31 - 1
_MOST_EPISODES = 5000
_STRIDE = 5


class Miss(StrEnum):
    """Why an item has no entry."""

    NOT_ANIME = "not_anime"
    #: Nothing the map could be asked by.
    NO_ID = "no_id"
    NO_NUMBER = "no_number"
    NO_SEASON = "no_season"
    #: The map numbers through all seasons and the item does not.
    ABSOLUTE = "absolute"
    SPECIAL = "special"
    AMBIGUOUS = "ambiguous"
    #: The entry is on no list the map knows.
    NO_ENTRY = "no_entry"
    #: The user said so.
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class MapState:
    """The copy of the map on this computer."""

    #: Bytes; 0 where there is none yet.
    size_bytes: int = 0
    #: Aware UTC time it was last known to be the newest; None where unknown.
    fetched_at: datetime | None = None
    #: Entries that a film or episode can be looked up in.
    entries: int = 0

    @property
    def missing(self) -> bool:
        return self.size_bytes == 0


@dataclass(frozen=True, slots=True)
class NoMatch:
    """No entry, why, and a sentence that says so."""

    miss: Miss
    detail: str


@dataclass(frozen=True, slots=True)
class Match:
    """The list entry of an item and the episode's number in it, from 1."""

    anilist: int | None
    #: One id, none, or several where the map cannot tell them apart.
    mals: tuple[int, ...]
    episode: int
    anidb: int | None = None
    #: Found among specials: only sure where the entry is known to have this episode.
    special: bool = False
    film: bool = False
    by_hand: bool = False

    @property
    def mal(self) -> int | None:
        """The MyAnimeList id; None where there is none or several."""
        return self.mals[0] if len(self.mals) == 1 else None


@dataclass(frozen=True, slots=True)
class Override:
    """The user's own row: these episodes of a series (or a film) are that entry."""

    #: One of `keys_of` the item, such as "tvdb:305089".
    key: str
    #: None for a film, or for every season.
    season: int | None = None
    first: int = 1
    #: None for "and all that follow".
    last: int | None = None
    anilist: int | None = None
    #: Both ids None: leave these episodes out.
    mal: int | None = None
    #: Episodes before the entry: its number is the item's minus this.
    offset: int = 0
    #: What the series or film is called, for people; it decides nothing.
    title: str = ""

    def covers(self, season: int | None, number: int) -> bool:
        """Whether episode `number` of `season` is in this row's range."""
        if self.season is not None and self.season != season:
            return False
        return self.first <= number and (self.last is None or number <= self.last)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An anime that a list's search found, for the user to choose for an `Override`."""

    title: str
    anilist: int | None = None
    mal: int | None = None
    year: int | None = None
    #: None where unknown.
    episodes: int | None = None
    #: The list's own word, such as "TV" or "MOVIE"; may be empty.
    format: str = ""


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
            self._rest.extend((row.season, row.offset, row.anidb, row.anilist or 0, mal))
            if len(row.mals) > 1:
                self._mals[number] = row.mals
            if len(row.imdbs) > 1:
                self._imdbs[number] = row.imdbs
            imdb += ((one, number) for one in row.imdbs)
        imdb.sort()
        self._imdb = array("i", (one for one, _ in imdb))
        self._imdb_rows = array("i", (number for _, number in imdb))

    def __len__(self) -> int:
        return len(self._tvdb)

    def __iter__(self) -> Iterator[Entry]:
        return (self._entry(number) for number in range(len(self)))

    @property
    def nbytes(self) -> int:
        """Bytes the columns take."""
        columns = (self._tvdb, self._rest, self._imdb, self._imdb_rows)
        return sum(column.itemsize * len(column) for column in columns)

    def of_series(self, tvdb: int) -> list[Entry]:
        """Every entry of a TVDB series, by season and offset."""
        first, last = bisect_left(self._tvdb, tvdb), bisect_right(self._tvdb, tvdb)
        return [self._entry(number) for number in range(first, last)] if tvdb else []

    def of_imdb(self, imdb: str | None) -> list[Entry]:
        """Every entry that names an IMDb id such as "tt0158644"."""
        one = imdb_number(imdb)
        if one is None:
            return []
        first, last = bisect_left(self._imdb, one), bisect_right(self._imdb, one)
        return [self._entry(number) for number in self._imdb_rows[first:last]]

    def _entry(self, number: int) -> Entry:
        at = number * _STRIDE
        season, offset, anidb, anilist, mal = self._rest[at : at + _STRIDE]
        mals = self._mals.get(number, (mal,) if mal else ())
        imdbs = self._imdbs.get(number, ())
        return Entry(anidb, self._tvdb[number], season, offset, anilist or None, mals, imdbs)


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


def keys_of(item: Item) -> tuple[str, ...]:
    """The names by which `Override` rows call a film or an episode's series, surest first.

    TMDB numbers films and series apart, so its keys say which.
    """
    if item.kind is Kind.MOVIE:
        return _keys(item.ids, "movie")
    return _keys(item.series.ids, "tv") if item.series is not None else ()


def resolve(item: Item, index: AnimeIndex, overrides: Sequence[Override] = ()) -> Match | NoMatch:
    """The list entry of a film or an episode. Of several fitting overrides the last wins."""
    number = 1 if item.kind is Kind.MOVIE else item.episode_number
    own = _by_hand(item, number, overrides)
    if own is not None:
        return own
    match item.kind:
        case Kind.MOVIE:
            return _film(item, index)
        case Kind.EPISODE:
            return _episode(item, index)
    return NoMatch(Miss.NOT_ANIME, "Only films and episodes can be anime.")


def imdb_number(text: object) -> int | None:
    """The number in an IMDb id such as "tt0158644"; None for anything else."""
    if not isinstance(text, str) or not text.startswith("tt"):
        return None
    digits = text[2:]
    if not _is_digits(digits):
        return None
    number = int(digits)
    return number if 0 < number <= _HIGHEST_ID else None


def _by_hand(
    item: Item, number: int | None, overrides: Sequence[Override]
) -> Match | NoMatch | None:
    keys = keys_of(item)
    season = None if item.kind is Kind.MOVIE else item.season_number
    for row in reversed(overrides):
        if row.key not in keys or number is None or not row.covers(season, number):
            continue
        if row.anilist is None and row.mal is None:
            return NoMatch(Miss.LEFT_OUT, "You left this out of your anime lists.")
        if number - row.offset < 1:
            continue
        mals = (row.mal,) if row.mal is not None else ()
        film = item.kind is Kind.MOVIE
        return Match(row.anilist, mals, number - row.offset, film=film, by_hand=True)
    return None


def _film(item: Item, index: AnimeIndex) -> Match | NoMatch:
    if imdb_number(item.ids.imdb) is None:
        return NoMatch(
            Miss.NO_ID, "The film has no IMDb id, so the anime map cannot tell whether it is anime."
        )
    entries = index.of_imdb(item.ids.imdb)
    if not entries:
        return NoMatch(Miss.NOT_ANIME, "The film is not in the anime map.")
    return _one(entries, 1, film=True)


def _episode(item: Item, index: AnimeIndex) -> Match | NoMatch:
    series, season, number = item.series, item.season_number, item.episode_number
    if series is None or not (series.ids.tvdb or series.ids.imdb):
        return NoMatch(
            Miss.NO_ID,
            "The series has no TVDB id, so the anime map cannot tell whether it is anime.",
        )
    entries = _of_series(series.ids, index)
    if not entries:
        if not series.ids.tvdb:
            return NoMatch(Miss.NO_ID, "The series has no TVDB id, and the anime map needs one.")
        return NoMatch(Miss.NOT_ANIME, "The series is not in the anime map.")
    if season is None or number is None or number < 1:
        return NoMatch(Miss.NO_NUMBER, "The episode has no season or no number.")
    if season == 0:
        return _special(item, number, entries, index)
    numbered = [entry for entry in entries if entry.season == season and entry.offset < number]
    # The first season is where absolute numbering and numbering by season agree.
    if not numbered and season in (1, ABSOLUTE):
        numbered = [e for e in entries if e.season == ABSOLUTE and e.offset < number]
    if numbered:
        offset = max(entry.offset for entry in numbered)
        return _one([e for e in numbered if e.offset == offset], number - offset)
    if any(entry.season == ABSOLUTE for entry in entries):
        return NoMatch(
            Miss.ABSOLUTE,
            "The anime map counts this series through all seasons, and how many episodes came "
            f"before season {season} is not known.",
        )
    return NoMatch(Miss.NO_SEASON, f"The anime map has no season {season} of this series.")


def _special(item: Item, number: int, entries: list[Entry], index: AnimeIndex) -> Match | NoMatch:
    """Specials that are entries of their own: named by their own IMDb id, or placed by an offset.

    An offset of 0 says nothing there: the map has it for every special it does not place.
    """
    named = index.of_imdb(item.ids.imdb)
    if named:
        return _one(named, 1, special=True)
    placed = [e for e in entries if e.season == 0 and 0 < e.offset < number]
    if not placed:
        return NoMatch(Miss.SPECIAL, "The anime map does not place this special.")
    offset = max(entry.offset for entry in placed)
    return _one([e for e in placed if e.offset == offset], number - offset, special=True)


def _of_series(ids: Ids, index: AnimeIndex) -> list[Entry]:
    if ids.tvdb:
        return index.of_series(ids.tvdb)
    # A film filed as a special has an IMDb id too, which is not the series'.
    named = [entry for entry in index.of_imdb(ids.imdb) if entry.tvdb and entry.season != 0]
    return index.of_series(named[0].tvdb) if len({entry.tvdb for entry in named}) == 1 else []


def _one(
    entries: Sequence[Entry], episode: int, *, special: bool = False, film: bool = False
) -> Match | NoMatch:
    """The match of entries that lie at the same place: those on a list, if they are one."""
    listed = {(e.anilist, e.mals): e for e in entries if e.anilist is not None or e.mals}
    if not listed:
        return NoMatch(Miss.NO_ENTRY, "The anime map knows no list that has this.")
    if len(listed) > 1:
        names = ", ".join(f"AniDB {entry.anidb}" for entry in listed.values())
        return NoMatch(Miss.AMBIGUOUS, f"The anime map has several entries for it: {names}.")
    (entry,) = listed.values()
    if (film or special) and len(entry.imdbs) > 1 and episode == 1:
        return NoMatch(
            Miss.AMBIGUOUS, f"It is one part of AniDB {entry.anidb}; the map does not say which."
        )
    return Match(entry.anilist, entry.mals, episode, entry.anidb, special=special, film=film)


def _keys(ids: Ids, tmdb_kind: str) -> tuple[str, ...]:
    keys = []
    if ids.tvdb:
        keys.append(f"tvdb:{ids.tvdb}" if tmdb_kind == "tv" else f"tvdb_movie:{ids.tvdb}")
    if ids.tmdb:
        keys.append(f"tmdb_{tmdb_kind}:{ids.tmdb}")
    if ids.imdb:
        keys.append(f"imdb:{ids.imdb}")
    return tuple(keys)


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
