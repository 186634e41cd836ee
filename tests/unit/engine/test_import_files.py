"""Importing from files: recognised by what is in them, copied, and gone on from without them."""

import threading
from pathlib import Path

import pytest

from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.imports import RunState
from revenge_companion.core.library import Entry, Facet
from revenge_companion.services.file_formats import FileFormat
from revenge_companion.services.importing import ImportPage
from tests.clock import eventually, within
from tests.unit.engine.import_kit import HISTORY, RATINGS, Desk, desk, dump, play, shown, track

PAGE = 4


class Lines:
    """A file whose first line says what it is, and whose others are plays of tracks."""

    #: Reading waits for this; set unless a test clears it.
    may_read = threading.Event()
    closed = 0

    def __init__(self, path: Path) -> None:
        head, *self._lines = path.read_text().splitlines()
        if head != "plays":
            raise ImportRefused("This is no list of plays.")

    @classmethod
    def recognises(cls, path: Path) -> bool:
        return path.read_bytes().startswith(b"plays")

    @property
    def facets(self) -> tuple[Facet, ...]:
        return (HISTORY,) if self._lines else ()

    def page(self, facet: Facet, cursor: str) -> ImportPage:
        assert self.may_read.wait(5)
        at = int(cursor or 0)
        entries: list[Entry] = [
            play(track(int(line)), line) for line in self._lines[at : at + PAGE]
        ]
        more = at + PAGE < len(self._lines)
        return ImportPage(tuple(entries), str(at + PAGE) if more else "", len(self._lines))

    def close(self) -> None:
        Lines.closed += 1


FORMAT = FileFormat(
    key="plays-txt",
    name="Plays (text)",
    service="",
    facets=(HISTORY, RATINGS),
    suffixes=(".txt",),
    help_url="https://example.org",
    how_to="Write one.",
    load=lambda: Lines,
)


@pytest.fixture(autouse=True)
def _reading() -> None:
    Lines.may_read.set()
    Lines.closed = 0


def a_file(folder: Path, count: int = 10, head: str = "plays") -> Path:
    path = folder / "my plays.txt"
    path.write_text("\n".join([head, *map(str, range(count))]))
    return path


def copies(house: Desk, tmp_path: Path) -> list[Path]:
    folder = tmp_path / "imports"
    return sorted(folder.iterdir()) if folder.exists() else []


async def test_a_file_is_recognised_and_imported(tmp_path: Path) -> None:
    async with desk(tmp_path, formats=[FORMAT]) as house:
        path = a_file(tmp_path)
        (source,) = house.importer.sources()
        assert (source.is_file, source.note) == (True, "Write one.")
        found = await house.importer.recognise(path)
        assert (found.key, found.facets) == ("plays-txt", (HISTORY,))
        run_id = await house.importer.begin(found.key, found.facets, path=path)
        run = await house.until(run_id, RunState.PREVIEW)
        assert (run.processed, run.source_name) == (10, "Plays (text)")
        await house.write(run_id)
        assert len(await shown(house.db)) == 10
        # What was only needed to read is gone, and every opened file closed.
        assert copies(house, tmp_path) == []
        assert Lines.closed == 3


async def test_two_files_of_a_kind_are_told_apart_by_their_names(tmp_path: Path) -> None:
    async with desk(tmp_path, formats=[FORMAT]) as house:
        for name in ("mine.txt", f"{'of a friend ' * 60}2026.txt"):
            path = a_file(tmp_path).rename(tmp_path / name[-200:])
            run_id = await house.importer.begin("plays-txt", [HISTORY], path=path)
            await house.until(run_id, RunState.PREVIEW)
        later, earlier = await house.importer.runs()
        assert earlier.file_name == "mine.txt"
        assert later.file_name.endswith("of a friend 2026.txt")
        # The copy they are read from is called otherwise.
        assert copies(house, tmp_path) == []


