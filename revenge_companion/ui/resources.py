"""Finds the files the window shows: in the installed package first, then in a checkout."""

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_FOLDERS = (_PACKAGE / "resources", _PACKAGE.parent / "resources")


def resource(name: str) -> Path:
    """The file called `name`, such as "icons/app.svg"; raises FileNotFoundError."""
    for folder in _FOLDERS:
        path = folder / name
        if path.is_file():
            return path
    raise FileNotFoundError(f"The resource {name} is missing from this installation.")


@cache
def svg_text(name: str) -> str:
    """The text of the icon called `name`, such as "tray/idle"."""
    return resource(f"icons/{name}.svg").read_text(encoding="utf-8")


def resource_names(folder: str, ending: str) -> tuple[str, ...]:
    """The names, without their ending, of the files in a folder of resources, sorted."""
    for place in _FOLDERS:
        names = sorted(path.stem for path in (place / folder).glob(f"*{ending}"))
        if names:
            return tuple(names)
    return ()
