"""The tray icon's first moment: shown before anything else of the program is imported."""

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QSystemTrayIcon

from revenge_companion import APP_NAME
from revenge_companion.ui.resources import resource


def early_tray() -> QSystemTrayIcon:
    """A visible tray icon that says the program is starting; hand it to `Shell`.

    Needs a QApplication. Imports neither asyncio nor the engine, which take as long as Qt itself.
    """
    icon = QSystemTrayIcon(QIcon(str(resource("icons/tray/idle.svg"))))
    starting = QCoreApplication.translate("Words", "Starting")
    icon.setToolTip(f"{APP_NAME}\n{starting}")
    icon.show()
    return icon
