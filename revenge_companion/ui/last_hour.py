"""The last hour taken back: asked first, then told what of it is left."""

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from revenge_companion.core.errors import CompanionError
from revenge_companion.engine.api import EngineApi
from revenge_companion.ui import amend_words, ask
from revenge_companion.ui.words import told


async def drop_last_hour(parent: QWidget, engine: EngineApi) -> None:
    """Ask, then undo and forget the last hour; scrobbling is paused for it where it is not."""
    if not await ask.confirm(
        parent,
        title=_tr("Drop the last hour"),
        text=_tr("Undo and forget everything of the last hour?"),
        details=_tr(
            "What has not been sent is never sent. Where a service lets programs remove "
            "plays, it is removed there. What cannot be removed is told and stays in your "
            "activity."
        ),
        accept=_tr("Drop the last hour"),
    ):
        return
    if engine.status.paused_until is None:
        engine.pause(None)
    try:
        left = await engine.amending.drop_last_hour()
    except CompanionError as error:
        await ask.tell(parent, title=_tr("Not dropped"), text=told(error))
        return
    text = amend_words.undone_lines(left, titles=True) or _tr("Nothing of it is left.")
    title = _tr("Not everything could be removed") if left else _tr("Dropped")
    await ask.tell(parent, title=title, text=text)


def _tr(text: str) -> str:
    return QCoreApplication.translate("LastHour", text)
