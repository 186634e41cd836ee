"""From TV numbering to anime lists: which list entry an episode or film is, and its number there.

TVDB files several cours under one season; AniList and MyAnimeList have an entry for each. The map
(Kometa's Anime-IDs) names, per AniDB entry, the TVDB season and the number of episodes before it.
The user's own rows win over the map. What cannot be told is a `NoMatch` with its reason: a wrong
entry on somebody's list is worse than none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from revenge_companion.core.animeindex import ABSOLUTE, AnimeIndex, Entry, imdb_number
from revenge_companion.core.media import Ids, Item, Kind


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
    entries = series_entries(series.ids, index)
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


def series_entries(ids: Ids, index: AnimeIndex) -> list[Entry]:
    """Every entry of a series that has a TVDB id, or an IMDb id that is one series' only."""
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
