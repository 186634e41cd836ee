"""Accounts that can be read and written, kept in step by a real syncer on a real file."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from revenge_companion.core.accounts import Account, Switches
from revenge_companion.core.changes import FACETS, Verb
from revenge_companion.core.delivery import DeliveryState, Settlement
from revenge_companion.core.errors import (
    CompanionError,
    LaneBlocked,
    LinkExpired,
    RateLimited,
)
from revenge_companion.core.imports import ImportRun
from revenge_companion.core.library import Entry, Facet, SubjectKind, keys, subject_of
from revenge_companion.core.media import Kind
from revenge_companion.core.scrobble import Scrobble
from revenge_companion.core.syncing import AccountSync, FacetSync
from revenge_companion.engine.exporter import Exporter
from revenge_companion.engine.import_sources import Sources
from revenge_companion.engine.importer import Importer
from revenge_companion.engine.syncer import Syncer
from revenge_companion.services.base import LinkMethod, ServiceSpec
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.database import Database
from revenge_companion.store.library import Library
from revenge_companion.store.outbox import Outbox
from tests.clock import FakeClock
from tests.unit.engine.import_kit import FakeCatalogue, FakeMarker, FakeSource

HISTORY, RATINGS, WATCHLIST = Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST
SPEC = ServiceSpec(
    key="one",
    name="One",
    kinds=(Kind.MOVIE,),
    link=(LinkMethod.TOKEN,),
    live=False,
    batch_size=100,
    resend_is_safe=True,
    default_api_url="https://one.example",
    imports=(HISTORY, RATINGS, WATCHLIST),
    exports=(HISTORY, RATINGS, WATCHLIST),
    verbs=(Verb.RATE, Verb.UNRATE, Verb.WANT, Verb.UNWANT),
    rated=(SubjectKind.MOVIE,),
    sync_every_s=3600.0,
)
ALL = Switches(scrobble=False, sync_history=True, sync_ratings=True, sync_watchlist=True)


@dataclass
class FakeAccount(FakeSource):
    """What one account has; it takes what it is sent, and its marks move when it changes."""

    #: It dates a rating when it comes, whatever it is told.
    dates_itself: bool = False
    #: Its points; 10 for 1 to 10.
    steps: int = 10
    sent: list[Scrobble] = field(default_factory=list)
    number: int = 0
    #: How often it was asked what changed, and what it answers instead.
    marked: int = 0
    down: Exception | None = None

    async def marks(self) -> Mapping[Facet, str]:
        self.marked += 1
        if self.down is not None:
            raise self.down
        return {
            facet: f"{sorted((e.line, str(e.at), e.rating or 0) for e in lines)}"
            for facet in (HISTORY, RATINGS, WATCHLIST, Facet.LOVED)
            for lines in [self.lines.get(facet, [])]
        }

    def take(self, scrobble: Scrobble, now: datetime) -> None:
        self.sent.append(scrobble)
        change = scrobble.change
        self.number += 1
        if change is None:
            at = scrobble.dated_at
            line = Entry(HISTORY, subject_of(scrobble.item), f"sent-{self.number}", at)
            self.lines.setdefault(HISTORY, []).append(line)
            return
        facet = FACETS[change.verb]
        alike, rest = [], []
        for one in self.lines.get(facet, []):
            known = set(keys(one.subject)) & set(keys(change.subject))
            (alike if known else rest).append(one)
        # What is about the same is the same line, as at a real service.
        name = alike[0].line if alike else f"line-{keys(change.subject)[0]}"
        if change.verb in (Verb.RATE, Verb.WANT, Verb.LOVE, Verb.HATE):
            at = now if self.dates_itself or change.at is None else change.at
            rating = None
            if change.rating is not None:
                from revenge_companion.core.ratings import rating_of, step_of

                rating = rating_of(step_of(change.rating, self.steps), self.steps)
            made = Entry(facet, change.subject, name, at, loved=change.verb is not Verb.HATE)
            rest.append(replace(made, rating=rating, steps=self.steps))
        self.lines[facet] = rest


@dataclass
class FakeLines:
    """Lines that are open but to the accounts that are `closed`; it notes what was refused."""

    closed: set[int] = field(default_factory=set)
    refusals: list[tuple[int, CompanionError]] = field(default_factory=list)
    worked: list[int] = field(default_factory=list)

    def may_ask(self, account_id: int, *, force: bool) -> bool:
        return account_id not in self.closed

    async def refused(self, account_id: int, error: CompanionError) -> None:
        self.refusals.append((account_id, error))
        if isinstance(error, LinkExpired | RateLimited | LaneBlocked):
            self.closed.add(account_id)

    async def works(self, account_id: int) -> None:
        self.worked.append(account_id)


@dataclass
class _Service:
    spec: ServiceSpec


@dataclass
class Home:
    """Everything that syncs, and the accounts it syncs with: 1, 2 and so on."""

    db: Database
    clock: FakeClock
    library: Library
    importer: Importer
    exporter: Exporter
    syncer: Syncer
    outbox: Outbox
    accounts: list[Account]
    sources: dict[int, FakeAccount]
    marker: FakeMarker
    lines: "FakeLines"
    #: Accounts the user was asked about.
    asked: list[int] = field(default_factory=list)

    async def sync(self, account_id: int = 1) -> AccountSync:
        """Sync one account; the world's time goes on meanwhile."""
        import asyncio

        task = asyncio.ensure_future(self.syncer.sync_now(account_id))
        for _ in range(4000):
            if task.done():
                break
            await self.clock.turn(0.05)
        return await task

    async def facet(self, facet: Facet, account_id: int = 1) -> FacetSync:
        found = await self.sync(account_id)
        return next(one for one in found.facets if one.facet is facet)

    async def turned(self, step_s: float, fact: Callable[[], bool]) -> None:
        """Let time pass in steps until `fact` holds."""
        for _ in range(4000):
            if fact():
                return
            await self.clock.turn(step_s)
        raise AssertionError("it does not come to pass")

    async def deliver(self) -> int:
        """Let every account take what waits for it; how much that was."""
        count = 0
        for account in self.accounts:
            rows = await self.outbox.claim(account.id, 10_000, self.clock.now())
            for row in rows:
                self.sources[account.id].take(row.scrobble, self.clock.now())
            done = Settlement(DeliveryState.DELIVERED, 1, None)
            await self.outbox.settle([(row.id, done) for row in rows], self.clock.now())
            count += len(rows)
        return count

    async def round(self) -> int:
        """Sync every account and deliver; how much went out."""
        for account in self.accounts:
            synced = await self.sync(account.id)
            assert not any(one.trouble or one.question for one in synced.facets), synced
        return await self.deliver()

    async def calm(self) -> int:
        """Rounds, an hour apart, until nothing goes out any more; how much did."""
        count, silent = 0, 0
        for _ in range(10):
            await self.clock.turn(3600)
            sent = await self.round()
            count += sent
            silent = 0 if sent else silent + 1
            # What the last account brought, the first one gets a round later.
            if silent == 2:
                return count
        raise AssertionError("they do not fall silent")


