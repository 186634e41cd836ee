"""The steps of a wizard, and at which of them one is."""

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QWidget

from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.text import Text
from revenge_companion.ui.words import say

_ARROW = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"


class Steps(QWidget):
    """Where in the wizard one is; in words, so that colour is not the only sign."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = names
        self._texts = [Text() for _ in names]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        for number, text in enumerate(self._texts):
            if number:
                row.addWidget(Text(_ARROW, tone=Tone.MUTED))
            row.addWidget(text)
        row.addStretch(1)

    def show_step(self, step: int) -> None:
        """The step one is at, counted from 0; those before it are done."""
        for number, (text, name) in enumerate(zip(self._texts, self._names, strict=True)):
            done = number < step
            text.setText(f"\N{CHECK MARK} {name}" if done else f"{number + 1} {name}")
            font = text.font()
            font.setBold(number == step)
            text.setFont(font)
            text.set_tone(Tone.ACCENT if number == step else Tone.MUTED)
        self.setAccessibleName(
            say("Step {number} of {count}: {name}").format(
                number=step + 1, count=len(self._names), name=self._names[step]
            )
        )
