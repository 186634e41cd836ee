"""What the tests of the anime lists share: a map on disk, and items it knows."""

import json
from pathlib import Path
from typing import Any

from revenge_companion.core.media import Ids, Item, Kind, Series
from revenge_companion.net.http import Http
from revenge_companion.services.animemap.files import About, write_about
from revenge_companion.services.animemap.map import AnimeMap
from tests.clock import START, FakeClock
from tests.unit.services.kit import DATA, QuickClock, a_movie

SMALL = (DATA / "animemap/small.json").read_bytes()
ENTRIES = len(json.loads(SMALL)) - 1


def a_map(
    folder: Path, http: Http | None = None, clock: FakeClock | None = None, *, body: bytes = SMALL
) -> AnimeMap:
    """A map in `folder`, fetched at the clock's start; without a `body`, none was fetched."""
    if body:
        (folder / "anime_ids.json").write_bytes(body)
        write_about(folder / "anime_ids.about.json", About('"one"', START, ENTRIES))
    return AnimeMap(http or Http(), clock or QuickClock(), {}, cache=folder, data=folder)


def anime(number: int = 3, season: int = 1, tvdb: int = 305089, **values: Any) -> Item:
    """An episode of a series in the small map: AniList 21355 and MyAnimeList 31240."""
    known: dict[str, Any] = {
        "kind": Kind.EPISODE,
        "media_id": f"anime-{season}-{number}",
        "title": f"Part {number}",
        "series": Series("Re:ZERO", 2016, Ids(tvdb=tvdb)),
        "season_number": season,
        "episode_number": number,
        "duration_s": 1440.0,
    }
    return Item(**known | values)


def anime_film() -> Item:
    """A film in the small map: 909 on both lists."""
    return a_movie(ids=Ids(imdb="tt0900009"))


def no_anime_film() -> Item:
    return a_movie()
