"""How much of an anime map leads there and back: ``python -m tests.bench.anime_round_trip MAP``.

MAP is a copy of the map as the program downloads it. Each entry is asked for its first twelve
episodes, and as a film; each beginning of an entry in a season is asked for its entry, and back.
"""

import json
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from revenge_companion.core.animeindex import AnimeIndex, read_map
from revenge_companion.core.animemap import Match, resolve
from revenge_companion.core.animeplaces import Listed, Placed, Places
from revenge_companion.core.library import Subject, SubjectKind, item_of
from revenge_companion.core.media import Ids, Series

EPISODES = 12


def counts(index: AnimeIndex) -> Counter[str]:
    """Entries and episodes by what became of them."""
    places, found = Places(index), Counter[str]()
    for row in index:
        ids = [Listed(row.anilist, None, "")] if row.anilist is not None else []
        ids += [Listed(None, mal, "") for mal in row.mals]
        for anime in ids:
            of = "AniList" if anime.anilist is not None else "MyAnimeList"
            ways = [places.episode(anime, number) for number in range(1, EPISODES + 1)]
            film = places.episode(replace(anime, film=True, episodes=1), 1)
            placed = [one for one in (*ways, film) if _is_placed(one)]
            found[f"{of}: entries"] += 1
            found[f"{of}: entries that are placed"] += bool(placed)
            found[f"{of}: episodes and films that are placed"] += len(placed)
            found[f"{of}: of those, that lead back"] += sum(
                _leads_back(one.subject, anime, index) for one in placed
            )
        if row.tvdb and row.season > 0:
            found["beginnings in a season"] += 1
            there = resolve(item_of(_at(row.tvdb, row.season, row.offset + 1)), index)
            if isinstance(there, Match):
                found["beginnings that are an entry"] += 1
                back = places.episode(Listed(there.anilist, there.mal, ""), there.episode).subject
                same = (back.season_number, back.episode_number) == (row.season, row.offset + 1)
                found["beginnings that come back"] += same
    return found


def _at(tvdb: int, season: int, number: int) -> Subject:
    series = Series("", None, Ids(tvdb=tvdb))
    return Subject(
        SubjectKind.EPISODE, "", series=series, season_number=season, episode_number=number
    )


def _is_placed(placed: Placed) -> bool:
    series = placed.subject.series
    return placed.subject.ids.any() or (series is not None and series.ids.any())


def _leads_back(subject: Subject, anime: Listed, index: AnimeIndex) -> bool:
    item = item_of(subject)
    found = resolve(replace(item, episode_number=item.episode_number or 1), index)
    return isinstance(found, Match) and anime.is_entry(found.anilist, found.mal)


def main(path: Path) -> None:
    index, wrong = read_map(json.loads(path.read_text("utf-8")))
    began = time.perf_counter()
    found = counts(index)
    print(f"{len(index)} entries that can be looked up, {wrong} that make no sense")
    for name, count in found.items():
        print(f"{name:<52} {count:>8}")
    print(f"{time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
