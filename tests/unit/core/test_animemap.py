"""Which list entry an episode is: cours, absolute numbers, specials, films, the user's own rows."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.animeindex import AnimeIndex, imdb_number, read_map
from revenge_companion.core.animemap import Match, Miss, NoMatch, Override, keys_of, resolve
from revenge_companion.core.media import Ids, Item, Kind, Series

SMALL = json.loads((Path(__file__).parents[2] / "data/animemap/small.json").read_text("utf-8"))
INDEX, _ = read_map(SMALL)


def episode(tvdb: int | None, season: int | None, number: int | None, **ids: Any) -> Item:
    return Item(
        Kind.EPISODE,
        "e",
        "An episode",
        ids=Ids(**ids),
        series=Series("A series", None, Ids(tvdb=tvdb)),
        season_number=season,
        episode_number=number,
    )


def film(imdb: str | None = None, tmdb: int | None = None) -> Item:
    return Item(Kind.MOVIE, "m", "A film", ids=Ids(imdb=imdb, tmdb=tmdb))


@pytest.mark.parametrize(
    ("tvdb", "season", "number", "anilist", "mal", "within"),
    [
        pytest.param(305089, 1, 5, 21355, 31240, 5, id="a season"),
        pytest.param(305089, 2, 13, 108632, 39587, 13, id="the last before the split"),
        pytest.param(305089, 2, 14, 119661, 42203, 1, id="the first after the split"),
        pytest.param(267440, 4, 1, 110277, 40028, 1, id="the first of three parts"),
        pytest.param(267440, 4, 17, 131681, 48583, 1, id="the second of three parts"),
        pytest.param(267440, 4, 29, 146984, 51535, 1, id="the third of three parts"),
        pytest.param(378609, 1, 11, 116589, 41457, 11, id="split in the first season"),
        pytest.param(378609, 1, 12, 131586, 48569, 1, id="split after the first season"),
        pytest.param(81797, 1, 500, 21, 21, 500, id="a library with absolute numbers"),
        pytest.param(81797, -1, 500, 21, 21, 500, id="numbered through all seasons"),
        pytest.param(78857, 1, 1, 20, 20, 1, id="the first season is absolute too"),
        pytest.param(900, 6, 1, 907, 907, 2, id="an offset below zero"),
        pytest.param(900, 4, 1, 905, None, 1, id="on AniList only"),
        pytest.param(900, 5, 1, None, 906, 1, id="on MyAnimeList only"),
        pytest.param(900, 3, 1, 903, None, 1, id="several on MyAnimeList"),
    ],
)
def test_an_episode_is_found_in_its_cour(
    tvdb: int, season: int, number: int, anilist: int | None, mal: int | None, within: int
) -> None:
    found = resolve(episode(tvdb, season, number), INDEX)
    assert isinstance(found, Match)
    assert (found.anilist, found.mal, found.episode) == (anilist, mal, within)
    assert (found.special, found.film, found.by_hand) == (False, False, False)


@pytest.mark.parametrize(
    ("item", "miss"),
    [
        (episode(81189, 1, 1), Miss.NOT_ANIME),
        (episode(None, 1, 1), Miss.NO_ID),
        (Item(Kind.EPISODE, "e", "No series", season_number=1, episode_number=1), Miss.NO_ID),
        (episode(305089, None, 1), Miss.NO_NUMBER),
        (episode(305089, 1, None), Miss.NO_NUMBER),
        (episode(305089, 1, 0), Miss.NO_NUMBER),
        (episode(305089, 9, 1), Miss.NO_SEASON),
        (episode(305089, -1, 1), Miss.NO_SEASON),
        (episode(78857, 3, 1), Miss.ABSOLUTE),
        (episode(305089, 0, 1), Miss.SPECIAL),
        (episode(81797, 0, 37), Miss.SPECIAL),
        (episode(900, 1, 1), Miss.AMBIGUOUS),
        (episode(900, 2, 1), Miss.NO_ENTRY),
        (film("tt1375666"), Miss.NOT_ANIME),
        (film(), Miss.NO_ID),
        (film(tmdb=128), Miss.NO_ID),
        (film("nonsense"), Miss.NO_ID),
        (film("tt0900010"), Miss.AMBIGUOUS),
        (Item(Kind.TRACK, "t", "A track"), Miss.NOT_ANIME),
    ],
)
def test_what_cannot_be_told_says_why(item: Item, miss: Miss) -> None:
    found = resolve(item, INDEX)
    assert isinstance(found, NoMatch)
    assert found.miss is miss
    assert found.detail.endswith(".")


def test_a_film_is_found_by_its_imdb_id() -> None:
    assert resolve(film("tt0900009"), INDEX) == Match(909, (909,), 1, 900009, film=True)


def test_a_special_is_found_by_its_place_or_its_own_imdb_id() -> None:
    placed = resolve(episode(81797, 0, 38), INDEX)
    assert placed == Match(105143, (38234,), 1, 14318, special=True)
    named = resolve(episode(78857, 0, 5, imdb="tt0476680"), INDEX)
    assert named == Match(442, (442,), 1, 1456, special=True)


def test_a_series_without_tvdb_id_is_found_by_an_imdb_id_that_is_its_own() -> None:
    by_imdb = Series("A series", None, Ids(imdb="tt0900008"))
    item = Item(Kind.EPISODE, "e", "x", series=by_imdb, season_number=1, episode_number=2)
    found = resolve(item, INDEX)
    assert isinstance(found, Match)
    assert (found.anilist, found.episode) == (908, 2)
    # This one is a film among a series' specials.
    special = Series("A series", None, Ids(imdb="tt0476680"))
    item = Item(Kind.EPISODE, "e", "x", series=special, season_number=1, episode_number=2)
    assert isinstance(resolve(item, INDEX), NoMatch)


OWN = Override("tvdb:78857", season=3, first=1, last=26, anilist=20, mal=20, offset=-83)


def test_the_users_row_wins_over_the_map() -> None:
    found = resolve(episode(78857, 3, 1), INDEX, [OWN])
    assert found == Match(20, (20,), 84, by_hand=True)
    other = Override("tvdb:305089", season=1, anilist=5)
    assert resolve(episode(305089, 1, 5), INDEX, [other]) == Match(5, (), 5, by_hand=True)


@pytest.mark.parametrize(
    ("season", "number"), [(3, 27), (2, 1), (None, 1)], ids=["after", "season", "unnumbered"]
)
def test_the_users_row_is_for_its_range_only(season: int | None, number: int) -> None:
    assert isinstance(resolve(episode(78857, season, number), INDEX, [OWN]), NoMatch)


def test_the_last_of_the_users_rows_counts() -> None:
    newer = Override("tvdb:78857", season=3, first=5, anilist=7, offset=4)
    found = resolve(episode(78857, 3, 5), INDEX, [OWN, newer])
    assert found == Match(7, (), 1, by_hand=True)
    assert resolve(episode(78857, 3, 4), INDEX, [OWN, newer]) == Match(20, (20,), 87, by_hand=True)


def test_a_row_that_would_number_below_one_is_passed_over() -> None:
    row = Override("tvdb:305089", season=1, anilist=5, offset=10)
    found = resolve(episode(305089, 1, 5), INDEX, [row])
    assert isinstance(found, Match)
    assert found.anilist == 21355


def test_the_user_may_leave_a_series_out() -> None:
    found = resolve(episode(305089, 2, 14), INDEX, [Override("tvdb:305089")])
    assert isinstance(found, NoMatch)
    assert found.miss is Miss.LEFT_OUT


def test_films_and_series_of_the_same_number_are_told_apart() -> None:
    series = Series("A series", None, Ids(tmdb=128))
    item = Item(Kind.EPISODE, "e", "x", series=series, season_number=1, episode_number=1)
    rows = [Override("tmdb_movie:128", mal=164)]
    assert resolve(film(tmdb=128), INDEX, rows) == Match(None, (164,), 1, film=True, by_hand=True)
    assert isinstance(resolve(item, INDEX, rows), NoMatch)
    assert keys_of(item) == ("tmdb_tv:128",)
    assert keys_of(Item(Kind.EPISODE, "e", "x")) == ()
    every = Item(Kind.MOVIE, "m", "x", ids=Ids(tmdb=1, imdb="tt2", tvdb=3))
    assert keys_of(every) == ("tvdb_movie:3", "tmdb_movie:1", "imdb:tt2")


def test_only_what_can_be_looked_up_is_kept() -> None:
    assert len(INDEX) == len(SMALL) - 1
    assert {entry.anidb for entry in INDEX} == {int(key) for key in SMALL} - {900012}
    assert INDEX.nbytes < 1500


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param([], id="no table"),
        pytest.param({"tvdb_id": "5"}, id="a text for a number"),
        pytest.param({"tvdb_id": 5}, id="no season"),
        pytest.param({"tvdb_id": 5, "tvdb_season": True, "tvdb_epoffset": 0}, id="a truth"),
        pytest.param({"tvdb_id": 5, "tvdb_season": -2, "tvdb_epoffset": 0}, id="a wrong season"),
        pytest.param({"tvdb_id": 5, "tvdb_season": 1, "tvdb_epoffset": 10**9}, id="far offset"),
        pytest.param({"tvdb_id": 0, "tvdb_season": 1, "tvdb_epoffset": 0}, id="id zero"),
        pytest.param({"anilist_id": 2**40}, id="an id too high"),
        pytest.param({"anilist_id": "5"}, id="an id as text"),
        pytest.param({"mal_id": "1,x"}, id="a list with nonsense"),
        pytest.param({"mal_id": [1]}, id="a list"),
        pytest.param({"imdb_id": 5}, id="an IMDb id as number"),
        pytest.param({"imdb_id": "nm0000001"}, id="a person"),
    ],
)
def test_an_entry_that_makes_no_sense_is_left_out_and_counted(entry: object) -> None:
    index, wrong = read_map(SMALL | {"77": entry})
    assert wrong == 1
    assert len(index) == len(INDEX)


@pytest.mark.parametrize("key", ["", "x", "-1", "0", "9" * 5000, "\u0663"])
def test_an_entry_is_named_by_a_number(key: str) -> None:
    assert read_map(SMALL | {key: SMALL["12"]})[1] == 1


@pytest.mark.parametrize(
    "data", [None, [], "x", {}, {"1": SMALL["12"]}, {str(n): n for n in range(1, 99)}]
)
def test_what_is_no_map_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="anime map"):
        read_map(data)


@pytest.mark.parametrize(
    ("text", "number"),
    [("tt0158644", 158644), ("tt27639430", 27639430), ("tt", None), ("158644", None), (5, None)],
)
def test_imdb_ids_are_read_as_numbers(text: object, number: int | None) -> None:
    assert imdb_number(text) == number


_ENTRY = st.fixed_dictionaries(
    {
        "tvdb_id": st.integers(1, 4),
        "tvdb_season": st.integers(-1, 3),
        "tvdb_epoffset": st.integers(-2, 30),
    },
    optional={"mal_id": st.integers(1, 50), "anilist_id": st.integers(1, 50)},
)


@given(
    entries=st.dictionaries(st.integers(1, 99).map(str), _ENTRY, min_size=3, max_size=20),
    tvdb=st.integers(1, 4),
    season=st.integers(1, 3),
    number=st.integers(1, 60),
)
def test_what_is_found_lies_in_the_season_and_counts_from_one(
    entries: dict[str, Any], tvdb: int, season: int, number: int
) -> None:
    index, _ = read_map(entries)
    found = resolve(episode(tvdb, season, number), index)
    if isinstance(found, Match):
        assert found.anidb is not None
        entry = entries[str(found.anidb)]
        assert entry["tvdb_id"] == tvdb
        assert entry["tvdb_season"] in ((season, -1) if season == 1 else (season,))
        assert found.episode == number - entry["tvdb_epoffset"] >= 1
        # No other cour of the season begins nearer before it.
        same = [e for e in entries.values() if e["tvdb_id"] == tvdb]
        nearer = [e for e in same if e["tvdb_season"] == entry["tvdb_season"]]
        assert all(not entry["tvdb_epoffset"] < e["tvdb_epoffset"] < number for e in nearer)


def test_an_empty_index_knows_nothing() -> None:
    assert isinstance(resolve(episode(305089, 1, 1), AnimeIndex(())), NoMatch)
