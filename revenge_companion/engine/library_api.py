"""Imports and the library as the window and the command line see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # Nothing here runs: the tray does not wait for what only imports and exports need.
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from revenge_companion.core.exporting import (
        ExportPreview,
        ExportRow,
        ExportTarget,
        ExportVerdict,
        LastRead,
        Looked,
    )
    from revenge_companion.core.imports import (
        Candidate,
        Choice,
        ImportRow,
        ImportRun,
        ImportSource,
        UnreadLine,
        Verdict,
    )
    from revenge_companion.core.library import Facet
    from revenge_companion.core.ordering import Order
    from revenge_companion.core.saying import Hearer, Spoken, Word
    from revenge_companion.core.shown import Asked, Shown
    from revenge_companion.core.statistics import Bucket, Statistics
    from revenge_companion.core.syncing import AccountSync


class ImportsApi(Protocol):
    """The importing story; see `engine.importer`.

    Every awaited call may raise `core.errors.CompanionError` with one sentence to show;
    ImportRefused where a run or a file does not allow what was asked.
    """

    def sources(self) -> Sequence[ImportSource]:
        """What can be imported from now: linked accounts first, then kinds of files."""
        ...

    async def recognise(self, path: Path) -> ImportSource:
        """What kind of file `path` is, with the facets that are in it."""
        ...

    async def begin(
        self,
        source: str,
        facets: Sequence[Facet],
        *,
        path: Path | None = None,
        mark_watched: bool = True,
    ) -> int:
        """Begin to read; returns the run's id at once, and it goes on by itself to its preview.

        Nothing is written to the library or the server. `path` is the file, where the source is
        one; it is copied, so that the run can go on without it. `mark_watched` also marks films
        and episodes as watched at the server, as far as today's server takes that.
        """
        ...

    async def run(self, run_id: int) -> ImportRun:
        """One run as it stands."""
        ...

    async def runs(self, limit: int = 50) -> list[ImportRun]:
        """Runs, newest first."""
        ...

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
        """Lines of a run, those after the row `after_id`; without `order` as they were read."""
        ...

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
        """Lines that could not be read, those after the row `after_id`.

        `core.imports.MOST_UNREAD` of a run are kept; `ImportRun.failed` counts all.
        """
        ...

    async def choose(self, run_id: int, row_ids: Sequence[int] | None, choice: Choice) -> None:
        """What the user wants of some lines; None for all conflicts of the run."""
        ...

    async def write(self, run_id: int) -> None:
        """Begin to write what the preview shows; it goes on by itself."""
        ...

    async def cancel(self, run_id: int) -> None:
        """Stop reading or writing within a second; it can be resumed or undone."""
        ...

    async def resume(self, run_id: int) -> None:
        """Go on where a run was stopped or the program ended."""
        ...

    async def undo(self, run_id: int) -> None:
        """Take everything back that the run wrote; the library is then exactly as before.

        What it marked at the server is restored as far as the server allows.
        """
        ...

    async def forget(self, run_id: int) -> None:
        """Remove a run from the list; what it wrote stays, and can no longer be undone."""
        ...

    async def unmatched(
        self,
        *,
        search: str = "",
        limit: int = 200,
        after_id: int = 0,
        order: Order | None = None,
    ) -> list[ImportRow]:
        """Lines of all finished runs that no item was found for and that are not "never"."""
        ...

    async def candidates(self, row_id: int, text: str = "") -> list[Candidate]:
        """Items of the server that a line might be, best first; by its own title without `text`."""
        ...

    async def covered(self, row_id: int) -> int:
        """How many lines are about the same thing as a line, itself among them.

        `match` and `never` say something of all of them.
        """
        ...

    async def match(self, row_id: int, media_id: str) -> None:
        """A line is that item, and so is every other line about the same thing."""
        ...

    async def never(self, row_id: int) -> None:
        """A line will not be matched, and is not shown as unmatched any more."""
        ...

    def on_progress(self, told: Callable[[ImportRun], None]) -> None:
        """`told` is called on the loop's thread, at most ten times a second for each run."""
        ...


