"""The frame of a wizard: where one is, a page for each step, what went wrong, and the buttons."""

from collections.abc import Sequence

from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.ui.ask import only_default
from revenge_companion.ui.theme import GRID, MARGIN, Tone
from revenge_companion.ui.widgets.steps import Steps
from revenge_companion.ui.widgets.text import Text

#: In average characters: larger text needs more room.
WIDE, HIGH = 144, 104


class Wizard(QDialog):
    """Subclasses build their pages, and say with each what the buttons do."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._step: int | None = None
        self._busy = False

    def frame_pages(self, steps: Sequence[str], pages: Sequence[QWidget], *, state: str) -> None:
        """Lay out the frame around `pages`; `state` is what screen readers call the message."""
        self.steps = Steps(steps)
        self.pages = QStackedWidget()
        for page in pages:
            self.pages.addWidget(page)
        self.message = Text(tone=Tone.BAD, wrap=True)
        self.message.setAccessibleName(state)
        self.message.hide()
        self.back = QPushButton(self.tr("&Back"))
        self.extra = QPushButton()
        self.leave = QPushButton()
        self.go = QPushButton()
        footer = QHBoxLayout()
        footer.setSpacing(2 * GRID)
        footer.addWidget(self.back)
        footer.addWidget(self.extra)
        footer.addStretch(1)
        footer.addWidget(self.leave)
        footer.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(4 * GRID)
        column.addWidget(self.steps)
        column.addWidget(self.pages, 1)
        column.addWidget(self.message)
        column.addLayout(footer)
        character = self.fontMetrics().averageCharWidth()
        self.resize(WIDE * character, HIGH * character)
        self.setMinimumSize(600, 440)
        self.setSizeGripEnabled(True)

    # What subclasses say

    def button_words(self) -> tuple[str, str, str]:
        """What the buttons say: the next step, the other thing to do, and leaving; "" for none."""
        raise NotImplementedError

    def can_go(self) -> bool:
        """Whether the next step can be taken."""
        raise NotImplementedError

    def can_go_back(self) -> bool:
        """Whether there is a step to go back to."""
        raise NotImplementedError

    def first_widget(self) -> QWidget | None:
        """Where the keyboard begins at this step; None for the buttons."""
        return None

    def enter_presses(self) -> QPushButton | None:
        """What Enter presses wherever the keyboard is; None for only the button that has it."""
        return self.go if self.go.text() else self.leave

    # What subclasses do

    def show_page(self, step: int, page: QWidget) -> None:
        """Show `page` as a part of `step`."""
        turned = self.pages.currentWidget() is not page or self._step != step
        self._step = step
        if turned:
            self.say("")
            self.steps.show_step(step)
            self.pages.setCurrentWidget(page)
        self.show_footer()
        if turned:
            self._focus()

    def _focus(self) -> None:
        """Put the keyboard where the step begins."""
        first = self.first_widget()
        if first is not None:
            first.setFocus()
        elif self.go.isVisibleTo(self) and self.go.isEnabled():
            self.go.setFocus()
        else:
            self.leave.setFocus()

    def show_footer(self) -> None:
        """Show what the buttons do now."""
        go, extra, leave = self.button_words()
        for button, text in ((self.go, go), (self.extra, extra), (self.leave, leave)):
            button.setText(text)
            button.setVisible(bool(text))
            button.setEnabled(not self._busy)
        self.leave.setEnabled(True)
        self.back.setVisible(self.can_go_back())
        self.back.setEnabled(not self._busy)
        self.go.setEnabled(not self._busy and self.can_go())
        only_default(self, self.enter_presses())

    def show_busy(self, busy: bool) -> None:
        """Something was asked of the engine, and its answer is waited for."""
        self._busy = busy
        self.show_footer()

    def say(self, text: str, tone: Tone = Tone.BAD) -> None:
        """Say what went wrong, or in another tone what goes on; "" for nothing."""
        self.message.set_tone(tone)
        self.message.setText(text)
        self.message.setVisible(bool(text))
