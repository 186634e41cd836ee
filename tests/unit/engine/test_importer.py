"""Imports from their beginning to their end, over a real database and sources that are made up."""

from pathlib import Path

from revenge_companion.core.imports import RunState
from revenge_companion.core.library import Facet
from tests.unit.engine.import_kit import FakeSource, desk, dump, plays, shown


async def test_what_is_read_is_shown_and_then_written(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({Facet.HISTORY: plays(25)})) as house:
        before = await dump(house.db)
        run = await house.read()
        assert (run.state, run.total, run.processed) == (RunState.PREVIEW, 25, 25)
        assert await dump(house.db) == before
        assert len(await house.importer.rows(run.id, limit=500)) == 25
        run = await house.write(run.id)
        assert (run.state, run.trouble) == (RunState.DONE, "")
        assert len(await shown(house.db)) == 25
        run = await house.undo(run.id)
        assert run.state is RunState.UNDONE
        assert await dump(house.db) == before
