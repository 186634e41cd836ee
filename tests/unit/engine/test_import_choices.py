"""Lines that the user leaves out of an import."""

from pathlib import Path

from revenge_companion.core.imports import Choice
from revenge_companion.core.library import Facet
from tests.unit.engine.import_kit import FakeSource, desk, plays, shown


async def test_what_is_left_out_is_counted_and_not_written(tmp_path: Path) -> None:
    async with desk(tmp_path, FakeSource({Facet.HISTORY: plays(25)})) as house:
        run = await house.read()
        assert run.left_out == 0
        ids = [row.id for row in await house.importer.rows(run.id)]
        await house.importer.choose(run.id, ids[:3], Choice.SKIP)
        await house.importer.choose(run.id, ids[:1], Choice.DEFAULT)
        assert (await house.importer.run(run.id)).left_out == 2
        run = await house.write(run.id)
        assert (run.left_out, sum(run.counts.values())) == (2, 25)
        assert len(await shown(house.db)) == 23
