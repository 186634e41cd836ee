"""The lines of one import that could not be read, in a table."""

from collections.abc import Sequence

from revenge_companion.core.imports import ImportRun, UnreadLine
from revenge_companion.core.library import Facet
from revenge_companion.engine.library_api import ImportsApi
from revenge_companion.ui import import_words, library_words, words
from revenge_companion.ui.models.unread import UnreadColumn, UnreadModel
from revenge_companion.ui.widgets.lines import Lines


class UnreadRows(Lines[UnreadLine]):
    def __init__(self, imports: ImportsApi) -> None:
        super().__init__()
        self._imports = imports
        self.model = UnreadModel(self)
        self.build_lines(
            self.model,
            name=import_words.unread_name(),
            about="",
            none=self.tr("Every line could be read."),
            widths=(20, 10, 30, 50),
            stretch=UnreadColumn.WHY,
        )

    def show_run(self, run: ImportRun, *, facet: Facet | None = None, search: str = "") -> None:
        """Show what could not be read of one run."""
        self.about.setText(import_words.unread_sentence(run))

        async def read(after_id: int | None, limit: int) -> Sequence[UnreadLine]:
            return await self._imports.unread(
                run.id,
                facet=facet,
                search=search,
                limit=limit,
                after_id=after_id or 0,
                order=self.model.order,
            )

        self.read(read, narrowed=facet is not None or bool(search))

    def told(self, row: UnreadLine) -> str:
        one = row.unread
        parts = (import_words.unread_place(one), library_words.facet(row.facet), one.text)
        line = " \N{MIDDLE DOT} ".join(filter(None, parts))
        return f"{line}\n{words.reason(one.reason_code)}"
