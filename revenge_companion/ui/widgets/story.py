"""The story of one play: what was played, why it counted or not, and where it went."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QPushButton, QToolButton, QWidget

from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.moments import read_course
from revenge_companion.core.reasons import Reason, minutes
from revenge_companion.core.status import PlayRecord
from revenge_companion.ui import story_words, words
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import GRID, Tone, themed_icon
from revenge_companion.ui.widgets.card import Card, Column
from revenge_companion.ui.widgets.course import CourseChart
from revenge_companion.ui.widgets.moments import MomentList
from revenge_companion.ui.widgets.progress import PlayProgress
from revenge_companion.ui.widgets.text import Text

#: Plays that must not be counted by hand: nothing of them is known, or they already count.
_NOT_BY_HAND = frozenset({Reason.PRIVATE, Reason.REST_OF_COUNTED, Reason.PLAYING})
#: Wider than the story ever is: it takes the room it has.
_WIDEST = 4000


class Story(Card):
    """Shows one `PlayRecord`; says when the user wants it counted anyway."""

    #: The play's id.
    anyway_wanted = Signal(int)
    #: The play's id, and whether its track is to be loved or no more.
    love_wanted = Signal(int, bool)
    #: The play's id.
    undo_wanted = Signal(int)
    closed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._play: PlayRecord | None = None
        self.setAccessibleName(self.tr("Story of this play"))
        self._title = Text(scale=1.15, bold=True, wrap=True)
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setToolTip(self.tr("Close (Escape)"))
        self._close.setAccessibleName(self.tr("Close the story"))
        self._close.clicked.connect(self.closed)
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        top.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self.column.addLayout(top)
        self.body = Column(widest=_WIDEST, margin=0)
        self.body.setAccessibleName(self.tr("What happened"))
        self.column.addWidget(self.body, 1)
        rows = self.body.rows
        rows.setSpacing(2 * GRID)
        # Not right up to where it is scrolled.
        rows.setContentsMargins(0, 0, 2 * GRID, 0)
        self._why = Text(wrap=True)
        rows.addWidget(self._why)
        self._progress = PlayProgress()
        rows.addWidget(self._progress)
        self.chart = CourseChart()
        self.chart.looked_at.connect(self._on_looked_at)
        rows.addWidget(self.chart)
        self._legend = Text(tone=Tone.MUTED, wrap=True)
        rows.addWidget(self._legend)
        self.moments = MomentList()
        self.moments.currentRowChanged.connect(self._on_line)
        rows.addWidget(self.moments)
        self._moments_of: tuple[int, str, str] | None = None
        self._facts = QFormLayout()
        self._facts.setHorizontalSpacing(4 * GRID)
        self._facts.setVerticalSpacing(GRID)
        self._facts.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        self._places_title = Text(self.tr("Destinations"), bold=True)
        rows.addSpacing(2 * GRID)
        rows.addWidget(self._places_title)
        self._places = QWidget()
        self._places_rows = QFormLayout(self._places)
        self._places_rows.setContentsMargins(0, 0, 0, 0)
        self._places_rows.setVerticalSpacing(2 * GRID)
        rows.addWidget(self._places)
        rows.addSpacing(2 * GRID)
        rows.addLayout(self._facts)
        rows.addStretch(1)
        #: Plays whose track was loved from here; services are not asked what they keep.
        self._loved: set[int] = set()
        self.love_answer = Text(tone=Tone.MUTED, wrap=True)
        self.column.addWidget(self.love_answer)
        self.love = QPushButton()
        self.love.setCheckable(True)
        self.love.clicked.connect(self._on_love)
        self.column.addWidget(self.love)
        self._show_heart(False)
        self.anyway = QPushButton(self.tr("&Scrobble anyway"))
        self.anyway.clicked.connect(self._on_anyway)
        self.column.addWidget(self.anyway)
        self.undo = QPushButton(self.tr("&Undo\N{HORIZONTAL ELLIPSIS}"))
        self.undo.clicked.connect(self._on_undo)
        self.column.addWidget(self.undo)

    def show_play(self, play: PlayRecord) -> None:
        if self._play is None or self._play.id != play.id:
            self.love_answer.hide()
            self.love.setEnabled(True)
        self._play = play
        self.love.setVisible(self._can_be_loved(play))
        self._show_heart(play.id in self._loved)
        self._close.setIcon(themed_icon("close", self.palette(), Tone.MUTED))
        self._title.setText(play.label)
        self._why.setText(words.reason(play.reason_code, play.facts))
        drawn = self._show_course(play)
        self._progress.setVisible(bool(play.duration_s) and not drawn)
        if play.duration_s:
            self._progress.show_progress(play.position_s / play.duration_s, None)
        _empty(self._facts)
        for name, value in self._lines(play):
            self._facts.addRow(Text(name, tone=Tone.MUTED), Text(value, wrap=True))
        _empty(self._places_rows)
        for fate in play.destinations:
            name = self._context.name(fate.service)
            sign = Text(words.delivery_sign(fate.state), tone=words.delivery_tone(fate.state))
            sign.setAlignment(Qt.AlignmentFlag.AlignTop)
            text = story_words.destination(fate, name, self._context.clock.now())
            self._places_rows.addRow(sign, Text(text, wrap=True))
        for one in play.passed_over:
            sign = Text("\N{EN DASH}", tone=Tone.MUTED)
            sign.setAlignment(Qt.AlignmentFlag.AlignTop)
            text = story_words.passed_over(one, self._context.name(one.service))
            self._places_rows.addRow(sign, Text(text, wrap=True, tone=Tone.MUTED))
        if play.counted_at and not play.open and not self._places_rows.rowCount():
            none = Text(words.reason(Reason.NO_ACCOUNT), wrap=True, tone=Tone.MUTED)
            self._places_rows.addRow(none)
        places = bool(self._places_rows.rowCount())
        self._places_title.setVisible(places)
        self._places.setVisible(places)
        by_hand = play.counted_at is None and not play.open
        self.anyway.setVisible(by_hand and play.reason_code not in _NOT_BY_HAND)
        self.anyway.setEnabled(True)
        self.undo.setVisible(any(fate.state != DeliveryState.UNDONE for fate in play.destinations))
        self.undo.setEnabled(True)

    def _show_course(self, play: PlayRecord) -> bool:
        """Show what happened, where it is known; True where it could be drawn."""
        course = read_course(play.moments_text)
        drawn = self.chart.show_course(play, course)
        self.chart.setVisible(drawn)
        self._legend.setText(story_words.legend(play, course))
        self._legend.setVisible(drawn)
        self.moments.setVisible(bool(course.moments))
        # A play that goes on is shown again and again, and mostly nothing new has happened.
        shown = (play.id, play.moments_text, play.reason_code)
        if shown != self._moments_of:
            self._moments_of = shown
            self.moments.show_course(play, course)
        return drawn

    def _on_looked_at(self, number: int) -> None:
        self.moments.choose(number)

    def _on_line(self, _row: int) -> None:
        """Show a moment that was chosen in the drawing or in the list in both."""
        self.chart.choose(self.moments.chosen)
        middle, inner = self.moments.chosen_middle(), self.body.widget()
        if middle is not None and inner is not None:
            place = self.moments.mapTo(inner, middle)
            self.body.ensureVisible(place.x(), place.y(), 0, 4 * GRID)

    def show_love(self, play_id: int, loved: bool, text: str, tone: Tone) -> None:
        """Show what became of a love, where its play is still shown."""
        if loved:
            self._loved.add(play_id)
        else:
            self._loved.discard(play_id)
        if self._play is None or self._play.id != play_id:
            return
        self.love.setEnabled(True)
        self._show_heart(loved)
        self.love_answer.set_tone(tone)
        self.love_answer.setText(text)
        self.love_answer.show()

    def _can_be_loved(self, play: PlayRecord) -> bool:
        accounts = [each.account for each in self._context.engine.status.accounts]
        specs = [self._context.spec(one.service) for one in accounts if one.switches.enabled]
        return any(spec is not None and spec.loves and play.kind in spec.kinds for spec in specs)

    def _show_heart(self, loved: bool) -> None:
        self.love.setChecked(loved)
        heart, text = ("\N{BLACK HEART SUIT}", self.tr("&Loved: take it back"))
        if not loved:
            heart, text = ("\N{WHITE HEART SUIT}", self.tr("&Love this track"))
        self.love.setText(f"{heart} {text}")
        self.love.setAccessibleName(text.replace("&", ""))

    def _on_love(self) -> None:
        if self._play is not None:
            self.love.setEnabled(False)
            self.love_wanted.emit(self._play.id, self._play.id not in self._loved)

    def _lines(self, play: PlayRecord) -> list[tuple[str, str]]:
        lines = [(self.tr("Started"), words.exact(play.started_at))]
        if play.ended_at is not None:
            lines.append((self.tr("Ended"), words.exact(play.ended_at)))
        if play.counted_at is not None:
            lines.append((self.tr("Counted"), words.exact(play.counted_at)))
        lines.append((self.tr("Played"), minutes(play.played_s)))
        position = minutes(play.position_s)
        if play.duration_s:
            position = self.tr("{position} of {duration}").format(
                position=position, duration=minutes(play.duration_s)
            )
        lines.append((self.tr("Position"), position))
        lines.append((self.tr("Kind"), words.kind_name(play.kind)))
        if play.device_name:
            lines.append((self.tr("Device"), play.device_name))
        return lines

    def _on_anyway(self) -> None:
        if self._play is not None:
            self.anyway.setEnabled(False)
            self.anyway_wanted.emit(self._play.id)

    def _on_undo(self) -> None:
        if self._play is not None:
            self.undo_wanted.emit(self._play.id)


def _empty(form: QFormLayout) -> None:
    while form.rowCount():
        form.removeRow(0)
