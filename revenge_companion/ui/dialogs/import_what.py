"""The wizard's second step: what is read, and what the server is told of it."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from revenge_companion.core.imports import ImportSource
from revenge_companion.core.library import REVENGE, Facet
from revenge_companion.core.status import SignInState
from revenge_companion.ui import import_words, library_words
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import GRID, Tone
from revenge_companion.ui.widgets.card import Card, Column, clear
from revenge_companion.ui.widgets.text import Text


class WhatPage(Column):
    #: Something was ticked: there may be nothing, or something, to read.
    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(widest=10_000, margin=0)
        self._context = context
        self._markable = True
        self.facets: dict[Facet, QCheckBox] = {}
        self._built()

    def _built(self) -> None:
        self._about = Text(wrap=True)
        self._note = Text(tone=Tone.MUTED, wrap=True)
        facets = Card()
        self._facets = QVBoxLayout()
        self._facets.setSpacing(3 * GRID)
        facets.column.addLayout(self._facets)
        self._server = Card()
        self.mark = QCheckBox(self.tr("Also &mark films and episodes as watched on your server"))
        self.mark.setChecked(True)
        self._mark_told = _under(self.mark, "")
        self._server.column.addWidget(self.mark)
        self._server.column.addWidget(self._mark_told)
        self.signed_out = Text(tone=Tone.WAITING, wrap=True)
        self.rows.addWidget(self._about)
        self.rows.addWidget(self._note)
        self.rows.addWidget(facets)
        self.rows.addWidget(self._server)
        self.rows.addWidget(self.signed_out)
        self.rows.addWidget(
            Text(
                self.tr(
                    "Everything is kept in the Companion's own library, with the dates the source "
                    "gives. Nothing of it is scrobbled. First you see a preview; nothing is "
                    "written before you say so."
                ),
                tone=Tone.MUTED,
                wrap=True,
            )
        )
        self.rows.addStretch(1)

    def show_source(self, source: ImportSource, path: Path | None) -> None:
        """Offer what `source` has; everything is ticked at first."""
        about = self.tr("Choose what to read from {source}.").format(source=source.name)
        if path is not None:
            about = self.tr("{file} \N{MIDDLE DOT} {kind}. Choose what to read from it.").format(
                file=path.name, kind=source.name
            )
        self._about.setText(about)
        self._note.setText(source.note)
        # Of a kind of file it says how to get one.
        self._note.setVisible(bool(source.note) and path is None)
        clear(self._facets)
        self.facets = {}
        for facet in Facet:
            if facet in source.facets:
                self._facets.addWidget(self._facet(facet))
        spec = self._context.spec(source.service)
        # The server knows its own, and music is nothing that it marks.
        video = spec is None or any(kind.is_video for kind in spec.kinds)
        self._markable = video and source.key != REVENGE
        self._on_ticked()

    def _facet(self, facet: Facet) -> QWidget:
        box = QCheckBox(library_words.facet(facet))
        box.setChecked(True)
        box.toggled.connect(self._on_ticked)
        self.facets[facet] = box
        held = QWidget()
        column = QVBoxLayout(held)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(box)
        column.addWidget(_under(box, import_words.facet_sentence(facet)))
        return held

    def chosen(self) -> tuple[Facet, ...]:
        """What is ticked, in the usual order."""
        return tuple(facet for facet, box in self.facets.items() if box.isChecked())

    @property
    def marks(self) -> bool:
        """Whether the server is to be told what was watched."""
        return self._can_mark() and self.mark.isChecked()

    def _signed_in(self) -> bool:
        return self._context.engine.status.sign_in is SignInState.SIGNED_IN

    def _can_mark(self) -> bool:
        return self._markable and self._signed_in() and Facet.HISTORY in self.chosen()

    def _on_ticked(self) -> None:
        self._server.setVisible(self._can_mark())
        self._mark_told.setText(
            self.tr(
                "Today's servers cannot keep a date: there, all of it will look as if you had "
                "watched it on the day of the import. The true dates stay in your library here."
            )
        )
        self.signed_out.setText(
            self.tr(
                "You are not signed in to your server, so nothing can be matched with it now. "
                "The lines are kept, and can be matched later."
            )
        )
        self.signed_out.setVisible(not self._signed_in())
        self.changed.emit()


def _under(box: QCheckBox, text: str) -> Text:
    """A sentence below a tick, in line with its words; screen readers say it with the tick."""
    told = Text(text, tone=Tone.MUTED, wrap=True)
    style = box.style()
    indent = style.pixelMetric(style.PixelMetric.PM_IndicatorWidth, None, box)
    indent += style.pixelMetric(style.PixelMetric.PM_CheckBoxLabelSpacing, None, box)
    told.setContentsMargins(indent, 0, 0, 0)
    box.setAccessibleDescription(text)
    return told
