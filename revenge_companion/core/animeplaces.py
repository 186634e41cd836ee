"""From anime lists to TV numbering, and back for what is no episode: shows, seasons and films.

The way from an entry of a list to episodes is that of `core.animemap` backwards, and believed only
where the way forward leads to the same entry again: the map says where an entry begins and not
where it ends, so that an episode behind its end would be another entry's. What cannot be told keeps
the list's own id, and says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from revenge_companion.core.animeindex import ABSOLUTE, AnimeIndex, Entry
from revenge_companion.core.animemap import (
    Match,
    Miss,
    NoMatch,
    Override,
    keys_of,
    resolve,
    series_entries,
)
from revenge_companion.core.library import Subject, SubjectKind, item_of
from revenge_companion.core.media import Ids, Item, Kind, Series
from revenge_companion.core.reasons import Reason

#: What `Subject.refs` calls the ids of the lists.
ANILIST, MAL = "anilist", "mal"


@dataclass(frozen=True, slots=True)
class Listed:
    """An anime as a list describes it. One of the ids at least is not None."""

    anilist: int | None
    mal: int | None
    title: str
    year: int | None = None
    #: None where unknown.
    episodes: int | None = None
    #: The list calls it a film.
    film: bool = False

    @property
    def is_film(self) -> bool:
        return self.film and self.episodes in (None, 1)

    @property
    def total(self) -> int | None:
        """Episodes there are, one for a film; None where unknown."""
        return 1 if self.is_film else self.episodes

    def is_entry(self, anilist: int | None, mal: int | None) -> bool:
        """Whether these ids are this anime's; AniList's decides where both have one."""
        if self.anilist is not None and anilist is not None:
            return self.anilist == anilist
        return mal is not None and self.mal == mal


@dataclass(frozen=True, slots=True)
class Placed:
    """What something on a list is about."""

    subject: Subject
    #: Why, where the server has no such item; None where nothing is to be said but that.
    reason: Reason | None = None


class Places:
    """Answers for one state of the map, None where there is none, and of the user's own rows."""

    def __init__(self, index: AnimeIndex | None, overrides: Sequence[Override] = ()) -> None:
        self._missing = index is None
        self._index = AnimeIndex(()) if index is None else index
        self._overrides = overrides

    def episode(self, anime: Listed, number: int) -> Placed:
        """Episode `number` (from 1) of an entry; of a film, the film."""
        own, rows = self._own(anime), self._rows(anime)
        said = [_by_hand(row, anime, number) for row in own]
        mapped = [_by_map(row, anime, number) for row in rows]
        found = self._led_back(said, anime, number) or self._led_back(mapped, anime, number)
        if len(found) != 1:
            return Placed(_bare(anime, number), self._unplaced)
        # It is S1E500 where a library numbers so, and else nothing at all.
        counted = not own and all(row.season == ABSOLUTE for row in rows)
        return Placed(_at(anime, number, found[0]), Reason.ANIME_ABSOLUTE if counted else None)

    def whole(self, anime: Listed, *, opens_show: bool = False) -> Placed:
        """All of an entry: a film, a show, a season, or what only the list tells apart.

        With `opens_show`, the entry that a show begins with is the show: who wants to watch the one
        wants to watch the other, although who rates the first season rates no other.
        """
        bare = _whole(anime)
        if anime.total == 1:
            one = self.episode(anime, 1)
            if anime.is_film or one.reason is None:
                return one
        own = self._own(anime)
        if own:
            return self._whole_by_hand(bare, anime, own)
        mine = [row for row in self._rows(anime) if row.tvdb and row.season != 0]
        if len({row.tvdb for row in mine}) != 1:
            return Placed(bare, self._unplaced)
        series = Ids(tvdb=mine[0].tvdb)
        every = [row for row in self._index.of_series(mine[0].tvdb) if row.season != 0]
        mended = [row for row in self._overrides if row.key == f"tvdb:{series.tvdb}"]
        if not mended and (len(mine) == len(every) or (opens_show and every[0] in mine)):
            return Placed(replace(bare, ids=series))
        season = mine[0].season
        alone = [row for row in every if row.season == season] == mine
        if not alone or season == ABSOLUTE or any(row.season in (None, season) for row in mended):
            return Placed(bare, Reason.ANIME_PART)
        return Placed(_season(bare, series, season))

    def entry_of(self, subject: Subject, *, first: bool = False) -> Match | NoMatch | None:
        """The list's entry of a film, show or season; None where that needs the map.

        A show or season of several entries is none of them; with `first`, it is the one it begins
        with.
        """
        known = _named(subject)
        if known is not None:
            return known
        if subject.kind is SubjectKind.MOVIE:
            found = resolve(item_of(subject), self._index, self._overrides)
        else:
            found = self._of_show(subject, first=first)
        needs_map = isinstance(found, NoMatch) and found.miss is not Miss.LEFT_OUT
        return None if self._missing and needs_map else found

    def _of_show(self, subject: Subject, *, first: bool) -> Match | NoMatch:
        series = subject.series
        if subject.kind is SubjectKind.SHOW:
            series = Series(subject.title, subject.year, subject.ids)
        if series is None:
            return NoMatch(Miss.NO_ID, "It does not say which series it is of.")
        season = subject.season_number
        begins = Item(
            Kind.EPISODE, "", "", series=series, season_number=season or 1, episode_number=1
        )
        # Wherever an entry may begin.
        rows = series_entries(series.ids, self._index)
        starts = {(season or 1, 1)} | {(row.season, row.offset + 1) for row in rows}
        keys = keys_of(begins)
        starts |= {
            (row.season or 1, max(row.first, row.offset + 1))
            for row in self._overrides
            if row.key in keys
        }
        opening = resolve(begins, self._index, self._overrides)
        if first:
            return opening
        if season is not None and {row.season for row in rows if row.season} == {ABSOLUTE}:
            return NoMatch(Miss.ABSOLUTE, "There it is one entry for all of its seasons.")
        found = [
            resolve(
                replace(begins, season_number=of, episode_number=number),
                self._index,
                self._overrides,
            )
            for of, number in sorted(starts)
            if of != 0 and number > 0 and (season is None or of == season)
        ]
        matches = {(one.anilist, one.mals): one for one in found if isinstance(one, Match)}
        unsure = [one for one in found if isinstance(one, NoMatch) and one.miss is Miss.AMBIGUOUS]
        if len(matches) == 1 and not unsure:
            return next(iter(matches.values()))
        if matches or unsure:
            parts = f"{len(matches)} entries" if len(matches) > 1 else "several entries"
            return NoMatch(Miss.AMBIGUOUS, f"It is {parts} there, and each stands for itself.")
        return opening

    def _whole_by_hand(self, bare: Subject, anime: Listed, own: Sequence[Override]) -> Placed:
        row, series = own[-1], _series_ids(own[-1].key)
        everything = row.first <= 1 and row.last is None and row.offset == 0
        item = _by_hand(row, anime, 1, any_season=1)
        if len(own) > 1 or series is None or not everything or not self._leads_back(item, anime, 1):
            return Placed(bare, Reason.ANIME_PART)
        if row.season is None:
            return Placed(replace(bare, ids=series))
        return Placed(_season(bare, series, row.season))

    def _rows(self, anime: Listed) -> list[Entry]:
        rows = self._index.of_list(anilist=anime.anilist, mal=anime.mal)
        # What AniList got after the map was made is known by its other id.
        return rows or self._index.of_list(mal=anime.mal)

    def _own(self, anime: Listed) -> list[Override]:
        return [row for row in self._overrides if anime.is_entry(row.anilist, row.mal)]

    def _led_back(self, items: Sequence[Item | None], anime: Listed, number: int) -> list[Item]:
        """Those of `items` that are this episode of this entry, each once."""
        known = dict.fromkeys(item for item in items if item is not None)
        return [item for item in known if self._leads_back(item, anime, number)]

    def _leads_back(self, item: Item | None, anime: Listed, number: int) -> bool:
        if item is None:
            return False
        found = resolve(item, self._index, self._overrides)
        return (
            isinstance(found, Match)
            and found.episode == number
            and anime.is_entry(found.anilist, found.mal)
        )

    @property
    def _unplaced(self) -> Reason:
        return Reason.ANIME_MAP_MISSING if self._missing else Reason.ANIME_UNPLACED


