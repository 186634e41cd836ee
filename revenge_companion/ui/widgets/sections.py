"""A long page in titled sections, and a field that leaves only those it finds."""

from collections.abc import Iterator

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.ui.theme import GAP, GRID, Tone
from revenge_companion.ui.widgets.card import Card
from revenge_companion.ui.widgets.search_field import SearchField
from revenge_companion.ui.widgets.text import Text


class Section(QWidget):
    """A title, and a card whose `column` takes what belongs under it."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self.card = Card()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 2 * GRID)
        column.setSpacing(GAP)
        column.addWidget(Text(title, scale=1.15, bold=True))
        column.addWidget(self.card)

    def holds(self, wanted: list[str]) -> bool:
        """Whether every one of these case-folded words stands somewhere in it."""
        text = "\n".join(_texts(self)).casefold()
        return all(word in text for word in wanted)


class SectionSearch(QWidget):
    """The field above the sections, and the line that says nothing was found."""

    #: How many sections are left.
    searched = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._sections: list[Section] = []
        self.field = SearchField(self.tr("Search the settings"))
        self.field.textChanged.connect(self._search)
        self.nothing = Text(tone=Tone.MUTED, wrap=True)
        self.nothing.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.field)
        column.addWidget(self.nothing)

    def take(self, page: QWidget, sections: list[Section]) -> None:
        """Search `sections` from now on; Find (Ctrl+F) on `page` goes to the field."""
        self._sections = sections
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), page)
        find.activated.connect(self._on_find)

    def forget(self) -> None:
        """Show everything again."""
        self.field.clear()

    def _on_find(self) -> None:
        self.field.setFocus()
        self.field.selectAll()

    def _search(self, text: str) -> None:
        wanted = text.casefold().split()
        left = 0
        for section in self._sections:
            found = section.holds(wanted)
            section.setVisible(found)
            left += found
        self.nothing.setVisible(not left)
        self.nothing.setText("" if left else self.tr("No setting has these words."))
        self.searched.emit(left)


def _texts(of: QWidget) -> Iterator[str]:
    """Everything a person can read in `of`, and what screen readers say."""
    for each in of.findChildren(QWidget):
        if not each.isVisibleTo(of):
            continue
        if isinstance(each, QLabel | QAbstractButton):
            yield each.text().replace("&", "")
        elif isinstance(each, QComboBox):
            yield from (each.itemText(number) for number in range(each.count()))
        elif isinstance(each, QLineEdit):
            yield each.placeholderText()
        if each.accessibleName():
            yield each.accessibleName()
