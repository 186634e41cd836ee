"""Exports: what the library knows and an account does not, as deliveries of its outbox.

Nothing is sent from here: what is queued goes out by the account's lane, with everything that a
play that was just heard gets. Asking twice queues nothing twice.
"""

import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from revenge_companion.core.accounts import Account
from revenge_companion.core.changes import FACETS, Change
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import ExportRefused
from revenge_companion.core.exporting import (
    ExportPreview,
    ExportRow,
    ExportTarget,
    ExportVerdict,
    Judged,
    Known,
    LastRead,
    Looked,
    Terms,
    scrobble_of,
    value_of,
)
from revenge_companion.core.library import Facet
from revenge_companion.core.ordering import Order
from revenge_companion.core.scrobble import Scrobble, change_scrobble
from revenge_companion.services.base import AgeLimited, Client, Service, ServiceSpec
from revenge_companion.store.database import Database
from revenge_companion.store.export_rows import Counts, ExportRows
from revenge_companion.store.exporting import Exporting, Queued
from revenge_companion.store.import_runs import ImportRuns
from revenge_companion.store.library import Library

_log = logging.getLogger(__name__)

#: What was read at the account longer ago than this is read again before an export.
FRESH_FOR = timedelta(days=1)
#: Lines of each verdict that a preview shows.
MOST_ROWS = 200
#: Rows queued in one transaction.
_BATCH = 500

_NOTHING = "Nothing can be exported to this account."

T = TypeVar("T")
#: Told how far something has come, on the loop's thread.
Told = Callable[[Looked], None]


def source_of(account_id: int) -> str:
    """An account as a source of the library."""
    return f"account:{account_id}"


class ExportLook:
    """Implements `engine.library_api.ExportLook`."""

    def __init__(self, preview: ExportPreview, rows: ExportRows) -> None:
        self.preview = preview
        self.close = rows.close
        self._rows = rows

    async def rows(
        self,
        verdict: ExportVerdict,
        *,
        facet: Facet | None = None,
        search: str = "",
        limit: int = MOST_ROWS,
        after_id: int = 0,
        order: Order | None = None,
    ) -> list[ExportRow]:
        return await self._rows.page(
            verdict, facet=facet, search=search, limit=limit, after_id=after_id, order=order
        )


