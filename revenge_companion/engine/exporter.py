"""Exports: what the library knows and an account does not, as deliveries of its outbox.

Nothing is sent from here: what is queued goes out by the account's lane, with everything that a
play that was just heard gets. Asking twice queues nothing twice.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from revenge_companion.core.accounts import Account
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import ExportRefused
from revenge_companion.core.exporting import (
    ExportPreview,
    ExportRow,
    ExportTarget,
    ExportVerdict,
    Judged,
    Terms,
    judged,
    scrobble_of,
    value_of,
)
from revenge_companion.core.library import Facet
from revenge_companion.services.base import AgeLimited, Client, Service
from revenge_companion.store.database import Database
from revenge_companion.store.exporting import Exporting, Found, Queued
from revenge_companion.store.import_runs import ImportRuns
from revenge_companion.store.library import Library

_log = logging.getLogger(__name__)

#: What was read at the account longer ago than this is read again before an export.
FRESH_FOR = timedelta(days=1)
#: Lines of each verdict that a preview shows.
MOST_ROWS = 200
#: Rows queued in one transaction.
_BATCH = 500


def source_of(account_id: int) -> str:
    """An account as a source of the library."""
    return f"account:{account_id}"


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
            found.append(ExportTarget(account.id, name, spec.key, spec.exports))
        return found

    async def preview(
        self, account_id: int, facets: Sequence[Facet] = (), *, limit: int = MOST_ROWS
    ) -> ExportPreview:
        target = self._target(account_id)
        wanted = tuple(facet for facet in target.facets if not facets or facet in facets)
        unread = await self._unread(account_id, wanted)
        counts: dict[tuple[Facet, ExportVerdict, str], int] = {}
        rows: dict[ExportVerdict, list[ExportRow]] = {}
        for facet in wanted:
            if facet in unread:
                continue
            async for found, what in self._judged(account_id, facet):
                name = (facet, what.verdict, what.reason)
                counts[name] = counts.get(name, 0) + 1
                some = rows.setdefault(what.verdict, [])
                if what.verdict is not ExportVerdict.THERE and len(some) < limit:
                    some.append(_row(found, what))
        shown = tuple(row for verdict in ExportVerdict for row in rows.get(verdict, ()))
        return ExportPreview(target, wanted, unread, counts, shown)

    async def queue(self, account_id: int, facets: Sequence[Facet] = ()) -> int:
        target = self._target(account_id)
        wanted = tuple(facet for facet in target.facets if not facets or facet in facets)
        unread = await self._unread(account_id, wanted)
        if unread:
            raise ExportRefused(
                f"What {target.name} has was not read within the last day. Import from it first: "
                "the export needs to know what is there."
            )
        count = 0
        for facet in wanted:
            count += await self.queue_facet(account_id, facet)
        return count

    async def queue_facet(self, account_id: int, facet: Facet) -> int:
        """Queue what is missing of one facet, which the caller knows to be read; how much."""
        count = 0
        rows: list[Queued] = []
        async for found, what in self._judged(account_id, facet):
            if what.verdict is ExportVerdict.SEND:
                assert what.said is not None, "what is sent has a line that says it"
                scrobble = scrobble_of(found.known, what, self._clock.now())
                rows.append(Queued(scrobble, facet, value_of(what.said, what.verb), found.lines))
            if len(rows) >= _BATCH:
                count += await self._exporting.queue(account_id, rows, self._clock.now())
                rows = []
        if rows:
            count += await self._exporting.queue(account_id, rows, self._clock.now())
        if count:
            _log.info("%d lines are exported to account %d", count, account_id)
            self._queued(account_id)
        return count

    async def pending(self, account_id: int, facet: Facet) -> Mapping[str, int]:
        """What `queue_facet` would queue, counted by what it does there: "" for plays, or verbs."""
        counts: dict[str, int] = {}
        async for _, what in self._judged(account_id, facet):
            if what.verdict is ExportVerdict.SEND:
                verb = what.verb.value if what.verb is not None else ""
                counts[verb] = counts.get(verb, 0) + 1
        return counts

    async def _judged(self, account_id: int, facet: Facet) -> AsyncIterator[tuple[Found, Judged]]:
        """Every line of a facet with its verdict, a thousand things at a time."""
        await self._library.absorb()
        terms = await self._terms(account_id)
        after: int | None = 0
        while after is not None:
            found, after = await self._exporting.page(account_id, terms.source, facet, after)
            for one in found:
                yield one, judged(one.known, terms)

    def _target(self, account_id: int) -> ExportTarget:
        """The account. Raises ExportRefused."""
        for target in self.targets():
            if target.account_id == account_id:
                return target
        raise ExportRefused("Nothing can be exported to this account.")

    async def _terms(self, account_id: int) -> Terms:
        account = next(one for one in self._linked() if one.id == account_id)
        spec = self._services[account.service].spec
        silent = [
            one.spec.key
            for one in self._services.values()
            if one.spec.keeps_to_itself and one.spec.key != account.service
        ]
        # Also of accounts that are no longer linked: what came from there stays in the library.
        withheld = await self._exporting.accounts_of(silent)
        switches = account.switches
        client: object = self._client_of(account_id)
        limit = client.max_age_s if isinstance(client, AgeLimited) else spec.max_age_s
        return Terms(
            source=source_of(account_id),
            kinds=tuple(k for k in spec.kinds if not switches.kinds or k in switches.kinds),
            verbs=spec.verbs,
            rated=spec.rated,
            now=self._clock.now(),
            max_age_s=limit,
            one_play=spec.one_play,
            undated=spec.undated,
            withheld=frozenset(map(source_of, withheld)),
            libraries=switches.libraries,
        )

    async def _unread(self, account_id: int, facets: Iterable[Facet]) -> tuple[Facet, ...]:
        """What of `facets` was not read at the account lately."""
        since = self._clock.now() - FRESH_FOR
        seen = await self._runs.seen(source_of(account_id))
        return tuple(facet for facet in facets if facet not in seen or seen[facet][1] < since)


def _row(found: Found, what: Judged) -> ExportRow:
    said = what.said or found.known.said[0]
    return ExportRow(
        found.known.facet,
        found.known.subject,
        said.at,
        said.precision,
        said.rating,
        what.verdict,
        what.reason,
        "" if what.verb is None else what.verb.value,
    )
