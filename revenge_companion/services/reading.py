"""What reading a source takes: texts and times with care, and cursors."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.library import NAME_LIMIT
from revenge_companion.services.answers import whole_number

#: The last second that is taken for a date (2100-01-01), as Unix seconds.
_LATEST_S = 4_102_444_800
_DAY = re.compile(r"(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})")


def name(value: object, limit: int = NAME_LIMIT) -> str:
    """A title or a name on one line, cut to `limit` characters; "" for what is not text."""
    if not isinstance(value, str):
        return ""
    if not value.isprintable():
        value = "".join(c if c.isprintable() else " " for c in value)
    return " ".join(value.split())[:limit]


def unix_moment(value: object) -> datetime | None:
    """Unix seconds, as a number or as text, as an aware moment; None for what is no date.

    Nothing was played in 1970: a zero is a clock that was not set.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return None
    seconds = whole_number(value)
    if seconds is None and isinstance(value, str):
        # PostgreSQL writes "1700000000.000000".
        seconds = whole_number(value.partition(".")[0])
    if seconds is None or not 0 < seconds < _LATEST_S:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def day_of(text: str) -> datetime | None:
    """Noon UTC of a day as the user wrote it; None where it names none."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    try:
        day = datetime(int(found[1]), int(found[2]), int(found[3]), 12, tzinfo=UTC)
    except ValueError:
        return None
    return day if day.year >= 1900 else None


def packed(**values: Any) -> str:
    """A cursor that says `values`, without those that are None."""
    return json.dumps(
        {key: value for key, value in values.items() if value is not None}, separators=(",", ":")
    )


def unpacked(cursor: str) -> Mapping[str, Any]:
    """What a cursor says; nothing for the first one. Raises ImportRefused for what is none."""
    try:
        values = json.loads(cursor or "{}")
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise ImportRefused("This import cannot go on from where it stopped. Begin a new one.")
    return values


def place(values: Mapping[str, Any], key: str) -> int | None:
    """A whole number of a cursor, none below zero; None where it says none.

    Raises ImportRefused for anything else.
    """
    value = values.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ImportRefused("This import cannot go on from where it stopped. Begin a new one.")
    return value
