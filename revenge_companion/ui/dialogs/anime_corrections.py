"""The user's corrections to the anime map, and the plays that want one."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.animemap import Override
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.media import Item, Kind
from revenge_companion.ui import ask
from revenge_companion.ui.ask import only_default
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.anime_entry import EntryDialog, Subject, subject_of
from revenge_companion.ui.models.anime import CorrectionsModel, UnmappedModel
from revenge_companion.ui.theme import GRID, MARGIN, Tone
from revenge_companion.ui.widgets.table import table
from revenge_companion.ui.widgets.text import Text
from revenge_companion.ui.words import say, told


class CorrectionsDialog(QDialog):
    """Every change is kept at once."""

    def __init__(self, parent: QWidget | None, *, context: Context) -> None:
        super().__init__(parent)
        self._context = context
        self._anime = context.engine.anime
        self.tasks = Tasks()
        self.setWindowTitle(self.tr("Corrections to the anime map"))
        self._lists = {
            spec.anime_id: spec.name for spec in context.engine.services if spec.anime_id
        }
        self._rows: tuple[Override, ...] = ()
        self._build()
        self._connect()
        self._show_chosen()
        self._read()

    def _build(self) -> None:
        self.unmapped = UnmappedModel(self._context.clock, self._context.names, self)
        self.plays = table(
            self.unmapped,
            name=self.tr("Plays without an entry"),
            widths=(46, 14, 14, 30),
            stretch=3,
        )
        self.no_plays = Text(self.tr("No play waits for a correction."), tone=Tone.MUTED)
        self.correct_button = QPushButton(self.tr("&Correct\N{HORIZONTAL ELLIPSIS}"))
        self.corrections = CorrectionsModel(self._lists, self)
        self.own = table(
            self.corrections,
            name=self.tr("Your corrections"),
            widths=(30, 8, 12, *(12 for _ in self._lists), 12),
            stretch=0,
        )
        self.no_rows = Text(
            self.tr("You have corrected nothing. Your corrections go before the map."),
            tone=Tone.MUTED,
        )
        self.add_button = QPushButton(self.tr("&Add\N{HORIZONTAL ELLIPSIS}"))
        self.edit_button = QPushButton(self.tr("&Edit\N{HORIZONTAL ELLIPSIS}"))
        self.remove_button = QPushButton(self.tr("&Remove"))
        self.message = Text(tone=Tone.MUTED, wrap=True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(2 * GRID)
        column.addWidget(Text(self.tr("Plays without an entry"), scale=1.1, bold=True))
        column.addWidget(self.no_plays)
        column.addWidget(self.plays, 1)
        column.addLayout(_line(self.correct_button))
        column.addSpacing(2 * GRID)
        column.addWidget(Text(self.tr("Your corrections"), scale=1.1, bold=True))
        column.addWidget(self.no_rows)
        column.addWidget(self.own, 1)
        column.addLayout(_line(self.add_button, self.edit_button, self.remove_button))
        column.addWidget(self.message)
        column.addWidget(buttons)
        for text in (self.no_plays, self.no_rows):
            text.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        # Without tables the room goes here, and the texts stay together.
        self.message.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.message.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.resize(920, 580)
        only_default(self, buttons.button(QDialogButtonBox.StandardButton.Close))

    def _connect(self) -> None:
        self.correct_button.clicked.connect(self._on_correct)
        self.plays.doubleClicked.connect(self._on_correct)
        self.add_button.clicked.connect(self._on_add)
        self.edit_button.clicked.connect(self._on_edit)
        self.own.doubleClicked.connect(self._on_edit)
        self.remove_button.clicked.connect(self._on_remove)
        for view in (self.plays, self.own):
            view.selectionModel().selectionChanged.connect(self._show_chosen)
        self._context.bridge.outbox_changed.connect(self._read)
        self.finished.connect(self.tasks.cancel)

    @async_slot
    async def _read(self) -> None:
        try:
            plays, rows = await self._anime.unmapped(), await self._anime.overrides()
        except CompanionError as error:
            self._say(told(error), Tone.BAD)
            return
        if plays != list(self.unmapped.shown):
            self.unmapped.set_rows(plays)
        self._rows = rows
        if rows != self.corrections.shown:
            self.corrections.set_rows(rows)
        self._show_chosen()

    def _show_chosen(self) -> None:
        plays, rows = bool(self.unmapped.shown), bool(self.corrections.shown)
        self.no_plays.setVisible(not plays)
        self.plays.setVisible(plays)
        self.correct_button.setVisible(plays)
        self.no_rows.setVisible(not rows)
        self.own.setVisible(rows)
        self.edit_button.setVisible(rows)
        self.remove_button.setVisible(rows)
        self.correct_button.setEnabled(_chosen(self.plays) >= 0)
        chosen = _chosen(self.own) >= 0
        self.edit_button.setEnabled(chosen)
        self.remove_button.setEnabled(chosen)

    def _say(self, text: str, tone: Tone = Tone.MUTED) -> None:
        self.message.set_tone(tone)
        self.message.setText(text)

    @async_slot
    async def _on_correct(self) -> None:
        number = _chosen(self.plays)
        if number < 0:
            return
        item = self.unmapped.shown[number].delivery.scrobble.item
        subject = subject_of(item)
        if subject is None:
            self._say(
                self.tr(
                    "Your server knows no number for it at any database, so nothing can name it."
                ),
                Tone.BAD,
            )
            return
        await self._ask(self._begun(item, subject), film=subject.film)

    def _begun(self, item: Item, subject: Subject) -> Override:
        """The least that sends `item` and what waits with it: from its first parked episode on."""
        if subject.film:
            return Override(subject.key, title=subject.title)
        waiting = [
            other.episode_number
            for other in (row.delivery.scrobble.item for row in self.unmapped.shown)
            if other.series == item.series
            and other.season_number == item.season_number
            and other.episode_number
        ]
        return Override(
            subject.key, item.season_number, max(1, min(waiting, default=1)), title=subject.title
        )

    @async_slot
    async def _on_add(self) -> None:
        try:
            seen = await self._anime.seen()
        except CompanionError as error:
            self._say(told(error), Tone.BAD)
            return
        subjects = [one for one in map(subject_of, seen) if one is not None]
        await self._ask(None, subjects=sorted(subjects, key=lambda one: one.title.casefold()))

    @async_slot
    async def _on_edit(self) -> None:
        number = _chosen(self.own)
        if number >= 0:
            row = self.corrections.shown[number]
            # An IMDb number says not which it is; a row without a season may be either.
            films = [one.key for one in await self._films()]
            await self._ask(row, film=row.key in films or "_movie:" in row.key, place=number)

    async def _films(self) -> list[Subject]:
        try:
            seen = await self._anime.seen()
        except CompanionError:
            return []
        films = (item for item in seen if item.kind is Kind.MOVIE)
        return [one for one in map(subject_of, films) if one is not None]

    async def _ask(
        self,
        row: Override | None,
        *,
        film: bool = False,
        subjects: Sequence[Subject] = (),
        place: int | None = None,
    ) -> None:
        async def save(made: Override) -> None:
            rows = list(self._rows)
            if place is None:
                rows.append(made)
            else:
                rows[place] = made
            await self._keep(rows)

        dialog = EntryDialog(
            self,
            row=row,
            film=film,
            subjects=subjects,
            lists=self._lists,
            accounts=self._accounts(),
            search=self._anime.search,
            save=save,
        )
        try:
            await ask.opened(dialog)
        finally:
            dialog.deleteLater()
        self._read()

    def _accounts(self) -> dict[int, str]:
        """The linked accounts to search through, by the names of their services."""
        found = {}
        for one in self._context.engine.status.accounts:
            spec = self._context.spec(one.account.service)
            if spec is not None and spec.anime_id:
                found[one.account.id] = spec.name
        return found

    @async_slot
    async def _on_remove(self) -> None:
        number = _chosen(self.own)
        if number < 0:
            return
        rows = [row for place, row in enumerate(self._rows) if place != number]
        try:
            await self._keep(rows)
        except CompanionError as error:
            self._say(told(error), Tone.BAD)
        self._read()

    async def _keep(self, rows: Sequence[Override]) -> None:
        tried = await self._anime.set_overrides(rows)
        self._say(say("Tried again: %n play(s).", tried) if tried else "")


def _chosen(view: QTableView) -> int:
    """The selected row, -1 for none."""
    rows = view.selectionModel().selectedRows()
    return rows[0].row() if rows else -1


def _line(*buttons: QPushButton) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(2 * GRID)
    for button in buttons:
        row.addWidget(button)
    row.addStretch(1)
    return row