class ExportLook(Protocol):
    """What an export would do, as far as it was looked at; nothing is queued."""

    @property
    def preview(self) -> ExportPreview:
        """The counts, without rows."""
        ...

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
        """Lines with one verdict, those after the row `after_id`; as found without `order`."""
        ...

    def close(self) -> None:
        """Let go of the lines; there are none any more."""
        ...


class ExportsApi(Protocol):
    """What the library knows and accounts do not; see `engine.exporter`.

    Every awaited call may raise `core.errors.CompanionError`; ExportRefused where an account takes
    nothing, or was not read lately.
    """

    def targets(self) -> Sequence[ExportTarget]:
        """The linked accounts that can be exported to."""
        ...

    async def read_at(self, account_id: int) -> Mapping[Facet, LastRead]:
        """When each facet was last read at the account.

        Facets that it takes and cannot be read for are left out: nothing is known of them.
        """
        ...

    async def look(
        self,
        account_id: int,
        facets: Sequence[Facet] = (),
        told: Callable[[Looked], None] | None = None,
    ) -> ExportLook:
        """What an export would send, what is there already, and what is left out and why.

        Nothing is queued. Without `facets` everything the account takes is looked at. Facets that
        were not read at the account within the last day are named, and not counted. A cancelled
        look leaves nothing behind; the one that is returned is the caller's to close.
        """
        ...

    async def preview(
        self, account_id: int, facets: Sequence[Facet] = (), *, limit: int = 200
    ) -> ExportPreview:
        """`look` in one value, with the first `limit` rows to send and left out."""
        ...

    async def queue(
        self,
        account_id: int,
        facets: Sequence[Facet] = (),
        told: Callable[[Looked], None] | None = None,
    ) -> int:
        """Put what `look` would send into the outbox; how many rows are new.

        What was queued before a cancel stays; queueing again queues only the rest.
        """
        ...


class SyncApi(Protocol):
    """Accounts that are kept in step by themselves; see `engine.syncer`.

    Every awaited call may raise `core.errors.CompanionError`; ExportRefused where there is nothing
    to sync or to decide.
    """

    async def statuses(self) -> Sequence[AccountSync]:
        """Every linked account that can be synced, with what is switched on and how it stands."""
        ...

    async def sync_now(self, account_id: int) -> AccountSync:
        """Sync one account, and say how it stands then."""
        ...

    async def answer(self, account_id: int, facet: Facet, *, go_on: bool) -> AccountSync:
        """Decide about a question: go on with what it shows, or leave everything as it is."""
        ...


class SayingApi(Protocol):
    """The user's own word about one thing of the library; see `engine.saying`.

    `line_id` is the id of a `Shown` line. Every awaited call may raise
    `core.errors.CompanionError`; EditRefused where the line is gone or there is nothing to say.
    """

    async def hearers(self, line_id: int, word: Word) -> Sequence[Hearer]:
        """Every account that takes such a word, and whether it would be told; nothing is said."""
        ...

    async def say(self, line_id: int, word: Word) -> Spoken:
        """Say it: the library says so from now on, and accounts are told by the outbox."""
        ...

    async def unsay(self, number: int) -> Spoken:
        """Take the word of that number back; its hearers say who could be told so."""
        ...


class LibraryApi(Protocol):
    """Looking at the library; see `engine.library`. Nothing here keeps a scrobble waiting."""

    async def page(
        self, asked: Asked, *, limit: int = 200, before: int | None = None
    ) -> list[Shown]:
        """Lines of the merged library below the place `before`, newest first."""
        ...

    async def sources(self) -> Mapping[str, str]:
        """Every source something is known from, with the name people know it by."""
        ...

    async def statistics(self, bucket: Bucket) -> Statistics:
        """What was played lately, in days, weeks, months or years of this computer's zone."""
        ...

    async def export_statistics(self, path: Path, statistics: Statistics) -> int:
        """Write the bars to `path`, CSV or JSON by its ending; returns how many rows."""
        ...

    async def export(self, path: Path, facets: Sequence[Facet] = ()) -> int:
        """Write the library to `path`, CSV or JSON by its ending; returns how many lines.

        Without `facets` everything is written. Raises StoreTrouble; a file that was there stays
        until the new one is whole.
        """
        ...
