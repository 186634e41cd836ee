"""The yardstick: a PySide6 process with a tray icon, a menu, and nothing else.

Prints the seconds from the moment in BENCH_STAMP until the event loop has shown the icon.
"""

import os
import sys
import time

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon

app = QApplication(sys.argv[:1])
pixmap = QPixmap(32, 32)
pixmap.fill(QColor("white"))
menu = QMenu()
menu.addAction("Quit").triggered.connect(app.quit)
icon = QSystemTrayIcon(QIcon(pixmap))
icon.setContextMenu(menu)
icon.show()


def shown() -> None:
    print("tray", time.time() - float(os.environ["BENCH_STAMP"]), flush=True)


QTimer.singleShot(0, shown)
app.exec()
