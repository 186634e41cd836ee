"""What a request of the command line says, read with care."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from revenge_companion.core.errors import CompanionError


class BadRequest(CompanionError):
    """The request's words are off."""


def number(args: Mapping[str, Any], name: str) -> int:
    """A whole number. Raises BadRequest."""
    value = args.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRequest(f"{name} is a whole number.")
    return value


def text(args: Mapping[str, Any], name: str) -> str:
    """A text that is not empty. Raises BadRequest."""
    value = args.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequest(f"{name} is missing.")
    return value


def whole_path(args: Mapping[str, Any], name: str = "file") -> Path:
    """A path from the root: the running instance has another working folder. Raises BadRequest."""
    path = Path(str(args.get(name) or ""))
    if not path.is_absolute():
        raise BadRequest(f"The {name} needs a whole path.")
    return path


def changes(args: Mapping[str, Any]) -> dict[str, str]:
    """Texts by name, as `KEY=VALUE` gives them. Raises BadRequest."""
    value = args.get("changes")
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise BadRequest("changes are texts by name.")
    return value


def iso(at: datetime | None) -> str | None:
    """A moment as answers say it."""
    return None if at is None else at.isoformat()
