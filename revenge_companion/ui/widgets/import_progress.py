"""How far reading, importing or undoing has come: a bar and the numbers behind it."""

from PySide6.QtWidgets import QGridLayout, QProgressBar, QVBoxLayout, QWidget

from revenge_companion.core.imports import ImportRun, RunState
from revenge_companion.ui import import_words, words
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.text import Text

#: Steps of the bar: finer than it has pixels.
_WHOLE = 1000


class ImportProgress(QWidget):
    """Shows one moment of a run after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.numbers: dict[str, Text] = {}
        self._names: dict[str, Text] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(6 * GRID)
        grid.setVerticalSpacing(GRID)
        for place, (key, name) in enumerate(
            (
                ("total", self.tr("Lines in all")),
                ("processed", self.tr("Done")),
                ("matched", self.tr("Matched")),
                ("failed", self.tr("Failed")),
                ("rate", self.tr("Speed")),
                ("left", self.tr("Time left")),
            )
        ):
            row, column = divmod(place, 3)
            label, value = Text(name, tone=Tone.MUTED), Text(scale=1.25, bold=True)
            grid.addWidget(label, 3 * row, column)
            grid.addWidget(value, 3 * row + 1, column)
            grid.setColumnStretch(column, 1)
            self._names[key], self.numbers[key] = label, value
        grid.setRowMinimumHeight(2, 3 * GRID)
        column_box = QVBoxLayout(self)
        column_box.setContentsMargins(0, 0, 0, 0)
        column_box.setSpacing(4 * GRID)
        column_box.addWidget(self.bar)
        column_box.addLayout(grid)

    def show_run(self, run: ImportRun) -> None:
        share = import_words.share(run)
        if share is None and run.running:
            # No end is known: the bar moves to and fro.
            self.bar.setRange(0, 0)
        else:
            self.bar.setRange(0, _WHOLE)
            self.bar.setValue(round((share or 0.0) * _WHOLE))
        done = {
            RunState.READING: self.tr("Read"),
            RunState.WRITING: self.tr("Imported"),
            RunState.UNDOING: self.tr("Taken back"),
        }.get(run.state, self.tr("Done"))
        self._names["processed"].setText(done)
        total = run.total
        if total is not None:
            # A source may hold more than it said.
            total = max(total, run.processed)
        unknown = "\N{EN DASH}"
        running = run.running
        texts = {
            "total": unknown if total is None else words.number(total),
            "processed": words.number(run.processed),
            "matched": words.number(run.matched),
            "failed": words.number(run.failed),
            "rate": (running and import_words.rate(run.rate)) or unknown,
            "left": (share is not None and running and import_words.time_left(run.left_s))
            or unknown,
        }
        for key, text in texts.items():
            self.numbers[key].setText(text)
            self.numbers[key].setAccessibleName(f"{self._names[key].text()}: {text}")
        self.numbers["failed"].set_tone(Tone.BAD if run.failed else Tone.PLAIN)
        spoken = "" if share is None else words.percent(share)
        self.bar.setAccessibleDescription(spoken)
        self.bar.setToolTip(spoken)
