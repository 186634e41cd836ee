"""Reading a source page by page: the next page is on its way while the last is written down."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import (
    CompanionError,
    QuotaExhausted,
    RateLimited,
    ServiceTrouble,
    Unanswered,
    Unreachable,
)
from revenge_companion.core.imports import Candidate, Verdict
from revenge_companion.core.library import Facet, Subject, keys
from revenge_companion.core.matching import Match, NoMatch, match, wanted_keys
from revenge_companion.core.reasons import Reason
from revenge_companion.engine.import_sources import Reader
from revenge_companion.services.importing import ImportPage, unread
from revenge_companion.store.import_lines import ImportLines, Prepared, Seen, prepare
from revenge_companion.store.import_runs import ImportRuns, StoredRun, Walk

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

#: A wait a service asks for that is sat out, in seconds; longer ones stop the run.
LONGEST_WAIT_S = 120.0
#: Waits between tries while a service or the network has trouble, in seconds.
RETRIES_S = (2.0, 10.0, 30.0)
#: Waits of one page that a service asks for, one after the other.
_MOST_WAITS = 20
#: Pages of one facet: ten million lines.
_MOST_PAGES = 100_000
#: Lines that are enough for one transaction, and for how long they are gathered, in seconds: a
#: hundred small ones cost more than ten large ones, and what a crash loses is fetched again.
ENOUGH = 1000
_GATHERED_S = 0.25
#: Pages that are fetched ahead; of lines it is twice what is enough.
_AHEAD = 20


class Catalogue(Protocol):
    """What the media server has; `engine.index.Index` in one that is signed in."""

    async def lookup(self, keys: Sequence[str]) -> Mapping[str, str]:
        """The server's item for each of `keys` that it has. Raises errors of the server."""
        ...

    async def subjects(self, media_ids: Sequence[str]) -> Mapping[str, Subject]:
        """What the server says of its items, for those that are known."""
        ...

    async def search(self, subject: Subject, text: str = "", limit: int = 20) -> list[Candidate]:
        """Items that `subject` might be, best first; `text` stands in for its title."""
        ...


