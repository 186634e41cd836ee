"""What a media server has, as far as lines of other sources are matched with it."""

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


#: A place among episodes: season and number, or the season alone.
Place = tuple[int, int | None]


def placed(key: str) -> tuple[str, Place] | None:
    """The show's key and the place, of a key that names an episode or a season by its show.

    "episode/show/tmdb:1396/1/3" is ("show/tmdb:1396", (1, 3)). None for any other key.
    """
    kind, _, rest = key.partition("/show/")
    if kind not in (SubjectKind.EPISODE, SubjectKind.SEASON) or not rest:
        return None
    show, *numbers = rest.split("/")
    if not all(number.isdecimal() for number in numbers):
        return None
    if kind == SubjectKind.SEASON and len(numbers) == 1:
        return f"show/{show}", (int(numbers[0]), None)
    if kind == SubjectKind.EPISODE and len(numbers) == 2:
        return f"show/{show}", (int(numbers[0]), int(numbers[1]))
    return None
