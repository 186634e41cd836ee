"""The tray icon's first moment: shown before anything else of the program is imported."""

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QSystemTrayIcon
from shibokensupport import feature  # type: ignore[import-not-found]  # inside PySide6, untyped

from revenge_companion import APP_NAME
from revenge_companion.ui.resources import resource


def import_quietly() -> None:
    """Spare every module that is imported from now on PySide6's look through its source.

    PySide6 6.8-6.12 reads the text of each for "PySide6", in case it goes on to switch features on
    (`from __feature__ import snake_case`), and all the texts stay in memory. Nobody does that here.
    """
    if hasattr(feature, "_mod_uses_pyside"):
        feature._mod_uses_pyside = lambda _module: True  # noqa: SLF001  # no public way


def early_tray() -> QSystemTrayIcon:
    """A visible tray icon that says the program is starting; hand it to `Shell`.

    Needs a QApplication. Imports neither asyncio nor the engine, which take as long as Qt itself.
    """
    icon = QSystemTrayIcon(QIcon(str(resource("icons/tray/idle.svg"))))
    # No word: which language is spoken is known a moment later.
    icon.setToolTip(f"{APP_NAME}\N{HORIZONTAL ELLIPSIS}")
    icon.show()
    return icon
