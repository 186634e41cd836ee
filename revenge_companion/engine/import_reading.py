"""Reading a source: its lines are matched with what the server has, and staged."""

import logging
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
from revenge_companion.engine.import_ahead import Ahead, Batch, in_slices
from revenge_companion.engine.import_sources import Reader
from revenge_companion.services.importing import unread
from revenge_companion.store.import_lines import (
    ImportLines,
    Prepared,
    PreparedItem,
    Seen,
)
from revenge_companion.store.import_runs import ImportRuns, StoredRun, Walk

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

#: A wait a service asks for that is sat out, in seconds; longer ones stop the run.
LONGEST_WAIT_S = 120.0
#: Waits between tries while a service or the network has trouble, in seconds.
RETRIES_S = (2.0, 10.0, 30.0)
#: Waits of one page that a service asks for, one after the other.
_MOST_WAITS = 20
#: Lines that are enough for one transaction: twice as many make the collector pause as long again.
ENOUGH = 1000


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
        matcher = _Matcher(self._catalogue(), stored.profile)
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
        ahead = Ahead(
            lambda cursor: self._patiently(lambda: reader.fetch(facet, cursor)),
            stored.walks[facet].cursor,
            matcher.seen,
            self._enough,
        )
        try:
            while batch := await ahead.batch():
                stored = await self._stage(stored, facet, batch, matcher)
                went(stored)
            return stored
        finally:
            await ahead.close()

    async def _stage(
        self,
        stored: StoredRun,
        facet: Facet,
        batch: Batch,
        matcher: "_Matcher",
    ) -> StoredRun:
        run, prepared = stored.run, batch.prepared
        known = stored.walks[facet].total if batch.total is None else batch.total
        walk = Walk(batch.next_cursor, not batch.next_cursor, known)
        walks = {**stored.walks, facet: walk}
        matches = await matcher.match(prepared)
        total = _total(walks)
        failed = [(facet, unread(one)) for one in batch.unreadable]
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


class _Matcher:
    """Asks the server's catalogue of each thing once, and no more where it does not answer."""

    def __init__(self, catalogue: Catalogue | None, profile: int) -> None:
        self._catalogue = catalogue
        self.seen = Seen(profile)

    async def match(self, page: Prepared) -> list[Match | NoMatch]:
        """A match, or why there is none, for each item of `page`."""
        found: Mapping[str, str] = {}
        if page.wanted and self._catalogue is not None:
            try:
                found = await self._catalogue.lookup(page.wanted)
            except CompanionError as error:
                _log.info("Lines are read without the server's catalogue: %s", error)
                self._catalogue = None
        known = self._catalogue is not None
        matches: list[Match | NoMatch] = []

        def add(items: Sequence[PreparedItem]) -> None:
            for item in items:
                if known or not wanted_keys(item.subject, item.keys):
                    matches.append(match(item.subject, item.keys, found, item.reason))
                else:
                    matches.append(NoMatch(Reason.CATALOGUE_UNKNOWN))

        await in_slices(page.items, add)
        return matches


def _total(walks: Mapping[Facet, Walk]) -> int | None:
    """Lines of all facets, as soon as each of them is known."""
    totals = [walk.total for walk in walks.values()]
    return None if None in totals else sum(total for total in totals if total is not None)
