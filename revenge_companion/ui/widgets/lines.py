"""Lines in a table of any length, with the whole of the chosen one below it."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from revenge_companion.ui.models.paged import PagedModel, ReadPage
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.empty import Listing
from revenge_companion.ui.widgets.table import table
from revenge_companion.ui.widgets.text import Text

Row = TypeVar("Row")


class Lines(QWidget, Generic[Row]):
    """Subclasses bring the model, and say the whole of a line."""

    def build_lines(
        self,
        model: PagedModel[Row],
        *,
        name: str,
        about: str,
        none: str,
        widths: Sequence[int],
        stretch: int,
    ) -> None:
        """`about` is said above the table, and `none` in its place while there is no line."""
        self.lines = model
        self._none = none
        self._narrowed = False
        self.view = table(model, name=name, widths=widths, stretch=stretch, sortable=True)
        self._listing = Listing(self.view)
        self.empty = self._listing.empty
        self.about = Text(about, tone=Tone.MUTED, wrap=True)
        self.detail = Text(wrap=True)
        self.detail.setAccessibleName(self.tr("The chosen line"))
        # It is there from the beginning: nothing moves when a line is chosen.
        self.detail.setMinimumHeight(2 * self.detail.fontMetrics().lineSpacing())
        self.detail.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.trouble = Text(tone=Tone.BAD, wrap=True)
        self.trouble.hide()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 2 * GRID, 0, 0)
        self.column.setSpacing(2 * GRID)
        self.column.addWidget(self.about)
        self.column.addWidget(self._listing, 1)
        self.column.addWidget(self.detail)
        self.column.addWidget(self.trouble)
        model.loaded.connect(self.on_loaded)
        model.failed.connect(self.say)
        model.dataChanged.connect(self._show_detail)
        model.modelReset.connect(self._show_detail)
        self.view.selectionModel().currentRowChanged.connect(self._show_detail)
        self._show_detail()

    def told(self, row: Row) -> str:
        """The whole of one line."""
        raise NotImplementedError

    def read(self, read: ReadPage[Row], *, narrowed: bool) -> None:
        """Show what `read` gives; `narrowed` where something is searched for."""
        self._narrowed = narrowed
        self.trouble.hide()
        self.lines.show_pages(read)

    def say(self, text: str) -> None:
        """Say what went wrong; "" for nothing."""
        self.trouble.setText(text)
        self.trouble.setVisible(bool(text))

    def shut(self) -> None:
        """End what is under way."""
        self.lines.tasks.cancel()

    def on_loaded(self, rows: int) -> None:
        self._listing.show_rows(rows)
        self.detail.setVisible(bool(rows))
        self.empty.say(self.tr("No line matches.") if self._narrowed else self._none)

    def _show_detail(self) -> None:
        """Tell the whole of the current line: a table cell may be too narrow for it."""
        row = self.lines.row(self.view.currentIndex())
        self.detail.set_tone(Tone.MUTED if row is None else Tone.PLAIN)
        hint = self.tr("Choose a line to see all of it.")
        self.detail.setText(hint if row is None else self.told(row))
