"""What a map places leads back to where it is from, all of it."""

import json

from revenge_companion.core.animeindex import read_map
from tests.bench.anime_round_trip import counts
from tests.unit.services.anime import SMALL


def test_all_that_is_placed_leads_back() -> None:
    found = counts(read_map(json.loads(SMALL))[0])
    for of in ("AniList", "MyAnimeList"):
        placed = found[f"{of}: episodes and films that are placed"]
        assert placed == found[f"{of}: of those, that lead back"] > 100
    # One season has two entries at one place, another is on no list.
    assert found["beginnings that come back"] == found["beginnings that are an entry"] > 10
