"""Which of a show's episodes something without a whole place may be."""

from dataclasses import replace

from revenge_companion.core.catalogue import may_be
from revenge_companion.core.library import Subject, SubjectKind
from revenge_companion.core.media import Ids, Series

SHOW = Series("Re:ZERO")


def episode(season: int | None, number: int | None) -> Subject:
    return Subject(
        SubjectKind.EPISODE, "", series=SHOW, season_number=season, episode_number=number
    )


EPISODES = [
    episode(season, number)
    for season, count in ((0, 2), (1, 3), (2, 4))
    for number in range(1, count + 1)
]
SEASONS = [replace(episode(1, None), kind=SubjectKind.SEASON)]


def places(subject: Subject) -> list[tuple[int | None, int | None]]:
    found = may_be(subject, [*reversed(EPISODES), *SEASONS])
    return [(one.season_number, one.episode_number) for one in found]


def test_the_third_of_an_entry_is_the_third_of_some_season_or_of_all() -> None:
    assert places(episode(None, 2)) == [(1, 2), (2, 2), (0, 2)]
    assert places(episode(None, 4)) == [(2, 4), (2, 1)]
    assert places(episode(None, 7)) == [(2, 4)]
    assert places(episode(None, 8)) == []
    assert places(episode(None, 0)) == []


def test_a_special_known_by_its_own_id_is_any_of_them() -> None:
    special = replace(episode(0, None), ids=Ids(imdb="tt0476680"))
    assert places(special) == [(0, 1), (0, 2)]


def test_what_has_no_place_at_all_is_none_of_them() -> None:
    assert places(episode(None, None)) == []
