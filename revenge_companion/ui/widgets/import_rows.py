"""Lines of an import in a table, with what can be decided about those that are chosen."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QWidget,
)

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.imports import Choice, ImportRow, Verdict
from revenge_companion.core.library import Facet
from revenge_companion.engine.library_api import ImportsApi
from revenge_companion.ui import ask, import_words
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.models.import_rows import COLUMNS, ImportRowsModel, RowColumn
from revenge_companion.ui.theme import GRID
from revenge_companion.ui.widgets.lines import Lines
from revenge_companion.ui.widgets.text import buddy
from revenge_companion.ui.words import told

#: Average characters a column is wide.
_WIDTHS = {
    RowColumn.TITLE: 30,
    RowColumn.FACET: 14,
    RowColumn.SAYS: 10,
    RowColumn.WHEN: 17,
    RowColumn.OURS: 27,
    RowColumn.MATCHED: 24,
    RowColumn.WHY: 40,
    RowColumn.CHOICE: 14,
}
#: What can be chosen for lines of a kind.
_CHOICES = {
    Verdict.NEW: (Choice.SKIP, Choice.DEFAULT),
    Verdict.CONFLICT: (Choice.DEFAULT, Choice.THEIRS, Choice.OURS, Choice.SKIP),
}


class ImportRows(Lines[ImportRow]):
    """The lines with one verdict, of one run or of all."""

    #: Lines have got another verdict: counts have to be read again.
    changed = Signal()

    def __init__(self, imports: ImportsApi, verdict: Verdict, *, empty: str = "") -> None:
        """`empty` is said while there is no line at all."""
        super().__init__()
        self._imports = imports
        self._verdict = verdict
        self._run_id: int | None = None
        #: Where the line was that has just been decided about.
        self._next: int | None = None
        self.tasks = Tasks()
        self._build(empty or import_words.verdict_empty(verdict))

    def _build(self, none: str) -> None:
        verdict = self._verdict
        self.model = ImportRowsModel(verdict, parent=self)
        columns = COLUMNS[verdict]
        # A choice is named by its source there.
        widths = _WIDTHS
        if verdict is Verdict.CONFLICT:
            widths = widths | {RowColumn.CHOICE: 20, RowColumn.SAYS: 27}
        stretch = RowColumn.WHY if verdict is Verdict.UNMATCHED else RowColumn.TITLE
        self.build_lines(
            self.model,
            name=import_words.verdict_name(verdict),
            about=import_words.verdict_sentence(verdict),
            none=none,
            widths=[widths[column] for column in columns],
            stretch=columns.index(stretch),
        )
        self._acting = QWidget()
        self._actions = QHBoxLayout(self._acting)
        self._actions.setContentsMargins(0, 0, 0, 0)
        self._actions.setSpacing(2 * GRID)
        self.choices: dict[Choice, QPushButton] = {}
        # What a verdict has no use for stays hidden, and goes with the others.
        self.match = QPushButton(self.tr("&Find a match\N{HORIZONTAL ELLIPSIS}"), self)
        self.never = QPushButton(self.tr("&Never match"), self)
        self.scope = QComboBox(self)
        for button in (self.match, self.never):
            button.setVisible(verdict is Verdict.UNMATCHED)
        self.scope.setVisible(verdict is Verdict.CONFLICT)
        if verdict is Verdict.UNMATCHED:
            self._actions.addStretch(1)
            self._actions.addWidget(self.never)
            self._actions.addWidget(self.match)
        elif verdict in _CHOICES:
            self._build_choices()
        self.column.addWidget(self._acting)
        self.view.selectionModel().selectionChanged.connect(self._show_ready)
        self.match.clicked.connect(self._on_find)
        self.never.clicked.connect(self._on_never)
        if verdict is Verdict.UNMATCHED:
            self.view.activated.connect(self._on_find)
        delete = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.view)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self._on_delete)
        self._show_ready()

    def _build_choices(self) -> None:
        if self._verdict is Verdict.CONFLICT:
            self.scope.addItem(self.tr("the chosen lines"), False)
            self.scope.addItem(self.tr("all conflicts"), True)
            self.scope.currentIndexChanged.connect(self._show_ready)
            self._actions.addWidget(buddy(self.tr("F&or"), self.scope))
            self._actions.addWidget(self.scope)
        self._actions.addStretch(1)
        for choice in _CHOICES[self._verdict]:
            button = QPushButton()
            button.clicked.connect(lambda _=False, choice=choice: self._on_choice(choice))
            self.choices[choice] = button
            self._actions.addWidget(button)
        self._name_choices()

    def _name_choices(self) -> None:
        for choice, button in self.choices.items():
            name = import_words.choice_name(choice, self.model.source)
            if self._verdict is Verdict.NEW and choice is Choice.DEFAULT:
                name = self.tr("Add after all")
            button.setText(name.replace("&", "&&"))

    def show_run(self, run_id: int, source: str, *, facet: Facet | None, search: str) -> None:
        """Show the lines of one run; `source` is what it calls itself."""
        self._run_id = run_id
        self.model.name_source(source)
        self._name_choices()

        async def read(after_id: int | None, limit: int) -> Sequence[ImportRow]:
            return await self._imports.rows(
                run_id,
                self._verdict,
                facet=facet,
                search=search,
                limit=limit,
                after_id=after_id or 0,
                order=self.model.order,
            )

        self.read(read, narrowed=facet is not None or bool(search))

    def show_unmatched(self, search: str) -> None:
        """Show what no finished run could match."""

        async def read(after_id: int | None, limit: int) -> Sequence[ImportRow]:
            return await self._imports.unmatched(
                search=search, limit=limit, after_id=after_id or 0, order=self.model.order
            )

        self.read(read, narrowed=bool(search))

    def shut(self) -> None:
        super().shut()
        self.tasks.cancel()

    def chosen(self) -> list[ImportRow]:
        """The selected lines; by ranges, since all of 100,000 may be selected at once."""
        rows = self.model.loaded_rows()
        selection = self.view.selectionModel().selection()
        spans = [selection.at(number) for number in range(selection.count())]
        return [row for span in spans for row in rows[span.top() : span.bottom() + 1]]

    def on_loaded(self, rows: int) -> None:
        super().on_loaded(rows)
        self._acting.setVisible(bool(rows))
        if self._next is not None:
            # Whoever works down the list goes on with the line below.
            if rows and not self.view.currentIndex().isValid():
                self.view.selectRow(min(self._next, rows - 1))
            self._next = None
        self._show_ready()

    def _show_ready(self) -> None:
        some = self.view.selectionModel().hasSelection()
        for button in self.choices.values():
            button.setEnabled(some or bool(self.scope.currentData() and self.model.rowCount()))
        self.never.setEnabled(some)
        self.match.setEnabled(some)

    def told(self, row: ImportRow) -> str:
        said = import_words.entry_says(row.entry)
        parts = [row.entry.subject.label]
        if self._verdict is Verdict.CONFLICT:
            parts.append(self.tr("{source}: {said}").format(source=self.model.source, said=said))
            parts.append(self.tr("Your library: {said}").format(said=import_words.row_ours(row)))
        elif said:
            parts.append(said)
        if row.matched_label:
            parts.append(self.tr("On your server: {title}").format(title=row.matched_label))
        line = " \N{MIDDLE DOT} ".join(map(import_words.brief, parts))
        return f"{line}\n{import_words.row_why(row)}".strip()

    @async_slot
    async def _on_choice(self, choice: Choice) -> None:
        if self._run_id is None:
            return
        everywhere = bool(self.scope.currentData())
        rows = self.model.loaded_rows() if everywhere else self.chosen()
        if not rows:
            return
        ids = None if everywhere else [row.id for row in rows]
        try:
            await self._imports.choose(self._run_id, ids, choice)
        except CompanionError as error:
            self.say(told(error))
            return
        self.say("")
        self.model.choose(ids, choice)

    def _on_delete(self) -> None:
        if self._verdict is Verdict.UNMATCHED:
            self._on_never()
        elif Choice.SKIP in self.choices:
            self._on_choice(Choice.SKIP)

    @async_slot
    async def _on_never(self) -> None:
        rows = self.chosen()
        if not rows:
            return
        try:
            for row in rows:
                await self._imports.never(row.id)
        except CompanionError as error:
            self.say(told(error))
        self._read_again()

    @async_slot
    async def _on_find(self) -> None:
        from revenge_companion.ui.dialogs.import_match import MatchDialog

        row = self.model.row(self.view.currentIndex())
        if row is None:
            return
        dialog = MatchDialog(self.window(), self._imports, row)
        try:
            done = await ask.opened(dialog)
        finally:
            dialog.deleteLater()
        if done:
            self._read_again()

    def _read_again(self) -> None:
        current = self.view.currentIndex()
        self._next = current.row() if current.isValid() else None
        self.model.refresh()
        self.changed.emit()
