"""What tests of imports share: sources that say what they are told, an importer on a real file."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.imports import Candidate, ImportRun, RunState, Unread
from revenge_companion.core.library import Entry, Facet, Precision, Subject, SubjectKind
from revenge_companion.core.marking import Marked, MarkItem, Unmarked
from revenge_companion.core.media import Ids, Kind, Series
from revenge_companion.engine.import_marks import Marker
from revenge_companion.engine.import_reading import Catalogue
from revenge_companion.engine.import_sources import Sources
from revenge_companion.engine.importer import Importer
from revenge_companion.services.base import LinkMethod, ServiceSpec
from revenge_companion.services.file_formats import FileFormat
from revenge_companion.services.importing import ImportPage
from revenge_companion.store.database import Database, Link
from revenge_companion.store.import_runs import ImportRuns
from revenge_companion.store.import_writing import BATCH
from revenge_companion.store.library import Library
from tests.clock import START, FakeClock

#: Real seconds one test may wait in all.
_PATIENCE_S = 40.0
HISTORY, RATINGS, WATCHLIST = Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST


def film(number: int = 1, **values: Any) -> Subject:
    known: dict[str, Any] = {
        "kind": SubjectKind.MOVIE,
        "title": f"Film {number}",
        "year": 2000 + number % 20,
        "ids": Ids(tmdb=1000 + number, imdb=f"tt{number:07}"),
    }
    return Subject(**known | values)


def episode(number: int = 1, season: int = 1, **values: Any) -> Subject:
    known: dict[str, Any] = {
        "kind": SubjectKind.EPISODE,
        "title": "",
        "series": Series("Show", 2010, Ids(tmdb=7, tvdb=77)),
        "season_number": season,
        "episode_number": number,
    }
    return Subject(**known | values)


def track(number: int = 1, **values: Any) -> Subject:
    known: dict[str, Any] = {
        "kind": SubjectKind.TRACK,
        "title": f"Track {number}",
        "artist": "Low",
    }
    return Subject(**known | values)


def play(subject: Subject, line: str, at: datetime | None = START, **values: Any) -> Entry:
    """A line of a history; without `at` one that nobody dates."""
    precision = Precision.SECOND if at is not None else Precision.UNKNOWN
    return Entry(HISTORY, subject, line, at, **{"precision": precision} | values)


def dated(seconds: float) -> datetime:
    """So many seconds after the clock's start."""
    return START + timedelta(seconds=seconds)


def plays(count: int, first: int = 0) -> list[Entry]:
    """Plays of different films, a day apart, the newest first."""
    return [
        play(film(number), str(number), START - timedelta(days=number))
        for number in range(first, first + count)
    ]


def rating(subject: Subject, value: int, at: datetime | None = START, **values: Any) -> Entry:
    return Entry(RATINGS, subject, f"{subject.label}", at, rating=value, **values)


@dataclass
class FakeSource:
    """A client whose account has what it is given, in pages of `size`."""

    lines: dict[Facet, list[Entry]] = field(default_factory=dict)
    size: int = 10
    #: What a page raises before it is given: errors by the number of the request, from 0.
    errors: dict[int, Exception] = field(default_factory=dict)
    said: dict[Facet, str] = field(default_factory=dict)
    #: How far pages reach back into the one before.
    overlap: int = 0
    #: What the last page says it could not use.
    unreadable: tuple[Unread | str, ...] = ()
    requests: list[tuple[Facet, str]] = field(default_factory=list)
    #: Requests from the number `hold_from` on are answered once this event is set.
    hold: Any = None
    hold_from: int = 0
    #: Called when the last page is asked for.
    mend: Callable[[], None] | None = None

    async def marks(self) -> Mapping[Facet, str]:
        return self.said

    async def page(self, facet: Facet, cursor: str) -> ImportPage:
        number = len(self.requests)
        self.requests.append((facet, cursor))
        if self.hold is not None and number >= self.hold_from:
            await self.hold.wait()
        if number in self.errors:
            raise self.errors.pop(number)
        lines = self.lines.get(facet, [])
        at = int(cursor or 0)
        end = at + self.size
        more = end < len(lines)
        if not more and self.mend is not None:
            self.mend()
        return ImportPage(
            tuple(lines[max(0, at - self.overlap) : end]),
            str(end) if more else "",
            total=len(lines),
            unreadable=() if more else self.unreadable,
        )


