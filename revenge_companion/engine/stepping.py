"""One facet of one account, brought into step with the library; see `engine.syncer`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from revenge_companion.core.accounts import Account
from revenge_companion.core.changes import Verb
from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.imports import RunState
from revenge_companion.core.library import Facet
from revenge_companion.core.reasons import Reason
from revenge_companion.core.syncing import (
    UNTIL_ASKED,
    FacetSync,
    Moved,
    Question,
    Way,
    asks,
    is_left,
)
from revenge_companion.engine.exporter import Exporter, source_of
from revenge_companion.engine.importer import Importer
from revenge_companion.services.base import Service
from revenge_companion.store.database import Database
from revenge_companion.store.import_runs import ImportRuns, StoredRun
from revenge_companion.store.syncing import Syncing

#: A walk that was cut short goes on where it was for so long.
_GOES_ON_FOR = timedelta(days=1)
_TAKES_AWAY = (Verb.UNRATE.value, Verb.UNWANT.value, Verb.UNLOVE.value)


class Stepping:
    """Reads what changed at an account, takes it over, and queues what is missing there."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        services: Mapping[str, Service],
        importer: Importer,
        exporter: Exporter,
        asks_user: Callable[[Account], None],
    ) -> None:
        """`asks_user` tells the user once that a question waits."""
        self._clock = clock
        self._services = services
        self._importer = importer
        self._exporter = exporter
        self._asks_user = asks_user
        self._runs = ImportRuns(db)
        self._syncing = Syncing(db)

    async def step(self, account: Account, state: FacetSync, mark: str) -> FacetSync:
        """Bring one facet into step. Raises CompanionError; nothing is changed then."""
        if state.question is not None:
            if state.question.way is Way.SEND or await self.asked_run(state.question) is not None:
                return state
            # The user has written or forgotten its run.
            state = replace(state, question=None)
        if is_left(state, mark):
            return state
        state = replace(state, left=None)
        source = source_of(account.id)
        waiting = [one for one in await self._runs.syncs(source) if state.facet in one.run.facets]
        seen = (await self._runs.seen(source)).get(state.facet)
        if seen is None and state.synced_at is not None and not waiting:
            # What was read was undone: nobody wants it back by itself.
            return replace(state, left=UNTIL_ASKED)
        if waiting or seen is None or not mark or seen[0] != mark:
            state = await self._take(account, state, waiting, None if seen is None else seen[1])
            if state.question is not None:
                return state
        else:
            await self._runs.still_so(source, state.facet, self._clock.now())
        return await self.send(account, state)

    async def _take(
        self,
        account: Account,
        state: FacetSync,
        waiting: Sequence[StoredRun],
        read_at: datetime | None,
    ) -> FacetSync:
        """Read the facet to its end, and take over what is new and what is gone."""
        source, facet = source_of(account.id), state.facet
        stored = await self._walked(source, facet, waiting)
        run_id = stored.run.id
        state = replace(state, unread=stored.run.failed)
        if stored.run.state is RunState.DONE:
            return replace(state, synced_at=self._clock.now())
        if stored.walked and read_at is not None:
            await self._syncing.stage_removals(run_id, source, facet, self._clock.now())
        moved, changed = await self._syncing.moved(run_id, source, facet)
        if read_at is not None:
            moved = replace(moved, days=(self._clock.now() - read_at).total_seconds() / 86_400)
        question = Question(Way.TAKE, moved.before, moved.added, moved.removed, run_id)
        if not (moved.added or moved.removed or changed):
            await self._runs.keep_seen(run_id, self._clock.now())
            await self._importer.forget(run_id)
            return state
        if asks(moved):
            self._asks_user(account)
            return replace(state, question=question)
        return await self.write(state, stored, question)

    async def _walked(self, source: str, facet: Facet, waiting: Sequence[StoredRun]) -> StoredRun:
        """A run that is read to its end and waits, or one that an earlier end cut short: DONE."""
        stored: StoredRun | None = None
        for one in waiting:
            fresh = self._clock.now() - one.run.started_at < _GOES_ON_FOR
            halfway = one.stage is RunState.WRITING
            if stored is None and (halfway or (fresh and one.run.state is not RunState.PREVIEW)):
                stored = one
            elif not self._importer.is_busy(source):
                # Read too long ago to say what is there now.
                await self._importer.forget(one.run.id)
        if stored is None:
            run_id = await self._importer.begin(source, (facet,), sync=True)
        else:
            run_id = stored.run.id
            current = await self._importer.run(run_id)
            if current.can_resume:
                await self._importer.resume(run_id)
        stored = await self._importer.settled(run_id)
        if stored.run.state not in (RunState.PREVIEW, RunState.DONE):
            raise ImportRefused(stored.run.trouble or "Reading was stopped.")
        return stored

    async def write(self, state: FacetSync, stored: StoredRun, question: Question) -> FacetSync:
        """Write what was read into the library."""
        await self._importer.write(stored.run.id)
        done = await self._importer.settled(stored.run.id)
        if done.run.state is not RunState.DONE:
            raise ImportRefused(done.run.trouble or "Writing was stopped.")
        return replace(state, added=question.added, removed=question.removed, sent=0)

    async def send(self, account: Account, state: FacetSync, *, sure: bool = False) -> FacetSync:
        """Queue for the account what it does not have."""
        service, now = self._services.get(account.service), self._clock.now()
        if service is None or state.facet not in service.spec.exports:
            return replace(state, synced_at=now)
        pending = await self._exporter.pending(account.id, state.facet)
        removed = sum(count for (verb, _), count in pending.items() if verb in _TAKES_AWAY)
        changed = sum(n for (_, why), n in pending.items() if why == Reason.CHANGED_HERE)
        added = sum(pending.values()) - removed
        if added or removed:
            before = await self._syncing.lines(source_of(account.id), state.facet)
            since = state.synced_at
            days = 0.0 if since is None else (now - since).total_seconds() / 86_400
            if not sure and asks(Moved(before, added, removed, days, changed)):
                self._asks_user(account)
                return replace(state, question=Question(Way.SEND, before, added, removed))
            sent = await self._exporter.queue_facet(account.id, state.facet)
            state = replace(state, sent=sent)
        return replace(state, synced_at=now)

    async def asked_run(self, question: Question) -> StoredRun | None:
        """The run a question is about; None where it does not wait any more."""
        stored = None if question.run_id is None else await self._runs.get(question.run_id)
        waits = stored is not None and stored.run.state is RunState.PREVIEW
        return stored if waits else None
