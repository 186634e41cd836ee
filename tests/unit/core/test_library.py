from datetime import UTC, datetime

import pytest

from revenge_companion.core.changes import FACETS, Change, Verb, change_key
from revenge_companion.core.library import Subject, SubjectKind, item_of, keys, subject_of
from revenge_companion.core.media import Ids, Item, Kind, MusicIds, Series

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
SERIES = Series("Severance", 2022, Ids(tmdb=95396, tvdb=371980))


def test_the_surest_identity_comes_first() -> None:
    film = Subject(
        SubjectKind.MOVIE, "Dune", ids=Ids(tmdb=438631, imdb="TT1160419"), refs=(("trakt", "1"),)
    )
    assert keys(film) == ("movie/tmdb:438631", "movie/imdb:tt1160419", "movie/trakt:1")


def test_an_episode_is_known_by_its_show_and_its_numbers() -> None:
    episode = Subject(
        SubjectKind.EPISODE, "", series=SERIES, season_number=0, episode_number=3, ids=Ids(tvdb=7)
    )
    assert keys(episode) == (
        "episode/tvdb:7",
        "episode/show/tmdb:95396/0/3",
        "episode/show/tvdb:371980/0/3",
    )


@pytest.mark.parametrize(
    "subject",
    [
        Subject(SubjectKind.MOVIE, "Dune", 2021),
        Subject(SubjectKind.MOVIE, "Dune", ids=Ids(tmdb=0, imdb="")),
        Subject(SubjectKind.EPISODE, "x", series=SERIES, season_number=1),
        Subject(SubjectKind.BOOK, "Emma", authors=("Jane Austen",)),
    ],
)
def test_a_title_is_no_identity(subject: Subject) -> None:
    assert keys(subject) == ()


def test_a_film_and_a_show_of_one_number_are_two_things() -> None:
    film = Subject(SubjectKind.MOVIE, "a", ids=Ids(tmdb=1))
    show = Subject(SubjectKind.SHOW, "a", ids=Ids(tmdb=1))
    assert not set(keys(film)) & set(keys(show))


def test_music_is_known_by_artist_and_title_whatever_the_case() -> None:
    one = Subject(SubjectKind.TRACK, "Words", artist="Low")
    other = Subject(
        SubjectKind.TRACK, " words", artist="LOW", music_ids=MusicIds(recording_mbid="AB")
    )
    assert keys(one) == ("track/name:low\twords",)
    assert keys(other) == ("track/recording:ab", "track/name:low\twords")


@pytest.mark.parametrize(
    "item",
    [
        Item(Kind.MOVIE, "m1", "Dune", 2021, Ids(tmdb=438631)),
        Item(Kind.EPISODE, "e1", "Half Loop", series=SERIES, season_number=1, episode_number=2),
        Item(Kind.TRACK, "t1", "Words", artist="Low", album="I Could Live in Hope"),
        Item(Kind.PODCAST, "p1", "Pilot", show="Serial"),
        Item(Kind.AUDIOBOOK, "b1", "Emma", artist="Jane Austen"),
    ],
    ids=lambda item: item.kind.value,
)
def test_an_item_comes_back_from_the_library_as_it_was(item: Item) -> None:
    assert item_of(subject_of(item)) == item
    assert subject_of(item).label == item.label or item.kind in (Kind.PODCAST, Kind.AUDIOBOOK)


def test_every_change_belongs_to_a_facet() -> None:
    assert set(FACETS) == set(Verb)


def test_a_rating_that_goes_back_is_another_change() -> None:
    film = Subject(SubjectKind.MOVIE, "Dune", ids=Ids(tmdb=438631))
    eight = Change(Verb.RATE, film, rating=80)
    assert change_key(eight, NOON) == change_key(eight, NOON.replace(microsecond=9))
    assert change_key(eight, NOON) != change_key(eight, NOON.replace(minute=1))
    assert change_key(eight, NOON) != change_key(Change(Verb.RATE, film, rating=90), NOON)