@dataclass
class FakeCatalogue:
    """A server that has the items it is given, by key."""

    items: dict[str, str] = field(default_factory=dict)
    labels: dict[str, Subject] = field(default_factory=dict)
    error: Exception | None = None
    asked: int = 0

    async def lookup(self, keys: Sequence[str]) -> Mapping[str, str]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return {key: self.items[key] for key in keys if key in self.items}

    async def subjects(self, media_ids: Sequence[str]) -> Mapping[str, Subject]:
        return {one: self.labels[one] for one in media_ids if one in self.labels}

    async def search(self, subject: Subject, text: str = "", limit: int = 20) -> list[Candidate]:
        return [Candidate(one, found.label, 0.9) for one, found in self.labels.items()][:limit]


@dataclass
class FakeMarker:
    """A server's marks, and which line made each."""

    watched: set[str] = field(default_factory=set)
    by_row: dict[int, str] = field(default_factory=dict)
    error: Exception | None = None

    async def mark(self, items: Sequence[MarkItem]) -> Mapping[int, Marked]:
        if self.error is not None:
            raise self.error
        came: dict[int, Marked] = {}
        for item in items:
            known = item.media_id in self.watched and item.row_id not in self.by_row
            came[item.row_id] = Marked.THERE if known else Marked.MARKED
            if not known:
                self.watched.add(item.media_id)
                self.by_row[item.row_id] = item.media_id
        return came

    async def unmark(self, row_ids: Sequence[int]) -> Mapping[int, Unmarked]:
        if self.error is not None:
            raise self.error
        for row_id in row_ids:
            self.watched.discard(self.by_row.pop(row_id, ""))
        return dict.fromkeys(row_ids, Unmarked.RESTORED)


SPEC = ServiceSpec(
    key="fake",
    name="Fake",
    kinds=(Kind.MOVIE,),
    link=(LinkMethod.TOKEN,),
    live=False,
    batch_size=1,
    resend_is_safe=True,
    default_api_url="https://fake.example",
    imports=tuple(Facet),
)


@dataclass
class _Service:
    spec: ServiceSpec


@dataclass
class Desk:
    """An importer with everything around it."""

    db: Database
    clock: Any
    importer: Importer
    library: Library
    sources: dict[int, FakeSource]
    catalogue: FakeCatalogue
    marker: FakeMarker
    told: list[ImportRun]
    #: What sources would not give.
    refusals: list[tuple[str, CompanionError]]
    #: Until when, by the loop's own time, anything is waited for.
    patience_s: float = 0.0

    async def until(self, run_id: int, *states: RunState) -> ImportRun:
        """The run, once it stands in one of these states and nothing of it runs."""
        while True:
            run = await self.importer.run(run_id)
            if run.state in states and not run.running:
                return run
            await self._go_on(f"the run stays {run.state}: {run.trouble}")

    async def reached(self, run_id: int, state: RunState) -> ImportRun:
        """The run, once it stands in this state; to be stopped on the way is to fail."""
        run = await self.until(run_id, state, RunState.STOPPED)
        assert run.state is state, run.trouble
        return run

    async def read_up_to(self, lines: int) -> None:
        """Wait until so many lines of a run are staged."""
        while not any(run.processed >= lines for run in self.told):
            await self._go_on(f"{lines} lines are never read")

    async def _go_on(self, otherwise: str) -> None:
        """Let time pass, of the clock and of the threads that are waited for."""
        loop = asyncio.get_running_loop()
        self.patience_s = self.patience_s or loop.time() + _PATIENCE_S
        if loop.time() > self.patience_s:
            raise AssertionError(otherwise)
        if isinstance(self.clock, FakeClock):
            await self.clock.turn(0.05)
        await asyncio.sleep(0.0005)

    async def read(self, account: int = 1, *facets: Facet) -> ImportRun:
        """Read an account to its preview."""
        run_id = await self.importer.begin(f"account:{account}", facets or (HISTORY,))
        return await self.until(run_id, RunState.PREVIEW, RunState.STOPPED)

    async def write(self, run_id: int) -> ImportRun:
        await self.importer.write(run_id)
        return await self.until(run_id, RunState.DONE, RunState.STOPPED)

    async def undo(self, run_id: int) -> ImportRun:
        await self.importer.undo(run_id)
        return await self.until(run_id, RunState.UNDONE, RunState.STOPPED)

    async def seen(self, source: str) -> Mapping[Facet, tuple[str, datetime]]:
        """What the source had said when it was last read to its end."""
        return await ImportRuns(self.db).seen(source)

    async def ratings(self) -> list[int]:
        """The ratings that are shown."""

        def job(link: Link) -> list[int]:
            rows = link.connection.execute(
                "SELECT rating FROM library_entry WHERE facet = 'ratings' AND shown > 0"
            )
            return [row[0] for row in rows]

        return await self.db.run(job)

    async def media_ids(self) -> dict[str, str]:
        """The server's item of each line of the library."""

        def job(link: Link) -> dict[str, str]:
            rows = link.connection.execute(
                "SELECT e.line, i.media_id FROM library_entry e "
                "JOIN library_item i ON i.id = e.item_id"
            )
            return dict(rows.fetchall())

        return await self.db.run(job)

    async def whole(self, account: int = 1, *facets: Facet) -> ImportRun:
        """Read and write an account."""
        run = await self.read(account, *facets)
        assert run.state is RunState.PREVIEW, run.trouble
        return await self.write(run.id)


