"""What the tests of the anime lists share: a map on disk, and items it knows."""

import json
from pathlib import Path
from typing import Any

import httpx

from revenge_companion.core.media import Ids, Item, Kind, Series
from revenge_companion.net.http import Http
from revenge_companion.services.anilist.service import AniList
from revenge_companion.services.animemap.files import About, write_about
from revenge_companion.services.animemap.map import AnimeMap
from revenge_companion.services.myanimelist.service import PORT_ENV, MyAnimeList
from tests.clock import START, FakeClock
from tests.unit.services.kit import DATA, Answers, QuickClock, a_movie, answer

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


def an_anilist(
    answers: Answers, folder: Path, clock: FakeClock | None = None, **values: Any
) -> AniList:
    """The service over scripted answers; days are those of UTC."""
    clock = clock or QuickClock()
    maps = a_map(folder, clock=clock)
    return AniList(answers.http, clock, {}, maps, day_of=lambda at: at.date(), **values)


def anilist_error(
    status: int, words: str, sent_as: int | None = None, **more: Any
) -> httpx.Response:
    """An error of AniList's own, which may come with another status than it names."""
    errors = [{"message": words, "status": status} | more]
    return answer(sent_as or status, {"errors": errors, "data": None})


def a_mal(
    answers: Answers, folder: Path, clock: FakeClock | None = None, **values: Any
) -> MyAnimeList:
    """The service over scripted answers, with a client id and any free port to come back to."""
    clock = clock or QuickClock()
    environ = {"MAL_CLIENT_ID": "an-app", PORT_ENV: "0"}
    maps = a_map(folder, clock=clock)
    return MyAnimeList(answers.http, clock, environ, maps, day_of=lambda at: at.date(), **values)
