"""Questions to the user: dialogs are opened and awaited, never run in a loop of their own."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QStandardPaths, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox, QPushButton, QWidget


async def opened(dialog: QDialog) -> int:
    """Show `dialog` window-modal and return its result code; other tasks go on meanwhile."""
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def finish(result: int) -> None:
        if not done.done():
            done.set_result(result)

    dialog.finished.connect(finish)
    dialog.open()
    try:
        return await done
    finally:
        dialog.close()


def only_default(dialog: QDialog, chosen: QPushButton | None) -> None:
    """Let Enter press `chosen` or nothing, also while `chosen` is disabled.

    A button that has the keyboard is pressed itself.
    """
    for button in dialog.findChildren(QPushButton):
        button.setAutoDefault(button is chosen)
        if button is not chosen:
            button.setDefault(False)
        if button.findChild(_Enter) is None:
            _Enter(button)
    if chosen is not None:
        chosen.setAutoDefault(True)
        chosen.setDefault(True)


class _Enter(QObject):
    """Lets Enter press a button that has the keyboard; without this the dialog's default is."""

    def __init__(self, button: QPushButton) -> None:
        super().__init__(button)
        self._button = button
        button.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if enter and not event.isAutoRepeat():
                self._button.click()
            return enter
        return super().eventFilter(watched, event)


def grow(dialog: QDialog) -> None:
    """Make a dialog as high as what it shows now; it never shrinks under the pointer.

    Qt does so by itself only where no width was asked for and no text wraps.
    """
    layout = dialog.layout()
    if layout is None or not dialog.isVisible():
        return
    layout.activate()
    wide = dialog.width()
    high = layout.totalHeightForWidth(wide) if layout.hasHeightForWidth() else -1
    high = max(high, layout.totalMinimumSize().height())
    if high > dialog.height():
        dialog.resize(wide, high)


async def choose(
    parent: QWidget, *, title: str, text: str, choices: Sequence[str], details: str = ""
) -> int | None:
    """Ask with one button per choice and Cancel; the index chosen, or None."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle(title)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(text)
    box.setInformativeText(details)
    buttons = [box.addButton(choice, QMessageBox.ButtonRole.AcceptRole) for choice in choices]
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setEscapeButton(cancel)
    # Enter never throws anything away.
    box.setDefaultButton(cancel)
    try:
        await opened(box)
        clicked = box.clickedButton()
        for index, button in enumerate(buttons):
            if clicked is button:
                return index
        return None
    finally:
        box.deleteLater()


async def confirm(
    parent: QWidget, *, title: str, text: str, accept: str, details: str = ""
) -> bool:
    """Ask for one yes, worded as `accept`, or Cancel."""
    chosen = await choose(parent, title=title, text=text, choices=(accept,), details=details)
    return chosen is not None


async def tell(parent: QWidget, *, title: str, text: str) -> None:
    """Say one thing and wait until it was read."""
    box = QMessageBox(parent)
    box.setWindowTitle(title)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(text)
    try:
        await opened(box)
    finally:
        box.deleteLater()


async def save_path(parent: QWidget, *, title: str, name: str, filters: str) -> Path | None:
    """Where to save a file first called `name`; None when the user thinks better of it."""
    dialog = QFileDialog(parent, title)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter(filters)
    dialog.selectFile(name)
    return await _chosen(dialog)


async def open_path(parent: QWidget, *, title: str, filters: str) -> Path | None:
    """A file to read; None when the user thinks better of it."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilter(filters)
    return await _chosen(dialog)


async def folder(parent: QWidget, *, title: str) -> Path | None:
    """A folder to write to; None when the user thinks better of it."""
    downloads = QStandardPaths.StandardLocation.DownloadLocation
    dialog = QFileDialog(parent, title, QStandardPaths.writableLocation(downloads))
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    return await _chosen(dialog)


async def _chosen(dialog: QFileDialog) -> Path | None:
    try:
        if not await opened(dialog):
            return None
        files = dialog.selectedFiles()
        return Path(files[0]) if files else None
    finally:
        dialog.deleteLater()
