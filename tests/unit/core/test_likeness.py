"""Suggestions: which titles a person would look at first."""

import pytest

from revenge_companion.core.catalogue import placed
from revenge_companion.core.likeness import LEAST, likeness, most_alike, words_of

FILMS = [
    ("Dune", 2021),
    ("Dune", 1984),
    ("Dune: Part Two", 2024),
    ("The Matrix", 1999),
    ("Amélie", 2001),
    ("Heat", 1995),
    ("The Thing", 1982),
]


def suggested(title: str, year: int | None = None) -> list[tuple[str, int]]:
    found = most_alike(
        title, year, FILMS, titles=lambda one: [one[0]], year_of=lambda one: one[1], limit=3
    )
    return [one for one, _ in found]


@pytest.mark.parametrize(
    ("title", "year", "first"),
    [
        ("Dune", 2021, ("Dune", 2021)),
        ("Dune", 1984, ("Dune", 1984)),
        ("DUNE (Part Two)", None, ("Dune: Part Two", 2024)),
        ("Matrix, The", 1999, ("The Matrix", 1999)),
        ("Amelie", None, ("Amélie", 2001)),
        ("The Thingg", None, ("The Thing", 1982)),
        ("Heat", 1996, ("Heat", 1995)),
    ],
)
def test_the_likeliest_comes_first(title: str, year: int | None, first: tuple[str, int]) -> None:
    assert suggested(title, year)[0] == first


def test_what_is_not_alike_is_not_suggested() -> None:
    assert suggested("Solaris") == []


def test_another_year_costs_more_than_the_next_one() -> None:
    words = words_of("Heat")
    same, close, far = (likeness(words, words, years=(1995, year)) for year in (1995, 1996, 2013))
    assert same == 1.0
    assert same > close > far > LEAST


def test_beginnings_of_words_find_a_title_only_where_they_were_typed() -> None:
    titles = [("The Harbour Clock", 2019), ("Harper", 1966), ("Clockwatchers", 1997)]

    def found(text: str, *, typed: bool) -> list[str]:
        scored = most_alike(
            text, 1950, titles, titles=lambda t: t[:1], year_of=lambda t: t[1], typed=typed
        )
        return [one[0] for one, _ in scored]

    assert found("harb", typed=True) == ["The Harbour Clock"]
    assert found("clo harb", typed=True) == ["The Harbour Clock"]
    assert sorted(found("clock", typed=True)) == ["Clockwatchers", "The Harbour Clock"]
    assert found("harb", typed=False) == []
    assert found("...", typed=True) == []


def test_any_of_several_names_counts_and_titles_without_words_are_no_trouble() -> None:
    found = most_alike(
        "Der Wüstenplanet",
        None,
        [("Dune", "Der Wüstenplanet"), ("...", "")],
        titles=lambda one: one,
        year_of=lambda one: None,
    )
    assert found == [(("Dune", "Der Wüstenplanet"), 1.0)]
    assert words_of("The The") == ("the", "the")
    assert likeness((), ("a",), years=(None, None)) == 0.0


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("episode/show/tmdb:1396/1/3", ("show/tmdb:1396", (1, 3))),
        ("season/show/imdb:tt0903747/0", ("show/imdb:tt0903747", (0, None))),
        ("episode/tmdb:62085", None),
        ("episode/show/tmdb:1396/1", None),
        ("season/show/tmdb:1396/1/3", None),
        ("episode/show/tmdb:1396/1/-3", None),
        ("movie/show/tmdb:1/1/1", None),
        ("track/name:low\twords", None),
    ],
)
def test_a_key_by_the_show_is_taken_apart(key: str, place: object) -> None:
    assert placed(key) == place
