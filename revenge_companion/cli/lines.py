"""How a line of an import or an export is written on a terminal."""

from datetime import datetime
from typing import Any


def when(row: dict[str, Any]) -> str:
    """When a line is dated, in this computer's time as everywhere else in its sentence; "" if not.

    With `--json` it is the source's own moment, in UTC.
    """
    if not row["at"]:
        return ""
    at = datetime.fromisoformat(row["at"])
    if row["precision"] == "day":
        return f"{at:%Y-%m-%d}"
    try:
        return f"{at.astimezone():%Y-%m-%d %H:%M}"
    except (OverflowError, OSError, ValueError):
        # A date that no clock of this computer can show.
        return f"{at:%Y-%m-%d %H:%M}"
