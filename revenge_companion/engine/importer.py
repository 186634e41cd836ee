"""Imports: read a source, match and stage its lines, show what they would change, write, take back.

A run goes READING → PREVIEW → WRITING → DONE, each step a batch to a transaction, so that it goes
on after a crash where the last batch ended; what is done in each is in `import_stages`. Whatever
stops a run leaves it STOPPED with a sentence; nothing a source did not say in full is ever taken
for gone.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError, ImportRefused
from revenge_companion.core.imports import (
    Choice,
    ImportRun,
    ImportSource,
    RunState,
)
from revenge_companion.core.library import REVENGE, Facet, source_for
from revenge_companion.core.profiles import FIRST
from revenge_companion.engine.import_marks import Marker, Marking
from revenge_companion.engine.import_matching import Matching
from revenge_companion.engine.import_progress import Progress, Told
from revenge_companion.engine.import_reading import ENOUGH, Catalogue, Reading
from revenge_companion.engine.import_sources import Sources
from revenge_companion.engine.import_stages import Stage, Stages
from revenge_companion.store.database import Database
from revenge_companion.store.import_lines import ImportLines
from revenge_companion.store.import_marks import ImportMarks
from revenge_companion.store.import_matches import ImportMatches
from revenge_companion.store.import_rows import ImportRows
from revenge_companion.store.import_runs import ImportRuns, StoredRun
from revenge_companion.store.import_unread import ImportUnread
from revenge_companion.store.import_verdicts import ImportVerdicts
from revenge_companion.store.import_writing import BATCH, ImportWriting
from revenge_companion.store.library import Library

_log = logging.getLogger(__name__)

#: How long `cancel` waits for what is under way, in seconds.
_CANCEL_S = 0.8
_UNDER_WAY = (RunState.READING, RunState.WRITING, RunState.UNDOING)
_FAILED = "The import failed in a way nobody planned for; the log says how."


class Importer:
    """Implements `engine.library_api.ImportsApi`; see there for what each call does."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        sources: Sources,
        library: Library,
        *,
        catalogue: Callable[[], Catalogue | None],
        marker: Callable[[], Marker | None],
        changed: Callable[[], None],
        refused: Callable[[ImportRun, CompanionError], Awaitable[None]],
        profile: Callable[[], int] = lambda: FIRST,
        zone: tzinfo | None = None,
        batch: int = BATCH,
    ) -> None:
        """`changed` is called when the library is not what it was, `refused` with what the source
        of a run would not give. `profile` is the active one, which a run that begins is of.

        `zone` is the user's, for dates without a time (None is the system's own); `batch` is how
        many lines are staged, compared or written in one transaction.
        """
        self._clock = clock
        self._sources = sources
        self._runs = ImportRuns(db)
        self._lines = ImportLines(db)
        self._verdicts = ImportVerdicts(db, zone)
        reading = Reading(self._runs, self._lines, clock, catalogue, min(batch, ENOUGH))
        marking = Marking(ImportMarks(db), marker, profile)
        self._profile = profile
        self._matching = Matching(
            ImportRows(db),
            ImportMatches(db, zone),
            reading,
            catalogue=catalogue,
            name_of=sources.name_of,
            profile=profile,
            compared=self._verdicts.compare_matched,
            changed=changed,
            marked=marking.mark_later,
            zone=zone,
        )
        self.unread = ImportUnread(db).page
        self.rows = self._matching.rows
        self.unmatched = self._matching.unmatched
        self.candidates = self._matching.candidates
        self.covered = self._matching.covered
        self.match = self._matching.match
        self.never = self._matching.never
        self.look_again = self._matching.look_again
        self._stages = Stages(
            clock,
            sources,
            library,
            self._runs,
            self._verdicts,
            ImportWriting(db, zone),
            reading=reading,
            matching=self._matching,
            marking=marking,
            live=lambda run_id: self._live[run_id].run,
            went=self._went,
            changed=changed,
            refused=refused,
            batch=batch,
        )
        self._adding = asyncio.Lock()
        self._told: list[Told] = []
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._live: dict[int, StoredRun] = {}
        self._progress: dict[int, Progress] = {}

    # Life

    async def start(self) -> None:
        """Go on with what the program's end interrupted. Raises StoreTrouble."""
        for stored in await self._runs.unfinished():
            self._begin(stored)

    async def close(self) -> None:
        """Stop what runs; it goes on at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def on_progress(self, told: Told) -> None:
        self._told.append(told)

    # Sources

    def sources(self) -> Sequence[ImportSource]:
        return self._sources.all()

    async def recognise(self, path: Path) -> ImportSource:
        return await self._sources.recognise(path)

    # Runs

    async def begin(
        self,
        source: str,
        facets: Sequence[Facet],
        *,
        path: Path | None = None,
        mark_watched: bool = True,
        sync: bool = False,
    ) -> int:
        """`sync` for a run that nobody looks at; else as `ImportsApi`."""
        found = self._sources.get(source)
        wanted = tuple(facet for facet in found.facets if facet in facets)
        if not wanted:
            raise ImportRefused(f"{found.name} has nothing of what is wanted.")
        profile = self._profile()
        key = source_for(source, profile)
        for stored in self._live.values():
            if stored.run.source == key:
                raise ImportRefused(f"An import from {found.name} is under way.")
        file = ""
        if found.is_file:
            if path is None:
                raise ImportRefused("A file is needed.")
            held = await self._sources.recognise(path)
            if held.key != source:
                raise ImportRefused(f"{path.name} is not a file of {found.name}.")
            wanted = tuple(facet for facet in wanted if facet in held.facets)
            if not wanted:
                raise ImportRefused(f"{path.name} has nothing of what is wanted.")
        # What the server says is watched needs no mark there.
        marks = mark_watched and source != REVENGE
        # One at a time: a copy is nobody's until its run is written down.
        async with self._adding:
            if path is not None and found.is_file:
                file = await self._sources.copy(path, await self._runs.files())
            run_id = await self._runs.add(
                key,
                found.name,
                wanted,
                self._clock.now(),
                file=file,
                file_name="" if path is None or not file else path.name,
                mark_watched=marks,
                sync=sync,
                profile=profile,
            )
        self._begin(await self._stored(run_id))
        return run_id

    async def run(self, run_id: int) -> ImportRun:
        # What goes on is known here: whoever looks often makes nobody count 100,000 lines.
        live = self._live.get(run_id)
        return self._shown(await self._stored(run_id) if live is None else live)

    async def runs(self, limit: int = 50) -> list[ImportRun]:
        return [self._shown(stored) for stored in await self._runs.newest(limit, self._profile())]

    async def write(self, run_id: int) -> None:
        stored = await self._stored(run_id)
        if stored.run.state is not RunState.PREVIEW or run_id in self._tasks:
            raise ImportRefused("This import is not ready to be written.")
        if await self._verdicts.all_said(run_id, stored.run.source):
            # It was read, and an earlier run of the source keeps what it wrote.
            await self._runs.keep_seen(run_id, self._clock.now())
            await self._runs.set_state(
                run_id, RunState.DONE, stage=RunState.DONE, ended_at=self._clock.now()
            )
            self._tell(self._shown(await self._stored(run_id)))
            return
        await self._go(stored, RunState.WRITING)

    async def resume(self, run_id: int) -> None:
        stored = await self._stored(run_id)
        if run_id in self._tasks or not stored.run.can_resume:
            raise ImportRefused("This import does not wait to be resumed.")
        await self._runs.set_state(run_id, stored.stage)
        self._begin(await self._stored(run_id))

    async def cancel(self, run_id: int) -> None:
        task = self._tasks.get(run_id)
        if task is None:
            return
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_S)
        # It may have come to its end in the same moment.
        if (await self._stored(run_id)).run.state in _UNDER_WAY:
            await self._runs.set_state(run_id, RunState.STOPPED)
        self._tell(self._shown(await self._stored(run_id)))

    async def settled(self, run_id: int) -> StoredRun:
        """The run, once nothing of it goes on; giving up waiting does not stop it."""
        task = self._tasks.get(run_id)
        if task is not None:
            await asyncio.wait({task})
        return await self._stored(run_id)

    def is_busy(self, source: str) -> bool:
        """Whether a run of `source` goes on that the user began."""
        runs = [stored.run for stored in self._live.values()]
        return any(run.source == source and not run.sync for run in runs)

    async def idle(self, source: str) -> None:
        """Wait for syncs with `source` that the program's start goes on with."""
        going_on = [
            self._tasks[run_id]
            for run_id, stored in self._live.items()
            if stored.run.source == source and stored.run.sync and run_id in self._tasks
        ]
        if going_on:
            await asyncio.wait(going_on)

    async def undo(self, run_id: int) -> None:
        stored = await self._stored(run_id)
        if run_id in self._tasks or not stored.run.can_undo:
            raise ImportRefused("This import has written nothing that could be taken back.")
        await self._go(stored, RunState.UNDOING)

    async def forget(self, run_id: int) -> None:
        stored = await self._stored(run_id)
        if run_id in self._tasks:
            raise ImportRefused("This import is under way. Cancel it first.")
        await self._runs.forget(run_id)
        await asyncio.to_thread(self._sources.drop, stored.file)

    # Lines

    async def choose(self, run_id: int, row_ids: Sequence[int] | None, choice: Choice) -> None:
        stored = await self._stored(run_id)
        if stored.run.state is not RunState.PREVIEW:
            raise ImportRefused("Only an import that waits to be written can be chosen from.")
        await self._lines.choose(run_id, row_ids, choice)

    # What runs

    async def _go(self, stored: StoredRun, stage: RunState) -> None:
        await self._runs.set_state(stored.run.id, stage, stage=stage, restart=True)
        self._begin(await self._stored(stored.run.id))

    def _begin(self, stored: StoredRun) -> None:
        """Give a run the task that its stage asks for."""
        run_id = stored.run.id
        self._live[run_id] = stored
        self._progress[run_id] = Progress(self._clock, self._told)
        task = asyncio.create_task(
            self._guarded(stored, self._stages.of(stored.stage)), name=f"import-{run_id}"
        )
        self._tasks[run_id] = task
        task.add_done_callback(lambda _: self._ended(run_id))

    def _ended(self, run_id: int) -> None:
        self._tasks.pop(run_id, None)
        self._live.pop(run_id, None)
        self._progress.pop(run_id, None)

    async def _guarded(self, stored: StoredRun, stage: Stage) -> None:
        """One stage of a run; what stops it becomes the sentence of its STOPPED."""
        run_id = stored.run.id
        trouble = ""
        progress = self._progress[run_id]
        progress.tell(self._shown(stored))
        try:
            await stage(stored)
        except CompanionError as error:
            trouble = str(error)
            _log.info("Import %d stopped: %s", run_id, error)
        except Exception:
            trouble = _FAILED
            _log.exception("Import %d failed in a way nobody planned for", run_id)
        finally:
            await progress.close()
        try:
            if trouble:
                await self._runs.set_state(run_id, RunState.STOPPED, trouble=trouble)
            ended = await self._stored(run_id)
        except CompanionError as error:
            _log.info("How import %d ended could not be written: %s", run_id, error)
            return
        self._ended(run_id)
        self._tell(self._shown(ended))

    # Telling

    def _went(self, stored: StoredRun) -> None:
        run_id = stored.run.id
        run = self._progress[run_id].went(self._shown(stored))
        self._live[run_id] = replace(stored, run=run)

    def _shown(self, stored: StoredRun) -> ImportRun:
        """A run as the window sees it: with the pace it has this moment."""
        run = stored.run
        live = self._live.get(run.id)
        if live is None:
            return run
        return replace(run, running=True, rate=live.run.rate, left_s=live.run.left_s)

    def _tell(self, run: ImportRun) -> None:
        for told in self._told:
            told(run)

    async def _stored(self, run_id: int) -> StoredRun:
        stored = await self._runs.get(run_id)
        if stored is None:
            raise ImportRefused(f"There is no import {run_id}.")
        return stored
