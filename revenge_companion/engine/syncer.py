"""Keeping accounts and the library in step, both ways, for what the user has switched on.

A look asks what changed (`Readable.marks`) and does nothing more where nothing did. Else the facet
is read to its end by a run of the importer, which the list of imports shows and can undo; only what
a complete walk did not come across is taken for removed. What would change too much waits for the
user. Then what the library knows and the account does not is queued (`engine.exporter`).
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from revenge_companion.core.accounts import Account, AccountState
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError, ExportRefused
from revenge_companion.core.library import Facet
from revenge_companion.core.reasons import Reason, sentence
from revenge_companion.core.syncing import (
    UNTIL_ASKED,
    AccountSync,
    FacetSync,
    Way,
    interval_s,
    is_due,
    next_look,
    read,
    text_of,
    wanted,
)
from revenge_companion.engine.exporter import Exporter, source_of
from revenge_companion.engine.importer import Importer
from revenge_companion.engine.stepping import Stepping
from revenge_companion.engine.waiting import woken_within
from revenge_companion.services.base import Client, Service, ServiceSpec
from revenge_companion.services.importing import Readable
from revenge_companion.store.database import Database
from revenge_companion.store.import_runs import ImportRuns

_log = logging.getLogger(__name__)

#: The longest sleep between two looks at the clock, in seconds.
TICK_S = 600.0
_BUSY = "An import from this account is under way; it is synced afterwards."
_LINK_AGAIN = "{service} signed you out. Link again to go on."


class Lines(Protocol):
    """The accounts' lines to their services, which deliveries share; `engine.lanes.Lanes`."""

    def may_ask(self, account_id: int, *, force: bool) -> bool:
        """Whether an account's service may be asked now; `force` is the user's word."""
        ...

    async def refused(self, account_id: int, error: CompanionError) -> None:
        """A service would not answer: hold the account as a delivery would."""
        ...

    async def works(self, account_id: int) -> None:
        """A service answers again whose `refused` had held the account."""
        ...