async def test_the_same_file_again_is_all_there(tmp_path: Path) -> None:
    async with desk(tmp_path, formats=[FORMAT]) as house:
        path = a_file(tmp_path)
        run_id = await house.importer.begin("plays-txt", [HISTORY], path=path)
        await house.until(run_id, RunState.PREVIEW)
        await house.write(run_id)
        assert len(await shown(house.db)) == 10
        before = await dump(house.db)
        again = await house.importer.begin("plays-txt", [HISTORY], path=path)
        await house.until(again, RunState.PREVIEW)
        run = await house.write(again)
        # Nothing was written that could be taken back, and the first run keeps what it wrote.
        assert (run.state, run.can_undo) == (RunState.DONE, False)
        assert await dump(house.db) == before
        await house.undo(run_id)
        assert await shown(house.db) == []


async def test_a_run_goes_on_without_the_file(tmp_path: Path) -> None:
    Lines.may_read.clear()
    path = a_file(tmp_path)
    async with desk(tmp_path, formats=[FORMAT]) as house:
        run_id = await house.importer.begin("plays-txt", [HISTORY], path=path)
        (copy,) = copies(house, tmp_path)
        assert copy.stat().st_mode & 0o777 == 0o600
        path.unlink()
        Lines.may_read.set()
    async with desk(tmp_path, formats=[FORMAT]) as house:
        await house.importer.start()
        run = await house.until(run_id, RunState.PREVIEW)
        assert run.processed == 10


async def test_a_file_that_is_read_slowly_can_be_cancelled(tmp_path: Path) -> None:
    Lines.may_read.clear()
    async with desk(tmp_path, formats=[FORMAT]) as house:
        run_id = await house.importer.begin("plays-txt", [HISTORY], path=a_file(tmp_path))
        await eventually(lambda: threading.active_count() > 1)
        await within(house.importer.cancel(run_id), 1.5)
        assert (await house.importer.run(run_id)).state is RunState.STOPPED
        Lines.may_read.set()
        await house.until(run_id, RunState.STOPPED)
        await house.importer.resume(run_id)
        assert (await house.until(run_id, RunState.PREVIEW)).processed == 10


async def test_a_copy_that_nobody_needs_goes_with_the_next(tmp_path: Path) -> None:
    async with desk(tmp_path, formats=[FORMAT]) as house:
        left = tmp_path / "imports" / "0123456789abcdef.txt"
        left.parent.mkdir()
        left.write_text("plays")
        run_id = await house.importer.begin("plays-txt", [HISTORY], path=a_file(tmp_path))
        assert not left.exists()
        await house.until(run_id, RunState.PREVIEW)


async def test_what_is_no_such_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    async with desk(tmp_path, formats=[FORMAT]) as house:
        importer = house.importer
        other = a_file(tmp_path, head="something else")
        for path in (other, tmp_path / "nowhere.txt", tmp_path):
            with pytest.raises(ImportRefused, match=r"\.$"):
                await importer.recognise(path)
            with pytest.raises(ImportRefused, match=r"\.$"):
                await importer.begin("plays-txt", [HISTORY], path=path)
        with pytest.raises(ImportRefused, match=r"\.$"):
            await importer.begin("plays-txt", [HISTORY])
        with pytest.raises(ImportRefused, match="nothing of what is wanted"):
            await importer.begin("plays-txt", [RATINGS], path=a_file(tmp_path))
        assert copies(house, tmp_path) == []


async def test_forgetting_a_run_removes_its_copy(tmp_path: Path) -> None:
    Lines.may_read.clear()
    async with desk(tmp_path, formats=[FORMAT]) as house:
        run_id = await house.importer.begin("plays-txt", [HISTORY], path=a_file(tmp_path))
        await house.importer.cancel(run_id)
        Lines.may_read.set()
        await house.until(run_id, RunState.STOPPED)
        assert len(copies(house, tmp_path)) == 1
        await house.importer.forget(run_id)
        assert copies(house, tmp_path) == []


async def test_a_file_with_nothing_in_it_is_refused(tmp_path: Path) -> None:
    async with desk(tmp_path, formats=[FORMAT]) as house:
        path = tmp_path / "none.txt"
        path.write_text("plays\n")
        with pytest.raises(ImportRefused, match="nothing to import"):
            await house.importer.recognise(path)
