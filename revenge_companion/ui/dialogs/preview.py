"""A step that shows what would be done, in tabs that can be searched, before anything is."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from revenge_companion.core.library import Facet
from revenge_companion.ui import library_words, words
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.lines import Lines
from revenge_companion.ui.widgets.search_field import SearchField
from revenge_companion.ui.widgets.tabs import Tabs
from revenge_companion.ui.widgets.text import Text

#: Wait after the last key before searching.
SEARCH_AFTER_MS = 250

Verdict = TypeVar("Verdict", bound=StrEnum)


class Preview(QWidget, Generic[Verdict]):
    """Subclasses bring a tab for each verdict, and read the lines of one."""

    def build_preview(self, tabs: Mapping[Verdict, Lines[Any]], *, title: str) -> None:
        """`title` says that nothing was done yet."""
        self._tabs = tabs
        #: What each tab shows already, so that looking again reads nothing.
        self._asked: dict[Verdict, tuple[Facet | None, str]] = {}
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(SEARCH_AFTER_MS)
        self._typed.timeout.connect(self.read)
        self.title = Text(title, scale=1.15, bold=True, wrap=True)
        self.summary = Text(tone=Tone.MUTED, wrap=True)
        self.search = SearchField(self.tr("Search titles"))
        self.search.textChanged.connect(self._typed.start)
        self.facet = QComboBox()
        self.facet.setAccessibleName(self.tr("What"))
        self.facet.currentIndexChanged.connect(self.read)
        filters = QHBoxLayout()
        filters.setSpacing(2 * GRID)
        filters.addWidget(self.search, 1)
        filters.addWidget(self.facet)
        self.book = Tabs(self.tr("Preview"))
        for lines in tabs.values():
            self.book.addTab(lines, "")
        self.book.currentChanged.connect(self.read)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * GRID)
        column.addWidget(self.title)
        column.addWidget(self.summary)
        column.addSpacing(GRID)
        column.addLayout(filters)
        column.addWidget(self.book, 1)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.search.setFocus)

    def show_lines(self, verdict: Verdict, facet: Facet | None, search: str) -> None:
        """Show in the verdict's tab the lines that are asked for."""
        raise NotImplementedError

    def name_tabs(self, names: Mapping[Verdict, str], counts: Mapping[Verdict, int]) -> None:
        """Say on each tab what it holds and how much of it."""
        for number, verdict in enumerate(self._tabs):
            count = words.number(counts.get(verdict, 0))
            self.book.setTabText(number, f"{names[verdict]} ({count})")

    def begin(self, facets: Collection[Facet], counts: Mapping[Verdict, int]) -> None:
        """Show other lines than before, from the first tab on that has any."""
        self.facet.blockSignals(True)
        self.facet.clear()
        self.facet.addItem(self.tr("Everything"), None)
        for facet in facets:
            self.facet.addItem(library_words.facet(facet), facet.value)
        self.facet.blockSignals(False)
        self.facet.setVisible(len(facets) > 1)
        self._asked = {}
        some = (number for number, one in enumerate(self._tabs) if counts.get(one))
        self.book.setCurrentIndex(next(some, 0))

    def read_anew(self) -> None:
        """Lines went from one tab to another: the shown one has read them, the others will."""
        shown = list(self._tabs)[self.book.currentIndex()]
        self._asked = {verdict: asked for verdict, asked in self._asked.items() if verdict == shown}

    def read(self) -> None:
        """Read the tab that is shown, where it does not show that already."""
        verdict = list(self._tabs)[self.book.currentIndex()]
        # Qt keeps it as a plain text.
        value = self.facet.currentData()
        asked = (Facet(value) if value else None, self.search.text().strip())
        if self._asked.get(verdict) != asked and self.ready():
            self._asked[verdict] = asked
            self.show_lines(verdict, *asked)

    def ready(self) -> bool:
        """Whether there is anything to read lines of."""
        raise NotImplementedError

    @property
    def lines(self) -> QWidget:
        """The table that is looked at."""
        return list(self._tabs.values())[self.book.currentIndex()].view

    def shut(self) -> None:
        """End what is under way."""
        self._typed.stop()
        for lines in self._tabs.values():
            lines.shut()
