"""Statistics: what was played over time, what most, and how deliveries are going."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.statistics import Bucket, Health, Statistics
from revenge_companion.ui import ask, library_words, words
from revenge_companion.ui.async_slot import Tasks, async_slot
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import GAP, GRID, Tone
from revenge_companion.ui.widgets.card import Card, Column, clear
from revenge_companion.ui.widgets.chart import BarChart, Legend, TopList
from revenge_companion.ui.widgets.empty import EmptyState
from revenge_companion.ui.widgets.text import OneLine, Text


class StatisticsPage(QWidget):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.tasks = Tasks()
        self.statistics: Statistics | None = None
        self._stale = True
        self._reading = False
        self._build()
        context.bridge.plays_changed.connect(self._on_changed)
        context.bridge.outbox_changed.connect(self._on_changed)

    def _build(self) -> None:
        self.bucket = QComboBox()
        self.bucket.setAccessibleName(self.tr("Stretch of time"))
        for bucket in Bucket:
            self.bucket.addItem(library_words.bucket(bucket), bucket.value)
        self.bucket.currentIndexChanged.connect(self._read)
        self.image = QPushButton(self.tr("Save as picture\N{HORIZONTAL ELLIPSIS}"))
        self.image.clicked.connect(self._on_image)
        self.table = QPushButton(self.tr("Save as table\N{HORIZONTAL ELLIPSIS}"))
        self.table.clicked.connect(self._on_table)
        top = QHBoxLayout()
        top.setSpacing(2 * GRID)
        top.addWidget(self.bucket)
        top.addStretch(1)
        top.addWidget(self.image)
        top.addWidget(self.table)
        column = Column(widest=1100)
        column.setAccessibleName(self.tr("Statistics"))
        self._sheet = QWidget()
        rows = QVBoxLayout(self._sheet)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GAP)
        chart = Card()
        self.total = Text(bold=True, wrap=True)
        self.chart = BarChart()
        self.legend = Legend()
        chart.column.addWidget(self.total)
        chart.column.addWidget(self.chart)
        chart.column.addWidget(self.legend)
        rows.addWidget(chart)
        self._top = QGridLayout()
        self._top.setSpacing(GAP)
        rows.addLayout(self._top)
        self._health = Card()
        rows.addWidget(self._health)
        column.rows.addLayout(top)
        column.rows.addWidget(self._sheet)
        column.rows.addStretch(1)
        self.empty = EmptyState()
        self._pages = QStackedLayout(self)
        self._pages.addWidget(column)
        self._pages.addWidget(self.empty)
        self._filled = column

    def shut(self) -> None:
        """End what is under way; the page will not be shown again."""
        self.tasks.cancel()

    # Reading

    def _on_changed(self) -> None:
        # Nothing is counted for a page that nobody sees.
        self._stale = True
        if self.isVisible():
            self._read()

    def _read(self) -> None:
        self._stale = True
        if not self._reading:
            self._reading = True
            self.tasks.start(self._read_all())

    async def _read_all(self) -> None:
        try:
            # One reading at a time, however often something changes.
            while self._stale:
                self._stale = False
                bucket = Bucket(self.bucket.currentData())
                try:
                    statistics = await self._context.engine.library.statistics(bucket)
                except CompanionError as error:
                    self.empty.say(words.told(error))
                    self._pages.setCurrentWidget(self.empty)
                    return
                if statistics.bucket is Bucket(self.bucket.currentData()):
                    self._show(statistics, ever=await self._ever(statistics))
        finally:
            self._reading = False

    async def _ever(self, statistics: Statistics) -> bool:
        """Whether there is anything to show, now or in another stretch of time."""
        if statistics.total or statistics.health:
            return True
        longest = await self._context.engine.library.statistics(Bucket.YEAR)
        return bool(longest.total)

    def _show(self, statistics: Statistics, *, ever: bool) -> None:
        self.statistics = statistics
        self.total.setText(library_words.total(statistics))
        self.chart.show_statistics(statistics)
        self.legend.show_statistics(statistics)
        self.legend.setVisible(bool(statistics.kinds))
        while (item := self._top.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for number, (kind, rows) in enumerate(statistics.top.items()):
            card = Card()
            card.column.addWidget(Text(library_words.most_played(kind), bold=True))
            card.column.addWidget(TopList(rows))
            card.column.addStretch(1)
            self._top.addWidget(card, number // 2, number % 2)
        self._show_health(statistics.health)
        if not ever:
            self.empty.say(
                self.tr(
                    "Nothing has been played or imported yet. What you play on your server is "
                    "counted here."
                )
            )
            self._pages.setCurrentWidget(self.empty)
        else:
            self._pages.setCurrentWidget(self._filled)

    def _show_health(self, health: tuple[Health, ...]) -> None:
        clear(self._health.column)
        self._health.setVisible(bool(health))
        self._health.column.addWidget(Text(self.tr("Deliveries"), bold=True))
        names = {
            one.account.id: f"{self._context.name(one.account.service)} ({one.account.label})"
            for one in self._context.engine.status.accounts
        }
        for one in health:
            row = QWidget()
            across = QHBoxLayout(row)
            across.setContentsMargins(0, 0, 0, 0)
            across.setSpacing(3 * GRID)
            name = OneLine(names.get(one.account_id, ""))
            said = Text(self._health_words(one), tone=Tone.MUTED, wrap=True)
            name.setMinimumWidth(150)
            across.addWidget(name, 1, Qt.AlignmentFlag.AlignTop)
            across.addWidget(said, 3, Qt.AlignmentFlag.AlignTop)
            self._health.column.addWidget(row)

    def _health_words(self, one: Health) -> str:
        if not one.sample and not one.waiting:
            return self.tr("Nothing has been sent yet.")
        parts = []
        if one.delivered:
            text = words.say("Of the last %Ln, {delivered} arrived", one.sample)
            parts.append(text.format(delivered=words.number(one.delivered)))
        if one.median_s is not None:
            text = self.tr("half of them within {time}")
            parts.append(text.format(time=library_words.seconds(one.median_s)))
        if one.parked:
            parts.append(words.say("%Ln parked", one.parked))
        if one.waiting:
            parts.append(words.say("%Ln waiting", one.waiting))
        said = ", ".join(parts) + "."
        if one.last_at is not None:
            last = self.tr("Last confirmed: {when}.")
            said += " " + last.format(when=words.ago(one.last_at, self._context.clock.now()))
        return said[:1].upper() + said[1:]

    # Taking it away

    @async_slot
    async def _on_image(self) -> None:
        path = await ask.save_path(
            self,
            title=self.tr("Save as picture"),
            name="statistics.png",
            filters=self.tr("Picture (*.png)"),
        )
        if path is not None and not self._grabbed(path):
            text = self.tr("{file} cannot be written.").format(file=path.name)
            await ask.tell(self, title=self.tr("Not saved"), text=text)

    def _grabbed(self, path: Path) -> bool:
        return self._sheet.grab().save(str(path.with_suffix(path.suffix or ".png")), "PNG")

    @async_slot
    async def _on_table(self) -> None:
        from revenge_companion.ui.saving import save_table

        statistics = self.statistics
        if statistics is None:
            return
        library = self._context.engine.library
        await save_table(
            self,
            title=self.tr("Save as table"),
            name="statistics.csv",
            write=lambda path: library.export_statistics(path, statistics),
        )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._read()
