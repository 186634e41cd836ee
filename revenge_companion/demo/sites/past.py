"""Years of made-up listening and watching, the same at every run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from revenge_companion.demo.library import LIBRARY
from revenge_companion.demo.sites.titles import Title, Titles

_ARTISTS = 240
_TRACKS = 12
#: Seconds from one play to the next; now and then two share a second, as imported ones do.
_APART_S = 1_700
_SHARED = 40
_FILMS = 900
_SHOWS = 60
_EPISODES = _SHOWS * 48


@dataclass(frozen=True, slots=True)
class PastPlay:
    """One track that was heard long before the demo began."""

    #: Unix seconds.
    at_s: int
    artist: str
    title: str
    album: str


def past_plays(count: int, before_s: int) -> Iterator[PastPlay]:
    """`count` plays, the newest first, all before the Unix second `before_s`."""
    at_s = before_s
    for number in range(count):
        if number % _SHARED or not number:
            at_s -= _APART_S
        # Steps without a common divisor, so that neighbours differ and all of them come up.
        track = number * 7919 % (_ARTISTS * _TRACKS)
        artist, place = divmod(track, _TRACKS)
        yield PastPlay(
            at_s,
            f"Past Artist {artist + 1}",
            f"Past Song {artist + 1}.{place + 1}",
            f"Past Album {artist + 1}",
        )


def past_titles(titles: Titles, most: int) -> list[Title]:
    """Up to `most` of some thousand films and episodes; every third the demo's server has."""
    own = [titles.of_item(item) for item in LIBRARY.items() if item.kind.is_video]
    found: list[Title] = []
    for number, title in enumerate(_made(titles)):
        if len(found) >= most:
            break
        found.append(title)
        if number % 2:
            found.append(own[number // 2 % len(own)])
    return found[:most]


def _made(titles: Titles) -> Iterator[Title]:
    for number in range(_FILMS):
        film: dict[str, Any] = {"title": f"Past Film {number + 1}", "year": 1960 + number % 60}
        film["ids"] = {"tmdb": 8_000_000 + number}
        yield from (title for title, _ in titles.of_history("movies", film))
        for episode in range(number * _EPISODES // _FILMS, (number + 1) * _EPISODES // _FILMS):
            yield from _past_episode(titles, episode)


def _past_episode(titles: Titles, number: int) -> list[Title]:
    place, show = divmod(number, _SHOWS)
    season, episode = divmod(place, 12)
    sent = {
        "title": f"Past Series {show + 1}",
        "year": 2010,
        "ids": {"tvdb": 6_000_000 + show},
        "seasons": [{"number": season + 1, "episodes": [{"number": episode + 1}]}],
    }
    return [title for title, _ in titles.of_history("shows", sent)]
