"""What the embedded server holds: old films, and a series and albums that do not exist."""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from revenge_companion.core.media import Ids, Item, Kind, MusicIds, Series

_NAMESPACE = uuid5(NAMESPACE_URL, "https://revenge.example/demo")


def demo_id(name: str) -> str:
    """The UUID of a thing in the demo, the same in every run."""
    return str(uuid5(_NAMESPACE, name))


def _random_shaped(name: str) -> str:
    """A stable UUID that looks like MusicBrainz' own (version 4)."""
    return str(UUID(bytes=uuid5(_NAMESPACE, name).bytes, version=4))


MOVIES_LIBRARY = demo_id("library/movies")
TV_LIBRARY = demo_id("library/tv")
MUSIC_LIBRARY = demo_id("library/music")


@dataclass(frozen=True, slots=True)
class Show:
    """A series and its episodes in order."""

    id: str
    series: Series
    episodes: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Album:
    """An album and its tracks in order."""

    id: str
    title: str
    artist: str
    tracks: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Library:
    """Everything that can be played."""

    movies: tuple[Item, ...]
    shows: tuple[Show, ...]
    albums: tuple[Album, ...]

    def items(self) -> tuple[Item, ...]:
        """Every film, episode and track."""
        episodes = (episode for show in self.shows for episode in show.episodes)
        tracks = (track for album in self.albums for track in album.tracks)
        return (*self.movies, *episodes, *tracks)


class Catalogue:
    """What the server lists now; a scan may put another library in its place."""

    def __init__(self, library: Library) -> None:
        self.use(library)

    def use(self, library: Library) -> None:
        """List `library` and nothing else from now on."""
        self.library = library
        self.films = {movie.media_id: movie for movie in library.movies}
        self.shows = {show.id: show for show in library.shows}
        self.episodes = {
            episode.media_id: (show, episode) for show in library.shows for episode in show.episodes
        }


def _movie(title: str, year: int, minutes: int, imdb: str, tmdb: int) -> Item:
    return Item(
        Kind.MOVIE,
        demo_id(f"movie/{title}"),
        title,
        year=year,
        ids=Ids(tmdb=tmdb, imdb=imdb),
        duration_s=minutes * 60.0,
        library_id=MOVIES_LIBRARY,
    )


def _show(title: str, year: int, ids: Ids, minutes: int, *episodes: str) -> Show:
    series = Series(title, year, ids)
    assert ids.tvdb is not None
    assert ids.tmdb is not None
    return Show(
        demo_id(f"show/{title}"),
        series,
        tuple(
            Item(
                Kind.EPISODE,
                demo_id(f"show/{title}/{number}"),
                episode,
                year=year,
                ids=Ids(tmdb=ids.tmdb * 10 + number, tvdb=ids.tvdb * 10 + number),
                duration_s=minutes * 60.0,
                series=series,
                season_number=1,
                episode_number=number,
                library_id=TV_LIBRARY,
            )
            for number, episode in enumerate(episodes, 1)
        ),
    )


def _album(title: str, artist: str, year: int, *tracks: tuple[str, int]) -> Album:
    release = _random_shaped(f"release/{artist}/{title}")
    artist_mbid = _random_shaped(f"artist/{artist}")
    return Album(
        demo_id(f"album/{artist}/{title}"),
        title,
        artist,
        tuple(
            Item(
                Kind.TRACK,
                demo_id(f"track/{artist}/{title}/{number}"),
                track,
                year=year,
                duration_s=float(seconds),
                artist=artist,
                artists=(artist,),
                album=title,
                album_artist=artist,
                track_number=number,
                music_ids=MusicIds(
                    recording_mbid=_random_shaped(f"recording/{artist}/{title}/{number}"),
                    track_mbid=_random_shaped(f"track/{artist}/{title}/{number}"),
                    release_mbid=release,
                    artist_mbids=(artist_mbid,),
                ),
                library_id=MUSIC_LIBRARY,
            )
            for number, (track, seconds) in enumerate(tracks, 1)
        ),
    )


LIBRARY = Library(
    movies=(
        _movie("The Immigrant", 1917, 24, "tt0008133", 47653),
        _movie("One Week", 1920, 25, "tt0011541", 26388),
        _movie("A Trip to the Moon", 1902, 13, "tt0000417", 775),
        _movie("Sherlock Jr.", 1924, 45, "tt0015324", 992),
        _movie("Nosferatu", 1922, 94, "tt0013442", 653),
        _movie("The General", 1926, 79, "tt0017925", 961),
        _movie("The Cabinet of Dr. Caligari", 1920, 77, "tt0010323", 234),
    ),
    shows=(
        _show(
            "The Harbour Clock",
            2021,
            Ids(tmdb=990017, imdb="tt99900171", tvdb=990117),
            22,
            "Low Water",
            "The Keeper's Hour",
        ),
    ),
    albums=(
        _album(
            "Paper Lighthouses",
            "The Tin Cartographers",
            2019,
            ("Harbour Morning", 184),
            ("Folding Maps", 156),
            ("North by Kettle", 203),
            ("Salt on the Dial", 171),
            ("Lamps Out", 238),
        ),
        _album(
            "Night Trains and Other Weather",
            "Odile Farrow Quartet",
            2023,
            ("Platform Nine, Rain", 192),
            ("Sleeper Car", 218),
            ("Signal at Amber", 149),
            ("Left Luggage", 163),
            ("Last Stop, Snow", 227),
        ),
    ),
)