class Reading:
    """Walks through what a source has, matches it, and stages it."""

    def __init__(
        self,
        runs: ImportRuns,
        lines: ImportLines,
        clock: Clock,
        catalogue: Callable[[], Catalogue | None],
        enough: int = ENOUGH,
    ) -> None:
        """`catalogue` is None while no server is known; `enough` lines go into a transaction."""
        self._runs = runs
        self._lines = lines
        self._clock = clock
        self._catalogue = catalogue
        self._enough = enough

    async def walk(
        self, stored: StoredRun, reader: Reader, went: Callable[[StoredRun], None]
    ) -> StoredRun:
        """Read every facet of a run from where it was left; `went` is told after each page.

        Raises any error of the source or the store; what was staged stays, and the next walk goes
        on behind it.
        """
        if not stored.marks and not any(walk.cursor for walk in stored.walks.values()):
            marks = await self._patiently(reader.marks)
            await self._runs.set_marks(stored.run.id, marks)
            stored = replace(stored, marks=marks)
        matcher = _Matcher(self._catalogue())
        for facet in stored.run.facets:
            if not stored.walks[facet].done:
                stored = await self._facet(stored, facet, reader, matcher, went)
        return stored

    async def _facet(
        self,
        stored: StoredRun,
        facet: Facet,
        reader: Reader,
        matcher: "_Matcher",
        went: Callable[[StoredRun], None],
    ) -> StoredRun:
        ahead = _Ahead(
            lambda cursor: self._patiently(lambda: reader.page(facet, cursor)),
            stored.walks[facet].cursor,
            self._enough,
        )
        try:
            while pages := await ahead.some():
                last = pages[-1].next_cursor
                totals = [page.total for page in pages if page.total is not None]
                total = totals[-1] if totals else stored.walks[facet].total
                walk = Walk(last, not last, total)
                walks = {**stored.walks, facet: walk}
                stored = await self._stage(stored, facet, pages, walks, matcher)
                went(stored)
            return stored
        finally:
            await ahead.close()

    async def _stage(
        self,
        stored: StoredRun,
        facet: Facet,
        pages: Sequence[ImportPage],
        walks: Mapping[Facet, Walk],
        matcher: "_Matcher",
    ) -> StoredRun:
        run = stored.run
        entries = [entry for page in pages for entry in page.entries]
        prepared = await asyncio.to_thread(prepare, entries, matcher.seen)
        matches = await matcher.match(prepared)
        total = _total(walks)
        failed = [(facet, unread(one)) for page in pages for one in page.unreadable]
        done = await self._lines.stage(run.id, prepared, matches, walks, total=total, unread=failed)
        matcher.seen.add((item.subject for item in prepared.items), done.items)
        counts = dict(run.counts)
        for verdict, more in (
            (Verdict.UNMATCHED, done.unmatched),
            (Verdict.NEW, done.new - done.unmatched),
        ):
            counts[verdict] = counts.get(verdict, 0) + more
        run = replace(
            run,
            total=total,
            processed=run.processed + done.new,
            matched=run.matched + done.matched,
            failed=run.failed + len(failed),
            counts=counts,
        )
        return replace(stored, run=run, walks=walks)

    async def look(self, subjects: Sequence[Subject]) -> list[Match | NoMatch]:
        """The server's item for each of `subjects`, or why none. Raises errors of the server."""
        catalogue = self._catalogue()
        if catalogue is None:
            raise Unreachable("What the server has is not known.")
        own = [keys(subject) for subject in subjects]
        wanted: dict[str, None] = {}
        for subject, its in zip(subjects, own, strict=True):
            wanted.update(dict.fromkeys(wanted_keys(subject, its)))
        found = await catalogue.lookup(list(wanted))
        return [match(*pair, found) for pair in zip(subjects, own, strict=True)]

    async def _patiently(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """What `call` returns; short waits and trouble that passes are sat out."""
        troubles, waits = 0, 0
        while True:
            try:
                return await call()
            except QuotaExhausted:
                raise
            except RateLimited as error:
                wait_s = error.retry_after_s if error.retry_after_s is not None else 60.0
                waits += 1
                if wait_s > LONGEST_WAIT_S or waits > _MOST_WAITS:
                    raise
            except (Unreachable, Unanswered, ServiceTrouble):
                if troubles == len(RETRIES_S):
                    raise
                wait_s = RETRIES_S[troubles]
                troubles += 1
            await self._clock.sleep(wait_s)


class _Ahead:
    """Pages that are fetched while others are written down."""

    def __init__(
        self, fetch: Callable[[str], Awaitable[ImportPage]], cursor: str, lines: int
    ) -> None:
        """`lines` are enough to be taken at once."""
        self._fetch = fetch
        self._wanted = lines
        self._pages: deque[ImportPage] = deque()
        self._lines = 0
        self._came, self._enough, self._taken = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._ended = False
        self._error: Exception | None = None
        self._task = asyncio.create_task(self._run(cursor))

    async def some(self) -> list[ImportPage]:
        """The next pages: enough of them, or what came in a short while; none after the last.

        Raises what the fetching raised, once every page before it was taken.
        """
        await self._came.wait()
        if not self._enough.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._enough.wait(), _GATHERED_S)
        if not self._pages and self._error is not None:
            raise self._error
        pages, lines = [], 0
        while self._pages and lines < self._wanted:
            pages.append(self._pages.popleft())
            lines += len(pages[-1].entries)
        self._lines -= lines
        if not self._ended and not self._is_full:
            self._taken.set()
            if self._lines < self._wanted:
                self._enough.clear()
            if not self._pages:
                self._came.clear()
        return pages

    @property
    def _is_full(self) -> bool:
        return self._lines >= 2 * self._wanted or len(self._pages) >= _AHEAD

    async def _run(self, cursor: str) -> None:
        try:
            for _ in range(_MOST_PAGES):
                page = await self._fetch(cursor)
                if page.next_cursor and page.next_cursor == cursor:
                    raise ServiceTrouble("The source sends the same page again and again.")
                self._pages.append(page)
                self._lines += len(page.entries)
                self._came.set()
                cursor = page.next_cursor
                if not cursor:
                    return
                if self._lines >= self._wanted or self._is_full:
                    self._enough.set()
                while self._is_full:
                    self._taken.clear()
                    await self._taken.wait()
            raise ServiceTrouble("The source does not come to an end.")
        except Exception as error:
            self._error = error
        finally:
            self._ended = True
            self._came.set()
            self._enough.set()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class _Matcher:
    """Asks the server's catalogue of each thing once, and no more where it does not answer."""

    def __init__(self, catalogue: Catalogue | None) -> None:
        self._catalogue = catalogue
        self.seen = Seen()

    async def match(self, page: Prepared) -> list[Match | NoMatch]:
        """A match, or why there is none, for each item of `page`."""
        found: Mapping[str, str] = {}
        if page.wanted and self._catalogue is not None:
            try:
                found = await self._catalogue.lookup(page.wanted)
            except CompanionError as error:
                _log.info("Lines are read without the server's catalogue: %s", error)
                self._catalogue = None
        if not page.items:
            return []
        return await asyncio.to_thread(_matched, page, found, known=self._catalogue is not None)


def _matched(page: Prepared, found: Mapping[str, str], *, known: bool) -> list[Match | NoMatch]:
    return [
        match(item.subject, item.keys, found, item.reason)
        if known or not wanted_keys(item.subject, item.keys)
        else NoMatch(Reason.CATALOGUE_UNKNOWN)
        for item in page.items
    ]


def _total(walks: Mapping[Facet, Walk]) -> int | None:
    """Lines of all facets, as soon as each of them is known."""
    totals = [walk.total for walk in walks.values()]
    return None if None in totals else sum(total for total in totals if total is not None)
