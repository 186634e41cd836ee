"""Exports for the window's tests: one preview as a value; it notes what was asked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.exporting import (
    ExportPreview,
    ExportRow,
    ExportTarget,
    ExportVerdict,
)
from revenge_companion.core.library import Facet, Precision
from revenge_companion.core.reasons import Reason
from tests.ui.fake_imports import film

TRAKT = ExportTarget(1, "Trakt (anna)", "trakt", (Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST))
AT = datetime(2025, 5, 3, 20, 14, tzinfo=UTC)


def row(number: int, verdict: ExportVerdict = ExportVerdict.SEND, reason: str = "") -> ExportRow:
    facet = Facet.RATINGS if number % 3 == 2 else Facet.HISTORY
    rating = 10 + number % 10 * 10 if facet is Facet.RATINGS else None
    return ExportRow(facet, film(number), AT, Precision.SECOND, rating, verdict, reason)


PREVIEW = ExportPreview(
    TRAKT,
    TRAKT.facets,
    (),
    {
        (Facet.HISTORY, ExportVerdict.SEND, ""): 212,
        (Facet.RATINGS, ExportVerdict.SEND, ""): 31,
        (Facet.HISTORY, ExportVerdict.THERE, ""): 3870,
        (Facet.HISTORY, ExportVerdict.LEFT_OUT, Reason.DATE_UNKNOWN): 4,
        (Facet.WATCHLIST, ExportVerdict.LEFT_OUT, Reason.KEPT_TO_ITSELF): 9,
    },
    (
        *(row(number) for number in range(12)),
        row(13, ExportVerdict.LEFT_OUT, Reason.DATE_UNKNOWN),
        row(15, ExportVerdict.LEFT_OUT, Reason.KEPT_TO_ITSELF),
    ),
)


class FakeExports:
    """Satisfies `ExportsApi`. `fails` is raised by every awaited call while it is set."""

    def __init__(self) -> None:
        self.preview_is = PREVIEW
        self.asked: list[tuple[object, ...]] = []
        self.fails: CompanionError | None = None
        self.known: Sequence[ExportTarget] = (TRAKT,)

    def targets(self) -> Sequence[ExportTarget]:
        return self.known

    async def preview(
        self, account_id: int, facets: Sequence[Facet] = (), *, limit: int = 200
    ) -> ExportPreview:
        self.asked.append(("preview", account_id, tuple(facets)))
        if self.fails is not None:
            raise self.fails
        return replace(self.preview_is, facets=tuple(facets) or self.preview_is.facets)

    async def queue(self, account_id: int, facets: Sequence[Facet] = ()) -> int:
        self.asked.append(("queue", account_id, tuple(facets)))
        if self.fails is not None:
            raise self.fails
        return self.preview_is.count(ExportVerdict.SEND)
