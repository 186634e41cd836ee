"""`anime-map`: the map that anime lists need, and the user's own corrections to it."""

import argparse
from pathlib import Path
from typing import Any

from revenge_companion.cli.reach import answer, show


def state(args: argparse.Namespace) -> int:
    return show(args, answer("anime_map"), _state)


def download(args: argparse.Namespace) -> int:
    """Fetch the map; typing this is the consent to it."""
    return show(args, answer("anime_map_download", timeout_s=120.0), _state)


def remove(args: argparse.Namespace) -> int:
    return show(args, answer("anime_map_remove"), _state)


def _state(said: dict[str, Any]) -> None:
    if said["downloaded"]:
        size, at = said["size_bytes"] / 1e6, said["fetched_at"] or "an unknown day"
        print(f"The anime map of {at} is here: {said['entries']} entries, {size:.1f} MB.")
        return
    print("There is no anime map here. `anime-map download` fetches it from")
    from revenge_companion.services.animemap.map import SOURCE_PAGE

    print(f"{SOURCE_PAGE}, and again each week while it is used.")
    if said["waiting"]:
        print(f"{said['waiting']} plays wait for it.")


def overrides(args: argparse.Namespace) -> int:
    return show(args, answer("anime_overrides"), _overrides)


def _overrides(said: dict[str, Any]) -> None:
    for row in said["overrides"]:
        season = "every season" if row["season"] is None else f"season {row['season']}"
        last = "on" if row["last"] is None else f"to {row['last']}"
        entries = [
            f"{name} {row[field]}"
            for name, field in (("AniList", "anilist"), ("MyAnimeList", "mal"))
            if row[field] is not None
        ]
        named = f"{row['title']} ({row['key']})" if row["title"] else row["key"]
        print(
            f"{named}, {season}, episodes {row['first']} {last}: "
            + (", ".join(entries) or "left out")
            + (f", {row['offset']} episodes before it" if row["offset"] else "")
        )
    if not said["overrides"]:
        print("There are no corrections.")


def read(args: argparse.Namespace) -> int:
    said = answer("anime_overrides_import", file=str(Path(args.file).absolute()))
    return show(args, said, lambda said: print(f"{said['imported']} corrections imported."))


def export(args: argparse.Namespace) -> int:
    said = answer("anime_overrides_export", file=str(Path(args.file).absolute()))
    return show(args, said, lambda said: print(f"{said['exported']} corrections written."))
