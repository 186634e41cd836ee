"""A library for the window's tests: it holds lines and figures, and notes what was asked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from revenge_companion.core.library import OWN, Facet, Precision, SubjectKind
from revenge_companion.core.shown import Asked, Shown
from revenge_companion.core.statistics import Bucket, Health, Statistics, Top, bars

if TYPE_CHECKING:
    from tests.ui.fake_engine import FakeEngine

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)


def line(number: int, label: str = "Severance S02E04", **changes: object) -> Shown:
    """A line of the history; a higher number is newer."""
    made = Shown(
        id=number,
        place=number << 40,
        label=label,
        kind=SubjectKind.EPISODE,
        facet=Facet.HISTORY,
        at=NOW - timedelta(hours=1000 - number),
        precision=Precision.SECOND,
        plays=1,
        rating=None,
        loved=True,
        list_name="",
        note="",
        sources=(OWN, "account:1"),
        media_id="",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def figures(bucket: Bucket = Bucket.DAY) -> Statistics:
    """A month of somebody who watches and listens."""
    filled = tuple(
        replace(
            bar,
            plays={
                SubjectKind.MOVIE: number % 7 == 5,
                SubjectKind.EPISODE: (number * 3) % 5,
                SubjectKind.TRACK: (number * 7) % 23,
            },
        )
        for number, bar in enumerate(bars(bucket, NOW, UTC))
    )
    shows = ("Severance", "Slow Horses", "The Very Long Name of a Series That Never Seems to End")
    return Statistics(
        bucket,
        filled,
        {
            SubjectKind.MOVIE: (Top("Dune: Part Two (2024)", SubjectKind.MOVIE, 2),),
            SubjectKind.EPISODE: tuple(
                Top(name, SubjectKind.EPISODE, 31 - 9 * n) for n, name in enumerate(shows)
            ),
            SubjectKind.TRACK: (
                Top("Low", SubjectKind.TRACK, 88),
                Top("Salt on the Dial", SubjectKind.TRACK, 41),
            ),
        },
        (
            Health(1, 806, 6, 0, 812, 0.8, NOW - timedelta(minutes=4)),
            Health(2, 12, 1, 3, 13, 95.0, NOW - timedelta(days=3)),
            Health(3, 0, 0, 0, 0),
        ),
    )


class FakeLibrary:
    """Satisfies `LibraryApi`, over the same notes as its engine."""

    def __init__(self, engine: "FakeEngine") -> None:
        self._engine = engine
        self.lines: list[Shown] = []
        self.names: Mapping[str, str] = {OWN: "Revenge Companion", "account:1": "Trakt (ann)"}
        self.figures: Statistics | None = None
        #: Stretches of time without a play.
        self.empty: Collection[Bucket] = ()

    async def page(
        self, asked: Asked, *, limit: int = 200, before: int | None = None
    ) -> list[Shown]:
        await self._engine.note("library_page", asked, before)
        found = [
            one
            for one in sorted(self.lines, key=lambda one: one.place, reverse=True)
            if one.facet is asked.facet
            and asked.search.casefold() in one.label.casefold()
            and asked.kind in ("", one.kind)
            and (not asked.source or asked.source in one.sources)
            and (before is None or one.place < before)
        ]
        return found[:limit]

    async def sources(self) -> Mapping[str, str]:
        return self.names

    async def statistics(self, bucket: Bucket) -> Statistics:
        await self._engine.note("statistics", bucket)
        if self.figures is not None and bucket not in self.empty:
            return replace(self.figures, bucket=bucket)
        return Statistics(bucket, bars(bucket, NOW, UTC))

    async def export_statistics(self, path: Path, statistics: Statistics) -> int:
        await self._engine.note("export_statistics", path, statistics.bucket)
        return len(statistics.bars)

    async def export(self, path: Path, facets: Sequence[Facet] = ()) -> int:
        await self._engine.note("export_library", path)
        return len(self.lines)
