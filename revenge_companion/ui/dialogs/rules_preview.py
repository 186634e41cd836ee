"""What rules would have made of past plays."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.rules import Changed
from revenge_companion.ui import amend_words, words
from revenge_companion.ui.ask import only_default
from revenge_companion.ui.theme import GRID, MARGIN, Tone
from revenge_companion.ui.widgets.text import Text

#: Rows that are shown; who has more sees how many there are.
MOST_SHOWN = 500


class RulesPreviewDialog(QDialog):
    """A table of plays before and after; accepted by `accept` where that is given."""

    def __init__(
        self, parent: QWidget | None, changed: Sequence[Changed], *, accept: str = ""
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Preview"))
        self.summary = Text(scale=1.15, bold=True)
        self.summary.setText(
            words.say("%n past play(s) would have been changed", len(changed))
            if changed
            else self.tr("No past play would have been changed")
        )
        self.table = QTableWidget(min(len(changed), MOST_SHOWN), 3)
        self.table.setAccessibleName(self.tr("Past plays"))
        self.table.setHorizontalHeaderLabels([self.tr("Play"), self.tr("Becomes"), self.tr("Rule")])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        across = self.table.horizontalHeader()
        across.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        across.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for number, one in enumerate(changed[:MOST_SHOWN]):
            for column, text in enumerate(_cells(one)):
                item = QTableWidgetItem(text)
                item.setToolTip(words.flat(text))
                self.table.setItem(number, column, item)
        self.buttons = QDialogButtonBox()
        if accept:
            button = self.buttons.addButton(accept, QDialogButtonBox.ButtonRole.AcceptRole)
            self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        else:
            button = self.buttons.addButton(QDialogButtonBox.StandardButton.Close)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column_box = QVBoxLayout(self)
        column_box.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column_box.setSpacing(3 * GRID)
        column_box.addWidget(self.summary)
        column_box.addWidget(
            Text(
                self.tr("Rules are for what counts from now on; past plays stay as they are."),
                tone=Tone.MUTED,
                wrap=True,
            )
        )
        column_box.addWidget(self.table, 1)
        column_box.addWidget(self.buttons)
        self.table.setVisible(bool(changed))
        self.resize(720, 420 if changed else 160)
        only_default(self, button)


def _cells(changed: Changed) -> tuple[str, str, str]:
    if changed.blocked_by:
        return changed.play.item.label, words.say("Never scrobbled"), changed.blocked_by
    # A label shows only some of what can change.
    after = changed.after.label
    if after == changed.play.item.label:
        after = ", ".join(
            f"{amend_words.rule_field(one.field)}: {one.after}" for one in changed.changes
        )
    return changed.play.item.label, after, ", ".join(changed.corrected_by)
