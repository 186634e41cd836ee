"""One correction to the anime map: these episodes of a series are that entry."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.animemap import Candidate, Override, keys_of
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.media import Item, Kind
from revenge_companion.ui.ask import only_default
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.theme import GRID, MARGIN, Tone
from revenge_companion.ui.widgets.text import Text, buddy
from revenge_companion.ui.words import say, told

Save = Callable[[Override], Awaitable[None]]
Search = Callable[[int, str], Awaitable[list[Candidate]]]

_MOST_EPISODES = 5000
_MOST_SEASONS = 999
#: Databases whose numbers a series or film can be named by; the keys of `core.animemap.keys_of`.
_DATABASES = {
    "tvdb": "TVDB",
    "tmdb_tv": "TMDB",
    "imdb": "IMDb",
    "tmdb_movie": "TMDB",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a correction can be for."""

    key: str
    title: str
    film: bool


def subject_of(item: Item) -> Subject | None:
    """An item as something to correct; None where nothing names it."""
    keys = keys_of(item)
    if not keys:
        return None
    title = item.series.title if item.series is not None else item.title
    return Subject(keys[0], title, item.kind is Kind.MOVIE)


class EntryDialog(QDialog):
    """Accepted once the correction is kept."""

    def __init__(
        self,
        parent: QWidget | None,
        *,
        row: Override | None,
        film: bool = False,
        subjects: Sequence[Subject] = (),
        lists: Mapping[str, str],
        accounts: Mapping[int, str],
        search: Search,
        save: Save,
    ) -> None:
        """`row` is what to begin with; without it, one of `subjects` or a number is asked for.

        `lists` names the lists by their field of `Override`, `accounts` those to search through.
        """
        super().__init__(parent)
        self._row = row
        self._film = film
        self._subjects = subjects
        self._search = search
        self._save = save
        self._found: list[Candidate] = []
        self.tasks = Tasks()
        self.setWindowTitle(self.tr("Correction"))
        self._build(lists, accounts)
        self._connect()
        self._fill(row or Override(""))
        self._show_subject()
        if row is not None and self._can_search:
            self.wanted.setFocus()

    def _build(self, lists: Mapping[str, str], accounts: Mapping[int, str]) -> None:
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._build_subject()
        self._build_episodes()
        self._build_search(accounts)
        self.entries: dict[str, QLineEdit] = {}
        for field, name in lists.items():
            line = QLineEdit()
            line.setValidator(QIntValidator(1, 2**31 - 1, line))
            line.setPlaceholderText(self.tr("number of the entry; empty for none"))
            self.entries[field] = line
            self._form.addRow(buddy(name, line), line)
        self.start = _spin(1, _MOST_EPISODES)
        self.start.setPrefix(self.tr("episode "))
        self._form.addRow(buddy(self.tr("&In the entry from"), self.start), self.start)
        self.left_out = QCheckBox(self.tr("&Leave these out of my lists"))
        self._form.addRow("", self.left_out)
        self.message = Text(tone=Tone.MUTED, wrap=True)
        self.message.setMinimumHeight(2 * self.fontMetrics().height())
        # What room hidden rows leave goes here.
        self.message.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.message.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.save_button = self.buttons.addButton(
            self.tr("&Save"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(3 * GRID)
        column.addLayout(self._form)
        column.addWidget(self.message)
        column.addWidget(self.buttons)
        self.setMinimumWidth(640)
        only_default(self, self.save_button)

    def _build_subject(self) -> None:
        self.subject = QComboBox()
        if self._row is not None:
            self.subject.addItem(self._row.title or self._row.key)
            self.subject.setEnabled(False)
        for each in self._subjects if self._row is None else ():
            self.subject.addItem(" ".join(each.title.split()) or each.key, each)
        if self._row is None:
            self.subject.addItem(self.tr("Another, by its number\N{HORIZONTAL ELLIPSIS}"))
        label = buddy(self.tr("Series or &film"), self.subject)
        # Where it is the longest one, its column is a little too narrow for it.
        label.setMinimumWidth(label.sizeHint().width() + 2 * GRID)
        self._form.addRow(label, self.subject)
        self.database = QComboBox()
        for key, name in _DATABASES.items():
            what = self.tr("film") if key.endswith("_movie") else self.tr("series")
            self.database.addItem(name if key == "imdb" else f"{name}, {what}", key)
        self.number = QLineEdit()
        self.number.setPlaceholderText(self.tr("number"))
        self.title = QLineEdit()
        self.title.setPlaceholderText(self.tr("what it is called"))
        by_number = QHBoxLayout()
        by_number.addWidget(self.database)
        by_number.addWidget(self.number, 1)
        by_number.addWidget(self.title, 2)
        self.by_number = QWidget()
        by_number.setContentsMargins(0, 0, 0, 0)
        self.by_number.setLayout(by_number)
        self.by_number.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.database.setAccessibleName(self.tr("Whose number"))
        self.number.setAccessibleName(self.tr("Number"))
        self.title.setAccessibleName(self.tr("Title"))
        self._form.addRow("", self.by_number)

    def _build_episodes(self) -> None:
        self.season = _spin(-1, _MOST_SEASONS, self.tr("every season"))
        self.first = _spin(1, _MOST_EPISODES)
        self.last = _spin(0, _MOST_EPISODES, self.tr("and all that follow"))
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.first)
        row.addWidget(buddy(self.tr("&to"), self.last))
        row.addWidget(self.last)
        row.addStretch(1)
        self._episodes = QWidget()
        self._episodes.setLayout(row)
        self._form.addRow(buddy(self.tr("S&eason"), self.season), self.season)
        self._form.addRow(buddy(self.tr("E&pisodes from"), self.first), self._episodes)

    def _build_search(self, accounts: Mapping[int, str]) -> None:
        self.wanted = QLineEdit()
        self.wanted.setPlaceholderText(self.tr("title"))
        self.account = QComboBox()
        for number, name in accounts.items():
            self.account.addItem(name, number)
        self.account.setVisible(len(accounts) > 1)
        self.account.setAccessibleName(self.tr("Search at"))
        self.search_button = QPushButton(self.tr("Sea&rch"))
        row = QHBoxLayout()
        row.addWidget(self.wanted, 1)
        row.addWidget(self.account)
        row.addWidget(self.search_button)
        self.results = QListWidget()
        self.results.setMinimumHeight(5 * self.fontMetrics().height())
        self.results.setMaximumHeight(7 * self.fontMetrics().height())
        self.results.setAccessibleName(self.tr("What was found"))
        self._can_search = bool(accounts)
        if self._can_search:
            self._form.addRow(buddy(self.tr("Look &up"), self.wanted), row)
            self._form.addRow("", self.results)

    def _connect(self) -> None:
        self.subject.currentIndexChanged.connect(self._show_subject)
        self.database.currentIndexChanged.connect(self._show_subject)
        for line in (self.number, self.title):
            line.textChanged.connect(self._show_subject)
        for line in self.entries.values():
            line.textChanged.connect(self._show_ready)
        for spin in (self.first, self.last, self.start, self.season):
            spin.valueChanged.connect(self._show_ready)
        self.left_out.toggled.connect(self._show_ready)
        self.search_button.clicked.connect(self._on_search)
        self.results.currentRowChanged.connect(self._on_chosen)
        self.save_button.clicked.connect(self._on_save)
        self.buttons.rejected.connect(self.reject)
        self.finished.connect(self.tasks.cancel)
        self.wanted.textChanged.connect(self._on_typing)
        self.wanted.returnPressed.connect(self._on_search)

    def _fill(self, row: Override) -> None:
        self.season.setValue(-1 if row.season is None else row.season)
        self.first.setValue(row.first)
        self.last.setValue(row.last or 0)
        self.start.setValue(row.first - row.offset)
        for field, line in self.entries.items():
            entry = getattr(row, field)
            line.setText("" if entry is None else str(entry))
        self.wanted.setText(row.title)

    def _chosen(self) -> Subject | None:
        """What the correction is for; None while it is not told."""
        if self._row is not None:
            return Subject(self._row.key, self._row.title, self._film)
        chosen = self.subject.currentData()
        if isinstance(chosen, Subject):
            return chosen
        database, number = self.database.currentData(), self.number.text().strip().lower()
        digits = number.removeprefix("tt") if database == "imdb" else number
        if not (digits.isascii() and digits.isdigit() and len(digits) < 11 and int(digits)):
            return None
        key = f"{database}:tt{digits}" if database == "imdb" else f"{database}:{int(digits)}"
        return Subject(key, self.title.text().strip(), database == "tmdb_movie")

    def _show_subject(self) -> None:
        listed = self._row is not None or isinstance(self.subject.currentData(), Subject)
        self._form.setRowVisible(self.by_number, not listed)
        chosen = self._chosen()
        film = chosen.film if chosen is not None else self.database.currentData() == "tmdb_movie"
        for field in (self.season, self._episodes, self.start):
            self._form.setRowVisible(field, not film)
        if not self.wanted.isModified():
            self.wanted.setText(self.title.text() if chosen is None else chosen.title)
            self.wanted.setCursorPosition(0)
        self._show_ready()

    def _correction(self) -> Override | None:
        """The correction as it is filled in; None while it makes no sense."""
        subject, last = self._chosen(), self.last.value() or None
        if subject is None:
            return None
        made = Override(subject.key, title=subject.title)
        if not subject.film:
            if last is not None and last < self.first.value():
                return None
            season = self.season.value()
            made = replace(
                made,
                season=None if season < 0 else season,
                first=self.first.value(),
                last=last,
                offset=self.first.value() - self.start.value(),
            )
        if self.left_out.isChecked():
            return replace(made, offset=0)
        entries = {field: int(line.text() or 0) or None for field, line in self.entries.items()}
        if not any(entries.values()):
            return None
        return replace(made, anilist=entries.get("anilist"), mal=entries.get("mal"))

    def _show_ready(self) -> None:
        out, busy = self.left_out.isChecked(), self.tasks.busy
        for widget in (self.wanted, self.account, self.results, self.start):
            widget.setEnabled(not out)
        for line in self.entries.values():
            line.setEnabled(not out)
        self.search_button.setEnabled(not out and not busy and bool(self.wanted.text().strip()))
        made = self._correction()
        self.save_button.setEnabled(made is not None and not busy)
        self._say(self._told(made))

    def _told(self, made: Override | None) -> str:
        """What the correction would do, or what is missing."""
        if made is None:
            if 0 < self.last.value() < self.first.value():
                return self.tr("The last episode comes before the first.")
            if self._chosen() is None:
                return self.tr("Which series or film is it? Its number is in its page's address.")
            return self.tr("Which entry is it? Look its title up, or type the entry's number.")
        if made.anilist is None and made.mal is None:
            return self.tr("Plays of it are left out of your lists.")
        return self.tr("Episode {first} is sent as episode {number} of the entry.").format(
            first=made.first, number=made.first - made.offset
        )

    def _say(self, text: str, tone: Tone = Tone.MUTED) -> None:
        self.message.set_tone(tone)
        self.message.setText(text)

    def _on_typing(self) -> None:
        # Enter looks up while a title is typed, and saves otherwise.
        self.search_button.setEnabled(bool(self.wanted.text().strip()) and not self.tasks.busy)

    @async_slot
    async def _on_search(self) -> None:
        title = self.wanted.text().strip()
        if not title or not self._can_search:
            return
        self.search_button.setEnabled(False)
        self._say(self.tr("Looking\N{HORIZONTAL ELLIPSIS}"))
        try:
            self._found = await self._search(self.account.currentData(), title)
        except CompanionError as error:
            self._say(told(error), Tone.BAD)
            return
        finally:
            self.search_button.setEnabled(True)
        self.results.clear()
        self.results.addItems([described(one) for one in self._found])
        self._say(
            self.tr("Choose the entry.") if self._found else self.tr("Nothing was found."),
        )

    def _on_chosen(self, number: int) -> None:
        if not 0 <= number < len(self._found):
            return
        found = self._found[number]
        for field, line in self.entries.items():
            entry = getattr(found, field)
            line.setText("" if entry is None else str(entry))
        if found.episodes and self.start.value() > found.episodes:
            # So many there are not: the episodes are numbered on from an earlier entry.
            self.start.setValue(1)
        if found.episodes and not self.last.value() and self.season.value() >= 0:
            self.last.setValue(self.first.value() + found.episodes - self.start.value())
        self._show_ready()

    @async_slot
    async def _on_save(self) -> None:
        made = self._correction()
        if made is None:
            return
        self.save_button.setEnabled(False)
        try:
            await self._save(made)
        except CompanionError as error:
            self.save_button.setEnabled(True)
            self._say(told(error), Tone.BAD)
            return
        self.accept()


def described(found: Candidate) -> str:
    """A found anime on one line."""
    parts = [" ".join(found.title.split())]
    if found.year:
        parts.append(str(found.year))
    if found.format:
        parts.append(found.format)
    if found.episodes:
        parts.append(say("%n episode(s)", found.episodes))
    return " \N{MIDDLE DOT} ".join(parts)


def _spin(least: int, most: int, special: str = "") -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(least, most)
    spin.setSpecialValueText(special)
    return spin
