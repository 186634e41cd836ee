"""The lines of an import that could not be read, when the import is long done."""

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from revenge_companion.core.imports import ImportRun
from revenge_companion.engine.library_api import ImportsApi
from revenge_companion.ui import import_words
from revenge_companion.ui.theme import GRID, MARGIN
from revenge_companion.ui.widgets.text import Text
from revenge_companion.ui.widgets.unread import UnreadRows


class UnreadDialog(QDialog):
    def __init__(self, parent: QWidget | None, imports: ImportsApi, run: ImportRun) -> None:
        super().__init__(parent)
        self.setWindowTitle(import_words.unread_name())
        self.rows = UnreadRows(imports)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.buttons.rejected.connect(self.reject)
        self.finished.connect(self.rows.shut)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(2 * GRID)
        column.addWidget(Text(import_words.run_name(run), scale=1.15, bold=True, wrap=True))
        column.addWidget(self.rows, 1)
        column.addWidget(self.buttons)
        character = self.fontMetrics().averageCharWidth()
        self.resize(130 * character, 80 * character)
        self.rows.show_run(run)
        self.rows.view.setFocus()
