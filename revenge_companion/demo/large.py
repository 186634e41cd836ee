"""A library as big as wanted, of films and series that do not exist."""

from revenge_companion.core.media import Ids, Item, Kind, Series
from revenge_companion.demo.library import (
    MOVIES_LIBRARY,
    TV_LIBRARY,
    Library,
    Show,
    demo_id,
)

_ADJECTIVES = ("Quiet", "Amber", "Northern", "Paper", "Salt", "Hollow", "Second", "Borrowed")
_NOUNS = ("Harbour", "Clock", "Orchard", "Winter", "Signal", "Cartographer", "Bridge", "Lantern")
#: Where the ids of what does not exist begin.
_FIRST_ID = 9_000_000


def large_library(films: int = 2000, shows: int = 500, episodes: int = 20) -> Library:
    """`films` films and `shows` series of `episodes` episodes each, in seasons of ten.

    Each series has one special. Every external id is its own.
    """
    return Library(
        tuple(_film(number) for number in range(films)),
        tuple(_show(number, episodes) for number in range(shows)),
        (),
    )


def _title(number: int) -> str:
    adjective = _ADJECTIVES[number % len(_ADJECTIVES)]
    noun = _NOUNS[number // len(_ADJECTIVES) % len(_NOUNS)]
    return f"The {adjective} {noun} {number}"


def _film(number: int) -> Item:
    return Item(
        Kind.MOVIE,
        demo_id(f"large/film/{number}"),
        _title(number),
        year=1920 + number % 100,
        ids=Ids(tmdb=_FIRST_ID + number, imdb=f"tt{_FIRST_ID + number}"),
        duration_s=60.0 * (75 + number % 80),
        library_id=MOVIES_LIBRARY,
    )


def _show(number: int, episodes: int) -> Show:
    ids = Ids(tmdb=_FIRST_ID + number, imdb=f"tt8{_FIRST_ID + number}", tvdb=_FIRST_ID + number)
    series = Series(f"{_title(number)} (Series)", 1990 + number % 35, ids)
    places = [(0, 1), *((at // 10 + 1, at % 10 + 1) for at in range(episodes))]
    return Show(
        demo_id(f"large/show/{number}"),
        series,
        tuple(
            Item(
                Kind.EPISODE,
                demo_id(f"large/show/{number}/{season}/{episode}"),
                f"Part {episode}",
                ids=Ids(tvdb=_FIRST_ID + number * 1000 + at),
                duration_s=1500.0,
                series=series,
                season_number=season,
                episode_number=episode,
                library_id=TV_LIBRARY,
            )
            for at, (season, episode) in enumerate(places)
        ),
    )