@asynccontextmanager
async def home(
    folder: Path,
    *sources: FakeAccount,
    switches: Switches = ALL,
    catalogue: FakeCatalogue | None = None,
    specs: Sequence[ServiceSpec] = (),
    clock: Any = None,
    database_type: type[Database] = Database,
) -> AsyncIterator[Home]:
    """A home whose accounts are at `specs`, all of them at `SPEC` without any."""
    clock = clock or FakeClock()
    db = await database_type.open(folder / "companion.db", clock=clock)
    known = list(specs) or [SPEC] * len(sources)
    stored = Accounts(db, clock)
    for number, spec in enumerate(known, 1):
        account = await stored.add(service=spec.key, remote_id=f"r{number}", remote_name="me")
        await stored.set_switches(account.id, switches)
    accounts = await stored.all()
    clients: Any = dict(zip((one.id for one in accounts), sources, strict=True))
    services: Any = {spec.key: _Service(spec) for spec in known}

    lines = FakeLines()

    async def refused(run: ImportRun, error: CompanionError) -> None:
        await lines.refused(int(run.source.partition(":")[2]), error)

    marker, library = FakeMarker(), Library(db, clock, UTC)
    importer = Importer(
        db,
        clock,
        Sources(
            services, folder / "imports", linked=lambda: accounts, client_of=clients.get, formats=()
        ),
        library,
        catalogue=lambda: catalogue,
        marker=lambda: marker,
        changed=lambda: None,
        refused=refused,
        zone=UTC,
    )
    exporter = Exporter(
        db, clock, services, library,
        linked=lambda: accounts, client_of=clients.get, queued=lambda _: None,
    )  # fmt: skip
    asked: list[int] = []
    syncer = Syncer(
        db, clock, services, importer, exporter,
        linked=lambda: accounts, client_of=clients.get, lines=lines, hours=lambda: 24,
        asks_user=lambda account: asked.append(account.id), changed=lambda: None,
        jitter=lambda: 0.0,
    )  # fmt: skip
    made = Home(
        db, clock, library, importer, exporter, syncer, Outbox(db, clock), accounts, clients,
        marker, lines, asked,
    )  # fmt: skip
    try:
        yield made
    finally:
        await importer.close()
        await db.close()
