"""The library: what a user watched, heard, read, rated and wants to, as each source says it.

An `Entry` is one line of one source (an account, a file, the Revenge server, this program) about
one `Subject`. Entries are never changed by merging; what several sources say of the same thing is
put together by `core.merging`.

Each profile has a library of its own: what one says of a thing is never merged with what another
says, shown to them, or sent to their accounts.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from revenge_companion.core.media import Ids, Item, Kind, MusicIds, Series
from revenge_companion.core.profiles import FIRST

#: The source of what this program counted itself, and of what the server keeps.
OWN, REVENGE = "companion", "revenge"
_OF = "@"
#: The longest text of a source that is kept, in characters: a review, a list's name.
NOTE_LIMIT = 20_000
NAME_LIMIT = 500


def source_for(name: str, profile: int) -> str:
    """A source that every profile has one of (this program, the server, a kind of file).

    An account is one profile's, and has its name as it is.
    """
    return name if profile == FIRST or ":" in name else f"{name}{_OF}{profile}"


def source_parts(source: str) -> tuple[str, int]:
    """The name that was given to `source_for`, and the profile; of an account's it says nothing."""
    name, _, number = source.partition(_OF)
    return (name, int(number)) if number.isdecimal() else (source, FIRST)


class Facet(StrEnum):
    """What of a source can be read; the words that `import` takes."""

    HISTORY = "history"
    RATINGS = "ratings"
    WATCHLIST = "watchlist"
    COLLECTION = "collection"
    LOVED = "loved"
    LISTS = "lists"


class SubjectKind(StrEnum):
    """What an entry is about. Unlike an `Item`, it need not be something that can be played."""

    MOVIE = "movie"
    SHOW = "show"
    SEASON = "season"
    EPISODE = "episode"
    TRACK = "track"
    ALBUM = "album"
    PODCAST = "podcast_episode"
    BOOK = "book"


