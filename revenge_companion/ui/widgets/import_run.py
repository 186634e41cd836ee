"""One import that is under way or waits for the user, and the list of those that are past."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.imports import ImportRun, RunState
from revenge_companion.ui import import_words, words
from revenge_companion.ui.context import Context
from revenge_companion.ui.models.import_runs import ImportRunsModel, RunColumn
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.card import Card
from revenge_companion.ui.widgets.empty import Listing
from revenge_companion.ui.widgets.table import WholeRows, table
from revenge_companion.ui.widgets.text import OneLine, Text

_WHOLE = 1000


class RunCard(Card):
    """An import that is not finished; signals carry its id."""

    opened = Signal(int)
    resumed = Signal(int)
    stopped = Signal(int)

    def __init__(self, context: Context, run: ImportRun) -> None:
        super().__init__()
        self._context = context
        self._id = run.id
        self._name = OneLine(bold=True)
        self._state = Text(wrap=True)
        self._numbers = Text(tone=Tone.MUTED, wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.resume = QPushButton(self.tr("Go on"))
        self.stop = QPushButton(self.tr("Stop"))
        self.open = QPushButton(self.tr("Open\N{HORIZONTAL ELLIPSIS}"))
        self.resume.clicked.connect(lambda: self.resumed.emit(self._id))
        self.stop.clicked.connect(lambda: self.stopped.emit(self._id))
        self.open.clicked.connect(lambda: self.opened.emit(self._id))
        top = QHBoxLayout()
        top.setSpacing(2 * GRID)
        top.addWidget(self._name, 1)
        for button in (self.resume, self.stop, self.open):
            top.addWidget(button)
        self.column.addLayout(top)
        self.column.addWidget(self._state)
        self.column.addWidget(self.bar)
        self.column.addWidget(self._numbers)
        self.show_run(run)

    def show_run(self, run: ImportRun) -> None:
        tone = import_words.run_tone(run)
        self.set_tone(None if tone is Tone.PLAIN else tone)
        self._name.setText(
            f"{import_words.run_name(run)} \N{MIDDLE DOT} {import_words.facet_names(run.facets)}"
        )
        self._state.set_tone(tone)
        state = (
            words.told(run.trouble)
            or import_words.finishing(run)
            or f"{import_words.run_state(run)}."
        )
        if not run.running and run.state is not RunState.PREVIEW:
            state = f"{state} {import_words.remains(run)}"
        self._state.setText(state)
        share = import_words.share(run)
        self.bar.setVisible(run.running)
        self.bar.setRange(0, 0 if share is None else _WHOLE)
        self.bar.setValue(round((share or 0.0) * _WHOLE))
        self._numbers.setText(self._numbers_text(run))
        self.resume.setVisible(run.can_resume)
        self.stop.setVisible(run.running)
        name = import_words.run_name(run)
        for button in (self.resume, self.stop, self.open):
            button.setAccessibleName(f"{button.text()}, {name}")
        self.bar.setAccessibleName(self.tr("Progress of {source}").format(source=name))
        self.bar.setAccessibleDescription("" if share is None else words.percent(share))

    def _numbers_text(self, run: ImportRun) -> str:
        now = self._context.clock.now()
        parts = [self.tr("Begun {when}").format(when=import_words.begun(run, now))]
        if run.running:
            total = "" if run.total is None else words.number(max(run.total, run.processed))
            done = words.number(run.processed)
            parts.append(f"{done} / {total}" if total else done)
            left = import_words.time_left(run.left_s)
            if left:
                parts.append(self.tr("{time} left").format(time=left))
        else:
            parts.append(import_words.run_counts(run))
        return " \N{MIDDLE DOT} ".join(filter(None, parts))


class PastRuns(QWidget):
    """Every run, with what can be done about the one that is chosen."""

    opened = Signal(int)
    resumed = Signal(int)
    #: ImportRun
    undo_wanted = Signal(object)
    forget_wanted = Signal(object)
    #: Nothing was imported yet, and the user wants to.
    sources_wanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.model = ImportRunsModel(context.clock, self)
        self.view = table(
            self.model,
            name=self.tr("Past imports"),
            widths=(10, 45, 23, 17, 24),
            stretch=RunColumn.COUNTS,
        )
        # Exports of one kind begin alike, and end in a date.
        self.view.setItemDelegateForColumn(
            RunColumn.SOURCE, WholeRows(self.view, elide=Qt.TextElideMode.ElideMiddle)
        )
        self.view.setSelectionMode(self.view.SelectionMode.SingleSelection)
        self._listing = Listing(self.view)
        self.empty = self._listing.empty
        self.empty.say(
            self.tr("Nothing has been imported yet."),
            action=self.tr("Choose a source\N{HORIZONTAL ELLIPSIS}"),
        )
        self.empty.acted.connect(self.sources_wanted)
        self.detail = Card()
        self._title = OneLine(bold=True)
        self._told = Text(wrap=True)
        self.detail.column.addWidget(self._title)
        self.detail.column.addWidget(self._told)
        self.detail.hide()
        self.open = QPushButton(self.tr("&Open\N{HORIZONTAL ELLIPSIS}"))
        self.resume = QPushButton(self.tr("&Go on"))
        self.undo = QPushButton(self.tr("&Undo\N{HORIZONTAL ELLIPSIS}"))
        self.forget = QPushButton(self.tr("&Forget\N{HORIZONTAL ELLIPSIS}"))
        self._actions = QWidget()
        actions = QHBoxLayout(self._actions)
        actions.setContentsMargins(0, 0, 0, 0)
        actions.setSpacing(2 * GRID)
        actions.addStretch(1)
        for button in (self.forget, self.undo, self.resume, self.open):
            actions.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2 * GRID, 0, 0)
        column.setSpacing(3 * GRID)
        column.addWidget(self._listing, 1)
        column.addWidget(self.detail)
        column.addWidget(self._actions)
        self.view.selectionModel().selectionChanged.connect(self._show_chosen)
        self.view.activated.connect(lambda _index: self._on(self.opened, run_id=True))
        self.model.loaded.connect(self._on_loaded)
        self.model.dataChanged.connect(self._show_chosen)
        self.open.clicked.connect(lambda: self._on(self.opened, run_id=True))
        self.resume.clicked.connect(lambda: self._on(self.resumed, run_id=True))
        self.undo.clicked.connect(lambda: self._on(self.undo_wanted))
        self.forget.clicked.connect(lambda: self._on(self.forget_wanted))
        delete = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.view)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self.forget.click)
        self._show_chosen()

    def show_runs(self, runs: Sequence[ImportRun]) -> None:
        self.model.set_rows(runs)

    def chosen(self) -> ImportRun | None:
        rows = self.view.selectionModel().selectedRows()
        return self.model.row(rows[0]) if rows else None

    def _on(self, signal: object, *, run_id: bool = False) -> None:
        run = self.chosen()
        if run is not None:
            signal.emit(run.id if run_id else run)  # type: ignore[attr-defined]  # a bound Signal

    def _on_loaded(self, rows: int) -> None:
        self._listing.show_rows(rows)
        self._actions.setVisible(bool(rows))
        self._show_chosen()

    def _show_chosen(self) -> None:
        run = self.chosen()
        self.open.setEnabled(run is not None)
        self.resume.setEnabled(run is not None and run.can_resume)
        self.undo.setEnabled(run is not None and run.can_undo and not run.running)
        self.forget.setEnabled(run is not None and not run.running)
        self.detail.setVisible(run is not None)
        if run is None:
            return
        facets = import_words.facet_names(run.facets)
        self._title.setText(f"{import_words.run_name(run)} \N{MIDDLE DOT} {facets}")
        said = [f"{import_words.run_state(run)}."]
        if run.trouble:
            said.append(words.told(run.trouble))
        if not run.running and run.state not in (RunState.PREVIEW, RunState.DONE, RunState.UNDONE):
            said.append(import_words.remains(run))
        counts = import_words.run_counts(run)
        self._told.setText("\n".join(filter(None, (" ".join(said), counts))))