class Syncer:
    """Implements `engine.library_api.SyncApi`."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        services: Mapping[str, Service],
        importer: Importer,
        exporter: Exporter,
        *,
        linked: Callable[[], Sequence[Account]],
        client_of: Callable[[int], Client | None],
        lines: Lines,
        hours: Callable[[], int],
        asks_user: Callable[[Account], None],
        changed: Callable[[], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`hours` is the user's interval; `asks_user` tells them once that a question waits."""
        self._db = db
        self._clock = clock
        self._services = services
        self._importer = importer
        self._linked = linked
        self._client_of = client_of
        self._lines = lines
        self._hours = hours
        self._changed = changed
        self._jitter = jitter
        self._runs = ImportRuns(db)
        self._stepping = Stepping(db, clock, services, importer, exporter, asks_user)
        self._wake = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._running: int | None = None
        self._known: dict[int, dict[Facet, FacetSync]] = {}
        self._next: dict[int, datetime | None] = {}
        #: Accounts that could not be asked when it was time.
        self._barred: set[int] = set()

    # Life

    async def keep(self) -> None:
        """Look whenever it is time, until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self._look()
            except CompanionError as error:
                _log.warning("Syncing cannot be looked after: %s", error)
            except Exception:
                _log.exception("Syncing failed in a way nobody planned for; it goes on later")
            await woken_within(self._wake, self._clock, self._idle_s())

    def wake(self) -> None:
        """Switches or the interval may be others."""
        self._wake.set()

    def network_is_back(self) -> None:
        """Look again at once where the last look failed."""
        for account_id, facets in self._known.items():
            if any(one.trouble for one in facets.values()):
                self._next[account_id] = self._clock.now()
        self._wake.set()

    async def _look(self) -> None:
        for account in self._linked():
            await self._load(account)
            every_s = self._every_s(account)
            if not self._facets(account):
                continue
            due = is_due(self._next[account.id], self._clock.now(), every_s)
            if not due and account.id in self._barred:
                # Linked again, say.
                due = self._lines.may_ask(account.id, force=False)
            if due:
                await self._sync(account)

    def _idle_s(self) -> float:
        now = self._clock.now()
        waits = [
            (at - now).total_seconds()
            for account in self._linked()
            if self._facets(account) and (at := self._next.get(account.id)) is not None
        ]
        # Wall time may be set while we sleep.
        return min(max(min(waits, default=TICK_S), 1.0), TICK_S)

    # What is shown and asked

    async def statuses(self) -> list[AccountSync]:
        found = []
        for account in self._linked():
            spec = self._spec(account)
            if spec is None or not set(spec.imports) & set(spec.exports):
                continue
            await self._load(account)
            known = self._known[account.id]
            found.append(
                AccountSync(
                    account.id,
                    f"{spec.name} ({account.label})" if account.label else spec.name,
                    spec.key,
                    tuple(known.get(one, FacetSync(one)) for one in self._facets(account)),
                    self._next[account.id],
                    self._running == account.id,
                    spec.keeps_to_itself,
                )
            )
        return found

    async def sync_now(self, account_id: int) -> AccountSync:
        account = self._account(account_id)
        await self._load(account)
        if not self._facets(account):
            raise ExportRefused("Nothing of this account is switched on to be synced.")
        for facet, one in self._known[account_id].items():
            # Begun anew where the user undid what an earlier sync brought.
            gone = facet not in await self._runs.seen(source_of(account_id))
            at = None if gone else one.synced_at
            self._known[account_id][facet] = replace(one, left=None, synced_at=at)
        await self._sync(account, asked=True)
        return await self._status(account_id)

    async def answer(self, account_id: int, facet: Facet, *, go_on: bool) -> AccountSync:
        account = self._account(account_id)
        await self._load(account)
        async with self._one_at_a_time:
            state = self._known[account_id].get(facet)
            question = None if state is None else state.question
            if state is None or question is None:
                raise ExportRefused("There is nothing to decide.")
            stored = await self._stepping.asked_run(question)
            mark = UNTIL_ASKED if stored is None else stored.marks.get(facet, UNTIL_ASKED)
            state = replace(state, question=None, left=None if go_on else mark)
            try:
                if not go_on:
                    if stored is not None:
                        await self._importer.forget(stored.run.id)
                else:
                    if stored is not None:
                        state = await self._stepping.write(state, stored, question)
                    state = await self._stepping.send(account, state, sure=question.way is Way.SEND)
            except CompanionError as error:
                state = replace(state, trouble=str(error))
            await self._keep(account_id, state)
        return await self._status(account_id)

    async def _status(self, account_id: int) -> AccountSync:
        return next(one for one in await self.statuses() if one.account_id == account_id)

    # One account

    async def _sync(self, account: Account, *, asked: bool = False) -> None:
        """`asked` where it is the user who wants it now."""
        async with self._one_at_a_time:
            self._running = account.id
            self._changed()
            failed = True
            try:
                failed = await self._facets_of(account, asked=asked)
            finally:
                self._running = None
                every_s = self._every_s(account)
                self._next[account.id] = next_look(
                    self._clock.now(), every_s, self._jitter(), failed=failed
                )
                await self._keep(account.id)

    async def _facets_of(self, account: Account, *, asked: bool) -> bool:
        """Bring every facet into step; whether any of them failed."""
        facets, before = self._facets(account), dict(self._known[account.id])
        self._barred.discard(account.id)
        trouble, marks = await self._marks(account, asked=asked)
        failed = bool(trouble)
        for facet in facets:
            state = before.get(facet, FacetSync(facet))
            if not trouble:
                state = replace(state, looked_at=self._clock.now(), trouble="")
                try:
                    state = await self._stepping.step(account, state, marks.get(facet, ""))
                except CompanionError as error:
                    _log.info("%s of account %d is not synced: %s", facet, account.id, error)
                    state = replace(state, trouble=str(error))
                    failed = True
                    # What the service refused altogether is not asked for again by the next facet.
                    trouble = self._barred_by(account.id, asked=asked)
            else:
                state = replace(state, trouble=trouble)
            await self._keep(account.id, state)
        if not failed and self._held_by_us(account.id, before):
            # A delivery that finds out may not come for long.
            await self._lines.works(account.id)
        return failed

    def _held_by_us(self, account_id: int, before: Mapping[Facet, FacetSync]) -> bool:
        """Whether an account is held for what an earlier sync was told."""
        account = self._account(account_id)
        held = account.state in (AccountState.QUOTA, AccountState.HELD) and not account.is_stopped
        return held and account.state_detail in {one.trouble for one in before.values()}

    async def _marks(self, account: Account, *, asked: bool) -> tuple[str, Mapping[Facet, str]]:
        """Why the account cannot be read now, "" where it can; and what it says of its facets."""
        source = source_of(account.id)
        client: object = self._client_of(account.id)
        if trouble := self._barred_by(account.id, asked=asked):
            return trouble, {}
        if self._importer.is_busy(source):
            return _BUSY, {}
        if not isinstance(client, Readable):
            return "This account cannot be read.", {}
        await self._importer.idle(source)
        try:
            return "", dict(await client.marks())
        except CompanionError as error:
            await self._lines.refused(account.id, error)
            self._barred_by(account.id, asked=asked)
            return str(error), {}

    def _barred_by(self, account_id: int, *, asked: bool) -> str:
        """Why the account's service may not be asked, a sentence; "" where it may."""
        if self._lines.may_ask(account_id, force=asked):
            return ""
        self._barred.add(account_id)
        account = self._account(account_id)
        spec = self._spec(account)
        name = account.service if spec is None else spec.name
        if account.state is AccountState.LINK_AGAIN:
            return _LINK_AGAIN.format(service=name)
        return account.state_detail or sentence(Reason.RATE_LIMITED, {"service": name})

    # What is kept

    async def _load(self, account: Account) -> None:
        if account.id not in self._known:
            known, at = read(await self._db.get_meta(_key(account.id)))
            self._known[account.id], self._next[account.id] = known, at

    async def _keep(self, account_id: int, state: FacetSync | None = None) -> None:
        known = self._known[account_id]
        if state is not None:
            known[state.facet] = state
        await self._db.set_meta(_key(account_id), text_of(known, self._next[account_id]))
        self._changed()

    def _facets(self, account: Account) -> tuple[Facet, ...]:
        spec = self._spec(account)
        return () if spec is None else wanted(account, spec.imports)

    def _every_s(self, account: Account) -> float:
        spec = self._spec(account)
        return interval_s(self._hours(), 0.0 if spec is None else spec.sync_every_s)

    def _spec(self, account: Account) -> ServiceSpec | None:
        service = self._services.get(account.service)
        return None if service is None else service.spec

    def _account(self, account_id: int) -> Account:
        for account in self._linked():
            if account.id == account_id:
                return account
        raise ExportRefused(f"There is no linked account {account_id}.")


def _key(account_id: int) -> str:
    return f"sync/{account_id}"
