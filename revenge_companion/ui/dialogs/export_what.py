"""An export's first step: what of the library is sent, what never is, and what is read first."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox

from revenge_companion.core.exporting import ExportTarget, LastRead
from revenge_companion.core.library import Facet
from revenge_companion.services.base import ServiceSpec
from revenge_companion.ui import export_words
from revenge_companion.ui.theme import Tone
from revenge_companion.ui.widgets.card import Card, Column, clear
from revenge_companion.ui.widgets.facet_ticks import FacetTicks
from revenge_companion.ui.widgets.text import Text


class ExportWhatPage(Column):
    #: Something was ticked: there may be nothing, or something, to send.
    changed = Signal()

    def __init__(self) -> None:
        super().__init__(widest=10_000, margin=0)
        self._unread: frozenset[Facet] = frozenset()
        self._about = Text(wrap=True)
        self.ticks = FacetTicks()
        self.ticks.changed.connect(self._on_ticked)
        self.rules = Card()
        self.reads = Text(
            self.tr(
                "Reading is an import: what the account has becomes part of your library, without "
                "marking anything on your server. You find it under Past imports, and can undo it."
            ),
            wrap=True,
        )
        self.rows.addWidget(self._about)
        self.rows.addWidget(self.ticks)
        self.rows.addWidget(self.reads)
        self.rows.addWidget(self.rules)
        self.rows.addWidget(
            Text(
                self.tr(
                    "First you see a preview of every line. Nothing is queued before you say so."
                ),
                tone=Tone.MUTED,
                wrap=True,
            )
        )
        self.rows.addStretch(1)

    @property
    def facets(self) -> dict[Facet, QCheckBox]:
        """The ticks, in the usual order; what cannot be sent is among them, and off."""
        return self.ticks.boxes

    def show_target(
        self,
        target: ExportTarget,
        spec: ServiceSpec,
        services: Sequence[ServiceSpec],
        *,
        read_at: Mapping[Facet, LastRead],
        now: datetime,
    ) -> None:
        """Offer what the account takes, and say what of it has to be read there first."""
        self._unread = frozenset(one for one, read in read_at.items() if not read.fresh)
        chosen = self.ticks.chosen() if self.ticks.boxes else target.facets
        self._about.setText(
            self.tr("Choose what of your library is sent to {account}.").format(account=target.name)
        )
        self.ticks.clear()
        for facet in Facet:
            if facet in target.facets:
                says = export_words.facet_says(facet, read_at.get(facet), now)
                self.ticks.add(facet, says, wanted=facet in chosen)
            else:
                self.ticks.add(facet, export_words.not_taken(spec.name), can=False)
        clear(self.rules.column)
        told = export_words.rules(target, spec, services)
        for one in told:
            self.rules.column.addWidget(Text(one, tone=Tone.MUTED, wrap=True))
        self.rules.setVisible(bool(told))
        self._on_ticked()

    def chosen(self) -> tuple[Facet, ...]:
        """What is ticked, in the usual order."""
        return self.ticks.chosen()

    def unread(self) -> tuple[Facet, ...]:
        """What of it has to be read at the account first."""
        return tuple(facet for facet in self.chosen() if facet in self._unread)

    def _on_ticked(self) -> None:
        self.reads.setVisible(bool(self.unread()))
        self.changed.emit()
