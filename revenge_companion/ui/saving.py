"""Saving a table of the user's own: where to, then what came of it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from PySide6.QtWidgets import QWidget

from revenge_companion.core.errors import CompanionError
from revenge_companion.ui import ask, words


async def save_table(
    parent: QWidget, *, title: str, name: str, write: Callable[[Path], Awaitable[int]]
) -> None:
    """Ask where `title` is saved, let `write` do it, and say how many rows there are now, or why
    there are none. `name` is what the file is called at first.
    """
    filters = words.say("Table (*.csv);;JSON (*.json)")
    path = await ask.save_path(parent, title=title, name=name, filters=filters)
    if path is None:
        return
    try:
        rows = await write(path)
    except (CompanionError, OSError) as error:
        await ask.tell(parent, title=words.say("Not saved"), text=words.told(error))
        return
    said = words.say("%n row(s) written to {file}.", rows).format(file=path.name)
    await ask.tell(parent, title=words.say("Saved"), text=said)
