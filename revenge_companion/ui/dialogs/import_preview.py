"""The wizard's third step: everything that was read, before anything is written."""

from enum import StrEnum
from typing import Any

from PySide6.QtCore import Signal

from revenge_companion.core.imports import ImportRun, Verdict
from revenge_companion.core.library import Facet
from revenge_companion.engine.library_api import ImportsApi
from revenge_companion.ui import import_words, words
from revenge_companion.ui.dialogs.preview import Preview
from revenge_companion.ui.widgets.import_rows import ImportRows
from revenge_companion.ui.widgets.lines import Lines
from revenge_companion.ui.widgets.unread import UnreadRows


class Left(StrEnum):
    """What a preview shows beside the lines that were read."""

    UNREAD = "unread"


class PreviewPage(Preview[StrEnum]):
    #: Lines have got another verdict: the run has to be read again.
    changed = Signal()

    def __init__(self, imports: ImportsApi) -> None:
        super().__init__()
        self._run: ImportRun | None = None
        self.tabs = {verdict: ImportRows(imports, verdict) for verdict in Verdict}
        self.unread = UnreadRows(imports)
        tabs: dict[StrEnum, Lines[Any]] = {one: self.tabs[one] for one in Verdict}
        tabs[Left.UNREAD] = self.unread
        self.build_preview(tabs, title=self.tr("Nothing has been written yet."))
        for rows in self.tabs.values():
            rows.changed.connect(self._on_changed)

    def show_run(self, run: ImportRun) -> None:
        """Show what was read; the counts may change while lines are decided about."""
        fresh = self._run is None or self._run.id != run.id
        self._run = run
        counts: dict[StrEnum, int] = {one: run.counts.get(one, 0) for one in Verdict}
        counts[Left.UNREAD] = run.failed
        names: dict[StrEnum, str] = {one: import_words.verdict_name(one) for one in Verdict}
        self.name_tabs(names | {Left.UNREAD: import_words.unread_name()}, counts)
        self.book.setTabVisible(self.book.indexOf(self.unread), bool(run.failed))
        self.summary.setText(self._summary(run))
        if fresh:
            self.begin(run.facets, counts)
        self.read()

    def _summary(self, run: ImportRun) -> str:
        counts = run.counts
        new = counts.get(Verdict.NEW, 0) + counts.get(Verdict.UNMATCHED, 0)
        conflicts = counts.get(Verdict.CONFLICT, 0)
        if not any(counts.values()):
            parts = [self.tr("There is nothing to import.")]
        elif not new and not conflicts:
            parts = [self.tr("Your library has all of this already; there is nothing to import.")]
        else:
            parts = []
        if new:
            parts.append(words.say("%Ln line(s) will be added to your library.", new))
        if conflicts:
            parts.append(words.say("%Ln conflict(s) will be settled as shown.", conflicts))
        if run.failed:
            parts.append(words.say("%Ln line(s) could not be read.", run.failed))
        return " ".join(parts)

    def _on_changed(self) -> None:
        self.read_anew()
        self.changed.emit()

    def ready(self) -> bool:
        return self._run is not None

    def show_lines(self, verdict: StrEnum, facet: Facet | None, search: str) -> None:
        if self._run is not None and verdict is Left.UNREAD:
            self.unread.show_run(self._run, facet=facet, search=search)
        elif self._run is not None:
            rows = self.tabs[Verdict(verdict)]
            name = words.told(self._run.source_name)
            rows.show_run(self._run.id, name, facet=facet, search=search)
