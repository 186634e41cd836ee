"""The window's left side: the pages, and below them the server, who, and the live source."""

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QIcon, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.status import EngineStatus, SignInState
from revenge_companion.ui import words
from revenge_companion.ui.theme import GRID, Tone, themed_icon, tone_colour
from revenge_companion.ui.widgets.text import OneLine, Text

WIDTH = 208


class Dot(QWidget):
    """A coloured dot; what it means is said beside it, on hover, and to screen readers."""

    def __init__(self) -> None:
        super().__init__()
        self._tone = Tone.MUTED
        self.setFixedSize(3 * GRID, 3 * GRID)

    def show_tone(self, tone: Tone, words_for_it: str) -> None:
        self._tone = tone
        self.setToolTip(words.flat(words_for_it))
        self.setAccessibleName(words_for_it)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tone_colour(self.palette(), self._tone))
        painter.drawEllipse(QRectF(2, 2, 2 * GRID, 2 * GRID))


class _PageName(QStyledItemDelegate):
    """A page's icon and title on a rounded ground where it is the chosen one."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        where: QRect = option.rect
        state = option.state
        colours: QPalette = option.palette
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            role = QPalette.ColorRole.Highlight if chosen else QPalette.ColorRole.Mid
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.color(role))
            painter.drawRoundedRect(where, 6, 6)
        if state & QStyle.StateFlag.State_HasFocus and not chosen:
            painter.setPen(colours.color(QPalette.ColorRole.Highlight))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(where.adjusted(1, 1, -1, -1), 6, 6)
        icon: QIcon = index.data(Qt.ItemDataRole.DecorationRole)
        mode = QIcon.Mode.Selected if chosen else QIcon.Mode.Normal
        place = QRect(where.left() + 3 * GRID, 0, 20, 20)
        place.moveTop(where.center().y() - 9)
        icon.paint(painter, place, Qt.AlignmentFlag.AlignCenter, mode)
        text = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.WindowText
        painter.setPen(colours.color(text))
        painter.drawText(
            where.adjusted(20 + 6 * GRID, 0, -GRID, 0),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            str(index.data()),
        )
        painter.restore()


class Sidebar(QWidget):
    #: Number of the page chosen.
    chosen = Signal(int)
    sign_in_wanted = Signal()

    def __init__(self, pages: tuple[tuple[str, str], ...]) -> None:
        """`pages` are icon names and titles, in order."""
        super().__init__()
        self._icons = [icon for icon, _ in pages]
        self.setFixedWidth(WIDTH)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Pages"))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setIconSize(QSize(20, 20))
        self.list.setSpacing(2)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.viewport().setAutoFillBackground(False)
        self.list.setItemDelegate(_PageName(self.list))
        for _, title in pages:
            item = QListWidgetItem(title)
            item.setSizeHint(QSize(0, self.list.fontMetrics().height() + 4 * GRID))
            self.list.addItem(item)
        self.list.currentRowChanged.connect(self.chosen)
        self._server = OneLine(bold=True)
        self._who = OneLine(tone=Tone.MUTED)
        self._dot = Dot()
        self._source = Text(tone=Tone.MUTED, wrap=True)
        self.sign_in = QPushButton(self.tr("Sign in\N{HORIZONTAL ELLIPSIS}"))
        self.sign_in.clicked.connect(self.sign_in_wanted)
        self._waiting = Text(tone=Tone.WAITING, wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID, 4 * GRID, 2 * GRID, 4 * GRID)
        column.setSpacing(GRID)
        column.addWidget(self.list, 1)
        bottom = QVBoxLayout()
        bottom.setContentsMargins(2 * GRID, 0, 0, 0)
        bottom.setSpacing(GRID)
        bottom.addWidget(self._waiting)
        bottom.addWidget(self._server)
        bottom.addWidget(self._who)
        source = self._source_row()
        bottom.addWidget(source)
        bottom.addWidget(self.sign_in)
        column.addLayout(bottom)
        self._paint_icons()

    def _source_row(self) -> QWidget:
        row = QWidget()
        across = QHBoxLayout(row)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(GRID)
        across.addWidget(self._dot, 0, Qt.AlignmentFlag.AlignVCenter)
        across.addWidget(self._source, 1)
        return row

    def choose(self, page: int) -> None:
        self.list.setCurrentRow(page)

    def show_status(self, status: EngineStatus) -> None:
        signed_in = status.sign_in is SignInState.SIGNED_IN
        server = status.server_url.partition("://")[2].rstrip("/") or status.server_url
        self._server.setText(server)
        self._server.setVisible(bool(server))
        self._who.setText(words.sign_in_words(status))
        self.sign_in.setVisible(not signed_in)
        source = words.source_line(status.source)
        why = words.reason(status.source.reason_code) or source
        self._source.setText(source)
        self._source.setVisible(signed_in)
        self._source.setToolTip(words.flat(why))
        self._dot.setVisible(signed_in)
        tone = Tone.GOOD if status.source.connected else Tone.BAD
        if status.source.connected and status.source.reason_code:
            tone = Tone.WAITING
        self._dot.show_tone(tone, why)
        self._waiting.setText(words.waiting_sentence(status.outbox))
        self._waiting.setVisible(bool(status.outbox.waiting or status.outbox.parked))

    def _paint_icons(self) -> None:
        for number, name in enumerate(self._icons):
            self.list.item(number).setIcon(themed_icon(name, self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._paint_icons()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colours = self.palette()
        painter.fillRect(self.rect(), colours.color(QPalette.ColorRole.AlternateBase))
        painter.setPen(colours.color(QPalette.ColorRole.Mid))
        painter.drawLine(self.width() - 1, 0, self.width() - 1, self.height())
