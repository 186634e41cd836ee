"""The wizard's second step: what is read, and what the server is told of it."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox

from revenge_companion.core.imports import ImportSource
from revenge_companion.core.library import REVENGE, Facet
from revenge_companion.core.status import SignInState
from revenge_companion.ui import import_words
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import Tone
from revenge_companion.ui.widgets.card import Card, Column
from revenge_companion.ui.widgets.facet_ticks import FacetTicks, under
from revenge_companion.ui.widgets.text import Text
from revenge_companion.ui.words import told


class WhatPage(Column):
    #: Something was ticked: there may be nothing, or something, to read.
    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(widest=10_000, margin=0)
        self.setAccessibleName(self.tr("What"))
        self._context = context
        self._markable = True
        self.ticks = FacetTicks()
        self.ticks.changed.connect(self._on_ticked)
        self._built()

    def _built(self) -> None:
        self._about = Text(wrap=True)
        self._note = Text(tone=Tone.MUTED, wrap=True)
        self._server = Card()
        self.mark = QCheckBox(self.tr("Also &mark films and episodes as watched on your server"))
        self.mark.setChecked(True)
        self._mark_told = under(self.mark, "")
        self._server.column.addWidget(self.mark)
        self._server.column.addWidget(self._mark_told)
        self.signed_out = Text(tone=Tone.WAITING, wrap=True)
        self.rows.addWidget(self._about)
        self.rows.addWidget(self._note)
        self.rows.addWidget(self.ticks)
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
        about = self.tr("Choose what to read from {source}.").format(source=told(source.name))
        if path is not None:
            about = self.tr("{file} \N{MIDDLE DOT} {kind}. Choose what to read from it.").format(
                file=path.name, kind=told(source.name)
            )
        self._about.setText(about)
        self._note.setText(told(source.note))
        # Of a kind of file it says how to get one.
        self._note.setVisible(bool(source.note) and path is None)
        self.ticks.clear()
        for facet in Facet:
            if facet in source.facets:
                self.ticks.add(facet, import_words.facet_sentence(facet))
        spec = self._context.spec(source.service)
        # The server knows its own, and music is nothing that it marks.
        video = spec is None or any(kind.is_video for kind in spec.kinds)
        self._markable = video and source.key != REVENGE
        self._on_ticked()

    @property
    def facets(self) -> dict[Facet, QCheckBox]:
        """The ticks, in the usual order."""
        return self.ticks.boxes

    def chosen(self) -> tuple[Facet, ...]:
        """What is ticked, in the usual order."""
        return self.ticks.chosen()

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
