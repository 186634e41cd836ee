"""Exports for the window's tests: one preview as a value; it notes what was asked."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

from revenge_companion.core.changes import Verb
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.exporting import (
    ExportPreview,
    ExportRow,
    ExportTarget,
    ExportVerdict,
    LastRead,
    Looked,
)
from revenge_companion.core.library import Facet, Precision
from revenge_companion.core.ordering import Order
from revenge_companion.core.reasons import Reason
from revenge_companion.core.syncing import AccountSync, FacetSync, Question, Way
from tests.ui.fake_imports import film

TRAKT = ExportTarget(1, "Trakt (anna)", "trakt", (Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST))
AT = datetime(2025, 5, 3, 20, 14, tzinfo=UTC)
SYNCED = datetime(2026, 3, 1, 18, 2, tzinfo=UTC)
Told = Callable[[Looked], None]


def row(number: int, verdict: ExportVerdict = ExportVerdict.SEND, reason: str = "") -> ExportRow:
    facet = Facet.RATINGS if number % 3 == 2 else Facet.HISTORY
    rating = 10 + number % 10 * 10 if facet is Facet.RATINGS else None
    about = film(number)
    return ExportRow(
        facet,
        about.kind,
        about.label,
        AT,
        Precision.SECOND,
        rating,
        verdict,
        reason,
        "" if rating is None else Verb.RATE.value,
        number,
    )


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
        *(row(number) for number in range(1, 13)),
        row(13, ExportVerdict.LEFT_OUT, Reason.DATE_UNKNOWN),
        row(15, ExportVerdict.LEFT_OUT, Reason.KEPT_TO_ITSELF),
    ),
)


class FakeLook:
    """Satisfies `ExportLook` over lines in a list."""

    def __init__(self, preview: ExportPreview, lines: Sequence[ExportRow]) -> None:
        self.preview = preview
        self.lines = lines
        self.closed = False
        self.asked: list[tuple[ExportVerdict, Facet | None, str, int]] = []
        #: In which orders lines were asked for.
        self.orders: list[Order | None] = []

    async def rows(
        self,
        verdict: ExportVerdict,
        *,
        facet: Facet | None = None,
        search: str = "",
        limit: int = 200,
        after_id: int = 0,
        order: Order | None = None,
    ) -> list[ExportRow]:
        self.orders.append(order)
        self.asked.append((verdict, facet, search, after_id))
        # Lines stand in the order of their ids: the place is found without looking at each.
        start = bisect_right(self.lines, after_id, key=lambda line: line.id)
        found = (
            line
            for line in islice(self.lines, start, None)
            if line.verdict is verdict
            and facet in (None, line.facet)
            and search.casefold() in line.label.casefold()
        )
        return list(islice(found, limit))

    def close(self) -> None:
        self.closed = True


class FakeExports:
    """Satisfies `ExportsApi`. `fails` is raised by every awaited call while it is set.

    While `gate` is set, looking and queueing tell how far they are and wait for it.
    """

    def __init__(self) -> None:
        self.preview_is = PREVIEW
        self.asked: list[tuple[object, ...]] = []
        self.fails: CompanionError | None = None
        self.known: Sequence[ExportTarget] = (TRAKT,)
        self.read: dict[Facet, LastRead] = dict.fromkeys(TRAKT.facets, LastRead(SYNCED, True))
        self.lines: Sequence[ExportRow] = PREVIEW.rows
        self.looks: list[FakeLook] = []
        self.gate: asyncio.Event | None = None
        #: What was looked at, queued or broken off; "begun" while it goes on.
        self.ended: list[str] = []

    def targets(self) -> Sequence[ExportTarget]:
        return self.known

    async def read_at(self, account_id: int) -> Mapping[Facet, LastRead]:
        self.asked.append(("read_at", account_id))
        if self.fails is not None:
            raise self.fails
        return self.read

    async def look(
        self, account_id: int, facets: Sequence[Facet] = (), told: Told | None = None
    ) -> FakeLook:
        self.asked.append(("look", account_id, tuple(facets)))
        await self._wait(told)
        preview = replace(self.preview_is, facets=tuple(facets), rows=())
        self.looks.append(FakeLook(preview, self.lines))
        return self.looks[-1]

    async def preview(
        self, account_id: int, facets: Sequence[Facet] = (), *, limit: int = 200
    ) -> ExportPreview:
        self.asked.append(("preview", account_id, tuple(facets)))
        if self.fails is not None:
            raise self.fails
        return replace(self.preview_is, facets=tuple(facets) or self.preview_is.facets)

    async def queue(
        self, account_id: int, facets: Sequence[Facet] = (), told: Told | None = None
    ) -> int:
        self.asked.append(("queue", account_id, tuple(facets)))
        await self._wait(told)
        return self.preview_is.count(ExportVerdict.SEND)

    async def _wait(self, told: Told | None) -> None:
        if self.fails is not None:
            raise self.fails
        if told is not None:
            told(Looked(1200, 0.3))
        if self.gate is not None:
            self.ended.append("begun")
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.ended[-1] = "broken off"
                raise
            self.ended[-1] = "done"


QUESTION = Question(Way.TAKE, 900, 3, 120, 7)
SYNCS = (
    AccountSync(
        1,
        "Trakt (anna)",
        "trakt",
        (
            FacetSync(Facet.HISTORY, SYNCED, SYNCED, added=12, removed=1, sent=3),
            FacetSync(Facet.RATINGS, SYNCED, question=QUESTION),
        ),
        datetime(2026, 3, 2, 18, 5, tzinfo=UTC),
        note="Trakt does not allow it, so what comes from Trakt is never sent on by itself.",
    ),
    AccountSync(2, "Simkl (anna)", "simkl"),
)


class FakeSyncs:
    """Satisfies `SyncApi`. `fails` is raised by every awaited call while it is set."""

    def __init__(self) -> None:
        self.known: Sequence[AccountSync] = SYNCS
        self.asked: list[tuple[object, ...]] = []
        self.fails: CompanionError | None = None

    async def statuses(self) -> Sequence[AccountSync]:
        if self.fails is not None:
            raise self.fails
        return self.known

    async def sync_now(self, account_id: int) -> AccountSync:
        self.asked.append(("sync_now", account_id))
        if self.fails is not None:
            raise self.fails
        return self._one(account_id)

    async def answer(self, account_id: int, facet: Facet, *, go_on: bool) -> AccountSync:
        self.asked.append(("answer", account_id, facet, go_on))
        if self.fails is not None:
            raise self.fails
        one = self._one(account_id)
        facets = tuple(replace(f, question=None) if f.facet is facet else f for f in one.facets)
        one = replace(one, facets=facets)
        self.known = tuple(one if k.account_id == account_id else k for k in self.known)
        return one

    def _one(self, account_id: int) -> AccountSync:
        return next(one for one in self.known if one.account_id == account_id)
