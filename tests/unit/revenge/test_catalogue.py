"""The catalogue's answers as today's server gives them, and as nobody should."""

from typing import Any

import pytest

from revenge_companion.core.catalogue import ServerItem
from revenge_companion.core.library import Subject, SubjectKind, keys
from revenge_companion.core.media import Ids, Series
from revenge_companion.revenge import catalogue, rows

#: Unset fields are left out; an unset date is Go's zero time.
FILM: dict[str, Any] = {
    "id": "0198c1d2-0000-7000-8000-000000000001",
    "tmdb_id": 129,
    "imdb_id": "tt0245429",
    "title": "Chihiros Reise ins Zauberland",
    "original_title": "千と千尋の神隠し",
    "release_date": "2001-07-20T00:00:00Z",
    "runtime": 125,
    "library_added_at": "2026-01-05T10:00:00Z",
}
SHOW: dict[str, Any] = {
    "id": "0198c1d2-0000-7000-8000-000000000002",
    "tmdb_id": 1396,
    "tvdb_id": 81189,
    "imdb_id": "tt0903747",
    "title": "Breaking Bad",
    "original_title": "Breaking Bad",
    "first_air_date": "2008-01-20",
    "total_episodes": 62,
}
EPISODE: dict[str, Any] = {
    "id": "0198c1d2-0000-7000-8000-000000000003",
    "series_id": SHOW["id"],
    "season_id": "0198c1d2-0000-7000-8000-000000000004",
    "tvdb_id": 349235,
    "season_number": 1,
    "episode_number": 3,
    "title": "...And the Bag's in the River",
    "air_date": "2008-02-10T00:00:00Z",
    "runtime": 48,
}


def test_a_film_goes_by_its_own_title_and_is_found_by_the_localised_one() -> None:
    page = catalogue.films({"items": [FILM], "total": 812})
    assert (page.rows, page.total) == (1, 812)
    (film,) = page.items
    assert film == ServerItem(
        Subject(
            SubjectKind.MOVIE,
            "千と千尋の神隠し",
            year=2001,
            ids=Ids(tmdb=129, imdb="tt0245429"),
            duration_s=7500.0,
            media_id=FILM["id"],
        ),
        ("Chihiros Reise ins Zauberland",),
    )


def test_a_show_says_how_many_episodes_it_has() -> None:
    (show,) = catalogue.shows({"items": [SHOW], "total": 1}).items
    ids = Ids(tmdb=1396, imdb="tt0903747", tvdb=81189)
    assert show.subject == Subject(
        SubjectKind.SHOW, "Breaking Bad", year=2008, ids=ids, media_id=SHOW["id"]
    )
    assert (show.other_titles, show.episodes) == ((), 62)
    (unknown,) = catalogue.shows({"items": [SHOW | {"total_episodes": None}]}).items
    assert unknown.episodes is None


def test_episodes_know_their_show_and_bring_their_season() -> None:
    (show,) = catalogue.shows({"items": [SHOW]}).items
    second = EPISODE | {"id": "e4", "episode_number": 4}
    episode, _, season = catalogue.episodes([EPISODE, second], show)
    assert episode.subject == Subject(
        SubjectKind.EPISODE,
        "...And the Bag's in the River",
        ids=Ids(tvdb=349235),
        series=Series("Breaking Bad", 2008, show.subject.ids),
        season_number=1,
        episode_number=3,
        duration_s=2880.0,
        media_id=EPISODE["id"],
    )
    assert "episode/show/tvdb:81189/1/3" in keys(episode.subject)
    assert season.subject.media_id == EPISODE["season_id"]
    assert season.subject.label == "Breaking Bad S01"
    assert {episode.series_id, season.series_id} == {SHOW["id"]}


@pytest.mark.parametrize(
    ("body", "rows_", "total"),
    [
        ({"items": [], "total": 0}, 0, 0),
        ({"items": [{}, "x", None, {"title": "No id"}], "total": 4}, 4, 4),
        ({"items": "x", "total": "many"}, 0, None),
        ({"items": [], "total": -1}, 0, None),
        ([FILM], 0, None),
        (None, 0, None),
    ],
)
def test_what_is_unusable_is_no_item_and_still_counts_as_a_row(
    body: object, rows_: int, total: int | None
) -> None:
    for read in (catalogue.films, catalogue.shows):
        page = read(body)
        assert (page.items, page.rows, page.total) == ((), rows_, total)


def test_episodes_that_are_none_are_left_out_and_lists_have_an_end() -> None:
    (show,) = catalogue.shows({"items": [SHOW]}).items
    assert catalogue.episodes(["x", {}, {"title": "No id"}], show) == []
    assert catalogue.episodes({"items": [EPISODE]}, show) == []
    many = [{"id": f"e{n}", "season_number": 1} for n in range(rows.EPISODES_LIMIT + 5)]
    assert len(catalogue.episodes(many, show)) == rows.EPISODES_LIMIT


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"total_episodes": 62, "watched_episodes": 7, "completion_percent": 11.29},
            catalogue.SeriesStats(62, 7),
        ),
        ({"total_episodes": 62}, None),
        ({"total_episodes": 62, "watched_episodes": "7"}, None),
        ([], None),
        (None, None),
    ],
)
def test_the_counters_of_a_series(body: object, expected: object) -> None:
    assert catalogue.series_stats(body) == expected
