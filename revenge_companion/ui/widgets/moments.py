"""The moments of a play as a list of times and sentences."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFormLayout, QWidget

from revenge_companion.core.moments import Course
from revenge_companion.core.status import PlayRecord
from revenge_companion.ui import story_words
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.text import Text


class MomentList(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._rows = QFormLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setHorizontalSpacing(3 * GRID)
        self._rows.setVerticalSpacing(GRID)
        self._rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        self._sentences: list[Text] = []
        self._chosen = -1

    def show_course(self, play: PlayRecord, course: Course) -> None:
        self._chosen = -1
        self._sentences = []
        while self._rows.rowCount():
            self._rows.removeRow(0)
        for one in course.moments:
            if one.let_go:
                self._rows.addRow(
                    _at_the_top("\N{HORIZONTAL ELLIPSIS}"),
                    Text(story_words.let_go(one.let_go), tone=Tone.MUTED, wrap=True),
                )
            time = story_words.when(one.at, course.moments[0].at)
            said = story_words.moment(one, play, course)
            sentence = Text(said, wrap=True)
            # Read alone, the sentence needs its time.
            sentence.setAccessibleName(f"{time} {said}")
            self._rows.addRow(_at_the_top(time), sentence)
            self._sentences.append(sentence)

    def choose(self, number: int) -> QWidget | None:
        """Put a light behind a moment, which is returned; with -1 behind none."""
        self._chosen = number
        self.update()
        return self._chosen_sentence()

    def _chosen_sentence(self) -> Text | None:
        if 0 <= self._chosen < len(self._sentences):
            return self._sentences[self._chosen]
        return None

    def paintEvent(self, event: QPaintEvent) -> None:
        sentence = self._chosen_sentence()
        if sentence is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(QPalette.ColorRole.AlternateBase))
        line = QRectF(sentence.geometry()).adjusted(0, -2, 0, 2)
        line.setLeft(0)
        painter.drawRoundedRect(line, GRID, GRID)


def _at_the_top(text: str) -> Text:
    """Beside the first line of a sentence that has several."""
    made = Text(text, tone=Tone.MUTED)
    made.setAlignment(Qt.AlignmentFlag.AlignTop)
    return made
