"""Find the item of the server that an unmatched line of an import is about."""

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.imports import Candidate, ImportRow
from revenge_companion.engine.library_api import ImportsApi
from revenge_companion.ui import import_words, library_words, words
from revenge_companion.ui.ask import only_default
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.theme import GRID, MARGIN, Tone
from revenge_companion.ui.widgets.search_field import SearchField
from revenge_companion.ui.widgets.text import Text, buddy

#: Wait after the last key before searching.
SEARCH_AFTER_MS = 250


class MatchDialog(QDialog):
    """Accepted once the line is matched or never will be."""

    def __init__(self, parent: QWidget | None, imports: ImportsApi, row: ImportRow) -> None:
        super().__init__(parent)
        self._imports = imports
        self._row = row
        self._busy = False
        #: Counts searches; an answer to an older one is dropped.
        self._asked = 0
        self.tasks = Tasks()
        self.setWindowTitle(self.tr("Find a match"))
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(SEARCH_AFTER_MS)
        self._typed.timeout.connect(self._search)
        self._build()
        self._search()
        self._count()

    def _build(self) -> None:
        entry = self._row.entry
        subject = entry.subject
        kind = library_words.kind(subject.kind)
        facts = [kind, library_words.facet(entry.facet), import_words.entry_says(entry)]
        if subject.title and subject.title not in subject.label:
            facts.insert(1, subject.title)
        about = Text(
            " \N{MIDDLE DOT} ".join(map(import_words.brief, filter(None, facts))),
            tone=Tone.MUTED,
            wrap=True,
        )
        self.search = SearchField(subject.label)
        self.search.textChanged.connect(self._typed.start)
        self.found = QListWidget()
        self.found.setAccessibleName(self.tr("Items of your server"))
        self.found.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.found.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.found.currentRowChanged.connect(self._show_ready)
        self.found.itemActivated.connect(self._on_match)
        self.message = Text(wrap=True, tone=Tone.MUTED)
        self.message.setAccessibleName(self.tr("State of the search"))
        self.covers = Text(wrap=True, tone=Tone.MUTED)
        self.covers.setText(self.tr("All lines about the same thing are matched with it, too."))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.go = self.buttons.addButton(
            self.tr("&This is it"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.never = self.buttons.addButton(
            self.tr("&Never match"), QDialogButtonBox.ButtonRole.ResetRole
        )
        self.never.setToolTip(self.tr("It is no longer listed as unmatched."))
        self.go.clicked.connect(self._on_match)
        self.never.clicked.connect(self._on_never)
        self.buttons.rejected.connect(self.reject)
        self.finished.connect(self._on_finished)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(3 * GRID)
        title = Text(subject.label, scale=1.25, bold=True, wrap=True)
        column.addWidget(title)
        column.addWidget(about)
        searching = QVBoxLayout()
        searching.setSpacing(0)
        searching.addWidget(buddy(self.tr("&Search your server"), self.search))
        searching.addWidget(self.search)
        column.addLayout(searching)
        column.addWidget(self.found, 1)
        column.addWidget(self.message)
        column.addWidget(self.covers)
        column.addWidget(self.buttons)
        character = self.fontMetrics().averageCharWidth()
        self.resize(80 * character, 66 * character)
        only_default(self, self.go)
        self.search.setFocus()
        self._show_ready()

    def _chosen(self) -> str:
        """Revenge's id of the chosen item; "" for none."""
        item = self.found.currentItem()
        # The stubs do not know that there may be none.
        return str(item.data(Qt.ItemDataRole.UserRole)) if self.found.currentRow() >= 0 else ""

    def _show_ready(self) -> None:
        self.go.setEnabled(bool(self._chosen()) and not self._busy)
        self.never.setEnabled(not self._busy)

    @async_slot
    async def _search(self) -> None:
        self._asked += 1
        asked = self._asked
        self._say(self.tr("Searching\N{HORIZONTAL ELLIPSIS}"))
        try:
            found = await self._imports.candidates(self._row.id, self.search.text().strip())
        except CompanionError as error:
            if asked == self._asked:
                self._say(words.told(error), Tone.BAD)
            return
        if asked == self._asked:
            self._show_found(found)

    @async_slot
    async def _count(self) -> None:
        """Say how many lines the answer is for."""
        try:
            count = await self._imports.covered(self._row.id)
        except CompanionError:
            # It is true of all of them, however many there are.
            return
        if count > 1:
            text = words.say("What you choose is for all %Ln lines about the same thing.", count)
        else:
            text = self.tr("No other line is about the same thing.")
        self.covers.setText(text)

    def _show_found(self, found: list[Candidate]) -> None:
        self.found.clear()
        for one in found:
            alike = words.percent(one.likeness)
            text = self.tr("{title}   ({percent} alike)").format(title=one.label, percent=alike)
            item = QListWidgetItem(" ".join(text.split()))
            item.setSizeHint(QSize(0, self.found.fontMetrics().height() + 3 * GRID))
            item.setData(Qt.ItemDataRole.UserRole, one.media_id)
            item.setToolTip(words.flat(one.label))
            self.found.addItem(item)
        # Nothing is chosen beforehand: a title alone is a suggestion, and the user decides.
        self._say("" if found else self.tr("Nothing on your server is called like that."))
        self._show_ready()

    def _say(self, text: str, tone: Tone = Tone.MUTED) -> None:
        self.message.set_tone(tone)
        self.message.setText(text)

    @async_slot
    async def _on_match(self) -> None:
        media_id = self._chosen()
        if media_id and not self._busy:
            await self._settle(media_id)

    @async_slot
    async def _on_never(self) -> None:
        if not self._busy:
            await self._settle("")

    async def _settle(self, media_id: str) -> None:
        """Match with an item, or never with "" for one."""
        self._busy = True
        self._show_ready()
        try:
            if media_id:
                await self._imports.match(self._row.id, media_id)
            else:
                await self._imports.never(self._row.id)
        except CompanionError as error:
            self._say(words.told(error), Tone.BAD)
        else:
            self.accept()
        finally:
            self._busy = False
            self._show_ready()

    def _on_finished(self) -> None:
        self._typed.stop()
        self.tasks.cancel()