def _named(subject: Subject) -> Match | None:
    """The entry a list's own ids in `subject` name."""
    refs = dict(subject.refs)
    anilist, mal = (_number(refs.get(name)) for name in (ANILIST, MAL))
    if anilist is None and mal is None:
        return None
    mals = () if mal is None else (mal,)
    return Match(anilist, mals, 1, film=subject.kind is SubjectKind.MOVIE, by_hand=True)


def _number(text: str | None) -> int | None:
    # An episode's is "21355/3".
    known = text is not None and text.isascii() and text.isdigit() and len(text) < 11
    return int(text) if known and text is not None else None


def _by_hand(
    row: Override, anime: Listed, number: int, *, any_season: int | None = None
) -> Item | None:
    """What the user said that is this episode; `any_season` stands for a row's every season."""
    place = number + row.offset
    if anime.is_film:
        ids = _film_ids(row.key)
        return None if ids is None else Item(Kind.MOVIE, "", anime.title, ids=ids)
    season = row.season if row.season is not None else any_season
    ids = _series_ids(row.key)
    if ids is None or season is None or not row.covers(season, place):
        return None
    series = Series(anime.title, None, ids)
    return Item(Kind.EPISODE, "", "", series=series, season_number=season, episode_number=place)


def _by_map(row: Entry, anime: Listed, number: int) -> Item | None:
    """What the map's row says that is this episode."""
    imdb = Ids(imdb=f"tt{row.imdbs[0]:07}") if len(row.imdbs) == 1 else None
    single = anime.total == 1
    if single and imdb is not None and (anime.is_film or not row.tvdb):
        return Item(Kind.MOVIE, "", anime.title, ids=imdb)
    if not row.tvdb:
        return None
    series = Series(anime.title, anime.year if _opens(row) else None, Ids(tvdb=row.tvdb))
    item = Item(Kind.EPISODE, "", "", series=series, season_number=row.season, episode_number=1)
    if row.season == 0 and row.offset <= 0:
        # The map does not place it among the specials, but may know it by its own id.
        return replace(item, ids=imdb) if single and imdb is not None else None
    # The first season is where counting through all of them and counting by season agree.
    season = 1 if row.season == ABSOLUTE else row.season
    return replace(item, season_number=season, episode_number=number + row.offset)


