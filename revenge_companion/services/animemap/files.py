"""The map's files: the downloaded copy with what is known of it, and the user's own rows."""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from revenge_companion.core.animeindex import AnimeIndex, read_map
from revenge_companion.core.animemap import Override
from revenge_companion.core.errors import StoreTrouble

_log = logging.getLogger(__name__)

#: Rows of the user's own that are read; more are a mistake.
MOST_OVERRIDES = 10_000


@dataclass(frozen=True, slots=True)
class About:
    """What is known of the copy beside it."""

    etag: str = ""
    fetched_at: datetime | None = None
    entries: int = 0


def index_of(body: bytes) -> AnimeIndex:
    """The index of a downloaded map. Raises ValueError for what is none."""
    try:
        data = json.loads(body)
    except RecursionError as error:
        raise ValueError("The anime map is nested too deeply.") from error
    index, wrong = read_map(data)
    if wrong:
        _log.info("%d entries of the anime map were left out: they make no sense", wrong)
    return index


def read_about(path: Path) -> About:
    """What stands in `path`; nothing for what is missing or nonsense."""
    try:
        data = json.loads(path.read_bytes())
        fetched = datetime.fromisoformat(data["fetched_at"])
        etag, entries = data["etag"], data["entries"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return About()
    if fetched.tzinfo is None or not isinstance(etag, str) or not isinstance(entries, int):
        return About()
    return About(etag, fetched.astimezone(UTC), entries)


def write_about(path: Path, about: About) -> None:
    """Write what is known. Raises StoreTrouble."""
    fetched = about.fetched_at.isoformat() if about.fetched_at else ""
    data = {"etag": about.etag, "fetched_at": fetched, "entries": about.entries}
    replace_file(path, json.dumps(data).encode())


def read_overrides(path: Path) -> tuple[Override, ...]:
    """The user's own rows; a file that cannot be read as such is put aside, not overwritten."""
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, RecursionError) as error:
        _log.warning("Your own anime rows cannot be read; the file is kept aside: %s", error)
        _put_aside(path)
        return ()
    known, wrong = _rows(data)
    if wrong:
        _log.warning("Some of your own anime rows make no sense and are not used")
    return known


def import_overrides(path: Path) -> tuple[Override, ...]:
    """The rows in a file the user brought. Raises StoreTrouble for one that holds anything else."""
    try:
        body = path.read_bytes()
        known, wrong = _rows(json.loads(body))
    except OSError as error:
        said = error.strerror or str(error)
        raise StoreTrouble(f"{path.name} cannot be read: {said}.") from error
    except (ValueError, RecursionError) as error:
        raise StoreTrouble(f"{path.name} is not a file of anime corrections.") from error
    if wrong:
        raise StoreTrouble(f"{path.name} has {wrong} rows that are no anime corrections.")
    return known


def write_overrides(path: Path, rows: Sequence[Override]) -> None:
    """Write the user's own rows. Raises StoreTrouble."""
    data = [
        {key: value for key, value in asdict(row).items() if value not in (None, "")}
        for row in rows
    ]
    replace_file(path, json.dumps(data, indent=1).encode())


def replace_file(path: Path, body: bytes) -> None:
    """Write `body` beside `path` and put it there in one step, for this user only."""
    beside = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        said = error.strerror or str(error)
        raise StoreTrouble(f"{path.name} cannot be written: {said}") from error


def _put_aside(path: Path) -> None:
    try:
        path.replace(path.with_name(path.name + ".broken"))
    except OSError as error:
        _log.warning("%s cannot be put aside: %s", path.name, error)


def _rows(data: object) -> tuple[tuple[Override, ...], int]:
    """The rows that make sense, and how many do not."""
    if not isinstance(data, list):
        return (), 1
    read = [_override(row) for row in data[:MOST_OVERRIDES]]
    known = tuple(row for row in read if row is not None)
    return known, len(data) - len(known)


def _override(row: object) -> Override | None:
    if not isinstance(row, Mapping) or not isinstance(row.get("key"), str):
        return None
    title = row.get("title", "")
    if not isinstance(title, str):
        return None
    numbers: dict[str, Any] = {}
    for name in ("season", "first", "last", "anilist", "mal", "offset"):
        value = row.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**31:
            return None
        numbers[name] = value
    return Override(row["key"], **numbers, title=title)
