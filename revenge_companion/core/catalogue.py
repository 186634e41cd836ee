"""What a media server has, as far as lines of other sources are matched with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from revenge_companion.core.library import Subject, SubjectKind


@dataclass(frozen=True, slots=True)
class ServerItem:
    """One film, show, season or episode of a server; `subject.media_id` is its id there."""

    subject: Subject
    #: Other names it goes by, such as the one in the user's language.
    other_titles: tuple[str, ...] = ()
    #: The show of a season or an episode, by its id at the server.
    series_id: str = ""
    #: Of a show: how many episodes the server says it has; None where it does not.
    episodes: int | None = None


class Coverage(StrEnum):
    """What of the server the index knows."""

    #: Nothing was walked to its end yet.
    NOTHING = "nothing"
    #: Films and shows; episodes of those shows that were asked about.
    TITLES = "titles"
    #: Every episode, too.
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class IndexState:
    """How the index stands, for people to see."""

    coverage: Coverage = Coverage.NOTHING
    films: int = 0
    shows: int = 0
    episodes: int = 0
    #: A walk goes on this moment.
    walking: bool = False
    #: Of that walk: steps done and in all, as far as known.
    done: int = 0
    total: int | None = None
    #: Why the last walk was left unfinished, a sentence; empty when it was not.
    trouble: str = ""


def may_be(subject: Subject, episodes: Sequence[Subject]) -> list[Subject]:
    """Which of a show's `episodes` one without a whole place may be, the likeliest first.

    An anime list numbers its entries' own episodes: the third is the third of some season, or of
    all of them. A special may be known by its own id alone.
    """
    numbered = sorted(
        (one for one in episodes if one.episode_number is not None),
        key=lambda one: (one.season_number or 0, one.episode_number or 0),
    )
    season, number = subject.season_number, subject.episode_number
    if number is None:
        return [one for one in numbered if one.season_number == season]
    regular = [one for one in numbered if one.season_number]
    counted = regular[number - 1 : number] if number > 0 else []
    of_season = [
        one
        for one in (*regular, *(one for one in numbered if not one.season_number))
        if one.episode_number == number and season in (None, one.season_number)
    ]
    return list(dict.fromkeys(of_season + (counted if season is None else [])))


#: A place among episodes: season and number, or the season alone.
Place = tuple[int, int | None]


def placed(key: str) -> tuple[str, Place] | None:
    """The show's key and the place, of a key that names an episode or a season by its show.

    "episode/show/tmdb:1396/1/3" is ("show/tmdb:1396", (1, 3)). None for any other key.
    """
    # Long imports ask for every line, several times.
    kind, _, rest = key.partition("/show/")
    if not rest:
        return None
    show, _, place = rest.partition("/")
    season, _, episode = place.partition("/")
    if not season.isdecimal():
        return None
    if kind == SubjectKind.EPISODE:
        return (f"show/{show}", (int(season), int(episode))) if episode.isdecimal() else None
    is_season = kind == SubjectKind.SEASON and place == season
    return (f"show/{show}", (int(season), None)) if is_season else None