@asynccontextmanager
async def desk(
    folder: Path,
    *sources: FakeSource,
    clock: Clock | None = None,
    formats: Sequence[FileFormat] = (),
    zone: tzinfo | None = UTC,
    catalogue: FakeCatalogue | None = None,
    marker: FakeMarker | None = None,
    database_type: type[Database] = Database,
    batch: int = BATCH,
) -> AsyncIterator[Desk]:
    """An importer over a database in `folder`; `sources` are the accounts 1, 2 and so on."""
    clock = clock or FakeClock()
    db = await database_type.open(folder / "companion.db", clock=clock)
    accounts = [
        Account(number, "fake", f"me{number}", "me") for number in range(1, len(sources) + 1)
    ]
    known = dict(enumerate(sources, 1))
    services: Any = {"fake": _Service(SPEC)}
    clients: Any = known.get
    catalogue = catalogue or FakeCatalogue()
    marker = marker or FakeMarker()
    library = Library(db, clock, zone)
    its: Catalogue = catalogue
    marks: Marker = marker
    refusals: list[tuple[str, CompanionError]] = []

    async def refused(run: ImportRun, error: CompanionError) -> None:
        refusals.append((run.source, error))

    importer = Importer(
        db,
        clock,
        Sources(
            services,
            folder / "imports",
            linked=lambda: accounts,
            client_of=clients,
            formats=formats,
        ),
        library,
        catalogue=lambda: its,
        marker=lambda: marks,
        changed=lambda: None,
        refused=refused,
        zone=zone,
        batch=batch,
    )
    told: list[ImportRun] = []
    importer.on_progress(told.append)
    try:
        yield Desk(db, clock, importer, library, known, catalogue, marker, told, refusals)
    finally:
        await importer.close()
        await db.close()


#: Tables that an undo leaves as they were, with the columns that say so.
LIBRARY_TABLES = ("library_item", "library_key", "library_entry", "library_stale", "library_due")


async def dump(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every value of the library's tables."""

    def job(link: Link) -> dict[str, list[tuple[Any, ...]]]:
        return {
            table: link.connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            if table in ("library_key",)
            else link.connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
            for table in LIBRARY_TABLES
        }

    return await db.run(job)


async def shown(db: Database, facet: Facet = HISTORY) -> list[tuple[str, datetime | None, int]]:
    """The merged view: label, date and plays, by date."""
    from revenge_companion.store.payload import maybe_moment

    def job(link: Link) -> list[tuple[str, datetime | None, int]]:
        rows = link.connection.execute(
            "SELECT i.label, e.at_us, e.shown FROM library_entry e "
            "JOIN library_item i ON i.id = e.item_id WHERE e.facet = ? AND e.shown > 0 "
            "ORDER BY e.at_us, i.label, e.source, e.line",
            (facet.value,),
        )
        return [(row[0], maybe_moment(row[1]), row[2]) for row in rows]

    return await db.run(job)
