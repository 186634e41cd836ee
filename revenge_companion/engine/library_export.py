"""The library as rows of a file: what each line says, with every id of what it is about."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from revenge_companion.core.library import Facet
from revenge_companion.core.shown import Shown

#: Columns of the CSV; JSON has the whole `subject` as well.
COLUMNS = (
    "facet", "kind", "label", "at", "precision", "plays", "rating", "loved", "list", "note",
    "sources", "tmdb", "imdb", "tvdb", "title", "year", "series", "season", "episode", "artist",
    "album", "revenge",
)  # fmt: skip


def as_row(line: Shown, subject: str, names: Mapping[str, str]) -> dict[str, Any]:
    """One line as plain values; `subject` is the stored JSON of what it is about.

    A date whose time is not known is a date alone.
    """
    about = json.loads(subject)
    ids = about.get("ids") or {}
    series = about.get("series") or {}
    at = line.at
    return {
        "facet": line.facet.value,
        "kind": line.kind.value,
        "label": line.label,
        "at": None if at is None else _written(line),
        "precision": line.precision.value,
        "plays": line.plays,
        "rating": None if line.rating is None else line.rating / 10,
        "loved": line.loved if line.facet is Facet.LOVED else None,
        "list": line.list_name,
        "note": line.note,
        "sources": ", ".join(names.get(source, source) for source in line.sources),
        "tmdb": ids.get("tmdb"),
        "imdb": ids.get("imdb"),
        "tvdb": ids.get("tvdb"),
        "title": about.get("title"),
        "year": about.get("year"),
        "series": series.get("title"),
        "season": about.get("season_number"),
        "episode": about.get("episode_number"),
        "artist": about.get("artist"),
        "album": about.get("album"),
        "revenge": line.media_id or None,
        "subject": about,
    }


def _written(line: Shown) -> str:
    assert line.at is not None
    return line.at.date().isoformat() if line.precision == "day" else line.at.isoformat()


def rows(
    lines: Sequence[Shown], subjects: Mapping[int, str], names: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """A page of lines as rows, each made when it is taken; `subjects` by the lines' ids."""
    for line in lines:
        yield as_row(line, subjects[line.id], names)