class Exporter:
    """Implements `engine.library_api.ExportsApi`."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        services: Mapping[str, Service],
        library: Library,
        *,
        linked: Callable[[], Sequence[Account]],
        client_of: Callable[[int], Client | None],
        queued: Callable[[int], None],
    ) -> None:
        """`queued` is told the account that something now waits for."""
        self._clock = clock
        self._services = services
        self._library = library
        self._linked = linked
        self._client_of = client_of
        self._queued = queued
        self._db = db
        self._exporting = Exporting(db)
        self._runs = ImportRuns(db)

    def targets(self) -> list[ExportTarget]:
        found = []
        for account in self._linked():
            service = self._services.get(account.service)
            if service is None or not service.spec.exports:
                continue
            spec = service.spec
            name = f"{spec.name} ({account.label})" if account.label else spec.name
            limit = self._max_age_s(account.id, spec)
            found.append(ExportTarget(account.id, name, spec.key, spec.exports, limit))
        return found

    async def read_at(self, account_id: int) -> dict[Facet, LastRead]:
        target = self._target(account_id)
        seen = await self._runs.seen(source_of(account_id))
        since = self._clock.now() - FRESH_FOR
        found = {}
        for facet in target.facets:
            if facet in self._services[target.service].spec.imports:
                at = seen[facet][1] if facet in seen else None
                found[facet] = LastRead(at, at is not None and at >= since)
        return found

    async def look(
        self, account_id: int, facets: Sequence[Facet] = (), told: Told | None = None
    ) -> ExportLook:
        target, wanted = self._wanted(account_id, facets)
        unread = await self._unread(account_id, wanted)
        read = [facet for facet in wanted if facet not in unread]
        rows = ExportRows(self._db)
        counts: Counts = Counter()
        try:
            async for found, share in self._walked(account_id, read, rows.add):
                counts += found
                if told is not None:
                    told(Looked(counts.total(), share))
        except BaseException:
            rows.close()
            raise
        return ExportLook(ExportPreview(target, wanted, unread, dict(counts)), rows)

    async def preview(
        self, account_id: int, facets: Sequence[Facet] = (), *, limit: int = MOST_ROWS
    ) -> ExportPreview:
        look = await self.look(account_id, facets)
        try:
            rows = [
                row
                for verdict in (ExportVerdict.SEND, ExportVerdict.LEFT_OUT)
                for row in await look.rows(verdict, limit=limit)
            ]
        finally:
            look.close()
        return replace(look.preview, rows=tuple(rows))

    async def queue(
        self, account_id: int, facets: Sequence[Facet] = (), told: Told | None = None
    ) -> int:
        target, wanted = self._wanted(account_id, facets)
        unread = await self._unread(account_id, wanted)
        if unread:
            raise ExportRefused(
                f"What {target.name} has was not read within the last day. Import from it first: "
                "the export needs to know what is there."
            )
        return await self._queue(account_id, wanted, told)

    async def queue_facet(self, account_id: int, facet: Facet) -> int:
        """Queue what is missing of one facet, which the caller knows to be read; how much."""
        return await self._queue(account_id, (facet,))

    async def _queue(
        self, account_id: int, facets: Sequence[Facet], told: Told | None = None
    ) -> int:
        count, now = 0, self._clock.now()

        def rows_of(lines: Sequence[tuple[Known, Judged]]) -> list[Queued]:
            return [_queued(*line, now) for line in lines if line[1].verdict is ExportVerdict.SEND]

        try:
            async for rows, share in self._walked(account_id, facets, rows_of, sending=True):
                for start in range(0, len(rows), _BATCH):
                    batch = rows[start : start + _BATCH]
                    count += await self._exporting.queue(account_id, batch, self._clock.now())
                if told is not None:
                    told(Looked(count, share))
        finally:
            if count:
                _log.info("%d lines are exported to account %d", count, account_id)
                self._queued(account_id)
        return count

    async def lines_of(
        self, account_id: int, facet: Facet, line_id: int
    ) -> list[tuple[Known, Judged]]:
        """What the library and an account say of the thing of one line, with their verdicts."""
        terms = await self._terms(account_id)
        return await self._exporting.of_line(account_id, facet, terms, line_id)

    async def queue_lines(
        self, account_id: int, lines: Sequence[tuple[Known, Judged]]
    ) -> list[Scrobble]:
        """Queue those of `lines` that are to be sent; what was queued."""
        now = self._clock.now()
        rows = [_queued(*line, now) for line in lines if line[1].verdict is ExportVerdict.SEND]
        await self._put(account_id, rows)
        return [row.scrobble for row in rows]

    async def queue_change(self, account_id: int, change: Change) -> None:
        """Queue a change that no line of the library asks for: to take another one back."""
        scrobble = change_scrobble(change, self._clock.now())
        await self._put(account_id, [Queued(scrobble, FACETS[change.verb], "", ())])

    async def _put(self, account_id: int, rows: Sequence[Queued]) -> None:
        if rows and await self._exporting.queue(account_id, rows, self._clock.now()):
            self._queued(account_id)

    async def pending(self, account_id: int, facet: Facet) -> Mapping[tuple[str, str], int]:
        """What `queue_facet` would queue, counted by what it does there and why.

        That is a verb, "" for plays, and a reason, "" where it is only missing there.
        """
        counts: Counter[tuple[str, str]] = Counter()
        async for found, _ in self._walked(account_id, (facet,), _verbs, sending=True):
            counts += found
        return counts

    async def _walked(
        self,
        account_id: int,
        facets: Sequence[Facet],
        work: Callable[[list[tuple[Known, Judged]]], T],
        *,
        sending: bool = False,
    ) -> AsyncIterator[tuple[T, float]]:
        """What `work` makes of all lines, a thousand things at a time, on the reading thread.

        With each, the share of the whole that is done. With `sending` only what may have to be sent
        is looked at: nobody is shown the rest.
        """
        await self._library.absorb()
        terms = await self._terms(account_id)
        last = max(await self._exporting.last_thing(), 1)
        for place, facet in enumerate(facets):
            after: int | None = 0
            while after is not None:
                made, after = await self._exporting.page(
                    account_id, facet, terms, after, work, sending=sending
                )
                part = 1.0 if after is None else min(after / last, 1.0)
                yield made, (place + part) / len(facets)

    def _wanted(
        self, account_id: int, facets: Sequence[Facet]
    ) -> tuple[ExportTarget, tuple[Facet, ...]]:
        """The account, and what of `facets` it takes; all without any. Raises ExportRefused."""
        target = self._target(account_id)
        return target, tuple(one for one in target.facets if not facets or one in facets)

    def _target(self, account_id: int) -> ExportTarget:
        """The account. Raises ExportRefused."""
        for target in self.targets():
            if target.account_id == account_id:
                return target
        raise ExportRefused(_NOTHING)

    async def _terms(self, account_id: int) -> Terms:
        account = next((one for one in self._linked() if one.id == account_id), None)
        if account is None:
            # Unlinked, or another profile became the active one.
            raise ExportRefused(_NOTHING)
        spec = self._services[account.service].spec
        silent = [
            one.spec.key
            for one in self._services.values()
            if one.spec.keeps_to_itself and one.spec.key != account.service
        ]
        # Also of accounts that are no longer linked: what came from there stays in the library.
        withheld = await self._exporting.accounts_of(silent)
        switches = account.switches
        return Terms(
            source=source_of(account_id),
            kinds=tuple(k for k in spec.kinds if not switches.kinds or k in switches.kinds),
            verbs=spec.verbs,
            rated=spec.rated,
            now=self._clock.now(),
            refs=spec.refs,
            max_age_s=self._max_age_s(account_id, spec),
            one_play=spec.one_play,
            undated=spec.undated,
            withheld=frozenset(map(source_of, withheld)),
            libraries=switches.libraries,
            profile=account.profile,
        )

    def _max_age_s(self, account_id: int, spec: ServiceSpec) -> float | None:
        client: object = self._client_of(account_id)
        return client.max_age_s if isinstance(client, AgeLimited) else spec.max_age_s

    async def _unread(self, account_id: int, facets: Iterable[Facet]) -> tuple[Facet, ...]:
        """What of `facets` was not read at the account lately, though it can be read there."""
        read_at = await self.read_at(account_id)
        return tuple(one for one in facets if one in read_at and not read_at[one].fresh)


def _queued(known: Known, what: Judged, now: datetime) -> Queued:
    assert what.said is not None, "what is sent has a line that says it"
    said = value_of(what.said, what.verb)
    return Queued(scrobble_of(known, what, now), known.facet, said, known.identities)


def _verbs(lines: Sequence[tuple[Known, Judged]]) -> Counter[tuple[str, str]]:
    sent = (what for _, what in lines if what.verdict is ExportVerdict.SEND)
    return Counter(("" if what.verb is None else what.verb.value, what.reason) for what in sent)
