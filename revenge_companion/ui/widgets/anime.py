"""The settings about anime lists: the map, the user's corrections, and what watching may change."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import urlsplit

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from revenge_companion.core.animemap import MapState
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.settings import Settings
from revenge_companion.core.watching import ListPolicy
from revenge_companion.services.animemap.map import SOURCE_NAME, SOURCE_URL
from revenge_companion.ui import ask, words
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.text import Text


class AnimeSettings(QWidget):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._anime = context.engine.anime
        self._asking = self._busy = False
        self.tasks = Tasks()
        self._build()
        self._show_settings(context.engine.settings)
        self._show_state()
        context.bridge.settings_changed.connect(self._show_settings)
        context.bridge.accounts_changed.connect(self._show_state)
        context.bridge.status_changed.connect(self._show_state)

    def _build(self) -> None:
        specs = self._context.engine.services
        names = [spec.name for spec in specs if spec.anime_id]
        self.about = Text(
            self.tr(
                "{names} number episodes in a way of their own; the anime map says which entry an "
                "episode or film is. Download it, and it is fetched from {source} ({host}) now and "
                "each week while plays go there; nothing about you is sent."
            ).format(
                names=self.tr(" and ").join(names) or self.tr("Anime lists"),
                source=SOURCE_NAME,
                host=urlsplit(SOURCE_URL).hostname,
            ),
            tone=Tone.MUTED,
            wrap=True,
        )
        self.state = Text(wrap=True)
        self.trouble = Text(tone=Tone.BAD, wrap=True)
        self.trouble.hide()
        self.download = QPushButton()
        self.download.clicked.connect(self._on_download)
        self.remove = QPushButton(self.tr("Remove\N{HORIZONTAL ELLIPSIS}"))
        self.remove.clicked.connect(self._on_remove)
        self.corrections = QPushButton(self.tr("Corrections\N{HORIZONTAL ELLIPSIS}"))
        self.corrections.clicked.connect(self._on_corrections)
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        for button in (self.download, self.remove, self.corrections):
            row.addWidget(button)
        row.addStretch(1)
        self.rewatches = QCheckBox(self.tr("Watching a finished series again is a rewatch"))
        self.resume_dropped = QCheckBox(self.tr("Watching a dropped series takes it up again"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * GRID)
        for widget in (self.about, self.state, self.trouble):
            column.addWidget(widget)
        column.addLayout(row)
        for box in (self.rewatches, self.resume_dropped):
            box.clicked.connect(self._keep)
            column.addWidget(box)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # A copy renews itself without a word.
        self._show_state()

    def _show_settings(self, settings: Settings) -> None:
        self.rewatches.setChecked(settings.anime.rewatches)
        self.resume_dropped.setChecked(settings.anime.resume_dropped)

    def _show_state(self, *_: object) -> None:
        if self._busy:
            return
        state = self._anime.state or MapState()
        self.download.setText(self.tr("Download") if state.missing else self.tr("Update"))
        self.remove.setVisible(not state.missing)
        for button in (self.download, self.remove):
            button.setEnabled(True)
        self.state.setText(self._said(state))

    def _said(self, state: MapState) -> str:
        if state.missing:
            waiting = self._context.engine.status.map_waiting
            if waiting:
                return words.say("Not downloaded. Waiting for it: %n play(s).", waiting)
            return self.tr("Not downloaded.")
        parts = [
            self.tr("Downloaded {when}").format(
                when=words.moment(state.fetched_at, self._context.clock.now())
                if state.fetched_at
                else self.tr("at an unknown time")
            ),
            self.tr("{size} MB").format(size=words.decimal(round(state.size_bytes / 1e6, 1))),
            self.tr("{count} entries").format(count=words.number(state.entries)),
        ]
        return " \N{MIDDLE DOT} ".join(parts)

    @async_slot
    async def _on_download(self) -> None:
        await self._do(self._anime.download, self.tr("Downloading\N{HORIZONTAL ELLIPSIS}"))

    @async_slot
    async def _on_remove(self) -> None:
        if await ask.confirm(
            self,
            title=self.tr("Remove the anime map"),
            text=self.tr("Remove the anime map from this computer?"),
            details=self.tr(
                "It is not fetched again until you download it. Plays for anime lists wait until "
                "then; your corrections stay."
            ),
            accept=self.tr("Remove"),
        ):
            await self._do(self._anime.remove, self.tr("Removing\N{HORIZONTAL ELLIPSIS}"))

    async def _do(self, work: Callable[[], Awaitable[object]], meanwhile: str) -> None:
        self.trouble.hide()
        self._busy = True
        self.download.setEnabled(False)
        self.remove.setEnabled(False)
        self.state.setText(meanwhile)
        try:
            await work()
        except CompanionError as error:
            self._tell(error)
        finally:
            self._busy = False
        self._show_state()

    def _tell(self, error: CompanionError) -> None:
        self.trouble.setText(words.told(error))
        self.trouble.show()

    @async_slot
    async def _on_corrections(self) -> None:
        if self._asking:
            return
        from revenge_companion.ui.dialogs.anime_corrections import CorrectionsDialog

        dialog = CorrectionsDialog(self.window(), context=self._context)
        self._asking = True
        try:
            await ask.opened(dialog)
        finally:
            self._asking = False
            dialog.deleteLater()

    @async_slot
    async def _keep(self) -> None:
        wanted = ListPolicy(self.rewatches.isChecked(), self.resume_dropped.isChecked())
        engine = self._context.engine
        try:
            await engine.save_settings(replace(engine.settings, anime=wanted))
        except CompanionError as error:
            self._tell(error)
            self._show_settings(engine.settings)
        else:
            self.trouble.hide()
