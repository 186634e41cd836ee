"""Asks whether an address without encryption may be used; shown only while there is one."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.text import Text


class AllowHttp(QWidget):
    """What it means, in one sentence, and the permission."""

    changed = Signal()

    def __init__(self, *, meaning: str, permission: str, allowed: bool = False) -> None:
        super().__init__()
        self.meaning = Text(meaning, tone=Tone.WAITING, wrap=True)
        self.box = QCheckBox(permission)
        self.box.setChecked(allowed)
        self.box.setAccessibleDescription(meaning)
        self.box.toggled.connect(self.changed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(self.meaning)
        column.addWidget(self.box)
        self._needed = False
        self.hide()

    @property
    def allowed(self) -> bool:
        """Whether the address that is meant may be plain http."""
        return self._needed and self.box.isChecked()

    @property
    def missing(self) -> bool:
        """Whether nothing can be done before the permission is given."""
        return self._needed and not self.box.isChecked()

    def need(self, needed: bool) -> None:
        """Show it for an address without encryption, or hide it for any other.

        What was allowed for one address is not allowed for the next.
        """
        if needed == self._needed:
            return
        self._needed = needed
        if not needed:
            self.box.setChecked(False)
        self.setVisible(needed)
        self.changed.emit()