class Precision(StrEnum):
    """How exactly a source says when something was."""

    SECOND = "second"
    MINUTE = "minute"
    #: Only the day is known: `Entry.at` is noon UTC of that day as the user wrote it, which is the
    #: same day in every zone from -12 to +11 h; it is shown without a time and never shifted.
    DAY = "day"
    #: Not known at all: `Entry.at` is None.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Subject:
    """What an entry is about, with every id its source gave."""

    kind: SubjectKind
    #: Its own title; an episode's may be empty.
    title: str
    year: int | None = None
    #: Its own ids. A show's ids stand in `series` for seasons and episodes, never here.
    ids: Ids = Ids()
    #: The show of a season or an episode.
    series: Series | None = None
    season_number: int | None = None
    episode_number: int | None = None
    artist: str = ""
    album: str = ""
    music_ids: MusicIds = MusicIds()
    #: Of a book.
    authors: tuple[str, ...] = ()
    #: Other ids as (namespace, id), sorted: "trakt", "simkl", "anilist", "mal", "isbn" (13 digits),
    #: "goodreads", "hardcover", "letterboxd".
    refs: tuple[tuple[str, str], ...] = ()
    duration_s: float | None = None
    #: Revenge's id, where the source is the server or a match was found.
    media_id: str = ""

    @property
    def label(self) -> str:
        """How people write it: "Dune (2021)", "Severance S02E03", "Low - Words"."""
        match self.kind:
            case SubjectKind.EPISODE | SubjectKind.SEASON:
                show = self.series.title if self.series is not None else ""
                number = "" if self.season_number is None else f"S{self.season_number:02}"
                if self.kind is SubjectKind.EPISODE and self.episode_number is not None:
                    number += f"E{self.episode_number:02}"
                return " ".join(part for part in (show, number or self.title) if part)
            case SubjectKind.TRACK | SubjectKind.ALBUM if self.artist:
                return f"{self.artist} \N{EN DASH} {self.title}"
            case SubjectKind.BOOK if self.authors:
                return f"{self.authors[0]} \N{EN DASH} {self.title}"
        return f"{self.title} ({self.year})" if self.year else self.title


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of one source."""

    facet: Facet
    subject: Subject
    #: The source's own identity of the line: reading it again gives the same, another line another.
    #: Unique within one source and facet.
    line: str
    #: Aware UTC: when it was watched, rated, listed or loved.
    at: datetime | None = None
    precision: Precision = Precision.SECOND
    #: HISTORY without a date: how many plays the line stands for.
    plays: int = 1
    #: RATINGS: 1 to 100. Services' 1-10 stand ten to the step (core.ratings).
    rating: int | None = None
    #: RATINGS: how many steps the source's scale has (core.ratings.Scale).
    steps: int = 10
    #: LOVED: True for loved, False for hated.
    loved: bool = True
    #: LISTS: the name of the list.
    list_name: str = ""
    #: A review or a note, plain text.
    note: str = ""
    #: Taken back by the user at its source. HISTORY: the play of `at` was removed there, which says
    #: nothing of what others know. Else: at `at`, and what was said before does not hold any more.
    removed: bool = False
    #: Why, a code of `core.reasons`, should the server have no such item and the source know more
    #: of that; for the preview of the import that brings the line, and not kept with it.
    reason: str = ""


_ITEM_KINDS = {
    Kind.MOVIE: SubjectKind.MOVIE,
    Kind.EPISODE: SubjectKind.EPISODE,
    Kind.TRACK: SubjectKind.TRACK,
    Kind.PODCAST: SubjectKind.PODCAST,
    Kind.AUDIOBOOK: SubjectKind.BOOK,
}
_SUBJECT_KINDS = {subject: item for item, subject in _ITEM_KINDS.items()} | {
    SubjectKind.SHOW: Kind.EPISODE,
    SubjectKind.SEASON: Kind.EPISODE,
    SubjectKind.ALBUM: Kind.TRACK,
}


def subject_of(item: Item) -> Subject:
    """What a played item is in the library."""
    author = item.artist or item.album_artist
    book = item.kind is Kind.AUDIOBOOK
    return Subject(
        kind=_ITEM_KINDS[item.kind],
        title=item.title,
        year=item.year,
        ids=item.ids,
        series=item.series or (Series(item.show) if item.show else None),
        season_number=item.season_number,
        episode_number=item.episode_number,
        artist="" if book else item.artist or "",
        album=item.album or "",
        music_ids=item.music_ids,
        authors=(author,) if book and author else (),
        duration_s=item.duration_s,
        media_id=item.media_id,
    )


def item_of(subject: Subject) -> Item:
    """`subject` as an item, for deliveries; a show or season is an episode without a number."""
    podcast = subject.kind is SubjectKind.PODCAST
    return Item(
        kind=_SUBJECT_KINDS[subject.kind],
        media_id=subject.media_id,
        title=subject.title,
        year=subject.year,
        ids=subject.ids,
        duration_s=subject.duration_s,
        series=None if podcast else subject.series,
        season_number=subject.season_number,
        episode_number=subject.episode_number,
        artist=subject.artist or (subject.authors[0] if subject.authors else None),
        album=subject.album or None,
        music_ids=subject.music_ids,
        show=subject.series.title if podcast and subject.series is not None else None,
    )


def keys(subject: Subject) -> tuple[str, ...]:
    """Every external identity of `subject`, the surest first: TMDb, IMDb, TVDB, then the others.

    Two subjects that share a key are the same thing. Empty where no source gave an id: a title is
    never an identity, but for music, which services know by artist and title alone.

    An episode is also known by its show's ids and its numbers; specials (season 0) are, too.
    """
    kind = subject.kind
    # Long imports ask for every line.
    found = _own_keys(str(kind), subject.ids)
    if subject.refs:
        found += [f"{kind}/{name}:{value}" for name, value in subject.refs]
    if kind is SubjectKind.EPISODE or kind is SubjectKind.SEASON:
        place = "" if subject.series is None else _place(subject)
        if place and subject.series is not None:
            found += [key + place for key in _own_keys(f"{kind}/show", subject.series.ids)]
    elif kind is SubjectKind.TRACK or kind is SubjectKind.ALBUM:
        if subject.music_ids.recording_mbid and kind is SubjectKind.TRACK:
            found.append(f"track/recording:{subject.music_ids.recording_mbid.lower()}")
        if subject.artist and subject.title:
            name = f"{_folded(subject.artist)}\t{_folded(subject.title)}"
            found.append(f"{kind}/name:{name}")
    return tuple(dict.fromkeys(found))


def _own_keys(what: str, ids: Ids) -> list[str]:
    found = []
    if ids.tmdb:
        found.append(f"{what}/tmdb:{ids.tmdb}")
    if ids.imdb:
        found.append(f"{what}/imdb:{ids.imdb.lower()}")
    if ids.tvdb:
        found.append(f"{what}/tvdb:{ids.tvdb}")
    return found


def _place(subject: Subject) -> str:
    if subject.season_number is None:
        return ""
    if subject.kind is SubjectKind.SEASON:
        return f"/{subject.season_number}"
    return (
        ""
        if subject.episode_number is None
        else (f"/{subject.season_number}/{subject.episode_number}")
    )


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
