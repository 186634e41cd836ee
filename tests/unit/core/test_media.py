"""Items: what they are called, and that the database gives back what it was given."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge_companion.core.media import (
    Ids,
    Item,
    Kind,
    MusicIds,
    Series,
    item_from_dict,
    item_to_dict,
)

TEXT = st.text(max_size=20)
MAYBE = st.none() | TEXT
NUMBER = st.none() | st.integers(0, 10**6)
IDS = st.builds(Ids, tmdb=NUMBER, imdb=MAYBE, tvdb=NUMBER)
ITEMS = st.builds(
    Item,
    kind=st.sampled_from(Kind),
    media_id=TEXT,
    title=TEXT,
    year=NUMBER,
    ids=IDS,
    duration_s=st.none() | st.floats(1, 1e6),
    series=st.none() | st.builds(Series, title=TEXT, year=NUMBER, ids=IDS),
    season_number=NUMBER,
    episode_number=NUMBER,
    episode_number_end=NUMBER,
    artist=MAYBE,
    artists=st.lists(TEXT, max_size=3).map(tuple),
    album=MAYBE,
    album_artist=MAYBE,
    track_number=NUMBER,
    music_ids=st.builds(
        MusicIds,
        recording_mbid=MAYBE,
        track_mbid=MAYBE,
        release_mbid=MAYBE,
        artist_mbids=st.lists(TEXT, max_size=2).map(tuple),
    ),
    show=MAYBE,
    library_id=MAYBE,
)


@given(ITEMS)
def test_an_item_survives_the_database(item: Item) -> None:
    assert item_from_dict(json.loads(json.dumps(item_to_dict(item)))) == item


@given(ITEMS)
def test_every_item_has_a_label_and_at_least_one_episode_number(item: Item) -> None:
    assert isinstance(item.label, str)
    assert 1 <= len(item.episode_numbers) <= 50


@pytest.mark.parametrize("data", [{}, {"kind": "opera"}, {"kind": "movie", "unknown": 1}])
def test_what_is_no_item_is_refused(data: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        item_from_dict(data)


@pytest.mark.parametrize(
    ("item", "label"),
    [
        (Item(Kind.MOVIE, "1", "Dune: Part Two", year=2024), "Dune: Part Two (2024)"),
        (Item(Kind.MOVIE, "1", "Dune"), "Dune"),
        (Item(Kind.TRACK, "1", "Words", artist="Low"), "Low \N{EN DASH} Words"),
        (Item(Kind.PODCAST, "1", "Ep", show="Show"), "Show \N{EN DASH} Ep"),
        (
            Item(
                Kind.EPISODE,
                "1",
                "Hello",
                series=Series("Severance"),
                season_number=2,
                episode_number=3,
            ),
            "Severance S02E03",
        ),
        (
            Item(
                Kind.EPISODE,
                "1",
                "Hello",
                series=Series("Severance"),
                season_number=2,
                episode_number=3,
                episode_number_end=4,
            ),
            "Severance S02E03-E04",
        ),
        (
            Item(Kind.EPISODE, "1", "Special", series=Series("Severance")),
            "Severance \N{EN DASH} Special",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_labels_read_as_people_write_them(item: Item, label: str) -> None:
    assert item.label == label


@pytest.mark.parametrize(
    ("first", "last", "numbers"),
    [
        (3, None, (3,)),
        (3, 3, (3,)),
        (3, 2, (3,)),
        (3, 5, (3, 4, 5)),
        (1, 50, tuple(range(1, 51))),
        (1, 51, (1,)),
        (None, 4, (None,)),
    ],
)
def test_a_file_holds_the_episodes_of_its_range(
    first: int | None, last: int | None, numbers: tuple[int | None, ...]
) -> None:
    item = Item(Kind.EPISODE, "1", "t", episode_number=first, episode_number_end=last)
    assert item.episode_numbers == numbers
