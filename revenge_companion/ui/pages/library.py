"""Library: everything that was watched, heard, rated and listed, from all sources together."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.core.ratings import rating_of
from revenge_companion.core.shown import Asked, Shown
from revenge_companion.ui import library_words
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.models.shown import ShownModel
from revenge_companion.ui.theme import GAP, GRID, MARGIN
from revenge_companion.ui.widgets.empty import Listing
from revenge_companion.ui.widgets.narrow_box import NarrowBox
from revenge_companion.ui.widgets.play_filters import SEARCH_AFTER_MS, Span, days, span_words
from revenge_companion.ui.widgets.saying import SayingBar
from revenge_companion.ui.widgets.search_field import SearchField
from revenge_companion.ui.widgets.table import table


class LibraryPage(QWidget):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.tasks = Tasks()
        self._stale = True
        #: The row and the label to choose again once what was said is shown.
        self._stay: tuple[int, str] | None = None
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(SEARCH_AFTER_MS)
        self._typed.timeout.connect(self._ask)
        self._build()
        self._connect()

    def _build(self) -> None:
        self.facet = self._box(self.tr("What"))
        for facet in Facet:
            self.facet.addItem(library_words.facet(facet), facet.value)
        self.search = SearchField(self.tr("Search titles"))
        self.search.setMinimumWidth(90)
        self.kind = self._box(self.tr("Kind"))
        self.kind.addItem(self.tr("All kinds"), "")
        for kind in SubjectKind:
            self.kind.addItem(library_words.kinds(kind), kind.value)
        self.source = self._box(self.tr("Known from"))
        self.source.addItem(self.tr("All sources"), "")
        self.date = self._box(self.tr("Date"))
        for span, text in span_words():
            self.date.addItem(text, span.value)
        self.export = QPushButton(self.tr("Export\N{HORIZONTAL ELLIPSIS}"))
        top = QHBoxLayout()
        top.setSpacing(2 * GRID)
        top.addWidget(self.facet)
        top.addWidget(self.search, 1)
        for box in (self.kind, self.source, self.date, self.export):
            top.addWidget(box)
        self.model = ShownModel(self._context.clock, self)
        self.view = table(
            self.model, name=self.tr("Library"), widths=(17, 30, 10, 12, 26), stretch=1
        )
        self.view.setSelectionMode(self.view.SelectionMode.SingleSelection)
        self._listing = Listing(self.view)
        self.empty = self._listing.empty
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(GAP)
        column.addLayout(top)
        column.addWidget(self._listing, 1)
        self.saying = SayingBar(self._context)
        column.addWidget(self.saying)

    def _box(self, name: str) -> QComboBox:
        box = NarrowBox()
        box.setAccessibleName(name)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(8)
        return box

    def _connect(self) -> None:
        self.search.textChanged.connect(self._typed.start)
        for box in (self.facet, self.kind, self.source, self.date):
            box.currentIndexChanged.connect(self._ask)
        self.export.clicked.connect(self._on_export)
        self.model.loaded.connect(self._on_loaded)
        self.model.failed.connect(self._listing.fail)
        self._context.bridge.plays_changed.connect(self._on_changed)
        self._context.bridge.library_changed.connect(self._on_changed)
        self.view.selectionModel().currentRowChanged.connect(self._show_chosen)
        self.model.modelReset.connect(self._show_chosen)
        self.model.dataChanged.connect(self._show_chosen)
        self.saying.changed.connect(self._on_said)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.search.setFocus)
        self._on_key(QKeySequence(QKeySequence.StandardKey.Delete), self.saying.take_back)
        for step in range(1, 11):
            # 0 is the key behind the 9.
            points = rating_of(step)
            assert points is not None, "a step of ten is a rating"
            self._on_key(QKeySequence(str(step % 10)), partial(self.saying.rate, points))
        undo = QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self)
        undo.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        undo.activated.connect(self.saying.undo_last)

    def _on_key(self, key: QKeySequence, do: Callable[[], None]) -> None:
        """Do something on a key while the table has the keyboard."""
        shortcut = QShortcut(key, self.view)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(do)

    def shut(self) -> None:
        """End what is under way; the page will not be shown again."""
        self._typed.stop()
        self.tasks.cancel()
        self.model.tasks.cancel()
        self.saying.tasks.cancel()

    def wanted(self) -> Asked:
        """What is chosen at this moment; days begin at the midnight of this computer."""
        since, until = days(Span(self.date.currentData()), self._context.clock.now())
        return Asked(
            facet=Facet(self.facet.currentData()),
            search=self.search.text().strip(),
            kind=self.kind.currentData(),
            source=self.source.currentData(),
            since=since,
            until=until,
        )

    def _ask(self) -> None:
        wanted = self.wanted()

        async def read(before: int | None, limit: int) -> Sequence[Shown]:
            library = self._context.engine.library
            if before is None:
                self._name_sources(await library.sources())
            return await library.page(wanted, limit=limit, before=before)

        self.model.show_pages(read)

    def _name_sources(self, names: Mapping[str, str]) -> None:
        if names == self.model.names:
            return
        self.model.names = names
        chosen = self.source.currentData()
        self.source.blockSignals(True)
        self.source.clear()
        self.source.addItem(self.tr("All sources"), "")
        for source, name in names.items():
            self.source.addItem(name, source)
        self.source.setCurrentIndex(max(0, self.source.findData(chosen)))
        self.source.blockSignals(False)

    def _on_changed(self) -> None:
        self._stale = not self.isVisible()
        if not self._stale:
            self.model.refresh()

    def _show_chosen(self) -> None:
        self.saying.show_row(self.model.row(self.view.currentIndex()))

    def _on_said(self, label: str) -> None:
        """Something was said of a line: show it as it is now, and stay there."""
        self._stay = self.view.currentIndex().row(), label
        self.model.refresh()

    def _stay_there(self, rows: int) -> None:
        stay, self._stay = self._stay, None
        if stay is None or self.view.currentIndex().isValid():
            return
        place, label = stay
        labels = [row.label for row in self.model.loaded_rows()]
        # A new rating goes to the top; what was removed leaves its place to the next.
        self.view.selectRow(labels.index(label) if label in labels else min(place, rows - 1))

    def _on_loaded(self, rows: int) -> None:
        self._listing.show_rows(rows)
        if rows:
            self._stay_there(rows)
            return
        wanted = self.wanted()
        if wanted != Asked(wanted.facet):
            self.empty.say(self.tr("Nothing matches this search."))
        elif wanted.facet is Facet.HISTORY:
            self.empty.say(
                self.tr(
                    "Nothing here yet. What you play shows here, and what you import from your "
                    "accounts and files."
                )
            )
        else:
            self.empty.say(self.tr("Nothing here yet. Import it from your accounts and files."))

    @async_slot
    async def _on_export(self) -> None:
        from revenge_companion.ui.saving import save_table

        self.export.setEnabled(False)
        try:
            await save_table(
                self,
                title=self.tr("Export the library"),
                name="library.csv",
                write=self._context.engine.library.export,
            )
        finally:
            self.export.setEnabled(True)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._stale = False
            self._ask()
