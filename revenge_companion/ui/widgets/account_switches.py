"""What one account gets: kinds, libraries, its own threshold, and what the user calls it."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLineEdit, QVBoxLayout, QWidget

from revenge_companion.core.accounts import Account, Switches
from revenge_companion.core.library import Facet
from revenge_companion.core.status import Library
from revenge_companion.services.base import ServiceSpec, offer
from revenge_companion.ui import words
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.allow_http import AllowHttp
from revenge_companion.ui.widgets.text import Text, buddy

#: Own thresholds to choose from; None follows the settings.
THRESHOLDS: tuple[float | None, ...] = (None, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
#: Check boxes in one row.
_ACROSS = 3


class AccountSwitches(QWidget):
    """Shows switches and says when the user changed one."""

    changed = Signal()
    #: The new label.
    renamed = Signal(str)

    def __init__(self, spec: ServiceSpec | None) -> None:
        super().__init__()
        self._libraries: tuple[str, ...] = ()
        kinds = spec.kinds if spec is not None else ()
        self.scrobble = QCheckBox(self.tr("Scrobble"))
        self.now_playing = QCheckBox(self.tr("Show what is playing now"))
        self.now_playing.setVisible(spec is not None and spec.live)
        self.kinds = {kind: QCheckBox(words.kind_plural(kind)) for kind in kinds}
        self.sync = self._sync_boxes(spec)
        self.allow_http = AllowHttp(
            meaning=self.tr(
                "Its address has no encryption: anybody on the way there can read your token. "
                "Without this permission nothing is sent."
            ),
            permission=self.tr("Allow http for this account"),
        )
        self.allow_http.box.toggled.connect(self.changed)
        self.threshold = QComboBox()
        for value in THRESHOLDS:
            text = self.tr("as in the settings") if value is None else words.percent(value)
            self.threshold.addItem(text, value)
        self.label = QLineEdit()
        self.label.setMaxLength(100)
        #: Where the server does not list its libraries, their ids are typed.
        self.library_ids = QLineEdit()
        self.library_ids.setPlaceholderText(self.tr("all; else their ids with commas between"))
        self.libraries: dict[str, QCheckBox] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(6 * GRID)
        grid.setVerticalSpacing(GRID)
        boxes = [self.scrobble, self.now_playing, *self.kinds.values()]
        for number, box in enumerate(boxes):
            box.toggled.connect(self.changed)
            grid.addWidget(box, number // _ACROSS, number % _ACROSS)
        grid.setColumnStretch(_ACROSS, 1)
        same = QGridLayout()
        same.setHorizontalSpacing(6 * GRID)
        same.setVerticalSpacing(GRID)
        for number, box in enumerate(self.sync.values()):
            box.toggled.connect(self.changed)
            same.addWidget(box, 0, number)
        about = Text(
            self.tr(
                "What is kept the same here and there, once a day; nothing is removed unasked."
            ),
            tone=Tone.MUTED,
            wrap=True,
        )
        about.setVisible(bool(self.sync))
        same.addWidget(about, 1, 0, 1, _ACROSS + 1)
        same.setColumnStretch(_ACROSS, 1)
        more = QGridLayout()
        more.setHorizontalSpacing(6 * GRID)
        more.setVerticalSpacing(2 * GRID)
        share = buddy(self.tr("Films and episodes count at"), self.threshold)
        video = any(kind.is_video for kind in kinds)
        share.setVisible(video)
        self.threshold.setVisible(video)
        self._boxes = QGridLayout()
        self._boxes.setHorizontalSpacing(6 * GRID)
        self._boxes.setVerticalSpacing(GRID)
        self._boxes.setColumnStretch(_ACROSS, 1)
        which = QVBoxLayout()
        which.setSpacing(GRID)
        which.addWidget(self.library_ids)
        which.addLayout(self._boxes)
        hint = Text(
            self.tr("Only plays whose library your server names."), tone=Tone.MUTED, wrap=True
        )
        which.addWidget(hint)
        more.addWidget(share, 0, 0)
        more.addWidget(self.threshold, 0, 1)
        more.addWidget(buddy(self.tr("Libraries"), self.library_ids), 1, 0)
        more.addLayout(which, 1, 1)
        more.addWidget(buddy(self.tr("Label"), self.label), 2, 0)
        more.addWidget(self.label, 2, 1)
        more.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(3 * GRID)
        column.addLayout(grid)
        column.addLayout(same)
        column.addLayout(more)
        column.addWidget(self.allow_http)
        self.threshold.currentIndexChanged.connect(self.changed)
        self.library_ids.editingFinished.connect(self._on_ids)
        self.label.editingFinished.connect(self._on_label)

    def _sync_boxes(self, spec: ServiceSpec | None) -> dict[str, QCheckBox]:
        """A box for each of the sync switches that there are for the service."""
        texts = {
            "sync_history": (
                self.tr("Sync history"),
                self.tr("What you watched and heard there comes here, and the other way round."),
            ),
            "sync_ratings": (
                self.tr("Sync ratings"),
                self.tr("Your ratings there and here are made the same."),
            ),
            "sync_watchlist": (
                self.tr("Sync watchlist"),
                self.tr("What you want to watch is the same there and here."),
            ),
        }
        if spec is not None and Facet.LOVED in spec.exports:
            texts["sync_ratings"] = (
                self.tr("Sync loved tracks"),
                self.tr(
                    "What you love there and here is made the same; so is what you no longer do."
                ),
            )
        boxes = {}
        names = offer(spec).names if spec is not None else ()
        for name, (text, meaning) in texts.items():
            if name in names:
                boxes[name] = QCheckBox(text)
                boxes[name].setToolTip(meaning)
                boxes[name].setAccessibleDescription(meaning)
        return boxes

    def show_account(self, account: Account, *, unencrypted: bool = False) -> None:
        """Show an account's switches; signals nothing.

        `unencrypted` tells that its address is plain http on another computer.
        """
        switches = account.switches
        typed = (self.library_ids, self.label)
        boxes: tuple[QCheckBox, ...] = (self.scrobble, self.now_playing, self.allow_http.box)
        boxes += (*self.sync.values(), *self.kinds.values(), *self.libraries.values())
        for widget in (*boxes, self.threshold, *typed):
            widget.blockSignals(True)
        self.scrobble.setChecked(switches.scrobble)
        self.now_playing.setChecked(switches.now_playing)
        for name, box in self.sync.items():
            box.setChecked(getattr(switches, name))
        self.allow_http.box.setChecked(switches.allow_http)
        self.allow_http.need(unencrypted or switches.allow_http)
        for kind, box in self.kinds.items():
            box.setChecked(not switches.kinds or kind in switches.kinds)
        if self.threshold.findData(switches.threshold) < 0 and switches.threshold is not None:
            self.threshold.addItem(words.percent(switches.threshold), switches.threshold)
        self.threshold.setCurrentIndex(max(0, self.threshold.findData(switches.threshold)))
        self._libraries = switches.libraries
        for library_id, box in self.libraries.items():
            box.setChecked(not switches.libraries or library_id in switches.libraries)
        if not self.library_ids.hasFocus():
            self.library_ids.setText(", ".join(switches.libraries))
        if not self.label.hasFocus():
            self.label.setText(account.label)
        for widget in (*boxes, self.threshold, *typed):
            widget.blockSignals(False)
        self.setEnabled(switches.enabled)

    def show_libraries(self, libraries: Sequence[Library]) -> None:
        """Offer the server's libraries by name; with none of them, their ids are typed."""
        for box in self.libraries.values():
            box.deleteLater()
        self.libraries = {}
        for number, library in enumerate(libraries):
            box = QCheckBox(words.no_mnemonic(library.name))
            box.setChecked(not self._libraries or library.id in self._libraries)
            box.toggled.connect(self.changed)
            self.libraries[library.id] = box
            self._boxes.addWidget(box, number // _ACROSS, number % _ACROSS)
        self.library_ids.setVisible(not libraries)

    def chosen(self, before: Switches) -> Switches:
        """`before` with what is chosen here."""
        kinds = tuple(kind for kind, box in self.kinds.items() if box.isChecked())
        libraries = tuple(key for key, box in self.libraries.items() if box.isChecked())
        # None at all means nothing is scrobbled; an empty tuple would mean everything.
        nothing = (bool(self.kinds) and not kinds) or (bool(self.libraries) and not libraries)
        if not self.libraries:
            ids = (part.strip() for part in self.library_ids.text().split(","))
            libraries = tuple(dict.fromkeys(filter(None, ids)))
        elif len(libraries) == len(self.libraries) or not libraries:
            libraries = ()
        return replace(
            before,
            scrobble=self.scrobble.isChecked() and not nothing,
            now_playing=self.now_playing.isChecked(),
            kinds=() if not kinds or len(kinds) == len(self.kinds) else kinds,
            libraries=libraries,
            threshold=self.threshold.currentData(),
            allow_http=self.allow_http.box.isChecked(),
            **{name: box.isChecked() for name, box in self.sync.items()},
        )

    def _on_ids(self) -> None:
        if self.library_ids.isModified():
            self.library_ids.setModified(False)
            self.changed.emit()

    def _on_label(self) -> None:
        if self.label.isModified() and self.label.text().strip():
            self.label.setModified(False)
            self.renamed.emit(self.label.text().strip())
