"""A card for one play in progress: what, where, how far, and when it counts."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton

from revenge_companion.core.live import NowPlaying
from revenge_companion.ui import words
from revenge_companion.ui.theme import GAP, GRID, Tone
from revenge_companion.ui.widgets.card import Card
from revenge_companion.ui.widgets.progress import PlayProgress
from revenge_companion.ui.widgets.text import OneLine, Text


class NowPlayingCard(Card):
    #: The play key: the user does not want this one scrobbled.
    skip_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._play_key = ""
        self._title = OneLine(scale=1.15, bold=True)
        self._place = Text(tone=Tone.MUTED)
        self._share = Text(tone=Tone.MUTED)
        self._progress = PlayProgress()
        self._counts = OneLine()
        self._skip = QPushButton(self.tr("Don't scrobble this"))
        self._skip.clicked.connect(self._on_skip)
        top = QHBoxLayout()
        top.setSpacing(GAP)
        top.addWidget(self._title, 1)
        top.addWidget(self._place)
        middle = QHBoxLayout()
        middle.setSpacing(GAP)
        middle.addWidget(self._progress, 1)
        middle.addWidget(self._share)
        bottom = QHBoxLayout()
        bottom.setSpacing(2 * GRID)
        bottom.addWidget(self._counts, 1)
        bottom.addWidget(self._skip)
        for row in (top, middle, bottom):
            self.column.addLayout(row)

    def show_play(
        self, playing: NowPlaying, monotonic_s: float, *, takers: str, paused: bool
    ) -> None:
        """Show one moment; `takers` names the accounts that will get it, "" for none."""
        self._play_key = playing.play_key
        self._title.setText(playing.item.label)
        place = playing.device_name
        if playing.state != "playing":
            place = self.tr("{device}, paused").format(device=place) if place else self.tr("Paused")
        self._place.setText(place)
        share = words.share_now(playing, monotonic_s)
        self._progress.setVisible(share is not None)
        self._share.setText("" if share is None else words.percent(share))
        if share is not None:
            self._progress.show_progress(share, playing.counts_at)
        counts = words.counts_sentence(playing, monotonic_s, paused=paused)
        counts_at_all = playing.counted or playing.counts_in_s is not None
        if takers and counts_at_all and not paused:
            counts = f"{counts} \N{RIGHTWARDS ARROW} {takers}"
        self._counts.setText(counts)
        self._skip.setVisible(playing.counts_in_s is not None and not playing.counted)
        self.setAccessibleName(self.tr("Now playing: {title}").format(title=playing.item.label))
        self.setAccessibleDescription(counts)

    def _on_skip(self) -> None:
        self._skip.setEnabled(False)
        self.skip_wanted.emit(self._play_key)
