"""How much of a service's day an account has used, and when the day is anew."""

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from revenge_companion.core.clock import Clock
from revenge_companion.core.quota import DayUse
from revenge_companion.ui import words
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.text import Text


class DayBudget(QWidget):
    """Hidden where there is no budget, or nothing of it is used."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(2 * GRID)
        self.bar.setMaximumWidth(50 * GRID)
        self.bar.setAccessibleName(self.tr("Used of today's limit"))
        self.text = Text(tone=Tone.MUTED)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3 * GRID)
        row.addWidget(self.bar, 1)
        row.addWidget(self.text)
        row.addStretch(1)
        self.hide()

    def show_use(self, use: DayUse | None) -> None:
        """Show what was used; None hides it."""
        shown = use is not None and use.used > 0 and use.limit > 0
        self.setVisible(shown)
        if use is None or not shown:
            return
        self.bar.setRange(0, use.limit)
        self.bar.setValue(min(use.used, use.limit))
        text = self.tr("{used} of {limit} used today, anew {when}").format(
            used=words.number(use.used),
            limit=words.number(use.limit),
            when=words.due(use.anew_at, self._clock.now()),
        )
        self.text.setText(text)
        self.bar.setAccessibleDescription(text)
