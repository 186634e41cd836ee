"""The rules by which plays count: a slider each, and a sentence of what they mean."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QPushButton, QSlider, QVBoxLayout, QWidget

from revenge_companion.core.reasons import minutes
from revenge_companion.core.thresholds import SERVICE_FIXED_RATIO, Thresholds
from revenge_companion.ui import words
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.text import Text, buddy
from revenge_companion.ui.widgets.wheel import only_with_focus


class CountingSettings(QWidget):
    """Shows rules and what the user makes of them; keeps nothing itself."""

    #: A slider is being moved; what it says is to be kept once it rests.
    moved = Signal()
    #: Something was chosen that is to be kept at once.
    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[QSlider, Text] = {}
        self._build()

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(4 * GRID)
        grid.setVerticalSpacing(GRID)
        grid.setColumnStretch(1, 1)
        self.track = self._slider(grid, self.tr("T&racks"), 10, 100)
        self.track_cap = self._slider(grid, self.tr("Tracks, at the &latest after"), 1, 20)
        self.movie = self._slider(grid, self.tr("Fil&ms"), 5, 100)
        self.episode = self._slider(grid, self.tr("&Episodes"), 5, 100)
        self.podcast = self._slider(grid, self.tr("P&odcasts"), 5, 100)
        self.podcasts = QCheckBox(self.tr("Scrobble &podcasts"))
        self.podcasts.toggled.connect(self._on_podcasts)
        self.words = Text(tone=Tone.MUTED, wrap=True)
        usual = QPushButton(self.tr("Back to the usual rules"))
        usual.clicked.connect(self._on_usual)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * GRID)
        column.addLayout(grid)
        column.addWidget(self.podcasts)
        column.addWidget(self.words)
        column.addWidget(usual, 0, Qt.AlignmentFlag.AlignLeft)

    def _slider(self, grid: QGridLayout, text: str, least: int, most: int) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(least, most)
        slider.setPageStep(5)
        only_with_focus(slider)
        number = self._numbers[slider] = Text()
        number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        number.setMinimumWidth(number.fontMetrics().horizontalAdvance("100 min"))
        row = grid.rowCount()
        grid.addWidget(buddy(text, slider), row, 0)
        grid.addWidget(slider, row, 1)
        grid.addWidget(number, row, 2)
        slider.valueChanged.connect(self._on_moved)
        return slider

    def show_rules(self, rules: Thresholds) -> None:
        """Show `rules`, in place of what was chosen; nothing is said to be moved by that."""
        for slider, value in (
            (self.track, rules.track_ratio * 100),
            (self.track_cap, rules.track_cap_s / 60),
            (self.movie, rules.movie_ratio * 100),
            (self.episode, rules.episode_ratio * 100),
            (self.podcast, rules.podcast_ratio * 100),
        ):
            slider.blockSignals(True)
            slider.setValue(round(value))
            slider.blockSignals(False)
        self.podcasts.blockSignals(True)
        self.podcasts.setChecked(rules.podcasts)
        self.podcasts.blockSignals(False)
        self.podcast.setEnabled(rules.podcasts)
        self._say()

    def wanted(self, rules: Thresholds) -> Thresholds:
        """`rules` with what is chosen here."""
        return replace(
            rules,
            track_ratio=self.track.value() / 100,
            track_cap_s=self.track_cap.value() * 60.0,
            movie_ratio=self.movie.value() / 100,
            episode_ratio=self.episode.value() / 100,
            podcast_ratio=self.podcast.value() / 100,
            podcasts=self.podcasts.isChecked(),
        )

    def _say(self) -> None:
        for slider, number in self._numbers.items():
            value = slider.value()
            number.setText(
                words.say("%n min", value)
                if slider is self.track_cap
                else words.percent(value / 100)
            )
        track_s = self.track.value() / 100 * 6 * 60
        least = min(track_s, self.track_cap.value() * 60)
        film_s = self.movie.value() / 100 * 7200
        self.words.setText(
            self.tr(
                "A track of 6:00 counts after {track} of playing; a film of 2:00:00 counts at "
                "{film}. Some services count films and episodes by a fixed rule of {fixed}; what "
                "counts here and not there is sent to them dated."
            ).format(
                track=minutes(least),
                film=minutes(film_s),
                fixed=words.percent(SERVICE_FIXED_RATIO),
            )
        )

    def _on_moved(self) -> None:
        self._say()
        self.moved.emit()

    def _on_podcasts(self, on: bool) -> None:
        self.podcast.setEnabled(on)
        self.chosen.emit()

    def _on_usual(self) -> None:
        self.show_rules(Thresholds(podcasts=self.podcasts.isChecked()))
        self.chosen.emit()
