"""The tray icon: paints a `TrayState` and hands on what was chosen. Imports no page or dialog."""

import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from revenge_companion.ui.theme import svg_pixmap
from revenge_companion.ui.tray_state import Do, MenuLine, TrayIcon, TrayState
from revenge_companion.ui.words import flat, no_mnemonic

#: Sizes that panels ask for, in pixels.
SIZES = (16, 22, 24, 32, 48, 64)


def tray_available() -> bool:
    """Whether the desktop shows tray icons at all."""
    return QSystemTrayIcon.isSystemTrayAvailable()


class Tray(QObject):
    """One icon, one menu; `current` gives the state whenever it has to be painted."""

    #: Do, and its target as text.
    chosen = Signal(object, str)
    #: The icon itself was clicked.
    clicked = Signal()
    #: A notification was clicked.
    message_clicked = Signal()

    def __init__(
        self,
        current: Callable[[], TrayState],
        parent: QObject | None = None,
        *,
        icon: QSystemTrayIcon | None = None,
    ) -> None:
        """`icon` is one that is already shown (`ui.early`); without it, one is made."""
        super().__init__(parent)
        self._current = current
        self._painted: TrayState | None = None
        self._icons: dict[TrayIcon, QIcon] = {}
        self.icon = icon or QSystemTrayIcon()
        self.menu = QMenu()
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._on_activated)
        self.icon.messageClicked.connect(self.message_clicked)
        # The progress in the menu is as old as the last change; painted anew when it opens.
        self.menu.aboutToShow.connect(self._on_about_to_show)
        self.menu.aboutToHide.connect(self.refresh)
        self.refresh()

    def show(self) -> None:
        self.icon.show()

    def hide(self) -> None:
        self.icon.hide()

    def refresh(self) -> None:
        """Paint the present state, unless the menu is open under the user's hand."""
        if not self.menu.isVisible():
            self._paint(self._current())

    def notify(self, title: str, text: str, *, trouble: bool) -> None:
        """Show a notification where the desktop has a place for it; never fails."""
        if not self.icon.isVisible():
            return
        kind = QSystemTrayIcon.MessageIcon
        self.icon.showMessage(flat(title), flat(text), kind.Warning if trouble else kind.NoIcon)

    def _on_about_to_show(self) -> None:
        self._paint(self._current())

    def _paint(self, state: TrayState) -> None:
        before = self._painted
        if before == state:
            return
        self._painted = state
        if before is None or before.icon is not state.icon:
            self.icon.setIcon(self._icon(state.icon))
        if before is None or before.tooltip != state.tooltip:
            self.icon.setToolTip(state.tooltip)
        if before is None or before.lines != state.lines:
            self.menu.clear()
            self._fill(self.menu, state.lines)

    def _fill(self, menu: QMenu, lines: tuple[MenuLine, ...]) -> None:
        for line in lines:
            if line.children:
                self._fill(menu.addMenu(no_mnemonic(line.text)), line.children)
                continue
            if not line.text:
                menu.addSeparator()
                continue
            action = menu.addAction(no_mnemonic(line.text))
            if line.do is None:
                action.setEnabled(False)
            else:
                action.triggered.connect(self._choosing(line.do, line.target))

    def _choosing(self, do: Do, target: str) -> Callable[[], None]:
        def choose() -> None:
            self.chosen.emit(do, target)

        return choose

    def _icon(self, state: TrayIcon) -> QIcon:
        icon = self._icons.get(state)
        if icon is None:
            icon = QIcon()
            for size in SIZES:
                icon.addPixmap(svg_pixmap(f"tray/{state}", QColor("white"), size))
            self._icons[state] = icon
        return icon

    def _on_activated(self, how: QSystemTrayIcon.ActivationReason) -> None:
        reason = QSystemTrayIcon.ActivationReason
        # On macOS a click opens the menu, as everywhere there.
        if how in (reason.Trigger, reason.DoubleClick) and sys.platform != "darwin":
            self.clicked.emit()
