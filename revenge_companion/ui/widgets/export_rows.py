"""The lines of a look at an export with one verdict, in a table."""

from collections.abc import Sequence

from revenge_companion.core.exporting import ExportRow, ExportVerdict
from revenge_companion.core.library import Facet
from revenge_companion.engine.library_api import ExportLook
from revenge_companion.ui import export_words, library_words
from revenge_companion.ui.models.export_rows import ExportColumn, ExportRowsModel
from revenge_companion.ui.widgets.lines import Lines


class ExportRows(Lines[ExportRow]):
    def __init__(self, verdict: ExportVerdict) -> None:
        super().__init__()
        self._verdict = verdict
        # What is sent has a note at most; what is not says why.
        sent = verdict is ExportVerdict.SEND
        self.model = ExportRowsModel(sent=sent, parent=self)
        self.build_lines(
            self.model,
            name=export_words.verdict_name(verdict),
            about=export_words.verdict_sentence(verdict),
            none=export_words.verdict_empty(verdict),
            widths=(30, 14, 18, 17, 22) if sent else (26, 14, 11, 17, 38),
            stretch=ExportColumn.TITLE if sent else ExportColumn.WHY,
        )

    def show_look(
        self, look: ExportLook, service: str, *, facet: Facet | None, search: str
    ) -> None:
        """Show the lines of one look at an account of `service`."""
        self.model.service = service

        async def read(after_id: int | None, limit: int) -> Sequence[ExportRow]:
            return await look.rows(
                self._verdict,
                facet=facet,
                search=search,
                limit=limit,
                after_id=after_id or 0,
                order=self.model.order,
            )

        self.read(read, narrowed=facet is not None or bool(search))

    def told(self, row: ExportRow) -> str:
        parts = (
            library_words.kind(row.kind),
            row.label,
            library_words.facet(row.facet),
            export_words.does(row),
            library_words.dated(row),
        )
        line = " \N{MIDDLE DOT} ".join(" ".join(part.split()) for part in parts if part)
        return f"{line}\n{export_words.why(row, self.model.service)}".strip()
