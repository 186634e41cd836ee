"""Below the library: what the user can say of the chosen line, who is told of it, and undo."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from revenge_companion.core.errors import CompanionError, EditRefused
from revenge_companion.core.library import Facet
from revenge_companion.core.ratings import rating_of, step_of
from revenge_companion.core.saying import SAYABLE, Spoken, Word
from revenge_companion.core.shown import Shown
from revenge_companion.ui import saying_words
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.card import Card
from revenge_companion.ui.widgets.text import OneLine, Text, buddy
from revenge_companion.ui.widgets.wheel import only_with_focus
from revenge_companion.ui.words import told


class SayingBar(QWidget):
    #: The library says otherwise now; the label of what it is about.
    changed = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._row: Shown | None = None
        self._busy = self._asking = False
        #: What was said, the last of it last; each can be taken back.
        self._said: list[Spoken] = []
        self.tasks = Tasks()
        self.title = OneLine(bold=True)
        self.rating = QComboBox()
        only_with_focus(self.rating)
        for points, text in saying_words.steps():
            self.rating.addItem(text, points)
        self.rating_name = buddy(self.tr("Ra&ting"), self.rating)
        self.remove = QPushButton(saying_words.remove(Facet.RATINGS))
        self.truth = Text(tone=Tone.MUTED, wrap=True)
        self.truth.setAccessibleName(self.tr("Who is told"))
        self.card = Card()
        top = QHBoxLayout()
        top.setSpacing(2 * GRID)
        top.addWidget(self.title, 1)
        for widget in (self.rating_name, self.rating, self.remove):
            top.addWidget(widget)
        self.card.column.addLayout(top)
        self.card.column.addWidget(self.truth)
        self.told = Text(wrap=True)
        self.told.setAccessibleName(self.tr("What was changed"))
        self.undo = QPushButton(self.tr("&Undo"))
        self.outcome = QWidget()
        row = QHBoxLayout(self.outcome)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3 * GRID)
        row.addWidget(self.told, 1)
        row.addWidget(self.undo)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * GRID)
        column.addWidget(self.outcome)
        column.addWidget(self.card)
        self.card.hide()
        self.outcome.hide()
        self.rating.activated.connect(lambda _index: self.rate(self.rating.currentData()))
        self.remove.clicked.connect(self.take_back)
        self.undo.clicked.connect(self.undo_last)

    def show_row(self, row: Shown | None) -> None:
        """Offer what can be said of a line; nothing for plays and lists."""
        self._row = row if row is not None and row.facet in SAYABLE else None
        self.card.setVisible(self._row is not None)
        if self._row is None:
            return
        rated = self._row.facet is Facet.RATINGS
        self.title.setText(saying_words.title(self._row))
        for widget in (self.rating_name, self.rating):
            widget.setVisible(rated)
        if rated and self._row.rating is not None:
            points = rating_of(step_of(self._row.rating))
            self.rating.setCurrentIndex(self.rating.findData(points))
        self.remove.setText(saying_words.remove(self._row.facet))
        self.truth.setText("")
        self._ask()

    @async_slot
    async def _ask(self) -> None:
        """Say who would be told, before anything is said."""
        if self._asking:
            # One line at a time, however fast one goes down the table: the last one is asked for.
            return
        self._asking = True
        try:
            while (row := self._row) is not None:
                text = await self._who(row)
                if row is self._row:
                    self.truth.setText(text)
                    return
        finally:
            self._asking = False

    async def _who(self, row: Shown) -> str:
        saying = self._context.engine.saying
        try:
            removed = await saying.hearers(row.id, _gone(row))
            if row.facet is not Facet.RATINGS:
                return saying_words.before(None, removed)
            # Any other rating than the one there is.
            other = 10 if (row.rating or 0) > 50 else 100
            changed = await saying.hearers(row.id, Word(Facet.RATINGS, rating=other))
        except CompanionError as error:
            return told(error)
        return saying_words.before(changed, removed)

    def rate(self, points: int) -> None:
        """Rate what is chosen with 1 to 100 points."""
        row = self._row
        if row is not None and row.facet is Facet.RATINGS and points != row.rating:
            self._say(row, Word(Facet.RATINGS, rating=points))

    def take_back(self) -> None:
        """Remove the rating, the wish or the love that is chosen."""
        if self._row is not None:
            self._say(self._row, _gone(self._row))

    @async_slot
    async def _say(self, row: Shown, word: Word) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            spoken = await self._context.engine.saying.say(row.id, word)
        except CompanionError as error:
            self._tell(told(error), Tone.BAD)
            return
        finally:
            self._busy = False
        self._said.append(spoken)
        self._tell(saying_words.done(spoken))
        self.changed.emit(spoken.label)

    @async_slot
    async def undo_last(self) -> None:
        """Take back the last word that was said here."""
        if self._busy or not self._said:
            return
        self._busy = True
        spoken = self._said[-1]
        try:
            undone = await self._context.engine.saying.unsay(spoken.number)
        except CompanionError as error:
            if isinstance(error, EditRefused):
                # Asking again would not help.
                self._said.remove(spoken)
            self._tell(told(error), Tone.BAD)
            return
        finally:
            self._busy = False
        self._said.remove(spoken)
        self._tell(saying_words.undone(undone))
        self.changed.emit(undone.label)

    def _tell(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        self.told.set_tone(tone)
        self.told.setText(text)
        self.outcome.show()
        # What was said before can be taken back, too.
        self.undo.setVisible(bool(self._said))


def _gone(row: Shown) -> Word:
    # Who no longer loves something takes back no hate, and the other way round.
    return Word(row.facet, gone=True, loved=row.loved)
