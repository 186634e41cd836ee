"""The wizard's third step: everything that was read, before anything is written."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from revenge_companion.core.imports import ImportRun, Verdict
from revenge_companion.core.library import Facet
from revenge_companion.engine.library_api import ImportsApi
from revenge_companion.ui import import_words, library_words, words
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.import_rows import ImportRows
from revenge_companion.ui.widgets.tabs import Tabs
from revenge_companion.ui.widgets.text import Text

#: Wait after the last key before searching.
SEARCH_AFTER_MS = 250


class PreviewPage(QWidget):
    #: Lines have got another verdict: the run has to be read again.
    changed = Signal()

    def __init__(self, imports: ImportsApi) -> None:
        super().__init__()
        self._run: ImportRun | None = None
        #: What each tab shows already, so that looking again reads nothing.
        self._asked: dict[Verdict, tuple[object, ...]] = {}
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(SEARCH_AFTER_MS)
        self._typed.timeout.connect(self._read)
        self.tabs = {verdict: ImportRows(imports, verdict) for verdict in Verdict}
        self._build()

    def _build(self) -> None:
        self.nothing_written = Text(
            self.tr("Nothing has been written yet."), scale=1.15, bold=True, wrap=True
        )
        self.summary = Text(tone=Tone.MUTED, wrap=True)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search titles"))
        self.search.setAccessibleName(self.tr("Search titles"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._typed.start)
        self.facet = QComboBox()
        self.facet.setAccessibleName(self.tr("What"))
        self.facet.currentIndexChanged.connect(self._read)
        filters = QHBoxLayout()
        filters.setSpacing(2 * GRID)
        filters.addWidget(self.search, 1)
        filters.addWidget(self.facet)
        self.book = Tabs(self.tr("Preview"))
        for rows in self.tabs.values():
            rows.changed.connect(self.changed)
            self.book.addTab(rows, "")
        self.book.currentChanged.connect(self._read)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * GRID)
        column.addWidget(self.nothing_written)
        column.addWidget(self.summary)
        column.addSpacing(GRID)
        column.addLayout(filters)
        column.addWidget(self.book, 1)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.search.setFocus)

    def show_run(self, run: ImportRun) -> None:
        """Show what was read; the counts may change while lines are decided about."""
        fresh = self._run is None or self._run.id != run.id
        self._run = run
        for number, verdict in enumerate(self.tabs):
            count = words.number(run.counts.get(verdict, 0))
            self.book.setTabText(number, f"{import_words.verdict_name(verdict)} ({count})")
        self.summary.setText(self._summary(run))
        if fresh:
            self._show_facets(run)
            self._asked = {}
            verdicts = list(self.tabs)
            some = (n for n, verdict in enumerate(verdicts) if run.counts.get(verdict))
            self.book.setCurrentIndex(next(some, 0))
        self._read()

    @property
    def lines(self) -> QWidget:
        """The table that is looked at."""
        return list(self.tabs.values())[self.book.currentIndex()].view

    def shut(self) -> None:
        """End what is under way."""
        self._typed.stop()
        for rows in self.tabs.values():
            rows.shut()

    def _show_facets(self, run: ImportRun) -> None:
        self.facet.blockSignals(True)
        self.facet.clear()
        self.facet.addItem(self.tr("Everything"), None)
        for facet in run.facets:
            self.facet.addItem(library_words.facet(facet), facet.value)
        self.facet.blockSignals(False)
        self.facet.setVisible(len(run.facets) > 1)

    def _summary(self, run: ImportRun) -> str:
        counts = run.counts
        new = counts.get(Verdict.NEW, 0) + counts.get(Verdict.UNMATCHED, 0)
        conflicts = counts.get(Verdict.CONFLICT, 0)
        if not any(counts.values()):
            parts = [self.tr("There is nothing to import.")]
        elif not new and not conflicts:
            parts = [self.tr("Your library has all of this already; there is nothing to import.")]
        else:
            parts = []
        if new:
            parts.append(words.say("%Ln line(s) will be added to your library.", new))
        if conflicts:
            parts.append(words.say("%Ln conflict(s) will be settled as shown.", conflicts))
        if run.failed:
            parts.append(words.say("%Ln line(s) could not be read.", run.failed))
        return " ".join(parts)

    def _read(self) -> None:
        run = self._run
        if run is None:
            return
        verdict = list(self.tabs)[self.book.currentIndex()]
        # Qt keeps it as a plain text.
        value = self.facet.currentData()
        facet = Facet(value) if value else None
        asked = (run.id, facet, self.search.text().strip())
        if self._asked.get(verdict) == asked:
            return
        self._asked[verdict] = asked
        rows = self.tabs[verdict]
        rows.show_run(run.id, run.source_name, facet=facet, search=asked[2])
