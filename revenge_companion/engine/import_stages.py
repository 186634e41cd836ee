"""What an import does: it reads and compares, writes and marks, or takes back.

Each batch is a transaction, and every step can be broken off between two: `engine.importer` gives a
run the task that does them, and tells how far it is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError
from revenge_companion.core.imports import ImportRun, RunState
from revenge_companion.core.reasons import Reason
from revenge_companion.engine.import_marks import Marking
from revenge_companion.engine.import_matching import Matching
from revenge_companion.engine.import_progress import Steps
from revenge_companion.engine.import_reading import Reading
from revenge_companion.engine.import_sources import Sources
from revenge_companion.store.import_runs import ImportRuns, StoredRun
from revenge_companion.store.import_verdicts import ImportVerdicts
from revenge_companion.store.import_writing import ImportWriting
from revenge_companion.store.library import Library

Stage = Callable[[StoredRun], Coroutine[object, object, None]]


class Stages:
    """The stages of runs, one method each."""

    def __init__(
        self,
        clock: Clock,
        sources: Sources,
        library: Library,
        runs: ImportRuns,
        verdicts: ImportVerdicts,
        writing: ImportWriting,
        *,
        reading: Reading,
        matching: Matching,
        marking: Marking,
        live: Callable[[int], ImportRun],
        went: Callable[[StoredRun], None],
        changed: Callable[[], None],
        refused: Callable[[ImportRun, CompanionError], Awaitable[None]],
        batch: int,
    ) -> None:
        """`live` is a run as it stands, and `went` is told how it stands after each batch.

        The others are those of `engine.importer.Importer`.
        """
        self._clock = clock
        self._sources = sources
        self._library = library
        self._runs = runs
        self._verdicts = verdicts
        self._writing = writing
        self._reading = reading
        self._matching = matching
        self._marking = marking
        self._live = live
        self._went = went
        self._changed = changed
        self._refused = refused
        self._batch = batch

    def of(self, stage: RunState) -> Stage:
        """What a run does that stands there."""
        stages: dict[RunState, Stage] = {
            RunState.READING: self.read,
            RunState.WRITING: self.write,
            RunState.UNDOING: self.undo,
        }
        return stages[stage]

    async def read(self, stored: StoredRun) -> None:
        """Read the source to its end, and compare what it says with what is known."""
        run_id = stored.run.id
        reader = await self._sources.open(stored.run.source, stored.file)
        try:
            stored = await self._reading.walk(stored, reader, self._went)
        except CompanionError as error:
            await self._refused(stored.run, error)
            raise
        finally:
            # Also while being cancelled: a file's thread has to be done with it.
            await reader.close()
        await self._library.absorb()
        # The server may have answered since it did not.
        await self._matching.look(Reason.CATALOGUE_UNKNOWN)
        kept = self._sources.dates_entries(stored.run.source)
        after: int | None = 0
        while after is not None:
            after = await self._verdicts.same(run_id, after, self._batch, keep_dates=kept)
        after = 0
        while after is not None:
            after = await self._verdicts.compare(run_id, after)
        await self._runs.set_state(run_id, RunState.PREVIEW, stage=RunState.PREVIEW)
        await asyncio.to_thread(self._sources.drop, stored.file)

    async def write(self, stored: StoredRun) -> None:
        """Write what the preview shows, and mark it at the server."""
        run_id = stored.run.id
        total = sum(stored.run.counts.values())
        done, steps = False, Steps(self._clock, self._batch)
        while not done:
            step = await self._writing.write(run_id, steps.begin())
            steps.end()
            done = step.done
            run = replace(self._live(run_id), processed=step.processed, total=total, written=True)
            self._went(replace(stored, run=run))
        self._changed()
        await self._runs.keep_seen(run_id, self._clock.now())
        if stored.run.sync:
            # Also so that only what is new is marked.
            await self._runs.trim(run_id)
        if stored.mark_watched:
            await self._marking.mark(run_id, lambda marked: self._marked(stored, marked))
        await self._runs.set_state(
            run_id, RunState.DONE, stage=RunState.DONE, ended_at=self._clock.now()
        )
        # Its own lines are looked at first, and whoever waits for it need not wait for that.
        await self._runs.tidy(but=run_id)

    async def undo(self, stored: StoredRun) -> None:
        """Take back what was written and marked."""
        run_id = stored.run.id
        total = sum(stored.run.counts.values())
        # What was read of the source is no longer there, so that the next sync reads it again.
        await self._runs.unsee(stored.run.source)
        done, steps = False, Steps(self._clock, self._batch)
        while not done:
            step = await self._writing.undo(run_id, steps.begin())
            steps.end()
            done = step.done
            run = replace(self._live(run_id), processed=step.processed, total=total)
            self._went(replace(stored, run=run))
        self._changed()
        await self._marking.unmark(run_id)
        await self._runs.set_state(
            run_id, RunState.UNDONE, stage=RunState.UNDONE, ended_at=self._clock.now()
        )

    def _marked(self, stored: StoredRun, marked: int) -> None:
        self._went(replace(stored, run=replace(self._live(stored.run.id), marked=marked)))
