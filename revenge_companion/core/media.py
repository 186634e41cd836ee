"""Items: a film, an episode, a track, a podcast episode or an audiobook in Revenge."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What an item is, in the words of the playback protocol."""

    MOVIE = "movie"
    EPISODE = "episode"
    TRACK = "track"
    PODCAST = "podcast_episode"
    AUDIOBOOK = "audiobook"

    @property
    def is_video(self) -> bool:
        return self in (Kind.MOVIE, Kind.EPISODE)


@dataclass(frozen=True, slots=True)
class Ids:
    """External ids of a film, a series or an episode; None where unknown."""

    tmdb: int | None = None
    imdb: str | None = None
    tvdb: int | None = None

    def any(self) -> bool:
        return self.tmdb is not None or self.imdb is not None or self.tvdb is not None


@dataclass(frozen=True, slots=True)
class MusicIds:
    """MusicBrainz ids. A recording is not a track: Last.fm wants the track, ListenBrainz both."""

    recording_mbid: str | None = None
    track_mbid: str | None = None
    release_mbid: str | None = None
    artist_mbids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """The series an episode belongs to."""

    title: str
    year: int | None = None
    ids: Ids = Ids()


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that can be played, as the server described it when it was played."""

    kind: Kind
    media_id: str
    title: str
    year: int | None = None
    ids: Ids = Ids()
    #: Runtime in seconds; None where unknown (the wire's 0 or absence).
    duration_s: float | None = None
    series: Series | None = None
    season_number: int | None = None
    episode_number: int | None = None
    #: Last episode in a file that holds several; None for one.
    episode_number_end: int | None = None
    artist: str | None = None
    artists: tuple[str, ...] = ()
    album: str | None = None
    album_artist: str | None = None
    track_number: int | None = None
    music_ids: MusicIds = MusicIds()
    #: The podcast's own title.
    show: str | None = None
    library_id: str | None = None

    @property
    def episode_numbers(self) -> tuple[int | None, ...]:
        """Every episode the file holds, in order; `(None,)` for what is not numbered.

        A range wider than 50 is taken for one episode: it is a numbering mistake, not a file.
        """
        first, last = self.episode_number, self.episode_number_end
        if self.kind is not Kind.EPISODE or first is None:
            return (first,)
        if last is None or last <= first or last - first > 49:
            return (first,)
        return tuple(range(first, last + 1))

    @property
    def label(self) -> str:
        """How people write it: "Severance S02E03", "Low - Words", "Dune: Part Two (2024)"."""
        if self.kind is Kind.EPISODE and self.series is not None:
            if self.season_number is not None and self.episode_number is not None:
                label = f"{self.series.title} S{self.season_number:02}E{self.episode_number:02}"
                if len(self.episode_numbers) > 1:
                    label += f"-E{self.episode_numbers[-1]:02}"
                return label
            return f"{self.series.title} \N{EN DASH} {self.title}"
        if self.kind is Kind.TRACK and self.artist:
            return f"{self.artist} \N{EN DASH} {self.title}"
        if self.kind is Kind.PODCAST and self.show:
            return f"{self.show} \N{EN DASH} {self.title}"
        return f"{self.title} ({self.year})" if self.year else self.title


def episode_order(season: int | None, episode: int | None) -> tuple[bool, int, int]:
    """Orders episodes season by season; specials, which are season 0, come last."""
    season = season or 0
    return season == 0, season, episode or 0


def item_to_dict(item: Item) -> dict[str, Any]:
    """`item` as plain JSON values, for the database; `item_from_dict` reads it back."""
    return {key: value for key, value in asdict(item).items() if value not in (None, (), [])}


def item_from_dict(data: Mapping[str, Any]) -> Item:
    """The item `item_to_dict` wrote. Raises KeyError, ValueError or TypeError on other data."""
    values = dict(data)
    values["kind"] = Kind(values["kind"])
    values["ids"] = Ids(**values.get("ids", {}))
    music = dict(values.get("music_ids", {}))
    music["artist_mbids"] = tuple(music.get("artist_mbids", ()))
    values["music_ids"] = MusicIds(**music)
    values["artists"] = tuple(values.get("artists", ()))
    if values.get("series") is not None:
        series = dict(values["series"])
        series["ids"] = Ids(**series.get("ids", {}))
        values["series"] = Series(**series)
    return Item(**values)