def _opens(row: Entry) -> bool:
    """Whether an entry is where its series begins, so that their years are the same."""
    return row.season in (1, ABSOLUTE) and row.offset == 0


def _at(anime: Listed, number: int, item: Item) -> Subject:
    """The episode or film that `item` is, with the list's own ids."""
    if item.kind is Kind.MOVIE:
        return replace(_whole(anime), kind=SubjectKind.MOVIE, ids=item.ids)
    return Subject(
        SubjectKind.EPISODE,
        "",
        ids=item.ids,
        series=item.series,
        season_number=item.season_number,
        # A special that is known by its own id may have any number.
        episode_number=None if item.ids.any() else item.episode_number,
        refs=_episode_refs(anime, number),
    )


def _bare(anime: Listed, number: int) -> Subject:
    """An episode by what the list says alone."""
    if anime.is_film:
        return _whole(anime)
    series = Series(anime.title, anime.year)
    refs = _episode_refs(anime, number)
    return Subject(SubjectKind.EPISODE, "", series=series, episode_number=number, refs=refs)


def _whole(anime: Listed) -> Subject:
    kind = SubjectKind.MOVIE if anime.is_film else SubjectKind.SHOW
    return Subject(kind, anime.title, anime.year, refs=_refs(anime))


def _season(bare: Subject, series: Ids, number: int) -> Subject:
    return replace(
        bare,
        kind=SubjectKind.SEASON,
        series=Series(bare.title, None, series),
        season_number=number,
    )


def _refs(anime: Listed) -> tuple[tuple[str, str], ...]:
    ids = ((ANILIST, anime.anilist), (MAL, anime.mal))
    return tuple((name, str(value)) for name, value in ids if value is not None)


def _episode_refs(anime: Listed, number: int) -> tuple[tuple[str, str], ...]:
    """The third episode of 21355 is "21355/3"."""
    return tuple((name, f"{value}/{number}") for name, value in _refs(anime))


def _series_ids(key: str) -> Ids | None:
    """The ids that an `Override.key` of a series holds."""
    return _ids_in(key, tmdb="tmdb_tv", tvdb="tvdb")


def _film_ids(key: str) -> Ids | None:
    return _ids_in(key, tmdb="tmdb_movie", tvdb="tvdb_movie")


def _ids_in(key: str, *, tmdb: str, tvdb: str) -> Ids | None:
    name, _, value = key.partition(":")
    if name == "imdb":
        return Ids(imdb=value) if value else None
    number = _number(value)
    if number is None or name not in (tmdb, tvdb):
        return None
    return Ids(tmdb=number) if name == tmdb else Ids(tvdb=number)
