"""Imports for the window's tests: sources, runs and lines as values; it notes what was asked."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from revenge_companion.core.errors import CompanionError
from revenge_companion.core.imports import (
    Candidate,
    Choice,
    ImportRow,
    ImportRun,
    ImportSource,
    RunState,
    Unread,
    UnreadLine,
    Verdict,
)
from revenge_companion.core.library import Entry, Facet, Precision, Subject, SubjectKind
from revenge_companion.core.media import Ids, Series
from revenge_companion.core.ordering import Order, SortBy
from revenge_companion.core.reasons import Reason

TRAKT = ImportSource(
    "account:1",
    "Trakt (anna)",
    "trakt",
    (Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST, Facet.COLLECTION, Facet.LISTS),
)
SIMKL = ImportSource("account:2", "Simkl (anna)", "simkl", (Facet.HISTORY, Facet.RATINGS))
HOME = ImportSource(
    "account:3", "ListenBrainz (Home)", "listenbrainz", (Facet.HISTORY, Facet.LOVED)
)
LETTERBOXD_ZIP = ImportSource(
    "letterboxd-zip",
    "Letterboxd export",
    "letterboxd",
    (Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST, Facet.LISTS),
    (".zip",),
    "Letterboxd keeps days, not times of day.",
    "https://letterboxd.com/settings/data/",
)
GOODREADS_CSV = ImportSource(
    "goodreads-csv",
    "Goodreads library",
    "goodreads",
    (Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST),
    (".csv",),
    help_url="https://www.goodreads.com/review/import",
)
LISTENS = ImportSource(
    "listenbrainz-export",
    "ListenBrainz export",
    "listenbrainz",
    (Facet.HISTORY, Facet.LOVED),
    (".zip", ".jsonl"),
)
SERVER = ImportSource(
    "revenge",
    "Revenge",
    "",
    (Facet.HISTORY,),
    note=(
        "Films and episodes that your server has as watched, each with the time of its last "
        "viewing. What you watched while scrobbling was paused is among them."
    ),
)
SOURCES = (TRAKT, SIMKL, HOME, SERVER, LETTERBOXD_ZIP, GOODREADS_CSV, LISTENS)

BEGUN = datetime(2026, 3, 1, 19, 40, tzinfo=UTC)
COUNTS = {Verdict.NEW: 3210, Verdict.THERE: 812, Verdict.CONFLICT: 3, Verdict.UNMATCHED: 5}


def film(number: int, title: str = "", year: int | None = None) -> Subject:
    name = title or ("Nosferatu", "One Week", "The General", "Sherlock Jr.")[number % 4]
    return Subject(SubjectKind.MOVIE, name, year or 1920 + number % 9, Ids(tmdb=number + 1))


def episode(number: int) -> Subject:
    return Subject(
        SubjectKind.EPISODE,
        "Low Water",
        series=Series("The Harbour Clock", 2021, Ids(tvdb=990117)),
        season_number=1 + number // 20,
        episode_number=1 + number % 20,
    )


def row(
    number: int, verdict: Verdict = Verdict.NEW, run_id: int = 1, **changes: object
) -> ImportRow:
    """One line; a rating for each third."""
    subject = episode(number) if number % 2 else film(number)
    at = BEGUN - timedelta(days=number % 900, minutes=number)
    entry = Entry(Facet.HISTORY, subject, f"line-{number}", at)
    if number % 3 == 2:
        entry = Entry(Facet.RATINGS, subject, f"line-{number}", at, rating=10 + number % 10 * 10)
    made = ImportRow(number, run_id, entry, verdict, matched_label=subject.label)
    if verdict is Verdict.CONFLICT:
        made = replace(made, ours="01/02/2026 21:05", reason_code=Reason.ALREADY_THERE,
                       facts={"service": "Your library"})  # fmt: skip
    if verdict is Verdict.UNMATCHED:
        made = replace(made, matched_label="", reason_code=Reason.NOT_FOUND,
                       facts={"service": "Your server"})  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # a test names only its own fields


def broken(number: int, reason: Reason = Reason.LINE_UNDATED, **changes: object) -> UnreadLine:
    """A line of a diary that could not be read."""
    said = f"2021-01-{1 + number % 28:02}, Nosferatu, 1922, https://boxd.it/e{number}, yesterday"
    made = Unread(reason, said, 12 * number + 5, "diary.csv")
    return UnreadLine(number, Facet.HISTORY, replace(made, **changes))  # type: ignore[arg-type]


def run(number: int = 1, state: RunState = RunState.PREVIEW, **changes: object) -> ImportRun:
    made = ImportRun(
        number,
        TRAKT.key,
        TRAKT.name,
        (Facet.HISTORY, Facet.RATINGS),
        state,
        BEGUN,
        total=4030,
        processed=4030,
        matched=4025,
        counts=COUNTS,
        stage=RunState.READING if state is RunState.STOPPED else state,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


class FakeImports:
    """Satisfies `ImportsApi`. `fails` is raised by every awaited call while it is set."""

    def __init__(self) -> None:
        self.kinds: Sequence[ImportSource] = SOURCES
        self.known: dict[int, ImportRun] = {}
        self.lines: list[ImportRow] = []
        #: What could not be read of every run.
        self.broken: list[UnreadLine] = []
        self.found: list[Candidate] = []
        self.recognised = LETTERBOXD_ZIP
        #: Lines that are about the same thing as any line.
        self.alike = 1
        self.asked: list[tuple[object, ...]] = []
        #: In which orders lines were asked for.
        self.orders: list[Order | None] = []
        self.fails: CompanionError | None = None
        #: Awaited by calls that take their time; None answers at once.
        self.gate: asyncio.Event | None = None
        self._told: list[Callable[[ImportRun], None]] = []

    def become(self, run: ImportRun) -> None:
        """Keep a run as it is now and say so."""
        self.known[run.id] = run
        for told in self._told:
            told(run)

    def calls(self, name: str) -> list[tuple[object, ...]]:
        """What was asked under that name, in order."""
        return [asked[1:] for asked in self.asked if asked[0] == name]

    async def _note(self, *what: object) -> None:
        self.asked.append(what)
        if self.gate is not None:
            await self.gate.wait()
        if self.fails is not None:
            raise self.fails

    def sources(self) -> Sequence[ImportSource]:
        return self.kinds

    async def recognise(self, path: Path) -> ImportSource:
        await self._note("recognise", path)
        return self.recognised

    async def begin(
        self,
        source: str,
        facets: Sequence[Facet],
        *,
        path: Path | None = None,
        mark_watched: bool = True,
    ) -> int:
        await self._note("begin", source, tuple(facets), path, mark_watched)
        number = max(self.known, default=0) + 1
        named = next(one for one in self.kinds if one.key == source)
        self.become(
            run(number, RunState.READING, source=source, source_name=named.name,
                facets=tuple(facets), processed=0, matched=0, counts={}, running=True)
        )  # fmt: skip
        return number

    async def run(self, run_id: int) -> ImportRun:
        await self._note("run", run_id)
        return self.known[run_id]

    async def runs(self, limit: int = 50) -> list[ImportRun]:
        await self._note("runs", limit)
        return sorted(self.known.values(), key=lambda one: one.id, reverse=True)[:limit]

    async def rows(
        self,
        run_id: int,
        verdict: Verdict | None = None,
        *,
        facet: Facet | None = None,
        search: str = "",
        limit: int = 200,
        after_id: int = 0,
        order: Order | None = None,
    ) -> list[ImportRow]:
        await self._note("rows", run_id, verdict, facet, search, limit, after_id)
        self.orders.append(order)
        if order is not None:
            return self._sorted(verdict, facet, search, order)[:limit]
        # Lines stand in the order of their ids: the place is found without looking at each.
        start = next((n for n, one in enumerate(self.lines) if one.id > after_id), len(self.lines))
        found: list[ImportRow] = []
        for one in self.lines[start:]:
            if (
                verdict in (None, one.verdict)
                and facet in (None, one.entry.facet)
                and search.casefold() in one.entry.subject.label.casefold()
            ):
                found.append(one)
                if len(found) == limit:
                    break
        return found

    async def unread(
        self,
        run_id: int,
        *,
        facet: Facet | None = None,
        search: str = "",
        limit: int = 200,
        after_id: int = 0,
        order: Order | None = None,
    ) -> list[UnreadLine]:
        await self._note("unread", run_id, facet, search, limit, after_id)
        self.orders.append(order)
        found = [
            one
            for one in self.broken
            if one.id > after_id
            and facet in (None, one.facet)
            and search.casefold() in one.unread.text.casefold()
        ]
        return found[:limit]

    def _sorted(
        self, verdict: Verdict | None, facet: Facet | None, search: str, order: Order
    ) -> list[ImportRow]:
        """The first lines in an order; a test of the window needs no further ones."""
        found = [
            one
            for one in self.lines
            if verdict in (None, one.verdict)
            and facet in (None, one.entry.facet)
            and search.casefold() in one.entry.subject.label.casefold()
        ]
        keys: dict[SortBy, Callable[[ImportRow], str]] = {
            SortBy.TITLE: lambda one: one.entry.subject.label.casefold(),
            SortBy.DATE: lambda one: "" if one.entry.at is None else one.entry.at.isoformat(),
        }
        return sorted(found, key=keys[order.by], reverse=order.down)

    async def choose(self, run_id: int, row_ids: Sequence[int] | None, choice: Choice) -> None:
        await self._note("choose", run_id, None if row_ids is None else list(row_ids), choice)
        chosen = None if row_ids is None else set(row_ids)
        self.lines = [
            replace(one, choice=choice)
            if (one.verdict is Verdict.CONFLICT if chosen is None else one.id in chosen)
            else one
            for one in self.lines
        ]

    async def write(self, run_id: int) -> None:
        await self._note("write", run_id)
        self.become(
            replace(self.known[run_id], state=RunState.WRITING, processed=0, matched=0,
                    stage=RunState.WRITING, written=True, running=True)
        )  # fmt: skip

    async def cancel(self, run_id: int) -> None:
        await self._note("cancel", run_id)
        self.become(replace(self.known[run_id], state=RunState.STOPPED, running=False))

    async def resume(self, run_id: int) -> None:
        await self._note("resume", run_id)
        before = self.known[run_id]
        self.become(replace(before, state=before.stage, running=True, trouble=""))

    async def undo(self, run_id: int) -> None:
        await self._note("undo", run_id)
        self.become(
            replace(
                self.known[run_id], state=RunState.UNDOING, stage=RunState.UNDOING, running=True
            )
        )

    async def forget(self, run_id: int) -> None:
        await self._note("forget", run_id)
        del self.known[run_id]

    async def unmatched(
        self,
        *,
        search: str = "",
        limit: int = 200,
        after_id: int = 0,
        order: Order | None = None,
    ) -> list[ImportRow]:
        await self._note("unmatched", search, limit, after_id)
        self.orders.append(order)
        return [
            one
            for one in self.lines
            if one.verdict is Verdict.UNMATCHED
            and not one.never
            and one.id > after_id
            and search.casefold() in one.entry.subject.label.casefold()
        ][:limit]

    async def candidates(self, row_id: int, text: str = "") -> list[Candidate]:
        await self._note("candidates", row_id, text)
        return self.found

    async def covered(self, row_id: int) -> int:
        await self._note("covered", row_id)
        return self.alike

    async def match(self, row_id: int, media_id: str) -> None:
        await self._note("match", row_id, media_id)
        self.lines = [
            replace(one, verdict=Verdict.NEW, matched_label="Matched") if one.id == row_id else one
            for one in self.lines
        ]

    async def never(self, row_id: int) -> None:
        await self._note("never", row_id)
        self.lines = [replace(one, never=True) if one.id == row_id else one for one in self.lines]

    def on_progress(self, told: Callable[[ImportRun], None]) -> None:
        self._told.append(told)


#: A day without a time, and a play of an unknown date.
DAY = Entry(Facet.HISTORY, film(1), "d", datetime(2024, 2, 29, 12, tzinfo=UTC), Precision.DAY)
UNDATED = Entry(Facet.HISTORY, film(1), "u", None, Precision.UNKNOWN, plays=3)
