"""Activity: what plays now, and the ledger of every play with what became of it."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.accounts import wants
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.live import NowPlaying
from revenge_companion.core.status import EngineStatus, PlayRecord, SignInState
from revenge_companion.ui import words
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.models.plays import PlayColumn, PlaysModel
from revenge_companion.ui.theme import GAP, GRID, MARGIN, Tone
from revenge_companion.ui.widgets.empty import Listing
from revenge_companion.ui.widgets.now_playing import NowPlayingCard
from revenge_companion.ui.widgets.play_filters import PlayFilters, Wanted
from revenge_companion.ui.widgets.story import Story
from revenge_companion.ui.widgets.table import table
from revenge_companion.ui.widgets.text import Text

#: Average characters of room below which the list leaves the destinations out.
NARROW = 96
#: How often the progress moves while something plays and the page is seen.
TICK_MS = 1000


class ActivityPage(QWidget):
    sign_in_wanted = Signal()
    accounts_wanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.tasks = Tasks()
        self._cards: dict[str, NowPlayingCard] = {}
        self._wanted_id: int | None = None
        self._stale = False
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self._show_playing)
        self._build()
        self._connect()
        self._search()

    def _build(self) -> None:
        self.model = PlaysModel(self._context.clock, self._context.names, self)
        self._now_title = Text(self.tr("Now playing"), tone=Tone.MUTED)
        self._now = QVBoxLayout()
        self._now.setSpacing(2 * GRID)
        self.filters = PlayFilters(self._context)
        self.search, self.kind = self.filters.search, self.filters.kind
        self.outcome = self.filters.outcome
        self.view = table(self.model, name=self.tr("Plays"), widths=(16, 30, 38, 27), stretch=1)
        self.view.setSelectionMode(self.view.SelectionMode.SingleSelection)
        self._listing = Listing(self.view)
        self.empty = self._listing.empty
        self.empty.acted.connect(self._on_empty_acted)
        self.story = Story(self._context)
        self.story.hide()
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(GAP)
        self._split.addWidget(self._listing)
        self._split.addWidget(self.story)
        self._split.setStretchFactor(0, 1)
        self._split.setStretchFactor(1, 0)
        self.story.setMinimumWidth(260)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(GAP)
        column.addWidget(self._now_title)
        column.addLayout(self._now)
        column.addWidget(self.filters)
        column.addWidget(self._split, 1)

    def _connect(self) -> None:
        bridge = self._context.bridge
        bridge.now_playing_changed.connect(self._on_now_playing)
        bridge.status_changed.connect(self._on_now_playing)
        bridge.plays_changed.connect(self._on_plays_changed)
        self.filters.changed.connect(self._search)
        self.view.selectionModel().currentRowChanged.connect(self._on_row)
        self.model.loaded.connect(self._on_loaded)
        self.model.failed.connect(self._listing.fail)
        self.model.dataChanged.connect(self._on_data_changed)
        self.story.closed.connect(self.close_story)
        self.story.anyway_wanted.connect(self._on_anyway)
        self.story.love_wanted.connect(self._on_love)
        self.story.undo_wanted.connect(self._on_undo)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.search.setFocus)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.view)
        escape.setContext(Qt.ShortcutContext.WidgetShortcut)
        escape.activated.connect(self.close_story)

    @property
    def ticking(self) -> bool:
        """Whether the progress is being moved on by a timer."""
        return self._tick.isActive()

    def show_play(self, play_id: int) -> None:
        """Select a play and open its story, as soon as it is loaded."""
        self._wanted_id = play_id
        self.filters.clear()
        self._select_wanted()

    def close_story(self) -> None:
        self._wanted_id = None
        self.view.clearSelection()
        self.view.setCurrentIndex(QModelIndex())
        self._show_story(False)

    def shut(self) -> None:
        """End what is under way; the page will not be shown again."""
        self._tick.stop()
        self.filters.stop()
        self.tasks.cancel()
        self.model.tasks.cancel()

    # The ledger

    def _on_plays_changed(self) -> None:
        # Nothing is read for a page that nobody sees.
        self._stale = not self.isVisible()
        if not self._stale:
            self.model.refresh()

    def _search(self) -> None:
        wanted = self.filters.wanted()

        async def read(before_id: int | None, limit: int) -> Sequence[PlayRecord]:
            return await self._context.engine.plays(
                limit=limit,
                before_id=before_id,
                search=wanted.search,
                kind=wanted.kind,
                counted=wanted.counted,
                account_id=wanted.account_id,
                since=wanted.since,
                until=wanted.until,
            )

        self.model.show_pages(read)

    def _on_loaded(self, rows: int) -> None:
        self._listing.show_rows(rows)
        self._show_empty()
        self._select_wanted()

    def _show_empty(self) -> None:
        status = self._context.engine.status
        if self.filters.wanted() != Wanted():
            self.empty.say(self.tr("No play matches this search."))
        elif status.sign_in is not SignInState.SIGNED_IN:
            self.empty.say(
                self.tr("Sign in to your Revenge server: what you play there shows here."),
                action=self.tr("Sign in\N{HORIZONTAL ELLIPSIS}"),
            )
        elif not status.accounts:
            self.empty.say(
                self.tr("Nothing has been played yet. Link an account to send your plays there."),
                action=self.tr("Link an account\N{HORIZONTAL ELLIPSIS}"),
            )
        else:
            self.empty.say(
                self.tr("Nothing has been played yet. What you play on your server shows here.")
            )

    def _on_empty_acted(self) -> None:
        if self._context.engine.status.sign_in is not SignInState.SIGNED_IN:
            self.sign_in_wanted.emit()
        else:
            self.accounts_wanted.emit()

    def _select_wanted(self) -> None:
        """Keep the chosen play selected when the table was filled anew."""
        if self._wanted_id is None:
            return
        index = self.model.index_of(self._wanted_id)
        if index.isValid() and self.view.currentIndex().row() != index.row():
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)

    def _on_row(self, current: QModelIndex, _previous: QModelIndex) -> None:
        play = self.model.row(current)
        if play is None:
            return
        self._wanted_id = play.id
        self.story.show_play(play)
        self._show_story(True)

    def _show_story(self, shown: bool) -> None:
        if shown and not self.story.isVisible():
            story = max(self.story.minimumWidth(), self._split.width() * 2 // 5)
            self.story.show()
            self._split.setSizes([self._split.width() - story, story])
        elif not shown:
            self.story.hide()
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Beside the story, and in little room, the list leaves to the story what is there."""
        beside = self.story.isVisibleTo(self)
        narrow = self.width() < NARROW * self.fontMetrics().averageCharWidth()
        self.view.setColumnHidden(PlayColumn.OUTCOME, beside)
        self.view.setColumnHidden(PlayColumn.DESTINATIONS, beside or narrow)

    def _on_data_changed(self) -> None:
        play = self.model.row(self.view.currentIndex())
        if play is not None and self.story.isVisible():
            self.story.show_play(play)

    @async_slot
    async def _on_anyway(self, play_id: int) -> None:
        from revenge_companion.ui import ask

        try:
            counted = await self._context.engine.scrobble_anyway(play_id)
        except CompanionError as error:
            await ask.tell(self, title=self.tr("Not scrobbled"), text=words.told(error))
            return
        if not counted:
            await ask.tell(
                self,
                title=self.tr("Not scrobbled"),
                text=self.tr("This play has already been counted, or it is no longer there."),
            )
        self.model.refresh()

    @async_slot
    async def _on_undo(self, play_id: int) -> None:
        from revenge_companion.ui import amend_words, ask

        play = self.model.row(self.model.index_of(play_id))
        if play is None or not await ask.confirm(
            self,
            title=self.tr("Undo"),
            text=self.tr("Undo {title}?").format(title=play.label),
            details=self.tr(
                "What has not been sent is never sent. Where a service lets programs remove "
                "plays, it is removed there. The play stays in your activity."
            ),
            accept=self.tr("Undo"),
        ):
            return
        try:
            results = await self._context.engine.amending.undo(play_id)
        except CompanionError as error:
            await ask.tell(self, title=self.tr("Not undone"), text=words.told(error))
            return
        self.model.refresh()
        text = amend_words.undone_lines(results)
        await ask.tell(self, title=amend_words.undone_title(results), text=text)

    @async_slot
    async def _on_love(self, play_id: int, loved: bool) -> None:
        try:
            took = await self._context.engine.love(play_id, loved=loved)
        except CompanionError as error:
            self.story.show_love(play_id, not loved, words.told(error), Tone.BAD)
            return
        said = self.tr("Loved at {places}.") if loved else self.tr("No longer loved at {places}.")
        self.story.show_love(play_id, loved, said.format(places=", ".join(took)), Tone.MUTED)

    # Now playing

    def _on_now_playing(self, _status: EngineStatus) -> None:
        self._show_playing()
        if not self.model.rowCount():
            self._show_empty()

    def _show_playing(self) -> None:
        status = self._context.engine.status
        now_s = self._context.clock.monotonic_s()
        paused = words.is_paused(status, self._context.clock.now())
        keys = [playing.play_key for playing in status.now_playing]
        for key in [key for key in self._cards if key not in keys]:
            card = self._cards.pop(key)
            self._now.removeWidget(card)
            card.hide()
            card.deleteLater()
        for playing in status.now_playing:
            shown = self._cards.get(playing.play_key)
            if shown is None:
                shown = NowPlayingCard()
                shown.skip_wanted.connect(self._context.engine.dont_scrobble)
                self._cards[playing.play_key] = shown
                self._now.addWidget(shown)
            takers = self._takers(status, playing)
            shown.show_play(playing, now_s, takers=takers, paused=paused)
        self._now_title.setVisible(bool(keys))
        self._run_tick(any(playing.state == "playing" for playing in status.now_playing))

    def _takers(self, status: EngineStatus, playing: NowPlaying) -> str:
        names = []
        for each in status.accounts:
            spec = self._context.spec(each.account.service)
            if spec is not None and wants(each.account, playing.item, spec.kinds):
                own = each.account.switches.threshold if playing.item.kind.is_video else None
                name = spec.name
                if own is not None and own != playing.counts_at:
                    name = self.tr("{service} at {percent}").format(
                        service=name, percent=words.percent(own)
                    )
                names.append(name)
        return ", ".join(dict.fromkeys(names))

    def _run_tick(self, playing: bool) -> None:
        # No timer runs while nobody looks or nothing moves.
        wanted = playing and self.isVisible()
        if wanted and not self._tick.isActive():
            self._tick.start()
        elif not wanted:
            self._tick.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_playing()
        if self._stale:
            self._on_plays_changed()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  # Qt's name
        super().hideEvent(event)
        self._tick.stop()
