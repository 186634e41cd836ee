"""What of a source or an account is wanted: a tick for each facet, with what it holds."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from revenge_companion.core.library import Facet
from revenge_companion.ui import library_words
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.card import Card, clear
from revenge_companion.ui.widgets.text import Text


class FacetTicks(Card):
    #: Something was ticked or not any more.
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        #: Those that can be ticked and those that cannot.
        self.boxes: dict[Facet, QCheckBox] = {}
        self._rows = QVBoxLayout()
        self._rows.setSpacing(3 * GRID)
        self.column.addLayout(self._rows)

    def clear(self) -> None:
        clear(self._rows)
        self.boxes = {}

    def add(self, facet: Facet, says: str, *, wanted: bool = True, can: bool = True) -> None:
        """Offer a facet, with what there is to know of it; one that cannot be had says why."""
        box = QCheckBox(library_words.facet(facet))
        box.setChecked(wanted and can)
        box.setEnabled(can)
        box.toggled.connect(self.changed)
        self.boxes[facet] = box
        held = QWidget()
        column = QVBoxLayout(held)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(box)
        column.addWidget(under(box, says))
        self._rows.addWidget(held)

    def chosen(self) -> tuple[Facet, ...]:
        """What is ticked, in the order it was offered."""
        return tuple(facet for facet, box in self.boxes.items() if box.isChecked())


def under(box: QCheckBox, text: str) -> Text:
    """A sentence below a tick, in line with its words; screen readers say it with the tick."""
    told = Text(text, tone=Tone.MUTED, wrap=True)
    style = box.style()
    indent = style.pixelMetric(style.PixelMetric.PM_IndicatorWidth, None, box)
    indent += style.pixelMetric(style.PixelMetric.PM_CheckBoxLabelSpacing, None, box)
    told.setContentsMargins(indent, 0, 0, 0)
    box.setAccessibleDescription(text)
    return told
