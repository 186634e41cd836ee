"""Scrolling a page must not change what happens to be under the pointer."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QWidget


class _Filter(QObject):
    def __init__(self, control: QWidget) -> None:
        super().__init__(control)
        self._control = control

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is not QEvent.Type.Wheel or self._control.hasFocus():
            return False
        # Not taken, so that the page gets it.
        event.ignore()
        return True


def only_with_focus(control: QWidget) -> None:
    """Let the wheel turn a slider or number only where the user has chosen it."""
    control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    control.installEventFilter(_Filter(control))
