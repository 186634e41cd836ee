"""An export's second step: every line, sent, there already or left out, before any is queued."""

from collections.abc import Mapping

from revenge_companion.core.exporting import ExportVerdict
from revenge_companion.core.library import Facet
from revenge_companion.engine.library_api import ExportLook
from revenge_companion.ui import export_words
from revenge_companion.ui.dialogs.preview import Preview
from revenge_companion.ui.widgets.export_rows import ExportRows


class ExportPreviewPage(Preview[ExportVerdict]):
    def __init__(self) -> None:
        super().__init__()
        self._look: ExportLook | None = None
        self._service = ""
        verdicts = (ExportVerdict.SEND, ExportVerdict.LEFT_OUT, ExportVerdict.THERE)
        self.tabs: Mapping[ExportVerdict, ExportRows] = {one: ExportRows(one) for one in verdicts}
        self.build_preview(self.tabs, title=self.tr("Nothing has been queued yet."))

    def show_look(self, look: ExportLook, service: str) -> None:
        """Show what was found; `service` is what people call the account's service."""
        self._look, self._service = look, service
        preview = look.preview
        counts = {verdict: preview.count(verdict) for verdict in ExportVerdict}
        self.name_tabs({one: export_words.verdict_name(one) for one in ExportVerdict}, counts)
        self.summary.setText(export_words.summary(preview))
        self.begin(preview.facets, counts)
        self.read()

    def ready(self) -> bool:
        return self._look is not None

    def show_lines(self, verdict: ExportVerdict, facet: Facet | None, search: str) -> None:
        if self._look is not None:
            self.tabs[verdict].show_look(self._look, self._service, facet=facet, search=search)
